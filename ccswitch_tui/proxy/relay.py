"""One request of a client, tried on one endpoint after another until one answers.

Repeats happen only before the first byte: on the same endpoint for a new reason
(attempt.py), then on the fall-backs the user declared, for causes that another
endpoint can cure. Every repeat leaves a notice in the traffic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.http11.message import Reply, Response, Sent
from ccswitch_tui.profiles.budget import refusal
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.proxy.attempt import Attempt, failure_of, own_failure, with_hint
from ccswitch_tui.proxy.books.budgets import Budgets
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.books.learned import Facts, LearnedQuirks, quirk_layers
from ccswitch_tui.proxy.books.prices import PriceBook, cost_of, stated_in
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.call import ClientCall, NativeRefusal, Outcome
from ccswitch_tui.proxy.client.upstream import Upstream, UpstreamError
from ccswitch_tui.proxy.pump import Background, Pump
from ccswitch_tui.proxy.routing import Target
from ccswitch_tui.proxy.searching import Searching
from ccswitch_tui.proxy.sources import KeyCache, Profiles
from ccswitch_tui.proxy.thinking import ForeignThinking
from ccswitch_tui.translate.errors import Failure, error_body, error_event, failure_from_exception
from ccswitch_tui.translate.memory import Memory
from ccswitch_tui.translate.policy import MOST_REPEATS, status_for
from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.tokens import Calibration, estimate_tokens
from ccswitch_tui.wire.formats import format_of, wire_named
from ccswitch_tui.wire.growing import Growing
from ccswitch_tui.wire.quirks import Quirks, quirks_from

MOST_REMEMBERED = 512
"""Models whose quirks are at hand; a client that invents names shall not fill the memory."""

NO_LESSONS: Facts = {}


class Relay:
    """Everything a request needs on its way: profiles, keys, connections, what was learned, and the books."""

    def __init__(
        self,
        *,
        profiles: Profiles,
        keys: KeyCache,
        upstream: Upstream,
        learned: LearnedQuirks,
        traffic: Traffic,
        prices: PriceBook | None = None,
        budgets: Budgets | None = None,
    ) -> None:
        self.profiles = profiles
        self.keys = keys
        self.upstream = upstream
        self.learned = learned
        self.traffic = traffic
        self.prices = prices or PriceBook()
        self.budgets = budgets or Budgets(traffic)
        self.background = Background()
        self.pump = Pump(traffic, self.background)
        self.calibration = Calibration()
        self.memory = Memory()
        self.bodies = Growing()
        self.foreign = ForeignThinking()
        self.broken_streams: dict[str, int] = {}
        """Streams in a row that an endpoint failed to begin, by host and model."""
        self.searching = Searching(self)
        self._quirks: dict[tuple[str, str], tuple[Profile, int, Quirks]] = {}

    async def messages(self, call: ClientCall, profile: Profile, asked: str) -> Reply:
        """The answer to one Messages request: a stream, a message, or an error in Anthropic's shape."""
        found = await self.searching.answer(call, profile)
        return found if found is not None else await self.answered(call, profile, asked)

    async def answered(self, call: ClientCall, profile: Profile, asked: str) -> Reply:
        """The endpoint's answer, or that of one the user named for the case that it cannot."""
        routes = self.profiles.routes()
        try:
            first = routes.target(profile, asked)
        except UsageError as error:
            failure = own_failure(400, "invalid_request_error", with_hint(error.message, error.hint))
            return await self._refuse(call, failure)
        outcome = await self._on(call, first, routed=True)
        for target in routes.fallbacks(profile, first):
            if isinstance(outcome, Response | Sent) or call.reply.begun:
                break
            failure = failure_of(outcome)
            if not failure.cure_elsewhere:
                break
            call.exchange.notices.append(
                f"'{call.exchange.route}' did not answer ({failure.status} {failure.message}): "
                f"'{target.profile.name}' was asked instead"
            )
            outcome = await self._on(call, target)
        if isinstance(outcome, Response | Sent):
            return outcome
        return await self._refuse(call, outcome)

    async def _refuse(self, call: ClientCall, outcome: Failure | NativeRefusal) -> Reply:
        failure = failure_of(outcome)
        call.exchange.error = f"{failure.type}: {failure.message}"
        if call.reply.begun:
            return call.reply.end(error_event(failure))
        if isinstance(outcome, NativeRefusal):
            outcome.response.status = status_for(outcome.response.status, call.exchange.session)
            return outcome.response
        return Response(
            error_body(failure),
            status=_told_status(failure, call.exchange),
            headers=failure.headers,
        )

    async def _on(self, call: ClientCall, target: Target, *, routed: bool = False) -> Outcome:
        """Tries one endpoint, with as many repeats as there are new reasons for one."""
        exchange = call.exchange
        exchange.route, exchange.model, exchange.tier = target.profile.name, target.model, target.tier
        exchange.wire = target.profile.endpoint.format.name
        if routed:
            self.traffic.routed(exchange)
        exchange.budget = ""
        if target.profile.budget is not None:
            over = await self._over_budget(exchange, target.profile)
            if over is not None:
                return over
        try:
            address = self.upstream.address(target.profile)
            exchange.host = address.host
            key = await self.keys.get(target.profile)
            headers = await self.keys.of_headers(target.profile)
        except UpstreamError as error:
            return failure_from_exception(error.kind, error.detail, host=error.host)
        except KeyStoreError as error:
            return own_failure(403, "permission_error", with_hint(error.message, error.hint))
        attempt = Attempt(self, call, target, address, key, headers)
        for _ in range(MOST_REPEATS):
            outcome = await attempt.run()
            if isinstance(outcome, Response | Sent):
                self._note_cost(exchange, target)
                return outcome
            if not await attempt.finds_a_reason_to_repeat(failure_of(outcome)):
                return outcome
        return outcome

    async def _over_budget(self, exchange: Flow, profile: Profile) -> Failure | None:
        """The refusal, where the profile's budget is used up and stops; else it is said where it is nearly so."""
        state = await self.budgets.state(profile)
        if state is None or state.level == "ok":
            return None
        exchange.budget = state.fullest.text()
        if not state.stops:
            exchange.notices.append(f"budget of '{profile.name}': {exchange.budget}")
            return None
        return replace(own_failure(402, "billing_error", refusal(state)), cure_elsewhere=True)

    def _note_cost(self, exchange: Flow, target: Target) -> None:
        native = target.profile.endpoint.format.native
        if native and exchange.stated_cost is None and exchange.received.room > 0:
            exchange.stated_cost = stated_in(exchange.received.kept())
        price = self.prices.of(target.profile, target.model, exchange.answered)
        found = cost_of(exchange, price)
        if found is not None:
            exchange.cost, exchange.currency, exchange.cost_by = found

    def quirks(self, target: Target, host: str, conversation: Callable[[], str], lessons: Facts = NO_LESSONS) -> Quirks:
        """The endpoint's quirks for this model, all layers together. Raises UsageError for a nonsensical one.

        `lessons` are those of the running request, not yet known to help.
        """
        if lessons or self.learned.unsettled(host, target.model):
            facts = {**self.learned.for_endpoint(host, target.model, conversation()), **lessons}
            return quirks_from(*quirk_layers(target.profile, facts))
        slot = (target.profile.name, target.model)
        known = self._quirks.get(slot)
        if known is not None and known[0] is target.profile and known[1] == self.learned.generation:
            return known[2]
        quirks = quirks_from(*quirk_layers(target.profile, self.learned.for_endpoint(host, target.model)))
        if len(self._quirks) >= MOST_REMEMBERED:
            self._quirks.clear()
        self._quirks[slot] = (target.profile, self.learned.generation, quirks)
        return quirks

    def estimate(self, body: dict[str, Any], target: Target) -> int:
        """Prompt tokens of a request, where nobody can count them; as this endpoint's own counts have taught."""
        host = self.upstream.address(target.profile).host
        return round(estimate_tokens(body) * self.calibration.factor(f"{host} {target.model}"))

    def note_estimate(self, measured: str, translation: Translation, exchange: Flow) -> None:
        """Compares an estimate with what the endpoint counted, if it did."""
        exchange.estimated = "counted" not in translation.stated
        exchange.stated_cost = translation.stated.get("cost")
        counted = exchange.input_tokens + exchange.cache_read_tokens + exchange.cache_write_tokens
        if counted and counted != translation.input_estimate:
            self.calibration.observe(measured, translation.raw_estimate, counted)


def _told_status(failure: Failure, exchange: Flow) -> int:
    """What Claude Code knows how to fix itself (a full context, an image) stays what it is."""
    curable = failure.overflow is not None or failure.learned is not None
    translated = not format_of(wire_named(exchange.wire)).native
    hopeless = failure.status in (400, 422) and not curable and translated
    return status_for(failure.status, exchange.session, hopeless=hopeless)
