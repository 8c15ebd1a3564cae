"""Thinking that stands in the text between tags, however it is cut: which tags are read, and which are text."""

from __future__ import annotations

import pytest
from translate_kit import DONE, Answer, chunk

READ = [
    "<think>hm</think>hi",
    "<think>\nhm\n</think>\n\nhi",
    "\n<Think>hm</Think>\nhi",
    "<THINKING>hm</THINKING>hi",
    "< think >hm</ think >hi",
    '<think type="deep">hm</think>hi',
    "<thoughts>hm</thoughts>hi",
    "<think>hm</thinking>hi",
    "<think>hm</think></think>hi",
    "\ufeff<think>hm</think>hi",
    "<seed:think>hm</seed:think>hi",
    "[THINK]hm[/THINK]hi",
    "<unused94>thought\nhm<unused95>hi",
    "<|channel>thought\nhm<channel|>hi",
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>hi",
    "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>hi",
    "<|begin_of_thinking|>hm<|end_of_thinking|>hi",
]
KEPT = [
    "<analysis>hm</analysis>hi",
    "<thinker>hm</thinker>hi",
    "<html><think>hm</think></html>",
    "A <think>hm</think>",
    "<",
    "< 5",
    "<think",
    "[TH",
]


@pytest.mark.parametrize("step", [1, 4, 1000])
def test_thinking_is_told_from_the_answer_however_it_is_cut(step: int) -> None:
    for said in READ:
        answer = Answer(
            *(chunk({"content": said[at : at + step]}) for at in range(0, len(said), step)), chunk({}, "stop"), DONE
        )
        assert (answer.thinking.strip(), answer.text) == ("hm", "hi"), said


@pytest.mark.parametrize("step", [1, 4, 1000])
def test_other_tags_are_text(step: int) -> None:
    for said in KEPT:
        answer = Answer(
            *(chunk({"content": said[at : at + step]}) for at in range(0, len(said), step)), chunk({}, "stop"), DONE
        )
        assert (answer.thinking, answer.text) == ("", said)


def test_a_tag_of_another_name_that_is_quoted_ends_nothing_and_the_own_one_always_does() -> None:
    answer = Answer(chunk({"content": '<think>the `</thinking>` tag, "so"</think>hi'}), chunk({}, "stop"), DONE)
    assert (answer.thinking, answer.text) == ('the `</thinking>` tag, "so"', "hi")
