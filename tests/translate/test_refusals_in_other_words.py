"""Refusals as public reports quote them, each with siblings in other words: what one teaches, and what it does not."""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

from typing import Any

import pytest
from translate_kit import BASH, READ, assistant, text, tool_result, tool_use, translated, user

from ccswitch_tui.translate.errors import failure_from_response
from ccswitch_tui.translate.failure import Failure, Learned
from ccswitch_tui.translate.picture_refusals import digest_of
from ccswitch_tui.translate.schema import in_dialect
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.quirks import Quirks


def e(message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def failed(
    body: dict[str, Any], *messages: Any, status: int = 400, quirks: dict[str, Any] | None = None, **fields: Any
) -> Failure:
    asked = translated(*messages, quirks=quirks or {}, **fields)
    return failure_from_response(status, {}, dumps(body), provider="p", model="m", translation=asked)


def lesson(failure: Failure) -> tuple[str, Any]:
    assert isinstance(failure.learned, Learned), failure.message
    return failure.learned.quirk, failure.learned.value


CAPS = [
    (4095, "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.", None),
    (4096, "The maximum tokens you requested exceeds the model limit of 4096.", None),
    (8192, "Invalid value for 'max_tokens': must be between 1 and 8192", None),
    (4096, "Expected max_tokens to be <= 4096", None),
    (4096, "too many tokens: max tokens must be less than or equal to 4096", None),
    (8192, "max_tokens=32000 cannot be greater than max_model_len=16384. Please request fewer output tokens. (parameter=max_tokens, value=32000)", None),
    (8192, "max_completion_tokens=32000 cannot be greater than max_model_len=16384.", None),
    (8192, "Parameter error: max_tokens must be in [1, 8192]", None),
    (8192, "Unable to submit request because it has a maxOutputTokens value of 32000 but the supported range is from 1 (inclusive) to 8193 (exclusive).", None),
    (4095, "max_tokens 参数非法：取值范围 [1, 4095]", None),
    (8192, "max_tokens 不能超过 8192", None),
    (8192, "Number must be less than or equal to 8192", "max_tokens"),
    (8192, "Too big: expected number to be <=8192", "max_tokens"),
    (16384, "max_tokens must be between 1 and 16384", None),
    (4096, "max_completion_tokens: 32000 is above the limit (4,096)", None),
    (8000, "max_tokens (32000) exceeds the maximum allowed (8000)", None),
    (2048, "`max_new_tokens` is larger than what this model generates: at most 2048", None),
]  # fmt: skip


@pytest.mark.parametrize(("cap", "words", "param"), CAPS)
def test_a_limit_of_the_answer_is_read_in_any_words(cap: int, words: str, param: str | None) -> None:
    assert lesson(failed(e(words, None, param), max_tokens=32000)) == ("max_output", cap)


def test_a_limit_is_read_from_a_validators_list() -> None:
    detail = [
        {"type": "less_than_equal", "loc": ["body", "max_tokens"], "msg": "Input should be less than or equal to 8192"}
    ]
    assert lesson(failed({"detail": detail}, status=422, max_tokens=32000)) == ("max_output", 8192)


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens must be at least 16",
        "Rate limit reached: 6000 tokens per minute, max_tokens too high",
        "max_tokens is required",
        "Model gpt-4-0613 was not found; max_tokens must be an integer",
    ],
)
def test_other_numbers_are_no_limit(words: str) -> None:
    found = failed(e(words), max_tokens=32000).learned
    assert found is None or found.quirk != "max_output"


CHOICES = [
    "Thinking mode does not support this tool_choice",
    "deepseek-reasoner does not support this tool_choice",
    "Thinking may not be enabled when tool_choice forces tool use.",
    "The tool_choice parameter does not support being set to required or object in thinking mode",
    "tool_choice 'specified' is incompatible with thinking enabled",
    "This model cannot be used with tool_choice=required while reasoning",
]


@pytest.mark.parametrize("words", CHOICES)
def test_a_forced_tool_is_given_up_whichever_way_round_it_is_said(words: str) -> None:
    forced: dict[str, Any] = {"tools": [READ], "tool_choice": {"type": "tool", "name": "Read"}}
    assert lesson(failed(e(words), **forced)) == ("tool_choice", "auto_only")


def test_a_gateway_that_wants_an_object_gets_no_word() -> None:
    detail = [{"loc": ["body", "tool_choice"], "msg": "Input should be a valid dictionary", "type": "dict_type"}]
    asked: dict[str, Any] = {"tools": [READ], "tool_choice": {"type": "any"}}
    assert lesson(failed({"detail": detail}, status=422, **asked)) == ("tool_choice", "objects_only")
    body = translated(quirks={"tool_choice": "objects_only"}, **asked).body
    assert body["tool_choice"] == {"type": "function", "function": {"name": "Read"}}
    two = translated(quirks={"tool_choice": "objects_only"}, **{**asked, "tools": [READ, BASH]}).body
    assert "tool_choice" not in two


