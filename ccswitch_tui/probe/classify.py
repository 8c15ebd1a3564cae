"""What one exchange means: a kind of finding, the endpoint's own words, a quirk to learn. By tables.

Pure. 2xx is not success: the body must have the shape that was asked for.
401, 403, 402 and 429 are told apart by what the body says before the status
is believed. The table is refusals.toml; the first row that fits wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ccswitch_tui.printable import printable
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.hearing import Said, hear
from ccswitch_tui.probe.lessons import lesson_in
from ccswitch_tui.probe.shapes import (
    ListedModel,
    error_in,
    is_html,
    is_stream,
    parsed,
    read_models,
    title_of,
)
from ccswitch_tui.sentence import filled, say
from ccswitch_tui.wire.formats import WIRES, format_of

OK = "ok"

WORDS_READ = 20_000
"""Characters that are looked at: a block page says who it is at its beginning, and patterns must not run for ever."""

WORDS_SHOWN = 240
"""Characters of an endpoint's own words in a finding: two lines of a terminal."""

FAILURE_KINDS: Mapping[str, str] = {
    "dns": "dns-failed",
    "refused": "connect-refused",
    "unreachable": "network-unreachable",
    "timeout-connect": "connect-timeout",
    "timeout-first-byte": "timeout",
    "reset": "connection-reset",
    "closed": "connection-reset",
    "not-http": "not-an-api",
    "tls-untrusted": "tls-untrusted",
    "tls-expired": "tls-expired",
    "tls-hostname": "tls-hostname",
    "tls-not-tls": "tls-not-tls",
    "tls-failed": "tls-failed",
    "tls-client-certificate": "tls-client-certificate",
    "proxy-unreachable": "proxy-unreachable",
    "proxy-auth": "proxy-auth",
    "proxy-refused": "proxy-refused",
    "proxy-cannot-reach": "proxy-cannot-reach",
    "key-unsendable": "key-unsendable",
    "setting": "setting-unusable",
}
"""Failure of an exchange → finding."""

UNREACHED = frozenset(
    kind for failure, kind in FAILURE_KINDS.items() if failure not in ("timeout-first-byte", "closed")
)
"""Findings after which no further request makes sense."""


class Rule(NamedTuple):
    """One row of refusals.toml."""

    kind: str
    status: frozenset[int]
    body: str
    header: re.Pattern[str] | None
    words: re.Pattern[str] | None
    because: str
    fix: str
    quirk: str
    value: Any
    patch: Mapping[str, Any] | None
    source: str


class Answer(NamedTuple):
    """What one exchange means."""

    kind: str
    """`ok`, or the kind of a finding."""
    words: str = ""
    """The endpoint's own words, short."""
    because: str = ""
    fix: str = ""
    quirk: str = ""
    value: Any = None
    patch: Mapping[str, Any] | None = None
    said: Said | None = None
    listed: tuple[ListedModel, ...] = ()

    @property
    def ok(self) -> bool:
        return self.kind == OK


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """The rows of refusals.toml, in order."""
    import tomllib
    from importlib.resources import files

    table = tomllib.loads((files("ccswitch_tui.probe") / "refusals.toml").read_text("utf-8"))
    return tuple(_rule(row) for row in table["rule"])


def _rule(row: Mapping[str, Any]) -> Rule:
    def pattern(name: str) -> re.Pattern[str] | None:
        return re.compile(row[name], re.IGNORECASE | re.DOTALL) if name in row else None

    return Rule(
        kind=row["kind"],
        status=frozenset(row.get("status", ())),
        body=row.get("body", ""),
        header=pattern("header"),
        words=pattern("words"),
        because=row.get("because", ""),
        fix=row.get("fix", ""),
        quirk=row.get("quirk", ""),
        value=row.get("value"),
        patch=row.get("patch"),
        source=row["source"],
    )


def read_answer(exchange: Exchange) -> Answer:
    """What an exchange means, whatever it was. Never raises: what no reader can make sense of is a bad format."""
    try:
        return _read(exchange)
    except Exception:  # any bytes may come; a probe that ends in a traceback tells nothing about the endpoint
        return _odd(exchange, None, say("an answer"))


