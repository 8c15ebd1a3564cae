"""`env NAME`: a profile for one terminal, as lines for `eval`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Prints the variables that make programs in this terminal use a profile. No key is
printed: the line for it calls 'ccswitch-tui key' when the shell reads it (with
--reveal, the value itself is printed). They also apply to programs that bring their
own Claude Code, whichever profile is in use; no other credentials, helpers or
headers from settings files go along."""

EXAMPLES = """\
examples:
  eval "$(ccswitch-tui env work)"
  ccswitch-tui env work --shell fish | source
  alias claude-work='claude --settings "$(ccswitch-tui env work --settings-file)"'"""


def configure(parser: Any) -> None:
    """The command's options."""
    from ccswitch_tui.workflows.run import SHELLS

    parser.add_argument("name", metavar="NAME", help="a profile")
    parser.add_argument("--shell", choices=SHELLS, help="the shell to print for (default: yours)")
    parser.add_argument("--reveal", action="store_true", help="print the credential itself")
    parser.add_argument(
        "--settings-file",
        action="store_true",
        help="write a settings file for the profile, without secrets, and print its path",
    )


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints the lines, or a path."""
    from ccswitch_tui.workflows.run import env_lines, overruled_window, overruling_file, shell_text, write_launch_file

    if args.settings_file:
        out.line(write_launch_file(ctx, args.name))
        return 0
    shell = args.shell or _own_shell(ctx)
    lines = env_lines(ctx, args.name, reveal=args.reveal)
    for line in lines:
        text = shell_text(line, shell)
        if args.reveal and line.value is not None:
            from ccswitch_tui.secret import Secret

            out.reveal(Secret(text))
        else:
            out.block(text)
    beats = overruling_file(ctx)
    if beats:
        out.talk(
            say(
                "in Claude Code before 2.1.83, {file} overrides these variables; "
                "'ccswitch-tui run {name} -- claude' is never overridden by it",
                file=beats,
                name=args.name,
            )
        )
    window = overruled_window(ctx, {"env": {line.name: line.value for line in lines}})
    if window:
        out.talk(say("the context window set in {file} applies here too", file=window))
    return 0


def _own_shell(ctx: Context) -> str:
    from ccswitch_tui.workflows.run import SHELLS

    if sys.platform == "win32" and not ctx.env.get("MSYSTEM"):  # Git Bash and MSYS2 say so
        return "powershell"
    name = ctx.env.get("SHELL", "").rpartition("/")[2]
    return name if name in SHELLS else "bash"
