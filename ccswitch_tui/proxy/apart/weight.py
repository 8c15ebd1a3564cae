"""Which requests would hold the event loop too long: told from their bytes, before anything is parsed. Pure.

The prices are medians of parsing, translating and writing such bodies (Python
3.11 with orjson, a 2-core machine that had other things to do).
"""

from __future__ import annotations

MOST_BYTES = 6 * 1024 * 1024
"""A larger one is heavy whatever is in it. What was read before is compared and sent as it lies, at 1 ms a megabyte."""

MOST_NEW_BYTES = 3 * 1024 * 1024
"""Of what was not read before."""

TEXT_US, WIDE_TEXT_US = 0.003, 0.014
"""What a byte of text costs, and one that is not ASCII."""

LEAST_BYTES = 32 * 1024
"""Less than that is light whatever is in it."""

FEW_OBJECTS = 800
"""Claude Code's first request has some 500 in 50 kB, most of them in the schemas of its tools."""

MOST_FLAT_BYTES = 256 * 1024
"""Of a body with few objects, which can still be a long list of short texts."""

MOST_US = 14_000.0
"""What one request may cost before others wait for it."""

PRICES_US = {
    b"{": 1.2,
    b"[": 0.6,
    b',"': 0.3,
    b'"role"': 12.0,
    b'"name"': 7.0,
    b'"tool_use_id"': 12.0,
    b'"type"': 1.5,
}
"""What each costs: an object, a list, a text, a turn, a tool or call, a result, a block. A space after the comma hides
texts, and whoever sends those pays with the bytes."""


_ASCII = bytes(range(128))


def is_heavy(new: bytes, size: int) -> bool:
    """Whether a body of `size` bytes holds the loop too long. `new` is what was not read and translated before."""
    if size > MOST_BYTES or len(new) > MOST_NEW_BYTES:
        return True
    if len(new) < LEAST_BYTES:
        return False
    if len(new) < MOST_FLAT_BYTES and new.count(b"{") + new.count(b"[") < FEW_OBJECTS:
        return False
    wide = 0 if new.isascii() else len(new.translate(None, _ASCII))
    text_us = (len(new) - wide) * TEXT_US + wide * WIDE_TEXT_US
    return text_us + sum(price * new.count(mark) for mark, price in PRICES_US.items()) > MOST_US
