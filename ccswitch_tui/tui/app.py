"""The app: the session, the theme, the notices, the crash panel, and the way between places.

First paint waits for nothing: the shell is drawn, then a thread looks at the
files. What takes longer to import is imported by the screen that needs it, and
the garbage collector rests until then (tests/tui/test_first_paint.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.app import App

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.printable import printable
from ccswitch_tui.secret import redact
from ccswitch_tui.tui import collector, look
from ccswitch_tui.tui.background import PATIENCE_S, in_thread
from ccswitch_tui.tui.config import load_config
from ccswitch_tui.tui.harmless import with_harmless
from ccswitch_tui.tui.host import NOTICE_S, Host, Severity
from ccswitch_tui.tui.i18n import language_of, spoken, t, use_language
from ccswitch_tui.tui.screens.base import SIDE_BY_SIDE, Place
from ccswitch_tui.tui.screens.home import HomeScreen
from ccswitch_tui.tui.session import Session
from ccswitch_tui.tui.stylesheet import KeptStylesheet
from ccswitch_tui.tui.themes import HOUSE_THEMES, default_theme
from ccswitch_tui.tui.widgets.prose import lines_of

if TYPE_CHECKING:
    from textual.filter import LineFilter
    from textual.theme import Theme

    from ccswitch_tui.workflows.context import Context

T = TypeVar("T")

STYLES = os.path.join(os.path.dirname(__file__), "styles")
LATER_CSS = [os.path.join(STYLES, name) for name in ("home.tcss", "later.tcss")]
"""Styles of what is on no screen at the first paint; parsing them would take it six milliseconds."""


def as_host(app: CcswitchApp) -> Host:
    """The app as its places see it: a type error here is a place that asks for more than there is."""
    return app


def run_app(ctx: Context) -> int:
    """Opens the app on the terminal and returns the exit code; a crash is not 0."""
    app = CcswitchApp(ctx)
    try:
        app.run()
    finally:
        _stop_reading(app)
    return app.return_code or 0


def _stop_reading(app: App[int]) -> None:
    """Ends the thread that reads the terminal, whatever ended the app.

    Textual (8.2, linux_driver.py) ends it on an orderly way out. On another
    way it would read the end of a closed terminal again and again, and keep
    the process alive with it.
    """
    over = getattr(app._driver, "exit_event", None)
    if over is not None:
        over.set()


def run_picker(ctx: Context) -> str | None:
    """A few lines under the prompt to choose a profile from; None when nothing was chosen."""
    from ccswitch_tui.tui.picker import PickerApp

    return PickerApp(ctx).run(inline=sys.platform != "win32")


def commands() -> type[Any]:
    """The palette's provider, imported when the palette is first opened."""
    from ccswitch_tui.tui.commands import Commands

    return Commands


