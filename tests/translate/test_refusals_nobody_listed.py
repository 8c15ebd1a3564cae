"""Refusals in words of our own, siblings of what public reports quote: what each teaches, and what teaches nothing."""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

from typing import Any

import pytest
from test_refusals_in_other_words import CALLED, EFFORT, MCP, TWO, e, failed, lesson, picture
from translate_kit import BASH, READ, assistant, text, tool_result, tool_use, user

CAPS = [
    (8192, 'max_tokens: must be <= 8192', None),
    (8192, 'max_tokens must be lower than or equal to 8192', None),
    (4096, 'This model supports a maximum of 4096 output tokens, but max_tokens is 32000', None),
    (8192, 'Requested 32000 output tokens, but the model only allows 8192', None),
    (8192, 'max_new_tokens (32000) must be <= 8192', None),
    (16384, 'Invalid max_tokens value, the valid range of max_tokens is [1, 16384]', None),
    (8192, 'The value of max_tokens should be in the range of [1, 8192]', None),
    (8192, '`max_tokens` is too big, max: 8192', None),
    (65536, 'max_tokens: 100000 > 65536, which is the maximum allowed number of output tokens for claude', None),
    (8192, 'max_completion_tokens must not exceed 8192', None),
    (32768, 'The max_tokens parameter cannot exceed 32768 for this model', None),
    (8192, 'Bad request: maxTokens cannot be more than 8192', None),
    (8192, 'body/max_tokens must be <= 8192', None),
    (8192, '[max_tokens] 8192 is the upper bound', None),
    (8192, 'max_tokens参数不合法，最大值为8192', None),
    (8192, 'max_tokens の最大値は 8192 です', None),
    (4096, 'The model returned the following errors: The maximum tokens you requested exceeds the model limit of 4096.', None),
    (8192, 'ValidationException: max_tokens: maximum: 8192, actual: 32000', None),
    (8192, 'ensure this value is less than or equal to 8192', 'max_tokens'),
    (8192, 'Value must be at most 8192', 'max_tokens'),
    (8191, 'must be less than 8192', 'max_tokens'),
    (8192, 'expected <= 8192', 'generationConfig.maxOutputTokens'),
    (2000, 'num_predict must be between -2 and 2000', None),
    (10000, 'max_tokens is too large: 32000. This model supports at most 10000 completion tokens, whereas you provided 32000.', None),
    (8192, 'Input validation error: `max_new_tokens` must be <= 8192. Given: 32000', None),
    (4096, 'Error: max_tokens limit is 4096', None),
    (8192, 'max_tokens exceed limit 8192', None),
    (8192, 'Max output tokens for model x is 8192', None),
    (8192, 'output token limit (8192) exceeded by max_tokens 32000', None),
    (8192, 'Completion tokens are limited to 8,192', None),
    (8192, 'max_tokens must be less than 8193', None),
    (8192, 'the requested max_tokens 32000 is higher than 8192 allowed', None),
]  # fmt: skip


@pytest.mark.parametrize(("cap", "words", "param"), CAPS)
def test_a_limit_is_read(cap: int, words: str, param: str | None) -> None:
    quirk, value = lesson(failed(e(words, None, param), max_tokens=100_000 if cap >= 32000 else 32000))
    assert quirk == "max_output"
    assert value in (cap, cap - 1)


ISSUE = {"code": "too_big", "maximum": 8192, "path": ["max_tokens"], "message": "Too big: expected number to be <=8192"}
ROWS: list[Any] = [
    {"success": False, "error": {"issues": [ISSUE], "name": "ZodError"}},
    [ISSUE],
    {"errors": [{"instancePath": "/max_tokens", "keyword": "maximum", "message": "must be <= 8192"}]},
    {"detail": [{"loc": ["body", "max_tokens"], "msg": "ensure this value is less than or equal to 8192"}]},
]


@pytest.mark.parametrize("body", ROWS)
def test_a_validators_row_says_what_it_is_about(body: Any) -> None:
    assert lesson(failed(body, status=422, max_tokens=32000)) == ("max_output", 8192)


@pytest.mark.parametrize(
    "words", ["max_tokens must be an integer (error 1024)", "max_tokens 32000 invalid. See docs 4002"]
)
def test_a_number_that_limits_nothing_is_no_limit(words: str) -> None:
    assert failed(e(words), max_tokens=32000).learned is None


