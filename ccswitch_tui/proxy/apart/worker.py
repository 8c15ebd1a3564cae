"""The process that answers large requests: the same application, whose books and keys are with the one that started it.

It gets its setting on standard input, a socket pair for each request over the
control socket, and ends when that does. Nobody else can reach it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import sys
from typing import Any

from ccswitch_tui.http11.headers import Headers
from ccswitch_tui.http11.message import ClientGone, Request
from ccswitch_tui.proxy.apart.books import ERRAND, AskedKeys, ToldBudgets, ToldLessons, ToldTraffic
from ccswitch_tui.proxy.apart.handed import BODIES, Handed, Setup, as_data, booked
from ccswitch_tui.proxy.apart.lane import ANSWER, BODY, DATA, DONE, HEAD, LET_GO, SAID, Lane, packed, unpacked
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.books.prices import PriceBook
from ccswitch_tui.proxy.client.upstream import Upstream
from ccswitch_tui.proxy.loop import new_loop
from ccswitch_tui.proxy.memory import give_back
from ccswitch_tui.proxy.relay import Relay
from ccswitch_tui.proxy.sources import FixedProfiles
from ccswitch_tui.proxy.web.app import ProxyApp
from ccswitch_tui.proxy.web.guard import Guard
from ccswitch_tui.secret import forbid_core_dumps

NICENESS = 5
"""Where there are too few processors the streams of small requests come first."""

RELIEF_AFTER_S = 2.0


class _Client:
    """The client's connection as an answer sees it: what is written goes through the lane."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def write(self, data: bytes) -> None:
        self._lane.write_soon(DATA, data)  # the end of an answer and what is booked of it come in one read

    def is_closing(self) -> bool:
        return self._lane.transport is None or self._lane.transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._lane.unsent_bytes

    def abort(self) -> None:
        self._lane.close()


class Errand:
    """One request and its answer; the line that the request came on."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.lane = Lane(self._take, self._lost)
        self.transport: Any = _Client(self.lane)
        self._request: Request | None = None
        self._left = 0
        self._task: asyncio.Task[None] | None = None
        self._asked: list[asyncio.Future[Any]] = []
        self.handed: Handed | None = None
        self.flow: Flow | None = None

    def _take(self, kind: bytes, data: bytes) -> None:
        if kind == HEAD:
            self._begin(unpacked(data))
        elif kind == BODY and self._request is not None:
            self._request.parts.append(data)
            self._left -= len(data)
        elif kind == ANSWER:
            number, result = unpacked(data)
            if not self._asked[number].done():
                self._asked[number].set_result(result)
        if self._task is None and self._request is not None and self._left <= 0:
            self._task = asyncio.get_running_loop().create_task(self._answer(self._request))

    def _begin(self, handed: Handed) -> None:
        self._worker.catch_up(handed)
        self.handed = handed
        request = self._request = Request(self)
        request.method, request.path, request.query_string = handed.method, handed.path, handed.query_string
        request.headers = Headers(handed.fields)
        request.version, request.keep_alive = handed.version, handed.keep_alive
        request.length = request.size = self._left = handed.length

    def _lost(self) -> None:
        self.transport = None
        self._worker.errands.discard(self)
        if self._task is not None:
            self._task.cancel()
        for one in self._asked:
            one.cancel()

    async def _answer(self, request: Request) -> None:
        ERRAND.set(self)
        try:
            reply = await self._worker.app.answer(request)
        except ClientGone:
            self.lane.close()
            return
        flow = self.flow
        told = booked(flow) if flow is not None else {}
        bodies = {name: getattr(flow, name) for name in BODIES} if flow is not None else {}
        self.lane.write(DONE, packed((as_data(reply), told, bodies, flow.kind if flow is not None else "")))
        if self.lane.transport is not None:
            self.lane.transport.close()
        asyncio.get_running_loop().call_later(RELIEF_AFTER_S, self._worker.relieve)

    async def ask(self, kind: bytes, value: Any) -> Any:
        """What the other process answers."""
        number = len(self._asked)
        self._asked.append(asyncio.get_running_loop().create_future())
        self.tell(kind, (number, value))
        return await self._asked[number]

    def tell(self, kind: bytes, value: Any) -> None:
        """Tells the other process."""
        self.lane.write_soon(kind, packed(value))

    # ------------------------------------------------------------------ the line of the request

    async def drained(self) -> None:
        await self.lane.drained()

    def release(self, request: Request) -> None:
        self.lane.write_soon(LET_GO)


class Worker:
    """All that one process holds between requests."""

    def __init__(self, setup: Setup) -> None:
        self._learned = ToldLessons(None)
        self._budgets = ToldBudgets()
        self._profiles, self._lessons = -1, -1
        """The numbers of what was taken over last."""
        self.relay = Relay(
            profiles=FixedProfiles({}),
            keys=AskedKeys(),
            upstream=Upstream(setup.env, setup.home),
            learned=self._learned,
            traffic=ToldTraffic(),
            prices=PriceBook(setup.prices),
            budgets=self._budgets,
        )
        self.app = ProxyApp(self.relay, Guard([], "", 0, None), root_profile=setup.root_profile, write_log=_write_log)
        self.errands: set[Errand] = set()
        self.over = asyncio.Event()

    def catch_up(self, handed: Handed) -> None:
        """Takes over what has changed over there."""
        self._budgets.told = handed.budgets
        if handed.profiles[0] > self._profiles:
            self._profiles = handed.profiles[0]
            profiles, search, problem = unpacked(handed.profiles[1])
            self.relay.profiles = FixedProfiles(profiles, search=search)
            self.relay.profiles.problem = problem
        if handed.learned[0] > self._lessons:
            self._lessons = handed.learned[0]
            self._learned.take(unpacked(handed.learned[1]))

    def relieve(self) -> None:
        """What was made of large bodies is gone: the memory goes back to the system."""
        self.relay.background.in_thread(give_back)

    async def take_from(self, control: socket.socket) -> None:
        """Answers what comes until the other process is gone."""
        loop = asyncio.get_running_loop()

        def next_one() -> None:
            if sys.platform == "win32":
                return  # no worker is started there (rooms.py)
            try:
                said, fds, _, _ = socket.recv_fds(control, 1, 1)
            except BlockingIOError:
                return
            except OSError:
                said, fds = b"", []
            if not said:
                loop.remove_reader(control)
                self.over.set()
            for fd in fds:
                self._start(socket.socket(fileno=fd))

        loop.add_reader(control, next_one)
        await self.over.wait()

    def _start(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        errand = Errand(self)
        self.errands.add(errand)

        async def connect() -> None:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: errand.lane, sock)

        self.relay.background.run(connect())


def _write_log(*lines: str) -> None:
    """A mistake of ours goes into the log of the process that has one."""
    errand = ERRAND.get(None)
    if errand is not None:
        errand.tell(SAID, lines)


async def _serve(control: socket.socket, setup: Setup) -> None:
    worker = Worker(setup)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    await worker.take_from(control)


def main() -> int:
    """Until the control socket ends; whatever is under way then has nobody to go to."""
    forbid_core_dumps()
    setup = unpacked(sys.stdin.buffer.read())
    control = socket.socket(fileno=int(sys.argv[1]))
    control.setblocking(False)
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(control, setup))
    return 0


if __name__ == "__main__":
    os._exit(main())
