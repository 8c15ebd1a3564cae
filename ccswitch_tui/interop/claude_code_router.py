"""claude-code-router: its config.json (version 2) and the same tree out of its database (version 3).

Pure. Every provider becomes a profile; the router's own table becomes the
tiers of the default one, which may name others. Its transformers become
quirks. Source: musistudio/claude-code-router, tag v2.0.0 and main (August 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.headers import read_headers, with_headers
from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Candidate, Draft, profile_name
from ccswitch_tui.profiles.model import ModelTiers
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.wire.formats import CHAT, FORMATS, MESSAGES, RESPONSES, Wire

QUERY = "SELECT value_json FROM app_config WHERE key = 'default'"
"""Where version 3 keeps the tree."""

TIER_OF_ROUTE = {"background": "haiku", "think": "opus"}
"""`default` is the profile itself; long context, web search and image have no tier of Claude Code's."""

QUIRKS_OF_TRANSFORMER: dict[str, dict[str, Any]] = {
    "reasoning": {"reasoning_replay": "reasoning_content"},
    "deepseek": {"reasoning_replay": "reasoning_content"},
    "maxcompletiontokens": {"max_tokens_field": "max_completion_tokens"},
    "cleancache": {"cache_control": "strip"},
    "gemini": {"schema": "gemini"},
}

PROTOCOL_WIRES: dict[str, Wire] = {
    "anthropic_messages": MESSAGES,
    "anthropic": MESSAGES,
    "openai_chat_completions": CHAT,
    "openai_responses": RESPONSES,
}


def candidates_from_config(tree: Any, *, insist: bool = False) -> list[Candidate]:
    """All providers of a configuration."""
    providers = tree.get("Providers", tree.get("providers")) if isinstance(tree, dict) else None
    if not isinstance(providers, list):
        raise UsageError(say("not a configuration of claude-code-router"), hint=say("it has a list named Providers"))
    routes = _routes(tree.get("Router"))
    entries = [p for p in providers if isinstance(p, dict)]
    return [_candidate(entry, tree, routes, insist) for entry in entries]


def _routes(router: Any) -> dict[str, tuple[str, str]]:
    """route → (provider, model), from `provider,model` texts."""
    found = {}
    for route, target in router.items() if isinstance(router, Mapping) else ():
        if isinstance(target, str) and "," in target:
            provider, _, model = target.partition(",")
            found[route] = (provider.strip(), model.strip())
    return found


def _candidate(
    entry: dict[str, Any], tree: Mapping[str, Any], routes: dict[str, tuple[str, str]], insist: bool
) -> Candidate:
    name = str(entry.get("name") or "imported")
    in_use = routes.get("default", ("", ""))[0] == name
    if str(entry.get("type", "")).startswith("gemini"):
        return Candidate(name, None, say("it speaks Gemini's own format"), in_use)
    base = entry.get("api_base_url") or entry.get("baseUrl") or entry.get("base_url") or ""
    try:
        draft = draft_from_pairs([("base_url", str(base)), ("api_key", str(_key(entry)))], "claude-code-router")
    except UsageError as error:
        return Candidate(name, None, error.message, in_use)
    if draft.endpoint is not None:
        draft = _completed(draft, name, entry, tree, routes)
    return checked(name, draft, in_use=in_use, insist=insist)


def _key(entry: Mapping[str, Any]) -> Any:
    if entry.get("api_key") or entry.get("apiKey"):
        return entry.get("api_key") or entry.get("apiKey")
    credentials = entry.get("credentials")
    first = credentials[0] if isinstance(credentials, list) and credentials else {}
    return first.get("api_key") or first.get("apiKey") or first.get("value") or "" if isinstance(first, dict) else ""


def _completed(
    draft: Draft, name: str, entry: Mapping[str, Any], tree: Mapping[str, Any], routes: dict[str, tuple[str, str]]
) -> Draft:
    assert draft.endpoint is not None
    notes, warnings = list(draft.notes), list(draft.warnings)
    endpoint = draft.endpoint
    transformers, cap = _transformers(entry.get("transformer"))
    wire = PROTOCOL_WIRES.get(str(entry.get("type", "")))
    if "anthropic" in transformers or "Anthropic" in transformers:
        wire = MESSAGES
    wire = wire or endpoint.wire or CHAT
    endpoint = endpoint._replace(wire=wire, base_url=FORMATS[wire].fitted(endpoint.base_url))
    if isinstance(entry.get("extraHeaders"), dict):
        read = read_headers([(str(k), str(v)) for k, v in entry["extraHeaders"].items()], notes, warnings)
        draft = with_headers(draft._replace(endpoint=endpoint), read)
        endpoint = draft.endpoint or endpoint
    proxy = tree.get("PROXY_URL")
    if isinstance(proxy, str) and proxy:
        if "@" in proxy:
            warnings.append(
                say("the HTTP proxy's password is not stored; put it into HTTPS_PROXY if the proxy asks for it")
            )
        endpoint = endpoint._replace(
            http_proxy=proxy.split("://")[0] + "://" + proxy.rpartition("@")[2].split("://")[-1]
        )
    quirks: dict[str, Any] = {}
    for transformer in transformers:
        quirks.update(QUIRKS_OF_TRANSFORMER.get(transformer, {}))
    if isinstance(entry.get("extraBody"), dict) and entry["extraBody"]:
        quirks["extra_body"] = dict(entry["extraBody"])
    listed = tuple(m for m in entry.get("models", ()) if isinstance(m, str))
    return draft._replace(
        endpoint=endpoint,
        models=_tiers(name, listed, routes, notes),
        listed_models=listed,
        quirks={} if endpoint.format.native else quirks,
        max_output=cap,
        context_window=_window(entry, listed),
        notes=tuple(notes),
        warnings=tuple(warnings),
    )


def _transformers(given: Any) -> tuple[list[str], int | None]:
    """Names of the transformers used for all models, and the output limit among them."""
    names, cap = [], None
    used = given.get("use") if isinstance(given, Mapping) else None
    for item in used if isinstance(used, list) else ():
        if isinstance(item, str):
            names.append(item)
        elif isinstance(item, list) and item and isinstance(item[0], str):
            names.append(item[0])
            options = item[1] if len(item) > 1 and isinstance(item[1], Mapping) else {}
            limit = options.get("max_tokens")
            if item[0] == "maxtoken" and isinstance(limit, int) and limit > 0:
                cap = limit
    return names, cap


def _tiers(name: str, listed: tuple[str, ...], routes: dict[str, tuple[str, str]], notes: list[Sentence]) -> ModelTiers:
    provider, model = routes.get("default", ("", ""))
    if provider != name:
        return ModelTiers(default=listed[0] if listed else None)
    tiers = {"default": model}
    for route, tier in TIER_OF_ROUTE.items():
        if route in routes:
            other, other_model = routes[route]
            tiers[tier] = other_model if other == name else f"{profile_name(other)}:{other_model}"
    for route in routes:
        if route not in ("default", *TIER_OF_ROUTE):
            notes.append(say("the route '{route}' has no tier of Claude Code's and was left out", route=route))
    return ModelTiers(**{tier: m for tier, m in tiers.items() if tier == "default" or m != model})


def _window(entry: Mapping[str, Any], listed: tuple[str, ...]) -> int | None:
    metadata = entry.get("modelMetadata")
    facts = metadata.get(listed[0]) if isinstance(metadata, Mapping) and listed else None
    window = facts.get("contextWindow") if isinstance(facts, Mapping) else None
    return window if isinstance(window, int) and window > 0 else None
