"""What hangs on the background proxy, and its end: both faces say whom it touches before they end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ccswitch_tui.proxy.background.control import StopResult
    from ccswitch_tui.workflows.context import Context


class ProxyLoad(NamedTuple):
    """What hangs on the background proxy now."""

    running: bool
    requests: int = 0
    """Under way through it."""
    sessions: int = 0
    """Of Claude Code, running on this machine."""
    holds_keys: bool = False
    """The opened key file is in its memory."""

    @property
    def idle(self) -> bool:
        return not (self.requests or self.sessions or self.holds_keys)


def proxy_load(ctx: Context) -> ProxyLoad:
    """Whether the background proxy runs, and whom its end would touch. Looking starts nothing."""
    from ccswitch_tui.claude.sessions import running_sessions
    from ccswitch_tui.workflows.keys import store_status
    from ccswitch_tui.workflows.traffic import running_status

    found, more = running_status(ctx)
    if not found.running:
        return ProxyLoad(False)
    keys = store_status(ctx)
    sessions = len(running_sessions(ctx.paths.claude_dir))
    holds_keys = keys.kind == "encrypted-file" and bool(keys.unlocked)
    return ProxyLoad(True, int(more.get("running", 0)), sessions, holds_keys)


def stop_proxy(ctx: Context, *, at_once: bool = False, for_good: bool = False) -> StopResult:
    """Ends the background proxy; what is under way is finished first, unless `at_once`.

    While sessions of Claude Code run its port is kept, and their next request starts it again: refused, they would
    lose three minutes and the request. `for_good` frees the port too.
    """
    from ccswitch_tui.claude.sessions import running_sessions

    asleep = not for_good and bool(running_sessions(ctx.paths.claude_dir))
    return ctx.proxy.stop(at_once=at_once, asleep=asleep)
