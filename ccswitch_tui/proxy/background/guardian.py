"""The guardian: holds the background proxy's port while the proxy itself comes and goes.

Claude Code retries a refused connection for three minutes and then gives up,
and asks its helper, which would start a proxy, only once a minute. So a small
process listens and the proxy inherits the socket: when the proxy dies, another
is started at once, and who connects in between waits instead of being refused.
The proxy in turn starts a new guardian when its own dies (guarded.py). For both
dying at once (the memory ran out, `killall -9 python3`) there is the heir: a
shell that waits on a pipe whose other end only these two hold, and becomes the
guardian when it ends without a word. It is no Python, has a process group of its
own, and sleeps in one read. A client that is refused meanwhile tries again.

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

LOCK, MARK, ENDED_MARK = "proxy-guardian.lock", "proxy.asleep", "proxy.ended"
HEIR_VARIABLE = "CCSWITCH_HEIR_FD"
"""Where the proxy finds the heir's pipe; a variable, because another version's proxy takes no new option."""

HEIR = 'read -r word && exit; [ -d "$1" ] && [ ! -e "$1/proxy.ended" ] || exit; shift; exec "$@"'
"""Its whole program: a word means an end in order; the mark, that both were killed on purpose."""

BACKLOG = 1024
PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Before each new start of a proxy that does not get as far as to listen; after the last the guardian gives up."""

BIND_PATIENCE_S = 2.0
"""The guardian before may just be letting go of the port."""


class Guardian:
    """One port, one proxy at a time."""

    def __init__(self, folder: str, listener: socket.socket, command: list[str], heir: int = -1) -> None:
        self.folder = folder
        self.heir = heir
        """Our end of its pipe; -1 without one."""
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
        handed = [self.listener.fileno(), theirs.fileno(), *([self.heir] if self.heir >= 0 else [])]
        for fd in handed:
            os.set_inheritable(fd, True)
        words = [*self.command, "--listen-fd", str(self.listener.fileno()), "--guardian-fd", str(theirs.fileno())]
        self.pid = os.posix_spawn(words[0], words, {**os.environ, HEIR_VARIABLE: str(self.heir)})
        for fd in handed:
            os.set_inheritable(fd, False)
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


def _heir(folder: str, listener: socket.socket, command: list[str]) -> int:
    """Starts it; returns our end of its pipe, -1 where there is no shell."""
    theirs, ours = os.pipe()
    host, port = listener.getsockname()
    again = [sys.executable, "-I", "-S", os.path.abspath(__file__), folder, host, str(port), *command]
    try:
        os.posix_spawn(
            "/bin/sh",
            ["/bin/sh", "-c", HEIR, "ccswitch-tui-heir", folder, *again],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 0)],
            setpgroup=0,
        )
    except OSError:
        os.close(ours)
        ours = -1
    os.close(theirs)
    return ours


def main(words: list[str]) -> int:
    """`FOLDER HOST PORT COMMAND…`, or `FOLDER --adopt LISTENER:LIFE:PID:HEIR COMMAND…` for one that runs already."""
    folder, host, place, *command = words
    os.environ.pop(HEIR_VARIABLE, None)
    deadline = time.monotonic() + BIND_PATIENCE_S
    while _alone(folder) is None:
        if time.monotonic() > deadline:
            return 0
        time.sleep(0.02)
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(folder, ENDED_MARK))
    if host == "--adopt":
        listener, life, pid, heir = map(int, place.split(":"))
        for fd in (listener, life, heir):
            if fd >= 0:
                os.set_inheritable(fd, False)
        guardian = Guardian(folder, socket.socket(fileno=listener), command, heir)
        guardian.life, guardian.pid = socket.socket(fileno=life), pid
        return _until_the_end(guardian)
    try:
        listener_socket = _bound(host, int(place))
    except OSError as error:
        print(f"ccswitch-tui: error: cannot listen on {host}:{place}: {error.strerror}", file=sys.stderr)
        return 1
    heir = _heir(folder, listener_socket, command)
    return _until_the_end(Guardian(folder, listener_socket, command, heir))


def _until_the_end(guardian: Guardian) -> int:
    """Whatever end this is, it is not the one that the heir waits for."""
    try:
        return guardian.run()
    finally:
        if guardian.heir >= 0:
            with contextlib.suppress(OSError):
                os.write(guardian.heir, b"end\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
