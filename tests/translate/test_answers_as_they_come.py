"""Answers as endpoints send them: finish words, orders and cuts; end marks and signs of life; other clothes; counts.

Each row is a public report or a sibling of one. And the law of them all: what
runs in the client was finished upstream.
"""

# ruff: noqa: E501  (a row stays in one line)

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stream_laws import RELAXED
from translate_kit import DONE, Answer, call_chunk, chunk, piece

from ccswitch_tui.wire.finish_words import FAILED, FINISH, finish_of

Json = dict[str, Any]
Want = Callable[[Answer], bool]


def tool(name: str, *required: str, **members: str) -> Json:
    properties = {key: {"type": kind} for key, kind in members.items()}
    return {"name": name, "input_schema": {"type": "object", "properties": properties, "required": list(required)}}


TOOLS = [
    tool("Bash", "command", command="string", timeout="number"),
    tool("Write", "file_path", "content", file_path="string", content="string"),
    tool("Task", prompt="string"),
    tool("TaskCreate", prompt="string"),
    tool("mcp__x__run", args="string"),
]
CASES: list[Any] = []


def case(name: str, want: Want | None, *reads: bytes, **fields: Any) -> None:
    """`want` is None for an answer that must end in an error."""
    CASES.append(pytest.param(want, reads, fields, id=name))


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}}\n\n'


def counts(i: int, o: int) -> Want:
    return lambda a: (a.machine.usage["input_tokens"], a.machine.usage["output_tokens"]) == (i, o)


def ls(answer: Answer) -> bool:
    return answer.calls == [("Bash", {"command": "ls"})] and answer.machine.stop_reason == "tool_use"


def txt(words: str) -> Want:
    return lambda answer: answer.text == words and answer.machine.stop_reason == "end_turn"


def c(*pieces: Json, f: str | None = None) -> bytes:
    return call_chunk(*pieces, finish=f)


WHOLE = piece('{"command":"ls"}', 0, "c", "Bash")
for w in [
    "abort",
    "malformed_function_call",
    "function_call_filter:_MALFORMED",
    "unexpected_tool_call",
    "cancelled",
    "timeout",
    "failed",
    "engine_error",
    "internal_error",
    "ERROR_TOXIC",
    "incomplete",
    "time_limit",
    "error",
    "aborted",
    "USER_CANCEL",
    "canceled",
    "server_error",
    "OTHER",
    "FINISH_REASON_UNSPECIFIED",
    "TOO_MANY_TOOL_CALLS",
    "preempted",
    "interrupted",
    "unknown_error",
    "exception",
]:
    case(w + " text", None, chunk({"content": "half of"}), chunk({}, w), USAGE, DONE)
    case(w + " alone", None, chunk({"role": "assistant"}), chunk({}, w), DONE)
    case(w + " call", None, c(piece('{"command":"rm -r build"', 0, "c", "Bash")), chunk({}, w), USAGE, DONE)
    case(w + " whole call", None, c(WHOLE), chunk({}, w), USAGE, DONE)