def _read(exchange: Exchange) -> Answer:
    if exchange.failure:
        return Answer(FAILURE_KINDS.get(exchange.failure, "connection-reset"), exchange.detail)
    status = exchange.status or 0
    if 300 <= status < 400:
        target = exchange.header("location") or "nowhere"
        return _refusal(
            exchange, f"{target} {_page_text(exchange.body)}", shown=target, only=("gateway-blocked",)
        ) or Answer("redirected", target)
    if is_html(exchange.body):
        page = title_of(exchange.body)
        return _refusal(exchange, _page_text(exchange.body), shown=page, html=True) or Answer(
            "not-an-api", page or say("a web page"), _page_words(status, page)
        )
    body = parsed(exchange.body)
    if status // 100 == 2:
        return _success(exchange, body)
    error = error_in(body) if body is not None else None
    words = words_of(error) or words_of(body) or exchange.body
    if not words.strip():
        words = say("{reason} (empty answer)", reason=exchange.reason or say("no message"))
    shown = spoken(error if words_of(error) else body) or words
    return _refusal(exchange, words, shown=shown) or Answer("server-error", _short(shown))


def _success(exchange: Exchange, body: Any) -> Answer:
    error = error_in(body)
    streamed = body is None and is_stream(exchange.body)
    if exchange.rung in LIST_RUNGS and exchange.method == "GET":
        listed = read_models(body)
        if listed is not None and error is None:
            return Answer(OK, listed=tuple(listed))
        return _error_in_success(exchange, error) or _odd(exchange, body, say("a list of models"))
    if error is not None:
        answer = _error_in_success(exchange, error)
        if answer:
            return answer
    if not exchange.body.strip():
        return _odd(exchange, body, say("an answer"))
    wanted_stream = "stream" in exchange.asks
    wire = format_of(exchange.wire).name
    said = hear(wire, exchange.body)
    if said.error is not None:
        answer = _error_in_success(exchange, said.error)
        if answer:
            return answer._replace(said=said)
    if wanted_stream and not streamed and body is not None and not said.faults:
        return Answer("no-streaming", say("one whole answer instead of a stream"), said=said)
    if body is None and not streamed and not said.usable:
        return _odd(exchange, body, say("an answer"))
    if said.faults and not said.usable:
        for other in WIRES:
            elsewhere = hear(other, exchange.body)
            if other != wire and not elsewhere.faults and elsewhere.usable:
                return Answer("wire-mismatch", say("the answer has the form of {other}", other=other), said=said)
        return _odd(exchange, body, say("an answer"))._replace(said=said)
    if exchange.ended in ("too-large", "too-long") and exchange.rung != "stream":
        return _odd(exchange, body, say("an answer"))._replace(said=said)
    return Answer(OK, said=said)


LIST_RUNGS = ("http", "models", "auth")


def _odd(exchange: Exchange, body: Any, wanted: str) -> Answer:
    if exchange.ended != "complete":
        endings = {
            "cut": say("ended early"),
            "too-large": say("was too large"),
            "too-long": say("did not end in time"),
        }
        kind = "stream-endless" if exchange.ended in ("too-large", "too-long") else "connection-reset"
        return Answer(
            kind,
            say("the answer {how} ({body_bytes} bytes)", how=endings[exchange.ended], body_bytes=exchange.body_bytes),
        )
    if not exchange.body.strip():
        return Answer("empty-answer", say("HTTP {status} with an empty body", status=exchange.status))
    if "\0" in exchange.body[:200]:
        return Answer(
            "bad-format",
            say("HTTP {status} with binary data in place of {wanted}", status=exchange.status, wanted=wanted),
        )
    what = say("JSON, but not") if body is not None else say("neither JSON nor a stream, and not")
    return Answer(
        "bad-format",
        say(
            "HTTP {status} with {what} {wanted}: {begins}",
            status=exchange.status,
            what=what,
            wanted=wanted,
            begins=_short(exchange.body, 80),
        ),
    )


