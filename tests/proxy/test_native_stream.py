"""A native stream is passed on untouched; only a broken end is spoken for."""

# ruff: noqa: E501  (a row stays in one line)

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_endpoint import NATIVE_STREAM

from ccswitch_tui.proxy.native import (
    BROKEN_OFF,
    NOTHING_CAME,
    NativeStream,
    error_in,
    is_error_body,
    refusal_in,
    with_model,
)
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.wire import sse
from ccswitch_tui.wire.anthropic import PING, read_events, violations
from ccswitch_tui.wire.codec import dumps


@given(st.lists(st.integers(1, len(NATIVE_STREAM) - 1), max_size=20))
def test_every_byte_passes_however_it_is_cut(cuts: list[int]) -> None:
    stream = NativeStream()
    places = [0, *sorted(set(cuts)), len(NATIVE_STREAM)]
    pieces = [NATIVE_STREAM[a:b] for a, b in pairwise(places)]
    assert b"".join(stream.feed(piece) for piece in pieces) + stream.finish() == NATIVE_STREAM


def test_usage_model_and_stop_reason_are_read_in_passing() -> None:
    stream = NativeStream()
    for byte in range(0, len(NATIVE_STREAM), 97):
        stream.feed(NATIVE_STREAM[byte : byte + 97])
    assert stream.usage == {"input_tokens": 21, "output_tokens": 9}
    assert (stream.model, stream.stop_reason) == ("native-model", "end_turn")


def test_a_cut_stream_ends_in_an_error_event() -> None:
    stream = NativeStream()
    stream.feed(NATIVE_STREAM[:400])
    assert b"event: error" in stream.finish("reset")


def test_a_key_that_an_error_in_the_middle_quotes_is_masked() -> None:
    key = Secret("sk-example-native-middle-0123456789")
    words = f"Incorrect API key provided: {key.reveal()}. 错"
    event = sse.encode("error", dumps({"type": "error", "error": {"type": "api_error", "message": words}}))
    stream = NativeStream()
    told = stream.feed(NATIVE_STREAM[:400]) + stream.feed(NATIVE_STREAM[400:] + event)
    assert key.reveal().encode() not in told
    assert told.startswith(NATIVE_STREAM), "the rest is as it was"
    said = read_events(told)[-1]
    assert said["type"] == "error"
    assert said["error"]["message"].startswith("Incorrect API key provided: ")


def test_a_word_in_a_result_is_no_error_event() -> None:
    seal = "api_key: EqRkExampleSeal0123456789abcdefghij"
    assert redact(seal) != seal, "it looks like one"
    result = {"type": "content_block_start", "index": 9, "content_block": {"type": "t", "error": None, "text": seal}}
    event = sse.encode("content_block_start", dumps(result))
    stream = NativeStream()
    assert stream.feed(NATIVE_STREAM[:400]) + stream.feed(event) == NATIVE_STREAM[:400] + event


def test_no_ping_goes_into_the_middle_of_an_event() -> None:
    stream = NativeStream()
    assert stream.ping() == PING
    cut = NATIVE_STREAM.index(b"message_start") + 80
    assert stream.feed(NATIVE_STREAM[:cut])
    assert stream.ping() == b""
    stream.feed(NATIVE_STREAM[37:])
    assert stream.ping() == PING


def test_only_the_models_name_changes_in_a_request() -> None:
    raw = b'{"model":"claude-opus-4-8","max_tokens":1e3,  "messages":[]}'
    assert with_model(raw, {}, "claude-opus-4-8", "glm") == b'{"model":"glm","max_tokens":1e3,  "messages":[]}'
    assert with_model(raw, {}, "claude-opus-4-8", "claude-opus-4-8") is raw


def test_a_model_named_elsewhere_is_replaced_by_parsing() -> None:
    raw = b'{ "max_tokens": 5, "model": "a" }'
    assert with_model(raw, {"max_tokens": 5, "model": "a"}, "a", "b") == b'{"max_tokens":5,"model":"b"}'


def test_a_whole_answer_that_is_none_is_a_failure() -> None:
    answer = b'{"type":"message","content":[{"type":"text","text":"hi"}]}'
    for body, words in (
        (b"", NOTHING_CAME[1]),
        (b"<html><title>Sign in</title></html>", "Sign in"),
        (answer[:-9], BROKEN_OFF["eof"][1]),
        (b'{"object":"chat.completion","choices":[{"message":{"content":"hi"}}]}', NOTHING_CAME[1]),
    ):
        refused = refusal_in(body)
        assert refused is not None, body
        assert words in refused.message
    assert refusal_in(answer) is None
    assert refusal_in(NATIVE_STREAM) is None


