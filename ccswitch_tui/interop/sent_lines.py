"""Lines that people send to each other: an address with a key, `label: value`, a row of a table.

Pure. What stands behind a value is no part of it, and a key is for the address
that stands before it.
"""

from __future__ import annotations

import re

from ccswitch_tui.interop.headers import holds_key, read_headers, with_headers
from ccswitch_tui.interop.names import Pair, names_address, names_model
from ccswitch_tui.interop.variables import draft_from_pairs, read_key
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.url_path import is_page
from ccswitch_tui.secret import Secret

_MODEL_FIELD = re.compile(
    r"""(?<![\w.-])[\\`]?["']?model[\\`]?["']?\s*[:=]\s*[\\`]?["']([^"'\\`\n]{1,120})[\\`]?["']"""
)
"""`model: "m-1"`; in a text inside code, with the mark of that language before its quotes."""

_MODEL_OPTION = re.compile(
    r"(?:(?<=\s)--model(?:-name)?[ \t=]+|(?:(?<=\s)|(?<=\.))model=|(?<=\S[ \t])model:[ \t]?)([\w./:@-]{2,120})(?=\s|$)"
)
"""`--model m-1`, HTTPie's `model=m-1`, `url:… key:… model:m-1` on one line."""

_BY_LITELLM = re.compile(r"\baider[ \t]+-|\blitellm\b|\binterpreter[ \t]+--|\bLLM\(|\bcrewai\b|\bdspy\.")
"""Programs that ask through LiteLLM, for which `openai/` is no part of a model's name."""

_TABLE_ROW = re.compile(r"^[ \t]*\|[ \t]*([^|\n]{1,60}?)[ \t]*\|[ \t]*([^|\n]{1,500}?)[ \t]*\|[ \t]*$", re.MULTILINE)
_BRACKETED = re.compile(r"^[ \t]*[【「]([^】」\n]{1,20})[】」][ \t]*[:：]?[ \t]*", re.MULTILINE)
_DASHES = re.compile(r"(?<=\w)-{4,}(?=\w)")
"""`https://…----sk-…`, as keys are sold."""

_LABEL_LINE = re.compile(
    r"^(?:[ \t]*(?:\d{1,2}[.)、][ \t]*|[^\w\s\"'`*{}()\[\]<>]{1,4}[ \t]*))?[ \t>*-]*[\"'`*]*"
    r"(?P<name>[A-Za-z_\u4e00-\u9fff][\w .\u4e00-\u9fff-]{0,40}?)[\"'`*]*"
    r"[ \t]*[:：=＝][ \t]*(?P<value>\S.*?)[ \t,;]*$",
    re.MULTILINE,
)
_PROSE = re.compile(r"[^\W\d_][^\W\d_'’-]*(?:[ ,]+[^\W\d_][^\W\d_'’-]*)+[.!]?")
"""Two words or more: an address is none of them."""

_ANY_URL = re.compile(r"https?://[^\s\"'`<>()，。；、,;|]+", re.IGNORECASE)
KEY_SHAPE = re.compile(
    r"(?<![\w./-])(?:sk|pk|rk|gsk|xai|hf|nvapi|r8|fw|tgp|csk|pplx|key|ak|ms|AIza)[-_]?[A-Za-z0-9][\w-]{14,}"
)

OTHER_LINES = re.compile(
    r"^[ \t]*(?:#|//|;|rem\b|unset\b|remove-item\b|set[ \t]+-e\b).*$", re.IGNORECASE | re.MULTILINE
)
"""Remarks, and variables that are taken away."""


def draft_from_lines(text: str) -> Draft:
    """An address with a key, or `label: value` lines as people send them to each other."""
    text = _BRACKETED.sub(r"\1: ", _DASHES.sub(" ", _TABLE_ROW.sub(r"\1: \2", text)))
    labelled, headers = labels(text)
    draft = draft_from_pairs(labelled, "labelled lines")
    notes, warnings = list(draft.notes), list(draft.warnings)
    read = read_headers(headers, notes, warnings)
    if draft.endpoint is None and not draft.unusable:
        url = _address_in(text)
        if url:
            plain = draft_from_pairs([("url", url)], "an address")
            notes += plain.notes
            draft = plain._replace(models=draft.models, secret=draft.secret or plain.secret, key_ref=draft.key_ref)
    if draft.endpoint is None and not draft.unusable:
        draft = _bare_words(text, draft)
        notes += draft.notes
    draft = with_model(text, draft)
    if read.auth and read.auth.startswith("header:"):
        draft = with_headers(draft, read)
        read = read._replace(secret=None, more={})
    elif draft.endpoint is not None and read.auth:
        draft = draft._replace(endpoint=draft.endpoint._replace(auth=read.auth))
    draft = draft._replace(secret_headers={**draft.secret_headers, **read.more})
    ref = None if read.secret or draft.secret else draft.key_ref or read.ref
    secret = read.secret or draft.secret or (None if ref else loose_key(text, draft))
    return draft._replace(secret=secret, key_ref=ref, notes=tuple(dict.fromkeys(notes)), warnings=tuple(warnings))


