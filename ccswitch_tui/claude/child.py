"""One child process in our place on the terminal: signals, job control and exit code as if we were not there.

The child stays in our process group, so the terminal's own signals (Ctrl-C,
Ctrl-Z, a resize, a hang-up) reach it without us; what is sent to us alone we pass on.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from ccswitch_tui.claude.batch_file import is_batch_file, unsafe, words_of
from ccswitch_tui.claude.launch import quoted
from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import read_file

LARGEST_BATCH_FILE = 64 * 1024

PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
LEFT_TO_CHILD = ("SIGINT", "SIGQUIT", "SIGTSTP")
"""The terminal sends these to the child as well; we wait for what it makes of them, and stop when it stops."""


def find_program(word: str, env: Mapping[str, str]) -> str:
    """The program a shell would start for `word`. Raises UsageError when there is none."""
    import shutil

    found = shutil.which(word, path=env.get("PATH"))
    if found is None:
        hint = say("check the word after '--'")
        if word == "claude":
            hint = say("install Claude Code first, or name the command after '--'")
        raise UsageError(say("there is no program '{word}'", word=word), hint=hint, kind="no-program")
    return found


def run_with_settings(
    program: str,
    command: Sequence[str],
    env: Mapping[str, str],
    settings: Mapping[str, Any],
    *,
    is_claude: bool,
    cwd: str,
) -> int:
    """Runs the command in the folder `cwd` to its end and returns its exit code (128 + N for a signal).

    Claude Code gets `settings` by `--settings`: directly, or when the command
    starts `claude` by name, through a small script that stands first in PATH.
    """
    with tempfile.TemporaryDirectory(prefix="ccswitch-") as folder:
        words = [os.path.abspath(program), *command[1:]]
        if is_claude:
            words[1:], settings = _without_settings_option(words[1:], settings)
        file = os.path.join(folder, "settings.json")
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            json.dump(settings, opened, indent=2)
        if is_claude:
            words[1:1] = ["--settings", file]
        else:
            env = _with_shim(folder, file, env)
        return _run(words, env, cwd)


def _without_settings_option(words: Sequence[str], ours: Mapping[str, Any]) -> tuple[list[str], Mapping[str, Any]]:
    """Of two `--settings` the last wins as a whole: the user's own is merged into ours and taken out."""
    rest: list[str] = []
    merged = dict(ours)
    pending = iter(words)
    for word in pending:
        option, found, value = word.partition("=")
        if word == "--":
            return [*rest, word, *pending], merged
        if option != "--settings":
            rest.append(word)
            continue
        theirs = _settings_of(value if found else next(pending, ""))
        merged = {**theirs, **merged, "env": {**theirs.get("env", {}), **merged["env"]}}
    return rest, merged


def _settings_of(value: str) -> dict[str, Any]:
    """What `--settings` was given: JSON, or a file of it."""
    try:
        if value.lstrip().startswith("{"):
            tree = json.loads(value)
        else:
            tree = json.loads(read_file(value).decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(
            say("--settings {value}: {error}", value=value[:60], error=error),
            hint=say("Claude Code could not read it either"),
        ) from None
    if not isinstance(tree, dict) or not isinstance(tree.get("env", {}), dict):
        raise UsageError(say("--settings {value} is not a settings object", value=value[:60]))
    return tree


def _with_shim(folder: str, settings_file: str, env: Mapping[str, str]) -> dict[str, str]:
    """PATH with a `claude` in front that adds `--settings`, where there is a claude at all."""
    import shutil

    real = shutil.which("claude", path=env.get("PATH"))
    if real is None or sys.platform == "win32":
        return dict(env)
    bin_folder = os.path.join(folder, "bin")
    os.mkdir(bin_folder, 0o700)
    shim = os.path.join(bin_folder, "claude")
    with open(os.open(shim, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {quoted(real)} --settings {quoted(settings_file)} "$@"\n')
    return {**env, "PATH": f"{bin_folder}{os.pathsep}{env.get('PATH', os.defpath)}"}


def past_cmd(words: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """The words with which Windows starts the same program without cmd between. Raises UsageError where it cannot."""
    import shutil

    program, arguments = words[0], list(words[1:])
    if not is_batch_file(program):
        return list(words)
    text = read_file(program, LARGEST_BATCH_FILE, head=True).decode("utf-8", "replace")
    inner = words_of(text, os.path.dirname(program), lambda name: shutil.which(name, path=env.get("PATH")))
    if inner is not None:
        return [*inner, *arguments]
    changed = unsafe(arguments)
    if changed is not None:
        raise UsageError(
            say(
                "{program} is a batch file, and cmd would change this argument: {argument}",
                program=program,
                argument=changed[:60],
            ),
            hint=say("give it in a file or through standard input, or install Claude Code natively (claude.exe)"),
        )
    return list(words)


def _run(words: Sequence[str], env: Mapping[str, str], cwd: str) -> int:
    import subprocess

    if sys.platform == "win32":
        words = past_cmd(words, env)
    with _signals_passed_on() as to_child:
        try:
            process = subprocess.Popen(list(words), env=dict(env), cwd=cwd)
        except OSError as error:
            raise CcswitchError(
                say("cannot start {program}: {words}", program=words[0], words=(error.strerror or "").lower())
            ) from None
        to_child(process.pid)
        return _waited(process)


@contextlib.contextmanager
def _signals_passed_on() -> Iterator[Callable[[int], None]]:
    """From before the child starts, or a signal between would end us and leave it; it is given its pid to send to."""
    pids: list[int] = []
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None = None) -> None:
        if not pids:
            early.append(number)
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def to_child(pid: int) -> None:
        pids.append(pid)
        for number in early:
            pass_on(number)

    before: dict[int, Any] = {}
    try:
        for name in (*PASSED_ON, *LEFT_TO_CHILD):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
                before[number] = signal.signal(number, pass_on if name in PASSED_ON else lambda *_: None)
        yield to_child
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _waited(process: Any) -> int:
    if sys.platform == "win32":
        return int(process.wait())
    while True:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            # The child was stopped, be it by itself: the shell has to see us stop, and wake us both.
            os.kill(os.getpid(), signal.SIGSTOP)
            with contextlib.suppress(OSError):
                os.kill(process.pid, signal.SIGCONT)
            continue
        code = process.returncode = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code
