"""The edit form's fields as data, and what was changed in them as `edit --set` would take it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ccswitch_tui.profiles.model import AUTH_STYLES, ROUTES, TIERS, WIRES, Profile, profile_to_table


class Field(NamedTuple):
    """One line of the form."""

    key: str
    """The dotted key of the profile."""
    choices: tuple[str, ...] = ()
    """Allowed values, where there are only a few."""

    @property
    def widget_id(self) -> str:
        return "field-" + self.key.replace(".", "-").replace("_", "-")


FIELDS: tuple[Field, ...] = (
    Field("endpoint.base_url"),
    Field("endpoint.wire", ("", *WIRES)),
    Field("endpoint.auth", AUTH_STYLES),
    Field("route", ROUTES),
    *(Field(f"models.{tier}") for tier in TIERS),
    Field("context_window"),
    Field("max_output"),
    Field("fallbacks"),
    Field("endpoint.http_proxy"),
    Field("endpoint.ca_file"),
    Field("tags"),
    Field("note"),
    Field("key"),
)
"""What the form shows. Everything else of a profile is reached with $EDITOR."""

DEFAULTS = {"endpoint.auth": "bearer", "route": "proxy", "key": "none"}
"""What an absent key means."""


def values_of(profile: Profile) -> dict[str, str]:
    """Every field's text for this profile."""
    table = profile_to_table(profile)
    return {field.key: _text(_at(table, field.key), DEFAULTS.get(field.key, "")) for field in FIELDS}


def _at(table: Mapping[str, object], dotted: str) -> object:
    spot: object = table
    for part in dotted.split("."):
        spot = spot.get(part) if isinstance(spot, Mapping) else None
    return spot


def _text(value: object, absent: str) -> str:
    if value is None:
        return absent
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class Changes(NamedTuple):
    """What differs from the profile as it was opened."""

    assign: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    reference: str | None = None
    """Another reference to a key."""

    def __bool__(self) -> bool:
        return bool(self.assign or self.unset or self.reference is not None)


def changes(opened: Mapping[str, str], now: Mapping[str, str]) -> Changes:
    """The difference between two sets of texts."""
    differing = {key: text.strip() for key, text in now.items() if text.strip() != opened[key].strip()}
    reference = differing.pop("key", None)
    assign = tuple(f"{key}={text}" for key, text in differing.items() if text)
    unset = tuple(key for key, text in differing.items() if not text)
    return Changes(assign, unset, reference)


def rebased(opened: Mapping[str, str], now: Mapping[str, str], fresh: Mapping[str, str]) -> dict[str, str]:
    """The form after the file changed below it: what the user changed stays, everything else is as on disk."""
    return {key: now[key] if now[key] != opened[key] else fresh[key] for key in fresh}
