"""Budgets: what counts, when it is said, and when the proxy refuses, in the client's own error shape."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_client import call, profile, proxy_for
from scripted_endpoint import Act, Connection, Received, ScriptedEndpoint, chat_text

from ccswitch_tui.cli.main import main
from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.budget import Budget, Limit, Used, parse_budget, parse_limit, refusal, state_of
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.profiles.table import profile_from_table, profile_to_table
from ccswitch_tui.proxy.books.budgets import Budgets
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.books.usage import CostRow, UsageBook, UsageRow
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.edit import plan_edit, save_edit

# ---------------------------------------------------------------- what the user writes


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5 USD", Limit(5, "USD")), ("$5", Limit(5, "USD")), ("0.50 eur", Limit(0.5, "EUR")),
        ("1,500 CNY", Limit(1500, "CNY")),
        ("2M tokens", Limit(2e6, "tokens")), ("500k tokens", Limit(500_000, "tokens")),
        ("1_000 tokens", Limit(1000, "tokens")), ("€ 3", Limit(3, "EUR")),
    ],
)  # fmt: skip
def test_an_amount_has_a_unit(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit
    assert parse_limit(str(limit)) == limit


@pytest.mark.parametrize(
    "text", ["", "5", "USD", "-5 USD", "0 USD", "five USD", "$5 USD", "5 U", "nan USD", "1e9 USD", None, 5, "¥5"]
)
def test_what_is_no_amount_is_refused_with_an_example(text: Any) -> None:
    with pytest.raises(UsageError) as refused:
        parse_limit(text)
    assert "5 USD" in refused.value.hint


@given(st.floats(0.001, 1e9), st.sampled_from(["USD", "CNY", "tokens"]))
def test_what_is_written_is_read_again(amount: float, unit: str) -> None:
    limit = Limit(float(f"{amount:.3g}"), unit)
    text = f"{limit.amount:.10f} {unit}"
    assert parse_limit(text).amount == pytest.approx(limit.amount, rel=1e-6)


@pytest.mark.parametrize(
    "table", ["5 USD", {}, {"day": 5}, {"day": "5 USD", "stop": "yes"}, {"day": "5 USD", "warn": 0}, {"week": "5 USD"},
              {"stop": True}, {"day": "5 USD", "warn": True}],
)  # fmt: skip
def test_a_budget_that_cannot_be_meant_is_refused(table: Any) -> None:
    with pytest.raises(UsageError):
        parse_budget(table)
    with pytest.raises(UsageError, match="profile 'work'"):
        profile_from_table("work", {"endpoint": {"base_url": "https://api.example/v1"}, "budget": table})


def test_a_budget_survives_the_way_through_the_file() -> None:
    budget = {"day": "5 USD", "month": "2M tokens", "warn": 50, "stop": True}
    made = profile_from_table("work", {"endpoint": {"base_url": "https://api.example/v1"}, "budget": budget})
    assert made.budget == Budget(Limit(5, "USD"), Limit(2e6, "tokens"), 50, True)
    assert profile_to_table(made)["budget"] == budget
    assert profile_from_table("work", profile_to_table(made)) == made


# ---------------------------------------------------------------- what counts

TODAY = "2026-11-20"
FIVE = Budget(day=Limit(5, "USD"), month=Limit(50, "USD"))


def test_a_day_and_a_month_count_their_own_days_and_their_own_currency() -> None:
    used = [Used(TODAY, "USD", 2), Used("2026-11-01", "USD", 10), Used("2026-10-31", "USD", 99), Used(TODAY, "CNY", 99),
            Used(TODAY, "tokens", 1e9)]  # fmt: skip
    state = state_of("work", FIVE, used, TODAY, 3)
    assert [(gauge.span, gauge.used) for gauge in state.gauges] == [("day", 2), ("month", 12)]
    assert (state.level, state.elsewhere, state.unpriced) == ("ok", ("CNY",), 3)
    assert "2 of 5 USD today" in state.text() and "not counted: CNY" in state.text()


@pytest.mark.parametrize(
    ("spent", "level"), [(0, "ok"), (3.99, "ok"), (4, "warn"), (4.99, "warn"), (5, "over"), (50, "over")]
)
def test_a_warning_comes_before_the_end(spent: float, level: str) -> None:
    assert state_of("work", FIVE, [Used(TODAY, "USD", spent)], TODAY).level == level


def test_a_budget_in_tokens_sees_every_token_and_misses_no_price() -> None:
    state = state_of(
        "work", Budget(day=Limit(100, "tokens")), [Used(TODAY, "tokens", 70), Used(TODAY, "USD", 1)], TODAY, 9
    )
    assert (state.fullest.share, state.unpriced, state.elsewhere) == (0.7, 0, ())


def test_only_a_budget_that_stops_refuses_and_the_words_say_how_to_lift_it() -> None:
    over = [Used(TODAY, "USD", 5.5)]
    assert not state_of("work", FIVE, over, TODAY).stops
    state = state_of("work", FIVE._replace(stop=True), over, TODAY)
    assert state.stops
    words = refusal(state)
    assert "5.5 of 5 USD today" in words and "edit work --set budget.stop=false" in words and "budget.day=" in words


# ---------------------------------------------------------------- while the proxy runs


async def test_what_is_saved_and_what_is_not_yet_count_once(tmp_path: Path) -> None:
    book, traffic, now = UsageBook(str(tmp_path / "usage")), Traffic(day=lambda at: TODAY), [0.0]
    row = UsageRow(TODAY, "work", "m", 1, input_tokens=100)
    book.add([row, CostRow(*row[:3], "USD", 1, 1.0)])
    budgets = Budgets(traffic, book, day=lambda at: TODAY, clock=lambda: now[0] + 1000)
    made = profile("https://api.example/v1")._replace(budget=FIVE)

    async def spent() -> float:
        state = await budgets.state(made)
        assert state is not None
        return state.gauges[0].used

    def flow(cost: float) -> None:
        seen = traffic.begin(at=0.0, started=0.0, profile="work")
        seen.attempts, seen.status, seen.cost, seen.currency, seen.cost_by = 1, 200, cost, "USD", "list"
        traffic.end(seen, 1.0)

    assert await spent() == 1.0
    flow(0.5)
    assert await spent() == 1.5
    rows = traffic.take_usage()
    assert await spent() == 1.5  # on its way into the book
    with budgets.saving:
        book.add(rows)
        budgets.saved(rows)
        traffic.saved()
    assert await spent() == 1.5
    flow(0.25)
    book.add([CostRow(*row[:3], "USD", 1, 10.0), row])  # another process
    assert await spent() == 1.75
    now[0] = 60.0
    assert await spent() == 11.75


async def test_a_profile_without_a_budget_reads_no_book(tmp_path: Path) -> None:
    budgets = Budgets(Traffic(), UsageBook(str(tmp_path / "usage")))
    assert await budgets.state(profile("https://api.example/v1")) is None
    assert not (tmp_path / "usage").exists()


BODY = {"model": "big-model", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def costs(amount: float) -> Act:
    def act(connection: Connection, received: Received) -> None:
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "cost": amount}
        connection.answer(200, {"id": "c1", "model": "m", "choices": [choice], "usage": usage})

    return act


@pytest.mark.parametrize("stream", [True, False])
def test_a_budget_that_stops_is_said_in_the_clients_error_shape_and_nobody_is_asked(stream: bool) -> None:
    budget = Budget(day=Limit(1, "USD"), stop=True)
    with (
        ScriptedEndpoint(costs(0.9), costs(0.2), costs(9.0)) as endpoint,
        proxy_for(profile(endpoint.origin)._replace(budget=budget)) as proxy,
    ):
        first, second = call(proxy, body=BODY), call(proxy, body=BODY)
        third = call(proxy, body={**BODY, "stream": stream})
        asked = len(endpoint.requests)
        refused, warned, _ = proxy.traffic.recent()
    assert (first.status, second.status, asked) == (200, 200, 2)
    assert third.status == 402 and third.headers.get("x-should-retry") == "false"
    error = third.json()["error"]
    assert error["type"] == "billing_error"
    assert "'work' is used up: 1.1 of 1 USD today" in error["message"] and "budget.stop=false" in error["message"]
    assert "budget of 'work': 0.9 of 1 USD today" in warned.notices[0] and warned.budget == "0.9 of 1 USD today"
    assert refused.attempts == 0 and refused.error is not None


def test_a_budget_without_stop_only_warns() -> None:
    budget = Budget(day=Limit(1, "USD"))
    with (
        ScriptedEndpoint(costs(5.0), costs(5.0)) as endpoint,
        proxy_for(profile(endpoint.origin)._replace(budget=budget)) as proxy,
    ):
        assert [call(proxy, body=BODY).status for _ in range(2)] == [200, 200]
        assert "5 of 1 USD today" in proxy.traffic.recent()[0].notices[0]


def test_a_fall_back_with_room_answers_in_its_place() -> None:
    with ScriptedEndpoint(costs(5.0)) as first, ScriptedEndpoint(chat_text("from the other")) as second:
        work = profile(first.origin, fallbacks=("backup",))._replace(budget=Budget(day=Limit(1, "USD"), stop=True))
        backup = profile(second.origin)._replace(name="backup")
        with proxy_for(work, backup) as proxy:
            call(proxy, body=BODY)
            answer = call(proxy, body=BODY)
            seen = proxy.traffic.recent()[0]
    assert answer.status == 200 and b"from the other" in answer.body
    assert (seen.route, seen.budget) == ("backup", "")


# ---------------------------------------------------------------- the faces


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    made = Context({"HOME": str(tmp_path / "home"), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": "/usr/bin:/bin"})
    update_profiles(made.paths, {"work": profile("https://api.example/v1")}, expected_sha256=made.book().sha256)
    return Context(made.env)


def test_a_budget_is_set_raised_and_taken_out_by_edit(ctx: Context) -> None:
    save_edit(ctx, plan_edit(ctx, "work", assign=["budget.day=$5", "budget.stop=true", "budget.warn=50%"]))
    ctx = Context(ctx.env)
    assert ctx.book().get("work").budget == Budget(Limit(5, "USD"), warn=50, stop=True)
    assert plan_edit(ctx, "work", assign=["budget.stop=false"]).after.budget == Budget(Limit(5, "USD"), warn=50)
    assert plan_edit(ctx, "work", unset=["budget"]).after.budget is None
    for wrong in ("budget.day=5", "budget.stop=maybe", "budget=5 USD", "budget.warn=200", "budget.week=5 USD"):
        with pytest.raises(UsageError):
            plan_edit(ctx, "work", assign=[wrong])


def test_status_and_show_say_what_is_left(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    save_edit(ctx, plan_edit(ctx, "work", assign=["budget.day=1M tokens", "budget.stop=true"]))
    ctx = Context(ctx.env)
    from ccswitch_tui.workflows.usage import day_of

    book = UsageBook(str(Path(ctx.paths.state_dir) / "usage.sqlite3"))
    book.add([UsageRow(day_of(ctx.clock()), "work", "m", 1, input_tokens=1_200_000)])
    assert main(["use", "work"], ctx) == 0
    capsys.readouterr()
    assert main(["status"], ctx) == 1
    said, why = capsys.readouterr()
    assert why == ""
    assert "1,200,000 of 1M tokens today: used up, requests are refused" in said and "budget.day=" in said
    assert main(["show", "work"], ctx) == 0
    assert "1M tokens a day, then requests are refused" in capsys.readouterr().out
    assert main(["status", "--json"], ctx) == 1
    points = {point["name"]: point["verdict"] for point in json.loads(capsys.readouterr().out)["points"]}
    assert points["budget"] == "fail"


def test_a_damaged_book_is_no_reason_to_refuse_work(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    path.write_bytes(b"no database" * 200)
    book = UsageBook(str(path))
    assert book.summed() == []
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT COUNT(*) FROM usage").fetchone() == (0,)
