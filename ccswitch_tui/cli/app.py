"""No word at all: the app on a terminal, the list and a hint without one. And the picker of a bare `use`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccswitch_tui.here import is_terminal
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def run(ctx: Context, out: Output) -> int:
    """Opens the app; its exit code, or the list's where there is no terminal to open it on."""
    import sys

    from ccswitch_tui.mintty import is_mintty

    if not (out.interactive and is_terminal(sys.stdin)):
        from ccswitch_tui.cli import list_profiles

        code = list_profiles.show(ctx, out)
        if is_mintty(out.stdout):
            out.hint(
                say(
                    "Git Bash's own window is not a terminal to the app: 'winpty ccswitch-tui', or use Windows Terminal"
                )
            )
        else:
            out.hint(say("the app needs a terminal; 'ccswitch-tui --help' lists the commands"))
        return code
    from ccswitch_tui.tui.collector import resting

    paint_on_stdout()
    with resting():
        from ccswitch_tui.secret import forbid_core_dumps
        from ccswitch_tui.tui.app import run_app

        forbid_core_dumps()  # a key may be typed or pasted at any time
        return run_app(ctx)


def pick_profile(ctx: Context) -> str | None:
    """A profile chosen in a few lines under the prompt; None when none was."""
    from ccswitch_tui.tui.collector import resting

    paint_on_stdout()
    with resting():
        from ccswitch_tui.tui.app import run_picker
    return run_picker(ctx)


def paint_on_stdout() -> None:
    """Textual paints on stderr (8.2, linux_driver.py): where that is closed or a file, the terminal behind stdout is
    used instead of an empty screen."""
    import os
    import sys

    painted = sys.__stderr__
    if sys.__stdout__ is None or is_terminal(painted):
        return
    encoding, errors = sys.__stdout__.encoding, sys.__stdout__.errors
    terminal = open(os.dup(sys.__stdout__.fileno()), "w", encoding=encoding, errors=errors)  # noqa: SIM115 (until the end)
    sys.__stderr__ = terminal  # type: ignore[misc]
