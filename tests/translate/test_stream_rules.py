"""Rules of the way back, one example each; the black-box cases have the rest."""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import json

import pytest
from translate_kit import (
    BASH,
    DONE,
    READ,
    Answer,
    assistant,
    call_chunk,
    chunk,
    piece,
    rebuilt,
    text,
    tool_result,
    tool_use,
    translated,
    user,
)

from ccswitch_tui.translate.failure import Failure
from ccswitch_tui.translate.reasoning import PREFIX, pack, unpack
from ccswitch_tui.translate.response import translate_response
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.anthropic import read_events, violations

STOP = chunk({}, "stop")
TOOLS = chunk({}, "tool_calls")
RA, LS = '{"file_path":"/a"}', '{"command":"ls"}'


def test_nothing_is_sent_before_the_upstream_has_said_something() -> None:
    machine = StreamTranslator(translated(stream=True))
    assert machine.feed(b": waiting\n\n") == b""
    assert machine.feed(chunk({"role": "assistant", "content": ""})) == b""
    assert not machine.committed
    assert machine.feed(chunk({"content": "x"}))
    assert machine.committed


def test_a_silent_upstream_can_be_covered_by_an_early_start_and_pings() -> None:
    machine = StreamTranslator(translated(stream=True))
    assert machine.ping() == b""
    early = machine.commit()
    assert [e["type"] for e in read_events(early)] == ["message_start"]
    assert machine.commit() == b""
    assert b"ping" in machine.ping()
    rest = machine.feed(chunk({"content": "x"}) + STOP + DONE)
    assert violations(early + machine.ping() + rest) == []
    assert machine.ping() == b""


def test_an_error_after_an_early_start_is_an_event() -> None:
    machine = StreamTranslator(translated(stream=True))
    out = machine.commit() + machine.feed(b'data: {"error":{"message":"gone"}}\n\n')
    assert read_events(out)[-1]["type"] == "error"
    assert machine.failure is None
    assert machine.error is not None


def test_the_first_call_streams_and_the_others_follow_in_order() -> None:
    answer = Answer(
        call_chunk(piece("", 0, "c1", "Read"), piece("", 1, "c2", "Bash")),
        call_chunk(piece('{"command":', 1)),
        call_chunk(piece('{"file_path":', 0)),
        call_chunk(piece('"ls"}', 1)),
        call_chunk(piece('"/a"}', 0)),
        TOOLS + DONE,
    )
    assert answer.calls == [("Read", {"file_path": "/a"}), ("Bash", {"command": "ls"})]
    assert violations(answer.out) == []


def test_a_call_after_a_whole_call_need_not_wait_for_the_finish() -> None:
    machine = StreamTranslator(translated(stream=True, tools=[READ, BASH]))
    machine.feed(call_chunk(piece(RA, 0, "c1", "Read")))
    out = machine.feed(call_chunk(piece(LS, 1, "c2", "Bash")))
    assert b"content_block_stop" in out
    assert b"ls" in out


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(RA, None, "c1", "Read"), piece(LS, None, "c2", "Bash")],
        [piece(RA, 0, "c1", "Read"), piece(LS, 0, "c2", "Bash")],
        [piece(RA, 0, "", "Read"), piece(LS, 0, "", "Bash")],
        [piece(RA, 0, None, "Read"), piece(LS, 0, None, "Bash")],
        [piece(RA, None, None, "Read"), piece(LS, None, None, "Bash")],
        [piece(RA, 3, "c1", "Read"), piece(LS, 9, "c2", "Bash")],
        [piece(RA, 0, "c1", "Read"), piece(LS, 1, "c1", "Bash")],
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_two_whole_calls_are_two_however_they_are_numbered(pieces: list, together: bool) -> None:
    reads = [call_chunk(*pieces)] if together else [call_chunk(p) for p in pieces]
    answer = Answer(*reads, TOOLS + DONE)
    assert answer.calls == [("Read", {"file_path": "/a"}), ("Bash", {"command": "ls"})]
    ids = [b["id"] for b in answer.blocks]
    assert len(set(ids)) == 2


def test_the_same_tool_twice_without_ids_or_indices_is_two_calls() -> None:
    answer = Answer(
        call_chunk(piece(RA, None, None, "Read")),
        call_chunk(piece('{"file_path":"/b"}', None, None, "Read")),
        TOOLS + DONE,
    )
    assert [given["file_path"] for _, given in answer.calls] == ["/a", "/b"]


