"""What an endpoint that speaks the Messages API itself refuses in a request, and the request without it. Pure.

Servers that say they speak it take less than the vendor does: no thinking (or
none for models they do not know), four stop sequences, no images, no fields of
the last two years. What a refusal names becomes a quirk as on the translated
route; a request no quirk concerns is not touched, byte for byte.
Sources: ogx, vLLM and LiteLLM as measured (thinking, stop_sequences, images).
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ccswitch_tui.translate.caps import cap_in
from ccswitch_tui.translate.failure import Learned, clean_message
from ccswitch_tui.translate.notices import Notices
from ccswitch_tui.translate.overflow import NOT_OVERFLOW
from ccswitch_tui.translate.picture_refusals import LEFT_OUT, TOO_MANY_HERE, is_refused, picture_lesson
from ccswitch_tui.translate.refusal_rows import REFUSALS, REFUSING
from ccswitch_tui.translate.refusals import PLAINLY, refused_fields
from ccswitch_tui.translate.words import Words
from ccswitch_tui.wire.later import later
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

LEARNS_FROM = frozenset({400, 404, 415, 422, 500, 501})

ESSENTIAL = frozenset({"model", "messages", "max_tokens", "stream", "system", "tools"})
"""Without these it is another request."""

EVERYWHERE = frozenset(
    {
        "cache_control",
        "defer_loading",
        "eager_input_streaming",
        "input_examples",
        "allowed_callers",
        "strict",
        "citations",
    }
)
"""Fields of blocks and tools: dropped wherever they stand."""

_THINKING = later(
    rf"(?:thinking|reasoning_config|adaptive|budget_tokens|reasoning)(?!.{{0,12}}(?:block|signature|content)).{{0,160}}(?:{REFUSING}|unavailable|disabled|must be|input should|错误|not configured|only (?:available|supported)|fail|does not match|field required)"
    rf"|(?:{REFUSING}|failed to process).{{0,80}}(?:thinking|adaptive)(?!.{{0,12}}(?:block|signature))",
    re.I | re.S,
)
_EFFORT = later(
    rf"(?:effort|output_config).{{0,100}}(?:{REFUSING}|input should be)|(?:{REFUSING}).{{0,80}}(?:effort|output_config)",
    re.I | re.S,
)
_STOPS = later(
    r"stop(?:_sequences)?\b.{0,120}?(?:at most|maximum(?: of)?|max(?: length)?|more than|up to|length|limit)\D{0,12}(?P<n>\d{1,3})|(?:at most|maximum of|up to) (?P<m>\d{1,3}) (?:items?|stop)",
    re.I | re.S,
)
_NO_STOPS = later(rf"stop_sequences.{{0,80}}(?:{REFUSING})|(?:{REFUSING}).{{0,60}}stop_sequences", re.I | re.S)
_BETA = later(
    r"anthropic.?beta|(?:unsupported|unknown|invalid) beta|\bbetas?\b.{0,40}(?:header|flag|value)|beta header", re.I
)
_VERSION = later(r"anthropic.?version|api version", re.I)
_DATED = later(r"\b(?:bedrock-|vertex-)?20\d\d-\d\d-\d\d\b")
_BOTH_SAMPLING = later(r"temperature.{0,8}and.{0,8}top_p.{0,40}(?:cannot|can't|both)", re.I | re.S)
_NO_PICTURE = later(r"content type:? ['\"`]?image|\.type: input should be ['\"`]text", re.I)
_IMAGES = next(row.pattern for row in REFUSALS if row.quirk == "images")
_CHOICES = tuple(row.pattern for row in REFUSALS if row.quirk == "tool_choice" and row.value == "auto_only")
_REFUSED_SOMEHOW = rf"(?:{REFUSING}|unavailable|disabled|incompatible|(?:must|should) be|must have|expected|not enabled|extra inputs|should not exist|错误|不)"


def native_lesson(
    status: int, words: Words, body: Json, quirks: Quirks, *, betas: str = "", version: str = ""
) -> Learned | None:
    """The quirk under which this request would go through, if these words name it.

    `body` is what was sent, `betas` and `version` its headers.
    """
    if status not in LEARNS_FROM or words.html:
        return None
    lesson = _lesson(words, body, quirks, betas, version)
    if lesson is None or getattr(quirks, lesson[0]) == lesson[1]:
        return None
    return Learned(*lesson, clean_message(words.message)[:300])


def _lesson(words: Words, body: Json, quirks: Quirks, betas: str, version: str) -> tuple[str, Any] | None:
    text, asked = words.text, body.get("max_tokens")
    cap = cap_in(text, words.param, asked) if isinstance(asked, int) and not NOT_OVERFLOW.search(text) else None
    if cap is not None:
        return "max_output", cap
    if betas and _BETA.search(text):
        named = [name for name in _split(betas) if name in text]
        return "drop_betas", tuple(dict.fromkeys([*quirks.drop_betas, *(named or ["all"])]))
    if _VERSION.search(text):
        known = [name for name in _DATED.findall(text) if name != version]
        return ("api_version", known[-1]) if known else None
    choice = body.get("tool_choice")
    if (
        isinstance(choice, dict)
        and choice.get("type") in ("any", "tool")
        and any(pattern.search(text) for pattern in _CHOICES)
    ):
        return "tool_choice", "auto_only"
    if "thinking" in body and _THINKING.search(text):
        return "drop_fields", _with(quirks, "thinking")
    if _effort_of(body) and _EFFORT.search(text):
        return "drop_fields", _with(quirks, "output_config.effort")
    stops = body.get("stop_sequences")
    if isinstance(stops, list) and stops:
        limit = _STOPS.search(text)
        if limit and int(limit["n"] or limit["m"]) < len(stops):
            most = int(limit["n"] or limit["m"])
            return ("max_stops", most) if most else ("drop_fields", _with(quirks, "stop_sequences"))
        if _NO_STOPS.search(text):
            return "drop_fields", _with(quirks, "stop_sequences")
    if quirks.images == "send" and _holds(body.get("messages"), "image"):
        shown = {"messages": [{"content": list(_pictures(body["messages"]))}]}
        few = picture_lesson(text, shown, quirks.refused_images, quirks.max_images)
        if few is not None or _IMAGES.search(text) or _NO_PICTURE.search(text):
            return few or ("images", "note")
    if "temperature" in body and "top_p" in body and _BOTH_SAMPLING.search(text):
        return "sampling", "one"
    return _field(words, body, quirks)


def _field(words: Words, body: Json, quirks: Quirks) -> tuple[str, Any] | None:
    """A field that the words name and bind to a refusal."""
    plain = [found["f"] for found in PLAINLY.finditer(words.text)]
    for written in (*refused_fields(words), *plain):
        path = [part for part in re.split(r"[.\[\]]+", written.strip("'\"`")) if part and not part.isdecimal()]
        path = path[1:] if path[:1] == ["body"] else path
        if not path:
            continue
        if path[-1] in EVERYWHERE and path[-1] not in quirks.drop_fields:
            return "drop_fields", _with(quirks, path[-1])
        top = path[0]
        if top == "output_config" and _effort_of(body):
            return "drop_fields", _with(quirks, "output_config.effort")
        if top in body and top not in ESSENTIAL and top not in quirks.drop_fields:
            return "drop_fields", _with(quirks, top)
    for name in (*body, *EVERYWHERE):
        if "_" not in name or name in ESSENTIAL or name in quirks.drop_fields:
            continue  # a plain word of a sentence is no field
        if name in EVERYWHERE and not _stands_in(body, name):
            continue
        said = rf"(?<![\w-]){'[_ ]'.join(name.split('_'))}(?!\w| ?(?:block|signature))"
        if re.search(
            rf"{said}.{{0,100}}{_REFUSED_SOMEHOW}|{_REFUSED_SOMEHOW}.{{0,60}}{said}", words.message, re.I | re.S
        ):
            return "drop_fields", _with(quirks, name)
    return None


def _stands_in(body: Json, name: str) -> bool:
    """Whether this field of blocks or tools was sent."""
    parts = (body.get("tools"), body.get("system"), body.get("messages"))
    return any(part is not None and _without_key(part, name) != part for part in parts)


def _with(quirks: Quirks, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*quirks.drop_fields, name]))


def _effort_of(body: Json) -> bool:
    config = body.get("output_config")
    return isinstance(config, dict) and "effort" in config


def _split(betas: str) -> list[str]:
    return [name for part in betas.split(",") if (name := part.strip())]


def native_betas(betas: str, quirks: Quirks) -> str:
    """The anthropic-beta header as this endpoint takes it; "" for none at all."""
    if "all" in quirks.drop_betas:
        return ""
    return ",".join(name for name in _split(betas) if name not in quirks.drop_betas)


def native_body(body: Json, quirks: Quirks, notices: Notices) -> Json:
    """The request as this endpoint takes it; the same object where no quirk concerns it."""
    out = dict(body)
    limit = out.get("max_tokens")
    if quirks.max_output is not None and isinstance(limit, int) and limit > quirks.max_output:
        out["max_tokens"] = quirks.max_output
        notices.add("limit", f"max_tokens {limit} lowered to {quirks.max_output}, the most this model gives")
    for name in quirks.drop_fields:
        _drop(out, name, notices)
    stops = out.get("stop_sequences")
    if isinstance(stops, list) and quirks.max_stops is not None and len(stops) > quirks.max_stops:
        out["stop_sequences"] = stops[: quirks.max_stops]
        notices.add("dropped", f"stop sequences beyond {quirks.max_stops}: this endpoint takes no more")
    if quirks.sampling != "pass" and "top_p" in out and ("temperature" in out or quirks.sampling == "none"):
        del out["top_p"]
    if quirks.sampling == "none":
        out.pop("temperature", None)
    choice = out.get("tool_choice")
    if quirks.tool_choice == "auto_only" and isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        out["tool_choice"] = {"type": "auto"}
    if quirks.images == "note" and _holds(out.get("messages"), "image"):
        out["messages"] = _noted(out["messages"], lambda _: NONE_HERE)
        notices.add("dropped", "an image: this model takes none")
    elif (quirks.refused_images or quirks.max_images is not None) and _holds(out.get("messages"), "image"):
        out["messages"] = _noted(out["messages"], _refused_by(quirks, out["messages"]))
    return body if out == body else out


def _drop(out: Json, name: str, notices: Notices) -> None:
    if name == "output_config.effort":
        config = {key: value for key, value in (out.get("output_config") or {}).items() if key != "effort"}
        if _effort_of(out):
            out.pop("output_config")
            out.update({"output_config": config} if config else {})
        return
    if name in EVERYWHERE:
        for key in ("tools", "system", "messages"):
            if key in out:
                out[key] = _without_key(out[key], name)
        return
    if name in out and name not in ESSENTIAL:
        del out[name]
        notices.add("dropped", f"{name}: this endpoint refuses it")
    if name == "thinking":  # context edits about thinking are refused where thinking is off
        management = out.get("context_management")
        if isinstance(management, dict) and isinstance(management.get("edits"), list):
            edits = [
                e for e in management["edits"] if "thinking" not in str(e.get("type") if isinstance(e, dict) else e)
            ]
            out["context_management"] = {**management, "edits": edits}
            if not edits:
                del out["context_management"]


def _without_key(value: Any, name: str, depth: int = 0) -> Any:
    """Blocks and tools without one of their own keys; what a tool's schema or a call's input holds stays."""
    if isinstance(value, list) and depth < 8:
        return [_without_key(item, name, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key != name}
    if isinstance(kept.get("content"), list):
        kept["content"] = _without_key(kept["content"], name, depth + 1)
    return kept


def _holds(messages: Any, kind: str, depth: int = 0) -> bool:
    for item in messages if isinstance(messages, list) and depth < 8 else ():
        if isinstance(item, dict) and (item.get("type") == kind or _holds(item.get("content"), kind, depth + 1)):
            return True
    return False


NONE_HERE = "[An image was here. This model cannot see images.]"


def _address(block: Json) -> str:
    """A picture's address, as the chat wire writes it: what tells it from others is the same on both."""
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    return str(source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}")


