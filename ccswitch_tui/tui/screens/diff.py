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


class DiffSheet(Sheet[bool | None]):
    """Asks before a write that touches more than our own keys."""

    PLACE = "diff"
    HELP_TOPIC = "diff"
    BINDINGS = bindings("diff")

    def __init__(self, plan: Any) -> None:
        super().__init__()
        self.plan = plan

    def body(self) -> ComposeResult:
        yield Static(look.line((t("diff.title", file=self.plan.file), look.NAME)), classes="title")
        yield Static(look.line(look.mark("warn"), " ", t("diff.foreign")), classes="aside")
        with VerticalScroll(id="changes"):
            yield Static(change_lines(self.plan.changes))

    def do_write(self) -> None:
        self.dismiss(True)


def change_text(changes: Sequence[Any]) -> str:
    """The same as plain text, for the clipboard."""
    return change_lines(changes).plain


def change_lines(changes: Sequence[Any]) -> Content:
    """Changes as `-` and `+` lines under their key, with the reason. Values are masked already."""
    rows: list[Content | str] = []
    for change in changes:
        rows.append(look.line((look.quoted(change.key), look.NAME), (f"  {look.quoted(change.reason)}", look.QUIET)))
        if change.before is not None:
            rows.append(look.line(("  - ", look.STYLES["fail"]), look.quoted(str(change.before))))
        if change.after is not None:
            rows.append(look.line(("  + ", look.STYLES["ok"]), look.quoted(str(change.after))))
    return look.lines(*rows)
