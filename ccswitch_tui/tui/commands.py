"""The command palette: what the place one is in can do, every command of the command line, and "use <profile>"."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from ccswitch_tui.tui import keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.verbs import VERBS, Verb

if TYPE_CHECKING:
    from ccswitch_tui.tui.host import Host

Command = tuple[str, str, Callable[[], Any]]
"""Its name, what it does, and doing it."""

MOST_PROFILES = 12
"""Shown before anything is typed; typing finds the others."""


class Commands(Provider):
    """Finds commands by fuzzy name."""

    async def discover(self) -> Hits:
        for name, tip, run in verbs(self.screen):
            yield DiscoveryHit(name, run, help=tip)
        for name, tip, run in uses(cast("Host", self.app), MOST_PROFILES):
            yield DiscoveryHit(name, run, help=tip)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, tip, run in [*verbs(self.screen), *uses(cast("Host", self.app))]:
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=tip)


def verbs(screen: Any) -> Iterator[Command]:
    """What the keys of this place do, by name; then every command of the command line; the theme as well."""
    app = cast("Host", screen.app)
    place = getattr(screen, "PLACE", "")
    for key in keys.keys_of(place):
        if key.action == "palette":
            continue
        tip = f"{t(f'tip.{key.action}')}  ({keys.shown(key)})"
        yield t(f"key.{key.action}"), tip, partial(screen.action_do, key.action)
    here = {key.action for key in keys.keys_of(place)} if place == "home" else set()
    for verb in VERBS:
        if verb.action not in here:
            yield named(verb.word), t(f"verb.{verb.word}.tip"), partial(do_verb, app, verb)
    yield t("command.theme"), t("settings.theme.tip"), app.search_themes


def named(word: str) -> str:
    """A command's name in the language of the app; the word itself stays findable in every language."""
    name = t(f"verb.{word}")
    return name if word in name else f"{name} {word}"


def do_verb(app: Host, verb: Verb) -> None:
    """Does it on the first screen, or copies the command that does it in a shell."""
    if verb.action:
        app.at_home(lambda home: home.action_do(verb.action))
        return
    row = app.session.now.rows[0] if app.session.now.rows else None
    name = app.chosen or (row.name if row else "NAME")
    command = verb.command.format(name=shlex.quote(name))
    app.copy(command, t("copied.command", command=command.strip()))


def uses(app: Host, most: int | None = None) -> Iterator[Command]:
    """ "Use <profile>" for every profile."""
    for row in app.session.now.rows[:most]:
        yield (
            t("command.use_profile", name=row.name),
            row.profile.endpoint.base_url,
            partial(app.use, row.name),
        )
