"""What an upstream's error body says, in whatever form it says it.

The forms met so far: OpenAI's object, a string under `error`, `message`,
`detail` (text, or FastAPI's list with `loc`), a list around the object
(Gemini), a reason nested in `metadata.raw` (OpenRouter), `base_resp`
(MiniMax), an object where the message should be, Apigee's `fault`, Anthropic's
own envelope, HTML, plain text, nothing. Parsed whatever the content type says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.anthropic import ERROR_TYPES
from ccswitch_tui.wire.codec import loads

Json = dict[str, Any]

LARGEST_BODY = 256 * 1024
"""Bytes of an error body that are looked at."""
SEARCHED = 4000
"""Characters of a message that are matched against the wordings: a hostile one must not cost seconds."""
OUR_TYPES = frozenset(ERROR_TYPES.values()) | {"conflict_error"}

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.I | re.S)
_TAG = re.compile(r"<[^>]+>")
_XML = re.compile(r"\s*<(?:\?xml|error|fault|response)\b", re.I)
_IN_XML = re.compile(r"<(?:message|faultstring|msg|description|reason)>([^<]{1,2000})</", re.I)
"""AWS and Azure before a model is reached."""
_MARKUP = re.compile(r"\s*(?:<!doctype|<html|<head|<body|<\?xml|<center|<h1|<!--)", re.I)


class Words(NamedTuple):
    """What was read. Texts are "" where there is nothing."""

    message: str = ""
    """The most telling sentence, in the upstream's words."""
    code: str = ""
    """Its code and type, lower case, apart by a space."""
    param: str = ""
    status: int | None = None
    """A status given inside the body."""
    refused: tuple[str, ...] = ()
    """Fields that a validator named as forbidden."""
    html: bool = False
    envelope: str = ""
    """The error type, if the body already is an Anthropic error."""
    numbers: tuple[int | None, int | None] = (None, None)
    """llama.cpp's n_prompt_tokens and n_ctx."""
    wait_s: float | None = None
    """How long to wait, where the body says it."""

    @property
    def text(self) -> str:
        """All there is to search in."""
        return f"{self.message[:SEARCHED]} {self.code[:200]}"


def read_words(body: bytes) -> Words:
    """The words of an error body. Never raises."""
    text = body[:LARGEST_BODY].decode("utf-8", "replace").strip()
    if not text:
        return Words()
    if _XML.match(text) and (said := _IN_XML.search(text)):
        return Words(message=" ".join(said[1].split()))
    if _MARKUP.match(text):
        from html import unescape  # here: its table of entities takes a megabyte

        found = _TITLE.search(text) or _HEADING.search(text)
        title = " ".join(unescape(_TAG.sub(" ", found[1])).split()) if found else ""
        return Words(message=title or "a web page instead of an answer", html=True)
    try:
        doc = loads(text)
    except ValueError:
        return Words(message=text)
    return words_of(doc)


def words_of(doc: Any) -> Words:
    """The words of an error that is JSON already."""
    if isinstance(doc, list):
        doc = doc[0] if doc else {}
    if isinstance(doc, str):
        return Words(message=doc)
    if not isinstance(doc, dict):
        return Words()
    nested = doc.get("Response")
    if isinstance(nested, dict) and isinstance(nested.get("Error"), dict):
        return words_of({"error": nested["Error"]})  # Tencent Cloud
    issues = doc["error"].get("issues") if isinstance(doc.get("error"), dict) else doc.get("issues")
    if isinstance(issues, list) and issues and isinstance(issues[0], dict):
        return words_of(issues[0])  # zod's list
    error = doc.get("error")
    inner = error if isinstance(error, dict) else {}
    messages = [m for m in _sentences(doc, error, inner) if m]
    message = _telling(messages)
    stated = inner.get("message")
    named = [(inner, "code"), (inner, "type"), (doc, "code")]
    named += [(stated, "code"), (stated, "type")] if isinstance(stated, dict) else []
    code = " ".join(dict.fromkeys(word for place, key in named if (word := _word(place.get(key)))))
    return Words(
        message=message,
        code=code.lower(),
        param=_word(inner.get("param")) or _word(doc.get("param")) or _placed(inner) or _placed(doc),
        status=_status_in(inner, doc),
        refused=tuple(name for place in (doc, inner, doc.get("message")) for name in _forbidden(place)),
        envelope=_envelope(doc, inner),
        numbers=(_count(inner.get("n_prompt_tokens")), _count(inner.get("n_ctx"))),
        wait_s=next((s for place in (inner, doc) if (s := _wait(place)) is not None), None),
    )


_TITLE_ONLY = re.compile(
    r"[\w.-]+|(?:bad request|not found|unauthorized|forbidden|internal server error|unprocessable (?:entity|content)"
    r"|too many requests|validation (?:error|failed)|one or more validation errors occurred|request failed|error)\.?",
    re.I,
)
"""A title: the name of a status or a code, which says nothing a number does not."""


