"""Explain: an error message pasted, what it means, who said it, what to do; the rung that proves it on a key."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.probe.explanations import Explanation
from ccswitch_tui.secret import redact
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.pasted import Sealed
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.facts import fact_named
from ccswitch_tui.tui.widgets.finding import card, sentence_of
from ccswitch_tui.tui.widgets.ladder import step_title
from ccswitch_tui.tui.widgets.paste_area import PasteArea
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows


class ExplainScreen(Place[None]):
    """A paste is explained at once; what is typed, with ^n. Then the explanations have the focus."""

    PLACE = "explain"
    HELP_TOPIC = "explain"
    BINDINGS = bindings("explain")
    AUTO_FOCUS = "PasteArea"
    CSS_PATH = "../styles/halves.tcss"
    DEFAULT_CSS = """
    ExplainScreen {
        .lead { padding: 1 2 1 2; height: auto; }
        PasteArea { margin: 0 2; height: 5; }
        Rows { height: auto; max-height: 3; margin: 1 0 0 0; }
        #side { height: 1fr; padding: 1 2; }
        #side > * { height: auto; }
    }
    """

    def __init__(self, profile: str | None = None) -> None:
        super().__init__()
        self.profile_name = profile
        self.found: list[Explanation] = []
        self.proof: Any = None
        self.proving = ""
        """What the probe is at; "" when none runs."""

    def body(self) -> ComposeResult:
        yield Static(look.line((t("explain.title"), look.NAME)), classes="head")
        yield Static(t("explain.ask"), classes="lead")
        yield PasteArea(id="paste", tab_behavior="focus", soft_wrap=True, compact=True)
        yield Rows(self._draw, id="explanations")
        with VerticalScroll(id="side", can_focus=False):
            yield Prose(id="card")

    # ------------------------------------------------------------------ explaining

    @on(PasteArea.Pasted)
    def _pasted(self, message: PasteArea.Pasted) -> None:
        self.explain(message.text)

    @on(PasteArea.TooMuch)
    def _too_much(self, message: PasteArea.TooMuch) -> None:
        size = f"{message.size:,}"
        self.ccs.show_notice(
            t("source.binary" if message.binary else "explain.too_much", size=size), severity="warning"
        )

    @task("explain")
    async def explain(self, text: Sealed) -> None:
        """Looks the message up in a thread; shows it masked."""
        self.query_one(PasteArea).text = redact(text.open())
        self.found = await self.ccs.off(self.session.explain, text.open(), self.profile_name or "")
        self.proof = None
        rows = self.query_one(Rows)
        rows.show(self.found, cursor=0)
        if self.found:
            rows.focus()
        self._card()

    # ------------------------------------------------------------------ showing

    def _draw(self, one: Explanation, width: int) -> Content:
        said = look.cells(look.quoted(one.matched), width - 24, look.NAME)
        return look.line(" ", look.mark("dot"), " ", said, " ", look.cells(look.quoted(one.layer), 20, look.QUIET))

    @on(Rows.Moved, "#explanations")
    def _card(self) -> None:
        one: Explanation | None = self.query_one(Rows).row
        rows: list[Content | str] = []
        if one is not None:
            rows += [
                fact_named(t("explain.says"), one.layer, f"“{look.quoted(one.matched)}”"),
                fact_named(t("explain.means"), one.means),
                fact_named(t("explain.do"), one.do),
            ]
            rows += [fact_named("", Content.styled(look.quoted(c), look.STYLES["here"])) for c in one.commands]
            rows += ["", *self._proof()]
        elif self.query_one(PasteArea).text.strip():
            rows += [look.item("warn", t("explain.unknown")), look.line("  ", look.HANG, t("explain.unknown_hint"))]
        self.query_one("#card", Prose).update(look.lines(*rows))
        self.renew_keys()

    def _proof(self) -> list[Content | str]:
        """What the probe said about it; while it runs, where it is."""
        if self.proving:
            return [look.line(look.mark("wait"), " ", (self.proving, look.QUIET))]
        if self.proof is None:
            return []
        rows: list[Content | str] = []
        step = self.proof.step
        if step is not None:
            seen = look.quoted(step.because)
            rows.append(look.line(look.mark(step.verdict), " ", look.HANG, (step_title(step), look.NAME), f"  {seen}"))
        rows.append(look.line((f"{self.profile_name}  ", look.NAME), look.quoted(sentence_of(self.proof.report))))
        rows += [part for finding in self.proof.report.findings[:1] for part in ("", card(finding))]
        return rows

    # ------------------------------------------------------------------ actions

    def why_not(self, action: str) -> str | None:
        one: Explanation | None = self.query_one(Rows).row if self.is_mounted else None
        if action == "explain" and self.is_mounted and not self.query_one(PasteArea).text.strip():
            return t("why_not.nothing_pasted")
        if action == "copy" and not (one and one.commands):
            return t("why_not.no_command")
        if action == "prove":
            if self.profile_name is None:
                return t("why_not.no_profile")
            if self.proving:
                return t("why_not.probe_running")
            if not any(e.rung for e in self.found):
                return t("explain.no_rung")
        return None

    def do_explain(self) -> None:
        self.explain(Sealed(self.query_one(PasteArea).text))

    def do_copy(self) -> None:
        self.ccs.copy("\n".join(self.query_one(Rows).row.commands), t("copied.fix"))

    @task("prove")
    async def do_prove(self) -> None:
        """Climbs as far as the rung that would show it, against the profile this place was opened from."""
        name = self.profile_name or ""
        self._climbing(t("probe.running"))
        try:
            self.proof = await with_keys(self.ccs, lambda: self.session.prove(name, self.found, self._on_step))
        finally:
            if self.query("#card"):
                self._climbing("")

    def _on_step(self, step: Any) -> None:
        """Called from the probe's thread."""
        self.app.call_from_thread(self._climbing, f"{t('probe.running')} {step_title(step)}")

    def _climbing(self, said: str) -> None:
        self.proving = said
        self._card()

    def do_back(self) -> None:
        self.workers.cancel_node(self)
        self.dismiss()
