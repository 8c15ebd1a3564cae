"""`status`: is all well? One look at settings, key, proxy, last verdict, sessions and today's use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.cells import padded
from ccswitch_tui.errors import ExitCode
from ccswitch_tui.language import named, said, spoken

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Checks everything the profile in use here depends on: the settings and what overrides
them, the key, the proxy, the last probe's verdict, running sessions, and today's
usage. Asks no endpoint and unlocks nothing ('current --verify' proves it with a
request). The exit code is 1 if anything is wrong."""

EXAMPLES = """\
examples:
  ccswitch-tui status
  ccswitch-tui status --json | jq .ok"""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints a block for the profile in use; 1 when anything in it is bad."""
    from ccswitch_tui.workflows.status import status, today_text

    now = status(ctx)
    if args.json:
        out.json(now.to_json())
        return int(ExitCode.DONE if now.is_well else ExitCode.FAILED)
    name = now.profile or ("Claude Code" if not now.base_url else now.base_url)
    out.line(f"{out.paint('bold', name)}  {now.model or ''}".rstrip())
    for point in now.points:
        out.line(f"  {out.glyph(point.verdict)} {padded(named(point.name), 9)} {spoken(point.text)}")
        if point.verdict in ("fail", "warn"):
            for command in point.commands:
                out.line(f"    {padded(said('fix'), 9)} {command}", whole=True)
    out.line(f"  {out.glyph('skip')} {padded(said('sessions'), 9)} {now.sessions}")
    out.line(f"  {out.glyph('skip')} {padded(said('today'), 9)} {spoken(today_text(now.today))}")
    return int(ExitCode.DONE if now.is_well else ExitCode.FAILED)
