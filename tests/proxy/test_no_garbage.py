"""A request that is over leaves nothing to the garbage collector: a cycle would keep its megabytes for minutes."""

from __future__ import annotations

import collections
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from proxy_client import BODY, call, profile, proxy_for
from scripted_endpoint import ScriptedEndpoint, chat_chunk, chat_text, cut_after, native_stream, refuse

from kit.net import wait_until

HEAVY = {"Translation", "StreamTranslator", "NativeStream", "Call", "Attempt", "ClientReply", "Answer", "bytes"}
"""What holds on to a request's or an answer's data."""


@contextmanager
def garbage() -> Iterator[collections.Counter[str]]:
    """Counts by type what only the collector would have freed."""
    found: collections.Counter[str] = collections.Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(type(o).__name__ for o in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


tool = chat_chunk(
    {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "Read", "arguments": '{"file_path":"a"}'}}]}
)


def tool_call(connection: Any, received: Any) -> None:
    connection.start_stream()
    connection.chunk(tool + chat_chunk({}, "tool_calls") + b"data: [DONE]\n\n")
    connection.end_stream()


@pytest.mark.parametrize(
    ("wire", "act", "stream"),
    [
        ("openai-chat", chat_text("hello"), True),
        ("openai-chat", chat_text("hello"), False),
        ("openai-chat", tool_call, True),
        ("openai-chat", cut_after(chat_chunk({"content": "a"}), how="reset"), True),
        ("openai-chat", refuse(500, b"oops"), True),
        ("anthropic", native_stream(), True),
    ],
    ids=["stream", "message", "call", "reset", "error", "native"],
)
def test_an_answered_request_is_freed_at_once(wire: str, act: Any, stream: bool) -> None:
    body = {**BODY, "stream": stream, "tools": [{"name": "Read", "input_schema": {"type": "object"}}]}
    with ScriptedEndpoint(*[act] * 8) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1", wire=wire)) as proxy:
        call(proxy, body=body)
        with garbage() as left:
            for _ in range(3):
                call(proxy, body=body)
            wait_until(lambda: not proxy.traffic.running, 5, "the end of all requests")
    assert not HEAVY & set(left), left
