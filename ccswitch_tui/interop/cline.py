"""Settings of Cline, Roo Code and Kilo Code: the fields of the provider in use, out of those of all providers.

Pure. One flat object holds an address, a key and a model for each provider the
user ever tried; `apiProvider` says which of them counts. Roo exports several.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.interop.names import Pair
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import say

FIELDS = {
    "anthropic": ("ANTHROPIC", "anthropicbaseurl", "apikey", "apimodelid"),
    "openai": ("OPENAI", "openaibaseurl", "openaiapikey", "openaimodelid"),
    "openai-native": ("OPENAI", "openainativebaseurl", "openainativeapikey", "apimodelid"),
    "openrouter": ("OPENROUTER", "openrouterbaseurl", "openrouterapikey", "openroutermodelid"),
    "litellm": ("LITELLM", "litellmbaseurl", "litellmapikey", "litellmmodelid"),
    "ollama": ("OLLAMA", "ollamabaseurl", "ollamaapikey", "ollamamodelid"),
    "lmstudio": ("LMSTUDIO", "lmstudiobaseurl", "lmstudioapikey", "lmstudiomodelid"),
    "deepseek": ("DEEPSEEK", "deepseekbaseurl", "deepseekapikey", "apimodelid"),
    "requesty": ("REQUESTY", "requestybaseurl", "requestyapikey", "requestymodelid"),
}
"""Provider → its label, and the names of its fields in lower case. Source: the settings of cline/cline and
RooCodeInc/Roo-Code (`ApiConfiguration`, `ProviderSettings`)."""


def draft_from_cline(tree: Any) -> Draft | None:
    """The endpoint in use; None where this is no such settings, or of a provider that is not in the table."""
    if not isinstance(tree, Mapping):
        return None
    exported = tree.get("providerProfiles")
    configs = exported.get("apiConfigs") if isinstance(exported, Mapping) else None
    if not isinstance(configs, Mapping):
        return _of_provider(tree)
    name = str(exported.get("currentApiConfigName") or "") if isinstance(exported, Mapping) else ""
    name = name if name in configs else next(iter(configs), "")
    chosen = configs.get(name)
    draft = _of_provider(chosen) if isinstance(chosen, Mapping) else None
    if draft is None or len(configs) == 1:
        return draft
    note = say("it contains {n} endpoints: '{name}', which is in use there, was taken", n=len(configs), name=name)
    return draft._replace(name=name, notes=(*draft.notes, note))


def _of_provider(settings: Mapping[str, Any]) -> Draft | None:
    fields = {str(name).lower(): value for name, value in settings.items() if isinstance(value, str)}
    for name in [name for name in fields if name.startswith("actmode")]:
        fields[name.removeprefix("actmode")] = fields[name]  # the mode that works, not the one that plans
    row = FIELDS.get(fields.get("apiprovider", ""))
    if row is None:
        return None
    label, url, key, model = row
    bearer = settings.get("anthropicUseAuthToken") is True
    pairs: list[Pair] = [
        (f"{label}_{'AUTH_TOKEN' if bearer and label == 'ANTHROPIC' else 'API_KEY'}", fields.get(key, "")),
        ("MODEL", fields.get(model, "")),
    ]
    if fields.get(url):
        pairs.append((f"{label}_BASE_URL", fields[url]))
    return draft_from_pairs(pairs, "settings in JSON")
