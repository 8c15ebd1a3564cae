"""Recorded exchanges as text: what an odd endpoint answered, and the report it should lead to.

    # what it is, and who answers like this
    base_url: https://api.example.com/v1        the target; also wire, auth, model, model.haiku, key, ladder, quirk.NAME
    > http GET /v1/models                       rung, method, path; then auth=… wire=… model=… variant=… second
    < 401 application/json 12ms                 status, content type, time to first byte; then ended=… reads=…
    < x-request-id: abc                         further headers
    {"error":{…}}                               the body, up to the next '>' or '='
    > message POST /v1/chat/completions
    < !reset the connection was reset           or a failure and the system's words
    = broken                                    the verdict
    = findings: quota-exhausted                 kinds in order
    = says: insufficient_quota                  in the first finding's cause
    = patch: endpoint.base_url=…                of the first fix that has one
    = steps: message=fail auth=ok
    = quirks: max_tokens_field=max_completion_tokens

A new file alone teaches the tests; the row it needs goes into refusals.toml.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ccswitch_tui.probe.asks import bodies_for
from ccswitch_tui.probe.bodies import Json, Place
from ccswitch_tui.probe.exchange import Exchange, Timings, TlsFacts
from ccswitch_tui.probe.facts import Target
from ccswitch_tui.probe.features import features_of
from ccswitch_tui.probe.fetch import USER_AGENT
from ccswitch_tui.wire.codec import dumps, loads
from ccswitch_tui.wire.formats import CHAT, MESSAGES, Wire, wire_named


class Transcript(NamedTuple):
    """One file, read."""

    name: str
    about: str
    target: Target
    ladder: str
    exchanges: tuple[Exchange, ...]
    expected: dict[str, str]
    """"verdict" and what else the file expects."""


def read_transcript(path: Path) -> Transcript:
    """The transcript in a file."""
    about: list[str] = []
    options: dict[str, str] = {}
    blocks: list[list[str]] = []
    expected: dict[str, str] = {}
    for line in path.read_text("utf-8").split("\n"):
        if line.startswith("= "):
            key, colon, value = line[2:].partition(":")
            expected[key.strip() if colon else "verdict"] = value.strip() if colon else key.strip()
        elif line.startswith("> "):
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
        elif line.startswith("#"):
            about.append(line.lstrip("# "))
        elif ":" in line:
            key, _, value = line.partition(":")
            options[key.strip()] = value.strip()
    target = _target(path.stem, options)
    exchanges = tuple(_exchange(number, block, target) for number, block in enumerate(blocks, 1))
    return Transcript(path.stem, " ".join(about), target, options.get("ladder", "default"), exchanges, expected)


def _target(name: str, options: dict[str, str]) -> Target:
    models = {k.partition(".")[2]: v for k, v in options.items() if k.startswith("model.")}
    if options.get("model"):
        models = {"default": options["model"], **models}
    quirks = {k.partition(".")[2]: _value(v) for k, v in options.items() if k.startswith("quirk.")}
    return Target(
        name=name,
        base_url=options["base_url"],
        wire=wire_named(options.get("wire", CHAT)),
        auth=options.get("auth", "bearer"),
        models=models,
        has_key=options.get("key", "yes") == "yes",
        quirks=quirks,
        probed=tuple(quirks),
        saved=options.get("saved", "yes") == "yes",
    )


def _value(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text


def _exchange(number: int, block: list[str], target: Target) -> Exchange:
    rung, method, path, *rest = shlex.split(block[0][2:])
    told = dict(part.split("=", 1) for part in rest if "=" in part)
    told.setdefault("variant", "second turn" if "second" in rest else "")
    heads = [line[2:] for line in block[1:] if line.startswith("< ")]
    body = "\n".join(line for line in block[1:] if not line.startswith("< ")).strip("\n")
    wire = wire_named(told.get("wire")) or (MESSAGES if path.endswith("/v1/messages") else target.wire or CHAT)
    origin = urlsplit(target.base_url)
    url = f"{origin.scheme}://{origin.netloc}{path}"
    model = told.get("model", target.default_model)
    auth = told.get("auth", "none" if rung == "http" or not target.has_key else target.auth)
    asked = _request_body(rung, method, wire, model, told, target)
    exchange = Exchange(
        id=number,
        rung=rung,
        method=method,
        url=url,
        variant=told["variant"],
        auth=auth,
        model=model,
        wire=wire,
        request_headers=(("user-agent", USER_AGENT),),
        request_body=dumps(asked).decode() if asked else "",
        asks=features_of(asked),
        body=body,
        body_bytes=len(body),
        reads=1 if body else 0,
        addresses=("203.0.113.7",),
        peer="203.0.113.7 port 443",
    )
    if method == "RUN":
        exchange = exchange._replace(url="claude -p", request_body="")
    return _with_head(exchange, heads)


def _request_body(rung: str, method: str, wire: Wire, model: str, told: dict[str, str], target: Target) -> Json:
    if method != "POST":
        return {}
    place = Place(target.base_url, wire, "bearer", model)
    bodies = bodies_for(place, target.quirks, whole=told["variant"] == "whole")
    if told["variant"].startswith("second"):
        return bodies.second_turn("call_1", "get_weather", '{"city":"Paris"}')
    maker = {"tiers": "message", "native": "message", "translate": "tools"}.get(rung, rung)
    made: Json = getattr(bodies, maker)()
    return made


def _with_head(exchange: Exchange, heads: list[str]) -> Exchange:
    first, *headers = heads
    if first.startswith("!"):
        failure, _, detail = first[1:].partition(" ")
        exchange = exchange._replace(
            failure=failure, detail=detail, addresses=() if failure == "dns" else exchange.addresses
        )
    else:
        words = first.split()
        told = dict(part.split("=", 1) for part in words[1:] if "=" in part)
        times = [float(w.removesuffix("ms")) for w in words if w.endswith("ms") and w[0].isdigit()]
        kind = next((w for w in words[1:] if "/" in w and "=" not in w), "application/json")
        first_ms = times[0] if times else 20.0
        exchange = exchange._replace(
            status=int(words[0]),
            headers=(("content-type", kind),),
            ended=told.get("ended", "complete"),
            reads=int(told.get("reads", "1")),
            body_bytes=int(told.get("bytes", exchange.body_bytes)),
            timings=Timings(dns=2, tcp=5, tls=9, first_byte=first_ms, first_body=first_ms, total=first_ms + 1),
        )
    tls = {}
    for header in headers:
        name, _, value = header.partition(": ")
        if name.startswith("tls."):
            tls[name[4:]] = value
        elif name == "proxy":
            exchange = exchange._replace(proxy=value)
        else:
            exchange = exchange._replace(headers=(*exchange.headers, (name, value)))
    known = bool(tls)
    names = tuple(tls.pop("names", "").split())
    usual: dict[str, Any] = {
        "version": "TLS 1.3", "subject": exchange.host, "issuer": "Example Public CA", "not_after": "2027-01-22",
    }  # fmt: skip
    if exchange.url.startswith("https") and (known or not exchange.failure):
        exchange = exchange._replace(tls=TlsFacts(**{**usual, **tls, "names": names, "trusted": not exchange.failure}))
    return exchange
