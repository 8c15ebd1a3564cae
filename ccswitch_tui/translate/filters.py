"""The filters an answer's text goes through, one behind the other: think tag, calls written as text, stop strings.

Most answers need none of them after their first words, and then no text comes
through here at all (`idle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.text_tools import TextTools, Written
from ccswitch_tui.translate.textflow import Piece, StopCutter, ThinkTag
from ccswitch_tui.translate.writer import TEXT, THINKING


class Filters:
    """The filters of one answer."""

    def __init__(self, translation: Translation) -> None:
        notation = translation.quirks.text_tools
        self._think: ThinkTag | None = ThinkTag(inside=translation.quirks.thinks_first)
        self._tools = (
            TextTools(notation, translation.names, translation.tools)
            if notation != "off" and translation.tools
            else None
        )
        self._cutter = StopCutter(translation.local_stops) if translation.local_stops else None
        self.idle = False
        """Text need not come through here any more."""

    @property
    def found_stop(self) -> str | None:
        """The stop string at which the answer ends here."""
        return self._cutter.found if self._cutter is not None else None

    @property
    def holds(self) -> bool:
        """Something came that was not given on yet."""
        return self._think is not None and self._think.holds

    def feed(self, text: str) -> Iterator[Piece | Written]:
        """What this text gives, in order; nothing after a stop string."""
        if self._think is None:
            yield from self._behind_think([(TEXT, text)])
            return
        pieces = self._think.feed(text)
        if self._think.settled:
            self._settle_think()
        yield from pieces if self.idle else self._behind_think(pieces)

    def flush(self) -> Iterator[Piece | Written]:
        """What is held, because something other than text follows or the answer is over."""
        if self._think is not None:
            pieces = self._think.finish()
            if any(text.strip() for _, text in pieces):
                self._settle_think()
            yield from self._behind_think(pieces)
        if self._tools is not None:
            yield from self._behind_tools(self._tools.finish())
        if self._cutter is not None and self._cutter.found is None:
            held = self._cutter.finish()
            if held:
                yield TEXT, held

    def _settle_think(self) -> None:
        self._think = None
        self.idle = self._tools is None and self._cutter is None

    def _behind_think(self, pieces: Iterable[Piece]) -> Iterator[Piece | Written]:
        for kind, text in pieces:
            if kind == THINKING:
                yield kind, text
            elif self._tools is not None:
                yield from self._behind_tools(self._tools.feed(text))
            else:
                yield from self._behind_tools([text])

    def _behind_tools(self, found: Iterable[str | Written]) -> Iterator[Piece | Written]:
        for item in found:
            if self.found_stop is not None:
                return
            if not isinstance(item, str):
                yield item
                continue
            text = item if self._cutter is None else self._cutter.feed(item)
            if text:
                yield TEXT, text
