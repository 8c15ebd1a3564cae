"""The guardian: holds the background proxy's port while the proxy itself comes and goes.

Claude Code retries a refused connection for three minutes and then gives up,
and asks its helper, which would start a proxy, only once a minute. So a small
process listens and the proxy inherits the socket: when the proxy dies, another
is started at once, and who connects in between waits instead of being refused.
The proxy in turn starts a new guardian when its own dies (guarded.py).

Run by path, `python -I -S guardian.py`, with nothing of ours imported: a third
of the memory, a fifth of the start, and nothing that an upgrade could pull
away. POSIX only: a Windows process cannot inherit a listening socket this way.
"""

import contextlib
import fcntl
import os
import select
import signal
import socket
import sys
import time

assert sys.platform != "win32", "a Windows process has no use for this file"

LISTENING, ENDED, ASLEEP, AGAIN = b"L", b"E", b"S", b"R"
"""What the proxy says before it goes: it listens; it ends; it ends and is started again by the next connection, or
at once. An end without a word is a crash."""

LOCK, MARK = "proxy-guardian.lock", "proxy.asleep"
BACKLOG = 1024
PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Before each new start of a proxy that does not get as far as to listen; after the last the guardian gives up."""

BIND_PATIENCE_S = 2.0
"""The guardian before may just be letting go of the port."""


class Guardian:
    """One port, one proxy at a time."""

    def __init__(self, folder: str, listener: socket.socket, command: list[str]) -> None:
        self.folder = folder
        self.listener = listener
        self.command = command
        self.pid = 0
        self.life: socket.socket | None = None
        """Ends when the proxy does, however that comes."""

    def run(self) -> int:
        """Until the proxy ends in order, or cannot be started."""
        signal.signal(signal.SIGTERM, self._told_to_end)
        signal.signal(signal.SIGINT, self._told_to_end)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        failed, ever = 0, self.life is not None
        while True:
            if self.life is None:
                _reap()
                self._start()
            word, listened = self._last_word()
            ever = ever or listened
            if word == ENDED:
                self.listener.close()
                return 0
            code = self._gone(wait=not word)
            if not word and not ever:
                return code or 1  # the very first start failed: whoever asked for it is told
            failed = 0 if listened or word else failed + 1
            if failed >= len(PAUSES_S):
                print("the proxy cannot be started again, and its port is given up", file=sys.stderr)
                return 1
            if word == ASLEEP:
                self._sleep()
            time.sleep(PAUSES_S[failed])

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        for fd in (self.listener.fileno(), theirs.fileno()):
            os.set_inheritable(fd, True)
        words = [*self.command, "--listen-fd", str(self.listener.fileno()), "--guardian-fd", str(theirs.fileno())]
        self.pid = os.posix_spawn(words[0], words, os.environ)
        theirs.close()
        self.life = ours

    def _last_word(self) -> tuple[bytes, bool]:
        """What the proxy says about its end (b"" for nothing), and whether it got as far as to listen."""
        assert self.life is not None
        listened = False
        while True:
            try:
                word = self.life.recv(1)
            except OSError:
                word = b""
            if word != LISTENING:
                return word, listened
            listened = True

    def _gone(self, *, wait: bool) -> int:
        """The proxy is dead, or on its way out. Its exit code, where it was our child and has one."""
        if self.life is not None:
            self.life.close()
        pid, self.life, self.pid = self.pid, None, 0
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(pid, 0 if wait else os.WNOHANG)
            return os.waitstatus_to_exitcode(status)
        return 0

    def _sleep(self) -> None:
        """Until somebody connects. The mark tells `status`, which would otherwise wake the proxy by asking."""
        mark = os.path.join(self.folder, MARK)
        with contextlib.suppress(OSError):
            os.close(os.open(mark, os.O_WRONLY | os.O_CREAT, 0o600))
        while not select.select([self.listener], [], [], 5.0)[0]:
            _reap()
            if not os.path.isdir(self.folder):
                sys.exit(0)  # all of ours was deleted
        with contextlib.suppress(OSError):
            os.unlink(mark)

    def _told_to_end(self, *_: object) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
            return
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.folder, MARK))
        sys.exit(0)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _bound(host: str, port: int) -> socket.socket:
    deadline = time.monotonic() + BIND_PATIENCE_S
    while True:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
            sock.listen(BACKLOG)
            return sock
        except OSError:
            sock.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _alone(folder: str) -> int | None:
    """The guardian's lock, with our pid in it, held until we end; None when there is a guardian already."""
    handle = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    own = str(os.getpid()).encode()
    try:  # over what stood there: a full disk has no room for more
        os.pwrite(handle, own, 0)
        os.ftruncate(handle, len(own))
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
    return handle


def main(words: list[str]) -> int:
    """`FOLDER HOST PORT COMMAND…`, or `FOLDER --adopt LISTENER:LIFE:PID COMMAND…` for a proxy that runs already."""
    folder, host, place, *command = words
    deadline = time.monotonic() + BIND_PATIENCE_S
    while _alone(folder) is None:
        if time.monotonic() > deadline:
            return 0
        time.sleep(0.02)
    if host == "--adopt":
        listener, life, pid = map(int, place.split(":"))
        guardian = Guardian(folder, socket.socket(fileno=listener), command)
        guardian.life, guardian.pid = socket.socket(fileno=life), pid
        return guardian.run()
    try:
        listener_socket = _bound(host, int(place))
    except OSError as error:
        print(f"ccswitch-tui: error: cannot listen on {host}:{place}: {error.strerror}", file=sys.stderr)
        return 1
    return Guardian(folder, listener_socket, command).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
