"""Refusals in many words, told by what they teach. A table a kind; one test a table, for a row costs next to nothing.

The words are those of public documentation and issue threads, and siblings of
them: other spellings, other envelopes, other languages.
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)
# fmt: off

from __future__ import annotations

from typing import Any

from test_refusals_in_other_words import e, failed
from translate_kit import BASH, assistant, text, tool_result, tool_use, translated, user

from ccswitch_tui.translate.errors import failure_from_response
from ccswitch_tui.translate.failure import Learned
from ccswitch_tui.wire.codec import dumps

Json = dict[str, Any]


def taught(said: Any, *messages: Any, **how: Any) -> tuple[str, Any]:
    """The quirk that this body teaches, and its value."""
    learned = failed(said if isinstance(said, dict | list) else e(said), *messages, **how).learned
    return (learned.quirk, learned.value) if isinstance(learned, Learned) else ("", None)


PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}
GIF = {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R0lGODlhAQABAAAAACw="}}
ONE = [user(PNG, text("see"))]
FORMATS = [user(GIF, text("a")), assistant("ok"), user(PNG, text("b"))]
MANY = [user(PNG, PNG, PNG, text("c"))]
SAMPLED: Json = {"temperature": 0.2}
BOTH_SAMPLED: Json = {"temperature": 0.2, "top_p": 0.9}
STREAMED: Json = {"stream": True}
ONE_CALL: Json = {"tools": [BASH], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
STOPPED: Json = {"stop_sequences": ["a", "b", "c", "d", "e"]}
SCHEMA: Json = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
FORMATTED: Json = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
LIMITED: Json = {"max_tokens": 4000}

CAPS: list[Any] = [
    (8192, 'max_tokens: Input should be less than or equal to 8192'),
    (8192, 'Value error, max_tokens 32000 exceeds limit 8192'),
    (4096, 'max_tokens is limited to 4096 for this model, got 32000'),
    (8192, 'invalid_parameter_error: max_tokens is greater than 8192'),
    (4096, 'Requested max_tokens (32000) is greater than model maximum output length (4096)'),
    (16384, 'The parameter `max_tokens` specified in the request are not valid: integer above maximum value, expected a value <= 16384, but got 32000 instead. Request id: 0217'),
    (8192, '<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]'),
    (98304, 'max_tokens参数非法。请检查文档。 取值范围[1,98304]'),
    (16384, 'Invalid request: max_tokens must be less than or equal to `16384`, the maximum value for `max_tokens` is less than the `context_window` for this model'),
    (8192, 'max_tokens must be at most 8192, got 32000.'),
    (4096, "This endpoint's maximum output is 4096 tokens. You asked for 32000."),
    (8192, 'Completions are capped at 8192 tokens; reduce max_tokens.'),
    (8000, 'the model only supports up to 8k output tokens (8000), max_tokens=32000'),
    (8192, 'Requested output length 32000 is beyond the allowed 8192'),
    (4096, 'tokens_to_generate must be <= 4096'),
    (2048, "Invalid 'max_tokens': maximum value is 2048 (you sent 32000)"),
    (8192, "Bad Request: 'max_tokens' (32000) > 8192"),
    (8192, {'error': {'message': 'Invalid params', 'type': 'bad_request', 'details': [{'field': 'max_tokens', 'issue': 'must be <= 8192'}]}}),
    (8192, {'error': {'code': 400, 'message': 'Request contains an invalid argument.', 'status': 'INVALID_ARGUMENT', 'details': [{'@type': 'type.googleapis.com/google.rpc.BadRequest', 'fieldViolations': [{'field': 'max_tokens', 'description': 'must be <= 8192'}]}]}}),
    (8192, {'errors': {'max_tokens': ['The max_tokens may not be greater than 8192.']}}),
    (8192, {'errors': {'max_tokens': ['must be less than or equal to 8192']}}),
    (8192, {'message': ['max_tokens must not be greater than 8192'], 'error': 'Bad Request', 'statusCode': 400}),
    (8192, {'detail': [{'type': 'less_than_equal', 'loc': ['body', 'max_completion_tokens'], 'msg': 'Input should be less than or equal to 8192', 'input': 32000, 'ctx': {'le': 8192}}]}),
    (8192, {'detail': 'max_tokens too large (limit: 8192)'}),
    (8192, {'object': 'error', 'message': 'max_tokens should be no greater than 8192', 'type': 'BadRequestError', 'param': None, 'code': 400}),
    (8192, {'error': 'ValueError: `max_new_tokens` cannot be bigger than 8192'}),
    (4096, {'message': 'The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.'}),
    (5000, {'message': 'Malformed input request: #/max_tokens: 32000 is not less or equal to 5000, please reformat your input and try again.'}),
    (8192, {'message': "1 validation error detected: Value '32000' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value less than or equal to 8192"}),
    (64000, {'error': {'message': 'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5'}}),
    (4096, {'error': {'message': 'maxTokens must be between 1 and 4096 (inclusive)'}}),
    (8192, {'error': {'message': 'Le paramètre max_tokens ne doit pas dépasser 8192'}}),
    (8192, {'error': {'message': 'max_tokens не может быть больше 8192'}}),
    (8192, {'error': {'message': 'max_tokens는 8192 이하여야 합니다'}}),
    (8192, {'error': {'message': 'max_tokens 超出限制,最大允许 8192'}}),
    (8192, {'error': {'message': '参数 max_tokens 应在 1 到 8192 之间'}}),
    (8192, {'error': {'message': 'max_tokens 必须小于等于 8192'}}),
    (8192, {'code': 'InvalidParameter', 'message': 'Range of max_tokens should be [1, 8192]', 'request_id': 'x'}),
    (8192, {'error': {'message': 'max_tokens value 32000 out of range (1..8192)'}}),
    (8192, {'error': {'message': 'out of range: max_tokens=32000, allowed=[1,8192]'}}),
    (8192, {'error': {'message': 'max_completion_tokens 32000 outside of [1; 8192]'}}),
    (8192, {'error': {'message': 'field max_tokens invalid, should in [1,8192]'}}),
    (8192, {'error': {'message': 'The number of tokens to generate (32000) is above the 8192 permitted by this deployment'}}),
    (4096, {'error': {'message': "'max_tokens' 4,096 is the ceiling for your tier"}}),
]

EFFORTS: list[Any] = [
    ('none', 'registry.ollama.ai/library/gemma3:4b does not support thinking', 'high'),
    ('none', {'error': '"llama3.2" does not support thinking'}, 'high'),
    ('none', {'error': {'message': 'think value "high" is not supported for this model', 'type': 'api_error'}}, 'high'),
    (('effort_levels', ('low', 'medium', 'high')), {'error': {'message': 'invalid reasoning value: \'xhigh\' (must be "high", "medium", "low", or true)'}}, 'max'),
    ('none', "Unsupported parameter: 'reasoning_effort' is not supported with this model.", 'high'),
    ('none', 'Unrecognized request argument supplied: reasoning_effort', 'high'),
    ('none', 'Argument not supported on this model: reasoning_effort', 'high'),
    ('none', 'Model grok-4 does not support parameter reasoningEffort.', 'high'),
    ('none', {'error': {'message': 'reasoning_effort is not supported with this model', 'type': 'invalid_request_error'}}, 'high'),
    ('none', {'detail': [{'type': 'extra_forbidden', 'loc': ['body', 'reasoning_effort'], 'msg': 'Extra inputs are not permitted', 'input': 'high'}]}, 'high'),
    ('none', {'error': {'code': 400, 'message': 'Thinking level is not supported for this model.', 'status': 'INVALID_ARGUMENT'}}, 'high'),
    ('none', {'error': {'code': 400, 'message': 'Unable to submit request because thinking is not supported by this model. Learn more: https://cloud.google.com/vertex-ai', 'status': 'INVALID_ARGUMENT'}}, 'high'),
    ('none', {'error': {'message': "litellm.UnsupportedParamsError: openai does not support parameters: ['reasoning_effort'], for model=gpt-4o. To drop these, set `litellm.drop_params=True`"}}, 'high'),
    ('none', {'error': {'message': 'litellm.BadRequestError: OllamaException - {"error":"\\"gemma3\\" does not support thinking"}'}}, 'high'),
    ('none', 'The model `foo` does not support reasoning.', 'high'),
    ('none', 'Reasoning is not supported for this model', 'high'),
    ('none', 'reasoning_effort: Extra inputs are not permitted', 'high'),
    ('none', "property 'reasoning_effort' is unsupported", 'high'),
    ('none', "Unknown parameter: 'reasoning_effort'.", 'high'),
    ('none', "This model doesn't support the `reasoning_effort` parameter.", 'high'),
    ('none', 'Invalid parameter: reasoning_effort can only be used with reasoning models', 'high'),
    ('none', 'reasoning_effort is only available for o-series models', 'high'),
    ('none', 'unknown field `reasoning_effort`, expected one of `messages`, `model`', 'high'),
    ('none', 'Unknown name "reasoning_effort": Cannot find field.', 'high'),
    ('none', 'json: unknown field "reasoning_effort"', 'high'),
    ('none', "Additional properties are not allowed ('reasoning_effort' was unexpected)", 'high'),
    ('none', '模型不支持 reasoning_effort 参数', 'high'),
    ('none', '该模型不支持深度思考', 'high'),
    ('none', '当前模型不支持思考模式', 'high'),
    ('none', 'parameter reasoning_effort not allowed', 'high'),
    ('none', "'reasoning_effort' is not a valid parameter", 'high'),
    ('none', 'Invalid field: reasoning_effort', 'high'),
    ('none', "Got unexpected keyword argument 'reasoning_effort'", 'high'),
    ('none', "create() got an unexpected keyword argument 'reasoning_effort'", 'high'),
    ('none', '[reasoning_effort] is not permitted for this deployment', 'high'),
    ('none', {'errors': {'reasoning_effort': ['is not allowed']}}, 'high'),
    ('none', {'message': ['property reasoning_effort should not exist'], 'error': 'Bad Request', 'statusCode': 400}, 'high'),
    ('none', {'error': {'issues': [{'code': 'unrecognized_keys', 'keys': ['reasoning_effort'], 'path': [], 'message': "Unrecognized key(s) in object: 'reasoning_effort'"}]}}, 'high'),
    ('none', {'success': False, 'error': {'name': 'ZodError', 'message': '[\n {"code":"unrecognized_keys","keys":["reasoning_effort"],"path":[],"message":"Unrecognized key: \\"reasoning_effort\\""}]'}}, 'high'),
    (('effort_levels', ('low', 'medium', 'high')), "Unsupported value: 'reasoning_effort' does not support 'xhigh' with this model. Supported values are: 'low', 'medium', and 'high'.", 'max'),
    (('effort_levels', ('none', 'default')), '`reasoning_effort` must be one of `none` or `default`', 'high'),
    (('effort_levels', ('low', 'medium')), {'detail': [{'type': 'literal_error', 'loc': ['body', 'reasoning_effort'], 'msg': "Input should be 'low' or 'medium'", 'input': 'high', 'ctx': {'expected': "'low' or 'medium'"}}]}, 'high'),
    (('effort_levels', ('low', 'medium')), {'error': {'message': '1 validation error:\n  {\'type\': \'literal_error\', \'loc\': (\'body\', \'reasoning_effort\'), \'msg\': "Input should be \'low\' or \'medium\'", \'input\': \'high\'}', 'type': 'Bad Request'}}, 'high'),
    (('effort_levels', ('low', 'high')), "reasoning_effort 'medium' is not one of ['low', 'high']", 'medium'),
    (('effort_levels', ('low', 'medium', 'high')), 'Invalid reasoning_effort: xhigh. Allowed: low, medium, high', 'max'),
    (('effort_levels', ('low', 'medium', 'high')), 'unknown variant `xhigh`, expected one of `low`, `medium`, `high`', 'max'),
    (('effort_levels', ('minimal', 'low', 'medium', 'high')), {'error': {'message': 'Invalid option: expected one of "minimal"|"low"|"medium"|"high"', 'param': 'reasoning_effort', 'code': 'invalid_value'}}, 'max'),
    (('effort_levels', ('low', 'medium', 'high')), {'error': {'message': 'reasoning_effort should be in [low, medium, high], but got xhigh'}}, 'max'),
    (('effort_levels', ('low', 'medium')), 'Validation: body/reasoning_effort must be equal to one of the allowed values: low, medium', 'high'),
    (('effort_levels', ('low', 'medium', 'high')), {'errors': [{'instancePath': '/reasoning_effort', 'keyword': 'enum', 'params': {'allowedValues': ['low', 'medium', 'high']}, 'message': 'must be equal to one of the allowed values'}]}, 'max'),
    (('effort_levels', ('high', 'max')), 'reasoning_effort仅支持 high、max', 'medium'),
]

CHOICES = [
    'Thinking mode does not support this tool_choice',
    'deepseek-reasoner does not support this tool_choice',
    'Thinking may not be enabled when tool_choice forces tool use.',
    "tool_choice 'required' is incompatible with thinking enabled",
    "tool_choice 'specified' is incompatible with thinking enabled",
    'The tool_choice parameter does not support being set to required or object in thinking mode',
    '<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to required or object in thinking mode',
    'tool_choice="required" is not supported',
    "tool_choice must be 'auto' or 'none'",
    'Only `auto` is supported for tool_choice',
    'Currently only tool_choice="auto" is supported',
    "This model does not support tool_choice values other than 'auto'",
    'Forced function calling is not supported by this model',
    "ToolChoice 'any' is not supported for this model",
    "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again.",
    "This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and try again.",
    'tool_choice暂不支持required',
    'tool_choice 参数目前仅支持 auto',
    'Function calling mode ANY is not supported for this model',
    '`tool_choice` other than auto is not implemented',
    'named tool choice is not available',
    "Invalid value for tool_choice: expected 'auto'",
    'Invalid tool_choice: required. Supported values: auto, none',
    "No endpoints found that support the provided 'tool_choice' value.",
    'tool choice required is unsupported',
    'specific tool choice not supported',
    "tool_choice: Input should be 'auto' or 'none'",
    'cannot use forced tools together with reasoning',
    'When using thinking, tool_choice must be auto or none',
    'tool_choice with a specific function is disabled when thinking is on',
]

OVERFLOWS: list[Any] = [
    (400, '入力トークン数がモデルの上限を超えています'),
    (400, 'Количество токенов во входных данных превышает максимально допустимое'),
    (400, 'Die Eingabe überschreitet die maximale Kontextlänge von 8192 Token'),
    (400, 'La entrada excede la longitud máxima de contexto de 8192 tokens'),
    (400, 'O prompt excede o tamanho máximo de contexto do modelo'),
    (400, "L'input supera la lunghezza massima del contesto (8192 token)"),
    (400, 'Girdi, modelin maksimum bağlam uzunluğunu aşıyor (8192 token)'),
    (400, 'Đầu vào vượt quá độ dài ngữ cảnh tối đa 8192 token'),
    (400, 'Przekroczono maksymalną długość kontekstu: 8192 tokenów'),
    (400, 'Context full! 9000/8192 tokens used'),
    (400, 'Your request has 9000 input tokens but the window is 8192'),
    (400, 'The prompt is too long: 200000, model maximum context length: 131071'),
    (400, 'Requested maximum context length exceeded'),
    (400, 'The estimated number of input and maximum output tokens (140000) exceeded this model context window limit (131072).'),
    (400, 'the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model'),
    (400, 'number of input tokens must be no more than 32000, got 40000'),
    (400, 'Input and output tokens exceed max context'),
    (400, 'Tokens limit exceeded: the prompt is 40000 tokens'),
    (400, '输入的 token 总数超过限制'),
    (400, 'token数量超过上限'),
    (400, '会话token数超过上限'),
    (400, 'Input text token count exceeds limit'),
    (400, 'Prompt token length 40000 exceeds 32768'),
    (400, 'The context window of this model is 131072 tokens but 150000 were given'),
    (400, 'Your prompt has 150000 tokens which is more than the model can take (131072)'),
    (400, 'Context overflow: 150000/131072 tokens'),
    (400, 'The input is 150000 tokens long, but the maximum is 131072'),
    (400, 'This conversation exceeds the model limit of 131072 tokens'),
    (400, 'too many input tokens: 150000 > 131072'),
    (400, 'Prompt+completion length exceeds 131072 tokens'),
    (400, 'kv cache is full: prompt too long'),
    (400, 'Sequence length (150000) exceeds maximum (131072)'),
    (400, 'Input sequence length exceeds max_input_len 131072'),
    (400, 'Token indices sequence length is longer than the specified maximum sequence length'),
    (400, 'prompt length exceeds --max-model-len'),
    (400, 'Request exceeds max_num_tokens 131072: prompt 150000 tokens'),
    (400, 'Not enough KV cache space for the prompt of 150000 tokens'),
    (400, 'The decoder prompt (length 150000) is longer than the maximum model length of 131072. Make sure that `max_model_len` is no smaller than the number of text tokens.'),
    (400, 'The prompt (total length 150000) is too long to fit into the model (context length 131072)'),
    (400, 'prompt (150000 tokens) + max_tokens (8000) exceeds the context length 131072'),
    (400, "This model's maximum context length is 131072 tokens, but you requested 150000 tokens"),
    (400, 'input_tokens + max_new_tokens must be <= 131072'),
    (400, 'contexto demasiado largo: el máximo es 131072 tokens'),
    (400, 'Le contexte dépasse la limite de 131072 tokens'),
    (400, 'コンテキスト長が上限を超えています'),
    (400, 'コンテキストの長さが最大値を超過しました (131072 トークン)'),
    (400, '컨텍스트 길이를 초과했습니다'),
    (400, 'Превышена максимальная длина контекста'),
    (400, 'Kontextlänge überschritten'),
    (400, 'prompt_too_long'),
    (400, 'input_too_long'),
    (400, 'error: prompt_too_large'),
    (400, 'PROMPT_TOO_LONG: limit 131072'),
    (400, 'The total number of tokens in the request exceeds the maximum'),
    (400, 'Message history too long'),
    (400, 'Chat history exceeds the limit of the model'),
    (400, 'Request payload has too many tokens (150000), max allowed is 131072'),
    (400, 'Provided input is too large. Model context: 131072'),
    (400, 'context limit reached'),
    (400, 'Exceeded context limit'),
    (400, 'you have exceeded the context limit for this model'),
    (400, 'length limit exceeded: prompt'),
    (400, 'tokens in prompt over limit'),
    (413, {'error': {'message': 'Prompt too large'}}),
    (400, {'error': {'code': 'string_too_long', 'message': 'prompt'}}),
    (400, {'error': {'type': 'context_overflow', 'message': 'bad'}}),
    (400, {'error': {'code': 'prompt_too_long'}}),
    (400, {'error': {'code': 'max_context_exceeded', 'message': 'limit'}}),
    (400, 'The input token count (1234567) exceeds the maximum number of tokens allowed (1048576).'),
    (400, 'The input token count exceeds the maximum number of tokens allowed 1048575.'),
    (400, 'Input length 140000 exceeds the maximum allowed input length of 131072 tokens.'),
    (400, 'input length too long: 140000 > 131072'),
    (400, "This model's maximum context length is 131072 tokens. However, your request has 150000 input tokens. Please reduce the length of the input messages."),
    (400, "This model's maximum prompt length is 131072 but the request contains 150000 tokens."),
    (400, "Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of 40000 tokens: 32000 tokens from the input messages and 8000 tokens for the completion."),
    (400, "The input (150000 tokens) is longer than the model's context length (131072 tokens)."),
    (400, 'Input is longer than the maximum number of tokens this model supports (131072).'),
    (400, 'Prompt is too long. Max 131072 tokens, got 150000.'),
    (400, 'prompt_tokens 150000 exceeds max_input_tokens 131072'),
    (400, 'Total tokens of image and text exceed max message tokens'),
    (400, 'Total tokens of image and text exceed max message tokens. Request id: 021'),
    (400, 'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 280000 tokens. Please reduce the length of the messages.'),
    (400, 'the request exceeds the available context size, try increasing it'),
    (400, 'request (30103 tokens) exceeds the available context size (4096 tokens), try increasing it'),
    (400, 'Context size has been exceeded.'),
    (400, 'The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 9000>= n_ctx: 4096)'),
    (400, 'Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.'),
    (400, 'Please reduce the length of the messages or completion.'),
    (400, '输入长度超过模型最大上下文长度'),
    (400, '输入内容过长，请减少后重试'),
    (400, 'Prompt 超长'),
    (400, '请求的 token 数超出了模型的上下文限制 131072'),
    (400, 'tokens超过最大限制，输入不得超过 131072 tokens'),
    (400, 'Prompt exceeds max length'),
    (400, 'tokens_limit_reached: Request body too large for gpt-4o model. Max size: 8000 tokens.'),
    (413, 'Request body too large for gpt-4o-mini model. Max size: 8000 tokens.'),
    (413, {'error': {'code': 'tokens_limit_reached', 'message': 'Request body too large for deepseek-v3 model. Max size: 4000 tokens.', 'details': 'Request body too large'}}),
    (400, "This request would exceed the model's context window: 210000 > 200000"),
    (400, 'Error: context window full (131072 tokens)'),
    (400, 'total number of tokens (150000) is over the model limit of 131072'),
    (400, 'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 150000. Try using a shorter prompt'),
    (400, "too many tokens: size limit exceeded by 11000 tokens. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'."),
    (400, 'Validation error: 150000 tokens in prompt, but max is 131072'),
    (400, 'Prompt contains 150000 tokens and 0 draft tokens, too large for model with 131072 maximum context length'),
    (400, 'Input validation error: `inputs` must have less than 4096 tokens. Given: 150000'),
    (400, 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 32768. Given: 32000 `inputs` tokens and 8000 `max_new_tokens`'),
    (400, 'The prompt size exceeds the context window size and cannot be processed.'),
    (400, 'maximum context length exceeded'),
    (400, 'The conversation is too long, please start a new one'),
    (400, "message too long for this model's context"),
    (400, 'Request too large: the prompt has 150000 tokens but the limit is 131072'),
    (400, 'Your input exceeds the context window of this model. Please adjust your input and try again.'),
    (500, "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - This model's maximum context length is 8192 tokens."),
    (400, {'error': {'message': 'Input is too long for requested model.', 'type': 'ValidationException'}}),
    (400, {'message': 'Input is too long for requested model.'}),
    (400, {'message': 'The model returned the following errors: input length and `max_tokens` exceed context limit: 195000 + 8000 > 200000, decrease input length or `max_tokens` and try again'}),
    (400, {'detail': 'Prompt length (150000) exceeds max_seq_len (131072)'}),
    (400, {'error': 'ValueError: Sequence length 150000 is longer than max sequence length 131072'}),
    (500, {'error': 'ValueError: Requested tokens (150000) exceed context window of 131072'}),
    (400, {'code': 20015, 'message': 'length of prompt_tokens (150000) must be less than max_seq_len (131072).', 'data': None}),
    (400, {'error': {'code': '1261', 'message': 'Prompt exceeds max length'}}),
    (400, {'error': {'code': '1210', 'message': 'API 调用参数有误，Prompt 超长'}}),
    (400, {'base_resp': {'status_code': 2013, 'status_msg': 'invalid params, context window exceeds limit (2013)'}}),
    (400, {'error_code': 336007, 'error_msg': 'the max input characters is 516096'}),
    (400, {'error_code': 336103, 'error_msg': 'Prompt tokens too long'}),
    (422, {'detail': [{'loc': ['body', 'messages'], 'msg': 'prompt has 150000 tokens, max 131072'}]}),
]

OTHER_LIMITS = [
    (400, 'Der Name der Funktion überschreitet die maximale Länge von 64 Zeichen'),
    (400, 'El nombre del usuario excede la longitud máxima'),
    (400, 'Superato il limite di richieste al minuto'),
    (400, 'ツール名の文字数が上限を超えています'),
    (400, 'The time window is 60 seconds'),
    (400, 'max_tokens must be less than 8192'),
    (400, 'The messages array must not be empty'),
    (400, 'messages too many: at most one system message'),
    (400, 'Image too large: input exceeds 5 MB'),
    (400, 'tool input schema too long'),
    (400, 'prompt_cache_key exceeds maximum length of 64'),
    (400, 'Input should be less than or equal to 2'),
    (400, 'input temperature more than 2'),
    (400, 'Request timed out after 600 seconds: input too long to process in time?'),
    (400, 'The prompt contains more than 5 images'),
    (400, 'request body is larger than 10 MB'),
    (400, 'Invalid input: expected string, more than one type given'),
    (400, 'The input must be a string, not an array longer than 1'),
    (400, 'conversation roles must alternate'),
    (400, 'context_management is not supported: too many edits'),
    (400, 'your input has more than 128 tools'),
    (400, 'prompt rejected by moderation: exceeds safety threshold'),
    (400, 'exceeded your current quota, prompt'),
    (400, 'Message limit exceeded for your plan'),
    (400, 'Daily message limit is 100'),
    (400, 'concurrent requests exceed limit'),
    (400, 'message content has more than 20 blocks'),
    (400, 'You have sent more than 50 messages this hour'),
    (400, 'Context deadline exceeded'),
    (400, 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
    (400, 'input exceeds the rate'),
    (400, 'too many messages in batch'),
    (400, 'upstream request timeout'),
    (400, 'context canceled'),
    (400, 'accept4: too many open files'),
    (400, 'stream error: stream ID 3; INTERNAL_ERROR; received from peer'),
    (400, 'Conversation not found'),
    (400, 'message: exceeded max retries'),
    (400, 'input validation error: too many fields'),
    (400, 'The request exceeds the maximum number of retries'),
    (429, 'Rate limit reached: 6000 tokens per minute, prompt is too long for your tier'),
    (400, 'max_tokens is too large: 32000. This model supports at most 16384 completion tokens'),
    (400, 'tool name too long (max 64)'),
    (400, "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40"),
    (400, 'user field exceeds maximum length 64'),
    (400, 'The image is too large: maximum size is 5 MB'),
    (400, 'tools[3].function.description exceeds maximum length of 1024'),
    (402, 'Insufficient credits: prompt tokens limit exceeded: 50000 > 12000. To increase, visit'),
    (400, 'stop: list too long'),
    (400, 'system prompt not allowed'),
]

STATUSES: list[Any] = [
    ((429,), 429, {'error': {'message': 'Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 5000. Please try again in 8.0s.', 'type': 'tokens', 'code': 'rate_limit_exceeded'}}, '8'),
    ((402,), 429, {'error': {'message': 'You exceeded your current quota, please check your plan and billing details.', 'type': 'insufficient_quota', 'code': 'insufficient_quota'}}, None),
    ((402,), 403, {'error': {'message': 'Insufficient account balance', 'type': 'invalid_request_error'}}, None),
    ((402,), 400, {'error': {'message': '账户余额不足'}}, None),
    ((402,), 429, {'error': {'message': '余额不足或无可用资源包,请充值。', 'code': '1113'}}, None),
    ((402,), 403, {'error': {'message': '用户额度不足, 剩余额度: ＄0.00', 'type': 'new_api_error', 'code': 'insufficient_user_quota'}}, None),
    ((402,), 401, {'error': {'message': 'Your account has insufficient balance'}}, None),
    ((402,), 400, {'error': {'message': 'Arrearage: Access denied, please make sure your account is in good standing.', 'code': 'Arrearage'}}, None),
    ((402,), 403, {'code': 'personal-team-blocked:spending-limit', 'error': 'You have run out of credits or need a Grok subscription.'}, None),
    ((402,), 402, {'error': {'message': 'This request requires more credits, or fewer max_tokens. You requested up to 32000 tokens, but can only afford 12000.'}}, None),
    ((429,), 429, {'error': {'code': 429, 'message': 'Resource has been exhausted (e.g. check quota).', 'status': 'RESOURCE_EXHAUSTED'}}, None),
    ((429,), 429, [{'error': {'code': 429, 'message': 'You exceeded your current quota, please check your plan and billing details. Please retry in 17.3s.', 'status': 'RESOURCE_EXHAUSTED', 'details': [{'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': '17s'}]}}], '17'),
    ((429,), 400, {'error': {'message': 'ThrottlingException: Too many tokens, please wait before trying again.'}}, None),
    ((429,), 400, {'__type': 'ThrottlingException', 'message': 'Too many requests, please wait before trying again.'}, None),
    ((429,), 503, {'error': {'message': 'Rate limit exceeded'}}, None),
    ((529,), 503, {'error': {'message': 'The model is overloaded. Please try again later.', 'code': 503, 'status': 'UNAVAILABLE'}}, None),
    ((529,), 500, {'error': {'message': 'The engine is currently overloaded, please try again later', 'type': 'engine_overloaded_error'}}, None),
    ((529,), 529, {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}}, None),
    ((529,), 400, {'error': {'message': 'Server busy, please try again later'}}, None),
    ((401,), 401, {'error': {'message': 'Incorrect API key provided: sk-abc.'}}, None),
    ((401,), 400, {'error': {'code': 400, 'message': 'API key not valid. Please pass a valid API key.', 'status': 'INVALID_ARGUMENT'}}, None),
    ((401,), 400, [{'error': {'code': 400, 'message': 'API key expired. Please renew the API key.', 'status': 'INVALID_ARGUMENT'}}], None),
    ((401,), 403, {'message': 'The security token included in the request is invalid.'}, None),
    ((401,), 500, {'error': 'Error code: 401 - Incorrect API key provided.'}, None),
    ((401,), 403, {'error': {'message': 'Invalid API-key provided.', 'code': 'InvalidApiKey'}}, None),
    ((401,), 200, {'code': 401, 'msg': 'token expired or incorrect'}, None),
    ((401,), 401, {'detail': 'Unauthorized'}, None),
    ((403,), 403, {'error': {'message': 'Country, region, or territory not supported', 'code': 'unsupported_country_region_territory'}}, None),
    ((404,), 404, {'error': "model 'foo' not found"}, None),
    ((404,), 400, {'error': {'message': 'The model `foo` does not exist'}}, None),
    ((404,), 400, {'error': {'message': 'Model Not Exist'}}, None),
    ((404,), 400, {'error': {'message': 'Invalid model: foo'}}, None),
    ((404,), 503, {'error': {'message': '当前分组 default 下对于模型 foo 无可用渠道 (request id: 2025)', 'type': 'new_api_error', 'code': 'model_not_found'}}, None),
    ((504,), 524, b'<html><head><title>x | 524: A timeout occurred</title></head></html>', None),
    ((502, 500, 529), 520, b'error code: 520', None),
    ((502,), 521, b'<html><title>521: Web server is down</title>', None),
    ((502, 529), 530, b'error code: 1033', None),
    ((504,), 408, {'error': {'message': 'Request timeout'}}, None),
    ((504,), 504, b'upstream request timeout', None),
    ((413,), 413, b'<html>\r\n<head><title>413 Request Entity Too Large</title></head>', None),
    ((400,), 400, {'error': {'message': 'messages: roles must alternate'}}, None),
    ((400,), 422, {'detail': [{'loc': ['body', 'messages', 0, 'content'], 'msg': 'str type expected'}]}, None),
    ((400,), 451, {'error': {'message': 'Content blocked for legal reasons'}}, None),
    ((429,), 420, {'error': {'message': 'Enhance your calm'}}, None),
    ((429,), 444, {'error': {'message': 'too many requests'}}, None),
    ((500, 502), 555, {'error': {'message': 'boom'}}, None),
    ((502, 500), 599, {'error': {'message': 'network connect timeout'}}, None),
    ((400,), 418, {'error': {'message': "I'm a teapot"}}, None),
    ((502,), 301, b'', None),
    ((502,), 302, b"<a href='/login'>Found</a>", None),
    ((529,), 503, b'no healthy upstream', None),
    ((502,), 502, b'upstream connect error or disconnect/reset before headers. reset reason: connection failure', None),
    ((400,), 500, {'error': {'message': "litellm.BadRequestError: OpenAIException - Error code: 400 - {'error': {'message': 'invalid tool schema', 'code': 400}}"}}, None),
    ((429,), 500, {'error': {'message': 'litellm.RateLimitError: VertexAIException - Resource exhausted. Please try again later.', 'code': '429'}}, None),
    ((429,), 500, {'error': {'message': "Error code: 429 - {'error': {'message': 'Too many requests'}}"}}, None),
    ((529,), 500, {'error': {'message': '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'}}, None),
    ((400,), 500, {'error': {'message': 'Engine protocol predict request returned 400: bad grammar'}}, None),
    ((400,), 500, {'error': {'message': 'bad_response_status_code 400 bad request: invalid schema', 'code': 'bad_response_status_code', 'type': 'upstream_error'}}, None),
    ((529,), 498, {"error": {"message": "Flex tier capacity exceeded", "code": "capacity_exceeded"}}, None),
]

PICTURES: list[Any] = [
    (('images',), 400, 'このモデルは画像入力をサポートしていません', ONE),
    (('images',), 400, '이 모델은 이미지 입력을 지원하지 않습니다', ONE),
    (('images',), 400, 'Модель не поддерживает изображения', ONE),
    (('images',), 400, 'This model does not support image inputs.', ONE),
    (('images',), 400, 'Invalid content type. image_url is only supported by certain models.', ONE),
    (('images',), 400, 'image_url is not supported by this model', ONE),
    (('images',), 400, 'The provided model does not support images', ONE),
    (('images',), 400, 'unknown variant `image_url`, expected `text`', ONE),
    (('images',), 400, 'messages[0].content: invalid type: sequence, expected a string', ONE),
    (('images',), 400, 'Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`, expected `text` at line 1 column 200', ONE),
    (('images',), 400, 'smol is not a multimodal model', ONE),
    (('images',), 400, "Only 'text' content type is supported.", ONE),
    (('images',), 500, 'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj', ONE),
    (('images',), 400, 'No endpoints found that support image input', ONE),
    (('images',), 400, 'messages[0].content must be a string', ONE),
    (('images',), 400, "'messages[0].content' : value must be a string", ONE),
    (('images',), 400, 'Model does not support multimodal input', ONE),
    (('images',), 400, 'model not support image', ONE),
    (('images',), 400, 'this model is text-only', ONE),
    (('images',), 400, 'Cannot read "image.png" (this model does not support image input). Inform the user.', ONE),
    (('images',), 400, 'vision is not enabled for this model', ONE),
    (('images',), 400, 'Image understanding is unavailable for the selected model', ONE),
    (('images',), 400, 'The model glm-4.6 does not accept image content', ONE),
    (('images',), 400, '模型不支持图片输入', ONE),
    (('images',), 400, '该模型不支持视觉', ONE),
    (('images',), 400, '不支持image_url类型', ONE),
    (('images',), 400, '当前模型不支持多模态输入', ONE),
    (('images',), 400, 'Multimodal data provided, but model does not support multimodal requests.', ONE),
    (('images',), 400, 'unsupported content type: image_url', ONE),
    (('images',), 400, 'content type image_url is not allowed', ONE),
    (('images',), 400, "Invalid message content type: 'image_url'. Only text is allowed", ONE),
    (('images',), 400, 'At most 0 image(s) may be provided in one prompt.', ONE),
    (('images',), 400, 'does not have vision capabilities', ONE),
    (('images',), 400, 'images not supported', ONE),
    (('images',), 400, "Invalid 'messages[0].content[0].type': expected 'text', got 'image_url'", ONE),
    (('images',), 400, "content[0].type: Input should be 'text'", ONE),
    (('images',), 400, 'Model `x` cannot process images', ONE),
    (('images',), 400, 'Image input is disabled', ONE),
    (('refused_images', 'max_images'), 400, 'image/gif images are not supported by this endpoint; use png or jpeg', FORMATS),
    (('refused_images', 'max_images'), 400, 'Unsupported image format: gif. Supported formats: png, jpeg, webp', FORMATS),
    (('refused_images', 'max_images'), 400, 'Invalid image format. Only PNG and JPEG are supported', FORMATS),
    (('refused_images', 'max_images'), 400, "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png' or 'image/webp'", FORMATS),
    (('refused_images', 'max_images'), 400, 'Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting', FORMATS),
    (('refused_images', 'max_images'), 400, 'Could not process image', FORMATS),
    (('refused_images', 'max_images'), 400, 'The image data you provided does not represent a valid image. Please check your input and try again.', FORMATS),
    (('refused_images', 'max_images'), 400, 'Invalid base64 image_url.', FORMATS),
    (('refused_images', 'max_images'), 400, 'cannot identify image file <_io.BytesIO object>', FORMATS),
    (('refused_images', 'max_images'), 400, 'image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes', FORMATS),
    (('refused_images', 'max_images'), 400, 'messages.0.content.0.image.source.base64: image exceeds 5 MB maximum', FORMATS),
    (('refused_images', 'max_images'), 400, 'image dimensions exceed max allowed size: 8000 pixels', FORMATS),
    (('refused_images', 'max_images'), 400, 'The image size is too small; height:1 or width:1 must be larger than 10', FORMATS),
    (('refused_images', 'max_images'), 400, 'Image too small: width and height must be at least 28 pixels', FORMATS),
    (('refused_images', 'max_images'), 400, '图片格式不支持', FORMATS),
    (('refused_images', 'max_images'), 400, '图片大小超过限制', FORMATS),
    (('refused_images', 'max_images'), 400, 'Failed to decode image', FORMATS),
    (('refused_images', 'max_images'), 400, 'image file is truncated', FORMATS),
    (('refused_images', 'max_images'), 400, 'absolute aspect ratio must be smaller than 200, got 300', FORMATS),
    (('refused_images', 'max_images'), 400, 'At most 2 image(s) may be provided in one prompt.', MANY),
    (('refused_images', 'max_images'), 400, 'Too many images in request, max 2', MANY),
    (('refused_images', 'max_images'), 400, 'You may only include up to 2 images', MANY),
    (('refused_images', 'max_images'), 400, 'Too many images and documents: 3 + 0 > 2', MANY),
    (('refused_images', 'max_images'), 400, '图片数量不能超过2张', MANY),
    (('refused_images', 'max_images'), 400, 'The number of images (3) exceeds the maximum of 2', MANY),
    (('refused_images', 'max_images'), 400, 'Exceeded limit of 2 images per request', MANY),
    (('refused_images', 'max_images'), 400, 'number of images should be less than or equal to 2', MANY),
    (('refused_images', 'max_images'), 400, 'only one image is allowed per request', MANY),
    (('refused_images', 'max_images'), 400, 'Maximum 2 images per prompt', MANY),
]

FIELDS: list[Any] = [
    ('sampling', '该模型不支持 temperature 参数', SAMPLED),
    ('sampling', 'temperature はサポートされていません', SAMPLED),
    ('sampling', 'temperature 매개변수는 지원되지 않습니다', SAMPLED),
    ('sampling', "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.", SAMPLED),
    ('sampling', 'invalid temperature: only 1 is allowed for this model', SAMPLED),
    ('sampling', 'temperature is deprecated for this model', SAMPLED),
    ('sampling', '`temperature` is not supported by this model', SAMPLED),
    ('sampling', 'temperature must be 1 when thinking is enabled', SAMPLED),
    ('sampling', '`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation', SAMPLED),
    ('sampling', 'temperature 仅支持 1', SAMPLED),
    ('sampling', 'temperature: Extra inputs are not permitted', SAMPLED),
    ('sampling', 'Model does not support temperature', SAMPLED),
    ('sampling', 'temperature should be 1', SAMPLED),
    ('sampling', 'Invalid value for temperature: must be 1.0', SAMPLED),
    ('sampling', 'field temperature invalid, only 1 allowed', SAMPLED),
    ('sampling', "Unsupported parameter: 'temperature' is not supported with this model.", SAMPLED),
    ('sampling', 'temperature has been removed', SAMPLED),
    ('sampling', 'The parameter temperature cannot be set for reasoning models', SAMPLED),
    ('sampling', '`temperature` and `top_p` cannot both be specified for this model. Please use only one.', BOTH_SAMPLED),
    ('sampling', 'The model returned the following errors: `temperature` and `top_p` cannot both be specified', BOTH_SAMPLED),
    ('sampling', 'temperature and top_p are mutually exclusive', BOTH_SAMPLED),
    ('sampling', 'Only one of temperature and top_p may be set', BOTH_SAMPLED),
    ('sampling', 'top_p cannot be used together with temperature', BOTH_SAMPLED),
    ('stream_options', 'Unknown name "stream_options": Cannot find field.', STREAMED),
    ('stream_options', 'stream_options is not supported', STREAMED),
    ('stream_options', "Extra inputs are not permitted, field: 'stream_options', value: {'include_usage': True}", STREAMED),
    ('stream_options', 'Unrecognized request argument supplied: stream_options', STREAMED),
    ('stream_options', 'stream_options: extra fields not permitted', STREAMED),
    ('stream_options', "The 'stream_options' parameter is only allowed when 'stream' is enabled", STREAMED),
    ('stream_options', 'unknown field `stream_options`', STREAMED),
    ('stream_options', 'property stream_options should not exist', STREAMED),
    ('stream_options', 'Validation: Unsupported parameter(s): `stream_options`', STREAMED),
    ('stream_options', 'stream_options.include_usage is not available', STREAMED),
    ('stream_options', 'Invalid field stream_options', STREAMED),
    ('stream_options', 'stream_options参数不支持', STREAMED),
    ('stream_options', {'detail': [{'type': 'extra_forbidden', 'loc': ['body', 'stream_options'], 'msg': 'Extra inputs are not permitted'}]}, STREAMED),
    ('stream_options', {'errors': {'stream_options': ['unknown field']}}, STREAMED),
    ('never_stream', 'Streaming is not supported for this model', STREAMED),
    ('never_stream', 'stream=true is not supported', STREAMED),
    ('never_stream', 'Your organization must be verified to stream this model.', STREAMED),
    ('never_stream', 'streaming not implemented', STREAMED),
    ('never_stream', 'stream must be false', STREAMED),
    ('never_stream', 'This endpoint does not support streaming responses', STREAMED),
    ('never_stream', 'tools are not supported in streaming mode', STREAMED),
    ('never_stream', 'Function calling is not supported in streaming mode. Set stream=false', STREAMED),
    ('never_stream', ' stream 模式不支持工具调用', STREAMED),
    ('never_stream', "Value 'true' for stream is not allowed", STREAMED),
    ('never_stream', 'does not support streaming with tools', STREAMED),
    ('parallel_tools', "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.", ONE_CALL),
    ('parallel_tools', 'parallel_tool_calls is not supported', ONE_CALL),
    ('parallel_tools', 'Unknown name "parallel_tool_calls"', ONE_CALL),
    ('parallel_tools', "ollama does not support parameters: ['parallel_tool_calls'], for model=x.", ONE_CALL),
    ('parallel_tools', '`parallel_tool_calls` is unsupported', ONE_CALL),
    ('parallel_tools', 'parallel_tool_calls: Extra inputs are not permitted', ONE_CALL),
    ('parallel_tools', 'Parallel tool calls cannot be disabled for this model', ONE_CALL),
    ('parallel_tools', 'disabling parallel tool calls is not supported', ONE_CALL),
    ('stop_limit', "Invalid 'stop': array too long. Expected an array with maximum length 2, but got an array with length 5 instead.", STOPPED),
    ('stop_limit', 'Argument not supported on this model: stop', STOPPED),
    ('stop_limit', "Unsupported parameter: 'stop' is not supported with this model.", STOPPED),
    ('stop_limit', 'stop: at most 2 sequences allowed', STOPPED),
    ('stop_limit', 'A maximum of 2 stop sequences are supported', STOPPED),
    ('stop_limit', 'stop should have at most 2 items', STOPPED),
    ('stop_limit', 'List should have at most 2 items after validation, not 5 (stop)', STOPPED),
    ('stop_limit', 'The maximum number of stop sequences is 2', STOPPED),
    ('stop_limit', {'detail': [{'type': 'too_long', 'loc': ['body', 'stop'], 'msg': 'List should have at most 2 items after validation, not 5'}]}, STOPPED),
    ('stop_limit', 'stop sequences must be 2 or fewer', STOPPED),
    ('stop_limit', 'too many stop sequences: 5 > 2', STOPPED),
    ('stop_limit', 'stop 最多支持 2 个', STOPPED),
    ('response_format', 'This response_format type is unavailable now', FORMATTED),
    ('response_format', "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", FORMATTED),
    ('response_format', 'response_format json_schema is not supported', FORMATTED),
    ('response_format', 'This model does not support response format `json_schema`.', FORMATTED),
    ('response_format', "'response_format.type' must be 'json_object' or 'text'", FORMATTED),
    ('response_format', {'detail': [{'type': 'literal_error', 'loc': ['body', 'response_format', 'type'], 'msg': "Input should be 'text' or 'json_object'"}]}, FORMATTED),
    ('response_format', 'unknown variant `json_schema`, expected `text` or `json_object`', FORMATTED),
    ('response_format', "response_format.type: Invalid enum value. Expected 'text' | 'json_object', received 'json_schema'", FORMATTED),
    ('response_format', 'structured output is not supported by this model', FORMATTED),
    ('response_format', 'json_schema 不支持', FORMATTED),
    ('response_format', 'Unsupported response_format type: json_schema', FORMATTED),
    ('response_format', 'The model does not support structured outputs', FORMATTED),
    ('response_format', 'response_format: Extra inputs are not permitted', FORMATTED),
    ('response_format', 'Response schema is not supported for this model', FORMATTED),
    ('response_format', 'guided decoding is not available', FORMATTED),
    ('response_format', 'response format not allowed with tools', FORMATTED),
    ('max_tokens_field', "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", LIMITED),
    ('max_tokens_field', 'max_tokens is deprecated, please use max_completion_tokens', LIMITED),
    ('max_tokens_field', 'max_tokens is not supported for this model', LIMITED),
    ('max_tokens_field', "'max_tokens' is not compatible with reasoning models; max_completion_tokens must be used", LIMITED),
    ('max_tokens_field', 'Please use max_completion_tokens rather than max_tokens', LIMITED),
    ('max_tokens_field', "The parameter 'max_tokens' has been replaced by 'max_completion_tokens'", LIMITED),
    ('max_tokens_field', 'unknown parameter max_tokens, did you mean max_completion_tokens?', LIMITED),
]

FIND: Json = {
    "name": "mcp__srv__find",
    "input_schema": {
        "type": "object",
        "properties": {"q": {"type": "string", "pattern": "^a"}, "l": {"type": "array"}, "u": {}, "r": {"$ref": "#/$defs/y"}},
        "required": ["q", "zz"],
    },
}
CALL = [user("x"), assistant(tool_use("c1", "Bash", {"command": "ls"})), user(tool_result("c1", ""))]
TOOLS: Json = {"tools": [BASH]}
BLANK = ([user("x"), assistant(text("\n\n"), tool_use("c1", "Bash", {"command": "ls"})), user(tool_result("c1", ""))], TOOLS)
PREFILLED: Any = ([user("x"), assistant("Sure:")], {})
GOING_ON = ([*CALL[:2], user(tool_result("c1", "a"), text("go on"))], TOOLS)
SAME_ROLES: Any = ([user("a"), user("b"), assistant("c"), user("d")], {})
SYSTEM = ([user("a")], {"system": "Be."})
NO_TOOLS: Any = (CALL, {})
CALLED = (CALL, TOOLS)

SCHEMAS: list[Any] = [
    (400, "tools.function.parameters is not a valid moonshot flavored json schema, details: <At path 'properties.q': unsupported keyword>"),
    (400, "Invalid request: tools.function.parameters is not a valid moonshot flavored json schema, details: <At path 'properties.o.anyOf': when using anyOf, type should be defined in anyOf items instead of the parent schema>"),
    (400, "Invalid schema for function 'mcp__srv__find': In context=('properties', 'l'), array schema missing items."),
    (400, "Invalid schema for function 'mcp__srv__find': schema must have a 'type' key."),
    (400, "Invalid schema for function 'mcp__srv__find': In context=('properties', 'u'), schema must have a 'type' key."),
    (400, "Invalid schema for function 'mcp__srv__find': In context=('properties', 'm'), 'patternProperties' is not permitted."),
    (400, "Invalid schema for function 'mcp__srv__find': 'uri' is not a valid format."),
    (400, 'Unable to generate parser for this template. Automatic parser generation failed: JSON schema conversion failed:\ncannot resolve $ref #/$defs/y'),
    (500, "JSON schema conversion failed:\nPattern must start with '^' and end with '$'"),
    (400, 'failed to parse grammar'),
    (400, 'Unrecognized schema: {"not":{}}'),
    (400, "[{'type': 'value_error', 'loc': ('body',), 'msg': 'Value error, The provided JSON schema contains features not supported by xgrammar.'}]"),
    (400, 'The provided JSON schema contains features not supported by xgrammar.'),
    (400, 'Grammar error: Unimplemented keys: ["pattern"]'),
    (400, 'Failed to convert the grammar from JSON schema to GBNF'),
    (400, 'Unsupported JSON schema feature: patternProperties'),
    (400, "Invalid 'tools[1].function.parameters': schema is invalid"),
    (400, 'Invalid tool parameters schema : field `tools[1].function.parameters.properties.q.pattern`: unsupported'),
    (400, 'tools.1.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12). Learn more about tool use at https://docs.claude.com/en/docs/tool-use.'),
    (400, 'tools.1.input_schema: JSON schema is invalid'),
    (400, 'GenerateContentRequest.tools[0].function_declarations[1].parameters.properties[l].items: missing field.'),
    (400, '* GenerateContentRequest.tools[0].function_declarations[1].parameters.required[1]: property is not defined'),
    (400, 'Invalid JSON payload received. Unknown name "patternProperties" at \'tools[0].function_declarations[1].parameters.properties[4].value\': Cannot find field.'),
    (400, "Unable to submit request because `mcp__srv__find` functionDeclaration `parameters.l` schema didn't specify the schema type field."),
    (400, 'Unable to submit request because `mcp__srv__find` functionDeclaration `parameters.o` schema specified other fields alongside any_of. When using any_of, it must be the only field set.'),
    (400, 'tool mcp__srv__find: invalid parameters schema'),
    (400, 'failed to compile schema for tool mcp__srv__find'),
    (422, {'detail': [{'type': 'missing', 'loc': ['body', 'tools', 1, 'function', 'parameters', 'properties', 'l', 'items'], 'msg': 'Field required'}]}),
    (400, "Function mcp__srv__find has invalid 'parameters' schema: [{}] is not of type 'object'"),
    (500, 'Error rendering prompt: tool mcp__srv__find property u has no type'),
    (400, "Schema error: 'zz' is listed in required but not in properties"),
    (400, 'json schema too complex: tools[1]'),
    (400, 'tools[1].function.parameters: Invalid regex pattern'),
    (400, 'Regex pattern not supported: look-around'),
    (400, 'invalid regex in schema'),
    (400, 'Error: unsupported type: undefined (tool parameters)'),
    (400, '工具参数 schema 不合法'),
    (400, 'tools[1] 参数格式错误'),
    (500, {'error': {'message': "Value error, Schema for tool mcp__srv__find uses unsupported keyword 'patternProperties'"}}),
    (400, '`mcp__srv__find`: additionalProperties must be false'),
    (400, 'reference to undefined schema at properties.r'),
    (400, "PointerToNowhere: '/$defs/y' does not exist within {...}"),
    (400, "Unresolvable JSON pointer: '$defs/y'"),
]

SHAPES: list[Any] = [
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'The text field in the ContentBlock object at messages.1.content.0 is blank. Add text to the text field, and try again.', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'messages: text content blocks must be non-empty', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'messages: text content blocks must contain non-whitespace text', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'messages.1.content: text must not be blank', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'Invalid value: content cannot be empty', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'messages[2].content: Content must not be empty', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'The content field is required', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'content should not be empty or whitespace only', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'messages.2: all messages must have non-empty content except for the optional final assistant message', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'Message content is empty', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'Text content must contain non-whitespace', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'messages 参数非法: content 不能为空', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, '消息内容为空', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'Input should be a non-empty string (messages.2.content)', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'String should have at least 1 character', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'content: String should have at least 1 character', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, '`content` must be a non-empty string', BLANK),
    (('blank_text', 'tool_text_empty', 'content_null'), 400, 'Empty string is not allowed for content', BLANK),
    (('prefill',), 400, 'Assistant response prefill is incompatible with enable_thinking.', PREFILLED),
    (('prefill',), 400, 'This model does not support assistant message prefill. The conversation must end with a user message.', PREFILLED),
    (('prefill',), 400, 'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant', PREFILLED),
    (('prefill',), 400, 'the last message must have role user', PREFILLED),
    (('prefill',), 400, 'Prefilling assistant messages is not supported for this model.', PREFILLED),
    (('prefill',), 400, 'messages: final assistant content cannot be used with thinking', PREFILLED),
    (('prefill',), 400, 'Cannot continue from an assistant message', PREFILLED),
    (('prefill',), 400, 'last message must not be assistant', PREFILLED),
    (('prefill',), 400, 'Please ensure that the last message is from the user', PREFILLED),
    (('prefill',), 400, "The final message's role must be 'user'", PREFILLED),
    (('prefill',), 400, 'single turn must end with user role', PREFILLED),
    (('prefill',), 400, 'Conversation must end with a user turn', PREFILLED),
    (('prefill',), 400, '最后一条消息必须是 user', PREFILLED),
    (('prefill',), 400, '`messages` must end with a `user` role', PREFILLED),
    (('prefill',), 400, 'Requires the last message to be a user message', PREFILLED),
    (('prefill',), 400, 'Please use a valid role: last role must be user', PREFILLED),
    (('assistant_after_tool',), 400, "Unexpected role 'user' after role 'tool'", GOING_ON),
    (('assistant_after_tool',), 400, 'Expected last role tool... After tool messages, an assistant message must come: unexpected user', GOING_ON),
    (('assistant_after_tool',), 400, "role 'user' cannot follow role 'tool'", GOING_ON),
    (('assistant_after_tool',), 400, 'user message is not allowed after a tool message', GOING_ON),
    (('alternate_roles',), 400, 'Conversation roles must alternate user/assistant/user/assistant/...', SAME_ROLES),
    (('alternate_roles',), 400, 'After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.', SAME_ROLES),
    (('alternate_roles',), 500, 'Jinja Exception: Conversation roles must alternate', SAME_ROLES),
    (('alternate_roles',), 400, 'roles must alternate between "user" and "assistant", but found multiple "user" roles in a row', SAME_ROLES),
    (('alternate_roles',), 400, 'Last two messages have the same role', SAME_ROLES),
    (('alternate_roles',), 400, 'consecutive messages of the same role are not allowed', SAME_ROLES),
    (('alternate_roles',), 400, 'user and assistant messages should alternate', SAME_ROLES),
    (('system_role',), 400, 'System role not supported', SYSTEM),
    (('system_role',), 400, "messages[0].role does not support 'system' with this model", SYSTEM),
    (('system_role',), 400, "role 'system' is not allowed", SYSTEM),
    (('system_role',), 400, "Unsupported value: 'messages[0].role' does not support 'system' with this model.", SYSTEM),
    (('system_role',), 400, 'Developer instruction is not enabled for models/gemma-3-27b-it', SYSTEM),
    (('system_role',), 400, 'System messages are not supported by this model', SYSTEM),
    (('system_role',), 400, 'The system role is unsupported', SYSTEM),
    (('system_role',), 400, 'Invalid role: system', SYSTEM),
    (('system_role',), 400, "'system' is not one of ['user', 'assistant']", SYSTEM),
    (('system_role',), 400, 'system prompt not supported for this model', SYSTEM),
    (('dummy_tool',), 400, 'The toolConfig field must be defined when using toolUse and toolResult content blocks.', NO_TOOLS),
    (('dummy_tool',), 400, "litellm.UnsupportedParamsError: Bedrock doesn't support tool calling without `tools=` param specified. Pass `tools=` param OR set `litellm.modify_params = True`", NO_TOOLS),
    (('dummy_tool',), 400, 'Requests which include `tool_use` or `tool_result` blocks must define tools', NO_TOOLS),
    (('dummy_tool',), 400, 'tools must be provided when messages contain tool calls', NO_TOOLS),
    (('dummy_tool',), 400, 'tool messages require the tools parameter', NO_TOOLS),
    (('dummy_tool',), 400, 'Tool calls found in messages but no tools were given', NO_TOOLS),
    (('tool_id',), 400, 'Tool call id was call_abc but must be a-z, A-Z, 0-9, with a length of 9.', CALLED),
    (('tool_id',), 400, 'tool_call_id must be alphanumeric with length 9', CALLED),
    (('tool_id',), 400, 'Invalid tool call id: must match ^[a-zA-Z0-9]{9}$', CALLED),
    (('reasoning_replay',), 400, 'The `reasoning_content` in the thinking mode must be passed back to the API.', CALLED),
    (('reasoning_replay',), 400, 'thinking is enabled but reasoning_content is missing in assistant tool call message at index 1', CALLED),
    (('reasoning_replay',), 400, 'Missing `reasoning_content` field in the assistant message at message index 1', CALLED),
    (('reasoning_replay',), 400, 'reasoning_content is required for assistant messages with tool calls', CALLED),
    (('reasoning_replay',), 400, 'Function call is missing a thought_signature in functionCall parts.', CALLED),
    (('reasoning_replay',), 400, 'Unable to submit request because function call `Bash` in the 2. content block is missing a `thought_signature`.', CALLED),
    (('reasoning_replay',), 400, 'assistant message must contain reasoning_content when thinking is enabled', CALLED),
    (('reasoning_replay',), 400, 'reasoning content must be preserved across turns', CALLED),
]

EVERYTHING: Json = {
    **STREAMED, **BOTH_SAMPLED, **ONE_CALL, "stop_sequences": ["a"], "top_k": 5, "thinking": {"type": "adaptive"},
    "output_config": {"effort": "high"}, "quirks": {"effort": "reasoning_effort", "top_k": True},
}
NOT_KNOWN: list[Any] = [
    (('parallel_tools',), 400, "litellm.UnsupportedParamsError: ollama does not support parameters: ['parallel_tool_calls'], for model=x. To drop these, set `litellm.drop_params=True` or for proxy:"),
    (('sampling',), 400, "litellm.UnsupportedParamsError: gpt-5 models (including gpt-5-codex) don't support temperature=0.2. Only temperature=1 is supported."),
    (('sampling',), 400, "litellm.UnsupportedParamsError: O-series models don't support temperature=0.2. Only temperature=1 is supported."),
    (('effort',), 400, "litellm.UnsupportedParamsError: bedrock does not support parameters: {'reasoning_effort': 'high'}, for model=x."),
    (('effort', 'drop_fields'), 400, "litellm.UnsupportedParamsError: VertexAI doesn't support parameters: ['reasoning_effort']"),
    (('stop_limit',), 400, "litellm.UnsupportedParamsError: xai does not support parameters: ['stop'], for model=grok-4"),
    (('stream_options', 'parallel_tools'), 400, "litellm.UnsupportedParamsError: x does not support parameters: ['stream_options', 'parallel_tool_calls'], for model=y"),
    (('drop_fields', 'top_k'), 400, "litellm.UnsupportedParamsError: openai does not support parameters: ['top_k'], for model=gpt"),
    (('top_k',), 400, 'Unknown name "top_k": Cannot find field.'),
    (('top_k', 'drop_fields'), 400, 'top_k is not supported'),
    (('top_k', 'drop_fields'), 400, "Extra inputs are not permitted, field: 'top_k', value: 5"),
    (('top_k', 'drop_fields'), 400, {'detail': [{'type': 'extra_forbidden', 'loc': ['body', 'top_k'], 'msg': 'Extra inputs are not permitted'}]}),
    (('parallel_tools',), 400, "Unknown parameter: 'parallel_tool_calls'."),
    (('parallel_tools',), 400, {'message': 'property parallel_tool_calls should not exist', 'error': 'Bad Request'}),
    (('parallel_tools',), 400, {'errors': [{'instancePath': '', 'keyword': 'additionalProperties', 'params': {'additionalProperty': 'parallel_tool_calls'}, 'message': 'must NOT have additional properties'}]}),
    (('parallel_tools',), 400, {'error': {'issues': [{'code': 'unrecognized_keys', 'keys': ['parallel_tool_calls'], 'path': [], 'message': "Unrecognized key(s) in object: 'parallel_tool_calls'"}]}}),
    (('parallel_tools',), 400, {'title': 'One or more validation errors occurred.', 'errors': {'parallel_tool_calls': ['The parallel_tool_calls field is not recognized.']}}),
    (('parallel_tools',), 400, '`parallel_tool_calls` is not one of the accepted fields'),
    (('parallel_tools',), 400, "Invalid request: unexpected keys ['parallel_tool_calls']"),
    (('parallel_tools',), 400, 'The following fields are not allowed: parallel_tool_calls'),
    (('parallel_tools',), 400, 'Unrecognized fields: parallel_tool_calls'),
    (('parallel_tools',), 400, 'body contains unknown property "parallel_tool_calls"'),
    (('parallel_tools',), 400, 'unsupported params: parallel_tool_calls'),
    (('parallel_tools',), 400, '参数 parallel_tool_calls 不支持'),
    (('parallel_tools',), 400, '不支持的参数: parallel_tool_calls'),
    (('parallel_tools',), 400, '未知参数 parallel_tool_calls'),
    (('parallel_tools',), 422, {'detail': 'parallel_tool_calls not supported'}),
    (('parallel_tools',), 400, 'ValidationError: parallel_tool_calls -- unknown field'),
    (('parallel_tools',), 400, 'No such parameter parallel_tool_calls'),
    (('parallel_tools',), 400, "got an unexpected keyword argument 'parallel_tool_calls'"),
    (('parallel_tools',), 400, "Argument 'parallel_tool_calls' is deprecated and was removed"),
    (('parallel_tools',), 400, {'error': {'message': 'Unsupported parameter', 'code': 'unsupported_parameter', 'param': 'parallel_tool_calls'}}),
    (('parallel_tools',), 400, {'error': {'message': 'invalid value', 'param': 'parallel_tool_calls', 'code': 'unknown_parameter'}}),
    (('stream_options',), 400, {'error': {'message': "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted', 'input': {'include_usage': True}}]"}}),
]


def test_a_limit_of_the_answer() -> None:
    wrong = [
        (cap, said)
        for cap, said in CAPS
        if taught(said, max_tokens=100_000 if cap > 32000 else 32000)
        not in (("max_output", cap), ("max_output", cap - 1))
    ]
    assert wrong == []


def test_effort_that_a_model_does_not_know_or_knows_otherwise() -> None:
    wrong = []
    for meant, said, asked in EFFORTS:
        found = taught(
            said,
            quirks={"effort": "reasoning_effort"},
            thinking={"type": "adaptive"},
            output_config={"effort": asked},
        )
        if found != meant and not (meant == "none" and found[0] in ("effort", "drop_fields")):
            wrong.append((said, found))
    assert wrong == []


def test_a_forced_tool() -> None:
    forced: list[Json] = [{"type": "any"}, {"type": "tool", "name": "Bash"}]
    wrong = [
        (said, found)
        for said in CHOICES
        for choice in forced
        if (found := taught(said, tools=[BASH], tool_choice=choice))[0] != "tool_choice"
    ]
    assert wrong == []


def test_a_conversation_that_is_too_long() -> None:
    wrong = []
    for status, said in OVERFLOWS:
        failure = failed(said if isinstance(said, dict) else e(said), status=status, max_tokens=8000)
        if failure.overflow is None or failure.status != 400:
            wrong.append((said, failure.message))
    assert wrong == []


def test_what_else_may_be_too_long() -> None:
    assert [said for status, said in OTHER_LIMITS if failed(e(said), status=status, max_tokens=32000).overflow] == []


def test_a_failure_is_sorted_by_what_it_means() -> None:
    wrong = []
    for meant, status, said, wait in STATUSES:
        body = said if isinstance(said, bytes) else dumps(said)
        failure = failure_from_response(status, {}, body, provider="p", model="m", translation=translated())
        if failure.status not in meant or (wait and failure.headers.get("retry-after") not in (wait, f"{int(wait) + 1}")):
            wrong.append((said, failure.status, failure.headers))
    assert wrong == []


def test_pictures() -> None:
    wrong = [
        (said, found)
        for meant, status, said, shown in PICTURES
        if (found := taught(said, *shown, status=status))[0] not in meant
    ]
    assert wrong == []


def test_a_field_that_is_refused_in_plain_words() -> None:
    wrong = [(said, found) for quirk, said, fields in FIELDS if (found := taught(said, **fields))[0] != quirk]
    assert wrong == []


def test_a_schema_is_refused_for_one_tool_or_for_all() -> None:
    wrong = []
    for status, said in SCHEMAS:
        quirk, value = taught(said, tools=[BASH, FIND], status=status)
        if quirk not in ("schema", "lenient_tools") or (quirk == "lenient_tools" and value != ("mcp__srv__find",)):
            wrong.append((said, quirk, value))
    assert wrong == []


def test_the_shape_of_a_conversation_is_refused() -> None:
    wrong = [
        (said, found)
        for meant, status, said, (messages, fields) in SHAPES
        if (found := taught(said, *messages, status=status, **fields))[0] not in meant
    ]
    assert wrong == []


def test_a_field_among_many_is_refused_in_a_gateways_words() -> None:
    wrong = [
        (said, found)
        for meant, status, said in NOT_KNOWN
        if (found := taught(said, status=status, **EVERYTHING))[0] not in meant
    ]
    assert wrong == []


def test_a_field_that_is_only_mentioned_is_not_refused() -> None:
    for said in (
        "Set parallel_tool_calls to false to get one call at a time",
        "messages[1].reasoning_effort is unknown to us",
        "Rate limit reached for top_k models",
    ):
        assert taught(said, **EVERYTHING) == ("", None), said
