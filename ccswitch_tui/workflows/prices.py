"""Price lists: which is in force, what each profile's models cost by it, and a newer one when the user asks for it.

Nothing is fetched by itself. A list that comes is bounded in size and time,
read as a whole before anything is kept, and compared with the one in force:
one that lacks many of its models, or has most of its prices changed, is older,
cut or another thing, and is kept only when the user says so.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError, EndpointError, UsageError
from ccswitch_tui.prices.listed import About, about_of, models_of, newest, read_list, render, sellers_in
from ccswitch_tui.prices.model import Price, Step, price_facts
from ccswitch_tui.proxy.books.prices import OWN, PriceBook, own_list_path, public_list_path
from ccswitch_tui.sentence import Sentence, joined, say
from ccswitch_tui.textfile import read_file

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context

PUBLIC_LIST = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
MOST_BYTES = 16 * 2**20
"""The public list has 3 MB."""
PATIENCE_S = 60.0
OLD_DAYS = 90
"""After that prices may well have changed; the figure says its date, and this one gets a sign."""
MOST_LOST = 0.2
"""Of the models known before. Lists grow; one that lost so much is older than ours, or cut."""

MOST_DEARER = 5.0
"""Prices change, and in the middle of a thousand models hardly at all; a factor of a thousand is another unit."""
FEWEST_COMPARED = 10

Sellers = dict[str, dict[str, Any]]


class ModelPrice(NamedTuple):
    """What one model of a profile costs, or why nobody knows."""

    model: str
    price: Price | None
    why_not: str = ""


class ListChange(NamedTuple):
    """A list that was read, against the one in force; not kept yet."""

    path: str
    raw: bytes
    about: About
    before: About | None
    added: int
    removed: int
    changed: int
    doubts: tuple[str, ...] = ()
    """Why it should not replace what is there."""
    yours: tuple[tuple[str, str, Price | None, Price | None], ...] = ()
    """Profile, model, its price before and after, where they differ."""

    def to_json(self) -> dict[str, Any]:
        """What `prices update --json` says."""
        yours = [
            {"profile": name, "model": model, "before": _facts(before), "after": _facts(after)}
            for name, model, before, after in self.yours
        ]
        counts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        return {"list": self.about._asdict(), **counts, "doubts": list(self.doubts), "yours": yours}


def _facts(price: Price | None) -> Mapping[str, Any] | None:
    return None if price is None else price_facts(price)


def list_in_force(ctx: Context) -> About | None:
    """The public list that prices are taken from."""
    raw = newest(public_list_path(ctx.paths.prices))
    return about_of(raw) if raw else None


def age_days(about: About, now: float) -> int:
    """How old a list is."""
    try:
        taken = time.mktime(time.strptime(about.date, "%Y-%m-%d"))
    except (ValueError, OverflowError):
        return 0
    return max(0, int((now - taken) // 86_400))


def model_prices(ctx: Context, profile: Profile) -> list[ModelPrice]:
    """The profile's models with what they cost, each with its source. Asks nobody."""
    from ccswitch_tui.prices.sellers import seller_of

    book = PriceBook(ctx.paths.prices)
    rows = []
    for model in dict.fromkeys((*profile.models.named().values(), *profile.prices)):
        seller = seller_of(profile.endpoint.base_url)
        price = book.of(profile, model, model)
        why = (
            say("the list has no price for it at this address") if seller else say("no price list covers this endpoint")
        )
        rows.append(ModelPrice(model, price, "" if price else why))
    return rows


# ---------------------------------------------------------------- a newer list


async def read_public(ctx: Context, source: str = "") -> ListChange:
    """A public list from an address or a file, as it would be kept. Raises CcswitchError for what is none."""
    from ccswitch_tui.prices.reading import NotAList, litellm_list

    source = source or PUBLIC_LIST
    raw = await _fetched(ctx, source) if "://" in source else _file(source)
    try:
        sellers: Sellers = dict(litellm_list(_json(raw, source)))
    except NotAList as error:
        raise _no_list(source, str(error)) from None
    url = source if "://" in source else ""
    about = About("LiteLLM", _today(ctx), url=url, licence="MIT, Copyright (c) 2023 Berri AI")
    path = public_list_path(ctx.paths.prices)
    return _compared(ctx, path, about, sellers, newest(path))


