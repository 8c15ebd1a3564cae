"""How much of request bodies may be in memory at once.

A body is parsed, translated and written again, so it is there two or three
times; thirty of 31 MB would fill a small machine. Who does not fit waits with
its connection unread, in turn, and is told to come back if that takes too long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MOST_BYTES = 192 * 1024 * 1024
"""Of all bodies together. Six of the largest at once; more of them wait a moment."""

SMALL_BYTES = 2 * 1024 * 1024
"""Nearly every request of nearly every session. Those do not wait behind giants:"""

SMALL_MORE_BYTES = 64 * 1024 * 1024
"""what they may take beyond."""


class Budget:
    """Bytes that are held, and who waits for some."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.held = 0
        self._most = most_bytes
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()

    def take(self, size: int) -> bool:
        """Takes `size` bytes if there is room for them."""
        most = self._most + (SMALL_MORE_BYTES if size <= SMALL_BYTES else 0)
        if self.held + size > most and self.held:  # one that is larger than all there is goes alone
            return False
        self.held += size
        return True

    def wait(self, size: int, tell: Callable[[], None]) -> None:
        """Calls `tell` once, after `size` bytes were taken for it."""
        self._waiting.append((size, tell))

    def give_up(self, tell: Callable[[], None]) -> None:
        """Who waited does not any more."""
        self._waiting = deque(one for one in self._waiting if one[1] != tell)

    def give_back(self, size: int) -> None:
        """Bytes that are free again; those who waited longest get them."""
        self.held -= size
        while self._waiting and self.take(self._waiting[0][0]):
            self._waiting.popleft()[1]()
