"""One connection to an endpoint, and one answer on it: bytes go to whoever wants them in the moment they arrive.

An answer is pulled (`read`) or pushed (`push_to`). Pushing is for streams: the
translator is called from within the read, so a token costs no turn of the
event loop. Whoever does not take stops the reading, and with it the endpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from multidict import CIMultiDict

from ccswitch_tui.proxy.client.http1 import BadAnswer, Body, Unpacker, body_of, head_end, parse_head, unpacker_of

MOST_WAITING_BYTES = 64 * 1024
"""What may lie here unread before the endpoint is held back; 128 slow readers cost 8 MB with it."""

JOINED_BELOW_BYTES = 16 * 1024
"""A request's head and a body up to this size leave as one piece; a larger one is not copied for that."""


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

    def send(self, head: bytes, body: bytes | None, host: str, done: Callable[[Connection], None]) -> Answer:
        """Sends a request. `done` is called when the connection is free for another one."""
        answer = self.answer = Answer(self, host, done)
        if self.transport is None or self.transport.is_closing():
            answer.lost(self._lost_by)  # connection_lost() has been called already, or soon will be for nobody
        elif body is None or len(body) < JOINED_BELOW_BYTES:
            self.transport.write(head + body if body else head)
        else:
            self.transport.writelines((head, body))
        return answer

    def close(self) -> None:
        """Hangs up at once; what was not sent yet is not worth sending."""
        if self.transport is not None:
            self.transport.abort()


class Answer:
    """What comes back for one request. `status` and `headers` are there after `begun()`."""

    __slots__ = (
        "_body", "_connection", "_done", "_fault", "_head", "_keeps_alive", "_over", "_paused", "_pieces", "_silent",
        "_take", "_unpack", "_waiter", "_waiting", "_waiting_bytes", "headers", "host", "status",
    )  # fmt: skip

    def __init__(self, connection: Connection, host: str, done: Callable[[Connection], None]) -> None:
        self.host = host
        self.status = 0
        self.headers: CIMultiDict[str] = CIMultiDict()
        self._connection = connection
        self._done = done
        self._head = b""
        self._body: Body | None = None
        self._unpack: Unpacker | None = None
        self._pieces: Iterator[bytes] = iter(())
        """What is left of a read that is being unpacked."""
        self._keeps_alive = False
        self._waiting: list[bytes] = []
        """Bytes of the body that nobody has taken yet."""
        self._waiting_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._take: Callable[[bytes], bool] | None = None
        self._paused = False
        self._over = False
        self._silent = True
        """Not a byte has come."""
        self._fault: BaseException | None = None

    # ------------------------------------------------------------ the connection's side

    def received(self, data: bytes) -> None:
        """Bytes from the endpoint."""
        try:
            body = self._body
            if body is None:
                data = self._begin(data)
                body = self._body
                if body is None:
                    return
            if data and (data := body.feed(data)):
                if self._take is None:
                    self._keep(data)
                elif not self._take(data):
                    self._take = None
                    self._pause()
                    self._wake()
            if body.complete and not self._over:
                self._complete()
        except BadAnswer as error:
            self._break(Broken(f"the answer is not HTTP: {error}"))
        except BaseException as fault:  # of whoever takes: it is raised where push_to() is awaited
            self._fault, self._take = fault, None
            self._wake()

    def lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        if self._over or self._fault is not None:
            return
        if self._body is not None and error is None and self._body.end():
            self._complete()
        else:
            alert = getattr(error, "reason", None)  # of an ssl.SSLError: such as a client certificate that is wanted
            said = f"the endpoint ended TLS: {alert.lower().replace('_', ' ')}" if isinstance(alert, str) else CLOSED
            self._break(Stale(said) if self._silent else Broken(said))

    def _begin(self, data: bytes) -> bytes:
        """Takes the head; returns what of the body came with it."""
        self._head += data
        self._silent = False
        while True:
            end = head_end(self._head)
            if not end:
                return b""
            head = parse_head(self._head[:end])
            data, self._head = self._head[end:], b""
            if head.status >= 200:
                break
            self._head = data  # 100 Continue, 103 Early Hints: the answer comes after it
        self._unpack = unpacker_of(head.headers)
        self._body = body_of(head)
        self._keeps_alive = head.keeps_alive
        self.status, self.headers = head.status, head.headers
        self._wake()
        return data

    def _keep(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self._pause()
        self._wake()

    def _complete(self) -> None:
        assert self._body is not None
        self._resume()
        self._release(reusable=self._keeps_alive and not self._body.surplus and not self._connection.unsent)

    def _break(self, fault: Exception) -> None:
        self._fault = fault
        self._release(reusable=False)

    def _release(self, *, reusable: bool) -> None:
        self._over = True
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
        except BadAnswer as error:
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
        while self._waiting or self._over or self._unpack is not None:
            data = await self.read()
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
            self._break(Broken("closed by us"))
