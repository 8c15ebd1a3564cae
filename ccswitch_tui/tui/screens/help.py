"""Help: what the focused thing is, then every key of the place it was opened from."""

from __future__ import annotations

import os
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Markdown, Static

from ccswitch_tui.tui import keys, look
from ccswitch_tui.tui.i18n import language, t
from ccswitch_tui.tui.screens.base import Place, bindings, widget_help

FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "help")


class HelpScreen(Place[None]):
    """A page in the user's language, and the table of keys with why a key cannot work now."""

    PLACE = "help"
    BINDINGS = bindings("help")
    CSS_PATH = "../styles/help.tcss"
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self.about = about

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Markdown(help_text(widget_help(self.about.focused or self.about)), open_links=False)
            yield KeyTable(doing(self.about), id="keys")

    def do_help(self) -> None:
        self.dismiss()


def doing(screen: Screen[Any]) -> Any:
    """What has the keys on a screen: itself, or the step of the wizard that is on it."""
    return next((node for node in screen.query("*") if getattr(node, "PLACE", "")), screen)


class KeyTable(Static):
    """The keys of a place: what each does, and why it cannot now."""

    WIDTH = 10

    def __init__(self, about: Any, *, id: str) -> None:
        super().__init__(id=id)
        self.about = about

    def on_resize(self) -> None:
        self.update(look.lines(*self.rows(max(20, self.content_size.width))))

    def rows(self, width: int) -> list[Content | str]:
        """All lines, folded to `width`."""
        why_not = getattr(self.about, "why_not", lambda _: None)
        rows: list[Content | str] = [Content.styled(t("help.keys"), look.NAME), ""]
        for key in keys.keys_of(getattr(self.about, "PLACE", "")):
            every = " ".join(
                keys.shown(key._replace(keys=k), ascii_only=look.ascii_only()) for k in key.keys.split(",")
            )
            told = Content(t(f"tip.{key.action}")).wrap(width - self.WIDTH)
            reason = why_not(key.action)
            if reason:
                told += Content.styled(t("help.not_now", reason=reason), look.QUIET).wrap(width - self.WIDTH)
            for number, row in enumerate(told):
                rows.append(look.line(look.cells("" if number else every, self.WIDTH, look.KEY), row))
        return rows


def help_text(topic: str) -> str:
    """The Markdown page of a topic in the language of the app."""
    path = os.path.join(FOLDER, language() or "en", f"{topic or 'home'}.md")
    with open(path, encoding="utf-8") as file:
        return file.read()
