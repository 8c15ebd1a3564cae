"""What a token costs, counted instead of timed: writes, calls, turns of the event loop, bytes that are kept."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from scripted_endpoint import chat_chunk

from ccswitch_tui.proxy.books.flow import ANSWER_BYTES, Flow
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.client.connection import Answer, Connection
from ccswitch_tui.proxy.pump import _Push
from ccswitch_tui.proxy.web.reply import ClientReply
from ccswitch_tui.translate.memory import Memory
from ccswitch_tui.translate.request import translate_request
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.quirks import Quirks

ASKED = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}


class Transport(asyncio.Transport):
    """Takes everything at once and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.reading = True

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def abort(self) -> None:
        """Nothing."""


class Request:
    version = (1, 1)
    keep_alive = True

    def __init__(self) -> None:
        self.transport = Transport()
        self.connection = self

    def drop_body(self) -> None:
        """Nothing."""


class Stream:
    """An endpoint's connection, pushed through the translator to a client, without a network."""

    def __init__(self) -> None:
        self.connection = Connection(asyncio.get_running_loop())
        self.connection.connection_made(Transport())
        self.answer: Answer = self.connection.send(b"", [], "h", lambda free: None)
        self.exchange: Flow = Traffic().begin(at=0.0, started=0.0, profile="work")
        request = Request()
        self.client = request.transport
        reply = ClientReply(request)  # type: ignore[arg-type]
        translator = StreamTranslator(translate_request(ASKED, model="m", quirks=Quirks()))
        self.push = _Push(reply, self.exchange, translator, lambda first: reply.begin({}, first))

    async def started(self) -> Stream:
        self.connection.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.pushing = asyncio.ensure_future(self.answer.push_to(self.push))
        await asyncio.sleep(0)
        for word in ("one", "two"):
            self.arrives(chat_chunk({"content": word}))
        return self

    def arrives(self, data: bytes) -> None:
        self.connection.data_received(b"%x\r\n%b\r\n" % (len(data), data))


def calls(work: Callable[[], object]) -> int:
    """Python functions that are called meanwhile."""
    count = 0

    def profile(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count - 1


async def test_a_token_is_sent_from_within_the_read_in_one_write_and_a_handful_of_calls() -> None:
    stream = await Stream().started()
    before = len(stream.client.writes)
    event = chat_chunk({"content": "three"})
    made = calls(lambda: stream.arrives(event))
    assert len(stream.client.writes) == before + 1
    assert b'"text":"three"' in stream.client.writes[-1]
    assert made <= 13, "five of them are this test's own"
    stream.pushing.cancel()


async def test_all_events_of_a_read_leave_in_one_write() -> None:
    stream = await Stream().started()
    before = len(stream.client.writes)
    stream.arrives(b"".join(chat_chunk({"content": f"{number} "}) for number in range(100)))
    assert len(stream.client.writes) == before + 1
    assert b"99 " in stream.client.writes[-1]
    stream.pushing.cancel()


async def test_a_long_answer_leaves_no_more_than_its_beginning() -> None:
    stream = await Stream().started()
    for _ in range(5000):
        stream.arrives(chat_chunk({"content": "some words of an answer "}))
    for body in (stream.exchange.received, stream.exchange.returned):
        assert 1000 < len(body.kept()) <= ANSWER_BYTES
    stream.pushing.cancel()


def test_a_turn_that_was_translated_before_is_not_translated_again() -> None:
    history: list[Any] = [{"role": "user", "content": "go"}]
    for number in range(40):
        call = {"type": "tool_use", "id": f"t{number}", "name": "Read", "input": {"file_path": "a"}}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "text"}
        history += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    body = {**ASKED, "tools": [{"name": "Read", "input_schema": {"type": "object"}}], "messages": history}
    memory = Memory()

    def translate() -> None:
        translate_request(body, model="m", quirks=Quirks(), memory=memory).prepare()

    first, again = calls(translate), calls(translate)
    assert again < first / 4
