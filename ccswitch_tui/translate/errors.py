"""Upstream failure → the Anthropic error that makes Claude Code do the right thing.

The status decides what the client does (measured: 400 is final, 429 and 5xx are
tried again for three minutes, 401 runs the key helper again), and a few
sentences are acted upon. So a failure is sorted by what it *means*, not by the
number it came with: an empty account sent as 429 is a bill, a full context is a
400, a missing route is no "overloaded".
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.failure import (
    Failure,
    Learned,
    Overflow,
    clean_message,
    error_body,
    error_event,
)
from ccswitch_tui.translate.overflow import SMALLEST_ANSWER, overflow_in, overflow_sentence, smaller_answer
from ccswitch_tui.translate.policy import HOPELESS, row_of
from ccswitch_tui.translate.refusals import learn
from ccswitch_tui.translate.words import Words, read_words
from ccswitch_tui.wire.anthropic import ERROR_TYPES
from ccswitch_tui.wire.later import later

if TYPE_CHECKING:
    from ccswitch_tui.translate.request import Translation

__all__ = [
    "Failure",
    "Learned",
    "Overflow",
    "error_body",
    "error_event",
    "failure_from_exception",
    "failure_from_response",
    "failure_from_words",
]


class Sort(NamedTuple):
    """One row: where it applies, what tells it, and the status it becomes."""

    status: int
    came_as: Callable[[int], bool]
    pattern: re.Pattern[str]
    who: str


def _s(status: int, came_as: Callable[[int], bool], pattern: str, who: str) -> Sort:
    return Sort(status, came_as, later(pattern, re.I | re.S), who)


_BILL = r"insufficient_quota|exceeded your current quota|insufficient.{0,12}(?:balance|credit|quota|funds)|out of credits|no credits?\b|余额不足|额度不足|欠费|无可用资源包|\barrear"
SORTS = (
    _s(429, lambda s: s == 429, r"retry in \d|per(?:_| )?(?:minute|day)|PerMinute|PerDay", "Gemini's free tier says quota and billing, and when to try again"),
    _s(402, lambda s: s in (402, 429), rf"{_BILL}|balance|billing|\bcredits?\b|arrear|payment", "OpenAI, DeepSeek, Moonshot, OpenRouter"),
    _s(402, lambda s: s in (400, 401, 403), rf"{_BILL}|credit balance is too low|payment required|recharge|top up your", "Moonshot, SiliconFlow, relays"),
    _s(404, lambda s: s in (500, 502, 503), r"no available channel|no channel available|无可用渠道|model_not_found", "new-api, one-api"),
    _s(400, lambda s: s == 404, r"no endpoints found that support|no endpoints found matching your data policy", "OpenRouter: the model lacks a capability"),
    _s(404, lambda s: s in (400, 422), r"model_not_found|(?:the )?model [`'\"]?[^\s`'\"]{1,80}[`'\"]? (?:does not exist|not found|is not found)|model not exist|^(?:invalid|unknown) model(?: name)?\b",
       "OpenAI façades, DeepSeek"),
    _s(529, lambda s: s == 400, r"DEGRADED function cannot be invoked|(?:server|system|service|model) (?:is )?(?:currently )?(?:busy|overloaded)|服务器?繁忙|系统繁忙", "NIM: the worker sleeps; relays"),
    _s(529, lambda s: s == 498, r"capacity", "Groq's flex tier"),
    _s(429, lambda s: s in (400, 413, 420, 444, 449, 500, 502, 503), r"rate.?limit|too many requests|tokens per min|\bTPM\b|throttl|resource.?exhausted",
       "Groq (413), iFlow (449), DashScope, Bedrock, LiteLLM before Vertex (500)"),
    _s(529, lambda s: s in (500, 502, 503, 529), r"overloaded|no capacity|at capacity|over capacity|capacity (?:is )?(?:exceeded|full)|engine_overloaded|server is busy|too busy",
       "any"),
    _s(401, lambda s: s in (400, 403, 500), r"invalid[_ ]?(?:api[_ -]?)?key|incorrect api key|api key (?:not valid|expired|has expired)|security token .{0,40}(?:invalid|expired)|invalid_authentication|invalid token\b.{0,20}\brequest id",
       "Gemini (400), one-api"),
)  # fmt: skip

STATUSES = {
    400: 400, 401: 401, 402: 402, 403: 403, 404: 404, 405: 400, 408: 504, 409: 400, 413: 413, 415: 400, 422: 400,
    420: 429, 429: 429, 449: 429, 500: 500, 502: 502, 503: 529, 504: 504, 522: 504, 524: 504, 529: 529, 498: 401, 499: 502,
}  # fmt: skip
"""What remains after SORTS: status → status. Others: 4xx → 400, the rest → 502."""

HINTS = (
    (later(r"--enable-auto-tool-choice|requires --jinja|tool-call-parser", re.I),
     "start the model server with tool calling enabled (vLLM: --enable-auto-tool-choice --tool-call-parser …; llama.cpp: --jinja)"),
    (later(r"does not support tools|no endpoints found that support tool use|not support param\w*:? ?[\[{][^\]}]*'tools'|tools? (?:use|calling) is not supported|function call\w* (?:is|are) not supported", re.I),
     "this model cannot call tools, and Claude Code needs them: choose another model"),
    (later(r"no endpoints found that support image input", re.I), "this model cannot see images"),
    (later(r"no endpoints found matching your data policy", re.I), "the account's data policy excludes every host of this model"),
    (later(r"'?tools'?: array too long|maximum tools limit|too many tools|tools.{0,40}(?:at most|maximum|exceed\w*).{0,20}\d+", re.I), "this endpoint accepts at most 128 tools: turn off some MCP servers"),
)  # fmt: skip

_TRY_AGAIN = later(
    r"(?:(?:try again|retry(?:ing)?|reset\w*|available)(?: again)? (?:in|after)|wait(?: for)?(?: at least)?) (?:about )?"
    r"(?:(?P<m>\d+)m)?(?P<s>\d+(?:\.\d+)?) ?(?P<u>ms|s|sec|secs|seconds?|m|min|mins|minutes?)?\b",
    re.I,
)
_SPAN = later(
    r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m(?!s))?(?:(?P<s>\d+(?:\.\d+)?)s)?(?:(?P<ms>\d+(?:\.\d+)?)ms)?"
)
_TPM = later(r"limit:? (?P<l>\d[\d,]*).{0,80}?requested:? (?P<r>\d[\d,]*)", re.I | re.S)
LONGEST_WAIT_S = 3600


def failure_from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    provider: str,
    model: str,
    translation: Translation | None,
) -> Failure:
    """The failure an HTTP answer stands for. `status` 200 is an answer that was no answer. Never raises."""
    lowered = {str(k).lower(): str(v) for k, v in headers.items()}
    words = read_words(body)
    if words.html and (status < 400 or status == 403):
        status = 502  # a login page, a captive portal or a challenge: not the model's refusal
    return failure_from_words(status, words, headers=lowered, provider=provider, model=model, translation=translation)


def failure_from_words(
    status: int,
    words: Words,
    *,
    headers: Mapping[str, str] | None = None,
    provider: str = "",
    model: str = "",
    translation: Translation | None = None,
    shown: int | None = None,
) -> Failure:
    """The failure these words stand for: from a body, or from an error object inside a stream.

    `shown` is the status the endpoint answered with, where that is another than the one this counts as: the message
    names it, because it is the one that stands in the endpoint's own log.
    """
    stated = status if status >= 400 else words.status or _status_of_code(words.code)
    if stated in WRAPPING and not words.html:
        stated = _wrapped(words) or stated
    came_as = stated or 502
    said = clean_message(words.message)
    where = _where(provider, model, status if shown is None else shown)
    overflow = None if words.html or came_as in (401, 403) else overflow_in(words, _asked(translation))
    if overflow is not None:
        return _overflowed(overflow, f"{said} {where}".strip(), translation)
    learned = learn(stated or 400, words, translation) if translation is not None and not words.html else None
    final = _sorted(came_as if stated or learned is None else 400, words, stated=bool(stated))
    if words.envelope and ERROR_TYPES.get(final) != words.envelope:
        final = next((s for s, kind in ERROR_TYPES.items() if kind == words.envelope), final)
    hint = next((h for pattern, h in HINTS if pattern.search(words.text)), "")
    message = f"{said or _unsaid(final)} {where}{f': {hint}' if hint else ''}"
    out: dict[str, str] = {}
    policy = row_of(final)
    if policy.final or came_as == 501:  # an overflow is not final: there the client has something better to do
        out.update(HOPELESS)
    wait = retry_after(headers or {}, words.message, words.wait_s) if final in (429, 529) else None
    if wait is not None:
        out["retry-after"] = str(wait)
    if learned is not None and learned.quirk in ("images", "refused_images", "max_images"):
        message = f"Could not process image: {message}"  # words Claude Code acts upon, should the retry fail too
    return Failure(
        status=final,
        type=ERROR_TYPES[final],
        message=message,
        headers=out,
        learned=learned,
        retry_with=_once_more(came_as, words, translation),
        cure_elsewhere=policy.elsewhere,
    )


def _where(provider: str, model: str, status: int) -> str:
    parts = [
        f"provider {provider}" if provider else "",
        f"model {model}" if model else "",
        f"HTTP {status}" if status else "",
    ]
    named = ", ".join(part for part in parts if part)
    return clean_message(f"({named})") if named else ""


def _unsaid(status: int) -> str:
    return {
        400: "the endpoint refused the request without saying why",
        401: "the endpoint refused the key",
        402: "the endpoint requires payment",
        403: "the endpoint does not permit this",
        404: "the endpoint does not know this model or address",
        413: "the request is too large for the endpoint",
        429: "the endpoint's rate limit is reached",
        504: "the endpoint took too long",
        529: "the endpoint is overloaded",
    }.get(status, "the endpoint failed without saying why")


def _status_of_code(code: str) -> int | None:
    table = {
        "rate_limit": 429, "insufficient_quota": 402, "billing": 402, "authentication": 401, "invalid_api_key": 401,
        "permission": 403, "not_found": 404, "overloaded": 529, "timeout": 504, "invalid_request": 400,
        "invalid_parameter": 400, "context_length": 400, "bad_request": 400, "badrequest": 400,
    }  # fmt: skip
    return next((status for word, status in table.items() if word in code), None)


UNSTATED = (400, 500)
"""What an error without a status may have been: one of the request, or of the server."""
WRAPPING = frozenset({500, 502, 503})
"""Gateways answer so whatever the server behind them said."""

_INNER = later(
    r"(?:return(?:ed|s)?|respon(?:ded|se)|status(?:[ _]?code)?|error code|failed with|http)[^\w{]{0,4}(?:status )?(?:with )?(?:http )?"
    r"(?:error )?(?:code )?[^\w{]{0,3}(?P<a>4\d\d)\b"
    r"|\b(?P<b>4\d\d) (?:client error|bad request|unauthorized|forbidden|not found|unprocessable|too many requests)",
    re.I,
)


def _wrapped(words: Words) -> int | None:
    """The status that the server behind a gateway answered with, where the gateway's own error tells it."""
    if words.status is not None and words.status < 500:
        return words.status
    found = _INNER.search(words.message[:500])
    inner = int(found["a"] or found["b"]) if found else 0
    return inner if inner in STATUSES else None


