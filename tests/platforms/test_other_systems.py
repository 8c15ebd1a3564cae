"""What other systems' Python lacks is asked for nowhere: the type checker knows each platform's standard library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccswitch_tui.paths import resolve_paths

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("system", "version"), [("win32", "3.11"), ("darwin", "3.13")])
def test_every_call_exists_on(system: str, version: str) -> None:
    """The cache stays: a second look takes a second, and `.ci/run` has taken the first while it waited for parts."""
    cache = f".mypy_cache/{system}"
    words = ["--platform", system, "--python-version", version, "--cache-dir", cache, "ccswitch_tui"]
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *words]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_on_windows_the_profile_folder_is_home_whatever_a_unix_shell_has_set() -> None:
    env = {"HOME": "/c/msys64/home/u", "USERPROFILE": "/Users/u"}
    assert resolve_paths(env, platform="win32").claude_dir == "/Users/u/.claude"
    assert resolve_paths(env, platform="darwin").claude_dir == "/c/msys64/home/u/.claude"
