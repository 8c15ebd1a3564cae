"""Continue: config.yaml (and the older config.json) as a source and as a target.

Pure. Source: continuedev/continue, packages/config-yaml/src/schemas/models.ts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.headers import read_headers, with_headers
from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.interop.yamltext import to_yaml
from ccswitch_tui.profiles.draft import Candidate, Draft
from ccswitch_tui.profiles.model import ModelTiers, Profile
from ccswitch_tui.profiles.naming import header_variable
from ccswitch_tui.profiles.presets import load_presets
from ccswitch_tui.profiles.tiers import own_models
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import FORMATS, wire_of_vendor

PRESET_OF_PROVIDER = {
    "openai": "openai", "anthropic": "anthropic", "deepseek": "deepseek", "openrouter": "openrouter", "groq": "groq",
    "mistral": "mistral", "together": "together", "fireworks": "fireworks", "xAI": "xai", "moonshot": "moonshot-global",
    "gemini": "gemini", "ollama": "ollama", "lmstudio": "lm-studio", "llama.cpp": "llama-cpp", "vllm": "vllm",
    "nvidia": "nvidia", "siliconflow": "siliconflow", "novita": "novita", "nebius": "nebius", "cohere": "cohere",
    "cerebras": "cerebras",
}  # fmt: skip
"""Continue's provider → the preset whose address it means when there is no apiBase."""

SIGNED = ("bedrock", "vertexai", "sagemaker", "watsonx", "continue-proxy")


def candidates_from_config(tree: Any, *, insist: bool = False) -> list[Candidate]:
    """The chat models of a configuration, one profile for each address and key."""
    models = tree.get("models") if isinstance(tree, Mapping) else None
    if not isinstance(models, list):
        raise UsageError(say("not a configuration of Continue"), hint=say("it has a list named models"))
    found: dict[tuple[str, str], Candidate] = {}
    for entry in models:
        if not isinstance(entry, Mapping) or not _chats(entry):
            continue
        candidate = _candidate(entry, insist)
        draft = candidate.draft
        spot = (draft.endpoint.base_url, str(entry.get("apiKey"))) if draft and draft.endpoint else (candidate.name, "")
        if spot in found and draft is not None:
            first = found[spot]
            assert first.draft is not None
            more = (*first.draft.listed_models, *draft.listed_models)
            found[spot] = first._replace(draft=first.draft._replace(listed_models=tuple(dict.fromkeys(more))))
        else:
            found[spot] = candidate
    return list(found.values())


def _chats(entry: Mapping[str, Any]) -> bool:
    roles = entry.get("roles")
    return not isinstance(roles, list) or bool({"chat", "edit", "apply"} & set(map(str, roles)))


def _candidate(entry: Mapping[str, Any], insist: bool) -> Candidate:
    name = str(entry.get("name") or entry.get("title") or entry.get("model") or "imported")
    provider = str(entry.get("provider") or "openai")
    if provider in SIGNED:
        return Candidate(name, None, say("'{provider}' signs in instead of using a key", provider=provider))
    try:
        base = [("base_url", str(entry["apiBase"]))] if entry.get("apiBase") else []
        draft = draft_from_pairs([*base, ("api_key", str(entry.get("apiKey") or ""))], "Continue")
    except UsageError as error:
        return Candidate(name, None, error.message)
    if draft.unusable:
        return Candidate(name, None, draft.unusable)
    if draft.endpoint is None:
        preset = load_presets().presets.get(PRESET_OF_PROVIDER.get(provider, ""))
        if preset is None:
            return Candidate(
                name, None, say("it gives no apiBase, and the address of '{provider}' is not known", provider=provider)
            )
        known = preset.draft(wire_of_vendor(provider))
        draft = known._replace(secret=draft.secret, key_ref=draft.key_ref, notes=draft.notes, models=ModelTiers())
    return checked(name, _completed(draft, provider, entry), insist=insist)


def _completed(draft: Draft, provider: str, entry: Mapping[str, Any]) -> Draft:
    assert draft.endpoint is not None
    notes, warnings = list(draft.notes), list(draft.warnings)
    wire = wire_of_vendor(provider)
    endpoint = draft.endpoint._replace(wire=wire, base_url=FORMATS[wire].fitted(draft.endpoint.base_url))
    if provider == "ollama" and not endpoint.base_url.endswith("/v1"):
        endpoint = endpoint._replace(base_url=endpoint.base_url + "/v1")
    options = entry.get("requestOptions")
    options = options if isinstance(options, Mapping) else {}
    if isinstance(options.get("headers"), Mapping):
        read = read_headers([(str(k), str(v)) for k, v in options["headers"].items()], notes, warnings)
        draft = with_headers(draft._replace(endpoint=endpoint), read)
        endpoint = draft.endpoint or endpoint
    if options.get("verifySsl") is False:
        notes.append(
            say("verifySsl: false is not imported; name the authority's certificate in endpoint.ca_file instead")
        )
    certificate = options.get("clientCertificate")
    certificate = certificate if isinstance(certificate, Mapping) else {}
    bundle = options.get("caBundlePath")
    endpoint = endpoint._replace(
        ca_file=_text(bundle[0] if isinstance(bundle, list) and bundle else bundle),
        http_proxy=_text(options.get("proxy")),
        client_cert=_text(certificate.get("cert")),
        client_key=_text(certificate.get("key")),
    )
    extra = options.get("extraBodyProperties")
    completion = entry.get("defaultCompletionOptions") or entry.get("completionOptions")
    completion = completion if isinstance(completion, Mapping) else {}
    model = _text(entry.get("model"))
    return draft._replace(
        endpoint=endpoint,
        models=ModelTiers(default=model),
        listed_models=(model,) if model else (),
        quirks={**draft.quirks, **({"extra_body": dict(extra)} if isinstance(extra, Mapping) and extra else {})},
        context_window=_count(completion.get("contextLength") or entry.get("contextLength")),
        max_output=_count(completion.get("maxTokens")),
        notes=tuple(notes),
        warnings=tuple(warnings),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def render_config(profile: Profile, variable: str | None) -> str:
    """A config.yaml with this endpoint's models; the key is a secret of Continue's by the name `variable`."""
    endpoint = profile.endpoint
    models = []
    for model in dict.fromkeys(m for m in own_models(profile).named().values()):
        entry: dict[str, Any] = {
            "name": f"{profile.name} {model}",
            "provider": endpoint.format.vendor,
            "model": model,
            # Continue's Anthropic provider appends /messages, ours and the SDK's append /v1/messages.
            "apiBase": endpoint.base_url + (f"{endpoint.format.version}/" if endpoint.format.version else ""),
        }
        if variable:
            entry["apiKey"] = f"${{{{ secrets.{variable} }}}}"
        limits = {"contextLength": profile.context_window, "maxTokens": profile.max_output}
        limits = {k: v for k, v in limits.items() if v}
        if limits:
            entry["defaultCompletionOptions"] = limits
        headers = {header: f"${{{{ secrets.{header_variable(header)} }}}}" for header in profile.secret_headers}
        options = {
            "headers": {**endpoint.headers, **headers},
            "caBundlePath": endpoint.ca_file,
            "proxy": endpoint.http_proxy,
        }
        options = {k: v for k, v in options.items() if v}
        if options:
            entry["requestOptions"] = options
        models.append(entry)
    return to_yaml({"name": profile.name, "version": "0.0.1", "schema": "v1", "models": models})
