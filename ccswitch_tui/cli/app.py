"""No word at all: the app on a terminal, the list and a hint without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def run(ctx: Context, out: Output) -> int:
    """Opens the app; its exit code, or the list's where there is no terminal to open it on."""
    import sys

    if not (out.interactive and sys.stdin.isatty()):
        from ccswitch_tui.cli import list_profiles

        code = list_profiles.show(ctx, out)
        out.talk("ccswitch-tui: this is no terminal the app could open on; 'ccswitch-tui --help' lists the commands")
        return code
    from ccswitch_tui.tui.app import run_app

    return run_app(ctx)