def _pictures(value: Any, depth: int = 0) -> Iterator[Json]:
    """The pictures in these messages, in the form of the chat wire."""
    for item in value if isinstance(value, list) and depth < 8 else ():
        if isinstance(item, dict) and item.get("type") == "image":
            yield {"type": "image_url", "image_url": {"url": _address(item)}}
        elif isinstance(item, dict):
            yield from _pictures(item.get("content"), depth + 1)


def _refused_by(quirks: Quirks, messages: Any) -> Callable[[Json], str]:
    """What stands in a picture's place; "" for one that this endpoint takes."""
    kept = [p for p in _pictures(messages) if not is_refused(p["image_url"]["url"], quirks.refused_images)]
    too_many = 0 if quirks.max_images is None else max(0, len(kept) - quirks.max_images)
    old = [TOO_MANY_HERE.format(most=quirks.max_images)] * too_many

    def instead(block: Json) -> str:
        if is_refused(_address(block), quirks.refused_images):
            return LEFT_OUT
        return old.pop() if old else ""

    return instead


def _noted(value: Any, instead: Callable[[Json], str], depth: int = 0) -> Any:
    """These messages with words in the place of pictures."""
    if isinstance(value, list) and depth < 8:
        return [_noted(item, instead, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "image":
        words = instead(value)
        return {"type": "text", "text": words} if words else value
    if isinstance(value.get("content"), list):
        return {**value, "content": _noted(value["content"], instead, depth + 1)}
    return value
