"""`explain --clipboard`: read by the machine's own program, on request only; clear words where there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows import clipboard
from ccswitch_tui.workflows.context import Context

if sys.platform in ("win32", "darwin"):
    pytest.skip("stand-ins for the programs of X11 and Wayland", allow_module_level=True)

DISPLAYS = {"wl-paste": "WAYLAND_DISPLAY", "xclip": "DISPLAY", "xsel": "DISPLAY", "powershell.exe": "WSL_DISTRO_NAME"}


def machine(home: Path, program: str, does: str, **env: str) -> Context:
    """A machine with one program for its clipboard, which does that."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    (folder / program).write_text(f"#!/bin/sh\n{does}\n")
    (folder / program).chmod(0o755)
    path = {"HOME": str(home), "PATH": f"{folder}:/usr/bin:/bin", DISPLAYS[program]: ":0"}
    return Context({**path, **env}, cwd=str(home))


@pytest.mark.parametrize("program", DISPLAYS)
def test_what_was_copied_is_explained(program: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ctx = machine(home, program, "printf 'API Error: 413\\r\\n'")
    assert main(["explain", "--clipboard", "--json"], ctx) == 0
    assert json.loads(capsys.readouterr().out)["explanations"][0]["layer"] == "a gateway"


@pytest.mark.parametrize(
    ("does", "code", "said"),
    [
        ("true", 2, "the clipboard holds no text"),
        ("echo 'Error: target STRING not available' >&2; exit 1", 1, "target STRING not available"),
        ("printf '\\377\\376 nothing known here'", 1, ""),
    ],
)
def test_a_clipboard_without_a_message_is_said(
    does: str, code: int, said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "--clipboard"], machine(home, "xclip", does)) == code
    assert said in capsys.readouterr().err


def test_a_program_that_hangs_is_given_up(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clipboard, "PATIENCE_S", 0.2)
    assert main(["explain", "--clipboard"], machine(home, "xclip", "sleep 30")) == 1
    assert "xclip: TimeoutExpired" in capsys.readouterr().err


@pytest.mark.parametrize("env", [{}, {"DISPLAY": ":0"}])
def test_without_a_program_it_says_what_to_install(
    env: dict[str, str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ctx = Context({"HOME": str(home), "PATH": str(home), **env}, cwd=str(home))
    assert main(["explain", "--clipboard"], ctx) == 2
    assert "wl-clipboard" in capsys.readouterr().err


def test_over_ssh_the_clipboard_is_elsewhere(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ctx = machine(home, "xclip", "echo secret", SSH_CONNECTION="1 2 3 4")
    assert main(["explain", "--clipboard"], ctx) == 2
    captured = capsys.readouterr()
    assert "the machine you sit at" in captured.err and "secret" not in captured.out


def test_nothing_is_read_without_being_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = machine(home, "xclip", "touch read-it")
    assert main(["explain", "invalid x-api-key"], ctx) == 0
    assert not list(home.rglob("read-it"))
