"""The real program on a real terminal, driven through tmux: keys in, what a person would see out."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from kit.parts import SYSTEM_PATH, need_part


class Tmux:
    """One terminal of a given size with one program in it, on a tmux server of its own."""

    def __init__(self, program: Path, socket: Path) -> None:
        self._tmux = [str(program), "-S", str(socket), "-f", "/dev/null"]
        self._code = socket.with_name("exit-code")
        """The exit code; tmux itself sometimes forgets it."""

    def start(
        self,
        command: Sequence[str] | str,
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        width: int = 80,
        height: int = 24,
    ) -> Tmux:
        """Runs `command` in an environment of exactly `env` (and TERM). When it ends, the screen stays."""
        line = command if isinstance(command, str) else shlex.join(command)
        whole = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "TERM": "tmux-256color", **env}
        inside = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in whole.items()), "/bin/sh", "-c", line])
        self._code.unlink(missing_ok=True)
        self._do("new-session", "-d", "-x", str(width), "-y", str(height), *(("-c", str(cwd)) if cwd else ()), "cat")
        self._do("set-option", "-g", "remain-on-exit", "on")
        self._do("set-option", "-g", "status", "off")
        watched = f"{inside}; echo $? > {shlex.quote(str(self._code))}"
        self._do("respawn-pane", "-k", *(("-c", str(cwd)) if cwd else ()), watched)
        return self

    def keys(self, *names: str) -> None:
        """Presses keys by tmux's names: `Enter`, `Escape`, `C-c`, `Down`, `q` …"""
        self._do("send-keys", *names)

    def text(self, text: str) -> None:
        """Types text as it is."""
        self._do("send-keys", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Pastes text as a terminal with bracketed paste does."""
        subprocess.run([*self._tmux, "load-buffer", "-"], input=text.encode(), check=True, timeout=10)
        self._do("paste-buffer", "-p")

    def resize(self, width: int, height: int) -> None:
        self._do("resize-window", "-x", str(width), "-y", str(height))

    def screen(self, *, colours: bool = False) -> str:
        """What is on the screen now."""
        return self._do("capture-pane", "-p", *(("-e",) if colours else ()))

    def wait_for(self, text: str | Callable[[str], bool], seconds: float = 20.0) -> str:
        """The screen, as soon as it shows `text` (or satisfies it); fails the test with the screen otherwise."""
        satisfied = text if callable(text) else (lambda shown: text in shown)
        end = time.monotonic() + seconds
        while not satisfied(shown := self.screen()):
            if time.monotonic() > end:
                pytest.fail(f"waited {seconds:g} s for {text!r}; the screen shows\n{shown}")
            time.sleep(0.05)
        return shown

    def wait_until_ended(self, seconds: float = 20.0) -> int:
        """The program's exit code, when it has ended."""
        end = time.monotonic() + seconds
        while not (self._code.exists() and (code := self._code.read_text())):
            if time.monotonic() > end:
                pytest.fail(f"the program still runs; the screen shows\n{self.screen()}")
            time.sleep(0.05)
        return int(code)

    def kill(self) -> None:
        """Ends the terminal and what runs in it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=10)

    def _do(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, encoding="utf-8", timeout=10)
        assert done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout


@pytest.fixture
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    """A terminal to start one program in."""
    terminal = Tmux(need_part("tmux"), tmp_path_factory.mktemp("t") / "s")
    yield terminal
    terminal.kill()
