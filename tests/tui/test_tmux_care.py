"""The real program on a real terminal: a locked key file, doctor, an explained error, a proxy with a session on it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.demo.world import DemoContext, demo_context
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.context import Context
from kit.tmux import Tmux

pytestmark = pytest.mark.real

PROGRAM = [sys.executable, "-m", "ccswitch_tui"]
PASSPHRASE = "correct horse battery"


class Here(NamedTuple):
    """A home whose one profile has its key in a locked key file."""

    world: DemoContext
    mine: Context
    project: Path


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    with demo_context({"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}) as world:
        home = tmp_path / "me"
        project = home / "project"
        project.mkdir(parents=True)
        env = {
            "HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none",
        }  # fmt: skip
        mine = Context(env, cwd=str(project))
        os.makedirs(mine.paths.state_dir, mode=0o700)
        work = world.book().get("demo")._replace(name="work", key=SecretRef("keyring", "work"), note="")
        update_profiles(mine.paths, {"work": work})
        file = encrypted_file.create(mine.paths.encrypted_keys, mine.paths.state_dir, Secret(PASSPHRASE))
        file.set("work", world.provider.key)
        yield Here(world, mine, project)
        if os.path.exists(mine.paths.proxy_state) and mine.proxy.status().running:
            mine.proxy.stop(at_once=True)


def test_unlock_probe_and_a_stop_that_asks(tmux: Tmux, here: Here) -> None:
    sessions = Path(here.mine.paths.claude_dir) / "sessions"
    sessions.mkdir(parents=True)
    state = {"pid": os.getpid(), "cwd": str(here.project), "entrypoint": "cli"}
    (sessions / "1.json").write_text(json.dumps(state), encoding="utf-8")
    tmux.start(PROGRAM, env=here.mine.env, cwd=here.project)
    tmux.wait_for("keys locked: K")
    tmux.keys("p")
    tmux.wait_for("Unlock the keys")
    tmux.text("not the right one")
    tmux.keys("Enter")
    tmux.wait_for("wrong passphrase")
    tmux.text(PASSPHRASE)
    assert "horse" not in tmux.screen()
    tmux.keys("Enter")
    tmux.wait_for("works, translated by our proxy", 40)
    tmux.keys("Escape")
    tmux.wait_for(lambda shown: re.search(r"✓ translated \d+ s", shown) is not None)
    assert "keys locked" not in tmux.screen()
    tmux.keys("x")
    shown = tmux.wait_for("Stop the proxy?")
    assert "1 Claude Code session is running here" in shown
    assert "asked for the passphrase again" in shown
    tmux.keys("y")
    tmux.wait_for("the proxy was stopped")
    tmux.wait_for("keys locked: K")
    tmux.keys("x")
    tmux.wait_for("the proxy listens on")
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0


def test_doctor_and_explain(tmux: Tmux, here: Here) -> None:
    tmux.start(PROGRAM, env=here.mine.env, cwd=here.project, width=100, height=30)
    tmux.wait_for("work")
    tmux.keys("D")
    tmux.wait_for("checks, 1 profile")
    tmux.keys("G")
    tmux.wait_for("No endpoint was contacted")
    tmux.keys("Escape")
    tmux.wait_for(lambda shown: "not probed" in shown and "checks" not in shown)
    tmux.keys("X")
    tmux.wait_for("Paste an error message")
    tmux.paste("Authorization: Bearer sk-example-pasted-4711-0815\nAPI Error: 429 Too Many Requests")
    shown = tmux.wait_for("means")
    assert "pasted-4711" not in shown
    tmux.keys("Escape")
    tmux.wait_for("not probed")
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0
