"""What Claude Code's settings should say for one profile. Pure: facts in, settings out.

The rows follow what was measured with Claude Code 2.1.330; where a choice was
open, the reason stands at the line.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccswitch_tui.claude.status_line import status_line
from ccswitch_tui.errors import UsageError
from ccswitch_tui.net.hosts import host_in, is_loopback, port_in
from ccswitch_tui.net.no_proxy import is_exempt, proxy_variable
from ccswitch_tui.profiles.model import ModelTiers, Profile
from ccswitch_tui.profiles.tiers import as_asked
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ASSUMED_WINDOW = 128_000
"""Tokens, where the profile does not say: what most served models have. Too small compacts
early; Claude Code's own guess of 1,000,000 lets a session run into the endpoint's wall."""

HELPER_TTL_PROXY_MS = 60_000
"""The helper starts a proxy that is not running. A minute is well inside the three minutes
for which Claude Code retries a refused connection, so a session survives a dead proxy."""

HELPER_TTL_DIRECT_MS = 3_600_000
"""The helper reads the key store, which may ask; a refused key runs it again at once anyway."""

CLIENT_FIRST_BYTE_S = 600
LONGEST_IDLE_MS = 1_800_000
"""Claude Code's own patience, and the most it accepts for a pause."""

SMALL_WINDOW = 64_000
"""Below this, the 32,000 tokens Claude Code asks of an unknown model leave too little for the prompt."""

OLD_SHAPE_MODEL = "claude-3-7-sonnet-20250219"
"""As which Claude Code sends no thinking, effort, context management or system messages in between."""

SLOTS = ("fable", "opus", "sonnet", "haiku")
MAIN_TIERS = ("sonnet", "opus", "fable", "haiku")
"""Which tier's name ANTHROPIC_MODEL gets: the first that is not set apart from `default`.

A tier's name, because a running session follows the tier's variable at once, but keeps a
model it was started with by name; and because without ANTHROPIC_MODEL a session would ask
for the opus tier with [1m] behind it and count with 1,000,000 tokens. Both measured."""

LOOPBACK = ("127.0.0.1", "localhost")


class Link(NamedTuple):
    """How Claude Code reaches the profile from this machine."""

    base_url: str
    helper: str
    shell: Mapping[str, str] = {}
    """The environment, for the proxies it names."""
    status_line: str = ""
    """Our status line's command; "" where none is wanted."""


def wanted_settings(tree: Mapping[str, Any], profile: Profile, link: Link) -> dict[str, Any]:
    """Key to value, for every key this profile needs. Raises UsageError when it cannot be had."""
    wanted = {
        "env.ANTHROPIC_BASE_URL": link.base_url,
        "apiKeyHelper": link.helper,
        "env.CLAUDE_CODE_API_KEY_HELPER_TTL_MS": str(
            HELPER_TTL_PROXY_MS if profile.route == "proxy" else HELPER_TTL_DIRECT_MS
        ),
        **_models(as_asked(profile)),
        **_shape(tree, profile),
        **_patience(profile),
        **_network(tree, profile, link),
        **status_line(tree, link.status_line),
    }
    for name, value in profile.extra_env.items():
        key = f"env.{name}"
        if key in _NOT_BY_HAND:
            raise UsageError(
                say(
                    "profile '{name}': env.{variable} cannot be set by hand: it follows from the profile itself",
                    name=profile.name,
                    variable=name,
                ),
                hint=say(
                    "remove it with 'ccswitch-tui edit {name} --unset env.{variable}'", name=profile.name, variable=name
                ),
            )
        wanted[key] = value
    return wanted


_NOT_BY_HAND = (
    "env.ANTHROPIC_BASE_URL", "env.ANTHROPIC_AUTH_TOKEN", "env.ANTHROPIC_API_KEY", "env.CLAUDE_CODE_OAUTH_TOKEN",
)  # fmt: skip
"""A credential beside the helper's, or another base URL, is how keys reach the wrong host."""


def _models(models: ModelTiers) -> dict[str, str]:
    wanted = {
        f"env.ANTHROPIC_DEFAULT_{tier.upper()}_MODEL": model
        for tier in SLOTS
        if (model := getattr(models, tier) or models.default)
    }
    if models.default:
        wanted["env.ANTHROPIC_MODEL"] = main_model(models)
    if models.subagent:
        wanted["env.CLAUDE_CODE_SUBAGENT_MODEL"] = models.subagent
    return wanted


def main_model(models: ModelTiers) -> str:
    """What ANTHROPIC_MODEL says: a tier that stands for `default`, or its name when every tier differs."""
    for tier in MAIN_TIERS:
        if getattr(models, tier) in (None, models.default):
            return tier
    return models.default or ""


def unknown_models(models: ModelTiers) -> list[str]:
    """The profile's models that Claude Code does not know, once each."""
    return list(dict.fromkeys(name for name in models.named().values() if "claude" not in name.lower()))


