"""One line of a form: its label, which is drawn and no widget of its own, and the field beside it."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from ccswitch_tui.tui import look
from ccswitch_tui.tui.widgets.bare import Bare

LABEL_CELLS = 24


class FieldRow(Bare):
    """A label with its field: two widgets, where a container with a label in it would be three."""

    DEFAULT_CSS = f"""
    FieldRow {{ layout: horizontal; height: auto; min-height: 1; padding: 0 0 0 {LABEL_CELLS}; }}
    """

    def __init__(self, label: str, field: Widget) -> None:
        super().__init__(field, classes="field")
        self._label = Content.styled(label, look.QUIET)

    def render_lines(self, crop: Region) -> list[Strip]:
        lines = super().render_lines(crop)
        if crop.y == 0 and lines:
            label = look.cells(self._label, LABEL_CELLS - 1)
            drawn = Visual.to_strips(self, label, LABEL_CELLS, 1, self.visual_style)[0]
            whole = drawn.adjust_cell_length(crop.right, self.visual_style.rich_style).crop(crop.x)
            lines[0] = self.as_painted(whole)
        return lines
