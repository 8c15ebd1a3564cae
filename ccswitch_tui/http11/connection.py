"""The server's side of one connection: requests are read whole, answered one after the other, and refused early.

What can be refused before the body comes is refused then, and the connection
closed once the client has had time to read why (a reset would take the answer
away from it: RFC 9112, section 9.6). A client that leaves cancels its answer at
once. A body of known length goes past the parser: nothing in it is HTTP.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from ccswitch_tui.http11.budget import SMALL_BYTES
from ccswitch_tui.http11.headers import read_fields
from ccswitch_tui.http11.message import ClientGone, Reply, Request, Response
from ccswitch_tui.http11.parsers import HttpParserError, HttpParserUpgrade, HttpRequestParser, words_of

if TYPE_CHECKING:
    from ccswitch_tui.http11.application import Keeper

HEAD_BYTES = 32 * 1024
"""Request line and headers; Claude Code's take one kB."""

TOO_LONG = 431, f"the headers are larger than {HEAD_BYTES // 1024} kB"

MOST_FIELDS = 256

LINGER_S = 5.0
FRESH_S = 1.0

LINGER_BYTES = 64 * 1024 * 1024
"""A client that was refused early may still be sending: so long, and so much, is taken and thrown away."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

NEVER = float("inf")


class ServerConnection(asyncio.Protocol):
    """One client's connection."""

    __slots__ = (
        "_blocked", "_closes", "_head_bytes", "_left", "_lingers", "_parser", "_paused", "_read_bytes", "_ready",
        "_request", "_server", "_task", "_upgrades", "_waiter", "_waits", "deadline", "fresh_until", "is_one_too_many",
        "loop", "transport",
    )  # fmt: skip

    def __init__(self, server: Keeper) -> None:
        self._server = server
        self.loop = server.loop
        self.transport: asyncio.Transport | None = None
        self.deadline = NEVER
        """When patience with this client ends."""
        self._parser: HttpRequestParser | None = None
        self._request: Request | None = None
        """The one that is being read."""
        self._head_bytes = self._read_bytes = 0
        self._left = 0
        """Bytes of its body that go past the parser."""
        self._upgrades = False
        """It asks for another protocol, which makes the parser stop before its body."""
        self._waits = False
        """There is no room for its body yet."""
        self._ready: deque[Request] = deque()
        """Read whole, and not yet answered."""
        self._task: asyncio.Task[None] | None = None
        self._closes = False
        """No request after those that are there."""
        self.fresh_until = 0.0
        """Who has just come has something to ask, and is not idle."""
        self.is_one_too_many = False
        """Its first request is refused: all others are busy, and more would leave no files for endpoints."""
        self._lingers = 0
        """Bytes that may still come and are thrown away; 0: it is read as usual."""
        self._paused = False
        self._blocked = False
        self._waiter: asyncio.Future[None] | None = None

    # ------------------------------------------------------------ the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        now = self.loop.time()
        self.deadline = now + self._server.idle_s
        self.fresh_until = now + FRESH_S
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._server.connections.discard(self)
        if self._task is not None:
            self._task.cancel()
        for request in (self._request, *self._ready):
            if request is not None:
                self.release(request)
        self._request, self._parser = None, None
        self._ready.clear()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def drained(self) -> None:
        """Waits until the client has taken what was written. Raises ConnectionError if it left."""
        if self._blocked and self.transport is not None:
            self._waiter = self.loop.create_future()
            await self._waiter
        if self.transport is None:
            raise ConnectionResetError

    def data_received(self, data: bytes) -> None:
        if self._lingers:
            self._linger(len(data))
            return
        if self._left:
            data = self._take_raw(data)
        if data and not self._closes:
            self._parse(data)
        if self._task is not None and (self._request is not None or self._ready):
            self._pause()  # a client that sends more before it has its answer

    def _parse(self, data: bytes) -> None:
        if self._parser is None:
            self._parser = HttpRequestParser(self)
        self._read_bytes = self._head_bytes + len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as found:  # to a protocol that is not spoken here: read on as if nothing was said
            self._parser = None
            if not self._closes:
                self._past_upgrade(data[found.args[0] :])
        except HttpParserError as error:
            if not self._closes:
                self._refuse(400, f"this is not HTTP/1.1: {words_of(error).lower()}")
            return
        request = self._request
        if request is None or self._closes:
            return
        if self._head_bytes >= 0:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(*TOO_LONG)
        elif request.length is not None:
            self._left = request.length - request.size
            self._parser = None

    # ------------------------------------------------------------ the parser's side

    def on_message_begin(self) -> None:
        self._request = None if self._closes else Request(self)
        self._head_bytes = 0
        self._patience(self._server.idle_s)

    def on_url(self, part: bytes) -> None:
        if self._request is not None:
            self._request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        request = self._request
        if request is None or self._head_bytes < 0:
            return  # a trailer: nobody asked for one
        request.raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        request, parser = self._request, self._parser
        if request is None or parser is None:
            return
        self._head_bytes = -1
        self._upgrades = parser.should_upgrade()
        fault = TOO_LONG if self._read_bytes > HEAD_BYTES and _is_long(request) else _read_head(request, parser)
        if fault is not None:
            self._refuse(*fault)
            return
        if self.is_one_too_many:
            self._refuse_with(self._server.app.crowded())
            return
        server = self._server
        if request.length and request.length > server.app.most_body_bytes:
            self._refuse(413, "")
            return
        refusal = server.app.admit(request)
        if refusal is None:
            self._expect_body(request)
        elif request.length == 0:
            request.refusal = refusal
        else:
            self._refuse_with(refusal)

    def _expect_body(self, request: Request) -> None:
        if request.length == 0:
            return
        expected = request.headers.get("Expect").lower()
        if expected not in ("", "100-continue"):
            self._refuse(417, "nothing but 100-continue can be expected here")
            return
        self._patience(self._server.body_s)
        size = request.length or 0
        if self._server.budget.take(size):
            request.reserved = size
            if expected:
                self._ask_for_body()
        elif size > SMALL_BYTES:
            self._waits = True
            self._server.budget.wait(size, self._has_room)
            self._patience(self._server.room_s)
            self._pause()
        else:
            self._no_room()

    def _has_room(self) -> None:
        """The budget has taken the waiting request's bytes."""
        request = self._request
        assert request is not None
        self._waits = False
        request.reserved = request.length or 0
        self._patience(self._server.body_s)
        if "Expect" in request.headers and not request.size:
            self._ask_for_body()
        self._resume()

    def _ask_for_body(self) -> None:
        if self.transport is not None and self._task is None:
            self.transport.write(CONTINUE)

    def _patience(self, seconds: float) -> None:
        if self._task is None:
            self.deadline = self.loop.time() + seconds

    def on_body(self, data: bytes) -> None:
        request = self._request
        if request is None:
            return
        request.parts.append(data)
        request.size += len(data)
        if request.length is None:
            self._check_size(request, len(data))

    def _check_size(self, request: Request, more: int) -> None:
        """A body that did not say how long it is may not be longer than one that did."""
        if request.size > self._server.app.most_body_bytes:
            self._refuse(413, "")
        elif self._server.budget.take(more):
            request.reserved += more
        else:
            self._no_room()

    def on_message_complete(self) -> None:
        request = self._request
        if request is not None and self._upgrades and request.length:
            return
        self._request = None
        self._head_bytes = 0
        if request is not None:
            self._closes = not request.keep_alive
            self._is_whole(request)

    def _take_raw(self, data: bytes) -> bytes:
        """A read of a body whose end is known; returns what comes after it."""
        request = self._request
        assert request is not None
        left = self._left - len(data)
        if left >= 0:
            request.parts.append(data)
            self._left = left
            rest = b""
        else:
            request.parts.append(data[:left])
            rest = data[left:]
            self._left = 0
        if not self._left:
            request.size = request.length or 0
            self.on_message_complete()
        return rest

    def _past_upgrade(self, rest: bytes) -> None:
        """llhttp ends a message that asks for another protocol before its body."""
        self._upgrades = False
        if self._request is not None:
            self._left = self._request.length or 0
            rest = self._take_raw(rest) if rest else b""
        if rest:
            self._parse(rest)

    # ------------------------------------------------------------ answers

    def _is_whole(self, request: Request) -> None:
        self._ready.append(request)
        if self._task is None:
            self._next()

    def _next(self) -> None:
        """Answers the next request that is there; reads on when there is none."""
        while self._ready and self.transport is not None:
            request = self._ready.popleft()
            if request.refusal is None:
                self.deadline = NEVER
                self._task = self.loop.create_task(self._answer(request))
                return
            self._finish(request, request.refusal)
        if not self._waits:
            self._resume()

    async def _answer(self, request: Request) -> None:
        answer: Reply | None = None
        try:
            answer = await self._server.app.answer(request)
        except ClientGone:
            pass
        finally:
            self._task = None
            self.release(request)
            if answer is None and self.transport is not None:
                self.transport.abort()  # it was cancelled, or the client is gone
        if self.transport is not None and answer is not None:
            self._finish(request, answer)
            self._next()

    def _finish(self, request: Request, answer: Reply) -> None:
        """Writes an answer that is not yet out; after it the connection waits, or ends."""
        transport, server = self.transport, self._server
        assert transport is not None
        keeps = request.keep_alive and not server.ending and not (self._closes and not self._ready)
        if isinstance(answer, Response):
            transport.write(answer.encoded(keep_alive=keeps, with_body=request.method != "HEAD"))
        else:
            keeps = keeps and answer.keep_alive
        self.deadline = self.loop.time() + server.idle_s
        self.fresh_until = 0.0
        if keeps:
            return
        if self._lingers and not self._ready:
            transport.write_eof()
            self._resume()
            self.deadline = self.loop.time() + LINGER_S
        else:
            transport.close()

    def _refuse(self, status: int, message: str) -> None:
        self._refuse_with(self._server.app.refusal(status, message))

    def _refuse_with(self, refusal: Response) -> None:
        """The request that is being read goes no further, and none comes after it on this connection."""
        request = self._request or Request(self)
        self._request, self._parser, self._left = None, None, 0
        self.release(request)
        request.parts.clear()
        request.refusal = refusal
        request.keep_alive = False
        self._closes = True
        self._lingers = LINGER_BYTES
        self._is_whole(request)

    def _no_room(self) -> None:
        self._refuse_with(self._server.app.overloaded())

    def _linger(self, size: int) -> None:
        self._lingers -= size
        if self._lingers <= 0 and self.transport is not None:
            self.transport.abort()

    def release(self, request: Request) -> None:
        """Its body takes no memory any more."""
        held, request.reserved = request.reserved, 0
        if held:
            self._server.let_go(held)
        elif self._waits:
            self._waits = False
            self._server.budget.give_up(self._has_room)

    # ------------------------------------------------------------ the server's side

    @property
    def busy(self) -> bool:
        """A request is on its way, or its answer."""
        return self._task is not None or self._request is not None or bool(self._ready)

    def out_of_patience(self) -> None:
        """`deadline` has passed."""
        if self._lingers:
            self.cancel()
        elif self._request is None or self._head_bytes >= 0:
            self.close()
        elif self._waits:
            self._no_room()
        else:
            self._refuse(408, "the request's body did not arrive in time")

    def cancel(self) -> asyncio.Task[None] | None:
        """Ends at once, whatever is under way."""
        task = self._task
        if self.transport is not None:
            self.transport.abort()
        if task is not None:
            task.cancel()
        return task

    def turn_away(self) -> None:
        """Says that there is no room, and hangs up unheard: waiting for the request would take a file."""
        if self.transport is not None:
            self._closes = True
            self.transport.write(self._server.app.crowded().encoded(keep_alive=False))
            self.transport.close()

    def close(self) -> None:
        """Hangs up when what was written has gone out."""
        if self.transport is not None:
            self.transport.close()

    def _pause(self) -> None:
        if not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()


