"""The middle rungs judged: the list of models, one answer, every configured model."""

from __future__ import annotations

import difflib
from typing import Any

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import ROUTE_END, Facts, Read, base_of, ids_of, place_of
from ccswitch_tui.probe.judged import Judged, step
from ccswitch_tui.probe.ladder import ELSEWHERE, STYLE_TROUBLE
from ccswitch_tui.sentence import joined, say
from ccswitch_tui.wire.formats import CHAT, Wire, format_of

MODEL_KINDS = frozenset(["model-not-found", "model-forbidden"])


# ---------------------------------------------------------------- models


def judge_models(facts: Facts) -> Judged | None:
    """The list of models. Informational: it proves neither the key nor a model."""
    reads = facts.of("models") or [r for r in facts.of("http") if r.answer.ok]
    if not reads:
        missing_list = next((r for r in facts.of("http") if r.answer.kind == "endpoint-not-found"), None)
        if missing_list is None or not facts.messages:
            return None
        return Judged(
            step("models", "skip", say("no list of models here (HTTP {status})", status=missing_list.exchange.status))
        )
    exchange, answer = reads[-1]
    took = exchange.timings.first_byte
    if not answer.ok:
        said = (
            say("no list: HTTP {status}, {words}", status=exchange.status, words=answer.words)
            if exchange.status
            else say("no list: {words}", words=answer.words)
        )
        return Judged(step("models", "warn" if answer.kind not in STYLE_TROUBLE else "skip", said, took))
    anonymous = next((r for r in facts.of("http") if r.answer.ok), None)
    public = say("public, ") if anonymous is not None and facts.target.has_key else ""
    listed = [m.id for m in facts.listed]
    said = (
        say("{public}{n} listed", public=public, n=len(listed))
        if listed
        else say("{public}an empty list", public=public)
    )
    configured = list(dict.fromkeys(facts.target.models.values()))
    missing = [m for m in configured if m not in listed] if listed else []
    windows = [
        say("{model}: {tokens:,} tokens", model=m, tokens=facts.window_of(m)) for m in configured if facts.window_of(m)
    ]
    if windows:
        said = say("{listed}; {windows}", listed=said, windows=joined(windows[:2], ", "))
    if not missing:
        return Judged(step("models", "ok", said, took))
    names = ", ".join(f"'{m}'" for m in missing)
    found = finding(
        "model-not-listed", facts, exchange, listed=len(listed), missing=names, near=near_words(missing[0], listed)
    )
    return Judged(
        step("models", "warn", say("{said}; {names} not among them", said=said, names=names), took, "model-not-listed"),
        [found],
    )


def near(model: str, listed: list[str]) -> list[str]:
    """The listed names closest to a model's: by letters, without the vendor's prefix, or containing it."""
    lowered = {name.lower(): name for name in listed}
    bare = {name.rpartition("/")[2]: whole for name, whole in lowered.items()}
    wanted = model.lower().removesuffix("[1m]")
    short = wanted.rpartition("/")[2]
    close = [lowered[n] for n in difflib.get_close_matches(wanted, lowered, n=3, cutoff=0.6)]
    close += [bare[n] for n in difflib.get_close_matches(short, bare, n=3, cutoff=0.6)]
    close += [name for low, name in lowered.items() if len(short) > 3 and (short in low or low in short)]
    exact = [whole for n, whole in bare.items() if n == short]
    return list(dict.fromkeys(exact + close))[:3]


def near_words(model: str, listed: list[str]) -> str:
    """The closest names as the end of a sentence, "" when there are none."""
    names = near(model, listed)
    return say("; closest: {names}", names=", ".join(names)) if names else ""


# ---------------------------------------------------------------- one answer


def judge_message(facts: Facts) -> Judged | None:
    """One answer of the model, and what had to be changed to get it."""
    attempts = facts.messages
    if not attempts:
        if not facts.target.default_model and (facts.of("models") or facts.of("http")) and facts.unreached is None:
            http = facts.of("models", "http")[-1]
            if http.answer.ok or http.exchange.status:
                return Judged(
                    step("message", "fail", say("no model is named"), None, "model-missing"),
                    [finding("model-missing", facts, http.exchange)],
                )
        return None
    if facts.success is not None:
        return _answered(facts, facts.success)
    return _not_answered(facts, attempts)


