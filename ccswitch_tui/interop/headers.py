"""HTTP headers somebody gave, sorted: the key, what to keep, what belongs to the client that sent them.

Pure. profiles.toml never holds a key, so whatever looks like one either
becomes the profile's key or is left out with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ccswitch_tui.credentials.key_text import key_in
from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.shellwords import command_in, variable_in
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

CLIENTS_OWN = frozenset({
    "accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-length", "content-type",
    "dnt", "expect", "host", "origin", "pragma", "priority", "te", "transfer-encoding", "upgrade-insecure-requests",
    "anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access",
})  # fmt: skip
"""Set by whoever sends the request; of no meaning for the next one."""

KEY_HEADERS = ("api-key", "x-goog-api-key", "ocp-apim-subscription-key")
"""Headers that carry the bare key, besides Authorization and x-api-key: of Azure, Google, Azure API Management."""

_SECRET_NAME = re.compile(r"auth|token|secret|passw|credential|session|cookie|api-?key|-key$|signature", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class ReadHeaders(NamedTuple):
    """What a request's headers say about its endpoint."""

    kept: dict[str, str]
    """Ordinary headers the endpoint may want (organisation, project, title)."""
    secret: Secret | None = None
    auth: str | None = None
    """The auth style the key was sent in; None when there was none."""
    variable: str | None = None
    """The environment variable that stood in the key's place."""
    anthropic: bool = False
    """Only Anthropic's clients send such headers."""


def looks_secret(name: str) -> bool:
    """Whether a header of this name would carry a secret."""
    return _SECRET_NAME.search(name) is not None


def carries_secret(name: str, value: str) -> bool:
    """Whether a header would carry a secret: by its name, or by what stands in it."""
    return looks_secret(name) or "bearer " in value.lower() or holds_key(value)


def header_option(text: str) -> tuple[str, str]:
    """A `--header 'Name: value'` as the pair it is. Raises UsageError, which repeats no value: it could be a key.

    A command line is seen by every process, so a header with a secret in it is refused wherever it is given.
    """
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not name or not value:
        Secret(text)
        raise UsageError(say("--header takes 'Name: value'"), hint=say("for example --header 'X-Title: mine'"))
    if carries_secret(name, value):
        Secret(value)
        raise UsageError(
            say("the header '{name}' would carry a secret, which every process could read", name=name),
            hint=say("name where the key is with --key env:NAME, and say --auth header:{name}", name=name),
        )
    return name, value


def read_headers(pairs: Iterable[tuple[str, str]], notes: list[str], warnings: list[str]) -> ReadHeaders:
    """Sorts `pairs`; what was left out and matters goes into `notes` and `warnings`, without values."""
    kept: dict[str, str] = {}
    found: dict[str, str] = {}
    anthropic = False
    for name, value in pairs:
        lower = name.lower()
        anthropic = anthropic or lower == "anthropic-version"
        if lower in CLIENTS_OWN or lower.startswith(("sec-", "x-stainless-")) or not value:
            continue
        if lower in ("authorization", "x-api-key", *KEY_HEADERS):
            found[lower] = value
        elif lower == "user-agent":
            notes.append(say("the user agent is not imported: requests go out under the client's own name"))
        elif carries_secret(lower, value):
            Secret(value)
            found.setdefault("?" + name, value)
        elif not _HEADER_NAME.fullmatch(name) or any(ord(c) < 32 for c in value):
            warnings.append(say("a header that cannot be sent was left out"))
        elif variable_in(value) or command_in(value):
            notes.append(say("the header '{name}' holds a variable and was left out: set it with --header", name=name))
        else:
            kept[name] = value
    return _choose_key(found, kept, anthropic, notes, warnings)


