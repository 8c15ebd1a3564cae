"""Textual's palette, saying in the language of the app that nothing matches.

It has no other door for that text (Textual 8.2, command.py), so the method that shows it is replaced.
"""

from __future__ import annotations

from rich.align import Align
from rich.text import Text
from textual.command import CommandList, CommandPalette
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