def _telling(messages: list[str]) -> str:
    """The first sentence, with the next one behind it where the first is a mere title."""
    if not messages:
        return ""
    first = messages[0]
    if not _TITLE_ONLY.fullmatch(first):
        return first
    more = next((said for said in messages[1:] if not _TITLE_ONLY.fullmatch(said)), "")
    return f"{first}: {more}" if more else first


def _placed(place: Json) -> str:
    """The field a validator's row is about: zod's `path`, ajv's `instancePath`."""
    errors = place.get("errors")
    row = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else place
    path = row.get("path")
    if isinstance(path, list):
        return ".".join(str(part) for part in path[:9])
    given = row.get("instancePath") or (path if isinstance(path, str) and "message" in row else "")
    return given.strip("/").replace("/", ".") if isinstance(given, str) else ""


WAITS = (
    "estimated_time",
    "retry_after",
    "retry_after_seconds",
    "retryAfter",
    "retryDelay",
    "Retry-After",
    "retry-after",
)
"""Hugging Face while a model loads, relays, Google's RetryInfo ("12s"), headers that OpenRouter hands on."""


def _wait(place: Json) -> float | None:
    details = place.get("details")
    rows = [place, *(d for d in details[:5] if isinstance(d, dict))] if isinstance(details, list) else [place]
    metadata = place.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("headers"), dict):
        rows.append(metadata["headers"])
    for row in rows:
        in_ms = row.get("retry_after_ms")
        if isinstance(in_ms, int | float) and not isinstance(in_ms, bool) and 0 <= in_ms < 1e9:
            return in_ms / 1000
        for key in WAITS:
            value = row.get(key)
            if isinstance(value, str) and re.fullmatch(r"\d{1,6}(?:\.\d+)?s?", value):
                value = float(value.rstrip("s"))
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6:
                return float(value)
    return None


def _sentences(doc: Json, error: Any, inner: Json) -> Iterator[str]:
    """Candidates, the most telling first."""
    metadata = inner.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    outer = _said(inner.get("message"))
    if raw:
        nested = _nested(raw)
        yield f"{outer}: {nested}" if outer and nested else outer or nested
    base, stated = doc.get("base_resp"), doc.get("message")
    violations = _violations(inner)
    yield f"{outer} {violations}" if outer and violations else outer or violations
    yield _nested(error) if isinstance(error, str) else ""
    yield _said(stated)
    yield _detail(doc.get("detail"))
    yield _detail(inner.get("detail"))
    yield _text(base.get("status_msg")) if isinstance(base, dict) else ""
    header = doc.get("header")
    yield _text(header.get("message")) if isinstance(header, dict) else ""
    errors = doc.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        yield _row(errors[0]) or words_of(errors[0]).message
    yield _by_field(errors)
    for key in ("error_description", "details", "innererror", "inner_error", "cause"):
        yield _said(inner.get(key)) or _said(doc.get(key))
    for key in ("msg", "reason", "title"):
        yield _text(doc.get(key)) or _text(inner.get(key))
    yield _otherwise_spelt(inner) or _otherwise_spelt(doc)
    yield _said(error)
    yield _said(doc.get("fault"))
    yield _said(errors)
    rest = _said({key: value for key, value in doc.items() if key not in ("object", "model")})
    yield rest if " " in rest else ""


SPELLINGS = frozenset(
    {
        "message", "messages", "errormessage", "errormsg", "errmsg", "errmessage", "failreason", "failuremessage",
        "failedreason", "errordescription", "errordetail", "errordetails", "errorinfo", "errorreason", "statusmsg",
        "statusmessage", "statustext", "returnmsg", "retmsg", "resultmsg", "respmsg", "description", "exception",
        "faultstring", "failure", "cause", "msg", "info", "error", "err", "errors",
    }
)  # fmt: skip
"""Keys of a reason without their case, underscores and hyphens: Baidu's error_msg, AWS's Message, iFlow's msg, …"""


def _otherwise_spelt(place: Json) -> str:
    """The reason under a key that says so in one of the ways it is spelt."""
    for key, value in place.items():
        if re.sub(r"[_\-\s]", "", key).lower() in SPELLINGS and (said := _said(value)):
            return said
    return ""


def _violations(inner: Json) -> str:
    """What hides behind "Request contains an invalid argument.": Google's list, or rows that name a field."""
    said: list[str] = []
    details = inner.get("details")
    for detail in details[:5] if isinstance(details, list) else ():
        rows = detail.get("fieldViolations", [detail]) if isinstance(detail, dict) else None
        for row in rows[:5] if isinstance(rows, list) else ():
            if isinstance(row, dict) and _place(row) and (words := _row(row)):
                said.append(words)
    return "; ".join(dict.fromkeys(said))


SAYING = ("message", "msg", "faultstring", "detail", "error", "reason", "description", "text")
"""Where an object keeps its words, the likeliest first; one that names none of them is taken by its longest text."""
NAMING = frozenset({"code", "type", "status", "param", "loc", "id", "request_id"})
"""Keys whose texts are no words for a person."""
DEEPEST = 4


