"""The app's own settings, and where web searches go: one row each, `enter` changes the value at once."""

from __future__ import annotations

from typing import NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.config import CHOICES
from ccswitch_tui.tui.i18n import LANGUAGES, t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.screens.confirm import ConfirmSheet
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows


class Setting(NamedTuple):
    """One row."""

    name: str
    value: str


SEARCH = "search"
"""Not the app's own: profiles.toml says it, and a key may belong to it, so it is set on the command line."""

SET_SEARCH = "ccswitch-tui search set searxng http://127.0.0.1:8888"


class SettingsScreen(Place[None]):
    """Theme, language, signs, how far to probe."""

    PLACE = "settings"
    HELP_TOPIC = "settings"
    BINDINGS = bindings("settings")

    def body(self) -> ComposeResult:
        yield Static(look.line((t("settings.title"), look.NAME)), classes="head")
        yield Rows(self._draw, id="settings")
        yield Prose(id="tip")
        yield Prose(
            look.line("  ", (self.session.at_home(self.session.ctx.paths.app_config), look.QUIET)), classes="foot"
        )

    def on_mount(self) -> None:
        self.searches = ""
        self.show()
        self.look_for_search()
        self.watch(self.app, "theme", self.show, init=False)

    def show(self, cursor: int | None = None) -> None:
        if not self.query(Rows):
            return  # between two languages
        config = self.ccs.config
        rows = [Setting("theme", self.app.theme)]
        rows += [Setting(name, getattr(config, name)) for name in CHOICES]
        rows.append(Setting(SEARCH, self.searches or "off"))
        self.query_one(Rows).show(rows, cursor=cursor if isinstance(cursor, int) else None)
        self._tip()

    def _draw(self, setting: Setting, width: int) -> Content:
        shown = LANGUAGES.get(setting.value, setting.value)
        said = ("auto", "always", "never", "off", "still")
        value = t(f"settings.value.{setting.value}") if setting.value in said else shown
        return look.line(
            "  ", look.cells(t(f"settings.{setting.name}"), 22, look.NAME), look.cells(value, width - 24)
        )  # fmt: skip

    @on(Rows.Moved, "#settings")
    def _tip(self) -> None:
        """What the setting under the cursor is for, below the list, where a line has room for all of it."""
        setting: Setting | None = self.query_one(Rows).row
        tip = t(f"settings.{setting.name}.tip") if setting else ""
        self.query_one("#tip", Prose).update(look.line("  ", look.HANG, tip))

    @on(Rows.Selected, "#settings")
    def _selected(self) -> None:
        self.action_do("change")

    def do_forth(self) -> None:
        self._turn(1)

    def do_back_one(self) -> None:
        self._turn(-1)

    @task("change")
    async def _turn(self, by: int) -> None:
        """The value after this one, or before it, at once: a theme is seen while one looks for it."""
        setting: Setting | None = self.query_one(Rows).row
        if setting is not None and setting.name == "theme":
            names = sorted(self.app.available_themes)
            self.app.theme = names[(names.index(self.app.theme) + by) % len(names)]
        elif setting is not None and setting.name != SEARCH:
            await self._change_to(setting, by)

    async def _change_to(self, setting: Setting, by: int) -> None:
        cursor = self.query_one(Rows).cursor
        choices = CHOICES[setting.name]
        following = choices[(choices.index(setting.value) + by) % len(choices)]
        self.ccs.change_config(**{setting.name: following})
        if setting.name == "language":
            await self.recompose()
            self.query_one(Rows).focus()
        self.show(cursor)

    @task("search")
    async def look_for_search(self) -> None:
        """Reads where searches go; the list is there before."""
        self.searches = await self.ccs.off(self.session.search_source)
        self.show(self.query_one(Rows).cursor)

    async def _change_search(self) -> None:
        """Off with a question, because a key goes too; on by a command, because a key may be asked for."""
        if not self.searches:
            self.ccs.copy(SET_SEARCH, t("settings.search.copied"))
            return
        if await self.app.push_screen_wait(ConfirmSheet(t("settings.search.ask"), self.searches)):
            await self.ccs.off(self.session.search_off)
            self.searches = ""
            self.show(self.query_one(Rows).cursor)

    @task("change")
    async def do_change(self) -> None:
        setting: Setting | None = self.query_one(Rows).row
        if setting is None:
            return
        if setting.name == "theme":
            self.ccs.search_themes()
            return
        if setting.name == SEARCH:
            await self._change_search()
            return
        await self._change_to(setting, 1)
