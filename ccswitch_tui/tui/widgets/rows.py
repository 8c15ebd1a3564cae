"""A list of one-line rows with a cursor: only the lines on the screen are ever rendered.

A thousand profiles cost what twenty cost, which is why this is not an
OptionList (it measures every option before the first paint). A row is whatever
the owner gives; `draw(row, width)` turns it into one line when it is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from ccswitch_tui.tui import look

Draw = Callable[[Any, int], Content]


class Rows(ScrollView, can_focus=True):
    """Rows with a cursor; moves with arrows, j/k, pages and the mouse; enter or a second click selects."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--row", "rows--cursor", "rows--blurred", "rows--hover"}
    BINDINGS: ClassVar[list[Any]] = [
        Binding("up,k,ｋ", "move(-1)", show=False),
        Binding("down,j,ｊ", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "edge(0)", show=False),
        Binding("end,G", "edge(1)", show=False),
        Binding("enter", "select", show=False),
        Binding("/,／", "filter", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Rows {
        height: 1fr;
        width: 1fr;
        background: transparent;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .rows--cursor { background: $primary 22%; }
        & > .rows--blurred { background: $foreground 6%; }
        & > .rows--hover { background: $foreground 4%; }
    }
    """

    cursor: reactive[int] = reactive(0, repaint=False)
    hover: reactive[int] = reactive(-1, repaint=False)

    class Said(Message):
        """About one row."""

        def __init__(self, rows: Rows, row: Any) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> Rows:
            return self.rows

    class Moved(Said):
        """The cursor is on another row."""

    class Selected(Said):
        """A row was chosen with enter or the mouse; None where there is no row."""

    def __init__(
        self,
        draw: Draw,
        *,
        heading: Callable[[int], Content] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.draw = draw
        self.heading = heading
        """What stands above the columns while there are rows; a line of this widget, for another would cost a paint."""
        self.rows: Sequence[Any] = ()

    @property
    def top(self) -> int:
        """Lines above the first row."""
        return 1 if self.heading and self.rows else 0

    @property
    def row(self) -> Any:
        """The row under the cursor; None where there is none."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def show(self, rows: Sequence[Any], *, cursor: int | None = None) -> None:
        """Shows other rows; the cursor stays where it was, as far as there are rows."""
        before = self.row
        self.rows = rows
        self.virtual_size = Size(self.scrollable_content_region.width, len(rows) + self.top)
        wanted = self.cursor if cursor is None else cursor
        self.cursor = max(0, min(wanted, len(rows) - 1))
        self.refresh()
        if self.row != before:
            self._say_moved()

    def _say_moved(self) -> None:
        self.post_message(self.Moved(self, self.row))

    def watch_cursor(self, old: int, new: int) -> None:
        self._bring_into_sight(new)
        self._repaint(old)
        self._repaint(new)

    def watch_hover(self, old: int, new: int) -> None:
        self._repaint(old)
        self._repaint(new)

    def _bring_into_sight(self, index: int) -> None:
        first, height = self.scroll_offset.y, self.scrollable_content_region.height
        if height and not first <= index < first + height - self.top:
            at = index if index < first else index + self.top
            self.scroll_to_region(Region(0, at, 1, 1), animate=False, force=True)

    def _repaint(self, index: int) -> None:
        self.refresh(Region(0, index - self.scroll_offset.y + self.top, self.size.width, 1))

    def action_move(self, by: int) -> None:
        self._go(self.cursor + by)

    def action_page(self, direction: int) -> None:
        self._go(self.cursor + direction * max(1, self.size.height - 1))

    def action_edge(self, last: int) -> None:
        self._go(len(self.rows) - 1 if last else 0)

    def go(self, index: int) -> None:
        """The cursor on another row, as the user would move it."""
        self._go(index)

    def _go(self, index: int) -> None:
        index = max(0, min(index, len(self.rows) - 1))
        if index != self.cursor:
            self.cursor = index
            self._say_moved()

    def action_filter(self) -> None:
        """The filter of the place this list is in, if it has one.

        Bound first of all: the focus is in the field before the next key is looked at. Typed fast, or over a slow
        line, "/good" would otherwise be `o`, which writes settings, and `d`.
        """
        owner: Any = next((node for node in self.ancestors if hasattr(node, "do_filter")), None)
        if owner is None:
            raise SkipAction
        owner.action_do("filter")

    def action_select(self) -> None:
        self.post_message(self.Selected(self, self.row))

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        self.hover = self._index_at(event)

    def _on_leave(self, event: events.Leave) -> None:
        self.hover = -1

    async def _on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the row that has it already (or twice), it selects."""
        index = self._index_at(event)
        if index < 0:
            return
        if index == self.cursor and event.chain > 1:
            self.action_select()
        self._go(index)

    def _index_at(self, event: events.MouseEvent) -> int:
        index = event.y + self.scroll_offset.y - self.top
        if event.y < self.top:
            return -1
        return index if 0 <= index < len(self.rows) else -1

    def _on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.rows) + self.top)
        self._bring_into_sight(self.cursor)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y < self.top and self.heading and width > 0:
            strips = Visual.to_strips(self, look.cut(self.heading(width), width), width, 1, self.visual_style)
            return strips[0].adjust_cell_length(width, self.visual_style.rich_style)
        index = y + self.scroll_offset.y - self.top
        if index >= len(self.rows) or width <= 0:
            return Strip.blank(width, self.visual_style.rich_style)  # kept, where `rich_style` is made for each line
        if index == self.cursor:
            name = "rows--cursor" if self.has_focus else "rows--blurred"
        else:
            name = "rows--hover" if index == self.hover else "rows--row"
        style = self.get_visual_style(name)
        line = self.draw(self.rows[index], width)
        strips = Visual.to_strips(self, look.cut(line, width), width, 1, style)
        return strips[0].adjust_cell_length(width, style.rich_style)