def _sorted(status: int, words: Words, *, stated: bool = True) -> int:
    """`stated`: the endpoint named a status. Where it did not, its words alone tell."""
    if not words.html:
        for row in SORTS:
            came = row.came_as(status) or (not stated and any(map(row.came_as, UNSTATED)))
            if came and row.pattern.search(words.text):
                return row.status
    return STATUSES.get(status, 400 if 400 <= status < 500 else 502)


def _asked(translation: Translation | None) -> int | None:
    if translation is None:
        return None
    asked = translation.body.get(translation.quirks.max_tokens_field)
    return asked if isinstance(asked, int) else None


def _overflowed(overflow: Overflow, words: str, translation: Translation | None) -> Failure:
    room = smaller_answer(overflow)
    again = {translation.quirks.max_tokens_field: room} if room is not None and translation is not None else None
    return Failure(
        status=400,
        type="invalid_request_error",
        message=overflow_sentence(overflow, words),
        retry_with=again,
        overflow=overflow,
    )


def _once_more(status: int, words: Words, translation: Translation | None) -> dict[str, Any] | None:
    """One more try that needs no lasting knowledge: Groq's two."""
    if translation is None:
        return None
    if "tool_use_failed" in words.code:
        return {}  # the model wrote a broken call; the next attempt is usually fine
    match = _TPM.search(words.message[:1000]) if status == 413 else None
    asked = _asked(translation)
    if match and asked:
        over = int(match["r"].replace(",", "")) - int(match["l"].replace(",", ""))
        if over > 0 and asked - over >= SMALLEST_ANSWER:
            return {translation.quirks.max_tokens_field: asked - over}
    return None