def _address_in(text: str) -> str:
    """The address in a text that is no page to read, of several the one before the key, or else the first; of a
    program's settings, not out of the remarks."""
    said = OTHER_LINES.sub("", text) if text.count("\n#") > 4 else text
    found = list(_ANY_URL.finditer(said))
    usable = [url for url in found if not is_page(url[0])]
    key = KEY_SHAPE.search(_ANY_URL.sub(lambda url: " " * len(url[0]), said))
    before = [url for url in usable if key and url.end() <= key.start()]
    while len(before) > 1 and re.fullmatch(r"[ \t]*[,;|][ \t]*", said[before[-2].end() : before[-1].start()]):
        before.pop()  # several addresses of one entry: the first of them counts
    if usable:
        return (before[-1] if before else usable[0])[0]
    return text.strip() if text.strip() in [url[0] for url in found] else ""


_SECRET_HEADER = re.compile(r"x-[\w-]+-(?:key|token|auth\w*)|[\w-]+-auth(?:orization)?", re.IGNORECASE)
"""A label with hyphens that is a header's name: `cf-aig-authorization`, `Helicone-Auth`, `x-portkey-virtual-key`."""


def labels(text: str) -> tuple[list[Pair], list[Pair]]:
    """The `label: value` lines, and those of them that are headers."""
    labelled: list[Pair] = []
    headers: list[Pair] = []
    for match in _LABEL_LINE.finditer(text):
        name, value = match["name"].strip(), match["value"].strip("\"'`*| \t")
        if name.lower() in ("http", "https") or (names_address(name) and _PROSE.fullmatch(value)):
            continue
        if emphasised := re.fullmatch(r"__(.+)__", value):
            value = emphasised[1]
        if names_model(name):
            value = without_remark(value)
        if name.lower() in ("authorization", "x-api-key") or _SECRET_HEADER.fullmatch(name):
            headers.append((name, value))
        else:
            labelled.append((name, value))
    return labelled, headers


def without_remark(value: str) -> str:
    """A model's name without what a person wrote behind it: `m-1 (recommended)`."""
    first, *rest = re.split(r"\s+|(?<=\w)(?=[（【「〈])", value)
    if rest and first[-1:] in ",;，；、":
        return first[:-1]
    if rest and re.match(r"[(\[#（【<←]|//|--|–|—|-$|,|or\b|and\b|或", rest[0]):
        return first.rstrip(",;，；")
    return value if " " in value.rstrip(",;，；、") else re.split("[,，;；、]", value)[0]


def with_model(text: str, draft: Draft) -> Draft:
    """The draft with the model that a command, a request or an argument in the text names, where it has none."""
    found = _MODEL_FIELD.search(text) or _MODEL_OPTION.search(text)
    model = (found[1] if found else draft.models.default or "").strip()
    if draft.models.default and not _BY_LITELLM.search(text):
        return draft
    if _BY_LITELLM.search(text):
        model = model.removeprefix("openai/")
    if draft.endpoint is None or not model or holds_key(model) or model in ("sonnet", "opus", "haiku", "default"):
        return draft
    return draft._replace(models=draft.models._replace(default=model))


_OF_A_FILE = re.compile(
    r"[\w-]+(?:\.[\w-]+)*\.(?:py|md|rs|sh|js|mjs|ts|tsx|json|ya?ml|toml|env|txt|go|rb|cs|java|php|ps1|bat|log|conf|ini|zip)"
)


_SURELY_A_HOST = re.compile(r"[:/]|\.(?:[a-z]{2,4}|cloud|tech|site|online|example|internal|local|corp|home)$")
"""A port, a path, or an ending that hosts have and the attributes of a program (`os.environ`) have not."""


def _bare_words(text: str, draft: Draft) -> Draft:
    """`api.example.com sk-…`: an address without a scheme. Not in a program, whose modules have dots as well."""
    if re.search(r"^[ \t]*(?:import|from|use|require|package|using)\b[ \t(]", text, re.MULTILINE):
        return draft
    words = text.split()
    for word in words:
        if _OF_A_FILE.fullmatch(word) or (len(words) > 6 and not _SURELY_A_HOST.search(word)):
            continue
        if re.fullmatch(
            r"(?:localhost|[\w-]+(?:[.．。][\w-]+)+|\[[0-9a-fA-F:]+\]|\d+(?:\.\d+){3})(?::\d+)?(?:/\S*)?", word
        ) and ("/" in word or ":" in word or re.search(r"\.[a-z]{2,}$", word)):
            return draft_from_pairs([("url", word)], "an address")._replace(models=draft.models)
    return draft


def loose_key(text: str, draft: Draft) -> Secret | None:
    """The one word that has the shape of a key, or that stands alone beside an address."""
    if draft.key_ref is not None:
        return None
    shape = KEY_SHAPE.search(_ANY_URL.sub(" ", text))
    if shape:
        return read_key(shape[0], [])[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    alone = [
        line
        for line in lines
        if re.fullmatch(r"[\w.~+/=-]{16,}", line) and "." not in line[:12] and "/" not in line[:8]
    ]
    return read_key(alone[0], [])[0] if len(lines) <= 4 and len(alone) == 1 else None