def _said(value: Any, depth: int = 0) -> str:
    """What a message says that is a text, or an object or a list where a text should be."""
    if isinstance(value, str) or depth > DEEPEST:
        return _text(value)
    if isinstance(value, list):
        return _detail(value) or "; ".join(said for part in value[:3] if (said := _said(part, depth + 1)))
    if not isinstance(value, dict):
        return ""
    for key in SAYING:
        if said := _said(value.get(key), depth + 1):
            return said
    rest = [_said(part, depth + 1) for key, part in list(value.items())[:20] if key not in NAMING]
    return max(rest, key=len, default="")


def _nested(raw: Any) -> str:
    """A reason that is JSON in a text, or a text."""
    if not isinstance(raw, str):
        return _shallow(raw)
    if raw.lstrip()[:1] not in ("{", "["):
        return raw
    try:
        return _shallow(loads(raw))
    except ValueError:
        return raw


def _shallow(doc: Any) -> str:
    """One level of the same forms: a nested reason is not searched for nested reasons."""
    if isinstance(doc, list):
        doc = doc[0] if doc else {}
    if not isinstance(doc, dict):
        return ""
    error = doc.get("error")
    if isinstance(error, dict):
        return _text(error.get("message"))
    return _text(error) or _text(doc.get("message")) or _detail(doc.get("detail"))


def _detail(detail: Any) -> str:
    """FastAPI's detail: a text, or a list of messages with their place."""
    if isinstance(detail, str):
        return detail
    if isinstance(detail, dict):
        return _shallow(detail)
    if not isinstance(detail, list):
        return ""
    said = []
    for row in detail[:5]:
        if isinstance(row, dict) and (words := _row(row)):
            said.append(words)
        elif isinstance(row, str):
            said.append(row)
    return "; ".join(said)


ROW_WORDS = ("msg", "message", "issue", "description", "detail", "reason", "error")
"""Where a validator's row keeps its words: pydantic's, ajv's and zod's, PayPal's style, Google's, JSON:API's."""
ROW_PLACES = ("loc", "instancePath", "dataPath", "path", "field", "property", "param", "parameter", "location")


def _place(row: Json) -> str:
    """The field that a validator's row is about."""
    source = row.get("source")
    pointer = source.get("pointer") or source.get("parameter") if isinstance(source, dict) else None
    place = next((row[key] for key in ROW_PLACES if row.get(key)), pointer)
    if isinstance(place, list):
        return ".".join(str(part) for part in place[:9])
    return _text(place).strip("/").replace("/", ".")


def _row(row: Json) -> str:
    """A validator's row: the field, and what is wrong with it."""
    words = next((said for key in ROW_WORDS if (said := _text(row.get(key)))), "")
    return _about(_place(row), f"{words}{_allowed(row)}") if words else ""


def _allowed(row: Json) -> str:
    """What ajv's sentence leaves out: the values that it would have taken, or the property that it does not know."""
    params = row.get("params")
    params = params if isinstance(params, dict) else {}
    values = params.get("allowedValues")
    if unknown := _text(params.get("additionalProperty")):
        return f": '{unknown}' is not allowed"
    return f": {', '.join(map(str, values[:20]))}" if isinstance(values, list) else ""


def _about(field: str, words: str) -> str:
    named = re.search(rf"(?<!\w){re.escape(field.rpartition('.')[2])}(?!\w)", words)
    return f"{field}: {words}" if field and not named else words


def _by_field(value: Any) -> str:
    """Laravel's and ASP.NET's way: the names of the fields, each with its list of sentences."""
    if not isinstance(value, dict) or not all(isinstance(rows, list) for rows in value.values()):
        return ""
    return "; ".join(_about(field, said) for field, rows in list(value.items())[:5] if (said := _said(rows)))


def _forbidden(doc: Any) -> Iterator[str]:
    """Places a validator calls forbidden (`extra_forbidden`, "extra fields not permitted") in a `detail` list."""
    detail = doc.get("detail") if isinstance(doc, dict) else None
    for row in detail[:20] if isinstance(detail, list) else ():
        place = row.get("loc") if isinstance(row, dict) else None
        if isinstance(place, list) and place and "extra" in f"{row.get('type')} {row.get('msg')}".lower():
            yield ".".join(str(p) for p in place if p != "body")


def _envelope(doc: Json, inner: Json) -> str:
    kind = inner.get("type")
    if doc.get("type") != "error" or not isinstance(kind, str) or not _text(inner.get("message")):
        return ""
    return kind if kind in OUR_TYPES else ""


STATED = ("code", "status", "status_code", "statusCode", "http_code", "http_status", "httpStatus", "httpCode")


def _status_in(inner: Json, doc: Json) -> int | None:
    for value in (place.get(key) for place in (inner, doc) for key in STATED if key in place):
        if isinstance(value, str) and value.isdecimal():
            value = int(value[:4])
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    return None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
