"""Corners of the wires that no list of ours had: written down from the rules first, and then tried.

A table a kind, one test a table. Sources: public documentation of the servers named, and siblings of what they send.
"""

# ruff: noqa: E501  (a row stays in one line)

from __future__ import annotations

import json
from typing import Any

from test_other_clothes import data, heard
from translate_kit import (
    BASH,
    DONE,
    READ,
    Answer,
    assistant,
    call_chunk,
    chunk,
    piece,
    text,
    tool_result,
    tool_use,
    translated,
    user,
)

from ccswitch_tui.translate.failure import Failure
from ccswitch_tui.translate.request import translate_request
from ccswitch_tui.translate.response import translate_response
from ccswitch_tui.translate.tokens import estimate_tokens
from ccswitch_tui.wire.formats import FORMATS
from ccswitch_tui.wire.quirks import quirks_from

Json = dict[str, Any]
STOPS: Json = {"stop_sequences": ["END"]}
STOP, CALLED = chunk({}, "stop"), chunk({}, "tool_calls")
LS = [("Bash", {"command": "ls"})]


def ended(**beside: Any) -> bytes:
    """A last chunk with more in its choice."""
    return data({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", **beside}]})


SAID: list[tuple[list[bytes], str, str, Json]] = [
    # reads, text, stop reason, fields of the request
    ([chunk({"content": [{"type": "refusal", "refusal": "I cannot"}]}), STOP, DONE], "I cannot", "refusal", {}),
    ([chunk({"content": "hi"}), ended(matched_stop=["END"]), DONE], "hi", "stop_sequence", STOPS),
    ([chunk({"content": "hi"}), ended(stopping_word="END", stop_type="word"), DONE], "hi", "stop_sequence", STOPS),
    ([chunk({"content": "hi"}), chunk({}, "stop", stopping_word="END"), DONE], "hi", "stop_sequence", STOPS),
    ([chunk({"content": "hi"}), chunk({}, "stop", stopping_word=""), DONE], "hi", "end_turn", STOPS),
    ([chunk({"content": "hi"}), b"[DONE]\n"], "hi", "end_turn", {}),
    ([data({"choices": [{"index": 1, "delta": {"content": "X"}}]}), chunk({"content": "other"}), data({"choices": [{"index": 1, "delta": {"content": "Y"}, "finish_reason": "stop"}]}), DONE], "XY", "end_turn", {}),
    ([chunk({"content": [{"type": "text", "text": "see "}, {"type": "image_url", "image_url": {"url": "https://i.example/a.png"}}]}), STOP, DONE], "see \n![image](https://i.example/a.png)\n", "end_turn", {}),
]  # fmt: skip


def test_what_is_said_in_a_corner_is_heard() -> None:
    for reads, said, stop, fields in SAID:
        answer = heard(*reads, **fields)
        assert (answer.text, answer.machine.stop_reason) == (said, stop), reads


def test_the_name_of_a_call_may_come_after_its_arguments() -> None:
    early = call_chunk(piece('{"command":', call_id="a")), call_chunk(piece('"ls"}'))
    answer = heard(*early, call_chunk(piece("", name="Bash")), CALLED, DONE)
    assert answer.calls == LS


def test_thinking_that_is_only_white_space_is_none() -> None:
    for reads in (
        [chunk({"content": "<think>\n\n</think>\n\nYes"})],
        [chunk({"reasoning_content": "\n"}), chunk({"reasoning_content": "\n"}), chunk({"content": "Yes"})],
    ):
        assert [(block["type"], block.get("text")) for block in heard(*reads, STOP, DONE).blocks] == [("text", "Yes")]
    kept = heard(
        chunk({"reasoning_content": "\n"}), chunk({"reasoning_content": "So."}), chunk({"content": "Yes"}), STOP, DONE
    )
    assert kept.thinking == "\nSo."


def test_an_error_in_xml_keeps_its_words_under_any_status() -> None:
    failure = translate_response(
        b"<?xml version='1.0'?><Error><Message>the bucket is gone</Message></Error>", translated()
    )
    assert isinstance(failure, Failure)
    assert "the bucket is gone" in failure.message


ERRORS: list[Json] = [
    {"internalServerException": {"message": "boom inside"}},  # Bedrock's event stream behind a façade
    {"throttlingException": {"message": "boom inside"}},
    {"Response": {"Error": {"Code": "InternalError", "Message": "boom inside"}, "RequestId": "x"}},  # Tencent Cloud
    {"type": "urn:inference-service:problem-details:internal-server-error", "title": "Internal Server Error", "status": 500, "detail": "boom inside"},
    {"type": "about:blank", "title": "boom inside", "status": 502},
]  # fmt: skip


def test_an_error_of_any_vendor_keeps_its_words_at_any_place() -> None:
    for error in ERRORS:
        for before in ([], [chunk({"content": "half"})]):
            failure = Answer(*before, data(error), tools=[BASH]).machine.error
            assert failure is not None, error
            assert "boom inside" in failure.message, (error, failure.message)


WITHOUT_A_STATUS: list[tuple[int, Json]] = [
    (402, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    (401, {"error": {"message": "Invalid API key"}}),
    (529, {"error": "the server is busy"}),
    (502, {"error": "the load balancer failed"}),
]


def test_an_error_that_names_no_status_is_sorted_by_its_words() -> None:
    for status, body in WITHOUT_A_STATUS:
        failure = translate_response(json.dumps(body).encode(), translated())
        assert isinstance(failure, Failure)
        assert failure.status == status, body


def test_what_follows_a_whole_answer_is_its_counts_or_nothing() -> None:
    whole = json.dumps({"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]})
    counts = json.dumps({"usage": {"prompt_tokens": 20, "completion_tokens": 5}})
    for body in (f"{whole}\n<!-- served by x -->", f"{whole}\n{counts}"):
        message = translate_response(body.encode(), translated())
        assert isinstance(message, dict), body
        assert [block["text"] for block in message["content"]] == ["hi"]
        assert message["usage"]["input_tokens"] == 20 or counts not in body
    assert isinstance(translate_response(whole[:-20].encode(), translated()), Failure)


def test_what_should_be_an_object_may_be_a_text() -> None:
    calls = json.dumps([{"id": "a", "function": {"name": "Bash", "arguments": '{"command":"ls"}'}}])
    body = {"choices": [{"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}]}
    message = translate_response(json.dumps(body).encode(), translated(tools=[BASH]))
    assert isinstance(message, dict)
    assert [(b["name"], b["input"]) for b in message["content"]] == LS
    assert message["stop_reason"] == "tool_use"
    message = translate_response(b'{"choices":[{"message":"hi","finish_reason":"stop"}]}', translated())
    assert isinstance(message, dict)
    assert [block["text"] for block in message["content"]] == ["hi"]


# ---------------------------------------------------------------- the Responses API


def final(**fields: Any) -> Json:
    return {
        "type": "response.completed",
        "response": {"object": "response", "status": "completed", "output": [], **fields},
    }


CALL_ITEM: Json = {"type": "function_call", "id": "fc", "call_id": "c", "name": "Bash", "arguments": '{"command":"ls"}'}
EVENTS: list[tuple[list[Json], str, list[Any], str]] = [
    # events, text, calls, words of an error
    ([{"type": "response.output_text.delta", "output_index": 0, "delta": {"text": "hi"}}, final()], "hi", [], ""),
    ([final(output_text="hi")], "hi", [], ""),
    ([{"type": "response.output_text.delta", "output_index": 0, "delta": "hi"}, final(output_text="hi")], "hi", [], ""),
    ([final(output=[{"role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}])], "hi", [], ""),
    ([{"type": "response.output_item.added", "output_index": 0, "item": {**CALL_ITEM, "name": "", "arguments": ""}},
      {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"command":"ls"}'},
      {"type": "response.output_item.done", "output_index": 0, "item": CALL_ITEM}, final()], "", LS, ""),
    ([{"type": "response.created", "response": {"status": "failed", "error": {"code": "server_error", "message": "boom inside"}}}], "", [], "boom inside"),
    ([{"type": "response.output_item.done", "output_index": 0, "item": {"type": "custom_tool_call", "name": "Bash", "input": "ls"}}, final()], "", [], "without a schema"),
]  # fmt: skip


def test_events_of_the_responses_api_in_corners() -> None:
    from ccswitch_tui.translate.stream import StreamTranslator
    from ccswitch_tui.wire.anthropic import read_events

    for events, said, calls, words in EVENTS:
        body = {"model": "m", "max_tokens": 100, "stream": True, "tools": [BASH], "messages": [user("x")]}
        machine = StreamTranslator(translate_request(body, model="m", quirks=quirks_from({}), wire="openai-responses"))
        out = b"".join(machine.feed(data(event)) for event in events) + machine.finish()
        told = read_events(out)
        deltas = [event["delta"] for event in told if event["type"] == "content_block_delta"]
        assert "".join(delta.get("text", "") for delta in deltas) == said, events
        given = "".join(delta.get("partial_json", "") for delta in deltas)
        assert ([("Bash", json.loads(given))] if given else []) == calls, events
        assert (machine.error is None) == (not words), events
        assert words in (machine.error.message if machine.error else ""), events


def test_a_call_id_of_an_earlier_turn_is_renamed_where_the_wire_looks_calls_up() -> None:
    turns = [user("x")]
    for answer in ("one", "two"):
        turns += [assistant(tool_use("t1", "Read")), user(tool_result("t1", answer))]
    body = {"model": "m", "max_tokens": 100, "tools": [READ], "messages": turns}
    sent = {}
    for wire in ("openai-chat", "openai-responses"):
        quirks = quirks_from(FORMATS[wire].facts)  # type: ignore[index]
        sent[wire] = json.loads(translate_request(body, model="m", quirks=quirks, wire=wire).encoded())  # type: ignore[arg-type]
    items = [item for item in sent["openai-responses"]["input"] if "call_id" in item]
    ids = [item["call_id"] for item in items]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert [item.get("output") for item in items] == [None, "one", None, "two"]
    results = [m for m in sent["openai-chat"]["messages"] if m["role"] == "tool"]
    assert [m["tool_call_id"] for m in results] == ["t1", "t1"], "what an endpoint gave goes back to it as it was"


# ---------------------------------------------------------------- requests


def test_a_picture_comes_as_one_address_however_the_client_wrote_its_data() -> None:
    for given in ("AAAABBBB", "AAAA\nBBBB", "AAAA\r\nBBBB\n", "data:image/png;base64,AAAABBBB"):
        block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": given}}
        part = translated(user(text("see"), block)).body["messages"][-1]["content"][-1]
        assert part["image_url"]["url"] == "data:image/png;base64,AAAABBBB"


def test_a_result_in_the_models_own_turn_is_a_result() -> None:
    sent = translated(user("x"), assistant(tool_use("t1", "Read"), tool_result("t1", "found")), user("go on")).body
    assert [m["content"] for m in sent["messages"] if m["role"] == "tool"] == ["found"]
    foreign = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    sent = translated(user("x"), assistant(foreign, tool_result("s1", "found"), text("so")), user("go on")).body
    assert "found" in str(sent["messages"])


def test_the_schema_of_an_answer_is_counted() -> None:
    schema = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(200)}}
    plain: Json = {"model": "m", "messages": [user("x")]}
    for asked in (
        {"output_config": {"format": {"type": "json_schema", "schema": schema}}},
        {"output_format": {"schema": schema}},
    ):
        assert estimate_tokens({**plain, **asked}) > estimate_tokens(plain) + 1500
    assert estimate_tokens({**plain, "output_config": {"effort": "high"}}) == estimate_tokens(plain)
