"""What every place has: a head line, the keys of the table, a reason for a key that cannot work, and a way out.

A key press ends in `action_do(ACTION)`: it asks `why_not(ACTION)` first and
then calls `do_ACTION`. Slow work goes through `self.app.off(...)` inside a
method made with `task`, which turns our errors into a notice and lets mistakes
reach the crash panel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from ccswitch_tui.tui import keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.widgets.keybar import KeyBar

if TYPE_CHECKING:
    from ccswitch_tui.tui.host import Host
    from ccswitch_tui.tui.session import Session

ResultT = TypeVar("ResultT")

SMALLEST = (60, 18)
"""Columns and rows below which no layout is honest."""
SIDE_BY_SIDE = 100
"""Columns from which list and details stand beside each other."""

COLUMNS = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (SIDE_BY_SIDE, "-wide")]
ROWS = [(0, "-flat"), (SMALLEST[1], "-short"), (30, "-tall")]
"""The classes a screen gets by its size, for the style sheets."""


REST_S = 0.12
"""How long the cursor stands on a profile before its last report is read."""


def class_of(cells: int, steps: list[tuple[int, str]]) -> str:
    """The class of the highest step that many columns or rows reach."""
    return max((at, name) for at, name in steps if cells >= at)[1]


def bindings(place: str) -> list[Any]:
    """The table's rows for a place as Textual wants them, with their full-width twins."""
    return [
        Binding(",".join(keys.twins(k) for k in row.keys.split(",")), f"do('{row.action}')", row.action, show=False)
        for row in keys.keys_of(place)
    ]


def task(group: str) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Callable[..., Worker[None]]]:
    """An async method as a worker: starting it again in the same group ends the one before."""

    def decorate(method: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Worker[None]]:
        @functools.wraps(method)
        def start(self: Any, *args: Any, **kwargs: Any) -> Worker[None]:
            async def work() -> None:
                try:
                    await method(self, *args, **kwargs)
                except NoMatches:
                    if not gone(self):
                        raise

            guarded = functools.partial(self.app.guarded, work)
            return cast("Worker[None]", self.run_worker(guarded, group=group, exclusive=True, name=method.__name__))

        return start

    return decorate


def gone(node: Any) -> bool:
    """Whether a screen or pane was left: its widgets may be taken down already while a worker of it still ends.

    It may still hang in the tree then. Textual marks all that is to go first and takes the leaves down before
    what holds them; and when the app ends, its screens stay on the stack until the last of them is empty.
    """
    try:
        leaving = node._pruning or not node.app.is_running
        return leaving or not node.is_attached or node.screen not in node.app.screen_stack
    except NoScreen:
        return True


def too_small() -> ComposeResult:
    """The one line that is left when the terminal is too small for anything else."""
    yield Static(t("app.too_small", columns=SMALLEST[0], rows=SMALLEST[1]), id="too-small")


class Doing:
    """The one way from a key to what it does, shared by places and sheets."""

    @property
    def ccs(self) -> Host:
        """The app, by its own type."""
        return cast("Host", cast("Any", self).app)

    @property
    def session(self) -> Session:
        return self.ccs.session

    def renew_keys(self) -> None:
        """Draws the key line again after something changed what can be done."""
        for bar in cast("Widget", self).query(KeyBar):
            bar.refresh()

    def why_not(self, action: str) -> str | None:
        """Why `action` cannot work now, for the user; None when it can."""
        return None

    def key_label(self, action: str) -> Content | None:
        """Other words in the key line, for a key that does something else than usual now."""
        return None

    def action_do(self, action: str) -> None:
        if action == "back" and cast("Any", self).screen.close_help():
            return
        reason = self.why_not(action)
        if reason:
            self.ccs.show_notice(reason, severity="warning")
        else:
            getattr(self, f"do_{action}")()

    def do_palette(self) -> None:
        self.ccs.action_command_palette()

    def do_quit(self) -> None:
        self.ccs.exit(0)

    def do_help(self) -> None:
        self.ccs.open_help()

    def do_jump(self) -> None:
        """A letter on everything one could go to."""
        from ccswitch_tui.tui.screens.jump import JumpScreen, go_to, targets_of

        cast("Any", self).app.push_screen(JumpScreen(targets_of(cast("Any", self).screen)), go_to)


class Place(Doing, Screen[ResultT]):
    """A full screen. Subclasses name their PLACE, give BINDINGS = bindings(PLACE), and compose `body`."""

    PLACE: ClassVar[str] = ""
    HELP_TOPIC: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = COLUMNS
    VERTICAL_BREAKPOINTS = ROWS
    AUTO_FOCUS = "Rows"

    def __init__(self) -> None:
        """Has the classes of its size from the beginning, so that it is styled and laid out once and not twice."""
        super().__init__()
        width, height = self.app.size
        self.add_class(class_of(width, COLUMNS), class_of(height, ROWS), update=False)

    def compose(self) -> ComposeResult:
        yield from self.body()
        yield KeyBar(keys.keys_of(self.PLACE), self)
        yield from too_small()

    def on_mount(self) -> Any:
        """Notices belong to the place they were given in; here they would only cover something."""
        self.app.clear_notifications()

    def _compositor_refresh(self) -> None:
        """Nothing while the app holds its paints back: Textual would draw it all, drop it, and count it as painted.

        The only method of Textual's own inside that is replaced here; without it the first frame has no last line.
        """
        if not getattr(self.app, "_batch_count", 0):
            super()._compositor_refresh()

    def body(self) -> ComposeResult:
        """The place's own widgets."""
        yield from ()

    def do_back(self) -> Any:
        self.dismiss()

    # --------------------------------------------------------------- help beside it

    def close_help(self) -> bool:
        """Whether there was help beside it; there is none now."""
        panes = self.query("#help-pane")
        if not panes:
            return False
        panes.remove()
        self.side_by_side(SIDE_BY_SIDE)
        return True

    def side_by_side(self, columns: int) -> None:
        """From how many columns on list and details stand beside each other, while help takes some of them."""
        self.HORIZONTAL_BREAKPOINTS = [*COLUMNS[:-1], (columns, COLUMNS[-1][1])]
        self.remove_class(*(name for _, name in COLUMNS))
        self.add_class(class_of(self.size.width, self.HORIZONTAL_BREAKPOINTS))
        self.set_class(columns > SIDE_BY_SIDE, "-helped")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Help follows the focus."""
        for pane in self.query("#help-pane"):
            self.call_after_refresh(cast("Any", pane).follow)


class Sheet(Doing, ModalScreen[ResultT]):
    """A question over the place below it: one panel on the second tone, no box. `esc` answers None."""

    PLACE: ClassVar[str] = ""
    HELP_TOPIC: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = COLUMNS
    VERTICAL_BREAKPOINTS = ROWS

    def compose(self) -> ComposeResult:
        from textual.containers import Vertical

        with Vertical(id="sheet"):
            yield from self.body()
            yield KeyBar(keys.keys_of(self.PLACE), self)
        yield from too_small()

    def body(self) -> ComposeResult:
        yield from ()

    def do_back(self) -> None:
        self.dismiss(None)

    def close_help(self) -> bool:
        """A question has its help on a page of its own."""
        return False


def widget_help(widget: Widget | None) -> str:
    """The help topic of a widget or of its nearest ancestor that has one."""
    node: Any = widget
    while node is not None:
        topic = getattr(node, "HELP_TOPIC", "")
        if topic:
            return str(topic)
        node = node.parent
    return ""
