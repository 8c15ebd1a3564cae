"""`proxy start|stop|status|logs|service` as a person or a script meets them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccswitch_tui.cli import main as program
from ccswitch_tui.proxy.books.usage import CostRow, UsageBook, UsageRow
from ccswitch_tui.workflows.context import Context

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    env = {"HOME": str(tmp_path / "elsewhere"), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"]}

    def call(*words: str) -> tuple[int, str, str]:
        code = program.main(["proxy", *words], Context(env))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield call
    Context(env).proxy.stop(at_once=True)


def test_status_of_a_proxy_that_does_not_run_is_no_error_but_says_so_to_scripts(cli: Cli) -> None:
    code, out, err = cli("status")
    assert (code, err) == (1, "")
    assert "not running" in out
    code, out, _ = cli("status", "--json")
    assert (code, json.loads(out)["running"], json.loads(out)["version"]) == (1, False, 1)


def test_start_twice_is_success_and_stop_twice_too(cli: Cli) -> None:
    assert cli("start")[0] == 0
    code, out, _ = cli("start", "--json")
    assert (code, json.loads(out)["running"]) == (0, True)
    assert cli("status")[0] == 0
    assert json.loads(cli("stop", "--json")[1])["was_running"] is True
    assert cli("stop")[1] == "the proxy was not running\n"


def test_moving_to_another_port_says_what_is_to_be_done(cli: Cli, free_port: int) -> None:
    code, out, err = cli("start", "--port", str(free_port))
    assert code == 0
    assert f":{free_port}," in out
    assert "ccswitch-tui use NAME" in err


def test_logs_are_lines_or_json(cli: Cli) -> None:
    assert cli("logs") == (0, "", "the proxy has logged nothing yet\n")
    cli("start")
    assert "listening on http://127.0.0.1:" in cli("logs")[1]
    assert "listening on" in json.loads(cli("logs", "--json", "-n", "5")[1])["lines"][0]


@pytest.mark.parametrize("words", [("logs", "-f"), ("logs", "--exchange", "7")])
def test_watching_a_proxy_that_does_not_run_starts_nothing(cli: Cli, words: tuple[str, ...]) -> None:
    code, out, err = cli(*words)
    assert (code, out) == (1, "")
    assert "the proxy is not running" in err
    assert cli("status")[0] == 1


def test_an_exchange_that_is_gone_is_an_error(cli: Cli) -> None:
    cli("start")
    code, _, err = cli("logs", "--exchange", "7")
    assert code == 1
    assert "exchange 7 is no longer kept" in err


def test_a_service_can_be_looked_at_without_being_written(cli: Cli, tmp_path: Path) -> None:
    code, out, _ = cli("service", "install", "--dry-run")
    assert code == 0
    assert "would write" in out
    assert "proxy" in out
    assert json.loads(cli("service", "status", "--json")[1])["installed"] is False
    assert "there was no such service" in cli("service", "remove")[1]
    assert not (tmp_path / "elsewhere").exists()


def test_a_port_that_is_none_is_a_usage_error(cli: Cli) -> None:
    code, _, err = cli("start", "--port", "70000")
    assert code == 2
    assert "70000 is not a port" in err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the systemd form")
def test_installing_the_service_does_not_claim_that_it_runs(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccswitch_tui.cli import proxy
    from ccswitch_tui.proxy.background import service

    monkeypatch.setattr(service, "_tell", lambda words, **_: None)
    monkeypatch.setattr(proxy, "SERVICE_WAIT_S", 0.1)
    assert "does not respond yet" in cli("service", "install")[1]
    monkeypatch.setattr(proxy, "_answers", lambda ctx: True)
    assert "runs now" in cli("service", "install")[1]
    assert cli("service", "remove")[0] == 0


def test_usage_shows_requests_tokens_and_known_costs_without_the_proxy(cli: Cli, tmp_path: Path) -> None:
    assert cli("usage") == (0, "nothing has been counted yet\n", "")
    paths = Context({"HOME": str(tmp_path / "elsewhere"), "CCSWITCH_HOME": str(tmp_path / "ours")}).paths
    book = UsageBook(os.path.join(paths.state_dir, "usage.sqlite3"))
    row = UsageRow("2026-11-20", "work", "m", requests=3, input_tokens=10, output_tokens=5)
    book.add([row, CostRow(*row[:3], "USD", 2, 0.0125), row._replace(model="other")])
    code, out, _ = cli("usage")
    assert code == 0
    assert "0.0125 USD (2 of 3 requests)" in out.splitlines()[1]
    assert out.splitlines()[2].split() == ["2026-11-20", "work", "other", "3", "0", "10", "0", "0%", "5", "-"]
    (total,) = json.loads(cli("usage", "--by", "profile", "--json")[1])["usage"]
    assert (total["requests"], total["cost"], total["priced"]) == (6, {"USD": 0.0125}, 2)
    assert cli("usage", "--since", "2026-11-21")[1] == "nothing was counted\n"
    assert cli("usage", "--since", "yesterday")[0] == 2
