"""Answers in clothes nobody has documented: signs of life, end marks, wrappings, counts, thinking, errors in a stream.

Each list is a kind that public reports show, with siblings in other words and shapes.
"""

# ruff: noqa: E501  (a row stays in one line)

from __future__ import annotations

import json
from typing import Any

import pytest
from test_answers_as_they_come import TOOLS, USAGE, WHOLE, c, counts, ls, txt
from translate_kit import DONE, Answer, chunk

Json = dict[str, Any]
ROLE, ONE, HI, STOP = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "one"}),
    chunk({"content": "hi"}),
    chunk({}, "stop"),
)


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def heard(*reads: bytes, **fields: Any) -> Answer:
    """The answer, which must be a good one however it is cut."""
    whole = b"".join(reads)
    for read in (reads, (whole,), tuple(whole[i : i + 1] for i in range(len(whole)))):
        answer = Answer(*read, tools=TOOLS, **fields)
        assert answer.machine.error is None, answer.machine.error
    return answer


LIFE = [
    "[STATUS] running", "[QUEUE] 3", '{"message":"keep-alive"}', '{"detail":""}', '{"queue_position":3,"message":"waiting in line"}',
    '{"state":"queued","message":"waiting"}', '{"status":"warming_up","msg":"one moment"}', '{"code":0,"msg":"ok"}', '{"error":null}',
    '{"type":"status","message":"warming up"}', '{"heartbeat":true}', '{"progress":0.4}', "true", "0", "...", "# ping", "event: ping",
]  # fmt: skip
NAMED = [
    b'event: ping\ndata: {"message":"hi"}\n\n', b'event: status\ndata: {"message":"loading"}\n\n', b"event: heartbeat\ndata: ok\n\n",
    b'event: queue\ndata: {"position":3}\n\n', b"event: keepalive\n\n", b"ping\n\n", b": ping\n\n",
]  # fmt: skip


@pytest.mark.parametrize("sign", [*(f"data: {word}\n\n".encode() for word in LIFE), *NAMED])
def test_a_sign_of_life_is_nothing_at_any_place(sign: bytes) -> None:
    assert txt("one two")(
        heard(
            sign, ROLE, chunk({"content": "one "}), sign, chunk({"content": "two"}), sign, STOP, sign, USAGE, sign, DONE
        )
    )


AFTER = [
    b'data: {"choices":[{"index":0,"delta":{"con\n\n', b"data: {\n\n", b"data: <html>\n\n", b"data: [STREAM_END]\n\n", b"Internal Server Error",
    b'{"error":"late"}', b"event: error\ndata: {}\n\n", b'data: {"error":{"message":"late"}}\n\n', b"event: close\ndata: bye\n\n", b"\x00",
]  # fmt: skip


@pytest.mark.parametrize("rest", AFTER)
def test_after_the_end_and_the_counts_nothing_makes_an_error_of_an_answer(rest: bytes) -> None:
    assert txt("one")(heard(ROLE, ONE, STOP, USAGE, rest))
    assert ls(heard(ROLE, c(WHOLE), chunk({}, "tool_calls"), USAGE, rest))


