"""The background proxy where a refusal takes seconds, where a console would be seen, where reads are not bytes."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.background import control as control_module
from ccswitch_tui.proxy.background import detached, guarded, loopback
from ccswitch_tui.proxy.background import seen as seen_module
from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.proxy.background.loopback import ENDED_MARK, Loopback, hold
from ccswitch_tui.proxy.client.connection import Connection
from ccswitch_tui.workflows.context import Context
from kit.net import wait_until


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ProxyControl]:
    env = {"HOME": str(tmp_path / "home"), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"]}
    control = Context(env).proxy
    control.address()
    yield control
    if control.status().problem or control.status().running:
        control.stop(at_once=True)


class SlowToRefuse(Loopback):
    """Windows repeats the SYN for two seconds, which is all our patience."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        try:
            super().__init__(host, port, timeout_s)
        except ConnectionRefusedError:
            time.sleep(0.5)
            raise TimeoutError from None


def test_a_refusal_that_takes_all_our_patience_is_no_stranger_on_the_port(
    control: ProxyControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_module, "Loopback", SlowToRefuse)
    assert control.status().problem is None
    assert control.ensure_running().running


def test_nobody_is_connected_to_when_no_proxy_runs(control: ProxyControl, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(seen_module, "Loopback", lambda *args: asked.append(args))
    assert not control.status().running
    assert not control.stop().was_running
    assert asked == []


SILENT = """
import json, os, sys, time
from ccswitch_tui.proxy.background.loopback import hold
lock, state, since = sys.argv[1:]
handle = hold(lock)
with open(state) as file:
    known = json.load(file)
with open(state, "w") as file:
    json.dump({**known, "pid": os.getpid(), "since": time.time() - float(since)}, file)
print("held", flush=True)
time.sleep(600)
"""


def silent(control: ProxyControl, since_s: float) -> subprocess.Popen[bytes]:
    """A process that has the proxy's place and listens nowhere."""
    lock = os.path.join(control.paths.state_dir, "proxy.lock")
    command = [sys.executable, "-c", SILENT, lock, control.paths.proxy_state, str(since_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_proxy_that_no_longer_listens_is_replaced(control: ProxyControl) -> None:
    with silent(control, since_s=3600) as old:
        assert control.status().problem == "stuck"
        assert control.ensure_running().pid != old.pid
        assert old.wait(10) != 0


def test_a_proxy_that_does_not_listen_yet_is_waited_for(control: ProxyControl) -> None:
    with silent(control, since_s=0) as starting:
        assert control.status().problem == "starting"
        threading.Timer(1.0, starting.kill).start()
        assert control.ensure_running().running


def test_a_moment_s_look_at_the_lock_does_not_keep_a_proxy_from_starting(control: ProxyControl) -> None:
    handle = hold(os.path.join(control.paths.state_dir, "proxy.lock"))
    assert handle is not None
    threading.Timer(0.2, os.close, (handle,)).start()
    with control.claim():
        assert json.loads(Path(control.paths.proxy_state).read_bytes())["pid"] == os.getpid()


def test_a_second_proxy_says_that_there_is_one(control: ProxyControl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_module, "CLAIM_S", 0.1)
    with silent(control, since_s=0) as first:
        with pytest.raises(CcswitchError, match=f"already running \\(pid {first.pid}\\)"), control.claim():
            pass
        first.kill()
        wait_until(lambda: control.status().problem is None, 5, "the lock to be free")


@pytest.mark.parametrize("may_leave", [True, False])
def test_a_background_process_of_windows_has_a_console_that_is_not_shown_and_leaves_its_starters_job(
    monkeypatch: pytest.MonkeyPatch, may_leave: bool
) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    tried: list[int] = []

    def start(command: object, *, creationflags: int, stdin: int) -> str:
        tried.append(creationflags)
        if creationflags & detached.CREATE_BREAKAWAY_FROM_JOB and not may_leave:
            raise PermissionError(13, "Access is denied")
        return "started"

    monkeypatch.setattr(subprocess, "Popen", start)
    assert detached.start_detached(["proxy"]) == "started"
    assert [bool(flags & detached.CREATE_BREAKAWAY_FROM_JOB) for flags in tried] == [True, False][: len(tried)]
    assert len(tried) == (1 if may_leave else 2)
    assert all(flags & 0x08000000 for flags in tried)  # CREATE_NO_WINDOW
    assert not any(flags & 0x8 for flags in tried)  # DETACHED_PROCESS makes Windows ignore that one


def test_no_other_guardian_is_started_for_a_proxy_that_is_killed_on_purpose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[object] = []
    monkeypatch.setattr(guarded, "start_detached", lambda command, **_: started.append(command) or Started())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = guarded.Guarded(listener, str(tmp_path), ["serve"])
        (tmp_path / ENDED_MARK).touch()
        one._start_guardian("place", ())
        assert started == []
        (tmp_path / ENDED_MARK).unlink()
        one._start_guardian("place", ())
        assert len(started) == 1


class Started:
    returncode: int | None = None


def test_a_port_that_windows_keeps_for_itself_is_no_other_program_s(
    control: ProxyControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = PermissionError(errno.EACCES, "An attempt was made to access a socket in a way forbidden")
    kept.winerror = 10013  # type: ignore[attr-defined]
    monkeypatch.setattr(loopback, "_refusal", lambda _: kept)
    with pytest.raises(CcswitchError, match="Windows keeps port") as caught:
        control.ensure_running()
    assert caught.value.kind == "port-kept"
    assert "--port 0" in caught.value.hint
    assert str(loopback.who_has(20001)) == "Windows keeps port 20001 for Hyper-V, WSL or Docker"


def test_what_windows_event_loop_hands_over_after_a_pause_is_read_like_bytes() -> None:
    import asyncio

    async def read() -> bytes:
        connection = Connection(asyncio.get_running_loop())

        class Transport(asyncio.Transport):
            def is_closing(self) -> bool:
                return False

            def write(self, data: object) -> None: ...
            def abort(self) -> None: ...
            def get_write_buffer_size(self) -> int:
                return 0

        connection.connection_made(Transport())
        answer = connection.send(b"GET / HTTP/1.1\r\n\r\n", [], "127.0.0.1", lambda _: None)
        taken: list[bytes] = []
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.data_received(bytearray(head))  # type: ignore[arg-type]  # as proactor_events.py does
        for chunk in (b"2\r\nab\r\n", b"2\r\ncd\r\n", b"0\r\n\r\n"):
            connection.data_received(bytearray(chunk))  # type: ignore[arg-type]
        while data := await answer.read():
            taken.append(data)
        return b"".join(taken)

    assert asyncio.run(read()) == b"abcd"


def test_a_proxy_whose_listening_socket_was_closed_under_it_listens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """python/cpython#93821: on Windows one client that breaks off too early is enough."""
    from ccswitch_tui.proxy import server
    from ccswitch_tui.proxy.embedded import EmbeddedProxy
    from kit.net import is_listening

    monkeypatch.setattr(server, "LOOK_S", 0.05)
    with EmbeddedProxy({}, lambda _: None) as proxy:
        assert is_listening(proxy.port)
        assert proxy._proxy is not None and proxy._loop is not None
        listening = proxy._proxy._server
        assert listening is not None
        proxy._loop.call_soon_threadsafe(listening._listeners[0].close)
        wait_until(lambda: not is_listening(proxy.port), 5, "the socket to be closed")
        wait_until(lambda: is_listening(proxy.port), 5, "the proxy to listen again")
