"""A container that only lays out: all its own lines are one blank line.

Textual draws a container line by line although its children cover it; on a
screen of thirty rows that is a tenth of a paint for each of them.
"""

from __future__ import annotations

from textual.containers import Container
from textual.geometry import Region
from textual.strip import Strip


class Bare(Container):
    """For containers without border and text of their own."""

    def render_lines(self, crop: Region) -> list[Strip]:
        blank = self.as_painted(Strip.blank(crop.width, self.visual_style.rich_style))
        return [blank] * crop.height

    def as_painted(self, strip: Strip) -> Strip:
        """A strip as the app's line filters leave it."""
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip
