"""`undo`: take the last write back, or a named one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.claude.history import Write
    from ccswitch_tui.claude.undoing import Undone
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Takes back the last write to a settings file: byte for byte if nobody has changed
the file since, otherwise only what is ours. Run it again to go one write further back.
With ID, the number that 'history' shows, it takes back that write and no other; if the
same file has been written again since, it refuses and names the write to undo first."""

EXAMPLES = """\
examples:
  ccswitch-tui undo
  ccswitch-tui history        every write and its number
  ccswitch-tui undo 3"""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("id", metavar="ID", nargs="?", help="a write's number (default: the last write)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Undoes one write."""
    from ccswitch_tui.cli.use import tell_wait
    from ccswitch_tui.workflows.undo import names_what_is_gone, undo

    undone = undo(ctx, args.id, on_wait=lambda count: tell_wait(out, count))
    advice = names_what_is_gone(ctx, undone)
    if args.json:
        out.json({"version": 1, **undone_json(undone), **({"advice": [advice]} if advice else {})})
        return 0
    out.point("ok", describe(undone))
    if advice:
        out.point("warn", advice, indent=2)
    return 0


def undone_json(undone: Undone) -> dict[str, Any]:
    """One write that was taken back, for `undo --json` and `restore --json`."""
    write = undone.write
    return {"undo_id": write.id, "kind": write.kind, "file": write.file, "scope": write.scope, "exact": undone.exact}


def described(write: Write) -> str:
    """A write as the command that made it."""
    kinds = {"use": f"use {write.profile}", "official": "use official", "rename": f"rename … {write.profile}"}
    return kinds.get(write.kind, write.kind)


def describe(undone: Undone) -> str:
    """One line: what was taken back, and how exactly."""
    write = undone.write
    what = described(write)
    how = say("byte for byte") if undone.exact else say("our keys only: the file was changed by others since")
    return say("took back '{what}' in {file} ({how})", what=what, file=write.file, how=how)
