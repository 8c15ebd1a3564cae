"""What the two processes say to each other about one request: frames over a socket pair that serves it alone.

A frame is a letter, the length, and so many bytes. Closing the lane before the
answer is complete cancels the request, from either side. Only two processes of
one user, one of which started the other, ever hold its ends.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
from collections.abc import Callable
from typing import Any

HEAD, BODY = b"H", b"B"
"""To the worker: a Handed, then the request's body in pieces."""

ANSWER, DATA, LET_GO, BEGAN, FIRST_BYTE, LEARNED, SAID, ASKED, DONE = (
    b"A", b"D", b"L", b"G", b"F", b"Q", b"S", b"K", b"Z"
)  # fmt: skip
"""From the worker: bytes for the client; the body has served; what is booked; what was learned or is for the log; a key
that is asked for (the ANSWER to that is the one frame that goes back); and the end."""

_FRAME = struct.Struct(">cI")

PIECE_BYTES = 256 * 1024


def packed(value: Any) -> bytes:
    """`value` for the other side."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Any:
    """What `packed` was given. Only for bytes of our own other half."""
    return pickle.loads(data)  # noqa: S301


class Lane(asyncio.Protocol):
    """One end. `take(kind, data)` gets each frame, `lost()` is told once when the other end is gone.

    `read()` is called when all frames of a network read were taken.
    """

    def __init__(
        self,
        take: Callable[[bytes, bytes], None],
        lost: Callable[[], None],
        read: Callable[[], None] = lambda: None,
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self._take = take
        self._lost = lost
        self._read = read
        self._came = bytearray()
        self._frames: list[bytes | memoryview] = []
        self._blocked = False
        self._waiting: list[asyncio.Future[None]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.resume_writing()
        self._lost()

    def data_received(self, data: bytes) -> None:
        came = self._came
        came += data
        begin = 0
        while len(came) - begin >= _FRAME.size:
            kind, size = _FRAME.unpack_from(came, begin)
            end = begin + _FRAME.size + size
            if len(came) < end:
                break
            with memoryview(came) as view:
                found = bytes(view[begin + _FRAME.size : end])
            self._take(kind, found)
            begin = end
        del came[:begin]
        self._read()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def drained(self) -> None:
        """Waits until the other side has taken what was written. Raises ConnectionError when it is gone."""
        if self._blocked and self.transport is not None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        if self.transport is None:
            raise ConnectionResetError

    def write(self, kind: bytes, data: bytes | memoryview = b"") -> None:
        """One frame, at once; nothing where the other side is gone."""
        self._frames += (_FRAME.pack(kind, len(data)), data)
        self._flush()

    def write_soon(self, kind: bytes, data: bytes = b"") -> None:
        """One frame together with the next, if that follows in the same turn of the loop."""
        if not self._frames:
            asyncio.get_running_loop().call_soon(self._flush)
        self._frames += (_FRAME.pack(kind, len(data)), data)

    def _flush(self) -> None:
        frames, self._frames = self._frames, []
        if frames and self.transport is not None:
            self.transport.write(b"".join(frames))

    @property
    def unsent_bytes(self) -> int:
        """What the other side has not taken yet."""
        sent = 0 if self.transport is None else self.transport.get_write_buffer_size()
        return sent + sum(map(len, self._frames))

    def close(self) -> None:
        """Hangs up at once."""
        if self.transport is not None:
            self.transport.abort()
