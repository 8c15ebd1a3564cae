"""Text that can be shown: what would steer a terminal, or hide in a line, becomes U+FFFD.

The one rule of everything that leaves this program for eyes: a value from a
repository, an endpoint, an import or a client may hold an escape sequence (OSC
52 fills the clipboard, OSC 0 the title), a carriage return or newline (a forged
line), or a bidirectional override (text that reads otherwise than it runs).
cli/output.py, the app's line filter, the log and the Markdown reports pass
their text through here. Sources: ECMA-48 (C0 and C1), Unicode UAX #9 (bidi) and
UTS #39 (characters nobody sees).
"""

from __future__ import annotations

import re

INSTEAD = "\ufffd"

_STEERS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, delete, C1 (U+009B is CSI)
    "\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # other line ends; direction
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"  # seen by nobody
    "\ud800-\udfff"  # half a character: no encoding can carry it
)
_JOINERS = "(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
"""Emoji and Persian need these two between their letters; beside ASCII they only hide."""

_BLOCK = f"[{_STEERS}]|{_JOINERS}"
_LINE = f"[\n{_STEERS}]|{_JOINERS}"


def printable(text: str) -> str:
    """`text` with nothing in it that steers or hides; newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_BLOCK, INSTEAD, text)


def one_line(text: str) -> str:
    """The same as exactly one line: a newline inside it is somebody's attempt at another."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_LINE, INSTEAD, text)


def printable_json(document: str) -> str:
    """A JSON document with such characters written as escapes: to a parser it says the same.

    json.dumps() escapes C0 alone. Outside of strings JSON holds ASCII only, so
    whatever is found stands inside one.
    """
    if document.isascii() and "\x7f" not in document:
        return document
    return re.sub(_BLOCK, _as_escape, document)


def _as_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
