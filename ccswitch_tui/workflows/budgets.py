"""Budgets as the faces show them: of every profile that has one, from what the proxy has booked. Asks no endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccswitch_tui.profiles.budget import BudgetState, state_of
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context


def budget_states(ctx: Context, profiles: list[Profile] | None = None) -> dict[str, BudgetState]:
    """The budgets by profile; nothing is read where no profile has one."""
    found = [p for p in (ctx.book().profiles.values() if profiles is None else profiles) if p.budget is not None]
    if not found:
        return {}
    from ccswitch_tui.proxy.books.budgets import used_in
    from ccswitch_tui.workflows.usage import day_of, usage

    today = day_of(ctx.clock())
    rows = usage(ctx, since=today[:8] + "01", by=["day", "profile"])
    states = {}
    for profile in found:
        assert profile.budget is not None
        mine = [row for row in rows if row["profile"] == profile.name]
        unpriced = sum(row["requests"] - row["priced"] for row in mine)
        states[profile.name] = state_of(profile.name, profile.budget, used_in(mine), today, unpriced)
    return states


def budget_sign(state: BudgetState) -> str:
    """The sign of GLYPHS for a budget."""
    return {"ok": "ok", "warn": "warn", "over": "fail" if state.budget.stop else "warn"}[state.level]


def budget_words(state: BudgetState) -> str:
    """A budget in a line: how much, and what follows."""
    if state.stops:
        return say("{gauges}: used up, requests are refused", gauges=state.text())
    if state.level == "over":
        return say("{gauges}: used up", gauges=state.text())
    return state.text()


def uncounted(profile: Profile) -> str:
    """Why a budget does not see everything; "" where it does."""
    if profile.budget is not None and profile.route == "direct":
        return say("the route is direct: only what passes the proxy is counted")
    return ""
