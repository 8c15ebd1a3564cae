"""A crash: a calm panel, no locals, no key, and an exit code that is not 0. Pins a private hook of Textual's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

KEY = "sk-example-in-a-crash-90210"

PROGRAM = """
import asyncio, os, sys
from textual import events
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.screens.wizard.flow import WizardScreen
from ccswitch_tui.tui.widgets.secret_field import SecretField

HOME = sys.argv[2]
KEY = "".join(["sk-example-", "in-a-crash-90210"])

class Crashing(CcswitchApp):
    def on_ready(self):
        getattr(self, "crash_" + sys.argv[1])()

    def crash_in_a_handler(self):
        typed = KEY
        self.call_later(self.fail, typed)

    def fail(self, typed):
        headers = {"authorization": f"Bearer {typed}"}
        raise ValueError("a mistake")

    def crash_in_a_worker(self):
        self.start("crash", self.work)

    async def work(self):
        secret = KEY
        await asyncio.sleep(0)
        raise RuntimeError("a mistake")

    def crash_in_a_thread(self):
        self.start("crash", lambda: self.off(self.threaded, KEY))

    def threaded(self, secret):
        raise KeyError("a mistake")

    def crash_with_a_field(self):
        field = SecretField()
        self.screen.mount(field)
        self.call_after_refresh(self.typed, field)

    def typed(self, field):
        field._put(KEY)
        raise ValueError("a mistake")

    def crash_with_a_key_in_the_message(self):
        secret = Secret(KEY)
        raise ValueError("a mistake while sending " + secret.reveal())

app = Crashing(Context({"HOME": HOME}, cwd=HOME))
app.run(headless=True, size=(80, 24))
sys.exit(app.return_code or 0)
"""


@pytest.mark.parametrize(
    "where", ["in_a_handler", "in_a_worker", "in_a_thread", "with_a_field", "with_a_key_in_the_message"]
)
def test_a_crash_shows_where_but_no_local_and_no_key(where: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program), where, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "a mistake" in said
    assert "ccswitch-tui stopped because of a bug in it" in said
    assert KEY not in said
    assert "in-a-crash" not in said
    assert "╭" not in said
