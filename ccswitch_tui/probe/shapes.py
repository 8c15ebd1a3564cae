"""What only a probe asks of a body: whether it is a page, a stream, an error, a list of models.

Forgiving: every accessor takes what real servers send. What an answer says is
heard in `probe.hearing`. Source: tests/recorded.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ccswitch_tui.wire.codec import loads

Json = dict[str, Any]


def parsed(text: str) -> Any:
    """The body as JSON, None when it is not. Whatever the content type: some servers name the wrong one."""
    try:
        return loads(text.lstrip("\ufeff \r\n\t"))
    except ValueError:
        return None


def is_html(text: str) -> bool:
    """A web page, by how it begins."""
    start = text[:600].lstrip("\ufeff \r\n\t").lower()
    return start.startswith(("<!doctype html", "<html", "<head", "<body", "<script", "<meta")) or (
        start.startswith("<") and "<html" in start
    )


def is_stream(text: str) -> bool:
    """Server-sent events, by how it begins."""
    return text[:200].lstrip("\ufeff \r\n").startswith(("data:", "event:", ":", "id:", "retry:"))


def title_of(html: str) -> str:
    """The title of a page, or its first heading."""
    import re

    for pattern in (r"<title[^>]*>(.*?)</title>", r"<h1[^>]*>(.*?)</h1>"):
        found = re.search(pattern, html, re.IGNORECASE | re.DOTALL)
        if found and found[1].strip():
            return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())[:100]
    return ""


def error_in(body: Any) -> Any:
    """The error object in a parsed body, None when there is none. MiniMax reports errors inside an answer."""
    if isinstance(body, list):
        return error_in(body[0]) if body else None
    if not isinstance(body, dict):
        return None
    if body.get("error") and not body.get("choices"):
        return body["error"]
    base = body.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return {"message": base.get("status_msg") or "", "code": base["status_code"]}
    for key in ("detail", "errors", "message", "msg", "error_msg", "fault"):
        if body.get(key) and not (body.keys() & {"choices", "content", "data", "object"}):
            return body
    if body.get("success") is False:
        return body
    return None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _table(place: Any, key: str) -> Json:
    value = place.get(key)
    return value if isinstance(value, dict) else {}


# ---------------------------------------------------------------- model lists


class ListedModel(NamedTuple):
    """One model of a list."""

    id: str
    context_window: int | None = None
    prices: tuple[float, float] | None = None
    """US dollars per million tokens in and out, where the list tells them."""


WINDOW_FIELDS = (
    "context_window", "context_length", "max_model_len", "max_context_length", "context_size", "max_context_tokens",
    "max_input_tokens", "inputTokenLimit", "n_ctx", "n_ctx_train",
)  # fmt: skip
"""Where servers tell how much a model reads: Groq, OpenRouter, vLLM, LM Studio, Novita, LiteLLM, Gemini, llama.cpp.
Of llama.cpp's two, `n_ctx` is what its server was started with, and the other what the model was trained with."""


LIST_FIELDS = (
    "data", "models", "body", "list", "items", "result", "results", "model_list", "modelList", "available_models",
    "availableModels", "records", "rows", "entries", "payload", "response", "value",
)  # fmt: skip
"""Under which servers put their models; some put a table with the list in it there."""

NAME_FIELDS = ("id", "slug", "name", "model", "model_name", "modelId", "model_id", "modelName", "key", "code")


def read_models(body: Any) -> list[ListedModel] | None:
    """The models a list names; None when this is no list of models."""
    rows = _rows(body, 3)
    if rows is None:
        return None
    listed = []
    for row in rows:
        if isinstance(row, str):
            listed.append(ListedModel(row.strip()))
        elif isinstance(row, dict):
            names = [row[k].strip() for k in NAME_FIELDS if isinstance(row.get(k), str) and row[k].strip()]
            if names:  # a row's own number in a database (Cloudflare's list) is no model's name
                name = next((n for n in names if not _UUID.fullmatch(n)), names[0])
                listed.append(ListedModel(name.removeprefix("models/"), _window(row), _prices(row)))
    once: dict[str, ListedModel] = {}
    for model in listed:
        once.setdefault(model.id, model)
    return list(once.values()) if once or not rows else None


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _prices(row: Json) -> tuple[float, float] | None:
    """Of a row with `pricing: {prompt, completion}`: dollars per token, as texts.

    Source: OpenRouter, "List available models". A negative one there means that the price varies.
    """
    told = _table(row, "pricing")
    try:
        prompt, completion = (float(told[field]) * 1e6 for field in ("prompt", "completion"))
    except (KeyError, TypeError, ValueError):
        return None
    return (round(prompt, 6), round(completion, 6)) if 0 <= prompt < 1e6 and 0 <= completion < 1e6 else None


def _rows(body: Any, depth: int) -> list[Any] | None:
    """The list in a body: bare, under one of LIST_FIELDS, a level or two below, or as a table by the models' ids."""
    if isinstance(body, list):
        return body
    if not isinstance(body, dict) or depth == 0:
        return None
    lists = next((body[k] for k in LIST_FIELDS if isinstance(body.get(k), list)), None)
    if isinstance(lists, list):
        return lists
    for field in LIST_FIELDS:
        inner = body.get(field)
        if isinstance(inner, dict):
            rows = _rows(inner, depth - 1)
            if rows is not None:
                return rows
            if inner and all(isinstance(facts, dict) for facts in inner.values()) and not set(inner) & set(LIST_FIELDS):
                return [{**facts, "id": name} for name, facts in inner.items()]
            if inner and all(isinstance(group, list) for group in inner.values()):  # by kind: chat, embedding, …
                return [row for group in inner.values() for row in group]
    if body and all(isinstance(facts, dict) and facts.get("id") == name for name, facts in body.items()):
        return list(body.values())
    return None


def _window(row: Json) -> int | None:
    meta = _table(row, "meta")
    provider = _table(row, "top_provider")
    for place in (row, provider, meta):
        for field in WINDOW_FIELDS:
            if _number(place.get(field)):
                return int(place[field])
    return None
