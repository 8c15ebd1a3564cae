"""An endpoint that takes what a lesson says it refuses has disproved the lesson."""

from __future__ import annotations

from typing import Any

import pytest
from test_refusals_by_kind import FORMATS, FORMATTED, GIF, ONE, SAMPLED, STOPPED
from translate_kit import BASH, READ, assistant, text, tool_result, tool_use, translated, user

from ccswitch_tui.translate.disproof import TAKEN, disproved
from ccswitch_tui.translate.picture_refusals import digest_of

HIGH: dict[str, Any] = {
    "quirks": {"effort": "reasoning_effort"},
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "high"},
}
FORCED: dict[str, Any] = {"tools": [BASH], "tool_choice": {"type": "any"}}
SEQUENTIAL: dict[str, Any] = {"tools": [BASH], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
BEGUN = [user("x"), assistant("The answer is")]
SAID_NOTHING = [user("x"), assistant(tool_use("t1")), user(tool_result("t1", ""))]
GIF_DIGEST = digest_of(f"data:image/gif;base64,{GIF['source']['data']}")  # type: ignore[index]

LESSONS: list[Any] = [
    # quirk, its value, messages and fields that disprove it, fields that say nothing
    ("images", "note", ONE, {}, {}),
    ("refused_images", ["image/gif"], FORMATS, {}, {}),
    ("refused_images", [GIF_DIGEST], FORMATS, {}, {}),
    ("max_images", 1, FORMATS, {}, {}),
    ("max_output", 1000, [], {"max_tokens": 2000}, {"max_tokens": 500}),
    ("effort", "none", [], HIGH, {}),
    ("effort_levels", ["low", "medium"], [], HIGH, {"quirks": {"effort": "reasoning_effort"}}),
    ("drop_fields", ["top_k"], [], {"top_k": 5, "quirks": {"top_k": True}}, {}),
    ("drop_tools", ["Bash"], [], {"tools": [READ, BASH]}, {"tools": [READ]}),
    ("lenient_tools", ["Bash"], [], {"tools": [BASH]}, {"tools": [BASH], "quirks": {"schema": "lenient"}}),
    ("tool_choice", "auto_only", [], FORCED, {"tools": [BASH]}),
    ("response_format", "none", [], FORMATTED, {}),
    ("stream_options", False, [], {"stream": True}, {}),
    ("sampling", "none", [], SAMPLED, {}),
    ("sampling", "one", [], {"temperature": 0.2, "top_p": 0.5}, SAMPLED),
    ("stop_limit", 2, [], STOPPED, {"stop_sequences": ["a"]}),
    ("parallel_tools", False, [], SEQUENTIAL, {"tools": [BASH]}),
    ("prefill", "tell", BEGUN, {"thinking": {"type": "adaptive"}}, {"thinking": {"type": "disabled"}}),
    ("blank_text", "leave_out", [user(text(" \n"))], {}, {}),
    ("tool_text_empty", "(empty)", SAID_NOTHING, {}, {}),
]


@pytest.mark.parametrize(("quirk", "value", "messages", "taken", "silent"), LESSONS)
def test_what_was_taken_disproves_a_lesson_and_what_was_not_sent_does_not(
    quirk: str, value: Any, messages: list[Any], taken: Any, silent: Any
) -> None:
    assert disproved(quirk, value, translated(*messages, **taken))
    assert not disproved(quirk, value, translated(user("hi"), **silent))
    applied = {
        **taken,
        "quirks": {**taken.get("quirks", {}), quirk: tuple(value) if isinstance(value, list) else value},
    }
    assert not disproved(quirk, value, translated(*messages, **applied)), "where it is applied nothing is tried"


def test_every_row_is_tried_and_an_unknown_lesson_or_value_disproves_nothing() -> None:
    assert {row[0] for row in LESSONS} == set(TAKEN)
    sent = translated(*ONE, stream=True, max_tokens=2000)
    assert not disproved("mid_system", "fold", sent)
    for quirk in TAKEN:
        disproved(quirk, None, sent)
        disproved(quirk, {"a": 1}, sent)
