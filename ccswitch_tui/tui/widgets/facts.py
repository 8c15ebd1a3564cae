"""A labelled line of what is known about something."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t

LABEL_WIDTH = 11


def fact(name: str, value: str, aside: str = "") -> Content:
    """One labelled line."""
    return fact_named(t(f"fact.{name}"), value, aside)


def fact_named(label: str, value: str | Content, aside: str = "") -> Content:
    """One line with a label that is already a text."""
    shown = value if isinstance(value, Content) else Content(look.quoted(value))
    parts: list[Any] = [look.cells(label, LABEL_WIDTH, look.QUIET), look.HANG, shown]
    if aside:
        parts.append((f"  {aside}", look.QUIET))
    return look.line(*parts)
