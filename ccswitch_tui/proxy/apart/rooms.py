"""The processes that answer large requests: started when the first one comes, ended when none has come for a while.

A conversation goes where its last request went, since its turns are known
there, unless that process has something to do and another has not. Where no
process can be started (Windows; no memory, no files) the request is answered
here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.http11.message import ClientGone, Reply, Request, Sent
from ccswitch_tui.profiles.budget import BudgetState
from ccswitch_tui.proxy.apart.handed import Setup, as_reply, book, handed
from ccswitch_tui.proxy.apart.lane import (
    ANSWER,
    ASKED,
    BEGAN,
    BODY,
    DATA,
    DONE,
    FIRST_BYTE,
    HEAD,
    LEARNED,
    LET_GO,
    PIECE_BYTES,
    SAID,
    Lane,
    packed,
    unpacked,
)
from ccswitch_tui.proxy.apart.weight import LEAST_BYTES, MOST_BYTES, is_heavy
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.memory import resident_mb_of
from ccswitch_tui.proxy.relay import Relay
from ccswitch_tui.secret import Secret

MOST_ROOMS = 3
"""More processes would not parse faster on a small machine."""

UNUSED_S = 600.0
"""As long as a proxy remembers conversations."""
LARGE_MB = 128.0
LARGE_UNUSED_S = 20.0
"""A process that holds so much is not kept so long: 30 MB of conversation are 200 there, and a second of work anew."""

MOST_SESSIONS = 64

CLIENT_LAGS_BYTES = 64 * 1024

WORKER = "ccswitch_tui.proxy.apart.worker"


class RoomEnded(Exception):
    """The process ended before it had answered."""

    def __init__(self) -> None:
        super().__init__("the ccswitch-tui process for large requests ended unexpectedly")


class Room:
    """One process."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self.process = process
        self.control = control
        """It ends when this does."""
        self.busy = 0
        self.used_at = time.monotonic()
        self.sessions: dict[str, None] = {}

    def lane(self) -> socket.socket:
        """Our end of a new lane. Raises OSError."""
        if sys.platform == "win32":
            raise OSError("no file descriptor can be handed to another process here")
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.control, [b"."], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        return ours

    def is_over(self) -> bool:
        """It has waited long enough for another request."""
        unused_s = time.monotonic() - self.used_at
        if unused_s > LARGE_UNUSED_S and resident_mb_of(self.process.pid) > LARGE_MB:
            return True
        return unused_s > UNUSED_S

    def note(self, session: str) -> None:
        """This session's turns are known there from now on."""
        self.sessions.pop(session, None)
        self.sessions[session] = None
        if len(self.sessions) > MOST_SESSIONS:
            del self.sessions[next(iter(self.sessions))]


