"""Code that asks an endpoint: SDK snippets and plain requests, in a dozen languages.

Pure; nothing is evaluated. Code is searched for arguments whose value is a
literal or an environment variable.
"""

from __future__ import annotations

import re

from ccswitch_tui.interop.headers import looks_secret, read_headers, with_headers
from ccswitch_tui.interop.names import Pair, fold, names_address
from ccswitch_tui.interop.shellwords import END, VARIABLE
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import Sentence, say

ARGUMENT_NAMES = {
    "azure_endpoint": "base_url", "azureEndpoint": "base_url", "openai_api_base": "base_url", "api_base": "base_url",
    "apiBase": "base_url", "Uri": "url", "openai_api_key": "api_key", "authToken": "auth_token",
    "azure_deployment": "model", "model_name": "model", "modelName": "model",
}  # fmt: skip
"""What the SDKs and their wrappers (Azure, LangChain, LiteLLM, PowerShell) call the same three things."""

_STRING = r"""(?P<quote>[rf]?(?P<mark>\"\"\"|'''|["'`]))(?P<text>(?:\\.|(?!(?P=mark)).)*)(?P=mark)"""
_FROM_ENV = (
    r"""(?:os\.)?(?:environ(?:\.get)?\s*[\[(]|getenv\s*\(|Deno\.env\.get\s*\()\s*["'](?P<env1>\w+)["']"""
    r"""|(?:process|import\.meta)\.env(?:\.(?P<env2>\w+)|\[["'](?P<env3>\w+)["']\])|ENV\[["'](?P<env4>\w+)["']\]"""
)
_ARGUMENT = re.compile(
    rf"""(?:(?<![\w.-])|(?<=\bopenai\.)|(?<=\blitellm\.))["']?(?P<name>[A-Za-z_][\w-]{{0,40}})["']?\s*(?:=|:)(?!=)\s*(?:{_STRING}|{_FROM_ENV})"""
)
_WRAPPED = re.compile(
    r"(?:\bnew[ \t]+)?\b(?:\w+\.)?(?:Ur[il]|UR[IL](?:\.create)?|SecretStr|\w*KeyCredential|String)"
    r"\(\s*(?:string:\s*)?([\"'][^\"'\n]*[\"'])\s*\)!?"
)
"""A text in an object of its own: `new Uri("…")`, `httpx.URL("…")`, `SecretStr("…")`."""

_CONNECTION = re.compile(
    r"""\bHTTP(?P<tls>S?)Connection\(\s*["'](?P<host>[^"'\n]+)["'](?:\s*,\s*(?P<port>\d+))?"""
    r"""(?:[\s\S]{0,4000}?\.request\(\s*["']\w+["']\s*,\s*["'](?P<path>/[^"'\n]*)["'])?"""
)
"""Python's http.client, as Postman writes it: the host and the path apart."""

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
    r"|\bnew (?:OpenAI|Anthropic)\b|\bHTTPS?Connection\(|\bURLRequest\(|\bHttpRequest\b|\bNet::HTTP\b"
    r"|\.(?:header|addHeader|setRequestHeader|addValue|setValue)\(|\bHeader\.(?:Set|Add)\(|\.bearer_auth\("
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
    connection = _CONNECTION.search(text)
    if connection:
        port = f":{connection['port']}" if connection["port"] else ""
        scheme = "https" if connection["tls"] else "http"
        pairs.append(("url", f"{scheme}://{connection['host']}{port}{connection['path'] or ''}"))
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
