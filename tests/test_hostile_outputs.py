"""A hostile repository, endpoint, import and client, and every output there is: nothing steers, nothing is forged."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import select
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.cli.main import COMMANDS
from test_printable import HOSTILE, STEERS, without_our_styles

FORGED = re.compile(r"^\W*FAKE LINE", re.MULTILINE)

STEPS = [
    "list", "list --json", "show work", "show work --json", "current", "current --json", "why", "why --all",
    "why --all --json", "use work --scope project --dry-run", "use work --scope project --dry-run --json",
    "use work --scope local", "history", "history --json", "undo", "undo --json", "use work", "use work --json",
    "restore", "use work", "env work", "env work --shell fish", "probe work --quick", "probe work", "probe work -v",
    "probe work --json", "probe work --markdown", "doctor", "doctor work", "doctor --json", "import --list",
    "import --list --json", "import {home}/providers.json --dry-run", "import {home}/providers.json --dry-run --json",
    "import {home}/config.yaml --dry-run", "import {home}/providers.json", "adopt --list", "adopt --json",
    "explain {words}", "explain --json {words}", "proxy start", "client", "proxy status", "proxy status --json",
    "proxy logs", "proxy logs --json", "proxy logs --exchange 1", "proxy logs --exchange 1 --json", "proxy usage",
    "proxy usage --json", "proxy usage --by model", "edit work --set note={words}", "status", "status --json",
    "edit work --set models.default={words}",
    "show work", "list", "copy work {words}", "rename work {words}", "remove {words}", "show {words}", "key {words}",
    "presets {words}", "export work --to litellm", "export work --to aider", "run work -- sh -c true",
    "unlock --status", "env work --shell powershell",
    "search", "search --json", "completions bash", "{words}", "use {words}", "why {words}", "proxy stop",
]  # fmt: skip

ELSEWHERE = {"add", "demo", "lock"}
"""`add` is probed as `probe` is; `demo` plays its own story; `lock` says one sentence."""


class Hostile(BaseHTTPRequestHandler):
    """An endpoint that puts the words everywhere it can."""

    def _answer(self) -> None:
        asks = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if self.command == "POST" else b"{}"
        status = 200 if self.path.endswith("/models") or b"harmless" in asks else 400
        body: Any = {"error": {"message": HOSTILE, "type": HOSTILE, "code": HOSTILE, "param": HOSTILE}}
        if status == 200:
            body = {"object": HOSTILE, "data": [{"id": HOSTILE, "owned_by": HOSTILE}, {"id": "m"}]}
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status, "odd")
        self.send_header("Content-Type", "application/json")
        self.send_header("Server", "odd\x1b]0;PWN\x07")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture
def machine(home: Path, endpoint: str) -> dict[str, str]:
    """A home with one profile, another switcher's files, and a cloned repository as the current folder."""
    repository = home / "repository"
    (repository / ".claude").mkdir(parents=True)
    (repository / ".git").mkdir()
    names = ("ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "HTTPS_PROXY")
    tree = {"env": dict.fromkeys(names, HOSTILE), "model": HOSTILE, "apiKeyHelper": f"true {HOSTILE}"}
    for name in ("settings.json", "settings.local.json"):
        (repository / ".claude" / name).write_text(json.dumps(tree), encoding="utf-8")
    (repository / ".env").write_text(
        f"OPENAI_BASE_URL=https://a.example/{HOSTILE}\nOPENAI_API_KEY=sk-example-1234567890ab\n"
    )
    row = {"name": HOSTILE, "settingsConfig": tree, "notes": HOSTILE, "id": HOSTILE, "websiteUrl": HOSTILE}
    good = {"name": f"good {HOSTILE}", "settingsConfig": {"env": {"ANTHROPIC_BASE_URL": "https://b.example",
            "ANTHROPIC_AUTH_TOKEN": "sk-example-other-1234567890", "ANTHROPIC_MODEL": HOSTILE}}}  # fmt: skip
    (home / "providers.json").write_text(
        json.dumps({"version": 2, "claude": {"providers": {"a": row, "b": good}, "current": "a"}})
    )
    quoted = json.dumps(HOSTILE)
    (home / "config.yaml").write_text(
        f"model_list:\n  - model_name: {quoted}\n    litellm_params:\n      model: {quoted}\n      api_base: https://c.example/v1\n"
    )
    (home / "ours").mkdir()
    (home / "ours" / "profiles.toml").write_text(
        'version = 1\n[profiles.work]\nkey = "env:WORK_KEY"\nkey_host = "127.0.0.1"\nroute = "proxy"\n'
        f'note = {json.dumps(HOSTILE)}\n[profiles.work.endpoint]\nbase_url = "{endpoint}"\nwire = "openai-chat"\n'
        f"[profiles.work.models]\ndefault = {json.dumps(HOSTILE)}\n"
    )
    return {
        "HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
        "WORK_KEY": "sk-example-hostile-0123456789", "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "OPENAI_BASE_URL": HOSTILE, "NO_PROXY": "127.0.0.1",
    }  # fmt: skip


def run(machine: dict[str, str], words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ccswitch_tui", *words], env={**machine, **more}, cwd=f"{machine['HOME']}/repository",
        capture_output=True, stdin=subprocess.DEVNULL, encoding="utf-8", errors="replace", timeout=60,
    )  # fmt: skip


def ask_as_a_client(machine: dict[str, str]) -> str:
    state = json.loads(Path(machine["CCSWITCH_HOME"], "state", "proxy.json").read_text())
    connection = http.client.HTTPConnection("127.0.0.1", state["port"], timeout=20)
    body = {"model": HOSTILE, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"x-api-key": state["token"], "User-Agent": "odd \x9b31m", "X-Claude-Code-Session-Id": "s\x9b"}
    with contextlib.closing(connection):
        connection.request("POST", "/p/work/v1/messages", json.dumps(body), headers)
        return str(json.loads(connection.getresponse().read())["error"]["message"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("colour", ["", "1"])
def test_no_command_prints_what_steers_or_forges(machine: dict[str, str], colour: str) -> None:
    filled = {"home": machine["HOME"], "words": HOSTILE}
    try:
        for step in STEPS:
            if step == "client":
                said = [ask_as_a_client(machine)]
                time.sleep(0.6)  # its line of the log follows a quarter of a second later
            else:
                ran = run(machine, [word.format(**filled) for word in shlex.split(step)], FORCE_COLOR=colour)
                said = [ran.stdout, ran.stderr]
                assert "a mistake in ccswitch-tui itself" not in ran.stderr, step
            for text in said:
                found = STEERS.search(without_our_styles(text).replace("\n", ""))
                assert found is None, (step, text[max(0, found.start() - 80) : found.end() + 40])
                assert step == "client" or not FORGED.search(text), (step, text)  # its JSON string may have lines
        log = Path(machine["CCSWITCH_HOME"], "state", "proxy.log").read_text(encoding="utf-8", errors="surrogateescape")
        assert "FAKE LINE" in log and not STEERS.search(log.replace("\n", "")) and not FORGED.search(log)
    finally:
        run(machine, ["proxy", "stop", "--now"])


def test_every_command_is_walked() -> None:
    assert set(COMMANDS) - ELSEWHERE <= {step.split()[0] for step in STEPS}


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
@pytest.mark.timeout(120)
def test_the_app_writes_nothing_of_a_repository_into_the_terminal_but_text(machine: dict[str, str]) -> None:
    import pty

    leader, follower = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "ccswitch_tui"], env={**machine, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"},
        cwd=f"{machine['HOME']}/repository", stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    seen = b""

    def read(seconds: float) -> None:
        nonlocal seen
        until = time.monotonic() + seconds
        while time.monotonic() < until and select.select([leader], [], [], max(0, until - time.monotonic()))[0]:
            with contextlib.suppress(OSError):
                seen += os.read(leader, 65536)

    try:
        deadline = time.monotonic() + 30
        while b"work" not in seen and time.monotonic() < deadline:
            read(0.5)
        for key in (
            "w",
            "\r",
            "\x1b",
            "d",
            "\x1b",
            "h",
            "\x1b",
            "u",
            "\x1b",
            "p",
            "\r",
            "\x1b",
            "\x1b",
            "e",
            "\x1b",
            "t",
            "\x1b",
        ):
            os.write(leader, key.encode())
            read(0.7)
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    text = seen.decode("utf-8", "replace")
    assert "work" in text and "FAKE LINE" in text
    assert set(re.findall("\x1b\\]([0-9]*)", text)) <= {"22"}, "Textual's own, for the shape of the pointer"
    assert not re.search("[\x80-\x9f\u202e\u200b]", text)