def _error_in_success(exchange: Exchange, error: Any) -> Answer | None:
    if error is None:
        return None
    words, shown = words_of(error), _short(spoken(error))
    code = _status_in(error)
    answer = _refusal(exchange._replace(status=code), words, shown=shown) if code else None
    if answer is None or answer.kind in ("request-refused", "server-error"):
        answer = _refusal(exchange._replace(status=None), words, shown=shown) or answer
    inside = say("HTTP {status}, but with an error inside: {shown}", status=exchange.status, shown=shown)
    if answer is None:
        return Answer("error-in-success", shown, inside)
    because = answer.because or inside
    return answer._replace(because=because)


def _status_in(error: Any) -> int | None:
    for key in ("code", "status", "status_code", "http_code"):
        value = error.get(key) if isinstance(error, Mapping) else None
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _refusal(
    exchange: Exchange, words: str, *, shown: str = "", html: bool = False, only: tuple[str, ...] = ()
) -> Answer | None:
    words = words[:WORDS_READ]
    header_lines = "\n".join(f"{name.lower()}: {value}" for name, value in exchange.headers)
    for rule in rules():
        if only and rule.kind not in only:
            continue
        if rule.status and exchange.status is not None and exchange.status not in rule.status:
            continue
        if rule.status and exchange.status is None and not rule.words:
            continue
        if rule.body and rule.body != ("html" if html else "json"):
            continue
        if html and exchange.status == 200 and not rule.words:
            continue
        if rule.header and not rule.header.search(header_lines):
            continue
        found = rule.words.search(words) if rule.words else None
        if rule.words and not found:
            continue
        answer = _by_rule(rule, found, exchange, _short(shown or words))
        return _as_learned(answer, exchange) if rule.kind in MAY_TEACH else answer
    return None


MAY_TEACH = frozenset(
    {
        "unsupported-parameter",
        "request-refused",
        "reasoning-echo-required",
        "no-images",
        "no-streaming",
        "tools-malformed",
        "model-not-found",
        "no-tools",
        "server-error",
        "wire-mismatch",
    }
)
"""Findings whose words may name what the proxy would leave out."""


def _as_learned(answer: Answer, exchange: Exchange) -> Answer:
    """The answer with the quirk that the proxy would learn from it, where it would learn one."""
    lesson = lesson_in(exchange, exchange.status)
    if lesson is None:
        return answer
    value = list(lesson.value) if isinstance(lesson.value, tuple) else lesson.value
    known = answer.quirk == lesson.quirk or answer.kind == "wire-mismatch"  # which is mended better than worked around
    answer = answer._replace(quirk=lesson.quirk, value=value)
    if known:
        return answer
    told = next((r for r in rules() if r.quirk == lesson.quirk and r.value in (value, CAP)), None)
    facts = {"words": answer.words, "status": exchange.status, "model": exchange.model, "cap": value}
    if told is not None:
        return answer._replace(kind=told.kind, because=_filled(told.because, facts), fix=_filled(told.fix, facts))
    if answer.kind in SAYS_LITTLE:
        because = say("a field of the request is not permitted here: {words}", words=answer.words)
        return answer._replace(kind="unsupported-parameter", because=because, fix="")
    return answer


CAP = "{cap}"
"""In a row, the value that its words hold."""
SAYS_LITTLE = frozenset({"request-refused", "server-error", "model-not-found", "tools-malformed"})
"""Findings that say less than a lesson does."""


def _by_rule(rule: Rule, found: re.Match[str] | None, exchange: Exchange, words: str) -> Answer:
    groups = {name.rstrip("0123456789"): value for name, value in (found.groupdict() if found else {}).items() if value}
    facts = {"words": words, "status": exchange.status, "model": exchange.model, **groups}
    value = rule.value
    if isinstance(value, str) and "{" in value:
        value = _number_or_text(value.format_map(facts))
    quirk = rule.quirk
    if rule.kind == "unsupported-parameter" and not quirk and groups.get("name") in DROPPABLE:
        quirk, value = "drop_fields", [groups["name"]]
    return Answer(
        rule.kind, words, _filled(rule.because, facts), _filled(rule.fix, facts), quirk, value, rule.patch
    )  # fmt: skip


