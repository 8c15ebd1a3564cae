"""`run [NAME] -- CMD…`: one command under a profile, nothing written; the proxy lives as long as the command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Runs a command (claude, if none is given) under a profile, for this one process:
no settings file is written, other providers' variables are unset, and the proxy
lives as long as the command. The exit code is the command's. Without NAME: the
profile in use here. Programs that bring their own Claude Code (the Agent SDKs,
ACP bridges, an absolute path) use the profile as well."""

EXAMPLES = """\
examples:
  ccswitch-tui run work
  ccswitch-tui run work -- claude -p 'what is in this folder?'
  ccswitch-tui run work -- make review        a script that starts claude
  ccswitch-tui run work -- python agent.py    a program on the Agent SDK"""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("words", metavar="[NAME] [-- CMD …]", nargs=argparse.REMAINDER)


def run(args: Any, ctx: Context, out: Output) -> int:
    """The child's exit code."""
    from ccswitch_tui.workflows.run import default_profile
    from ccswitch_tui.workflows.run import run as run_child

    name, command = _parted(args.words)
    return run_child(ctx, name or default_profile(ctx), command, tell=out.talk)


def _parted(words: list[str]) -> tuple[str | None, list[str]]:
    """The profile and the command; what stands after the first `--` is the command's alone."""
    before = words[: words.index("--")] if "--" in words else words
    command = words[len(before) + 1 :]
    if len(before) > 1 or (before and before[0].startswith("-")):
        stray = next((word for word in before if word.startswith("-")), before[-1])
        raise UsageError(
            say("'{stray}' is not an option of run", stray=stray),
            hint=say("the command and its options go after '--': run NAME -- claude -p …"),
        )
    return (before[0] if before else None), command or ["claude"]
