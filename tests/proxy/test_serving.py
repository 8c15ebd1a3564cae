"""`proxy serve` as a container would run it: arguments in, one line out, a graceful end."""

from __future__ import annotations

import ast
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from scripted_endpoint import Connection, Received, ScriptedEndpoint, chat_chunk, chat_text

from kit.net import wait_until

TOKEN = "team-token-example-0123456789"
CONTROL = "control-token-example-0123456789"
MESSAGE = {
    "model": "claude-haiku-4-5",
    "max_tokens": 9,
    "stream": True,
    "messages": [{"role": "user", "content": "hi"}],
}


class Served:
    """A running `proxy serve`."""

    def __init__(self, process: subprocess.Popen[str], first_line: str) -> None:
        self.process = process
        self.first_line = first_line
        self.port = int(first_line.rsplit(":", 1)[1])

    def ask(self, method: str, path: str, body: object = None, token: str | None = TOKEN) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        with contextlib.closing(connection):
            right = CONTROL if token == TOKEN and path.startswith("/_ccswitch/") else token
            headers = {"x-api-key": right} if right else {}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()


@contextlib.contextmanager
def serve(
    home: Path, *arguments: str, more_env: Mapping[str, str] = {}, program: tuple[str, ...] = ("-m", "ccswitch_tui")
) -> Iterator[Served]:
    env = {"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.environ["PATH"],
           "UPSTREAM_KEY": "sk-example-upstream-0123456789", "PROXY_TOKEN": TOKEN, "CONTROL": CONTROL,
           **more_env}  # fmt: skip
    command = [sys.executable, *program, "proxy", "serve", *arguments]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("listening on http://"), (line, process.stderr.read() if process.stderr else "")
            yield Served(process, line.strip())
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def stateless(endpoint: ScriptedEndpoint, *more: str) -> tuple[str, ...]:
    return ("--upstream", f"{endpoint.origin}/v1", "--model", "big", "--key", "env:UPSTREAM_KEY", "--port", "0", *more)


