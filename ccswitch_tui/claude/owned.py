"""The settings we own: each declared once, with what it is to us and why. Nothing else is ever changed.

A key is `env.NAME` (a variable in the settings' `env` object) or the name of a
setting. Sources: experiments with Claude Code 2.1.330, repeated by
tests/claude/test_real_precedence.py and test_real_reload.py.
"""

from __future__ import annotations

from ccswitch_tui.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

Role: TypeAlias = "Literal['route', 'credential', 'rival', 'model', 'label', 'shape', 'patience', 'network', 'display']"


class Owned(NamedTuple):
    """One key: what it is to us, and why we touch it."""

    role: Role
    reason: str

    @property
    def exclusive(self) -> bool:
        """Written on every switch, as `""` where the profile does not use it: removing a variable
        does not clear it in a running session and does not beat an exported one; `""` does both."""
        return self.role in EXCLUSIVE


EXCLUSIVE = ("route", "credential", "rival", "model")
"""Decides where a session goes, with what credential, for which model: a leftover of
another tool here sends a key to the wrong host. The other roles are written when the
profile needs them, and a value of the user's own is given back afterwards."""

LABELS = tuple(
    f"env.ANTHROPIC_DEFAULT_{tier}_MODEL_{part}"
    for tier in ("FABLE", "OPUS", "SONNET", "HAIKU")
    for part in ("NAME", "DESCRIPTION")
)
"""Without them /model shows the model's own name; one left over shows the name of another."""

_BYPASS = "a provider switch that bypasses the base URL"
_SLOT = "which model answers for {}; a running session follows it"

OWNED: dict[str, Owned] = {
    "env.ANTHROPIC_BASE_URL": Owned("route", "where Claude Code sends everything"),
    "apiKeyHelper": Owned("credential", "prints the credential when Claude Code asks for it: none is in this file"),
    "env.CLAUDE_CODE_API_KEY_HELPER_TTL_MS": Owned(
        "credential", "how often the helper runs again, which also brings back a proxy that was stopped"
    ),
    "env.ANTHROPIC_AUTH_TOKEN": Owned("rival", "would be sent instead of what the helper prints"),
    "env.ANTHROPIC_API_KEY": Owned("rival", "would be sent along with what the helper prints, after a prompt"),
    "env.CLAUDE_CODE_OAUTH_TOKEN": Owned("rival", "the vendor's login must not reach another host"),
    "env.ANTHROPIC_CUSTOM_HEADERS": Owned("route", "headers of the endpoint; one left over could carry a credential"),
    "env.CLAUDE_CODE_USE_BEDROCK": Owned("rival", _BYPASS),
    "env.CLAUDE_CODE_USE_VERTEX": Owned("rival", _BYPASS),
    "env.CLAUDE_CODE_USE_FOUNDRY": Owned("rival", _BYPASS),
    "env.CLAUDE_CODE_USE_MANTLE": Owned("rival", _BYPASS),
    "env.CLAUDE_CODE_USE_GATEWAY": Owned("rival", _BYPASS),
    "env.CLAUDE_CODE_USE_ANTHROPIC_AWS": Owned("rival", _BYPASS),
    "env.CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD": Owned("rival", _BYPASS),
    "env.ANTHROPIC_MODEL": Owned(
        "model", "the tier a session starts with; a name instead of a tier would stay in running sessions"
    ),
    "env.ANTHROPIC_DEFAULT_FABLE_MODEL": Owned("model", _SLOT.format("fable")),
    "env.ANTHROPIC_DEFAULT_OPUS_MODEL": Owned("model", _SLOT.format("opus")),
    "env.ANTHROPIC_DEFAULT_SONNET_MODEL": Owned("model", _SLOT.format("sonnet")),
    "env.ANTHROPIC_DEFAULT_HAIKU_MODEL": Owned("model", _SLOT.format("haiku, titles and web pages")),
    "env.ANTHROPIC_SMALL_FAST_MODEL": Owned("model", "would override the haiku tier"),
    "env.CLAUDE_CODE_SUBAGENT_MODEL": Owned("model", "which model answers for sub-agents"),
    "model": Owned("model", "a model picked by hand for another endpoint, which this one may not have"),
    **dict.fromkeys(LABELS, Owned("label", "would show this model under the name of another")),
    "modelPicker": Owned("shape", "tells Claude Code which of its own models these behave like"),
    "env.CLAUDE_CODE_MODEL_CAPABILITIES": Owned("shape", "keeps fields out of requests that this endpoint refuses"),
    "env.CLAUDE_CODE_MAX_CONTEXT_TOKENS": Owned(
        "shape", "the context window; Claude Code assumes 1,000,000 tokens for models it does not know"
    ),
    "env.CLAUDE_CODE_DISABLE_1M_CONTEXT": Owned(
        "shape", "keeps running sessions from adding [1m] to the model and assuming 1,000,000 tokens"
    ),
    "env.CLAUDE_CODE_AUTO_COMPACT_WINDOW": Owned("shape", "compacts in time where the endpoint's window is smaller"),
    "env.CLAUDE_CODE_MAX_OUTPUT_TOKENS": Owned("shape", "the most tokens one answer may have here"),
    "env.CLAUDE_CODE_ATTRIBUTION_HEADER": Owned(
        "shape", "a line that differs per conversation and defeats the endpoint's prompt cache"
    ),
    "env.API_TIMEOUT_MS": Owned("patience", "this endpoint is slow to begin"),
    "env.CLAUDE_STREAM_IDLE_TIMEOUT_MS": Owned("patience", "this endpoint pauses while it answers"),
    "env.NO_PROXY": Owned("network", "Claude Code sends loopback through an HTTP proxy too, unless told not to"),
    "env.no_proxy": Owned("network", "is set, and overrides NO_PROXY"),
    "env.HTTPS_PROXY": Owned("network", "the profile's proxy for this endpoint"),
    "env.HTTP_PROXY": Owned("network", "the profile's proxy for this endpoint"),
    "env.https_proxy": Owned("network", "is set, and overrides HTTPS_PROXY"),
    "env.http_proxy": Owned("network", "is set, and overrides HTTP_PROXY"),
    "env.NODE_EXTRA_CA_CERTS": Owned("network", "the certificate authority of this endpoint"),
    "env.CLAUDE_CODE_CLIENT_CERT": Owned("network", "the certificate this endpoint asks for"),
    "env.CLAUDE_CODE_CLIENT_KEY": Owned("network", "the key file of that certificate"),
    "statusLine": Owned("display", "shows the profile of each session beside the prompt; your own line is kept"),
}

EXTRA = Owned("shape", "asked for by the profile")
"""A variable of the profile's own `env` table."""


def owned(key: str) -> Owned:
    """The declaration of a key; a profile's further variables are ours while they are in the file."""
    return OWNED.get(key, EXTRA)


def variables(*roles: Role) -> tuple[str, ...]:
    """The names of the owned environment variables of these roles."""
    return tuple(key[4:] for key, row in OWNED.items() if key.startswith("env.") and row.role in roles)
