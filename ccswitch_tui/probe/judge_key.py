"""The rung of the key judged: accepted, refused, sent in the wrong header, or not proved either way."""

from __future__ import annotations

from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.facts import Facts, Read, ids_of
from ccswitch_tui.probe.judged import Judged, step
from ccswitch_tui.probe.ladder import STYLE_TROUBLE
from ccswitch_tui.sentence import joined, say

KNOWN_KEY = frozenset(
    [
        "quota-exhausted",
        "rate-limited",
        "model-not-found",
        "model-forbidden",
        "unsupported-parameter",
        "context-too-small",
        "no-tools",
        "content-filtered",
        "overloaded",
        "model-loading",
    ]
)
"""Refusals that come only after the key was looked at."""


def _style(auth: str) -> str:
    """A header style in words; "Authorization: …" itself would be masked wherever it is printed."""
    words = {"bearer": say("a bearer token"), "both": say("a bearer token and x-api-key"), "none": say("no key")}
    return words.get(auth) or auth.removeprefix("header:")


def judge_auth(facts: Facts) -> Judged | None:
    """The key: accepted, refused, in another header, or not proved either way."""
    target, success = facts.target, facts.success
    open_door = next(iter(facts.of("http")), None)
    keyed = [r for r in facts.of("models", "message") if r.exchange.auth != "none"]
    if not target.has_key:
        if success is not None:
            return Judged(step("auth", "ok", say("no key given, and none needed")))
        refused = next((r for r in facts.of("http", "message") if r.answer.kind in STYLE_TROUBLE), None)
        if refused is None:
            return _perhaps_a_key(facts)
        answer = refused.answer._replace(because="")  # it speaks of the header a key was sent in
        found = finding("auth-missing", facts, refused.exchange, answer)
        return Judged(step("auth", "fail", say("there is no key"), None, "auth-missing"), [found])
    if success is not None:
        return _accepted(facts, success, open_door)
    trouble = _key_trouble(keyed)
    if trouble is not None:
        kind = "auth-invalid" if trouble.answer.kind == "auth-header-style" else trouble.answer.kind
        because = _styles_tried(keyed) if trouble.answer.kind == "auth-header-style" else ""
        answer = trouble.answer._replace(because=because or trouble.answer.because, kind=kind)
        found = finding(kind, facts, trouble.exchange, answer, evidence=ids_of(keyed))
        said = say("HTTP {status}: {words}", status=trouble.exchange.status, words=trouble.answer.words)
        return Judged(step("auth", "fail", said, trouble.exchange.timings.first_byte, kind), [found])
    known = next((r for r in keyed if r.answer.kind in KNOWN_KEY), None)
    listed = next((r for r in facts.of("models") if r.answer.ok and r.exchange.auth != "none"), None)
    if listed is not None and open_door is not None and not open_door.answer.ok:
        return Judged(
            step(
                "auth",
                "ok",
                say("the model list requires the key and was returned ({style})", style=_style(listed.exchange.auth)),
            )
        )
    if known is not None:
        return Judged(step("auth", "ok", say("the key is known: it is refused for another reason")))
    return None


def _perhaps_a_key(facts: Facts) -> Judged | None:
    """No key was given, and all that came are failures of the server's own: some fail so where a key is missing."""
    asked = facts.of("http", "message")
    if len(asked) < 2 or any(read.answer.kind != "server-error" for read in asked):
        return None
    last = asked[-1].exchange
    because = say(
        "every request without a key ends in HTTP {status}; some servers fail so where a key is missing (LiteLLM"
        " without its database)",
        status=last.status,
    )
    fix = say("if this server has a key (LiteLLM: its master key), give it first")
    found = finding("auth-missing", facts, last, because=because, fix=fix, evidence=ids_of(asked))
    return Judged(step("auth", "fail", because, None, "auth-missing"), [found])


def _accepted(facts: Facts, success: Read, open_door: Read | None) -> Judged:
    used, target = success.exchange.auth, facts.target
    took = success.exchange.timings.first_byte
    said = say("accepted as {style}", style=_style(used))
    needed = open_door is not None and open_door.answer.kind in STYLE_TROUBLE
    if not needed:
        said = say("accepted with the key ({style}); not proved that the key is checked", style=_style(used))
    if used == target.auth:
        return Judged(step("auth", "ok", said, took))
    keyless = next((r for r in facts.messages if r.exchange.auth == "none" and r.answer.ok), None)
    if keyless is not None and target.has_key:  # then another header proves nothing: it was not looked at
        return _works_without(facts, keyless)
    refused = next((r for r in facts.messages if r.exchange.auth == target.auth and not r.answer.ok), success)
    found = finding(
        "auth-header-style",
        facts,
        refused.exchange,
        patch={"endpoint.auth": used},
        severity="fail",
        because=(
            say(
                "the key is refused as {style} (HTTP {status}) and accepted as {other_style}",
                style=_style(target.auth),
                status=refused.exchange.status,
                other_style=_style(used),
            )
        ),
        fix=say("send it as {style}", style=_style(used)),
        evidence=ids_of([refused, success]),
    )
    return Judged(step("auth", "warn", said, took, "auth-header-style"), [found])


def _works_without(facts: Facts, keyless: Read) -> Judged:
    """The key that was given is refused, and none is needed."""
    target = facts.target
    refused = next((r for r in facts.messages if r.exchange.auth == target.auth and not r.answer.ok), keyless)
    because = say(
        "the key is refused (HTTP {status}: {words}), and a request without a key is answered",
        status=refused.exchange.status,
        words=refused.answer.words,
    )
    found = finding(
        "auth-invalid",
        facts,
        refused.exchange,
        refused.answer,
        severity="fail",
        because=because,
        fix=say("enter the right key, or use none (--key none)"),
        evidence=ids_of([refused, keyless]),
    )
    return Judged(step("auth", "fail", because, keyless.exchange.timings.first_byte, "auth-invalid"), [found])


def _key_trouble(keyed: list[Read]) -> Read | None:
    """The first refusal of the key, unless a further attempt showed that the key is good."""
    if any(r.answer.ok or r.answer.kind in KNOWN_KEY for r in keyed if r.exchange.rung == "message"):
        return None
    wanted = (*STYLE_TROUBLE, "client-refused", "region-blocked", "key-unsendable")
    troubles = [r for r in keyed if r.answer.kind in wanted]
    messages = [r for r in troubles if r.exchange.rung == "message"] or troubles
    seen = [r for r in messages if r.answer.kind != "auth-header-style"]
    return next(iter(seen or messages), None)


def _styles_tried(keyed: list[Read]) -> str:
    said = [
        say("'{style}': {words}", style=_style(r.exchange.auth), words=r.answer.words)
        for r in keyed
        if r.exchange.rung == "message"
    ]
    if len(said) < 2:
        return ""
    return say("the key was refused in every header we know: {answers}", answers=joined(dict.fromkeys(said)))
