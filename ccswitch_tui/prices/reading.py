"""Price lists as others write them, reduced to ours. Pure: parsed JSON in, prices per million tokens out.

A row without both prices, with negative ones or nonsense is left out; so are
rows that cost nothing, which lists write for "not known" and for plans.
Sources: LiteLLM `model_prices_and_context_window.json` (1.106.2, per token);
OpenRouter "Get models" (texts, per token, "-1" for a router's choice); LiteLLM
proxy `/model_group/info`; new-api `/api/pricing` (ratios of 2 USD a million).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.prices.model import Step, per_million, usable
from ccswitch_tui.prices.sellers import SELLERS

Models = dict[str, tuple[Step, ...]]

KINDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
}
MODES = ("chat", "responses", "completion")
ABOVE = re.compile(r"_above_(\d{1,4})k_tokens$")
PREFIXES = {"together_ai": ("together_ai/",), "cohere_chat": ("cohere/",), "azure": ("azure/",)}
"""Of model names, where the seller's own name followed by a slash is not it."""


class NotAList(ValueError):
    """What came is no price list."""


def litellm_list(document: Any) -> dict[str, Models]:
    """LiteLLM's public list by seller; those whose address we know. Raises NotAList."""
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise NotAList("an object of models was expected")
    wanted = {seller.id for seller in SELLERS}
    found: dict[str, Models] = {}
    for name, row in document.items():
        if not isinstance(row, dict) or row.get("mode") not in MODES:
            continue
        seller = row.get("litellm_provider")
        if not isinstance(seller, str) or seller not in wanted:
            continue
        steps = _litellm_steps(row)
        if usable(steps):
            found.setdefault(seller, {})[_own_name(seller, name)] = steps
    if not found:
        raise NotAList("no model of a known seller has a price in it")
    return found


def _own_name(seller: str, name: str) -> str:
    for prefix in PREFIXES.get(seller, (seller + "/",)):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def _litellm_steps(row: Mapping[str, Any]) -> tuple[Step, ...]:
    tiers = row.get("tiered_pricing")
    if isinstance(tiers, list) and tiers:
        return tuple(sorted(step for step in map(_tier, tiers) if step is not None))
    base = Step(0, *(per_million(row.get(name)) for name in KINDS.values()))
    steps = [base]
    limits = sorted({int(above[1]) for name in row if isinstance(name, str) and (above := ABOVE.search(name))})
    for limit in limits:
        suffix = f"_above_{limit}k_tokens"
        each = [per_million(row.get(name + suffix)) for name in KINDS.values()]
        steps.append(Step(limit * 1000, *(base[i + 1] if one is None else one for i, one in enumerate(each))))
    return tuple(steps)


def _tier(tier: Any) -> Step | None:
    if not isinstance(tier, dict) or not isinstance(tier.get("range"), list) or not tier["range"]:
        return None
    begins = per_million(tier["range"][0], 1)
    return None if begins is None else Step(int(begins), *(per_million(tier.get(name)) for name in KINDS.values()))


def openrouter_models(document: Any) -> Models:
    """OpenRouter's own list, keyless."""
    found: Models = {}
    for row in _rows(document):
        told = row.get("pricing")
        if not isinstance(told, dict):
            continue
        names = ("prompt", "completion", "input_cache_read", "input_cache_write")
        _take(found, row.get("id"), (Step(0, *(per_million(told.get(name)) for name in names)),))
    return _some(found)


def litellm_groups(document: Any) -> Models:
    """What the operator of a LiteLLM proxy configured."""
    found: Models = {}
    for row in _rows(document):
        _take(found, row.get("model_group"), (Step(0, *(per_million(row.get(name)) for name in KINDS.values())),))
    return _some(found)


def new_api_pricing(document: Any) -> Models:
    """A relay's own list, in ratios; for the group `default`, because a key does not tell its own."""
    if not isinstance(document, dict):
        raise NotAList("an object was expected")
    ratios = document.get("group_ratio")
    group = per_million(ratios.get("default"), 1) if isinstance(ratios, dict) else None
    if group is None:
        raise NotAList("it names no group 'default'")
    found: Models = {}
    for row in _rows(document):
        base = per_million(row.get("model_ratio"), 2 * group)
        more = per_million(row.get("completion_ratio"), 1)
        groups = row.get("enable_groups")
        if base is None or more is None or row.get("quota_type") not in (0, None):
            continue  # paid by the call, which is no price of tokens
        if isinstance(groups, list) and groups and "default" not in groups:
            continue
        cached = per_million(row.get("cache_ratio"), base)
        _take(found, row.get("model_name"), (Step(0, base, base * more, cached),))
    return _some(found)


def _rows(document: Any) -> list[Mapping[str, Any]]:
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise NotAList("it has no list 'data'")
    return [row for row in rows if isinstance(row, dict)]


def _take(found: Models, name: Any, steps: tuple[Step, ...]) -> None:
    if isinstance(name, str) and 0 < len(name) <= 200 and usable(steps):
        found[name] = steps


def _some(found: Models) -> Models:
    if not found:
        raise NotAList("no model has a price in it")
    return found


READERS: Mapping[str, tuple[str, Callable[[Any], Models], bool]] = {
    "openrouter": ("/api/v1/models", openrouter_models, False),
    "litellm": ("/model_group/info", litellm_groups, True),
    "new-api": ("/api/pricing", new_api_pricing, False),
}
"""By the route of `balance`: what is asked at the endpoint's own origin, who reads it, whether the key goes along."""
