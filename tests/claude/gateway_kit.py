"""A gateway on loopback that notes what arrives, and Claude Code sessions that last for several turns.

Of a request only the model, the credential and a few headers are kept: its
prompts are its vendor's.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kit.claude import claude_env

NOTICED_S = 2.0
"""What the product waits for a running session to read a changed file; the tests hold it to that."""


class Seen(NamedTuple):
    """One request."""

    model: str
    authorization: str | None
    x_api_key: str | None
    headers: Mapping[str, str]

    @property
    def wants_a_million(self) -> bool:
        return "context-1m" in self.headers.get("anthropic-beta", "")


class Gateway:
    """A Messages endpoint that answers with its own name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[Seen] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_HEAD(self) -> None:
                self._send(b"")

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                headers = {key.lower(): value for key, value in self.headers.items()}
                gateway.seen.append(
                    Seen(body.get("model", ""), headers.get("authorization"), headers.get("x-api-key"), headers)
                )
                self._send(_answer(gateway.name), "text/event-stream")

            def _send(self, data: bytes, kind: str = "text/plain") -> None:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _answer(name: str) -> bytes:
    usage = {"input_tokens": 10, "output_tokens": 3}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": "m",
                                              "content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": name}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]  # fmt: skip
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


class Turn(NamedTuple):
    """One answer of a session."""

    text: str
    windows: dict[str, int]
    """The context window Claude Code counts with, by model."""


class Session:
    """A running Claude Code that is asked one question after another."""

    def __init__(self, program: Path, home: Path, project: Path, *options: str, env: Mapping[str, str]) -> None:
        words = [
            program,
            "-p",
            "--input-format",
            "stream-json",
            "--output-format",
            "stream-json",
            "--verbose",
            *options,
        ]
        self._process = subprocess.Popen(
            [str(word) for word in words], cwd=project, env=claude_env(home, **env),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._lines.put(json.loads(line))

    def ask(self, text: str = "hello") -> Turn:
        assert self._process.stdin is not None
        message = {"type": "user", "message": {"role": "user", "content": text}}
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        while True:
            line = self._lines.get(timeout=60)
            if line.get("type") == "result":
                usage = line.get("modelUsage", {})
                return Turn(line.get("result", ""), {name: row["contextWindow"] for name, row in usage.items()})

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()


def write_settings(path: Path, tree: Mapping[str, Any]) -> None:
    """Replaces a settings file as our writer does: by renaming over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(tree, indent=2))
    os.replace(beside, path)


def noticed() -> None:
    """Gives running sessions the time the product gives them."""
    time.sleep(NOTICED_S)


@contextlib.contextmanager
def both_gateways() -> Iterator[tuple[Gateway, Gateway]]:
    """Two gateways, `one` and `two`."""
    both = Gateway("one"), Gateway("two")
    yield both
    for gateway in both:
        gateway.close()


@pytest.fixture
def gateways() -> Iterator[tuple[Gateway, Gateway]]:
    """Two gateways of a test's own."""
    with both_gateways() as both:
        yield both


INVENTED_LOGIN = "invented-login"


def sign_in(home: Path) -> None:
    """A login of the vendor's, invented."""
    login = {"accessToken": INVENTED_LOGIN, "refreshToken": "invented", "expiresAt": 4_102_444_800_000,
             "scopes": ["user:inference", "user:profile"], "subscriptionType": "max"}  # fmt: skip
    (home / ".claude").mkdir(exist_ok=True)
    (home / ".claude" / ".credentials.json").write_text(json.dumps({"claudeAiOauth": login}))


@pytest.fixture
def start_session(claude_code: Path) -> Iterator[Callable[..., Session]]:
    """`start_session(home, project, *options, env={})`; ended with the test."""
    running: list[Session] = []

    def start(home: Path, project: Path, *options: str, env: Mapping[str, str] = {}) -> Session:
        project.mkdir(parents=True, exist_ok=True)
        running.append(Session(claude_code, home, project, *options, env=env))
        return running[-1]

    yield start
    for session in running:
        session.close()
