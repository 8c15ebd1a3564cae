"""Everything the demo provider can do wrong, by name: one row a fault, each as some real server has it.

Pure. A fault refuses a request outright (`refuse`), after it was read
(`judge`), changes the manner of an answer (`manner`), or what happens to its
bytes (`bytes_do`). Sources: the error shapes of the providers and servers the
probe was taught with (tests/recorded).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from ccswitch_tui.demo.script import Body
from ccswitch_tui.demo.speech import Manner, prompt_tokens


class Refusal(NamedTuple):
    """A whole answer that is not the model's."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}


class Asked(NamedTuple):
    """What a fault may look at before the body is parsed."""

    method: str
    path: str
    """Below the base URL: `/chat/completions`, `/models`."""
    headers: Mapping[str, str]
    """By lower-case name."""
    size_bytes: int


BytesDo = Literal["flow", "cut", "hang", "drip", "wait", "never-end", "nothing", "garble", "one-json", "error-inside"]


class Fault(NamedTuple):
    """One way to be wrong."""

    does: str
    refuse: Callable[[Asked], Refusal | None] | None = None
    judge: Callable[[Body], Refusal | None] | None = None
    manner: Manner | None = None
    bytes_do: BytesDo = "flow"


def error(status: int, message: str, kind: str, code: Any = None, param: str | None = None, **headers: str) -> Refusal:
    """A refusal in OpenAI's shape."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Refusal(status, json.dumps(body).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """A 400 in OpenAI's shape."""
    return error(400, message, "invalid_request_error", code, param)


def _page(status: int, title: str, text: str, **headers: str) -> Refusal:
    html = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
    return Refusal(status, html.encode(), "text/html; charset=utf-8", headers)


def _always(refusal: Refusal) -> Callable[[Asked], Refusal]:
    return lambda asked: refusal


def _chat(refusal: Refusal) -> Callable[[Asked], Refusal | None]:
    return lambda asked: refusal if asked.path == "/chat/completions" else None


def _models(refusal: Refusal) -> Callable[[Asked], Refusal | None]:
    return lambda asked: refusal if asked.path.startswith("/models") else None


def _if(condition: Callable[[Body], Any], refusal: Refusal) -> Callable[[Body], Refusal | None]:
    return lambda body: refusal if condition(body) else None


def _has_call_without(field: str) -> Callable[[Body], bool]:
    return lambda body: any(
        message.get("tool_calls") and not message.get(field)
        for message in body["messages"]
        if isinstance(message, dict)
    )


def _header_only(name: str) -> Callable[[Asked], Refusal | None]:
    refusal = error(401, f"Missing API key. Send it in the '{name}' header.", "authentication_error", "missing_key")
    return lambda asked: None if asked.headers.get(name) else refusal


def _small_body(asked: Asked) -> Refusal | None:
    return _page(413, "413 Request Entity Too Large", "nginx") if asked.size_bytes > 65_536 else None


SMALL_WINDOW = 4096


def _small_window(body: Body) -> Refusal | None:
    tokens = prompt_tokens(body)
    return overflow(tokens, SMALL_WINDOW) if tokens > SMALL_WINDOW else None


def overflow(tokens: int, window: int) -> Refusal:
    """A prompt too long for the model, in OpenAI's words."""
    return invalid(
        f"This model's maximum context length is {window} tokens. However, your messages resulted in {tokens} tokens. "
        "Please reduce the length of the messages.",
        "messages",
        "context_length_exceeded",
    )


NO_SUCH_URL = error(404, "Invalid URL (POST /v1/chat/completions)", "invalid_request_error")
LOGIN_PAGE = _page(200, "Sign in", "Please sign in with your company account to continue.")

