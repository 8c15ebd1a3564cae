"""Pythons and systems with less than usual: no sqlite3, no curses, no readline, no locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CODEX = """\
model_provider = "work"
model = "large"
[model_providers.work]
base_url = "http://127.0.0.1:9/v1"
wire_api = "chat"
env_key = "WORK_KEY"
"""


@pytest.fixture
def bare(home: Path, tmp_path: Path) -> dict[str, str]:
    """An environment whose Python was built without some of the standard library, and that knows no locale."""
    (tmp_path / "without").mkdir()
    lacking = ("sqlite3", "_sqlite3", "curses", "_curses", "readline")
    (tmp_path / "without/sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({lacking!r}))\n")
    return {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "without"), "LC_ALL": "C",
            "WORK_KEY": "sk-example-0123456789"}  # fmt: skip


def run(env: dict[str, str], *arguments: str, given: str = "") -> tuple[int, str]:
    command = [sys.executable, "-m", "ccswitch_tui", *arguments]
    done = subprocess.run(command, env=env, input=given.encode(), capture_output=True, timeout=100)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert "Traceback" not in said, said
    return done.returncode, said


def test_the_demo_runs_to_its_end(bare: dict[str, str]) -> None:
    code, said = run(bare, "demo")
    assert (code, "byte for byte" in said) == (0, True), said


def test_a_database_of_another_tool_is_refused_in_words(bare: dict[str, str], home: Path) -> None:
    (home / ".cc-switch").mkdir()
    (home / ".cc-switch/cc-switch.db").write_bytes(b"SQLite format 3\0" + bytes(84))
    code, said = run(bare, "import", "cc-switch", "--dry-run")
    assert code != 0 and "built without sqlite3" in said


def test_what_needs_no_database_works(bare: dict[str, str]) -> None:
    code, said = run(bare, "add", "work", "--paste", "-", "--no-probe", given=CODEX)
    assert code == 0, said
    code, said = run(bare, "list", "--json")
    assert (code, [row["name"] for row in json.loads(said)["profiles"]]) == (0, ["work"])


def test_the_doctor_and_status_look(bare: dict[str, str]) -> None:
    assert "checks" in run(bare, "doctor")[1]
    assert "Claude Code" in run(bare, "status")[1]
