"""Smaller switchers: claude-switch-tui, claude-provider-switcher, zcf, claude-code-switch.

Pure: one parsed file in, candidates out. Some keep their keys in a keyring of
their own; those come without one, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.headers import is_placeholder
from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.names import Pair
from ccswitch_tui.interop.variables import draft_from_pairs, read_key
from ccswitch_tui.profiles.draft import Candidate, Draft
from ccswitch_tui.profiles.model import ModelTiers
from ccswitch_tui.profiles.presets import load_presets
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.wire.formats import MESSAGES

KEY_ELSEWHERE = say("its key is in that tool's own keyring entry: give it with 'ccswitch-tui edit NAME --key-stdin'")


def from_claude_switch_tui(tree: Any, *, insist: bool = False) -> list[Candidate]:
    """AonoChano/claude-switch-tui: a list of `{name, url, models{…}}`."""
    if not isinstance(tree, list):
        raise UsageError(say("not a list of claude-switch-tui"))
    found = []
    for entry in tree:
        if isinstance(entry, Mapping):
            models = entry.get("models") if isinstance(entry.get("models"), Mapping) else {}
            tiers = {k: str(models[k]) for k in ("opus", "sonnet", "haiku") if models and models.get(k)}
            default = str(models.get("anthropic") or "") if models else ""
            draft = _anthropic(entry.get("url"), default, tiers)
            found.append(_without_key(str(entry.get("name") or "imported"), draft, insist))
    return found


def from_claude_provider_switcher(tree: Any, *, insist: bool = False) -> list[Candidate]:
    """RomaCredit/claude-provider-switcher: `{version, profiles: {name: {base_url, model, auth_kind}}}`."""
    profiles = tree.get("profiles") if isinstance(tree, Mapping) else None
    if not isinstance(profiles, Mapping):
        raise UsageError(say("not a profiles.json of claude-provider-switcher"))
    found = []
    for name, entry in profiles.items():
        if isinstance(entry, Mapping) and entry.get("base_url"):
            draft = _anthropic(entry.get("base_url"), str(entry.get("model") or ""), {})
            if draft.endpoint is not None and "api_key" in str(entry.get("auth_kind") or "").lower():
                draft = draft._replace(endpoint=draft.endpoint._replace(auth="x-api-key"))
            found.append(_without_key(str(name), draft, insist))
    return found


def from_zcf(tree: Any, *, insist: bool = False) -> list[Candidate]:
    """UfoMiao/zcf: `[claudeCode.profiles.<id>]` tables."""
    part = tree.get("claudeCode") if isinstance(tree, Mapping) else None
    profiles = part.get("profiles") if isinstance(part, Mapping) else None
    if not isinstance(profiles, Mapping):
        raise UsageError(say("not a config.toml of zcf"))
    found = []
    for name, entry in profiles.items():
        if not isinstance(entry, Mapping):
            continue
        if not entry.get("baseUrl"):
            found.append(Candidate(str(entry.get("name") or name), None, say("it names no address")))
            continue
        key_name = "ANTHROPIC_API_KEY" if entry.get("authType") == "api_key" else "ANTHROPIC_AUTH_TOKEN"
        pairs: list[Pair] = [
            ("ANTHROPIC_BASE_URL", str(entry["baseUrl"])),
            (key_name, str(entry.get("apiKey") or "")),
            ("ANTHROPIC_MODEL", str(entry.get("primaryModel") or "")),
        ]
        pairs += [
            (f"{tier}_model", str(entry.get(f"default{tier.title()}Model") or ""))
            for tier in ("haiku", "sonnet", "opus", "fable")
        ]
        found.append(_checked(str(entry.get("name") or name), pairs, "zcf", insist))
    return found


CCM = {
    "DEEPSEEK": ("deepseek", "https://api.deepseek.com/anthropic"),
    "KIMI": ("kimi", "https://api.moonshot.ai/anthropic"),
    "KIMI_CN": ("kimi-cn", "https://api.moonshot.cn/anthropic"),
    "GLM": ("glm", "https://api.z.ai/api/anthropic"),
    "QWEN": ("qwen", "https://coding-intl.dashscope.aliyuncs.com/apps/anthropic"),
    "MINIMAX": ("minimax", "https://api.minimax.io/anthropic"),
    "ARK": ("seed", "https://ark.cn-beijing.volces.com/api/coding"),
    "OPENROUTER": ("openrouter", "https://openrouter.ai/api"),
    "CLAUDE": ("claude", "https://api.anthropic.com"),
}
"""The first part of ccm's variables → its name there and the address ccm sends the key to. A key of a coding plan
must not go to the vendor's pay-as-you-go address, nor the other way round. Source: foreveryh/claude-code-switch,
ccm.sh."""

CCM_REGIONS = {
    "KIMI": "https://api.moonshot.cn/anthropic",
    "GLM": "https://open.bigmodel.cn/api/anthropic",
    "QWEN": "https://coding.dashscope.aliyuncs.com/apps/anthropic",
    "MINIMAX": "https://api.minimaxi.com/anthropic",
}
"""Where `ccm NAME china` goes instead; which of the two a key is for stands in no file."""


def from_key_file(pairs: list[Pair], source: str, *, insist: bool = False) -> list[Candidate]:
    """foreveryh/claude-code-switch: `DEEPSEEK_API_KEY=…` lines, one a provider of the catalogue."""
    table = dict(pairs)
    found = []
    for name, value in pairs:
        stem, is_key, _ = name.partition("_API_KEY")
        if not is_key or not value or is_placeholder(value):
            continue  # ccm writes the file itself, with a placeholder for each of its providers
        notes: list[Sentence] = []
        secret, ref = read_key(value, notes)
        if secret is None and ref is None:
            found.append(Candidate(name, None, notes[-1] if notes else say("its key is empty")))
            continue
        title, base = CCM.get(stem, ("", ""))
        preset = load_presets().of_base_url(base) if base else load_presets().of_variable(name)
        if preset is None or preset.value:
            found.append(Candidate(name, None, say("the address of '{provider}' is not known", provider=name)))
            continue
        draft = preset.draft(MESSAGES if base else None)
        if stem in CCM_REGIONS:
            other = CCM_REGIONS[stem]
            notes.append(say("a key of the Chinese site needs {base_url} instead", base_url=other))
        model = table.get("SEED_MODEL" if stem == "ARK" else f"{stem}_MODEL")
        small = table.get("SEED_SMALL_FAST_MODEL" if stem == "ARK" else f"{stem}_SMALL_FAST_MODEL")
        if model:
            draft = draft._replace(models=ModelTiers(default=model, haiku=small if small and small != model else None))
        draft = draft._replace(secret=secret, key_ref=ref, notes=(*draft.notes, *notes), source=source)
        found.append(checked(title or preset.id, draft, insist=insist))
    return found


def _anthropic(url: Any, model: str, tiers: dict[str, str]) -> Draft:
    pairs: list[Pair] = [("ANTHROPIC_BASE_URL", str(url or "")), ("ANTHROPIC_MODEL", model)]
    pairs += [(f"{tier}_model", name) for tier, name in tiers.items()]
    try:
        return draft_from_pairs(pairs, "another switcher")
    except UsageError:
        return Draft()


def _without_key(name: str, draft: Draft, insist: bool) -> Candidate:
    return checked(name, draft._replace(warnings=(*draft.warnings, KEY_ELSEWHERE)), insist=insist)


def _checked(name: str, pairs: list[Pair], source: str, insist: bool) -> Candidate:
    try:
        return checked(name, draft_from_pairs(pairs, source), insist=insist)
    except UsageError as error:
        return Candidate(name, None, error.message)
