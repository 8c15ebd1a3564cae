"""What endpoints that speak the Messages API refuse, in their own words, and the request without it."""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

from typing import Any

import pytest

from ccswitch_tui.translate.native_body import native_betas, native_body
from ccswitch_tui.translate.native_refusals import native_disproved, native_lesson
from ccswitch_tui.translate.notices import Notices
from ccswitch_tui.translate.words import words_of
from ccswitch_tui.wire.quirks import Quirks

BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 32000,
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "high"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]},
    "stop_sequences": ["a", "b", "c", "d", "e"],
    "tools": [{"name": "Read", "defer_loading": True, "input_schema": {"properties": {"strict": {"type": "string"}}}}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "see", "cache_control": {"type": "ephemeral"}}]},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t", "name": "Read", "input": {"cache_control": 1}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {}}]}],
        },
    ],
}
REFUSED = [
    ("drop_fields", ("thinking",), "Failed to process thinking request: extended thinking requires a model that supports reasoning"),
    ("drop_fields", ("thinking",), "thinking_token_budget is set but reasoning_config is not configured"),
    ("drop_fields", ("thinking",), '"qwen2.5-coder:7b" does not support thinking'),
    ("drop_fields", ("thinking",), "litellm.UnsupportedParamsError: openai does not support parameters: ['thinking'], for model=x"),
    ("drop_fields", ("thinking",), "thinking.type: Input should be 'enabled' or 'disabled'; adaptive is not supported"),
    ("drop_fields", ("output_config.effort",), "output_config.effort: Extra inputs are not permitted"),
    ("drop_fields", ("context_management",), "context_management: Extra inputs are not permitted"),
    ("drop_fields", ("defer_loading",), "tools.0.custom.defer_loading: Extra inputs are not permitted"),
    ("max_stops", 4, "Value error, stop_sequences: List should have at most 4 items after validation, not 5"),
    ("drop_fields", ("stop_sequences",), "stop_sequences is not supported"),
    ("max_output", 8192, "max_completion_tokens=32000 cannot be greater than max_model_len=16384."),
    ("images", "note", "smol is not a multimodal model"),
]  # fmt: skip


@pytest.mark.parametrize(("quirk", "value", "words"), REFUSED)
def test_a_refusal_names_what_to_leave_out(quirk: str, value: Any, words: str) -> None:
    lesson = native_lesson(400, words_of({"error": {"message": words}}), BODY, Quirks())
    assert lesson is not None
    assert (lesson.quirk, lesson.value) == (quirk, value)
    again = Quirks(**{quirk: value})
    mended = native_body(BODY, again, Notices())
    assert mended != BODY
    assert native_lesson(400, words_of({"error": {"message": words}}), mended, again) is None


@pytest.mark.parametrize(
    "words",
    [
        "messages.1.content.0: Invalid `signature` in `thinking` block",
        "messages.1: the thinking blocks cannot be modified",
        "prompt is too long: 9031 tokens > 8192 maximum",
        "messages: roles must alternate",
    ],
)
def test_other_words_take_nothing_away(words: str) -> None:
    assert native_lesson(400, words_of({"error": {"message": words}}), BODY, Quirks()) is None


def test_without_thinking_its_edits_go_and_the_others_stay() -> None:
    mended = native_body(BODY, Quirks(drop_fields=("thinking",)), Notices())
    assert "thinking" not in mended
    assert mended["context_management"] == {"edits": [{"type": "clear_tool_uses_20250919"}]}


def test_a_field_of_blocks_goes_from_blocks_and_not_from_what_they_hold() -> None:
    mended = native_body(BODY, Quirks(drop_fields=("cache_control", "strict")), Notices())
    assert "cache_control" not in mended["messages"][0]["content"][0]
    assert mended["messages"][1]["content"][0]["input"] == {"cache_control": 1}
    assert mended["tools"][0]["input_schema"] == BODY["tools"][0]["input_schema"]


def test_an_image_deep_in_a_result_becomes_a_note() -> None:
    mended = native_body(BODY, Quirks(images="note"), Notices())
    assert mended["messages"][2]["content"][0]["content"][0]["type"] == "text"


def test_a_request_no_quirk_concerns_is_the_same_object() -> None:
    assert native_body(BODY, Quirks(), Notices()) is BODY
    assert native_body(BODY, Quirks(drop_fields=("provider",), max_output=64000), Notices()) is BODY


