"""A profile as a table of profiles.toml, and back: the one declaration of what that file may say.

Every complaint names the profile and the key. A table of checks, not msgspec or
dataclasses: `use` and `list` read profiles, and either of those would cost them
more than all the rest of their work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import (
    AUTH_STYLES,
    ROUTES,
    TIERS,
    Endpoint,
    ModelTiers,
    Prices,
    Profile,
    SecretRef,
    Timeouts,
    is_header_name,
    parse_secret_ref,
)
from ccswitch_tui.sentence import NOTHING, Sentence, joined, say
from ccswitch_tui.wire.formats import WIRES, wire_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from ccswitch_tui.profiles.budget import Budget
    from ccswitch_tui.profiles.search_source import SearchSource

Table: TypeAlias = "Mapping[str, Any]"
Check: TypeAlias = "Callable[[Any], bool]"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values())


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _is_tokens(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_auth(value: Any) -> bool:
    return value in AUTH_STYLES or (isinstance(value, str) and value.startswith("header:") and len(value) > 7)


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _is_http_url(value: Any) -> bool:
    """An address that every library takes apart alike; urllib is loaded for the odd ones only."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return False
    host = value.partition("://")[2]
    for mark in "/?#":
        host = host.partition(mark)[0]
    host = host.rpartition("@")[2]
    name, _, port = host.partition(":")
    if "[" not in host and "]" not in host:
        fits = not port or (port.isascii() and port.isdecimal() and int(port[:6]) < 65536)
        return bool(name) and fits and host.isprintable() and " " not in host
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(value)
        return parts.port is None or bool(parts.hostname)
    except ValueError:
        return False


Fields: TypeAlias = "Mapping[str, tuple[Check, str]]"

ENDPOINT_FIELDS: Fields = {
    "base_url": (_is_http_url, "an http:// or https:// address"),
    "wire": (lambda v: v in WIRES, wire_names()),
    "auth": (_is_auth, "'bearer', 'x-api-key', 'both', 'none' or 'header:NAME'"),
    "headers": (_is_text_map, "a table of strings"),
    "ca_file": (_is_text, "a path"),
    "client_cert": (_is_text, "a path"),
    "client_key": (_is_text, "a path"),
    "http_proxy": (_is_text, "an http:// address"),
    "timeouts": (lambda v: isinstance(v, Mapping), "a table of seconds"),
}
TIMEOUT_FIELDS: Fields = dict.fromkeys(Timeouts._fields, (_is_seconds, "a number of seconds"))
MODEL_FIELDS: Fields = dict.fromkeys(TIERS, (_is_text, "a model's name"))
TIER_PROFILE_FIELDS: Fields = dict.fromkeys(TIERS, (_is_text, "another profile's name"))
PRICE_FIELDS: Fields = {
    **dict.fromkeys(Prices._fields[:-1], (_is_price, "a price per million tokens")),
    "currency": (lambda v: isinstance(v, str) and 0 < len(v) <= 8 and v.isalpha(), "a currency such as 'USD'"),
}
PROFILE_FIELDS: Fields = {
    "endpoint": (lambda v: isinstance(v, Mapping), "a table"),
    "key": (_is_text, "a reference such as 'keyring:NAME'"),
    "keys": (_is_text_map, "a table of references"),
    "secret_headers": (_is_text_map, "a table of references by header"),
    "models": (lambda v: isinstance(v, Mapping), "a table of model names"),
    "tier_profiles": (lambda v: isinstance(v, Mapping), "a table of profile names by tier"),
    "quirks": (lambda v: isinstance(v, Mapping), "a table"),
    "prices": (
        lambda v: isinstance(v, Mapping) and all(isinstance(p, Mapping) for p in v.values()),
        "a table of prices by model",
    ),
    "route": (lambda v: v in ROUTES, "'proxy' or 'direct'"),
    "env": (_is_text_map, "a table of strings"),
    "context_window": (_is_tokens, "a number of tokens"),
    "max_output": (_is_tokens, "a number of tokens"),
    "fallbacks": (_is_text_list, "a list of profile names"),
    "preset": (_is_text, "a preset's id"),
    "tags": (_is_text_list, "a list of strings"),
    "note": (_is_text, "a string"),
    "key_host": (_is_text, "a host name"),
    "budget": (lambda v: isinstance(v, Mapping), "a table of limits"),
    "search": (
        lambda v: isinstance(v, str | Mapping),
        "a search source such as 'searxng:http://127.0.0.1:8888' or 'off'",
    ),
}


