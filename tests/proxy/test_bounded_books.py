"""What the proxy keeps of what passes is bounded while it runs: the ring, the log and the usage book."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccswitch_tui.proxy.background import log_file
from ccswitch_tui.proxy.books.flow import LONGEST_NAME, log_line
from ccswitch_tui.proxy.books.traffic import MOST_SERIES, Traffic
from ccswitch_tui.workflows.context import Context


def ended(traffic: Traffic, model: str, **more: object) -> None:
    exchange = traffic.begin(at=0.0, started=0.0, profile="work")
    exchange.asked = exchange.model = model
    exchange.attempts = 1
    for name, value in more.items():
        setattr(exchange, name, value)
    traffic.end(exchange, 1.0)


def test_a_name_of_a_million_letters_is_cut_everywhere() -> None:
    traffic = Traffic(day=lambda at: "2026-01-01")
    huge = "m" * 1_000_000
    ended(traffic, huge, answered=huge, stop_reason=huge, error=huge, notices=[huge] * 500, client=huge)
    (exchange,) = traffic.recent(1)
    assert len(exchange.asked) == LONGEST_NAME
    assert len(log_line(exchange, "now")) < 400_000
    assert sum(len(str(value)) for value in exchange.to_json().values()) < 400_000
    (row,) = traffic.take_usage()
    assert len(row.model) == LONGEST_NAME


def test_ever_new_names_do_not_fill_the_usage_book() -> None:
    traffic = Traffic(day=lambda at: "2026-01-01")
    for number in range(3 * MOST_SERIES):
        ended(traffic, f"model-{number}")
        if number % 500 == 0:
            traffic.take_usage()
    rows = {row.model for row in traffic.take_usage()}
    assert rows == {"(others)"}


def test_the_log_is_cut_while_the_proxy_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LOG_BYTES", 10_000)
    ctx = Context({"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.defpath})
    ctx.proxy.address()
    path = Path(ctx.paths.proxy_log)
    kept = os.dup(2)
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.dup2(log, 2)
        for number in range(1000):
            os.write(2, f"line {number} {'x' * 80}\n".encode())
            ctx.proxy.bound_log()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(log)
    assert path.stat().st_size <= 10_200
    older = path.with_name("proxy.log.1")
    assert older.stat().st_size <= 20_000 and older.stat().st_mode & 0o777 == 0o600
    assert ctx.proxy.logs(3)[-1].startswith("line 999 ")


def test_a_log_that_is_not_the_proxys_own_is_left_alone(home: Path, tmp_path: Path) -> None:
    ctx = Context({"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.defpath})
    ctx.proxy.address()
    path = Path(ctx.paths.proxy_log)
    path.write_bytes(b"x" * (log_file.LOG_BYTES + 1))
    ctx.proxy.bound_log()
    assert path.stat().st_size == log_file.LOG_BYTES + 1