def refused(home: Path, *arguments: str) -> tuple[int, str]:
    env = {"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "ccswitch_tui", "proxy", "serve", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_stateless_proxy_serves_from_its_arguments_alone(home: Path) -> None:
    with (
        ScriptedEndpoint(chat_text("hello")) as endpoint,
        serve(home, *stateless(endpoint, "--tier", "haiku=small", "--quirk", "max_tokens_field=max_completion_tokens",
                               "--header", "X-Team: blue", "--token", "env:PROXY_TOKEN")) as proxy,
    ):  # fmt: skip
        assert proxy.ask("GET", "/health", token=None)[0] == 200
        assert proxy.ask("GET", "/ready", token=None)[0] == 200
        assert proxy.ask("POST", "/v1/messages", MESSAGE, token=None)[0] == 401
        status, body = proxy.ask("POST", "/v1/messages", MESSAGE)
        assert (status, "hello" in body) == (200, True)
        sent = endpoint.requests[0]
        assert (sent.json()["model"], sent.json()["max_completion_tokens"]) == ("small", 9)
        assert sent.headers["authorization"] == "Bearer sk-example-upstream-0123456789"
        assert sent.headers["x-team"] == "blue"
        proxy.process.send_signal(signal.SIGTERM)
        out, err = proxy.process.communicate(timeout=10)
    assert (proxy.process.returncode, out) == (0, "")
    assert "claude-haiku-4-5>small 200" in err
    assert "sk-example" not in err
    assert TOKEN not in err
    assert not (home / "ours").exists()  # nothing was written


def test_without_a_token_loopback_can_be_left_open(home: Path) -> None:
    with ScriptedEndpoint(chat_text("open")) as endpoint, serve(home, *stateless(endpoint, "--token", "none")) as proxy:
        assert "open" in proxy.ask("POST", "/v1/messages", MESSAGE, token=None)[1]


def test_by_default_the_users_own_local_token_guards_it(home: Path) -> None:
    with ScriptedEndpoint(chat_text("mine")) as endpoint, serve(home, *stateless(endpoint)) as proxy:
        assert proxy.ask("POST", "/v1/messages", MESSAGE)[0] == 401
        token = json.loads((home / "ours/state/proxy.json").read_text())["lasting"]
        assert "mine" in proxy.ask("POST", "/v1/messages", MESSAGE, token=token)[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--upstream", "http://127.0.0.1:9/v1", "--token", "none", "--host", "0.0.0.0"), "would let everybody"),
        (("--upstream", "http://127.0.0.1:9/v1", "--token", "plain-text-token"), "--token takes env:NAME or none"),
        (("--upstream", "http://127.0.0.1:9/v1", "--token", "env:NOT_SET"), "empty or not set"),
        (("--upstream", "http://127.0.0.1:9/v1", "--key", "sk-example-0123456789"), "by reference, not by value"),
        (("--upstream", "http://127.0.0.1:9/v1", "--tier", "huge=x"), "there is no tier 'huge'"),
        (("--upstream", "http://127.0.0.1:9/v1", "--quirk", "nonsense=1"), "nonsense"),
        (("--upstream", "http://127.0.0.1:9/v1", "--quirk", "hunter2hunter2"), "--quirk takes NAME=VALUE"),
        (("--upstream", "http://127.0.0.1:9/v1", "--tier", "hunter2hunter2"), "--tier takes NAME=VALUE"),
        (("--upstream", "http://127.0.0.1:9/v1", "--header", "hunter2hunter2"), "--header takes 'Name: value'"),
        (("--upstream", "http://127.0.0.1:9/v1", "--header", "Authorization: hunter2hunter2"), "would carry a secret"),
        (("--upstream", "http://127.0.0.1:9/v1", "--header", "X-Id: Bearer hunter2hunter2"), "would carry a secret"),
        (("--upstream", "http://127.0.0.1:9/v1", "--header", "X-Id: sk-example-0123456789abcdef"), "would carry"),
        (("--upstream", "http://127.0.0.1:9/v1", "--host", "no-such-host.invalid"), "not an address of this machine"),
        (("--profile", "gone"), "no profile 'gone'"),
        (("--profile", "gone", "--model", "x"), "--model goes with --upstream"),
    ],
)
def test_what_does_not_make_sense_is_refused_with_exit_code_2(
    home: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, said = refused(home, *arguments)
    assert words in said
    assert "sk-example-0123456789" not in said
    assert "plain-text-token" not in said
    assert "hunter2" not in said
    assert code == 2, said


def test_a_port_that_is_taken_is_an_error_that_says_so(home: Path, taken_port: int) -> None:
    code, said = refused(home, "--upstream", "http://127.0.0.1:9/v1", "--token", "none", "--port", str(taken_port))
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{taken_port}" in said


def slowly(finish: threading.Event) -> object:
    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "begin "}))
        finish.wait(15)
        connection.chunk(chat_chunk({"content": "end"}) + chat_chunk({}, "stop") + b"data: [DONE]\n\n")
        connection.end_stream()

    return act


def start_stream(proxy: Served) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=15)
    connection.request("POST", "/v1/messages", json.dumps(MESSAGE))
    response = connection.getresponse()
    while b"begin" not in response.readline():
        pass
    return response


def test_sigterm_finishes_the_stream_and_takes_no_new_connection(home: Path) -> None:
    finish = threading.Event()
    with (
        ScriptedEndpoint(slowly(finish)) as endpoint,  # type: ignore[arg-type]
        serve(home, *stateless(endpoint, "--token", "none")) as proxy,
    ):
        response = start_stream(proxy)
        proxy.process.terminate()
        wait_until(lambda: _refuses(proxy), 5, "the listener to close")
        assert proxy.process.poll() is None
        finish.set()
        assert b"message_stop" in response.read()
        assert proxy.process.wait(5) == 0


def _refuses(proxy: Served) -> bool:
    try:
        proxy.ask("GET", "/health")
    except ConnectionError:
        return True
    return False


