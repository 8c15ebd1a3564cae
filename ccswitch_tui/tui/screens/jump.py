"""Jump mode: a letter on everything that can have the focus, on rows as well; pressing it goes there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset, Region
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from ccswitch_tui.tui.widgets.rows import Rows

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The home row first. Two of them each, where there are more places than letters."""


class Target(NamedTuple):
    """One place to go to."""

    widget: Widget
    at: Offset
    row: int | None = None
    """Of a list: which row."""


def targets_of(screen: Any) -> list[Target]:
    """Every place on a screen that can be seen, from the top left to the bottom right."""
    found = [target for widget in screen.focus_chain for target in _of(screen, widget)]
    return sorted(found, key=lambda target: (target.at.y, target.at.x))


def _of(screen: Any, widget: Widget) -> Iterator[Target]:
    seen: Region = screen.find_widget(widget).visible_region
    if not seen:
        return
    if not isinstance(widget, Rows) or not widget.rows:
        yield Target(widget, seen.offset)
        return
    content = widget.scrollable_content_region
    first = content.y + widget.top
    for row in range(len(widget.rows)):
        y = first + row - widget.scroll_offset.y
        if first <= y < content.bottom and seen.contains(content.x, y):
            yield Target(widget, Offset(content.x, y), row)


def labels(count: int) -> list[str]:
    """So many labels, all of one length, so that none begins as another does."""
    if count <= len(LETTERS):
        return list(LETTERS[:count])
    return [first + second for first in LETTERS for second in LETTERS][:count]


class JumpScreen(ModalScreen["Target | None"]):
    """Over the place it is opened from; any other key goes away again."""

    CSS_PATH = "../styles/jump.tcss"
    INHERIT_BINDINGS = False

    def __init__(self, targets: list[Target]) -> None:
        super().__init__()
        self.targets = dict(zip(labels(len(targets)), targets, strict=False))
        self.typed = ""

    def compose(self) -> ComposeResult:
        for label, target in self.targets.items():
            mark = Static(label, classes="jump", markup=False, id=f"jump-{label}")
            mark.styles.offset = (target.at.x, target.at.y)
            yield mark

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.typed += event.character or "\0"
        if self.typed in self.targets:
            self.dismiss(self.targets[self.typed])
        elif not any(label.startswith(self.typed) for label in self.targets):
            self.dismiss(None)
        else:
            for label in self.targets:
                self.query_one(f"#jump-{label}").set_class(not label.startswith(self.typed), "gone")

    def on_click(self) -> None:
        self.dismiss(None)


def go_to(target: Target | None) -> None:
    """The focus there, and the cursor on its row."""
    if target is None or not target.widget.is_attached:
        return
    target.widget.focus()
    if target.row is not None and isinstance(target.widget, Rows):
        target.widget.go(target.row)