def _is_long(request: Request) -> bool:
    return len(request.target) + sum(len(name) + len(value) for name, value in request.raw_headers) > HEAD_BYTES


def _read_head(request: Request, parser: HttpRequestParser) -> tuple[int, str] | None:
    """Takes over what the parser found; status and words for what HTTP/1.1 does not allow, or nobody does."""
    version = parser.get_http_version()
    if version not in ("1.1", "1.0"):
        return 505, "this proxy speaks HTTP/1.1"
    if len(request.raw_headers) > MOST_FIELDS:
        return 431, f"there are more than {MOST_FIELDS} headers"
    headers = request.headers = read_fields(request.raw_headers)
    request.version = (1, 1) if version == "1.1" else (1, 0)
    request.method = parser.get_method().decode("latin-1")
    if request.method == "CONNECT":
        return 405, "this proxy opens no tunnels"
    if "," in headers.get("Host"):
        return 400, "there is more than one Host header"
    coding = headers.get("Transfer-Encoding").lower()
    if coding:
        if request.version < (1, 1) or coding != "chunked" or "Upgrade" in headers or "Content-Length" in headers:
            return 400, "the only transfer coding is chunked, in HTTP/1.1 and without a length"
        request.length = None
    else:
        request.length = int(headers.get("Content-Length") or 0)
    request.keep_alive = request.version == (1, 1) and "close" not in headers.get("Connection").lower()
    return _read_target(request)


def _read_target(request: Request) -> tuple[int, str] | None:
    target = request.target.decode("latin-1").partition("#")[0]
    if not target.startswith("/"):
        _, slashes, rest = target.partition("://")
        if not slashes:  # OPTIONS *
            request.path = target
            return None
        authority, slash, path = rest.partition("/")
        request.headers["Host"] = authority  # RFC 9112, section 3.2.2: it counts, and not the header
        target = slash + path if slash else "/"
    request.path, _, request.query_string = target.partition("?")
    return None
