"""The kit of the app's tests: the screen as text, goldens made of it, and waiting for what happens in threads."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import events
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot

GOLDEN = Path(__file__).parent.parent / "golden" / "tui"
SIZES = [(80, 24), (120, 36)]
PATIENCE_S = 60.0
"""How long a test waits for what a busy machine brings about at last: half of what a test may take."""


def screen_text(app: App[Any]) -> str:
    """What is on the screen, line by line, blanks at the ends left out."""
    visible_screen_stack.set(app._background_screens)  # what a sheet lies on shows around it
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def check_golden(name: str, text: str) -> None:
    """Compares with tests/golden/tui/NAME.txt; UPDATE_GOLDEN=1 writes it instead."""
    path = GOLDEN / f"{name}.txt"
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).rstrip() + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; UPDATE_GOLDEN=1 writes it anew"


async def until(pilot: Pilot[Any], happened: Callable[[], Any], what: str = "") -> None:
    """Waits for something a worker brings about; fails with the screen's text when it does not."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        await pilot.pause(0.02)
        if happened():
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"did not happen: {what or happened}\n{screen_text(pilot.app)}")


async def sees(pilot: Pilot[Any], text: str) -> None:
    """Waits until `text` is on the screen."""
    await until(pilot, lambda: text in screen_text(pilot.app), f"{text!r} on the screen")


async def paste(pilot: Pilot[Any], text: str) -> None:
    """A bracketed paste, as a terminal sends it."""
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()