def test_a_beta_and_a_version_are_given_up_by_name() -> None:
    words = words_of(
        {"error": {"message": "Unexpected value(s) `context-management-2025-06-27` for the `anthropic-beta` header."}}
    )
    betas = "claude-code-20250219,context-management-2025-06-27"
    lesson = native_lesson(400, words, BODY, Quirks(), betas=betas)
    assert lesson is not None
    assert (lesson.quirk, lesson.value) == ("drop_betas", ("context-management-2025-06-27",))
    assert native_betas(betas, Quirks(drop_betas=lesson.value)) == "claude-code-20250219"
    assert native_betas(betas, Quirks(drop_betas=("all",))) == ""
    words = words_of({"error": {"message": "anthropic-version 2023-06-01 is not supported, use 2024-10-22"}})
    lesson = native_lesson(400, words, BODY, Quirks(), version="2023-06-01")
    assert lesson is not None
    assert (lesson.quirk, lesson.value) == ("api_version", "2024-10-22")


TURNS: list[dict[str, Any]] = [
    {"role": "user", "content": "x"},
    {
        "role": "assistant",
        "content": [{"type": "text", "text": "\n\n"}, {"type": "tool_use", "id": "t", "name": "Read", "input": {}}],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t", "content": ""}, {"type": "text", "text": " "}],
    },
    {"role": "assistant", "content": "The answer is"},
]
ODD_TOOL = {
    "name": "mcp__db__q",
    "input_schema": {"type": "object", "properties": {"q": {"type": "string", "pattern": "^(?!x)"}}},
}
SHAPES: list[Any] = [
    ("blank_text", "leave_out", "The text field in the ContentBlock object at messages.1.content.0 is blank. Add text to the text field, and try again."),
    ("blank_text", "leave_out", "messages: text content blocks must contain non-whitespace text"),
    ("prefill", "tell", "This model does not support assistant message prefill. The conversation must end with a user message."),
    ("prefill", "tell", "Assistant response prefill is incompatible with enable_thinking."),
    ("prefill", "tell", "messages: final assistant content cannot be used with this model"),
    ("schema", "lenient", "JSON schema conversion failed: Pattern must start with '^' and end with '$'"),
    ("schema", "lenient", "Failed to initialize samplers: failed to parse grammar"),
    ("lenient_tools", ("mcp__db__q",), "tools.1.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12"),
    ("lenient_tools", ("mcp__db__q",), "Invalid schema for tool 'mcp__db__q'"),
]  # fmt: skip


def test_the_rows_of_the_translated_routes_teach_the_native_one() -> None:
    body = {**BODY, "messages": TURNS, "tools": [BODY["tools"][0], ODD_TOOL]}
    for quirk, value, words in SHAPES:
        lesson = native_lesson(400, words_of({"error": {"message": words}}), body, Quirks())
        assert lesson is not None, words
        assert (lesson.quirk, lesson.value) == (quirk, value), words
        assert native_disproved(quirk, value, body, Quirks()) or quirk == "schema"
        mended = native_body(body, Quirks(**{quirk: value}), Notices())
        assert not native_disproved(quirk, value, mended, Quirks(**{quirk: value}))
        again = native_lesson(400, words_of({"error": {"message": words}}), mended, Quirks(**{quirk: value}))
        assert again is None or again.quirk == "drop_tools", "the next step, where the first one did not help"


def test_a_request_is_said_otherwise_where_its_shape_is_refused() -> None:
    body = {
        **BODY,
        "messages": TURNS,
        "tools": [BODY["tools"][0], ODD_TOOL],
        "tool_choice": {"type": "tool", "name": "mcp__db__q"},
    }
    without = native_body(body, Quirks(blank_text="leave_out"), Notices())["messages"]
    assert [block["type"] for block in without[1]["content"]] == ["tool_use"]
    assert without[2]["content"] == [{"type": "tool_result", "tool_use_id": "t", "content": "(empty)"}]
    assert native_body(
        {**BODY, "messages": [{"role": "user", "content": " "}]}, Quirks(blank_text="leave_out"), Notices()
    )["messages"] == [{"role": "user", "content": "(no content)"}]
    told = native_body(body, Quirks(prefill="tell"), Notices())["messages"]
    assert [turn["role"] for turn in told] == ["user", "assistant", "user", "user"]
    assert told[-1]["content"].endswith("The answer is")
    lenient = native_body(body, Quirks(lenient_tools=("mcp__db__q",)), Notices())["tools"]
    assert "pattern" not in str(lenient[1])
    assert lenient[0] == BODY["tools"][0]
    dropped = native_body(body, Quirks(drop_tools=("mcp__db__q",)), Notices())
    assert [tool["name"] for tool in dropped["tools"]] == ["Read"]
    assert dropped["tool_choice"] == {"type": "auto"}
    none_left = native_body(body, Quirks(drop_tools=("mcp__db__q", "Read")), Notices())
    assert "tools" not in none_left
    assert "tool_choice" not in none_left


