"""The demo provider behaves like an OpenAI-compatible server, and misbehaves as its faults say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ccswitch_tui.demo.faults import FAULTS
from ccswitch_tui.demo.provider import DemoProvider

TOOL = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def provider() -> Iterator[DemoProvider]:
    with DemoProvider(patience_s=0.3) as running:
        yield running


def ask(
    provider: DemoProvider, prompt: str = "hello", *, fault: str = "", key: str | None = None, **more: Any
) -> httpx.Response:
    body = {"model": "demo-large", "messages": [{"role": "user", "content": prompt}], **more}
    base_url = provider.base_url_with(fault) if fault else provider.base_url
    bearer = provider.key.reveal() if key is None else key
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return httpx.post(f"{base_url}/chat/completions", json=body, headers=headers, timeout=5, trust_env=False)


def deltas(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]


def said(answer: httpx.Response) -> dict[str, Any]:
    return answer.json()["choices"][0]["message"]


def test_a_plain_prompt_gets_a_friendly_answer_with_usage(provider: DemoProvider) -> None:
    answer = ask(provider)
    assert said(answer)["content"].startswith("Hello from the demo provider")
    assert answer.json()["usage"]["total_tokens"] > 10


def test_a_stream_says_the_same_as_the_whole_answer(provider: DemoProvider) -> None:
    streamed = ask(provider, stream=True, stream_options={"include_usage": True})
    pieces = [choice["delta"].get("content") or "" for chunk in deltas(streamed) for choice in chunk["choices"]]
    assert "".join(pieces) == said(ask(provider))["content"]
    assert deltas(streamed)[-1]["usage"]["prompt_tokens"] > 0
    assert streamed.text.endswith("data: [DONE]\n\n")


def test_markers_lead_through_tool_calls_one_a_turn(provider: DemoProvider) -> None:
    prompt = '@@TOOL get_weather {"city": "Oslo @@ by the sea"}@@ @@TOOL get_time {}@@ @@SAY all done@@'
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    names = []
    for _ in range(2):
        message = said(ask(provider, messages=messages, tools=[TOOL, WEATHER]))
        call = message["tool_calls"][0]
        names.append((call["function"]["name"], json.loads(call["function"]["arguments"])))
        messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": "fine"}]
    assert names == [("get_weather", {"city": "Oslo @@ by the sea"}), ("get_time", {})]
    assert said(ask(provider, messages=messages, tools=[TOOL, WEATHER]))["content"] == "all done"


def test_parallel_calls_come_in_one_turn_with_ids_of_their_own(provider: DemoProvider) -> None:
    prompt = '@@PARALLEL get_weather {"city": "Oslo"} get_weather {"city": "Bergen"}@@'
    calls = said(ask(provider, prompt, tools=[WEATHER]))["tool_calls"]
    assert [json.loads(call["function"]["arguments"])["city"] for call in calls] == ["Oslo", "Bergen"]
    assert len({call["id"] for call in calls}) == 2


def test_a_streamed_call_arrives_in_fragments_that_make_the_whole(provider: DemoProvider) -> None:
    prompt = '@@TOOL get_weather {"city": "Sankt Pölten an der Traisen"}@@'
    chunks = deltas(ask(provider, prompt, tools=[WEATHER], stream=True))
    calls = [call for chunk in chunks for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])]
    assert len(calls) > 2
    whole = "".join(call["function"].get("arguments", "") for call in calls)
    assert json.loads(whole) == {"city": "Sankt Pölten an der Traisen"}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_forced_tool_is_called_with_arguments_that_fit_its_schema(choice: Any, provider: DemoProvider) -> None:
    message = said(ask(provider, "What is the weather? Use get_weather.", tools=[TOOL, WEATHER], tool_choice=choice))
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"city": "example"}


def test_structured_output_fits_the_schema(provider: DemoProvider) -> None:
    schema = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "t", "schema": schema}}
    assert json.loads(said(ask(provider, response_format=wanted))["content"]) == {"title": "example"}


def test_a_second_prompt_after_a_script_gets_an_answer_of_its_own(provider: DemoProvider) -> None:
    messages = [
        {"role": "user", "content": "@@SAY first@@"},
        {"role": "assistant", "content": "first"},
        {"role": "user", "content": "hello again"},
    ]
    assert said(ask(provider, messages=messages))["content"].startswith("Hello")


@pytest.mark.parametrize(
    ("key", "code"), [("", None), ("sk-example-wrong-key-00000", "invalid_api_key")], ids=["no key", "wrong key"]
)
def test_it_needs_its_key_and_never_repeats_one(key: str, code: str | None, provider: DemoProvider) -> None:
    answer = ask(provider, key=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert not key or key not in answer.text


def test_an_unknown_model_is_a_404_that_names_it(provider: DemoProvider) -> None:
    answer = ask(provider, model="gpt-example")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": []},
        {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "x"}]},
        {"tools": []},
        {"context_management": {}},
        {"tools": [{"type": "function", "function": {"name": "n" * 65}}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
        {"messages": [3]},
        {"messages": [{"role": "user", "content": 7}], "tools": [4]},
    ],
)
def test_it_is_strict_about_bodies(wrong: dict[str, Any], provider: DemoProvider) -> None:
    assert ask(provider, **wrong).status_code == 400


def test_the_models_are_listed_with_their_windows(provider: DemoProvider) -> None:
    headers = {"authorization": f"Bearer {provider.key.reveal()}"}
    listed = httpx.get(f"{provider.base_url}/models", headers=headers, trust_env=False).json()["data"]
    assert {entry["id"]: entry["context_length"] for entry in listed}["demo-small"] == 32_768


SPOILS_OTHER_REQUESTS = {
    "call-0", "interleaved", "broken-arguments", "tools-as-text", "ignores-tools", "one-call", "no-tools",
    "no-parallel", "no-models", "other-models", "small-context", "small-body", "no-null-content",
    "max-completion-tokens", "max-tokens-8192", "slow", "drip", "hang", "endless",
}  # fmt: skip
"""Faults that show with tools, long prompts, certain parameters, in the list of models, or in the pace."""


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - SPOILS_OTHER_REQUESTS))
def test_a_fault_spoils_a_plain_streamed_answer(fault: str, provider: DemoProvider) -> None:
    sound = ask(provider, stream=True, stream_options={"include_usage": True})
    try:
        spoilt = ask(provider, fault=fault, stream=True, stream_options={"include_usage": True})
    except httpx.HTTPError:
        return
    assert (spoilt.status_code, spoilt.text) != (sound.status_code, sound.text)


def test_a_client_that_leaves_is_noticed() -> None:
    with DemoProvider(pace_s=0.01) as provider:
        url, headers = (
            f"{provider.base_url_with('endless')}/chat/completions",
            {"authorization": f"Bearer {provider.key.reveal()}"},
        )
        body = {"model": "demo-large", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        with httpx.stream("POST", url, json=body, headers=headers, trust_env=False) as answer:
            next(answer.iter_lines())
        for _ in range(100):
            if provider.disconnects:
                break
            time.sleep(0.02)
        assert provider.disconnects == 1


def test_it_ends_with_its_block_even_while_it_hangs() -> None:
    before = threading.active_count()
    with DemoProvider() as provider, pytest.raises(httpx.ReadTimeout):
        url, headers = (
            f"{provider.base_url_with('hang')}/chat/completions",
            {"authorization": f"Bearer {provider.key.reveal()}"},
        )
        body = {"model": "demo-large", "messages": [{"role": "user", "content": "hello"}]}
        httpx.post(url, json=body, headers=headers, timeout=0.2, trust_env=False)
    assert threading.active_count() == before


def test_what_was_asked_is_kept_without_the_key(provider: DemoProvider) -> None:
    ask(provider, "remember me")
    assert provider.requests[-1].body["messages"][0]["content"] == "remember me"
    assert provider.key.reveal() not in repr(provider.requests)


def test_the_same_models_speak_the_messages_api(provider: DemoProvider) -> None:
    anthropic = pytest.importorskip("anthropic")
    client = anthropic.Anthropic(base_url=provider.native_url, api_key=provider.key.reveal(), max_retries=0)
    prompt = '@@TOOL get_weather {"city": "Oslo  by the sea"}@@ @@SAY sunny@@'
    tools = [{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]
    with client.messages.stream(
        model="demo-large", max_tokens=99, tools=tools, messages=[{"role": "user", "content": prompt}]
    ) as stream:
        first = stream.get_final_message()
    assert (first.stop_reason, first.content[-1].input) == ("tool_use", {"city": "Oslo  by the sea"})
    result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": "fine"}
    second = client.messages.create(
        model="demo-large",
        max_tokens=99,
        tools=tools,
        messages=[
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ],
    )
    assert second.content[0].text == "sunny"
