"""The per-user background proxy as a real process: started on demand, found again, replaced, ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_endpoint import Connection, Received, ScriptedEndpoint, chat_chunk, chat_text

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.background.control import ProxyControl, _older
from ccswitch_tui.proxy.background.loopback import Loopback
from ccswitch_tui.workflows.context import Context
from kit.net import wait_until

PROFILES = """
version = 1
[profiles.work]
key = "env:WORK_KEY"
[profiles.work.endpoint]
base_url = "{url}"
wire = "openai-chat"
[profiles.work.models]
default = "big-model"
"""

MESSAGE = {"model": "claude-opus-4-8", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ProxyControl]:
    env = {"HOME": str(tmp_path / "home"), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"],
           "WORK_KEY": "sk-example-upstream-0123456789"}  # fmt: skip
    control = Context(env).proxy
    yield control
    found = control.status()
    if found.running or found.problem == "stuck":
        control.stop(at_once=True)


def write_profiles(control: ProxyControl, url: str) -> None:
    os.makedirs(control.paths.config_dir, exist_ok=True)
    Path(control.paths.profiles).write_text(PROFILES.format(url=url))


def post(control: ProxyControl, profile: str = "work") -> str:
    headers = {"Authorization": f"Bearer {control.token().reveal()}"}
    with contextlib.closing(Loopback(*control.address(), 10.0)) as line:
        status, body = line.ask("POST", f"/p/{profile}/v1/messages", headers, json.dumps(MESSAGE).encode())
    return f"{status} {body.decode()}"


def test_port_and_token_are_chosen_once_and_kept_private(control: ProxyControl) -> None:
    first = (control.address(), control.token().reveal())
    again = Context(control.env).proxy
    assert (again.address(), again.token().reveal()) == first
    assert first[0].host == "127.0.0.1"
    assert stat.S_IMODE(os.stat(control.paths.proxy_state).st_mode) == 0o600
    assert control.base_url("a ü") == f"http://127.0.0.1:{first[0].port}/p/a%20%C3%BC"


def test_asking_for_the_status_creates_nothing(control: ProxyControl) -> None:
    assert not control.status().running
    assert not os.path.exists(control.paths.state_dir)


def test_it_starts_answers_and_ends(control: ProxyControl) -> None:
    with ScriptedEndpoint(chat_text("hello")) as endpoint:
        write_profiles(control, endpoint.origin)
        started = control.ensure_running()
        assert started.running
        assert started == control.ensure_running()
        assert "hello" in post(control)
        assert stat.S_IMODE(os.stat(control.paths.proxy_log).st_mode) == 0o600
        assert control.stop().was_running
        assert not control.status().running
        assert not control.stop().was_running
    assert any("listening on" in line for line in control.logs())
    assert "sk-example-upstream" not in "\n".join(control.logs())
    assert control.token().reveal() not in "\n".join(control.logs())


def test_a_start_that_went_well_before_is_not_waited_for(control: ProxyControl) -> None:
    """What is printed then opens the proxy that comes, and whoever connects before it listens waits for it."""
    with ScriptedEndpoint(chat_text("hello")) as endpoint:
        write_profiles(control, endpoint.origin)
        assert control.ensure_running(or_begun=True).running, "the first start of an installation is waited for"
        old = control.token().reveal()
        control.stop()
        begun = control.ensure_running(or_begun=True)
        assert (begun.running, begun.problem) == (False, "starting")
        assert control.token().reveal() != old
        assert "hello" in post(control)
        assert control.status() == control.ensure_running(or_begun=True)
        assert control.status().pid == begun.pid


def test_a_start_is_waited_for_after_one_that_failed(control: ProxyControl) -> None:
    control.ensure_running()
    control.stop()
    with control.claim():
        assert "served" not in json.loads(Path(control.paths.proxy_state).read_text())
    assert control.ensure_running(or_begun=True).running


def test_an_edited_profile_holds_from_the_next_request_on(control: ProxyControl) -> None:
    with ScriptedEndpoint(chat_text("one")) as first, ScriptedEndpoint(chat_text("two")) as second:
        write_profiles(control, first.origin)
        control.ensure_running()
        assert "one" in post(control)
        write_profiles(control, second.origin + "/")
        assert "two" in post(control)
        Path(control.paths.profiles).write_text("not toml [")
        assert "two" in post(control)
        _, status = control.ask("GET", "/_ccswitch/status")
        assert "cannot be read" in json.loads(status)["problems"][0]


def test_many_starts_at_once_make_one_proxy(control: ProxyControl) -> None:
    control.address()
    code = (
        "import os; from ccswitch_tui.workflows.context import Context; "
        "print(Context(dict(os.environ)).proxy.ensure_running().pid)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code], env=dict(control.env), stdout=subprocess.PIPE) for _ in range(5)
    ]
    pids = {starter.communicate(timeout=30)[0].strip() for starter in starters}
    assert len(pids) == 1
    assert pids == {str(control.status().pid).encode()}


def test_a_second_one_in_the_foreground_says_that_there_is_one(control: ProxyControl) -> None:
    pid = control.ensure_running().pid
    second = subprocess.run(
        [sys.executable, "-m", "ccswitch_tui", "proxy", "serve"], env=dict(control.env), capture_output=True, timeout=30
    )
    assert second.returncode == 1
    assert f"is already running (pid {pid})".encode() in second.stderr
    assert second.stdout == b""


def test_after_kill_9_it_starts_again_on_the_same_port(control: ProxyControl) -> None:
    first = control.ensure_running()
    assert first.pid
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: control.status().pid != first.pid, 5, "the end")
    second = control.ensure_running()
    assert second.running
    assert (second.port, second.pid != first.pid) == (first.port, True)


def test_a_stale_pid_that_belongs_to_somebody_else_is_left_alone(control: ProxyControl) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        control.address()
        state = json.loads(Path(control.paths.proxy_state).read_text())
        Path(control.paths.proxy_state).write_text(json.dumps({**state, "pid": bystander.pid}))
        Path(control.paths.state_dir, "proxy.lock").touch()
        assert control.status().problem is None
        assert not control.stop().was_running
        assert control.ensure_running().pid != bystander.pid
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_process_that_hangs_is_replaced(control: ProxyControl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.background.seen.ANSWER_S", 0.5)
    hanging = control.ensure_running().pid
    assert hanging
    os.kill(hanging, signal.SIGSTOP)
    assert control.status().problem == "stuck"
    assert control.status().pid == hanging
    fresh = control.ensure_running(wait_s=15)
    assert fresh.running
    assert fresh.pid != hanging


def test_a_port_that_belongs_to_another_program_is_said_and_gets_no_token(control: ProxyControl) -> None:
    address = control.address()
    heard = []

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            heard.append(client.recv(65536))
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            client.close()

    with socket.create_server(address) as stranger:
        threading.Thread(target=listen, args=(stranger,), daemon=True).start()
        assert control.status().problem == "taken"
        with pytest.raises(CcswitchError, match=f"another program is using port {address.port}") as caught:
            control.ensure_running()
        assert caught.value.kind == "port-taken"
        assert "proxy start --port 0" in caught.value.hint
        stranger.shutdown(socket.SHUT_RDWR)
    assert all(control.token().reveal().encode() not in request for request in heard)
    moved = control.move()
    assert moved.port != address.port
    assert control.ensure_running().port == moved.port


def test_an_older_proxy_makes_way(control: ProxyControl, monkeypatch: pytest.MonkeyPatch) -> None:
    old = control.ensure_running().pid
    # the new process reports its real version, which this test calls old for ever: look at the process instead
    answers = iter([True, True, False])
    monkeypatch.setattr("ccswitch_tui.proxy.background.control._older", lambda version: next(answers))
    assert control.ensure_running().pid != old


@pytest.mark.parametrize(
    ("running", "older"),
    [("0.0.1", True), ("0.0.0.dev1", True), (None, True), ("99.0", False), ("99.0.1+local", False)],
)
def test_versions_are_compared_as_numbers(running: str | None, older: bool) -> None:
    assert _older(running) is older


def streaming(finish: threading.Event) -> object:
    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "begin "}))
        finish.wait(20)
        connection.chunk(chat_chunk({"content": "end"}) + chat_chunk({}, "stop") + b"data: [DONE]\n\n")
        connection.end_stream()

    return act


def open_stream(control: ProxyControl) -> socket.socket:
    sock = socket.create_connection(control.address(), timeout=15)
    data = json.dumps(MESSAGE).encode()
    host = ":".join(map(str, control.address()))
    head = f"POST /p/work/v1/messages HTTP/1.1\r\nHost: {host}\r\nx-api-key: {control.token().reveal()}\r\n"
    sock.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
    got = b""
    while b"begin" not in got:
        got += sock.recv(65536)
    return sock


def test_sigterm_finishes_what_is_streaming_while_a_new_one_takes_over(control: ProxyControl) -> None:
    finish = threading.Event()
    with ScriptedEndpoint(streaming(finish)) as endpoint:  # type: ignore[arg-type]
        write_profiles(control, endpoint.origin)
        old = control.ensure_running().pid
        assert old
        with open_stream(control) as sock:
            os.kill(old, signal.SIGTERM)
            wait_until(lambda: not control.status().running, 5, "the listener to close")
            assert control.ensure_running().pid != old
            finish.set()
            rest = b""
            while part := sock.recv(65536):
                rest += part
        assert b"message_stop" in rest
        wait_until(lambda: not Path(f"/proc/{old}").exists() or _is_zombie(old), 5, "the old process to end")


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_stop_at_once_does_not_wait_for_streams(control: ProxyControl) -> None:
    finish = threading.Event()
    with ScriptedEndpoint(streaming(finish)) as endpoint:  # type: ignore[arg-type]
        write_profiles(control, endpoint.origin)
        control.ensure_running()
        with open_stream(control) as sock:
            control.stop(at_once=True)
            started = time.monotonic()
            while sock.recv(65536):
                pass
            assert time.monotonic() - started < 5
        finish.set()


def test_after_kill_9_in_mid_stream_the_client_gets_an_end_and_the_next_request_works(control: ProxyControl) -> None:
    finish = threading.Event()
    with ScriptedEndpoint(streaming(finish), chat_text("fine")) as endpoint:  # type: ignore[arg-type]
        write_profiles(control, endpoint.origin)
        pid = control.ensure_running().pid
        assert pid
        with open_stream(control) as sock:
            os.kill(pid, signal.SIGKILL)
            rest = b""
            try:
                while part := sock.recv(65536):
                    rest += part
            except ConnectionError:
                pass
        assert b"message_stop" not in rest
        control.ensure_running()
        assert "fine" in post(control)
        finish.set()


def test_usage_is_kept_over_a_restart(control: ProxyControl) -> None:
    from ccswitch_tui.workflows.usage import usage

    ctx = Context(control.env)
    with ScriptedEndpoint(chat_text("hello")) as endpoint:
        write_profiles(control, endpoint.origin)
        ctx.proxy.ensure_running()
        post(ctx.proxy)
        post(ctx.proxy)
        ctx.proxy.stop()
    wait_until(lambda: usage(ctx), 5, "the counts")
    (row,) = usage(ctx)
    assert (row["profile"], row["model"], row["requests"], row["output_tokens"]) == ("work", "big-model", 2, 14)


def test_traffic_can_be_followed_and_looking_starts_nothing(control: ProxyControl) -> None:
    from ccswitch_tui.workflows import traffic

    ctx = Context(control.env)
    assert traffic.recent(ctx) == []
    with pytest.raises(CcswitchError, match="not running"):
        next(traffic.follow(ctx))
    with ScriptedEndpoint(chat_text("hello")) as endpoint:
        write_profiles(control, endpoint.origin)
        ctx.proxy.ensure_running()
        events = traffic.follow(ctx)
        told: list[traffic.TrafficEvent] = []
        threading.Thread(target=lambda: told.extend(events), daemon=True).start()
        wait_until(lambda: len(told) >= 6 or not post(ctx.proxy), 10, "events")
        last = [event for event in told if event.exchange["id"] == told[-1].exchange["id"]]
        assert [event.what for event in last] == ["begin", "first-byte", "end"]
        assert "claude-opus-4-8 → big-model" in traffic.as_lines(last[-1])[0]
        (exchange,) = traffic.recent(ctx, 1)
        shown = "\n".join(traffic.exchange_lines(traffic.one_exchange(ctx, exchange["id"])))
        assert "endpoint → proxy" in shown
