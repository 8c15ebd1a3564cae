"""Which endpoint and which model answer a request: path and asked model in, targets out. Pure.

A session names its profile in the path and a model in the body. The model may
be one of this profile, one of Claude's own ids (titles, sub-agents), or one of
the profile that was in use before a hot switch: each finds its tier here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccswitch_tui.profiles.model import TIERS, Profile

LONG_CONTEXT_SUFFIX = re.compile(r"\[[0-9]+[a-zA-Z]\]$")
"""`[1m]` tells the client how much context to count with; no endpoint knows it."""

OWN_IDS = re.compile(
    r"(?:^|[./:@])(?:claude|anthropic)\b|^(?:fable|opus|sonnet|haiku|opusplan|default)$", re.IGNORECASE
)
"""Ids and aliases of the client's own vendor, also behind a region or provider prefix."""

NAMED_TIER = re.compile(r"fable|opus|sonnet|haiku", re.IGNORECASE)


class Target(NamedTuple):
    """One endpoint to try: the profile it belongs to and the model to ask for."""

    profile: Profile
    model: str
    tier: str | None
    """The tier that decided, or None for a model picked by hand."""


class Routes:
    """The routes of one state of the profiles. Looked up once per profile and model, then remembered."""

    MOST_REMEMBERED = 512
    """A client that asks for ever new names shall not fill the memory."""

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self.profiles = profiles
        self._known: dict[tuple[str, str], Target] = {}
        self._elsewhere = _tiers_by_model(profiles)

    def target(self, profile: Profile, asked: str) -> Target:
        """The endpoint and model for `asked` in a session of `profile`."""
        key = (profile.name, asked)
        found = self._known.get(key)
        if found is None or found.profile is not self.profiles.get(found.profile.name, found.profile):
            found = self._decide(profile, asked)
            if len(self._known) < self.MOST_REMEMBERED:
                self._known[key] = found
        return found

    def fallbacks(self, profile: Profile, first: Target) -> Iterator[Target]:
        """Where else the same tier is answered, in the order the user declared; not the fallbacks of fallbacks."""
        tried = {(first.profile.name, first.model)}
        for name in profile.fallbacks:
            other = self.profiles.get(name)
            if other is None:
                continue
            tiers = other.models.named()
            model = tiers.get(first.tier or "default") or tiers.get("default") or first.model
            target = self._resolve(other, model, first.tier)
            if (target.profile.name, target.model) not in tried:
                tried.add((target.profile.name, target.model))
                yield target

    def _decide(self, profile: Profile, asked: str) -> Target:
        name = LONG_CONTEXT_SUFFIX.sub("", asked.strip())
        tiers = profile.models.named()
        for tier, model in tiers.items():
            if name == model or name == self._resolve(profile, model, tier).model:
                return self._resolve(profile, model, tier)
        meant = _tier_of_own_id(name) or self._elsewhere.get(name)
        if meant is None:
            return Target(profile, name, None)
        wanted = tiers.get(meant) or tiers.get("default")
        return self._resolve(profile, wanted, meant) if wanted else Target(profile, name, meant)

    def _resolve(self, profile: Profile, model: str, tier: str | None) -> Target:
        """`PROFILE:MODEL` goes to that profile when it exists; a colon alone (`qwen3:8b`) means nothing."""
        owner, colon, rest = model.partition(":")
        other = self.profiles.get(owner) if colon and rest else None
        return Target(other or profile, rest if other else model, tier)


def _tier_of_own_id(name: str) -> str | None:
    if not OWN_IDS.search(name):
        return None
    named = NAMED_TIER.search(name)
    return named[0].lower() if named else "default"


def _tiers_by_model(profiles: Mapping[str, Profile]) -> dict[str, str]:
    """Every configured model's tier; where profiles disagree the more general tier wins."""
    found: dict[str, str] = {}
    for tier in TIERS:
        for profile in profiles.values():
            configured = profile.models.named().get(tier)
            if not configured:
                continue
            owner, colon, rest = configured.partition(":")
            found.setdefault(rest if colon and owner in profiles and rest else configured, tier)
    return found