EFFORT: dict[str, Any] = {
    "output_config": {"effort": "low"},
    "thinking": {"type": "adaptive"},
    "quirks": {"effort": "reasoning_effort"},
}
NO_EFFORT = [
    (400, e('"qwen2.5-coder:7b" does not support thinking')),
    (400, {"error": 'think value "low" is not supported for this model'}),
    (400, e("reasoning_effort is not supported by model x")),
    (400, e("Invalid 'reasoning_effort': 'low'")),
    (400, e("Unable to submit request because thinking is not supported by this model.")),
    (400, e("Thinking level is not supported for this model.")),
    (400, e("litellm.UnsupportedParamsError: gemini does not support parameters: ['reasoning_effort'], for model=gemini-1.5-flash. To drop these, set `litellm.drop_params=True`")),
    (400, e("litellm.UnsupportedParamsError: litellm_proxy does not support parameters: {'reasoning_effort': 'low'}, for model=x.")),
    (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "reasoning_effort"], "msg": "Extra inputs are not permitted"}]}),
    (400, e("This model does not support reasoning effort")),
    (400, e("Unrecognized request argument supplied: reasoning_effort")),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), NO_EFFORT)
def test_a_model_that_does_not_think_is_no_longer_asked_to(status: int, body: dict[str, Any]) -> None:
    failure = failed(body, status=status, tools=[READ], **EFFORT)
    assert lesson(failure) == ("effort", "none")
    # a dialect that the user has chosen stays: then it is the field that this model is not sent
    assert failure.learned is not None and failure.learned.instead is not None
    assert failure.learned.instead.value == ("reasoning_effort",)


LEVELS = [
    (400, {"object": "error", "message": "[{'type': 'literal_error', 'loc': ('body', 'reasoning_effort'), 'msg': \"Input should be 'medium' or 'high'\", 'input': 'low'}]", "code": 400}),
    (422, {"detail": [{"type": "literal_error", "loc": ["body", "reasoning_effort"], "msg": "Input should be 'medium' or 'high'", "input": "low"}]}),
    (400, {"error": "invalid reasoning value: 'low' (must be \"medium\" or \"high\")"}),
    (400, e("'reasoning_effort': value must be one of ['medium', 'high']")),
    (400, e("Reasoning effort must be medium or high")),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), LEVELS)
def test_the_words_a_model_knows_for_effort_are_learned(status: int, body: dict[str, Any]) -> None:
    assert lesson(failed(body, status=status, tools=[READ], **EFFORT)) == ("effort_levels", ("medium", "high"))


@pytest.mark.parametrize(
    "words",
    [
        "reasoning_content is not supported in messages",
        "The thinking blocks cannot be modified",
        "missing a thought_signature in functionCall parts",
    ],
)
def test_words_about_earlier_reasoning_say_nothing_about_effort(words: str) -> None:
    found = failed(e(words), tools=[READ], **EFFORT).learned
    assert found is None or found.quirk != "effort"


