"""Completion scripts, tried in the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ccswitch_tui.cli import completions
from ccswitch_tui.cli import main as program

PROFILES = """\
version = 1
[profiles.work]
endpoint = { base_url = "https://api.work.example/v1" }
[profiles.wild]
endpoint = { base_url = "https://api.wild.example/v1" }
"""


@pytest.fixture
def folder(home: Path) -> Path:
    """A PATH folder whose ccswitch-tui knows two profiles, and scripts for three shells."""
    (home / ".config/ccswitch-tui").mkdir(parents=True)
    (home / ".config/ccswitch-tui/profiles.toml").write_text(PROFILES)
    folder = home / "bin"
    folder.mkdir()
    (folder / "ccswitch-tui").write_text("#!/bin/sh\nprintf 'work\\nwild\\n'\n")
    (folder / "ccswitch-tui").chmod(0o755)
    return folder


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert program.main(["completions", shell]) == 0
    return capsys.readouterr().out


def in_shell(shell: str, text: str, folder: Path) -> list[str]:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} on this machine")
    done = subprocess.run(
        [shell, "-c", text],
        capture_output=True,
        text=True,
        timeout=20,
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/"},
    )
    assert done.stderr == ""
    return done.stdout.split()


BASH_ASKS = """
COMP_WORDS=({line}); COMP_CWORD={at}; _ccswitch_tui; printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("line", "at", "expected"),
    [
        ("ccswitch-tui und", 1, ["undo"]),
        ("ccswitch-tui use w", 2, ["work", "wild"]),
        ("ccswitch-tui use off", 2, ["official"]),
        ("ccswitch-tui completions f", 2, ["fish"]),
        ("ccswitch-tui use work --scope p", 4, ["project"]),
        ("ccswitch-tui add x --wire anth", 4, ["anthropic"]),
        ("ccswitch-tui add x --preset moonshot-g", 4, ["moonshot-global"]),
        ("ccswitch-tui nonsense x", 2, []),
    ],
)
def test_bash_completes(
    line: str, at: int, expected: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = script("bash", capsys) + BASH_ASKS.format(line=line, at=at)
    assert in_shell("bash", asked, folder) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_correct_shell(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "script").write_text(script(shell, capsys))
    assert in_shell(shell, f"{shell} -n {folder}/script", folder) == []


def test_fish_completes_a_profile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = script("fish", capsys) + "\ncomplete -C 'ccswitch-tui use w'"
    assert [word for word in in_shell("fish", asked, folder) if word != "profile"] == ["wild", "work"]


@pytest.mark.parametrize("shell", sorted(completions.SCRIPTS))
def test_every_command_is_in_every_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    assert all(word in text for word in program.COMMANDS)


def test_the_names_of_profiles_come_one_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["completions", "--profiles"]) == 0
    assert capsys.readouterr().out == "work\nwild\n"


def test_what_takes_a_profile_is_a_command() -> None:
    assert set(completions.TAKE_A_PROFILE) <= set(program.COMMANDS)


def test_an_unknown_shell_is_told_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["completions", "tcsh"]) == 2
    assert "bash|zsh|fish|powershell" in capsys.readouterr().err
