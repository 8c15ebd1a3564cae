"""Large or dense answers are read in a thread, to the same end; what no model writes is refused."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from proxy_client import BODY, call, profile, proxy_for
from scripted_endpoint import CHAT_END, Act, ScriptedEndpoint, chat_chunk, chat_text

from ccswitch_tui.proxy import heavy, pump
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.density import MOST_VALUES, is_dense
from ccswitch_tui.wire.sse import LONGEST_EVENT_BYTES

TOOL = {"name": "note", "input_schema": {"type": "object", "properties": {"rows": {"type": "array"}}}}


def sends(*pieces: bytes) -> Act:
    def act(connection: Any, request: Any) -> None:
        connection.start_stream()
        for piece in pieces:
            connection.chunk(piece)
        connection.end_stream()

    return act


def called(arguments: str) -> bytes:
    function = {"name": "note", "arguments": arguments}
    return chat_chunk({"tool_calls": [{"index": 0, "id": "c1", "function": function}]})


ANSWERS = {
    "a long text": (chat_chunk({"content": "word " * 100_000}), CHAT_END),
    "words": (*(chat_chunk({"content": f"{i} "}) for i in range(300)), CHAT_END),
    "dense arguments": (called(json.dumps({"rows": [[]] * 20_000})), chat_chunk({}, "tool_calls"), CHAT_END),
    "a cut event": (chat_chunk({"content": "word " * 100_000})[:-200],),
}


def answered(pieces: tuple[bytes, ...], *, stream: bool) -> Any:
    body = {**BODY, "stream": stream, "tools": [TOOL]}
    with ScriptedEndpoint(sends(*pieces)) as endpoint, proxy_for(profile(endpoint.origin + "/v1")) as proxy:
        answer = call(proxy, body=body)
    if not stream or answer.status != 200:
        return answer.status, {**answer.json(), "id": ""}
    blocks: dict[int, str] = {}
    for event in answer.events:  # how texts are cut depends on how they arrive
        delta = event.get("delta", {})
        text = delta.get("text", "") + delta.get("partial_json", "")
        blocks[event.get("index", -1)] = blocks.get(event.get("index", -1), "") + text
    kinds = [event["type"] for event in answer.events if event["type"] not in ("content_block_delta", "ping")]
    return blocks, kinds, answer.events[-2:]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", ANSWERS)
def test_what_a_thread_reads_is_what_is_read_here(kind: str, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    here_alone = lambda data, held: False  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(pump, "is_heavy", here_alone)
        here = answered(ANSWERS[kind], stream=stream)
    monkeypatch.setattr(pump, "LONG_READ_BYTES", 0)
    monkeypatch.setattr(pump, "is_heavy", lambda data, held: True)
    monkeypatch.setattr(heavy, "LONG_BYTES", 0)
    assert answered(ANSWERS[kind], stream=stream) == here


@pytest.mark.parametrize("kind", ["a long text", "dense arguments"])
def test_the_event_loop_does_not_read_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[int, bool]] = []
    feed = StreamTranslator.feed

    def noted(self: StreamTranslator, data: bytes) -> bytes:
        before = self.held_bytes
        out = feed(self, data)
        reads.append((before + len(data) if out else 0, threading.current_thread().name == "ccswitch-proxy"))
        return out

    monkeypatch.setattr(StreamTranslator, "feed", noted)
    answered(ANSWERS[kind], stream=True)
    assert max(size for size, _ in reads) > 60_000
    assert max((size for size, in_loop in reads if in_loop), default=0) < heavy.LONG_BYTES / 4


def test_plain_events_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    events = b"".join(chat_chunk({"content": f"word, {i} [and] more"}) for i in range(400))
    assert not is_dense(events)
    assert not heavy.is_heavy(events[: heavy.LONG_READ_BYTES * 4], 0)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "event",
    [
        chat_chunk({"content": "a", "rows": [[]] * MOST_VALUES}),
        chat_chunk({"content": "a" * 2 * LONGEST_EVENT_BYTES}),
        json.dumps({"choices": [], "rows": [[]] * MOST_VALUES}).encode(),
    ],
    ids=["values", "length", "a body of values"],
)
def test_what_no_model_writes_is_refused(event: bytes, stream: bool) -> None:
    with (
        ScriptedEndpoint(sends(event, CHAT_END), chat_text("well")) as endpoint,
        proxy_for(profile(endpoint.origin + "/v1")) as proxy,
    ):
        refused, next_one = call(proxy, body={**BODY, "stream": stream}), call(proxy)
    assert refused.status == 502
    assert next_one.text == "well"