CHOICES = [
    'Thinking mode does not support this tool_choice',
    'deepseek-reasoner does not support this tool_choice',
    'Thinking may not be enabled when tool_choice forces tool use.',
    "tool_choice 'required' is not supported in thinking mode",
    'The tool_choice parameter does not support being set to required or object in thinking mode',
    'tool_choice must be auto or none when thinking is enabled',
    "Only tool_choice='auto' is supported for this model",
    "tool_choice is only allowed to be 'auto'",
    'This model only supports tool_choice auto',
    "Invalid value for tool_choice: expected 'auto' or 'none'",
    "tool_choice 'specified' is incompatible with thinking enabled",
    "'tool_choice' of type function is not supported with reasoning",
    'forced tool calling is not supported with thinking',
    'Forced function calling is not supported for this model',
    'named tool_choice is unsupported',
    'tool_choice=required is unavailable',
    'when enable_thinking is true, tool_choice can only be auto',
    'Function calling with mode ANY is unsupported when thinking',
    "tool_choice: Input should be 'auto' or 'none'",
    'reasoning models do not support tool_choice required',
]  # fmt: skip


@pytest.mark.parametrize("words", CHOICES)
@pytest.mark.parametrize("asked", [{"type": "tool", "name": "Read"}, {"type": "any"}])
def test_a_forced_tool_is_given_up(words: str, asked: dict[str, Any]) -> None:
    assert lesson(failed(e(words), tools=[READ, BASH], tool_choice=asked))[0] == "tool_choice"


EFFORTS = [
    '"qwen2.5-coder:7b" does not support thinking',
    'registry.ollama.ai/library/llama3:latest does not support thinking',
    'reasoning_effort is not supported by model x',
    'model llama-3 does not support reasoning_effort',
    "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
    'Unrecognized request argument supplied: reasoning_effort',
    'unknown field `reasoning_effort`',
    'json: unknown field "reasoning_effort"',
    'Extra inputs are not permitted: reasoning_effort',
    'reasoning_effort: Extra inputs are not permitted',
    "property 'reasoning_effort' is unsupported",
    "Additional properties are not allowed ('reasoning_effort' was unexpected)",
    'This model does not support thinking.',
    'This model is not a reasoning model',
    'reasoning is not enabled for this model',
    'Reasoning effort is only available for o-series models',
    'Thinking is not available on this model',
    'The model does not have reasoning capabilities',
    'reasoning_effort can only be used with reasoning models',
    'thinking not supported',
    'Argument not supported on this model: reasoning_effort',
    "ValueError: unexpected keyword argument 'reasoning_effort'",
    "Completions.create() got an unexpected keyword argument 'reasoning_effort'",
    'Invalid parameter: reasoning_effort',
    'reasoning_effort parameter is invalid for this model',
    '模型不支持思考模式',
    '该模型不支持 reasoning_effort 参数',
    "litellm.UnsupportedParamsError: ollama does not support parameters: ['reasoning_effort'], for model=x",
    'Budget thinking is not supported for this model',
    "The requested model does not support the 'reasoning' feature",
    'no endpoints found that support reasoning_effort',
]  # fmt: skip


@pytest.mark.parametrize("words", EFFORTS)
def test_a_model_that_does_not_think_is_known_in_any_envelope(words: str) -> None:
    for body in (e(words), {"error": words}, {"detail": words}, {"message": words}):
        assert lesson(failed(body, tools=[READ], **EFFORT))[0] == "effort"


LEVELS = [
    "Input should be 'medium' or 'high'",
    'reasoning_effort must be one of: medium, high',
    "Invalid value: 'low'. Supported values are: 'medium' and 'high'.",
    "reasoning_effort should be 'medium' or 'high'",
    'invalid reasoning value: \'low\' (must be "medium" or "high")',
    "'low' is not one of ['medium', 'high']",
    'unknown variant `low`, expected `medium` or `high`',
    "Invalid enum value. Expected 'medium' | 'high', received 'low'",
    'must be equal to one of the allowed values: medium, high',
    "value is not a valid enumeration member; permitted: 'medium', 'high'",
]  # fmt: skip


@pytest.mark.parametrize("words", LEVELS)
def test_levels_are_read_wherever_the_field_is_named(words: str) -> None:
    named = words if "reasoning" in words else f"reasoning_effort: {words}"
    detail = {"detail": [{"loc": ["body", "reasoning_effort"], "msg": words}]}
    for body, status in ((e(named), 400), (e(words, None, "reasoning_effort"), 400), (detail, 422)):
        assert lesson(failed(body, status=status, tools=[READ], **EFFORT)) == ("effort_levels", ("medium", "high"))


