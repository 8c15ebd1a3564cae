"""The last line: the keys of this place from the one table, dimmed where they cannot work now, clickable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import events
from textual.content import Content
from textual.widget import Widget

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.keys import Key, shown

GAP = 2


class KeyBar(Widget):
    """Shows as many keys as fit; help and back are never the ones left out."""

    DEFAULT_CSS = """
    KeyBar { height: 1; width: 1fr; dock: bottom; background: $surface; padding: 0 1; }
    """
    LAST = ("help", "back", "quit")

    def __init__(self, keys: Sequence[Key], owner: Any) -> None:
        super().__init__()
        self._keys = [k for k in keys if k.footer]
        self._owner = owner
        """The place, sheet or pane whose keys these are: it knows `why_not` and `action_do`."""
        self._spots: list[tuple[int, int, str]] = []
        """Where each key was drawn: first cell, cell after it, action."""

    def render(self) -> Content:
        tail = [(k, self._entry(k)) for k in self._keys if k.action in self.LAST]
        room = self.content_size.width - sum(entry.cell_length + GAP for _, entry in tail)
        fitting = []
        for key in self._keys:
            if key.action in self.LAST:
                continue
            entry = self._entry(key)
            room -= entry.cell_length + GAP
            if room < 0:
                break
            fitting.append((key, entry))
        self._spots = []
        at = self.gutter.left
        for key, entry in fitting + tail:
            self._spots.append((at, at + entry.cell_length, key.action))
            at += entry.cell_length + GAP
        return Content(" " * GAP).join(entry for _, entry in fitting + tail)

    def _entry(self, key: Key) -> Content:
        label = t(f"key.{key.action}")
        written = shown(key, ascii_only=look.ascii_only())
        if self._owner.why_not(key.action):
            return Content.styled(f"{written} {label}", look.DISABLED)
        return Content.assemble((written, look.KEY), " ", self._owner.key_label(key.action) or label)

    def on_click(self, event: events.Click) -> None:
        """The mouse does what the key does; a dimmed key says why it cannot."""
        for start, end, action in self._spots:
            if start <= event.x < end:
                self._owner.action_do(action)
