"""Aider: .aider.conf.yml as a source and as a target.

Pure. Source: Aider-AI/aider, aider/website/docs/config. `model` becomes the
default, `weak-model` the haiku tier.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.litellm import PRESET_OF_PROVIDER, provider_of, split_model
from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.interop.yamltext import to_yaml
from ccswitch_tui.profiles.draft import Candidate
from ccswitch_tui.profiles.model import ModelTiers, Profile
from ccswitch_tui.profiles.presets import load_presets
from ccswitch_tui.profiles.tiers import own_models
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import wire_of_vendor

ALIASES = ("sonnet", "haiku", "opus")
"""Aider's short names for models of Anthropic's, which no endpoint knows; what they stand for changes with aider."""


def candidates_from_config(tree: Any, env: Mapping[str, str] | None = None, *, insist: bool = False) -> list[Candidate]:
    """The endpoint a configuration uses; `env` is what its .env file holds."""
    if not isinstance(tree, Mapping):
        raise UsageError(say("not a configuration of aider"))
    env = dict(env or {})
    for line in _texts(tree.get("set-env")):
        name, _, value = line.partition("=")
        env[name.strip()] = value.strip()
    own = {
        name.removeprefix("AIDER_").lower().replace("_", "-"): env[name] for name in env if name.startswith("AIDER_")
    }
    tree = {**own, **{name: value for name, value in tree.items() if value is not None}}
    provider, model = split_model(str(tree.get("model") or ""))
    keys = dict(line.partition("=")[::2] for line in _texts(tree.get("api-key")))
    name = provider or _provider(model, tree, env)
    bases = [tree.get(f"{name}-api-base"), env.get(f"{name.upper()}_API_BASE"), env.get(f"{name.upper()}_BASE_URL")]
    key = tree.get(f"{name}-api-key") or keys.get(name) or env.get(f"{name.upper()}_API_KEY") or ""
    base = next((str(b) for b in bases if b), "")
    preset = load_presets().presets.get(PRESET_OF_PROVIDER.get(name, ""))
    vendor = "anthropic_" if name == "anthropic" else ""  # whose keys go into a header of their own
    if base:
        draft = draft_from_pairs([(f"{vendor}base_url", base), (f"{vendor}api_key", str(key))], "aider")
    elif preset is not None:
        known = preset.anthropic if name == "anthropic" else preset.openai or preset.anthropic
        draft = draft_from_pairs([(f"{vendor}base_url", known or ""), (f"{vendor}api_key", str(key))], "aider")
    else:
        return [Candidate("aider", None, say("the address of '{provider}' is not known", provider=name))]
    if draft.endpoint is not None and draft.endpoint.wire is None:
        draft = draft._replace(endpoint=draft.endpoint._replace(wire=wire_of_vendor(name)))
    weak = split_model(str(tree.get("weak-model") or ""))[1]
    notes = list(draft.notes)
    if tree.get("verify-ssl") is False:
        notes.append(
            say("verify-ssl: false is not imported; name the authority's certificate in endpoint.ca_file instead")
        )
    draft = draft._replace(
        models=ModelTiers(
            default=None if model in ALIASES else model or None, haiku=weak if weak and weak != model else None
        ),
        notes=tuple(notes),
    )
    return [checked("aider" if base else name, draft, insist=insist)]


def _provider(model: str, tree: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Whose model a name without a provider is. OpenAI's address has a setting of its own: one given is meant."""
    if not model and not tree.get("openai-api-key") and tree.get("anthropic-api-key"):
        return "anthropic"
    named = tree.get("openai-api-base") or env.get("OPENAI_API_BASE") or env.get("OPENAI_BASE_URL")
    return "openai" if named or not model else provider_of(model)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def render_config(profile: Profile, variable: str | None) -> str:
    """A .aider.conf.yml for this endpoint. Its key comes from `variable`, which aider reads itself."""
    prefix = profile.endpoint.format.vendor
    models = own_models(profile)
    tree: dict[str, Any] = {"model": f"{prefix}/{models.default or 'MODEL'}"}
    if models.haiku:
        tree["weak-model"] = f"{prefix}/{models.haiku}"
    base = "openai-api-base" if prefix == "openai" else None
    if base:
        tree[base] = profile.endpoint.base_url
    else:
        tree["set-env"] = [f"ANTHROPIC_API_BASE={profile.endpoint.base_url}"]
    head = f"# aider reads the key from {prefix.upper()}_API_KEY"
    if variable and variable != f"{prefix.upper()}_API_KEY":
        head += f': {prefix.upper()}_API_KEY="${variable}" aider'
    headers = ", ".join([*profile.endpoint.headers, *profile.secret_headers])
    if headers:  # aider takes them in .aider.model.settings.yml alone, where they stand in plain text
        head += f"\n# not in it, because aider takes headers in plain text only: {headers}"
    return f"{head}\n{to_yaml(tree)}"
