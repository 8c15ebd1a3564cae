"""`restore`: every settings file back to the state before our first write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Returns every settings file we wrote to its state before our first write: byte for
byte if nobody else has written it, otherwise all our keys are reverted and the rest
stays. This is a write like any other: 'ccswitch-tui undo' takes it back."""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Restores all files."""
    from ccswitch_tui.cli.undo import undone_json
    from ccswitch_tui.cli.use import tell_wait
    from ccswitch_tui.workflows.undo import restore

    done = restore(ctx, on_wait=lambda count: tell_wait(out, count))
    if args.json:
        out.json({"version": 1, "restored": [undone_json(one) for one in done]})
        return 0
    for one in done:
        how = say("byte for byte") if one.exact else say("our keys only: the file was changed by others since")
        out.point("ok", say("{file} is as it was before our first write ({how})", file=one.write.file, how=how))
    if not done:
        out.line(say("nothing to restore: no settings file contains anything of ours"))
    return 0
