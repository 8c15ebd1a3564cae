"""Proof through exactly what was written: the settings, the key, the proxy, and one answer, the way a session asks.

Blocks, line by line: each check is made when it is asked for. The app asks in a thread, the command line at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.profiles.model import Endpoint
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.lending import lend

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context


class Check(NamedTuple):
    """One line of the proof."""

    verdict: str
    """`ok`, `warn` or `fail`."""
    text: str

    def to_json(self) -> dict[str, Any]:
        return {"verdict": self.verdict, "text": str(self.text)}


def holds(checks: list[Check]) -> bool:
    """Whether the proof succeeded: nothing failed, and an endpoint answered."""
    return bool(checks) and all(check.verdict != "fail" for check in checks)


def verify(ctx: Context, name: str) -> Iterator[Check]:
    """Whether Claude Code, started in this folder, would be answered by profile `name`. Ends at what cannot be passed.

    Sends one short request. Raises KeyStoreError when the key cannot be had, UsageError when it was given for
    another host.
    """
    from ccswitch_tui.workflows.current import current

    now = current(ctx)
    if now.profile == name:
        yield Check("ok", say("Claude Code reads the settings and finds '{name}'", name=name))
    else:
        yield Check("fail", say("in this folder something else takes precedence: '{other}'", other=now.profile or "-"))
    for difference in now.drift:  # an answer that comes below would not be a session's
        yield Check("fail", difference)
    profile = ctx.book().get(name)
    key = ctx.keys.of(profile)
    ctx.keys.of_headers(profile)
    if key is not None:
        where = ctx.keys.where() if profile.key.kind == "keyring" else str(profile.key)
        yield Check("ok", say("the key is where it should be: {where}", where=where))
    if profile.route == "proxy":
        status = ctx.proxy.ensure_running()
        if not status.running:
            yield Check("fail", say("the proxy does not start on port {port}", port=status.port))
            return
        yield Check("ok", say("the proxy is running on {host}:{port}", host=status.host, port=status.port))
        lend(ctx, profile)  # as the helper does at the start of a session
        # The way a session takes it: Anthropic's format, to the address in the settings, with the local token.
        written = Endpoint(ctx.proxy.base_url(name), "anthropic")
        profile = profile._replace(name=f"{name}, as written", endpoint=written, key_host=None, secret_headers={})
        key = ctx.proxy.token()
    yield _answered(ctx, profile, key)


def _answered(ctx: Context, profile: Profile, key: Secret | None) -> Check:
    import asyncio

    from ccswitch_tui.workflows.examine import examine

    report = asyncio.run(examine(ctx, profile, key, ladder="quick"))
    answer = next((step for step in report.steps if step.code == "message"), None)
    if answer is None or answer.verdict not in ("ok", "warn"):
        # what our proxy was told is more than what its status means
        heard = answer.because if answer is not None and answer.verdict == "fail" and profile.route == "proxy" else ""
        return Check("fail", say("does not work: {title}", title=heard) if heard else report.sentence)
    took = f"{answer.took_ms or 0:.0f}"
    model = profile.models.default or ""
    return Check("ok", say("{model} answered through what was written, {took} ms", model=model, took=took))
