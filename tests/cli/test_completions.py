"""Completion scripts, tried in the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ccswitch_tui.cli import completions
from ccswitch_tui.cli import main as program
from ccswitch_tui.workflows.context import Context

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
        ("ccswitch-tui undo w", 2, ["work", "wild"]),  # whatever the program prints when it is asked
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


def test_the_numbers_of_the_writes_come_one_a_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ctx = Context({"HOME": str(home)}, cwd=str(home))
    for number in ("0001", "0002"):
        Path(ctx.paths.history, number).mkdir(parents=True)
    assert program.main(["completions", "--writes"], ctx) == 0
    assert capsys.readouterr().out == "0002\n0001\n"


def test_what_takes_a_profile_is_a_command() -> None:
    assert set(completions.TAKE_A_PROFILE) <= set(program.COMMANDS)


def test_an_unknown_shell_is_told_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["completions", "tcsh"]) == 2
    assert "bash|zsh|fish|powershell" in capsys.readouterr().err


# ---------------------------------------------------------------- installed, in the shells themselves

LOADED = {
    "bash": ["bash", "-ic", "COMP_WORDS=(ccswitch-tui use w); COMP_CWORD=2; _ccswitch_tui; echo ${COMPREPLY[@]}"],
    "zsh": ["zsh", "-ic", "print -r -- ${_comps[ccswitch-tui]} ${_comps[ccst]}"],
    "fish": ["fish", "-c", "complete -C 'ccswitch-tui use w'"],
}
SEEN = {"bash": "work wild", "zsh": "_ccswitch_tui _ccswitch_tui", "fish": "wild"}


@pytest.fixture
def machine(folder: Path, home: Path) -> Context:
    return Context({"HOME": str(home), "PATH": f"{folder}:/usr/bin:/bin", "SHELL": "/bin/bash"}, cwd=str(home))


@pytest.mark.parametrize("shell", sorted(LOADED))
def test_an_installed_script_is_loaded_by_the_shell(shell: str, machine: Context, home: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} on this machine")
    assert program.main(["completions", "install", "--shell", shell], machine) == 0
    done = subprocess.run(LOADED[shell], capture_output=True, text=True, timeout=30, env=machine.env, cwd=home)
    assert SEEN[shell] in done.stdout, done.stderr


@pytest.mark.parametrize("before", [None, b"", b"alias ll='ls -l'\n", b"no line end", b"\xff\xfe odd bytes\n"])
def test_undo_restores_the_start_up_file_to_the_byte(before: bytes | None, machine: Context, home: Path) -> None:
    start = home / ".bashrc"
    if before is not None:
        start.write_bytes(before)
    for _ in range(2):  # again, as after an upgrade
        assert program.main(["completions", "install"], machine) == 0
    assert start.read_text(errors="replace").count(">>> ccswitch-tui") == 1
    assert program.main(["completions", "install", "--undo"], machine) == 0
    assert (start.read_bytes() if start.exists() else None) == before
    assert not list((home).rglob("completions.bash"))


def test_undo_leaves_what_was_added_since(machine: Context, home: Path) -> None:
    (home / ".bashrc").write_text("one\n")
    program.main(["completions", "install"], machine)
    with (home / ".bashrc").open("a") as file:
        file.write("two\n")
    program.main(["completions", "install", "--undo"], machine)
    assert (home / ".bashrc").read_text() == "one\ntwo\n"


def test_a_preview_writes_nothing(machine: Context, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["completions", "install", "--dry-run"], machine) == 0
    assert "+ # >>> ccswitch-tui completions >>>" in capsys.readouterr().out
    assert not (home / ".bashrc").exists()


def test_a_link_to_a_dotfiles_folder_stays_a_link(machine: Context, home: Path) -> None:
    (home / "dotfiles").write_text("mine\n")
    (home / ".bashrc").symlink_to(home / "dotfiles")
    assert program.main(["completions", "install"], machine) == 0
    assert (home / ".bashrc").is_symlink() and ">>>" in (home / "dotfiles").read_text()


def test_without_an_installation_there_is_nothing_to_undo(machine: Context) -> None:
    assert program.main(["completions", "install", "--undo"], machine) == 2


@pytest.mark.parametrize(
    ("line", "at", "expected"),
    [
        ("ccswitch-tui explain quota", 2, "quota-exhausted"),
        ("ccswitch-tui edit work --set quirks.max_tokens_f", 4, "quirks.max_tokens_field="),
        ("ccswitch-tui edit work --unset quirks.max_tokens_f", 4, "quirks.max_tokens_field"),
        ("ccswitch-tui why ANTHROPIC_BASE", 2, "ANTHROPIC_BASE_URL"),
        ("ccswitch-tui export work --to lite", 4, "litellm"),
        ("ccswitch-tui explain x --profile wi", 4, "wild"),
        ("ccswitch-tui import cc-sw", 2, "cc-switch"),
    ],
)
def test_values_are_completed(
    line: str, at: int, expected: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = script("bash", capsys) + BASH_ASKS.format(line=line, at=at)
    assert expected in in_shell("bash", asked, folder)