FAULTS: Mapping[str, Fault] = {
    # reaching an API at all
    "html": Fault("answers everything with a login page and status 200", _always(LOGIN_PAGE)),
    "blocked": Fault(
        "a firewall in front answers 403 with its own page",
        _always(_page(403, "Attention Required!", "Access denied. Ray ID: 0000example", server="cloudflare")),
    ),
    "redirect": Fault("sends every request to a login page", _always(Refusal(302, headers={"location": "/login"}))),
    "no-route": Fault("has no chat completions here", _chat(NO_SUCH_URL)),
    "get-only": Fault(
        "refuses POST",
        _chat(Refusal(405, b'{"detail":"Method Not Allowed"}', headers={"allow": "GET"})),
    ),
    "no-models": Fault("has no list of models", _models(Refusal(404, b'{"detail":"Not Found"}'))),
    "other-models": Fault(
        "lists models, none of them yours",
        _models(Refusal(200, b'{"object":"list","data":[{"id":"other-large","object":"model"}]}')),
    ),
    # keys
    "bad-key": Fault(
        "refuses every key",
        _always(error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")),
    ),
    "x-api-key": Fault("wants the key in x-api-key, not as a bearer token", _header_only("x-api-key")),
    "forbidden": Fault(
        "the key is right but may not do this",
        _chat(error(403, "Your project does not have access to this resource.", "permission_error", "forbidden")),
    ),
    "region": Fault(
        "is closed to this country",
        _always(
            error(
                403,
                "Country, region, or territory not supported",
                "request_forbidden",
                "unsupported_country_region_territory",
            )
        ),
    ),
    "client": Fault(
        "lets only certain clients in",
        _chat(error(403, "This key may only be used with approved coding clients.", "access_terminated_error")),
    ),
    # money and load
    "quota": Fault(
        "the account is out of credit",
        _chat(
            error(
                429,
                "You exceeded your current quota, please check your plan and billing details.",
                "insufficient_quota",
                "insufficient_quota",
            )
        ),
    ),
    "rate-limit": Fault(
        "too many requests, try again in two seconds",
        _chat(error(429, "Rate limit reached for requests", "requests", "rate_limit_exceeded", retry_after="2")),
    ),
    "overloaded": Fault("is overloaded", _chat(error(503, "The server is overloaded, try later.", "server_error"))),
    "server-error": Fault("fails inside", _chat(error(500, "The server had an error.", "server_error"))),
    "bad-gateway": Fault("the gateway finds no server behind it", _chat(_page(502, "502 Bad Gateway", "nginx"))),
    # models and parameters
    "forbidden-model": Fault(
        "the key may not use this model",
        judge=_if(
            lambda body: True,
            error(403, "You are not allowed to use this model.", "invalid_request_error", "model_not_allowed"),
        ),
    ),
    "max-completion-tokens": Fault(
        "knows only max_completion_tokens",
        judge=_if(
            lambda body: "max_tokens" in body,
            invalid(
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                "max_tokens",
                "unsupported_parameter",
            ),
        ),
    ),
    "max-tokens-8192": Fault(
        "allows 8,192 tokens of answer",
        judge=_if(
            lambda body: (body.get("max_tokens") or 0) > 8192,
            invalid("max_tokens is too large. This model supports at most 8192 completion tokens.", "max_tokens"),
        ),
    ),
    "no-stream-options": Fault(
        "does not know stream_options",
        judge=_if(
            lambda body: "stream_options" in body,
            invalid("Unrecognized request argument supplied: stream_options", "stream_options"),
        ),
    ),
    "no-null-content": Fault(
        "cannot read an assistant turn whose content is null",
        judge=_if(
            lambda body: any(message.get("content", "") is None for message in body["messages"]),
            error(500, "1 validation error: content: Input should be a valid string", "internal_server_error"),
        ),
    ),
    "small-context": Fault("has a context window of 4,096 tokens", judge=_small_window),
    "small-body": Fault("a gateway in front takes 64 kB at most", _small_body),
    # streams
    "no-streaming": Fault("answers in one piece although a stream was asked for", bytes_do="one-json"),
    "stream-refused": Fault(
        "refuses to stream",
        judge=_if(lambda body: body.get("stream"), invalid("Streaming is not supported for this model.", "stream")),
    ),
    "cut": Fault("cuts the connection in the middle of a stream", bytes_do="cut"),
    "no-end": Fault("ends a stream without saying that it ended", manner=Manner(end=False)),
    "empty": Fault("answers 200 and nothing else", bytes_do="nothing"),
    "garbled": Fault("puts something that is no JSON into the stream", bytes_do="garble"),
    "error-in-stream": Fault("reports an error in the middle of a stream", bytes_do="error-inside"),
    "error-in-200": Fault(
        "reports errors with status 200",
        _chat(Refusal(200, b'{"error":{"message":"upstream unavailable","type":"server_error","code":"500"}}')),
    ),
    "wrong-shape": Fault(
        "answers JSON of a shape of its own", _chat(Refusal(200, b'{"result":"hello","status":"ok"}'))
    ),
    "no-usage": Fault("never says how many tokens were used", manner=Manner(usage=False)),
    "slow": Fault("thinks a while before the first word", bytes_do="wait"),
    "drip": Fault("sends one byte at a time", bytes_do="drip"),
    "hang": Fault("accepts and never answers", bytes_do="hang"),
    "endless": Fault("never stops talking", bytes_do="never-end"),
    "empty-choices": Fault("begins a stream with a chunk without choices", manner=Manner(first_empty=True)),
    # tools and reasoning
    "no-tools": Fault(
        "does not know tools",
        judge=_if(lambda body: body.get("tools"), invalid("This model does not support tools.", "tools")),
    ),
    "tools-as-text": Fault("writes its tool calls into the text", manner=Manner(calls_as_text=True)),
    "ignores-tools": Fault("takes tools and never calls one", manner=Manner(ignores_tools=True)),
    "one-call": Fault("makes one call where several were asked for", manner=Manner(one_call=True)),
    "broken-arguments": Fault("cuts the arguments of tool calls off", manner=Manner(broken_arguments=True)),
    "call-0": Fault("numbers its calls from zero in every turn", manner=Manner(numbered_calls=True, whole_calls=True)),
    "interleaved": Fault("mixes the fragments of parallel calls", manner=Manner(interleaved=True)),
    "no-parallel": Fault(
        "refuses parallel_tool_calls",
        judge=_if(
            lambda body: "parallel_tool_calls" in body,
            invalid("Unsupported parameter: 'parallel_tool_calls'", "parallel_tool_calls", "unsupported_parameter"),
        ),
    ),
    "think-tags": Fault("writes its reasoning into the text, in tags", manner=Manner(reasoning_field="", thinks=True)),
    "reasoning": Fault("calls its reasoning 'reasoning'", manner=Manner(reasoning_field="reasoning", thinks=True)),
    "reasoning-echo": Fault(
        "wants its reasoning back with every tool call",
        manner=Manner(thinks=True),
        judge=_if(
            _has_call_without("reasoning_content"),
            invalid("The `reasoning_content` in the thinking mode must be passed back to the API."),
        ),
    ),
}
"""Name to fault; `--url …/fault/NAME/v1` reaches it on the demo provider."""
