"""What holds for every stream, whatever arrives: legal, the same in any chunking, the same as one message, honest.

What one read brings leaves in as few deltas as possible, so events are compared
with neighbouring deltas of one block joined.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from translate_kit import BASH, DONE, READ, chunk, piece, rebuilt, translated

from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.anthropic import read_events, violations
from ccswitch_tui.wire.quirks import QUIRKS

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

words = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["\n", " ", "<think>", "</think>", "<think>a</think>b", "a\u2028b", "😀", "STOP", "<tool_call>", "\n<tool_call>\n"]
)
numbers = st.none() | st.integers(-1, 3)
junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10) | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
argument_pieces = st.sampled_from(
    [
        '{"file_path":',
        '"/a"}',
        '{"command":"ls"}',
        "{}",
        "",
        " ",
        '{"a": [1, 2,',
        "], }",
        "{'a': 1}",
        '"x\n',
        "null}",
        '{"limit":null',
        "\\",
        '"',
    ]
)


@st.composite
def fragments(draw: st.DrawFn) -> dict[str, Any]:
    made = piece(
        draw(argument_pieces | words | junk),
        draw(numbers),
        draw(st.sampled_from([None, "", "c1", "c2", "functions.Read:0"])),
        draw(st.sampled_from([None, "", "Read", "Bash", "functions.Bash", "nothing"])),
    )
    return made if draw(st.booleans()) else {**made, "extra_content": {"google": {"thought_signature": "s"}}}


deltas = st.fixed_dictionaries(
    {},
    optional={
        "role": st.just("assistant"),
        "content": words
        | st.none()
        | st.lists(st.fixed_dictionaries({"type": st.sampled_from(["text", "thinking"]), "text": words}), max_size=2),
        "reasoning_content": words,
        "reasoning": words,
        "reasoning_details": st.lists(
            st.fixed_dictionaries({"type": st.just("reasoning.text"), "text": words}), max_size=2
        ),
        "refusal": words,
        "tool_calls": st.lists(fragments(), max_size=3),
        "function_call": st.fixed_dictionaries({}, optional={"name": st.just("Read"), "arguments": argument_pieces}),
    },
)
finishes = st.sampled_from(
    [
        None,
        None,
        None,
        "",
        "stop",
        "tool_calls",
        "length",
        "content_filter",
        "model_context_window_exceeded",
        "error",
        "weird",
    ]
)
usages = (
    st.none()
    | st.fixed_dictionaries({"prompt_tokens": st.integers(0, 500), "completion_tokens": st.integers(0, 500)})
    | junk
)
orderly = st.builds(lambda d, f, u: chunk(d, f, usage=u), deltas, finishes, usages)
odd = st.one_of(
    st.builds(lambda v: b"data: " + json.dumps(v).encode() + b"\n\n", junk),
    st.sampled_from(
        [
            b": comment\n\n",
            b"data:\n\n",
            b"retry: 1\n\n",
            DONE,
            b'data: {"choices":[{"delta":{"cont\n\n',
            b"\n",
            b"data: [DONE]",
            b'data: {"error":{"message":"x"}}\n\n',
            b"event: error\ndata: no\n\n",
            b"\x00\xff\n\n",
            b'{"error":"bare"}\n',
        ]
    ),
    st.binary(max_size=20),
)
streams = st.lists(orderly | odd, max_size=14)
good_streams = st.builds(
    lambda body, end: [*body, chunk({}, end), DONE],
    st.lists(st.builds(lambda d: chunk(d), deltas), max_size=10),
    st.sampled_from(["stop", "tool_calls", "length", "content_filter", "model_context_window_exceeded"]),
)

QUIRK_SETS: list[dict[str, Any]] = [
    {},
    {"text_tools": "hermes"},
    {"stop_limit": 0},
    {"schema": "nim"},
    {"reasoning_replay": "reasoning_details"},
]


def run(
    reads: list[bytes], quirks: dict[str, Any], *, stream: bool = True, cause: str = "eof"
) -> tuple[bytes, StreamTranslator]:
    machine = StreamTranslator(translated(stream=stream, tools=[READ, BASH], stop_sequences=["STOP"], quirks=quirks))
    out = b"".join(machine.feed(read) for read in reads)
    return out + machine.finish(cause), machine


def joined(out: bytes) -> list[dict[str, Any]]:
    """The events, neighbouring deltas of one kind as one."""
    events: list[dict[str, Any]] = []
    for event in read_events(out):
        delta, last = event.get("delta", {}), events[-1].get("delta", {}) if events else {}
        key = next((k for k in ("text", "thinking", "partial_json") if k in delta and k in last), None)
        if key is not None and events[-1]["index"] == event["index"]:
            last[key] += delta[key]
        else:
            events.append(event)
    return events


def without_ids(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in block.items() if k != "id"} for block in content]


def stumbled(machine: StreamTranslator) -> bool:
    return any("stumbled" in notice.text for notice in machine.notices)


@RELAXED
@given(streams, st.sampled_from(QUIRK_SETS), st.sampled_from(["eof", "reset", "timeout"]))
def test_every_stream_is_legal_and_no_input_is_stumbled_over(
    reads: list[bytes], quirks: dict[str, Any], cause: str
) -> None:
    out, machine = run(reads, quirks, cause=cause)
    assert not stumbled(machine)
    assert violations(out) == []
    assert machine.done
    ends = [event["type"] for event in read_events(out)][-1:]
    assert ends in ([], ["message_stop"], ["error"])
    assert (ends == ["message_stop"]) == (machine.error is None)
    assert (machine.failure is not None) == (out == b"")


@RELAXED
@given(streams, st.sampled_from(QUIRK_SETS), st.data())
def test_events_do_not_depend_on_chunking(reads: list[bytes], quirks: dict[str, Any], data: st.DataObject) -> None:
    whole = b"".join(reads)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    one, first = run([whole], quirks)
    many, second = run(parts, quirks)
    assert (first.error is None) == (second.error is None)
    if first.error is None:
        assert joined(one) == joined(many)
        assert first.usage == second.usage


@RELAXED
@given(streams, st.sampled_from(QUIRK_SETS))
def test_one_byte_at_a_time_is_the_same(reads: list[bytes], quirks: dict[str, Any]) -> None:
    whole = b"".join(reads)
    one, first = run([whole], quirks)
    many, second = run([whole[i : i + 1] for i in range(len(whole))], quirks)
    assert (first.error is None) == (second.error is None)
    if first.error is None:
        assert joined(one) == joined(many)


@RELAXED
@given(good_streams, st.sampled_from(QUIRK_SETS))
def test_streamed_is_the_same_as_whole(reads: list[bytes], quirks: dict[str, Any]) -> None:
    out, streamed = run(reads, quirks)
    _, whole = run(reads, quirks, stream=False)
    assert (streamed.error is None) == (whole.error is None)
    if streamed.error is not None:
        return
    message = whole.message()
    told = rebuilt(read_events(out))
    # a call that the token limit cut is shown in a stream and left out of a whole message
    runnable = [block for block in told["content"] if isinstance(block.get("input", {}), dict)]
    assert without_ids(runnable) == without_ids(message["content"])
    assert {k: told[k] for k in ("model", "stop_reason", "stop_sequence", "usage")} == {
        k: message[k] for k in ("model", "stop_reason", "stop_sequence", "usage")
    }


@RELAXED
@given(good_streams, st.sampled_from(QUIRK_SETS), st.data())
def test_a_stream_cut_before_its_finish_is_never_a_success(
    reads: list[bytes], quirks: dict[str, Any], data: st.DataObject
) -> None:
    before_finish = b"".join(reads[:-2])
    cut = data.draw(st.integers(0, len(before_finish)))
    out, machine = run([before_finish[:cut]], quirks)
    # a stop string ends an answer by itself; behind a finished call it does so as "tool_use"
    if machine.stop_sequence is None and not (machine.stop_reason == "tool_use" and b"STOP" in before_finish):
        assert machine.error is not None
        assert b"message_stop" not in out


@RELAXED
@given(st.lists(st.builds(lambda d: chunk(d), deltas), max_size=8), st.sampled_from(QUIRK_SETS))
def test_an_unfinished_call_is_never_closed(reads: list[bytes], quirks: dict[str, Any]) -> None:
    out, _ = run(reads, quirks, cause="reset")
    for block in rebuilt(read_events(out))["content"]:
        if block["type"] == "tool_use" and "open" not in block:
            assert isinstance(block["input"], dict)


@RELAXED
@given(st.binary(max_size=400) | junk.map(lambda v: json.dumps(v).encode()), st.booleans())
def test_garbage_is_never_an_answer(garbage: bytes, stream: bool) -> None:
    out, machine = run([garbage], {}, stream=stream)
    assert not stumbled(machine)
    assert machine.error is not None
    assert b"message_stop" not in out


def test_every_quirk_has_a_row() -> None:
    assert all(quirks.keys() <= QUIRKS.keys() for quirks in QUIRK_SETS)


def test_nothing_follows_a_stop_string_met_inside_one_chunk() -> None:
    parts = [{"type": "text", "text": "STOP"}, {"type": "thinking", "text": "0"}]
    reads = [chunk({"content": parts}), chunk({}, "stop"), DONE]
    out, streamed = run(reads, {"stop_limit": 0})
    assert [event["type"] for event in read_events(out)][-1] == "message_stop"
    assert streamed.stop_reason == "stop_sequence"