case("stop", None, c(piece('{"file_path":"/tmp/x"', 0, "c", "Write")), chunk({}, "stop"), DONE)
case("stop missing brace ok", ls, c(piece('{"command":"ls"', 0, "c", "Bash")), chunk({}, "stop"), DONE)
case(
    "before args",
    ls,
    c(piece("", 0, "c", "Bash"), f="tool_calls"),
    c(piece('{"command":"ls"}', 0)),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "before args no arguments key",
    ls,
    c(piece(None, 0, "c", "Bash"), f="tool_calls"),
    c(piece('{"command":"ls"}', 0)),
    DONE,
)
case(
    "before args stop word",
    ls,
    c(piece("", 0, "c", "Bash"), f="stop"),
    c(piece('{"comm', 0)),
    c(piece('and":"ls"}', 0)),
    DONE,
)
case("before args EOF", ls, c(piece("", 0, "c", "Bash"), f="tool_calls"), c(piece('{"command":"ls"}', 0)))
case(
    "every fragment",
    ls,
    c(piece('{"comm', 0, "c", "Bash"), f="tool_calls"),
    c(piece('and":"l', 0), f="tool_calls"),
    c(piece('s"}', 0), f="tool_calls"),
    DONE,
)
case(
    "finish then length cut",
    lambda a: a.machine.stop_reason == "max_tokens",
    c(piece('{"comm', 0, "c", "Bash"), f="tool_calls"),
    chunk({}, "length"),
    DONE,
)
case(
    "finish between calls",
    lambda a: len(a.calls) == 2,
    c(WHOLE, f="tool_calls"),
    c(piece('{"command":"ls"}', 1, "d", "Bash"), f="tool_calls"),
    DONE,
)
case(
    "params",
    ls,
    c({"index": 0, "id": "c", "function": {"name": "Bash", "parameters": {"command": "ls"}}}),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "params text",
    ls,
    c({"index": 0, "id": "c", "function": {"name": "Bash", "parameters": '{"command":"ls"}'}}),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "args key",
    ls,
    c({"index": 0, "id": "c", "function": {"name": "Bash", "args": {"command": "ls"}}}),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "arguments beside function",
    ls,
    c({"index": 0, "id": "c", "function": {"name": "Bash"}, "arguments": '{"command":"ls"}'}),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "function text",
    ls,
    c({"index": 0, "id": "c", "function": "Bash", "arguments": '{"command":"ls"}'}),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "schema echo",
    ls,
    c(
        {
            "index": 0,
            "id": "c",
            "function": {
                "name": "Bash",
                "parameters": {"type": "object", "properties": {}},
                "arguments": '{"command":"ls"}',
            },
        }
    ),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "tool_call singular",
    ls,
    chunk({"tool_call": {"id": "c", "function": {"name": "Bash", "arguments": '{"command":"ls"}'}}}),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "index float",
    ls,
    c({"index": 0.0, "id": "c", "function": {"name": "Bash", "arguments": '{"comm'}}),
    c({"index": 0.0, "function": {"arguments": 'and":"ls"}'}}),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "args list of texts",
    ls,
    c({"index": 0, "id": "c", "function": {"name": "Bash", "arguments": ['{"comm', 'and":"ls"}']}}),
    chunk({}, "tool_calls"),
    DONE,
)
case("nameless next", ls, c(piece("", 0, "c", "Bash")), c(piece('{"command":"ls"}', 1)), chunk({}, "tool_calls"), DONE)
case(
    "nameless next mcp",
    lambda a: a.calls == [("mcp__x__run", {"args": "x"})],
    c(piece("", 0, "c", "mcp__x__run")),
    c(piece('{"args":"x"}', 1)),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "nameless next null name",
    ls,
    c(piece("", 0, "c", "Bash")),
    c({"index": 1, "id": None, "function": {"name": None, "arguments": '{"command":"ls"}'}}),
    chunk({}, "tool_calls"),
    DONE,
)
case("brace glued", ls, c(piece("{", 0, "c", "Bash")), c(piece('{"command":"ls"}', 0)), chunk({}, "tool_calls"), DONE)
case(
    "cumulative",
    ls,
    c(piece('{"com', 0, "c", "Bash")),
    c(piece('{"command', 0)),
    c(piece('{"command":"ls"}', 0)),
    chunk({}, "tool_calls"),
    DONE,
)
case("null first", ls, c(piece("null", 0, "c", "Bash")), c(piece('{"command":"ls"}', 0)), chunk({}, "tool_calls"), DONE)
case(
    "empty obj first",
    ls,
    c(piece("{}", 0, "c", "Bash")),
    c(piece('{"command":"ls"}', 0)),
    chunk({}, "tool_calls"),
    DONE,
)
case("doubled", ls, c(piece('{"command":"ls"}{"command":"ls"}', 0, "c", "Bash")), chunk({}, "tool_calls"), DONE)
case("done whole call", ls, c(WHOLE), DONE)
case("done half", None, c(piece('{"command":"ls"', 0, "c", "Bash")), DONE)
case("eof usage call", ls, c(WHOLE), USAGE)
case("eof usage text", txt("one"), chunk({"content": "one"}), USAGE)
case("eof text", None, chunk({"content": "one"}))
case("eof usage half", None, c(piece('{"command":"ls"', 0, "c", "Bash")), USAGE)
case("eof usage in chunk", None, chunk({"content": "one"}, usage={"prompt_tokens": 3, "completion_tokens": 1}))
case(
    "split name",
    lambda a: a.calls == [("TaskCreate", {"prompt": "x"})],
    c(piece(None, 0, "c", "Task")),
    c(piece(None, 0, None, "Create")),
    c(piece('{"prompt":"x"}', 0)),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "split name same id",
    lambda a: a.calls == [("TaskCreate", {"prompt": "x"})],
    c(piece("", 0, "c", "Task")),
    c(piece("", 0, "c", "Create")),
    c(piece('{"prompt":"x"}', 0, "c")),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "task alone",
    lambda a: a.calls == [("Task", {"prompt": "x"})],
    c(piece("", 0, "c", "Task")),
    c(piece('{"prompt":"x"}', 0)),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "name repeated",
    lambda a: a.calls == [("Task", {"prompt": "x"})],
    c(piece("", 0, "c", "Task")),
    c(piece('{"prompt":', 0, "c", "Task")),
    c(piece('"x"}', 0, "c", "Task")),
    chunk({}, "tool_calls"),
    DONE,
)
case(
    "multi",
    lambda a: a.calls == [("Bash", {"command": "ls"}), ("Task", {"prompt": "p"})],
    c(
        piece(
            '{"tool_uses":[{"recipient_name":"functions.Bash","parameters":{"command":"ls"}},{"recipient_name":"functions.Task","parameters":{"prompt":"p"}}]}',
            0,
            "c",
            "multi_tool_use.parallel",
        )
    ),
    chunk({}, "tool_calls"),
    DONE,
)
for k in (
    "[PING]",
    "[HEARTBEAT]",
    "[keepalive]",
    "[START]",
    "ping",
    "keep-alive",
    '"ping"',
    "null",
    "{}",
    "[]",
    "heartbeat",
    "[KEEP-ALIVE]",
    ": ping",
    '{"type":"ping"}',
    '{"event":"heartbeat"}',
    '{"object":"heartbeat"}',
):
    case(
        "life " + k,
        txt("one two"),
        f"data: {k}\n\n".encode(),
        chunk({"content": "one "}),
        f"data: {k}\n\n".encode(),
        chunk({"content": "two"}),
        chunk({}, "stop"),
        USAGE,
        DONE,
    )
