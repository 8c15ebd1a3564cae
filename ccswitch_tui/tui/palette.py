"""Textual's palette, saying in the language of the app that nothing matches.

It has no other door for that text (Textual 8.2, command.py), so the method that shows it is replaced.
"""

from __future__ import annotations

from typing import Any

from rich.align import Align
from rich.text import Text
from textual import on
from textual.command import CommandList, CommandPalette
from textual.theme import ThemeProvider
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ccswitch_tui.tui.i18n import t


class Palette(CommandPalette):
    """The list of commands, or of themes."""

    def _start_no_matches_countdown(self, search_value: str) -> None:
        """Waits a moment before it says that there is nothing: more may be on its way."""
        self._stop_no_matches_countdown()

        def show() -> None:
            if search_value:
                none = Align.center(Text(t("palette.none"), style="not bold"))
                self.query_one(CommandList).add_option(Option(none, disabled=True, id=self._NO_MATCHES))
            self._list_visible = bool(search_value)

        self._no_matches_timer = self.set_timer(self._NO_MATCHES_COUNTDOWN, show)


class ThemePalette(Palette):
    """All themes. The one under the cursor is put on while one looks for another; leaving puts the first one back."""

    def __init__(self, before: str, *, placeholder: str) -> None:
        super().__init__(providers=[ThemeProvider], placeholder=placeholder)
        self.before = before

    def on_mount(self) -> None:
        self._try(True)

    def on_unmount(self) -> None:
        """Chosen or not: what is on now is kept, or was put back."""
        self._try(False)
        if self.app.theme != self.before:
            self._app.watch_theme(self.app.theme)

    def _try(self, trying: bool) -> None:
        self._app.trying_themes = trying

    @property
    def _app(self) -> Any:
        return self.app

    @on(OptionList.OptionHighlighted)
    def _show(self, event: OptionList.OptionHighlighted) -> None:
        hit = getattr(event.option, "hit", None)
        name = str(hit.text) if hit is not None else ""
        if name in self.app.available_themes:
            self.app.theme = name

    def _action_escape(self) -> None:
        self.app.theme = self.before
        super()._action_escape()
