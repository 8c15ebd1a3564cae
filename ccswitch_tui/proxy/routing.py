"""Which endpoint and which model answer a request: path and asked model in, targets out. Pure.

A session names its profile in the path and a model in the body. The model may
be one of this profile, one of Claude's own ids (titles, sub-agents), or one of
the profile that was in use before a hot switch: each finds its tier here. A
tier goes to another profile only where `tier_profiles` declares it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import TIERS, Profile
from ccswitch_tui.profiles.tiers import as_asked, own_models, owner_of
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

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
        """The endpoint and model for `asked` in a session of `profile`.

        Raises UsageError when the tier is declared to be another profile's, and that is not there.
        """
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
            tiers = own_models(other).named()
            model = tiers.get(first.tier or "default") or tiers.get("default") or first.model
            target = Target(other, model, first.tier)
            if (target.profile.name, target.model) not in tried:
                tried.add((target.profile.name, target.model))
                yield target

    def _decide(self, profile: Profile, asked: str) -> Target:
        name = LONG_CONTEXT_SUFFIX.sub("", asked.strip())
        tiers = as_asked(profile).named()
        for tier, known in tiers.items():
            if name == known:
                return self._of_tier(profile, tier)
        meant = _tier_of_own_id(name) or self._elsewhere.get(name)
        if meant is None:
            return Target(profile, name, None)
        wanted = meant if meant in tiers else "default"
        if wanted not in tiers:
            return Target(profile, name, meant)
        return self._of_tier(profile, wanted)._replace(tier=meant)

    def _of_tier(self, profile: Profile, tier: str) -> Target:
        """Where a declared tier is answered: here, or by the profile that `tier_profiles` names, and nowhere else."""
        model = profile.models.named().get(tier)
        owner = owner_of(profile, tier)
        if owner is None:
            return Target(profile, model or "", tier)
        other = self.profiles.get(owner)
        if other is None:
            raise UsageError(
                say(
                    "the {tier} tier of '{name}' is answered by profile '{owner}', which does not exist",
                    tier=tier,
                    name=profile.name,
                    owner=owner,
                ),
                hint=say(
                    "ccswitch-tui edit {name} --unset tier_profiles.{tier} --set models.{tier}=MODEL",
                    name=profile.name,
                    tier=tier,
                ),
            )
        theirs = own_models(other).named()
        model = model or theirs.get(tier) or theirs.get("default")
        if model is None:
            raise UsageError(
                say("profile '{owner}' names no model for the {tier} tier of '{name}'", owner=owner, tier=tier,
                    name=profile.name),
                hint=say("ccswitch-tui edit {name} --set models.{tier}=MODEL", name=profile.name, tier=tier),
            )  # fmt: skip
        return Target(other, model, tier)


def _tier_of_own_id(name: str) -> str | None:
    if not OWN_IDS.search(name):
        return None
    named = NAMED_TIER.search(name)
    return named[0].lower() if named else "default"


def _tiers_by_model(profiles: Mapping[str, Profile]) -> dict[str, str]:
    """Every configured model's tier; where profiles disagree the more general tier wins.

    Also by the names that settings written by version 1 hold, for sessions that still run on those.
    """
    found: dict[str, str] = {}
    for tier in TIERS:
        for profile in profiles.values():
            configured = profile.models.named().get(tier)
            owner = owner_of(profile, tier)
            for name in (configured, as_asked(profile).named().get(tier), f"{owner}:{configured}" if owner else None):
                if name:
                    found.setdefault(name, tier)
    return found
