"""`current`: what Claude Code uses now, where that is written, and since when. On the quick path."""

from __future__ import annotations

from ccswitch_tui.cli.plainly import Plain
from ccswitch_tui.language import said
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.current import Current


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("--verify", action="store_true", help="prove it with one short request through what is written")
    parser.add_argument("--json", action="store_true", help="print JSON")


PLAIN = Plain({"verify": False, "json": False}, flags={"--json": ("json", True)})


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints one line for what is in effect, and one a scope; with --verify what proves it, and 1 if that fails."""
    from ccswitch_tui.workflows.current import current

    now = current(ctx)
    if not args.verify:
        _tell(now, args.json, out)
        return 0
    return _verified(now, args.json, ctx, out)


def _verified(now: Current, as_json: bool, ctx: Context, out: Output) -> int:
    from ccswitch_tui.cli.proof import prove
    from ccswitch_tui.errors import ExitCode, UsageError
    from ccswitch_tui.workflows.verify import holds

    if now.profile is None:
        raise UsageError(
            say("no profile of ours is in use here: there is nothing to verify"), hint=say("ccswitch-tui use NAME")
        )
    if not as_json:
        _tell(now, as_json, out)
    checks = prove(ctx, now.profile, out, quiet=as_json)
    if as_json:
        out.json({**now.to_json(), "verified": holds(checks), "checks": [check.to_json() for check in checks]})
    return int(ExitCode.DONE if holds(checks) else ExitCode.FAILED)


def _tell(now: Current, as_json: bool, out: Output) -> None:
    if as_json:
        out.json(now.to_json())
        return
    if now.profile:
        out.line(f"{out.glyph('here')} {out.paint('bold', now.profile)}  {now.base_url or ''}".rstrip())
    elif now.base_url:
        out.point("warn", say("{url}, which is none of our profiles", url=now.base_url))
    else:
        out.line(say("Claude Code's own login: no profile is in use here"))
    for state in now.scopes.values():
        out.line(f"    {state.scope:<8}{state.profile}{_since(state.since)}  {state.file}")
    if now.search:
        out.line(f"    {said('web searches go to {search}', search=now.search)}")
    for sentence in now.drift:
        out.point("warn", say("{sentence}; 'ccswitch-tui why' says more", sentence=sentence), talk=True)


def _since(at: float | None) -> str:
    if at is None:
        return ""
    import time

    return "  " + said("since {when}", when=time.strftime("%Y-%m-%d %H:%M", time.localtime(at)))
