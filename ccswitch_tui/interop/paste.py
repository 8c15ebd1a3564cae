"""Paste anything: whatever describes an endpoint becomes a Draft.

Pure. A curl command, `export`/`set`/`$env:` lines, a .env file, JSON, an SDK
snippet, a deep link, lines of a chat message, a bare address. What was pasted
is read once and never kept; no error repeats any of it.
"""

from __future__ import annotations

import contextlib
import re

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop import deep_links, json_trees, kubernetes, pieces, snippets, tidy
from ccswitch_tui.interop.curl import looks_like_curl, read_curl
from ccswitch_tui.interop.env_lines import env_pairs
from ccswitch_tui.interop.headers import holds_key, read_headers, with_headers
from ccswitch_tui.interop.names import Pair, fact, fold, names_address, names_model
from ccswitch_tui.interop.variables import draft_from_pairs, read_key, unclear_address
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.url import is_private, normalise_url, url_host
from ccswitch_tui.profiles.url_path import is_page
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import NOTHING, Sentence, say

LONGEST_PASTE = 1_000_000
"""Characters. The longest honest paste is a curl with a picture in its body; 5 MB is a file chosen by mistake."""

_REQUEST_LINE = re.compile(r"^(?:POST|GET) (/\S*) HTTP/[\d.]+[ \t]*$", re.MULTILINE)
_HOST_LINE = re.compile(r"^host:[ \t]*([\w.-]+(?::\d+)?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
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
_KEY_SHAPE = re.compile(
    r"(?<![\w./-])(?:sk|pk|rk|gsk|xai|hf|nvapi|r8|fw|tgp|csk|pplx|key|ak|ms|AIza)[-_]?[A-Za-z0-9][\w-]{14,}"
)


def parse_paste(pasted: str | bytes, url: str | None = None) -> Draft:
    """The endpoint, key and models in whatever was pasted; `url` takes the place of the address in it.

    Raises UsageError, with a hint and without repeating the text, when it is
    too long, not text, or says nothing about an endpoint.
    """
    notes: list[Sentence] = []
    text = _readable(pasted, notes)
    draft = _parse(text)
    if url is not None:
        draft = _at(draft, url)
    else:
        draft = _not_by_default(draft, text)
    if draft.endpoint is None:
        raise _no_address(draft)
    if url is None and _host_goes_on(text, draft.endpoint.base_url):
        raise UsageError(
            say("the address seems to continue on the next line"),
            hint=say("paste it again with the address on one line"),
        )
    if draft.secret is not None and _goes_on(text, draft.secret.reveal()):
        raise UsageError(
            say("the key seems to continue on the next line"), hint=say("paste it again with the key on one line")
        )
    return draft._replace(notes=(*notes, *draft.notes))


_NAMES_AN_ADDRESS = re.compile(
    r"(?:(?:(?<![A-Za-z])[Bb](?:ase|ASE)|(?<=[a-z])Base)[_.-]?(?i:ur[il])|(?i:api[_.-]?(?:base|ur[il]|host))"
    r"|(?<![A-Za-z])(?i:endpoint)|(?i:gateway[_.-]?url))[A-Za-z_]{0,20}[\"']?\s*(?:[:=(,]|\s[\"'])"
    r"|\b[A-Z][A-Z0-9_]*_(?:BASE_UR[IL]|API_BASE|API_URL|ENDPOINT)\b"
)
"""A name of an address with something behind it; in capitals, the name alone."""

_OTHER_LINES = re.compile(
    r"^[ \t]*(?:#|//|;|rem\b|unset\b|remove-item\b|set[ \t]+-e\b).*$", re.IGNORECASE | re.MULTILINE
)
"""Remarks, and variables that are taken away."""


def _not_by_default(draft: Draft, text: str) -> Draft:
    """The draft; without its address when that is a vendor's which nobody wrote, while the text names another one in a
    form that no reader here understands. The last net below all readers: a key goes nowhere by default then."""
    if draft.endpoint is None or "://v1/import" in text:
        return draft
    host = url_host(draft.endpoint.base_url)
    if is_private(host) or host in text.lower() or host in kubernetes.decoded_addresses(text):
        return draft
    if not _NAMES_AN_ADDRESS.search(_OTHER_LINES.sub("", text)):
        return draft
    return draft._replace(
        endpoint=None, unusable=say("an address is named in it, in a form that is not understood"), preset=None
    )


_MODEL_FAMILY = re.compile(
    r"claude|gpt|glm|qwen|deepseek|kimi|moonshot|gemini|minimax|llama|mistral|grok|doubao|hunyuan|ernie|step|mimo|m-\d|o\d",
    re.IGNORECASE,
)


def _goes_on(text: str, key: str) -> bool:
    """Whether a line that is nothing but more of a key follows the key: a terminal or a mail broke it."""
    at = text.find(key)
    if at < 0 or len(key) < 12:
        return False
    further = re.match(r"[ \t]*\\?\n[ \t]*([A-Za-z0-9_-]{6,})[\"'`;,]?[ \t]*(?:\n|\Z)", text[at + len(key) :][:400])
    if further is None or not re.search(r"\d", further[1]) or _MODEL_FAMILY.match(further[1]):
        return False
    return further[1] != key and not _KEY_SHAPE.fullmatch(further[1])


def _host_goes_on(text: str, base_url: str) -> bool:
    """Whether a line that can only be the rest of a host and a path follows an address that ends in its host."""
    at = text.find(base_url)
    tail = text[at + len(base_url) :][:300]
    if at >= 0 and re.match(r"/\n[ \t]*(?:v\d\w*|api|anthropic|openai|chat|messages)(?:/\S*)?[ \t]*(?:\n|\Z)", tail):
        return True
    rest = re.match(r"\n[ \t]*[a-z0-9-]*(?:\.[a-z]{2,})*/(?:v\d|api|anthropic|chat|openai)\b\S*[ \t]*(?:\n|\Z)"
                    r"|\n[ \t]*[a-z0-9-]*\.[a-z]{2,6}[ \t]*(?:\n|\Z)", tail)  # fmt: skip
    return at >= 0 and rest is not None and base_url.count("/") == 2


def _at(draft: Draft, url: str) -> Draft:
    """The draft with another address: the user's word counts more than the text."""
    given = draft_from_pairs([("url", url)], "an address").endpoint
    if given is None:
        normalise_url(url)  # which says why
    elif draft.endpoint is not None:
        given = draft.endpoint._replace(base_url=given.base_url, wire=given.wire)
    return draft._replace(endpoint=given, unusable=NOTHING)


def _readable(pasted: str | bytes, notes: list[Sentence]) -> str:
    if len(pasted) > LONGEST_PASTE:
        raise UsageError(
            say("this is {n:.1f} MB, too long for the description of an endpoint", n=len(pasted) / 1e6),
            hint=say("paste only the curl command, the export lines or the address"),
        )
    text = _decoded(pasted) if isinstance(pasted, bytes) else pasted
    if text.count("\0") or text.count("\ufffd") > 8:
        raise UsageError(
            say("this is not text but binary data"), hint=say("paste the curl command, the export lines or the address")
        )
    plain = tidy.plain_text(text, notes)
    if not plain.strip():
        raise UsageError(
            say("nothing was pasted"), hint=say("paste a curl command that works, export lines, JSON or an address")
        )
    return plain


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        if raw.count(b"\0") or len(re.findall(rb"[\x00-\x08\x0e-\x1a]", raw)) > 2:
            return "\0"
        return raw.decode("latin-1")


def _parse(text: str) -> Draft:
    """What the text says: a fenced block of it where one says all, else the whole without its marks."""
    link = deep_links.find_link(text)
    if link:
        return deep_links.parse_link(link)
    if "[model_providers" in text:  # its auth.json, which stands beside it, means nothing by itself
        return _parse_one(tidy.without_marks(text))
    settings = deep_links.settings_in_link(text)
    if settings is not None:
        return settings
    for block in tidy.fenced_blocks(text):
        draft = _parse_one(tidy.without_marks(block))
        if draft.endpoint is not None and (draft.secret is not None or draft.key_ref is not None):
            return draft
    return _parse_one(tidy.without_marks(text))


def _parse_one(text: str) -> Draft:
    bare = text.strip()
    if looks_like_curl(text):
        return _in_json_with_a_command(bare) or read_curl(_out_of_quotes(text))
    text = tidy.straight_quotes(text)
    manifest = kubernetes.draft_from_manifest(text)
    if manifest is not None:
        return manifest
    tree = None if "[model_providers" in text else _json_in(bare) or _json_in(text.strip())
    if tree is not None:
        return tree
    other = pieces.draft_from_piece(text) or _request(text)
    if other is not None:
        return other
    if snippets.looks_like_code(text):
        draft = _with_model(text, snippets.draft_from_code(text))
        if draft.endpoint is not None and draft.secret is None and not draft.secret_headers:
            draft = draft._replace(secret=_loose_key(text, draft))
        if draft.endpoint is not None or draft.unusable:
            return draft
    pairs = env_pairs(text)
    if pairs:
        draft = draft_from_pairs(pairs, "environment variables")
        if draft.endpoint is not None and draft.secret is None and draft.key_ref is None:
            known = {fold(name) for name, _ in pairs}
            more = [(name, value) for name, value in _labels(text)[0] if fold(name) not in known]
            draft = draft_from_pairs([*pairs, *more], "environment variables")
        draft = _with_model(text, draft)
        if draft.endpoint is not None or draft.unusable:
            return draft
        by_variable = _by_variable(pairs)
        if by_variable is not None:
            return by_variable
    return _from_lines(text)


_CURL_IN_QUOTES = re.compile(r"""^[^"'\n]{0,200}?(?P<quote>["'])(?P<command>\s*curl\s.+)(?P=quote)\s*$""", re.DOTALL)


def _out_of_quotes(text: str) -> str:
    """A curl command that another one runs (`ssh box "curl …"`, `sh -c '…'`) by itself."""
    found = _CURL_IN_QUOTES.match(text.strip())
    if found is None:
        return text
    return found["command"].replace("\\" + found["quote"], found["quote"])


def _in_json_with_a_command(bare: str) -> Draft | None:
    """The endpoint that JSON describes in which curl stands too: in settings it is a hook's; else the command's own."""
    if bare[:1] not in '{["':
        return None
    try:
        commands = list(json_trees.commands_in(json_trees.forgiving_json(bare)))
    except ValueError:
        return None
    draft = json_trees.draft_from_json_text(bare)
    if draft is not None and (draft.endpoint is not None or draft.unusable):
        return draft
    command = next((c for c in commands if looks_like_curl(c)), None)
    return read_curl(command) if command else None


def _json_in(bare: str) -> Draft | None:
    """The endpoint in a JSON text, in JSON with words round it, or in a piece of JSON without its braces."""
    if bare[:1] == "{" and ('"Providers"' in bare or '"settingsConfig"' in bare):
        with contextlib.suppress(ValueError, UsageError):
            whole = pieces.one_of(pieces.candidates_in(json_trees.forgiving_json(bare)))
            if whole is not None and whole.endpoint is not None:
                return whole
    if bare[:1] in '{["':
        draft = json_trees.draft_from_json_text(bare)
        if draft is not None:
            return draft
    first, last = bare.find("{"), bare.rfind("}")
    tries = [bare[first : last + 1]] if 0 <= first < last else []
    if bare[:1] == '"' and ":" in bare:
        tries.append("{" + bare.rstrip(", \n") + "}")
    for text in tries:
        draft = json_trees.draft_from_json_text(text)
        if draft is None or not (draft.endpoint or draft.unusable):
            continue
        if draft.secret or draft.key_ref or not _NAMES_AN_ADDRESS.search(bare.replace(text, "")):
            return draft
    return None


def _request(text: str) -> Draft | None:
    """A request as it goes over the wire."""
    request = _REQUEST_LINE.search(text)
    host = _HOST_LINE.search(text) if request else None
    if request and host:
        return _from_lines(f"https://{host[1]}{request[1]}\n{_REQUEST_LINE.sub('', _HOST_LINE.sub('', text))}")
    return None


def _by_variable(pairs: list[Pair]) -> Draft | None:
    """A key alone, in a variable that belongs to one provider: `DEEPSEEK_API_KEY=…`."""
    from ccswitch_tui.profiles.presets import load_presets

    for name, value in pairs:
        preset = load_presets().of_variable(name)
        if preset is None or preset.value:
            continue
        unclear = unclear_address([fact(*pair) for pair in pairs], fold(name).partition("_")[0])
        if unclear:
            return Draft(unusable=unclear)
        notes: list[Sentence] = [
            say("{name} is {provider}'s: its address is taken from the catalogue", name=name, provider=preset.title)
        ]
        secret, ref = read_key(value, notes)
        return preset.draft()._replace(secret=secret, key_ref=ref, notes=tuple(notes), source="environment variables")
    return None


def _from_lines(text: str) -> Draft:
    """An address with a key, or `label: value` lines as people send them to each other."""
    text = _BRACKETED.sub(r"\1: ", _DASHES.sub(" ", _TABLE_ROW.sub(r"\1: \2", text)))
    labelled, headers = _labels(text)
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
    draft = _with_model(text, draft)
    if read.auth and read.auth.startswith("header:"):
        draft = with_headers(draft, read)
        read = read._replace(secret=None, more={})
    elif draft.endpoint is not None and read.auth:
        draft = draft._replace(endpoint=draft.endpoint._replace(auth=read.auth))
    draft = draft._replace(secret_headers={**draft.secret_headers, **read.more})
    ref = None if read.secret or draft.secret else draft.key_ref or read.ref
    secret = read.secret or draft.secret or (None if ref else _loose_key(text, draft))
    return draft._replace(secret=secret, key_ref=ref, notes=tuple(dict.fromkeys(notes)), warnings=tuple(warnings))


def _address_in(text: str) -> str:
    """The address in a text that is no page to read, of several the one before the key, or else the first; of a
    program's settings, not out of the remarks."""
    said = _OTHER_LINES.sub("", text) if text.count("\n#") > 4 else text
    found = list(_ANY_URL.finditer(said))
    usable = [url for url in found if not is_page(url[0])]
    key = _KEY_SHAPE.search(_ANY_URL.sub(lambda url: " " * len(url[0]), said))
    before = [url for url in usable if key and url.end() <= key.start()]
    while len(before) > 1 and re.fullmatch(r"[ \t]*[,;|][ \t]*", said[before[-2].end() : before[-1].start()]):
        before.pop()  # several addresses of one entry: the first of them counts
    if usable:
        return (before[-1] if before else usable[0])[0]
    return text.strip() if text.strip() in [url[0] for url in found] else ""


_SECRET_HEADER = re.compile(r"x-[\w-]+-(?:key|token|auth\w*)|[\w-]+-auth(?:orization)?", re.IGNORECASE)
"""A label with hyphens that is a header's name: `cf-aig-authorization`, `Helicone-Auth`, `x-portkey-virtual-key`."""


def _labels(text: str) -> tuple[list[Pair], list[Pair]]:
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


def _with_model(text: str, draft: Draft) -> Draft:
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


def _loose_key(text: str, draft: Draft) -> Secret | None:
    """The one word that has the shape of a key, or that stands alone beside an address."""
    if draft.key_ref is not None:
        return None
    shape = _KEY_SHAPE.search(_ANY_URL.sub(" ", text))
    if shape:
        return read_key(shape[0], [])[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    alone = [
        line
        for line in lines
        if re.fullmatch(r"[\w.~+/=-]{16,}", line) and "." not in line[:12] and "/" not in line[:8]
    ]
    return read_key(alone[0], [])[0] if len(lines) <= 4 and len(alone) == 1 else None


def _no_address(draft: Draft) -> UsageError:
    if draft.unusable:
        return UsageError(
            draft.unusable, hint=say("give the address the key is for: --url https://…/v1"), kind="url-malformed"
        )
    if draft.secret is not None:
        return UsageError(
            say("there is a key in it but no address"),
            hint=say("add --url https://…/v1, or --preset ID ('ccswitch-tui presets' lists them)"),
        )
    return UsageError(
        say("there is no endpoint in this text"),
        hint=say("paste a curl command that works, export lines, JSON, an SDK snippet, or the address itself"),
    )
