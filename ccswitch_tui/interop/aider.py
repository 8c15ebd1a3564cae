"""Aider: .aider.conf.yml as a source and as a target.

Pure. Source: Aider-AI/aider, aider/website/docs/config. `model` becomes the
default, `weak-model` the haiku tier.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.litellm import PRESET_OF_PROVIDER
from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.variables import Pair, draft_from_pairs
from ccswitch_tui.interop.yamltext import to_yaml
from ccswitch_tui.profiles.draft import Candidate
from ccswitch_tui.profiles.model import ModelTiers, Profile
from ccswitch_tui.profiles.presets import load_presets
from ccswitch_tui.sentence import say


def candidates_from_config(tree: Any, env: Mapping[str, str] | None = None, *, insist: bool = False) -> list[Candidate]:
    """The endpoint a configuration uses; `env` is what its .env file holds."""
    if not isinstance(tree, Mapping):
        raise UsageError(say("this is no configuration of aider"))
    env = dict(env or {})
    for line in _texts(tree.get("set-env")):
        name, _, value = line.partition("=")
        env[name.strip()] = value.strip()
    provider, _, model = str(tree.get("model") or "").rpartition("/")
    keys = dict(line.partition("=")[::2] for line in _texts(tree.get("api-key")))
    given: list[Pair] = [
        (
            "base_url",
            str(tree.get("openai-api-base") or env.get("OPENAI_API_BASE") or env.get("OPENAI_BASE_URL") or ""),
        ),
        ("api_key", str(tree.get("openai-api-key") or keys.get("openai") or env.get("OPENAI_API_KEY") or "")),
    ]
    own = given[0][1] and provider in ("", "openai")
    preset = load_presets().presets.get(PRESET_OF_PROVIDER.get(provider.partition("/")[0] or "openai", ""))
    if not own and preset is None:
        return [Candidate("aider", None, say("the address of '{provider}' is not known", provider=provider))]
    if not own:
        assert preset is not None
        name = f"{(provider.partition('/')[0] or 'openai')}"
        key = tree.get(f"{name}-api-key") or keys.get(name) or env.get(f"{name.upper()}_API_KEY") or ""
        given = [("base_url", preset.openai or preset.anthropic or ""), ("api_key", str(key))]
    try:
        draft = draft_from_pairs(given, "aider")
    except UsageError as error:
        return [Candidate("aider", None, error.message)]
    if draft.endpoint is not None and draft.endpoint.wire is None:
        draft = draft._replace(endpoint=draft.endpoint._replace(wire="openai-chat"))
    weak = str(tree.get("weak-model") or "").rpartition("/")[2]
    notes = list(draft.notes)
    if tree.get("verify-ssl") is False:
        notes.append(
            say("verify-ssl: false is not taken over; name the authority's certificate in endpoint.ca_file instead")
        )
    draft = draft._replace(
        models=ModelTiers(default=model or None, haiku=weak if weak and weak != model else None), notes=tuple(notes)
    )
    return [checked("aider" if own else provider.partition("/")[0] or "openai", draft, insist=insist)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def render_config(profile: Profile, variable: str | None) -> str:
    """A .aider.conf.yml for this endpoint. Its key comes from `variable`, which aider reads itself."""
    prefix = "anthropic" if profile.endpoint.wire == "anthropic" else "openai"
    tree: dict[str, Any] = {"model": f"{prefix}/{profile.models.default or 'MODEL'}"}
    if profile.models.haiku:
        tree["weak-model"] = f"{prefix}/{profile.models.haiku}"
    base = "openai-api-base" if prefix == "openai" else None
    if base:
        tree[base] = profile.endpoint.base_url
    else:
        tree["set-env"] = [f"ANTHROPIC_API_BASE={profile.endpoint.base_url}"]
    head = f"# aider reads the key from {prefix.upper()}_API_KEY"
    if variable and variable != f"{prefix.upper()}_API_KEY":
        head += f': {prefix.upper()}_API_KEY="${variable}" aider'
    return f"{head}\n{to_yaml(tree)}"
