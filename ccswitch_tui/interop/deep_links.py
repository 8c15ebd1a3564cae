"""Links other switchers hand providers over with: ccswitch:// and ccr://.

Pure. A link may name a file to fetch (`configUrl`) or a script to run
(`usageScript`): both are ignored, a link only ever yields an endpoint, a key
and models. Sources: farion1231/cc-switch deep links v1; musistudio/claude-code-router.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from urllib.parse import unquote, unquote_plus, urlsplit

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.names import Pair
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import NOTHING, say
from ccswitch_tui.wire.formats import CHAT, FORMATS, MESSAGES, Wire

SCHEMES = ("ccswitch", "ccr")

IGNORED = (
    "configurl",
    "usagescript",
    "usageenabled",
    "usageapikey",
    "usagebaseurl",
    "usageaccesstoken",
    "icon",
    "homepage",
)
"""Parameters that would make us fetch, run or trust something; a usage script may even carry further secrets."""

CCR_WIRES: dict[str, Wire] = {"openai_chat_completions": CHAT, "anthropic_messages": MESSAGES}


_LINK = re.compile(r"(?<![A-Za-z])(?:ccswitch|ccr)://[^\s\"'`<>，。；、）】》]+", re.IGNORECASE)
_ENCODED = re.compile(r"(?<![A-Za-z])(?:ccswitch|ccr)%(?:25)*3A%(?:25)*2F%(?:25)*2F[^\s\"'`<>&]+", re.IGNORECASE)
_FURTHER = re.compile(r"[ \t]*\n[ \t]*(?:>[ \t]*)*(?P<more>[\w&=%+/.~:,-]+)(?=[ \t]*(?:\n|\Z|[)>\"'`\]]))")
"""A line that can only be the rest of a link that was wrapped."""


def find_link(text: str) -> str:
    """The first link in a text, out of HTML, Markdown, a sentence or several lines; "" when there is none."""
    lowered = text.lower()
    if "ccswitch" not in lowered and "ccr" not in lowered:
        return ""
    if "=3D" in text and re.search(r"=\r?\n", text):  # a mail's source: quoted-printable
        text = re.sub(r"=\r?\n", "", text).replace("=3D", "=")
    found = _LINK.search(text)
    if found is None:
        encoded = _ENCODED.search(text)
        if encoded is None:
            return ""
        link = encoded[0]
        for _ in range(3):
            link = unquote(link) if "://" not in link else link
        return link
    link, at = found[0], found.end()
    while (more := _FURTHER.match(text, at)) and ("=" in more["more"] or "%" in more["more"] or _ends_open(link)):
        link, at = link + more["more"], more.end()
    link = re.sub(r"&(?:amp|#38|#x26);", "&", link)
    while link[-1:] in ".,;:!?*_" or (
        link[-1:] in ")]}" and link.count({")": "(", "]": "[", "}": "{"}[link[-1]]) < link.count(link[-1])
    ):
        link = link[:-1]
    return link


_ANY_LINK = re.compile(r"(?<![\w.])(?P<scheme>[a-z][a-z0-9+.-]{2,30})://[^\s\"'`<>，。；、]+", re.IGNORECASE)
_CARRIERS = ("settings", "data", "config")
_SERVERS, _TOKENS = ("server", "domain", "url", "baseurl", "endpoint"), ("key", "token", "apikey")


def settings_in_link(text: str) -> Draft | None:
    """The endpoint in a link that hands a gateway's key to a chat program; None when there is none.

    new-api and one-api offer them: `https://CHAT/?settings={…}` (NextChat, LobeChat), `cherrystudio://…data=BASE64`
    (Cherry Studio, DeepChat), `ama://set-api-key?server=…&key=…`. Source: QuantumNous/new-api, setting/chat.go.
    """
    for found in _ANY_LINK.finditer(text):
        link = re.sub(r"&(?:amp|#38|#x26);", "&", found[0])
        given = _parameters(link.partition("?")[2].partition("#")[0] if "/#/" not in link else link.rpartition("?")[2])
        carried = next((given[name] for name in _CARRIERS if given.get(name)), "")
        draft = _carried(carried) if carried else None
        if draft is None and found["scheme"].lower() not in ("http", "https"):
            server = next((given[name] for name in _SERVERS if given.get(name)), None)
            key = next((given[name] for name in _TOKENS if given.get(name)), None)
            draft = draft_from_pairs([("base_url", server), ("api_key", key)], "a link") if server and key else None
        if draft is not None and (draft.endpoint is not None or draft.unusable):
            return draft._replace(source="a link")
    return None


def _carried(text: str) -> Draft | None:
    from ccswitch_tui.interop.json_trees import draft_from_json_text

    with contextlib.suppress(binascii.Error, UnicodeDecodeError, ValueError):
        if not text.startswith("{"):
            text = base64.b64decode(text.replace(" ", "+") + "=" * (-len(text) % 4), altchars=b"-_").decode()
    return draft_from_json_text(text) if text.startswith("{") else None


def _ends_open(link: str) -> bool:
    """Whether a link was cut inside a value that goes on: base64, or a key."""
    last = link.rpartition("&")[2]
    return last.endswith(("=", "&", "-", "_")) or len(link) > 60


_VALUES = (
    "settings",
    "data",
    "server",
    "domain",
    "url",
    "key",
    "token",
    "apikey",
    "endpoint",
    "config",
    "model",
    "haikumodel",
    "sonnetmodel",
    "opusmodel",
    "baseurl",
    "models",
)


def _parameters(query: str) -> dict[str, str]:
    """The parameters by name. A plus is a plus in what holds no blanks, though a form would call it one."""
    given = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        name = unquote(name).lower().replace("_", "")
        value = unquote(value) if name in _VALUES else unquote_plus(value)
        if value:
            given[name] = value
    return given


def parse_link(text: str) -> Draft:
    """The provider in a link. Raises UsageError when it carries none."""
    parts = urlsplit("".join(text.split()))
    given = _parameters(parts.query)
    scheme = parts.scheme.lower()
    if scheme == "ccswitch" and given.get("resource", "provider") != "provider":
        raise UsageError(
            say("this link carries no provider"), hint=say("only links with resource=provider describe an endpoint")
        )
    notes = []
    if set(given) & set(IGNORED):
        notes.append(say("the link's other instructions (files to fetch, scripts to run) were ignored"))
    draft = _from_ccr(given) if scheme == "ccr" else _from_cc_switch(given)
    return draft._replace(notes=(*notes, *draft.notes))


def _from_cc_switch(given: dict[str, str]) -> Draft:
    app = given.get("app", "claude")
    vendor = "openai" if app in ("codex", "opencode", "openclaw") else "anthropic"
    key = "anthropic_auth_token" if vendor == "anthropic" else "openai_api_key"
    config = given.get("config", "")
    pairs: list[Pair] = [
        (key, given.get("apikey", "")),
        (f"{vendor}_model", given.get("model", "")),
        ("haiku_model", given.get("haikumodel", "")),
        ("sonnet_model", given.get("sonnetmodel", "")),
        ("opus_model", given.get("opusmodel", "")),
    ]
    inner = _embedded(config, app) if config else None
    endpoint, *further = given.get("endpoint", "").split(",")
    if endpoint or inner is None or (inner.endpoint is None and not inner.unusable):
        # a link always means one address: without any it is unusable, and never the vendor's
        pairs.append((f"{vendor}_base_url", endpoint))
    else:
        pairs = [pair for pair in pairs if pair[0] != key] + [("api_key", given.get("apikey", ""))]
    draft = draft_from_pairs(pairs, "a ccswitch:// link", name=given.get("name", ""))
    if further:
        draft = draft._replace(
            notes=(*draft.notes, say("the link contains {n} addresses: the first one was used", n=len(further) + 1))
        )
    if config and inner is None:
        unread = say("the configuration in the link cannot be read and was left out")
        draft = draft._replace(notes=(*draft.notes, unread))
    return draft if inner is None else _merged(draft, inner)


def _embedded(config: str, app: str) -> Draft | None:
    """The embedded configuration: JSON or TOML in base64, for Codex TOML inside JSON; None where it cannot be read."""
    from ccswitch_tui.interop.codex import draft_from_codex
    from ccswitch_tui.interop.json_trees import draft_from_tree, forgiving_json

    try:
        text = base64.b64decode(config.replace(" ", "+") + "=" * (-len(config) % 4), altchars=b"-_").decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    try:
        tree = forgiving_json(text)
    except ValueError:
        return draft_from_codex({"config": text}) if app == "codex" else None
    if app == "codex" and isinstance(tree, dict) and isinstance(tree.get("config"), str):
        return draft_from_codex(tree)
    return draft_from_tree(tree)


def _merged(draft: Draft, inner: Draft) -> Draft:
    """The link's own parameters over what its embedded configuration says."""
    return inner._replace(
        endpoint=draft.endpoint or (None if draft.unusable else inner.endpoint),
        unusable=draft.unusable or (NOTHING if draft.endpoint else inner.unusable),
        secret=draft.secret or inner.secret,
        models=type(draft.models)(*(ours or theirs for ours, theirs in zip(draft.models, inner.models, strict=True))),
        name=draft.name,
        source=draft.source,
        notes=(*draft.notes, *inner.notes),
    )


def _from_ccr(given: dict[str, str]) -> Draft:
    protocol = given.get("protocol", "openai_chat_completions")
    if protocol.startswith("gemini"):
        raise UsageError(
            say("this provider speaks Gemini's own format"), hint=say("use its OpenAI-compatible address instead")
        )
    models = [m.strip() for m in given.get("models", "").split(",") if m.strip()]
    pairs: list[Pair] = [
        ("base_url", given.get("baseurl", "")),
        ("api_key", given.get("apikey", "")),
        ("model", models[0] if models else ""),
    ]
    draft = draft_from_pairs(pairs, "a ccr:// link", name=given.get("name", ""))
    if draft.endpoint is None:
        return draft
    wire = CCR_WIRES.get(protocol, CHAT)
    base = FORMATS[wire].fitted(draft.endpoint.base_url)
    return draft._replace(endpoint=draft.endpoint._replace(wire=wire, base_url=base), listed_models=tuple(models))
