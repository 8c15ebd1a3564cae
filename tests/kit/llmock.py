"""A mock provider nobody here wrote that grades its client: llmock, with faults by script and a verdict on retries."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.net import free_port_number, is_listening, wait_until
from kit.parts import SYSTEM_PATH, need_part


class Llmock:
    """A running llmock."""

    key = "sk-example-llmock-0001"

    def __init__(self, port: int) -> None:
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}/v1"

    def expect(self, *behaviors: dict[str, Any]) -> None:
        """Forgets everything, then does this to the next requests."""
        self._ask("POST", "reset")
        if behaviors:
            self._ask("POST", "scenario", {"behaviors": list(behaviors)})

    def verdict(self) -> dict[str, Any]:
        """What it thinks of the client since `expect`."""
        return self._ask("GET", "verdict")

    def requests(self) -> list[dict[str, Any]]:
        """Every attempt, oldest first."""
        return list(self._ask("GET", "requests")["requests"])

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/_llmock/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=15) as answer:
            return dict(json.load(answer))


@pytest.fixture(scope="module")
def llmock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llmock]:
    """One llmock for the tests of a module; each begins with `expect`."""
    program = need_part("llmock")
    home: Path = tmp_path_factory.mktemp("llmock")
    server = Llmock(free_port_number())
    command = [str(program), "serve", "--host", "127.0.0.1", "--port", str(server.port), "--log-level", "warning"]
    with (home / "log").open("wb") as noise:
        process = subprocess.Popen(
            command, stdout=noise, stderr=noise, stdin=subprocess.DEVNULL, env={"PATH": SYSTEM_PATH, "HOME": str(home)}
        )
    try:
        wait_until(lambda: is_listening(server.port), 20, f"llmock to listen; see {home / 'log'}")
        yield server
    finally:
        process.terminate()
        process.wait(10)
