"""The first line: what Claude Code would use in this folder now, and who decides that."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.views import Truth


class Headline(Widget):
    """One line on the second tone. Until the files were looked at it claims nothing."""

    DEFAULT_CSS = """
    Headline { height: 1; width: 1fr; dock: top; background: $surface; padding: 0 1; }
    """
    HELP_TOPIC = "truth"

    truth: reactive[Truth | None] = reactive(None)

    problem: reactive[str] = reactive("")
    """Why nothing true can be said."""

    locked: reactive[bool] = reactive(False)
    """No key can be had before somebody unlocks them."""

    def render(self) -> Content:
        width = self.content_size.width
        if not self.locked:
            return look.cut(self._said(), width)
        locked = look.line("  ", look.mark("warn"), " ", (t("truth.locked"), look.STYLES["warn"]))
        return look.line(look.cells(self._said(), width - locked.cell_length), locked)

    def _said(self) -> Content:
        if self.problem:
            return look.line(look.mark("fail"), " ", look.quoted(self.problem))
        truth = self.truth
        if truth is None:
            return Content.styled(t("truth.looking"), look.QUIET)
        if not truth.base_url and not truth.profile:
            return look.line(look.mark("skip"), " ", t("truth.official"), (f"  {truth.decided_by}", look.QUIET))
        who = truth.profile or t("truth.foreign")
        parts = [look.mark("here"), " ", (who, look.NAME)]
        if truth.model:
            parts += ["  ", truth.model]
        parts += [(f"  {look.quoted(look.host_of(truth.base_url))}", look.QUIET)]
        if truth.credential:
            parts += [(f" {look.sign('dot')} {look.quoted(truth.credential)}", look.QUIET)]
        if truth.decided_by:
            parts += [(f" {look.sign('dot')} {t('truth.decided', who=truth.decided_by)}", look.QUIET)]
        if truth.drift:
            parts += ["  ", look.mark("warn"), " ", (t("truth.drift"), look.STYLES["warn"])]
        return look.line(*parts)
