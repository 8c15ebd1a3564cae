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
from ccswitch_tui.interop.names import Pair, fact, fold
from ccswitch_tui.interop.sent_lines import KEY_SHAPE, OTHER_LINES, draft_from_lines, labels, loose_key, with_model
from ccswitch_tui.interop.variables import draft_from_pairs, read_key, unclear_address
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.url import is_private, normalise_url, url_host
from ccswitch_tui.sentence import NOTHING, Sentence, say

LONGEST_PASTE = 1_000_000
"""Characters. The longest honest paste is a curl with a picture in its body; 5 MB is a file chosen by mistake."""

_REQUEST_LINE = re.compile(r"^(?:POST|GET) (/\S*) HTTP/[\d.]+[ \t]*$", re.MULTILINE)
_HOST_LINE = re.compile(r"^host:[ \t]*([\w.-]+(?::\d+)?)[ \t]*$", re.MULTILINE | re.IGNORECASE)


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


def _not_by_default(draft: Draft, text: str) -> Draft:
    """The draft; without its address when that is a vendor's which nobody wrote, while the text names another one in a
    form that no reader here understands. The last net below all readers: a key goes nowhere by default then."""
    if draft.endpoint is None or "://v1/import" in text:
        return draft
    host = url_host(draft.endpoint.base_url)
    if is_private(host) or host in text.lower() or host in kubernetes.decoded_addresses(text):
        return draft
    if not _NAMES_AN_ADDRESS.search(OTHER_LINES.sub("", text)):
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
    return further[1] != key and not KEY_SHAPE.fullmatch(further[1])


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
        draft = with_model(text, snippets.draft_from_code(text))
        if draft.endpoint is not None and draft.secret is None and not draft.secret_headers:
            draft = draft._replace(secret=loose_key(text, draft))
        if draft.endpoint is not None or draft.unusable:
            return draft
    pairs = env_pairs(text)
    if pairs:
        draft = draft_from_pairs(pairs, "environment variables")
        if draft.endpoint is not None and draft.secret is None and draft.key_ref is None:
            known = {fold(name) for name, _ in pairs}
            more = [(name, value) for name, value in labels(text)[0] if fold(name) not in known]
            draft = draft_from_pairs([*pairs, *more], "environment variables")
        draft = with_model(text, draft)
        if draft.endpoint is not None or draft.unusable:
            return draft
        by_variable = _by_variable(pairs)
        if by_variable is not None:
            return by_variable
    return draft_from_lines(text)


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
        return draft_from_lines(f"https://{host[1]}{request[1]}\n{_REQUEST_LINE.sub('', _HOST_LINE.sub('', text))}")
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