SCHEMAS = [
    (400, "tools.function.parameters is not a valid moonshot flavored json schema, details: <At path 'properties.list': array items should be defined>"),
    (400, "Invalid request: tools.function.parameters is not a valid moonshot flavored json schema, details: <At path 'properties.x.anyOf': type is not defined>"),
    (400, "JSON schema conversion failed:\nPattern must start with '^' and end with '$'"),
    (500, 'JSON schema conversion failed:\nUnrecognized schema: {}'),
    (400, 'Unrecognized schema: {"description":"x"}'),
    (500, 'failed to parse grammar'),
    (400, 'Failed to initialize samplers: std::exception: failed to parse grammar'),
    (400, 'error parsing grammar: unknown escape at \\d'),
    (400, 'parse: error parsing grammar: number of rules that are going to be repeated multiplied by the new repetition exceeds sane defaults'),
    (400, 'The provided JSON schema contains features not supported by xgrammar.'),
    (400, "Failed to convert the grammar from JSON schema: unsupported keyword 'not'"),
    (400, 'Invalid grammar request with cache hit=False'),
    (500, 'xgrammar error: cannot compile JSON schema'),
    (400, 'Grammar compilation error: pattern lookahead not supported'),
    (400, 'guided_json schema could not be compiled'),
    (400, 'Error compiling regex in schema'),
    (400, "Error in model response: Invalid 'tools': schema keyword 'not' is unsupported"),
    (400, 'lark grammar error'),
    (400, 'cannot resolve $ref #/$defs/y'),
    (400, 'Unable to generate parser for this template. Automatic parser generation failed: Unresolvable ref'),
    (400, 'schema too complex for grammar generation'),
    (400, "outlines: Unsupported JSON Schema structure {'not': {}}"),
    (400, 'NotImplementedError: Unsupported JSON Schema structure'),
    (422, 'Input should be a valid JSON schema: items missing'),
    (400, "tool parameters schema must not contain keyword 'pattern'"),
    (400, 'Unsupported regex in pattern: \\d+'),
    (400, "'maxLength' is not supported in tool schemas"),
    (400, 'Invalid JSON Schema: $ref not allowed'),
]  # fmt: skip


@pytest.mark.parametrize(("status", "words"), SCHEMAS)
def test_a_grammar_that_fails_gets_schemas_without_constraints(status: int, words: str) -> None:
    assert lesson(failed(e(words), status=status, tools=[BASH, MCP])) == ("schema", "lenient")


NAMED = [
    ("Invalid schema for function 'mcp__obs__patch': In context=('properties', 'list'), array schema missing items.", 'tools[1].function.parameters'),
    ("Invalid schema for function 'mcp__obs__patch': schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.", None),
    ("Invalid 'tools[1].function.parameters': missing items", None),
    ('tools.1.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12', None),
    ("Tool 'mcp__obs__patch' has an invalid schema: type missing", None),
    ('function mcp__obs__patch: parameters schema uses unsupported keyword not', None),
    ('Failed to compile grammar for tool mcp__obs__patch', None),
    ('`tools[1]`: schema error near /properties/list', None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "param"), NAMED)
def test_a_named_tool_alone_is_changed(words: str, param: str | None) -> None:
    assert lesson(failed(e(words, None, param), tools=[BASH, MCP])) == ("lenient_tools", ("mcp__obs__patch",))


ONE_PICTURE = [
    'image/gif images are not supported by this endpoint; use png or jpeg',
    'Unsupported image format: gif. Supported formats: png, jpeg, webp',
    'unsupported MIME type image/gif',
    'Invalid image media type. Must be one of image/jpeg, image/png',
    'GIF is not a supported image type',
    "Unsupported image type: 'image/gif'",
    "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'webp'].",
    'image_url: unsupported format gif',
    'Only PNG and JPEG images are accepted',
    'media type image/gif not allowed',
    'Image format GIF not supported',
    "The image mime type 'image/gif' is not allowed",
    'Animated GIFs are not supported',
    'Could not process image',
    'Invalid base64 image',
    'cannot identify image file',
    'Failed to decode image',
    'The image data you provided does not represent a valid image',
    'invalid image data',
    'Failed to load image: broken',
    'Error decoding image: invalid',
    'Image could not be decoded',
    'Unable to process input image',
    'Provided image is not valid.',
    'image is corrupted',
    'could not read image',
    'bad image',
    'failed to parse image',
    'Image must be at least 28x28 pixels',
    'truncated image file',
    'Invalid image url: data uri is malformed',
    'image width or height is too small',
    'Unable to download image',
    'image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes',
    'Image too large',
    'image size exceeds the limit of 4MB',
    'Image file size exceeds maximum allowed 20MB',
    'image dimensions exceed max allowed size: 8000 pixels',
    'The image is too big',
    'Image resolution too high',
    'Total pixels of image exceed limit',
    'image_url base64 exceeds 10485760 characters',
]  # fmt: skip


