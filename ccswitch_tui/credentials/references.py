"""Keys that live elsewhere and are only read: `env:NAME` and `command:…`.

A command gets no terminal and no stdin, has LIMIT_S, and must print one line.
It runs without a shell unless it is written in shell syntax. Works with
`op read op://Private/acme/key`, `pass show acme`, `vault kv get -field=key
secret/acme`, `gcloud secrets versions access latest --secret=acme`,
`security find-generic-password -s acme -w`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from ccswitch_tui.credentials.base import clean_key
from ccswitch_tui.credentials.bounded import LIMIT_S, MOST_BYTES, TookTooLong, run_within
from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.sentence import say


def from_environment(name: str, env: Mapping[str, str], auth: str = "bearer") -> Secret:
    """The variable's value, for that auth style. Raises KeyStoreError when it is not set, empty or no key."""
    value = env.get(name)
    if not value:
        state = say("empty") if value == "" else say("not set")
        raise KeyStoreError(
            say("the variable {name}, where the key should be, is {state}", name=name, state=state),
            hint=say("export {name}=…, where this program and Claude Code are started from", name=name),
            kind="key-absent",
        )
    try:
        return clean_key(value, auth)
    except UsageError as error:
        raise KeyStoreError(
            say("variable {name}: {message}", name=name, message=error.message), hint=error.hint, kind="key-unusable"
        ) from None


def from_command(text: str, env: Mapping[str, str], auth: str = "bearer", *, limit_s: float = LIMIT_S) -> Secret:
    """The one line the command prints. Raises KeyStoreError saying how it failed, with its stderr redacted."""
    command, shell = command_line(text, env)
    shown = redact(text)
    try:
        ran = run_within(limit_s, command, env, shell=shell)
    except TookTooLong:
        raise KeyStoreError(
            say(
                "the command for the key did not end within {seconds:.0f} s and was stopped: {command}",
                seconds=limit_s,
                command=shown,
            ),
            hint=say("run it once in your shell: it may need to ask you something"),
            kind="key-command-slow",
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KeyStoreError(
            say("the command for the key cannot be started: {command}: {reason}", command=shown, reason=reason),
            hint=say("give the program's full path, or fix the PATH of the shell that starts Claude Code"),
            kind="key-command",
        ) from None
    if ran.code != 0 and len(ran.stdout) <= MOST_BYTES:  # one that printed more was ended for it
        said = redact(ran.stderr.decode(errors="replace").strip())[:400] or say("it printed nothing")
        raise KeyStoreError(
            say(
                "the command for the key exited with code {code}: {command}: {said}",
                code=ran.code,
                command=shown,
                said=said,
            ),
            hint=say("run it in your shell to see what it asks for; it gets no terminal and no input from us"),
            kind="key-command",
        )
    return _one_line(ran.stdout, shown, auth)


def _one_line(printed: bytes, shown: str, auth: str) -> Secret:
    if len(printed) > MOST_BYTES:
        raise KeyStoreError(
            say(
                "the command for the key printed more than {most} bytes: {command}",
                most=MOST_BYTES,
                command=shown,
            ),
            kind="key-command",
        )
    try:
        return clean_key(printed.decode("utf-8"), auth, exact=True)
    except UnicodeDecodeError:
        raise KeyStoreError(
            say("the command for the key printed no text: {command}", command=shown), kind="key-command"
        ) from None
    except UsageError as error:
        hint = (
            say("{hint}; for instance: command:{command} | head -n 1", hint=error.hint, command=shown)
            if "lines" in error.message
            else error.hint
        )
        raise KeyStoreError(
            say("the command for the key: {message}: {command}", message=error.message, command=shown),
            hint=hint,
            kind="key-command",
        ) from None


SHELL_SYNTAX = re.compile(r"[|&;<>()$`*?~#\n]")
"""Outside quotes these mean something to a POSIX shell, `$` and the backtick inside double quotes too."""

WINDOWS_SHELL_SYNTAX = re.compile(r"[|&<>^%]")


def command_line(text: str, env: Mapping[str, str], *, platform: str = sys.platform) -> tuple[list[str] | str, bool]:
    """What to start for a `command:` reference, and whether through the system's shell.

    On Windows a program gets its command line as one text and splits it by
    itself, so the text is handed over untouched; a batch file (`gcloud.cmd`)
    can only be started by the shell.
    """
    if platform == "win32":
        return text, bool(WINDOWS_SHELL_SYNTAX.search(_unquoted(text, '"')) or _is_batch_file(text, env))
    if SHELL_SYNTAX.search(_unquoted(text, "'")):
        return ["/bin/sh", "-c", text], False
    import shlex

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise KeyStoreError(
            say(
                "the command for the key cannot be read: {error}: {command}",
                error=str(error).lower(),
                command=redact(text),
            ),
            kind="key-command",
        ) from None
    return words, False


def _unquoted(text: str, quote: str) -> str:
    """The text without what stands between two of these quotes, where a shell takes everything literally."""
    return re.sub(f"{quote}[^{quote}]*{quote}", "", text)


def _is_batch_file(text: str, env: Mapping[str, str]) -> bool:
    import shutil

    first = text.split('"')[1] if text.startswith('"') else text.split()[0]
    found = shutil.which(first, path=env.get("PATH")) or first
    return found.lower().endswith((".cmd", ".bat"))
