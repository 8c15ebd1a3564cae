"""What Prometheus reads: a real one scrapes with the file of deploy/ and answers every question of the dashboard."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import ScriptedEndpoint, chat_text
from test_serving import CONTROL, MESSAGE, Served, serve, stateless

from ccswitch_tui.proxy.books.metrics import FAMILIES, metrics_text
from ccswitch_tui.proxy.books.traffic import Traffic
from kit.net import free_port_number, wait_until
from kit.parts import need_part

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
QUESTIONS = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]


@contextlib.contextmanager
def prometheus(folder: Path, replica: Served) -> Iterator[int]:
    """A real one with the file of deploy/, of which only addresses and the place of the token are this test's."""
    port, token = free_port_number(), folder / "token"
    token.write_text(CONTROL)
    text = (DEPLOY / "prometheus.yml").read_text("utf-8").replace("/etc/prometheus/ccswitch-control-token", str(token))
    text = text.replace('"replica1:4000", "replica2:4000"', f'"127.0.0.1:{replica.port}"')
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1s}\n" + text)
    command = [need_part("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
               f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_ready(port) or process.poll() is not None, 60, "prometheus")
            assert process.poll() is None
            yield port
        finally:
            process.terminate()
            process.wait(30)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:  # not listening yet, or 503
        return False


def answers(port: int, question: str) -> list[dict[str, Any]]:
    for variable, value in {"$__rate_interval": "1m", "$__range": "1m", "$profile": ".*"}.items():
        question = question.replace(variable, value)
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": question})
    with urllib.request.urlopen(url, timeout=30) as answer:
        said = json.load(answer)
    assert said["status"] == "success", said
    return list(said["data"]["result"])


@pytest.mark.real
@pytest.mark.slow
def test_a_real_prometheus_answers_every_question_of_the_dashboard(home: Path, tmp_path: Path) -> None:
    need_part("prometheus")
    more = ("--token", "env:PROXY_TOKEN", "--control-token", "env:CONTROL", "--quiet")
    with ScriptedEndpoint(chat_text("hi")) as endpoint, serve(home, *stateless(endpoint, *more)) as replica:
        (tmp_path / "prometheus").mkdir()
        with prometheus(tmp_path / "prometheus", replica) as port:

            def unanswered() -> list[str]:
                assert replica.ask("POST", "/v1/messages", MESSAGE)[0] == 200
                return [title for title, expr in QUESTIONS if "cost" not in expr and not answers(port, expr)]

            wait_until(lambda: not unanswered(), 90, "an answer to every question")
            assert [float(row["value"][1]) for row in answers(port, "ccswitch_up")] == [1]
            assert all(answers(port, expr) == [] for _, expr in QUESTIONS if "cost" in expr)  # unknown is no zero


@pytest.mark.real
def test_the_linter_of_prometheus_finds_nothing(home: Path) -> None:
    tool = need_part("promtool")
    with ScriptedEndpoint(chat_text("hi")) as endpoint:
        more = ("--token", "env:PROXY_TOKEN", "--control-token", "env:CONTROL", "--quiet")
        with serve(home, *stateless(endpoint, *more)) as replica:
            assert replica.ask("POST", "/v1/messages", MESSAGE)[0] == 200
            status, text = replica.ask("GET", "/_ccswitch/metrics")
    assert status == 200
    done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_family_the_dashboard_asks_for_is_one_that_is_served() -> None:
    served = {f"ccswitch_{name}" for name in FAMILIES} | {"ccswitch_first_byte_seconds_bucket"}
    for title, expr in QUESTIONS:
        asked = {word for word in expr.replace("(", " ").replace("{", " ").split() if word.startswith("ccswitch_")}
        assert asked and {word.split("[")[0].rstrip(")") for word in asked} <= served, title


def test_names_from_elsewhere_cannot_break_a_line_or_show_a_key() -> None:
    traffic = Traffic()
    hostile = 'a"} 1\nccswitch_up 0\n\\'
    traffic.counts["work", hostile, "ok"] = [1, 0, 0, 0, 0, 0, 0]
    traffic.counts["work", "sk-example-0123456789abcdef0123456789", "ok"] = [1, 0, 0, 0, 0, 0, 0]
    lines = metrics_text(traffic, {"up": 1}).splitlines()
    assert [line for line in lines if line.startswith("ccswitch_up")] == ["ccswitch_up 1"]
    assert not [line for line in lines if "0123456789abcdef" in line]
