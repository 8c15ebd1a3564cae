"""Keys by reference: from the environment, and from op, pass, vault and gcloud as their manuals call them."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from ccswitch_tui.credentials.keys import Keys
from ccswitch_tui.credentials.references import command_line, from_command, from_environment
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.secret import Secret

KEY = "sk-example-referenced-0123456789"


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    """An environment with a folder of fake password programs first on PATH."""
    (home / "bin").mkdir()
    return {"HOME": str(home), "PATH": f"{home / 'bin'}:/usr/bin:/bin"}


def program(env: dict[str, str], name: str, script: str) -> None:
    path = Path(env["PATH"].split(":")[0]) / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("command", "name", "expected_arguments"),
    [
        ("op read op://Private/acme/key", "op", "read|op://Private/acme/key"),
        ("op read 'op://Private/My acme/api key'", "op", "read|op://Private/My acme/api key"),
        ("pass show acme/key", "pass", "show|acme/key"),
        ("vault kv get -field=key secret/acme", "vault", "kv|get|-field=key|secret/acme"),
        (
            "gcloud secrets versions access latest --secret=acme",
            "gcloud",
            "secrets|versions|access|latest|--secret=acme",
        ),
    ],
)
def test_password_programs_are_called_as_written(
    env: dict[str, str], command: str, name: str, expected_arguments: str
) -> None:
    program(env, name, f'IFS="|"; [ "$*" = "{expected_arguments}" ] && echo {KEY} || echo "wrong: $*" >&2')
    assert from_command(command, env) == Secret(KEY)


def test_shell_syntax_runs_in_a_shell(env: dict[str, str]) -> None:
    program(env, "pass", f"echo {KEY}; echo 'login: me'")
    assert from_command("pass show acme | head -n 1", env) == Secret(KEY)
    assert from_command('printf %s "$HOME" >/dev/null && pass show acme | head -n1', env) == Secret(KEY)


@pytest.mark.parametrize("printed", [KEY, KEY + "\\n", KEY + "\\r\\n", "  " + KEY + " \\n"])
def test_white_space_round_the_key_is_dropped(env: dict[str, str], printed: str) -> None:
    program(env, "op", f"printf '{printed}'")
    assert from_command("op read x", env) == Secret(KEY)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo one; echo two", "several lines"),
        ("exit 0", "empty"),
        ("echo 'key with spaces in it'", "a space"),
        ("printf '\\377\\376'", "no text"),
        ("printf 'sk-ex\\342\\200\\213ample-1234'", "U+200B"),
        ("echo 'not signed in' >&2; exit 6", "exited with code 6"),
        ("kill -9 $$", "exited with code -9"),
    ],
)
def test_what_is_no_key_is_refused_in_words(env: dict[str, str], script: str, message: str) -> None:
    program(env, "op", script)
    with pytest.raises(KeyStoreError) as refused:
        from_command("op read x", env)
    assert message in refused.value.message


def test_what_the_command_said_is_shown_without_keys(env: dict[str, str]) -> None:
    program(env, "op", f"echo 'token {KEY} expired, sign in again' >&2; exit 1")
    with pytest.raises(KeyStoreError) as refused:
        from_command("op read x", env)
    assert "sign in again" in refused.value.message
    assert KEY not in refused.value.message


def test_a_command_that_never_ends_is_stopped_with_its_children(env: dict[str, str], home: Path) -> None:
    program(env, "op", f"sleep 60 & echo $! > {home}/child; wait")
    began = time.monotonic()
    with pytest.raises(KeyStoreError) as refused:
        from_command("op read x", env, limit_s=0.5)
    assert refused.value.kind == "key-command-slow"
    assert time.monotonic() - began < 5
    child = int((home / "child").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}/stat").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "the child of the command outlived it"
        time.sleep(0.02)


def test_a_command_that_prints_for_ever_is_stopped(env: dict[str, str]) -> None:
    with pytest.raises(KeyStoreError):
        from_command("yes", env, limit_s=5)


def test_a_command_has_no_terminal_and_no_input(env: dict[str, str]) -> None:
    program(env, "op", f'read line; (: </dev/tty) 2>/dev/null && exit 9; [ -z "$line$GPG_TTY" ] && echo {KEY}')
    assert from_command("op read x", {**env, "GPG_TTY": "/dev/pts/0"}) == Secret(KEY)


def test_a_command_that_is_not_there_or_may_not_run_says_so(env: dict[str, str], home: Path) -> None:
    (home / "bin" / "plain").write_text("no program")
    os.chmod(home / "bin" / "plain", stat.S_IRUSR)
    for command in ("nosuchprogram x", "plain", "'unclosed quote"):
        with pytest.raises(KeyStoreError) as refused:
            from_command(command, env)
        assert command.split()[0].strip("'") in refused.value.message


def test_a_key_inside_the_command_is_not_shown(env: dict[str, str]) -> None:
    with pytest.raises(KeyStoreError) as refused:
        from_command(f"nosuchprogram --token {KEY}", env)
    assert KEY not in refused.value.message


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("op read op://a/b/c", False),
        ('"C:\\Program Files\\1Password CLI\\op.exe" read "op://a/b c/d"', False),
        ("type key.txt | findstr sk", True),
        ("echo %KEY%", True),
        ('op read "a & b"', False),
        ("gcloud.cmd secrets versions access latest --secret=acme", True),
    ],
)
def test_windows_gets_the_command_line_untouched(text: str, shell: bool) -> None:
    assert command_line(text, {"PATH": ""}, platform="win32") == (text, shell)


def test_posix_words_are_split_without_a_shell() -> None:
    assert command_line("op read 'op://My vault/$acme (new)/key'", {}, platform="linux") == (
        ["op", "read", "op://My vault/$acme (new)/key"],
        False,
    )


def test_a_variable_is_read_where_it_is_set(env: dict[str, str]) -> None:
    assert from_environment("ACME_KEY", {"ACME_KEY": f" {KEY}\n"}) == Secret(KEY)
    for missing in ({}, {"ACME_KEY": ""}, {"ACME_KEY": "two words"}):
        with pytest.raises(KeyStoreError, match="ACME_KEY"):
            from_environment("ACME_KEY", missing)


def test_presence_is_told_without_running_anything(env: dict[str, str], home: Path) -> None:
    program(env, "op", f"touch {home}/ran; echo {KEY}")
    keys = Keys(resolve_paths(env), {**env, "ACME_KEY": KEY})
    assert keys.present(SecretRef("env", "ACME_KEY")) is True
    assert keys.present(SecretRef("env", "OTHER")) is False
    assert keys.present(SecretRef("command", "op read x")) is None
    assert keys.present(SecretRef("none")) is None
    assert not (home / "ran").exists()
    assert keys.resolve(SecretRef("command", "op read x")) == Secret(KEY)
