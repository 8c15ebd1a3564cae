"""Who listens on our port, and which secret opens what: a stranger is told nothing, and what it heard opens nothing."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_serving import serve

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.proxy.background.loopback import Loopback
from ccswitch_tui.workflows.context import Context
from kit.net import Listener


@pytest.fixture
def control(home: Path) -> Iterator[ProxyControl]:
    env = {"HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.environ["PATH"]}
    control = Context(env).proxy
    os.makedirs(control.paths.config_dir, exist_ok=True)
    Path(control.paths.profiles).write_text(
        'version = 1\n[profiles.work]\nkey = "none"\n'
        '[profiles.work.endpoint]\nbase_url = "http://127.0.0.1:9/v1"\nwire = "openai-chat"\n'
    )
    yield control
    if control.status().running:
        control.stop(at_once=True)


class Relay:
    """A stranger on one port that passes the challenge on to another port, and writes down whatever else it hears."""

    def __init__(self, port: int, to: int) -> None:
        self.heard: list[bytes] = []
        self._to = to
        self._listener = Listener(self._answer, port)

    def _answer(self, client: socket.socket) -> None:
        with client:
            client.settimeout(5)
            while request := client.recv(65536):
                if b"/_ccswitch/hello" not in request.split(b"\r\n")[0]:
                    self.heard.append(request)
                    client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                    continue
                path = request.split(b" ")[1].decode()
                with contextlib.closing(Loopback("127.0.0.1", self._to, 5.0)) as line:
                    status, body = line.ask("GET", path)
                client.sendall(b"HTTP/1.1 %d OK\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body)

    def close(self) -> None:
        self._listener.close()


def secrets_of(control: ProxyControl) -> dict[str, str]:
    state = json.loads(Path(control.paths.proxy_state).read_text())
    return {name: state[name] for name in ("token", "lasting", "control")}


@pytest.mark.parametrize("foreground", [("--profile", "work"), ("--port", "0")])
def test_another_proxy_of_ours_does_not_prove_a_stranger(
    control: ProxyControl, home: Path, foreground: tuple[str, ...]
) -> None:
    control.ensure_running()
    control.stop()
    with serve(home, *foreground) as other:
        relay = Relay(control.address().port, other.port)
        try:
            assert control.status().problem == "taken"
            with pytest.raises(OSError, match="another program"):
                control.ask("POST", "/_ccswitch/keys/unlock", {"passphrase": "never to be heard"})
            with pytest.raises(CcswitchError, match="another program is using"):
                control.ensure_running()
        finally:
            relay.close()
    assert relay.heard == []


def test_a_proxy_that_was_moved_does_not_prove_a_stranger_on_its_old_port(control: ProxyControl) -> None:
    old = control.address().port
    control.move()
    control.ensure_running()
    path = Path(control.paths.proxy_state)
    new = control.address().port
    path.write_text(json.dumps({**json.loads(path.read_text()), "port": old}))
    relay = Relay(old, new)
    try:
        assert not ProxyControl(control.paths, control.env).status().running
    finally:
        relay.close()
        path.write_text(json.dumps({**json.loads(path.read_text()), "port": new}))
    assert relay.heard == []


def test_every_start_has_its_own_secrets_and_the_lasting_token_stays(control: ProxyControl) -> None:
    control.ensure_running()
    first = secrets_of(control)
    control.stop()
    control.ensure_running()
    second = secrets_of(control)
    assert len({*first.values(), *second.values()}) == 5
    assert first["lasting"] == second["lasting"]
    assert control.token().reveal() == second["token"]
    offered = {"old": first["token"], **second}
    opened = {name: models(control, token) for name, token in offered.items()}
    assert opened == {"old": 401, "token": 200, "lasting": 200, "control": 401}


def models(control: ProxyControl, token: str) -> int:
    with contextlib.closing(Loopback(*control.address(), 10.0)) as line:
        return line.ask("GET", "/p/work/v1/models", {"x-api-key": token})[0]


def test_what_a_stranger_heard_while_the_proxy_was_down_opens_nothing_afterwards(control: ProxyControl) -> None:
    control.ensure_running()
    heard = control.token().reveal()  # what a running session sends to whatever listens there
    control.stop()
    control.ensure_running()
    assert models(control, heard) == 401
    with contextlib.closing(Loopback(*control.address(), 10.0)) as line:
        assert line.ask("POST", "/_ccswitch/keys/get", {"x-api-key": heard}, b'{"name": "work"}')[0] == 401


def test_a_state_file_of_an_older_version_keeps_its_token_for_open_shells(control: ProxyControl) -> None:
    address = control.address()
    token = "ccst-example-of-an-older-version-01"
    old = {"version": 1, "host": "127.0.0.1", "port": address.port, "token": token}
    Path(control.paths.proxy_state).write_text(json.dumps(old))
    again = ProxyControl(control.paths, control.env)
    again.ensure_running()
    assert models(again, token) == 200
    assert again.token().reveal() != token
    again.stop(at_once=True)


def test_a_foreground_server_knows_no_proof_and_its_control_is_closed(control: ProxyControl, home: Path) -> None:
    with serve(home, "--profile", "work") as proxy:
        assert json.loads(proxy.ask("GET", "/_ccswitch/hello?nonce=0123456789abcdef", token=None)[1])["proof"] is None
        for token in secrets_of(control).values():
            assert proxy.ask("GET", "/_ccswitch/status", token=token or "none")[0] == 403
        assert proxy.ask("GET", "/v1/models", token=control.lasting_token().reveal())[0] == 200
