"""JSON objects and SDK snippets (Python, JavaScript) that describe an endpoint.

Pure; nothing is evaluated. Code is searched for arguments whose value is a
literal or an environment variable; JSON is walked for the object that holds an
address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ccswitch_tui.interop.headers import looks_secret, read_headers, with_headers
from ccswitch_tui.interop.names import Pair, fold, names_address
from ccswitch_tui.interop.shellwords import END, VARIABLE
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.wire.formats import CHAT, FORMATS, MESSAGES, Wire

ARGUMENT_NAMES = {
    "azure_endpoint": "base_url", "azureEndpoint": "base_url", "openai_api_base": "base_url", "api_base": "base_url",
    "apiBase": "base_url", "Uri": "url", "openai_api_key": "api_key", "authToken": "auth_token",
    "azure_deployment": "model", "model_name": "model", "modelName": "model",
}  # fmt: skip
"""What the SDKs and their wrappers (Azure, LangChain, LiteLLM, PowerShell) call the same three things."""

DEEPEST = 12
"""Levels of JSON walked; real files have four."""

_STRING = r"""(?P<quote>[rf]?(?P<mark>\"\"\"|'''|["'`]))(?P<text>(?:\\.|(?!(?P=mark)).)*)(?P=mark)"""
_FROM_ENV = (
    r"""(?:os\.)?(?:environ(?:\.get)?\s*[\[(]|getenv\s*\(|Deno\.env\.get\s*\()\s*["'](?P<env1>\w+)["']"""
    r"""|(?:process|import\.meta)\.env(?:\.(?P<env2>\w+)|\[["'](?P<env3>\w+)["']\])|ENV\[["'](?P<env4>\w+)["']\]"""
)
_ARGUMENT = re.compile(
    rf"""(?:(?<![\w.-])|(?<=\bopenai\.)|(?<=\blitellm\.))["']?(?P<name>[A-Za-z_][\w-]{{0,40}})["']?\s*(?:=|:)(?!=)\s*(?:{_STRING}|{_FROM_ENV})"""
)
_WRAPPED = re.compile(
    r"(?:\bnew[ \t]+)?\b(?:\w+\.)?(?:Ur[il]|UR[IL]|SecretStr|\w*KeyCredential|String)\(\s*([\"'][^\"'\n]*[\"'])\s*\)"
)
"""A text in an object of its own: `new Uri("…")`, `httpx.URL("…")`, `SecretStr("…")`."""

_BUILDER = re.compile(
    rf"""\.\s*(?:with|set)?_?(?:(?P<key>api_?key|access_?token)|base_?ur[il]|api_?base|endpoint)\s*\(\s*{_STRING}\s*\)""",
    re.IGNORECASE,
)
"""A client that is built by calls: `.with_api_key("…").with_api_base("…")`."""

_ENV_NAME = re.compile(r"\$([A-Z][A-Z0-9_]{2,60})\b")
_COMPUTED = re.compile(
    r"""(?<![\w.-])["']?(?P<name>[A-Za-z_][\w-]{0,40})["']?\s*(?:=|:)(?!=)\s*(?P<value>[A-Za-z_][\w.\[\]"'-]{0,80})"""
)
_ENV_COMPUTED = re.compile(
    r"""(?:environ\s*\[\s*["'](?P<name>\w+)["']\s*\]|process\.env\.(?P<dotted>\w+))\s*=\s*(?P<value>[A-Za-z_][\w.\[\]-]{0,80})"""
)
_HEADER = re.compile(
    rf"""(?:["'](?P<name>[A-Za-z-]{{1,60}})["']|\b(?P<bare>Authorization|authorization))\s*[:,=]\s*(?:{_STRING})"""
    r"""(?:[ \t]*(?:\+|%|\.format\()[ \t]*(?P<rest>[A-Za-z_][\w.]{0,60}))?"""
)
_ENV_SET = re.compile(
    rf"""(?:environ\s*\[\s*["'](?P<name>\w+)["']\s*\]|process\.env\.(?P<dotted>\w+))\s*=\s*(?:{_STRING})"""
)
_CLIENT = re.compile(
    r"\b(?P<vendor>Async|Azure|Chat)?(?P<name>Anthropic|OpenAI)(?:Bedrock|Vertex)?\s*\(|\bcreate(?P<maker>OpenAI|Anthropic)\w*\("
)
_CODE = re.compile(
    r"^[ \t]*(?:import |from \w[\w.]* import|const |let |var |client\s*=|require\()"
    r"|\bnew (?:OpenAI|Anthropic)\b"
    r"|\b(?:Async|Azure|Chat)?(?:OpenAI|Anthropic)\(|\brequests\.post\(|\bfetch\(|\bhttpx\.|\blitellm\.|\bInvoke-(?:RestMethod|WebRequest)\b",
    re.MULTILINE | re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s\"'`<>()]+", re.IGNORECASE)


def looks_like_code(text: str) -> bool:
    """Whether the text is a program rather than settings."""
    return _CODE.search(text) is not None


def draft_from_code(text: str) -> Draft:
    """The endpoint a snippet talks to."""
    pairs: list[Pair] = []
    values: dict[str, str] = {}
    text = _WRAPPED.sub(r"\1", text)
    for match in _ARGUMENT.finditer(text):
        value = _interpolated(_value(match), values) if "{" in match[0] else _value(match)
        values[match["name"]] = value
        pairs.append((_argument_name(match["name"]), value))
    pairs += [(m["name"] or m["dotted"], m["text"]) for m in _ENV_SET.finditer(text)]
    for match in _BUILDER.finditer(text):
        pairs.append(("api_key" if match["key"] else "base_url", _interpolated(match["text"], values)))
    vendor = _vendor(text)
    source = "an SDK snippet"
    named = [(m["name"] or m["bare"], _header_value(m, values)) for m in _HEADER.finditer(text)]
    notes: list[Sentence] = []
    headers = read_headers([h for h in named if _is_header(h[0])], notes, [])
    pairs = [(f"{vendor}_{name}" if vendor and fold(name) in ("BASE_URL", "API_KEY", "MODEL") else name, value)
             for name, value in pairs if value]  # fmt: skip
    worked_out = False
    for name, value in _computed_addresses(text, pairs, vendor):
        worked_out = worked_out or value not in values
        pairs.append((name, values.get(value, "")))
    draft = draft_from_pairs(_known(pairs, text, vendor), source)
    if worked_out and draft.unusable:
        draft = draft._replace(unusable=say("the code computes its address: it is not in this text"))
    if draft.endpoint is None and not draft.unusable:
        url = _URL.search(text)
        if url:
            draft = draft_from_pairs([*pairs, ("url", url[0])], source)
    return with_headers(draft, headers)._replace(notes=tuple(dict.fromkeys((*draft.notes, *notes))))


def _computed_addresses(text: str, pairs: list[Pair], vendor: str) -> list[Pair]:
    """Addresses that are no literals (`base_url=settings.relay`), as (name, the expression)."""
    if any(names_address(name) for name, _ in pairs):
        return []
    found = [(match["name"] or match["dotted"], match["value"]) for match in _ENV_COMPUTED.finditer(text)]
    for match in _COMPUTED.finditer(text):
        name = _argument_name(match["name"])
        if match["value"] not in ("None", "undefined", "null"):
            found.append((f"{vendor}_{name}" if vendor and fold(name) == "BASE_URL" else name, match["value"]))
    return [(name, value) for name, value in found if names_address(name)]


def _argument_name(name: str) -> str:
    return ARGUMENT_NAMES.get(name, name)


def _known(pairs: list[Pair], text: str, vendor: str) -> list[Pair]:
    """The pairs; with a client of a vendor and no key named, the SDK reads the vendor's own variable."""
    if vendor and not any(fold(n).endswith(("API_KEY", "AUTH_TOKEN")) for n, _ in pairs):
        return [*pairs, (f"{vendor}_api_key", f"${vendor.upper()}_API_KEY")]
    return pairs


def _value(match: re.Match[str]) -> str:
    variable = match["env1"] or match["env2"] or match["env3"] or match["env4"]
    return f"${variable}" if variable else match["text"]


def _is_header(name: str) -> bool:
    """Whether what is assigned to such a name in code is a header with a secret, and not an argument of that name."""
    lower = name.lower()
    return lower in ("authorization", "x-api-key", "api-key") or ("-" in name and looks_secret(name))


def _header_value(match: re.Match[str], values: dict[str, str]) -> str:
    """A header's text with what the same snippet assigned put in: `"Bearer " + KEY`, `f"Bearer {key}"`."""
    text = _interpolated(match["text"], values)
    rest = match["rest"]
    if rest:
        text = re.sub(r"%s|\{\}", "", text) + (values.get(rest) or _from_environment(rest) or f"${rest}")
    return _ENV_NAME.sub(lambda m: f"{VARIABLE}{m[1]}{END}", text)


def _from_environment(expression: str) -> str:
    name = re.fullmatch(r"process\.env\.(\w+)", expression)
    return f"${name[1]}" if name else ""


def _interpolated(text: str, values: dict[str, str]) -> str:
    """`Bearer {key}` and `Bearer ${key}` with the values assigned in the same snippet."""
    text = re.sub(
        rf"\$?\{{\s*(?:{_FROM_ENV})[^{{}}]*\}}",
        lambda m: f"${m['env1'] or m['env2'] or m['env3'] or m['env4']}",
        text,
    )
    return re.sub(r"\$?\{\s*(\w+)\s*\}|\$(\w+)", lambda m: values.get(m[1] or m[2], m[0]), text)


def _vendor(text: str) -> str:
    client = _CLIENT.search(text)
    if client is None:
        return ""
    return (client["name"] or client["maker"]).lower()


# ---------------------------------------------------------------- JSON


def draft_from_json_text(text: str) -> Draft | None:
    """The endpoint a JSON text describes; None when it is not JSON."""
    try:
        tree = forgiving_json(text)
        return draft_from_tree(forgiving_json(tree) if isinstance(tree, str) else tree)
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
    drafts = [_from_object(node, place) for place, node in _objects(tree, DEEPEST)]
    found = [d for d in drafts if d.endpoint is not None]
    if not found:
        unusable = next((d for d in drafts if d.unusable and (d.secret or d.key_ref)), None)
        return unusable or draft_from_pairs(_leaves(tree, DEEPEST), "JSON")
    complete = [d for d in found if d.secret or d.key_ref]
    best = (complete or found)[0]
    distinct = {d.endpoint.base_url for d in complete if d.endpoint}
    if len(distinct) > 1:
        note = say(
            ("it contains {n} endpoints: the first one was used ('ccswitch-tui import' imports whole files)"),
            n=len(distinct),
        )
        best = best._replace(notes=(*best.notes, note))
    return best


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


_KINDS = ("npm", "provider", "type", "api", "apiFormat", "api_type", "protocol", "apiProvider")
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


def _from_request(node: dict[str, Any]) -> Draft | None:
    """A request as HAR, Postman and Insomnia keep it: an address, and a list of headers."""
    given = node.get("headers") or node.get("header")
    url = node["url"].get("raw") if isinstance(node.get("url"), dict) else node.get("url")
    if not isinstance(url, str) or not url or not isinstance(given, list | dict):
        return None
    pairs = given.items() if isinstance(given, dict) else [
        (h.get("name") or h.get("key"), h.get("value")) for h in given if isinstance(h, dict)
    ]  # fmt: skip
    notes: list[Sentence] = []
    warnings: list[Sentence] = []
    headers = read_headers([(str(n), str(v)) for n, v in pairs if n and v], notes, warnings)
    draft = with_headers(draft_from_pairs([("url", url)], "JSON"), headers)
    return draft._replace(notes=(*draft.notes, *notes), warnings=tuple(warnings))


def _from_object(node: dict[str, Any], place: str = "") -> Draft:
    request = _from_request(node)
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