for k in (
    "[done]",
    "[Done]",
    "[DONE].",
    "[END]",
    "DONE",
    "done",
    '"[DONE]"',
    "[DONE]\\n",
    "[EOS]",
    "[DONE] ",
    "[ DONE ]",
    '{"done":true}',
    '{"choices":[{"index":0,"delta":{"con',
):
    case("end " + k, txt("one"), chunk({"content": "one"}), chunk({}, "stop"), USAGE, f"data: {k}\n\n".encode())
case(
    "error after finish+usage",
    txt("one"),
    chunk({"content": "one"}),
    chunk({}, "stop"),
    USAGE,
    b'data: {"choices":[{"inde\n\n',
)
case("broken mid", None, chunk({"content": "one"}), b'data: {"choices":[{"inde\n\n', chunk({}, "stop"), DONE)


def dd(prefix: bytes, event: bytes) -> bytes:
    return event.replace(b"data: ", prefix, 1)


for p in (b"data: data: ", b"data:data:", b"data: chunk: ", b"data: message: ", b"data: data: data: "):
    case("dd " + repr(p), txt("one"), dd(p, chunk({"content": "one"})), dd(p, chunk({}, "stop")), dd(p, DONE))
    case("dd text " + repr(p), txt("one"), dd(p, chunk({"content": "one"})), chunk({}, "stop"), DONE)
case(
    "two objects",
    txt("ab"),
    b"data: " + chunk({"content": "a"})[6:-2] + b" " + chunk({"content": "b"})[6:],
    chunk({}, "stop"),
    DONE,
)
case(
    "single newline",
    txt("ab"),
    chunk({"content": "a"})[:-1] + chunk({"content": "b"})[:-1] + chunk({}, "stop")[:-1] + b"data: [DONE]\n",
)
case(
    "tab",
    txt("a\tb"),
    b'data: {"choices":[{"index":0,"delta":{"content":"a\tb"},"finish_reason":null}]}\n\n',
    chunk({}, "stop"),
    DONE,
)
case(
    "repeat msg",
    txt("hello"),
    chunk({"content": "hel"}),
    chunk({"content": "lo"}),
    b'data: {"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}\n\n',
    DONE,
)
case(
    "repeat msg2",
    txt("hello"),
    chunk({"content": "hel"}),
    chunk({"content": "lo"}),
    b'data: {"choices":[{"index":0,"delta":{},"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}\n\n',
    DONE,
)
case(
    "message increments",
    txt("hello"),
    b'data: {"choices":[{"index":0,"message":{"content":"hel"}}]}\n\n',
    b'data: {"choices":[{"index":0,"message":{"content":"lo"},"finish_reason":"stop"}]}\n\n',
    DONE,
)
for k in ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thought"):
    case(
        "think " + k,
        lambda a: a.thinking == "hm" and a.text == "hi",
        chunk({k: "hm"}),
        chunk({"content": "hi"}),
        chunk({}, "stop"),
        DONE,
    )
