"""`--version` is what a bug report needs first: the version on the first line, the machine below, no name of a user."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ccswitch_tui._version import __version__
from ccswitch_tui.cli import about
from ccswitch_tui.cli.main import main


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_first_line_is_the_version_and_the_rest_says_where(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == f"ccswitch-tui {__version__}"
    assert [line.split()[0] for line in rest] == ["python", "system", "parts"]
    assert ".".join(map(str, sys.version_info[:3])) in rest[0]
    assert "textual " in rest[2] and "textual -" not in rest[2]


def test_the_users_folder_is_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", os.path.join(os.sep, "home", "somebody", "venv"))
    told = list(about.lines({"HOME": os.path.join(os.sep, "home", "somebody")}))[1]
    assert "somebody" not in told and told.endswith(os.path.join("~", "venv"))
    assert "~" not in list(about.lines({"HOME": os.path.join(os.sep, "home", "some")}))[1]
    assert "~" not in list(about.lines({"HOME": "/"}))[1]


def test_a_library_that_is_not_there_is_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("uvloop-0.22.1.dist-info", "Textual-8.2.1.dist-info", "orjson", "noise.txt"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "none")])
    parts = list(about.lines({}))[3]
    assert "uvloop 0.22.1" in parts and "textual 8.2.1" in parts and "orjson -" in parts


def test_a_system_that_does_not_say_its_name_still_gets_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about, "OS_RELEASE", os.devnull)
    assert about.system() and not about.system().endswith(",")
