"""The proxy's side of its guardian on Windows: two pipes, and a listening socket handed over by pid.

The rule is guarded.py's. Standard input is the pipe from the guardian, which
ends when the guardian does; a thread waits for that, because no event loop there
can wait for a pipe.
"""

import asyncio
import contextlib
import os
import socket
import sys
import threading
from collections.abc import Sequence

from ccswitch_tui.proxy.background.guarded import Guarded

assert sys.platform == "win32", "guarded.py is for the others"

import msvcrt  # noqa: E402 - nowhere else


class GuardedByPipes(Guarded):
    """What the guardian handed over: the socket over standard input, and the pipe for our words."""

    def __init__(self, words: int, folder: str, serve: Sequence[str]) -> None:
        """`words`: the handle of the pipe. Waits for the socket. Raises OSError where the guardian is dead."""
        self._told = msvcrt.open_osfhandle(words, 0)
        os.set_handle_inheritable(words, False)
        self._heard = os.dup(0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)  # who inherits a pipe that is being read hangs when it looks at it
        os.close(nothing)
        os.write(self._told, os.getpid().to_bytes(4, "little"))
        super().__init__(socket.fromshare(self._read(int.from_bytes(self._read(4), "little"))), folder, serve)
        self._place = self.listener.getsockname()

    def _read(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            part = os.read(self._heard, size - len(got))
            if not part:
                raise ConnectionError("the guardian has died")
            got += part
        return got

    def watch(self) -> None:
        loop = asyncio.get_running_loop()

        def wait_for_its_end(heard: int) -> None:
            with contextlib.suppress(OSError):
                os.read(heard, 1)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._guardian_died)

        threading.Thread(target=wait_for_its_end, args=(self._heard,), daemon=True).start()

    def _tell(self, word: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._told, word)

    def _guardian_died(self) -> None:
        if self._ending:
            return
        for fd in (self._heard, self._told):
            os.close(fd)
        theirs, self._told = os.pipe()
        self._heard, ends_with_it = os.pipe()
        handles = [msvcrt.get_osfhandle(fd) for fd in (theirs, ends_with_it)]
        for handle in handles:
            os.set_handle_inheritable(handle, True)
        host, port = self._place
        self._start_guardian(f"{host}:{port}:{handles[0]}:{handles[1]}", handles)
        for fd in (theirs, ends_with_it):
            os.close(fd)
        self.watch()
