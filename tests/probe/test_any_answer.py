"""Any bytes from an endpoint end in a report, never in a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ccswitch_tui.probe.classify import read_answer
from ccswitch_tui.probe.diagnose import diagnose
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Target
from ccswitch_tui.probe.hearing import hear
from ccswitch_tui.translate.request import translate_request
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.formats import CHAT as CHAT_WIRE
from ccswitch_tui.wire.formats import RESPONSES, WIRES
from ccswitch_tui.wire.quirks import Quirks

ODD: tuple[Any, ...] = (None, True, 7, -1.5, "text", "", [], ["a"], [[]], {}, {"a": 1}, [None])

FUNCTION = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
CHAT = {
    "id": "c1", "model": "m",
    "choices": [{
        "index": 0, "finish_reason": "tool_calls",
        "message": {
            "role": "assistant", "content": [{"type": "text", "text": "hi"}], "reasoning_content": "think",
            "tool_calls": [{"id": "call_1", "index": 0, "type": "function", "function": FUNCTION}],
        },
    }],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}  # fmt: skip
CHUNK = {
    "id": "c1", "model": "m",
    "choices": [{
        "index": 0, "finish_reason": None,
        "delta": {"content": "hi", "tool_calls": [{"index": 0, "id": "call_1", "function": FUNCTION}]},
    }],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}  # fmt: skip
MESSAGE = {
    "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use",
    "content": [
        {"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "text", "text": "hi"},
        {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}},
    ],
    "usage": {"input_tokens": 3, "output_tokens": 4},
}  # fmt: skip
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1,
     "content_block": {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {}}},
    {"type": "content_block_delta", "index": 1,
     "delta": {"type": "input_json_delta", "partial_json": '{"city":"Paris"}'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
]  # fmt: skip
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "get_weather", "arguments": '{"city":"Paris"}'}
THOUGHT = {
    "type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "t"}],
    "content": [{"type": "reasoning_text", "text": "t"}], "encrypted_content": "gAAA",
}  # fmt: skip
SAID = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}
RESPONSE = {
    "object": "response", "model": "m", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
    "error": None, "output": [THOUGHT, SAID, CALL],
    "usage": {"input_tokens": 3, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 1}},
}  # fmt: skip
AT = {"output_index": 0, "item_id": "x", "content_index": 0}
RESPONSE_EVENTS: list[dict[str, Any]] = [
    {"type": "response.created", "response": {**RESPONSE, "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": SAID},
    {"type": "response.output_text.delta", **AT, "delta": "hi"},
    {"type": "response.content_part.done", **AT, "part": {"type": "output_text", "text": "hi"}},
    {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "summary_index": 0, "delta": "t"},
    {"type": "response.output_item.done", "item": THOUGHT},
    {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"city":'},
    {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": '{"city":"Paris"}'},
    {"type": "response.output_item.done", "output_index": 2, "item": CALL},
    {"type": "response.completed", "response": {"status": "completed", "output": [SAID, CALL], "usage": None}},
]
FAILED: list[dict[str, Any]] = [
    {"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error", "message": "no"}}},
    {"type": "error", "code": "x", "message": "no", "param": None},
]
ERROR = {"error": {"message": "no", "type": "invalid_request_error", "code": "x", "param": "y"}}
LIST = {"object": "list", "data": [{"id": "m", "object": "model", "meta": {"n_ctx_train": 4}, "context_length": 8}]}

SHAPES: dict[str, tuple[str, list[Any]]] = {
    "chat": ("openai-chat", [CHAT]),
    "chat-stream": ("openai-chat", [CHUNK, CHUNK]),
    "message": ("anthropic", [MESSAGE]),
    "message-stream": ("anthropic", EVENTS),
    "response": ("openai-responses", [RESPONSE]),
    "response-stream": ("openai-responses", RESPONSE_EVENTS),
    "response-failed": ("openai-responses", FAILED),
    "error": ("openai-chat", [ERROR]),
    "list": ("openai-chat", [LIST]),
}
"""Shape → its format and documents; several documents are a stream."""


def mutated(value: Any) -> Iterator[Any]:
    """`value` with one field changed or missing, in every way."""
    yield from ODD
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {k: v for k, v in value.items() if k != key}
            yield from ({**value, key: other} for other in mutated(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in mutated(inner))


def bodies(shape: str) -> Iterator[str]:
    _, documents = SHAPES[shape]
    for documents_now in mutated(documents):
        if not isinstance(documents_now, list):
            continue
        if len(documents) == 1:
            yield json.dumps(documents_now[0] if documents_now else None)
        else:
            events = []
            for document in documents_now:
                kind = document.get("type") if isinstance(document, dict) else None
                name = f"event: {kind}\n" if isinstance(kind, str) else ""
                events.append(f"{name}data: {json.dumps(document)}\n\n")
            yield "".join(events)


def exchange(rung: str, wire: Any, body: str, status: int = 200) -> Exchange:
    asked = "" if rung == "models" else '{"stream":true,"tool_choice":"x"}'
    url = "https://api.example.com/v1/models" if rung == "models" else "https://api.example.com/v1/chat/completions"
    method = "GET" if rung == "models" else "POST"
    return Exchange(1, rung, method, url, auth="bearer", request_body=asked, model="m", wire=wire, status=status,
                    asks=frozenset(["stream", "forced-call"] if asked else []),
                    body=body, body_bytes=len(body), reads=1)  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_with_one_odd_field_is_read(shape: str) -> None:
    wire, _ = SHAPES[shape]
    for body in bodies(shape):
        for status in (200, 400) if shape == "error" else (200,):
            assert read_answer(exchange("message", wire, body, status)).kind


@pytest.mark.parametrize("shape", SHAPES)
def test_an_endpoint_that_always_answers_with_one_odd_field_gets_its_report(shape: str) -> None:
    wire, _ = SHAPES[shape]
    spoken: Any = wire
    target = Target("odd", "https://api.example.com/v1", wire=spoken, models={"default": "m"})
    rungs = ("http", "models") if shape == "list" else ("message", "stream", "tools", "parallel", "json", "translate")
    for number, body in enumerate(bodies(shape)):
        if number % 5:
            continue  # a fifth of them: the readers have seen all above, the judges see their kinds here
        heard = [exchange(rung, wire, body)._replace(id=n) for n, rung in enumerate(rungs, 1)]
        assert diagnose(target, heard, ladder="full").sentence


@pytest.mark.parametrize("shape", [shape for shape, (_, documents) in SHAPES.items() if shape != "list"])
def test_neither_the_probe_nor_the_proxy_stumbles_over_one_odd_field(shape: str) -> None:
    spoken: Any = RESPONSES if shape.startswith("response") else CHAT_WIRE
    asked = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    for body in bodies(shape):
        for wire in WIRES:
            hear(wire, body)
        machine = StreamTranslator(translate_request(asked, model="m", quirks=Quirks(), wire=spoken))
        machine.feed(body.encode())
        machine.finish()
        assert not [notice for notice in machine.notices if "stumbled" in notice.text], body


def test_a_delta_that_is_a_bare_text_is_a_finding_and_no_crash() -> None:
    body = 'data: {"choices":[{"index":0,"delta":"1 "}]}\n\ndata: [DONE]\n\n'
    assert read_answer(exchange("stream", "openai-chat", body)).kind
