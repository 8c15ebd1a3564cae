"""A conversation that is too long, in everybody's words → the sentences Claude Code acts upon."""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

from typing import Any

import pytest
from translate_kit import translated

from ccswitch_tui.translate.errors import failure_from_response, failure_from_words
from ccswitch_tui.translate.failure import Failure
from ccswitch_tui.translate.words import Words
from ccswitch_tui.wire.codec import dumps

INPUT_TOO_LONG = [
    ("OpenAI", "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.", 131072, 128000),
    ("OpenAI with tools", "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens (130000 in the messages, 1072 in the functions).", 131072, 128000),
    ("OpenRouter", "This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens (135000 of text input, 1000 of tool input, 4000 in the output).", 136000, 131072),
    ("vLLM", "This model's maximum context length is 32768 tokens. However, you requested 40960 tokens (36864 in the messages, 4096 in the completion).", 36864, 32768),
    ("vLLM, newer", "This model's maximum context length is 32768 tokens. However, your request has 33000 input tokens.", 33000, 32768),
    ("vLLM, newest", "This model's maximum context length is 32768 tokens. However, your prompt contains at least 32769 input tokens", 32769, 32768),
    ("SGLang", "Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of 41000 tokens: 36904 tokens from the input messages and 4096 tokens for the completion.", 36904, 32768),
    ("llama.cpp", "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it", 9000, 8192),
    ("Gemini", "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).", 1100000, 1048576),
    ("xAI", "This model's maximum prompt length is 131072 but the request contains 140000 tokens.", 140000, 131072),
    ("Together", "The input (140000 tokens) is longer than the model's context length (131072 tokens).", 140000, 131072),
    ("Copilot", "prompt token count of 140000 exceeds the limit of 128000", 140000, 128000),
    ("Kimi", "Invalid request: Your request exceeded model token limit: 262144 (requested: 270000)", 270000, 262144),
    ("Cerebras", "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192", 9000, 8192),
    ("Mistral", "Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length", 140000, 131072),
    ("Anthropic", "prompt is too long: 210000 tokens > 200000 maximum", 210000, 200000),
    ("with separators", "This model's maximum context length is 128,000 tokens. However, your messages resulted in 131,072 tokens.", 131072, 128000),
]  # fmt: skip
WITHOUT_NUMBERS = [
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "The number of tokens to keep from the initial prompt is greater than the context length.",
    "Please reduce the length of the messages or completion.",
    "invalid params, context window exceeds limit",
    "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]",
    "prompt too long; exceeded max context length by 4 tokens",
    "Input is too long for requested model.",
    "Prompt exceeds max length",
    "`inputs` tokens + `max_new_tokens` must be <= 4096",
    "max_tokens must be at least 1, got -123",
    "the request exceeds the available context size. try increasing the context size or enable context shift",
]
NOT_OVERFLOW = [
    (429, "Request too large for m on tokens per min (TPM): Limit 30000, Requested 45000.", "rate_limit_error"),
    (413, "Request too large for model on tokens per minute (TPM): Limit 6000, Requested 9000", "rate_limit_error"),
    (400, "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", "invalid_request_error"),
    (400, "Invalid 'user': string too long. Expected a string with maximum length 64", "invalid_request_error"),
    (400, "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64", "invalid_request_error"),
    (429, "Throttling.AllocationQuota: token limit exceeded for the input, requests per minute", "rate_limit_error"),
    (400, "tool_calls[0].id: string too long. Expected a string with maximum length 40", "invalid_request_error"),
]  # fmt: skip


def failed(message: str, status: int = 400, **error: Any) -> Failure:
    body = dumps({"error": {"message": message, **error}})
    return failure_from_response(status, {}, body, provider="p", model="m", translation=translated(max_tokens=4096))


@pytest.mark.parametrize(("who", "words", "tokens", "limit"), INPUT_TOO_LONG, ids=[row[0] for row in INPUT_TOO_LONG])
def test_an_overflow_keeps_its_numbers(who: str, words: str, tokens: int, limit: int) -> None:
    failure = failed(words)
    assert (failure.status, failure.type) == (400, "invalid_request_error")
    assert failure.message.startswith(f"prompt is too long: {tokens} tokens > {limit} maximum (")
    assert words[:40] in failure.message
    assert failure.overflow is not None
    assert "x-should-retry" not in failure.headers


@pytest.mark.parametrize("words", WITHOUT_NUMBERS)
def test_an_overflow_without_numbers_still_says_the_phrase(words: str) -> None:
    assert failed(words).message.startswith("prompt is too long")


@pytest.mark.parametrize(
    "code", ["context_length_exceeded", "exceed_context_size_error", "model_max_prompt_tokens_exceeded"]
)
@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_a_code_alone_tells_an_overflow(code: str, status: int) -> None:
    failure = failed("no", status, code=code)
    assert failure.status == 400
    assert failure.message.startswith("prompt is too long")


def test_llama_cpp_gives_its_numbers_in_fields() -> None:
    failure = failed("too big", type="exceed_context_size_error", n_prompt_tokens=9000, n_ctx=8192)
    assert failure.message.startswith("prompt is too long: 9000 tokens > 8192 maximum")


def test_a_long_string_counts_only_in_the_messages() -> None:
    assert failed("too long", code="string_above_max_length", param="messages[3].content").overflow is not None
    assert failed("too long", code="string_above_max_length", param="user").overflow is None


@pytest.mark.parametrize(("status", "words", "kind"), NOT_OVERFLOW)
def test_other_limits_are_no_overflow(status: int, words: str, kind: str) -> None:
    failure = failed(words, status)
    assert failure.overflow is None
    assert failure.type == kind
    assert "prompt is too long" not in failure.message


MAX_TOKENS_TOO_LARGE = [
    "This model's maximum context length is 32768 tokens. However, you requested 34096 tokens (30000 in the messages, 4096 in the completion).",
    "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 32768 tokens and your request has 30000 input tokens (4096 > 32768 - 30000).",
    "This model's maximum context length is 32768 tokens. However, you requested 34096 tokens.",
    "You passed 30000 input tokens and requested 4096 output tokens. However, the model's context length is only 32768 tokens",
    "`inputs` tokens + `max_new_tokens` must be <= 32768. Given: 30000 `inputs` tokens and 4096 `max_new_tokens`",
]  # fmt: skip


@pytest.mark.parametrize("words", MAX_TOKENS_TOO_LARGE)
def test_an_answer_that_does_not_fit_is_made_smaller(words: str) -> None:
    failure = failed(words)
    assert failure.retry_with == {"max_tokens": 32768 - 30000 - 64}
    assert failure.message.startswith("input length and `max_tokens` exceed context limit: 30000 + 4096 > 32768")


def test_an_answer_too_small_to_be_worth_it_is_left_to_the_client() -> None:
    words = "maximum context length is 32768 tokens. However, you requested 36796 tokens (32700 in the messages, 4096 in the completion)."
    assert failed(words).retry_with is None


def test_a_hostile_error_text_is_judged_in_a_moment() -> None:
    import time

    words = Words(message="maximum context length is 1 tokens requested " * 20_000)
    started = time.process_time()
    failure_from_words(400, words, translation=translated())
    assert time.process_time() - started < 1.0
