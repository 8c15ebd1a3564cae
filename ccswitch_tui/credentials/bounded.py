"""Other people's code and programs under a time limit that holds.

A call runs in a thread that nobody waits for; a program runs in a session of
its own, so that it has no terminal to ask on, and is killed with all its
children. `_thread` and not `threading`: reading a key is on the path of every
Claude Code start.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from ccswitch_tui.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

LIMIT_S = 10.0
"""Claude Code's helper was seen to wait 12 s; a person gives up sooner."""

MOST_BYTES = 256 * 1024
"""No key and no message is longer; a program that prints for ever shall not fill the memory."""


class TookTooLong(Exception):
    """The time limit passed."""


def call_within(limit_s: float, call: Callable[[], T]) -> T:
    """What `call()` returns or raises; TookTooLong when it does neither in time. It is then left behind."""
    done = _thread.allocate_lock()
    done.acquire()
    outcome: list[Any] = [None, None]

    def work() -> None:
        try:
            outcome[0] = call()
        except BaseException as error:
            outcome[1] = error
        finally:
            done.release()

    _thread.start_new_thread(work, ())
    if not done.acquire(timeout=limit_s):
        raise TookTooLong
    if outcome[1] is not None:
        raise outcome[1]
    made: T = outcome[0]
    return made


class Ran(NamedTuple):
    """How a program ended."""

    code: int
    stdout: bytes
    stderr: bytes


def run_within(
    limit_s: float, command: Sequence[str] | str, env: Mapping[str, str], *, given: bytes = b"", shell: bool = False
) -> Ran:
    """Runs a program that cannot ask on our terminal. Raises TookTooLong (it is dead then) or OSError."""
    import subprocess

    alone: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        alone = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    process = subprocess.Popen(
        command,
        shell=shell,
        env=without_terminal(env),
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **alone,
    )
    try:
        return call_within(limit_s, lambda: _talk(process, given))
    except TookTooLong:
        _kill(process)
        raise
    except BaseException:
        _kill(process)
        raise


def without_terminal(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without the pointers to our terminal: gpg's agent would ask there, over a TUI."""
    return {name: value for name, value in env.items() if name not in ("GPG_TTY", "SSH_TTY", "PINENTRY_USER_DATA")}


def _talk(process: Any, given: bytes) -> Ran:
    errors: list[bytes] = []
    finished = _thread.allocate_lock()
    finished.acquire()

    def drain() -> None:
        try:
            errors.append(_read_most(process.stderr))
        finally:
            finished.release()

    _thread.start_new_thread(drain, ())
    if given:
        try:
            process.stdin.write(given)
            process.stdin.close()
        except BrokenPipeError:
            pass
    out = _read_most(process.stdout)
    if len(out) > MOST_BYTES:
        _kill(process)
    code = process.wait()
    finished.acquire(timeout=1.0)  # a grandchild may hold stderr open; its words are not worth waiting for
    return Ran(code, out, b"".join(errors))


def _read_most(pipe: Any) -> bytes:
    """Up to one byte more than MOST_BYTES, so that the caller can tell that there was more."""
    return bytes(pipe.read(MOST_BYTES + 1))


def _kill(process: Any) -> None:
    import signal

    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    with contextlib.suppress(Exception):  # unkillable (it hangs on a dead network disk): the system will reap it
        process.wait(1.0)
