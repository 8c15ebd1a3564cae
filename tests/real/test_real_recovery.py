"""The real Claude Code on a terminal, in the middle of work, while its proxy dies: the next answer comes at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccswitch_tui.proxy.background.loopback import GUARDIAN_LOCK, held_by
from kit.claude_screen import interactive_session
from kit.net import wait_until
from kit.stage import Stage
from kit.tmux import Tmux

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

NEXT_ANSWER_S = 10.0
"""The client's second or third retry. Refused, it tried for 184 s and then gave the work up (measured)."""


@pytest.fixture
def session(stage: Stage, claude_code: Path, tmux: Tmux) -> Iterator[Tmux]:
    """A user who works on the profile `work`, with one answer behind them."""
    with interactive_session(stage, claude_code, tmux, CLAUDE_CODE_MAX_RETRIES="10") as terminal:
        answered(terminal, "first")
        yield terminal


def answered(terminal: Tmux, word: str) -> float:
    """Seconds from the key press to the answer."""
    terminal.text(f"@@SAY {word} answer@@")
    time.sleep(0.3)
    began = time.monotonic()
    terminal.keys("Enter")
    terminal.wait_for(lambda screen: f"{word} answer" in screen.replace(f"@@SAY {word} answer@@", ""), 60)
    return time.monotonic() - began


def kill(stage: Stage) -> None:
    stage.kill_proxy()


def kill_guardian_then_proxy(stage: Stage) -> None:
    (lock,) = stage.home.rglob(GUARDIAN_LOCK)
    old = held_by(str(lock))
    assert old
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: held_by(str(lock)) not in (None, old), 10, "another guardian")
    stage.kill_proxy()


def kill_both(stage: Stage) -> None:
    """The memory ran out, or somebody ended every Python."""
    (lock,) = stage.home.rglob(GUARDIAN_LOCK)
    for pid in (held_by(str(lock)), stage.proxy_pid()):
        os.kill(pid or 0, signal.SIGKILL)


def stop(stage: Stage) -> None:
    stage.ccswitch("proxy", "stop")


def crash(stage: Stage) -> None:
    os.kill(stage.proxy_pid() or 0, signal.SIGSEGV)


@pytest.mark.parametrize("end", [kill, kill_guardian_then_proxy, kill_both, stop, crash], ids=lambda end: end.__name__)
def test_the_next_answer_comes_within_the_first_retries(
    stage: Stage, session: Tmux, end: Callable[[Stage], None], record_property: Callable[[str, object], None]
) -> None:
    before = stage.proxy_pid()
    end(stage)
    took = answered(session, "second")
    record_property("seconds", f"{took:.1f}")
    print(f"{end.__name__}: the next answer after {took:.1f} s")
    assert took < NEXT_ANSWER_S
    assert stage.proxy_pid() not in (None, before)


def test_stop_says_whom_it_touches_and_status_what_comes_then(stage: Stage, session: Tmux) -> None:
    stage.ccswitch("proxy", "stop")
    assert "a session's next request starts it" in stage.ccswitch("proxy", "status", code=1)
    stage.ccswitch("proxy", "start")
    stage.ccswitch("proxy", "stop", "--for-good")
    assert stage.json("proxy", "status", code=1)["asleep"] is False
