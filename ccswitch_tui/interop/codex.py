"""Codex: a TOML of model providers, and auth.json with the keys beside it. Pure.

One rule: a key goes to a provider only where Codex itself would send it. The
login's OPENAI_API_KEY is OpenAI's, and a relay's only where the provider says
`requires_openai_auth`. Sources: openai/codex, docs/config.md and
codex-rs/model_provider_info; zcf 3.7.3 writes `temp_env_key`, whose value it
keeps in auth.json under that name.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.headers import read_headers, with_headers
from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.names import Pair
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Candidate, Draft
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import RESPONSES

OPENAI = "openai"
"""The provider that needs no description: its address is known, or `openai_base_url` says another."""

LOGIN_KEY = "OPENAI_API_KEY"


_AUTH = re.compile(r"\{[^{}]*\"OPENAI_API_KEY\"[^{}]*\}")
_TOML_LINE = re.compile(r"[ \t]*(?:\[{1,2}[\w.\"'-]+\]{1,2}|[\w.\"'-]+[ \t]*=.*|#.*|[\"\w].*\"?,|\])?[ \t]*")


def draft_from_text(text: str) -> Draft:
    """The provider in a text with a config.toml in it, and perhaps the auth.json that belongs to it."""
    found = _AUTH.search(text)
    try:
        auth = json.loads(found[0]) if found else {}
    except ValueError:
        auth = {}
    rest = text.replace(found[0], "") if found else text
    lines = [line for line in rest.splitlines() if _TOML_LINE.fullmatch(line)]
    return draft_from_codex({"config": "\n".join(lines), "auth": auth})


def draft_from_codex(settings: Mapping[str, Any]) -> Draft:
    """The provider in use of one entry that keeps the TOML as a text, and its own auth.json, inside JSON."""
    auth = settings.get("auth")
    try:
        config = tomllib.loads(str(settings.get("config") or ""))
    except tomllib.TOMLDecodeError:
        return Draft(unusable=say("its configuration cannot be read as TOML"), source="Codex")
    # The entry is a pair: what its auth.json holds was given for what its TOML describes.
    return _draft(config, auth if isinstance(auth, Mapping) else {}, _provider_in_use(config), paired=True)


def candidates_from_codex(config: Mapping[str, Any], auth: Mapping[str, Any], *, insist: bool) -> list[Candidate]:
    """Every provider the file describes, and OpenAI's own where a key for it is there."""
    described = config.get("model_providers")
    names = [str(name) for name in described] if isinstance(described, Mapping) else []
    used = _provider_in_use(config)
    if OPENAI not in names and (used == OPENAI or auth.get(LOGIN_KEY)):
        names.append(OPENAI)
    found = []
    for name in names:
        try:
            draft = _draft(config, auth, name)
        except UsageError as error:
            found.append(Candidate(name, None, error.message, name == used))
            continue
        if name == OPENAI and draft.secret is None and draft.key_ref is None and not draft.unusable:
            found.append(Candidate(name, None, say("it signs in instead of using a key"), name == used))
            continue
        found.append(checked(name, draft, in_use=name == used, insist=insist))
    return found


def _provider_in_use(config: Mapping[str, Any]) -> str:
    """The provider the file, or the profile it chooses, names; without a word, the only one it describes, or OpenAI."""
    described = config.get("model_providers")
    only = next(iter(described)) if isinstance(described, Mapping) and len(described) == 1 else OPENAI
    return str(_chosen(config, "model_provider") or only)


def _chosen(config: Mapping[str, Any], name: str) -> Any:
    """A setting as the profile in use has it, or the file."""
    profiles = config.get("profiles")
    profile = profiles.get(config.get("profile")) if isinstance(profiles, Mapping) else None
    return (profile.get(name) if isinstance(profile, Mapping) else None) or config.get(name)


def _draft(config: Mapping[str, Any], auth: Mapping[str, Any], name: str, *, paired: bool = False) -> Draft:
    described = config.get("model_providers")
    entry = described.get(name) if isinstance(described, Mapping) else None
    if entry is None and name == OPENAI:
        entry = {"base_url": config["openai_base_url"]} if "openai_base_url" in config else {}
        own: Mapping[str, Any] = {"requires_openai_auth": True, **entry}
    elif isinstance(entry, Mapping):
        own = entry
    else:
        return Draft(unusable=say("its provider '{provider}' is not described in it", provider=name), source="Codex")
    model = own.get("model") or (_chosen(config, "model") if name == _provider_in_use(config) else "")
    pairs: list[Pair] = [("OPENAI_MODEL", str(model or ""))]
    if "base_url" in own or name != OPENAI:
        pairs.append(("OPENAI_BASE_URL", str(own.get("base_url") or "")))
    draft = draft_from_pairs([*pairs, (LOGIN_KEY, _key(own, auth, paired))], "Codex")
    if draft.endpoint is None:
        return draft
    wire = RESPONSES if own.get("wire_api") == "responses" else draft.endpoint.wire
    return _with_headers(draft._replace(endpoint=draft.endpoint._replace(wire=wire)), own)


def _key(entry: Mapping[str, Any], auth: Mapping[str, Any], paired: bool) -> str:
    """The key Codex sends to this provider: its value, `$NAME` for a variable, or ""."""
    if entry.get("experimental_bearer_token"):
        return str(entry["experimental_bearer_token"])
    variable = entry.get("env_key") or entry.get("temp_env_key")
    if variable:
        return str(auth.get(str(variable)) or f"${variable}")
    if entry.get("requires_openai_auth", paired):
        return str(auth.get(LOGIN_KEY) or "")
    return ""


def _with_headers(draft: Draft, entry: Mapping[str, Any]) -> Draft:
    plain, by_variable = entry.get("http_headers"), entry.get("env_http_headers")
    pairs = [(str(k), str(v)) for k, v in plain.items()] if isinstance(plain, Mapping) else []
    pairs += [(str(k), f"${v}") for k, v in by_variable.items()] if isinstance(by_variable, Mapping) else []
    if not pairs:
        return draft
    notes, warnings = list(draft.notes), list(draft.warnings)
    return with_headers(draft, read_headers(pairs, notes, warnings))._replace(
        notes=tuple(notes), warnings=tuple(warnings)
    )
