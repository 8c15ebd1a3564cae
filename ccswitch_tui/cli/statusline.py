"""`statusline`: what Claude Code shows beside the prompt. On the quick path; asks nobody and starts nothing of ours.

Claude Code gives a JSON object on stdin and the session's own environment. It
stops a call that is still running when the next one is due, so this is quick,
and takes the program it wraps with it when it is told to end.
"""

from __future__ import annotations

import sys

from ccswitch_tui.cli.plainly import Plain
from ccswitch_tui.here import is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Prints one line for Claude Code's status line: the profile this session really
uses, the model that answers, the last probe's verdict, the time to the first
token, and what the session has cost as far as that is known. It reads what the
proxy wrote and asks no endpoint. 'ccswitch-tui use NAME --statusline' adds it to the
settings, '--no-statusline' or 'undo' removes it. Other status lines can call it too."""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("--with", dest="theirs", metavar="COMMAND", help="also show this status line, unchanged")


PLAIN = Plain({"theirs": None}, texts={"--with": "theirs"})


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints theirs and ours; ours alone when theirs fails or takes too long."""
    from ccswitch_tui.workflows.statusline import segment

    given = b"" if sys.stdin is None or is_terminal(sys.stdin) else sys.stdin.buffer.read()
    other = None
    if args.theirs:
        from ccswitch_tui.workflows.statusline_with import Other

        other = Other(args.theirs, given, ctx.env, ctx.cwd)
    ours = segment(ctx, given)
    if other is not None and (text := other.lines()):
        out.pass_on(text)
    out.line(ours)
    return 0
