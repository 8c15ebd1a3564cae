"""A mock provider nobody here wrote: aimock, strict, with fixtures of the test's own and a journal of what it got."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.net import free_port_number, is_listening, wait_until
from kit.parts import SYSTEM_PATH, need_part


class Aimock:
    """A running aimock."""

    key = "sk-example-aimock-0001"

    def __init__(self, port: int) -> None:
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}/v1"

    def journal(self) -> list[dict[str, Any]]:
        """The requests it got, oldest first."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/__aimock/journal", headers={"authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            entries = json.load(answer)
        return entries if isinstance(entries, list) else entries["entries"]


@pytest.fixture
def start_aimock(tmp_path: Path) -> Iterator[Callable[..., Aimock]]:
    """`start_aimock(fixtures, *options)`: an aimock that answers by these fixtures and refuses what matches none."""
    cli, node = need_part("aimock"), need_part("node")
    running: list[subprocess.Popen[bytes]] = []

    def start(fixtures: list[dict[str, Any]], *options: str) -> Aimock:
        server = Aimock(free_port_number())
        file = tmp_path / f"aimock-{server.port}.json"
        file.write_text(json.dumps({"fixtures": fixtures}))
        command = [node, cli, "--port", str(server.port), "--fixtures", file, "--strict", "--chunk-size", "7", *options]
        env = {"PATH": f"{SYSTEM_PATH}:{os.environ['PATH']}", "HOME": str(tmp_path), "AIMOCK_API_KEYS": server.key}
        with file.with_suffix(".log").open("wb") as noise:
            running.append(subprocess.Popen(command, stdout=noise, stderr=noise, stdin=subprocess.DEVNULL, env=env))
        wait_until(lambda: is_listening(server.port), 20, f"aimock to listen; see {file.with_suffix('.log')}")
        return server

    yield start
    for process in running:
        process.terminate()
        process.wait(10)
