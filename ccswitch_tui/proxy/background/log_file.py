"""The background proxy's log, `proxy.log` and `proxy.log.1`: opened for a new process, bounded, read."""

import contextlib
import os

from ccswitch_tui.textfile import make_private, read_bytes, read_file

LOG_BYTES = 2 * 1024 * 1024


def open_log(path: str) -> int:
    """A descriptor to append to, for a process that is about to start; a long log begins anew."""
    with contextlib.suppress(OSError):
        if os.stat(path).st_size > LOG_BYTES:
            os.replace(path, path + ".1")
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    make_private(log)
    return log


def bound_log(path: str) -> None:
    """For the serving process: its log, when it is its stderr, keeps the last lines only, while it runs, too.

    Copied and cut rather than renamed: other processes hold the file as well, and Windows renames no open one.
    """
    with contextlib.suppress(OSError, ValueError):
        own = os.fstat(2)
        if own.st_size <= LOG_BYTES or not os.path.samestat(own, os.stat(path)):
            return
        lines = read_file(path, 2 * LOG_BYTES, head=True)
        handle = os.open(path + ".1", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            make_private(handle)
            os.write(handle, lines)
        finally:
            os.close(handle)
        os.ftruncate(2, 0)


def log_lines(path: str, lines: int = 200) -> list[str]:
    """The last lines, oldest first."""
    found: list[str] = []
    for place in (path, path + ".1"):
        raw = read_bytes(place)
        if raw is not None:
            found = raw.decode("utf-8", "replace").splitlines() + found
        if len(found) >= lines:
            break
    return found[-lines:]


def last_words(path: str) -> str:
    """What a process that failed said in the end: its error, where there is one."""
    last = [line for line in log_lines(path, 5) if line.strip()]
    errors = [line.partition("error: ")[2] for line in last if "error: " in line]
    return (errors or last or ["its log is empty"])[-1]
