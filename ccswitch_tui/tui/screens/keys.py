"""Keys: where each one is, which host it is for, whether it is there, and when it was last used. Never a key."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.listed import KeyRow
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.facts import fact, fact_named
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

STATES = {
    "present": ("ok", "key_state.present"),
    "absent": ("fail", "key_state.absent"),
    "unknown": ("skip", "key_state.unknown"),
    "none": ("skip", "key_state.none"),
    "orphan": ("warn", "key_state.orphan"),
}
"""A key's state: its sign and its words."""


class KeysScreen(Place[None]):
    """One row a key, those that no profile names at the end."""

    PLACE = "keys"
    HELP_TOPIC = "keys"
    BINDINGS = bindings("keys")
    CSS_PATH = "../styles/halves.tcss"

    def body(self) -> ComposeResult:
        yield Static(look.line((t("keys.title"), look.NAME)), id="head", classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                empty = Prose(t("keys.empty"), id="empty")
                empty.display = False  # until it is known that there are none
                yield empty
                yield Rows(draw_key, heading=heading, id="keys")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="facts")

    def on_mount(self) -> None:
        self.load()

    @task("keys")
    async def load(self) -> None:
        rows = await self.ccs.off(self.session.key_rows)
        store = await self.ccs.off(self.session.key_store)
        where = [(f"  {look.quoted(store.where)}", look.QUIET)]
        self.query_one("#head", Static).update(look.line((t("keys.title"), look.NAME), *where))
        self.query_one(Rows).show(rows)
        self.query_one("#empty").display = not rows
        self._facts()
        self.renew_keys()

    @on(Rows.Moved, "#keys")
    def _facts(self) -> None:
        row: KeyRow | None = self.query_one(Rows).row
        self.query_one("#facts", Prose).update(key_facts(row) if row else "")
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        row = self.query_one(Rows).row if self.is_mounted else None
        return t("why_not.no_profile") if action == "edit" and (row is None or row.state == "orphan") else None

    @on(Rows.Selected, "#keys")
    def _selected(self) -> None:
        self.action_do("edit")

    def do_edit(self) -> None:
        """The form of its profile, where another key can be given."""
        from ccswitch_tui.tui.screens.edit import EditScreen

        self.app.push_screen(EditScreen(self.query_one(Rows).row.profile), self._edited)

    def _edited(self, _: str | None) -> None:
        self.load()

    @task("lock")
    async def do_keys(self) -> None:
        """Locks an open key file, or unlocks the key store; an OS keyring is locked by the system."""
        from ccswitch_tui.tui.asking import open_store

        store = await self.ccs.off(self.session.key_store)
        if store.kind == "encrypted-file" and store.unlocked:
            await self.ccs.off(self.session.lock)
            self.ccs.show_notice(t("unlock.locked"))
        elif await open_store(self.ccs) and store.unlocked:
            self.ccs.show_notice(t("unlock.open", where=store.where))
        self.load()


def draw_key(row: KeyRow, width: int) -> Content:
    """One key on one line, under `heading`."""
    name, host = _widths(width)
    meaning, words = STATES[row.state]
    return look.line(
        " ", look.mark(meaning), " ", look.cells(row.profile, name, look.NAME), " ",
        look.cells(look.host_within(row.host.partition("://")[2] or row.host, host), host, look.QUIET), " ",
        look.cells(t(words), 14),
        look.cells(row.last_used, 11, look.QUIET),
    )  # fmt: skip


def heading(width: int) -> Content:
    """What stands above the columns."""
    name, host = _widths(width)
    titles = look.line(
        "    " if look.ascii_only() else "   ", look.cells(t("head.name"), name), " ",
        look.cells(t("keys.for"), host), " ", look.cells(t("fact.key"), 14), t("keys.used"),
    )  # fmt: skip
    return Content.styled(titles.plain, look.QUIET)


def _widths(width: int) -> tuple[int, int]:
    room = max(16, width - 31)
    name = min(24, room // 2)
    return name, room - name


def key_facts(row: KeyRow) -> Content:
    """One key in words."""
    meaning, words = STATES[row.state]
    rows: list[Content | str] = [
        look.line((row.profile, look.NAME)),
        "",
        fact_named(t("fact.key"), look.line(look.quoted(row.where), "  ", look.mark(meaning), f" {t(words)}")),
        fact_named(t("keys.for"), row.host or "-"),
        fact_named(t("keys.used"), row.last_used or t("keys.never")),
    ]
    if row.shared_with:
        rows.append(fact_named(t("keys.shared"), ", ".join(row.shared_with)))
    if row.state == "orphan":
        rows += ["", look.item("warn", t("keys.orphan_means"))]
    return look.lines(*rows) if row.host else look.lines(*rows[:3], *rows[5:], fact("in_use", t("in_use.nowhere")))
