"""`prices`: what models cost and who says so; a list is fetched when asked for, bounded, and kept when agreed to."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.prices.listed import About, render
from ccswitch_tui.prices.model import Step
from ccswitch_tui.workflows import prices
from ccswitch_tui.workflows.context import Context

KEY = "sk-example-prices-0123456789"
Answers = dict[str, tuple[int, bytes, dict[str, str]]]
NEGATIVE = b'{"data": [{"model_group": "x", "input_cost_per_token": -1, "output_cost_per_token": 1}]}'
GROUPS = {"data": [{"model_group": "large", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}]}


@pytest.fixture
def server() -> Iterator[tuple[str, Answers, list[tuple[str, str]]]]:
    """A server's address, what it answers by path, and what it was asked with which Authorization."""
    answers: Answers = {}
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("authorization", "")))
            status, body, headers = answers.get(self.path, (404, b"{}", {}))
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Silent."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_address[1]}", answers, asked
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    env = {"HOME": str(tmp_path), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"], "KEY": KEY}

    def run(*words: str, code: int | None = 0) -> tuple[int, str, str]:
        capsys.readouterr()
        done = main(list(words), Context(env, cwd=str(tmp_path)))
        out, err = capsys.readouterr()
        assert code is None or done == code, f"{words}: {done}\n{out}\n{err}"
        return done, out, err

    return run


Cli = Callable[..., tuple[int, str, str]]


def add(cli: Cli, name: str, url: str, model: str) -> None:
    cli("add", name, "--url", url, "--wire", "openai-chat", "--model", model, "--key", "env:KEY", "--no-probe")


def test_each_figure_has_a_source_and_what_has_none_says_why(cli: Cli) -> None:
    add(cli, "vendor", "https://api.openai.com/v1", "gpt-5")
    add(cli, "relay", "https://relay.example/v1", "gpt-5")
    cli("edit", "relay", "--set", "prices.gpt-5.input=0.5", "--set", "prices.gpt-5.output=2")
    add(cli, "other", "https://other.example/v1", "gpt-5")
    _, out, err = cli("prices")
    vendor, relay, other = out.splitlines()
    assert "1.25 in, 10 out, 0.125 cached USD/M" in vendor and "LiteLLM 1.106.2, 2026-12-01" in vendor
    assert "0.5 in, 2 out USD/M" in relay and "stated by you" in relay
    assert "no price list covers this endpoint" in other
    assert "LiteLLM's of 2026-12-01" in err
    told = json.loads(cli("prices", "show", "vendor", "--json")[1])
    assert told["prices"][0]["price"]["by"] == "list" and told["list"]["licence"].startswith("MIT")


def test_an_endpoints_own_list_is_asked_at_its_own_host_and_forgotten_again(
    cli: Cli, server: tuple[str, Answers, list[tuple[str, str]]]
) -> None:
    base, answers, asked = server
    answers["/model_group/info"] = (200, json.dumps(GROUPS).encode(), {})
    add(cli, "gate", f"{base}/v1", "large")
    assert "no price list" in cli("prices", "update", "gate", code=2)[2]
    assert asked == []
    _, out, _ = cli("prices", "update", "gate", "--gateway", "litellm", "--yes")
    assert "1 model: 1 new" in out and "gate  large  no price" in out
    assert asked == [("/model_group/info", f"Bearer {KEY}")]
    assert "1 in, 2 out USD/M" in cli("prices")[1] and "the endpoint's list" in cli("prices")[1]
    assert "gone" in cli("prices", "forget", "gate")[1]
    assert "no price list covers this endpoint" in cli("prices")[1]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b"<html>sign in</html>", {}), "not JSON"),
        ((200, b'{"data": []}', {}), "no model has a price"),
        ((404, b"{}", {}), "HTTP 404"),
        ((429, b"{}", {}), "HTTP 429"),
        ((302, b"", {"location": "http://127.0.0.1:1/elsewhere"}), "HTTP 302"),
        ((200, NEGATIVE, {}), "no model"),
    ],
)
def test_what_is_no_list_is_refused_and_changes_nothing(
    cli: Cli, server: tuple[str, Answers, list[tuple[str, str]]], answer: tuple[int, bytes, dict[str, str]], says: str
) -> None:
    base, answers, asked = server
    answers["/model_group/info"] = answer
    add(cli, "gate", f"{base}/v1", "large")
    _, _, err = cli("prices", "update", "gate", "--gateway", "litellm", "--yes", code=3)
    assert says in err and len(asked) == 1 and KEY not in err
    assert "no price list covers this endpoint" in cli("prices")[1]


def test_a_public_list_comes_without_a_key_and_is_bounded(
    cli: Cli, server: tuple[str, Answers, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, answers, asked = server
    answers["/list.json"] = (200, b"x" * 200_000, {})
    add(cli, "vendor", "https://api.openai.com/v1", "gpt-5")
    monkeypatch.setattr(prices, "MOST_BYTES", 100_000)
    _, _, err = cli("prices", "update", "--from", f"{base}/list.json", "--yes", code=3)
    assert "longer than" in err and asked == [("/list.json", "")]
    assert "refused" in cli("prices", "update", "--from", "http://127.0.0.1:9/x", "--yes", code=3)[2]


def test_a_doubtful_list_needs_more_than_a_yes(cli: Cli, tmp_path: Path) -> None:
    add(cli, "vendor", "https://api.openai.com/v1", "gpt-5")
    row = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 9e-6, "output_cost_per_token": 1e-5}
    file = tmp_path / "few.json"
    file.write_text(json.dumps({"gpt-5": row}))
    _, out, err = cli("prices", "update", "--from", str(file), "--yes", code=1)
    assert "older, or cut off" in out and "--anyway" in err
    assert "1.25 in" in cli("prices")[1]
    assert "1.25 in, 10 out" in cli("prices", "update", "--from", str(file), "--dry-run")[1]
    assert "nobody is here to ask" in cli("prices", "update", "--from", str(file), "--anyway", code=1)[2]
    cli("prices", "update", "--from", str(file), "--anyway", "--yes")
    assert "9 in, 10 out" in cli("prices")[1]
    cli("prices", "forget")
    assert "1.25 in" in cli("prices")[1]
    assert "no fetched list" in cli("prices", "forget")[1]


def test_a_list_of_a_later_date_than_this_machines_clock_is_doubted(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "ours" / "state" / "prices"
    folder.mkdir(parents=True)
    later = render(About("LiteLLM", "2199-01-01"), {"openai": {"gpt-5": (Step(0, 9, 10),)}})
    (folder / "list.txt").write_bytes(later)
    row = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 9e-6, "output_cost_per_token": 1e-5}
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"gpt-5": row}))
    assert "later than this machine's date" in cli("prices", "update", "--from", str(file), "--yes", code=1)[1]