def _shape(tree: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    wanted: dict[str, Any] = {"env.CLAUDE_CODE_ATTRIBUTION_HEADER": "0"}
    unknown = unknown_models(as_asked(profile))
    window = profile.context_window
    if unknown:
        wanted["env.CLAUDE_CODE_MAX_CONTEXT_TOKENS"] = str(window or ASSUMED_WINDOW)
        wanted["env.CLAUDE_CODE_DISABLE_1M_CONTEXT"] = "1"
        wanted.update(_capabilities(tree, profile, unknown))
    if window or unknown:
        # MAX_CONTEXT_TOKENS does nothing for models Claude Code knows or is told to treat as known, and any session
        # or program may ask for one by its full id. Models it does not know compact at the same point with or without.
        wanted["env.CLAUDE_CODE_AUTO_COMPACT_WINDOW"] = str(window or ASSUMED_WINDOW)
    if profile.max_output:
        wanted["env.CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(profile.max_output)
    elif window and window < SMALL_WINDOW and unknown:
        wanted["env.CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(max(window // 4, 1024))
    return wanted


_CAPABILITY_OF_FIELD = {
    "thinking": "-adaptive_thinking",
    "output_config": "-effort",
    "context_management": "-context_management",
}
"""Request fields, by the capability whose absence keeps them out."""


def _capabilities(tree: Mapping[str, Any], profile: Profile, unknown: list[str]) -> dict[str, Any]:
    """For an endpoint that speaks the Messages API itself, and refuses some of its newer fields."""
    if not profile.endpoint.format.native:
        return {}
    refused = quirk(profile, "drop_fields") or ()
    without = [word for field, word in _CAPABILITY_OF_FIELD.items() if field in refused]
    if quirk(profile, "mid_system") == "fold":
        without.append("-mid_conv_system")
    if len(without) == len(_CAPABILITY_OF_FIELD) + 1:
        return {"modelPicker": _picker(tree.get("modelPicker"), profile.name, unknown)}
    if not without:
        return {}
    return {"env.CLAUDE_CODE_MODEL_CAPABILITIES": ";".join(f"{name}={','.join(without)}" for name in unknown)}


def _picker(have: Any, profile_name: str, unknown: list[str]) -> dict[str, Any]:
    """The picker with a row for each of our models; the user's own rows stay."""
    picker = dict(have) if isinstance(have, dict) else {}
    rows = picker.get("options")
    others = [row for row in rows if not _is_row_for(row, unknown)] if isinstance(rows, list) else []
    ours = [
        {"model": name, "label": name, "description": f"profile {profile_name}", "behavesAs": OLD_SHAPE_MODEL}
        for name in unknown
    ]
    return {**picker, "options": [*others, *ours]}


def _is_row_for(row: Any, models: list[str]) -> bool:
    return isinstance(row, dict) and row.get("model") in models


def quirk(profile: Profile, name: str) -> Any:
    """A quirk of the profile, written plainly or with its provenance; None when it is not set."""
    value = profile.quirks.get(name)
    return value.get("value") if isinstance(value, Mapping) and "value" in value else value


def _patience(profile: Profile) -> dict[str, str]:
    patience = profile.endpoint.timeouts
    wanted = {}
    if patience.first_byte_s > CLIENT_FIRST_BYTE_S:
        wanted["env.API_TIMEOUT_MS"] = str(int(patience.first_byte_s * 1000))
    if max(patience.first_byte_s, patience.idle_s) > CLIENT_FIRST_BYTE_S:
        longest_ms = int(max(patience.first_byte_s, patience.idle_s) * 1000)
        wanted["env.CLAUDE_STREAM_IDLE_TIMEOUT_MS"] = str(min(longest_ms, LONGEST_IDLE_MS))
    return wanted


# ---------------------------------------------------------------- the network


def _network(tree: Mapping[str, Any], profile: Profile, link: Link) -> dict[str, str]:
    wanted: dict[str, str] = {}
    env = tree.get("env", {})
    if is_loopback(host_in(link.base_url)):
        wanted.update(_past_the_proxy(env, link))
    if profile.route == "proxy":
        return wanted
    endpoint = profile.endpoint
    if endpoint.headers:
        wanted["env.ANTHROPIC_CUSTOM_HEADERS"] = "\n".join(f"{k}: {v}" for k, v in endpoint.headers.items())
    seen = {**link.shell, **env}
    way_out = endpoint.http_proxy
    if way_out and "://" not in way_out:
        way_out = f"http://{way_out}"  # as we take it; Claude Code does not start with HOST:PORT (measured)
    named = {
        **{f"env.{name}": way_out for name in ("https_proxy", "http_proxy") if seen.get(name)},
        "env.HTTPS_PROXY": way_out,
        "env.HTTP_PROXY": way_out,
        "env.NODE_EXTRA_CA_CERTS": _at_home(endpoint.ca_file, link.shell),
        "env.CLAUDE_CODE_CLIENT_CERT": _at_home(endpoint.client_cert, link.shell),
        "env.CLAUDE_CODE_CLIENT_KEY": _at_home(endpoint.client_key, link.shell),
    }
    return {**wanted, **{key: value for key, value in named.items() if value}}


def _past_the_proxy(env: Mapping[str, Any], link: Link) -> dict[str, str]:
    """NO_PROXY for loopback, with what it held before: the settings' value hides the shell's.

    Only where an HTTP proxy is named at all, because a list copied today hides
    the one the user exports tomorrow. The lower-case name wins where it is set.
    """
    seen = {**link.shell, **{name: value for name, value in env.items() if isinstance(value, str)}}
    if proxy_variable(lambda name: seen.get(name, "")) is None:
        return {}
    wanted = {}
    host, port = host_in(link.base_url), port_in(link.base_url)
    for name in ("no_proxy", "NO_PROXY"):
        have = seen.get(name, "")
        if (have or name == "NO_PROXY") and not is_exempt(have, host, port):
            wanted[f"env.{name}"] = ",".join([*([have.rstrip(", ")] if have else []), *LOOPBACK])
    return wanted


def _at_home(path: str | None, shell: Mapping[str, str]) -> str | None:
    if path and path.startswith("~/") and shell.get("HOME"):
        return shell["HOME"].rstrip("/") + path[1:]
    return path
