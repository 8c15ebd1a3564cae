"""What an endpoint that speaks the Messages API itself teaches by refusing a request. Pure.

Servers that say they speak it take less than the vendor does: no thinking (or
none for models they do not know), four stop sequences, no images, no fields of
the last two years. Its own fields are judged here; for the shape of a
conversation, its pictures and its tools the rows are those of the translated
routes, which are shown the request in the names they know (asked.py).
Sources: ogx, vLLM and LiteLLM as measured (thinking, stop_sequences, images).
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re
from typing import Any

from ccswitch_tui.translate.asked import Shown, messages_shown
from ccswitch_tui.translate.caps import cap_in
from ccswitch_tui.translate.disproof import disproved
from ccswitch_tui.translate.failure import Learned, clean_message
from ccswitch_tui.translate.native_body import ESSENTIAL, EVERYWHERE, effort_of, split_betas, without_key
from ccswitch_tui.translate.overflow import NOT_OVERFLOW, overflow_in
from ccswitch_tui.translate.picture_refusals import has_images, picture_lesson
from ccswitch_tui.translate.refusal_rows import REFUSALS, REFUSING
from ccswitch_tui.translate.refusals import PLAINLY, refused_fields
from ccswitch_tui.translate.schema_refusals import schema_lesson
from ccswitch_tui.translate.words import Words
from ccswitch_tui.wire.later import later
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

LEARNS_FROM = frozenset({400, 404, 415, 422, 500, 501})

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
_SHAPE = tuple(row for row in REFUSALS if row.quirk in ("blank_text", "tool_text_empty", "prefill"))
"""Rows about the shape of a conversation."""
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
    shown = messages_shown(body, quirks)
    lesson = None
    if overflow_in(words) is None:  # compacting cures that, and nothing that could be left out
        lesson = _of_shape(status, words, shown) or _lesson(words, body, shown, betas, version)
    if lesson is None or getattr(quirks, lesson[0]) == lesson[1]:
        return None
    return Learned(*lesson, clean_message(words.message)[:300])


def _of_shape(status: int, words: Words, shown: Shown) -> tuple[str, Any] | None:
    """What the rows of the translated routes make of it: a blank text, the beginning of an answer."""
    for row in _SHAPE:
        match = row.pattern.search(words.text) if status < 500 or row.also_500 else None
        if match is None or not row.sent(shown):
            continue
        value = row.value(match, shown) if callable(row.value) else row.value
        if value is not None and getattr(shown.quirks, row.quirk) != value:
            return row.quirk, value
    return None


def _lesson(words: Words, body: Json, shown: Shown, betas: str, version: str) -> tuple[str, Any] | None:
    text, asked, quirks = words.text, body.get("max_tokens"), shown.quirks
    cap = cap_in(text, words.param, asked) if isinstance(asked, int) and not NOT_OVERFLOW.search(text) else None
    if cap is not None:
        return "max_output", cap
    if betas and _BETA.search(text):
        named = [name for name in split_betas(betas) if name in text]
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
    if effort_of(body) and _EFFORT.search(text):
        return "drop_fields", _with(quirks, "output_config.effort")
    stops = body.get("stop_sequences")
    if isinstance(stops, list) and stops:
        limit = _STOPS.search(text)
        if limit and int(limit["n"] or limit["m"]) < len(stops):
            most = int(limit["n"] or limit["m"])
            return ("max_stops", most) if most else ("drop_fields", _with(quirks, "stop_sequences"))
        if _NO_STOPS.search(text):
            return "drop_fields", _with(quirks, "stop_sequences")
    if quirks.images == "send" and has_images(shown.body):
        few = picture_lesson(text, shown.body, quirks.refused_images, quirks.max_images)
        if few is not None or _IMAGES.search(text) or _NO_PICTURE.search(text):
            return few or ("images", "note")
    if "temperature" in body and "top_p" in body and _BOTH_SAMPLING.search(text):
        return "sampling", "one"
    return _field(words, body, quirks) or schema_lesson(
        text,
        words.param,
        shown.body,
        dialect=quirks.schema,
        lenient=quirks.lenient_tools,
        dropped=quirks.drop_tools,
    )


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
        if top == "output_config" and effort_of(body):
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
    return any(part is not None and without_key(part, name) != part for part in parts)


def _with(quirks: Quirks, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*quirks.drop_fields, name]))


def native_disproved(quirk: str, value: Any, body: Json, quirks: Quirks) -> bool:
    """Whether an endpoint that took this request has shown that the lesson is wrong. `body` is what was sent."""
    known = tuple(value) if isinstance(value, list) else value
    if quirk == "drop_fields" and isinstance(known, tuple) and getattr(quirks, quirk) != known:
        return bool(known) and all(_was_sent(body, name) for name in known)
    if quirk == "max_stops" and isinstance(known, int):
        stops = body.get("stop_sequences")
        return quirks.max_stops != known and isinstance(stops, list) and len(stops) > known
    return disproved(quirk, value, messages_shown(body, quirks))


def _was_sent(body: Json, name: Any) -> bool:
    if name == "output_config.effort":
        return effort_of(body)
    return isinstance(name, str) and (_stands_in(body, name) if name in EVERYWHERE else name in body)
