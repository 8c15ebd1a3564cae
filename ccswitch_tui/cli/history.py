"""`history`: our writes of settings files, newest first; with a number, what that one changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.language import said
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.claude.history import Write
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Lists our writes to settings files, newest first. Each is kept in its own folder
with the exact old text ('before'). If your settings contained other tools'
secrets, so do these; only you can read them. With ID: what that write changed, and why."""

EXAMPLES = """\
examples:
  ccswitch-tui history
  ccswitch-tui history 3
  ccswitch-tui undo 3"""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("id", metavar="ID", nargs="?", help="the number of a write: show what it changed")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints the history, or one write of it."""
    from ccswitch_tui.workflows.undo import history, written

    if args.id is not None:
        return _show(written(ctx, args.id), args, ctx, out)
    writes = history(ctx)
    if args.json:
        out.json({"version": 1, "folder": ctx.paths.history, "writes": [_as_json(write) for write in writes]})
        return 0
    if not writes:
        out.talk(say("nothing has been written yet"))
        return 0
    from ccswitch_tui.cli.columns import aligned

    one_file = len({write.file for write in writes}) == 1 and out.columns is not None
    cells = [_cells(write)[: -1 if one_file else None] for write in writes]
    for line in aligned(cells, room=out.columns, spare=[SCOPE]):
        out.line(line)
    if one_file:
        to = say("all of them to {file}", file=writes[0].file)
        out.talk(to if len(writes) > 1 else say("to {file}", file=writes[0].file))
    out.talk(say("the old texts are kept in {folder}", folder=ctx.paths.history))
    return 0


def _show(write: Write, args: Any, ctx: Context, out: Output) -> int:
    from ccswitch_tui.cli.undo import described
    from ccswitch_tui.cli.use import show_changes
    from ccswitch_tui.workflows.undo import changes_of

    changes = changes_of(ctx, write)
    if args.json:
        out.json({"version": 1, **_as_json(write), "changes": [change._asdict() for change in changes]})
        return 0
    out.line(f"{write.id}  {_clock(write.at)}  {out.paint('bold', described(write))}")
    out.line(say("{file} ({scope})", file=write.file, scope=write.scope))
    show_changes(changes, out)
    if not changes:
        out.line(say("this write changed none of our keys"))
    if write.undone_at is not None:
        out.talk(say("taken back: {when}", when=_clock(write.undone_at)))
    else:
        out.talk(say("'ccswitch-tui undo {id}' takes it back", id=write.id))
    return 0


def _as_json(write: Write) -> dict[str, Any]:
    return {
        "undo_id": write.id,
        "at": write.at,
        "kind": write.kind,
        "scope": write.scope,
        "file": write.file,
        "profile": write.profile,
        "profile_before": write.profile_before,
        "undone_at": write.undone_at,
    }


SCOPE = 3
"""The column that a narrow terminal can miss: the file's own name says it too."""


def _clock(at: float) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _cells(write: Write) -> list[str]:
    from ccswitch_tui.cli.undo import described

    return [
        write.id,
        _clock(write.at),
        described(write),
        write.scope,
        said("undone") if write.undone_at is not None else "",
        write.file,
    ]
