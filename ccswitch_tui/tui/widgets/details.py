"""What is known about the profile under the cursor, one fact a line."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t, t_or
from ccswitch_tui.tui.session import Row

LABEL_WIDTH = 11


class Details(VerticalScroll, can_focus=False):
    """Follows the cursor of the list."""

    def compose(self) -> ComposeResult:
        yield Static(id="facts")

    def show(self, row: Row | None, now: float) -> None:
        """The facts of a profile, or nothing."""
        self.query_one("#facts", Static).update(facts(row, now) if row else "")


def facts(row: Row, now: float) -> Content:
    """All that Home says about one profile."""
    p = row.profile
    rows: list[Content | str] = [look.line((p.name, look.NAME), "   ", look.verdict(row.verdict), *_when(row, now)), ""]
    rows.append(fact("address", p.endpoint.base_url))
    rows.append(fact("wire", p.endpoint.wire or t("fact.wire_unknown"), t(f"route.{p.route}")))
    for tier, model in p.models.named().items():
        rows.append(fact_named(t_or(f"tier.{tier}", tier), model))
    rows.append(_key(row))
    rows.append(_in_use(row))
    if p.quirks:
        rows.append(fact("quirks", ", ".join(p.quirks)))
    if p.fallbacks:
        rows.append(fact("fallbacks", f" {look.sign('to')} ".join(p.fallbacks)))
    if p.tags:
        rows.append(fact("tags", " ".join(p.tags)))
    if p.note:
        rows += ["", Content.styled(look.quoted(p.note), look.QUIET)]
    return look.lines(*rows)


def fact(name: str, value: str, aside: str = "") -> Content:
    """One labelled line."""
    return fact_named(t(f"fact.{name}"), value, aside)


def fact_named(label: str, value: str | Content, aside: str = "") -> Content:
    """One line with a label that is already a text."""
    shown = value if isinstance(value, Content) else Content(look.quoted(value))
    parts: list[Any] = [look.cells(label, LABEL_WIDTH, look.QUIET), shown]
    if aside:
        parts.append((f"  {aside}", look.QUIET))
    return look.line(*parts)


def _when(row: Row, now: float) -> tuple[tuple[str, str], ...]:
    return ((f"  {look.age(now - row.probed_at)}", look.QUIET),) if row.probed_at else ()


def _key(row: Row) -> Content:
    ref = row.profile.key
    if ref.kind == "none":
        return fact("key", t("key_state.none"))
    meaning = {True: "ok", False: "fail", None: "skip"}[row.key_present]
    word = {True: t("key_state.present"), False: t("key_state.absent"), None: t("key_state.unknown")}[row.key_present]
    return fact_named(t("fact.key"), look.line(look.quoted(str(ref)), "  ", look.mark(meaning), f" {word}"))


def _in_use(row: Row) -> Content:
    if not row.in_use:
        return fact("in_use", t("in_use.nowhere"))
    where = ", ".join(t_or(f"scope.{scope}", scope) for scope in row.in_use)
    return fact_named(t("fact.in_use"), look.line(look.mark("here"), f" {where}"))
