"""What the first paint waits for: few modules, no file but the app's own, no collection, each style sheet parsed once.

No timings, which say more about the machine than about the program:
tools/first_paint.py measures. These are the causes.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tui_kit import screen_text

from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.screens.base import COLUMNS, ROWS, class_of

PATIENCE_S = 30.0

MEASURED = """
import gc, json, sys, threading
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from ccswitch_tui.tui.app import CcswitchApp
go_on = CcswitchApp.painted
def painted(app):
    told = {
        "modules": sorted(sys.modules), "opened": opened[:], "collects": gc.isenabled(),
        "threads": [thread.name for thread in threading.enumerate()], "widgets": len(app.screen.query("*")),
    }
    go_on(app)
    with open(sys.argv[1], "w") as file:
        json.dump({**told, "collects_then": gc.isenabled()}, file)
    app.exit(0)
CcswitchApp.painted = painted
from ccswitch_tui.cli.main import main
sys.exit(main([]))
"""
"""The real program, told to write down what is there when the first paint is out, and to end."""

NOT_BEFORE = {
    "aiohttp", "cryptography", "email", "filelock", "httpx", "importlib.metadata", "jeepney", "keyring", "markdown_it",
    "multiprocessing", "pygments", "secretstorage", "tomlkit", "tomllib", "urllib.request", "xml",
}  # fmt: skip
"""Heavy things of others that nothing on the first screen needs."""

OUR_MODULES = 56
"""Ours that are loaded by then; five fewer when this was written. Each costs about a third of a millisecond."""


class Paint(NamedTuple):
    """The program at its first paint."""

    modules: set[str]
    opened: list[str]
    collects: bool
    collects_then: bool
    threads: list[str]
    widgets: int
    shown: str
    home: Path


@pytest.fixture(scope="module")
def paint(tmp_path_factory: pytest.TempPathFactory) -> Paint:
    """The real program in a pseudo-terminal, over a home with one profile."""
    if sys.platform == "win32":
        pytest.skip("no pseudo-terminals here")
    home = tmp_path_factory.mktemp("home")
    (home / "ours").mkdir()
    (home / "ours" / "profiles.toml").write_text(
        'version = 1\n[profiles.work]\nendpoint = { base_url = "https://api.work.example", wire = "anthropic" }\n'
    )
    told, shown = home / "told.json", in_a_terminal([sys.executable, "-c", MEASURED, str(home / "told.json")], home)
    assert told.exists(), shown
    found: dict[str, Any] = json.loads(told.read_text())
    return Paint(**{**found, "modules": set(found["modules"])}, shown=shown, home=home)


def in_a_terminal(words: list[str], home: Path) -> str:
    """Everything a program writes to a terminal of 100 columns until it ends."""
    import fcntl
    import pty
    import struct
    import termios

    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        os.chdir(home)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "CCSWITCH_HOME": str(home / "ours"), "LANG": "C.UTF-8"}
        os.execve(words[0], words, {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
    written = b""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                written += os.read(terminal, 1 << 16)
            except OSError:  # Linux says so when the other side is closed
                break
    else:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    return written.decode(errors="replace")


def test_the_first_frame_has_head_and_keys_and_claims_nothing(paint: Paint) -> None:
    first = paint.shown.partition("looking…")[2].partition("looking…")[0]
    assert " help" in first
    assert "No profiles yet" not in paint.shown


def test_only_what_the_first_screen_needs_is_loaded(paint: Paint) -> None:
    ours = {name for name in paint.modules if name.startswith("ccswitch_tui")}
    above = {"probe", "proxy", "doctor", "demo", "interop", "translate", "wire", "claude", "credentials"}
    screens = {name.rpartition(".")[2] for name in ours if name.startswith("ccswitch_tui.tui.screens.")}
    assert not paint.modules & NOT_BEFORE
    # A profile names its wire; patterns that are compiled later are there so that they are not compiled by now.
    rows = {"ccswitch_tui.wire", "ccswitch_tui.wire.formats", "ccswitch_tui.wire.later"}
    assert not {name for name in ours - rows if name.split(".")[1:2] and name.split(".")[1] in above}
    assert {name for name in ours if name.startswith("ccswitch_tui.workflows.")} == {"ccswitch_tui.workflows.context"}
    assert all(name.startswith(("base", "home")) for name in screens), sorted(screens)
    assert len(ours) <= OUR_MODULES, sorted(ours)


def test_no_file_of_the_user_is_read_and_no_thread_of_ours_runs(paint: Paint) -> None:
    users = {Path(name).name for name in paint.opened if name.startswith(str(paint.home))}
    assert users <= {"config.toml"}
    assert not [name for name in paint.threads if name.startswith("ccswitch")]


def test_the_collector_rests_until_then_and_not_longer(paint: Paint) -> None:
    assert not paint.collects
    assert paint.collects_then


def test_the_first_screen_is_made_of_few_widgets(paint: Paint) -> None:
    assert paint.widgets <= 11


async def test_each_style_sheet_is_parsed_once(open_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from textual.css import stylesheet

    parsed: Counter[tuple[Any, ...]] = Counter()
    parse: Any = vars(stylesheet)["parse"]

    def counted(scope: str, css: str, read_from: tuple[str, str], **rest: Any) -> Any:
        parsed[read_from, scope, rest["tie_breaker"]] += 1
        return parse(scope, css, read_from, **rest)

    monkeypatch.setattr(stylesheet, "parse", counted)
    async with open_app() as pilot:
        await pilot.press("w")
        await pilot.press("escape")
        assert len(parsed) > 10
        assert {where: times for where, times in parsed.items() if times > 1} == {}


async def test_another_theme_changes_the_colours_all_the_same(open_app: Any) -> None:
    async with open_app() as pilot:
        app: CcswitchApp = pilot.app
        before = app.screen.styles.background
        app.theme = "switchboard-light"
        await pilot.pause()
        assert app.screen.styles.background != before
        app.theme = "switchboard"
        await pilot.pause()
        assert app.screen.styles.background == before


async def test_a_place_is_born_with_the_classes_of_its_size(open_app: Any) -> None:
    async with open_app(size=(120, 36)) as pilot:
        assert {"-wide", "-tall"} <= pilot.app.screen.classes
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert {"-narrow", "-short"} <= pilot.app.screen.classes
        assert not {"-wide", "-tall"} & pilot.app.screen.classes
        assert "help" in screen_text(pilot.app).splitlines()[-1]


SIZES = [
    (0, COLUMNS, "-tiny"),
    (59, COLUMNS, "-tiny"),
    (60, COLUMNS, "-narrow"),
    (100, COLUMNS, "-wide"),
    (17, ROWS, "-flat"),
    (18, ROWS, "-short"),
    (99, ROWS, "-tall"),
]


@pytest.mark.parametrize(("cells", "steps", "expected"), SIZES)
def test_the_class_of_a_size(cells: int, steps: list[tuple[int, str]], expected: str) -> None:
    assert class_of(cells, steps) == expected
