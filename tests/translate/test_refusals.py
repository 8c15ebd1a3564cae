"""Refusals that teach, in the words endpoints were seen to use; and words that must teach nothing."""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

from typing import Any

import pytest
from translate_kit import READ, assistant, text, tool_result, tool_use, translated, user

from ccswitch_tui.translate.errors import failure_from_response
from ccswitch_tui.translate.failure import Failure
from ccswitch_tui.wire.codec import dumps

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
PAPER = (user({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}),)
LOOP = (user("go"), assistant(tool_use("t1")), user(tool_result("t1")))
PICTURE = (user(text("see"), IMAGE),)


def e(message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": param}}


def forbidden(*loc: str) -> dict[str, Any]:
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", *loc], "msg": "Extra inputs are not permitted"}]}


# (what it teaches, status, body, what was asked: messages, fields, quirks)
TEACHES: list[tuple[str, Any, int, dict[str, Any], tuple[Any, ...], dict[str, Any], dict[str, Any]]] = [
    ("max_tokens_field", "max_completion_tokens", 400, e("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "unsupported_parameter", "max_tokens"), (), {}, {}),
    ("max_tokens_field", "max_tokens", 400, e("Unrecognized request argument supplied: max_completion_tokens"), (), {}, {"max_tokens_field": "max_completion_tokens"}),
    ("sampling", "none", 400, e("Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.", "unsupported_value", "temperature"), (), {"temperature": 0.2}, {}),
    ("sampling", "none", 400, e("invalid temperature: only 1 is allowed for this model"), (), {"temperature": 0.2}, {}),
    ("sampling", "one", 400, e("`temperature` and `top_p` cannot both be specified for this model."), (), {"temperature": 0.2, "top_p": 0.9}, {}),
    ("stop_limit", 0, 400, e("Unsupported parameter: 'stop' is not supported with this model.", "unsupported_parameter", "stop"), (), {"stop_sequences": ["x"]}, {}),
    ("stop_limit", 0, 400, e("Argument not supported on this model: stop"), (), {"stop_sequences": ["x"]}, {}),
    ("parallel_tools", False, 400, e("Unsupported parameter: 'parallel_tool_calls' is not supported with this model."), (), {"tools": [READ], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}, {}),
    ("max_output", 512, 400, e("Invalid max_tokens value, the valid range of max_tokens is [1, 512]"), (), {}, {}),
    ("max_output", 512, 400, e("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 512]"), (), {}, {}),
    ("max_output", 512, 400, e("`max_completion_tokens` must be less than or equal to `512`, the maximum value for this model"), (), {}, {}),
    ("max_output", 512, 400, e("max_tokens is too large: 1024. This model supports at most 512 completion tokens, whereas you provided 1024."), (), {}, {}),
    ("max_output", 512, 400, e("max_tokens: 1024 > 512, which is the maximum allowed number of output tokens for m"), (), {}, {}),
    ("max_output", 512, 400, e("The parameter `max_tokens` specified in the request are not valid: integer above maximum value, expected a value <= 512, but got 1024"), (), {}, {}),
    ("stream_options", False, 422, forbidden("stream_options"), (), {"stream": True}, {}),
    ("stream_options", False, 422, forbidden("stream_options", "include_usage"), (), {"stream": True}, {}),
    ("stream_options", False, 400, e("Extra inputs are not permitted, field: 'stream_options'"), (), {"stream": True}, {}),
    ("stream_options", False, 400, e("Invalid JSON payload received. Unknown name \"stream_options\": Cannot find field."), (), {"stream": True}, {}),
    ("tool_id", "mistral9", 400, e("Tool call id was toolu_1 but must be a-z, A-Z, 0-9, with a length of 9.", "3280"), LOOP, {}, {}),
    ("assistant_after_tool", True, 400, e("Unexpected role 'user' after role 'tool'", "3230"), LOOP, {}, {}),
    ("alternate_roles", True, 500, e("Conversation roles must alternate user/assistant/user/assistant/..."), (), {}, {}),
    ("mid_system", "fold", 400, e("System message must be at the beginning."), (), {}, {"mid_system": "keep"}),
    ("system_role", "user", 400, e("Unsupported value: 'messages[0].role' does not support 'system' with this model."), (), {"system": "x"}, {}),
    ("system_role", "system", 400, e("Unexpected message role: 'developer' is unknown"), (), {"system": "x"}, {"system_role": "developer"}),
    ("tool_choice", "strings_only", 400, e("Invalid tool_choice type: 'object'. Supported string values: none, auto, required"), (), {"tools": [READ], "tool_choice": {"type": "tool", "name": "Read"}}, {}),
    ("tool_choice", "auto_only", 400, e("tool_choice 'required' is incompatible with thinking enabled"), (), {"tools": [READ], "tool_choice": {"type": "any"}}, {}),
    ("tool_choice", "auto_only", 404, e("No endpoints found that support the provided 'tool_choice' value."), (), {"tools": [READ], "tool_choice": {"type": "any"}}, {}),
    ("schema", "gemini", 400, e("Invalid JSON payload received. Unknown name \"additionalProperties\" at 'tools[0].function_declarations[0].parameters': Cannot find field."), (), {"tools": [READ]}, {}),
    ("schema", "gemini", 400, e("Unknown name \"$schema\": Cannot find field."), (), {"tools": [READ]}, {}),
    ("schema", "plain", 400, e("Invalid schema for function 'Read': 'additionalProperties' is required to be supplied and to be false."), (), {"tools": [READ]}, {"schema": "strict"}),
    ("images", "note", 400, e("This model does not support image input"), PICTURE, {}, {}),
    ("images", "note", 400, e("Failed to deserialize: messages[0]: unknown variant `image_url`, expected `text`"), PICTURE, {}, {}),
    ("images", "note", 404, e("No endpoints found that support image input"), PICTURE, {}, {}),
    ("images", "note", 500, e("image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"), PICTURE, {}, {}),
    ("images", "note", 415, e("vision is not supported by this model"), PICTURE, {}, {}),
    ("pdf", "text", 400, e("Invalid content type: 'file' is not supported by this model"), PAPER, {}, {"pdf": "file"}),
    ("tool_images", "user", 400, e("Invalid 'messages[2]'. Image URLs are only allowed for messages with role 'user', but this message with role 'tool' contains one."), (user("go"), assistant(tool_use("t1")), user(tool_result("t1", [IMAGE]))), {}, {"tool_images": "inline"}),
    ("reasoning_replay", "reasoning_content", 400, e("The `reasoning_content` in the thinking mode must be passed back to the API."), LOOP, {}, {}),
    ("reasoning_replay", "reasoning_content", 400, e("Missing reasoning_content field in the assistant message at message index 1."), LOOP, {}, {}),
    ("reasoning_replay", "reasoning_content", 400, e("thinking is enabled but reasoning_content is missing in assistant tool call message at index 1"), LOOP, {}, {}),
    ("reasoning_scope", "all", 400, e("The `reasoning_content` in the thinking mode must be passed back to the API."), LOOP, {}, {"reasoning_replay": "reasoning_content"}),
    ("reasoning_replay", "google_signature", 400, e("Function call is missing a thought_signature in functionCall parts."), LOOP, {}, {}),
    ("reasoning_replay", "none", 400, e("'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]"), LOOP, {}, {"reasoning_replay": "reasoning_content"}),
    ("reasoning_replay", "none", 422, forbidden("messages", "1", "assistant", "reasoning_content"), LOOP, {}, {"reasoning_replay": "reasoning_content"}),
    ("reasoning_replay", "none", 400, e("messages.1.assistant.reasoning_content: property 'messages.1.assistant.reasoning_content' is unsupported", "wrong_api_format"), LOOP, {}, {"reasoning_replay": "reasoning_content"}),
    ("effort_levels", ("none", "default"), 400, e("`reasoning_effort` must be one of `none` or `default`"), (), {"output_config": {"effort": "high"}}, {"effort": "reasoning_effort"}),
    ("effort_levels", ("low", "medium", "high"), 400, e("'reasoning_effort': value must be one of ['low', 'medium', 'high']"), (), {"output_config": {"effort": "max"}}, {"effort": "reasoning_effort", "effort_levels": ("low", "xhigh")}),
    ("effort", "none", 400, e("Unsupported parameter: 'reasoning_effort' is not supported with this model."), (), {"output_config": {"effort": "high"}}, {"effort": "reasoning_effort"}),
    ("effort", "none", 400, e("Model grok-4 does not support parameter reasoningEffort."), (), {"output_config": {"effort": "high"}}, {"effort": "reasoning_effort"}),
    ("effort_with_tools", "omit", 400, e("Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions."), (), {"tools": [READ], "output_config": {"effort": "high"}}, {"effort": "reasoning_effort"}),
    ("effort_with_tools", "none", 400, e("Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions."), (), {"tools": [READ]}, {"effort": "reasoning_effort"}),
    ("effort_off", "omit", 400, e("Reasoning is mandatory for this endpoint and cannot be disabled."), (), {"thinking": {"type": "disabled"}}, {"effort": "reasoning"}),
    ("effort", "none", 400, e("chat_template is not supported for Mistral tokenizers"), (), {"thinking": {"type": "adaptive"}}, {"effort": "chat_template_kwargs"}),
    ("always_stream", True, 400, e("parameter.enable_thinking must be set to false for non-streaming calls"), (), {}, {}),
    ("always_stream", True, 400, e("Requests with max_tokens > 4096 must have stream=true"), (), {}, {}),
    ("never_stream", True, 400, e("Streaming is not supported for this model.", None, "stream"), (), {"stream": True}, {}),
    ("never_stream", True, 400, e("Your organization must be verified to stream this model.", "unsupported_value", "stream"), (), {"stream": True}, {}),
    ("never_stream", True, 422, {"detail": [{"type": "literal_error", "loc": ["body", "stream"], "msg": "Input should be false"}]}, (), {"stream": True}, {}),
    ("never_stream", True, 400, e("stream must be false for this model"), (), {"stream": True}, {}),
    ("never_stream", True, 501, e("This server does not support streaming"), (), {"stream": True}, {}),
    ("content_null", "empty", 500, {"detail": [{"loc": ["body", "messages", 1, "content"], "msg": "Input should be a valid string", "type": "string_type"}]}, LOOP, {}, {}),
    ("dummy_tool", True, 400, e("The toolConfig field must be defined when using toolUse and toolResult content blocks."), LOOP, {}, {}),
    ("response_format", "json_object", 400, e("response_format type json_schema is not supported by this model"), (), {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, {}),
    ("response_format", "none", 400, e("response_format json_object is unavailable now"), (), {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, {"response_format": "json_object"}),
    ("user_field", "none", 400, e("property 'prompt_cache_key' is unsupported"), (), {"session": "s"}, {"user_field": "prompt_cache_key"}),
    ("drop_fields", ("provider",), 400, e("Unrecognized request argument supplied: provider"), (), {}, {"extra_body": {"provider": {}}}),
    ("max_tokens_field", "max_tokens", 400, e("max_completion_tokens is not supported here, use max_tokens"), (), {}, {"max_tokens_field": "max_completion_tokens"}),
    ("tool_choice", "objects_only", 422, {"detail": [{"type": "model_type", "loc": ["body", "tool_choice"], "msg": "Input should be a valid dictionary or instance of ToolChoice"}]}, (), {"tools": [READ], "tool_choice": {"type": "any"}}, {}),
    ("schema", "nim", 500, e("'bool' object is not subscriptable"), (), {"tools": [READ]}, {}),
    ("max_description", 1024, 400, e("tools.0.function.description is too long: at most 1024 characters"), (), {"tools": [READ]}, {}),
    ("strict", False, 400, e("strict mode is not supported by this model"), (), {"tools": [READ]}, {"schema": "strict"}),
    ("top_k", False, 400, e("Invalid JSON payload received. Unknown name \"top_k\": Cannot find field."), (), {"top_k": 4}, {"top_k": True}),
]  # fmt: skip


def failed(
    status: int, body: dict[str, Any], messages: tuple[Any, ...], fields: dict[str, Any], quirks: dict[str, Any]
) -> Failure:
    asked = translated(*messages, quirks=quirks, **fields)
    return failure_from_response(status, {}, dumps(body), provider="p", model="m", translation=asked)


@pytest.mark.parametrize(("quirk", "value", "status", "body", "messages", "fields", "quirks"), TEACHES)
def test_a_refusal_teaches(
    quirk: str,
    value: Any,
    status: int,
    body: dict[str, Any],
    messages: tuple[Any, ...],
    fields: dict[str, Any],
    quirks: dict[str, Any],
) -> None:
    learned = failed(status, body, messages, fields, quirks).learned
    assert learned is not None
    assert (learned.quirk, learned.value) == (quirk, value)
    assert learned.because


@pytest.mark.parametrize(("quirk", "value", "status", "body", "messages", "fields", "quirks"), TEACHES)
def test_the_lesson_is_not_given_twice(
    quirk: str,
    value: Any,
    status: int,
    body: dict[str, Any],
    messages: tuple[Any, ...],
    fields: dict[str, Any],
    quirks: dict[str, Any],
) -> None:
    learned = failed(status, body, messages, fields, {**quirks, quirk: value}).learned
    assert learned is None or (learned.quirk, learned.value) != (quirk, value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, e("Your message mentions max_tokens and stop and images, which is fine. Something else is wrong.")),
        (401, e("Unsupported parameter: 'max_tokens'", "unsupported_parameter", "max_tokens")),
        (429, e("Unsupported parameter: 'max_tokens'", "unsupported_parameter", "max_tokens")),
        (400, e("Unsupported parameter: 'messages'", "unsupported_parameter", "messages")),
        (400, e("Unknown parameter: 'never_sent'")),
        (400, e("Unsupported parameter: 'stop' is not supported with this model.")),
        (400, e("The valid range of max_tokens is [1, 999999]")),
        (400, e("This model does not support image input")),
        (400, e("Streaming is not supported for this model.")),
        (500, e("Unsupported parameter: 'max_tokens'", "unsupported_parameter", "max_tokens")),
        (400, {}),
    ],
)
def test_other_words_teach_nothing(status: int, body: dict[str, Any]) -> None:
    assert failed(status, body, (), {}, {}).learned is None


def test_an_image_refusal_ends_in_words_the_client_acts_upon() -> None:
    failure = failed(400, e("This model does not support image input"), PICTURE, {}, {})
    assert failure.message.startswith("Could not process image")
