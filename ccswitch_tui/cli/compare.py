"""`probe` of several profiles: one line each, side by side, the broken ones among them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccswitch_tui.cli.verdict_codes import code_of
from ccswitch_tui.errors import UsageError
from ccswitch_tui.language import counted, named, said, spoken
from ccswitch_tui.sentence import say, to_paste

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.probe.model import Ladder
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.compare import Compared
    from ccswitch_tui.workflows.context import Context

GLYPHS = {"native": "ok", "translate": "ok", "limited": "warn", "broken": "fail"}
SORTS = ("verdict", "first", "price", "name", "file")


def several(args: argparse.Namespace) -> bool:
    """Whether more than one profile is asked for."""
    return bool(args.all or args.tag or len(args.names) > 1)


def run(args: argparse.Namespace, ctx: Context, out: Output, ladder: Ladder) -> int:
    """Probes them side by side, prints a line each, and returns the worst one's exit code."""
    import asyncio

    from ccswitch_tui.workflows.compare import compare, ordered

    profiles = _profiles(args, ctx)
    _announce(profiles, ladder, out)
    done: list[Compared] = []

    def on_done(row: Compared) -> None:
        done.append(row)
        so_far = said("{done} of {n}", done=len(done), n=len(profiles))
        out.talk(f"  {_sign(row, out)} {row.name}  {out.paint('dim', so_far)}")

    try:
        asyncio.run(compare(ctx, profiles, ladder=ladder, on_done=on_done, patience_s=args.patience))
    except KeyboardInterrupt:
        if done:
            _print(ordered(done, args.sort), args, out, stopped=True)
        raise
    order = {profile.name: number for number, profile in enumerate(profiles)}
    rows = ordered(sorted(done, key=lambda row: order[row.name]), args.sort)
    _print(rows, args, out)
    broken = list(ctx.book().broken.values()) if args.all else []
    for error in broken:
        out.error(error)
    return max([*map(exit_code, rows), *(int(error.exit_code) for error in broken)])


def exit_code(row: Compared) -> int:
    """What a row means for a script."""
    if row.error is not None:
        return int(row.error.exit_code)
    return code_of(row.verdict or "broken", row.finding)


def _profiles(args: argparse.Namespace, ctx: Context) -> list[Profile]:
    from ccswitch_tui.workflows.compare import chosen

    if args.all and (args.names or args.tag):
        raise UsageError(say("--all is every profile"), hint=say("omit it, or the names and tags"))
    if args.names and args.tag:
        raise UsageError(say("names or tags, not both"), hint=say("'ccswitch-tui list --tag TAG' shows who has a tag"))
    if args.url or args.paste or args.preset:
        raise UsageError(say("several profiles or an address, not both"), hint=say("probe the address alone"))
    for given, option in ((args.learn, "--learn"), (args.verbose, "--verbose"), (args.markdown, "--markdown")):
        if given:
            raise UsageError(
                say("{option} is of one profile", option=option), hint=to_paste(f"ccswitch-tui probe NAME {option}")
            )
    profiles = chosen(ctx, args.names, args.tag)
    if not profiles:
        raise UsageError(
            say("there are no profiles yet"),
            hint=say("'ccswitch-tui add NAME --paste -' makes one from a curl command that works"),
        )
    return profiles


def _announce(profiles: list[Profile], ladder: Ladder, out: Output) -> None:
    from ccswitch_tui.workflows.examine import cost

    costs = [cost(profile, ladder) for profile in profiles]
    requests, tokens = sum(c.requests for c in costs), sum(c.tokens for c in costs)
    about = counted(
        len(profiles),
        "{count} profile, about {requests} requests and {tokens} tokens",
        "{count} profiles, about {requests} requests and {tokens} tokens",
        requests=requests,
        tokens=f"{tokens:,}",
    )
    out.talk(out.paint("dim", f"  {about}"))


def _sign(row: Compared, out: Output) -> str:
    return out.glyph("fail" if row.error else GLYPHS.get(row.verdict or "", "skip"))


def _print(rows: list[Compared], args: argparse.Namespace, out: Output, *, stopped: bool = False) -> None:
    if args.json:
        answer: dict[str, Any] = {"version": 1, "profiles": [row.to_json() for row in rows]}
        out.json({**answer, "stopped": True} if stopped else answer)
        return
    from ccswitch_tui.cli.columns import aligned

    titles = ["", *(out.paint("dim", named(word)) for word in TITLES)]
    for line in aligned([titles, *(_cells(row, out) for row in rows)], room=out.columns, spare=[ANSWER, MODEL]):
        out.line(line)
    for row in rows:
        if row.error is not None:
            out.talk(f"  {said('{name}: {words}', name=row.name, words=row.error.message)}")
            if row.error.hint:
                out.talk(f"    {spoken(row.error.hint)}")
        elif row.verdict in ("limited", "broken"):
            out.talk(f"  {said('{name}: {words}', name=row.name, words=row.sentence)}")
    if any(row.verdict in ("limited", "broken") for row in rows):
        words = said("'ccswitch-tui probe NAME' shows the findings of one, and what fixes them")
        out.talk(f"  {words}")


TITLES = ("profile", "verdict", "first token", "answer", "price/M", "model")
ANSWER, MODEL = 4, 6
"""The columns that a narrow terminal can miss."""


def _cells(row: Compared, out: Output) -> list[str]:
    from ccswitch_tui.probe.report import duration
    from ccswitch_tui.workflows.compare import price_text

    verdict = said("not probed") if row.error or not row.verdict else named(row.verdict)
    first, answer = ("-" if ms is None else duration(ms) for ms in (row.first_token_ms, row.answer_ms))
    price = price_text(row.price) or said("unknown")
    return [_sign(row, out), out.paint("bold", row.name), verdict, first, answer, price, row.model or "-"]
