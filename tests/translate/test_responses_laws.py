"""The laws of every stream and request, for the Responses API: legal, any chunking, streamed as whole, same bytes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from test_request_laws import histories
from test_stream_laws import RELAXED, argument_pieces, joined, junk, odd, stumbled, without_ids, words
from translate_kit import BASH, READ, rebuilt, request

from ccswitch_tui.translate.request import Translation, translate_request
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.anthropic import read_events, violations
from ccswitch_tui.wire.formats import FORMATS, RESPONSES
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]


def asked(*history: Json, stream: bool = True, **quirks: Any) -> Translation:
    body = request(*history, stream=stream, tools=[READ, BASH], stop_sequences=["STOP"])
    made = translate_request(body, model="m", quirks=Quirks(**{**FORMATS[RESPONSES].facts, **quirks}), wire=RESPONSES)
    made.answer_id = "msg_0"
    return made


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


# ---------------------------------------------------------------- whole answers, and the streams that tell them

texts = st.builds(
    lambda t: {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": x} for x in t]},
    st.lists(words, max_size=2),
)
refusals = st.builds(lambda t: {"type": "message", "content": [{"type": "refusal", "refusal": t}]}, words)
calls = st.builds(
    lambda name, given: {"type": "function_call", "name": name, "arguments": given},
    st.sampled_from(["Read", "Bash", "nothing"]),
    st.sampled_from(['{"file_path":"/a"}', '{"command":"ls","description":""}', "{}", "", '{"a": [1,', "{'a': 1}"]),
)
thoughts = st.builds(
    lambda summary, raw, seal: {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": t} for t in summary],
        **({"content": [{"type": "reasoning_text", "text": t} for t in raw]} if raw else {}),
        **({"encrypted_content": seal} if seal else {}),
    },
    st.lists(words, max_size=2),
    st.lists(words, max_size=1),
    st.sampled_from(["", "gAAAA=="]),
)
outputs = st.lists(texts | refusals | calls | thoughts, max_size=5)
ends = st.sampled_from(
    [
        {"status": "completed"},
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
    ]
)


def numbered(output: list[Json]) -> list[Json]:
    return [
        {**item, "id": f"it_{n}", **({"call_id": f"call_{n}"} if item["type"] == "function_call" else {})}
        for n, item in enumerate(output)
    ]


def whole_answer(output: list[Json], end: Json) -> Json:
    usage = {"input_tokens": 7, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 2}}
    return {"id": "resp_1", "object": "response", "model": "m", "output": numbered(output), "usage": usage, **end}


def streamed(output: list[Json], end: Json, *, keeps_output: bool = True, indexed: bool = True) -> list[bytes]:
    """The events that tell this answer, as OpenAI sends them; or with no index, or with nothing in the last one."""
    reads = [event("response.created", response={"object": "response", "status": "in_progress", "model": "m"})]
    for index, item in enumerate(numbered(output)):
        at = {"output_index": index} if indexed else {}
        empty = {**item, "content": [], "summary": [], "arguments": ""}
        reads.append(event("response.output_item.added", **at, item=empty))
        at["item_id"] = item["id"]
        reads += deltas_of(item, at)
        reads.append(event("response.output_item.done", **at, item=item))
    final = whole_answer(output, end)
    kind = "response.completed" if end["status"] == "completed" else "response.incomplete"
    return [*reads, event(kind, response=final if keeps_output else {**final, "output": []})]


def deltas_of(item: Json, at: Json) -> list[bytes]:
    if item["type"] == "function_call":
        kind = "response.function_call_arguments"
        half = len(item["arguments"]) // 2
        parts = [item["arguments"][:half], item["arguments"][half:]]
        return [
            *(event(f"{kind}.delta", **at, delta=part) for part in parts),
            event(f"{kind}.done", **at, arguments=item["arguments"]),
        ]
    if item["type"] == "reasoning":
        spoken = any(part["text"] for part in item["summary"])
        summary = ("summary", "reasoning_summary_text", "summary_index")
        rows = [summary if spoken else ("content", "reasoning_text", "content_index")]
        return [
            event(f"response.{kind}.{step}", **at, **{index: place, field: part["text"]})
            for where, kind, index in rows
            for place, part in enumerate(item.get(where, ()))
            for step, field in (("delta", "delta"), ("done", "text"))
        ]
    return [
        event(f"response.{kind}.{step}", **at, content_index=place, **{field: part[key]})
        for place, part in enumerate(item["content"])
        for kind, key in [("output_text", "text") if "text" in part else ("refusal", "refusal")]
        for step, field in (("delta", "delta"), ("done", key))
    ]


def run(reads: list[bytes], *, stream: bool = True, cause: str = "eof") -> tuple[bytes, StreamTranslator]:
    machine = StreamTranslator(asked(stream=stream))
    out = b"".join(machine.feed(read) for read in reads)
    return out + machine.finish(cause), machine


# ---------------------------------------------------------------- whatever comes

indices = st.fixed_dictionaries(
    {},
    optional={
        "output_index": st.integers(-1, 2) | junk,
        "item_id": st.sampled_from(["it_0", "it_1", "", None]),
        "content_index": st.integers(0, 1) | junk,
        "summary_index": st.integers(0, 1),
    },
)
any_item = texts | refusals | calls | thoughts | junk
loose = st.one_of(
    st.builds(
        lambda kind, at, text: event(f"response.{kind}.delta", **at, delta=text),
        st.sampled_from(["output_text", "refusal", "reasoning_summary_text", "reasoning_text", "reasoning"]),
        indices,
        words | junk,
    ),
    st.builds(
        lambda at, text: event("response.function_call_arguments.delta", **at, delta=text), indices, argument_pieces
    ),
    st.builds(
        lambda kind, at, text: event(f"response.{kind}.done", **at, text=text, arguments=text, refusal=text),
        st.sampled_from(["output_text", "refusal", "reasoning_text", "function_call_arguments"]),
        indices,
        words | argument_pieces | junk,
    ),
    st.builds(
        lambda step, at, item: event(f"response.output_item.{step}", **at, item=item),
        st.sampled_from(["added", "done"]),
        indices,
        any_item,
    ),
    st.builds(
        lambda kind, output, end, usage: event(kind, response={"output": output, "usage": usage, **end}),
        st.sampled_from(["response.completed", "response.incomplete", "response.failed", "response.created"]),
        st.lists(any_item, max_size=2) | junk,
        ends | st.just({"status": "failed", "error": {"code": "server_error", "message": "no"}}) | st.just({}),
        junk,
    ),
    st.builds(lambda e: event("error", **e), st.sampled_from([{"message": "no"}, {"error": {"message": "no"}}, {}])),
    st.just(event("keepalive", sequence_number=3)),
)
streams = st.lists(loose | odd, max_size=14)


@RELAXED
@given(streams, st.sampled_from(["eof", "reset", "timeout"]))
def test_every_stream_is_legal_and_no_input_is_stumbled_over(reads: list[bytes], cause: str) -> None:
    out, machine = run(reads, cause=cause)
    assert not stumbled(machine)
    assert violations(out) == []
    assert machine.done
    last = [seen["type"] for seen in read_events(out)][-1:]
    assert last in ([], ["message_stop"], ["error"])
    assert (last == ["message_stop"]) == (machine.error is None)
    assert (machine.failure is not None) == (out == b"")


@RELAXED
@given(streams, st.data())
def test_events_do_not_depend_on_chunking(reads: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(reads)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    one, first = run([whole])
    many, second = run(parts)
    bytewise, third = run([whole[i : i + 1] for i in range(len(whole))])
    assert (first.error is None) == (second.error is None) == (third.error is None)
    if first.error is None:
        assert joined(one) == joined(many) == joined(bytewise)
        assert first.usage == second.usage


@RELAXED
@given(outputs, ends, st.booleans(), st.booleans())
@example(
    [
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "name": "Read", "arguments": ""},
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "0"}]},
    ],
    {"status": "completed"}, False, False,
)  # fmt: skip
def test_streamed_is_the_same_as_whole(output: list[Json], end: Json, keeps: bool, indexed: bool) -> None:
    out, told = run(streamed(output, end, keeps_output=keeps, indexed=indexed))
    _, whole = run([json.dumps(whole_answer(output, end)).encode()], stream=False)
    assert (told.error is None) == (whole.error is None)
    if told.error is not None:
        return
    message, seen = whole.message(), rebuilt(read_events(out))
    # a call that the token limit cut is shown in a stream and left out of a whole message
    runnable = [block for block in seen["content"] if isinstance(block.get("input", {}), dict)]
    assert without_ids(runnable) == without_ids(message["content"])
    assert {k: seen[k] for k in ("stop_reason", "stop_sequence", "usage")} == {
        k: message[k] for k in ("stop_reason", "stop_sequence", "usage")
    }


@RELAXED
@given(outputs, ends, st.data())
def test_a_stream_cut_before_its_end_is_never_a_success(output: list[Json], end: Json, data: st.DataObject) -> None:
    whole = b"".join(streamed(output, end)[:-1])
    out, machine = run([whole[: data.draw(st.integers(0, len(whole)))]])
    # a stop string ends an answer by itself; behind a finished call it does so as "tool_use"
    if machine.stop_sequence is None and not (machine.stop_reason == "tool_use" and "STOP" in json.dumps(output)):
        assert machine.error is not None
        assert b"message_stop" not in out


# ---------------------------------------------------------------- requests

FIELDS = {
    "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "temperature",
    "top_p", "stream", "store", "include", "reasoning", "text", "prompt_cache_key",
}  # fmt: skip


@RELAXED
@given(histories)
def test_every_history_becomes_a_legal_request(history: list[Any]) -> None:
    body = json.loads(asked(*history).encoded())
    assert body.keys() <= FIELDS
    assert body["store"] is False
    assert all(tool["strict"] is False for tool in body["tools"])
    waiting: list[str] = []
    for item, following in zip(body["input"], [*body["input"][1:], {}], strict=True):
        assert item.keys().isdisjoint({"id", "status"})
        if item["type"] == "function_call":
            assert 0 < len(item["call_id"]) <= 64 and 0 < len(item["name"]) <= 64
            waiting.append(item["call_id"])
            assert following.get("type") in ("function_call", "function_call_output", "reasoning")
        elif item["type"] == "function_call_output":
            assert item["call_id"] == waiting.pop(0)
        elif item["type"] == "reasoning":  # it belongs to what follows, of which it is a part
            assert following.get("type") in ("reasoning", "function_call", "message")
            assert following.get("role", "assistant") == "assistant"
        else:
            assert item["type"] == "message" and item["content"] and not waiting
            kinds = {part["type"] for part in item["content"]}
            wanted = {"output_text"} if item["role"] == "assistant" else {"input_text", "input_image", "input_file"}
            assert kinds <= wanted
    assert not waiting


@RELAXED
@given(histories)
def test_the_same_request_is_the_same_bytes(history: list[Any]) -> None:
    assert asked(*history).encoded() == asked(*history).encoded()


def test_a_tool_loop_only_grows() -> None:
    """Byte for byte what was sent before, and more behind it: otherwise nothing of it is read from a cache."""
    signed: list[Json] = []
    history: list[Json] = [{"role": "user", "content": "go"}]
    before: list[Json] = []
    for turn in range(4):
        now = json.loads(asked(*history).encoded())["input"]
        assert now[: len(before)] == before
        before = now
        machine = StreamTranslator(asked(*history, stream=False))
        call = {"type": "function_call", "name": "Read", "arguments": '{"file_path":"/a"}'}
        summary = [{"type": "summary_text", "text": "t"}]
        thought = {"type": "reasoning", "summary": summary, "encrypted_content": f"e{turn}"}
        answer = whole_answer([thought, call], {"status": "completed"})
        answer["output"][1]["call_id"] = f"call_t{turn}"
        machine.feed(json.dumps(answer).encode())
        machine.finish("eof")
        content = machine.message()["content"]
        signed += [block for block in content if block["type"] == "thinking"]
        use = content[-1]["id"]
        history += [
            {"role": "assistant", "content": content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use, "content": f"r{turn}"}]},
        ]
    sealed = [item["encrypted_content"] for item in before if item["type"] == "reasoning"]
    assert len(signed) == 4 and sealed == ["e0", "e1", "e2"]
