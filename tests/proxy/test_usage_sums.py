"""The usage book against a count by hand: caches, failures, fall-backs, searches and cancels, each once."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.books.usage import NAMES, UsageBook
from ccswitch_tui.workflows.usage import total_of, usage_csv

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")

REQUESTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["messages", "messages", "messages", "search", "count_tokens"]),
        "route": st.sampled_from(["work", "backup"]),
        "model": st.sampled_from(["large", "small", "search:searxng"]),
        "status": st.sampled_from([200, 200, 200, 429, 499, 500]),
        "attempts": st.integers(0, 3),
        "input_tokens": st.integers(0, 9999),
        "output_tokens": st.integers(0, 999),
        "cache_read_tokens": st.integers(0, 9999),
        "cache_write_tokens": st.integers(0, 999),
        "cost": st.none() | st.integers(0, 64).map(lambda n: n / 64),
        "currency": st.sampled_from(["USD", "CNY"]),
        "cost_by": st.sampled_from(["endpoint", "prices", "list"]),
        "session": st.sampled_from(["", "s-1", "s-2"]),
        "project": st.sampled_from(["", "/home/a", "/home/b"]),
        "estimated": st.booleans(),
        "day": st.sampled_from(["2026-11-20", "2026-11-21"]),
        "saved_after": st.sampled_from(["no", "yes", "fails"]),
    }
)


def by_hand(asked: list[dict[str, Any]]) -> dict[str, float]:
    """Every request that reached an endpoint, however often it was tried, once."""
    counted = [one for one in asked if one["kind"] != "count_tokens" and one["attempts"]]
    sums: dict[str, float] = {name: sum(one[name] for one in counted) for name in (*TOKENS, "estimated")}
    sums |= {"requests": len(counted), "errors": sum(one["status"] >= 400 for one in counted)}
    sums |= {"cancels": sum(one["status"] == 499 for one in counted)}
    sums |= {"retries": sum(one["attempts"] - 1 for one in counted)}
    for currency in ("USD", "CNY"):
        mine = [one for one in counted if one["currency"] == currency]
        sums[currency] = sum(one["cost"] or 0 for one in mine)
        sums["~" + currency] = sum(one["cost"] or 0 for one in mine if one["cost_by"] == "list")
    return sums


def in_book(rows: list[dict[str, Any]]) -> dict[str, float]:
    total = total_of(rows)
    names = (*TOKENS, "estimated", "requests", "errors", "cancels", "retries")
    sums: dict[str, float] = {name: total[name] for name in names}
    for currency in ("USD", "CNY"):
        sums[currency] = total["cost"].get(currency, 0)
        sums["~" + currency] = total["estimated_cost"].get(currency, 0)
    return sums


@given(st.lists(REQUESTS, max_size=25))
def test_all_ways_to_sum_say_what_a_count_by_hand_says(tmp_path_factory: Any, asked: list[dict[str, Any]]) -> None:
    days = {float(number): one["day"] for number, one in enumerate(asked)}
    traffic = Traffic(day=lambda at: days[at])
    book = UsageBook(str(tmp_path_factory.mktemp("book") / "usage.sqlite"))
    for number, one in enumerate(asked):
        flow = traffic.begin(at=float(number), started=0.0, profile="work", kind=one["kind"])
        for name in (*TOKENS, "route", "model", "status", "attempts", "session", "project", "estimated"):
            setattr(flow, name, one[name])
        if one["cost"] is not None:
            flow.cost, flow.currency, flow.cost_by = one["cost"], one["currency"], one["cost_by"]
        traffic.end(flow, 1.0)
        if one["saved_after"] == "yes":
            book.add(traffic.take_usage())
            traffic.saved()
        elif one["saved_after"] == "fails":
            traffic.put_back(traffic.take_usage())
    book.add(traffic.take_usage())
    for by in ((), *((name,) for name in NAMES), ("day", "model"), NAMES):
        assert in_book(book.summed(by)) == by_hand(asked)
    each = [row for day in ("2026-11-20", "2026-11-21") for row in book.summed(("model",), since=day, until=day)]
    assert in_book(each) == by_hand(asked)


def test_a_spreadsheets_columns_add_up_with_two_currencies_in_a_row(tmp_path: Path) -> None:
    row = {"day": "2026-11-20", "profile": "work", "model": "=cmd()", "requests": 3, "errors": 0, "input_tokens": 10,
           "cache_read_tokens": 90, "cache_write_tokens": 0, "output_tokens": 5, "cache_rate": 0.9, "priced": 2,
           "cost": {"USD": 0.5, "CNY": 1.5},
           "estimated_cost": {"CNY": 1.5}}  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(usage_csv([row]))))
    assert sum(int(line["requests"] or 0) for line in lines) == 3
    assert [(line["currency"], line["cost"]) for line in lines] == [("CNY", "1.5"), ("USD", "0.5")]
    assert [line["estimated_cost"] for line in lines] == ["1.5", "0"]
    assert lines[0]["model"] == "'=cmd()" and lines[0]["cache_rate"] == "0.9"
