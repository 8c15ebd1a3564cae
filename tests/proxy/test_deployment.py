"""The files of deploy/ as they are: real nginx and HAProxy before two real replicas, the container's own command."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripted_endpoint import Connection, Received, ScriptedEndpoint, chat_chunk, chat_text
from test_serving import CONTROL, MESSAGE, TOKEN, Served, serve, stateless

from ccswitch_tui.cli.main import build_parser
from kit.net import free_port_number, is_listening, wait_until
from kit.parts import need_part

DEPLOY = Path(__file__).parents[2] / "deploy"

BALANCERS = {
    "nginx": ("nginx.conf", ["-g", "daemon off;", "-c"]),
    "haproxy": ("haproxy.cfg", ["-db", "-f"]),
}
"""Program → its file in deploy/, and how it is told to read it and to stay in the foreground."""


@contextlib.contextmanager
def balanced(program: str, folder: Path, replicas: list[int]) -> Iterator[int]:
    """The balancer with its file from deploy/, of which only the addresses and folders are this test's."""
    path, (name, arguments) = need_part(program), BALANCERS[program]
    port = free_port_number()
    text = (DEPLOY / name).read_text("utf-8")
    for number, replica in enumerate(replicas, 1):
        text = text.replace(f"replica{number}:4000", f"127.0.0.1:{replica}")
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("bind :8080", f"bind 127.0.0.1:{port}")
    text = text.replace("/tmp/nginx", f"{folder}/nginx")
    config = folder / name
    config.write_text(text)
    folder.chmod(0o755)
    with (
        open(folder / "errors", "w+") as errors,
        subprocess.Popen([path, *arguments, str(config)], stderr=errors, stdin=subprocess.DEVNULL) as process,
    ):
        try:
            wait_until(lambda: is_listening(port) or process.poll() is not None, 20, program)
            assert process.poll() is None, (folder / "errors").read_text()
            yield port
        finally:
            process.terminate()
            process.wait(15)


class Rig:
    """Two replicas of one endpoint behind a balancer."""

    def __init__(self, port: int, endpoint: ScriptedEndpoint, replicas: list[Served]) -> None:
        self.port, self.endpoint, self.replicas = port, endpoint, replicas

    def ask(self, method: str, path: str, body: object = None, token: str = TOKEN) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, json.dumps(body) if body else None, {"x-api-key": token})
        return connection.getresponse()


@pytest.fixture(params=BALANCERS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    need_part(request.param)
    more = ("--token", "env:PROXY_TOKEN", "--control-token", "env:CONTROL", "--quiet")
    with ScriptedEndpoint(chat_text("hi")) as endpoint, contextlib.ExitStack() as stack:
        replicas = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            replicas.append(stack.enter_context(serve(tmp_path / name, *stateless(endpoint, *more))))
        (tmp_path / "balancer").mkdir()
        port = stack.enter_context(balanced(request.param, tmp_path / "balancer", [r.port for r in replicas]))
        yield Rig(port, endpoint, replicas)


def served_by(replica: Served) -> int:
    """How many requests a replica has counted."""
    return int(json.loads(replica.ask("GET", "/_ccswitch/status")[1])["requests"])


@pytest.mark.real
def test_each_event_of_a_stream_passes_the_balancer_in_the_moment_it_comes(rig: Rig) -> None:
    seen = threading.Event()

    def one_word_then_wait(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"role": "assistant", "content": "early"}))
        seen.wait(60)  # the client has the first word before the second is written: nothing in between gathers
        connection.chunk(chat_chunk({"content": " late"}, "stop") + b"data: [DONE]\n\n")
        connection.end_stream()

    rig.endpoint.acts[:] = [one_word_then_wait]
    answer = rig.ask("POST", "/v1/messages", MESSAGE)
    assert answer.status == 200
    text = ""
    while "early" not in text:
        text += answer.read1(4096).decode()
    assert "late" not in text
    seen.set()
    assert "message_stop" in text + answer.read().decode()


@pytest.mark.real
def test_a_killed_replica_costs_nobody_a_request(rig: Rig) -> None:
    while not all(served_by(replica) for replica in rig.replicas):
        assert rig.ask("POST", "/v1/messages", MESSAGE).read()
    os.kill(rig.replicas[0].process.pid, signal.SIGKILL)
    rig.replicas[0].process.wait(10)
    before = served_by(rig.replicas[1])
    statuses = [rig.ask("POST", "/v1/messages", MESSAGE).status for _ in range(10)]
    assert statuses == [200] * 10
    assert served_by(rig.replicas[1]) - before == 10


