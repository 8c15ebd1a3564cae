"""The session's part for probing: the ladder in a loop of its own, its report, its evidence, and proof at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from ccswitch_tui.profiles.model import Endpoint, Profile
from ccswitch_tui.tui.background import KEY_PATIENCE_S, in_loop_of_its_own, in_thread
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.views import Check

if TYPE_CHECKING:
    from ccswitch_tui.findings import Fix
    from ccswitch_tui.probe.exchange import Exchange
    from ccswitch_tui.probe.ladder import Cost
    from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.tui.setup import Setup
    from ccswitch_tui.workflows.context import Context

PROBE_PATIENCE_S = 600.0
"""The ladder has its own time-outs, rung by rung; this one only ends what has lost its way."""


class Probing:
    """The asynchronous ones bring their own threads; the others read a file or nothing."""

    ctx: Context

    async def probe(self, name: str, ladder: Ladder, on_step: Callable[[Step], None]) -> ProbeReport:
        """Climbs the ladder against a stored profile. `on_step` is called from another thread."""
        profile = await in_thread(lambda: self.ctx.book().get(name))
        key = None
        if profile.key.kind != "none":
            key = await in_thread(self.ctx.keys.resolve, profile.key, timeout_s=KEY_PATIENCE_S)
        return await self._examine(profile, key, ladder, on_step)

    async def probe_draft(self, setup: Setup, ladder: Ladder, on_step: Callable[[Step], None]) -> ProbeReport:
        """The same against what the wizard has gathered; the key is only in memory."""
        key, ref = setup.draft.secret, setup.draft.key_ref
        if key is None and ref is not None and ref.kind != "none":
            key = await in_thread(self.ctx.keys.resolve, ref, timeout_s=KEY_PATIENCE_S)
        return await self._examine(setup.profile, key, ladder, on_step)

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
        from ccswitch_tui.workflows.examine import apply_fix

        apply_fix(self.ctx, name, fix)

    def learn(self, name: str, report: ProbeReport) -> bool:
        """Keeps the quirks a probe learned in the profile; False when there was nothing to keep."""
        from ccswitch_tui.workflows.examine import learn

        return learn(self.ctx, name, report) is not None

    async def verify(self, name: str) -> AsyncIterator[Check]:
        """Proof through exactly what was written, one line after the other."""
        from ccswitch_tui.workflows.current import current

        now = await in_thread(current, self.ctx)
        said = t("verify.settings" if now.profile == name else "verify.other", name=name, other=now.profile or "-")
        yield Check("ok" if now.profile == name else "fail", said)
        for difference in now.drift:
            yield Check("warn", difference)
        profile = self.ctx.book().get(name)
        key = None
        if profile.key.kind != "none":
            key = await in_thread(self.ctx.keys.resolve, profile.key, timeout_s=KEY_PATIENCE_S)
            where = self.ctx.keys.where() if profile.key.kind == "keyring" else str(profile.key)
            yield Check("ok", t("verify.key", where=where))
        if profile.route == "proxy":
            status = await in_thread(self.ctx.proxy.ensure_running, timeout_s=20)
            if not status.running:
                yield Check("fail", t("verify.no_proxy", port=status.port))
                return
            yield Check("ok", t("proxy.started", host=status.host, port=status.port))
            # The way a session takes it: Anthropic's format, to the address in the settings, with the local token.
            written = Endpoint(self.ctx.proxy.base_url(name), "anthropic")
            profile, key = (
                profile._replace(name=f"{name}, as written", endpoint=written, key_host=None),
                self.ctx.proxy.token(),
            )
        report = await self._examine(profile, key, "quick", lambda step: None)
        answer = next((s for s in report.steps if s.code == "message"), None)
        if answer is not None and answer.verdict in ("ok", "warn"):
            yield Check(
                "ok", t("verify.answered", model=profile.models.default or "", took=f"{answer.took_ms or 0:.0f}")
            )
        else:
            yield Check("fail", report.sentence)

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