def test_a_second_sigterm_does_not_wait(home: Path) -> None:
    finish = threading.Event()
    with (
        ScriptedEndpoint(slowly(finish)) as endpoint,  # type: ignore[arg-type]
        serve(home, *stateless(endpoint, "--token", "none")) as proxy,
    ):
        start_stream(proxy)
        proxy.process.terminate()
        wait_until(lambda: _refuses(proxy), 5, "the listener to close")
        proxy.process.terminate()
        assert proxy.process.wait(5) == 0
        finish.set()


def test_the_drain_has_a_limit(home: Path) -> None:
    finish = threading.Event()
    with (
        ScriptedEndpoint(slowly(finish)) as endpoint,  # type: ignore[arg-type]
        serve(home, *stateless(endpoint, "--token", "none", "--drain", "0.3")) as proxy,
    ):
        start_stream(proxy)
        proxy.process.terminate()
        assert proxy.process.wait(8) == 0
        finish.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers need fork")
def test_workers_share_a_port_and_a_dead_one_is_replaced(home: Path) -> None:
    with (
        ScriptedEndpoint(chat_text("hello")) as endpoint,
        serve(
            home, *stateless(endpoint, "--token", "none", "--control-token", "env:CONTROL", "--workers", "3")
        ) as proxy,
    ):

        def pids() -> set[int]:
            found = set()
            for _ in range(40):
                with contextlib.suppress(OSError):  # a connection that waited for the worker that was killed
                    status, body = proxy.ask("GET", "/_ccswitch/status")
                    assert status == 200
                    found.add(json.loads(body)["pid"])
            return found

        first = pids()
        assert len(first) == 3
        assert proxy.process.pid not in first
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: _answers(proxy) and len(pids() - {victim}) == 3, 20, "a new worker")
        assert "hello" in proxy.ask("POST", "/v1/messages", MESSAGE)[1]
        proxy.process.terminate()
        assert proxy.process.wait(5) == 0
        for pid in first:
            assert not _alive(pid)


def _answers(proxy: Served) -> bool:
    try:
        return proxy.ask("GET", "/health")[0] == 200
    except OSError:
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_idle_proxy_can_end_by_itself(home: Path) -> None:
    with (
        ScriptedEndpoint(chat_text("x")) as endpoint,
        serve(home, *stateless(endpoint, "--token", "none", "--idle-exit", "0.01")) as proxy,
    ):
        started = time.monotonic()
        assert proxy.process.wait(10) == 0
        assert time.monotonic() - started > 0.3


WITHOUT_HTTPTOOLS = (
    "import sys; sys.modules['httptools'] = None; from ccswitch_tui.cli.main import main; sys.exit(main(sys.argv[1:]))"
)


def test_where_no_wheel_of_llhttp_is_made_h11_reads(home: Path) -> None:
    with (
        ScriptedEndpoint(chat_text("hello ", "there")) as endpoint,
        serve(home, *stateless(endpoint, "--token", "none"), program=("-c", WITHOUT_HTTPTOOLS)) as proxy,
    ):
        for _ in range(3):
            status, body = proxy.ask("POST", "/v1/messages", MESSAGE, token=None)
            assert (status, "hello " in body, "there" in body, "message_stop" in body) == (200, True, True, True)
        assert endpoint.connections == 1
        assert proxy.ask("GET", "/nowhere", token=None)[0] == 404


NOT_FOR_SERVING = {
    "aiohttp", "email", "http.client", "httpx", "idna", "keyring", "multidict", "multiprocessing", "sqlite3", "textual",
    "tomlkit", "urllib.request", "yarl",
}  # fmt: skip
"""Each costs milliseconds and megabytes, and an idle proxy needs none of them."""


def test_serving_loads_nothing_it_does_not_need() -> None:
    program = "import ccswitch_tui.workflows.serve, ccswitch_tui.proxy.server, sys; print(list(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert sorted(set(ast.literal_eval(done.stdout)) & NOT_FOR_SERVING) == []
