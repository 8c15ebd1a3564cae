"""Tests of the pure floors and of what writes settings, run by Windows' own Python: the same laws hold there."""

from __future__ import annotations

import pytest

from kit.windows import CHECKOUT, Windows, windows_path

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

AREAS = {
    "wires, hosts, searches": ["tests/wire", "tests/net", "tests/search"],
    "other programs' texts and files": ["tests/interop"],
    "settings": [
        "tests/claude/test_settings_writes.py", "tests/claude/test_json_editing.py",
        "tests/claude/test_settings_plan.py", "tests/claude/test_settings_commands.py",
    ],
}  # fmt: skip
"""What is read and what is written, each in one process there."""


@pytest.mark.parametrize("area", AREAS)
def test_it_passes_there(windows: Windows, area: str) -> None:
    path = ";".join(windows_path(folder) for folder in (CHECKOUT, CHECKOUT / "tests"))
    done = windows.start(
        windows.python_folder / "python.exe", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not real",
        "--timeout=600", *AREAS[area], cwd=CHECKOUT, limit_s=850, env={"PYTHONPATH": path, "CI": ""},
    )  # fmt: skip
    assert done.code == 0, done.out[-3000:] + done.err[-1000:]
    assert " passed" in done.out
