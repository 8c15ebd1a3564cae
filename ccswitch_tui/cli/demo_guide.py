"""The demo's guide on the command line: a broken paste, the one command that fixes it, use and undo.

Each line beginning with `$` is run as it stands against the demo's world. On a
terminal it waits for enter before each; elsewhere it runs through.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ccswitch_tui.cli.demo_story import run_here
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import spoken
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.demo.world import DemoContext

NAME = "pasted"


def lead(world: DemoContext, out: Output) -> int:
    """Leads through the three steps; 0, or the code of what failed that should not."""
    curl = world.curl.replace("demo-large", "demo-lagre")
    fix = f"edit {NAME} --set models.default=demo-large"

    def run(words: str, pasted: str = "") -> Callable[[], int]:
        return lambda: run_here(world, out, words, pasted=pasted)

    steps = (
        (say("step 1 of 3: paste a curl command; this one has a typo in its model, so the probe turns red"),
         run(f"add {NAME} --paste -", curl), True),
        (say("step 2 of 3: the fix is one command, the one the finding names"), run(fix), False),
        (say("... and now it is green"), run(f"probe {NAME} --quick"), False),
        (say("step 3 of 3: make Claude Code use it"), run(f"use {NAME} --no-verify"), False),
        (say("... and take that back, byte for byte"), run("undo"), False),
    )  # fmt: skip
    waits = is_terminal(sys.stdin) and out.interactive
    for number, (remark, step, may_fail) in enumerate(steps):
        out.line(*([""] if number else []), f"# {spoken(remark)}")
        if waits and out.ask(say("Enter runs it, q leaves:")).casefold().startswith("q"):
            return 0
        if (code := step()) and not may_fail:
            return code
    out.line("")
    out.line(say("that is all there is to it: 'ccswitch-tui add NAME --paste -' does it with your own"))
    return 0
