"""Another tool's file ends in seconds, whatever it computes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows.context import Context


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context({"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.defpath}, cwd=str(home))


@pytest.mark.timeout(40)
def test_a_view_without_end_is_stopped(ctx: Context, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = sqlite3.connect(home / "view.db")
    columns = "id, app_type, name, settings_config, notes, meta, category, is_current"
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    database.execute(
        f"CREATE VIEW providers({columns}) AS {endless} SELECT x, 'claude', x, '{{}}', '', '{{}}', '', 0 FROM n"
    )
    database.commit()
    database.close()
    assert main(["import", "view.db", "--dry-run"], ctx) == 2
    assert "view.db" in capsys.readouterr().err


@pytest.mark.timeout(40)
@pytest.mark.parametrize("entries", [20_000, 200_000])
def test_a_yaml_of_too_many_entries_is_refused(
    ctx: Context, home: Path, capsys: pytest.CaptureFixture[str], entries: int
) -> None:
    entry = (
        "  - model_name: m{0}\n    litellm_params:\n      model: openai/m{0}\n      api_base: https://a.example/v1\n"
    )
    text = "model_list:\n" + "".join(entry.format(n) for n in range(entries))
    (home / "config.yaml").write_text(text[:7_900_000])
    assert main(["import", "config.yaml", "--dry-run"], ctx) == 2
    assert "too large" in capsys.readouterr().err
