"""Bytes from an endpoint to a client: one translation and one write per network read.

A client that leaves cancels this coroutine, and the endpoint's connection is
closed in the same moment. Writing waits for slow clients, and reading then
waits too, so nothing piles up here.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.http11.message import ClientGone, Sent
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.client.connection import Answer, Broken
from ccswitch_tui.proxy.client.upstream import UpstreamError
from ccswitch_tui.proxy.heavy import LONG_READ_BYTES, heavily, is_heavy
from ccswitch_tui.proxy.translator import Translator
from ccswitch_tui.proxy.web.forward import SSE_HEADERS
from ccswitch_tui.proxy.web.reply import PING_AFTER_S, ClientReply, Watch
from ccswitch_tui.translate.failure import Failure

BEGIN_AFTER_S = 60.0
"""An endpoint that has not even sent headers by then reads a long prompt on a slow machine: the answer is begun and
kept alive by pings, because Claude Code gives up at 360 s without headers. A failure after that is an error event."""

TAIL_PATIENCE_S = 0.5
"""After the last event an endpoint may owe the end of its body; once that came, the connection can serve again."""

AFTER_FINISH_S = 2.0
"""After a finish reason only usage can follow; a server that then falls silent without `[DONE]` is done."""


class Background:
    """Small work that nobody waits for, kept alive until it is done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self.problem: str | None = None

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """In this event loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def in_thread(self, work: Callable[[], None]) -> None:
        """In a thread of its own; what a full disk makes of it is kept in `problem`."""

        def guarded() -> None:
            try:
                work()
            except CcswitchError as error:
                self.problem = error.message

        threading.Thread(target=guarded, daemon=True).start()


class Pump:
    """Streams of one proxy."""

    def __init__(self, traffic: Traffic, background: Background) -> None:
        self._traffic = traffic
        self._background = background
        self._watch = Watch()

    async def stream(
        self,
        reply: ClientReply,
        exchange: Flow,
        answer: Answer,
        translator: Translator,
        headers: Mapping[str, str],
        idle_s: float,
    ) -> Sent | Failure:
        """Passes a stream through. A Failure only while the client has not had a byte."""
        source = _Source(answer)
        push = _Push(reply, exchange, translator, lambda first: self._begin(reply, exchange, headers, first))
        exchange.streamed = True
        reply.last_in = reply.now()
        if not reply.begun:
            reply.last_out = reply.last_in
        self._watch.add(reply, translator, idle_s, source.give_up, push.begin_early, PING_AFTER_S)
        try:
            await _pumped(reply, source, translator, push)
            self._watch.remove(reply)
            out = push.unsent + await heavily(translator.held_bytes, translator.finish, source.cause)
            _note(exchange, translator)
            failure: Failure | None = translator.failure
            if failure is not None and not reply.begun:
                return failure
            exchange.returned.add(out)
            if translator.error is None:
                source.ended(self._background)
            if reply.begun:
                return reply.end(out)
            self._begin(reply, exchange, headers, out, whole=True)
            return reply.sent()
        except (asyncio.CancelledError, ClientGone):
            note_usage(exchange, translator.usage)
            exchange.estimated = True  # the endpoint bills what it made until then, and told nobody how much
            raise
        finally:
            self._watch.remove(reply)
            source.close()

    def wait(self, reply: ClientReply, exchange: Flow, translator: Translator) -> None:
        """While headers are waited for: a client that has waited long gets the beginning of its answer."""

        def begin() -> None:
            self._begin(reply, exchange, SSE_HEADERS, translator.commit())

        self._watch.add(reply, translator, float("inf"), lambda: None, begin, BEGIN_AFTER_S)

    def waited(self, reply: ClientReply) -> None:
        """The headers are there, or will not come."""
        self._watch.remove(reply)

    def _begin(
        self, reply: ClientReply, exchange: Flow, headers: Mapping[str, str], first: bytes, *, whole: bool = False
    ) -> None:
        if not reply.begun:
            reply.begin(headers, first, whole=whole)
            exchange.status = 200
            self._traffic.first_byte(exchange, time.monotonic())

    async def collect(self, exchange: Flow, response: Answer, translator: Translator, idle_s: float) -> None:
        """Reads a whole stream into the translator, for a client that wants one message."""
        source = _Source(response)
        try:
            while not source.over and not translator.done:
                try:
                    async with asyncio.timeout(idle_s):
                        data = await source.read()
                except TimeoutError:
                    source.give_up()
                    break
                if data:
                    if is_heavy(data, translator.held_bytes):
                        await asyncio.to_thread(translator.feed, data)
                    else:
                        translator.feed(data)
                    exchange.received.add(data)
            await heavily(translator.held_bytes, translator.finish, source.cause)
            _note(exchange, translator)
            if translator.error is None:
                source.ended(self._background)
        finally:
            source.close()


class _Push:
    """What each read of the endpoint's connection goes through. This is the hot path."""

    __slots__ = (
        "_begin", "_early", "_exchange", "_feed", "_held", "_keep_in", "_keep_out", "_reply", "_room", "_translator",
        "heavy", "slow", "unsent",
    )  # fmt: skip

    def __init__(
        self, reply: ClientReply, exchange: Flow, translator: Translator, begin: Callable[[bytes], None]
    ) -> None:
        self._reply = reply
        self._exchange = exchange
        self._translator = translator
        self._begin = begin
        self._feed = translator.feed
        self._keep_in = exchange.received.parts.append
        self._keep_out = exchange.returned.parts.append
        self._room = exchange.received.room
        self.slow = False
        """The client does not keep up; it must be waited for."""
        self.heavy = b""
        """A read that is not translated here, because that would hold all others for too long."""
        self._held = 0
        """Bytes that wait for the end of their event."""
        self._early = False
        """The beginning was asked for while a thread was at work."""
        self.unsent = b""
        """The end of the answer, for the last write."""

    def __call__(self, data: bytes, out: bytes | None = None) -> bool:
        """Translates and sends; False when there is something to wait for. `out`: the translation, if it is there."""
        reply, translator = self._reply, self._translator
        reply.heard = True
        if out is None:
            if (self._held or len(data) > LONG_READ_BYTES) and is_heavy(data, self._held):
                self.heavy = data
                return False
            out = self._feed(data)
        if self._held or not out:
            self._held = translator.held_bytes
        done = translator.done
        if self._room > 0:
            self._keep(data, b"" if done else out)
        if done:
            self.unsent = out
            return False
        if out:
            if not reply.begun:
                self._begin(out)
                reply.request.drop_body()  # nothing is repeated from here on
            elif reply.send(out):
                self.slow = True
                return False
        return not translator.finished

    async def translate_heavy(self) -> None:
        """In a thread what was not translated at once."""
        data = self.heavy
        out = await asyncio.to_thread(self._feed, data)
        self.heavy = b""
        self(data, out)
        if self._early and not self._reply.begun:
            self.begin_early()

    def _keep(self, data: bytes, out: bytes) -> None:
        """For the traffic view. What comes back is about as long as what came, and shares its room."""
        self._room -= len(data)
        if self._room >= 0:
            self._keep_in(data)
            self._keep_out(out)
        else:
            exchange = self._exchange
            exchange.received.room = exchange.returned.room = self._room + len(data)
            exchange.received.add(data)
            exchange.returned.add(out)

    def begin_early(self) -> None:
        """The endpoint has accepted the request and is silent: a first sign of life."""
        if self.heavy:
            self._early = True
            return
        self._begin(self._translator.commit())


