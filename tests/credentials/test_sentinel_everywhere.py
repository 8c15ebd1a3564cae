"""A planted key goes through every command, with a real Secret Service, and is then searched for everywhere.

Only the keyring, the pipe of `key` and the endpoint's Authorization header may
have it: no file, no stream, no command line, no environment, in no encoding.
New commands are one row of STEPS.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccswitch_tui.cli.main import COMMANDS
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.secret import Secret
from kit.parts import console_script
from kit.secret_service import SecretService
from kit.sentinel import Sentinel
from kit.tmux import Tmux

pytestmark = pytest.mark.real


class Step(NamedTuple):
    """One command; {url}, {echo}, {native}, {key} and {home} are filled in."""

    words: str
    stdin: str | None = None
    shows_key: bool = False
    """The one deliberate exception: the pipe of `key`."""


CURL = "curl {url}/chat/completions -H 'Authorization: Bearer {key}' -d '{{\"model\":\"demo-large\"}}'"

STEPS = [
    Step("add work --paste -", CURL),
    Step("add work --paste -", CURL),
    Step("add json --paste - --json", CURL),
    Step("add native --url {native} --wire anthropic --model demo-large --key-stdin --json", "{key}\n"),
    Step("add echo --url {echo} --wire openai-chat --model m --key-stdin", "{key}"),
    Step(
        "add two --url {echo} --wire openai-chat --model m --key-stdin --secret-header X-Gateway-Token", "{key}\n{key}"
    ),
    Step("add three --paste -", CURL + " -H 'Helicone-Auth: Bearer {key}' -H 'x-portkey-virtual-key: {key}'"),
    Step("add bad --url {echo} --key env:K --secret-header 'X-Gateway-Token: {key}'"),
    Step("add bad --url {echo} --key env:K --secret-header X-Gateway-Token={key}"),
    Step("edit two --secret-header X-Gateway-Token", "Bearer {key}"),
    Step("edit two --secret-header X-Gateway-Token --no-verify --json", "Bearer {key}"),
    Step("edit two --set secret_headers.X-Other={key}"),
    Step("edit two --set endpoint.headers.X-Other={key}"),
    Step("edit two --set endpoint.base_url=https://elsewhere.example/v1"),
    Step("probe two"),
    Step("probe two --json"),
    Step("probe two -v --markdown"),
    Step("probe --url {echo} --secret-header X-Gateway-Token --json", "{key}"),
    Step("show two"),
    Step("show two --json"),
    Step("use two"),
    Step("env two"),
    Step("run two -- env"),
    Step("copy three four"),
    Step("rename four five"),
    Step("export three --to curl"),
    Step("export three --to litellm"),
    Step("export three --to toml"),
    Step("balance three"),
    Step("prices show"),
    Step("prices show --json"),
    Step("remove five"),
    Step("doctor two"),
    Step("import {rivals}/litellm.yaml --dry-run"),
    Step("import {rivals}/litellm.yaml --probe --json"),
    Step("import {rivals}/custom.env"),
    Step("add broken --paste -", "curl -H 'Authorization: Bearer {key}'"),
    Step("add wrong --url http://user:{key}@host.example/v1?key={key} --wire openai-chat --model m"),
    Step("edit native --set route=direct"),
    Step("list"),
    Step("list --json"),
    Step("show work"),
    Step("show work --json"),
    Step("show echo --json"),
    Step("use work --dry-run"),
    Step("use work --dry-run --json"),
    Step("use work"),
    Step("use native --scope local"),
    Step("use native --json"),
    Step("use -"),
    Step("current"),
    Step("current --json"),
    Step("why"),
    Step("why --all --json"),
    Step("key work"),
    Step("key work --upstream", shows_key=True),
    Step("key native", shows_key=True),
    Step("key --stored work", shows_key=True),
    Step("key nobody"),
    Step("env work"),
    Step("env native --shell fish"),
    Step("run work -- env"),
    Step("run native -- env"),
    Step("run native -- sh -c 'cat /proc/$$/environ'"),
    Step("run work -- sh -c 'cat /proc/$$/environ /proc/$PPID/environ /proc/$PPID/cmdline'"),
    Step("probe work --quick"),
    Step("probe work"),
    Step("probe work --json"),
    Step("probe work --markdown -v"),
    Step("probe native --quick --json"),
    Step("probe echo"),
    Step("probe echo --json"),
    Step("probe echo -v"),
    Step("search set tavily http://127.0.0.1:1 --key-stdin", "{key}"),
    Step("search --json"),
    Step("search test"),
    Step("search test --json"),
    Step("search off"),
    Step("status"),
    Step("balance work"),
    Step("balance --all --cached --json"),
    Step("statusline", "{{}}"),
    Step("status --json"),
    Step("doctor"),
    Step("doctor --json"),
    Step("doctor echo"),
    Step("explain", "401 invalid api key {key} for Authorization: Bearer {key}"),
    Step("explain --json", "error: incorrect API key provided: {key}"),
    Step("proxy start"),
    Step("proxy status --json"),
    Step("proxy logs"),
    Step("proxy logs --exchange 1"),
    Step("proxy logs --exchange 2 --json"),
    Step("proxy logs --exchange 3"),
    Step("edit work --key-stdin", "{key}"),
    Step("edit work --key-stdin", "{key} with words"),
    Step("edit work --set note={key}"),
    Step("edit work --set note=harmless"),
    Step("copy work second"),
    Step("rename second third"),
    Step("export work --to curl"),
    Step("export work --to litellm"),
    Step("export work --to continue"),
    Step("export work --to aider"),
    Step("import --list"),
    Step("adopt --list"),
    Step("adopt --json"),
    Step("unlock --status"),
    Step("unlock --status --json"),
    Step("lock"),
    Step("history"),
    Step("history --json"),
    Step("undo"),
    Step("undo --json"),
    Step("restore"),
    Step("presets"),
    Step("completions bash"),
    Step(""),
    Step("--help"),
    Step("nonsense {key}"),
    Step("show {key}"),
    Step("proxy stop"),
    Step("remove third"),
    Step("remove echo --json"),
]

RIVALS = {
    "litellm.yaml": """model_list:
  - model_name: m
    litellm_params: {model: openai/m, api_base: "ECHO", api_key: "KEY", extra_headers: {X-Gateway-Token: "KEY"}}
