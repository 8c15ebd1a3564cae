"""`current`: what Claude Code uses now, where that is written, and since when. On the quick path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("--json", action="store_true")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints one line for what is in effect, and one a scope."""
    from ccswitch_tui.workflows.current import current

    now = current(ctx)
    if args.json:
        out.json(now.to_json())
        return 0
    if now.profile:
        out.line(f"{out.glyph('here')} {out.paint('bold', now.profile)}  {now.base_url or ''}".rstrip())
    elif now.base_url:
        out.line(f"{out.glyph('warn')} {now.base_url}, which is none of our profiles")
    else:
        out.line("Claude Code's own login: no profile is in use here")
    for state in now.scopes.values():
        out.line(f"    {state.scope:<8}{state.profile}{_since(state.since)}  {state.file}")
    for sentence in now.drift:
        out.talk(f"{out.glyph('warn')} {sentence}; 'ccswitch-tui why' tells more")
    return 0


def _since(at: float | None) -> str:
    if at is None:
        return ""
    import time

    return time.strftime("  since %Y-%m-%d %H:%M", time.localtime(at))
