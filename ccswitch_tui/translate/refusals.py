"""Refusals that teach: an upstream's error → the quirk under which the same request goes through.

Only a refusal that binds a *named field* to a refusing word counts; a field
merely mentioned does not. Only a field that was really sent can have been
refused. Fields that carry meaning (messages, tools, a response schema) are
never given up: their form changes, and a notice says so.
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccswitch_tui.translate.caps import cap_in
from ccswitch_tui.translate.failure import Learned, clean_message
from ccswitch_tui.translate.overflow import NOT_OVERFLOW
from ccswitch_tui.translate.picture_refusals import picture_lesson
from ccswitch_tui.translate.refusal_rows import EFFORT_FIELDS, REFUSALS, REFUSING, Value
from ccswitch_tui.translate.responses_refusals import LESSONS, no_lesson
from ccswitch_tui.translate.schema_refusals import schema_lesson
from ccswitch_tui.translate.words import Words
from ccswitch_tui.wire.formats import FORMATS
from ccswitch_tui.wire.later import later

if TYPE_CHECKING:
    from ccswitch_tui.translate.asked import Asked

Json = dict[str, Any]

LEARNS_FROM = frozenset({400, 404, 405, 409, 415, 422, 500, 501, 502})
"""500 to 502 because llama-cpp-python, rapid-mlx and some vision refusals come so; only the rows that say it look at
them."""

_F = r"['\"`]?(?P<f>[\w$.\[\]-]+)['\"`]?"
FIELD_PATTERNS = tuple(
    later(p.replace("@", _F), re.I)
    for p in (
        r"unsupported (?:parameter|argument|field)(?:\(s\))?s?:? @",
        r"unsupported value:? @ does not support",
        r"unrecognized (?:request )?(?:argument|parameter|field|key)s?(?: supplied)?:? @",
        r"unknown (?:request )?(?:parameter|field|name|argument|key)s?:? @",
        r"unexpected (?:keyword argument|field|parameter|key):? @",
        r"propert(?:y|ies) @ (?:is|are) (?:unsupported|not (?:supported|allowed|permitted))",
        r"extra (?:inputs|fields) (?:are )?not permitted,? field: @",
        r"@: extra (?:inputs|fields) (?:are )?not permitted",
        r"(?:argument|parameter|field) not supported(?: on| by| for)?(?: this| the)?(?: model| endpoint)?: @",
        r"does not support (?:the )?(?:parameter|argument|field|option)s?:? @",
        r"(?:parameter|argument|field|key|property) @ is (?:not supported|unsupported|not allowed|not permitted|unknown|unrecognized)",
        r"['\"`](?P<f>[\w$.]+)['\"`](?: parameter| field)? is (?:not supported|unsupported|not allowed|not permitted)",
        r"property @ should not exist",
        r"additional properties are not allowed \(['\"](?P<f>[\w$]+)",
        r"@ (?:parameter )?(?:is )?does not support [\d.]+ with this model",
    )
)

PLAINLY = later(
    r"(?<![\w.])(?P<f>(?:[a-z]+_[a-z_]+|temperature|seed|metadata)(?:\.\w+)*) (?:parameter |field |option )?(?:is|are) "
    r"(?:not (?:yet )?(?:supported|allowed|permitted|recognized|accepted)|unsupported|unknown|unrecognized)",
    re.I,
)
"""A field named without quotes: only names that are no words of a sentence. "user is not allowed" names no field."""

TELLING_CODES = (
    "unsupported_parameter",
    "unknown_parameter",
    "unsupported_value",
    "extra_forbidden",
    "wrong_api_format",
)
"""With one of these codes the body's `param` names the refused field."""