@pytest.mark.real
def test_a_replica_told_to_end_finishes_its_stream_through_the_balancer(rig: Rig) -> None:
    told = threading.Event()

    def slow(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"role": "assistant", "content": "early"}))
        told.wait(60)
        connection.chunk(chat_chunk({"content": " late"}, "stop") + b"data: [DONE]\n\n")
        connection.end_stream()

    rig.endpoint.acts[:] = [slow, chat_text("hi")]
    answer = rig.ask("POST", "/v1/messages", MESSAGE)
    text = ""
    while "early" not in text:
        text += answer.read1(4096).decode()
    busy = next(replica for replica in rig.replicas if is_answering(replica))
    busy.process.terminate()
    wait_until(lambda: not is_listening(busy.port), 20, "the replica to take no more connections")
    assert [rig.ask("POST", "/v1/messages", MESSAGE).status for _ in range(4)] == [200] * 4
    told.set()
    assert "message_stop" in text + answer.read().decode()
    assert busy.process.wait(20) == 0


def is_answering(replica: Served) -> bool:
    state: dict[str, Any] = json.loads(replica.ask("GET", "/_ccswitch/status")[1])
    return bool(state["running"])


@pytest.mark.real
def test_control_routes_stay_behind_the_balancer(rig: Rig) -> None:
    assert rig.ask("GET", "/_ccswitch/status", token=CONTROL).status == 404
    assert rig.ask("GET", "/_ccswitch/hello").status == 404
    assert rig.ask("GET", "/health").status == 200


# ---------------------------------------------------------------- the container


def instruction(name: str) -> list[str]:
    """The JSON form of an instruction of the Dockerfile; HEALTHCHECK's is its CMD's."""
    found = re.findall(rf"^{name}\b[^\[\n]*(\[.*\])$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    return list(json.loads(found[-1]))


def test_the_containers_own_command_serves_mounted_profiles_and_its_health_check_agrees(home: Path) -> None:
    """Read-only but for its state folder, as the image has it; the port alone is another one."""
    data = home / "data"
    (data / "state").mkdir(parents=True, mode=0o700)
    port = str(free_port_number())
    command = [port if word == "4000" else word for word in instruction("CMD")]
    check = [word.replace("4000", port) for word in instruction("HEALTHCHECK")]
    with ScriptedEndpoint(chat_text("mounted")) as endpoint:
        (data / "profiles.toml").write_text(
            f'version = 1\n[profiles.work]\nkey = "env:UPSTREAM_KEY"\nkey_host = "{endpoint.origin}"\n'
            f'endpoint = {{ base_url = "{endpoint.origin}/v1", wire = "openai-chat" }}\n'
            'models = { default = "big" }\n'
        )
        data.chmod(0o500)
        try:
            with serve(home, *command[2:], more_env={"CCSWITCH_HOME": str(data), "HOME": str(data)}) as proxy:
                assert subprocess.run([sys.executable, *check[1:]], timeout=30).returncode == 0
                status, body = proxy.ask("POST", "/p/work/v1/messages", MESSAGE)
                assert (status, "mounted" in body) == (200, True), body
                proxy.process.terminate()
                assert proxy.process.wait(15) == 0
            assert subprocess.run([sys.executable, *check[1:]], stderr=subprocess.DEVNULL, timeout=30).returncode == 1
        finally:
            data.chmod(0o700)
    assert instruction("ENTRYPOINT") == ["ccswitch-tui"]
    assert [path.name for path in data.iterdir() if path.name not in ("state", "profiles.toml")] == []


def commands() -> list[list[str]]:
    """The command lines of the examples."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))
    (container,) = documents[0]["spec"]["template"]["spec"]["containers"]
    return [compose["services"]["replica1"]["command"], container["args"], instruction("CMD")]


@pytest.mark.parametrize("command", commands(), ids=["compose", "kubernetes", "image"])
def test_the_command_of_each_example_is_one_the_program_takes(command: list[str]) -> None:
    assert command[:2] == ["proxy", "serve"]
    build_parser("proxy")[0].parse_args(command[1:])


def test_an_orchestrator_waits_longer_than_streams_are_given() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    pod = next(iter(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))))["spec"]["template"]["spec"]
    grace = [int(compose["services"]["replica1"]["stop_grace_period"][:-1]), pod["terminationGracePeriodSeconds"]]
    drains = [int(word.partition("=")[2]) for line in commands()[:2] for word in line if word.startswith("--drain=")]
    assert all(wait > drain for wait, drain in zip(grace, drains, strict=True))


def test_the_image_needs_what_it_copies_and_the_context_lets_it_through() -> None:
    root, ignored = DEPLOY.parent, (DEPLOY.parent / ".dockerignore").read_text("utf-8").split("\n")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    for name in " ".join(copied).split():
        assert (root / name).exists() and f"!{name}" in ignored
