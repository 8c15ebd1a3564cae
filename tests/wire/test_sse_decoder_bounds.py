"""A decoder counts what it holds, not only what it was sent."""

from __future__ import annotations

import pytest

from ccswitch_tui.wire.sse import Decoder


@pytest.mark.parametrize("piece", [b"data:\n", b"data: \n", b"x"])
def test_pieces_with_nothing_in_them_count_too(piece: bytes) -> None:
    decoder = Decoder(longest_event_bytes=10_000)
    for _ in range(300):
        assert decoder.feed(piece) == []
    assert decoder.overflowed
