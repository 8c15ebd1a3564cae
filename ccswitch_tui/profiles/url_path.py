"""What the path of a pasted address says: the vendor's own door, a route at its end, the wire.

Pure. Each rule that is one vendor's cites that vendor's page. Whatever is taken
off or put in is named in `changes`, in words.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.wire.formats import CHAT, FORMATS, MESSAGES, Wire

CLIENTS_OWN = "the client appends it itself"

ROUTES: tuple[tuple[str, Wire | None, str], ...] = (
    *(
        (route.removeprefix(row.version), row.name, CLIENTS_OWN)
        for row in FORMATS.values()
        for route in (row.count_tokens, row.ask)
        if route
    ),
    ("/messages/batches", "anthropic", CLIENTS_OWN),
    ("/responses/compact", "openai-responses", CLIENTS_OWN),
    ("/completions", "openai-chat", "that is the old completions route; chat completions are used"),
    ("/embeddings", "openai-chat", "it serves no conversations"),
    ("/images/generations", "openai-chat", "it serves no conversations"),
    ("/models", None, "that is the list of models"),
)
"""Route at the end of a pasted address, what it says about the wire, why it is taken off. First match wins."""

SERVER_NATIVE_ROUTES = ("/api/chat", "/api/generate", "/api/tags")
"""Ollama's own routes; its OpenAI-compatible ones are under /v1 (Ollama, docs/openai.md)."""

_DOUBLED_VERSION = re.compile(r"(/v\d+)\1+(?=/|$)")
_VERSION_END = re.compile(r"/v\d+[a-z]*\d*$")
_FOUNDRY_HOST = ".services.ai.azure.com"
_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com")
_GEMINI_HOST = "generativelanguage.googleapis.com"


def collapsed(path: str, changes: list[Sentence]) -> str:
    """The path without doubled slashes and what was left at its end."""
    path = unquote(path) if "%20" in path else path
    single = re.sub(r"/{2,}", "/", path)
    if single.rstrip("/") != path.rstrip("/"):
        changes.append(say("collapsed doubled slashes"))
    bare = single.rstrip("/.,;")
    if bare != single:
        changes.append(
            say("removed the slash at the end")
            if single.rstrip("/") == bare
            else say("removed the punctuation at the end")
        )
    return bare


