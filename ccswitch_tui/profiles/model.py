"""A profile: an endpoint, the models behind it, and a reference to a key.

Plain data, frozen; what of it profiles.toml may say, and in what form, is
`profiles.table`. NamedTuples, not dataclasses: `use` and `list` read profiles,
and importing those would cost them more than all the rest of their work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import Wire, WireFormat, format_of
from ccswitch_tui.wire.later import later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from ccswitch_tui.profiles.budget import Budget
    from ccswitch_tui.profiles.search_source import SearchSource

Route: TypeAlias = "Literal['proxy', 'direct']"

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

_HEADER = later(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""RFC 9110, "field-name"."""

NOT_SECRET_HEADERS = ("host", "content-length", "transfer-encoding", "connection", "content-type")
"""Where a request goes and ends: no secret of the user's."""


def is_header_name(name: str) -> bool:
    """Whether a header of the user's may have this name."""
    return _HEADER.fullmatch(name) is not None and name.lower() not in NOT_SECRET_HEADERS
