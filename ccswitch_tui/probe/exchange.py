"""One recorded request and what came back, masked when it is made.

The ladder asks with an `Ask`, which holds no key: only the style in which a
key would be sent. The `Exchange` therefore never holds one either; what an
endpoint echoes back passes redact() before it is kept. `curl_command` and
`curl_verbose` show it as curl would, with the key in a variable.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ccswitch_tui.printable import printable
from ccswitch_tui.probe.features import Feature
from ccswitch_tui.secret import MASK, Secret, redact
from ccswitch_tui.wire.formats import WireName, wire_named

KEY_VARIABLE = "API_KEY"
"""The variable a copied curl command reads the key from."""

BODY_KEPT = 64 * 1024
"""Characters of a body that are kept: more than any answer a probe asks for, far less than a hostile one sends."""

LIST_KEPT = 1024 * 1024
"""Characters of a list of models: OpenRouter's has 531,000. A list that is cut is no list any more."""

LONGEST_KEY = 8_192
"""Characters; tokens of cloud providers are up to some thousand."""

BODY_SHOWN = 2_000
"""Characters of a body in JSON and Markdown reports."""

SECRET_HEADERS = frozenset(
    [
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
        "set-cookie",
        "x-auth-token",
    ]
)


class Ask(NamedTuple):
    """A request the ladder wants made. `auth` is a style, or "none": the key itself is not in here."""

    rung: str
    method: str
    url: str
    auth: str = "none"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    variant: str = ""
    """Tells requests of one rung apart: "", "x-api-key", "with /v1", "second turn", a model's name…"""
    patience_s: float = 60.0
    """For the whole exchange."""
    model: str = ""
    wire: WireName = ""
    """Format of the body, where there is one."""
    most_bytes: int = 1024 * 1024
    """Of the answer; the longest honest list of models has 600 kB."""
    first_byte_s: float | None = None
    """For the answer to begin; None: as long as for the whole."""
    asks: frozenset[Feature] = frozenset()
    """What the body asks for."""


class TlsFacts(NamedTuple):
    """The certificate and the protocol of a TLS connection."""

    version: str = ""
    subject: str = ""
    issuer: str = ""
    not_before: str = ""
    not_after: str = ""
    """ISO dates."""
    names: tuple[str, ...] = ()
    trusted: bool = True


class Timings(NamedTuple):
    """Milliseconds each part took; None where it did not happen."""

    dns: float | None = None
    tcp: float | None = None
    proxy: float | None = None
    """The CONNECT to an HTTP proxy."""
    tls: float | None = None
    first_byte: float | None = None
    """From the request being sent to the first byte of the answer."""
    first_body: float | None = None
    """From the request being sent to the first byte of the body."""
    total: float = 0.0


class Exchange(NamedTuple):
    """One request and what came back. Masked: safe to print, store and publish."""

    id: int
    rung: str
    method: str
    url: str
    variant: str = ""
    auth: str = "none"
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str = ""
    model: str = ""
    wire: WireName = ""
    status: int | None = None
    """None when no answer came; see `failure`."""
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    body_bytes: int = 0
    reads: int = 0
    """How many pieces the body came in: a stream that comes in one piece is no stream."""
    ended: str = "complete"
    """complete; cut (the connection ended inside the body); too-large, too-long (we stopped)."""
    failure: str | None = None
    """Why no answer came: dns, refused, unreachable, timeout-connect, timeout-first-byte, reset, closed, not-http,
    tls-untrusted, tls-expired, tls-hostname, tls-not-tls, tls-failed, proxy-*, setting."""
    detail: str = ""
    """The failure in the system's words."""
    addresses: tuple[str, ...] = ()
    peer: str = ""
    tls: TlsFacts | None = None
    proxy: str = ""
    """The HTTP proxy it went through, without its password."""
    timings: Timings = Timings()
    at: float = 0.0
    """When it was asked, in seconds since the epoch, by this machine's clock; 0 where unknown."""
    asks: frozenset[Feature] = frozenset()
    """What the request asked for."""

    def header(self, name: str) -> str:
        """A response header, "" when absent."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form; long bodies are cut."""
        shown = self._asdict()
        shown["request_headers"] = [list(pair) for pair in self.request_headers]
        shown["headers"] = [list(pair) for pair in self.headers]
        shown["request_body"] = cut(self.request_body, BODY_SHOWN)
        shown["body"] = cut(self.body, BODY_SHOWN)
        shown["addresses"] = list(self.addresses)
        shown["asks"] = sorted(self.asks)
        shown["tls"] = {**self.tls._asdict(), "names": list(self.tls.names)} if self.tls else None
        shown["timings"] = {k: None if v is None else round(v, 1) for k, v in self.timings._asdict().items()}
        shown["curl"] = curl_command(self, with_body=len(self.request_body) <= BODY_SHOWN)
        return shown


_WAS_CUT = re.compile(r"… \(\d+ more characters\)")


def cut(text: str, limit: int) -> str:
    """`text`, or its beginning and how much was left out. What was cut so before stays as it is."""
    if len(text) <= limit or _WAS_CUT.fullmatch(text, limit):
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"


def auth_headers(style: str, value: str) -> dict[str, str]:
    """The headers that carry a key in one style; `value` is the key or what stands for it."""
    if style == "none":
        return {}
    if style.startswith("header:"):
        return {style.removeprefix("header:"): value}
    headers = {}
    if style in ("bearer", "both"):
        headers["authorization"] = f"Bearer {value}"
    if style in ("x-api-key", "both"):
        headers["x-api-key"] = value
    return headers


