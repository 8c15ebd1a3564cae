"""The usage book against a count by hand: caches, failures, fall-backs, searches and cancels, each once."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.books.usage import COUNTS, UsageBook, priced
from ccswitch_tui.workflows.traffic import usage_csv

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
        "day": st.sampled_from(["2026-11-20", "2026-11-21"]),
        "saved_after": st.sampled_from(["no", "yes", "fails"]),
    }
)


def by_hand(asked: list[dict[str, Any]]) -> dict[str, float]:
    """Every request that reached an endpoint, however often it was tried, once."""
    counted = [one for one in asked if one["kind"] != "count_tokens" and one["attempts"]]
    sums: dict[str, float] = {name: sum(one[name] for one in counted) for name in COUNTS if name.endswith("_tokens")}
    sums |= {"requests": len(counted), "errors": sum(one["status"] >= 400 for one in counted)}
    for currency in ("USD", "CNY"):
        sums[currency] = sum(one["cost"] or 0 for one in counted if one["currency"] == currency)
    return sums


def in_book(rows: list[dict[str, Any]]) -> dict[str, float]:
    sums: dict[str, float] = {name: sum(row[name] for row in rows) for name in COUNTS if name != "first_byte_ms"}
    return sums | {currency: sum(row["cost"].get(currency, 0) for row in rows) for currency in ("USD", "CNY")}


@given(st.lists(REQUESTS, max_size=25))
def test_all_ways_to_sum_say_what_a_count_by_hand_says(tmp_path_factory: Any, asked: list[dict[str, Any]]) -> None:
    days = {float(number): one["day"] for number, one in enumerate(asked)}
    traffic = Traffic(day=lambda at: days[at])
    book = UsageBook(str(tmp_path_factory.mktemp("book") / "usage.sqlite"))
    for number, one in enumerate(asked):
        flow = traffic.begin(at=float(number), started=0.0, profile="work", kind=one["kind"])
        for name in (*(c for c in COUNTS if c.endswith("_tokens")), "route", "model", "status", "attempts"):
            setattr(flow, name, one[name])
        flow.cost, flow.currency = one["cost"], one["currency"] if one["cost"] is not None else ""
        traffic.end(flow, 1.0)
        if one["saved_after"] == "yes":
            book.add(traffic.take_usage())
        elif one["saved_after"] == "fails":
            traffic.put_back(traffic.take_usage())
    book.add(traffic.take_usage())
    for by in ("", "day", "profile", "model"):
        assert in_book(priced(book.by_day(), book.costs(), by=by)) == by_hand(asked)


def test_a_spreadsheets_columns_add_up_with_two_currencies_in_a_row(tmp_path: Path) -> None:
    row = {"day": "2026-11-20", "profile": "work", "model": "=cmd()", "requests": 3, "errors": 0, "input_tokens": 10,
           "cache_read_tokens": 90, "cache_write_tokens": 0, "output_tokens": 5, "cache_rate": 0.9, "priced": 2,
           "cost": {"USD": 0.5, "CNY": 1.5}}  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(usage_csv([row]))))
    assert sum(int(line["requests"] or 0) for line in lines) == 3
    assert [(line["currency"], line["cost"]) for line in lines] == [("CNY", "1.5"), ("USD", "0.5")]
    assert lines[0]["model"] == "'=cmd()" and lines[0]["cache_rate"] == "0.9"