def test_a_new_id_for_every_fragment_is_still_one_call() -> None:
    answer = Answer(
        call_chunk(piece('{"file_path":', 0, "x1", "Read")),
        call_chunk(piece('"/a', 0, "x2")),
        call_chunk(piece('"}', 0, "x3")),
        TOOLS + DONE,
    )
    assert answer.calls == [("Read", {"file_path": "/a"})]


def test_a_name_in_two_pieces_is_one_name() -> None:
    answer = Answer(
        call_chunk(piece("", 0, "c", "Re")),
        call_chunk(piece("", 0, None, "ad")),
        call_chunk(piece(RA, 0)),
        TOOLS + DONE,
    )
    assert answer.calls == [("Read", {"file_path": "/a"})]


def test_an_empty_object_before_the_real_arguments_is_not_the_arguments() -> None:
    answer = Answer(
        call_chunk(piece("{}", 0, "c", "Read")),
        call_chunk(piece('{"file_path":', 0)),
        call_chunk(piece('"/a"}', 0)),
        TOOLS + DONE,
    )
    assert answer.calls == [("Read", {"file_path": "/a"})]


def test_an_id_of_an_earlier_turn_is_not_used_again() -> None:
    history = (user("go"), assistant(tool_use("call_0")), user(tool_result("call_0")))
    answer = Answer(call_chunk(piece(RA, 0, "call_0", "Read")), TOOLS + DONE, history=history)
    assert answer.blocks[0]["id"] != "call_0"
    assert answer.blocks[0]["id"].startswith("toolu_")


def test_ids_differ_from_turn_to_turn_where_the_server_gives_none() -> None:
    first = Answer(call_chunk(piece(RA, 0, None, "Read")), TOOLS + DONE, history=(user("go"),)).blocks[0]["id"]
    history = (user("go"), assistant(tool_use(first)), user(tool_result(first)))
    second = Answer(call_chunk(piece(RA, 0, None, "Read")), TOOLS + DONE, history=history).blocks[0]["id"]
    assert first != second


def test_a_tool_in_a_name_space_or_another_case_is_the_tool() -> None:
    for name in ("functions.Read", "default_api.Read", "Read ", "read"):
        assert Answer(call_chunk(piece(RA, 0, "c", name)), TOOLS + DONE).calls[0][0] == "Read"
    assert Answer(call_chunk(piece(RA, 0, "c", "Unheard")), TOOLS + DONE).calls[0][0] == "Unheard"


def test_thinking_is_signed_before_its_block_ends() -> None:
    answer = Answer(chunk({"reasoning_content": "hm"}) + chunk({"content": "x"}) + STOP + DONE)
    assert answer.blocks[0] == {"type": "thinking", "thinking": "hm", "signature": PREFIX}


def test_reasoning_details_come_back_in_the_next_request() -> None:
    details = [
        {"type": "reasoning.text", "text": "a ", "index": 0},
        {"type": "reasoning.text", "text": "b", "index": 0, "signature": "sig"},
        {"type": "reasoning.encrypted", "data": "AAAA", "index": 1},
    ]
    quirks = {"reasoning_replay": "reasoning_details"}
    answer = Answer(
        *(chunk({"reasoning_details": [d]}) for d in details),
        call_chunk(piece(RA, 0, "c1", "Read")),
        TOOLS + DONE,
        quirks=quirks,
    )
    blocks = answer.blocks
    assert [b["type"] for b in blocks] == ["thinking", "tool_use"]
    following = translated(user("go"), assistant(*blocks), user(tool_result("c1")), quirks=quirks).body["messages"]
    assert following[1]["reasoning_details"] == [
        {"type": "reasoning.text", "text": "a b", "index": 0, "signature": "sig"},
        {"type": "reasoning.encrypted", "data": "AAAA", "index": 1},
    ]


