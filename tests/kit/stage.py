"""A user's whole set-up, for real: a scratch home, the installed program, a provider, the real Claude Code on top.

Nothing is faked between them: `use` writes the settings, Claude Code calls the
helper in them, the helper starts the background proxy, the proxy asks the
provider. The provider is the demo's, which runs in the test's own process and
can be told to misbehave.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.demo.provider import DemoProvider
from kit.claude import ClaudeRun, RunClaude, claude_env
from kit.here import run_here
from kit.net import wait_until
from kit.parts import SYSTEM_PATH, console_script, need_part

KEY_VARIABLE = "STAGE_KEY"


class Session:
    """A Claude Code that stays and is asked one thing after the other."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ask(self, prompt: str) -> str:
        """The text of the answer to one prompt."""
        assert self._process.stdin is not None and self._process.stdout is not None
        message = {"type": "user", "message": {"role": "user", "content": prompt}}
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            event = json.loads(line) if line.startswith(b"{") else {}
            if event.get("type") == "result":
                return str(event.get("result", ""))
        pytest.fail("the session ended without an answer")


class Stage:
    """One user's machine."""

    def __init__(self, root: Path, provider: DemoProvider, run_claude: RunClaude) -> None:
        self.home = root / "home"
        self.project = root / "project"
        self.provider = provider
        self.script = console_script()
        self._run_claude = run_claude
        self.env = {
            "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            KEY_VARIABLE: provider.key.reveal(),
        }
        """What our program is started with."""
        self.home.mkdir(parents=True)
        self.project.mkdir()

    def ccswitch(self, *words: str, stdin: str | None = None, code: int | None = 0) -> str:
        """Runs our program as the user would; returns stdout. Fails on another exit code than `code`, if it is one."""
        done = subprocess.run(
            [self.script, *words],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            env=self.env,
            cwd=self.project,
            timeout=60,
        )
        assert code is None or done.returncode == code, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: str, code: int | None = 0) -> Any:
        """The JSON a command prints."""
        return json.loads(self.ccswitch(*words, "--json", code=code))

    def add(self, name: str = "work", *, fault: str = "", model: str = "demo-large", **tiers: str) -> None:
        """A profile on the provider, its key by reference to a variable."""
        base_url = self.provider.base_url_with(fault) if fault else self.provider.base_url
        options = [word for tier, wanted in tiers.items() for word in ("--tier", f"{tier}={wanted}")]
        words = ["add", name, "--url", base_url, "--model", model, "--wire", "openai-chat", "--no-probe", *options]
        done = run_here([*words, "--key", f"env:{KEY_VARIABLE}"], self.env, self.project)
        assert done.returncode == 0, done.stderr

    def claude(self, prompt: str, *options: str, env: Mapping[str, str] = {}, **more: Any) -> ClaudeRun:
        """The real Claude Code in this home and project; what it connects to is in the settings."""
        key = {KEY_VARIABLE: self.env[KEY_VARIABLE]} if KEY_VARIABLE in self.env else {}
        return self._run_claude(self.home, self.project, prompt, *options, env={**key, **env}, **more)

    @contextlib.contextmanager
    def session(self, *, model: str = "claude-sonnet-4-5") -> Iterator[Session]:
        """One process of the real Claude Code that answers several prompts."""
        command = [need_part("claude"), "-p", "--input-format", "stream-json", "--output-format", "stream-json",
                   "--verbose", "--model", model, "--setting-sources", "user", "--strict-mcp-config"]  # fmt: skip
        with subprocess.Popen(
            command, cwd=self.project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=claude_env(self.home, CLAUDE_CODE_MAX_RETRIES="3", **{KEY_VARIABLE: self.env[KEY_VARIABLE]}),
        ) as process:  # fmt: skip
            try:
                yield Session(process)
            finally:
                process.kill()

    @property
    def settings(self) -> Path:
        return self.home / ".claude" / "settings.json"

    def proxy_pid(self) -> int | None:
        """The pid of the background proxy, if it runs."""
        status = self.json("proxy", "status", code=None) if self._has_state() else {}
        return status.get("pid") if status.get("running") else None

    def kill_proxy(self) -> int:
        """`kill -9` of the background proxy; returns the pid it had."""
        pid = self.proxy_pid()
        assert pid, "no background proxy runs"
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _alive(pid), 5, "the proxy to be gone")
        return pid

    def close(self) -> None:
        """Ends the background proxy, if there is one."""
        if self._has_state():
            with contextlib.suppress(AssertionError):
                self.ccswitch("proxy", "stop")

    def _has_state(self) -> bool:
        # walked so, because a client that is still ending takes folders away meanwhile
        return any("proxy.json" in files for _, _, files in os.walk(self.home))


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def new_stage(run_claude: RunClaude, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Makes stages, each with a home and a provider of its own."""
    with contextlib.ExitStack() as ending:

        def make(**provider_options: Any) -> Stage:
            provider = ending.enter_context(DemoProvider(**provider_options))
            stage = Stage(tmp_path / f"stage{provider.origin.rpartition(':')[2]}", provider, run_claude)
            ending.callback(stage.close)
            return stage

        yield make


@pytest.fixture
def stage(new_stage: Callable[..., Stage]) -> Stage:
    """A stage with nothing on it yet."""
    return new_stage()
