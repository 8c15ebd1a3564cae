"""LiteLLM's proxy: its config.yaml as a source and as a target.

Pure. Source: docs.litellm.ai/docs/proxy/configs. Entries that share an address
and a key are one profile. A written configuration names a variable in the
key's place, never the key.
"""

from __future__ import annotations

import re
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
from ccswitch_tui.wire.formats import CHAT, FORMATS, wire_of_vendor

OPENAI = "openai"

OPENAI_LIKE = (
    OPENAI, "openai_like", "custom_openai", "hosted_vllm", "text-completion-openai", "litellm_proxy", "lm_studio",
)  # fmt: skip

PRESET_OF_PROVIDER = {
    "deepseek": "deepseek", "openrouter": "openrouter", "groq": "groq", "mistral": "mistral", "xai": "xai",
    "gemini": "gemini", "together_ai": "together", "fireworks_ai": "fireworks", "cerebras": "cerebras",
    "perplexity": "perplexity", "moonshot": "moonshot-global", "dashscope": "bailian", "novita": "novita",
    "nebius": "nebius", "zai": "zai", "huggingface": "huggingface", "nvidia_nim": "nvidia", "hyperbolic": "hyperbolic",
    "cohere_chat": "cohere", "ollama": "ollama", "ollama_chat": "ollama", "openai": "openai", "anthropic": "anthropic",
}  # fmt: skip
"""LiteLLM's word before the slash → the preset whose address it means when there is no api_base."""

NO_CHAT = ("bedrock", "vertex_ai", "sagemaker", "github_copilot", "watsonx", "oci", "snowflake")
"""Providers that sign in or sign requests; no key alone opens them."""


def candidates_from_config(tree: Any, *, insist: bool = False) -> list[Candidate]:
    """The upstreams of a configuration, those that share address and key together."""
    entries = tree.get("model_list") if isinstance(tree, Mapping) else None
    if not isinstance(entries, list):
        raise UsageError(say("not a configuration of LiteLLM's proxy"), hint=say("it has a list named model_list"))
    credentials = _credentials(tree)
    variables = tree.get("environment_variables")
    groups: dict[tuple[str, str, str], list[tuple[str, str, Mapping[str, Any]]]] = {}
    for entry in entries:
        params = entry.get("litellm_params") if isinstance(entry, Mapping) else None
        if not isinstance(params, Mapping) or not isinstance(params.get("model"), str):
            continue
        if params.get("litellm_credential_name"):
            # what is not in the file lies in LiteLLM's database: the address must not count as absent
            unknown = {"api_base": f"${{{params['litellm_credential_name']}}}"}
            params = {**params, **credentials.get(str(params["litellm_credential_name"]), unknown)}
        provider, model = split_model(params["model"])
        base = params.get("api_base") or params.get("base_url")
        provider = str(params.get("custom_llm_provider") or provider or (OPENAI if base else provider_of(model)))
        base = base or _base_of(provider, variables)
        spot = (provider, str(base or ""), str(params.get("api_key") or ""))
        groups.setdefault(spot, []).append((str(entry.get("model_name") or model), model, entry))
    return [_candidate(*spot, members, insist) for spot, members in groups.items()]


def split_model(text: str) -> tuple[str, str]:
    """`openai/vendor/model` as ("openai", "vendor/model"); the first part only where it is a provider of LiteLLM's."""
    first, slash, rest = text.partition("/")
    known = first in PRESET_OF_PROVIDER or first in OPENAI_LIKE or first in NO_CHAT or first in ("azure", "azure_ai")
    return (first, rest) if slash and known else ("", text)


_FAMILIES = {
    "anthropic": re.compile(r"claude|(?:sonnet|opus|haiku)$"),
    OPENAI: re.compile(r"(?:ft:)?(?:gpt-|chatgpt-|o\d|text-|davinci|babbage)"),
}
"""Names without a provider that LiteLLM, and aider by its aliases, know by themselves."""


