"""Draft: one endpoint found in somebody's text or file, before it is a profile.

Every reader of other people's formats makes these; `workflows.add` turns one
into a profile. The key in it is a Secret or a reference, never a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ccswitch_tui.credentials.hosts import bound_to
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.profiles.naming import free_name
from ccswitch_tui.profiles.url import url_host
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import NOTHING, Sentence


class Draft(NamedTuple):
    """What a profile would be made of, and how it was understood."""

    endpoint: Endpoint | None = None
    """None when the text held no address (a key alone, say)."""
    unusable: Sentence = NOTHING
    """Why the address that was named cannot be used; "" when none was named. Such a draft never gets another
    address by itself: not the vendor's, not the catalogue's."""
    secret: Secret | None = None
    key_ref: SecretRef | None = None
    """Where the text says the key is, when it does not hold it: `env:NAME`."""
    secret_headers: Mapping[str, Secret | SecretRef] = {}
    """Further secrets by the header each goes into, or where they are."""
    models: ModelTiers = ModelTiers()
    name: str = ""
    """What the source calls it; a suggestion."""
    notes: tuple[Sentence, ...] = ()
    """What was changed or left out, and why."""
    warnings: tuple[Sentence, ...] = ()
    """What the user should act upon."""
    source: str = ""
    """What it was read from, in words: "a curl command"."""
    listed_models: tuple[str, ...] = ()
    """Models the source knows beside those in `models`."""
    quirks: Mapping[str, Any] = {}
    extra_env: Mapping[str, str] = {}
    context_window: int | None = None
    max_output: int | None = None
    preset: str | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    route: str = "proxy"

    def profile(self, name: str, key: SecretRef) -> Profile:
        """The profile this makes under `name`, its key at `key`."""
        assert self.endpoint is not None
        made = Profile(
            name=name,
            endpoint=self.endpoint,
            key=key,
            secret_headers={
                header: secret if isinstance(secret, SecretRef) else SecretRef("keyring", header_key(name, header))
                for header, secret in self.secret_headers.items()
            },
            models=self.models,
            quirks=self.quirks,
            route="direct" if self.route == "direct" else "proxy",
            extra_env=self.extra_env,
            context_window=self.context_window,
            max_output=self.max_output,
            preset=self.preset,
            tags=self.tags,
            note=self.note,
        )
        return made._replace(key_host=bound_to(self.endpoint.base_url) if made.sends_secrets else None)

    @property
    def stored_headers(self) -> dict[str, Secret]:
        """The secret headers whose value is to be stored."""
        return {header: secret for header, secret in self.secret_headers.items() if isinstance(secret, Secret)}


def header_key(profile_name: str, header: str) -> str:
    """The name a secret header of a profile has in the key store."""
    return f"{profile_name}/header.{header.lower()}"


class Candidate(NamedTuple):
    """One entry of another tool's file: a draft, or the reason why it is not taken."""

    name: str
    """What the tool calls it."""
    draft: Draft | None = None
    why_not: Sentence = NOTHING
    in_use: bool = False
    """The tool says it is the active one."""


def profile_name(text: str) -> str:
    """A name for a profile made of what another tool calls it."""
    words = re.sub(r"[^\w.-]+", "-", text.strip()).strip("-._")[:64].rstrip("-._")
    return words or "imported"


_DULL = {
    "api", "www", "com", "net", "org", "io", "ai", "cn", "dev", "example", "v1", "openai", "anthropic",
    "llm", "gateway",
}  # fmt: skip
"""Parts of a host name that tell nobody which provider it is."""


def suggest_name(draft: Draft, taken: Iterable[str]) -> str:
    """A name nobody has yet: what the source calls it, or the telling part of the host."""
    base = re.sub(r"[^\w.-]+", "-", draft.name.strip()).strip("-._").lower() if draft.name else ""
    base = (base or _from_host(draft) or "profile")[:48]
    return free_name(base, set(taken))


def _from_host(draft: Draft) -> str:
    host = url_host(draft.endpoint.base_url) if draft.endpoint else ""
    if not host or host.replace(".", "").isdigit() or host == "localhost" or ":" in host:
        return "local" if host else ""
    parts = host.split(".")
    telling = [p for p in parts[:-1] if p not in _DULL]
    return re.sub(r"[^\w-]", "-", telling[-1] if telling else parts[0]).strip("-_")
