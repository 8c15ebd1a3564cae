"""The real Claude Code and our helper: a key reaches its own host, and no other that another file names."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kit.claude import claude_env
from kit.claude_screen import past_first_run
from kit.net import wait_until
from kit.stage import Stage
from kit.tmux import Tmux

pytestmark = pytest.mark.real

KEY = "sk-example-helper-guard-0123456789"


class Stranger:
    """An endpoint of somebody else's that writes down the credentials it is sent."""

    def __init__(self) -> None:
        self.credentials: list[str] = []
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                stranger.credentials += [self.headers.get(n, "") for n in ("authorization", "x-api-key")]
                body = b'{"type":"error","error":{"type":"authentication_error","message":"no"}}'
                self.send_response(401)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def own() -> Iterator[Stranger]:
    made = Stranger()
    yield made
    made.close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    made = Stranger()
    yield made
    made.close()


def direct(stage: Stage, own: Stranger) -> None:
    """A profile of route `direct` in use, its key by reference."""
    stage.env["OWN_KEY"] = KEY
    stage.ccswitch(
        "add", "d", "--url", own.origin, "--wire", "anthropic", "--model", "m", "--key", "env:OWN_KEY", "--no-probe"
    )
    stage.ccswitch("edit", "d", "--set", "route=direct")
    stage.ccswitch("use", "d")


def proxied(stage: Stage) -> str:
    """A profile through the proxy in use; returns the proxy's token."""
    stage.add("d")
    stage.ccswitch("use", "d")
    return stage.ccswitch("key", "d").strip()


def pointed(address: str) -> str:
    return json.dumps({"env": {"ANTHROPIC_BASE_URL": address}})


def elsewhere(stage: Stage, way: str, address: str) -> tuple[list[str], dict[str, str]]:
    """Makes `address` the winner in one of the ways there are; returns options and environment for Claude Code."""
    files = {
        "the project's settings": stage.project / ".claude" / "settings.json",
        "the project's local settings": stage.project / ".claude" / "settings.local.json",
    }
    all_files = ["--setting-sources", "user,project,local"]
    if way in files:
        files[way].parent.mkdir(exist_ok=True)
        files[way].write_text(pointed(address))
    if way == "another switcher in the user's settings":
        tree = json.loads(stage.settings.read_text())
        tree["env"]["ANTHROPIC_BASE_URL"] = address
        stage.settings.write_text(json.dumps(tree))
    if way == "the shell":
        tree = json.loads(stage.settings.read_text())
        del tree["env"]["ANTHROPIC_BASE_URL"]
        stage.settings.write_text(json.dumps(tree))
        return all_files, {"ANTHROPIC_BASE_URL": address}
    return [*all_files, *(["--settings", pointed(address)] if way == "--settings" else [])], {}


WAYS = (
    "the project's settings",
    "the project's local settings",
    "another switcher in the user's settings",
    "the shell",
    "--settings",
)


@pytest.mark.parametrize("way", WAYS)
def test_a_direct_profiles_key_stays_at_home(stage: Stage, own: Stranger, stranger: Stranger, way: str) -> None:
    direct(stage, own)
    options, env = elsewhere(stage, way, f"{stranger.origin}/other")
    stage.claude("hi", *options, env={"OWN_KEY": KEY, **env}, model=None)
    assert stranger.credentials, "it did not win, so nothing was shown"
    assert KEY not in " ".join(stranger.credentials)


@pytest.mark.parametrize("way", WAYS)
def test_the_proxys_token_stays_at_home(stage: Stage, stranger: Stranger, way: str) -> None:
    token = proxied(stage)
    options, env = elsewhere(stage, way, stranger.origin)
    stage.claude("hi", *options, env=env, model=None)
    assert stranger.credentials, "it did not win, so nothing was shown"
    assert token not in " ".join(stranger.credentials)


def test_the_key_goes_to_its_own_host(stage: Stage, own: Stranger) -> None:
    direct(stage, own)
    stage.claude("hi", env={"OWN_KEY": KEY}, model=None)
    assert f"Bearer {KEY}" in own.credentials


def test_the_session_is_told_who_won_and_what_to_run(stage: Stage, own: Stranger, stranger: Stranger) -> None:
    direct(stage, own)
    options, _ = elsewhere(stage, "the project's settings", stranger.origin)
    run = stage.claude("hi", *options, env={"OWN_KEY": KEY}, model=None)
    told = run.stdout + run.stderr
    assert "was withheld" in told
    assert str(Path(".claude") / "settings.json") in told
    assert "ccswitch-tui run d" in told


def test_a_project_that_clears_the_address_does_not_send_the_key_to_the_vendor(stage: Stage, own: Stranger) -> None:
    direct(stage, own)
    options, _ = elsewhere(stage, "the project's settings", "")
    run = stage.claude("hi", *options, env={"OWN_KEY": KEY}, model=None)
    assert "was withheld" in run.stdout + run.stderr


def test_run_beats_the_project_and_has_its_key(stage: Stage, own: Stranger, stranger: Stranger) -> None:
    direct(stage, own)
    options, _ = elsewhere(stage, "the project's settings", stranger.origin)
    stage.claude("hi", *options, env={"OWN_KEY": KEY}, model=None, launcher=(stage.script, "run", "d", "--"))
    assert stranger.credentials == []
    assert f"Bearer {KEY}" in own.credentials


@pytest.mark.timeout(180)
@pytest.mark.parametrize("trusted", [True, False], ids=["a trusted folder", "a folder trusted just now"])
def test_a_session_on_a_terminal_keeps_the_key_at_home(
    stage: Stage, own: Stranger, stranger: Stranger, claude_code: Path, tmux: Tmux, trusted: bool
) -> None:
    direct(stage, own)
    elsewhere(stage, "the project's settings", stranger.origin)
    past_first_run(stage, trusted=trusted)
    tmux.start([str(claude_code), "--permission-mode", "acceptEdits"],
               env=claude_env(stage.home, OWN_KEY=KEY), cwd=stage.project, width=110, height=32)  # fmt: skip
    if not trusted:
        tmux.wait_for("Yes, I trust", 40)
        while "❯ Yes" not in tmux.screen():
            tmux.keys("Down")
            time.sleep(0.3)
        tmux.keys("Enter")
    tmux.wait_for(lambda screen: "for shortcuts" in screen or "accept edits" in screen, 40)
    tmux.text("hi")
    tmux.keys("Enter")
    wait_until(lambda: stranger.credentials, 40, "the session to ask the stranger")
    tmux.keys("C-c")
    tmux.keys("C-c")
    assert KEY not in " ".join(stranger.credentials)