async def read_own(ctx: Context, profile: Profile, *, gateway: str = "") -> ListChange:
    """The endpoint's own list, from its own host. Raises CcswitchError where it has none that we can read."""
    from ccswitch_tui.credentials.hosts import host_of
    from ccswitch_tui.prices.reading import READERS, NotAList
    from ccswitch_tui.workflows.balance import known_route

    route = known_route(ctx, profile, gateway)
    if route is None or route.id not in READERS:
        raise UsageError(
            say("no price list of {host} is known", host=host_of(profile.endpoint.base_url)),
            hint=say("say what it is: --gateway {kinds}", kinds=", ".join(READERS)),
        )
    path, read, with_key = READERS[route.id]
    url = "/".join(profile.endpoint.base_url.split("/")[:3]) + path
    raw = await _fetched(ctx, url, profile, with_key=with_key)
    try:
        models = read(_json(raw, url))
    except NotAList as error:
        raise _no_list(url, str(error)) from None
    note = say("for the group 'default'") if route.id == "new-api" else ""
    about = About(host_of(profile.endpoint.base_url), _today(ctx), url=url, note=str(note))
    kept = own_list_path(ctx.paths.prices, profile.endpoint.base_url)
    return _compared(ctx, kept, about, {OWN: dict(models)}, read_list(kept))


def keep(ctx: Context, change: ListChange) -> None:
    """Puts a list in force."""
    from ccswitch_tui.textfile import make_private_dir, write_private

    make_private_dir(ctx.paths.prices)
    write_private(change.path, change.raw)


def forget(ctx: Context, profile: Profile | None = None) -> bool:
    """Takes a fetched list away: an endpoint's own one, or the public one, so that the packaged one counts again."""
    folder = ctx.paths.prices
    path = own_list_path(folder, profile.endpoint.base_url) if profile else public_list_path(folder)
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CcswitchError(say("cannot remove {path}: {reason}", path=path, reason=error.strerror)) from None
    return True


def _today(ctx: Context) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(ctx.clock()))


