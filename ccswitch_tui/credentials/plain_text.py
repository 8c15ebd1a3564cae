"""Keys that lie in the clear: found in any text that gives a name a value, and put back out of sight.

Pure. One scanner reads JSON, TOML, YAML, .env and shell lines alike, because
what it needs is only a name that means a key and a value that looks like one.
Values that name a variable, a reference or a placeholder are no keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ccswitch_tui.interop.headers import is_placeholder
from ccswitch_tui.interop.names import KEY_NAMES, fold, is_other_business, variable_name
from ccswitch_tui.secret import Secret

PLACEHOLDER = "moved-to-ccswitch-tui"
"""Left where a key was. Not empty: with a base URL and an empty token Claude Code would send the
vendor's login to that host."""

SHORTEST = 12
"""Real keys have 20 characters and more; local servers' toy keys are no secret worth moving."""

OURS = ("ccst-", PLACEHOLDER, "keyring:", "env:", "command:", "http://", "https://", "/", "~", "./", "PROXY_MANAGED")

_VALUE = r"""(?P<value>"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*'|[^\s"'#;,}&|<>()\]\[]+)"""

_ASSIGNED = re.compile(r"""(?<![/@\w])(?P<name>[A-Za-z_][\w.-]*|[\u4e00-\u9fff]+)["']?\s*(?:=>|:=|[:=])\s*""" + _VALUE)
_SET = re.compile(r"(?m)^[\s#]*(?:set|setx|setenv)[ \t]+(?:-\w+[ \t]+)*(?P<name>[A-Za-z_]\w*)[ \t]+" + _VALUE)
"""fish, csh and cmd set a variable without a sign between name and value."""

_HEADER = re.compile(
    r"""(?P<name>(?i:authorization|x-api-key))["']?\s*:\s*["']?(?:(?i:bearer)\s+)?(?P<value>[\w.~+/=-]{12,})"""
)

_NAMED_HEADER = re.compile(
    r"""(?<![\w-])(?P<name>(?:[A-Za-z0-9]+-)+(?i:authorization|auth|key|token|secret))["']?\s*:[ \t]*["']?"""
    r"""(?P<value>(?:(?i:bearer|token|basic)[ \t]+)?[\w.~+/=-]{12,})"""
)
"""A header of a gateway's own, which holds its whole value: the scheme belongs to the secret."""


class KeyInText(NamedTuple):
    """One key in one text."""

    name: str
    """The variable or field it is the value of."""
    line: int
    start: int
    """Offset of the value in the text, its quotes included."""
    end: int
    written: str
    """The value as it stands there, quotes included. Never shown."""
    secret: Secret


def find_keys(text: str) -> list[KeyInText]:
    """Every key in `text`, in order, each place once."""
    found: dict[int, KeyInText] = {}
    for match in [*_matches(text)]:
        value = match["value"]
        bare = value[1:-1] if value[:1] in "\"'" and len(value) > 1 else value
        if not _is_key(bare):
            continue
        start, end = match.span("value")
        if not any(start < other.end and other.start < end for other in found.values()):
            line = text.count("\n", 0, start) + 1
            kept = bare if match.re is _NAMED_HEADER else _bare_token(bare)
            found[start] = KeyInText(match["name"], line, start, end, value, Secret(kept))
    return [found[start] for start in sorted(found)]


def _matches(text: str) -> Iterator[re.Match[str]]:
    """Assignments to names that mean a key, then headers inside commands. Overlapping names are looked at too
    (`$env:NAME = …` reads as `env` first)."""
    at = 0
    while match := _ASSIGNED.search(text, at):
        at = match.end() if means_key(match["name"]) else max(match.end("name"), match.start() + 1)
        if means_key(match["name"]):
            yield match
    yield from (match for match in _SET.finditer(text) if means_key(match["name"]))
    yield from _NAMED_HEADER.finditer(text)
    yield from _HEADER.finditer(text)


def means_key(name: str) -> bool:
    """Whether a variable or field of this name holds a key."""
    folded = fold(name)
    if is_other_business(folded) or folded.endswith("_HELPER"):
        return False
    return folded in ("AUTHORIZATION", "PRIMARY_API_KEY") or any(
        folded == ending or folded.endswith("_" + ending) for ending in KEY_NAMES
    )


def _is_key(value: str) -> bool:
    bare = _bare_token(value)
    if len(bare) < SHORTEST or bare.startswith(OURS) or variable_name(value) or is_placeholder(bare):
        return False
    if any(not "!" <= c <= "~" for c in bare) or "$" in bare or "{" in bare:
        return False
    return any(c.isdigit() for c in bare) or len(bare) >= 24


def _bare_token(value: str) -> str:
    return re.sub(r"^bearer\s+", "", value.strip(), flags=re.IGNORECASE)


def replaced(text: str, keys: list[KeyInText], stand_ins: list[str]) -> str:
    """The text with each key's place taken by its stand-in (quotes are the stand-in's business)."""
    parts, at = [], 0
    for spot, stand_in in sorted(zip(keys, stand_ins, strict=True), key=lambda pair: pair[0].start):
        parts += [text[at : spot.start], stand_in]
        at = spot.end
    return "".join([*parts, text[at:]])


def quoted_like(spot: KeyInText, text: str) -> str:
    """A stand-in text in the quotes the value had."""
    quote = spot.written[:1] if spot.written[:1] in "\"'" else ""
    return f"{quote}{text}{quote}"


def shell_stand_in(spot: KeyInText, text: str, shell: str, command: str) -> str:
    """For a shell's start-up file: what reads the key anew, or the placeholder where that cannot be written.

    A whole, uncommented assignment becomes a command substitution, so that every
    program that relied on the variable goes on.
    """
    line_start = text.rfind("\n", 0, spot.start) + 1
    before = text[line_start : spot.start]
    whole = re.match(r"\s*(?:export\s+|set\s+(?:-\w+\s+)*|setenv\s+|\$env:)?[A-Za-z_]\w*\s*[= ]\s*$", before)
    if not whole:
        return quoted_like(spot, PLACEHOLDER)
    return f"({command})" if shell in ("fish", "powershell") else f'"$({command})"'
