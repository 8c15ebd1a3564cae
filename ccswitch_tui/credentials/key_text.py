"""What people copy when they copy a key: quotes, labels, `Bearer`, remarks, masks; and the key in it. Pure.

A key field shows nothing of what was pasted, so what is not the key is taken
off here, or refused with the reason; never stored as it is. A refusal does not
repeat the text.
"""

from __future__ import annotations

import re

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say

INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_HYPHENS = re.compile("[\u2010-\u2015\u2212](?=[A-Za-z0-9])")

_PAIRS = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "„": "“", "«": "»", "「": "」", "<": ">"}
_ASSIGNED = re.compile(
    r"(?:(?:export|set|setx|declare -x|env)\s+|\$env:)?"
    r"[\"']?(?:[A-Za-z][\w .-]{0,40}?)?"
    r"(?:key|token|secret|authorization|bearer|密钥|令牌|秘钥)[\"']?\s*[:：=]\s*(?=\S)",
    re.IGNORECASE,
)
_UPPER_NAME = re.compile(r"(?:export\s+|set\s+|\$env:)?[A-Z][A-Z0-9_]*\s*=\s*(?=[\"']?[\w-]{4})")
_SCHEME = re.compile(r"(?:bearer|token|apikey)\s+(?=\S)", re.IGNORECASE)
_WHOLE_SCHEME = re.compile(r"(bearer|token|apikey|basic|digest|key)[ \t]+(?=\S)", re.IGNORECASE)
_MASKED = re.compile(r"[•●∙…]|\*{3,}|(?<=\w)\.{3,}|\.{3,}(?=\w)")
_TEMPLATE = re.compile(
    r"\$\{?\w+\}?|%\w+%|\$\{\{.*\}\}|\{\{.*\}\}|<[^>]*>|\[[^\]]*\]|\$\(.*\)"
    r"|(?:enter|insert|put|paste|replace|add)?[-_ ]?(?:your|my|the)[-_ ].*(?:key|token|here|secret).*"
    r"|(?:sk-)?(?:x{4,}|\.{3,})[-\w]*",
    re.IGNORECASE | re.DOTALL,
)
_BROKEN = re.compile(r"[\w~+/=.-]{6,}")


def key_in(text: str, *, whole_header: bool = False) -> str:
    """The key in what was copied. `whole_header`: it is a header's whole value, whose scheme (`Bearer`) belongs to it.

    Raises UsageError for a mask, a placeholder, several lines, or a key that a blank broke.
    """
    value = _BLANKS.sub(" ", INVISIBLE.sub("", text)).strip()
    if not value.isascii():
        value = _HYPHENS.sub("-", value)
    lines = [line for line in value.splitlines() if line.strip()]
    if len(lines) > 1:
        raise UsageError(say("the key has several lines"), hint=say("give one key, on one line"))
    value = lines[0].strip() if lines else ""
    scheme = ""
    for _ in range(8):
        before = value
        value = _unwrapped(value)
        named = _ASSIGNED.match(value) or _UPPER_NAME.match(value)
        if named and re.match(r"[\"'`]?\S{4,}", value[named.end() :]):
            value = value[named.end() :]
        found = (_WHOLE_SCHEME if whole_header else _SCHEME).match(value)
        if found:
            scheme = f"{found[1]} " if whole_header else ""
            value = value[found.end() :]
        if value == before:
            break
    return scheme + _one_word(value) if value else value


def _unwrapped(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and _PAIRS.get(value[0]) == value[-1] and not (value[0] == "<" and " " in value):
        return value[1:-1].strip()
    if re.fullmatch(r"[\"'`“]?[\w~+/=.-]{8,}[\"'`”]?[;,，。；]+", value):
        return value.rstrip(";,，。；")
    if re.fullmatch(r"[\w~+/=-]{8,}\.", value):  # the end of a sentence
        return value[:-1]
    return value


def _one_word(value: str) -> str:
    """The first word, when what follows is a remark. Raises UsageError for a mask, a placeholder or a broken key."""
    if _MASKED.search(value):
        raise UsageError(
            say("this is a shortened key, as a console shows it"),
            hint=say("copy the whole key; where it is shown only once, make a new one"),
        )
    if _TEMPLATE.fullmatch(value):
        raise UsageError(
            say("this is a placeholder, not a key"),
            hint=say("put the key itself in its place, or name it: --key env:NAME"),
        )
    first, *rest = re.split(r"\s+|(?<=\w)(?=[（【「《〈，；、。])", value)
    if not rest:
        return value
    remark = " ".join(rest)
    if len(first) < 8 or (len(rest) == 1 and _BROKEN.fullmatch(remark) and re.search(r"\d", remark)):
        raise UsageError(say("the key is broken by a space"), hint=say("copy it again, as one word"))
    return first.rstrip(";,，。；")