ERRORS: list[Json] = [
    {"errors": [{"message": "boom"}]}, {"code": 1301, "msg": "boom"}, {"error_code": 336003, "error_msg": "boom"}, {"Error": {"Message": "boom"}},
    {"err": "boom"}, {"fault": {"faultstring": "boom"}}, {"errorMessage": "boom"}, {"ret": -1, "msg": "boom"}, {"choices": [{"error": {"message": "boom"}}]},
    {"choices": [{"index": 0, "delta": {"error": "boom"}}]}, {"header": {"code": 10005, "message": "boom"}}, {"exception": "boom"},
    {"status": "failed", "reason": "boom"}, {"msg": "boom", "code": "429"}, {"success": False, "message": "boom"}, {"detail": "boom"}, {"message": "boom"},
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("end", [DONE, b"", STOP + DONE])
def test_an_error_in_a_stream_keeps_its_words_however_it_is_spelt(error: Json, end: bytes) -> None:
    """Followed by an end mark, some of these passed for the end of a good answer."""
    for before in ((), (ROLE, ONE)):
        answer = Answer(*before, data(error), end, tools=TOOLS)
        assert answer.machine.error is not None
        assert "boom" in answer.machine.error.message


SHAPES = [
    ({"content": {"type": "text", "value": "hi"}},), ({"content": [{"type": "text", "text": {"value": "hi"}}]},), ({"parts": [{"text": "hi"}]},),
    ({"response": "hi"},), ({"content": "", "text": "hi"},), ({"content": ["h", "i"]},),
]  # fmt: skip


@pytest.mark.parametrize("deltas", SHAPES)
def test_text_is_found_where_a_delta_has_it(deltas: tuple[Json, ...]) -> None:
    assert txt("hi")(heard(ROLE, *(chunk(delta) for delta in deltas), STOP, DONE))


CHOICES: list[tuple[Any, Any]] = [
    ([{"index": 0, "delta": "hi"}], [{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    ([{"index": 0, "delta": [{"content": "hi"}]}], [{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    ([{"index": 0, "content": "hi"}], [{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    ({"0": {"delta": {"content": "hi"}}}, {"0": {"delta": {}, "finish_reason": "stop"}}),
    ([{"index": 1, "delta": {"content": "hi"}}], [{"index": 1, "delta": {}, "finish_reason": "stop"}]),
    ([{"index": -1, "delta": {"content": "hi"}}], [{"index": -1, "delta": {}, "finish_reason": "stop"}]),
    ([None, {"index": 0, "delta": {"content": "hi"}}], [{"index": 0, "delta": {}, "finish_reason": {"type": "stop"}}]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "last"), CHOICES)
def test_the_choice_is_found(first: Any, last: Any) -> None:
    assert txt("hi")(heard(data({"choices": first}), data({"choices": last}), DONE))
    for key in ("data", "output", "completion", "anything"):
        assert txt("hi")(heard(data({key: {"choices": first}}), data({key: {"choices": last}}), DONE))
    assert txt("hi")(heard(data({"data": json.dumps({"choices": first})}), data(json.dumps({"choices": last})), DONE))


def test_a_second_choice_is_not_told() -> None:
    other = data({"choices": [{"index": 1, "delta": {"content": "no"}}]})
    assert txt("hi")(heard(ROLE, other, HI, other, STOP, DONE))


def test_an_answer_in_capitals_and_one_of_ollamas_own_are_read() -> None:
    capital = [
        {"Choices": [{"Index": 0, "Delta": {"Content": "hi"}}]},
        {"Choices": [{"Delta": {}, "FinishReason": "stop"}]},
    ]
    assert txt("hi")(heard(*map(data, capital), DONE))
    lines = [
        {"message": {"content": "hi"}, "done": False},
        {"message": {"content": ""}, "done": True, "prompt_eval_count": 3, "eval_count": 1},
    ]
    answer = heard(*(json.dumps(line).encode() + b"\n" for line in lines))
    assert (answer.text, answer.machine.usage["input_tokens"]) == ("hi", 3)


GLUED = [
    HI[6:-2] + STOP[6:-2],
    b"[\n" + HI[6:-2] + b",\n" + STOP[6:-2] + b"\n]",
    HI[6:-1] + STOP[6:-1],
    b"data: " + HI[6:-2] + b";\n\n" + STOP,
]


@pytest.mark.parametrize("body", GLUED)
def test_chunks_that_are_glued_or_listed_are_taken_apart(body: bytes) -> None:
    assert txt("hi")(heard(body))


N: Json = {"prompt_tokens": 4321, "completion_tokens": 7}
COUNTED: list[Json] = [
    {"usage": [N]}, {"usage": {"prompt_tokens": " 4,321 ", "completion_tokens": "7.0"}}, {"usage_metadata": {"prompt_token_count": 4321, "candidates_token_count": 7}},
    {"x_usage": N}, {"token_usage": N}, {"tokenUsage": N}, {"metrics": N}, {"choices": [{"index": 0, "delta": {"usage": N}}]}, N,
    {"choices": [{"index": 0, "delta": {}, "message": {"usage": N}}]}, {"usage": {"prompt_tokens": 4321, "total_tokens": 4328}},
    {"usage": {"completion_tokens": 7, "total_tokens": 4328}}, {"choices": [], "x_groq": {"usage": N}}, {"prompt_eval_count": 4321, "eval_count": 7},
]  # fmt: skip


@pytest.mark.parametrize("said", COUNTED)
def test_counts_are_read_where_they_stand(said: Json) -> None:
    nothing = {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    assert counts(4321, 7)(
        heard(ROLE, ONE, STOP, data({"choices": [], **said}), data({"choices": [], **nothing}), DONE)
    )
    assert counts(4321, 7)(
        heard(data({"choices": [], **nothing}), ROLE, ONE, data({"choices": [], **said}), STOP, DONE)
    )


THOUGHTS: list[Json] = [
    {"reasoningContent": "hm"}, {"reason_content": "hm"}, {"chain_of_thought": "hm"}, {"reasoning": {"text": {"value": "hm"}}},
    {"thinking_blocks": [{"type": "thinking", "thinking": "hm"}]}, {"content": [{"text": "hm", "thought": True}]}, {"type": "reasoning", "content": "hm"},
]  # fmt: skip
TAGS = ["[THINK] [/THINK]", "<mm:think> </mm:think>", "◁think▷ ◁/think▷", "<|begin_of_thought|> <|end_of_thought|>", "<|START_THINKING|> <|END_THINKING|>", "<reasoning> </reasoning>"]  # fmt: skip


@pytest.mark.parametrize("said", [*THOUGHTS, *TAGS])
def test_thinking_is_told_from_text(said: Json | str) -> None:
    if isinstance(said, str):
        opening, _, closing = said.partition(" ")
        reads = (chunk({"content": f"{opening}hm"}), chunk({"content": f"{closing}\n\nhi"}))
    else:
        reads = (chunk(said), HI)
    answer = heard(ROLE, *reads, STOP, DONE)
    assert (answer.thinking, answer.text) == ("hm", "hi")


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_closing_tag_that_nothing_opened_is_found_in_pieces(cut: int) -> None:
    """Most tokenisers make three pieces of it."""
    tag = "</think>"
    for pieces in (
        (f"hm.\n{tag[:cut]}", f"{tag[cut:]}\n\nhi"),
        ("hm.\n", tag[:cut], tag[cut:], "\n", "\nhi"),
        ("h", "m.\n", f"{tag}\n\nhi"),
    ):
        if any(piece.endswith("<") for piece in pieces):
            continue  # a lone bracket is passed on at once
        answer = heard(ROLE, *(chunk({"content": piece}) for piece in pieces), STOP, DONE)
        assert answer.text == "hm.\nhi", pieces
        assert answer.machine.lesson is not None


@pytest.mark.parametrize(
    "words",
    ["```\n</think>\n```", "Use </think> to end it.", "a\n</th", "see `</think>`\nand", "</thing>\n\nx", "a </"],
)
def test_a_tag_the_model_writes_about_stays(words: str) -> None:
    pieces = [chunk({"content": word}) for word in (words[:5], words[5:])]
    assert heard(ROLE, *pieces, STOP, DONE).text == words
    assert (
        heard(json.dumps({"choices": [{"message": {"content": words}, "finish_reason": "stop"}]}).encode()).text
        == words
    )


def test_orphan_thinking_before_a_call_ends_there() -> None:
    answer = heard(
        ROLE, chunk({"content": "hm.\n"}), chunk({"content": "</think>\n\n"}), c(WHOLE), chunk({}, "tool_calls"), DONE
    )
    assert (answer.text, len(answer.calls)) == ("hm.\n", 1)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"usage": {"billed_units": {"input_tokens": 9}, "tokens": {"input_tokens": 100, "output_tokens": 7}}}, (100, 0, 7)),
        ({"meta": {"tokens": {"input_tokens": 100, "output_tokens": 7}}}, (100, 0, 7)),
        ({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 100, "outputTokenCount": 7}}, (100, 0, 7)),
        ({"usage": {"prompt_tokens": 100, "completion_tokens": 7, "num_cached_tokens": 60}}, (40, 60, 7)),
        ({"usage": {"promptTokens": 100, "completionTokens": 7, "promptTokensDetails": {"cachedTokens": 60}}}, (40, 60, 7)),
    ],
)  # fmt: skip
def test_counts_in_a_vendors_own_places(given: Json, meant: tuple[int, int, int]) -> None:
    answer = Answer(chunk({"content": "hi"}), chunk({}, "stop"), data({"choices": [], **given}), DONE)
    usage = answer.machine.usage
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == meant


def test_a_notice_of_success_is_no_error_and_done_in_capitals_is_an_end() -> None:
    told = data({"code": 200, "message": "success"})
    answer = Answer(
        told,
        chunk({"content": "one"}),
        told,
        chunk({"content": [{"type": "reasoning_text", "text": "x"}]}),
        b"data: DONE\n\n",
    )
    assert answer.machine.error is None
    assert answer.text == "one"


@pytest.mark.parametrize(
    "told",
    ["Error: upstream timed out", "[ERROR] upstream timed out", '"error: upstream timed out"', "upstream error: timed out",
     "Internal Server Error: timed out", '{"Message":"timed out"}', '{"failure":{"message":"timed out"}}'],
)  # fmt: skip
def test_an_error_told_as_a_bare_text_is_no_sign_of_life(told: str) -> None:
    for before in (b"", HI):
        answer = Answer(before + b"data: " + told.encode() + b"\n\n", DONE)
        assert answer.machine.error is not None
        assert "timed out" in answer.machine.error.message
    late = Answer(HI, STOP, USAGE, b"data: " + told.encode() + b"\n\n", DONE)
    assert late.machine.error is None


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {"content": [{"type": "tool_use", "id": "c", "name": "Bash", "input": {"command": "ls"}}]}},
        {"delta": {"content": [{"type": "tool_call", "id": "c", "function": {"name": "Bash", "arguments": '{"command":"ls"}'}}]}},
        {"tool_calls": [{"id": "c", "function": {"name": "Bash", "arguments": '{"command":"ls"}'}}]},
        {"message": {"content": [{"type": "text", "text": ""}, {"type": "function_call", "name": "Bash", "arguments": '{"command":"ls"}'}]}},
    ],
)  # fmt: skip
def test_calls_among_the_parts_of_the_content_or_beside_it_are_calls(choice: Json) -> None:
    assert ls(
        heard(
            data({"choices": [{"index": 0, **choice}]}),
            data({"choices": [{"index": 0, "finish_reason": "stop"}]}),
            DONE,
        )
    )


def test_two_events_in_one_line_are_two() -> None:
    one, two = (chunk({"content": text}).strip() for text in ("hel", "lo"))
    assert Answer(one + b" " + two + b"\n\n", chunk({}, "stop"), DONE).text == "hello"