@pytest.mark.parametrize("words", ONE_PICTURE)
def test_one_picture_is_left_out(words: str) -> None:
    assert lesson(failed(e(words), *TWO))[0] == "refused_images"


FEWER = [
    'At most 1 image(s) may be provided in one prompt.',
    'Too many images: the maximum is 1',
    'This model supports at most 1 images per request',
    'You may not send more than 1 image',
    'Number of images (2) exceeds limit of 1',
    'Only 1 image is allowed per request',
    'maximum number of images is 1',
    'images count must be <= 1',
    'Too many image_url parts: 2, max 1',
    'You set --limit-mm-per-prompt image=1 but sent 2 images',
    'Exceeded the number of allowed images: 1',
    'Only one image is supported',
    'Multiple images are not supported by this model',
    'A single image only',
]  # fmt: skip


@pytest.mark.parametrize("words", FEWER)
def test_the_number_of_pictures_is_learned(words: str) -> None:
    assert lesson(failed(e(words), *TWO)) == ("max_images", 1)


BLIND: list[tuple[int, Any]] = [
    (400, 'smol is not a multimodal model'),
    (404, {'error': "Only 'text' content type is supported."}),
    (400, 'This model does not support image input'),
    (400, 'At most 0 image(s) may be provided in one prompt.'),
    (500, 'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj'),
    (400, 'No endpoints found that support image input'),
    (400, 'Model does not have vision capability'),
    (400, 'Invalid content type. image_url is only supported by certain models.'),
    (400, 'messages[0].content: unknown variant `image_url`, expected `text`'),
    (400, 'image_url content is not supported by this model'),
    (400, 'This model only accepts text'),
    (400, 'The model is text only'),
    (422, {'detail': [{'loc': ['body', 'messages', 0, 'content', 1, 'type'], 'msg': "Input should be 'text'", 'type': 'literal_error'}]}),
    (400, 'Invalid chat format. Only text content supported'),
    (400, 'Failed to deserialize the JSON body: messages[0]: unknown variant `image_url`, expected `text`'),
    (400, 'This model cannot process images'),
    (400, 'vision is not supported'),
    (400, 'multimodal input is disabled'),
    (400, 'images are not supported by this model'),
    (400, "content type 'image_url' not supported"),
    (400, "Model llama3 doesn't support images"),
    (400, '该模型不支持图片输入'),
    (400, 'Unsupported content part type: image_url'),
    (400, 'expected string content, got list with image_url'),
    (400, 'Missing data required for image input'),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), BLIND)
def test_words_about_the_model_are_about_all_pictures(status: int, body: Any) -> None:
    assert lesson(failed(e(body) if isinstance(body, str) else body, *TWO, status=status)) == ("images", "note")


BLANK = [
    'The text field in the ContentBlock object at messages.2.content.0 is blank. Add text to the text field, and try again.',
    'messages: text content blocks must be non-empty',
    'messages: text content blocks must contain non-whitespace text',
    'messages.2: content should not be empty',
    'content cannot be empty',
    'Message content is empty',
    'messages[1].content must not be blank',
    'tool result content must be non-empty',
    'empty content is not allowed',
    'content: String should have at least 1 character',
    'text is required',
    'messages.1.content.0.text: minimum length is 1',
    "The message content can't be empty",
    'Content must not be whitespace only',
    '消息内容不能为空',
    'message with role tool must have non-empty content',
    "Invalid request: the message at position 2 with role 'tool' must not be empty",
]  # fmt: skip


@pytest.mark.parametrize("words", BLANK)
def test_blank_text_is_left_out(words: str) -> None:
    assert lesson(failed(e(words), *CALLED, tools=[BASH]))[0] in ("blank_text", "tool_text_empty")


