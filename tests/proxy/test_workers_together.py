"""Several workers on one port answer for all of them, whoever is asked."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_endpoint import ScriptedEndpoint, chat_text
from test_serving import CONTROL, MESSAGE, Served, serve, stateless

from ccswitch_tui.proxy.books.metrics import metrics_text
from ccswitch_tui.proxy.books.traffic import Traffic
from kit.net import is_listening, wait_until

TWO_WORKERS = ("--token", "env:PROXY_TOKEN", "--control-token", "env:CONTROL", "--workers", "2")

REQUESTS = 24
"""Enough that the kernel gives both workers some: all to one would be a chance of one in millions."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    with (
        ScriptedEndpoint(chat_text("hi")) as endpoint,
        serve(
            home,
            *stateless(endpoint, *TWO_WORKERS, "--quiet"),
        ) as proxy,
    ):
        for _ in range(REQUESTS):
            assert proxy.ask("POST", "/v1/messages", MESSAGE)[0] == 200
        yield proxy


def asked(proxy: Served, path: str) -> dict[str, object]:
    status, body = proxy.ask("GET", f"/_ccswitch/{path}")
    assert status == 200
    return dict(json.loads(body))


def test_status_adds_up_whoever_is_asked(both: Served) -> None:
    states = [asked(both, "status") for _ in range(12)]
    assert {state["requests"] for state in states} == {REQUESTS}
    assert len({state["pid"] for state in states}) == 2, "the kernel asked only one of them"
    assert all(set(state["workers"]) == {s["pid"] for s in states} for state in states)  # type: ignore[call-overload]


def test_the_list_of_requests_is_whole_and_every_number_is_once(both: Served) -> None:
    for _ in range(6):
        exchanges = asked(both, "traffic?limit=100")["exchanges"]
        assert isinstance(exchanges, list)
        assert len({e["id"] for e in exchanges}) == len(exchanges) == REQUESTS
        assert [e["at"] for e in exchanges] == sorted((e["at"] for e in exchanges), reverse=True)
    assert len(asked(both, "traffic?limit=5")["exchanges"]) == 5  # type: ignore[arg-type]


def test_one_exchange_is_found_by_whoever_is_asked(both: Served) -> None:
    number = asked(both, "traffic?limit=1")["exchanges"][0]["id"]  # type: ignore[index]
    for _ in range(8):
        found = asked(both, f"traffic/{number}")
        assert found["exchange"]["id"] == number and found["bodies"]["returned"]  # type: ignore[index]
    assert both.ask("GET", "/_ccswitch/traffic/999999")[0] == 404


def test_metrics_add_up(both: Served) -> None:
    for _ in range(6):
        text = both.ask("GET", "/_ccswitch/metrics")[1]
        assert f'model="big",outcome="ok"}} {REQUESTS}\n' in text
        assert f"ccswitch_first_byte_seconds_count {REQUESTS}\n" in text