def _answered(facts: Facts, success: Read) -> Judged:
    said, exchange = success.answer.said, success.exchange
    target = facts.target
    findings = _detours(facts, exchange)
    findings += [
        finding("unsupported-parameter", facts, read.exchange, read.answer)
        for read in facts.messages
        if read.answer.kind == "unsupported-parameter"
    ]
    words = say("'{model}' answers in {wire}", model=exchange.model, wire=exchange.wire)
    if said is not None and not said.text and said.reasoning:
        words = say("{answered} (thought only, within the few tokens asked for)", answered=words)
    other = said.model if said else ""
    if other and exchange.model and _another(exchange.model, other):
        words = say("{answered}; it calls itself '{other}'", answered=words, other=other)
    if base_of(exchange) != target.base_url:
        words = say("{answered} at {base}", answered=words, base=base_of(exchange))
    if facts.prefers_responses:
        words = say(
            "{answered}, where it takes tools together with effort; chat completions answer too", answered=words
        )
    verdict = "warn" if findings else "ok"
    kind = findings[0].kind if findings else None
    if findings and findings[0].kind == "native-available":
        verdict, kind = "ok", "native-available"
    return Judged(step("message", verdict, words, exchange.timings.total, kind), findings)  # type: ignore[arg-type]


def _another(asked: str, told: str) -> bool:
    """The endpoint answers with another model than was asked for; dated and path forms of a name are the same."""
    one, other = asked.lower().rpartition("/")[2], told.lower().rpartition("/")[2]
    return not (one in other or other in one)


def _detours(facts: Facts, exchange: Exchange) -> list[Finding]:
    """What differs between what the profile says and what worked."""
    target, base = facts.target, base_of(exchange)
    patch: dict[str, Any] = {}
    if base != target.base_url:
        patch["endpoint.base_url"] = base
    if exchange.wire != target.wire:
        patch["endpoint.wire"] = exchange.wire
    if target.wire is None and format_of(exchange.wire).native and _spoke(facts, CHAT):
        because = say("both formats are spoken; Anthropic's at {base} needs no translation", base=base)
        return [finding("native-available", facts, exchange, patch=patch, because=because, fix=say("use it"))]
    if target.wire is None and patch == {"endpoint.wire": CHAT}:
        return []  # what a profile without a format is taken for
    if target.wire is None and set(patch) == {"endpoint.wire"}:  # nobody named another one: this is no mismatch
        because = say("this address speaks Anthropic's format; nothing needs to be translated")
        return [finding("native-available", facts, exchange, patch=patch, because=because, fix=say("use it"))]
    if not patch:
        return []
    failed = next((r for r in facts.messages if not r.answer.ok), facts.messages[0])
    kind = url_kind(target.base_url, base) if exchange.wire == (target.wire or CHAT) else "wire-mismatch"
    because = say(
        "at {base_url} the answer to {wire} was HTTP {status} ({words}); {wire_there} at {base} answers",
        base_url=target.base_url,
        wire=failed.exchange.wire,
        status=failed.exchange.status,
        words=failed.answer.words or failed.answer.kind,
        wire_there=exchange.wire,
        base=base,
    )
    fix = say("use {base}", base=base)
    if "endpoint.wire" in patch:
        fix = say("use {base} with wire {wire}", base=base, wire=exchange.wire)
    return [
        finding(
            kind,
            facts,
            failed.exchange,
            patch=patch,
            because=because,
            fix=fix,
            evidence=(failed.exchange.id, exchange.id),
        )
    ]


def _spoke(facts: Facts, wire: Wire) -> bool:
    return any(r.answer.ok and r.exchange.wire == wire for r in facts.messages)


def url_kind(configured: str, working: str) -> str:
    """Which mistake in the base URL it was."""
    if working in (f"{configured}/v1", f"{configured}/v3", f"{configured}/v4"):
        return "url-version-missing"
    if ROUTE_END.sub("", configured) == working != configured:
        return "url-suffix"
    if configured.startswith(working) and configured[len(working) :].strip("/").startswith("v"):
        return "url-version-doubled" if working.endswith(configured[len(working) :]) else "url-version-surplus"
    return "url-other"