class Rooms:
    """All of one proxy."""

    def __init__(
        self,
        relay: Relay,
        *,
        env: Mapping[str, str],
        home: str,
        root_profile: str | None,
        write_log: Callable[..., None],
        prices: str = "",
    ) -> None:
        self._relay = relay
        self._setup = Setup(dict(env), home, root_profile, prices)
        self._write_log = write_log
        self._rooms: list[Room] = []
        self._starting: asyncio.Task[Room | None] | None = None
        self._profiles: tuple[int, bytes] = (0, b"")
        self._profiles_of: tuple[Any, ...] = ()
        self._learned: tuple[int, bytes] = (-1, b"")

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [room.process.pid for room in self._rooms]

    def wants(self, request: Request) -> bool:
        """Whether this request would hold the event loop too long."""
        if sys.platform == "win32":
            return False
        size = request.size
        if size < LEAST_BYTES:
            return False
        return is_heavy(b"" if size > MOST_BYTES else self._relay.bodies.new_in(request.parts), size)

    async def answer(self, request: Request, flow: Flow | None) -> Reply | None:
        """The answer to a request; None where no process can be had. Raises RoomEnded, ClientGone."""
        session = request.headers.get("X-Claude-Code-Session-Id")[:80]
        for _ in range(MOST_ROOMS + 1):
            room = await self._room(session)
            if room is None:
                break
            try:
                sock = room.lane()
            except OSError:  # it has ended, and there may be another
                self._close(room)
                continue
            return await self._answered(room, _Errand(self, request, flow), sock, session)
        return None

    async def _answered(self, room: Room, errand: _Errand, sock: socket.socket, session: str) -> Reply:
        room.busy += 1
        try:
            await errand.begin(sock)
            if session:
                room.note(session)
            return await errand.answered()
        finally:
            errand.lane.close()
            room.busy -= 1
            room.used_at = time.monotonic()

    async def _room(self, session: str) -> Room | None:
        for ended in [room for room in self._rooms if room.process.poll() is not None]:
            self._close(ended)
        free = [room for room in self._rooms if not room.busy]
        for room in (*free, *self._rooms):
            if session in room.sessions and (room in free or not free):
                return room
        if free:
            return free[0]
        if len(self._rooms) < MOST_ROOMS:
            if self._starting is None:
                self._starting = asyncio.get_running_loop().create_task(self._start())
            started = await asyncio.shield(self._starting)
            if started is not None:
                return started
        return min(self._rooms, key=lambda room: room.busy, default=None)

    async def _start(self) -> Room | None:
        try:
            room = await asyncio.to_thread(_started, self._setup)
        except OSError as error:
            self._write_log(f"no process for large requests can be started: {error.strerror or error}")
            return None
        else:
            self._rooms.append(room)
            return room
        finally:
            self._starting = None

    def profiles(self) -> tuple[int, bytes]:
        """The profiles as they are now, for the other side."""
        of = self._relay.profiles
        now = (of.routes(), of.search, of.problem)
        if self._profiles_of != now:
            self._profiles_of = now
            self._profiles = (self._profiles[0] + 1, packed((dict(now[0].profiles), now[1], now[2])))
        return self._profiles

    async def budgets(self) -> dict[str, BudgetState]:
        """How much of each profile's budget is gone, for the other side."""
        relay = self._relay
        with_one = [p for p in relay.profiles.routes().profiles.values() if p.budget is not None]
        states = {profile.name: await relay.budgets.state(profile) for profile in with_one}
        return {name: state for name, state in states.items() if state is not None}

    def learned(self) -> tuple[int, bytes]:
        """What endpoints have taught so far, for the other side."""
        learned = self._relay.learned
        if self._learned[0] != learned.generation:
            self._learned = (learned.generation, packed(learned.state()))
        return self._learned

    # ------------------------------------------------------------------ what a worker asks and tells

    def note_lesson(self, what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A worker has learned something, or unlearned it."""
        learned = self._relay.learned
        if what == "learn":
            learned.learn(*args, **kwargs)
        else:
            learned.disprove(*args)
        self._relay.background.in_thread(learned.save)

    def note_lines(self, lines: tuple[str, ...]) -> None:
        """For the log."""
        self._write_log(*lines)

    def note_routed(self, flow: Flow) -> None:
        """It is known where a request goes."""
        self._relay.traffic.routed(flow)

    def note_first_byte(self, flow: Flow, now: float) -> None:
        """The answer has begun."""
        self._relay.traffic.first_byte(flow, now)

    def answer_key(self, lane: Lane, number: int, asked: tuple[Any, ...]) -> None:
        """A worker needs a profile's key, or knows it refused."""

        async def answer() -> None:
            what, profile, refused = asked
            result: Any
            try:
                if what == "changed":
                    key, headers = refused
                    result = await self._relay.keys.changed(
                        profile, Secret(key) if key else None, {name: Secret(value) for name, value in headers.items()}
                    )
                else:
                    key = await self._relay.keys.get(profile)
                    result = ("key", key.reveal() if key is not None else None)
            except KeyStoreError as error:
                result = ("error", error.message, error.hint, error.kind)
            lane.write(ANSWER, packed((number, result)))

        self._relay.background.run(answer())

    # ------------------------------------------------------------------ the end

    def close_unused(self) -> None:
        """Ends what nobody has asked for a while, and sooner what holds much."""
        for room in [room for room in self._rooms if not room.busy and room.is_over()]:
            self._close(room)

    def _close(self, room: Room) -> None:
        if room in self._rooms:
            self._rooms.remove(room)
        room.control.close()
        self._relay.background.in_thread(lambda: _reaped(room))

    async def close(self) -> None:
        """Ends all."""
        rooms, self._rooms = self._rooms, []
        for room in rooms:
            room.control.close()
        await asyncio.gather(*(asyncio.to_thread(_reaped, room) for room in rooms))


class _Errand:
    """One request that another process answers."""

    def __init__(self, rooms: Rooms, request: Request, flow: Flow | None) -> None:
        self._rooms = rooms
        self._request = request
        self._flow = flow
        self._done: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._begun = False
        """Something of the answer has gone to the client."""
        self._slow: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []
        """Of the answer: what has just come, and its end until the books are made."""
        self.lane = Lane(self._take, self._lost, self._pass_on)

    async def begin(self, sock: socket.socket) -> None:
        """Hands the request over."""
        await asyncio.get_running_loop().create_unix_connection(lambda: self.lane, sock=sock)  # type: ignore[attr-defined,unused-ignore]
        rooms, request, flow = self._rooms, self._request, self._flow
        length = request.size
        budgets = await rooms.budgets()
        self.lane.write(HEAD, packed(handed(request, length, flow, rooms.profiles(), rooms.learned(), budgets)))
        for piece in _pieces(request):
            if flow is not None and flow.request.room > 0:
                flow.request.add(bytes(piece))
            self.lane.write(BODY, piece)
            with contextlib.suppress(ConnectionError):
                await self.lane.drained()

    async def answered(self) -> Reply:
        """Returns when the answer has gone out, or is here as a whole. Raises RoomEnded, ClientGone."""
        reply = await self._done
        self._send()
        if reply is not None:
            return reply
        transport = self._request.connection.transport
        if transport is None:
            raise ClientGone
        if not self._begun:
            raise RoomEnded
        transport.abort()  # in the middle of an answer, which the client must not take for a whole one
        if self._flow is not None:
            self._flow.error = f"{RoomEnded()}"
        return Sent(keep_alive=False, status=500)

    def _lost(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
        if not self._done.done():
            self._done.set_result(None)

    def _take(self, kind: bytes, data: bytes) -> None:
        if kind == DATA:
            self._unsent.append(data)
        elif kind == LET_GO:
            self._request.connection.release(self._request)
        elif kind == ASKED:
            self._rooms.answer_key(self.lane, *unpacked(data))
        elif kind == LEARNED:
            self._rooms.note_lesson(*unpacked(data))
        elif kind == SAID:
            self._rooms.note_lines(unpacked(data))
        elif kind == DONE:
            self._finish(*unpacked(data))
        elif self._flow is not None:
            self._note(kind, unpacked(data), self._flow)

    def _pass_on(self) -> None:
        if not self._done.done() and not self._send():
            self.lane.close()

    def _send(self) -> bool:
        """What has come goes to the client; False where that is gone."""
        client = self._request.connection.transport
        if client is None or client.is_closing():
            return False
        if self._unsent:
            self._begun = True
            client.write(b"".join(self._unsent))
            self._unsent = []
        if client.get_write_buffer_size() > CLIENT_LAGS_BYTES and self._slow is None and self.lane.transport:
            self.lane.transport.pause_reading()
            self._slow = asyncio.get_running_loop().create_task(self._until_drained())
        return True

    async def _until_drained(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._request.connection.drained()
        self._slow = None
        if self.lane.transport is not None:
            self.lane.transport.resume_reading()

    def _note(self, kind: bytes, value: Any, flow: Flow) -> None:
        if kind == BEGAN:
            values, flow.kind = value
            book(flow, values)
            self._rooms.note_routed(flow)
        elif kind == FIRST_BYTE:
            flow.status = 200
            self._rooms.note_first_byte(flow, value)

    def _finish(self, reply: tuple[Any, ...], booked: dict[str, Any], bodies: dict[str, Any], kind: str) -> None:
        if self._flow is not None:
            book(self._flow, {**booked, **bodies, "kind": kind})
        if not self._done.done():
            self._done.set_result(as_reply(reply))


def _pieces(request: Request) -> Iterator[memoryview]:
    """The body, which is let go as it goes out."""
    parts, request.parts = request.parts[::-1], []
    while parts:
        part = memoryview(parts.pop())
        for begin in range(0, len(part), PIECE_BYTES):
            yield part[begin : begin + PIECE_BYTES]


def _started(setup: Setup) -> Room:
    """A new process that waits for requests. Raises OSError."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                # -P keeps the current folder out of the import path
                [sys.executable, "-P", "-m", WORKER, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                cwd=os.sep,
            )
        except OSError:
            ours.close()
            raise
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(packed(setup))  # the environment may name a proxy with its password: not for an argument list
    ours.setblocking(False)
    return Room(process, ours)


def _reaped(room: Room) -> None:
    try:
        room.process.wait(2.0)
    except subprocess.TimeoutExpired:
        room.process.kill()
        room.process.wait()
