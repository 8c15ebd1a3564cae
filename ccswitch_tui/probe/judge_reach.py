"""The first rungs judged: the address, the name, the connection, the encryption, and what answers."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.classify import Answer
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import OUTSIDE, Facts
from ccswitch_tui.probe.judged import Judged, step
from ccswitch_tui.probe.shapes import is_html, parsed
from ccswitch_tui.sentence import joined, say

INTERCEPTORS: tuple[tuple[str, str], ...] = (
    ("zscaler", "Zscaler"),
    ("netskope", "Netskope"),
    ("fortinet|fortigate", "a Fortinet firewall"),
    ("palo ?alto|globalprotect", "a Palo Alto firewall"),
    ("blue ?coat|symantec web", "a Symantec proxy"),
    ("forcepoint|websense", "Forcepoint"),
    ("cisco umbrella|opendns", "Cisco Umbrella"),
    ("mcafee|skyhigh", "a McAfee gateway"),
    ("sophos", "a Sophos firewall"),
    ("checkpoint|check point", "a Check Point firewall"),
    ("barracuda", "a Barracuda gateway"),
    ("kaspersky|avast|bitdefender|eset ssl|avg ", "a virus scanner on this machine"),
    ("mitmproxy", "mitmproxy"),
    ("charles proxy", "Charles"),
    ("fiddler|do_not_trust_fiddler", "Fiddler"),
    ("burp|portswigger", "Burp"),
    ("squid|ssl ?bump", "a Squid proxy"),
    ("cato networks", "Cato"),
    ("cloudflare.*gateway|cloudflare for teams", "Cloudflare Gateway"),
    (
        r"\b(corp|corporate|company|enterprise|intercept\w*|inspection|proxy).{0,20}(ca|root|authority)\b",
        "a company's middlebox",
    ),
)
"""Issuers that middleboxes are known to sign with: pattern, who it is. From the products' documentation."""


CLOCK_TOLERANCE_S = 300
"""Certificates and signed log-ins tolerate about five minutes."""


def judge_url(facts: Facts) -> Judged:
    """What was pasted, and the base URL it means."""
    target = facts.target
    if target.url_changes:
        return Judged(
            step(
                "url", "ok", say("{base_url} ({changes})", base_url=target.base_url, changes=joined(target.url_changes))
            )
        )
    return Judged(step("url", "ok", target.base_url))


def _first(facts: Facts) -> Exchange | None:
    reads = [r for r in facts.reads if r.exchange.rung not in OUTSIDE]
    return reads[0].exchange if reads else None


def judge_dns(facts: Facts) -> Judged | None:
    """The host's name."""
    first = _first(facts)
    if first is None:
        return None
    if first.failure == "dns":
        return _failed("dns", facts, first, "dns-failed", first.timings.dns)
    if first.failure == "setting":
        return _failed("dns", facts, first, "setting-unusable", None)
    if first.proxy:
        return Judged(step("dns", "skip", say("resolved by the proxy {proxy}", proxy=first.proxy)))
    literal = first.addresses == (first.host,)
    said = say("already an IP address") if literal else ", ".join(first.addresses[:4])
    return Judged(step("dns", "ok", said or say("known"), first.timings.dns))


def judge_tcp(facts: Facts) -> Judged | None:
    """The connection, and the HTTP proxy on the way."""
    first = _first(facts)
    if first is None or first.failure in ("dns", "setting"):
        return None
    kind = {
        "refused": "connect-refused",
        "unreachable": "network-unreachable",
        "timeout-connect": "connect-timeout",
    }.get(first.failure or "")
    if first.failure and first.failure.startswith("proxy"):
        kind = first.failure
    if kind:
        return _failed("tcp", facts, first, kind, first.timings.tcp)
    way = (
        say("through the proxy {proxy}", proxy=first.proxy)
        if first.proxy
        else say("connected to {peer}", peer=first.peer)
    )
    return Judged(step("tcp", "ok", way, first.timings.tcp))


def judge_tls(facts: Facts) -> Judged | None:
    """The certificate, its authority and its dates."""
    first = _first(facts)
    if first is None or (
        first.failure and not first.failure.startswith("tls") and first.tls is None and first.status is None
    ):
        if first is not None and first.url.startswith("http:") and first.timings.tcp is not None:
            return Judged(step("tls", "skip", say("plain http")))
        return None
    if first.url.startswith("http:"):
        return Judged(step("tls", "skip", say("plain http")))
    tls = first.tls
    box = interceptor(tls.issuer) if tls else ""
    if first.failure and first.failure.startswith("tls"):
        kind = "tls-intercepted" if first.failure == "tls-untrusted" and box else first.failure
        return _failed("tls", facts, first, kind, first.timings.tls, box=box)
    if tls is None:
        return None
    said = say("{version}, certificate until {not_after}", version=tls.version, not_after=tls.not_after)
    if box:
        seen = finding(
            "tls-intercepted",
            facts,
            first,
            severity="info",
            box=box,
            because=(
                say(
                    (
                        "the certificate is signed by '{issuer}': {box} sits in between and reads everything, "
                        "including the key; this machine trusts it"
                    ),
                    issuer=tls.issuer,
                    box=box,
                )
            ),
            fix=say("nothing to do if that is your network's policy; otherwise use a network without it"),
        )
        return Judged(
            step(
                "tls",
                "warn",
                say("{certificate}, by {issuer}", certificate=said, issuer=tls.issuer),
                first.timings.tls,
                "tls-intercepted",
            ),
            [seen],
        )
    return Judged(
        step("tls", "ok", say("{certificate}, by {issuer}", certificate=said, issuer=tls.issuer), first.timings.tls)
    )


