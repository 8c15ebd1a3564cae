"""One connection to an endpoint, and one answer on it: bytes go to whoever wants them in the moment they arrive.

An answer is pulled (`read`) or pushed (`push_to`). Pushing is for streams: the
translator is called from within the read, so a token costs no turn of the
event loop. Whoever does not take stops the reading, and with it the endpoint.

llhttp reads, and reads strictly. What it refuses before any of the body was
used, h11 is asked about, which the probe reads with: bare line feeds, folded
headers, a padded chunk size, the same length twice. So the proxy serves what
the probe calls good, and both refuse what says two different things.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ccswitch_tui.http11.headers import NO_HEADERS, Headers, first_fields
from ccswitch_tui.http11.parsers import HttpParserError, HttpParserUpgrade, HttpResponseParser, words_of
from ccswitch_tui.http11.unpack import BadCoding, Unpacker, unpacker_of
from ccswitch_tui.wire.pieces import size_of

MOST_WAITING_BYTES = 64 * 1024
"""What may lie here unread before the endpoint is held back; 128 slow readers cost 8 MB with it."""

PUSHED_BYTES = 32 * 1024
"""What is pushed at once; of a larger read the rest waits a turn of the loop. An endpoint that floods would otherwise
hold up everybody else's streams for as long as 256 kB of the smallest events take."""

JOINED_BELOW_BYTES = 16 * 1024
"""A request's head and a body up to this size leave as one piece; a larger one is not copied for that."""

LONGEST_HEAD = 64 * 1024
"""Bytes of status line and headers."""

MOST_INTERIM = 32
"""Interim answers (100, 103) before the answer: nobody sends more than a few, and each costs."""

CLOSED = "the connection was closed before the answer was complete"


class Broken(ConnectionError):
    """The connection ended, or what came was not HTTP, before the answer was complete."""


class Stale(Broken):
    """The connection ended before a byte of an answer came: it may have been dead already when the request was sent."""