def test_a_thought_signature_comes_back_with_its_call() -> None:
    quirks = {"reasoning_replay": "google_signature"}
    call = {**piece(RA, 0, "c1", "Read"), "extra_content": {"google": {"thought_signature": "sig=="}}}
    blocks = Answer(call_chunk(call), TOOLS + DONE, quirks=quirks).blocks
    following = translated(user("go"), assistant(*blocks), user(tool_result("c1")), quirks=quirks).body["messages"]
    assert following[1]["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "sig=="}}


def test_a_signature_of_somebody_else_carries_nothing() -> None:
    for foreign in ("c2ln", "", None, 3, PREFIX + "not base64!", PREFIX + "AAAA", pack({})):
        assert unpack(foreign) == {}
    bomb = pack({"details": ["x" * 10_000_000]})
    assert unpack(bomb) == {}
    assert unpack(pack({"details": [1]})) == {"details": [1]}


def test_a_stop_string_the_upstream_was_not_given_ends_the_answer_here() -> None:
    answer = Answer(
        chunk({"content": "one "}) + chunk({"content": "ST"}),
        chunk({"content": "OP two"}),
        stop_sequences=["STOP"],
        quirks={"stop_limit": 0},
    )
    assert answer.machine.done
    assert answer.text == "one "
    assert (answer.machine.stop_reason, answer.machine.stop_sequence) == ("stop_sequence", "STOP")


@pytest.mark.parametrize(
    ("notation", "written"),
    [
        ("hermes", '<tool_call>\n{"name": "Bash", "arguments": {"command": "ls"}}\n</tool_call>'),
        ("qwen", "<tool_call>\n<function=Bash>\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>"),
        ("kimi", '<|tool_calls_section_begin|><|tool_call_begin|>functions.Bash:0<|tool_call_argument_begin|>{"command": "ls"}<|tool_call_end|><|tool_calls_section_end|>'),
        ("dsml", '<｜DSML｜function_calls><｜DSML｜invoke name="Bash"><｜DSML｜parameter name="command" string="true">ls</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>'),
        ("mistral", '[TOOL_CALLS][{"name": "Bash", "arguments": {"command": "ls"}}]'),
        ("mistral", '[TOOL_CALLS]Bash[ARGS]{"command": "ls"}'),
        ("xai", '<xai:function_call name="Bash"><parameter name="command">ls</parameter></xai:function_call>'),
    ],
)  # fmt: skip
def test_calls_written_as_text_are_calls_where_the_profile_says_so(notation: str, written: str) -> None:
    for reads in (
        [chunk({"content": f"Let me look.\n{written}"})],
        [chunk({"content": c}) for c in f"Let me look.\n{written}"],
    ):
        answer = Answer(*reads, STOP + DONE, quirks={"text_tools": notation})
        assert answer.calls == [("Bash", {"command": "ls"})]
        assert answer.text.strip() == "Let me look."
        assert answer.machine.stop_reason == "tool_use"
    kept = Answer(chunk({"content": written}) + STOP + DONE)
    assert kept.text == written


@pytest.mark.parametrize(
    "written",
    [
        'say <tool_call>{"name":"Bash","arguments":{}}</tool_call>',
        '<tool_call>{"name":"Unheard","arguments":{}}</tool_call>',
        '<tool_call>{"name":"Bash","arguments":</tool_call>',
        "<tool_call>",
        '<tool_call>{"name":"Bash","arguments":{}}',
    ],
)
def test_markup_that_is_not_certainly_a_call_stays_text(written: str) -> None:
    answer = Answer(chunk({"content": written}) + STOP + DONE, quirks={"text_tools": "hermes"})
    assert answer.text == written
    assert answer.calls == []


def test_a_reset_after_the_finish_is_a_good_end() -> None:
    assert Answer(chunk({"content": "x"}) + STOP, cause="reset").machine.error is None


@pytest.mark.parametrize(("cause", "status"), [("eof", 502), ("reset", 502), ("timeout", 504)])
def test_an_answer_that_breaks_off_is_an_error(cause: str, status: int) -> None:
    broken = Answer(chunk({"role": "assistant"}), cause=cause).machine.failure
    assert broken is not None
    assert broken.status == status
    assert Answer(chunk({"content": "x"}), cause=cause).events[-1]["type"] == "error"


def test_a_text_is_not_closed_when_the_answer_breaks_off() -> None:
    assert "content_block_stop" not in [e["type"] for e in Answer(chunk({"content": "x"})).events]


def test_counts_that_are_nonsense_are_estimated() -> None:
    for usage in (
        None,
        {},
        {"prompt_tokens": -5, "completion_tokens": "9"},
        {"prompt_tokens": 0, "completion_tokens": 0},
        [1],
        "x",
    ):
        answer = Answer(chunk({"content": "some words here"}, usage=usage) + STOP + DONE)
        assert answer.machine.usage["input_tokens"] >= 1
        assert answer.machine.usage["output_tokens"] >= 1
        assert answer.machine.measured_input is None


def test_a_conversation_the_server_cut_is_noticed() -> None:
    history = (user("word " * 20_000),)
    answer = Answer(
        chunk({"content": "x"}) + chunk({}, "stop", usage={"prompt_tokens": 2048, "completion_tokens": 1}) + DONE,
        history=history,
    )
    assert "cut long conversations" in answer.notices


def test_length_without_a_single_token_is_an_overflow() -> None:
    answer = Answer(chunk({}, "length", usage={"prompt_tokens": 9000, "completion_tokens": 0}) + DONE)
    assert answer.machine.failure is not None
    assert answer.machine.failure.message.startswith("prompt is too long")


def test_a_pair_of_surrogates_in_two_chunks_is_one_character() -> None:
    answer = Answer(chunk({"content": "a\ud83d"}), chunk({"content": "\ude00b"}), STOP + DONE)
    assert answer.text == "a😀b"


def test_a_learned_quirk_reaches_the_proxy_from_inside_a_stream() -> None:
    refusal = {
        "error": {
            "message": "Unsupported parameter: 'stream_options'",
            "code": "unsupported_parameter",
            "param": "stream_options",
        }
    }
    answer = Answer(b"data: " + json.dumps(refusal).encode() + b"\n\n")
    assert answer.machine.failure is not None
    assert answer.machine.failure.learned is not None
    assert answer.machine.failure.learned.quirk == "stream_options"


def test_a_whole_answer_is_the_same_from_json_and_from_events() -> None:
    message = {
        "role": "assistant",
        "content": "hi",
        "reasoning_content": "hm",
        "tool_calls": [piece(RA, None, "c1", "Read")],
    }
    completion = {
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3},
    }
    asked = translated(tools=[READ])
    told = translate_response(json.dumps(completion).encode(), asked)
    streamed = translate_response(
        chunk({k: v for k, v in message.items() if k != "role"}, "tool_calls", usage=completion["usage"]) + DONE, asked
    )
    assert told == streamed
    assert isinstance(told, dict)
    assert [b["type"] for b in told["content"]] == ["thinking", "text", "tool_use"]
    assert told["usage"]["input_tokens"] == 5


