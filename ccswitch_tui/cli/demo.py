"""`demo`: everything, offline, in a scratch home: the app, any command, or a story in plain lines."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ccswitch_tui.here import is_terminal

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Opens the app on a built-in provider, in a scratch home that is removed at the
end. Nothing of yours is read or written, and nothing leaves this machine.
With a command, runs that command there instead."""

EXAMPLES = """\
examples:
  ccswitch-tui demo                            the app
  ccswitch-tui demo --guide                    three steps, on the command line
  ccswitch-tui demo probe misspelt             run any command there
  ccswitch-tui demo run -- claude -p hi        your Claude Code on the demo's model
  ccswitch-tui demo | cat                      the same story in plain text"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--guide", action="store_true", help="three steps: paste something broken, fix it, use it")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD …", help="a command to run there")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    """Runs one command, the app or the story in a demo's world."""
    import sys

    from ccswitch_tui.cli import app
    from ccswitch_tui.cli.main import main
    from ccswitch_tui.demo.world import demo_context

    with _ending_in_order():
        if args.guide:
            from ccswitch_tui.cli import demo_guide

            with demo_context(ctx.env) as world:
                world.language = ctx.language
                return demo_guide.lead(world, out)
        if args.command:
            with demo_context(ctx.env) as world:
                world.language = ctx.language
                return main(args.command, world)
        if out.interactive and is_terminal(sys.stdin):
            with demo_context(ctx.env, pace_s=0.03) as world:
                world.language = ctx.language
                world.guided = True
                return app.run(world, out)
        from ccswitch_tui.cli import demo_story

        with demo_context(ctx.env) as world:
            world.language = ctx.language
            return demo_story.tell(world, out)


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """A demo that is told to end takes its scratch home with it."""
    import signal
    import sys
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def end(got: int, frame: object) -> None:
        for number in numbers:  # a closed terminal says it more than once: the second would cut the end off
            signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + got)

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
