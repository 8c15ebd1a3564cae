"""The first line: what Claude Code would use in this folder now, and who decides that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.views import Truth

if TYPE_CHECKING:
    from ccswitch_tui.tui.session_proxy import Pulse


class Headline(Widget):
    """One line on the second tone. Until the files were looked at it claims nothing."""

    DEFAULT_CSS = """
    Headline { height: 1; width: 1fr; dock: top; background: $surface; padding: 0 1; }
    """
    HELP_TOPIC = "truth"

    truth: reactive[Truth | None] = reactive(None)

    problem: reactive[str] = reactive("")
    """Why nothing true can be said."""

    pulse: reactive[Pulse | None] = reactive(None)
    """Today's use; asked for after the first paint."""

    locked: reactive[bool] = reactive(False)
    """No key can be had before somebody unlocks them."""

    def render(self) -> Content:
        width = self.content_size.width
        said, beside = self._said(), self._beside()
        room = width - said.cell_length - 2
        while beside and beside[0].cell_length > room:
            beside = beside[1:]  # the shortest one is the last to go
        aside = beside[0] if beside else Content("")
        if self.locked:
            aside = look.line(look.mark("warn"), " ", (t("truth.locked"), look.STYLES["warn"]))
        if not aside:
            return look.cut(said, width)
        return look.line(look.cells(said, width - aside.cell_length - 2), "  ", aside)

    def _beside(self) -> list[Content]:
        """What is said at the right: all of the pulse, or as much of it as there is room for."""
        pulse = self.pulse
        if pulse is None:
            return []
        words = t("pulse.proxy" if pulse.running else "pulse.no_proxy")
        proxy = look.line(look.mark("ok" if pulse.running else "skip"), (f" {words}", look.QUIET))
        sessions = t("pulse.sessions", n=pulse.sessions) if pulse.sessions else ""
        requests = pulse.total("requests")
        used = t("pulse.requests", n=requests) if requests else ""
        tokens = t("pulse.tokens", taken=look.short(taken(pulse)), given=look.short(pulse.total("output_tokens")))
        dot = f" {look.sign('dot')} "
        said = [used + dot + tokens if used else "", sessions], [used, sessions], [used]
        full = [(f"{dot.join(filter(None, part))}  ", look.QUIET) for part in said if any(part)]
        return [*(look.line(part, proxy) for part in full), proxy]

    def _said(self) -> Content:
        if self.problem:
            return look.line(look.mark("fail"), " ", look.quoted(self.problem))
        truth = self.truth
        if truth is None:
            return Content.styled(t("truth.looking"), look.QUIET)
        if not truth.base_url and not truth.profile:
            return look.line(look.mark("skip"), " ", t("truth.official"), (f"  {truth.decided_by}", look.QUIET))
        parts: list[Any] = [(f"{t('truth.client')} {look.sign('to')} ", look.QUIET)]
        parts.append((look.quoted(truth.profile or t("truth.foreign")), look.NAME))
        if truth.model:
            parts.append(f" {look.sign('dot')} {look.quoted(truth.model)}")
        if not truth.profile:
            parts.append((f"  {look.quoted(look.host_of(truth.base_url))}", look.QUIET))
        if truth.decided_by and truth.decided_by != t("layer.user"):
            parts.append((f"  {t('truth.decided', who=truth.decided_by)}", look.QUIET))
        if truth.drift and truth.profile:  # of what was never ours nothing was changed
            parts += ["  ", look.mark("warn"), " ", (t("truth.drift"), look.STYLES["warn"])]
        return look.line(*parts)


def taken(pulse: Pulse) -> int:
    """All tokens of prompts, those from a cache too."""
    return pulse.total("input_tokens") + pulse.total("cache_read_tokens") + pulse.total("cache_write_tokens")