def masked_url(url: str) -> str:
    """A URL without user, password or key-like parameters."""
    return redact(url)


def masked_headers(headers: Any, known: Mapping[str, str] | None = None) -> tuple[tuple[str, str], ...]:
    """Header pairs with every credential replaced; `known` maps header names to what stands for their values."""
    shown = []
    for name, value in headers:
        stand_in = (known or {}).get(name.lower())
        if stand_in is None and name.lower() in SECRET_HEADERS:
            stand_in = MASK
        shown.append((name, stand_in if stand_in is not None else redact(value)))
    return tuple(shown)


def masked_text(text: str, key: Secret | None = None, *, most: int = BODY_KEPT) -> str:
    """A body as it may be kept: cut, and without anything that is or looks like a key."""
    # Cut after masking: a key that the cut went through would not be recognised any more.
    return redact(text[: most + LONGEST_KEY], [key] if key else [])[:most]


def curl_command(exchange: Exchange, *, with_body: bool = True) -> str:
    """The request as a curl command for a POSIX shell; the key is read from $API_KEY, a secret header from its own.

    Without its body, a file stands for it: a body that was cut would be none.
    """
    parts = ["curl -sS -i"]
    if exchange.method not in ("GET", "POST") or (exchange.method == "POST" and not exchange.request_body):
        parts[0] += f" -X {exchange.method}"
    parts[0] += f" {shlex.quote(exchange.url)}"
    if exchange.proxy:
        parts.append(f"--proxy {shlex.quote(exchange.proxy)}")
    for name, value in exchange.request_headers:
        if name.lower() in ("host", "content-length", "connection", "accept-encoding"):
            continue
        parts.append(f"-H {_quoted_header(name, value)}")
    if exchange.request_body and with_body:
        parts.append(f"--data-raw {shlex.quote(exchange.request_body)}")
    elif exchange.request_body:
        parts.append("--data @request.json")
    return " \\\n  ".join(parts)


def _quoted_header(name: str, value: str) -> str:
    if f"${KEY_VARIABLE}" in value or re.fullmatch(r"\$[A-Z][A-Z0-9_]*", value):
        return f'"{name}: {value}"'
    return shlex.quote(f"{name}: {value}")


def curl_verbose(exchange: Exchange) -> str:
    """The exchange as `curl -v` shows one: what was tried, sent and received."""
    lines = list(_connection_lines(exchange))
    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if exchange.status is not None or exchange.failure in (None, "timeout-first-byte", "reset", "closed", "not-http"):
        lines.append(f"> {exchange.method} {target} HTTP/1.1")
        lines += [f"> {name}: {value}" for name, value in exchange.request_headers]
        lines.append(">")
        if exchange.request_body:
            lines.append(cut(_pretty(exchange.request_body), BODY_SHOWN))
    if exchange.failure:
        lines.append(f"* {exchange.failure}: {exchange.detail}")
    if exchange.status is not None:
        lines.append(f"< HTTP/1.1 {exchange.status} {exchange.reason}".rstrip())
        lines += [f"< {name}: {value}" for name, value in exchange.headers]
        lines.append("<")
        lines.append(cut(_pretty(exchange.body), BODY_SHOWN * 2))
        lines.append(f"* {_ending(exchange)}")
    return printable("\n".join(lines))


def _connection_lines(exchange: Exchange) -> list[str]:
    lines = []
    timings = exchange.timings
    if exchange.proxy:
        lines.append(f"* through the proxy {exchange.proxy}")
    if exchange.addresses:
        lines.append(f"* {exchange.host} is {', '.join(exchange.addresses)}{_in(timings.dns)}")
    if exchange.peer:
        lines.append(f"* connected to {exchange.peer}{_in(timings.tcp)}")
    if exchange.tls:
        tls = exchange.tls
        lines.append(f"* {tls.version or 'TLS'}, certificate for {tls.subject} by {tls.issuer}{_in(timings.tls)}")
        lines.append(f"* valid from {tls.not_before} until {tls.not_after}" + ("" if tls.trusted else ", not trusted"))
    return lines


def _ending(exchange: Exchange) -> str:
    said = {
        "complete": "complete",
        "cut": "the connection ended inside the body",
        "too-large": "stopped by us: too large",
        "too-long": "stopped by us: it took too long",
    }[exchange.ended]
    pieces = "1 piece" if exchange.reads == 1 else f"{exchange.reads} pieces"
    return f"{exchange.body_bytes} bytes in {pieces}{_in(exchange.timings.total)}: {said}"


def _in(ms: float | None) -> str:
    return "" if ms is None else f" ({ms:.0f} ms)"


def _pretty(text: str) -> str:
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def exchange_from_json(shown: Mapping[str, Any]) -> Exchange:
    """An Exchange out of its JSON form (a stored report); unknown fields are left out."""
    known = {k: v for k, v in shown.items() if k in Exchange._fields}
    known["wire"] = wire_named(shown.get("wire")) or ""
    known["request_headers"] = tuple((n, v) for n, v in shown.get("request_headers", ()))
    known["headers"] = tuple((n, v) for n, v in shown.get("headers", ()))
    known["addresses"] = tuple(shown.get("addresses", ()))
    known["asks"] = frozenset(shown.get("asks", ()))
    tls = shown.get("tls")
    known["tls"] = TlsFacts(**{**tls, "names": tuple(tls.get("names", ()))}) if tls else None
    known["timings"] = Timings(**{k: v for k, v in (shown.get("timings") or {}).items() if k in Timings._fields})
    return Exchange(**known)
