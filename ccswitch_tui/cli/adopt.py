"""`adopt`: keys stored in plain text, moved into the key store."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import said, spoken
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.adopt import Adopted, Place
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Finds keys stored in plain text (in Claude Code's settings, shell start-up files, .env
here, other switchers' files) and moves the ones you choose into the key store. In
the file, each is replaced by a profile in use, a command that prints the key, or
a placeholder; 'adopt --undo' restores the file byte for byte."""

EXAMPLES = """\
examples:
  ccswitch-tui adopt                 list them, and ask which to move
  ccswitch-tui adopt 1 3             move the first and the third
  ccswitch-tui adopt --all"""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("which", nargs="*", metavar="NUMBER", help="a number from the list, or the six-digit id")
    parser.add_argument("--all", action="store_true", help="every key found")
    parser.add_argument("--list", "--dry-run", action="store_true", help="only list keys stored in plain text")
    parser.add_argument("--undo", action="store_true", help="put the most recently moved keys back into their file")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """0 when nothing is left in plain text or what was asked for is done; 1 when keys were only listed."""
    from ccswitch_tui.workflows import adopt

    if args.undo:
        record = adopt.take_back(ctx)
        if args.json:
            out.json({"version": 1, "file": record.file, "keys": [part.key for part in record.parts]})
        else:
            out.point("ok", say("{file} is as it was, with its keys in plain text", file=record.file))
        return 0
    places = adopt.find_plain_text_keys(ctx)
    asked = _asked(args, places, out)
    if asked is None:
        _show(ctx, places, out, as_json=args.json)
        asked = [] if args.list or args.json or not places else _ask(places, out)
        if not asked:
            return 1 if places else 0
    done = adopt.adopt(ctx, asked)
    _tell(done, places, asked, out, as_json=args.json)
    return 0


def _asked(args: Any, places: list[Place], out: Output) -> list[Place] | None:
    if args.all:
        return places or None
    if not args.which:
        return None
    return _chosen(args.which, places)


def _chosen(words: list[str], places: list[Place]) -> list[Place]:
    by_word = {str(number): place for number, place in enumerate(places, 1)}
    by_word |= {place.id: place for place in places}
    unknown = [word for word in words if word not in by_word]
    if unknown:
        raise UsageError(
            say("there is no key '{word}' in the list", word=unknown[0]),
            hint=say("'ccswitch-tui adopt --list' numbers them"),
        )
    return list({by_word[word].id: by_word[word] for word in words}.values())


def _ask(places: list[Place], out: Output) -> list[Place]:
    """Which ones, asked on a terminal only."""
    if not (is_terminal(sys.stdin) and out.interactive):
        out.hint(say("'ccswitch-tui adopt --all' or 'ccswitch-tui adopt NUMBER…' moves them"))
        return []
    words = out.ask(say("move which? numbers, 'all', or enter for none:")).replace(",", " ").split()
    return places if words == ["all"] else _chosen(words, places)


def _show(ctx: Context, places: list[Place], out: Output, *, as_json: bool) -> None:
    from ccswitch_tui.workflows.adopt import exposed_in_history

    if as_json:
        found = [{**p.to_json(), "also_in_history": exposed_in_history(p.secret, ctx)} for p in places]
        out.json({"version": 1, "found": found})
        return
    if not places:
        out.point("ok", say("no key is stored in plain text"))
    for number, place in enumerate(places, 1):
        spot = said("{file}, line {line}", file=place.file, line=place.line) if place.line else place.file
        out.line(f"{number:>3}  {place.name:<28} {place.secret.hint():<12} {spot}")
        also = [say("also in {spot}", spot=spot) for spot in exposed_in_history(place.secret, ctx)]
        for remark in filter(None, [place.remark, *also]):
            out.line(f"     {spoken(remark)}")


def _tell(done: list[Adopted], places: list[Place], asked: list[Place], out: Output, *, as_json: bool) -> None:
    from ccswitch_tui.workflows.adopt import ROTATE

    left = [place for place in places if place not in asked]
    if as_json:
        out.json(
            {
                "version": 1,
                "adopted": [one._asdict() for one in done],
                "left": [p.to_json() for p in left],
                "advice": ROTATE,
            }
        )
        return
    for one in done:
        where = said(", profile '{name}' is in use there now", name=one.profile) if one.profile else ""
        out.point(
            "ok", say("{file}: stored as {names}{where}", file=one.file, names=", ".join(one.stored), where=where)
        )
        for remark in one.remains:
            out.point("warn", remark, indent=2)
    out.point("warn", ROTATE)
    if left:
        out.line(say("{count} more in plain text: 'ccswitch-tui adopt --list'", count=len(left)))
    if any(one.undo_id for one in done):
        out.talk(say("'ccswitch-tui adopt --undo' puts the keys back into the file"))
