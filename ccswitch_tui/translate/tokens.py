"""How many tokens a request is: an estimate by kinds of characters, calibrated by what an endpoint really counted.

No tokenizer: which one a model uses is unknown, and a request must cost under
5 ms. Long texts are sampled, each for itself, so that of a conversation that
grew only what is new is looked at. The calibration makes the numbers honest after
the first answer: Claude Code's meter and its auto-compaction live on them.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Mapping
from typing import Any

from ccswitch_tui.record import NamedTuple
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

SAMPLE_ABOVE = 4 * 1024
SAMPLE_SIZE, SAMPLE_EVERY, MOST_SAMPLES = 128, 1024, 96
"""Of a longer text every eighth piece of 128 characters is looked at, and of a very long one 96 of them: two per cent
off, far less than the estimate itself."""

_WORD_BYTES = bytes(range(0x30, 0x3A)) + bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B))
_BLANK_BYTES = b" \t\r\n"
_CJK = later("[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")


def text_tokens(text: str) -> float:
    """Tokens of this text, uncalibrated."""
    length = len(text)
    if not length:
        return 0.0
    sample = text
    if length > SAMPLE_ABOVE:
        stride = max(SAMPLE_EVERY, length // MOST_SAMPLES)
        sample = "".join([text[place : place + SAMPLE_SIZE] for place in range(0, length, stride)])
    share = length / len(sample)
    if sample.isascii():
        return _ascii_tokens(sample.encode()) * share
    wide = len(_CJK.findall(sample))
    plain = sample.encode("ascii", "ignore")
    return (_ascii_tokens(plain) + wide / 1.25 + (len(sample) - len(plain) - wide) / 2.5) * share


def _ascii_tokens(data: bytes) -> float:
    """Letters and digits 4 a token, marks 1.4, lines 4, blanks 14: between what large vocabularies give and what a
    small one (49,000 words) gave over 90 files of code, prose and JSON."""
    rest = data.translate(None, _WORD_BYTES)
    marks = rest.translate(None, _BLANK_BYTES)
    lines = rest.count(b"\n")
    return (len(data) - len(rest)) / 4 + len(marks) / 1.4 + lines / 4 + (len(rest) - len(marks) - lines) / 14


class Gathered(NamedTuple):
    """The tokens of the first turns of a conversation."""

    turns: int
    tokens: float


NOTHING_GATHERED = Gathered(0, 0.0)


def gather_turns(turns: Any, stop: int, before: Gathered = NOTHING_GATHERED) -> Gathered:
    """The first `stop` turns, going on from those gathered before."""
    total = before.tokens
    for message in turns[before.turns : stop] if isinstance(turns, list) else ():
        if isinstance(message, dict):
            total += PER_MESSAGE + _gather(message.get("content"), 0)
    return Gathered(stop, total)


def tools_text(tools: Any) -> str:
    """A request's tools as they are counted."""
    return _json_text(tools) if isinstance(tools, list) and tools else ""


def tools_tokens(tools: Any, text: str) -> float:
    """Tokens of a request's tools, of which `text` is the tools_text()."""
    return PER_TOOL * len(tools) + text_tokens(text) if text else 0.0


def estimate_tokens(body: dict[str, Any], before: Gathered = NOTHING_GATHERED, tools: float | None = None) -> int:
    """Input tokens of a Messages request, before calibration; at least 1. Never raises.

    `before` is what was gathered of its first turns already, `tools` their tools_tokens().
    """
    turns = body.get("messages")
    said = gather_turns(turns, len(turns) if isinstance(turns, list) else 0, before)
    if tools is None:
        tools = tools_tokens(body.get("tools"), tools_text(body.get("tools")))
    return max(1, math.ceil((said.tokens + _gather(body.get("system"), 0) + tools + _form_tokens(body)) * MARGIN))


def _form_tokens(body: dict[str, Any]) -> float:
    """Of the schema that the answer is to have."""
    config = body.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    form = form or body.get("output_format")
    return text_tokens(_json_text(form)) if isinstance(form, dict) else 0.0


def _json_text(value: Any) -> str:
    try:
        return dumps(value).decode()
    except ValueError:
        return ""


def _gather(content: Any, depth: int) -> float:
    """The tokens of `content`, in any of its forms."""
    if isinstance(content, str):
        return text_tokens(content)
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list) or depth > 8:
        return 0.0
    total = 0.0
    for block in content:
        if isinstance(block, dict) and block.get("type") == "text" and "content" not in block:
            text = block.get("text")
            if isinstance(text, str):
                total += text_tokens(text)
        else:
            total += _gather_block(block, depth)
    return total


def _gather_block(block: Any, depth: int) -> float:
    if not isinstance(block, dict):
        return _gather(block, 9)
    kind = block.get("type")
    if kind == "tool_use":
        return PER_TOOL + text_tokens(_json_text(block.get("input")))
    if kind == "image":
        return image_tokens(block.get("source"))
    if kind == "document":
        return _gather_document(block, depth)
    if kind in ("thinking", "redacted_thinking"):
        return 0.0  # earlier thinking is not sent, except in a running tool loop
    text = block.get("text")
    said = text_tokens(text) if isinstance(text, str) else 0.0
    if "content" in block:
        return said + _gather(block["content"], depth + 1)
    if not isinstance(kind, str):
        return said + text_tokens(_json_text(block))  # a tool's own object, sent as its JSON
    return said


def _gather_document(block: Json, depth: int) -> float:
    source = block.get("source")
    if not isinstance(source, dict):
        return 0.0
    data = source.get("data")
    if isinstance(data, str):
        if source.get("type") == "text":
            return text_tokens(data)
        return PDF_PAGE_TOKENS * max(1, round(len(data) * 0.75 / PDF_PAGE_BYTES))
    return _gather(source.get("content"), depth + 1)


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
