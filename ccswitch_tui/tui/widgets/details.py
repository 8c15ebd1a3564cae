"""What is known about the profile under the cursor, one fact a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import spoken, t, t_or
from ccswitch_tui.tui.views import Row
from ccswitch_tui.tui.widgets.facts import fact, fact_named
from ccswitch_tui.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from ccswitch_tui.balance.model import Balance
    from ccswitch_tui.probe.model import ProbeReport
    from ccswitch_tui.profiles.budget import BudgetState


class Details(VerticalScroll, can_focus=False):
    """Follows the cursor of the list; what the last probe found comes a moment later."""

    def compose(self) -> ComposeResult:
        yield Prose(id="facts")
        yield Prose(id="found")

    def show(
        self,
        row: Row | None,
        now: float,
        used: Mapping[str, Any] | None = None,
        budget: BudgetState | None = None,
    ) -> None:
        """The facts of a profile, what it was used for today, and its budget; or nothing."""
        shown = [facts(row, now)] if row else [Content("")]
        if row and used:
            shown.append(used_today(used))
        if row and budget:
            from ccswitch_tui.tui.widgets.budget_bars import budget_rows

            shown += budget_rows(budget)
        self.query_one("#facts", Prose).update(look.lines(*shown))
        self.query_one("#found", Prose).display = False

    def show_report(self, report: ProbeReport) -> None:
        """What the last probe came to, and what it left untested."""
        from ccswitch_tui.tui.widgets.finding import card, sentence_of, untested

        rows: list[Content | str] = ["", Content.styled(look.quoted(sentence_of(report)), look.QUIET)]
        rows += untested(report)
        for finding in report.findings:
            rows += ["", card(finding)]
        width = self.scrollable_content_region.width
        if self.screen.has_class("-wide"):
            from ccswitch_tui.tui.widgets.ladder import small_steps

            rows += ["", Content.styled(t("details.last"), look.QUIET)]
            rows += small_steps(report.steps, width)
        found = self.query_one("#found", Prose)
        found.update(look.lines(*rows))
        found.display = True


def used_today(used: Mapping[str, Any]) -> Content:
    """Requests, tokens, waiting and cost since midnight, on one line."""
    from ccswitch_tui.workflows.usage import cost_text

    requests = int(used["requests"])
    taken = used["input_tokens"] + used["cache_read_tokens"] + used["cache_write_tokens"]
    said = [
        t("details.requests", n=requests),
        t("pulse.tokens", taken=look.short(taken), given=look.short(used["output_tokens"])),
        t("details.first", time=look.took(used["first_byte_ms"] / requests)) if requests else "",
        t("details.errors", n=used["errors"]) if used["errors"] else "",
        spoken(cost_text(dict(used))),
    ]
    return fact("today", f" {look.sign('dot')} ".join(filter(None, said)))


def facts(row: Row, now: float) -> Content:
    """All that Home says about one profile, the common things within eight lines."""
    p = row.profile
    rows: list[Content | str] = [
        look.line(
            (p.name, look.NAME),
            "  ",
            look.verdict(row.verdict),
            *_when(row, now),
        ),
        *([Content.styled(look.quoted(p.note), look.QUIET)] if p.note else []),
        "",
        fact("address", p.endpoint.base_url),
        fact("wire", p.endpoint.wire or t("fact.wire_unknown"), t(f"route.{p.route}")),
        _models(row),
        _key(row),
        *_headers(row),
        _in_use(row),
    ]
    if row.balance is not None:
        rows.append(_left(row.balance, now))
    if p.context_window:
        rows.append(fact("window", f"{p.context_window:,}"))
    if p.quirks:
        rows.append(fact("quirks", ", ".join(p.quirks)))
    if p.fallbacks:
        rows.append(fact("fallbacks", f" {look.sign('to')} ".join(p.fallbacks)))
    if p.tags:
        rows.append(fact("tags", " ".join(p.tags)))
    return look.lines(*rows)


def _models(row: Row) -> Content:
    """The default first, then the tiers that have a model of their own."""
    from ccswitch_tui.profiles.tiers import owner_of

    named = row.profile.models.named()
    for tier in row.profile.tier_profiles:
        owner = owner_of(row.profile, tier)
        if owner is not None:
            named[tier] = f"{named.get(tier, '')} {t('fact.answered_by', name=owner)}".strip()
    if not named:
        return fact("models", t("fact.no_models"))
    parts = [named.pop("default")] if "default" in named else []
    others = [
        look.line((t_or(f"tier.{tier}", tier), look.QUIET), f" {look.quoted(model)}") for tier, model in named.items()
    ]
    return fact_named(t("fact.models"), Content("   ").join([*(Content(look.quoted(p)) for p in parts), *others]))


def _when(row: Row, now: float) -> tuple[tuple[str, str], ...]:
    return ((f"  {t('details.ago', age=look.age(now - row.probed_at))}", look.QUIET),) if row.probed_at else ()


def _key(row: Row) -> Content:
    ref = row.profile.key
    if ref.kind == "none":
        return fact("key", t("key_state.none"))
    meaning = {True: "ok", False: "fail", None: "skip"}[row.key_present]
    words = {True: "key_state.present", False: "key_state.absent", None: "key_state.unknown"}
    if ref.kind == "env":
        words |= {True: "key_state.set", False: "key_state.unset"}
    word = t(words[row.key_present])
    where = t("key_state.key_file") if row.in_key_file else look.quoted(str(ref))
    return fact_named(t("fact.key"), look.line(where, "  ", look.mark(meaning), f" {word}"))


def _headers(row: Row) -> list[Content]:
    """The names of further headers with a secret, and where each value is; never the value."""
    refs = row.profile.secret_headers
    if not refs:
        return []
    shown = [look.line(look.quoted(name), (f" {look.quoted(str(ref))}", look.QUIET)) for name, ref in refs.items()]
    return [fact_named(t("fact.headers"), Content("   ").join(shown))]


LEFT = {"known": "ok", "empty": "fail", "refused": "fail", "expired": "fail"}
"""What was told about a balance: its sign."""


def _left(balance: Balance, now: float) -> Content:
    """What was left when the user last asked, with its age. Nothing is asked here."""
    from ccswitch_tui.balance.kept import short_text

    sign = LEFT.get(balance.state, "skip")
    told = spoken(short_text(balance)) or look.quoted(balance.words) or t_or(f"balance.{balance.state}", balance.state)
    age = t("fact.asked", age=look.age(max(0.0, now - balance.at)))
    return fact_named(t("fact.left"), look.line(look.mark(sign), f" {told}"), age)


def _in_use(row: Row) -> Content:
    if not row.in_use:
        return fact("in_use", t("in_use.nowhere"))
    where = ", ".join(t_or(f"scope.{scope}", scope) for scope in row.in_use)
    return fact_named(t("fact.in_use"), look.line(look.mark("here"), f" {where}"))
