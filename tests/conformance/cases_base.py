"""What all wires of the conformance runner share: names, and small tools on JSON. Only the standard library is used."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent


MISSING = object()


STOPS = {
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
}


ETYPES = {
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "timeout_error",
    "overloaded_error",
    "conflict_error",
}


CHAT, RESPONSES = "openai-chat", "openai-responses"


ROUTE = {CHAT: "/chat/completions", RESPONSES: "/responses"}


def text_of(v):
    if isinstance(v, str):
        return v
    if isinstance(v, list):
        return "".join(
            p
            if isinstance(p, str)
            else p.get("text", "")
            if isinstance(p, dict)
            and p.get("type", "text") in ("text", "input_text", "output_text")
            and isinstance(p.get("text", ""), str)
            else ""
            for p in v
        )
    return ""


def walk(v, skip_schema=True, path=()):
    if isinstance(v, dict):
        for k, x in v.items():
            yield k, x, path
            if skip_schema and k in ("parameters", "input_schema", "schema"):
                continue
            yield from walk(x, skip_schema, path + (k,))
    elif isinstance(v, list):
        for i, x in enumerate(v):
            yield from walk(x, skip_schema, path + (i,))


def split_ptr(ptr):
    out, cur, depth = [], "", 0
    for ch in ptr[1:]:
        depth += (ch == "{") - (ch == "}")
        if ch == "/" and not depth:
            out.append(cur)
            cur = ""
        else:
            cur += ch
    out.append(cur)
    return [t.replace("~1", "/").replace("~0", "~") for t in out]


def same(a, b):
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def short(v, n=160):
    if v is MISSING:
        return "<absent>"
    s = json.dumps(v, ensure_ascii=True, default=str)
    return s if len(s) <= n else s[: n - 20] + "…" + s[-18:]


PARTS = {
    "user": {"input_text", "input_image", "input_file"},
    "system": {"input_text", "input_image", "input_file"},
    "developer": {"input_text", "input_image", "input_file"},
    "assistant": {"output_text", "refusal"},
}


FOREIGN = (
    "system",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "stop_sequences",
    "thinking",
    "output_config",
    "output_format",
    "response_format",
    "functions",
    "anthropic_version",
    "anthropic_beta",
    "betas",
    "mcp_servers",
    "container",
    "cache_control",
    "input_schema",
    "safeguards",
    "diagnostics",
    "fallbacks",
    "reasoning_effort",
    "n",
)
