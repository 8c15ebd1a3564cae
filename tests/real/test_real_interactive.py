"""The real Claude Code on a terminal: Esc reaches the endpoint, `use` moves a running session and no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.claude_screen import interactive_session
from kit.net import wait_until
from kit.stage import KEY_VARIABLE, Stage
from kit.tmux import Tmux

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

ESC_S = 2.0
"""Key press to closed connection, with tmux and the terminal interface in between. The proxy's own part of it is
measured by the bench (under 5 ms)."""


@pytest.fixture
def session(stage: Stage, claude_code: Path, tmux: Tmux) -> Iterator[Tmux]:
    """An interactive session of a user who has been through the first start, on the profile `work`."""
    with interactive_session(stage, claude_code, tmux) as terminal:
        yield terminal


def say(terminal: Tmux, prompt: str) -> None:
    terminal.text(prompt)
    time.sleep(0.3)
    terminal.keys("Enter")


def test_esc_closes_the_endpoints_connection_while_it_is_silent(stage: Stage, session: Tmux) -> None:
    from proxy_real_endpoint import SilentEndpoint

    with SilentEndpoint() as silent:
        stage.ccswitch("add", "silent", "--url", silent.base_url, "--model", "mute", "--wire", "openai-chat", "--key",
                       f"env:{KEY_VARIABLE}", "--no-probe")  # fmt: skip
        stage.ccswitch("use", "silent")
        time.sleep(3)  # Claude Code notices a changed settings file within 2.5 s
        say(session, "write a long story")
        wait_until(silent.streaming.is_set, 30, "the request")
        time.sleep(0.5)
        pressed = time.monotonic()
        session.keys("Escape")
        wait_until(lambda: silent.closed_at, ESC_S + 5, "the endpoint to see the end")
        assert silent.closed_at is not None
        assert silent.closed_at - pressed < ESC_S
        session.wait_for("Interrupted", 10)


def test_use_moves_a_running_session_and_leaves_another_where_it_is(stage: Stage, session: Tmux) -> None:
    say(session, "@@SAY first answer@@")
    session.wait_for(lambda screen: "first answer" in screen.replace("@@SAY first answer@@", ""), 40)
    assert stage.provider.requests[-1].body["model"] == "demo-large"
    stage.ccswitch("add", "other", "--url", stage.provider.base_url, "--model", "demo-vision", "--wire", "openai-chat",
                   "--key", f"env:{KEY_VARIABLE}", "--no-probe")  # fmt: skip
    stage.ccswitch("use", "other")
    time.sleep(3)
    beside: list[bool] = []
    thread = threading.Thread(
        target=lambda: beside.append("beside" in stage.ccswitch("run", "work", "--", "sh", "-c", "echo beside"))
    )
    thread.start()
    say(session, "@@SAY second answer@@")
    session.wait_for(lambda screen: "second answer" in screen.replace("@@SAY second answer@@", ""), 40)
    thread.join(20)
    assert stage.provider.requests[-1].body["model"] == "demo-vision"
    assert beside == [True]
