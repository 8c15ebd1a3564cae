"""How many tokens a request is: an estimate by kinds of characters, calibrated by what an endpoint really counted.

No tokenizer: which one a model uses is unknown, and a request must cost under
5 ms. Long texts are sampled. The calibration makes the numbers honest after
the first answer: Claude Code's meter and its auto-compaction live on them.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.later import later

Json = dict[str, Any]

IMAGE_TOKENS = 1600
"""An image whose size is unknown, and the most one counts."""
PIXELS_PER_TOKEN = 750
PDF_PAGE_TOKENS = 2000
PDF_PAGE_BYTES = 60_000
PER_MESSAGE = 4
PER_TOOL = 8
MARGIN = 1.05
"""Err high: compacting a little early is better than being refused."""

SAMPLE_ABOVE = 16 * 1024
SAMPLES, SAMPLE_SIZE = 96, 128
"""A longer text is judged by 96 pieces of 128 characters spread over it: constant cost, two per cent off, far less than
the estimate itself. All texts of a request are judged as one."""

_WORD_BYTES = bytes(range(0x30, 0x3A)) + bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B))
_BLANK_BYTES = b" \t\r\n"
_CJK = later("[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")


def text_tokens(*texts: str) -> float:
    """Tokens of these texts together, uncalibrated."""
    length = sum(map(len, texts))
    sample = _sample(texts, length // SAMPLES) if length > SAMPLE_ABOVE else "".join(texts)
    if not sample:
        return 0.0
    share = length / len(sample)
    if sample.isascii():
        return _ascii_tokens(sample.encode()) * share
    wide = len(_CJK.findall(sample))
    plain = sample.encode("ascii", "ignore")
    return (_ascii_tokens(plain) + wide / 1.25 + (len(sample) - len(plain) - wide) / 2.5) * share


def _sample(texts: Iterable[str], stride: int) -> str:
    """A piece from every `stride` characters of the texts, as if they were one; what lies between is not even read."""
    pieces: list[str] = []
    place = 0  # of the next piece, from the beginning of the text that is looked at
    for text in texts:
        length = len(text)
        while place < length:
            pieces.append(text[place : place + SAMPLE_SIZE])
            place += stride
        place -= length
    return "".join(pieces)


def _ascii_tokens(data: bytes) -> float:
    """Letters and digits 4 a token, marks 1.4, lines 4, blanks 14: between what large vocabularies give and what a
    small one (49,000 words) gave over 90 files of code, prose and JSON."""
    rest = data.translate(None, _WORD_BYTES)
    marks = rest.translate(None, _BLANK_BYTES)
    lines = rest.count(b"\n")
    return (len(data) - len(rest)) / 4 + len(marks) / 1.4 + lines / 4 + (len(rest) - len(marks) - lines) / 14


class Gathered(NamedTuple):
    """The texts of the first turns of a conversation, and the tokens of what is no text in them."""

    turns: int
    texts: list[str]
    tokens: float


NOTHING_GATHERED = Gathered(0, [], 0.0)


def gather_turns(turns: Any, stop: int, before: Gathered = NOTHING_GATHERED) -> Gathered:
    """The first `stop` turns, going on from those gathered before."""
    texts = list(before.texts)
    total = before.tokens
    for message in turns[before.turns : stop] if isinstance(turns, list) else ():
        if isinstance(message, dict):
            total += PER_MESSAGE + _gather(message.get("content"), texts, 0)
    return Gathered(stop, texts, total)


def tools_text(tools: Any) -> str:
    """A request's tools as they are counted."""
    return _json_text(tools) if isinstance(tools, list) and tools else ""


def estimate_tokens(body: dict[str, Any], before: Gathered = NOTHING_GATHERED, tools: str | None = None) -> int:
    """Input tokens of a Messages request, before calibration; at least 1. Never raises.

    `before` is what was gathered of its first turns already, `tools` their tools_text().
    """
    turns = body.get("messages")
    said = gather_turns(turns, len(turns) if isinstance(turns, list) else 0, before)
    texts = said.texts
    total = said.tokens + _gather(body.get("system"), texts, 0)
    given = body.get("tools")
    if isinstance(given, list) and given:
        total += PER_TOOL * len(given)
        texts.append(tools_text(given) if tools is None else tools)
    return max(1, math.ceil((total + text_tokens(*texts)) * MARGIN))


def _json_text(value: Any) -> str:
    try:
        return dumps(value).decode()
    except ValueError:
        return ""


def _gather(content: Any, texts: list[str], depth: int) -> float:
    """Adds the texts in `content` to `texts`; returns the tokens of what is no text."""
    if isinstance(content, str):
        texts.append(content)
        return 0.0
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list) or depth > 8:
        return 0.0
    total = 0.0
    for block in content:
        if isinstance(block, dict) and block.get("type") == "text" and "content" not in block:
            text = block.get("text")
            if isinstance(text, str):
                texts.append(text)
        else:
            total += _gather_block(block, texts, depth)
    return total