def _not_answered(facts: Facts, attempts: list[Read]) -> Judged | None:
    first = attempts[0]
    told = next((r for r in attempts if r.answer.kind not in ELSEWHERE), first)
    if told is not first and first.answer.kind not in ELSEWHERE:
        told = first
    if told.answer.kind in (*STYLE_TROUBLE, "client-refused", "region-blocked", "key-unsendable"):
        findings = _right_door(facts, first, told)
        judged = step(
            "message",
            "fail" if findings else "skip",
            say("the key was refused"),
            None,
            findings[0].kind if findings else None,
        )
        return Judged(judged, findings)
    exchange, answer = told
    more: dict[str, Any] = {}
    patch = None
    listed = [m.id for m in facts.listed if m.id != exchange.model]
    if answer.kind == "server-error" and listed and exchange.model not in {m.id for m in facts.listed}:
        because = say(
            "HTTP {status}: {words}; and the model '{model}' is not among the {listed} this endpoint lists{near}",
            status=exchange.status,
            words=answer.words,
            model=exchange.model,
            listed=len(listed),
            near=near_words(exchange.model, listed),
        )
        answer = answer._replace(kind="model-not-found", because=because, fix="")
    if answer.kind in MODEL_KINDS:
        names = near(exchange.model, listed)
        more["near"] = near_words(exchange.model, listed)
        if names:
            patch = {f"models.{_tier_of(facts, exchange.model)}": names[0]}
    if answer.kind == "https-needed":
        patch = {"endpoint.base_url": facts.target.base_url.replace("http://", "https://", 1)}
    if answer.kind in ELSEWHERE:
        tried = [_where(r) for r in attempts[1:]]
        more["tried"] = say("also tried: {places}", places=", ".join(tried)) if tried else say("nothing else was tried")
    if answer.kind == "rate-limited":
        more["again"] = (
            say("; asked again after a pause, it gave the same answer") if len(facts.of("message")) > 1 else ""
        )
    if answer.kind in ("redirected", "gateway-blocked") and any(r.answer.kind == answer.kind for r in facts.of("http")):
        return Judged(
            step("message", "fail", say("the same for a request with the key"), exchange.timings.total, answer.kind)
        )
    found = finding(answer.kind, facts, exchange, answer, patch=patch, evidence=ids_of(attempts), **more)
    said = (
        say("HTTP {status}: {words}", status=exchange.status, words=answer.words) if exchange.status else answer.words
    )
    findings = [*_right_door(facts, first, told), found]
    return Judged(step("message", "fail", said, exchange.timings.total, found.kind), findings)


def _right_door(facts: Facts, first: Read, told: Read) -> list[Finding]:
    """Another address or format gave a refusal that only an API gives: that is where it is."""
    if told is first or first.answer.kind not in ELSEWHERE or told.answer.kind in ELSEWHERE:
        return []
    place = place_of(told.exchange)
    if (place.base_url, place.wire) == (facts.target.base_url, facts.target.wire or first.exchange.wire):
        return []
    patch: dict[str, Any] = {}
    if place.base_url != facts.target.base_url:
        patch["endpoint.base_url"] = place.base_url
    if facts.target.wire and place.wire != facts.target.wire:
        patch["endpoint.wire"] = place.wire
    if not patch:
        return []
    kind = "wire-mismatch" if "endpoint.wire" in patch else url_kind(facts.target.base_url, place.base_url)
    because = say(
        "{path} is not there (HTTP {status}), but {path_there} is: it answered HTTP {status_there}, {words}",
        path=first.exchange.path,
        status=first.exchange.status,
        path_there=told.exchange.path,
        status_there=told.exchange.status,
        words=told.answer.words,
    )
    return [
        finding(
            kind,
            facts,
            first.exchange,
            patch=patch,
            because=because,
            fix=say("use {base_url}", base_url=place.base_url),
            evidence=(first.exchange.id, told.exchange.id),
        )
    ]


def _where(read: Read) -> str:
    return f"{read.exchange.path} ({read.exchange.status or read.exchange.failure})"


def _tier_of(facts: Facts, model: str) -> str:
    return next((tier for tier, name in facts.target.models.items() if name == model), "default")


# ---------------------------------------------------------------- every configured model


def judge_tiers(facts: Facts) -> Judged | None:
    """Each distinct model of the profile."""
    reads = facts.of("tiers")
    if not reads:
        if facts.place and len(set(facts.target.models.values())) <= 1:
            return Judged(step("tiers", "skip", say("one model only")))
        return None
    findings, said = [], []
    for exchange, answer in reads:
        if answer.ok:
            said.append(say("{model} answers", model=exchange.model))
            continue
        listed = [m.id for m in facts.listed if m.id != exchange.model]
        names = near(exchange.model, listed)
        patch = (
            {f"models.{_tier_of(facts, exchange.model)}": names[0]} if answer.kind in MODEL_KINDS and names else None
        )
        findings.append(
            finding(answer.kind, facts, exchange, answer, patch=patch, near=near_words(exchange.model, listed))
        )
        said.append(say("{model}: {words}", model=exchange.model, words=answer.words))
    verdict = "fail" if findings else "ok"
    took = max(r.exchange.timings.total for r in reads)
    return Judged(step("tiers", verdict, joined(said), took, findings[0].kind if findings else None), findings)  # type: ignore[arg-type]