def test_all_fields_that_litellm_lists_are_given_up_at_once() -> None:
    words = "litellm.UnsupportedParamsError: ollama does not support parameters: ['parallel_tool_calls', 'stop'], for model=x."
    asked: dict[str, Any] = {
        "tools": [READ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "stop_sequences": ["X"],
    }
    learned = failed(e(words), **asked).learned
    assert learned is not None
    assert [(one.quirk, one.value) for one in (learned, *learned.also)] == [
        ("parallel_tools", False),
        ("stop_limit", 0),
    ]


def test_litellm_without_schemas_is_asked_in_words() -> None:
    schema: dict[str, Any] = {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}
    words = "litellm.UnsupportedParamsError: x does not support parameters: ['response_format'], for model=m."
    assert lesson(failed(e(words), **schema)) == ("response_format", "none")


def test_a_model_without_tools_is_said_to_be_one() -> None:
    failure = failed(
        e("litellm.UnsupportedParamsError: x does not support parameters: ['tools'], for model=m."), tools=[READ]
    )
    assert failure.learned is None
    assert "cannot call tools" in failure.message


def test_litellm_before_bedrock_gets_a_tool_nobody_calls() -> None:
    words = "litellm.UnsupportedParamsError: Bedrock doesn't support tool calling without `tools=` param specified. Pass `tools=` param OR set `litellm.modify_params = True` to add dummy tool to the request."
    loop = (user("go"), assistant(tool_use("t1")), user(tool_result("t1")))
    assert lesson(failed(e(words), *loop)) == ("dummy_tool", True)


# ---------------------------------------------------------------- schemas

MCP: dict[str, Any] = {
    "name": "mcp__obs__patch",
    "input_schema": {
        "type": "object",
        "properties": {
            "target": {"anyOf": [{"not": {}}, {"type": "string", "pattern": "a+"}]},
            "anything": {"description": "any value"},
            "list": {"type": "array", "maxItems": 3},
            "where": {"$ref": "#/$defs/nowhere"},
            "mixed": {"type": "string", "anyOf": [{"enum": ["x"]}, {"const": "y"}]},
            "maybe": {"type": ["string", "null"], "maxLength": 65536},
            "broken": "object",
        },
        "required": ["target", "ghost"],
    },
}
UNNAMED = [
    (400, "JSON schema conversion failed:\nUnrecognized schema: {\"not\":{}}"),
    (500, "JSON schema conversion failed: Pattern must start with '^' and end with '$'"),
    (400, "Unable to generate parser for this template. Automatic parser generation failed: cannot resolve $ref #/$defs/nowhere"),
    (400, "failed to parse grammar"),
    (500, "Failed to initialize samplers: failed to parse grammar"),
    (400, "The provided JSON schema contains features not supported by xgrammar."),
    (400, "tools.function.parameters is not a valid moonshot flavored json schema, details: <At path 'properties.mixed': when using anyOf, type should be defined in anyOf items instead of the parent schema>"),
    (400, "Grammar error: Unimplemented keys: [\"pattern\"]"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "words"), UNNAMED)
def test_a_grammar_that_cannot_hold_a_schema_gets_it_without_constraints(status: int, words: str) -> None:
    assert lesson(failed(e(words), status=status, tools=[BASH, MCP])) == ("schema", "lenient")


NAMED = [
    ("Invalid schema for function 'mcp__obs__patch': schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.", "tools[1].function.parameters", "invalid_function_parameters"),
    ("Invalid schema for function 'mcp__obs__patch': In context=('properties', 'list'), array schema missing items.", "tools[1].function.parameters", "invalid_function_parameters"),
    ("Invalid schema for function 'mcp__obs__patch': 'object' is not of type 'object', 'boolean'.", None, None),
    ("tools.1.function.parameters: unsupported pattern", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "param", "code"), NAMED)
def test_a_refusal_that_names_a_tool_concerns_that_tool_alone(words: str, param: str | None, code: str | None) -> None:
    tools: dict[str, Any] = {"tools": [BASH, MCP]}
    assert lesson(failed(e(words, code, param), **tools)) == ("lenient_tools", ("mcp__obs__patch",))
    once: dict[str, Any] = {"lenient_tools": ("mcp__obs__patch",)}
    assert lesson(failed(e(words, code, param), quirks=once, **tools)) == ("drop_tools", ("mcp__obs__patch",))
    sent = translated(quirks={**once, "drop_tools": ("mcp__obs__patch",)}, **tools)
    assert [tool["function"]["name"] for tool in sent.body["tools"]] == ["Bash"]
    assert any("mcp__obs__patch" in notice.text for notice in sent.notices)


def test_the_lenient_dialect_has_nothing_a_grammar_refuses() -> None:
    made = in_dialect(MCP["input_schema"], "lenient")
    written = dumps(made).decode()
    for word in ("$ref", "not", "pattern", "maxLength", "maxItems", "const", "ghost", "broken"):
        assert f'"{word}"' not in written
    properties = made["properties"]
    assert properties["target"] == {"type": "string"}
    assert properties["anything"] == {"description": "any value", "type": "string"}
    assert properties["list"]["items"] == {"type": "string"}
    assert all("type" in branch for branch in properties["mixed"]["anyOf"])
    assert made["required"] == ["target"]


def test_alternatives_at_the_root_become_members() -> None:
    schema = {
        "properties": {"title": {"type": "string"}, "id": {"type": "string"}, "day": {"type": "string"}},
        "required": ["day"],
    }
    branches = [{"required": ["title", "day"]}, {"required": ["id"], "properties": {"extra": {"type": "integer"}}}]
    made = in_dialect({**schema, "anyOf": branches}, "lenient")
    assert set(made["properties"]) == {"title", "id", "day", "extra"}
    assert made["required"] == ["day"]
    assert "anyOf" not in made


# ---------------------------------------------------------------- pictures


def picture(data: str, media: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}


def url(data: str, media: str = "image/png") -> str:
    return f"data:{media};base64,{data}"


TWO = (user(text("look"), picture("AAAA")), assistant(text("yes")), user(text("and"), picture("R0lGODlh", "image/gif")))
FORMATS = [
    "image/gif images are not supported by this endpoint; use png or jpeg",
    "Unsupported image format: gif. Supported formats: png, jpeg, webp",
    "Invalid image media type. Must be one of image/jpeg, image/png",
    "GIF images are not supported",
    "The image format is not supported. Only PNG and JPEG are accepted.",
    "unsupported MIME type image/gif",
]


@pytest.mark.parametrize("words", FORMATS)
def test_a_refused_format_says_nothing_about_other_pictures(words: str) -> None:
    assert lesson(failed(e(words), *TWO)) == ("refused_images", ("image/gif",))
    sent = translated(*TWO, quirks={"refused_images": ("image/gif",)}).encoded().decode()
    assert url("AAAA") in sent
    assert "R0lGODlh" not in sent


BROKEN = [
    "Could not process image",
    "Invalid base64 image",
    "cannot identify image file <_io.BytesIO object>",
    "Failed to decode image: premature end of data",
    "The image data you provided does not represent a valid image: image is corrupt",
    "invalid image data",
    "Image dimensions are too small: at least 28 pixels",
]


@pytest.mark.parametrize("words", BROKEN)
def test_a_broken_picture_is_left_out_alone_and_it_is_the_newest(words: str) -> None:
    assert lesson(failed(e(words), *TWO)) == ("refused_images", (digest_of(url("R0lGODlh", "image/gif")),))


@pytest.mark.parametrize(
    "words",
    [
        "image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes",
        "Image too large: at most 8000 pixels per side",
        "messages.0.content.1.image: image dimensions exceed max allowed size: 8000 pixels",
    ],
)
def test_a_picture_that_is_too_large_is_left_out_alone(words: str) -> None:
    talk = (user(picture("A" * 400), picture("BBBB")),)
    assert lesson(failed(e(words), *talk)) == ("refused_images", (digest_of(url("A" * 400)),))


@pytest.mark.parametrize(
    "words",
    [
        "At most 1 image(s) may be provided in one prompt.",
        "Too many images: the maximum is 1",
        "This model supports at most 1 images per request",
        "You may not send more than 1 image",
    ],
)
def test_too_many_pictures_leave_out_the_oldest(words: str) -> None:
    assert lesson(failed(e(words), *TWO)) == ("max_images", 1)
    sent = translated(*TWO, quirks={"max_images": 1}).encoded().decode()
    assert "R0lGODlh" in sent
    assert url("AAAA") not in sent


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, e("smol is not a multimodal model")),
        (404, {"error": "Only 'text' content type is supported."}),
        (400, e("This model does not support image input")),
        (400, e("At most 0 image(s) may be provided in one prompt.")),
        (500, e("image input is not supported - hint: if this is unexpected, you may need to provide the mmproj")),
    ],
)
def test_words_about_the_model_are_about_all_pictures(status: int, body: dict[str, Any]) -> None:
    assert lesson(failed(body, *TWO, status=status)) == ("images", "note")