""",
    "custom.env": "ANTHROPIC_BASE_URL=ECHO\nANTHROPIC_AUTH_TOKEN=KEY\nANTHROPIC_CUSTOM_HEADERS=X-Gateway-Token: KEY\n",
}
"""Files of other tools with both kinds of secrets in plain text."""

NOT_OURS = {"demo"}
"""Plays its own story with keys of its own (tests/demo)."""


class Echo(BaseHTTPRequestHandler):
    """An endpoint that says everything it was told in its errors, headers included."""

    def do_POST(self) -> None:
        told = " ".join(self.headers.get(name, "") for name in ("Authorization", "x-api-key", "X-Gateway-Token"))
        body = json.dumps({"error": {"message": f"bad request with {told}", "type": "invalid", "param": told}}).encode()
        self.send_response(401 if "models" in self.path else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-debug-authorization", told)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


class Watch:
    """Looks at the command line and environment of every process of this home, again and again."""

    def __init__(self, sentinel: Sentinel, home: Path) -> None:
        self._sentinel = sentinel
        self._home = str(home).encode()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._strangers: dict[int, float] = {}
        self.leaks: set[str] = set()
        self.paused = False
        self.seen: set[int] = set()

    def _look(self) -> None:
        while not self._over.is_set():
            pids = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()}
            now = time.monotonic()
            self._strangers = {pid: since for pid, since in self._strangers.items() if pid in pids}
            for pid in pids:
                if now - self._strangers.get(pid, now) < 1:  # a child may be about to become one of ours
                    self._look_at(pid)
            time.sleep(0.005)

    def _look_at(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            if self._home not in Path(f"/proc/{pid}/environ").read_bytes():
                self._strangers.setdefault(pid, time.monotonic())
            else:
                self._strangers.pop(pid, None)
                self.seen.add(pid)
                found = self._sentinel.search_processes([pid])
                if not self.paused:
                    self.leaks.update(found)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


class World:
    """A home with a real keyring, an endpoint that works and one that echoes."""

    def __init__(
        self, service: SecretService, sentinel: Sentinel, home: Path, echo: str, provider: DemoProvider, watch: Watch
    ) -> None:
        self.service, self.sentinel, self.home, self.watch = service, sentinel, home, watch
        self.project = home / "project"
        self.project.mkdir()
        rivals = home.parent / "rivals"  # not below the home that is searched: the keys in them are the user's own
        rivals.mkdir()
        for name, text in RIVALS.items():
            (rivals / name).write_text(text.replace("KEY", sentinel.key).replace("ECHO", echo))
        (home / "tmp").mkdir()
        urls = {"url": provider.base_url, "native": provider.native_url, "echo": echo}
        self.names = {**urls, "key": sentinel.key, "home": str(home), "rivals": str(rivals)}
        self.leaks: list[str] = []

    def run(self, step: Step) -> subprocess.CompletedProcess[str]:
        import shlex

        words = [word.format(**self.names) for word in shlex.split(step.words)]
        stdin = step.stdin.format(**self.names) if step.stdin is not None else None
        self.watch.paused = any(self.sentinel.found_in(word) for word in words)  # the user put it there himself
        ran = self.service.run(
            [console_script(), *words], stdin=stdin, cwd=self.project, timeout_s=120, env={"TMPDIR": f"{self.home}/tmp"}
        )
        for name, text in (("stdout", ran.stdout), ("stderr", ran.stderr)):
            form = self.sentinel.found_in(text)
            if form and not (step.shows_key and name == "stdout"):
                self.leaks.append(f"{name} of '{step.words}': {form}")
        if "a bug in ccswitch-tui" in ran.stderr:
            self.leaks.append(f"'{step.words}' crashed: {ran.stderr[-300:]}")
        return ran

    def ask_through_the_proxy(self, profile: str, body: dict[str, Any]) -> str:
        """One request as Claude Code makes it; what came back, headers included."""
        state = json.loads((self.home / ".local/state/ccswitch-tui/proxy.json").read_text())
        connection = http.client.HTTPConnection("127.0.0.1", state["port"], timeout=30)
        headers = {"Authorization": f"Bearer {state['token']}", "Content-Type": "application/json"}
        connection.request("POST", f"/p/{profile}/v1/messages", json.dumps(body), headers)
        answer = connection.getresponse()
        text = f"{answer.status} {answer.getheaders()} {answer.read().decode(errors='replace')}"
        connection.close()
        if form := self.sentinel.found_in(text):
            self.leaks.append(f"the proxy's answer for '{profile}': {form}")
        return text


MESSAGE = {"model": "demo-large", "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}]}


def test_every_command_is_in_the_table() -> None:
    words = {step.words.split()[0] for step in STEPS if step.words and not step.words.startswith("-")}
    assert set(COMMANDS) - NOT_OURS <= words


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_planted_key_is_nowhere_but_where_it_belongs(
    secret_service: SecretService, sentinel: Sentinel, home: Path, echo: str
) -> None:
    with DemoProvider(key=Secret(sentinel.key)) as provider, Watch(sentinel, home) as watch:
        world = World(secret_service, sentinel, home, echo, provider, watch)
        try:
            for step in STEPS:
                module = COMMANDS.get(step.words.partition(" ")[0], ("main",))[0]
                if importlib.util.find_spec(f"ccswitch_tui.cli.{module}") is None:
                    continue
                ran = world.run(step)
                if step.shows_key:
                    assert ran.stdout == sentinel.key + "\n", (step.words, ran.stderr)
                if step.words == "proxy start":
                    assert ran.returncode == 0, ran.stderr
                    assert "200" in world.ask_through_the_proxy("work", MESSAGE)
                    world.ask_through_the_proxy("work", {**MESSAGE, "stream": True})
                    world.ask_through_the_proxy("native", MESSAGE)
                    world.ask_through_the_proxy("two", MESSAGE)
                    world.ask_through_the_proxy("three", {**MESSAGE, "stream": True})
                    world.ask_through_the_proxy("echo", MESSAGE)
                    world.ask_through_the_proxy("echo", {**MESSAGE, "stream": True})
                    world.ask_through_the_proxy("nobody", MESSAGE)
            assert any(seen.authorized for seen in provider.requests), "the endpoint never got the key"
        finally:
            secret_service.run([console_script(), "proxy", "stop", "--now"])
    assert watch.seen, "no process was watched"
    files = sentinel.search_files(home, secret_service.runtime)
    assert {"streams": world.leaks, "processes": sorted(watch.leaks), "files": files} == {
        "streams": [],
        "processes": [],
        "files": [],
    }


CRASH = """
import sys
import ccswitch_tui.credentials.hosts as hosts
from ccswitch_tui.cli.main import main
from ccswitch_tui.workflows.context import Context

