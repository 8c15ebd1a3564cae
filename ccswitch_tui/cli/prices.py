"""`prices [show|update|forget]`: what models cost, by which list, and a newer list when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import CcswitchError, ExitCode
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import counted, said, spoken
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.prices import ListChange

DESCRIPTION = """\
What the models of your profiles cost, per million tokens, with the source and date
of each figure: stated by you, from the endpoint's own list, or from the public list
that ships with this program. A list counts at its seller's own address alone; plans
are not paid by the token and have none. Lists are fetched when you ask for it, and
never otherwise."""

EXAMPLES = """\
examples:
  ccswitch-tui prices                                 what your models cost, and who says so
  ccswitch-tui prices update                          a newer public list: shows what changes, then asks
  ccswitch-tui prices update relay                    the own list of this profile's endpoint
  ccswitch-tui prices update --from prices.json       a list in LiteLLM's form from a file
  ccswitch-tui edit relay --set prices.large.input=0.5 --set prices.large.output=2"""


def configure(parser: Any) -> None:
    """The command's options."""
    words = parser.add_subparsers(dest="word", metavar="show|update|forget")
    show = words.add_parser("show", help="what models cost", allow_abbrev=False)
    update = words.add_parser("update", help="fetch a list and show what it changes", allow_abbrev=False)
    forget = words.add_parser("forget", help="delete a fetched list", allow_abbrev=False)
    show.add_argument("name", metavar="NAME", nargs="?", help="a profile")
    for one in (update, forget):
        one.add_argument("name", metavar="NAME", nargs="?", help="a profile: its endpoint's own list")
    update.add_argument("--from", dest="source", metavar="URL|FILE", default="", help="another public list")
    update.add_argument(
        "--gateway", metavar="KIND", default="", help="what the endpoint is: litellm, new-api, openrouter"
    )
    update.add_argument("--yes", action="store_true", help="do not ask")
    update.add_argument("--dry-run", action="store_true", help="show what would change, keep nothing")
    update.add_argument(
        "--anyway", action="store_true", help="also a list that looks older, cut off or of another unit"
    )
    for one in (parser, show, update, forget):
        one.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Shows, fetches or forgets."""
    return {None: _show, "show": _show, "update": _update, "forget": _forget}[args.word](args, ctx, out)


def _profiles(args: Any, ctx: Context) -> list[Profile]:
    name = getattr(args, "name", None)
    return [ctx.book().get(name)] if name else list(ctx.book().profiles.values())


def _show(args: Any, ctx: Context, out: Output) -> int:
    from ccswitch_tui.cli.columns import aligned
    from ccswitch_tui.prices.model import price_facts
    from ccswitch_tui.workflows import prices

    about = prices.list_in_force(ctx)
    found = [(profile, row) for profile in _profiles(args, ctx) for row in prices.model_prices(ctx, profile)]
    if args.json:
        rows = [
            {
                "profile": p.name,
                "model": row.model,
                "price": row.price and price_facts(row.price),
                "why_not": row.why_not,
            }
            for p, row in found
        ]
        out.json({"version": 1, "list": about and about._asdict(), "prices": rows})
        return 0
    table = [
        [
            out.paint("bold", profile.name),
            row.model,
            spoken(prices.price_text(row.price)) if row.price else "-",
            spoken(prices.source_text(row.price) if row.price else row.why_not),
        ]
        for profile, row in found
    ]
    for line in aligned(table, room=out.columns, spare=[3]):
        out.line(line)
    if about is not None:
        days = prices.age_days(about, ctx.clock())
        words = say("the public list is LiteLLM's of {date}, {n} models", date=about.date, n=about.models)
        out.point("warn" if days > prices.OLD_DAYS else "skip", words, talk=True)
        if days > prices.OLD_DAYS:
            out.hint(say("it is {days} days old: 'ccswitch-tui prices update' fetches today's", days=days))
    return 0


def _update(args: Any, ctx: Context, out: Output) -> int:
    import asyncio

    from ccswitch_tui.workflows import prices

    if args.name:
        change = asyncio.run(prices.read_own(ctx, ctx.book().get(args.name), gateway=args.gateway))
    else:
        change = asyncio.run(prices.read_public(ctx, args.source))
    if args.json:
        kept = not args.dry_run and (not change.doubts or args.anyway)
        if kept:
            prices.keep(ctx, change)
        out.json({"version": 1, **change.to_json(), "kept": kept})
        return int(ExitCode.DONE if kept or args.dry_run else ExitCode.FAILED)
    _tell(change, out)
    if args.dry_run:
        out.talk(say("dry run: nothing was kept"))
        return 0
    if change.doubts and not args.anyway:
        raise CcswitchError(say("this list was not kept"), hint=say("--anyway keeps it all the same"))
    if not (args.yes or _agreed(out)):
        out.talk(say("nothing was changed"))
        return int(ExitCode.FAILED)
    prices.keep(ctx, change)
    out.line(say("kept: {n} models of {date}", n=change.about.models, date=change.about.date))
    return 0


def _agreed(out: Output) -> bool:
    import sys

    if not (is_terminal(sys.stdin) and is_terminal(out.stderr)):
        raise CcswitchError(say("nobody is here to ask"), hint=say("--yes keeps the list without asking"))
    return out.ask(said("keep this list? [y/N]")).strip().lower() in ("y", "yes")


def _tell(change: ListChange, out: Output) -> None:
    from ccswitch_tui.workflows.prices import price_text

    counts = [
        said("{n} new", n=change.added),
        said("{n} with another price", n=change.changed),
        said("{n} gone", n=change.removed),
    ]
    out.line(counted(change.about.models, "{count} model", "{count} models") + ": " + ", ".join(counts))
    for name, model, before, after in change.yours:
        told = [spoken(price_text(price)) if price else said("no price") for price in (before, after)]
        out.line(f"  {name}  {model}  {told[0]} {out.glyph('to')} {told[1]}")
    for doubt in change.doubts:
        out.point("warn", doubt)


def _forget(args: Any, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows import prices

    profile = ctx.book().get(args.name) if args.name else None
    gone = prices.forget(ctx, profile)
    if args.json:
        out.json({"version": 1, "forgotten": gone})
    else:
        out.line(say("the fetched list is gone") if gone else say("there was no fetched list"))
    return 0
