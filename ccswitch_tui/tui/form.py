"""The edit form's fields as data, and what was changed in them as `edit --set` would take it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import AUTH_STYLES, ROUTES, TIERS, Profile
from ccswitch_tui.profiles.table import TIMEOUT_FIELDS, profile_to_table
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import WIRES
from ccswitch_tui.wire.quirks import QUIRKS, TRUTH, Quirk

TABLES = ("endpoint.headers", "env", "prices", "secret_headers", "tier_profiles")
"""Tables whose names the user chooses: one `NAME=value` a line."""


class Field(NamedTuple):
    """One line of the form."""

    key: str
    """The dotted key of the profile."""
    group: str
    """Id of the heading it stands under."""
    choices: tuple[str, ...] = ()
    """Allowed values, where there are only a few."""

    @property
    def widget_id(self) -> str:
        return "field-" + self.key.replace(".", "-").replace("_", "-")

    @property
    def quirk(self) -> Quirk | None:
        """The documented row, for a quirk."""
        table, _, name = self.key.partition(".")
        return QUIRKS.get(name) if table == "quirks" else None


def _quirk_field(name: str, quirk: Quirk) -> Field:
    words = quirk.allowed if isinstance(quirk.allowed, tuple) else ("true", "false") if quirk.allowed is TRUTH else ()
    return Field(f"quirks.{name}", "quirks", ("", *words) if words else ())


FIELDS: tuple[Field, ...] = (
    Field("endpoint.base_url", "endpoint"),
    Field("endpoint.wire", "endpoint", ("", *WIRES)),
    Field("endpoint.auth", "endpoint", (*AUTH_STYLES, "header:api-key")),
    Field("route", "endpoint", ROUTES),
    *(Field(f"models.{tier}", "models") for tier in TIERS),
    Field("tier_profiles", "models"),
    Field("context_window", "models"),
    Field("max_output", "models"),
    Field("fallbacks", "models"),
    Field("prices", "cost"),
    Field("budget.day", "cost"),
    Field("budget.month", "cost"),
    Field("budget.warn", "cost"),
    Field("budget.stop", "cost", ("", "true", "false")),
    Field("key", "key"),
    Field("secret_headers", "key"),
    Field("endpoint.http_proxy", "network"),
    Field("endpoint.ca_file", "network"),
    Field("endpoint.client_cert", "network"),
    Field("endpoint.client_key", "network"),
    *(Field(f"endpoint.timeouts.{name}", "network") for name in TIMEOUT_FIELDS),
    Field("endpoint.headers", "extras"),
    Field("env", "extras"),
    Field("tags", "extras"),
    Field("note", "extras"),
    *(_quirk_field(name, quirk) for name, quirk in QUIRKS.items()),
)
"""What the form shows, in order. The few things besides are reached with $EDITOR."""

DEFAULTS = {"endpoint.auth": "bearer", "route": "proxy", "key": "none"}
"""What an absent key means."""


def values_of(profile: Profile) -> dict[str, str]:
    """Every field's text for this profile."""
    table = profile_to_table(profile)
    return {field.key: _text(field, _at(table, field.key), DEFAULTS.get(field.key, "")) for field in FIELDS}


def _at(table: Mapping[str, object], dotted: str) -> object:
    spot: object = table
    for part in dotted.split("."):
        spot = spot.get(part) if isinstance(spot, Mapping) else None
    return spot


def _text(field: Field, value: object, absent: str) -> str:
    if value is None:
        return absent
    if field.key in TABLES and isinstance(value, Mapping):
        return "\n".join(f"{name}={entry}" for name, entry in _flat(value))
    if field.quirk and isinstance(value, Mapping) and "value" in value:
        value = value["value"]  # as a probe keeps it, with where it is from
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _flat(table: Mapping[str, object]) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, value in table.items():
        rows += [(f"{name}.{inner}", v) for inner, v in _flat(value)] if isinstance(value, Mapping) else [(name, value)]
    return rows


class Changes(NamedTuple):
    """What differs from the profile as it was opened."""

    assign: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    reference: str | None = None
    """Another reference to a key."""
    header: str = ""
    """The secret header whose value is in the field for one: it is written there without a place."""

    def __bool__(self) -> bool:
        return bool(self.assign or self.unset or self.reference is not None or self.header)


def differing(opened: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The fields whose text was changed, with the text."""
    return {key: text.strip() for key, text in now.items() if text.strip() != opened[key].strip()}


def changes(opened: Mapping[str, str], now: Mapping[str, str]) -> Changes:
    """The difference between two sets of texts. Raises UsageError for a line that says nothing, or holds a key."""
    changed = differing(opened, now)
    reference = changed.pop("key", None)
    header = ""
    assign: list[str] = []
    unset: list[str] = []
    for key, text in changed.items():
        if redact(text) != text:
            raise UsageError(
                say("'{key}' would hold a key in plain text", key=key), hint=say("a key belongs in the field for it")
            )
        if key in TABLES:
            before, after = entries(key, opened[key]), entries(key, text)
            if key == "secret_headers":
                header = _without_place(after)
            assign += [f"{key}.{name}={value}" for name, value in after.items() if before.get(name) != value]
            unset += [f"{key}.{name}" for name in before if name not in after]
        elif text:
            assign.append(f"{key}={text}")
        else:
            unset.append(key)
    return Changes(tuple(assign), tuple(unset), reference, header)


def _without_place(headers: dict[str, str]) -> str:
    """The one header that names no place, taken out: its value is in the field for it. "" when there is none."""
    names = [name for name, place in headers.items() if not place]
    if len(names) > 1:
        raise UsageError(
            say("{names}: only one header can have its value in the field below", names=", ".join(names)),
            hint=say("save one, then the next; or name a place: NAME=env:VARIABLE"),
        )
    for name in names:
        del headers[name]
    return names[0] if names else ""


def values_for(header: str, there: list[str], secret: Secret | None) -> dict[str, Secret]:
    """The value typed for a secret header, by header: the one without a place, or the only one there is."""
    if secret is None and not header:
        return {}
    if secret is None:
        raise UsageError(
            say("the header {header} has no value", header=header),
            hint=say("type it into the field below, or name its place: {header}=env:VARIABLE", header=header),
        )
    if not header and len(there) != 1:
        raise UsageError(
            say("it is not clear which header this value is for"),
            hint=say("write the header's name alone on a line of its own, without a place"),
        )
    return {header or there[0]: secret}


def entries(key: str, text: str) -> dict[str, str]:
    """The lines of a table's field; a header may be written with a colon, as everywhere else."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        if key == "endpoint.headers" and ":" in name:
            name, sign, value = line.partition(":")
        if key == "secret_headers" and not sign and not value:
            sign = "="
        if not sign or not name.strip():
            raise UsageError(
                say("'{line}' has no value", line=redact(line)), hint=say("one NAME=value a line, in {key}", key=key)
            )
        found[name.strip()] = value.strip()
    return found


def rebased(opened: Mapping[str, str], now: Mapping[str, str], fresh: Mapping[str, str]) -> dict[str, str]:
    """The form after the file changed below it: what the user changed stays, everything else is as on disk."""
    return {key: now[key] if now[key] != opened[key] else fresh[key] for key in fresh}


def contested(opened: Mapping[str, str], now: Mapping[str, str], fresh: Mapping[str, str]) -> list[str]:
    """The fields that were changed here and on disk, to different texts."""
    mine, theirs = differing(opened, now), differing(opened, fresh)
    return [key for key in fresh if key in mine and key in theirs and mine[key] != theirs[key]]
