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

On Windows a listening socket serves one event loop for life: the next proxy
cannot use the one that the last one used. There the guardian binds anew before
each start and hands that socket over with what has connected meanwhile, so only
the moment in between refuses, and Windows itself repeats a refused connection
for two seconds. No heir there: when both are killed, Claude Code's helper starts
the proxy, as it does where none ran.

Run by path, `python -I -S guardian.py`, with nothing of ours imported: a third
of the memory, a fifth of the start, and nothing that an upgrade could pull
away. Of `socket` and `signal` it takes the halves that are written in C: the
others are half of its start, for which the helper waits.
"""

import os
import select
import sys
import time

if sys.platform == "win32":
    import msvcrt
    import socket
    import subprocess
else:
    import _signal as signal
    import _socket as socket
    import fcntl

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

REBIND_PATIENCE_S = 150.0
"""Windows lets nobody listen anew while a connection to the last listener is not quite over: two minutes at most."""

FAR = 2**30
"""The byte of the lock file that is locked on Windows, as in loopback.py."""


class Despite:
    """What `contextlib.suppress` does, which is loaded with five other modules."""

    def __init__(self, *errors: type[BaseException]) -> None:
        self.errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self.errors)


class Pipes:
    """The line to a proxy on Windows, which could not use an inherited socket: one pipe a direction."""

    def __init__(self, heard: int, said: int) -> None:
        self.heard, self.said = heard, said
        """File descriptors: its words come from the first; the second ends when we do, which it watches."""

    def recv(self, size: int) -> bytes:
        return os.read(self.heard, size)

    def close(self) -> None:
        for fd in (self.heard, self.said):
            os.close(fd)


class Guardian:
    """One port, one proxy at a time."""

    def __init__(self, folder: str, listener: socket.socket | None, command: list[str], heir: int = -1) -> None:
        self.folder = folder
        self.heir = heir
        """Our end of its pipe; -1 without one."""
        self.listener = listener
        """On Windows None while a proxy listens."""
        self.command = command
        self.pid = 0
        self.life: socket.socket | Pipes | None = None
        """Ends when the proxy does, however that comes."""

    def run(self) -> int:
        """Until the proxy ends in order, or cannot be started."""
        self._heed_signals()
        failed, ever = 0, self.life is not None
        while True:
            if self.life is None:
                self._reap()
                try:
                    self._start()
                except OSError as error:
                    print(f"the proxy cannot be started again: {error}", file=sys.stderr)
                    return 1
            word, listened = self._last_word()
            ever = ever or listened
            if word == ENDED:
                self._let_go()
                return 0
            code = self._gone(wait=not word)
            if not word and not ever:
                return code or 1  # the very first start failed: whoever asked for it is told
            if not word and os.path.exists(os.path.join(self.folder, ENDED_MARK)):
                return 0  # killed on purpose
            failed = 0 if listened or word else failed + 1
            if failed >= len(PAUSES_S):
                print("the proxy cannot be started again, and its port is given up", file=sys.stderr)
                return 1
            if word == ASLEEP:
                self._sleep()
            time.sleep(PAUSES_S[failed])

    def _heed_signals(self) -> None:
        raise NotImplementedError

    def _start(self) -> None:
        raise NotImplementedError

    def _gone(self, *, wait: bool) -> int:
        """The proxy is dead, or on its way out. Its exit code, where it was our child and has one."""
        raise NotImplementedError

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
            self._is_theirs()

    def _reap(self) -> None:
        """Takes note of children that have ended, where somebody must."""

    def _is_theirs(self) -> None:
        """The proxy accepts connections: where it has a socket of its own, ours is closed."""

    def _let_go(self) -> None:
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    def _sleep(self) -> None:
        """Until somebody connects. The mark tells `status`, which would otherwise wake the proxy by asking."""
        mark = os.path.join(self.folder, MARK)
        with Despite(OSError):
            os.close(os.open(mark, os.O_WRONLY | os.O_CREAT, 0o600))
        while not self._somebody_connects():
            self._reap()
            if not os.path.isdir(self.folder):
                sys.exit(0)  # all of ours was deleted
        with Despite(OSError):
            os.unlink(mark)

    def _somebody_connects(self) -> bool:
        assert self.listener is not None
        return bool(select.select([self.listener], [], [], 5.0)[0])


if sys.platform == "win32":

    class WindowsGuardian(Guardian):
        """The same where a process is handed pipes, and a socket only by its pid."""

        def __init__(self, folder: str, place: tuple[str, int], command: list[str]) -> None:
            super().__init__(folder, None, command)
            self.place = place
            """Host and port."""
            self._child: subprocess.Popen[bytes] | None = None

        def _heed_signals(self) -> None:
            """There are none: whoever ends us kills us."""

        def _start(self) -> None:
            if self.listener is None:
                self.listener = _bound(*self.place, patience_s=REBIND_PATIENCE_S)
            heard, theirs = os.pipe()
            handle = msvcrt.get_osfhandle(theirs)
            os.set_handle_inheritable(handle, True)
            self._child = subprocess.Popen(
                [*self.command, "--guardian-fd", str(handle)],
                stdin=subprocess.PIPE,
                stdout=1,
                stderr=2,
                startupinfo=subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]}),
                creationflags=subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP,
            )
            os.close(theirs)
            assert self._child.stdin is not None
            with self._child.stdin as said:
                self.life = Pipes(heard, os.dup(said.fileno()))
            self._hand_over(self.listener)

        def _hand_over(self, listener: socket.socket) -> None:
            """The listening socket, to the process whose pid comes first: an interpreter's launcher has another."""
            assert isinstance(self.life, Pipes)
            try:
                self.pid = int.from_bytes(self.life.recv(4), "little")
                shared = listener.share(self.pid)
                os.write(self.life.said, len(shared).to_bytes(4, "little") + shared)
            except OSError:  # it is dead, or cannot be given it: either way a start that failed
                assert self._child is not None
                self._child.terminate()

        def _is_theirs(self) -> None:
            self._let_go()

        def _gone(self, *, wait: bool) -> int:
            self._let_go()  # whoever had it may have bound it to its event loop
            if self.life is not None:
                self.life.close()
            child, self.life, self.pid, self._child = self._child, None, 0, None
            if child is None:
                return 0
            code = child.wait() if wait else child.poll()
            child.returncode = code or 0  # finished with it, alive or not
            return code or 0

        def _somebody_connects(self) -> bool:
            if self.listener is None:
                try:
                    self.listener = _bound(*self.place)
                except OSError:
                    return False  # the last proxy still finishes its streams
            return super()._somebody_connects()