async def _pumped(reply: ClientReply, source: _Source, translator: Translator, push: _Push) -> None:
    """The whole stream through `push`, except what belongs into the last write."""
    while not source.over and not translator.done:
        if translator.finished:
            data = await source.read_last()
            if data:
                push(data)
        else:
            await source.push_to(push)
        if push.heavy:
            await push.translate_heavy()
        if push.slow:
            push.slow = False
            await reply.drained()


class _Source:
    """An endpoint's body, and which end it came to."""

    __slots__ = ("_answer", "_leaving", "cause", "over")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._leaving = False
        self.over = False
        self.cause = "eof"

    async def read(self) -> bytes:
        """What has arrived, all of it; b"" at the end, with `cause` saying which end it was."""
        try:
            data = await self._answer.read()
        except Broken:
            self.broke()
            return b""
        if not data:
            self.over = True
        return data

    async def push_to(self, push: _Push) -> None:
        """Lets the endpoint's reads go through `push` until that has something to wait for, or the body ends."""
        try:
            await self._answer.push_to(push)
        except Broken:
            self.broke()
            return
        if self._answer.at_end:
            self.over = True

    def broke(self) -> None:
        """The connection failed; if we closed it ourselves, the cause is known already."""
        if self.cause == "eof":
            self.cause = "reset"
        self.over = True

    async def read_last(self) -> bytes:
        """What still comes after the finish reason; the end, if that is nothing for a while."""
        try:
            async with asyncio.timeout(AFTER_FINISH_S):
                return await self.read()
        except TimeoutError:
            self.over = True
            return b""

    def give_up(self) -> None:
        """The endpoint was silent for too long."""
        self.cause = "timeout"
        self._answer.close()

    def ended(self, background: Background) -> None:
        """The answer is complete and good: lets the endpoint finish its body, so that the connection serves again."""
        if self.cause == "eof" and not self._answer.at_end:
            self._leaving = True
            background.run(_read_out(self._answer))

    def close(self) -> None:
        """Closes the connection unless the body was read to its end."""
        if not self._leaving:
            self._answer.close()


async def _read_out(answer: Answer) -> None:
    try:
        async with asyncio.timeout(TAIL_PATIENCE_S):
            while await answer.read():
                pass
    except (Broken, TimeoutError):
        pass
    finally:
        answer.close()  # one whose body ended was released before; this closes the others


async def read_limited(answer: Answer, most_bytes: int, idle_s: float) -> bytes:
    """A whole body. Raises UpstreamError when it is too long, breaks, or stops for `idle_s`."""
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            async with asyncio.timeout(idle_s):
                part = await answer.read()
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                raise UpstreamError("reset", f"the answer is longer than {most_bytes // 1024} kB", answer.host)
    except TimeoutError:
        raise UpstreamError("timeout-read", f"the answer stopped for {idle_s:g} s", answer.host) from None
    except Broken:
        raise UpstreamError("reset", "the connection broke in the middle of the answer", answer.host) from None
    finally:
        answer.close()


def _note(exchange: Flow, translator: Translator) -> None:
    note_usage(exchange, translator.usage)
    exchange.stop_reason = translator.stop_reason
    exchange.answered = translator.model
    exchange.stated_cost = translator.cost
    if translator.error is not None:
        exchange.error = f"{translator.error.type}: {translator.error.message}"


def note_usage(exchange: Flow, usage: Mapping[str, Any]) -> None:
    """Token counts of an answer into the books."""
    exchange.input_tokens = usage.get("input_tokens") or 0
    exchange.output_tokens = usage.get("output_tokens") or 0
    exchange.cache_read_tokens = usage.get("cache_read_input_tokens") or 0
    exchange.cache_write_tokens = usage.get("cache_creation_input_tokens") or 0
    exchange.cache_write_1h_tokens = usage.get("ephemeral_1h_input_tokens") or 0
