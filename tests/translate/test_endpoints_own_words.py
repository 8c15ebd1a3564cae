"""Words and places nobody has listed: finish words in parts and enums, arguments under other keys, names in markup."""

# ruff: noqa: E501  (a row stays in one line)

from __future__ import annotations

import json
from typing import Any

import pytest
from test_answers_as_they_come import TOOLS, USAGE, WHOLE, ls
from translate_kit import DONE, Answer, call_chunk, chunk, piece

from ccswitch_tui.wire.finish_words import FAILED, finish_of, word_in

FAILING = [
    "ABORTED", "engine_dead", "worker_died", "rate_limited", "NO_IMAGE", "IMAGE_OTHER", "socket_hang_up", "max_time",
    "wall_time_exceeded", "stopped_by_server", "quota_exceeded", "budget_exceeded", "bad_request", "halted", "suspended", "degenerate",
    "dropped", "discarded", "pause", "cut_off", "empty_response", "FinishReason.MALFORMED_FUNCTION_CALL",
    "finish_reason_unspecified", "toolCallError", "MISSING_THOUGHT_SIGNATURE",
]  # fmt: skip
CUT = [
    "FINISH_REASON_MAX_TOKENS", "FinishReason.MAX_TOKENS", "token_limit_reached", "max_tokens_reached", "output_limit",
    "length_limit", "limit_reached", "maxTokens", "FinishReasonMaxTokens",
]  # fmt: skip
REFUSED = [
    "FinishReason.SAFETY", "FINISH_REASON_SAFETY", "guardrails", "blocked", "safety_filter", "risk_control", "ContentFilter",
    "policy_violation", "flagged",
]  # fmt: skip
GOOD = [
    "eos_found",
    "matched_eos",
    "stop_word",
    "stopped",
    "stop_criteria",
    "end-turn",
    "natural_stop",
    "FinishReason.STOP",
    "FINISH_REASON_STOP",
    "FinishReasonStop",
    "toolUse",
    "TOOL_CALLS",
]


@pytest.mark.parametrize(
    ("words", "meaning"), [(FAILING, FAILED), (CUT, "max_tokens"), (REFUSED, "refusal"), (GOOD, "end_turn")]
)
def test_a_word_is_read_by_its_parts(words: list[str], meaning: str) -> None:
    assert {word: finish_of(word) for word in words} == dict.fromkeys(words, meaning)


@pytest.mark.parametrize("given", ["null", "None", "", "in_progress", None, True, {}, []])
def test_what_is_written_while_nothing_has_ended_is_no_end(given: Any) -> None:
    assert word_in(given) == ""


@pytest.mark.parametrize("given", [{"type": "abort"}, ["abort"], {"reason": "abort"}])
def test_a_word_in_an_object_counts(given: Any) -> None:
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":%b}]}\n\n'
    answer = Answer(call_chunk(WHOLE), end % json.dumps(given).encode(), USAGE, DONE, tools=TOOLS)
    assert answer.machine.error is not None


@pytest.mark.parametrize(("own", "fails"), [("MALFORMED_FUNCTION_CALL", True), ("STOP", False), ("end_turn", False)])
def test_the_hosts_own_word_counts_where_a_gateway_calls_all_ends_stop(own: str, fails: bool) -> None:
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","native_finish_reason":"%b"}]}\n\n'
    answer = Answer(chunk({"content": "half"}), end % own.encode(), USAGE, DONE, tools=TOOLS)
    assert (answer.machine.error is not None) == fails


PLACES = [
    "parameters",
    "input",
    "args",
    "params",
    "arguments_json",
    "argument",
    "kwargs",
    "tool_input",
    "raw_arguments",
    "partial_json",
]


@pytest.mark.parametrize("key", PLACES)
@pytest.mark.parametrize("given", [{"command": "ls"}, '{"command":"ls"}'])
@pytest.mark.parametrize("empty", [{}, {"arguments": ""}, {"arguments": "{}"}, {"arguments": None}])
def test_arguments_are_found_under_any_key_that_says_so(key: str, given: Any, empty: dict[str, Any]) -> None:
    inside = {"index": 0, "id": "c", "function": {"name": "Bash", **empty, key: given}}
    beside = {"index": 0, "id": "c", "function": {"name": "Bash", **empty}, key: given}
    for call in (inside, beside):
        answer = Answer(call_chunk(call, finish="tool_calls"), USAGE, DONE, tools=TOOLS)
        assert answer.machine.error is None
        assert ls(answer)


@pytest.mark.parametrize("given", [{"args": "x"}, '{"args":"x"}'])
def test_an_object_in_a_place_nobody_can_name_is_refused_and_not_called_empty(given: Any) -> None:
    call = {"index": 0, "id": "c", "function": {"name": "mcp__x__run", "body_of_call": given}}
    answer = Answer(call_chunk(call, finish="tool_calls"), USAGE, DONE, tools=TOOLS)
    assert answer.machine.error is not None


@pytest.mark.parametrize(
    "beside",
    [{"metadata": {"a": 1}}, {"parameters": {"type": "object"}}, {"parameters": {"type": "object", "properties": {}}}],
)
def test_what_else_stands_in_a_call_is_no_argument(beside: dict[str, Any]) -> None:
    call = {"index": 0, "id": "c", "function": {"name": "mcp__x__run", "arguments": "", **beside}}
    answer = Answer(call_chunk(call, finish="tool_calls"), USAGE, DONE, tools=TOOLS)
    assert answer.calls == [("mcp__x__run", {})]


NAMES = [
    "Bash</s>", "Bash<eos>", "Bash<｜tool▁sep｜>", "Bash<|tool_call_argument_begin|>", "functions_Bash", "tool_Bash", "Bash_tool",
    "BashTool", "call_Bash", "bash_tool", "Bash<|im_end|>", "<invoke name=\"Bash\">", "[TOOL_CALLS]Bash",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_markup_is_the_tool_it_holds(name: str) -> None:
    answer = Answer(call_chunk(piece('{"command":"ls"}', 0, "c", name), finish="tool_calls"), USAGE, DONE, tools=TOOLS)
    assert ls(answer)


@pytest.mark.parametrize(
    "parts", [("functions.", "Bash"), ("function", "s.Bash"), ("Ba", "sh"), ("Bash", "<|channel|>")]
)
def test_a_name_in_pieces_is_whole_before_the_call_begins(parts: tuple[str, str]) -> None:
    reads = [call_chunk(piece(None, 0, "c", parts[0])), call_chunk(piece(None, 0, None, parts[1]))]
    answer = Answer(*reads, call_chunk(piece('{"command":"ls"}', 0), finish="tool_calls"), DONE, tools=TOOLS)
    assert ls(answer)


def test_a_tool_nobody_offered_keeps_its_name() -> None:
    for name in ("NotATool", "Bashful", "rm"):
        answer = Answer(call_chunk(piece("{}", 0, "c", name), finish="tool_calls"), USAGE, DONE, tools=TOOLS)
        assert answer.calls == [(name, {})]


def test_the_rest_of_the_arguments_under_the_next_index_belongs_to_the_call() -> None:
    reads = [call_chunk(piece('{"comm', 0, "c", "Bash")), call_chunk(piece('and":"ls"}', 1))]
    assert ls(Answer(*reads, chunk({}, "tool_calls"), DONE, tools=TOOLS))