def interceptor(issuer: str) -> str:
    """Who opens the encryption, if the issuer is known to."""
    lowered = f"{issuer.lower()} "
    return next((who for pattern, who in INTERCEPTORS if re.search(pattern, lowered)), "")


def _failed(code: str, facts: Facts, exchange: Exchange, kind: str, took_ms: float | None, box: str = "") -> Judged:
    answer = Answer(kind, exchange.detail)
    patch = None
    seen: dict[str, Any] = {"box": box}
    if kind == "tls-not-tls":
        plain = facts.target.base_url.replace("https://", "http://", 1)
        patch = {"endpoint.base_url": plain} if facts.target.has_key is False or _near(exchange) else None
    if kind in ("tls-untrusted", "tls-intercepted") and facts.target.saved:
        seen["fix"] = say(
            "get the certificate of that authority, as a PEM file, from whoever runs {what}, and name it",
            what=say("the network") if box else say("the endpoint"),
        )
    found = finding(kind, facts, exchange, answer, patch=patch, **seen)
    return Judged(step(code, "fail", exchange.detail, took_ms, kind), [found])


def _near(exchange: Exchange) -> bool:
    """On this machine or its own network, where http is usual."""
    from ccswitch_tui.profiles.url import is_private

    return is_private(exchange.host)


def judge_http(facts: Facts) -> Judged | None:
    """What answers without a key."""
    read = next(iter(facts.of("http")), None)
    if read is None:
        return None
    exchange, answer = read
    took = exchange.timings.first_byte
    if exchange.status is None:
        if (
            answer.kind.startswith(("tls", "proxy", "dns", "connect", "network", "setting"))
            and answer.kind != "connection-reset"
        ):
            return None
        found = finding(answer.kind, facts, exchange, answer)
        return Judged(step("http", "fail", exchange.detail, exchange.timings.total, answer.kind), [found])
    said = say("HTTP {status}, {form}", status=exchange.status, form=_form(exchange))
    server = exchange.header("server")
    if server:
        said = say("{answer}, server {server}", answer=said, server=server[:40])
    findings = _clock(facts, exchange)
    alive = any(r.answer.ok for r in facts.messages)
    if answer.kind == "redirected" and not alive:
        found = _redirect(facts, exchange, answer)
        return Judged(
            step(
                "http",
                "fail",
                say("HTTP {status}, a redirect to {words}", status=exchange.status, words=answer.words),
                took,
                found.kind,
            ),
            [found, *findings],
        )
    if answer.kind in ("gateway-blocked", "region-blocked") and not alive:
        return Judged(
            step("http", "fail", said, took, answer.kind), [finding(answer.kind, facts, exchange, answer), *findings]
        )
    if (
        answer.kind in ("not-an-api", "stream-endless", "bad-format", "empty-answer", "server-error", "overloaded")
        and not alive
    ):
        return Judged(step("http", "warn", said, took), findings)
    return Judged(step("http", "ok", said, took), findings)


def _redirect(facts: Facts, exchange: Exchange, answer: Answer) -> Finding:
    from urllib.parse import urljoin, urlsplit

    target = urljoin(exchange.url, answer.words)
    base = re.sub(r"/(v1/)?(models|messages|chat/completions)/?$", "", target.partition("?")[0])
    here, there = urlsplit(facts.target.base_url), urlsplit(target)
    if there.hostname == here.hostname and here.scheme == "http" and there.scheme == "https":
        return finding(
            "redirected",
            facts,
            exchange,
            answer,
            patch={"endpoint.base_url": "https" + facts.target.base_url[4:]},
            because=say("{host} requires https: it sends http:// to {target}", host=here.hostname, target=target),
        )
    if there.path.rstrip("/") == urlsplit(exchange.url).path.rstrip("/") and there.hostname == here.hostname:
        return finding(
            "redirected",
            facts,
            exchange,
            answer,
            because=say("the server redirects {path} to itself ({target})", path=exchange.path, target=target),
            fix=say("the server is misconfigured; check the public address in its settings"),
        )
    return finding(
        "redirected",
        facts,
        exchange,
        answer,
        because=say(
            "HTTP {status}: the address redirects to {target}; with a key, we follow no redirect",
            status=exchange.status,
            target=target,
        ),
        fix=say("if you trust it, use its base URL: {base}", base=base),
    )


def _form(exchange: Exchange) -> str:
    if not exchange.body.strip():
        return say("empty")
    if is_html(exchange.body):
        return say("a web page")
    return say("JSON") if parsed(exchange.body) is not None else say("text")


def _clock(facts: Facts, exchange: Exchange) -> list[Finding]:
    if not exchange.header("date") or not exchange.at:
        return []
    try:
        theirs = parsedate_to_datetime(exchange.header("date")).timestamp()
    except (ValueError, TypeError):
        return []
    skew = theirs - exchange.at
    if abs(skew) < CLOCK_TOLERANCE_S:
        return []
    words = say("{n:.1f} hours", n=abs(skew) / 3600) if abs(skew) > 7200 else say("{n:.0f} minutes", n=abs(skew) / 60)
    return [finding("clock-skew", facts, exchange, skew=words)]
