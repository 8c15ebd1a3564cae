"""JSON that describes an endpoint: settings of any program, or a piece of them.

Pure. The tree is walked for the object that holds an address, and what stands
beside it; where none does, for assignments in its texts (`package.json`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ccswitch_tui.interop import api_clients, cline
from ccswitch_tui.interop.env_lines import env_pairs
from ccswitch_tui.interop.names import Pair, fold, names_address
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.url_path import is_page
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import CHAT, FORMATS, MESSAGES, Wire

DEEPEST = 12
"""Levels of JSON walked; real files have four."""


def draft_from_json_text(text: str) -> Draft | None:
    """The endpoint a JSON text describes; None when it is not JSON."""
    try:
        tree = forgiving_json(text)
        tree = forgiving_json(tree) if isinstance(tree, str) else tree
        whole = api_clients.filled(text, tree)
        tree = forgiving_json(whole) if whole != text else tree
        return draft_from_tree(api_clients.with_inherited_sign_in(tree))
    except ValueError:
        return None


def forgiving_json(text: str) -> Any:
    """JSON as people write it: with comments, and a comma too many. Raises ValueError naming line and column."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        try:
            return json.loads(_plain_json(text))
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


def _plain_json(text: str) -> str:
    """The text without comments and trailing commas; strings are left alone."""
    parts = re.findall(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|[^"/]+|.', text, re.DOTALL)
    plain = "".join("" if part.startswith(("//", "/*")) else part for part in parts)
    strings = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
    return strings.sub(lambda match: match[1] or "", plain)


def draft_from_tree(tree: Any) -> Draft:
    """The endpoint a parsed JSON document describes."""
    in_use = cline.draft_from_cline(tree)
    if in_use is not None:
        return in_use
    drafts = [_from_object(node, place) for place, node in _objects(tree, DEEPEST)]
    found = [d for d in drafts if d.endpoint is not None and not _is_a_page(d)]
    if not found:
        unusable = next((d for d in drafts if d.unusable and (d.secret or d.key_ref)), None)
        return unusable or _from_values(tree)
    complete = [d for d in found if d.secret or d.key_ref]
    best = (complete or found)[0]
    distinct = {d.endpoint.base_url for d in complete if d.endpoint}
    if len(distinct) > 1:
        note = say(
            ("it contains {n} endpoints: the first one was used ('ccswitch-tui import' imports whole files)"),
            n=len(distinct),
        )
        best = best._replace(notes=(*best.notes, note))
    return _with_model_in_use(tree, best)


def _is_a_page(draft: Draft) -> bool:
    """Whether an address without a key is one that people open: a program's home, its list of issues."""
    assert draft.endpoint is not None
    return draft.secret is None and draft.key_ref is None and is_page(draft.endpoint.base_url)


def _from_values(tree: Any) -> Draft:
    """The endpoint in a document none of whose objects is one: in a list of variables, in the texts of commands."""
    inside: list[Draft] = []
    for text in commands_in(tree):
        inside.append(draft_from_pairs(env_pairs(text), "environment variables"))
    found = next((d for d in inside if d.endpoint or d.unusable), None)
    if found is not None:
        others = {d.endpoint.base_url for d in inside if d.endpoint} - {found.endpoint and found.endpoint.base_url}
        note = say("it contains {n} endpoints: the first one was used", n=len(others) + 1)
        return found._replace(notes=(*found.notes, note)) if others else found
    draft = draft_from_pairs(api_clients.named_values(tree) or _leaves(tree, DEEPEST), "JSON")
    return Draft() if draft.endpoint is not None and _is_a_page(draft) else draft


_COMMAND = re.compile(r"(?:^|[\s'\"])(?:[A-Z][A-Z0-9_]{2,}=|curl\s)")


def commands_in(tree: Any, depth: int = DEEPEST) -> Iterator[str]:
    """The texts in a document that are commands, or set variables for one."""
    if isinstance(tree, str) and _COMMAND.search(tree):
        yield tree
    elif depth and isinstance(tree, dict | list):
        values = list(tree.values()) if isinstance(tree, dict) else tree[:1000]
        if values and isinstance(tree, list) and all(isinstance(v, str) and "=" in v for v in values):
            yield "\n".join(values)  # the environment of a container: ["A=b", "C=d"]
            return
        for value in values:
            yield from commands_in(value, depth - 1)


_ALIASES = ("opus", "sonnet", "haiku", "fable", "opusplan", "default", "best")
"""What Claude Code's own settings call a tier: no endpoint knows such a model."""


def _with_model_in_use(tree: Any, draft: Draft) -> Draft:
    """The draft with the model that the document says is in use, not the first of a list."""
    said = tree.get("model") if isinstance(tree, dict) else None
    if isinstance(said, dict):  # Gemini CLI's form: {"model": {"name": "m-1"}}
        said = said.get("name")
    if not isinstance(said, str) or not said or said.lower().partition("[")[0] in _ALIASES:
        return draft
    provider, _, tail = said.partition("/")
    of_provider = tail if isinstance(tree.get("provider"), dict) and provider in tree["provider"] else ""
    if of_provider in draft.listed_models or not draft.models.default:
        return draft._replace(models=draft.models._replace(default=of_provider or said))
    return draft


def _objects(tree: Any, depth: int, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects that say something together, outermost first, each with the name it stands under."""
    if depth == 0:
        return
    if isinstance(tree, dict):
        yield place, tree
        for name, value in tree.items():
            yield from _objects(value, depth - 1, str(name))
    elif isinstance(tree, list):
        if tree and all(isinstance(i, dict) and {"name", "value"} <= set(i) for i in tree):
            # VS Code's claudeCode.environmentVariables
            yield place, {"env": {str(i["name"]): i["value"] for i in tree}}
            return
        for value in tree[:1000]:
            yield from _objects(value, depth - 1, place)


_KINDS = ("npm", "provider", "type", "api", "apiFormat", "api_type", "protocol", "apiProvider", "engine")
"""Fields in which tools say whose format an endpoint speaks."""


def _format_of(node: dict[str, Any], place: str) -> Wire | None:
    """The format an object names, or the vendor's name it stands under."""
    said = [str(node[kind]).lower() for kind in _KINDS if isinstance(node.get(kind), str)] or [place.lower()]
    if any(re.search(r"(?:^|[/_-])anthropic(?:$|[_-])|^claude$", word) for word in said):
        return MESSAGES
    return CHAT if any("openai-compatible" in word or "chat-completion" in word for word in said) else None


def _as_said(draft: Draft, node: dict[str, Any], place: str) -> Draft:
    wire = _format_of(node, place)
    if wire is None or draft.endpoint is None or draft.endpoint.wire == wire:
        return draft
    base = FORMATS[wire].fitted(draft.endpoint.base_url)
    return draft._replace(endpoint=draft.endpoint._replace(wire=wire, base_url=base))


_OF_ONE_MODEL = {"toolCalling", "maxInputTokens", "envKey"}
"""Fields of GitHub Copilot's and qwen-code's models."""


def _from_object(node: dict[str, Any], place: str = "") -> Draft:
    request = api_clients.draft_from_request(node)
    if request is not None:
        return request
    name = str(node.get("name") or node.get("title") or "")
    if isinstance(node.get("env"), dict):
        return draft_from_pairs(_scalars(node["env"]), "settings in JSON", name=name)
    pairs = _scalars(node)
    for inner in ("options", "auth", "settings", "requestOptions", "litellm_params"):
        if isinstance(node.get(inner), dict):
            pairs += _scalars(node[inner])
    models = node.get("models")
    if isinstance(models, dict) and isinstance(models.get("claude"), dict):
        pairs += _scalars(models["claude"])  # cc-switch's "universal" provider: one table an app
        models = None
    if _OF_ONE_MODEL & node.keys() and "model" not in node:  # an entry of a list of models, with its own address
        pairs.append(("model", str(node.get("id") or place)))
    if not any(fold(n) == "MODEL" for n, _ in pairs):
        listed = list(models) if isinstance(models, dict | list) else []
        first = next((m for m in listed if isinstance(m, str)), None) or _first_name(
            models or node.get("available_models")
        )
        if first:
            pairs.append(("model", first))
    draft = draft_from_pairs([(n, v) for n, v in pairs if fold(n) not in ("NAME", "TITLE")], "JSON", name=name)
    if isinstance(models, dict | list):
        draft = draft._replace(listed_models=tuple(m for m in models if isinstance(m, str)))
    return _as_said(draft, node, place)


def _first_name(models: Any) -> str | None:
    """The first model in a list of tables: `[{"id": "m-1"}]` of Crush, `[{"name": "m-1"}]` of Zed."""
    first = models[0] if isinstance(models, list) and models and isinstance(models[0], dict) else {}
    return next((first[n] for n in ("id", "model", "name") if isinstance(first.get(n), str)), None)


def _scalars(node: dict[str, Any]) -> list[Pair]:
    """Texts and numbers by name. An address that is null, a list or a table stays named, for it is not absent."""
    pairs = []
    for name, value in node.items():
        if isinstance(value, list) and names_address(str(name)):
            value = next((v for v in value if isinstance(v, str)), None)
        if (value is None or isinstance(value, dict)) and names_address(str(name)):
            value = ""
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            pairs.append((str(name), str(value)))
    return pairs


def _leaves(tree: Any, depth: int) -> list[Pair]:
    return [pair for _, node in _objects(tree, depth) for pair in _scalars(node)]
