"""The real Claude Code, isolated: its own home, an empty environment, loopback only, a time limit.

Nothing of what it sends is kept beyond the test: its prompts are its vendor's.
The recipe was measured with 2.1.330 (single prompt 0.5 s, Write-then-Bash 0.6 s).
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from kit.parts import SYSTEM_PATH, need_part

DEAD_PROXY = "http://127.0.0.1:9"
"""Whatever would leave this machine over https is refused at once; loopback is exempt."""

TIME_LIMIT_S = 60.0


class ClaudeRun:
    """One `claude -p` that has ended."""

    def __init__(self, command: list[str], code: int, stdout: str, stderr: str, took_s: float) -> None:
        self.command = command
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.took_s = took_s

    @cached_property
    def answer(self) -> dict[str, Any]:
        """The result object of `--output-format json` (or the last line of stream-json)."""
        for line in reversed(self.stdout.strip().splitlines()):
            try:
                parsed = json.loads(line)
            except ValueError:
                continue
            found = parsed[-1] if isinstance(parsed, list) and parsed else parsed
            if isinstance(found, dict) and found.get("type") == "result":
                return found
        pytest.fail(f"no result from claude, exit code {self.code}\n{self.stdout[-2000:]}\n{self.stderr[-2000:]}")

    @property
    def events(self) -> list[dict[str, Any]]:
        """All objects of `--output-format stream-json`."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    @property
    def text(self) -> str:
        """What the user reads."""
        return str(self.answer.get("result", ""))

    @property
    def session_id(self) -> str:
        return str(self.answer["session_id"])

    def succeeded(self) -> bool:
        """A finished run without error or refused permission."""
        return (
            self.code == 0
            and self.answer["is_error"] is False
            and self.answer.get("terminal_reason") == "completed"
            and self.answer["permission_denials"] == []
        )

    def __repr__(self) -> str:
        return f"ClaudeRun(code={self.code}, took_s={self.took_s:.2f}, stdout={self.stdout!r}, stderr={self.stderr!r})"


def claude_env(home: Path, **more: str) -> dict[str, str]:
    """The whole environment of an isolated run: nothing of this machine's is in it."""
    tmp = home.parent / "claude-tmp"
    tmp.mkdir(exist_ok=True)
    return {
        "PATH": SYSTEM_PATH,
        "HOME": str(home),
        "TMPDIR": str(tmp),
        "CLAUDE_CODE_TMPDIR": str(tmp),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "HTTPS_PROXY": DEAD_PROXY,
        "NO_PROXY": "127.0.0.1,localhost",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        **more,
    }


RunClaude = Callable[..., ClaudeRun]


@pytest.fixture(scope="session")
def claude_code() -> Path:
    """The path of the real Claude Code."""
    return need_part("claude")


@pytest.fixture(scope="session")
def run_claude(claude_code: Path) -> RunClaude:
    """`run_claude(home, project, prompt, *options, env={}, model=…)`: one isolated `claude -p`, ended and parsed.

    What it connects to is decided by the settings in `home`, or by `env`.
    `launcher` goes before the binary (`[ccswitch-tui, run, work, --]`).
    """

    def run(
        home: Path,
        project: Path,
        prompt: str,
        *options: str,
        env: Mapping[str, str] = {},
        model: str | None = "claude-sonnet-4-5",
        launcher: tuple[str, ...] = (),
        output_format: str = "json",
        permission_mode: str = "acceptEdits",
        timeout_s: float = TIME_LIMIT_S,
    ) -> ClaudeRun:
        project.mkdir(parents=True, exist_ok=True)
        command = [*launcher, str(claude_code), "-p", prompt, "--output-format", output_format]
        if output_format == "stream-json":
            command.append("--verbose")
        if model:
            command += ["--model", model]
        command += ["--permission-mode", permission_mode, "--setting-sources", "user"]
        if "--mcp-config" not in options:
            command.append("--strict-mcp-config")
        command += options
        began = time.perf_counter()
        try:
            done = subprocess.run(
                command,
                cwd=project,
                env=claude_env(home, **env),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired as late:
            pytest.fail(f"claude did not end within {timeout_s:.0f} s\n{late.stdout!r}\n{late.stderr!r}")
        return ClaudeRun(command, done.returncode, done.stdout, done.stderr, time.perf_counter() - began)

    return run
