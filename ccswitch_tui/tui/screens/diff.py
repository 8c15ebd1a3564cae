"""What a write would change, line by line with the reason; `enter` writes, `esc` does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Sheet, bindings
from ccswitch_tui.tui.widgets.prose import Prose


class DiffSheet(Sheet[bool | None]):
    """Asks before a write that touches more than our own keys, or that follows from something else."""

    PLACE = "diff"
    HELP_TOPIC = "diff"
    BINDINGS = bindings("diff")

    def __init__(self, plan: Any) -> None:
        super().__init__()
        self.plan = plan

    def body(self) -> ComposeResult:
        yield Static(
            look.line((t("diff.title", file=self.session.at_home(self.plan.file)), look.NAME)), classes="title"
        )
        if self.plan.foreign_changes:
            yield Static(look.line(look.mark("warn"), " ", t("diff.foreign")), classes="aside")
        with VerticalScroll(id="changes"):
            yield Prose(change_lines(self.plan.changes))

    def do_write(self) -> None:
        self.dismiss(True)


def change_text(changes: Sequence[Any]) -> str:
    """The same as plain text, for the clipboard."""
    return change_lines(changes).plain


def change_lines(changes: Sequence[Any]) -> Content:
    """Changes as `-` and `+` lines, the reason under them. Values are masked already."""
    rows: list[Content | str] = []
    cleared = [change for change in changes if change.before is None and change.after == ""]
    for change in (change for change in changes if change not in cleared):
        key = (look.quoted(change.key.removeprefix("env.")), look.NAME)
        if change.before is not None:
            rows.append(look.line(("- ", look.STYLES["fail"]), look.HANG, key, f" {_value(change.before)}"))
        if change.after is not None:
            rows.append(look.line(("+ ", look.STYLES["ok"]), look.HANG, key, f" {_value(change.after)}"))
        rows.append(look.line(f"    {look.HANG}", (look.quoted(change.reason), look.QUIET)))
    if cleared:
        names = ", ".join(change.key.removeprefix("env.") for change in cleared)
        rows.append(look.line(("+ ", look.STYLES["ok"]), look.HANG, (t("diff.cleared", n=len(cleared)), look.NAME)))
        rows.append(look.line(f"    {look.HANG}", (look.quoted(names), look.QUIET)))
    return look.lines(*rows)


def _value(text: object) -> str:
    """A value as it would be written; an empty one is said to be empty."""
    return look.quoted(str(text)) or '""'