MORE = [
    ("drop_fields", ("thinking",), "Input tag 'adaptive' found using 'type' does not match any of the expected tags: 'disabled', 'enabled'"),
    ("drop_fields", ("thinking",), "thinking.budget_tokens: Field required"),
    ("drop_fields", ("thinking",), 'json: unknown field "thinking"'),
    ("drop_fields", ("thinking",), "This model is not a reasoning model; thinking cannot be enabled"),
    ("drop_fields", ("output_config.effort",), "output_config.effort: Input should be 'low'"),
    ("drop_fields", ("output_config.effort",), "This model does not support the effort parameter"),
    ("drop_fields", ("context_management",), "unrecognized field context_management"),
    ("drop_fields", ("metadata",), "metadata.user_id is not supported"),
    ("drop_fields", ("top_k",), "top_k is not supported"),
    ("drop_fields", ("cache_control",), "cache_control is not supported"),
    ("max_stops", 4, "too many stop sequences: max 4"),
    ("images", "note", "images are not supported by this model"),
    ("tool_choice", "auto_only", "Thinking may not be enabled when tool_choice forces tool use."),
    ("tool_choice", "auto_only", "tool_choice any is not supported with thinking"),
    ("tool_choice", "auto_only", "This model doesn't support the toolConfig.toolChoice.any field."),
    ("drop_fields", ("thinking",), "thinking type must be enabled or disabled"),
    ("drop_fields", ("thinking",), "reasoning is not supported for this model"),
    ("drop_fields", ("context_management",), "Context management is not enabled for this model"),
    ("drop_fields", ("cache_control",), "system.0.cache_control: unexpected field"),
    ("drop_fields", ("defer_loading",), "defer_loading is not a valid tool property"),
]  # fmt: skip


@pytest.mark.parametrize(("quirk", "value", "words"), MORE)
def test_other_words_name_the_same(quirk: str, value: Any, words: str) -> None:
    body = {**BODY, "metadata": {"user_id": "x"}, "top_k": 5, "tool_choice": {"type": "any"}}
    lesson = native_lesson(400, words_of({"error": {"message": words}}), body, Quirks())
    assert lesson is not None
    assert (lesson.quirk, lesson.value) == (quirk, value)


def test_a_plain_word_of_a_sentence_is_no_field() -> None:
    for words in (
        "this user is not allowed",
        "the account is not supported",
        "model x is not supported",
        "stop is unknown",
    ):
        assert native_lesson(400, words_of({"error": {"message": words}}), {**BODY, "user": "x"}, Quirks()) is None


GIF = {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R0lGODlhAQABAAAAACw="}}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
SHOWN: dict[str, Any] = {
    "model": "m",
    "max_tokens": 10,
    "messages": [
        {"role": "user", "content": [GIF, {"type": "text", "text": "a"}]},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [PNG]}]},
    ],
}


@pytest.mark.parametrize(
    ("quirk", "words", "left"),
    [
        ("refused_images", "image/gif images are not supported by this endpoint; use png or jpeg", [PNG]),
        ("refused_images", "messages.0.content.0.image.source.base64.media_type: Input should be 'image/png'", [PNG]),
        ("refused_images", "Could not process image", [GIF]),
        ("max_images", "At most 1 image(s) may be provided", [PNG]),
        ("images", "messages.0.content.0.type: Input should be 'text' or 'tool_result'", []),
    ],
)
def test_one_refused_picture_is_left_out_alone(quirk: str, words: str, left: list[Any]) -> None:
    lesson = native_lesson(400, words_of({"error": {"message": words}}), SHOWN, Quirks())
    assert lesson is not None
    assert lesson.quirk == quirk
    mended = native_body(SHOWN, Quirks(**{quirk: lesson.value}), Notices())["messages"]
    first, second = mended[0]["content"][0], mended[2]["content"][0]["content"][0]
    assert [block for block in (first, second) if block["type"] == "image"] == left