def crash(profile):
    key = Context().keys.resolve(profile.key)
    plain = key.reveal()
    raise RuntimeError("the header was 'Authorization: Bearer " + plain + "' " + repr({{"key": plain}}))

hosts.check_key_host = crash
sys.exit(main(["key", "work", "--upstream"]))
"""


def test_a_crash_with_the_key_at_hand_does_not_show_it(
    secret_service: SecretService, sentinel: Sentinel, home: Path, echo: str
) -> None:
    added = secret_service.run(
        [console_script(), "add", "work", "--url", echo, "--wire", "openai-chat", "--model", "m", "--key-stdin"],
        stdin=sentinel.key,
    )
    assert added.returncode == 0, added.stderr
    crashed = secret_service.run([sys.executable, "-c", CRASH.replace("{{", "{").replace("}}", "}")])
    assert crashed.returncode == 1
    assert "RuntimeError" in crashed.stderr
    assert sentinel.found_in(crashed.stdout + crashed.stderr) is None
    assert sentinel.search_files(home) == []


SCREENS = (
    "p",
    "Escape",
    "w",
    "Escape",
    "t",
    "Escape",
    "h",
    "Escape",
    "e",
    "Escape",
    "Enter",
    "x",
    "Escape",
    "?",
    "Escape",
)
"""Keys pressed one after another: probe, why, traffic, history, edit, use, proxy, help."""


def test_no_screen_of_the_app_shows_the_key(
    secret_service: SecretService, sentinel: Sentinel, home: Path, tmux: Tmux
) -> None:
    with DemoProvider(key=Secret(sentinel.key)) as provider, Watch(sentinel, home) as watch:
        curl = CURL.format(url=provider.base_url, key=sentinel.key)
        assert secret_service.run([console_script(), "add", "work", "--paste", "-"], stdin=curl).returncode == 0
        tmux.start([console_script()], env={**secret_service.env, "TMPDIR": str(home)}, width=110, height=32)
        screens = [tmux.wait_for("work")]
        for key in SCREENS:
            tmux.keys(key)
            time.sleep(0.5)  # an escape and a letter close together would be one key with alt
            screens.append(tmux.screen())
        secret_service.run([console_script(), "proxy", "stop", "--now"])
    assert [screen for screen in screens if sentinel.found_in(screen)] == []
    assert watch.leaks == set()
    assert sentinel.search_files(home, secret_service.runtime) == []