def _file(path: str) -> bytes:
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise _no_list(path, say("it is larger than {most} MB", most=MOST_BYTES // 2**20))
        return read_file(path, MOST_BYTES)
    except OSError as error:
        raise UsageError(say("cannot read {path}: {reason}", path=path, reason=error.strerror)) from None


async def _fetched(ctx: Context, url: str, profile: Profile | None = None, *, with_key: bool = False) -> bytes:
    """What an address answers, through the proxy's own door. Follows no redirect; a key goes to its own host only."""
    import asyncio

    from ccswitch_tui.net.url import parse_url
    from ccswitch_tui.profiles.model import Endpoint
    from ccswitch_tui.profiles.model import Profile as Made
    from ccswitch_tui.proxy.client.upstream import Upstream, UpstreamError
    from ccswitch_tui.proxy.pump import read_limited
    from ccswitch_tui.workflows.examine import check_key_host, key_of

    key = None
    if profile is not None and with_key and profile.key.kind != "none":
        check_key_host(profile)
        key = key_of(ctx, profile)
    asked = profile or Made("prices", Endpoint(url, auth="none"))
    upstream = Upstream(ctx.env, ctx.paths.home)
    headers = (("Accept", "application/json"), ("Accept-Encoding", "identity"))
    try:
        async with asyncio.timeout(PATIENCE_S):
            answer = await upstream.send(asked, parse_url(url), key, body=None, headers=headers, method="GET")
            if answer.status != 200:
                answer.close()
                raise EndpointError(say("{url} answered HTTP {status}", url=url, status=answer.status))
            return await read_limited(answer, MOST_BYTES, PATIENCE_S)
    except TimeoutError:
        raise EndpointError(say("{url} took longer than {seconds:.0f} s", url=url, seconds=PATIENCE_S)) from None
    except (UpstreamError, ValueError) as error:
        raise EndpointError(say("{url} could not be read: {reason}", url=url, reason=str(error))) from None
    finally:
        await upstream.close()


def _json(raw: bytes, source: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        begins = raw[:40].decode("utf-8", "replace").strip().split("\n")[0]
        raise _no_list(source, say("it is not JSON; it begins with '{begins}'", begins=begins)) from None


def _no_list(source: str, why: str) -> CcswitchError:
    return EndpointError(
        say("{source} is not a price list: {why}", source=source, why=why), hint=say("nothing was changed")
    )


def _compared(ctx: Context, path: str, about: About, sellers: Sellers, before: bytes) -> ListChange:
    raw = render(about, sellers)
    known = {
        (seller, name): steps for seller in sellers_in(before) for name, steps in models_of(before, seller).items()
    }
    now = {(seller, name): steps for seller, models in sellers.items() for name, steps in models.items()}
    added, removed = len(now.keys() - known.keys()), len(known.keys() - now.keys())
    changed = sum(1 for place in now.keys() & known.keys() if now[place] != known[place])
    doubts = []
    if known and removed > MOST_LOST * len(known):
        doubts.append(say("it lacks {n} of the {all} models known now: older, or cut off", n=removed, all=len(known)))
    ratio = _ratio(known, now)
    if not 1 / MOST_DEARER < ratio < MOST_DEARER:
        doubts.append(say("most of its prices are {ratio:g} times those known now: another unit", ratio=ratio))
    told = about_of(before) if before else None
    if told is not None and told.date > about.date:
        doubts.append(say("the list in force is of {date}, which is later than this machine's date", date=told.date))
    about = about_of(raw)
    change = ListChange(path, raw, about, told, added, removed, changed, tuple(doubts))
    return change._replace(yours=tuple(_yours(ctx, path, raw)))


def _flat(sellers: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
    return {(seller, name): steps for seller, models in sellers.items() for name, steps in models.items()}


def _ratio(known: Mapping[tuple[str, str], Any], now: Mapping[tuple[str, str], Any]) -> float:
    """How many times dearer the list is than the one before, in the middle; 1 where they share too little to tell."""
    pairs = [(now[place][0].input, known[place][0].input) for place in now.keys() & known.keys()]
    ratios = sorted(new / old for new, old in pairs if new and old)
    return float(ratios[len(ratios) // 2]) if len(ratios) >= FEWEST_COMPARED else 1.0


def _yours(ctx: Context, path: str, raw: bytes) -> list[tuple[str, str, Price | None, Price | None]]:
    """The models of the user's profiles whose price the list changes."""
    import shutil
    import tempfile

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(ctx.paths.prices) if os.path.isdir(ctx.paths.prices) else ():
            shutil.copy(os.path.join(ctx.paths.prices, name), folder)
        with open(os.path.join(folder, os.path.basename(path)), "wb") as file:
            file.write(raw)
        before, after = PriceBook(ctx.paths.prices), PriceBook(folder)
        for profile in ctx.book().profiles.values():
            for model in dict.fromkeys(profile.models.named().values()):
                old, new = before.of(profile, model, model), after.of(profile, model, model)
                if (old and old.steps) != (new and new.steps):
                    rows.append((profile.name, model, old, new))
    return rows


# ---------------------------------------------------------------- as text


def price_text(price: Price) -> Sentence:
    """One price for a person: per million tokens, in and out, from and into the cache, and its steps."""
    first = price.steps[0]
    words = [_in_and_out(first)]
    if first.cache_read is not None:
        words.append(say("{price} cached", price=_figure(first.cache_read)))
    if first.cache_write is not None:
        words.append(say("{price} cache write", price=_figure(first.cache_write)))
    told = say("{prices} {currency}/M", prices=joined(words, ", "), currency=price.currency)
    steps = [say("above {tokens}k: {prices}", tokens=s.above // 1000, prices=_in_and_out(s)) for s in price.steps[1:]]
    return joined((told, *steps))


def _in_and_out(step: Step) -> Sentence:
    return say("{input} in, {output} out", input=_figure(step.input), output=_figure(step.output))


def _figure(price: float | None) -> str:
    return "?" if price is None else f"{price:g}"


SOURCES = {"prices": "stated by you", "own-list": "the endpoint's list", "list": "a public list"}


def source_text(price: Price) -> str:
    """Where a price is from, and when it was taken."""
    told = say(SOURCES[price.by])
    if price.by == "prices":
        return told
    return say("{told}, {source}, {date}", told=told, source=price.source, date=price.date)
