"""Loopback for the quick path: one request, a free port, a lock, the end of a process. Imports next to nothing.

`_socket` is the C half of `socket`, at a tenth of its cost; `key` and `use` come
here before every session.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.sentence import Sentence, say

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 20_000, 12_000
"""Below the range from which systems take ports for outgoing connections, so that none of those takes ours."""


LARGEST_ANSWER = 8 * 2**20


def free_port() -> int:
    """A port nobody listens on, from our range."""
    import _socket

    for _ in range(50):
        port = FIRST_PORT + int.from_bytes(os.urandom(4), "big") % PORTS
        sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        try:
            sock.bind((HOST, port))
        except OSError:
            continue
        finally:
            sock.close()
        return port
    raise CcswitchError(
        say("no free port between {first} and {last}", first=FIRST_PORT, last=FIRST_PORT + PORTS),
        hint=say("choose one: 'ccswitch-tui proxy start --port N'"),
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now; known at once, where asking it may take seconds."""
    return _refusal(port) is None


WSAEACCES = 10013
"""What bind says of a port in a range that Windows has reserved. Source: Microsoft, "Windows Sockets Error Codes"."""


def is_kept(port: int) -> bool:
    """Whether Windows itself keeps this port, so that no program has it and none can."""
    return getattr(_refusal(port), "winerror", None) == WSAEACCES


def who_has(port: int) -> Sentence:
    """Why our proxy cannot have this port, as a sentence."""
    if is_kept(port):
        return say("Windows keeps port {port} for Hyper-V, WSL or Docker", port=port)
    return say("another program is using port {port}", port=port)


def _refusal(port: int) -> OSError | None:
    """Why nobody could listen on this port now; None where somebody could."""
    import _socket

    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # a port whose connections are just over is free; there, another's would be, too
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
    except OSError as error:
        return error
    finally:
        sock.close()
    return None


def as_segment(name: str) -> str:
    """Percent-encoded as one path segment."""
    kept = "-._~"
    return "".join(
        chr(byte) if byte < 128 and (chr(byte).isalnum() or chr(byte) in kept) else f"%{byte:02X}"
        for byte in name.encode()
    )


class Loopback:
    """One connection over loopback, for a request or two. Raises OSError, TimeoutError included."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        import _socket

        self._place = f"{host}:{port}"
        self._socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self._read = b""
        try:
            self._socket.settimeout(timeout_s)
            self._socket.connect((host, port))
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = {},
        body: bytes = b"",
        *,
        last: bool = True,
        timeout_s: float | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of the answer; after the `last` request the connection is over."""
        if timeout_s is not None:
            self._socket.settimeout(timeout_s)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._place}"]
        lines += ["Connection: close"] if last else []
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append("Content-Type: application/json")
        lines += [f"Content-Length: {len(body)}", "", ""]
        self._socket.sendall("\r\n".join(lines).encode("latin-1") + body)
        while b"\r\n\r\n" not in self._read and self._more():
            pass
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        if len(words) < 2 or not words[1].isdigit():
            raise ConnectionError("the answer is not HTTP")
        length = _length(head)
        if length is None and not last:
            raise ConnectionError("the answer does not tell its length")
        while (length is None or len(self._read) < length) and self._more():
            pass
        found, self._read = (self._read, b"") if length is None else (self._read[:length], self._read[length:])
        return int(words[1]), found

    def _more(self) -> bool:
        part = self._socket.recv(65536) if len(self._read) < LARGEST_ANSWER else b""
        self._read += part
        return bool(part)


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and len(value) < 20:
            return int(value)
    return None


FAR = 2**30
"""The byte that is locked on Windows, where a locked one cannot be read either: the pid before it can."""


def hold(path: str, *, shared: bool = False) -> int | None:
    """A lock on this file, or None while another process holds it. Freed when the handle is closed.

    `shared`: to look whether there is an exclusive one, without being taken for it by others who look (not on Windows).
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


GUARDIAN_LOCK, ASLEEP_MARK, ENDED_MARK = "proxy-guardian.lock", "proxy.asleep", "proxy.ended"
"""guardian.py has the same, and imports nothing of ours. The last says that both were killed on purpose."""


def note_holder(handle: int) -> None:
    """Writes our pid into a lock file that we hold. Over what stood there: a full disk has no room for more."""
    own = str(os.getpid()).encode()
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, own)
        os.ftruncate(handle, len(own))
    except OSError:
        with contextlib.suppress(OSError):  # no pid is better than another's
            os.ftruncate(handle, 0)


def held_by(path: str) -> int | None:
    """The process that holds this lock: its pid, 0 where that cannot be told, None when nobody does."""
    if not os.path.exists(path):
        return None
    handle = hold(path, shared=True)
    if handle is not None:
        os.close(handle)
        return None
    with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
        return int(file.read(20))
    with contextlib.suppress(OSError, ValueError, IndexError):  # of a version that wrote no pid
        number = os.stat(path).st_ino
        with open("/proc/locks", encoding="ascii") as file:
            return next((int(w[4]) for w in map(str.split, file) if w[1] == "FLOCK" and w[5].endswith(f":{number}")), 0)
    return 0


def end_process(pid: int, *, hard: bool) -> None:
    """Asks a process to end, or ends it."""
    import signal

    with contextlib.suppress(OSError):
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM) if hard else signal.SIGTERM)
