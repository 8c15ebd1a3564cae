"""What happens to text between the upstream and a block: `<think>` at the start, and stop strings it was not given.

Each filter holds back as little as it must and gives it up at the end.
"""

from __future__ import annotations

import re

from ccswitch_tui.translate.writer import TEXT, THINKING

OPENING, CLOSING = "<think>", "</think>"

Piece = tuple[str, str]
"""(kind of block, text)"""


def held_tail(text: str, mark: str) -> int:
    """How many last characters of `text` could be the beginning of `mark`."""
    for size in range(min(len(mark) - 1, len(text)), 0, -1):
        if mark.startswith(text[-size:]):
            return size
    return 0


class ThinkTag:
    """`<think>…</think>` as the very first thing of an answer is thinking; anywhere else it is text."""

    def __init__(self) -> None:
        self.settled = False
        """Nothing can be thinking any more: text need not come through here."""
        self._inside = False
        self._just_closed = False
        self._held = ""

    @property
    def holds(self) -> bool:
        """Something came that was not given on yet."""
        return bool(self._held)

    def feed(self, text: str) -> list[Piece]:
        """The pieces this text gives."""
        text = self._held + text
        self._held = ""
        pieces: list[Piece] = []
        if not self._inside and not self._just_closed:
            bare = text.lstrip()
            if not bare.startswith(OPENING):
                if OPENING.startswith(bare):
                    self._held = text
                else:
                    self.settled = True
                    pieces.append((TEXT, text))
                return pieces
            self._inside = True
            text = bare[len(OPENING) :]
        if self._inside:
            thought, mark, text = text.partition(CLOSING)
            if not mark:
                hold = held_tail(thought, CLOSING)
                self._held = thought[len(thought) - hold :]
                thought = thought[: len(thought) - hold]
            if thought:
                pieces.append((THINKING, thought))
            if not mark:
                return pieces
            self._inside, self._just_closed = False, True
        text = text.lstrip()  # the blank lines after the tag belong to the notation
        if text:
            self.settled = True
            pieces.append((TEXT, text))
        return pieces

    def finish(self) -> list[Piece]:
        """What was held; an unclosed tag stays thinking."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [(THINKING if self._inside else TEXT, held)]


class StopCutter:
    """Ends an answer at a stop string that the upstream could not be given."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._pattern = re.compile("|".join(re.escape(s) for s in sorted(stops, key=len, reverse=True)))
        self._stops = stops
        self._held = ""
        self.found: str | None = None

    def feed(self, text: str) -> str:
        """The text that is certainly before any stop string."""
        text = self._held + text
        match = self._pattern.search(text)
        if match:
            self.found, self._held = match[0], ""
            return text[: match.start()]
        hold = max(held_tail(text, stop) for stop in self._stops)
        self._held = text[len(text) - hold :]
        return text[: len(text) - hold]

    def finish(self) -> str:
        """What was held for nothing."""
        held, self._held = self._held, ""
        return held
