"""`balance [NAME|--all]`: what is left on a key. Asks the endpoint, once, because the user asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import CcswitchError, ExitCode, UsageError
from ccswitch_tui.language import named, said, spoken
from ccswitch_tui.sentence import joined, say

if TYPE_CHECKING:
    from ccswitch_tui.balance.model import Balance
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Asks the provider what is left on a profile's key, where there is a known way: money,
the windows of a plan, or the key's own limit, in the provider's own units. It sends
one request that costs nothing, to the profile's own host; another host is asked only
if you name it with --allow-host. The answer is kept: 'list', 'status' and the status
line show it with its age, and never ask on their own."""

EXAMPLES = """\
examples:
  ccswitch-tui balance               of the profile in use here
  ccswitch-tui balance --all --json
  ccswitch-tui balance relay --gateway new-api"""

CODES = {
    "known": ExitCode.DONE,
    "empty": ExitCode.FAILED,
    "unknown": ExitCode.FAILED,
    "consent": ExitCode.FAILED,
    "refused": ExitCode.KEY_REFUSED,
    "expired": ExitCode.KEY_REFUSED,
}
SIGNS = {"known": "ok", "empty": "fail", "refused": "fail", "expired": "fail", "unknown": "skip"}


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a profile; without one: the one in use here")
    parser.add_argument("--all", action="store_true", help="every profile, one after another")
    parser.add_argument("--cached", action="store_true", help="show the last known balance; asks nobody")
    parser.add_argument("--gateway", metavar="KIND", default="", help="what the endpoint is: new-api, one-api, litellm")
    parser.add_argument("--allow-host", metavar="HOST", default="", help="also send the key to this host")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints a line a profile; the exit code is the worst one's."""
    profiles = _profiles(args, ctx)
    rows = [(profile, _one(args, ctx, profile)) for profile in profiles]
    if args.json:
        told = [{"profile": p.name, **balance.to_json(), "limits": _limits(ctx, p)} for p, balance in rows]
        out.json({"version": 1, "balances": told})
    else:
        for profile, balance in rows:
            _tell(ctx, profile, balance, out)
    codes = [int(CODES.get(balance.state, ExitCode.ENDPOINT)) for _, balance in rows]
    return max(codes, default=0)


def _limits(ctx: Context, profile: Profile) -> list[dict[str, Any]]:
    from ccswitch_tui.workflows.balance import last_limits

    at, limits = last_limits(ctx, profile)
    return [{**limit.to_json(), "at": at} for limit in limits]


def _profiles(args: Any, ctx: Context) -> list[Profile]:
    if args.all:
        if args.name or args.gateway or args.allow_host:
            raise UsageError(
                say("--all asks each profile's own host, as the catalogue knows it"), hint=say("name one profile")
            )
        return list(ctx.book().profiles.values())
    from ccswitch_tui.workflows.run import default_profile

    return [ctx.book().get(args.name or default_profile(ctx))]


def _one(args: Any, ctx: Context, profile: Profile) -> Balance:
    import asyncio

    from ccswitch_tui.balance.model import Balance
    from ccswitch_tui.workflows.balance import ask_balance, last_balance

    if args.cached:
        return last_balance(ctx, profile) or Balance("unknown", ctx.clock(), words=say("it was never asked for"))
    try:
        return asyncio.run(ask_balance(ctx, profile, gateway=args.gateway, allowed=args.allow_host))
    except CcswitchError as error:
        if not args.all:
            raise
        return Balance("unreachable", ctx.clock(), words=error.message)


def _tell(ctx: Context, profile: Profile, balance: Balance, out: Output) -> None:
    from ccswitch_tui.balance.kept import short_text
    from ccswitch_tui.workflows.statusline import age_text

    sign = out.glyph(SIGNS.get(balance.state, "warn"))
    age = ctx.clock() - balance.at
    when = "  " + said("({age} ago)", age=age_text(age)) if age >= 60 else ""
    told = [spoken(short_text(balance)), spoken(balance.words)]
    words = "; ".join(filter(None, told)) or named(balance.state)
    out.line(f"{sign} {out.paint('bold', profile.name)}  {words}{when}")
    if any(meter.assumed for meter in balance.meters):
        words = said("'?': the answer names no currency; the one the provider bills in is assumed")
        out.talk(f"  {words}")
    for meter in balance.meters:
        if meter.resets_at is not None:
            out.line(
                "    "
                + said("{meter} resets at {clock}", meter=meter.label or say("it"), clock=_clock(meter.resets_at))
            )
    _tell_limits(ctx, profile, out)
    if balance.state == "empty":
        out.talk(f"  {said('nothing is left, so calls will probably fail')}")
    if balance.state not in ("known", "empty", "unknown", "consent"):
        from ccswitch_tui.workflows.balance import last_balance

        before = last_balance(ctx, profile)
        if before is not None and before.at < balance.at and before.meters:
            when = said("({age} ago)", age=age_text(ctx.clock() - before.at))
            out.line(f"    {said('known before: {known}', known=short_text(before))}  {when}")


def _tell_limits(ctx: Context, profile: Profile, out: Output) -> None:
    """What the last answer through the proxy said, which is another thing than a balance."""
    from ccswitch_tui.balance.limits import limit_text
    from ccswitch_tui.workflows.balance import last_limits
    from ccswitch_tui.workflows.statusline import age_text

    at, limits = last_limits(ctx, profile)
    if limits:
        figures = spoken(joined((limit_text(limit, ctx.clock()) for limit in limits), ", "))
        age = said("({age} ago)", age=age_text(ctx.clock() - at))
        out.line(f"    {said('limits')}: {figures}  {age}")


def _clock(at: float) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