def test_a_cut_call_is_left_out_of_a_whole_message() -> None:
    completion = {
        "choices": [
            {
                "message": {"content": "x", "tool_calls": [piece('{"file_path":"/a', None, "c1", "Read")]},
                "finish_reason": "length",
            }
        ]
    }
    told = translate_response(json.dumps(completion).encode(), translated(tools=[READ]))
    assert isinstance(told, dict)
    assert [b["type"] for b in told["content"]] == ["text"]
    assert told["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"null",
        b"[]",
        b"{}",
        b'{"choices":[]}',
        b'{"choices":null}',
        b"<html></html>",
        b"ok",
        b'"x"',
        b'{"choices":[{"mess',
    ],
)
def test_a_200_that_is_no_answer_is_a_failure(body: bytes) -> None:
    told = translate_response(body, translated())
    assert isinstance(told, Failure)
    assert told.status >= 500


def test_memory_is_bounded() -> None:
    machine = StreamTranslator(translated(stream=True, tools=[READ]))
    machine.feed(call_chunk(piece('{"a":', 0, "c0", "Read")))
    for number in range(1, 2000):
        machine.feed(call_chunk(piece("{", number, f"c{number}", "Read")))
        if machine.done:
            break
    assert machine.error is not None
    endless = StreamTranslator(translated(stream=True))
    endless.feed(b"data: ")
    for _ in range(40):
        endless.feed(b"x" * 1_000_000)
        if endless.done:
            break
    assert endless.failure is not None


def test_rebuilt_events_of_a_full_answer() -> None:
    answer = Answer(
        chunk({"reasoning": "hm"}), chunk({"content": "x"}), call_chunk(piece(RA, 0, "c1", "Read")), TOOLS + DONE
    )
    message = rebuilt(answer.events)
    assert message["stop_reason"] == "tool_use"
    assert message["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": PREFIX},
        {"type": "text", "text": "x"},
        {"type": "tool_use", "id": "c1", "name": "Read", "input": {"file_path": "/a"}},
    ]
    assert text("x") == {"type": "text", "text": "x"}
