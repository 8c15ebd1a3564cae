"""`list`: the profiles, and which is in use. On the quick path."""

from __future__ import annotations

from collections.abc import Sequence

from ccswitch_tui.cli.plainly import Plain
from ccswitch_tui.errors import ExitCode
from ccswitch_tui.language import named, said, spoken
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.profiles import ProfileRow


def configure(parser: Any) -> None:
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="only those with this tag (repeatable)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


PLAIN = Plain({"tag": [], "json": False}, flags={"--json": ("json", True)})


def run(args: Any, ctx: Context, out: Output) -> int:
    return show(ctx, out, as_json=args.json, tags=args.tag)


def show(ctx: Context, out: Output, as_json: bool = False, tags: Sequence[str] = ()) -> int:
    """Prints all profiles, or those with one of the tags."""
    from ccswitch_tui.workflows.profiles import profile_rows

    book = ctx.book()
    rows = profile_rows(ctx, book)
    if tags:
        from ccswitch_tui.profiles.tags import tagged

        wanted = {profile.name for profile in tagged(book, tags)}
        rows = [row for row in rows if row.profile.name in wanted]
    if as_json:
        answer: dict[str, Any] = {"version": 1, "profiles": [row.to_json() for row in rows]}
        if book.broken:
            answer["broken"] = [{"name": n, "message": e.message, "hint": e.hint} for n, e in book.broken.items()]
        out.json(answer)
        return int(ExitCode.USAGE if book.broken else ExitCode.DONE)
    if not rows and not book.broken:
        out.talk(say("there are no profiles yet"))
        out.hint(say("'ccswitch-tui add NAME --paste -' makes one from a curl command that works"))
        return 0
    from ccswitch_tui.cli.columns import aligned

    now = ctx.clock()
    for line in aligned([_cells(row, out, now) for row in rows], room=out.columns, spare=[KEY, WIRE]):
        out.line(line)
    for error in book.broken.values():
        out.error(error)
    return int(ExitCode.USAGE if book.broken else ExitCode.DONE)


WIRE, KEY = 3, 5
"""The columns that a narrow terminal can miss."""


def _cells(row: ProfileRow, out: Output, now: float) -> list[str]:
    profile = row.profile
    return [
        out.glyph("here") if row.in_use else " ",
        out.paint("bold", profile.name),
        profile.endpoint.base_url.removeprefix("https://" if out.columns else ""),
        profile.endpoint.wire or said("format not known"),
        profile.models.default or "-",
        key_word(row),
        ", ".join(map(named, row.in_use)),
        " ".join(f"#{tag}" for tag in profile.tags),
        balance_words(row, now),
    ]


def balance_words(row: ProfileRow, now: float) -> str:
    """What was left when last asked, with its age; "" where nobody asked."""
    found = row.balance
    if found is None:
        return ""
    from ccswitch_tui.balance.kept import short_text
    from ccswitch_tui.workflows.statusline import age_text

    return f"{spoken(short_text(found)) or named(found.state)}, {spoken(age_text(now - found.at))}"


def key_word(row: ProfileRow) -> str:
    """Where the key is and whether it is there, in a few words."""
    key = row.profile.key
    if key.kind == "none":
        where = said("no key")
    else:
        where = f"env:{key.name}" if key.kind == "env" else spoken(row.key_store or key.kind)
    count = len(row.profile.secret_headers)
    if count:
        where = said("{key} + headers: {n}", key=where, n=count)
    missing = False in (row.key_present, *row.headers_present.values())
    return said("{store} (missing)", store=where) if missing else where
