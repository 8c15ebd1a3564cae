"""Rungs and findings as commands print them: as wide as the terminal, and commands whole so that they can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.findings import Finding
    from ccswitch_tui.probe.model import Step


def tell_step(step: Step, out: Output, *, talk: bool = False) -> None:
    """One rung, as data or as talk."""
    from ccswitch_tui.probe.report import line_width, step_line

    say, columns = (out.talk, out.talk_columns) if talk else (out.line, out.columns)
    say(step_line(step, out.glyph, out.paint, line_width(columns)))


def tell_finding(finding: Finding, out: Output, *, talk: bool = False) -> None:
    """A finding with its cause and fix, as data or as talk."""
    from ccswitch_tui.probe.report import COMMAND, finding_lines, line_width

    say, columns = (out.talk, out.talk_columns) if talk else (out.line, out.columns)
    for line in finding_lines(finding, out.glyph, out.paint, line_width(columns)):
        say(line, whole=line.startswith(COMMAND))