def test_a_message_that_comes_whole_is_the_stream_that_was_asked_for() -> None:
    blocks = [
        {"type": "thinking", "thinking": "so", "signature": "s"},
        {"type": "text", "text": "hé " * 700},
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}},
    ]
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "x",
        "content": blocks,
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    whole = json.dumps(message, indent=1).encode()
    for size in (1, 1000, len(whole)):
        stream = NativeStream(streams=True)
        out = b"".join(stream.feed(whole[at : at + size]) for at in range(0, len(whole), size)) + stream.finish()
        assert violations(out) == []
        deltas = [e["delta"] for e in read_events(out) if e["type"] == "content_block_delta"]
        assert "".join(d.get("text", "") for d in deltas) == "hé " * 700
        assert [json.loads(d["partial_json"]) for d in deltas if "partial_json" in d] == [{"command": "ls"}]
        assert (stream.usage, stream.stop_reason, stream.error) == (
            {"input_tokens": 3, "output_tokens": 4},
            "tool_use",
            None,
        )
    cut = NativeStream(streams=True)
    assert cut.feed(whole[:-20]) + cut.finish() == b""
    assert cut.failure is not None


def test_an_error_in_another_shape_in_the_middle_is_told_in_its_words() -> None:
    stream = NativeStream()
    stream.feed(NATIVE_STREAM[: NATIVE_STREAM.index(b"event: message_delta")])
    stream.feed(b'data: {"error":{"message":"the widget is gone","code":500}}\n\n')
    assert b"the widget is gone" in stream.finish()


def test_an_error_in_anthropics_shape_is_recognised() -> None:
    assert is_error_body(b'{"type":"error","error":{"type":"x","message":"y"}}')
    assert not is_error_body(b'{"error":{"message":"y"}}')
    assert not is_error_body(b"<html>")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error":{"message":"model is busy"}}', "model is busy"),
        (b'{"success":false,"message":"no channel"}', "no channel"),
        (b'{"code":1,"msg":"no channel"}', "no channel"),
        (b'data: {"error":{"message":"model is busy","code":429}}\n\n', "model is busy"),
    ],
)
def test_an_error_in_the_clothes_of_a_success_is_an_error_with_its_words(body: bytes, words: str) -> None:
    stream = NativeStream()
    out = b"".join(stream.feed(body[place : place + 1]) for place in range(len(body))) + stream.finish()
    assert out == b""
    assert stream.failure is not None
    assert words in stream.failure.message
    assert error_in(body) is not None


@pytest.mark.parametrize(
    "body", [b'{"type":"message","content":[]}', b'{"content":[],"type":"message"}', NATIVE_STREAM]
)
def test_an_answer_is_no_error(body: bytes) -> None:
    stream = NativeStream()
    assert body in b"".join(stream.feed(body[place : place + 1]) for place in range(len(body))) + stream.finish()
    assert error_in(body) is None


W = "the widget is not connected"
ERRORS: list[object] = [
    {"message": W}, {"detail": W}, {"detail": [{"msg": W, "loc": ["body"]}]}, {"error_msg": W, "error_code": 1}, {"errorMessage": W}, W,
    {"errors": [{"message": W}]}, {"status": "449", "msg": W, "body": None}, {"base_resp": {"status_code": 1, "status_msg": W}},
    {"Error": {"Message": W}}, {"object": "error", "message": W}, {"fault": {"faultstring": W}}, {"status": 500, "reason": W},
    {"header": {"code": 1, "message": W}}, {"type": "error", "message": W}, [{"error": {"message": W}}],
    {"type": "error", "error": {"type": "overloaded_error", "message": W}},
]  # fmt: skip
AROUND = [
    b"%b",
    b"data: %b\n\n",
    b"event: error\ndata: %b\n\n",
    b": ping\n\ndata: %b\n\n",
    b"event: message\ndata: %b\n\ndata: [DONE]\n\n",
]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("around", AROUND)
def test_an_error_keeps_its_words_however_it_is_spelt_and_cut(error: object, around: bytes) -> None:
    body = around % json.dumps(error).encode()
    for step in (1, 7, len(body)):
        stream = NativeStream()
        out = b"".join(stream.feed(body[place : place + step]) for place in range(0, len(body), step)) + stream.finish()
        assert out == b""
        assert stream.failure is not None
        assert W in stream.failure.message


def test_an_error_after_our_own_ping_is_an_event_and_not_a_silent_end() -> None:
    stream = NativeStream()
    stream.commit()
    out = stream.feed(b'event: error\ndata: {"message":"%b"}\n\n' % W.encode())
    assert stream.done
    assert b"event: error" in out
    assert W.encode() in out


@pytest.mark.parametrize(
    "body", [b"<html><title>login</title></html>", b"null", b"{}", b"data: [DONE]\n\n", b": ping\n\n"]
)
def test_a_success_with_nothing_of_an_answer_in_it_is_none(body: bytes) -> None:
    stream = NativeStream()
    assert stream.feed(body) + stream.finish() == b""
    assert stream.failure is not None


@pytest.mark.parametrize("before", [b": ping\n\n", b'event: ping\ndata: {"type":"ping"}\n\n', b"\n\n"])
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_signs_of_life_before_an_answer_pass_with_it(before: bytes, step: int) -> None:
    whole, stream = before + NATIVE_STREAM, NativeStream()
    assert b"".join(stream.feed(whole[i : i + step]) for i in range(0, len(whole), step)) + stream.finish() == whole
