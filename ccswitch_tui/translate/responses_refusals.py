"""What refusals of the Responses API teach beside those of chat completions: its own fields, and reasoning items. Pure.

Wordings from public issue trackers, the project named in the row; a row counts
only if the thing was sent.
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.words import Words
from ccswitch_tui.wire.formats import Wire

if TYPE_CHECKING:
    from ccswitch_tui.translate.asked import Asked

Json = dict[str, Any]
Lesson = tuple[str, Any]

REFUSED = (
    r"unsupported|unknown|unrecogni[sz]ed|unexpected|extra (?:inputs?|fields?)|not (?:be )?(?:support|allow|permit|recogni)\w*"
    r"|invalid|does not exist|n't (?:support|accept|allow)"
)

SAYS_SOMETHING = "Follow the user's instructions."
"""For an endpoint that demands instructions where the client gives none."""


class Row(NamedTuple):
    """In these words, if this was sent, this is the lesson."""

    pattern: re.Pattern[str]
    sent: Callable[[Asked, Json], bool]
    lesson: Callable[[Asked], Lesson]


def _row(pattern: str, sent: Callable[[Asked, Json], bool], lesson: Callable[[Asked], Lesson]) -> Row:
    return Row(re.compile(pattern, re.IGNORECASE | re.DOTALL), sent, lesson)


def _dropping(field: str) -> Callable[[Asked], Lesson]:
    return lambda t: ("drop_fields", (*t.quirks.drop_fields, field))


def _becomes(quirk: str, value: Any) -> Callable[[Asked], Lesson]:
    return lambda t: (quirk, value)


def _names(field: str) -> str:
    """The field, and words that refuse it, in either order and near each other."""
    name = rf"(?<!\w){re.escape(field)}(?!\w)"
    return rf"(?:{REFUSED})[^.\n]{{0,80}}{name}|{name}[^.\n]{{0,80}}(?:{REFUSED})"


def _in(field: str) -> Callable[[Asked, Json], bool]:
    return lambda t, body: field in body


def _has_reasoning(t: Asked, body: Json) -> bool:
    return any(item.get("type") == "reasoning" for item in body["input"])


def _has_lists(t: Asked, body: Json) -> bool:
    return any(isinstance(item.get("output"), list) for item in body["input"])


def _has_summary(t: Asked, body: Json) -> bool:
    return "summary" in (body.get("reasoning") or {})


A_LIMIT = r"at most|maximum|above|less than|<=|too large|too high|exceed|range|between"
"""Words about how high the limit may be, not about whether it may be said."""

ROWS = (
    _row(rf"\A(?!.*(?:{A_LIMIT}))(?s:.*?)(?:{_names('max_output_tokens')})", _in("max_output_tokens"), _dropping("max_output_tokens")),  # ChatGPT-type relays
    _row(r"stream must be (?:set to )?['\"`]?true", lambda t, body: not body.get("stream"), _becomes("always_stream", True)),
    _row(_names("store"), _in("store"), _dropping("store")),
    _row(
        r"encrypted content is not supported|encrypted_content[^.\n]{0,60}not supported|" + _names("include"),
        _in("include"),
        _dropping("include"),
    ),  # pydantic/pydantic-ai#2915
    _row(
        r"verified to generate reasoning summaries|" + _names("reasoning.summary") + "|" + _names("summary"),
        _has_summary,
        _dropping("reasoning.summary"),
    ),
    _row(
        r"invalid_encrypted_content|encrypted.content.{0,120}(?:could not|cannot|can't|unable to|failed to) (?:be )?(?:verif|decrypt|pars)"
        r"|was not issued to this caller|required following item|not persisted when|reasoning item.{0,60}(?:not found|deleted)"
        r"|item with id ['\"`]?rs_|without its required|encrypted.{0,60}(?:organi[sz]ation|decrypt)"
        r"|item\[?['\"]?content['\"]?\]? is (?:empty|not an array)|unknown input item type.{0,20}reasoning",
        _has_reasoning,
        _becomes("reasoning_replay", "none"),
    ),  # openai/codex#8145, continuedev/continue#8933, maximhq/bifrost#5410, llama.cpp
    _row(r"instructions are required|missing.{0,40}['\"`]?instructions", lambda t, body: not body.get("instructions"),
         lambda t: ("extra_body", {**t.quirks.extra_body, "instructions": SAYS_SOMETHING})),
    _row(r"instructions are not valid|invalid.{0,20}instructions", lambda t, body: bool(body.get("instructions"))
         and t.quirks.system_role == "system", _becomes("system_role", "developer")),  # openai/codex#3376
    _row(_names("strict"), lambda t, body: any("strict" in tool for tool in body.get("tools", ())), _dropping("strict")),
    _row(
        r"output['\"`\]]*.{0,80}(?:must be|should be|expected|not).{0,20}(?:a )?(?:valid )?string|output.{0,60}(?:list|array).{0,40}(?:not|unsupported)",
        _has_lists,
        _becomes("tool_images", "user"),
    ),
)  # fmt: skip


SUPPORTED = re.compile(
    r"supported values are:?(?P<list>[^\n]{3,200})|must be one of:?(?P<more>[^\n]{3,200})", re.IGNORECASE
)

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def _effort_levels(words: Words, translation: Asked) -> Lesson | None:
    """The effort words this model lists, where only `param` says what they are of."""
    found = SUPPORTED.search(words.text)
    now = translation.body.get("reasoning_effort")
    if found is None or not now or "effort" not in f"{words.param} {words.text}":
        return None
    listed = re.findall(r"[a-z]+", (found["list"] or found["more"]).lower())
    levels = tuple(word for word in EFFORTS if word in listed)
    return ("effort_levels", levels) if levels and now not in levels else None


def _of_responses(words: Words, translation: Asked) -> Lesson | None:
    from ccswitch_tui.translate.as_responses import as_responses

    text = f"{words.text} {words.code} {words.param}"
    levels = _effort_levels(words, translation)
    if levels is not None:
        return levels
    body = as_responses(translation.body, translation.quirks)
    for row in ROWS:
        if row.pattern.search(text) and row.sent(translation, body):
            quirk, value = row.lesson(translation)
            if getattr(translation.quirks, quirk) != value:
                return quirk, value
    return None


def no_lesson(words: Words, translation: Asked) -> Lesson | None:
    """A wire that has no words of its own."""
    return None


LESSONS: Mapping[Wire, Callable[[Words, Asked], Lesson | None]] = {
    "anthropic": no_lesson,
    "openai-chat": no_lesson,
    "openai-responses": _of_responses,
}
"""Wire → what its own words teach, before the names of its fields are those of chat completions."""