def test_events_of_both_workers_reach_one_listener(both: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", both.port, timeout=15)
    with contextlib.closing(connection):
        connection.request("GET", "/_ccswitch/events", headers={"x-api-key": CONTROL})
        response = connection.getresponse()
        assert response.readline() == b": listening\n"
        time.sleep(0.3)  # the asked worker listens to the other
        seen: set[int] = set()

        def read() -> None:
            ended = False
            while len(seen) < 12:
                line = response.readline()
                if line.startswith(b"event: "):
                    ended = line.strip() == b"event: end"
                elif ended and line.startswith(b"data: "):
                    seen.add(json.loads(line[6:])["id"])

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        for _ in range(12):
            both.ask("POST", "/v1/messages", MESSAGE)
        reader.join(10)
    assert len(seen) == 12


def test_the_meeting_place_is_private_and_goes_with_the_proxy(tmp_path: Path) -> None:
    temporary = tmp_path / "t"
    temporary.mkdir()
    with ScriptedEndpoint(chat_text("hi")) as endpoint:
        args = stateless(endpoint, *TWO_WORKERS, "--quiet")
        with serve(tmp_path, *args, more_env={"TMPDIR": str(temporary)}) as proxy:
            (folder,) = temporary.glob("ccst-*")
            assert folder.stat().st_mode & 0o077 == 0
            wait_until(lambda: len(list(folder.iterdir())) == 2)
            proxy.process.terminate()
            proxy.process.wait(10)
    assert list(temporary.iterdir()) == []


def test_where_nothing_can_be_written_the_workers_serve_all_the_same(tmp_path: Path) -> None:
    code = "import tempfile; tempfile.mkdtemp = lambda **_: open('/nowhere/x'); "
    code += "import sys; from ccswitch_tui.cli.main import main; sys.exit(main(sys.argv[1:]))"
    with ScriptedEndpoint(chat_text("hi")) as endpoint:
        args = stateless(endpoint, *TWO_WORKERS)
        with serve(tmp_path, *args, program=("-c", code)) as proxy:
            assert proxy.ask("POST", "/v1/messages", MESSAGE)[0] == 200
            assert "workers" not in asked(proxy, "status")
            proxy.ask("POST", "/_ccswitch/stop")
            assert proxy.process.wait(10) == 0
            assert "its own traffic only" in proxy.process.stderr.read()  # type: ignore[union-attr]


def test_stop_ends_all_workers_and_the_one_who_keeps_them(tmp_path: Path) -> None:
    with ScriptedEndpoint(chat_text("hi")) as endpoint:
        args = stateless(endpoint, *TWO_WORKERS, "--quiet")
        with serve(tmp_path, *args) as proxy:
            assert proxy.ask("POST", "/_ccswitch/stop")[0] == 200
            assert proxy.process.wait(10) == 0


def test_workers_do_not_outlive_a_killed_keeper(tmp_path: Path) -> None:
    with ScriptedEndpoint(chat_text("hi")) as endpoint:
        args = stateless(endpoint, *TWO_WORKERS, "--quiet")
        temporary = tmp_path / "t"
        temporary.mkdir()
        with serve(tmp_path, *args, more_env={"TMPDIR": str(temporary)}) as proxy:
            proxy.process.kill()
            wait_until(lambda: not is_listening(proxy.port), 10)
            wait_until(lambda: not list(temporary.iterdir()), 10)


def test_a_replaced_worker_is_asked_again(tmp_path: Path) -> None:
    with ScriptedEndpoint(chat_text("hi")) as endpoint:
        args = stateless(endpoint, *TWO_WORKERS, "--quiet")
        with serve(tmp_path, *args) as proxy:
            first = asked(proxy, "status")["workers"]
            os.kill(first[0], signal.SIGKILL)  # type: ignore[index]

            def both_there() -> bool:
                with contextlib.suppress(OSError):  # what had queued up at the dead one is reset
                    now = asked(proxy, "status")["workers"]
                    return now != first and len(now) == 2  # type: ignore[arg-type]
                return False

            wait_until(both_there, 10)


def test_adding_counters_of_two_is_counting_as_one() -> None:
    apart, one = [Traffic(), Traffic()], Traffic()
    for number in range(10):
        for traffic in (one, apart[number % 2]):
            seen = traffic.begin(at=0.0, started=0.0, profile="work")
            seen.attempts, seen.model, seen.status = 1, f"m{number % 3}", 200 + 300 * (number % 4 == 0)
            seen.output_tokens, seen.cost, seen.currency, seen.cost_by = number, 0.25, "USD", "prices"
            traffic.first_byte(seen, number / 10)
            traffic.end(seen, number)
    together = Traffic()
    for traffic in apart:
        together.add_counted(json.loads(json.dumps(traffic.counted())))
    assert sorted(metrics_text(together, {}).splitlines()) == sorted(metrics_text(one, {}).splitlines())