class Connection(asyncio.Protocol):
    """A connection that carries one answer after another."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.answer: Answer | None = None
        self.idle_since = 0.0
        self._lost_by: Exception | None = None

    @property
    def alive(self) -> bool:
        """It can be written to."""
        return self.transport is not None and not self.transport.is_closing()

    @property
    def unsent(self) -> bool:
        """Part of a request has not gone out: an answer that comes before that refuses it."""
        return self.transport is not None and self.transport.get_write_buffer_size() > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # asyncio's stubs say less than they know

    def data_received(self, data: bytes) -> None:
        if self.answer is not None:
            # after resume_reading() the event loop of Windows hands over a bytearray, which is no key of a table
            self.answer.received(data if type(data) is bytes else bytes(data))
        else:
            self.close()  # nobody asked: a 408 before the server hangs up must not become the next request's answer

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._lost_by = exc
        if self.answer is not None:
            self.answer.lost(exc)

    def send(self, head: bytes, body: Sequence[bytes], host: str, done: Callable[[Connection], None]) -> Answer:
        """Sends a request. `done` is called when the connection is free for another one."""
        answer = self.answer = Answer(self, host, done)
        if self.transport is None or self.transport.is_closing():
            answer.lost(self._lost_by)  # connection_lost() has been called already, or soon will be for nobody
        elif size_of(body) < JOINED_BELOW_BYTES:
            self.transport.write(b"".join((head, *body)))
        else:
            self.transport.writelines((head, *body))
        return answer

    def close(self) -> None:
        """Hangs up at once; what was not sent yet is not worth sending."""
        if self.transport is not None:
            self.transport.abort()


class Answer:
    """What comes back for one request. `status` and `headers` are there after `begun()`."""

    __slots__ = (
        "_barren", "_complete", "_connection", "_done", "_fault", "_fields", "_fresh", "_good", "_interim",
        "_is_interim", "_keeps_alive", "_over", "_parser", "_paused", "_pieces", "_replay", "_stopped", "_surplus",
        "_take", "_unpack", "_until_close", "_waiter", "_waiting", "_waiting_bytes", "headers", "host", "on_body",
        "status",
    )  # fmt: skip

    def __init__(self, connection: Connection, host: str, done: Callable[[Connection], None]) -> None:
        self.host = host
        self.status = 0
        self.headers: Headers = NO_HEADERS
        self._connection = connection
        self._done = done
        self._fresh: list[bytes] = []
        """What this read has brought of the body."""
        self.on_body = self._fresh.append
        self._good = 0
        """So many pieces of it came before the end of the answer."""
        self._fields: list[tuple[bytes, bytes]] = []
        self._replay: bytes | None = b""
        """All that came, as long as h11 may still be asked about it."""
        self._barren = 0
        """Bytes that came without any of a body."""
        self._interim = 0
        self._is_interim = False
        self._parser: Any = HttpResponseParser(self)
        self._unpack: Unpacker | None = None
        self._pieces: Iterator[bytes] = iter(())
        """What is left of a read that is being unpacked."""
        self._keeps_alive = False
        self._until_close = False
        """The end of the connection ends the body."""
        self._complete = False
        self._surplus = False
        """Something came after the answer: this connection is not to be trusted with another request."""
        self._waiting: list[bytes] = []
        """Bytes of the body that nobody has taken yet."""
        self._waiting_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._take: Callable[[bytes], bool] | None = None
        self._stopped = False
        """Whoever takes has had enough for now."""
        self._paused = False
        self._over = False
        self._fault: BaseException | None = None

    # ------------------------------------------------------------ the connection's side

    def received(self, data: bytes) -> None:
        """Bytes from the endpoint."""
        if self._replay is not None:
            self._replay += data
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            pass  # _refuses() has seen it
        except HttpParserError as error:
            if not self._complete and not self._over:
                self._ask_again(error)
        if self._over:
            return
        fresh = self._fresh
        if self._surplus:
            del fresh[self._good :]
        if fresh:
            self._replay, self._barren = None, 0
            data = fresh[0] if len(fresh) == 1 else b"".join(fresh)
            fresh.clear()
            self._give(data)
        else:
            self._barren += len(data)
            if self._barren > LONGEST_HEAD:
                self._refuse(f"it goes on for {LONGEST_HEAD // 1024} kB without a word of its body")
        if self._complete and not self._over:
            self._end()

    def _give(self, data: bytes) -> None:
        take = self._take
        if take is None or len(data) > PUSHED_BYTES:
            self._take = None
            self._keep(data)
            return
        try:
            if not take(data):
                self._take, self._stopped = None, True
                self._pause()
                self._wake()
        except BaseException as fault:  # of whoever takes: it is raised where push_to() is awaited
            self._fault, self._take = fault, None
            self._wake()

    def _ask_again(self, error: Exception) -> None:
        """Lets h11 read what llhttp refused."""
        from ccswitch_tui.http11 import by_h11  # here: hardly any answer needs it

        said, self._replay = self._replay, None
        if said is None or not said.startswith(b"HTTP/1.") or isinstance(self._parser, by_h11.HttpResponseParser):
            self._refuse(words_of(error).lower())
            return
        self.status = 0
        self._fields.clear()
        self._fresh.clear()
        self._parser = by_h11.HttpResponseParser(self)
        try:
            self._parser.feed_data(said)
        except by_h11.HttpParserError:
            self._refuse(words_of(error).lower())

    def _refuse(self, why: str) -> None:
        self._break(Broken(f"the answer is not HTTP: {why}"))

    def lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        if self._over or self._fault is not None:
            return
        if self._until_close and error is None:
            self._end()
            return
        alert = getattr(error, "reason", None)  # of an ssl.SSLError: such as a client certificate that is wanted
        said = f"the endpoint ended TLS: {alert.lower().replace('_', ' ')}" if isinstance(alert, str) else CLOSED
        silent = not self._barren and not self.status
        self._break(Stale(said) if silent else Broken(said))

    # ------------------------------------------------------------ the parser's side

    def on_message_begin(self) -> None:
        self._surplus = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        if self._complete or self._over:
            return
        parser = self._parser
        status = parser.get_status_code()
        self._is_interim = status < 200
        why = self._refuses(status, parser.get_http_version())
        if why:
            self._refuse(why)
        elif not self._is_interim:
            self._begin(status)

    def _refuses(self, status: int, version: str) -> str:
        """Why this is no answer for us; "" if it is one."""
        if version not in ("1.1", "1.0"):
            return f"it says HTTP/{version}"
        if status == 101:
            return "it changes to another protocol"
        self._interim += self._is_interim
        return f"there are more than {MOST_INTERIM} interim answers" if self._interim > MOST_INTERIM else ""

    def _begin(self, status: int) -> None:
        headers = self.headers = first_fields(self._fields)
        coding = headers.get("Transfer-Encoding").lower()
        sized, chunked = "Content-Length" in headers, coding.endswith("chunked")
        self._until_close = status not in (204, 304) and not sized and not chunked
        # where both are said, somebody on the way may have believed the other one (RFC 9112, section 6.3)
        self._keeps_alive = self._parser.should_keep_alive() and not (sized and coding)
        try:
            self._unpack = unpacker_of(headers.get("Content-Encoding")) if "Content-Encoding" in headers else None
        except BadCoding as error:
            self._break(Broken(f"the answer cannot be read: {error}"))
            return
        self.status = status
        self._wake()

    def on_message_complete(self) -> None:
        if self._is_interim:
            self._is_interim = False
            self._replay = None
            self._fields.clear()
        elif not self._complete:
            self._complete = True
            self._good = len(self._fresh)

    # ------------------------------------------------------------ what has come

    def _keep(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self._pause()
        self._wake()

    def _end(self) -> None:
        if self._paused:
            self._resume()
        self._release(reusable=self._keeps_alive and not self._surplus and not self._connection.unsent)

    def _break(self, fault: Exception) -> None:
        self._fault = fault
        self._release(reusable=False)

    def _release(self, *, reusable: bool) -> None:
        self._over = True
        self._parser = None  # it knows this answer, and a circle would stay for long
        connection = self._connection
        connection.answer = None
        if not reusable:
            connection.close()
        self._done(connection)
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _pause(self) -> None:
        if not self._paused and self._connection.transport is not None:
            self._paused = True
            self._connection.transport.pause_reading()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if self._connection.transport is not None:
                self._connection.transport.resume_reading()

    # ------------------------------------------------------------ the reader's side

    async def begun(self, patience_s: float) -> None:
        """Waits for the head. Raises Broken, or TimeoutError after `patience_s`."""
        timer = self._connection.loop.call_later(patience_s, self._too_late)
        try:
            while not self.status:
                if self._fault is not None:
                    raise self._raised()
                await self._wait()
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()

    def _too_late(self) -> None:
        if not self.status and self._fault is None:
            self._fault = TimeoutError()
            self._wake()

    async def read(self) -> bytes:
        """All that has arrived, b"" at the end. Raises Broken."""
        if self._unpack is None:
            return await self._read()
        try:
            while not (piece := next(self._pieces, b"")):
                data = await self._read()
                if not data:
                    self._unpack = None
                    return b""
                self._pieces = self._unpack(data)
            return piece
        except BadCoding as error:
            self.close()
            raise Broken(f"the answer cannot be read: {error}") from None

    async def _read(self) -> bytes:
        while not self._waiting:
            if self._fault is not None:
                raise self._raised()
            if self._over:
                return b""
            self._resume()
            await self._wait()
        return self._taken()

    async def push_to(self, take: Callable[[bytes], bool]) -> None:
        """Gives what arrives to `take` as it comes, until that returns False or the body ends.

        Raises Broken, and whatever `take` raises.
        """
        self._stopped = False
        while not self._stopped:
            while self._waiting or self._over or self._unpack is not None:
                data = await self._next()
                if not data or not take(data):
                    return
            self._take = take
            self._resume()
            try:
                await self._wait()
            finally:
                self._take = None
            if self._fault is not None:
                raise self._raised()

    def _raised(self) -> BaseException:
        """The fault, as a new exception: one that is kept here and raised would hold on to this answer in a circle."""
        fault = self._fault
        self._fault = Broken(*fault.args) if isinstance(fault, Broken) else Broken("the answer was given up")
        assert fault is not None
        return fault

    def _taken(self) -> bytes:
        waiting = self._waiting
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        waiting.clear()
        self._waiting_bytes = 0
        return data

    async def _next(self) -> bytes:
        if self._unpack is not None or self._waiting_bytes <= PUSHED_BYTES:
            return await self.read()
        await asyncio.sleep(0)
        data = self._taken()
        self._waiting.append(data[PUSHED_BYTES:])
        self._waiting_bytes = len(data) - PUSHED_BYTES
        return data[:PUSHED_BYTES]

    async def _wait(self) -> None:
        self._waiter = self._connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    @property
    def at_end(self) -> bool:
        """The body has come whole and was taken."""
        return self._over and self._fault is None and not self._waiting and self._unpack is None

    def close(self) -> None:
        """Closes the connection unless the body came whole."""
        if not self._over:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._break(Broken("closed by us"))
