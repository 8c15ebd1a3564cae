"""What other systems' Python lacks is asked for nowhere: the type checker knows each platform's standard library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("system", "version"), [("win32", "3.11"), ("win32", "3.13"), ("darwin", "3.13")])
def test_every_call_exists_on(system: str, version: str, tmp_path: Path) -> None:
    words = ["--platform", system, "--python-version", version, "--cache-dir", str(tmp_path)]
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr
