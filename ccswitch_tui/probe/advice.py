"""Findings in plain words: for each kind why it is so and what mends it, as templates over what was seen.

A fix ends in something to run or press. Its patch (dotted profile keys) is
what one key applies; the commands say the same for a shell. "Turn off
verification" is never among them.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from ccswitch_tui.findings import CATALOGUE, Finding, Fix, Severity
from ccswitch_tui.probe.classify import Answer
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Facts


class Advice(NamedTuple):
    """Why, and what mends it; both templates."""

    because: str
    fix: str
    commands: tuple[str, ...] = ()


ADVICE: Mapping[str, Advice] = {
    "url-malformed": Advice("{words}", "give the base URL, for example https://api.example.com/v1"),
    "url-suffix": Advice("{words}", "the base URL is {base_url}"),
    "dns-failed": Advice(
        "no address is known for '{host}': {words}",
        "check the spelling of the host; a company's internal name needs its VPN or network",
        ("getent hosts {host}",),
    ),
    "connect-refused": Advice(
        "{host} is there, but nothing listens on port {port}",
        "start the server, or correct the port",
        ("curl -v {origin}/",),
    ),
    "connect-timeout": Advice(
        "packets to {host} port {port} are dropped: a firewall, a VPN that is off, or a host that is down",
        "connect the VPN, or ask whether a proxy must be used here, and set it: --set endpoint.http_proxy=http://proxy:3128",
        ("curl -v --max-time 10 {origin}/",),
    ),
    "network-unreachable": Advice("{words}", "connect to the network, or to the VPN this host is behind"),
    "connection-reset": Advice(
        "the other side closed the connection before it had answered: {words}",
        "a firewall that dislikes the request, a server that crashes, or http:// where https:// is spoken; look at its log",
        ("curl -v {origin}/",),
    ),
    "tls-untrusted": Advice(
        "the certificate is signed by '{issuer}', which is not among the authorities this machine trusts: {words}",
        "get the certificate of that authority from whoever runs the endpoint or the network, as a PEM file, and name it",
    ),
    "tls-intercepted": Advice(
        "the certificate is signed by '{issuer}': {box} stands in between and reads everything, the key too",
        "get this authority's certificate from your IT department, as a PEM file, and name it; or ask for an exception for {host}",
    ),
    "tls-expired": Advice(
        "the certificate of {subject} is valid from {not_before} until {not_after}",
        "the operator must renew it; if those dates look right, this machine's clock is wrong",
        ("date -u",),
    ),
    "tls-hostname": Advice(
        "the certificate is for {names}, not for {host}",
        "use the host's name that the certificate is for",
    ),
    "tls-not-tls": Advice(
        "port {port} of {host} answers, but does not speak TLS",
        "use http:// if this is a server on your own network, or the port on which it speaks https",
    ),
    "tls-failed": Advice(
        "{words}",
        "a firewall that cuts by host name, or a server too old or too new for this machine's TLS",
        ("openssl s_client -connect {host}:{port} -servername {host} </dev/null",),
    ),
    "tls-client-certificate": Advice(
        "{words}", "give the profile a client certificate: endpoint.client_cert and endpoint.client_key"
    ),
    "https-needed": Advice("{because}", "write https:// in the base URL"),
    "proxy-auth": Advice(
        "{words}: the proxy wants to know who you are",
        "put user and password into the proxy's address (http://USER:PASSWORD@HOST:PORT), in HTTPS_PROXY or for this profile alone",
    ),
    "proxy-refused": Advice(
        "{words}: the proxy does not let anybody through to {host}",
        "ask whoever runs the proxy to allow {host}:{port}; for a host inside your network, add it to NO_PROXY",
    ),
    "proxy-unreachable": Advice(
        "{words}",
        "correct or unset HTTPS_PROXY, or the profile's endpoint.http_proxy; if {host} is inside your network, add it to NO_PROXY",
        ("env | grep -i _proxy",),
    ),
    "proxy-cannot-reach": Advice(
        "{words}: the proxy is there, but could not connect to {host}:{port}",
        "if {host} is inside your network, add it to NO_PROXY; otherwise it is down, or its name is unknown to the proxy",
    ),
    "proxy-required": Advice(
        "{host} cannot be reached directly, and networks like this one have a proxy",
        "ask for the proxy's address and set it for this profile",
    ),
    "setting-unusable": Advice("{words}", "correct the setting"),
    "not-an-api": Advice(
        "{because}", "check the base URL: this one leads to a web site; providers print the API's address on the page where keys are made"
    ),
    "gateway-blocked": Advice("{because}", "ask whoever runs the gateway; the evidence holds the whole answer"),
    "redirected": Advice(
        "the answer is a redirect to {words}; with a key, we follow none",
        "use the address it points to as base URL, if you trust it",
    ),
    "endpoint-not-found": Advice(
        "{host} answers, but has nothing at {path} (HTTP {status}: {words}); {tried}",
        "check the path of the base URL on the provider's page",
    ),
    "method-not-allowed": Advice(
        "{path} exists, but does not take POST (HTTP 405); {tried}", "check the path of the base URL on the provider's page"
    ),
    "bad-format": Advice("{words}", "check the base URL: something answers there, but it is neither format"),
    "empty-answer": Advice(
        "{words}: some gateways say so when a request is too long or they have failed inside", "look at the server's log"
    ),
    "error-in-success": Advice("{because}", "read the endpoint's own words above; it should have sent them with an error status"),
    "stream-endless": Advice("{words}; we stopped reading", "look at what the server does; a client would wait for ever"),
    "auth-missing": Advice(
        "without a key the endpoint answers: {words}",
        "give the profile its key",
        ("ccswitch-tui edit {name} --key-stdin",),
    ),
    "auth-invalid": Advice(
        "the endpoint says: {words}",
        "make sure that this is the key for this host, whole and not revoked, and enter it again",
        ("ccswitch-tui edit {name} --key-stdin",),
    ),
    "auth-forbidden": Advice(
        "the endpoint says: {words}",
        "look at the key's permissions and limits on the provider's page",
    ),
    "region-blocked": Advice(
        "the endpoint says: {words}",
        "use the provider's site for your region, or a network in a region it serves (its terms decide)",
    ),
    "client-refused": Advice(
        "{because}; it says: {words}",
        "see what Claude Code itself gets: its own name passes through our proxy unchanged. We do not pretend to be it",
        ("ccswitch-tui probe {name} --full",),
    ),
    "key-unsendable": Advice(
        "{words}",
        "enter the key again, without line breaks, quotes or other characters around it",
        ("ccswitch-tui edit {name} --key-stdin",),
    ),
    "quota-exhausted": Advice(
        "the endpoint says: {words}. The key is good; waiting does not help",
        "add credit or wait for the plan's next period on the provider's page, or use another profile",
        ("ccswitch-tui use -",),
    ),
    "rate-limited": Advice(
        "the endpoint says: {words}{again}",
        "wait; if it comes back often, the plan's limit is too low for Claude Code, which sends several requests a minute",
    ),
    "overloaded": Advice("the endpoint says: {words}", "try again in a minute, or use another model or profile"),
    "timeout": Advice("{words}", "the server is there but slow: look at its load, or give it more time"),
    "server-error": Advice(
        "HTTP {status}: {words}", "nothing on this side mends it; look at the server's log or its status page"
    ),
    "content-filtered": Advice("{because}", "the filter's settings are the operator's; coding sessions will meet it too"),
    "model-not-found": Advice(
        "the endpoint does not know the model '{model}': {words}{near}",
        "use a name exactly as the endpoint lists it",
    ),
    "model-forbidden": Advice(
        "the key may not use '{model}': {words}{near}",
        "use a model the key is for, or enable this one on the provider's page",
    ),
    "model-not-listed": Advice(
        "the list has {listed} models, and {missing} is not among them{near}",
        "nothing, if it answers: lists are often incomplete",
    ),
    "model-missing": Advice("no model is configured, and the endpoint lists none", "name one: --model NAME"),
    "context-too-small": Advice(
        "{because}",
        "use a model, or a server started, with a context of at least 64,000 tokens",
    ),
    "wire-mismatch": Advice("{because}", "switch the profile to {wire}"),
    "unsupported-parameter": Advice("{because}", "let the proxy do without it"),
    "request-refused": Advice("HTTP {status}: {words}", "read the endpoint's own words above"),
    "request-too-large": Advice(
        "a request of {kilobytes} kB is refused (HTTP 413): {words}",
        "Claude Code's requests are 100 kB and more; the gateway's limit must be raised (nginx: client_max_body_size)",
    ),
    "no-streaming": Advice(
        "{because}", "through the proxy it works: answers then appear at once instead of word by word"
    ),
    "stream-malformed": Advice("{because}", "use the proxy, which mends what can be mended"),
    "no-usage": Advice(
        "the last events hold no token counts", "the proxy estimates them; costs and the context meter are then approximate"
    ),
    "slow-first-byte": Advice(
        "the first byte took {seconds} s",
        "for slow local models, raise the profile's patience",
    ),
    "no-tools": Advice("{because}", "choose a model that calls tools; Claude Code cannot work without them"),
    "tools-malformed": Advice("{because}", "choose another model, or mend the server's tool parser"),
    "no-parallel-tools": Advice(
        "asked for two calls, the model made {calls}", "nothing: Claude Code then works one call at a time, slower"
    ),
    "reasoning-echo-required": Advice(
        "the second turn is refused unless the model's reasoning comes back: {words}",
        "the proxy sends it back when told to",
    ),
    "no-images": Advice(
        "{because}", "the proxy puts a note in their place, so that a screenshot does not end the session"
    ),
    "no-stop": Advice("the answer ran past the stop sequence", "nothing: Claude Code does not use them"),
    "clock-skew": Advice(
        "the endpoint's clock and this machine's differ by {skew}", "set the clock: certificates and log-ins depend on it"
    ),
    "native-available": Advice("{because}", "use it instead"),
    "auth-header-style": Advice("{because}", "send the key as {style}"),
    "url-version-doubled": Advice("{because}", "use {base_url} with one version segment"),
    "url-version-missing": Advice("{because}", "add the version segment"),
    "url-version-surplus": Advice("{because}", "leave the version segment away"),
    "url-other": Advice("{because}", "use the base URL that answers"),
    "translation-failed": Advice("{because}", "the direct request works, so this is for us to mend: report it with the evidence"),
    "claude-failed": Advice("{because}", "see what it says, and ask: ccswitch-tui explain"),
}  # fmt: skip

SPECIFIC_FIRST: tuple[str, ...] = (
    "key-unsendable", "setting-unusable", "url-malformed", "tls-intercepted", "tls-hostname", "tls-expired", "tls-untrusted",
    "tls-not-tls", "tls-client-certificate", "proxy-auth", "proxy-refused", "proxy-cannot-reach", "proxy-unreachable",
    "https-needed", "gateway-blocked", "region-blocked", "client-refused", "quota-exhausted", "auth-header-style", "url-version-doubled",
    "url-version-missing", "url-version-surplus", "url-other", "wire-mismatch", "auth-missing", "auth-invalid",
    "auth-forbidden", "model-missing", "model-not-found", "model-forbidden", "context-too-small", "no-tools",
    "stream-malformed", "tools-malformed", "reasoning-echo-required", "content-filtered", "rate-limited", "overloaded", "redirected",
    "unsupported-parameter", "not-an-api",
)  # fmt: skip
"""Among findings of one weight these come first, in this order; the others follow as they were met."""


def finding(
    kind: str,
    facts: Facts,
    exchange: Exchange | None = None,
    answer: Answer | None = None,
    *,
    patch: Mapping[str, Any] | None = None,
    severity: Severity | None = None,
    evidence: tuple[int, ...] = (),
    **seen: Any,
) -> Finding:
    """One finding, worded. `seen` fills the templates; the answer's own words beat the catalogue's."""
    entry, advice = CATALOGUE[kind], ADVICE[kind]
    known = _Known(_what_was_seen(facts, exchange, answer) | seen)
    # Words of an endpoint may hold braces: they are filled in, never taken for a template.
    because = "{because}" if seen.get("because") or (answer and answer.because) else advice.because
    known["fix"] = seen.get("fix") or (answer.fix if answer else "")
    text = "{fix}" if known["fix"] else advice.fix
    patch = patch or (answer.patch if answer else None) or _quirk_patch(facts, answer)
    return Finding(
        kind=kind,
        title=entry.title,
        because=_sentence(because.format_map(known)),
        severity=severity or entry.severity,
        fix=Fix(text.format_map(known), _commands(facts, patch, advice, known), patch),
        code=entry.code,
        evidence=evidence or ((exchange.id,) if exchange else ()),
    )


class _Known(dict[str, Any]):
    """What was not seen is left out instead of failing."""

    def __missing__(self, key: str) -> str:
        return ""


def _sentence(text: str) -> str:
    return text.replace(" ()", "").replace(": .", ".").rstrip(" :;")


def _what_was_seen(facts: Facts, exchange: Exchange | None, answer: Answer | None) -> dict[str, Any]:
    from urllib.parse import urlsplit

    parts = urlsplit(facts.target.base_url)
    seen: dict[str, Any] = {
        "name": facts.target.name,
        "base_url": facts.target.base_url,
        "host": parts.hostname or "",
        "port": parts.port or (443 if parts.scheme == "https" else 80),
        "origin": f"{parts.scheme}://{parts.netloc}",
        "model": facts.target.default_model,
    }
    if exchange:
        seen |= {"status": exchange.status or "", "path": exchange.path, "words": exchange.detail}
        seen |= {"model": exchange.model or seen["model"], "kilobytes": len(exchange.request_body) // 1000}
        if exchange.tls:
            seen |= exchange.tls._asdict() | {"names": ", ".join(exchange.tls.names) or exchange.tls.subject}
    if answer:
        seen |= {"words": answer.words.rstrip(" ."), "because": answer.because or answer.words}
    return seen


def _quirk_patch(facts: Facts, answer: Answer | None) -> Mapping[str, Any] | None:
    if answer is None or not answer.quirk:
        return None
    learned = facts.learned.get(answer.quirk)
    return {f"quirks.{answer.quirk}": learned.value if learned else answer.value}


def _commands(facts: Facts, patch: Mapping[str, Any] | None, advice: Advice, known: _Known) -> tuple[str, ...]:
    commands = []
    if patch and facts.target.saved:
        settings = " ".join(f"--set {shlex.quote(f'{key}={toml_value(value)}')}" for key, value in patch.items())
        commands.append(f"ccswitch-tui edit {shlex.quote(facts.target.name)} {settings}")
    elif patch and "endpoint.base_url" in patch:
        commands.append(f"ccswitch-tui probe --url {shlex.quote(str(patch['endpoint.base_url']))}")
    for command in advice.commands:
        if facts.target.saved or "{name}" not in command:
            commands.append(command.format_map(known))
    return tuple(commands)


def toml_value(value: Any) -> str:
    """A value as `edit --set` reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(f'"{v}"' for v in value) + "]"
    return str(value)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings with the gravest and most specific first, each told once."""
    weight = {"fail": 0, "warn": 1, "info": 2}
    rank = {kind: number for number, kind in enumerate(SPECIFIC_FIRST)}
    told: dict[tuple[str, str], Finding] = {}
    for one in findings:
        told.setdefault((one.kind, str(one.fix.patch if one.fix else "")), one)
    return tuple(sorted(told.values(), key=lambda f: (weight[f.severity], rank.get(f.kind, len(rank)))))
