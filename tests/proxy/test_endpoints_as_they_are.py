"""What the proxy does for endpoints that are not what they say: streams that fail or lose things, refusals of native
requests, models that write calls as text."""

from __future__ import annotations

from typing import Any

from proxy_client import BODY, KEY, call, profile, proxy_for
from scripted_endpoint import Act, Connection, Received, ScriptedEndpoint, chat_chunk, chat_text, native_stream, refuse

TOOL = {"name": "Bash", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}}
SESSION = {"x-claude-code-session-id": "one"}


def by_stream(streamed: Act, whole: Act) -> Act:
    def act(connection: Connection, received: Received) -> None:
        (streamed if received.json().get("stream") else whole)(connection, received)

    return act


def whole(message: dict[str, Any]) -> Act:
    return refuse(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def chunks(*events: bytes) -> Act:
    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        for event in (*events, b"data: [DONE]\n\n"):
            connection.chunk(event)
        connection.end_stream()

    return act


def test_where_streams_lose_everything_the_whole_answer_is_asked_for() -> None:
    empty = chunks(chat_chunk({"role": "assistant"}), chat_chunk({}, "stop"))
    with (
        ScriptedEndpoint(by_stream(empty, whole({"role": "assistant", "content": "here"}))) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        first, second = call(proxy, headers=SESSION), call(proxy, headers=SESSION)
    assert (first.text, second.text) == ("here", "here")
    assert [bool(r.json().get("stream")) for r in endpoint.requests] == [True, False, False]


def test_an_answer_with_nothing_in_it_is_no_success() -> None:
    empty = chunks(chat_chunk({"role": "assistant"}), chat_chunk({}, "stop"))
    with (
        ScriptedEndpoint(by_stream(empty, whole({"role": "assistant", "content": ""}))) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        answer = call(proxy)
    assert answer.status == 502
    assert b"without any content" in answer.body


def test_where_every_stream_fails_the_second_time_the_whole_answer_is_asked_for() -> None:
    broken = refuse(500, {"error": {"message": "Something went wrong"}})
    with (
        ScriptedEndpoint(by_stream(broken, whole({"role": "assistant", "content": "here"}))) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        assert call(proxy, headers=SESSION).status == 500
        assert call(proxy, headers=SESSION).text == "here"
        assert call(proxy, headers=SESSION).text == "here"
    assert [bool(r.json().get("stream")) for r in endpoint.requests] == [True, True, False, False]


def test_one_server_error_says_nothing_about_streams() -> None:
    broken = refuse(500, {"error": {"message": "Something went wrong"}})
    with (
        ScriptedEndpoint(broken, chat_text("ok"), broken, chat_text("ok")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        assert [call(proxy).status for _ in range(4)] == [500, 200, 500, 200]
    assert all(r.json().get("stream") for r in endpoint.requests)


def test_thinking_that_nothing_opened_teaches_the_next_answer() -> None:
    said = (
        chat_chunk({"content": "The user greets.\n"}),
        chat_chunk({"content": "</think>\n\nHello!"}),
        chat_chunk({}, "stop"),
    )
    with ScriptedEndpoint(chunks(*said)) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1")) as proxy:
        first, second = call(proxy, headers=SESSION), call(proxy, headers=SESSION)
        notices = proxy.traffic.recent()[1].notices
    assert "</think>" not in first.text
    assert second.text == "Hello!"
    assert any("thinks_first" in notice for notice in notices)


def test_a_model_that_writes_its_calls_as_text_is_told_to_the_user() -> None:
    written = 'I look.\n<tool_call>\n{"name": "Bash", "arguments": {"command": "ls"}}\n</tool_call>'
    with ScriptedEndpoint(chat_text(written)) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1")) as proxy:
        call(proxy, body={**BODY, "tools": [TOOL]})
        assert any("writes its tool calls as text" in notice for notice in proxy.traffic.recent()[0].notices)


def test_a_native_endpoint_that_refuses_thinking_is_asked_without_it() -> None:
    words = "Failed to process thinking request: extended thinking requires a model that supports reasoning"

    def act(connection: Connection, received: Received) -> None:
        refused = refuse(400, {"type": "error", "error": {"type": "invalid_request_error", "message": words}})
        (refused if "thinking" in received.json() else native_stream())(connection, received)

    asked = {**BODY, "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}
    with (
        ScriptedEndpoint(act) as endpoint,
        proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy,
    ):
        assert [call(proxy, body=asked, headers=SESSION).status for _ in range(2)] == [200, 200]
        assert "learned drop_fields" in str(proxy.traffic.recent()[1].notices)
    assert ["thinking" in r.json() for r in endpoint.requests] == [True, False, False]


def test_a_native_refusal_is_passed_on_without_the_key_and_a_full_context_as_one() -> None:
    def told(status: int, words: str) -> Act:
        return refuse(status, {"type": "error", "error": {"type": "api_error", "message": words}})

    key = KEY.reveal()
    full = "the request exceeds the available context size (8192 tokens)"
    with (
        ScriptedEndpoint(told(403, f"bad key {key}"), told(500, full), told(503, "the widget is gone")) as endpoint,
        proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy,
    ):
        masked, overflow, plain = (call(proxy) for _ in range(3))
    assert key.encode() not in masked.body
    assert b"bad key" in masked.body
    assert overflow.status == 400
    assert b"prompt is too long" in overflow.body
    assert (plain.status, b"the widget is gone" in plain.body) == (503, True)


def test_a_blank_text_that_a_native_endpoint_refuses_is_left_out_and_the_lesson_undone() -> None:
    blank = {**BODY, "messages": [{"role": "user", "content": [{"type": "text", "text": t} for t in ("x", " ")]}]}
    words = "messages: text content blocks must contain non-whitespace text"
    refused = refuse(400, {"type": "error", "error": {"type": "invalid_request_error", "message": words}})
    with (
        ScriptedEndpoint(refused, *[native_stream()] * 3) as endpoint,
        proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy,
    ):
        for session in ("one", "one", "two"):
            assert call(proxy, body=blank, headers={"x-claude-code-session-id": session}).status == 200
        assert "forgot the lesson blank_text" in str(proxy.traffic.recent()[0].notices)
    assert [len(r.json()["messages"][0]["content"]) for r in endpoint.requests] == [2, 1, 1, 2]


def test_two_answers_to_the_same_request_have_two_ids() -> None:
    with ScriptedEndpoint(chat_text("ok")) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1")) as proxy:
        bodies = [call(proxy).body for _ in range(2)]
    assert len({body.partition(b'"id":"')[2][:28] for body in bodies}) == 2


def test_a_lesson_is_undone_when_the_endpoint_takes_what_it_has_refused() -> None:
    body = {**BODY, "temperature": 0.2}
    refused = refuse(400, {"error": {"message": "temperature is not supported by this model"}})
    with (
        ScriptedEndpoint(refused, *[chat_text("ok")] * 4) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        for session in ("one", "one", "two", "one"):
            assert call(proxy, body=body, headers={"x-claude-code-session-id": session}).text == "ok"
        assert "forgot the lesson sampling" in str(proxy.traffic.recent()[1].notices)
    assert ["temperature" in r.json() for r in endpoint.requests] == [True, False, False, True, True]
