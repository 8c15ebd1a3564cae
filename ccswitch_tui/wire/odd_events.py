"""What servers and gateways put into `data:` lines beside one JSON object: end marks, signs of life, doubled prefixes.

Pure. Sources: aaif-goose/goose PR 11816 (heartbeats), openclaw/openclaw#96497
(`data: data: {…}`), justlovemaki/AIClient2API PR 695, and their siblings.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_END = re.compile(
    rb"""["']?(?:\[ ?(?:done|end|eos|eof|finish(?:ed)?|complete(?:d)?|stop) ?\]|<\|?(?:done|end)\|?>)"""
    rb"""(?:[.;,!\s]|\\[nr])*["']?""",
    re.I,
)
_BARE_END = re.compile(rb"""["']?(?:done|end|eof|finish(?:ed)?|complete(?:d)?)[.!]?["']?""", re.I)
_SIGN_OF_LIFE = re.compile(rb"\[[A-Za-z][\w :.-]{0,40}\](?: [\w :.,%/-]{0,80})?")
_TOLD_ERROR = re.compile(
    r"""["'\s]*\[?(?:(?:fatal|internal|server|upstream|api|stream|unexpected|unknown) )*"""
    r"(?:error|exception|failure|failed|aborted|timed out|timeout)\b",
    re.I,
)
_PREFIX = re.compile(rb"(?:data|[A-Za-z][\w-]{0,19}):[ \t]*(?=[\[{])|data:[ \t]*", re.I)

LARGEST_LITERAL = 200_000
"""Bytes of a Python literal that are tried: parsing one costs far more than JSON."""
MOST_TOGETHER = 64
"""Objects in one event."""

_FORGIVING = json.JSONDecoder(strict=False)
"""Raw tabs and line breaks inside strings are what they are."""


def without_prefix(data: bytes) -> bytes:
    """The data without a second `data:`, or another word before the object."""
    while (found := _PREFIX.match(data)) is not None and found.end():
        data = data[found.end() :]
    return data


def is_end_mark(data: bytes, *, finished: bool) -> bool:
    """Whether this says that nothing more comes. A bare word counts in capitals, or where the answer is finished."""
    return (
        _END.fullmatch(data) is not None
        or data.strip(b"\"'") in (b"DONE", b"EOF")
        or (finished and _BARE_END.fullmatch(data) is not None)
    )


def is_sign_of_life(data: bytes) -> bool:
    """A word in brackets that is no end mark: [PING], [HEARTBEAT]."""
    return _SIGN_OF_LIFE.fullmatch(data) is not None


def told_error(value: Any) -> str:
    """The words of an error that is told as a bare text in the place of an event; "" for any other text."""
    text = value[:500].decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text[:500].strip("[]\"' ") if isinstance(text, str) and _TOLD_ERROR.match(text) else ""


def documents_in(data: bytes) -> list[Any]:
    """The JSON of an event that is not exactly one document: several, one with raw control characters, or a Python
    literal. Empty for anything else."""
    text = data.decode("utf-8", "replace")
    found: list[Any] = []
    place = 0
    try:
        while place < len(text) and len(found) < MOST_TOGETHER:
            value, place = _FORGIVING.raw_decode(text, place)
            found.append(value)
            while place < len(text) and text[place] in " \t\r\n,;":
                place += 1
            if text.startswith("data:", place):
                place += len("data:")
                place += len(text) - place - len(text[place:].lstrip())
        if len(found) == 1 and isinstance(found[0], str) and found[0].lstrip()[:1] == "{":
            return documents_in(found[0].encode("utf-8", "replace"))  # a chunk written as a text
        return found
    except (ValueError, RecursionError):
        return [] if found else _python_literal(text)


def answer_before(data: bytes) -> list[Any]:
    """The answer that a body begins with, where something that is no JSON follows: a comment of a gateway's."""
    text = data.decode("utf-8", "replace")
    try:
        value, _ = _FORGIVING.raw_decode(text)
    except (ValueError, RecursionError):
        return []
    return [value] if isinstance(value, dict) and not {"choices", "output", "error"}.isdisjoint(value) else []


def _python_literal(text: str) -> list[Any]:
    if not text.startswith("{'") or len(text) > LARGEST_LITERAL:
        return []
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return []
    return [value] if isinstance(value, dict) and all(isinstance(key, str) for key in value) else []