PREFILL = [
    'Assistant response prefill is incompatible with enable_thinking.',
    'This model does not support assistant message prefill. The conversation must end with a user message.',
    'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant',
    'the last message must be user',
    'Last message must have role user',
    'messages must end with user role',
    'final message must be from the user',
    'Cannot prefill assistant',
    'the last message must not be from the assistant',
]  # fmt: skip


@pytest.mark.parametrize("words", PREFILL)
def test_a_begun_answer_is_told_in_words(words: str) -> None:
    assert lesson(failed(e(words), user("2+2?"), assistant(text("The answer is"))))[0] == "prefill"


FORMATS = [
    'This response_format type is unavailable now',
    "response_format.type: Input should be 'text' or 'json_object'",
    'json_schema is not supported by this model',
    "'response_format' of type 'json_schema' is not supported with this model",
    'This model does not support response format `json_schema`',
    'structured outputs are not supported',
    'Structured output is not available for this model',
    "Invalid parameter: 'response_format' of type 'json_schema' is not supported",
    'response_format is not supported',
    'unknown variant `json_schema`, expected `text` or `json_object`',
    'guided decoding is disabled',
    'Unsupported response_format: json_schema',
    'JSON mode is not enabled for this model',
    'response_format value must be json_object',
]  # fmt: skip


@pytest.mark.parametrize("words", FORMATS)
def test_a_schema_for_the_answer_is_asked_otherwise(words: str) -> None:
    schema = {"format": {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    assert lesson(failed(e(words), output_config=schema))[0] == "response_format"


NOTHING = [
    (400, 'Invalid API key'),
    (401, 'Unauthorized'),
    (400, 'model not found'),
    (400, 'messages.2: tool_call_id t1 not found'),
    (400, "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."),
    (400, 'Your request was rejected as a result of our safety system'),
    (400, 'The response was filtered due to the prompt triggering content management policy'),
    (400, 'billing: insufficient balance'),
    (400, 'Bad request'),
    (400, 'Invalid JSON in request body'),
    (400, 'could not parse request'),
    (500, 'Internal server error'),
    (400, 'This model is deprecated. Use x-2 instead.'),
    (400, 'You do not have access to this model'),
    (400, 'The request was blocked by the administrator'),
    (400, 'Region not supported'),
    (400, 'unsupported_country_region_territory: Country, region, or territory not supported'),
    (400, "Missing required parameter: 'messages[1].tool_calls[0].type'"),
    (400, "Invalid value: 'foo' for messages[0].role"),
    (400, 'Duplicate tool name Read'),
    (400, 'tools: too many tools (129), max 128'),
    (400, 'User location is not supported for the API use.'),
    (400, 'Model is loading, please retry'),
    (400, 'messages: at least one message is required'),
    (400, 'Rate limit reached for text tokens: Limit 10000'),
    (429, 'Too many requests: reasoning tokens per minute exceeded'),
    (400, 'invalid_request_error: the account is disabled'),
    (400, 'No such deployment'),
    (400, 'Request body too large'),
    (400, 'API key not valid. Please pass a valid API key.'),
    (400, 'json: cannot unmarshal'),
    (400, "Invalid 'messages[1].tool_calls[0].id': string too long"),
    (400, 'prompt is too long'),
    (400, 'context length exceeded: text has 9000 tokens'),
    (400, 'The conversation contains invalid text encoding'),
    (400, 'Tool result for unknown tool'),
]  # fmt: skip

EVERYTHING: dict[str, Any] = {
    "tools": [READ, BASH], "tool_choice": {"type": "tool", "name": "Read"}, "temperature": 0.5, "top_p": 0.5,
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
    "thinking": {"type": "adaptive"}, "stop_sequences": ["a"], "stream": True, "max_tokens": 32000,
    "quirks": {"effort": "reasoning_effort"},
}  # fmt: skip


@pytest.mark.parametrize(("status", "words"), NOTHING)
def test_other_words_take_nothing_away_from_a_request_with_everything_in_it(status: int, words: str) -> None:
    call = assistant(text("\n\n"), tool_use("t1", "Bash", {"command": "ls"}))
    talk = (user(text("look"), picture("AAAA")), call, user(tool_result("t1", "")))
    assert failed(e(words), *talk, status=status, **EVERYTHING).learned is None