else:

    class PosixGuardian(Guardian):
        """One that inherits, forks and hears signals."""

        def _heed_signals(self) -> None:
            signal.signal(signal.SIGTERM, self._told_to_end)
            signal.signal(signal.SIGINT, self._told_to_end)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        def _start(self) -> None:
            assert self.listener is not None
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

        def _gone(self, *, wait: bool) -> int:
            if self.life is not None:
                self.life.close()
            pid, self.life, self.pid = self.pid, None, 0
            with Despite(ChildProcessError):
                _, status = os.waitpid(pid, 0 if wait else os.WNOHANG)
                return os.waitstatus_to_exitcode(status)
            return 0

        def _told_to_end(self, *_: object) -> None:
            if self.pid:
                os.kill(self.pid, signal.SIGTERM)
                return
            with Despite(OSError):
                os.unlink(os.path.join(self.folder, MARK))
            sys.exit(0)

        def _reap(self) -> None:
            with Despite(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass

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


def _bound(host: str, port: int, patience_s: float = BIND_PATIENCE_S) -> socket.socket:
    deadline = time.monotonic() + patience_s
    while True:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform == "win32":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
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
        if sys.platform == "win32":
            os.lseek(handle, FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    own = str(os.getpid()).encode()
    try:  # over what stood there: a full disk has no room for more
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, own)
        os.ftruncate(handle, len(own))
    except OSError:
        with Despite(OSError):
            os.ftruncate(handle, 0)
    return handle


def main(words: list[str]) -> int:
    """`FOLDER HOST PORT COMMAND…`, or `FOLDER --adopt …` for a proxy that runs already: `LISTENER:LIFE:PID:HEIR`, and
    on Windows `HOST:PORT:HEARD:SAID`, each followed by COMMAND…"""
    folder, host, place, *command = words
    os.environ.pop(HEIR_VARIABLE, None)
    with Despite(OSError):
        os.chdir(folder)  # who starts us by posix_spawn cannot
    deadline = time.monotonic() + BIND_PATIENCE_S
    while _alone(folder) is None:
        if time.monotonic() > deadline:
            return 0
        time.sleep(0.02)
    for mark in (ENDED_MARK, MARK):
        with Despite(OSError):
            os.unlink(os.path.join(folder, mark))
    if host == "--adopt":
        return _until_the_end(_adopted(folder, place.split(":"), command))
    try:
        listener = _bound(host, int(place))
    except OSError as error:
        print(f"ccswitch-tui: error: cannot listen on {host}:{place}: {error.strerror}", file=sys.stderr)
        return 1
    if sys.platform == "win32":
        there = WindowsGuardian(folder, (host, int(place)), command)
        there.listener = listener
        return _until_the_end(there)
    else:
        return _until_the_end(PosixGuardian(folder, listener, command, _heir(folder, listener, command)))


def _adopted(folder: str, handed: list[str], command: list[str]) -> Guardian:
    """The guardian of a proxy that runs already, with what that one handed over."""
    if sys.platform == "win32":
        host, *numbers = handed
        port, *handles = map(int, numbers)
        there = WindowsGuardian(folder, (host, port), command)
        for handle in handles:
            os.set_handle_inheritable(handle, False)
        there.life = Pipes(*(msvcrt.open_osfhandle(handle, 0) for handle in handles))
        return there
    else:
        listener, life, pid, heir = map(int, handed)
        for fd in (listener, life, heir):
            if fd >= 0:
                os.set_inheritable(fd, False)
        guardian = PosixGuardian(folder, socket.socket(fileno=listener), command, heir)
        guardian.life, guardian.pid = socket.socket(fileno=life), pid
        return guardian


def _until_the_end(guardian: Guardian) -> int:
    """Whatever end this is, it is not the one that the heir waits for."""
    try:
        return guardian.run()
    finally:
        if guardian.heir >= 0:
            with Despite(OSError):
                os.write(guardian.heir, b"end\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
