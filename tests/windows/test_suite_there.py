"""Tests of the pure floors, run by Windows' own Python: the same laws hold there."""

from __future__ import annotations

import pytest

from kit.windows import CHECKOUT, Windows, windows_path

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]

AREAS = {"wires, hosts, searches": ["tests/wire", "tests/net", "tests/search"]}
"""What runs there within a minute. Of tests/interop, what needs bash does not, nor what copies trees: this Wine lacks
CopyFile2."""


@pytest.mark.parametrize("area", AREAS)
def test_it_passes_there(windows: Windows, area: str) -> None:
    path = ";".join(windows_path(folder) for folder in (CHECKOUT, CHECKOUT / "tests"))
    done = windows.start(
        windows.python_folder / "python.exe", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not real",
        "--timeout=600", *AREAS[area], cwd=CHECKOUT, limit_s=850, env={"PYTHONPATH": path, "CI": ""},
    )  # fmt: skip
    assert done.code == 0, done.out[-3000:] + done.err[-1000:]
    assert " passed" in done.out
