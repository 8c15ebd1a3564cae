"""What an answer says, whichever format it came in: text, tool calls, usage, and what is wrong with its form.

Forgiving: every accessor takes what real servers send. What a translator could
still use is read; what it could not is named in `faults`.
Source: tests/recorded; the formats as OpenAI and Anthropic document them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ccswitch_tui.sentence import say
from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.formats import Wire
from ccswitch_tui.wire.sse import Decoder

Json = dict[str, Any]


class Call(NamedTuple):
    """One tool call."""

    name: str
    arguments: str
    id: str = ""

    def parsed(self) -> Json | None:
        """The arguments as an object; None when they are none."""
        try:
            value = loads(self.arguments or "{}")
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


class Said(NamedTuple):
    """One answer of a model, read from a body or put together from a stream."""

    text: str = ""
    reasoning: str = ""
    reasoning_field: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    model: str = ""
    events: int = 0
    ended: bool = True
    """A stream told that it is over."""
    faults: tuple[str, ...] = ()
    """What is wrong with the form, in words."""
    error: Any = None
    """An error object found where an answer should be."""

    @property
    def has_usage(self) -> bool:
        return bool(self.output_tokens or self.input_tokens)


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


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            str(p.get("text") or "") for p in content if isinstance(p, dict) and p.get("type", "text") == "text"
        )
    return ""


# ---------------------------------------------------------------- chat completions

REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_text")


def read_chat(body: Any) -> Said:
    """A whole chat completion."""
    if not isinstance(body, dict):
        return Said(faults=("the answer is no JSON object",))
    choices = body.get("choices")
    usage = _table(body, "usage")
    if not isinstance(choices, list) or not choices:
        wrong = "'choices' is missing" if "choices" not in body else "'choices' is empty"
        return Said(faults=(wrong,), model=str(body.get("model") or ""), error=error_in(body))
    choice = choices[0] if isinstance(choices[0], dict) else {}
    message = _table(choice, "message")
    faults = [] if message else ["the choice holds no message"]
    field = next((f for f in REASONING_FIELDS if message.get(f)), "")
    calls = [_call(c) for c in message.get("tool_calls") or () if isinstance(c, dict)]
    return Said(
        text=_text_of(message.get("content")),
        reasoning=str(message.get(field) or "") if field else "",
        reasoning_field=field,
        calls=tuple(calls),
        finish=str(choice.get("finish_reason") or ""),
        input_tokens=_number(usage.get("prompt_tokens")),
        output_tokens=_number(usage.get("completion_tokens")),
        model=str(body.get("model") or ""),
        faults=tuple(faults),
        error=choice.get("error"),
    )


def _call(call: Json) -> Call:
    function = _table(call, "function")
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else ("" if arguments is None else _dumped(arguments))
    return Call(str(function.get("name") or ""), text, str(call.get("id") or ""))


def _dumped(value: Any) -> str:
    import json

    return json.dumps(value)


def read_chat_stream(text: str) -> Said:
    """A streamed chat completion."""
    frames, done, faults = _frames(text)
    content, reasoning, field, finish, error = "", "", "", "", None
    usage: Json = {}
    calls: dict[Any, list[str]] = {}
    order: list[Any] = []
    model = ""
    for _, frame in frames:
        model = model or str(frame.get("model") or "")
        error = error or (error_in(frame) if not frame.get("choices") else None)
        usage = frame["usage"] if isinstance(frame.get("usage"), dict) else usage
        for choice in frame.get("choices") or ():
            if not isinstance(choice, dict):
                continue
            delta = choice.get("delta") or choice.get("message") or {}
            content += _text_of(delta.get("content"))
            name = next((f for f in REASONING_FIELDS if delta.get(f)), "")
            if name:
                field, reasoning = name, reasoning + str(delta[name])
            finish = str(choice.get("finish_reason") or finish)
            usage = choice["usage"] if isinstance(choice.get("usage"), dict) else usage
            for call in delta.get("tool_calls") or ():
                _add_piece(call, calls, order, faults)
    if frames and not any("choices" in frame for _, frame in frames) and error is None:
        faults.append(say("no event holds 'choices'"))
    return Said(
        text=content,
        reasoning=reasoning,
        reasoning_field=field,
        calls=tuple(Call(calls[k][0], calls[k][1], calls[k][2]) for k in order),
        finish=finish,
        input_tokens=_number(usage.get("prompt_tokens")),
        output_tokens=_number(usage.get("completion_tokens")),
        model=model,
        events=len(frames),
        ended=done or bool(finish),
        faults=tuple(dict.fromkeys(faults)),
        error=error,
    )


def _add_piece(piece: Any, calls: dict[Any, list[str]], order: list[Any], faults: list[str]) -> None:
    if not isinstance(piece, dict):
        faults.append(say("a tool call is no object"))
        return
    read = _call(piece)
    index = piece.get("index")
    key: Any = index if index is not None else (order[-1] if order and not read.name else len(order))
    if key in calls and read.id and calls[key][2] and read.id != calls[key][2]:
        key = ("again", len(order))  # Ollama numbers every call 0
    if key not in calls:
        calls[key] = ["", "", ""]
        order.append(key)
    kept = calls[key]
    kept[0] = kept[0] or read.name
    kept[1] += read.arguments
    kept[2] = kept[2] or read.id


def _frames(text: str) -> tuple[list[tuple[str, Json]], bool, list[str]]:
    decoder = Decoder()
    frames: list[tuple[str, Json]] = []
    faults: list[str] = []
    done = False
    for event in decoder.feed(text.encode()) + decoder.finish():
        if event.data.strip() == b"[DONE]":
            done = True
            continue
        try:
            frame = loads(event.data)
        except ValueError:
            faults.append(say("an event's data are not JSON"))
            continue
        if isinstance(frame, dict):
            frames.append((event.name, frame))
        else:
            faults.append(say("an event's data are no JSON object"))
    return frames, done, faults


# ---------------------------------------------------------------- Anthropic's messages


def read_message(body: Any) -> Said:
    """A whole message."""
    if not isinstance(body, dict):
        return Said(faults=("the answer is no JSON object",))
    content = body.get("content")
    if not isinstance(content, list):
        return Said(faults=("'content' is missing",), error=error_in(body))
    blocks = [b for b in content if isinstance(b, dict)]
    usage = _table(body, "usage")
    faults = [] if body.get("type") == "message" else ["'type' is not 'message'"]
    return Said(
        text="".join(str(b.get("text") or "") for b in blocks if b.get("type") == "text"),
        reasoning="".join(str(b.get("thinking") or "") for b in blocks if b.get("type") == "thinking"),
        reasoning_field="thinking" if any(b.get("type") == "thinking" for b in blocks) else "",
        calls=tuple(
            Call(str(b.get("name") or ""), _dumped(b.get("input") or {}), str(b.get("id") or ""))
            for b in blocks
            if b.get("type") == "tool_use"
        ),
        finish=str(body.get("stop_reason") or ""),
        input_tokens=_number(usage.get("input_tokens")),
        output_tokens=_number(usage.get("output_tokens")),
        model=str(body.get("model") or ""),
        faults=tuple(faults),
    )


NEEDED_EVENTS = ("message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop")
"""Without the first two Claude Code counts the stream as empty and asks again; without the third it loses the
block; without the last two it takes the answer for cut (measured)."""


def read_message_stream(text: str) -> Said:
    """A streamed message, judged by what Claude Code needs of one."""
    frames, _, faults = _frames(text)
    seen: dict[str, int] = {}
    content, reasoning, finish, model, error = "", "", "", "", None
    usage: Json = {}
    calls: dict[Any, list[str]] = {}
    for name, frame in frames:
        kind = str(frame.get("type") or name)
        seen[kind] = seen.get(kind, 0) + 1
        if not name:
            faults.append(say("events have no 'event:' line"))
        if kind == "error" or "error" in frame:
            error = frame.get("error") or frame
        if kind == "message_start":
            message = frame.get("message") or {}
            model, usage = str(message.get("model") or ""), {**usage, **(message.get("usage") or {})}
        elif kind == "content_block_start":
            block = frame.get("content_block") or {}
            if block.get("type") == "tool_use":
                calls[frame.get("index")] = [str(block.get("name") or ""), "", str(block.get("id") or "")]
                if block.get("input"):
                    faults.append(say("a tool's input comes in content_block_start, where Claude Code ignores it"))
        elif kind == "content_block_delta":
            delta = frame.get("delta") or {}
            content += str(delta.get("text") or "")
            reasoning += str(delta.get("thinking") or "")
            if delta.get("partial_json") and frame.get("index") in calls:
                calls[frame["index"]][1] += str(delta["partial_json"])
        elif kind == "message_delta":
            finish = str((frame.get("delta") or {}).get("stop_reason") or finish)
            usage = {**usage, **{k: v for k, v in (frame.get("usage") or {}).items() if v}}
    if frames and error is None:
        faults += [say("no '{kind}'", kind=kind) for kind in NEEDED_EVENTS if not seen.get(kind)]
        faults += [
            say("'{kind}' came {times} times", kind=kind, times=seen[kind])
            for kind in ("message_start", "message_stop")
            if seen.get(kind, 0) > 1
        ]
    return Said(
        text=content,
        reasoning=reasoning,
        reasoning_field="thinking" if reasoning else "",
        calls=tuple(Call(*c) for c in calls.values()),
        finish=finish,
        input_tokens=_number(usage.get("input_tokens")),
        output_tokens=_number(usage.get("output_tokens")),
        model=model,
        events=len(frames),
        ended=bool(seen.get("message_stop") or finish),
        faults=tuple(dict.fromkeys(faults)),
        error=error,
    )


READERS: dict[tuple[Wire, bool], Callable[[Any], Said]] = {
    ("openai-chat", False): read_chat,
    ("anthropic", False): read_message,
    ("openai-chat", True): read_chat_stream,
    ("anthropic", True): read_message_stream,
}
"""(format, streamed) → reader; the streamed ones take text, the others parsed JSON."""


# ---------------------------------------------------------------- model lists


class ListedModel(NamedTuple):
    """One model of a list."""

    id: str
    context_window: int | None = None


WINDOW_FIELDS = (
    "context_window", "context_length", "max_model_len", "max_context_length", "context_size", "max_context_tokens",
    "max_input_tokens", "inputTokenLimit", "n_ctx_train",
)  # fmt: skip
"""Where servers tell how much a model reads: Groq, OpenRouter, vLLM, LM Studio, Novita, LiteLLM, Gemini, llama.cpp."""


LIST_FIELDS = ("data", "models", "body", "list", "items", "result", "results", "model_list")
"""Under which servers put their models; some put a table with the list in it there."""

NAME_FIELDS = ("id", "slug", "name", "model", "model_name", "modelId", "modelName", "key")


def read_models(body: Any) -> list[ListedModel] | None:
    """The models a list names; None when this is no list of models."""
    rows = _rows(body, 3)
    if rows is None:
        return None
    listed = []
    for row in rows:
        if isinstance(row, str):
            listed.append(ListedModel(row))
        elif isinstance(row, dict):
            name = next((row[k] for k in NAME_FIELDS if isinstance(row.get(k), str) and row[k].strip()), None)
            if name:
                listed.append(ListedModel(name.removeprefix("models/"), _window(row)))
    return listed if listed or not rows else None


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
    return None


def _window(row: Json) -> int | None:
    meta = _table(row, "meta")
    provider = _table(row, "top_provider")
    for place in (row, provider, meta):
        for field in WINDOW_FIELDS:
            if _number(place.get(field)):
                return int(place[field])
    return None
