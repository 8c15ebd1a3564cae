"""Help beside what it explains: follows the focus, and goes away with the key that brought it."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Markdown

from ccswitch_tui.tui.screens.base import widget_help
from ccswitch_tui.tui.screens.help import KeyTable, doing, help_text

WIDTH = 46
"""Cells, a key's tip folds once or twice, and a list beside it stays readable."""


class HelpPane(VerticalScroll):
    """The page of what has the focus, then the keys of its place."""

    DEFAULT_CSS = """
    HelpPane { dock: right; width: 46; height: 1fr; padding: 0 1; background: $surface; border-left: solid $border; }
    HelpPane Markdown { background: transparent; padding: 1 1 0 1; margin: 0; }
    HelpPane MarkdownH1 {
        content-align: left middle; color: $foreground; background: transparent; text-style: bold;
        margin: 0 0 1 0; padding: 0;
    }
    HelpPane #keys { padding: 1; height: auto; }
    """

    def __init__(self, about: Any) -> None:
        super().__init__(id="help-pane")
        self.about = about
        self.topic = ""

    def compose(self) -> ComposeResult:
        self.topic = widget_help(self.about.focused or self.about)
        yield Markdown(help_text(self.topic), open_links=False)
        yield KeyTable(doing(self.about), id="keys")

    async def follow(self) -> None:
        """Shows the page of what has the focus now; not of itself, while one reads on in it.

        Nothing before it has composed itself, which it does for what has the focus then.
        """
        if self.has_focus or not self.query(KeyTable):
            return
        topic = widget_help(self.about.focused or self.about)
        if topic != self.topic:
            self.topic = topic
            await self.query_one(Markdown).update(help_text(topic))
        table = self.query_one(KeyTable)
        table.about = doing(self.about)
        table.on_resize()
