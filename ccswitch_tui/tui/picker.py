"""The inline picker of a bare `ccswitch-tui use`: a few lines under the prompt, gone when a profile is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input

from ccswitch_tui.tui import look
from ccswitch_tui.tui.config import load_config
from ccswitch_tui.tui.crash import crash_text
from ccswitch_tui.tui.harmless import with_harmless
from ccswitch_tui.tui.i18n import language_of, spoken, t, use_language
from ccswitch_tui.tui.themes import HOUSE_THEMES, default_theme
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from textual.filter import LineFilter

    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.profiles import ProfileRow

MOST_LINES = 10


class Choice(NamedTuple):
    """One line to choose."""

    name: str
    host: str
    in_use: bool
    left: str = ""
    """What was left on its key when the user last asked, with its age."""


class PickerApp(App[str]):
    """Type to filter, arrows to move, enter to choose, esc to leave everything as it is."""

    CSS = """
    Screen { height: auto; max-height: 14; border: none; background: $background; }
    Input { border: none; height: 1; padding: 0 1; background: $surface; }
    Rows { height: auto; max-height: 10; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[Any]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
    ]

    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self.ctx = ctx
        config, _ = load_config(ctx.paths)
        use_language(language_of(ctx.env, config.language))
        look.use_ascii(config.wants_ascii(ctx.env))
        for theme in HOUSE_THEMES:
            self.register_theme(theme)
        self.theme = config.theme if config.theme in self.available_themes else default_theme(ctx.env)
        self.every: list[Choice] = []

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Everything painted passes the last of these."""
        return with_harmless(super().get_line_filters())

    def compose(self) -> ComposeResult:
        yield Line(placeholder=t("picker.ask"))
        yield Rows(self._draw)

    def on_mount(self) -> None:
        from ccswitch_tui.workflows.profiles import profile_rows

        self.every = [
            Choice(row.profile.name, look.host_of(row.profile.endpoint.base_url), bool(row.in_use), self._left(row))
            for row in profile_rows(self.ctx)
        ]
        self.every.append(Choice("official", t("truth.official"), not any(c.in_use for c in self.every)))
        self._show()

    def _draw(self, row: Choice, width: int) -> Content:
        here = look.mark("here") if row.in_use else look.cells("", 2 if look.ascii_only() else 1)
        name = max(12, min(28, width // 3))
        left = min(len(row.left), max(0, width // 3)) if row.left else 0
        host = look.cells(row.host, max(0, width - name - left - 7), look.QUIET)
        shown = look.cells(row.left, left)
        return look.line(" ", here, " ", look.cells(row.name, name, look.NAME), " ", host, " ", shown)

    def _left(self, row: ProfileRow) -> str:
        if row.balance is None:
            return ""
        from ccswitch_tui.balance.kept import short_text

        age = look.age(max(0.0, self.ctx.clock() - row.balance.at))
        return f"{spoken(short_text(row.balance)) or row.balance.state} ({t('fact.asked', age=age)})"

    @on(Input.Changed)
    def _show(self) -> None:
        words = self.query_one(Input).value.casefold().split()
        found = [c for c in self.every if all(w in f"{c.name} {c.host}".casefold() for w in words)]
        rows = self.query_one(Rows)
        rows.show(found, cursor=0)
        rows.styles.height = max(1, min(MOST_LINES, len(found)))

    def action_move(self, by: int) -> None:
        self.query_one(Rows).action_move(by)

    @on(Input.Submitted)
    @on(Rows.Selected)
    def _chosen(self) -> None:
        row = self.query_one(Rows).row
        if row is not None:
            self.exit(row.name)

    def action_leave(self) -> None:
        self.exit(None)

    def _fatal_error(self) -> None:
        from rich.text import Text

        self._exit_renderables.append(Text(crash_text(self._exception)))
        self._close_messages_no_wait()
