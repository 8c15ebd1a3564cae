"""What answers cost: stated by the endpoint or by the user's prices, and otherwise unknown."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_client import call, profile, proxy_for
from scripted_endpoint import Act, Connection, Received, ScriptedEndpoint, chat_chunk, chat_text, native_event

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import Prices
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.profiles.table import profile_from_table, profile_to_table
from ccswitch_tui.proxy.books.flow import Flow, log_line
from ccswitch_tui.proxy.books.metrics import metrics_text
from ccswitch_tui.proxy.books.prices import Cost, cost_of, stated_in, stated_price
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.books.usage import VERSION, CostRow, UsageBook, UsageRow
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.edit import plan_edit, save_edit

PRICES = {"big-model": Prices(input=3.0, output=15.0, cache_read=0.3, currency="EUR")}
PRICE = stated_price(PRICES["big-model"])


def exchange(**counts: Any) -> Flow:
    made = Flow(1, at=0.0, started=0.0, profile="work")
    made.model = "big-model"
    for name, value in counts.items():
        setattr(made, name, value)
    return made


def test_the_cost_is_tokens_times_the_stated_prices() -> None:
    found = cost_of(exchange(input_tokens=1000, output_tokens=200, cache_read_tokens=10_000), PRICE)
    assert found is not None
    assert (round(found.amount, 12), found.currency, found.by) == (0.009, "EUR", "prices")


@pytest.mark.parametrize(
    "counts",
    [
        {"input_tokens": 5, "output_tokens": 5, "cache_write_tokens": 1},
        {"input_tokens": 5, "output_tokens": 5, "estimated": True},
        {"input_tokens": 5, "output_tokens": 0},
    ],
)
def test_a_missing_price_an_estimate_and_an_answer_nobody_counted_have_no_cost(counts: dict[str, Any]) -> None:
    assert cost_of(exchange(**counts), PRICE) is None


def test_what_the_endpoint_states_beats_the_users_prices() -> None:
    found = cost_of(exchange(input_tokens=5, output_tokens=5, stated_cost=0.25), PRICE)
    assert found == Cost(0.25, "USD", "endpoint")


@given(st.binary(max_size=400))
def test_reading_a_stated_cost_never_raises(body: bytes) -> None:
    stated_in(body)
    stated_in(b'"usage": {' + body)


def test_a_cost_in_the_text_of_an_answer_is_not_taken_for_the_endpoints() -> None:
    said = rb'{"text":"\"usage\": {\"cost\": 9}","cost": 8,"usage":{"input_tokens":1,"cost":0.5}}'
    assert stated_in(said) == 0.5
    assert stated_in(rb'{"text":"\"usage\":{\"cost\":9}"}') is None


# ------------------------------------------------------------------ through the proxy


def states(cost: float) -> Act:
    def act(connection: Connection, received: Received) -> None:
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "cost": cost}
        if not received.json().get("stream"):
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
            connection.answer(200, {"id": "c1", "model": "m", "choices": [choice], "usage": usage})
            return
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "hi"}))
        connection.chunk(chat_chunk({}, "stop"))
        last = json.dumps({"id": "c1", "choices": [], "usage": usage})
        connection.chunk(f"data: {last}\n\ndata: [DONE]\n\n".encode())
        connection.end_stream()

    return act


@pytest.mark.parametrize("stream", [True, False])
def test_a_stated_cost_reaches_the_books_and_not_the_client(stream: bool) -> None:
    body = {"model": "big-model", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    with ScriptedEndpoint(states(0.00042)) as endpoint, proxy_for(profile(endpoint.origin)) as proxy:
        answer = call(proxy, body=body)
        (seen,) = proxy.traffic.recent()
    assert (seen.cost, seen.currency, seen.cost_by) == (0.00042, "USD", "endpoint")
    assert b"cost" not in answer.body


@pytest.mark.parametrize("length", [0, 100_000])
def test_a_native_endpoints_stated_cost_is_read_however_long_the_answer(length: int) -> None:
    stream = native_event("message_start", message={"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}})
    stream += native_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "x" * length})
    stream += native_event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2, "cost": 0.5})
    stream += native_event("message_stop")

    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(stream)
        connection.end_stream()

    with ScriptedEndpoint(act) as endpoint, proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy:
        call(proxy)
        assert proxy.traffic.spent() == {"USD": 0.5}


def test_the_users_prices_are_applied_and_shown_everywhere() -> None:
    with (
        ScriptedEndpoint(chat_text("hi")) as endpoint,
        proxy_for(profile(endpoint.origin, prices=PRICES)) as proxy,
    ):
        call(proxy)
        (seen,) = proxy.traffic.recent()
        status = call(proxy, "GET", "/_ccswitch/status").json()
        metrics = call(proxy, "GET", "/_ccswitch/metrics").body.decode()
    expected = (seen.input_tokens * 3 + seen.output_tokens * 15) / 1e6
    assert seen.cost == pytest.approx(expected) and seen.cost_by == "prices"
    assert status["spent"] == {"EUR": pytest.approx(expected)}
    assert 'ccswitch_cost_total{profile="work",model="big-model",currency="EUR",stated_by="prices"}' in metrics
    assert f"cost={expected:.6g}EUR" in log_line(seen, "12:00")


def test_without_prices_nothing_is_said_about_cost() -> None:
    with ScriptedEndpoint(chat_text("hi")) as endpoint, proxy_for(profile(endpoint.origin)) as proxy:
        call(proxy)
        (seen,) = proxy.traffic.recent()
        metrics = metrics_text(proxy.traffic, {})
    assert seen.cost is None and "cost" not in log_line(seen, "12:00") and "cost" not in metrics


# ------------------------------------------------------------------ the books


def test_costs_add_up_by_day_profile_model_and_currency(tmp_path: Path) -> None:
    book = UsageBook(str(tmp_path / "usage.sqlite"))
    usage = UsageRow("2026-11-20", "work", "m", requests=3)
    book.add([usage, CostRow(*usage[:3], "USD", 1, 0.25), CostRow(*usage[:3], "EUR", 1, 1.0)])
    book.add([CostRow(*usage[:3], "USD", 1, 0.5)])
    (row,) = book.summed(["model"])
    assert (row["cost"], row["priced"], row["requests"]) == ({"EUR": 1.0, "USD": 0.75}, 3, 3)


OLD_USAGE = """CREATE TABLE usage(day TEXT NOT NULL, profile TEXT NOT NULL, model TEXT NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0, input_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0, cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0, first_byte_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, profile, model)) WITHOUT ROWID"""
OLD_COST = """CREATE TABLE cost(day TEXT NOT NULL, profile TEXT NOT NULL, model TEXT NOT NULL, currency TEXT NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0, amount REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (day, profile, model, currency)) WITHOUT ROWID"""


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_an_older_version_is_read_and_taken_further(tmp_path: Path, version: int) -> None:
    path = str(tmp_path / "usage.sqlite")
    with sqlite3.connect(path) as db:
        db.execute(OLD_USAGE)
        db.execute("INSERT INTO usage(day, profile, model, requests) VALUES ('2026-11-01', 'work', 'm', 4)")
        if version == 2:
            db.execute(OLD_COST)
            db.execute("INSERT INTO cost VALUES ('2026-11-01', 'work', 'm', 'USD', 2, 0.25)")
        db.execute(f"PRAGMA user_version = {version}")
    known = 0.25 if version == 2 else 0.0
    book = UsageBook(path)
    assert book.summed()[0]["cost"] == ({"USD": known} if known else {})
    book.add([CostRow("2026-11-01", "work", "m", "USD", 1, 0.5, "endpoint", "s-1", "/p")])
    book.add([UsageRow("2026-11-01", "work", "m", 1, session="s-1", project="/p")])
    (row,) = book.summed()
    assert (row["requests"], row["cost"]) == (5, {"USD": 0.5 + known})
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_two_who_take_an_old_file_further_at_once_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "usage.sqlite")
    with sqlite3.connect(path) as db:
        db.execute(OLD_USAGE)
        db.executemany("INSERT INTO usage(day, profile, model, requests) VALUES (?, 'work', 'm', 1)",
                       [(f"2026-{month:02}-{day:02}",) for month in range(1, 13) for day in range(1, 29)])  # fmt: skip
        db.execute("PRAGMA user_version = 1")
    row = UsageRow("2026-12-01", "work", "m", 1)
    threads = [threading.Thread(target=lambda: UsageBook(path).add([row])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert UsageBook(path).summed([])[0]["requests"] == 12 * 28 + 6


def test_costs_that_could_not_be_saved_wait_for_the_next_time() -> None:
    traffic = Traffic()
    seen = traffic.begin(at=0.0, started=0.0, profile="work")
    seen.attempts, seen.cost, seen.currency, seen.cost_by = 1, 0.5, "USD", "prices"
    traffic.end(seen, 1.0)
    rows = traffic.take_usage()
    traffic.put_back(rows)
    assert traffic.take_usage() == rows and traffic.take_usage() == []


# ------------------------------------------------------------------ the profile


def test_prices_survive_the_way_through_the_file() -> None:
    table = {
        "endpoint": {"base_url": "https://api.example/v1"},
        "prices": {"vendor/m-1.5": {"input": 0.5, "output": 2, "currency": "CNY"}},
    }
    made = profile_from_table("work", table)
    assert made.prices["vendor/m-1.5"] == Prices(input=0.5, output=2, currency="CNY")
    assert profile_from_table("work", profile_to_table(made)) == made


@pytest.mark.parametrize("prices", [{"m": 3}, {"m": {"input": "3"}}, {"m": {"in": 3}}, {"m": {"input": -1}}])
def test_prices_that_cannot_be_meant_are_refused(prices: Any) -> None:
    with pytest.raises(UsageError, match="price"):
        profile_from_table("work", {"endpoint": {"base_url": "https://api.example/v1"}, "prices": prices})


def test_a_price_is_set_and_taken_out_by_edit(ctx_with_profile: Context) -> None:
    edited = plan_edit(
        ctx_with_profile, "work", assign=["prices.vendor/m-1.5.input=0.5", "prices.vendor/m-1.5.currency=cny"]
    )
    assert edited.after.prices == {"vendor/m-1.5": Prices(input=0.5, currency="CNY")}
    save_edit(ctx_with_profile, edited)
    assert plan_edit(ctx_with_profile, "work", unset=["prices.vendor/m-1.5"]).after.prices == {}
    assert plan_edit(ctx_with_profile, "work", unset=["prices.vendor/m-1.5.currency"]).after.prices == {
        "vendor/m-1.5": Prices(input=0.5)
    }


@pytest.mark.parametrize("assignment", ["prices.m=3", "prices.m.input=cheap", "prices=3", "prices.m.input=nan"])
def test_a_price_that_is_none_is_refused_with_an_example(ctx_with_profile: Context, assignment: str) -> None:
    with pytest.raises(UsageError):
        plan_edit(ctx_with_profile, "work", assign=[assignment])


@pytest.fixture
def ctx_with_profile(tmp_path: Path) -> Context:
    ctx = Context({"HOME": str(tmp_path / "home"), "CCSWITCH_HOME": str(tmp_path / "ours")})
    update_profiles(ctx.paths, {"work": profile("https://api.example/v1")}, expected_sha256=ctx.book().sha256)
    return Context(ctx.env)
