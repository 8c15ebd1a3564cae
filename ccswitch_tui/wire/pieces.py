"""Long bytes as a list of pieces: what a request has in common with the last one is neither copied nor joined. Pure.

A conversation of megabytes is compared and sent piece by piece, as it lies in
memory; making one text of it would move all of it again with every turn.
"""

from __future__ import annotations

from collections.abc import Sequence

Pieces = list[bytes]

LARGEST_BYTES = 128 * 1024
"""Neighbours are joined up to this size, so that a long conversation is some tens of pieces."""


def cut(data: bytes) -> Pieces:
    """These bytes in pieces."""
    return [data[place : place + LARGEST_BYTES] for place in range(0, len(data), LARGEST_BYTES)]


def extended(pieces: Pieces, more: bytes) -> Pieces:
    """A new list that goes on with `more`. Each byte is joined a few times in its life, and not with every turn."""
    longer = [*pieces, *cut(more)]
    while len(longer) > 1 and len(longer[-2]) <= len(longer[-1]) and len(longer[-2]) + len(longer[-1]) <= LARGEST_BYTES:
        longer[-2:] = [longer[-2] + longer[-1]]
    return longer


def size_of(pieces: Sequence[bytes]) -> int:
    """Bytes of all pieces."""
    return sum(map(len, pieces))


def behind(parts: Sequence[bytes], beginning: Sequence[bytes]) -> bytes | None:
    """What of `parts` comes after `beginning`, however the two are cut; None where they begin otherwise."""
    place = offset = 0
    for piece in beginning:
        done = 0
        while done < len(piece):
            if place == len(parts):
                return None
            part = parts[place]
            size = min(len(piece) - done, len(part) - offset)
            if not part.startswith(piece if size == len(piece) else memoryview(piece)[done : done + size], offset):
                return None
            done += size
            offset += size
            if offset == len(part):
                place, offset = place + 1, 0
    return b"".join([parts[place][offset:], *parts[place + 1 :]]) if place < len(parts) else b""


def beginning_of(parts: Sequence[bytes], most: int) -> bytes:
    """The first `most` bytes, and perhaps some more."""
    size = 0
    for place, part in enumerate(parts, 1):
        size += len(part)
        if size >= most:
            return b"".join(parts[:place])
    return b"".join(parts)
