"""A profile: an endpoint, the models behind it, and a reference to a key.

Plain data, frozen; `profile_from_table` and `profile_to_table` are the one
declaration of what profiles.toml may say. NamedTuples and a table of checks,
not msgspec or dataclasses: `use` and `list` read profiles, and either of those
would cost them more than all the rest of their work (measured in tests/bench).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import NOTHING, Sentence, joined, say
from ccswitch_tui.wire.formats import WIRES, Wire, WireFormat, format_of, wire_names
from ccswitch_tui.wire.later import later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from ccswitch_tui.profiles.budget import Budget
    from ccswitch_tui.profiles.search_source import SearchSource

Route: TypeAlias = "Literal['proxy', 'direct']"
Table: TypeAlias = "Mapping[str, Any]"

ROUTES = ("proxy", "direct")
AUTH_STYLES = ("bearer", "x-api-key", "both", "none")
"""Besides these, `header:NAME` sends the bare key in a header of that name (Azure's `api-key`)."""

TIERS = ("default", "fable", "opus", "sonnet", "haiku", "subagent")
RESERVED_NAMES = ("official", "-")
"""`use official` takes our keys out; `use -` goes back. Neither can be a profile's name."""

_NAME = re.compile(r"[^\W_][\w.-]{0,63}")


class Timeouts(NamedTuple):
    """Patience with an endpoint, in seconds."""

    connect_s: float = 10.0
    first_byte_s: float = 600.0
    """Until the answer's headers: a local model reading a 100 kB prompt on a CPU takes minutes."""
    idle_s: float = 600.0
    """Between two reads of a running answer."""


class Endpoint(NamedTuple):
    """Where the model is and how it wants to be spoken to.

    `base_url` is what the SDK of that wire would be given: with `/v1` (or the
    vendor's own version segment) for openai-chat, without for anthropic: see
    `WireFormat.fitted`.
    `wire` is None until a probe or the user has said which it is.
    """

    base_url: str
    wire: Wire | None = None
    auth: str = "bearer"
    headers: Mapping[str, str] = {}
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    http_proxy: str | None = None
    timeouts: Timeouts = Timeouts()

    @property
    def format(self) -> WireFormat:
        """The row of its wire."""
        return format_of(self.wire)


class SecretRef(NamedTuple):
    """Where a key is: `keyring:NAME`, `env:NAME`, `command:…` or `none`. The only form of a key that reaches a file."""

    kind: str
    name: str = ""
    scheme: str = ""
    """What a named header has before the key, where the place holds the key alone: `Bearer env:NAME`."""

    def __str__(self) -> str:
        scheme = f"{self.scheme} " if self.scheme else ""
        return f"{scheme}{self.kind}:{self.name}" if self.kind != "none" else "none"


class ModelTiers(NamedTuple):
    """Model names as the endpoint wants them, by the tier Claude Code asks for.

    A name is a name, whatever it holds: which profile answers a tier is `Profile.tier_profiles`
    alone. An absent tier is answered by `default`.
    """

    default: str | None = None
    fable: str | None = None
    opus: str | None = None
    sonnet: str | None = None
    haiku: str | None = None
    subagent: str | None = None

    def named(self) -> dict[str, str]:
        """The tiers that are set, in order."""
        return {tier: model for tier, model in zip(self._fields, self, strict=True) if model}


class Prices(NamedTuple):
    """What a model costs per million tokens, as the user says. A kind of token without a price makes a cost unknown."""

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    currency: str = "USD"


class Profile(NamedTuple):
    """One endpoint with its models and a reference to its key."""

    name: str
    endpoint: Endpoint
    key: SecretRef = SecretRef("none")
    keys: Mapping[str, SecretRef] = {}
    """Further keys by label; `key` is the active one."""
    secret_headers: Mapping[str, SecretRef] = {}
    """Headers with a secret of their own beside the key (`cf-aig-authorization`), bound to the host as the key is."""
    models: ModelTiers = ModelTiers()
    tier_profiles: Mapping[str, str] = {}
    """Tier to the name of another profile, whose endpoint answers it through the proxy, with the model of `models`
    or, where that names none, its own."""
    quirks: Mapping[str, Any] = {}
    """Raw values or `{value, from, at, because}` tables; wire.quirks gives them meaning."""
    route: Route = "proxy"
    extra_env: Mapping[str, str] = {}
    """Further variables for Claude Code, written with ours and taken out with them."""
    context_window: int | None = None
    """Tokens, the prompt and the answer together."""
    max_output: int | None = None
    """Tokens of one answer at most."""
    fallbacks: tuple[str, ...] = ()
    """Names of profiles tried in this order before the first byte, for causes another endpoint can cure."""
    preset: str | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    prices: Mapping[str, Prices] = {}
    """By the model's name at the endpoint."""
    key_host: str | None = None
    """The host the key was given for; it is sent nowhere else."""
    search: SearchSource | None = None
    """Where this profile's web searches go; None: where `[search]` says."""
    budget: Budget | None = None
    """What it may use in a day or a month; None: as much as is asked for."""

    @property
    def secrets(self) -> list[SecretRef]:
        """Every reference to a secret it has, each once."""
        every = (self.key, *self.keys.values(), *self.secret_headers.values())
        return list(dict.fromkeys(ref for ref in every if ref.kind != "none"))

    @property
    def sends_secrets(self) -> bool:
        """Whether a request to its endpoint carries any."""
        return self.key.kind != "none" or bool(self.secret_headers)

    def by_header(self) -> dict[str, Profile]:
        """By secret header: the profile as though that header were the way its only key is sent.

        Whatever finds, checks or keeps a key does the same for such a header.
        """
        return {
            name: self._replace(key=ref, secret_headers={}, endpoint=self.endpoint._replace(auth=f"header:{name}"))
            for name, ref in self.secret_headers.items()
        }


class ProfileFileError(UsageError):
    """profiles.toml says something that cannot be meant; names profile and key."""

    kind = "profile-file"

    def __init__(self, message: Sentence, *, hint: Sentence = NOTHING, key: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.key = key
        """Path of the key inside the profile's table, so that the reader of the file can name the line."""


def check_name(name: str) -> str:
    """`name` if it can name a profile; raises UsageError otherwise."""
    if name in RESERVED_NAMES:
        raise UsageError(
            say("'{name}' cannot be a profile's name: it has a meaning of its own", name=name),
            hint=say("choose another name"),
        )
    if not _NAME.fullmatch(name):
        raise UsageError(
            say("'{name}' cannot be a profile's name", name=name),
            hint=say("letters, digits, '.', '_' and '-', beginning with a letter or digit, 64 at most"),
        )
    if len(name) >= 12 and _looks_like_key(name):
        raise UsageError(
            say("this name looks like a key, and names are kept and shown in plain text"),
            hint=say(
                "choose another name; give the key with --key-stdin, and if it was a real one, "
                "replace it with a new one"
            ),
        )
    return name


def _looks_like_key(name: str) -> bool:
    from ccswitch_tui.secret import redact

    return redact(name) != name


def parse_secret_ref(text: str) -> SecretRef:
    """`keyring:NAME`, `env:NAME`, `command:…` or `none` as a reference; raises UsageError for anything else."""
    if text == "none":
        return SecretRef("none")
    scheme, blank, rest = text.strip().partition(" ")
    if not (blank and _SCHEME.fullmatch(scheme)):
        scheme, rest = "", text
    kind, _, name = rest.strip().partition(":")
    if kind not in ("keyring", "env", "command") or not name.strip():
        raise UsageError(
            say("a key is given by reference, not by value"),
            hint=say("use --key env:NAME, --key 'command:op read …', or --key-stdin to store it in the keyring"),
        )
    return SecretRef(kind, name.strip(), scheme)


_SCHEME = later(r"[A-Za-z][A-Za-z0-9_-]{1,19}")
"""A word as stands before a key in a header: `Bearer`, `Token`, `Basic`."""


# ---------------------------------------------------------------- from TOML tables

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


_HEADER = later(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""RFC 9110, "field-name"."""

NOT_SECRET_HEADERS = ("host", "content-length", "transfer-encoding", "connection", "content-type")
"""Where a request goes and ends: no secret of the user's."""


def is_header_name(name: str) -> bool:
    """Whether a header of the user's may have this name."""
    return _HEADER.fullmatch(name) is not None and name.lower() not in NOT_SECRET_HEADERS


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


def profile_from_table(name: str, table: Any) -> Profile:
    """One `[profiles.NAME]` table as a Profile. Raises ProfileFileError naming the profile and the key."""
    if not isinstance(table, Mapping):
        raise ProfileFileError(say("{where} should be a table", where=_of(name)))
    _checked(table, PROFILE_FIELDS, name)
    spot = _checked(table.get("endpoint", {}), ENDPOINT_FIELDS, name, "endpoint")
    if "base_url" not in spot:
        raise ProfileFileError(say("{where}: endpoint.base_url is missing", where=_of(name)), key=("endpoint",))
    seconds = _checked(spot.get("timeouts", {}), TIMEOUT_FIELDS, name, "endpoint", "timeouts")
    models = _checked(table.get("models", {}), MODEL_FIELDS, name, "models")
    return Profile(
        name=name,
        endpoint=Endpoint(**{**spot, "timeouts": Timeouts(**seconds)}),
        key=_reference(table.get("key", "none"), name, "key"),
        keys={label: _reference(ref, name, "keys", label) for label, ref in table.get("keys", {}).items()},
        secret_headers={
            _header_name(header, name): _reference(ref, name, "secret_headers", header)
            for header, ref in table.get("secret_headers", {}).items()
        },
        models=ModelTiers(**models),
        tier_profiles=_checked(table.get("tier_profiles", {}), TIER_PROFILE_FIELDS, name, "tier_profiles"),
        quirks=table.get("quirks", {}),
        route=table.get("route", "proxy"),
        extra_env=table.get("env", {}),
        context_window=table.get("context_window"),
        max_output=table.get("max_output"),
        fallbacks=tuple(table.get("fallbacks", ())),
        preset=table.get("preset"),
        tags=tuple(table.get("tags", ())),
        note=table.get("note", ""),
        prices={
            model: Prices(**_checked(prices, PRICE_FIELDS, name, "prices", model))
            for model, prices in table.get("prices", {}).items()
        },
        key_host=table.get("key_host"),
        search=_search(table["search"], name) if "search" in table else None,
        budget=_budget(table["budget"], name) if "budget" in table else None,
    )


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
