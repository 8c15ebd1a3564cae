"""The command palette: every verb of the place one is in, every place, and "Use <profile>"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from ccswitch_tui.tui import keys
from ccswitch_tui.tui.i18n import t

if TYPE_CHECKING:
    from ccswitch_tui.tui.app import CcswitchApp

Command = tuple[str, str, Callable[[], Any]]
"""Its name, what it does, and doing it."""

MOST_PROFILES = 12
"""Shown before anything is typed; typing finds the others."""


class Commands(Provider):
    """Finds commands by fuzzy name."""

    async def discover(self) -> Hits:
        for name, tip, run in verbs(self.screen):
            yield DiscoveryHit(name, run, help=tip)
        for name, tip, run in uses(cast("CcswitchApp", self.app), MOST_PROFILES):
            yield DiscoveryHit(name, run, help=tip)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, tip, run in [*verbs(self.screen), *uses(cast("CcswitchApp", self.app))]:
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=tip)


def verbs(screen: Any) -> Iterator[Command]:
    """What the keys of this place do, by name; the theme as well."""
    for key in keys.keys_of(getattr(screen, "PLACE", "")):
        if key.action == "palette":
            continue
        tip = f"{t(f'tip.{key.action}')}  ({keys.shown(key)})"
        yield t(f"key.{key.action}"), tip, partial(screen.action_do, key.action)
    yield t("command.theme"), t("settings.theme.tip"), screen.app.search_themes


def uses(app: CcswitchApp, most: int | None = None) -> Iterator[Command]:
    """ "Use <profile>" for every profile."""
    for row in app.session.now.rows[:most]:
        yield (
            t("command.use_profile", name=row.name),
            row.profile.endpoint.base_url,
            partial(app.use, row.name),
        )
