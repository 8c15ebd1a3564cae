"""An endpoint's own list of models, with the window and the price beside each name. One request, when asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.errors import EndpointError, KeyRefusedError
from ccswitch_tui.prices.model import Price, Step
from ccswitch_tui.profiles.model_names import holds_conversation
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.probe.exchange import Exchange
    from ccswitch_tui.probe.shapes import ListedModel
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context


class Offered(NamedTuple):
    """One model one can choose."""

    id: str
    window: int | None = None
    """Tokens."""
    price: Price | None = None
    """None: no list and nobody else says."""

    @property
    def talks(self) -> bool:
        return holds_conversation(self.id)


async def ask_models(ctx: Context, profile: Profile) -> list[Offered]:
    """The endpoint's list, asked with the profile's own key at its own host.

    Raises UsageError when the key was given for another host, KeyStoreError when it cannot be had, EndpointError or
    KeyRefusedError when no list came.
    """
    from ccswitch_tui.probe.asks import list_ask
    from ccswitch_tui.workflows.compare import price_of
    from ccswitch_tui.workflows.examine import check_key_host, key_of, way_to

    check_key_host(profile)
    headers = ctx.keys.of_headers(profile) if profile.secret_headers else {}
    way = way_to(ctx, profile, key_of(ctx, profile), headers)
    if isinstance(way, str):
        raise EndpointError(say("the endpoint cannot be asked: {reason}", reason=way))
    endpoint = profile.endpoint
    ask = list_ask("models", endpoint.base_url.rstrip("/"), endpoint.wire or "openai-chat", endpoint.auth)
    return offered(listed_in(await way.fetch(ask)), lambda model: price_of(ctx, profile, model))


def listed_in(exchange: Exchange) -> list[ListedModel]:
    """The models in an answer. Raises EndpointError or KeyRefusedError where it is none."""
    from ccswitch_tui.workflows.proved import rows_in

    if exchange.status in (401, 403):
        raise KeyRefusedError(
            say("the endpoint does not list its models for this key (HTTP {status})", status=exchange.status)
        )
    if exchange.status != 200:
        reason = exchange.detail or exchange.failure or f"HTTP {exchange.status}"
        raise EndpointError(say("the endpoint lists no models: {reason}", reason=reason))
    rows = rows_in(exchange.body)
    if not rows:
        raise EndpointError(say("the endpoint's list of models is empty, or is not a list"))
    return rows


def offered(
    listed: Iterable[ListedModel], price_of: Callable[[str], Price | None] = lambda model: None
) -> list[Offered]:
    """The listed models as they are offered, those that hold a conversation first.

    A price is the user's own, else the one the endpoint tells beside the name, else a public list's.
    """
    rows = [Offered(row.id, row.context_window, _price(row, price_of(row.id))) for row in listed]
    return sorted({row.id: row for row in rows}.values(), key=lambda row: not row.talks)


def _price(row: ListedModel, known: Price | None) -> Price | None:
    if row.prices is None or (known is not None and known.by == "prices"):
        return known
    return Price((Step(0, *row.prices),), by="own-list")


def found(models: Sequence[Offered], typed: str) -> list[Offered]:
    """Those in whose name every typed word is; the name itself first, then those that begin so."""
    words = typed.casefold().split()
    rows = [row for row in models if all(word in row.id.casefold() for word in words)]
    whole, first = typed.casefold().strip(), words[0] if words else ""
    return sorted(rows, key=lambda row: (row.id.casefold() != whole, not row.id.casefold().startswith(first)))


def nearest(models: Sequence[Offered], typed: str) -> str:
    """The listed name that was probably meant; "" when none is near."""
    near = difflib.get_close_matches(typed, [row.id for row in models], n=1, cutoff=0.6)
    return near[0] if near else ""