class CcswitchApp(App[int]):
    """Profiles in a list, everything else one key away."""

    CSS_PATH: ClassVar[Any] = os.path.join(STYLES, "app.tcss")
    MODES: ClassVar[dict[str, Any]] = {"home": HomeScreen}
    DEFAULT_MODE = "home"
    COMMANDS: ClassVar[set[Any]] = {commands}

    trying_themes = False
    """A theme is only looked at now, and not to be kept."""

    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self._variables: tuple[Theme, dict[str, str]] | None = None
        """Of which theme, and what its style sheets may name."""
        self.session = Session(ctx)
        self.config, self._config_problem = load_config(ctx.paths)
        use_language(language_of(ctx.env, self.config.language))
        look.use_ascii(self.config.wants_ascii(ctx.env))
        for theme in HOUSE_THEMES:
            self.register_theme(theme)
        self.theme = self.config.theme if self.config.theme in self.available_themes else default_theme(ctx.env)
        self.stylesheet = KeptStylesheet(variables=self.get_css_variables())

    def get_css_variables(self) -> dict[str, str]:
        """Worked out once for a theme, where Textual does it for each of its four looks before the first paint."""
        if not hasattr(self, "session"):
            return {}  # Textual's own theme, before ours is chosen
        theme = self.current_theme
        if self._variables is None or self._variables[0] is not theme:
            self._variables = theme, super().get_css_variables()
        return self._variables[1]

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Everything painted passes the last of these."""
        return with_harmless(super().get_line_filters())

    async def on_ready(self) -> None:
        self.call_after_refresh(self.painted)
        if self._config_problem:
            self.tell(self._config_problem)
        if self.session.ctx.env.get("TEXTUAL_LOG"):
            self.show_notice(t("app.textual_log"), severity="warning", timeout=NOTICE_S * 3)

    def painted(self) -> None:
        """After the first paint: now the processor is free for the files."""
        collector.wake()
        self.stylesheet.read_all(cast("Any", LATER_CSS))
        self.stylesheet.reparse()
        home = self.screen_stack[0]
        if isinstance(home, HomeScreen):
            home.look_again()

    # ---------------------------------------------------------------- slow work

    async def off(self, work: Callable[..., T], *args: Any, timeout_s: float = PATIENCE_S) -> T:
        """`work(*args)` in a thread; raises TimeoutError when it takes too long."""
        return await in_thread(work, *args, timeout_s=timeout_s)

    def start(self, group: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """`work` as a worker of the app itself; it outlives the screen it was started from."""
        self.run_worker(cast("Any", partial(self.guarded, work)), group=group, exclusive=True)

    async def guarded(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """Runs `work`; what is meant for the user becomes a notice, a mistake of ours goes on to the crash panel."""
        try:
            return await work()
        except CcswitchError as error:
            self.tell(error)
        except TimeoutError:
            self.show_notice(t("app.timeout"), severity="error")
        except OSError as error:  # a folder without permission, a disk that is full: the world's fault, not ours
            self.show_notice(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), severity="error")
        return None

    # ------------------------------------------------------------------ notices

    def show_notice(self, message: str, *, severity: Severity = "information", timeout: float = NOTICE_S) -> None:
        """One notice in the corner, without a key in it and without markup."""
        rows = look.quoted_lines(message).splitlines()
        text = "\n".join(piece for row in rows for piece in lines_of(row, self._notice_width()))
        self.notify(text, severity=severity, timeout=timeout, markup=False)

    def _notice_width(self) -> int:
        """Cells for the text of a notice, as app.tcss gives them to a Toast."""
        share = 46 if self.size.width >= SIDE_BY_SIDE else 80
        return min(60, (self.size.width - 2) * share // 100) - 3

    def tell(self, error: CcswitchError) -> None:
        """An error for the user: what happened, and the hint under it."""
        text = "\n".join(spoken(part) for part in (error.message, error.hint) if part)
        self.show_notice(text, severity="error", timeout=NOTICE_S * 2)

    def waits_for(self, sessions: int) -> None:
        """Called from a writing thread that gives running sessions the time to let go of old values."""
        self.call_from_thread(self.show_notice, t("use.waits", n=sessions))

    def copy(self, text: str, said: str) -> None:
        """Puts text on the clipboard, without a key in it, and says what it was."""
        self.start("copy", partial(self._copy, printable(redact(text)), said))

    async def _copy(self, text: str, said: str) -> None:
        from ccswitch_tui.tui.clipboard import copy_natively

        if not await self.off(copy_natively, text, self.session.ctx.env):
            self.copy_to_clipboard(text)
        self.show_notice(said)

    # ------------------------------------------------------------------- places

    def action_command_palette(self) -> None:
        """The palette, asking in the user's language."""
        from ccswitch_tui.tui.palette import Palette

        if not Palette.is_open(cast("Any", self)):
            self.push_screen(Palette(id="--command-palette", placeholder=t("palette.ask")))

    def action_help_quit(self) -> None:
        """`ctrl+c` copies in a field and ends nothing; said in the user's language."""
        self.show_notice(t("app.how_to_quit"))

    def search_themes(self) -> None:
        """All themes, by name; the one under the cursor is seen at once."""
        from ccswitch_tui.tui.palette import ThemePalette

        self.push_screen(ThemePalette(self.theme, placeholder=t("palette.themes")))

    def use(self, name: str) -> None:
        """Uses a profile, from wherever one is."""
        self.at_home(lambda home: home.use(name))

    def at_home(self, act: Callable[[HomeScreen], Any]) -> None:
        """Back to the first screen, and `act` there; not from a form that would lose what was typed."""
        if any(getattr(screen, "dirty", False) for screen in self.screen_stack):
            self.show_notice(t("why_not.dirty"), severity="warning")
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.screen, HomeScreen):
            act(self.screen)

    @property
    def chosen(self) -> str:
        """The profile under the cursor of the first screen; "" when there is none."""
        return str(getattr(getattr(self.screen_stack[0], "row", None), "name", ""))

    def open_help(self) -> None:
        """Help for the focused thing, and all keys of this place: beside it, or where that is too narrow on a page."""
        place = self.screen
        if isinstance(place, Place) and (place.close_help() or self._help_beside(place)):
            return
        from ccswitch_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def _help_beside(self, place: Place[Any]) -> bool:
        """Help beside a place; False where there is no room for both."""
        if self.size.width < SIDE_BY_SIDE:
            return False
        from ccswitch_tui.tui.widgets.help_pane import WIDTH, HelpPane

        place.mount(HelpPane(place))
        place.side_by_side(SIDE_BY_SIDE + WIDTH)
        return True

    # ------------------------------------------------------------------- config

    def change_config(self, **changes: Any) -> None:
        """Applies settings of the app now and saves them in the background."""
        from ccswitch_tui.tui.config import save_config

        ctx = self.session.ctx
        self.config = self.config._replace(**changes)
        look.use_ascii(self.config.wants_ascii(ctx.env))
        use_language(language_of(ctx.env, self.config.language))
        self.start("config", partial(self.off, save_config, ctx.paths, self.config))

    def watch_theme(self, name: str) -> None:
        """A theme chosen anywhere, the palette included, is kept."""
        if self.is_running and name != self.config.theme and not self.trying_themes:
            self.change_config(theme=name)

    def clear_selection(self) -> None:
        """Nothing while the first screen is being built: Python 3.12 and later build it before it is on the stack."""
        if self._screen_stacks.get(self.current_mode):
            super().clear_selection()

    # -------------------------------------------------------------------- crash

    def _fatal_error(self) -> None:
        """Textual's own panel prints every local variable, a key among them; ours says only where it happened."""
        from rich.text import Text

        from ccswitch_tui.tui.crash import crash_text

        self.bell()
        self._exit_renderables.append(Text(crash_text(self._exception)))
        self._close_messages_no_wait()
