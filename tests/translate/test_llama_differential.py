"""Differential: one Messages request to llama.cpp's own Messages API, and through our proxy to its other two wires.

Independent translations of one format in front of one model. What must agree:
block structure, stop reason, the words (the model is asked for its likeliest ones),
and how tokens are counted. No limit is below 16, the least the Responses API takes.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from translate_kit import rebuilt

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.secret import Secret
from ccswitch_tui.wire.anthropic import read_events, violations
from ccswitch_tui.wire.formats import CHAT, RESPONSES
from kit.llama import LlamaServer

pytestmark = pytest.mark.real
TOKEN = "local-token-of-this-test"


@pytest.fixture(params=[CHAT, RESPONSES])
def ours(llama_server: LlamaServer, request: pytest.FixtureRequest) -> Iterator[str]:
    profile = Profile(
        name="llama",
        endpoint=Endpoint(base_url=llama_server.base_url, wire=request.param),
        key=SecretRef("env", "LLAMA_KEY"),
        models=ModelTiers(default=llama_server.model),
        quirks={"top_k": True},
    )
    key = Secret(llama_server.key)
    with EmbeddedProxy({"llama": profile}, lambda _: key, token=Secret(TOKEN), root_profile="llama") as proxy:
        yield f"http://127.0.0.1:{proxy.port}"


def ask(origin: str, key: str, **fields: Any) -> tuple[int, bytes]:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 20, "temperature": 0, "top_k": 1, **fields}
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}
    request = urllib.request.Request(f"{origin}/v1/messages", json.dumps(body).encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def message_of(raw: bytes) -> dict[str, Any]:
    return rebuilt(read_events(raw)) if raw.startswith(b"event:") else json.loads(raw)


def shape(message: dict[str, Any]) -> dict[str, Any]:
    usage = message["usage"]
    return {
        "blocks": [block["type"] for block in message["content"]],
        "text": "".join(block.get("text", "") for block in message["content"]),
        "stop_reason": message["stop_reason"],
        "prompt": usage["input_tokens"] + (usage.get("cache_read_input_tokens") or 0),
        "output": usage["output_tokens"],
    }


HELLO = {"role": "user", "content": "Say hello."}
SYSTEM = "You are a terse assistant."
CASES: dict[str, dict[str, Any]] = {
    "text": {"messages": [HELLO]},
    "system": {"messages": [HELLO], "system": SYSTEM},
    "history": {
        "messages": [HELLO, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Again."}],
        "system": SYSTEM,
    },
    "cut": {"messages": [{"role": "user", "content": "Count from one to one hundred in words."}], "max_tokens": 16},
    "blocks": {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}],
        "system": [{"type": "text", "text": SYSTEM}],
    },
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_both_translations_tell_the_same(case: str, stream: bool, ours: str, llama_server: LlamaServer) -> None:
    fields = {**CASES[case], "stream": stream}
    native_status, native = ask(llama_server.origin, llama_server.key, **fields)
    our_status, through = ask(ours, TOKEN, **fields)
    assert native_status == our_status == 200
    assert shape(message_of(through)) == shape(message_of(native))
    if stream:
        assert violations(through) == []


def test_a_stop_string_ends_both(ours: str, llama_server: LlamaServer) -> None:
    """llama.cpp names the string that matched in its own Messages API only; chat completions says "stop"."""
    fields = {
        "messages": [{"role": "user", "content": "Repeat after me: alpha beta gamma"}],
        "stop_sequences": ["beta"],
    }
    native = message_of(ask(llama_server.origin, llama_server.key, **fields)[1])
    through = message_of(ask(ours, TOKEN, **fields)[1])
    assert shape(native)["text"] == shape(through)["text"]
    assert {native["stop_reason"], through["stop_reason"]} <= {"stop_sequence", "end_turn"}


def test_a_conversation_that_is_too_long_is_told_in_the_words_the_client_knows(
    ours: str, llama_server: LlamaServer
) -> None:
    fields = {"messages": [{"role": "user", "content": "word " * 20_000}]}
    for stream in (True, False):
        status, through = ask(ours, TOKEN, **fields, stream=stream)
        assert status == 400
        assert json.loads(through)["error"]["message"].startswith("prompt is too long: ")
        assert ask(llama_server.origin, llama_server.key, **fields, stream=stream)[0] == 400


def test_counts_come_near_the_models_own_after_one_answer(ours: str, llama_server: LlamaServer) -> None:
    words = " ".join(f"word{i} is a part of sentence number {i}." for i in range(40))
    fields = {"messages": [{"role": "user", "content": words}]}
    ask(ours, TOKEN, **fields)
    body = json.dumps({"model": "claude-sonnet-4-5", **fields}).encode()
    told = []
    for origin, key in ((ours, TOKEN), (llama_server.origin, llama_server.key)):
        headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
        request = urllib.request.Request(f"{origin}/v1/messages/count_tokens", body, headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            told.append(json.loads(answer.read())["input_tokens"])
    assert abs(told[0] - told[1]) < 0.1 * told[1]