case(
    "thought true",
    lambda a: a.thinking == "hm" and a.text == "hi",
    chunk({"content": "hm", "thought": True}),
    chunk({"content": "hi"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "google thought",
    lambda a: a.thinking == "hm" and a.text == "hi",
    chunk({"content": "<thought>hm", "extra_content": {"google": {"thought": True}}}),
    chunk({"content": "</thought>hi"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "thinking tag",
    lambda a: a.thinking == "hm\n" and a.text == "hi",
    chunk({"content": "<thinking>hm\n</thinking>\n\nhi"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "close after reasoning",
    lambda a: a.thinking == "hm" and a.text == "hi",
    chunk({"reasoning_content": "hm"}),
    chunk({"content": "</think>\n\nhi"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "orphan",
    lambda a: "</think>" not in a.text,
    chunk({"content": "hm.\n"}),
    chunk({"content": "</think>"}),
    chunk({"content": "\n\n"}),
    chunk({"content": "hi"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "orphan one",
    lambda a: "</think>" not in a.text,
    chunk({"content": "hm"}),
    chunk({"content": ".\n</think>\n\nhi"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "quoted",
    txt("use `</think>` here"),
    chunk({"content": "use `"}),
    chunk({"content": "</think>"}),
    chunk({"content": "` here"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "quoted2",
    txt("The tag </think> ends it."),
    chunk({"content": "The tag "}),
    chunk({"content": "</think>"}),
    chunk({"content": " ends it."}),
    chunk({}, "stop"),
    DONE,
)
case(
    "html",
    txt("<b>x</b>\n</div>"),
    chunk({"content": "<b>x"}),
    chunk({"content": "</b>\n"}),
    chunk({"content": "</div>"}),
    chunk({}, "stop"),
    DONE,
)
OFF: Json = {"thinking": {"type": "disabled"}}
case("off r", txt("Paris"), chunk({"reasoning_content": "Paris"}), chunk({}, "stop"), DONE, **OFF)
case("off tag", txt("Paris"), chunk({"content": "<think>Paris"}), chunk({}, "stop"), DONE, **OFF)
case(
    "off both",
    txt("hi"),
    chunk({"reasoning_content": "Paris"}),
    chunk({"content": "hi"}),
    chunk({}, "stop"),
    DONE,
    **OFF,
)
case("off fail", None, chunk({"reasoning_content": "Paris"}), chunk({}, "abort"), DONE, **OFF)
case(
    "error zero",
    txt("one"),
    chunk({"content": "one"}, error={"code": 0, "message": ""}),
    chunk({}, "stop", error={"code": 0, "message": ""}),
    DONE,
)
case(
    "queued",
    txt("one"),
    b'data: {"status":"queued","message":"position 3"}\n\n',
    b'data: {"status":"processing","message":"x"}\n\n',
    chunk({"content": "one"}),
    chunk({}, "stop"),
    DONE,
)
case(
    "idx str",
    txt("hi"),
    b'data: {"choices":[{"index":"0","delta":{"content":"hi"}}]}\n\n',
    b'data: {"choices":[{"index":"0","delta":{},"finish_reason":"stop"}]}\n\n',
    DONE,
)
for k in ("data", "response", "result"):
    case(
        "wrapped " + k,
        txt("hi"),
        ("data: " + json.dumps({k: {"choices": [{"index": 0, "delta": {"content": "hi"}}]}}) + "\n\n").encode(),
        (
            "data: " + json.dumps({k: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}}) + "\n\n"
        ).encode(),
        DONE,
    )
case("finish in delta", txt("hi"), chunk({"content": "hi"}), chunk({"finish_reason": "stop"}))
case(
    "finish top",
    txt("hi"),
    chunk({"content": "hi"}),
    b'data: {"choices":[{"index":0,"delta":{}}],"finish_reason":"stop"}\n\n',
)
case(
    "finish camel",
    txt("hi"),
    chunk({"content": "hi"}),
    b'data: {"choices":[{"index":0,"delta":{},"finishReason":"STOP"}]}\n\n',
)
for u, i, o in [
    ({"prompt_tokens": "4321", "completion_tokens": "7"}, 4321, 7),
    (
        {
            "prompt_tokens": 21,
            "completion_tokens": 7,
            "total_tokens": 4328,
            "prompt_tokens_details": {"cached_tokens": 4300},
        },
        21,
        7,
    ),
    (
        {
            "prompt_tokens": 20,
            "completion_tokens": 7,
            "total_tokens": 127,
            "completion_tokens_details": {"reasoning_tokens": 100},
        },
        20,
        107,
    ),
    (
        {
            "prompt_tokens": 4321,
            "completion_tokens": 107,
            "total_tokens": 4428,
            "completion_tokens_details": {"reasoning_tokens": 100},
        },
        4321,
        107,
    ),
]:
    case(
        f"usage {u}",
        counts(i, o),
        chunk({"content": "one"}),
        chunk({}, "stop"),
        ("data: " + json.dumps({"choices": [], "usage": u}) + "\n\n").encode(),
        DONE,
    )


def us(name: str, i: int, o: int, *reads: bytes) -> None:
    case(name, counts(i, o), *reads)


def used(**usage: int) -> bytes:
    return ("data: " + json.dumps({"choices": [], "usage": usage}) + "\n\n").encode()


us(
    "zeros last",
    4321,
    7,
    chunk({"content": "one"}),
    chunk({}, "stop"),
    used(prompt_tokens=4321, completion_tokens=7),
    used(prompt_tokens=0, completion_tokens=0),
    DONE,
)
us(
    "split",
    4321,
    7,
    used(prompt_tokens=4321, completion_tokens=0),
    chunk({"content": "one"}),
    chunk({}, "stop"),
    used(prompt_tokens=0, completion_tokens=7),
    DONE,
)
us(
    "groq",
    4321,
    7,
    chunk({"content": "one"}),
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":4321,"completion_tokens":7}}}\n\n',
    DONE,
)
us(
    "timings",
    321,
    7,
    chunk({"content": "one"}),
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"timings":{"prompt_n":321,"cache_n":4000,"predicted_n":7}}\n\n',
    DONE,
)
us(
    "message usage",
    4321,
    7,
    chunk({"content": "one"}),
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":4321,"completion_tokens":7}}]}\n\n',
    DONE,
)


@pytest.mark.parametrize(("want", "reads", "fields"), CASES)
def test_an_answer_is_read_as_it_is_meant(want: Want | None, reads: tuple[bytes, ...], fields: Json) -> None:
    for given_reads in (reads, (b"".join(reads),)):
        answer = Answer(*given_reads, tools=TOOLS, **fields)
        error = answer.machine.error
        if want is None:
            assert error is not None
        else:
            assert error is None, error
            assert want(answer)


def test_every_word_for_an_end_is_known_good_or_said_to_be_a_failure() -> None:
    assert all(finish_of(word.upper()) == meaning for word, meaning in FINISH.items())
    assert finish_of("function_call_filter: MALFORMED_FUNCTION_CALL") == FAILED


WORDS = st.sampled_from(
    ["", "stop", "tool_calls", "length", "abort", "MALFORMED_FUNCTION_CALL", "error", "whatever", "content_filter"]
)
ARGUMENTS = st.fixed_dictionaries(
    {"file_path": st.text(max_size=6), "content": st.text(st.sampled_from('a"{}[],: \\n<'), max_size=12)}
)
ENDS = st.sampled_from([DONE, b"", USAGE + DONE, USAGE])


@RELAXED
@given(ARGUMENTS, WORDS, st.booleans(), ENDS, st.sampled_from(["eof", "reset", "timeout"]), st.data())
def test_what_runs_in_the_client_was_finished_upstream(
    given_arguments: Json, word: str, word_first: bool, end: bytes, cause: str, data: st.DataObject
) -> None:
    text = json.dumps(given_arguments)
    sent = text[: data.draw(st.integers(0, len(text)))]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=3)))
    parts = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    reads = [c(piece("", 0, "c", "Write"), f=word or None) if word_first else c(piece("", 0, "c", "Write"))]
    reads += [c(piece(part, 0)) for part in parts]
    reads += [] if word_first or not word else [chunk({}, word)]
    answer = Answer(*reads, end, tools=TOOLS, cause=cause)
    closed = [block for block in answer.blocks if block["type"] == "tool_use" and "open" not in block]
    if answer.machine.error is None and answer.machine.stop_reason == "tool_use":
        good = finish_of(word) not in (FAILED, "max_tokens")
        assert good
        assert not closed or not sent or closed[0]["input"] == given_arguments  # a bracket at most was missing
    else:
        assert not closed or answer.machine.stop_reason != "tool_use"
    if finish_of(word) == FAILED and word:
        assert answer.machine.error is not None