# ---------------------------------------------------------------- how long to wait


def retry_after(headers: Mapping[str, str], words: str = "", in_body: float | None = None) -> int | None:
    """Whole seconds to wait, from whichever place says it; None if none does. Header names in lower case."""
    given = headers.get("retry-after", "").strip()
    seconds = _plain_seconds(given)
    if seconds is None and given:
        seconds = _until(given, headers.get("date", ""))
    if seconds is None:
        in_ms = _plain_seconds(headers.get("retry-after-ms", ""))
        seconds = None if in_ms is None else in_ms / 1000
    if seconds is None:
        seconds = _in_words(words) if in_body is None else in_body
    if seconds is None:
        spans = [_span(value) for name, value in headers.items() if name.startswith("x-ratelimit-reset")]
        known = [span for span in spans if span is not None]
        seconds = min(known) if known else None
    return None if seconds is None else min(LONGEST_WAIT_S, max(1 if seconds else 0, math.ceil(seconds)))


def _plain_seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def _until(moment: str, now: str) -> float | None:
    """Seconds between two HTTP dates."""
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(moment) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError, IndexError):
        return None


def _in_words(words: str) -> float | None:
    match = _TRY_AGAIN.search(words[:2000])
    if not match:
        return None
    unit = (match["u"] or "s").lower()
    factor = 0.001 if unit == "ms" else 60 if unit.startswith("m") else 1
    return int(match["m"] or 0) * 60 + float(match["s"]) * factor


