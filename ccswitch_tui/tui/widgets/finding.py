"""A finding as a card: what, why, and what mends it, with the key that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ccswitch_tui.sentence import Sentence
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import language, named, spoken, t

if TYPE_CHECKING:
    from ccswitch_tui.findings import Finding, Fix
    from ccswitch_tui.probe.model import ProbeReport


def title_of(finding: Finding) -> str:
    """The finding's name in the language of the app."""
    return named(finding.title)


def sentence_of(report: ProbeReport) -> str:
    """The verdict in one sentence: the report's own, or put together from the catalogue where it is an old one."""
    if language() == "en" or isinstance(report.sentence, Sentence):
        return spoken(report.sentence)
    worst = next((title_of(f) for f in report.findings if f.severity != "info"), "")
    return (
        t("sentence.joined", verdict=t(f"sentence.{report.verdict}"), finding=worst)
        if worst
        else t(f"sentence.{report.verdict}")
    )


def done_by(fix: Fix) -> str:
    """What applying a fix did, for the notice: its own words, and every setting of the profile it changed."""
    changed = (f"{name} = {'-' if value is None else value}" for name, value in (fix.patch or {}).items())
    return "\n".join((t("probe.fixed", what=fix.text), *changed))


def untested(report: ProbeReport, *, full_key: str = "") -> list[Content | str]:
    """One quiet line on what "works" does not say; none where everything was tested. `full_key` is what tests it."""
    from ccswitch_tui.probe.report import untested_rungs

    rungs = untested_rungs(report)
    if not rungs:
        return []
    missing = t("probe.and").join(t(f"untested.{code}") for code in rungs)
    row = look.line((f"{t('probe.untested')}  ", look.QUIET), look.HANG, (missing, look.QUIET))
    if full_key and report.ladder != "full":
        row = look.line(row, "  ", (full_key, look.KEY), (f" {t('key.full')}", look.QUIET))
    return [row]


def card(finding: Finding, *, fix_key: str = "", asides: tuple[str, ...] = ()) -> Content:
    """The lines of one card. `fix_key` is shown where the fix can be applied by pressing it."""
    meaning = look.SEVERITIES[finding.severity]
    rows: list[Content | str] = [
        look.line(
            look.mark(meaning),
            " ",
            look.HANG,
            (look.quoted(title_of(finding)), look.NAME),
            (f"  E{finding.code}", look.QUIET),
        ),
        Content(look.quoted_lines(finding.because)),
    ]
    fix = finding.fix
    if fix:
        rows.append("")
        if fix.patch and fix_key:
            rows.append(look.line((fix_key, look.KEY), " ", look.HANG, look.quoted(fix.text)))
        else:
            rows.append(look.line((f"{t('finding.fix')}  ", look.QUIET), look.HANG, look.quoted(fix.text)))
        rows += [look.line("  ", look.HANG, (look.quoted(command), look.STYLES["here"])) for command in fix.commands]
    rows += [Content.styled(aside, look.QUIET) for aside in asides]
    return look.lines(*rows)