FIELD_QUIRKS: dict[str, tuple[str, Value]] = {
    "response_format": ("response_format", "none"),
    "max_tokens": ("max_tokens_field", "max_completion_tokens"),
    "max_completion_tokens": ("max_tokens_field", "max_tokens"),
    "temperature": ("sampling", "none"),
    "top_p": ("sampling", "none"),
    "top_k": ("top_k", False),
    "stop": ("stop_limit", 0),
    "stream_options": ("stream_options", False),
    "include_usage": ("stream_options", False),
    "stream": ("never_stream", True),
    "parallel_tool_calls": ("parallel_tools", False),
    "reasoning_effort": ("effort", "none"),
    "reasoningEffort": ("effort", "none"),
    "reasoning": ("effort", "none"),
    "thinking": ("effort", "none"),
    "enable_thinking": ("effort", "none"),
    "thinking_budget": ("effort", "none"),
    "chat_template_kwargs": ("effort", "none"),
    "thinking_budget_tokens": ("effort", "none"),
    "reasoning_split": ("effort", "none"),
    "user": ("user_field", "none"),
    "prompt_cache_key": ("user_field", "none"),
    "safety_identifier": ("user_field", "none"),
    "strict": ("strict", False),
    "cache_control": ("cache_control", "strip"),
    "reasoning_content": ("reasoning_replay", "none"),
    "reasoning_details": ("reasoning_replay", "none"),
    "extra_content": ("reasoning_replay", "none"),
}
"""A refused field → the quirk that no longer sends it."""

NESTED = frozenset(
    {"include_usage", "strict", "cache_control", "reasoning_content", "reasoning_details", "extra_content"}
)
"""Fields that live inside messages or tools: sent if they are anywhere in the body."""

GIVEN_UP_NEVER = frozenset({"model", "messages", "tools", "tool_choice", "response_format", "stream"})

LIMITS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})
"""Their values are refused more often than they are."""
BESIDE = rf"{REFUSING}|not one of|no such|deprecated|removed|additional propert|unknown|不|未知|无此"

_LISTED = later(
    r"(?:does not|doesn't|not) support(?:ed)? (?:the )?(?:param\w*|arguments?|fields?|options?):? ?(?P<list>\[[^\]]*\]|\{[^}]*\})",
    re.I,
)
"""LiteLLM: "ollama does not support parameters: ['parallel_tool_calls'], for model=x"; older ones print the values too."""
_LISTED_NAME = later(r"['\"](\w+)['\"](?= ?[:,\]])")


def _listed_fields(text: str) -> list[str]:
    found = _LISTED.search(text)
    return list(_LISTED_NAME.findall(found["list"])) if found else []


def refused_fields(words: Words) -> Iterator[str]:
    """Names that these words bind to a refusal, as they are written (perhaps with a path)."""
    yield from words.refused
    if words.param and any(code in words.code for code in TELLING_CODES):
        yield words.param
    for pattern in FIELD_PATTERNS:
        for match in pattern.finditer(words.text):
            yield match["f"].strip(".")


def learn(status: int, words: Words, translation: Asked) -> Learned | None:
    """The quirk this refusal teaches, or None."""
    if status not in LEARNS_FROM:
        return None
    because = clean_message(words.message)[:300]
    if words.param and words.param not in words.message:  # "Input should be 'medium' or 'high'": of what, param says
        words = words._replace(message=f"{words.param}: {words.message}")
    own = LESSONS.get(translation.wire, no_lesson)(words, translation)
    if own is not None:
        return Learned(*own, because)
    words = in_names_of_chat(words, FORMATS[translation.wire].fields)
    soft = status >= 500
    cap = None if soft else _cap(words, translation)
    if cap is not None:
        return Learned("max_output", cap, because)
    listed = [
        _with_instead(Learned(*lesson, because), translation)
        for lesson in _not_taken(_listed_fields(words.text), translation)
    ]
    if listed:
        return replace(listed[0], also=tuple(listed[1:]))
    lesson = _narrow(words, translation)
    if lesson is not None:
        return Learned(*lesson, because)
    for row in REFUSALS:
        match = row.pattern.search(words.text) if not soft or row.also_500 else None
        if match is None or not row.sent(translation):
            continue
        value = row.value(match, translation) if callable(row.value) else row.value
        if value is not None and getattr(translation.quirks, row.quirk) != value:
            return _with_instead(Learned(row.quirk, value, because), translation)
    return (None if soft else _field_refused(words, translation, because)) or _schema(words, translation, because)


