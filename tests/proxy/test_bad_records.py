"""The background proxy among what goes wrong around it: a record nobody can read, ports, disks, two of a kind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from proxy_client import BODY
from scripted_endpoint import ScriptedEndpoint, chat_text

from ccswitch_tui.cli.main import main
from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.proxy.background.loopback import HOST
from ccswitch_tui.workflows.context import Context
from kit.background import background_proxy
from kit.net import wait_until

PROFILE = """
version = 2
[profiles.work]
endpoint = {{ base_url = "{url}/v1", wire = "openai-chat" }}
models = {{ default = "m" }}
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ProxyControl]:
    with background_proxy(tmp_path) as control:
        yield control


def good(control: ProxyControl) -> dict[str, object]:
    control.address()
    found: dict[str, object] = json.loads(Path(control.paths.proxy_state).read_text())
    return found


ODD: dict[str, Callable[[dict[str, object]], bytes]] = {
    "empty": lambda record: b"",
    "half": lambda record: json.dumps(record).encode()[:60],
    "nested": lambda record: b"[" * 200_000,
    "a list": lambda record: b"[1]",
    "NUL bytes": lambda record: b"\0" * 400,
    "UTF-16": lambda record: json.dumps(record).encode("utf-16"),
    "port as text": lambda record: json.dumps({**record, "port": "20001"}).encode(),
    "port true": lambda record: json.dumps({**record, "port": True}).encode(),
    "port 70000": lambda record: json.dumps({**record, "port": 70_000}).encode(),
    "token null": lambda record: json.dumps({**record, "token": None}).encode(),
    "token short": lambda record: json.dumps({**record, "token": "x"}).encode(),
    "another host": lambda record: json.dumps({**record, "host": "203.0.113.7"}).encode(),
    "control a number": lambda record: json.dumps({**record, "control": 7}).encode(),
    "lasting a list": lambda record: json.dumps({**record, "lasting": ["x"]}).encode(),
    "pid as text": lambda record: json.dumps({**record, "pid": "x"}).encode(),
    "since as text": lambda record: json.dumps({**record, "since": "yesterday"}).encode(),
    "since in the future": lambda record: json.dumps({**record, "since": 9e12, "pid": 1}).encode(),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_record_stops_nobody(control: ProxyControl, odd: str) -> None:
    """Where nothing runs, a proxy starts; the port is kept where it can be told."""
    path = Path(control.paths.proxy_state)
    path.write_bytes(ODD[odd](good(control)))
    assert not Context(control.env).proxy.status().running
    assert not Context(control.env).proxy.stop().was_running
    assert Context(control.env).proxy.ensure_running().running


@pytest.mark.parametrize("odd", ["half", "nested", "port as text", "control a number", "since as text", "UTF-16"])
def test_a_living_proxy_is_found_behind_an_odd_record(control: ProxyControl, odd: str) -> None:
    pid = control.ensure_running().pid
    Path(control.paths.proxy_state).write_bytes(ODD[odd](good(control)))
    assert Context(control.env).proxy.ensure_running().pid == pid
    assert Context(control.env).proxy.stop().was_running


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("odd", [folder, pipe, loop])
@pytest.mark.parametrize("words", [["proxy", "status"], ["proxy", "start"], ["proxy", "stop"], ["doctor"], ["status"]])
def test_what_is_no_file_at_all_is_named_with_its_path(
    control: ProxyControl, odd: Callable[[Path], None], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(control.paths.proxy_state)
    path.parent.mkdir(parents=True)
    odd(path)
    assert main(words, Context(control.env)) in (0, 1, 6)
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert words[0] != "proxy" or str(path) in (told.out + told.err).replace("\n", "")


def test_a_port_whose_connections_are_just_over_is_no_strangers_port(control: ProxyControl) -> None:
    """The side that closes first keeps the port in TIME_WAIT for a minute."""
    address = control.address()
    with socket.create_server(address) as server:
        for _ in range(3):
            with socket.create_connection(address) as client:
                ours, _ = server.accept()
                ours.close()
                assert client.recv(1) == b""
    assert in_time_wait(address.port)
    assert control.status().problem is None
    assert control.ensure_running().port == address.port


def in_time_wait(port: int) -> bool:
    """Source: proc_net_tcp.txt of the Linux kernel; state 06."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "06" for row in rows)


START = (
    "import os; from ccswitch_tui.workflows.context import Context; Context(dict(os.environ)).proxy.ensure_running()"
)
ROOM_BYTES = 64
"""Of a file: a pid fits, a record does not."""


def no_room() -> None:
    """As a full disk: every longer write fails. Python ignores the signal that goes with it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def asked(control: ProxyControl) -> tuple[int, str]:
    with contextlib.closing(http.client.HTTPConnection(*control.address(), timeout=15)) as connection:
        headers = {"x-api-key": Context(control.env).proxy.token().reveal()}
        connection.request("POST", "/p/work/v1/messages", json.dumps(BODY), headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="room is made again by prlimit, which Linux has")
def test_a_proxy_starts_answers_and_is_replaced_where_its_record_cannot_be_written(control: ProxyControl) -> None:
    with ScriptedEndpoint(*[chat_text("hello")] * 8) as endpoint:
        Path(control.paths.config_dir).mkdir(parents=True)
        Path(control.paths.profiles).write_text(PROFILE.format(url=endpoint.origin))
        control.ensure_running()
        control.stop()
        before = json.loads(Path(control.paths.proxy_state).read_text())
        assert before["served"]  # so that the helper does not wait for an answer, where it can tell a start
        subprocess.run([sys.executable, "-c", START], env=dict(control.env), preexec_fn=no_room, check=True, timeout=60)
        pids = []
        for _ in range(2):
            assert asked(control)[0] == 200
            pids.append(Context(control.env).proxy.status().pid)
            assert json.loads(Path(control.paths.proxy_state).read_text()) == before
            os.kill(pids[-1] or 0, signal.SIGKILL)
            wait_until(lambda: Context(control.env).proxy.status().pid not in (None, *pids), 15, "another")
        pid = Context(control.env).proxy.status().pid
        resource.prlimit(pid or 0, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_until(lambda: json.loads(Path(control.paths.proxy_state).read_text())["pid"] == pid, 15, "its record")
        assert asked(control)[0] == 200


def test_without_any_record_a_full_disk_is_named_and_nothing_is_left(control: ProxyControl) -> None:
    words = [sys.executable, "-m", "ccswitch_tui", "proxy", "start"]
    done = subprocess.run(words, env=dict(control.env), preexec_fn=no_room, capture_output=True, text=True, timeout=60)
    assert done.returncode == 6
    assert f"cannot write {control.paths.proxy_state}: file too large" in done.stderr
    assert not list(Path(control.paths.state_dir).glob("*proxy.json*"))


def test_two_proxies_of_two_folders_do_not_know_each_other(control: ProxyControl, tmp_path: Path) -> None:
    other = Context({**control.env, "CCSWITCH_HOME": str(tmp_path / "theirs")}).proxy
    first, second = control.ensure_running(), other.ensure_running()
    try:
        assert first.port != second.port and first.pid != second.pid
        # One's record in the other's place: the port proves to belong to somebody else, and the living one corrects it.
        Path(control.paths.proxy_state).write_bytes(Path(other.paths.proxy_state).read_bytes())
        assert Context(control.env).proxy.status().pid == first.pid
        assert Context(control.env).proxy.stop().was_running
        assert other.status().pid == second.pid
    finally:
        other.stop(at_once=True)


def test_a_record_that_leads_to_another_users_port_is_told_no_secret(control: ProxyControl) -> None:
    record = good(control)
    with socket.create_server((HOST, 0)) as stranger:
        Path(control.paths.proxy_state).write_text(json.dumps({**record, "port": stranger.getsockname()[1]}))
        assert Context(control.env).proxy.status().problem == "taken"
        with pytest.raises(CcswitchError, match="another program is using port"):
            Context(control.env).proxy.ensure_running()
