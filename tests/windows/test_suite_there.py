"""The tests of the pure floors and of everything that writes, run by Windows' own Python: the same laws hold there.

One process runs them all, because a start costs seconds under Wine. What
cannot hold there is marked on the single test, with the reason (kit/needs.py).
"""

from __future__ import annotations

import re

import pytest

from kit.windows import CHECKOUT, Windows, windows_path

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

PURE = ["tests/wire", "tests/net", "tests/search"]

WRITING = [
    *("tests/claude/test_" + name for name in (
        "batch_files.py", "dropped_settings.py", "json_editing.py", "settings_commands.py", "settings_corners.py",
        "settings_plan.py", "settings_survival.py", "settings_writes.py",
    )),
    *("tests/credentials/test_" + name for name in (
        "adopt.py", "encrypted_key_file.py", "key_corners.py", "keys_out_of_sight.py", "store_contract.py",
    )),
    *("tests/interop/test_" + name for name in ("files_of_real_rivals.py", "other_tools.py")),
    *("tests/platforms/test_" + name for name in (
        "mintty.py", "system_places.py", "terminal.py", "windows_rules.py",
    )),
    "tests/profiles",
    "tests/test_odd_files.py",
]  # fmt: skip
"""Settings, their history, undo and restore; profiles; keys; what is adopted and exported; other tools' files."""

ELSEWHERE = ["tests/test_odd_files.py::test_files_are_read_through_one_door"]
"""Of the source and not of the system."""


def test_they_pass_there(windows: Windows) -> None:
    path = ";".join(windows_path(folder) for folder in (CHECKOUT, CHECKOUT / "tests"))
    done = windows.start(
        windows.python_folder / "python.exe", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not real",
        "--timeout=600", "--durations=10", *PURE, *WRITING, *(f"--deselect={name}" for name in ELSEWHERE),
        cwd=CHECKOUT, limit_s=850, env={"PYTHONPATH": path, "CI": ""},
    )  # fmt: skip
    assert done.code == 0, done.out[-3000:] + done.err[-1000:]
    passed = re.search(r"(\d+) passed, (\d+) skipped", done.out)
    assert passed is not None
    assert int(passed[1]) > 5 * int(passed[2]), "most of them run there, and are not skipped"
    print(passed[0])
