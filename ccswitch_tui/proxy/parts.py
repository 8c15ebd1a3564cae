"""What an attempt and a search use of the relay they belong to: the proxy's long-lived parts, and three of its acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ccswitch_tui.http11.message import Reply
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.proxy.books.flow import Flow
    from ccswitch_tui.proxy.books.learned import Facts, LearnedQuirks
    from ccswitch_tui.proxy.books.traffic import Traffic
    from ccswitch_tui.proxy.call import ClientCall
    from ccswitch_tui.proxy.client.upstream import Upstream
    from ccswitch_tui.proxy.pump import Background, Pump
    from ccswitch_tui.proxy.routing import Target
    from ccswitch_tui.proxy.sources import KeyCache, Profiles
    from ccswitch_tui.proxy.thinking import ForeignThinking
    from ccswitch_tui.translate.memory import Memory
    from ccswitch_tui.translate.request import Translation
    from ccswitch_tui.translate.tokens import Calibration
    from ccswitch_tui.wire.quirks import Quirks


class Parts(Protocol):
    """The relay, as those below it see it."""

    profiles: Profiles
    keys: KeyCache
    upstream: Upstream
    learned: LearnedQuirks
    traffic: Traffic
    background: Background
    pump: Pump
    calibration: Calibration
    memory: Memory
    foreign: ForeignThinking
    broken_streams: dict[str, int]

    async def answered(self, call: ClientCall, profile: Profile, asked: str) -> Reply:
        """The endpoint's answer, or that of one the user named for the case that it cannot."""

    def quirks(self, target: Target, host: str, conversation: Callable[[], str], lessons: Facts = ...) -> Quirks:
        """The endpoint's quirks for this model, all layers together. Raises UsageError for a nonsensical one.

        `lessons` are those of the running request, not yet known to help.
        """

    def note_estimate(self, measured: str, translation: Translation, exchange: Flow) -> None:
        """Compares an estimate with what the endpoint counted, if it did."""
