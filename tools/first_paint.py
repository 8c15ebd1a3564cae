"""How long the app takes to its first paint, and a key to its paint, beside an empty Textual app.

    python tools/first_paint.py [PROFILES [ROUNDS]]

Runs the real program in a pseudo-terminal over a scratch home with that many
profiles (1,000 unless told). Each round starts an empty Textual app, ours with
one profile, and ours with all of them, one after the other: on a busy machine
only what was measured side by side can be compared, so the figures to read are
the medians of each round's own ratios. Informational: nothing fails by it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import resource
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROUNDS = 5
KEYS = 30

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("nothing but this")
    def key_q(self):
        self.exit()
Empty().run()
"""
"""The least that Textual can show."""


def bare_python() -> tuple[float, float]:
    """Wall and processor seconds of an interpreter that does nothing; the best of a few."""
    walls, cpus = [], []
    for _ in range(ROUNDS * 2):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        walls.append(time.perf_counter() - start)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(walls), min(cpus)


def cpu_s(pid: int) -> float:
    """Processor seconds all threads of a process have had (Linux; 0 elsewhere)."""
    total = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int(stat.read_text().split()[0])
    return total / 1e9


def scratch_home(folder: str, profiles: int) -> dict[str, str]:
    """A home with that many profiles, and the environment that leads there."""
    config = Path(folder) / "ccswitch"
    (config / "state").mkdir(parents=True)
    tables = [
        f'[profiles.p{n:04}]\nkey = "env:KEY"\n[profiles.p{n:04}.endpoint]\nbase_url = "https://h{n}.example/v1"\n'
        f'wire = "openai-chat"\n[profiles.p{n:04}.models]\ndefault = "m-{n}"\n'
        for n in range(profiles)
    ]
    (config / "profiles.toml").write_text("version = 1\n" + "".join(tables))
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": folder, "CCSWITCH_HOME": str(config), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


class Terminal:
    """The program in a pseudo-terminal of 100 columns and 30 rows."""

    program = sys.executable

    def __init__(self, env: dict[str, str], *command: str) -> None:
        command = command or ("-m", "ccswitch_tui")
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(env["HOME"])
            os.execve(self.program, [self.program, *command], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.seen = b""

    def wait_for(self, text: bytes, patience_s: float = 20.0) -> float:
        """Seconds since now (or since the start, for the first one) until `text` was painted."""
        deadline = time.perf_counter() + patience_s
        while text not in self.seen:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{text!r} was not painted: {self.seen[-400:]!r}")
            if select.select([self.fd], [], [], 0.1)[0]:
                self.seen += os.read(self.fd, 1 << 16)
        return time.perf_counter()

    def press(self, key: bytes) -> float:
        """Seconds from a key press to the next paint."""
        while select.select([self.fd], [], [], 0.12)[0]:
            os.read(self.fd, 1 << 16)
        start = time.perf_counter()
        os.write(self.fd, key)
        if not select.select([self.fd], [], [], 2.0)[0]:
            raise TimeoutError("no paint after a key")
        took = time.perf_counter() - start
        os.read(self.fd, 1 << 16)
        return took

    def close(self) -> None:
        os.write(self.fd, b"q")
        deadline = time.perf_counter() + 5
        while time.perf_counter() < deadline:
            try:
                if select.select([self.fd], [], [], 0.1)[0]:
                    os.read(self.fd, 1 << 16)
            except OSError:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Round(NamedTuple):
    """Seconds, all measured within a few seconds of each other."""

    empty: float
    paint: float
    """Ours, with one profile."""
    filled: float
    """Ours, with all profiles on the screen."""
    cpu_empty: float
    cpu_paint: float
    keys: list[float]


def one_round(profiles: int) -> Round:
    """The three programs, one after the other."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as full:
        env, many = scratch_home(folder, 1), scratch_home(full, profiles)
        terminal = Terminal(env, "-c", EMPTY)
        empty = terminal.wait_for(b"nothing but this") - terminal.started
        cpu_empty = cpu_s(terminal.pid)
        terminal.close()
        terminal = Terminal(env)
        paint = terminal.wait_for(b" help") - terminal.started
        cpu_paint = cpu_s(terminal.pid)
        terminal.close()
        terminal = Terminal(many)
        filled = terminal.wait_for(b"p0003") - terminal.started
        keys = [terminal.press(key) for key in [b"j", b"k"] * (KEYS // 2)]
        terminal.close()
    return Round(empty, paint, filled, cpu_empty, cpu_paint, keys)


def main() -> None:
    profiles = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    bare_wall, bare_cpu = bare_python()
    one_round(profiles)  # compiles, and warms the disk's cache
    seen = [one_round(profiles) for _ in range(rounds)]

    def told(name: str, figure: Callable[[Round], float], beside: Callable[[Round], float]) -> None:
        ratios = sorted(figure(r) / beside(r) for r in seen)
        least = min(figure(r) for r in seen) * 1000
        print(
            f"{name:<28}{least:7.1f} ms least {statistics.median(ratios):6.2f} x empty app (median of {len(ratios)}, "
            f"{ratios[0]:.2f}–{ratios[-1]:.2f}) {least / bare_wall / 1000:6.1f} x pass"
        )

    print(f"python -c pass              {bare_wall * 1000:7.1f} ms, {bare_cpu * 1000:.1f} ms of processor")
    told("empty Textual app", lambda r: r.empty, lambda r: r.empty)
    told("first paint", lambda r: r.paint, lambda r: r.empty)
    told("  processor until then", lambda r: r.cpu_paint, lambda r: r.cpu_empty)
    told(f"{profiles} profiles shown", lambda r: r.filled, lambda r: r.empty)
    keys = [took for r in seen for took in r.keys]
    slowest = statistics.quantiles(keys, n=20)[18]
    print(f"key to paint                {statistics.median(keys) * 1000:7.1f} ms median, {slowest * 1000:.1f} ms p95")


if __name__ == "__main__":
    main()