def _choose_key(
    found: dict[str, str], kept: dict[str, str], anthropic: bool, notes: list[str], warnings: list[str]
) -> ReadHeaders:
    bearer = re.fullmatch(r"bearer\s+(.*)", found.get("authorization", ""), re.IGNORECASE | re.DOTALL)
    direct = found.get("x-api-key")
    if bearer and direct:
        style, value = ("both", bearer[1]) if bearer[1].strip() == direct.strip() else ("bearer", bearer[1])
        if style == "bearer":
            warnings.append(say("two different keys, in Authorization and x-api-key: the first one was used"))
            Secret(direct)
    elif bearer:
        style, value = "bearer", bearer[1]
    elif direct:
        style, value = "x-api-key", direct
    elif "authorization" in found:
        # Basic, Token or a bare key: the whole value is what has to be sent.
        style, value = "header:Authorization", found["authorization"]
    else:
        named = next((h for h in KEY_HEADERS if h in found), None) or next((h for h in found if h[0] == "?"), None)
        if named is None:
            return ReadHeaders(kept, anthropic=anthropic)
        style, value = f"header:{named.lstrip('?')}", found[named]
    for name in found:
        if name[0] == "?" and style != f"header:{name[1:]}":
            warnings.append(say("the header '{name}' looks like a second secret and was left out", name=name[1:]))
    return _key(value.strip(), style, kept, anthropic, notes)


def _key(value: str, style: str, kept: dict[str, str], anthropic: bool, notes: list[str]) -> ReadHeaders:
    variable = variable_in(value)
    if variable:
        notes.append(
            say("the key is the variable {variable}: it is read from the environment each time", variable=variable)
        )
        return ReadHeaders(kept, None, style, variable, anthropic)
    if command_in(value):
        notes.append(
            say("the key comes from a command, which is not run: give it with --key 'command:…' if you trust it")
        )
        return ReadHeaders(kept, None, style, None, anthropic)
    if is_placeholder(value):
        notes.append(say("the key in it is a placeholder"))
        return ReadHeaders(kept, None, style, None, anthropic)
    return ReadHeaders(kept, usable_key(value, notes, whole_header=style.startswith("header:")), style, None, anthropic)


def usable_key(value: str, notes: list[str], *, whole_header: bool = False) -> Secret | None:
    """The key in a value, without the remark behind it; None, with a note, for a mask or a broken one."""
    Secret(value)
    try:
        key = key_in(value, whole_header=whole_header)
    except UsageError as error:
        notes.append(say("the key in it cannot be used: {reason}", reason=error.message))
        return None
    if len(value.split()) > 1 + whole_header and " ".join(value.split()) != key:
        notes.append(say("removed the words around the key"))
    return Secret(key) if key else None


_PLACEHOLDER = re.compile(
    r"<[^>]*>|\[[^\]]*\]|\{+[^}]*\}+|\$\w+|%\w+%"
    r"|(?:your|my|enter|insert|put|paste|replace|add)[-_ ]?.*(?:key|token|here).*"
    r"|(?:sk-)?(?:x{3,}|\*{3,}|•{3,}|\.{3,}|…+)[-\w]*|(?:sk-)?(?:api[-_]?key|token|key|changeme|todo|none|null|undefined)",
    re.IGNORECASE,
)


_KEY_SHAPE = re.compile(
    r"(?<![A-Za-z])(?:(?:sk|pk|rk|gsk|xai|hf|r8|fw|csk|pplx|nvapi|key|tgp)[-_](?=[\w-]*\d)[\w-]{14,}|AIza[\w-]{30,}|eyJ[\w-]{20,}\.)"
)


def holds_key(value: str) -> bool:
    """Whether there is a word in the shape of a vendor's key where something else was expected."""
    return _KEY_SHAPE.search(value) is not None


def is_placeholder(value: str) -> bool:
    """Whether a "key" is the text a tutorial puts in its place."""
    bare = value.strip()
    return not bare or _PLACEHOLDER.fullmatch(bare) is not None or set(bare) <= set("*•.…xX-_")
