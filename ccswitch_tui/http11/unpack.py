"""Answers that are compressed although no compression was asked for, unpacked in pieces that are never large.

Some gateways compress whatever they are asked. Source: RFC 9110, section 8.4.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

PIECE_BYTES = 256 * 1024
"""A compressed body is unpacked in pieces of this size: a small read can hold a thousand times its length."""

Unpacker = Callable[[bytes], Iterator[bytes]]


class BadCoding(ValueError):
    """A body that cannot be unpacked; the text says why."""


def unpacker_of(coding: str) -> Unpacker | None:
    """How to unpack a body of this Content-Encoding; None for one that is as it is. Raises BadCoding."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return None
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise BadCoding(f"it is compressed with {coding[:40]}, although no compression was asked for")
    return _Inflater().feed


class _Inflater:
    """gzip, in one member or several, and both readings of "deflate": with zlib's header, as the RFC has it, and bare,
    as some servers do."""

    def __init__(self) -> None:
        self._state: zlib._Decompress | None = None
        self._first = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._state is None:
                    data, self._first = self._first + data, b""
                    if len(data) < 2:
                        self._first = data
                        return
                    self._state = _decompressor(data)
                piece = self._state.decompress(data, PIECE_BYTES)
                data = self._state.unconsumed_tail
                if self._state.eof:
                    # another member begins after it; what fills up the end with zeros is none
                    data, self._state = self._state.unused_data.lstrip(b"\0"), None
                if piece:
                    yield piece
        except zlib.error:
            raise BadCoding("its compression is broken") from None


def _decompressor(data: bytes) -> zlib._Decompress:
    headed = data.startswith(b"\x1f\x8b") or (data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0)
    return zlib.decompressobj(zlib.MAX_WBITS | 32 if headed else -zlib.MAX_WBITS)
