"""Which profile answers a tier: declared in a field of its own, never read out of a model's name. Pure.

Model ids hold colons (`qwen3:8b`), at signs (`@cf/meta/…`, `claude@20250514`)
and slashes, so no form of a name can safely mean another profile. Files of
version 1 wrote `PROFILE:MODEL`; they are read here for the last time.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccswitch_tui.profiles.model import ModelTiers, Profile
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def owner_of(profile: Profile, tier: str) -> str | None:
    """The other profile that answers this tier; None for the profile's own endpoint."""
    owner = profile.tier_profiles.get(tier)
    return owner if owner != profile.name else None


def own_models(profile: Profile) -> ModelTiers:
    """The tiers that the profile's own endpoint answers."""
    return ModelTiers(**{t: m for t, m in profile.models.named().items() if owner_of(profile, t) is None})


def as_asked(profile: Profile) -> ModelTiers:
    """What Claude Code is told to ask for, by tier: the model, or `MODEL @PROFILE` where another profile answers.

    The blank is what no model id has. Claude Code 2.1.330 passes such a name on unchanged.
    """
    names = dict(profile.models.named())
    for tier in profile.tier_profiles:
        owner = owner_of(profile, tier)
        if owner is not None:
            names[tier] = f"{names.get(tier, tier)} @{owner}"
    return ModelTiers(**names)


# ---------------------------------------------------------------- files of version 1


class Migration(NamedTuple):
    """The tables of a version-1 file in today's form."""

    tables: dict[str, Any]
    changed: tuple[str, ...] = ()
    """Names of the profiles whose tables differ now."""
    words: tuple[str, ...] = ()
    """One sentence for each tier whose old text could have meant another profile."""


def migrated(tables: Mapping[str, Any]) -> Migration:
    """Version 1 sent a tier `PROFILE:MODEL` to that profile. It still goes there when that profile names that very
    model, which nobody writes by accident; else the text is a model of the profile's own endpoint."""
    now, changed, words = dict(tables), [], []
    for name, table in tables.items():
        for tier, text in _models_of(table).items():
            owner, colon, model = text.partition(":") if isinstance(text, str) else ("", "", "")
            if not colon or not model or owner == name or owner not in tables:
                continue
            if model in _models_of(tables[owner]).values():
                now[name] = _sent_on(now[name], tier, owner, model)
                changed.append(name)
                words.append(_said_routed(name, tier, owner, model))
            else:
                words.append(_said_own(name, tier, text, owner, model))
    return Migration(now, tuple(dict.fromkeys(changed)), tuple(words))


def _models_of(table: Any) -> Mapping[str, Any]:
    models = table.get("models") if isinstance(table, Mapping) else None
    return models if isinstance(models, Mapping) else {}


def _sent_on(table: Mapping[str, Any], tier: str, owner: str, model: str) -> dict[str, Any]:
    return {
        **table,
        "models": {**_models_of(table), tier: model},
        "tier_profiles": {**table.get("tier_profiles", {}), tier: owner},
    }


def _said_routed(name: str, tier: str, owner: str, model: str) -> str:
    return say(
        "profile '{name}': the {tier} tier is answered by profile '{owner}' with '{model}', as the file's old form "
        "'{owner}:{model}' said; it is now tier_profiles.{tier}",
        name=name,
        tier=tier,
        owner=owner,
        model=model,
    )


def _said_own(name: str, tier: str, text: str, owner: str, model: str) -> str:
    return say(
        "profile '{name}': '{text}' is a model of its own endpoint; before this version it went to profile "
        "'{owner}'. If that was meant: 'ccswitch-tui edit {name} --set tier_profiles.{tier}={owner} "
        "--set models.{tier}={model}'; if not: 'ccswitch-tui edit {name} --set models.{tier}={text}'",
        name=name,
        tier=tier,
        text=text,
        owner=owner,
        model=model,
    )