# ---------------------------------------------------------------- blank text, prefill

CALLED = (user("go"), assistant(text("\n\n"), tool_use("t1", "Bash", {"command": "ls"})), user(tool_result("t1", "")))


@pytest.mark.parametrize(
    "words",
    [
        "The text field in the ContentBlock object at messages.2.content.0 is blank. Add text to the text field, and try again.",
        "messages: text content blocks must contain non-whitespace text",
        "messages.2: content should not be empty",
    ],
)
def test_blank_text_is_left_out_where_it_is_refused(words: str) -> None:
    assert lesson(failed(e(words), *CALLED, tools=[BASH])) == ("blank_text", "leave_out")
    messages = translated(*CALLED, tools=[BASH], quirks={"blank_text": "leave_out"}).body["messages"]
    assert messages[-1]["content"].strip()
    assert not (messages[-2]["content"] or "").strip()


@pytest.mark.parametrize(
    "words",
    [
        "Assistant response prefill is incompatible with enable_thinking.",
        "This model does not support assistant message prefill. The conversation must end with a user message.",
        "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant: the last message must be user",
    ],
)
def test_the_beginning_of_an_answer_is_told_in_words_where_it_cannot_be_sent(words: str) -> None:
    talk = (user("2+2?"), assistant(text("The answer is")))
    assert lesson(failed(e(words), *talk)) == ("prefill", "tell")
    last = translated(*talk, quirks={"prefill": "tell"}).body["messages"][-1]
    assert last["role"] == "user"
    assert last["content"].endswith("The answer is")


def test_every_lesson_is_a_quirk() -> None:
    taught = {"refused_images", "max_images", "lenient_tools", "drop_tools", "blank_text", "prefill"}
    assert taught <= set(Quirks._fields)
