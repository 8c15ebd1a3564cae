"""The real program on a real terminal: demo, wizard, switch, diagnosis, undo, picker, dumb and tiny terminals."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui.demo.world import DemoContext, demo_context
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from kit.tmux import Tmux

pytestmark = pytest.mark.real

PROGRAM = [sys.executable, "-m", "ccswitch_tui"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[DemoContext, dict[str, str], Path]]:
    """The demo's provider as a stranger's endpoint, and a home with one profile that works and one that does not."""
    with demo_context({"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}) as world:
        home = tmp_path / "me"
        project = home / "project"
        project.mkdir(parents=True)
        env = {
            "HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "WORK_KEY": world.provider.key.reveal(), "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none",
        }  # fmt: skip
        from ccswitch_tui.workflows.context import Context

        mine = Context(env, cwd=str(project))
        work = world.book().get("demo")._replace(name="work", key=SecretRef("env", "WORK_KEY"))
        broken = Profile("broken", Endpoint(world.provider.base_url_with("html"), "openai-chat"), work.key)
        update_profiles(mine.paths, {"work": work, "broken": broken._replace(models=work.models)})
        yield world, env, project
        if mine.proxy.status().running:
            mine.proxy.stop()


def test_switch_diagnose_and_undo(tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]) -> None:
    _, env, project = place
    settings = Path(env["CLAUDE_CONFIG_DIR"]) / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{\n    "theme": "dark"\n}\n', encoding="utf-8")
    before = settings.read_bytes()
    tmux.start(PROGRAM, env=env, cwd=project)
    tmux.wait_for("broken")
    tmux.keys("Enter")
    tmux.wait_for("now uses 'work'")
    assert "/p/work" in json.loads(settings.read_bytes())["env"]["ANTHROPIC_BASE_URL"]
    tmux.keys("j", "p")
    tmux.wait_for("a web page answers, not an API")
    tmux.keys("Escape")
    tmux.wait_for(lambda shown: re.search(r"✗ broken \d+ s", shown) is not None)
    tmux.keys("u")
    tmux.wait_for("undone, byte for byte")
    assert settings.read_bytes() == before
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0


def test_the_wizard_from_a_paste_to_ready(tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]) -> None:
    """The key stays in the environment: a machine of tests has no keyring."""
    world, env, project = place
    secret = world.provider.key.reveal()
    tmux.start(PROGRAM, env=env, cwd=project, width=100, height=30)
    tmux.wait_for("work")
    tmux.keys("a")
    tmux.wait_for("Paste what works")
    tmux.paste(world.curl.replace(secret, "$WORK_KEY"))
    tmux.wait_for("env:WORK_KEY")
    tmux.keys("Enter")
    tmux.wait_for("stays there")
    tmux.keys("Enter")
    tmux.wait_for("works, translated by our proxy")
    for text in ("Which model answers", "How does Claude Code reach it?", "[profiles.local]", "is saved"):
        tmux.keys("Enter")
        tmux.wait_for(text)
    tmux.wait_for("ANTHROPIC_BASE_URL")
    tmux.keys("Enter")
    shown = tmux.wait_for("Ready: run claude", 40)
    assert "answered through what was written" in shown
    assert secret not in shown
    tmux.keys("Enter")
    tmux.wait_for("● local")
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0


def test_the_demo_opens_the_app_and_leaves_nothing(tmux: Tmux, tmp_path: Path) -> None:
    home = tmp_path / "me"
    home.mkdir()
    tmux.start([*PROGRAM, "demo"], env={"HOME": str(home), "TMPDIR": str(tmp_path)}, cwd=home)
    tmux.wait_for("behind-login", 40)
    tmux.keys("p")
    tmux.wait_for("works, translated by our proxy", 40)
    tmux.keys("Escape")
    tmux.wait_for("not probed")
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0
    assert not list(home.rglob("*"))
    assert not list(tmp_path.glob("ccswitch-demo-*"))


def test_the_editor_has_the_terminal_and_gives_it_back(
    tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path], tmp_path: Path
) -> None:
    _, env, project = place
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho EDITING; sed -i \'1i note = "by hand"\' "$1"; sleep 0.5\n', encoding="utf-8")
    editor.chmod(0o755)
    tmux.start(PROGRAM, env={**env, "EDITOR": str(editor)}, cwd=project)
    tmux.wait_for("broken")
    tmux.keys("j", "e")
    tmux.wait_for("nothing is changed")
    tmux.keys("C-o")
    tmux.wait_for("EDITING")
    tmux.wait_for("saved 'broken'")
    tmux.wait_for("by hand")
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0


def test_a_bare_use_picks_in_a_few_lines(tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]) -> None:
    _, env, project = place
    tmux.start([*PROGRAM, "use"], env=env, cwd=project)
    tmux.wait_for("use which profile?")
    tmux.text("wor")
    tmux.wait_for(lambda shown: "broken" not in shown and "work" in shown)
    tmux.keys("Enter")
    assert tmux.wait_until_ended() == 0
    assert "/p/work" in (Path(env["CLAUDE_CONFIG_DIR"]) / "settings.json").read_text(encoding="utf-8")


def test_leaving_the_picker_changes_nothing(tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]) -> None:
    _, env, project = place
    tmux.start([*PROGRAM, "use"], env=env, cwd=project)
    tmux.wait_for("use which profile?")
    tmux.keys("Escape")
    assert tmux.wait_until_ended() == 0
    assert not Path(env["CLAUDE_CONFIG_DIR"]).exists()


def test_a_dumb_terminal_gets_the_list(tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]) -> None:
    _, env, project = place
    tmux.start(PROGRAM, env={**env, "TERM": "dumb"}, cwd=project, width=160)
    assert tmux.wait_until_ended() == 0
    shown = tmux.screen()
    assert "broken" in shown
    assert "the app needs a terminal" in shown


def test_no_colour_is_respected(tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]) -> None:
    _, env, project = place
    tmux.start(PROGRAM, env={**env, "NO_COLOR": "1"}, cwd=project)
    tmux.wait_for("broken")
    coloured = [c for c in tmux.screen(colours=True).split("\x1b[") if c.startswith("38;2;")]
    greys = all(len({*c.split("m")[0].split(";")[2:5]}) == 1 for c in coloured)
    assert greys
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0


def test_sixty_by_eighteen_is_enough_and_less_is_said(
    tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]
) -> None:
    _, env, project = place
    tmux.start(PROGRAM, env=env, cwd=project, width=60, height=18)
    tmux.wait_for("broken")
    tmux.resize(59, 18)
    tmux.wait_for("60×18 or larger")
    tmux.resize(80, 24)
    tmux.wait_for("broken")
    tmux.keys("q")
    assert tmux.wait_until_ended() == 0


def test_a_slow_pipe_still_shows_the_list(tmux: Tmux, place: tuple[DemoContext, dict[str, str], Path]) -> None:
    """Sixteen kilobytes a second, as over a bad line: the app stays usable and ends in order."""
    _, env, project = place
    line = " ".join(PROGRAM)
    read = "lambda fd: (time.sleep(.05), os.read(fd, 800))[1]"
    slow = f"import os, pty, sys, time; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], {read})))"
    tmux.start(f"{sys.executable} -c '{slow}' {line}", env=env, cwd=project)
    tmux.wait_for("broken", 40)
    tmux.keys("j")
    tmux.wait_for("html", 40)
    tmux.keys("q")
    assert tmux.wait_until_ended(40) == 0