def _gather_block(block: Any, texts: list[str], depth: int) -> float:
    if not isinstance(block, dict):
        return _gather(block, texts, 9)
    kind = block.get("type")
    if kind == "tool_use":
        texts.append(_json_text(block.get("input")))
        return PER_TOOL
    if kind == "image":
        return image_tokens(block.get("source"))
    if kind == "document":
        return _gather_document(block, texts, depth)
    if kind in ("thinking", "redacted_thinking"):
        return 0.0  # earlier thinking is not sent, except in a running tool loop
    text = block.get("text")
    if isinstance(text, str):
        texts.append(text)
    if "content" in block:
        return _gather(block["content"], texts, depth + 1)
    if not isinstance(kind, str):
        texts.append(_json_text(block))  # a tool's own object, sent as its JSON
    return 0.0


def _gather_document(block: Json, texts: list[str], depth: int) -> float:
    source = block.get("source")
    if not isinstance(source, dict):
        return 0.0
    data = source.get("data")
    if isinstance(data, str):
        if source.get("type") == "text":
            texts.append(data)
            return 0.0
        return PDF_PAGE_TOKENS * max(1, round(len(data) * 0.75 / PDF_PAGE_BYTES))
    return _gather(source.get("content"), texts, depth + 1)


def image_tokens(source: Any) -> float:
    """Tokens of an image by its pixel size, where its first bytes tell it."""
    data = source.get("data") if isinstance(source, dict) else None
    size = _pixel_size(data) if isinstance(data, str) else None
    if size is None:
        return IMAGE_TOKENS
    return min(IMAGE_TOKENS, max(1.0, size[0] * size[1] / PIXELS_PER_TOKEN))


def _pixel_size(data: str) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF or JPEG from the beginning of its base64."""
    try:
        head = base64.b64decode(data[:4096] + "=" * (-len(data[:4096]) % 4))
    except ValueError:
        return None
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        width, height = struct.unpack(">II", head[16:24])
        return width, height
    if head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:
        width, height = struct.unpack("<HH", head[6:10])
        return width, height
    return _jpeg_size(head) if head.startswith(b"\xff\xd8") else None


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[place + 5 : place + 9])
            return width, height
        place += 2 + max(length, 2)
    return None


class Calibration:
    """What an endpoint's own counts teach about our estimate: one factor per model, and how far off it still is."""

    SLOWNESS = 0.3
    """Weight of the newest answer: a few answers settle it, one odd answer does not upset it."""
    BOUNDS = (0.3, 4.0)
    """Beyond these the server counts something else (a cached part only, characters, a cut prompt)."""
    SMALLEST = 200
    """Estimates below this say nothing: the chat template's own tokens dominate."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self._known: dict[str, tuple[float, float, int]] = {}
        """model → (factor, mean relative error, answers seen)."""
        for model, row in (kept or {}).items():
            if isinstance(row, list | tuple) and len(row) == 3 and all(isinstance(v, int | float) for v in row):
                factor = min(max(float(row[0]), self.BOUNDS[0]), self.BOUNDS[1])
                self._known[model] = (factor, float(row[1]), int(row[2]))

    def factor(self, model: str) -> float:
        """What to multiply an estimate by; 1.0 for a model not seen yet."""
        return self._known[model][0] if model in self._known else 1.0

    def error(self, model: str) -> float | None:
        """How far calibrated estimates were off lately (0.03: three per cent); None for a model not seen yet."""
        return self._known[model][1] if model in self._known else None

    def answers(self, model: str) -> int:
        """How many answers the factor rests on."""
        return self._known[model][2] if model in self._known else 0

    def observe(self, model: str, raw_estimate: int, counted: int) -> None:
        """An endpoint counted `counted` input tokens (cached ones included) where we had estimated `raw_estimate`."""
        if raw_estimate < self.SMALLEST or counted <= 0:
            return
        ratio = counted / raw_estimate
        if not self.BOUNDS[0] <= ratio <= self.BOUNDS[1]:
            return
        factor, error, seen = self._known.get(model, (ratio, 0.0, 0))
        off = abs(factor * raw_estimate - counted) / counted if seen else abs(raw_estimate - counted) / counted
        weight = self.SLOWNESS if seen else 1.0
        self._known[model] = (factor + weight * (ratio - factor), error + weight * (off - error), seen + 1)

    def kept(self) -> dict[str, list[float]]:
        """As JSON, to be kept between runs."""
        return {model: [round(f, 4), round(e, 4), n] for model, (f, e, n) in self._known.items()}
