"""What refusals of a Responses endpoint teach: the same request with the lesson no longer holds what was refused."""

# ruff: noqa: E501  (wordings stay in one piece)

from __future__ import annotations

from typing import Any

import pytest

from ccswitch_tui.translate.reasoning import sealed
from ccswitch_tui.translate.refusals import learn
from ccswitch_tui.translate.request import Translation, translate_request
from ccswitch_tui.translate.words import words_of
from ccswitch_tui.wire.formats import FORMATS
from ccswitch_tui.wire.quirks import quirks_from

MAKER = "host m"
ITEM = {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
TOOL = {"name": "Read", "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}

TALK = [
    {"role": "user", "content": "hi"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "", "signature": sealed([ITEM], MAKER)},
            {"type": "tool_use", "id": "call_1", "name": "Read", "input": {"path": "a"}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": [PNG]}]},
]


def translated(facts: dict[str, Any] | None = None, **more: Any) -> Translation:
    body = {
        "model": "m",
        "max_tokens": 1000,
        "temperature": 0.5,
        "stream": True,
        "system": "Be brief.",
        "tools": [TOOL],
        "tool_choice": {"type": "tool", "name": "Read"},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "max"},
        "messages": TALK,
        **more,
    }
    quirks = quirks_from(FORMATS["openai-responses"].facts, facts or {})
    return translate_request(body, model="m", quirks=quirks, wire="openai-responses", origin="host")


def sent(translation: Translation) -> dict[str, Any]:
    import json

    return dict(json.loads(translation.encoded()))


def after(message: str, *, status: int = 400, code: str = "", param: str = "", **more: Any) -> dict[str, Any]:
    """The body once everything these words teach was learned."""
    first = translated(**more)
    lesson = learn(status, words_of({"error": {"message": message, "code": code, "param": param}}), first)
    assert lesson is not None, message
    return sent(translated({lesson.quirk: lesson.value}, **more))


@pytest.mark.parametrize(
    ("message", "gone"),
    [
        ("Unsupported parameter: max_output_tokens", "max_output_tokens"),
        ("Unsupported parameter: 'max_output_tokens' is not supported with this model.", "max_output_tokens"),
        ("Unknown parameter: 'max_output_tokens'.", "max_output_tokens"),
        ("Unsupported parameter: 'temperature' is not supported with this model.", "temperature"),
        ("Unknown parameter: 'store'.", "store"),
        ("store: Extra inputs are not permitted", "store"),
        ("Encrypted content is not supported with this model.", "include"),
        ("Unknown parameter: 'include'.", "include"),
        ("Unsupported parameter: 'reasoning.effort' is not supported with this model.", "reasoning"),
        ("Model grok-x does not support parameter reasoningEffort.", "reasoning"),
    ],
)
def test_a_refused_field_is_not_sent_again(message: str, gone: str) -> None:
    assert gone in sent(translated())
    assert gone not in after(message)


@pytest.mark.parametrize(
    "message",
    [
        "Your organization must be verified to generate reasoning summaries. Please go to settings.",
        "Unsupported parameter: 'reasoning.summary' is not supported with this model.",
    ],
)
def test_without_summaries_the_effort_is_still_asked_for(message: str) -> None:
    assert after(message)["reasoning"] == {"effort": "max"}


@pytest.mark.parametrize(
    "message",
    [
        "The encrypted content gAAA…xx== could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
        "reasoning `encrypted_content` was not issued to this caller",
        "Item 'rs_0a1' of type 'reasoning' was provided without its required following item.",
        "Item with id 'rs_0a1' not found. Items are not persisted when `store` is set to false.",
        "Referenced reasoning item was not found or was deleted",
        "item['content'] is empty",
    ],
)
def test_reasoning_that_is_refused_is_taken_out(message: str) -> None:
    assert [i["type"] for i in sent(translated())["input"]][1] == "reasoning"
    assert "reasoning" not in [i["type"] for i in after(message)["input"]]


@pytest.mark.parametrize(
    ("message", "level"),
    [
        (
            "Unsupported value: 'max' is not supported with this model. Supported values are: 'low', 'medium', and 'high'.",
            "high",
        ),
        (
            "Invalid value: 'max'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'.",
            "xhigh",
        ),
        ('invalid reasoning value: "max" (must be "high", "medium", "low")', "high"),
    ],
)
def test_the_nearest_listed_effort_is_asked_for(message: str, level: str) -> None:
    assert after(message, param="reasoning.effort")["reasoning"]["effort"] == level


def test_a_limit_that_is_too_high_is_lowered_not_left_out() -> None:
    body = after("Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 512.")
    assert body["max_output_tokens"] == 512


def test_an_endpoint_that_wants_words_as_the_choice_gets_them() -> None:
    assert after("tool_choice must be a string")["tool_choice"] == "required"


def test_a_relay_that_streams_only_is_asked_to_stream() -> None:
    assert after("Stream must be set to true", stream=False)["stream"] is True


def test_missing_instructions_are_made_up_for_and_given_ones_stay() -> None:
    body = after("Instructions are required", system="")
    assert body["instructions"]
    assert sent(translated({"extra_body": {"instructions": "x"}}))["instructions"] == "Be brief."


def test_instructions_of_its_own_move_ours_into_the_conversation() -> None:
    body = after("Instructions are not valid")
    assert "instructions" not in body
    assert body["input"][0]["role"] == "developer"


def test_a_result_that_must_be_a_text_is_one_and_its_picture_follows() -> None:
    body = after("input[2].output: Input should be a valid string")
    outputs = [item["output"] for item in body["input"] if item["type"] == "function_call_output"]
    assert all(isinstance(output, str) for output in outputs)
    assert any(part["type"] == "input_image" for item in body["input"] for part in item.get("content", ()))


def test_an_unknown_key_strict_is_left_out() -> None:
    assert "strict" not in after("Unknown parameter: 'tools[0].strict'.")["tools"][0]


def test_reasoning_goes_back_to_its_maker_alone() -> None:
    body = {"model": "m", "max_tokens": 9, "messages": TALK, "thinking": {"type": "adaptive"}}
    quirks = quirks_from(FORMATS["openai-responses"].facts)
    for model, origin, kept in (("m", "host", True), ("other", "host", False), ("m", "elsewhere", False)):
        made = translate_request(body, model=model, quirks=quirks, wire="openai-responses", origin=origin)
        assert ("reasoning" in [i["type"] for i in sent(made)["input"]]) is kept
