"""The session's part for probing: ladders in a loop of their own, evidence, profiles side by side, their models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

from ccswitch_tui.tui.background import KEY_PATIENCE_S, in_loop_of_its_own, in_thread

if TYPE_CHECKING:
    from ccswitch_tui.findings import Fix
    from ccswitch_tui.probe.exchange import Exchange
    from ccswitch_tui.probe.ladder import Cost
    from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.compare import Compared
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.models import Offered
    from ccswitch_tui.workflows.setup import Setup
    from ccswitch_tui.workflows.verify import Check

PROBE_PATIENCE_S = 600.0
"""The ladder has its own time-outs, rung by rung; this one only ends what has lost its way."""


class Probing:
    """The asynchronous ones bring their own threads; the others read a file or nothing."""

    ctx: Context

    async def probe(self, name: str, ladder: Ladder, on_step: Callable[[Step], None]) -> ProbeReport:
        """Climbs the ladder against a stored profile. `on_step` is called from another thread."""
        profile = await in_thread(lambda: self.ctx.book().get(name))
        key = await in_thread(self.ctx.keys.of, profile, timeout_s=KEY_PATIENCE_S)
        await in_thread(self.ctx.keys.of_headers, profile, timeout_s=KEY_PATIENCE_S)  # a locked store says so here
        return await self._examine(profile, key, ladder, on_step)

    async def probe_draft(self, setup: Setup, ladder: Ladder, on_step: Callable[[Step], None]) -> Setup:
        """The same against what the wizard has gathered, and what it proved taken over; the key is only in memory."""
        from ccswitch_tui.workflows.setup import key_of, probed, took_over

        key = await in_thread(key_of, self.ctx, setup, timeout_s=KEY_PATIENCE_S)
        report = await in_loop_of_its_own(
            lambda: probed(self.ctx, setup, key, ladder, on_step), timeout_s=PROBE_PATIENCE_S
        )
        return took_over(setup, report)

    async def _examine(
        self, profile: Profile, key: Secret | None, ladder: Ladder, on_step: Callable[[Step], None]
    ) -> ProbeReport:
        from ccswitch_tui.workflows.examine import examine

        return await in_loop_of_its_own(
            lambda: examine(self.ctx, profile, key, ladder=ladder, on_step=on_step), timeout_s=PROBE_PATIENCE_S
        )

    def last_report(self, name: str) -> ProbeReport | None:
        """What the last probe of a profile found."""
        from ccswitch_tui.workflows.reports import last_report

        return last_report(self.ctx, name)

    def cost(self, profile: Profile, ladder: Ladder) -> Cost:
        """About what a probe asks for, to be said before it starts."""
        from ccswitch_tui.workflows.examine import cost

        return cost(profile, ladder)

    def apply_fix(self, name: str, fix: Fix) -> None:
        """A finding's fix, into the stored profile."""
        from ccswitch_tui.workflows.learning import apply_fix

        apply_fix(self.ctx, name, fix)

    def learn(self, name: str, report: ProbeReport) -> bool:
        """Keeps the quirks a probe learned in the profile; False when there was nothing to keep."""
        from ccswitch_tui.workflows.learning import learn

        return learn(self.ctx, name, report) is not None

    async def verify(self, name: str) -> AsyncIterator[Check]:
        """Proof through exactly what was written, one line after the other."""
        from ccswitch_tui.workflows.verify import verify

        checks = verify(self.ctx, name)
        while (check := await in_thread(next, checks, None, timeout_s=PROBE_PATIENCE_S)) is not None:
            yield check

    @staticmethod
    def markdown_of(report: ProbeReport) -> str:
        """The report to paste into an issue."""
        from ccswitch_tui.probe.report import markdown

        return markdown(report)

    @staticmethod
    def exchanges_of(report: ProbeReport, step: Step) -> list[Exchange]:
        """What was sent for one rung; for one without requests of its own, what its finding rests on."""
        own = [e for e in report.exchanges if e.rung == step.code]
        wanted = {number for f in report.findings if f.kind == step.finding for number in f.evidence}
        return own or [e for e in report.exchanges if e.id in wanted]

    @staticmethod
    def title_of(exchange: Exchange) -> str:
        """One exchange in a few words."""
        outcome = exchange.failure or (str(exchange.status) if exchange.status is not None else "")
        return "  ".join(filter(None, (exchange.method, exchange.path, exchange.variant, outcome)))

    @staticmethod
    def verbose_of(exchange: Exchange) -> str:
        """As `curl -v` shows one."""
        from ccswitch_tui.probe.exchange import curl_verbose

        return curl_verbose(exchange)

    @staticmethod
    def curl_of(exchange: Exchange) -> str:
        """As a command to paste; the key is read from a variable."""
        from ccswitch_tui.probe.exchange import curl_command

        return curl_command(exchange)

    # ---------------------------------------------------------------- profiles side by side, and their models

    def compared(self, profile: Profile) -> Compared:
        """A profile's row as its last report has it."""
        from ccswitch_tui.workflows.compare import known

        return known(self.ctx, profile)

    async def models(self, name: str) -> list[Offered]:
        """The endpoint's own list of models, asked now with the profile's key."""
        from ccswitch_tui.workflows.models import ask_models

        profile = await in_thread(lambda: self.ctx.book().get(name))
        return await in_loop_of_its_own(lambda: ask_models(self.ctx, profile), timeout_s=KEY_PATIENCE_S)

    async def compare(
        self,
        profiles: Sequence[Profile],
        ladder: Ladder,
        *,
        on_start: Callable[[str], None],
        on_step: Callable[[str, Step], None],
        on_done: Callable[[Compared], None],
    ) -> None:
        """Probes them side by side; the callbacks are called from another thread."""
        from ccswitch_tui.workflows.compare import compare

        async def off(work: Callable[..., Any], *args: Any) -> Any:
            return await in_thread(work, *args, timeout_s=KEY_PATIENCE_S)

        await in_loop_of_its_own(
            lambda: compare(
                self.ctx, profiles, ladder=ladder, on_start=on_start, on_step=on_step, on_done=on_done, off=off
            ),
            timeout_s=PROBE_PATIENCE_S * max(1, len(profiles)),
        )