DROPPABLE = frozenset(
    [
        "metadata",
        "user",
        "seed",
        "store",
        "service_tier",
        "n",
        "logprobs",
        "presence_penalty",
        "frequency_penalty",
        "top_k",
    ]
)
"""Fields that carry no meaning of the conversation: leaving one out loses nothing a user would miss."""


def _number_or_text(text: str) -> Any:
    return int(text) if text.isdigit() else text


def _filled(template: str, facts: Mapping[str, Any]) -> str:
    return filled(template, facts) if template else ""


def spoken(error: Any) -> str:
    """An error as a person reads it: its message, with the code or type that names it in brackets."""
    if not isinstance(error, Mapping):
        return words_of(error)
    named = next((str(error[k]) for k in ("code", "type") if _is_a_name(error.get(k))), "")
    codes = {str(error.get(k)) for k in ("code", "type", "status", "param")}
    message = max((word for word in _words(error, 0) if word and word not in codes), key=len, default="")
    if not message or not named or named.lower() in message.lower():
        return message or words_of(error)
    return f"{message.rstrip('. ')} ({named})"


def _is_a_name(code: Any) -> bool:
    """A code that says something: a word, neither a status nor the name of everything."""
    return isinstance(code, str) and bool(code) and code.lower() not in EMPTY_NAMES and not code.isdigit()


EMPTY_NAMES = frozenset(["none", "null", "error", "invalid_request_error", "api_error", "server_error"])


def words_of(error: Any) -> str:
    """An error's own words: code, type, parameter and message, wherever this server puts them."""
    return ": ".join(dict.fromkeys(word for word in _words(error, 0) if word))


MESSAGE_KEYS = (
    "message", "msg", "detail", "error_description", "error_msg", "status_msg", "title", "reason", "description",
    "text", "fault", "faultstring", "error",
)  # fmt: skip
NO_WORDS = frozenset(["code", "type", "status", "param", "loc", "metadata", "id", "request_id"])
"""Keys of an error whose texts are no sentence."""


def _words(error: Any, depth: int) -> Iterator[str]:
    if depth > 4 or error is None:
        return
    if isinstance(error, str):
        inner = parsed(error) if error.lstrip().startswith("{") else None
        yield from _words(inner, depth + 1) if isinstance(inner, dict) else [error]
    elif isinstance(error, list):
        for part in error[:3]:
            yield from _words(part, depth + 1)
    elif isinstance(error, Mapping):
        for key in ("code", "type", "status", "param"):
            said = error.get(key)
            if isinstance(said, str | int) and not isinstance(said, bool) and not re.fullmatch(r"[45]\d\d", str(said)):
                yield str(said)  # a status in the body says nothing new
        if isinstance(error.get("loc"), list):
            yield ".".join(str(part) for part in error["loc"])
        said = [word for key in MESSAGE_KEYS for word in _words(error.get(key), depth + 1)]
        if not said and depth:  # an object where the message should be, in a form of its own
            rest = [error[key] for key in list(error)[:20] if key not in NO_WORDS]
            said = [max((word for part in rest for word in _words(part, depth + 1)), key=len, default="")]
        yield from said
        metadata = error.get("metadata")
        if isinstance(metadata, Mapping):
            yield from _words(metadata.get("raw"), depth + 1)


def _short(text: str, limit: int = WORDS_SHOWN) -> str:
    flat = printable(" ".join(text.split()))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _page_text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<!--.*?-->", " ", html[:20_000], flags=re.DOTALL))


def _page_words(status: int, page: str) -> str:
    if page:
        return say("the answer (HTTP {status}) is a web page, titled '{page}'", status=status, page=page)
    return say("the answer (HTTP {status}) is a web page", status=status)
