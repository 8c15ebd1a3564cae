"""Usage is counted by day, profile and model, in a file only its owner can read."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.books.usage import MOST_NAMED, CostRow, UsageBook, UsageRow


@pytest.fixture
def book(tmp_path: Path) -> UsageBook:
    return UsageBook(str(tmp_path / "state" / "usage.sqlite"))


def row(day: str = "2026-11-20", profile: str = "work", model: str = "m-big", **counts: Any) -> UsageRow:
    return UsageRow(day, profile, model)._replace(**{"requests": 1, **counts})


def test_no_file_is_no_usage_and_asking_makes_none(book: UsageBook) -> None:
    assert book.summed() == []
    assert not os.path.exists(book.path)


def test_counts_of_one_day_profile_and_model_add_up(book: UsageBook) -> None:
    book.add([row(output_tokens=5), row(output_tokens=7, errors=1), row(model="m-small")])
    big, small = book.summed()
    assert (big["requests"], big["output_tokens"], big["errors"]) == (2, 12, 1)
    assert small["requests"] == 1


def test_since_and_profile_select(book: UsageBook) -> None:
    book.add([row(day="2026-11-01"), row(day="2026-11-21"), row(day="2026-11-21", profile="home")])
    found = book.summed(since="2026-11-02", profile="home")
    assert [(row["day"], row["profile"]) for row in found] == [("2026-11-21", "home")]
    assert [row["day"] for row in book.summed(until="2026-11-02")] == ["2026-11-01"]


def test_writers_at_once_lose_nothing(book: UsageBook) -> None:
    threads = [threading.Thread(target=lambda: [book.add([row()]) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.summed()[0]["requests"] == 80


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
    assert book.summed()[0]["requests"] == 1
    assert Path(book.path + ".damaged").read_bytes().startswith(b"this is no")


def test_a_newer_file_is_left_alone(book: UsageBook) -> None:
    book.add([row()])
    with sqlite3.connect(book.path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(CcswitchError, match="newer"):
        book.add([row()])


def test_sums_by_each_name_and_by_several(book: UsageBook) -> None:
    book.add([row(output_tokens=1), row(model="m-small", output_tokens=2), row(profile="home", output_tokens=4)])
    book.add([row(output_tokens=8)._replace(session="s-1", project="/p")])
    assert {r["profile"]: r["output_tokens"] for r in book.summed(["profile"])} == {"work": 11, "home": 4}
    assert {r["project"]: r["output_tokens"] for r in book.summed(["project"])} == {"": 7, "/p": 8}
    assert {(r["profile"], r["session"]): r["requests"] for r in book.summed(["session", "profile"])} == {
        ("work", ""): 2, ("work", "s-1"): 1, ("home", ""): 1
    }  # fmt: skip


def test_a_session_long_past_loses_its_name_and_no_count(book: UsageBook) -> None:
    old, new = row(day="2026-01-05")._replace(session="s-1", project="/p"), row(day="2026-11-20")
    book.add([old, old._replace(session="s-2"), CostRow(*old[:3], "USD", 1, 0.5, "list", "s-1", "/p")])
    assert len(book.summed(["session"])) == 2
    UsageBook(book.path).add([new._replace(session="s-3")])
    found = {(r["session"], r["project"]): (r["requests"], r["cost"]) for r in book.summed(["session", "project"])}
    assert found == {("", "/p"): (2, {"USD": 0.5}), ("s-3", ""): (1, {})}
    UsageBook(book.path).add([row(day="2027-06-01")])
    assert sum(r["requests"] for r in book.summed(["project"])) == 4
    assert {r["project"] for r in book.summed(["project"])} == {""}


def test_ever_new_sessions_do_not_fill_the_file(book: UsageBook) -> None:
    for day in range(1, 9):
        many = [row(day=f"2026-11-{day:02}")._replace(session=f"s-{day}-{n}") for n in range(MOST_NAMED // 5)]
        book.add(many)
    with sqlite3.connect(book.path) as db:
        assert db.execute("SELECT COUNT(*) FROM usage").fetchone()[0] <= MOST_NAMED + 8
    assert book.summed([])[0]["requests"] == 8 * (MOST_NAMED // 5)