def _span(text: str) -> float | None:
    """`6m0s`, `7.66s`, `120ms`, or plain seconds; a moment in time is none of these."""
    text = text.strip()
    plain = _plain_seconds(text)
    if plain is not None:
        return plain if plain < 86_400 else None
    match = _SPAN.fullmatch(text)
    if not match or not text:
        return None
    scale = {"d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return sum(float(value) * scale[unit] for unit, value in match.groupdict().items() if value)


# ---------------------------------------------------------------- no answer at all

EXCEPTIONS: dict[str, tuple[int, str, bool]] = {
    "dns": (502, "cannot reach {host}: its name does not resolve; check the base URL", False),
    "refused": (
        502,
        "cannot reach {host}: connection refused; is the server running, and is the base URL right?",
        False,
    ),
    "tls": (502, "cannot reach {host}: the TLS connection failed", True),
    "timeout-connect": (504, "cannot reach {host}: timed out while connecting", False),
    "timeout-read": (504, "{host} sent no data for too long", False),
    "reset": (502, "{host} closed the connection before it answered", False),
    "proxy": (502, "cannot reach {host} through the configured proxy", True),
    "files": (529, "the ccswitch-tui proxy cannot open a connection to {host}: too many are open already", False),
}
"""Kind → status, sentence, and whether trying again is hopeless."""


def failure_from_exception(kind: str, detail: str = "", *, host: str) -> Failure:
    """The failure of a request that got no answer. `kind` is a key of EXCEPTIONS; another one is a plain failure."""
    status, sentence, hopeless = EXCEPTIONS.get(kind, (502, "cannot reach {host}", False))
    message = sentence.format(host=host) + (f" ({detail})" if detail else "")
    return Failure(
        status=status,
        type=ERROR_TYPES[status],
        message=clean_message(message),
        headers=dict(HOPELESS) if hopeless else {},
        cure_elsewhere=True,
    )