class ProfileFileError(UsageError):
    """profiles.toml says something that cannot be meant; names profile and key."""

    kind = "profile-file"

    def __init__(self, message: Sentence, *, hint: Sentence = NOTHING, key: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.key = key
        """Path of the key inside the profile's table, so that the reader of the file can name the line."""


def _of(name: str) -> str:
    """Whose mistake it is. Put together where there is one: a thousand profiles without any are read at every start."""
    return say("profile '{name}'", name=name)


def _checked(table: Table, fields: Fields, owner: str, *path: str) -> Table:
    for key, value in table.items():
        if key not in fields:
            raise ProfileFileError(
                say("{where}: unknown key '{key}'", where=joined((_of(owner), *path), ", "), key=key),
                hint=_known_keys_hint(key, fields),
                key=(*path, key),
            )
        check, wanted = fields[key]
        if not check(value):
            place = joined((_of(owner), *path), ", ")
            raise ProfileFileError(
                say("{where}: '{key}' should be {wanted}", where=place, key=key, wanted=say(wanted)), key=(*path, key)
            )
    return table


def _known_keys_hint(key: str, fields: Fields) -> Sentence:
    import difflib

    near = difflib.get_close_matches(key, fields, n=1)
    if near:
        return say("did you mean '{name}'?", name=near[0])
    return say("known here: {names}", names=", ".join(sorted(fields)))


def _reference(text: str, owner: str, *path: str) -> SecretRef:
    try:
        return parse_secret_ref(text)
    except UsageError as error:
        raise ProfileFileError(
            say("{where}: {message}", where=_of(owner), message=error.message), hint=error.hint, key=path
        ) from None


def _header_name(name: str, owner: str) -> str:
    if not is_header_name(name):
        raise ProfileFileError(
            say("{where}: '{name}' cannot be the name of a header", where=_of(owner), name=name),
            key=("secret_headers", name),
        )
    return name


def _search(value: Any, owner: str) -> SearchSource:
    from ccswitch_tui.profiles.search_source import parse_search

    try:
        return parse_search(value)
    except UsageError as error:
        raise ProfileFileError(
            say("{where}: {message}", where=_of(owner), message=error.message), hint=error.hint, key=("search",)
        ) from None


def _budget(value: Any, owner: str) -> Budget:
    from ccswitch_tui.profiles.budget import parse_budget

    try:
        return parse_budget(value)
    except UsageError as error:
        raise ProfileFileError(
            say("{where}: {message}", where=_of(owner), message=error.message), hint=error.hint, key=("budget",)
        ) from None


def _endpoint(spot: Table, owner: str) -> Endpoint:
    if "timeouts" not in spot:
        return Endpoint(**spot)
    seconds = _checked(spot["timeouts"], TIMEOUT_FIELDS, owner, "endpoint", "timeouts")
    return Endpoint(**{**spot, "timeouts": Timeouts(**seconds)})


def _keys(value: Table, owner: str) -> dict[str, SecretRef]:
    return {label: _reference(ref, owner, "keys", label) for label, ref in value.items()}


def _secret_headers(value: Table, owner: str) -> dict[str, SecretRef]:
    return {
        _header_name(header, owner): _reference(ref, owner, "secret_headers", header) for header, ref in value.items()
    }


def _prices(value: Table, owner: str) -> dict[str, Prices]:
    return {model: Prices(**_checked(row, PRICE_FIELDS, owner, "prices", model)) for model, row in value.items()}


MADE_OF: Mapping[str, Callable[[Any, str], Any]] = {
    "key": lambda value, owner: _reference(value, owner, "key"),
    "keys": _keys,
    "secret_headers": _secret_headers,
    "models": lambda value, owner: ModelTiers(**_checked(value, MODEL_FIELDS, owner, "models")),
    "tier_profiles": lambda value, owner: _checked(value, TIER_PROFILE_FIELDS, owner, "tier_profiles"),
    "fallbacks": lambda value, owner: tuple(value),
    "tags": lambda value, owner: tuple(value),
    "prices": _prices,
    "search": _search,
    "budget": _budget,
}
"""What becomes of a key's value; the others are taken as they are. Of what a table leaves out nothing is made: a
thousand profiles are read at every start, and most say five things."""

CALLED = {"env": "extra_env"}
"""Keys that the Profile has under another name."""


def profile_from_table(name: str, table: Any) -> Profile:
    """One `[profiles.NAME]` table as a Profile. Raises ProfileFileError naming the profile and the key."""
    if not isinstance(table, Mapping):
        raise ProfileFileError(say("{where} should be a table", where=_of(name)))
    _checked(table, PROFILE_FIELDS, name)
    spot = _checked(table.get("endpoint", {}), ENDPOINT_FIELDS, name, "endpoint")
    if "base_url" not in spot:
        raise ProfileFileError(say("{where}: endpoint.base_url is missing", where=_of(name)), key=("endpoint",))
    told: dict[str, Any] = {"name": name}
    for key, value in table.items():
        made = MADE_OF.get(key)
        told[CALLED.get(key) or key] = made(value, name) if made else value
    told["endpoint"] = _endpoint(spot, name)
    return Profile(**told)


def _without_defaults(record: Any) -> dict[str, Any]:
    defaults = record._field_defaults
    return {k: v for k, v in record._asdict().items() if k not in defaults or v != defaults[k]}


def profile_to_table(profile: Profile) -> dict[str, Any]:
    """A Profile as the table that profiles.toml would hold: what is at its default is left out."""
    table = _without_defaults(profile)
    del table["name"]
    endpoint = _without_defaults(profile.endpoint)
    if "timeouts" in endpoint:
        endpoint["timeouts"] = _without_defaults(profile.endpoint.timeouts)
    table["endpoint"] = endpoint
    if "key" in table:
        table["key"] = str(profile.key)
    if "keys" in table:
        table["keys"] = {label: str(ref) for label, ref in profile.keys.items()}
    if "secret_headers" in table:
        table["secret_headers"] = {header: str(ref) for header, ref in profile.secret_headers.items()}
    if "models" in table:
        table["models"] = profile.models.named()
    if "prices" in table:
        table["prices"] = {model: _without_defaults(prices) for model, prices in profile.prices.items()}
    if profile.search is not None:
        from ccswitch_tui.profiles.search_source import search_to_table

        written = search_to_table(profile.search)
        table["search"] = written["source"] if len(written) == 1 else written
    if profile.budget is not None:
        from ccswitch_tui.profiles.budget import budget_to_table

        table["budget"] = budget_to_table(profile.budget)
    if "extra_env" in table:
        table["env"] = table.pop("extra_env")
    for key in ("fallbacks", "tags"):
        if key in table:
            table[key] = list(table[key])
    order = list(PROFILE_FIELDS)
    return dict(sorted(table.items(), key=lambda item: (isinstance(item[1], dict), order.index(item[0]))))
