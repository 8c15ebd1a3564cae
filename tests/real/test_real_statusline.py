"""Claude Code's status line in the real client: our part follows the answers, the user's own stays beside it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kit.claude import claude_env
from kit.claude_screen import past_first_run
from kit.stage import KEY_VARIABLE, Stage
from kit.tmux import Tmux

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def test_the_line_tells_profile_model_and_speed_and_theirs_stands_above(
    stage: Stage, claude_code: Path, tmux: Tmux
) -> None:
    settings = stage.home / ".claude" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('{"statusLine": {"type": "command", "command": "echo of the user"}}')
    before = settings.read_bytes()
    stage.add(haiku="demo-small")
    stated = [f"prices.demo-large.{kind}={price}" for kind, price in (("input", 3), ("output", 15), ("cache_read", 1))]
    budget = ["budget.day=1 tokens"]
    stage.ccswitch("edit", "work", *(word for each in stated + budget for word in ("--set", each)))
    stage.ccswitch("use", "work", "--statusline")
    past_first_run(stage)
    env = claude_env(stage.home, **{KEY_VARIABLE: stage.env[KEY_VARIABLE]})
    tmux.start([str(claude_code), "--permission-mode", "acceptEdits"], env=env, cwd=stage.project, width=120, height=32)
    tmux.wait_for(lambda screen: "of the user" in screen and "● work" in screen, 60)
    tmux.text("say hello")
    time.sleep(0.3)
    tmux.keys("Enter")
    tmux.wait_for(lambda screen: "● work · demo-large" in screen and "· first " in screen and " USD" in screen, 60)
    tmux.text("say it again")
    time.sleep(0.3)
    tmux.keys("Enter")
    tmux.wait_for(lambda screen: "of 1 tokens today" in screen, 60)  # the budget that the first answer used up
    tmux.keys("C-c")
    tmux.keys("C-c")
    stage.ccswitch("undo")
    assert settings.read_bytes() == before
