"""The probe and the proxy read the same answer: what the probe hears of an endpoint is what the proxy writes.

The proxy's message is heard by the reader of messages, so that both sides of a
translation are compared in one form.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stream_laws import RELAXED, deltas, good_streams, junk, stumbled, words
from translate_kit import BASH, DONE, READ, chunk, translated

from ccswitch_tui.probe.hearing import Said, hear
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.translate.writing import FILTERED
from ccswitch_tui.wire.formats import CHAT, MESSAGES

WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def both(sent: bytes, *, stream: bool = True) -> tuple[Said, Said | None, StreamTranslator]:
    """What the probe hears of an endpoint, and of the proxy before it; None where the proxy gives an error."""
    machine = StreamTranslator(translated(stream=stream, tools=[READ, BASH, WEATHER]))
    out = machine.feed(sent) + machine.finish()
    names = machine.translation.names
    heard = hear(CHAT, sent.decode("utf-8", "replace"), names=names)
    if machine.error is not None:
        return heard, None, machine
    told = out.decode() if stream else json.dumps(machine.message())
    return heard, hear(MESSAGES, told), machine


def letters(text: str) -> str:
    """Without white space: between blocks and before calls the proxy leaves it out."""
    return "".join(text.split())


def agree(heard: Said, told: Said, machine: StreamTranslator) -> None:
    assert letters(heard.text) == letters(told.text.removesuffix(FILTERED))
    assert letters(heard.reasoning) == letters(told.reasoning)
    calls = [call for call in heard.calls if call.name]
    assert [call.name for call in calls] == [call.name for call in told.calls]
    # a call that the token limit cut never reads as complete, and what was repaired reads otherwise
    changed = told.finish == "max_tokens" or any(notice.code == "repaired" for notice in machine.notices)
    for call, same in zip(calls, told.calls, strict=True):
        arguments = call.parsed()
        if arguments is not None and not changed and None not in arguments.values():
            assert arguments == same.parsed()
    if heard.input_tokens and heard.output_tokens:
        assert (heard.input_tokens, heard.output_tokens) == (told.input_tokens, told.output_tokens)


@RELAXED
@given(good_streams)
def test_a_stream_is_heard_as_it_is_translated(reads: list[bytes]) -> None:
    heard, told, machine = both(b"".join(reads))
    assert not stumbled(machine)
    if told is not None:
        agree(heard, told, machine)
        assert heard.error is None and heard.ended
        assert told.faults == () or not (told.text or told.reasoning or told.calls)


ends = st.sampled_from(["stop", "tool_calls", "length"])
completions = st.builds(
    lambda message, more: json.dumps({"choices": [{"index": 0, "message": message, **more}], "usage": None}).encode(),
    deltas,
    st.fixed_dictionaries({}, optional={"finish_reason": ends, "text": words}),
)


@RELAXED
@given(completions)
def test_a_whole_answer_is_heard_as_it_is_translated(body: bytes) -> None:
    heard, told, machine = both(body, stream=False)
    if told is not None and machine.stop_reason != "max_tokens":
        agree(heard, told, machine)
        assert heard.error is None


@RELAXED
@given(st.binary(max_size=300) | junk.map(lambda value: json.dumps(value).encode()))
def test_what_is_no_answer_to_the_proxy_is_none_to_the_probe(garbage: bytes) -> None:
    heard, told, machine = both(garbage)
    assert told is None and not stumbled(machine)
    assert heard.error is not None or heard.faults or not heard.usable


ARGUMENTS = '{"city":"Paris"}'
ODD_ANSWERS: dict[str, dict[str, Any]] = {
    "content in parts": {"content": [{"type": "text", "text": "A call."}, {"type": "output_text", "text": " Here."}]},
    "a part that is a bare text": {"content": ["Hello"]},
    "thinking as a part": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
    "reasoning as an object": {"reasoning": {"text": "Hm."}},
    "reasoning in details": {"reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
    "reasoning text": {"reasoning_text": "Hm."},
    "a think tag": {"content": "<think>Hm.</think>Hello"},
    "a refusal": {"refusal": "I cannot."},
    "spoken": {"audio": {"transcript": "Hello"}},
    "an image": {"images": [{"image_url": {"url": "https://pictures.example/1.png"}}]},
    "the old function_call": {"function_call": {"name": "get_weather", "arguments": ARGUMENTS}},
    "one call, no list": {"tool_calls": {"id": "c", "function": {"name": "get_weather", "arguments": ARGUMENTS}}},
    "arguments as an object": {"tool_calls": [{"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}]},
    "a call without a function": {"tool_calls": [{"name": "get_weather", "input": {"city": "Paris"}, "index": "0"}]},
}


@pytest.mark.parametrize("message", ODD_ANSWERS.values(), ids=list(ODD_ANSWERS))
@pytest.mark.parametrize(
    "usage", [{"input_tokens": 3, "output_tokens": 4}, {"prompt_tokens": 3, "completion_tokens": 4.0}]
)
def test_an_odd_but_usable_answer_is_heard_whole_and_streamed(message: dict[str, Any], usage: dict[str, Any]) -> None:
    whole = {"choices": [{"index": 1, "message": {}}, {"message": message, "finish_reason": "stop"}], "usage": usage}
    for sent in (json.dumps(whole).encode(), chunk(message) + chunk({}, "stop", usage=usage) + DONE):
        heard, told, machine = both(sent)
        assert told is not None, machine.error
        agree(heard, told, machine)
        assert heard.usable and heard.faults == ()
        assert (heard.input_tokens, heard.output_tokens) == (3, 4)


def test_the_old_text_completion_is_heard() -> None:
    heard, told, _ = both(b'{"choices":[{"text":"Hello","finish_reason":"stop"}]}')
    assert told is not None and heard.text == told.text == "Hello"


def test_a_call_in_place_of_text_is_no_missing_tool_call() -> None:
    old = {"function_call": {"name": "get_weather", "arguments": ARGUMENTS}}
    heard, _, _ = both(chunk(old) + chunk({}, "function_call", usage={"input_tokens": 9, "output_tokens": 5}) + DONE)
    assert [(call.name, call.parsed()) for call in heard.calls] == [("get_weather", {"city": "Paris"})]
    assert heard.has_usage