def provider_of(model: str) -> str:
    """Whose model a name without a known provider and without an address means; its first part where it has one."""
    first, slash, _ = model.partition("/")
    named = next((name for name, family in _FAMILIES.items() if family.match(model.lower())), "")
    return first if slash else named or model


def _credentials(tree: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """`credential_list`: addresses and keys that entries name instead of holding them."""
    listed = tree.get("credential_list")
    return {
        str(entry.get("credential_name")): entry["credential_values"]
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, Mapping) and isinstance(entry.get("credential_values"), Mapping)
    }


def _base_of(provider: str, variables: Any) -> Any:
    """The address a provider's own variable gives, where the configuration sets it."""
    if not isinstance(variables, Mapping):
        return None
    return next(
        (variables[n] for n in (f"{provider.upper()}_API_BASE", f"{provider.upper()}_BASE_URL") if variables.get(n)),
        None,
    )


def _candidate(
    provider: str, base: str, key: str, members: list[tuple[str, str, Mapping[str, Any]]], insist: bool
) -> Candidate:
    name = members[0][0] if provider in OPENAI_LIKE else provider
    if provider in NO_CHAT:
        return Candidate(name, None, say("{provider} signs in instead of using a key", provider=provider))
    try:
        draft = _draft(provider, base, key)
    except UsageError as error:
        return Candidate(name, None, error.message)
    if draft is None:
        return Candidate(
            name, None, say("it gives no address, and that of '{provider}' is not known", provider=provider)
        )
    draft = _with_extra_headers(draft, members[0][2].get("litellm_params"))
    models = [model for _, model, _ in members if "*" not in model]
    info = members[0][2].get("model_info")
    window = info.get("max_input_tokens") if isinstance(info, Mapping) else None
    draft = draft._replace(
        models=_tiers(members),
        listed_models=tuple(dict.fromkeys(models)),
        context_window=window if isinstance(window, int) and window > 0 else draft.context_window,
        source="LiteLLM",
    )
    return checked(name, draft, insist=insist)


def _draft(provider: str, base: str, key: str) -> Draft | None:
    read = draft_from_pairs([*([("base_url", base)] if base else []), ("api_key", key)], "LiteLLM")
    if read.unusable:
        return read
    if read.endpoint is not None:
        wire = wire_of_vendor(provider)
        url = FORMATS[wire].fitted(read.endpoint.base_url)
        if provider.startswith("ollama") and not re.search(r"/v\d", url):
            url += "/v1"
        endpoint = read.endpoint._replace(wire=wire, base_url=url)
        return read._replace(endpoint=endpoint)
    preset = load_presets().presets.get(PRESET_OF_PROVIDER.get(provider, ""))
    if preset is None:
        return None
    draft = preset.draft(CHAT if preset.openai else None)
    return draft._replace(secret=read.secret, key_ref=read.key_ref, notes=read.notes)


def _with_extra_headers(draft: Draft, params: Any) -> Draft:
    """`extra_headers` of the entry: LiteLLM sends them beside the key."""
    given = params.get("extra_headers") if isinstance(params, Mapping) else None
    if not isinstance(given, Mapping):
        return draft
    notes, warnings = list(draft.notes), list(draft.warnings)
    read = read_headers([(str(name), str(value)) for name, value in given.items()], notes, warnings)
    return with_headers(draft, read)._replace(notes=tuple(notes), warnings=tuple(warnings))


def _tiers(members: list[tuple[str, str, Mapping[str, Any]]]) -> ModelTiers:
    """The first model, and those whose public name is one of Claude's."""
    members = [member for member in members if "*" not in member[1]]  # `openai/*` lets every model through
    if not members:
        return ModelTiers()
    tiers = {"default": members[0][1]}
    for public, model, _ in members:
        for tier in ("fable", "opus", "sonnet", "haiku"):
            if tier in public.lower():
                tiers.setdefault(tier, model)
    return ModelTiers(**{t: m for t, m in tiers.items() if t == "default" or m != tiers["default"]})


