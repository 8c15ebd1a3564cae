"""Notice: what a translation dropped, mended or guessed. Shown in the traffic view; nothing is lost silently."""

from __future__ import annotations

from ccswitch_tui.record import NamedTuple

MOST = 50
"""Notices kept for one exchange: a hostile stream could make one per chunk."""


class Notice(NamedTuple):
    """One thing that is not as it was given."""

    code: str
    """Stable: dropped, mended, guessed, repaired, unknown, limit."""
    text: str


class Notices(list[Notice]):
    """The notices of one exchange: each once, and not too many."""

    def add(self, code: str, text: str) -> None:
        notice = Notice(code, text)
        if len(self) < MOST and notice not in self:
            self.append(notice)
