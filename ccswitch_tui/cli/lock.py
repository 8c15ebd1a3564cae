"""`lock`: the background proxy forgets the opened key file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = "Makes the background proxy forget the keys of the encrypted key file. An OS keyring locks itself."


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Locks; locking what is locked is success."""
    from ccswitch_tui.cli.unlock import show
    from ccswitch_tui.workflows import keys

    was_open = keys.lock(ctx)
    now = keys.store_status(ctx)
    if args.json or was_open or now.kind == "encrypted-file":
        show(now, out, as_json=args.json)
    else:
        out.point("skip", say("nothing to lock: keys are in {where}, which locks itself", where=now.where))
    return 0
