"""How profiles are shown side by side: one line each, the facts of one, and a table to paste. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from ccswitch_tui.probe.model import LADDERS
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.widgets.finding import card, sentence_of
from ccswitch_tui.tui.widgets.ladder import small_steps
from ccswitch_tui.workflows.compare import price_text

if TYPE_CHECKING:
    from ccswitch_tui.probe.model import ProbeReport
    from ccswitch_tui.workflows.compare import Compared, Mark

TIME, PRICE, VERDICT = 8, 15, 14


class Live(NamedTuple):
    """A profile that is being probed, or waits for it."""

    since: float = 0.0
    """By the monotonic clock; 0.0: it waits."""
    marks: tuple[Mark, ...] = ()


class Columns(NamedTuple):
    """Cells of each column; 0: left out."""

    name: int
    model: int
    strip: int
    bar: int
    answer: int
    age: int


def columns_of(width: int) -> Columns:
    """Name, verdict, first token and price at every width; then model, answer, rungs, bar and age."""
    room = width - 4 - VERDICT - TIME - PRICE - 3
    answer = TIME + 1 if width >= 76 else 0
    strip = 17 if width >= 116 else 0
    age = 9 if width >= 130 else 0
    bar = min(30, (width - 130) // 2) if width >= 140 else 0
    room -= answer + strip + age + (bar + 1 if bar else 0)
    name = max(9, min(24, room if room < 18 else room * 3 // 5))
    model = max(0, min(32, room - name - 1))
    return Columns(name, model if model >= 6 else 0, strip, bar, answer, age)


def heading_of(width: int) -> Content:
    """What stands above the columns."""
    c = columns_of(width)
    shown = look.line(
        "    " if look.ascii_only() else "   ", look.cells(t("head.name"), c.name), " ",
        look.cells(t("fact.model"), c.model), " " if c.model else "",
        look.cells(t("head.verdict"), VERDICT), look.cells(t("compare.rungs"), c.strip),
        look.cells(t("compare.first"), TIME, right=True), " ", look.cells("", c.bar), " " if c.bar else "",
        look.cells(t("compare.answer"), c.answer, right=True), " ",
        look.cells(t("compare.price"), PRICE, right=True), " ", look.cells(t("compare.age"), c.age, right=True),
    )  # fmt: skip
    return Content.styled(shown.plain, look.QUIET)


def draw_compared(row: Compared, width: int, live: Live | None, ladder: str, longest_ms: float, now: float) -> Content:
    """One profile on one line; `longest_ms` is what a full bar stands for."""
    c = columns_of(width)
    first = look.took(row.first_token_ms) or "-"
    bar = Content("")
    if c.bar and row.first_token_ms and longest_ms and live is None:
        long = max(1, round(c.bar * row.first_token_ms / longest_ms))
        bar = Content.styled(look.sign("length") * long, look.STYLES["here"])
    answer = look.took(row.answer_ms) or "-"
    price = price_text(row.price)
    quiet = look.QUIET if live is not None else ""
    return look.line(
        " ", _sign(row, live), " ", look.cells(row.name, c.name, look.NAME), " ",
        look.cells(look.quoted(row.model), c.model, look.QUIET), " " if c.model else "",
        look.cells(_verdict(row, live), VERDICT), look.cells(strip(row, live, ladder), c.strip),
        look.cells(first, TIME, quiet, right=True), " ", look.cells(bar, c.bar), " " if c.bar else "",
        look.cells(answer, c.answer, quiet or look.QUIET, right=True), " ",
        look.cells(price or t("compare.no_price"), PRICE, "" if price else look.DISABLED, right=True), " ",
        look.cells(_age(row, now), c.age, look.QUIET, right=True),
    )  # fmt: skip


def _sign(row: Compared, live: Live | None) -> Content:
    if live is not None:
        return look.mark("here" if live.since else "wait")
    return look.mark("fail" if row.error else look.VERDICTS.get(row.verdict or "", "skip"))


def _verdict(row: Compared, live: Live | None) -> Content:
    if live is not None:
        if not live.since:
            return Content.styled(t("compare.waits"), look.QUIET)
        return Content.styled(look.took(max(100.0, (time.monotonic() - live.since) * 1000 // 100 * 100)), look.QUIET)
    if row.error:
        return Content.styled(t("compare.not_probed"), look.STYLES["fail"])
    return look.verdict_word(row.verdict)


def strip(row: Compared, live: Live | None, ladder: str) -> Content:
    """A sign for each rung, in the order of the ladder: what is not climbed yet is a dot."""
    marks = dict(row.marks if live is None else live.marks)
    codes = [code for code, _ in row.marks] if live is None else LADDERS[ladder]
    signs = [_rung(marks.get(code, "wait")) for code in codes]
    return Content("").join(signs) if signs else Content("")


def _rung(verdict: str) -> Content:
    return Content.styled(look.sign("dot" if verdict == "wait" else verdict), look.STYLES.get(verdict, look.DISABLED))


def _age(row: Compared, now: float) -> str:
    if not row.at:
        return ""
    try:
        at = datetime.fromisoformat(row.at).timestamp()
    except ValueError:
        return ""
    return look.age(max(0.0, now - at))


def compared_facts(row: Compared, report: ProbeReport | None, width: int) -> Content:
    """One profile in full: its sentence, what is wrong, the rungs within `width`."""
    p = row.profile
    head = look.line((row.name, look.NAME), "  ", (look.quoted(p.endpoint.base_url), look.QUIET),
                     (f"  {' '.join('#' + tag for tag in p.tags)}" if p.tags else "", look.QUIET))  # fmt: skip
    rows: list[Content | str] = [head]
    if row.price is None:
        rows.append(Content.styled(t("compare.unpriced", name=row.name), look.QUIET))
    elif row.price.by != "prices":
        source = row.price.source or row.price.by
        said = t("compare.price_by", price=price_text(row.price), source=source, date=row.price.date)
        rows.append(Content.styled(look.quoted(said), look.QUIET))
    if row.error:
        rows += ["", look.item("fail", row.error.message)]
        if row.error.hint:
            rows.append(look.line("  ", look.HANG, (look.quoted(row.error.hint), look.QUIET)))
    elif report is None:
        rows += ["", Content.styled(look.quoted(row.sentence) if row.sentence else t("compare.never"), look.QUIET)]
    else:
        rows += [Content.styled(look.quoted(sentence_of(report)), look.QUIET)]
        for finding in report.findings:
            rows += ["", card(finding)]
        rows += ["", *small_steps(report.steps, width)]
    return look.lines(*rows)


def table_of(rows: Iterable[Compared]) -> str:
    """The rows in Markdown."""
    titles = (t("head.name"), t("head.verdict"), t("compare.first"), t("compare.answer"), t("compare.price"),
              t("fact.model"))  # fmt: skip
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in rows:
        cells = (row.name, row.verdict or "-", look.took(row.first_token_ms) or "-", look.took(row.answer_ms) or "-",
                 price_text(row.price) or t("compare.no_price"), row.model or "-")  # fmt: skip
        lines.append("| " + " | ".join(look.quoted(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
