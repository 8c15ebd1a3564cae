"""Usage is counted by day, profile and model, in a file only its owner can read."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.books.usage import UsageBook, UsageRow, totals


@pytest.fixture
def book(tmp_path: Path) -> UsageBook:
    return UsageBook(str(tmp_path / "state" / "usage.sqlite"))


def row(day: str = "2026-11-20", profile: str = "work", model: str = "m-big", **counts: int) -> UsageRow:
    return UsageRow(day, profile, model, **{"requests": 1, **counts})


def test_no_file_is_no_usage_and_asking_makes_none(book: UsageBook) -> None:
    assert book.by_day() == []
    assert not os.path.exists(book.path)


def test_counts_of_one_day_profile_and_model_add_up(book: UsageBook) -> None:
    book.add([row(output_tokens=5), row(output_tokens=7, errors=1), row(model="m-small")])
    big, small = book.by_day()
    assert (big.requests, big.output_tokens, big.errors) == (2, 12, 1)
    assert small.requests == 1


def test_since_and_profile_select(book: UsageBook) -> None:
    book.add([row(day="2026-11-01"), row(day="2026-11-21"), row(day="2026-11-21", profile="home")])
    assert [(r.day, r.profile) for r in book.by_day(since="2026-11-02", profile="home")] == [("2026-11-21", "home")]


def test_writers_at_once_lose_nothing(book: UsageBook) -> None:
    threads = [threading.Thread(target=lambda: [book.add([row()]) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.by_day()[0].requests == 80


def test_the_file_is_private_under_any_umask(book: UsageBook) -> None:
    old = os.umask(0)
    try:
        book.add([row()])
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(book.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(book.path)).st_mode) == 0o700


def test_a_damaged_file_is_set_aside_and_counting_goes_on(book: UsageBook) -> None:
    os.makedirs(os.path.dirname(book.path))
    Path(book.path).write_bytes(b"this is no database" * 100)
    book.add([row()])
    assert book.by_day()[0].requests == 1
    assert Path(book.path + ".damaged").read_bytes().startswith(b"this is no")


def test_a_newer_file_is_left_alone(book: UsageBook) -> None:
    book.add([row()])
    with sqlite3.connect(book.path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(CcswitchError, match="newer"):
        book.add([row()])


def test_totals_sum_by_one_name() -> None:
    rows = [row(output_tokens=1), row(model="m-small", output_tokens=2), row(profile="home", output_tokens=4)]
    assert {r.profile: r.output_tokens for r in totals(rows, by="profile")} == {"work": 3, "home": 4}
