"""Long work on one answer, in a thread: the interpreter goes to and fro between it and the streams of all others.

Only the calls of C code that such work is made of hold it, and what they are
given is bounded: an event or a body has 8 MB and 400,000 values at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ccswitch_tui.wire.density import is_dense

P = ParamSpec("P")
T = TypeVar("T")

LONG_BYTES = 192 * 1024
"""Read at once, that takes some five milliseconds where it is text."""

LONG_READ_BYTES = 8 * 1024
"""A read that is smaller is light, if nothing is held that it may complete."""


def is_heavy(data: bytes, held_bytes: int) -> bool:
    """Whether reading this, and what is held, would hold all other streams for long."""
    return held_bytes + len(data) > LONG_BYTES or (len(data) > LONG_READ_BYTES and is_dense(data))


async def heavily(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns; in a thread where it is about more than LONG_BYTES."""
    if size <= LONG_BYTES:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