# ---------------------------------------------------------------- export

SETTINGS = {"drop_params": True}
CHAT_URL = "use_chat_completions_url_for_anthropic_messages"
"""Without it, LiteLLM turns Claude Code's /v1/messages into OpenAI's Responses API for every `openai/` model,
and an endpoint that has chat completions only answers 404 (seen with 1.109)."""


def render_config(profile: Profile, variable: str | None) -> str:
    """A configuration LiteLLM's proxy starts with: the profile's models under Claude's names too.

    `variable` is the one that holds the key when the proxy starts.
    """
    endpoint = profile.endpoint
    provider = endpoint.format.vendor
    params: dict[str, Any] = {
        "api_base": endpoint.base_url,
        "api_key": f"os.environ/{variable}" if variable else "none",
    }
    headers = dict(endpoint.headers)
    headers |= {header: f"os.environ/{header_variable(header)}" for header in profile.secret_headers}
    name = _own_header(profile)
    if name and variable:
        headers[name] = f"os.environ/{_whole_header(variable)}"
    if headers:
        params["extra_headers"] = headers
    if endpoint.timeouts.first_byte_s:
        params["timeout"] = endpoint.timeouts.first_byte_s
    info = {"mode": "chat"}
    if profile.context_window:
        info["max_input_tokens"] = profile.context_window  # type: ignore[assignment]
    if profile.max_output:
        info["max_output_tokens"] = profile.max_output  # type: ignore[assignment]
    entries = []
    for public, model in _public_names(profile).items():
        entries.append(
            {"model_name": public, "litellm_params": {"model": f"{provider}/{model}", **params}, "model_info": info}
        )
    tree = {
        "model_list": entries,
        "litellm_settings": {**SETTINGS, CHAT_URL: endpoint.format.ask == FORMATS[CHAT].ask},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    return _advice(profile, variable) + to_yaml(tree)


def _advice(profile: Profile, variable: str | None) -> str:
    """What a reader of the file has to know, as comments."""
    lines = [f"# {profile.name} for LiteLLM's proxy: litellm --config THIS_FILE"]
    needs = ["LITELLM_MASTER_KEY (any you choose, beginning with sk-)"]
    if variable:
        needs.append(f"{variable} (the endpoint's key)")
        name = _own_header(profile)
        if name:
            bearer = "Bearer " if name == "Authorization" and profile.endpoint.auth in ("bearer", "both") else ""
            needs.append(f'{_whole_header(variable)}="{bearer}${variable}" (the header {name})')
    needs += [f"{header_variable(header)} (all that the header {header} holds)" for header in profile.secret_headers]
    lines += ["# needs in its environment:", *(f"#   {need}" for need in needs)]
    return "\n".join(lines) + "\n"


def _own_header(profile: Profile) -> str | None:
    """The header that must be named, because LiteLLM would send the key in another one."""
    endpoint = profile.endpoint
    if endpoint.auth.startswith("header:"):
        return endpoint.auth.removeprefix("header:")
    if endpoint.format.vendor == "anthropic":  # its SDK sends x-api-key
        return "Authorization" if endpoint.auth in ("bearer", "both") else None
    return "x-api-key" if endpoint.auth in ("x-api-key", "both") else None


def _whole_header(variable: str) -> str:
    """The variable that holds a header's whole value: LiteLLM puts variables in only as a whole."""
    return variable.removesuffix("_API_KEY") + "_AUTH_HEADER"


def _public_names(profile: Profile) -> dict[str, str]:
    """Name a client asks for → model: every model under its own name, tiers under Claude's, the rest to the default."""
    tiers = own_models(profile).named()
    names = {model: model for model in tiers.values()}
    for tier in ("fable", "opus", "sonnet", "haiku"):
        model = tiers.get(tier) or tiers.get("default")
        if model:
            names[f"claude-{tier}-*"] = model
    return names
