"""The text of a PDF, as far as it lies there plainly; "" where it does not.

Reads only what can be read with certainty: page content streams, plain or
deflated, whose strings are shown with Tj, TJ, ' and " in a single-byte
encoding. Subset fonts with their own numbering give no text here, and
then the caller says so: a wrong text would be worse than none.
Source: ISO 32000-1, 7.3.4 (strings), 7.8 (content streams), 9.4 (text).
"""

from __future__ import annotations

import re
import zlib

from ccswitch_tui.wire.later import later

LARGEST_STREAM = 8 * 1024 * 1024
MOST_TEXT = 400_000
"""Characters: about 100,000 tokens, more than any page run Claude Code reads at once."""
LEGIBLE = 0.85
"""Share of printable characters below which what was found is not text."""

_STREAM = later(rb"<<((?:[^<>]|<<[^<>]*>>|<[^<>]*>)*)>>\s*stream\r?\n", re.S)
_SHOWN = later(
    rb"(?P<array>\[(?:[^\[\]\\()]|\\.|\((?:[^()\\]|\\.)*\))*\])\s*TJ"
    rb"|(?P<text>\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))\s*(?P<shown>Tj|'|\")"
    rb"|(?P<line>T\*|TD|Td|ET)\b",
    re.S,
)
_STRING = later(rb"\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*)\)|(-?\d+(?:\.\d+)?)", re.S)
_ESCAPE = later(rb"\\(?:([nrtbf()\\])|([0-7]{1,3})|(\r\n|\r|\n)|(.))", re.S)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"(": b"(", b")": b")", b"\\": b"\\"}

WORD_GAP = -200.0
"""A move in TJ, in thousandths of the font size, from which on it stands for a space."""


def pdf_text(data: bytes) -> str:
    """The text of this PDF in reading order of its streams, or ""."""
    pieces: list[str] = []
    length = 0
    for match in _STREAM.finditer(data):
        head, start = match[1], match.end()
        if b"/Subtype" in head or b"/Type" in head or b"/FontFile" in head:
            continue
        end = data.find(b"endstream", start)
        raw = data[start : end if end >= 0 else len(data)]
        text = _shown_text(_inflated(raw) if b"FlateDecode" in head else raw)
        if text:
            pieces.append(text)
            length += len(text)
        if length > MOST_TEXT:
            break
    text = "\n\n".join(pieces)[:MOST_TEXT].strip()
    if not text:
        return ""
    legible = sum(c.isprintable() or c in "\n\t" for c in text)
    return text if legible >= LEGIBLE * len(text) and any(c.isalnum() for c in text) else ""


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw.lstrip(b"\r\n"), LARGEST_STREAM)
    except zlib.error:
        return b""


def _shown_text(stream: bytes) -> str:
    if b"BT" not in stream:
        return ""
    out: list[str] = []
    for match in _SHOWN.finditer(stream):
        if match["line"]:
            if out and not out[-1].endswith("\n"):
                out.append("\n")
        elif match["array"]:
            out.append("".join(_array_pieces(match["array"])))
        else:
            if match["shown"] != b"Tj" and out and not out[-1].endswith("\n"):
                out.append("\n")
            out.append(_plain(match["text"][1:-1]))
    return "".join(out).strip()


def _array_pieces(array: bytes) -> list[str]:
    return [
        _plain(m[1]) if m[1] is not None else (" " if float(m[2]) <= WORD_GAP else "") for m in _STRING.finditer(array)
    ]


def _plain(string: bytes) -> str:
    def undo(m: re.Match[bytes]) -> bytes:
        if m[1]:
            return _ESCAPED[m[1]]
        if m[2]:
            return bytes([int(m[2], 8) & 255])
        return b"" if m[3] else m[4]

    return _ESCAPE.sub(undo, string).decode("cp1252", "replace")
