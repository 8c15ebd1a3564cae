"""Asks an endpoint what is left on a key, and keeps the answer with its age. Only ever when the user asks for it.

One request a route, through the same door as a probe. The key goes to the
profile's own origin; to another one, even of the same company, only when the
user names that host. A failure on the way keeps what was known; what the
provider answers replaces it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccswitch_tui.balance.kept import from_bytes, to_bytes
from ccswitch_tui.balance.model import FRESH_STATES, Balance, NotUnderstood, Refused, state_of
from ccswitch_tui.credentials.hosts import host_of
from ccswitch_tui.paths import file_name
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import make_private_dir, read_file, write_private

if TYPE_CHECKING:
    from ccswitch_tui.balance.limits import Limit
    from ccswitch_tui.balance.routes import Route
    from ccswitch_tui.probe.exchange import Exchange
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

PATIENCE_S = 15.0
MOST_BYTES = 256 * 1024
EXCERPT = 120
"""Characters of an answer nobody understands, masked, so that it can be reported."""
LARGEST_BYTES = 64 * 1024


# ---------------------------------------------------------------- what is known without asking


def _path(ctx: Context, name: str) -> str:
    return os.path.join(ctx.paths.balances, file_name(name) + ".json")


def last_balance(ctx: Context, profile: Profile) -> Balance | None:
    """What was left when last asked; None for another host or key than the profile has now. Asks nobody."""
    with contextlib.suppress(OSError):
        found = from_bytes(read_file(_path(ctx, profile.name), LARGEST_BYTES))
        if found and (found.host, found.key_ref) == (host_of(profile.endpoint.base_url), str(profile.key)):
            return found
    return None


LIMITS_KEPT_S = 3600.0
"""Rate limits fill again within minutes; an old figure says nothing."""


def last_limits(ctx: Context, profile: Profile) -> tuple[float, list[Limit]]:
    """What the endpoint's last answer through the proxy said about its rate limits, and when; 0.0 and nothing where it
    said none, long ago, or of another host. Asks nobody."""
    from ccswitch_tui.balance.limits import limits_from_json
    from ccswitch_tui.proxy.books.answers import limits_name

    begins = limits_name(profile.name)
    newest: tuple[float, list[Limit]] = (0.0, [])
    try:
        names = [name for name in os.listdir(ctx.paths.answers) if name.startswith(begins)]
    except OSError:
        return newest
    now = ctx.clock()
    for name in names:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            said = json.loads(read_file(os.path.join(ctx.paths.answers, name), LARGEST_BYTES))
            at = float(said["at"])
            mine = host_of(f"http://{said['host']}") == host_of(profile.endpoint.base_url)
            if mine and newest[0] < at and now - at < LIMITS_KEPT_S:
                kept = [limit for limit in limits_from_json(said["limits"]) if (limit.resets_at or now + 1) > now]
                newest = (at, kept)
    return newest


def _keep(ctx: Context, name: str, balance: Balance) -> None:
    with contextlib.suppress(OSError):
        make_private_dir(ctx.paths.balances)
        write_private(_path(ctx, name), to_bytes(balance))


# ---------------------------------------------------------------- asking


async def ask_balance(ctx: Context, profile: Profile, *, gateway: str = "", allowed: str = "") -> Balance:
    """One look at what is left. `allowed` is another host the user lets us ask, `gateway` what the endpoint is.

    Raises UsageError when the key was given for another host, KeyStoreError when it cannot be had.
    """
    from ccswitch_tui.workflows.examine import check_key_host, key_of

    route = known_route(ctx, profile, gateway)
    blank = Balance("unknown", ctx.clock(), host_of(profile.endpoint.base_url), str(profile.key))
    if route is None:
        return blank._replace(words=_no_route(profile))
    from ccswitch_tui.balance.routes import load_routes

    blank = blank._replace(source=load_routes().sources[route.source])
    if route.nothing:
        return blank._replace(words=route.nothing)
    if profile.key.kind == "none":
        return blank._replace(words=say("the profile has no key"))
    if route.host and host_of(route.host) != allowed.lower():
        words = say("another host, {host}, can tell: '--allow-host {host}' sends it the key", host=host_of(route.host))
        return blank._replace(state="consent", words=words)
    check_key_host(profile)
    key = key_of(ctx, profile)
    headers = ctx.keys.of_headers(profile) if not route.host else {}
    found = await _asked(ctx, profile, key, headers, route, blank)
    if found.state in FRESH_STATES and profile.name in ctx.book().profiles:
        _keep(ctx, profile.name, found)
    return found


def known_route(ctx: Context, profile: Profile, gateway: str = "") -> Route | None:
    """What the endpoint is: as the user says, by its address, or by what the last probe saw. Asks nobody."""
    from ccswitch_tui.balance.routes import load_routes
    from ccswitch_tui.errors import UsageError
    from ccswitch_tui.workflows.reports import last_report

    routes = load_routes()
    if gateway:
        named = routes.gateway(gateway)
        if named is None:
            names = ", ".join(route.id for route in routes.gateways)
            raise UsageError(say("no gateway '{name}' is known", name=gateway), hint=say("one of {names}", names=names))
        return named
    known = routes.of_address(profile.endpoint.base_url)
    if known is not None:
        return known
    report = last_report(ctx, profile.name)
    if report is None or host_of(report.base_url) != host_of(profile.endpoint.base_url):
        return None
    return routes.of_headers(name for exchange in report.exchanges for name, _ in exchange.headers)


def _no_route(profile: Profile) -> str:
    from ccswitch_tui.profiles.presets import load_presets
    from ccswitch_tui.profiles.url import is_private

    host = host_of(profile.endpoint.base_url)
    if is_private(host):
        return say("{host} is your own machine or network: no way to ask is known", host=host)
    preset = load_presets().of_base_url(profile.endpoint.base_url)
    if preset is not None and preset.key_page:
        return say("{host} has no known way to ask what is left on a key: see {page}", host=host, page=preset.key_page)
    return say("no way to ask {host} is known; a probe may recognise a gateway", host=host)


async def _asked(
    ctx: Context,
    profile: Profile,
    key: Secret | None,
    secret_headers: Mapping[str, Secret],
    route: Route,
    blank: Balance,
) -> Balance:
    from ccswitch_tui.probe.exchange import Ask
    from ccswitch_tui.workflows.examine import way_to

    target = profile
    if route.host:  # headers of the profile are for its own host
        target = profile._replace(endpoint=profile.endpoint._replace(base_url=route.host, headers={}))
    way = way_to(ctx, target, key, secret_headers)
    if isinstance(way, str):
        return blank._replace(state="unreachable", words=way)
    headers = {"accept": "application/json"}
    exchanges: list[Exchange] = []
    for url in route.urls(profile.endpoint.base_url):
        ask = Ask("models", "GET", url, route.auth_style, headers, patience_s=PATIENCE_S, most_bytes=MOST_BYTES)
        exchanges.append(await way.fetch(ask))
        failed = _failed(exchanges[-1], blank)
        if failed is not None:
            return failed
    return _read(exchanges, route, blank)


def _failed(exchange: Exchange, blank: Balance) -> Balance | None:
    """An answer that is none, by its status; None where the body has to be read."""
    status = exchange.status
    if status is None or exchange.ended in ("cut", "too-long"):
        words = exchange.detail or exchange.failure or say("the answer was cut off")
        return blank._replace(state="unreachable", words=words)
    if status in (401, 403):
        return blank._replace(state="refused", words=_refusal(exchange))
    if status == 429 or status >= 500:
        return blank._replace(state="busy", words=say("HTTP {status}: try again later", status=status))
    if status == 410:
        return blank._replace(state="unknown", words=say("the provider removed this route (HTTP 410)"))
    if status != 200:
        return blank._replace(state="not-understood", words=say("HTTP {status} and no balance", status=status))
    return None


def _refusal(exchange: Exchange) -> str:
    if exchange.status == 401:
        return say("the key was refused (HTTP 401)")
    return say("this key is not permitted to ask (HTTP 403)")


def _read(exchanges: list[Exchange], route: Route, blank: Balance) -> Balance:
    from ccswitch_tui.balance.readers import read

    try:
        bodies: list[Any] = [json.loads(exchange.body) for exchange in exchanges]
        answer = (
            bodies[0] if len(bodies) == 1 else {_last_part(e.url): b for e, b in zip(exchanges, bodies, strict=True)}
        )
        reading = read(route.reads, answer, route.unit, blank.at)
    except Refused as refused:
        return blank._replace(state="refused", words=say("refused: {words}", words=str(refused) or "-"))
    except (NotUnderstood, ValueError, RecursionError):
        return blank._replace(state="not-understood", words=_excerpt(exchanges[-1].body))
    words = reading.words
    if reading.expired:
        words = say("the key has expired")
    elif reading.blocked:
        words = say("the provider says that calls will be refused")
    return blank._replace(state=state_of(reading), meters=reading.meters, words=words)


def _last_part(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _excerpt(body: str) -> str:
    """The beginning of an answer nobody understands. Whatever looks like a key or an address of a person is gone."""
    import re

    from ccswitch_tui.printable import one_line
    from ccswitch_tui.secret import redact

    text = re.sub(r"[\w.+-]+@[\w-]+\.[\w.-]+", "…@…", redact(one_line(body.strip())))
    return say("the answer was not understood: {text}", text=text[:EXCERPT])