def in_names_of_chat(words: Words, fields: Mapping[str, str]) -> Words:
    """The words with the fields of another wire called as chat completions call them; `fields`: its names → theirs."""
    if not fields:
        return words
    longest_first = sorted(fields, key=len, reverse=True)
    named = later(rf"(?<![\w.])(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")

    def renamed(text: str) -> str:
        return named.sub(lambda found: fields[found[0]], text)

    return words._replace(
        message=renamed(words.message), param=renamed(words.param), refused=tuple(map(renamed, words.refused))
    )


def _with_instead(lesson: Learned, translation: Asked) -> Learned:
    """The lesson, and what serves where the user has chosen a dialect of effort: not to send its fields to this model."""
    if lesson.quirk != "effort" or lesson.value != "none":
        return lesson
    dropped = translation.quirks.drop_fields
    fields = [field for field in EFFORT_FIELDS if field in translation.body]
    return replace(lesson, instead=Learned("drop_fields", (*dropped, *fields), lesson.because)) if fields else lesson


def _narrow(words: Words, translation: Asked) -> tuple[str, Value] | None:
    """A lesson about one picture rather than all."""
    quirks = translation.quirks
    if quirks.images != "send":
        return None
    return picture_lesson(words.text, translation.body, quirks.refused_images, quirks.max_images)


def _schema(words: Words, translation: Asked, because: str) -> Learned | None:
    quirks = translation.quirks
    lesson = schema_lesson(
        words.text,
        words.param,
        translation.body,
        dialect=quirks.schema,
        lenient=quirks.lenient_tools,
        dropped=quirks.drop_tools,
    )
    return None if lesson is None else Learned(*lesson, because)


def _cap(words: Words, translation: Asked) -> int | None:
    sent = translation.body.get(translation.quirks.max_tokens_field)
    if not isinstance(sent, int) or NOT_OVERFLOW.search(words.text):
        return None
    return cap_in(words.text, words.param, sent)


def _not_taken(names: list[str], translation: Asked) -> Iterator[tuple[str, Value]]:
    """Lessons of a list of fields that an endpoint does not take."""
    body, dropped = translation.body, translation.quirks.drop_fields
    for name in names:
        quirk, value = FIELD_QUIRKS.get(name, ("", None))
        if name == "max_tokens":
            continue  # it is only called otherwise, and the list does not say how
        if quirk and name in body and getattr(translation.quirks, quirk) != value:
            yield quirk, value
        elif not quirk and name in body and name not in GIVEN_UP_NEVER:
            dropped = (*dropped, name)
            yield "drop_fields", dropped


def _field_refused(words: Words, translation: Asked, because: str) -> Learned | None:
    body = translation.body
    for written in (*refused_fields(words), *(found["f"] for found in PLAINLY.finditer(words.text))):
        path = re.split(r"[.\[\]]+", written.strip("'\"`"))
        name = next((part for part in reversed(path) if part and not part.isdecimal()), "")
        in_messages = "messages" in path[:-1]
        rule = FIELD_QUIRKS.get(name)
        if name == "reasoning" and in_messages:
            rule = ("reasoning_replay", "none")
        if rule is not None:
            quirk, value = rule
            sent = name in body or (name in NESTED | {"reasoning"} and f'"{name}"'.encode() in translation.encoded())
            if name == "reasoningEffort":
                sent = "reasoning_effort" in body
            if sent and getattr(translation.quirks, quirk) != value:
                return _with_instead(Learned(quirk, value, because), translation)
        elif name in body and not in_messages and name not in GIVEN_UP_NEVER:
            return Learned("drop_fields", (*translation.quirks.drop_fields, name), because)
    return _named_near_a_refusal(words, translation, because)


def _named_near_a_refusal(words: Words, translation: Asked, because: str) -> Learned | None:
    """A field that was sent, and whose name is no word of a sentence, beside refusing words."""
    quirks = translation.quirks
    for name in translation.body:
        if "_" not in name or name in GIVEN_UP_NEVER or name in LIMITS:
            continue
        said = rf"(?<![\w.]){name}(?!\w)"
        if re.search(rf"{said}.{{0,80}}(?:{BESIDE})|(?:{BESIDE}).{{0,60}}{said}", words.message, re.I | re.S):
            quirk, value = FIELD_QUIRKS.get(name, ("drop_fields", (*quirks.drop_fields, name)))
            if getattr(quirks, quirk) != value:
                return _with_instead(Learned(quirk, value, because), translation)
    return None