def vendor_path(host: str, path: str, changes: list[Sentence]) -> tuple[str, Wire | None, str | None, str | None]:
    """Addresses whose vendor has a better one: (path, wire, model, auth); wire None means no such vendor."""
    if host.endswith((*_AZURE_HOSTS, _FOUNDRY_HOST)) and (native := re.match(r"(?:/api)?/anthropic(?=/|$)", path)):
        # Claude in Foundry: the Messages API below /anthropic (learn.microsoft.com, "Use Claude in Foundry Models").
        if path not in (native[0], native[0] + "/v1"):
            changes.append(say("removed '{path}': the client appends it itself", path=path.removeprefix(native[0])))
        return native[0], MESSAGES, None, None
    if host.endswith(_FOUNDRY_HOST) and re.match(r"/(?:models|openai)(?:/|$)", path):
        deployment = re.match(r"/openai/deployments/([^/]+)", path)
        if path != "/openai/v1":
            changes.append(say("using Azure's /openai/v1, which needs no api-version"))
        return "/openai/v1", CHAT, deployment[1] if deployment else None, "header:api-key"
    if host.endswith(_AZURE_HOSTS):
        # Azure OpenAI v1 API: no api-version, the deployment goes into "model"
        # (learn.microsoft.com, "Azure OpenAI in Azure AI Foundry Models API lifecycle").
        deployment = re.match(r"/openai/deployments/([^/]+)", path)
        if not path.startswith("/openai/v1") or deployment:
            azure = say("using Azure's /openai/v1, which needs no api-version")
            changes.append(
                say("{azure}; the deployment '{name}' is the model", azure=azure, name=deployment[1])
                if deployment
                else azure
            )
        elif path != "/openai/v1":
            changes.append(say("removed '{path}': the client appends it itself", path=path.removeprefix("/openai/v1")))
        return "/openai/v1", "openai-chat", deployment[1] if deployment else None, "header:api-key"
    if served := re.fullmatch(r"(/serving-endpoints)/([^/]+)/invocations", path):
        # Databricks: the model's name goes into the body (docs.databricks.com, "Query foundation models").
        changes.append(say("removed '{path}': the client appends it itself", path=path.removeprefix(served[1])))
        return served[1], CHAT, served[2], None
    if path.endswith("/text/chatcompletion_v2"):
        # MiniMax: the same models answer chat completions (platform.minimax.io, "OpenAI-compatible API").
        changes.append(say("removed '{path}': the client appends it itself", path="/text/chatcompletion_v2"))
        return path.removesuffix("/text/chatcompletion_v2"), CHAT, None, None
    if host == _GEMINI_HOST:
        # Gemini's OpenAI compatibility: ai.google.dev/gemini-api/docs/openai
        model = re.search(r"/models/([^/:]+)", path)
        if path != "/v1beta/openai":
            changes.append(say("Gemini's own format is not supported: using its OpenAI-compatible /v1beta/openai"))
        return "/v1beta/openai", "openai-chat", model[1] if model else None, None
    for route in SERVER_NATIVE_ROUTES:
        if path.endswith(route):
            changes.append(say("'{route}' is the server's own format: using its OpenAI-compatible /v1", route=route))
            bare = path.removesuffix(route)
            return bare if _VERSION_END.search(bare) else bare + "/v1", None, None, None
    return path, None, None, None


def without_route(path: str, changes: list[Sentence]) -> tuple[str, Wire | None]:
    """The path without the routes that clients append themselves, and the wire that the first of them is of."""
    wire: Wire | None = None
    again = True
    while again:
        again = False
        one_model = re.search(r"(?<=/v1)/models/[^/]+$", path)
        if one_model:
            path = path[: one_model.start()]
            changes.append(say("removed '/models/…': that is about one model"))
        for route, route_wire, why in ROUTES:
            if path.lower().endswith(route):
                path = path[: -len(route)].rstrip("/")
                changes.append(say("removed '{route}': {why}", route=route, why=say(why)))
                wire, again = wire or route_wire, True
                break
    return path, wire


def version_once(path: str, changes: list[Sentence]) -> str:
    """The path with `/v1/v1` made one."""
    single = _DOUBLED_VERSION.sub(r"\1", path)
    if single != path:
        changes.append(say("collapsed the doubled version segment"))
    return single


def settled_wire(host: str, path: str, wire: Wire | None, changes: list[Sentence]) -> tuple[str, Wire | None]:
    """The path as that wire's SDK wants it, and the wire, where anything says which it is."""
    if wire is None:
        if host == "api.anthropic.com" or re.search(r"/(anthropic|claude)(/|$)", path):
            wire = "anthropic"
        elif _VERSION_END.search(path):
            wire = "openai-chat"
    return (FORMATS[wire].fitted(path, changes) if wire is not None else path), wire


_PAGE = re.compile(
    r"https?://(?:docs|console|platform|dashboard|help|status|github|www\.github)\.[^/]+(?!.*/(?:v\d|api|anthropic)\b)"
    r"|https?://[^?#]*/(?:(?:api-?|manage-)?keys?|tokens?|account|docs?|login|sign-?up|register|settings|pricing|billing"
    r"|console|dashboard|llms\.html)(?:[/?#.]|$)",
    re.IGNORECASE,
)
"""An address that a person opens: where a key is made, and what an error text refers to."""


def is_page(url: str) -> bool:
    """Whether an address is one to open in a browser."""
    return _PAGE.match(url) is not None
