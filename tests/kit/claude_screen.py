"""The real Claude Code on a terminal, past its first-run questions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.claude import claude_env
from kit.stage import KEY_VARIABLE, Stage
from kit.tmux import Tmux


def past_first_run(stage: Stage, *, trusted: bool = True) -> None:
    """Writes what Claude Code notes of a user who has answered its first questions, but perhaps not the folder's."""
    state = {
        "hasCompletedOnboarding": True,
        "hasSeenAutoDefaultNotice": True,
        "hasSeenAutoDefaultNudge": True,
        "projects": {str(stage.project): {"hasTrustDialogAccepted": True}} if trusted else {},
    }
    (stage.home / ".claude.json").write_text(json.dumps(state))


@contextmanager
def interactive_session(stage: Stage, claude_code: Path, tmux: Tmux, **more: str) -> Iterator[Tmux]:
    """A user's session on the profile `work`, ready for input; `more` is added to its environment."""
    stage.add(haiku="demo-small")
    stage.ccswitch("use", "work")
    past_first_run(stage)
    env = claude_env(stage.home, **{KEY_VARIABLE: stage.env[KEY_VARIABLE], **more})
    tmux.start([str(claude_code), "--permission-mode", "acceptEdits"], env=env, cwd=stage.project, width=110, height=32)
    tmux.wait_for(lambda screen: "for shortcuts" in screen or "accept edits" in screen, 40)
    yield tmux
    tmux.keys("C-c")
    tmux.keys("C-c")
