"""The books and the keys of a worker: what is written into them is told to the process that keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.profiles.budget import BudgetState
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.proxy.apart.handed import Handed, booked
from ccswitch_tui.proxy.apart.lane import ASKED, BEGAN, FIRST_BYTE, LEARNED
from ccswitch_tui.proxy.books.budgets import Budgets
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.books.learned import LearnedQuirks
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.sources import NOTHING, KeyCache
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import quoting


class Teller(Protocol):
    """The request that the running task answers."""

    handed: Handed | None
    flow: Flow | None

    async def ask(self, kind: bytes, value: Any) -> Any:
        """What the other process answers."""

    def tell(self, kind: bytes, value: Any) -> None:
        """Tells the other process."""


ERRAND: ContextVar[Teller] = ContextVar("ERRAND")


class ToldTraffic(Traffic):
    """Keeps nothing: every step of a flow is told."""

    def __init__(self) -> None:
        super().__init__()
        self._tellers: dict[int, Teller] = {}
        """By flow: the watch over silent answers runs in nobody's task."""

    def begin(self, *, at: float, started: float, profile: str, kind: str = "messages") -> Flow:
        errand = ERRAND.get()
        handed = errand.handed
        assert handed is not None
        flow = Flow(handed.number, at=handed.at, started=handed.started, profile=profile, kind=kind)
        errand.flow, self._tellers[flow.id] = flow, errand
        return flow

    def routed(self, exchange: Flow) -> None:
        self._tellers[exchange.id].tell(BEGAN, (booked(exchange), exchange.kind))

    def first_byte(self, exchange: Flow, now: float) -> None:
        exchange.first_byte_ms = (now - exchange.started) * 1000
        self._tellers[exchange.id].tell(FIRST_BYTE, now)

    def end(self, exchange: Flow, now: float) -> None:
        self._tellers.pop(exchange.id)


class AskedKeys(KeyCache):
    """Holds no key: each is asked for when it is needed."""

    def __init__(self) -> None:
        super().__init__(_nothing)

    async def get(self, profile: Profile) -> Secret | None:
        if profile.key.kind == "none" or profile.endpoint.auth == "none":
            return None
        return _read(await ERRAND.get().ask(ASKED, ("get", profile, None)))

    async def changed(self, profile: Profile, refused: Secret | None, headers: Mapping[str, Secret] = NOTHING) -> bool:
        given = refused.reveal() if refused is not None else None
        told = {header: secret.reveal() for header, secret in headers.items()}
        return bool(await ERRAND.get().ask(ASKED, ("changed", profile, (given, told))))


def _nothing(profile: Profile) -> Secret | None:
    raise AssertionError("a worker reads no key store")


def _read(answer: tuple[str, ...]) -> Secret | None:
    """Raises KeyStoreError for what the other process could not give."""
    if answer[0] == "key":
        return Secret(answer[1]) if answer[1] is not None else None
    raise KeyStoreError(quoting(answer[1]), hint=quoting(answer[2]), kind=answer[3])


class ToldLessons(LearnedQuirks):
    """What refusals teach is known here at once, and told."""

    def learn(self, *args: Any, **kwargs: Any) -> None:
        super().learn(*args, **kwargs)
        ERRAND.get().tell(LEARNED, ("learn", args, kwargs))

    def disprove(self, host: str, model: str, quirk: str) -> bool:
        known = super().disprove(host, model, quirk)
        if known:
            ERRAND.get().tell(LEARNED, ("disprove", (host, model, quirk), {}))
        return known


class ToldBudgets(Budgets):
    """The budgets as the process that keeps the books knew them when it handed a request over."""

    def __init__(self) -> None:
        super().__init__(Traffic())
        self.told: Mapping[str, BudgetState] = {}

    async def state(self, profile: Profile) -> BudgetState | None:
        return self.told.get(profile.name) if profile.budget is not None else None
