"""The same as first_paint.py in instructions, which no other program on the machine changes.

    python tools/first_paint_count.py [PROFILES]

Counts with valgrind's cachegrind, fifty times slower than life, what an empty
Textual app and ours execute until their first paint, and ours until it shows
one profile and all of them: at the first start over a profiles.toml, and at
later ones, which find in our folder what it said. Informational, like the other.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from first_paint import EMPTY, Terminal, scratch_home

PATIENCE_S = 600.0


def counted(profiles: int, text: bytes, *command: str, later_start: bool = False) -> int:
    """Instructions until `text` is painted."""
    with tempfile.TemporaryDirectory() as folder:
        env, log = scratch_home(folder, profiles), Path(folder) / "log"
        if later_start:
            before = Terminal(env)
            before.wait_for(text)
            before.close()
        counter = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", f"--log-file={log}")
        terminal = Counted(
            {**env, "PYTHONHASHSEED": "0"}, *counter, sys.executable, *(command or ("-m", "ccswitch_tui"))
        )
        terminal.wait_for(text, PATIENCE_S)
        terminal.end()
        found = re.search(r"I +refs: +([0-9,]+)", log.read_text())
    assert found, "cachegrind did not tell"
    return int(found[1].replace(",", ""))


class Counted(Terminal):
    """A program under valgrind, which tells what it counted when a signal ends it."""

    program = shutil.which("valgrind") or "valgrind"

    def end(self) -> None:
        os.kill(self.pid, signal.SIGALRM)
        with contextlib.suppress(OSError):  # Linux says so when the other side is closed
            while os.read(self.fd, 1 << 16):
                pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def main() -> None:
    profiles = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    empty = counted(1, b"nothing but this", "-c", EMPTY)
    print(f"{'empty Textual app':<34}{empty / 1e6:7.0f} M")

    def told(name: str, count: int) -> None:
        print(f"{name:<34}{count / 1e6:7.0f} M {count / empty:6.2f} x empty app", flush=True)

    told("first paint", counted(1, b" help"))
    told("one profile shown", counted(1, b"p0000", later_start=True))
    told(f"{profiles} profiles shown", counted(profiles, b"p0003", later_start=True))
    told("  at the first start", counted(profiles, b"p0003"))


if __name__ == "__main__":
    main()
