"""Adopt: keys that lie in the clear on this machine, and moving the marked ones into the key store; undone on a key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.background import KEY_PATIENCE_S
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.screens.confirm import ConfirmSheet
from ccswitch_tui.tui.session_machine import PlainTextKey
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows


class AdoptScreen(Place[None]):
    """Keys on one side; what would become of the one under the cursor on the other."""

    PLACE = "adopt"
    HELP_TOPIC = "adopt"
    BINDINGS = bindings("adopt")
    CSS_PATH = "../styles/halves.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.every: Sequence[PlainTextKey] | None = None
        self.marked: set[str] = set()
        self.moved_before = ""
        """The file whose keys can be put back."""
        self.done: Content | None = None
        """What the last move did, until the cursor moves."""
        self.done_at: PlainTextKey | None = None
        """The row the cursor stood on then."""

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                yield Prose(t("adopt.empty"), id="empty")
                yield Rows(self._draw, id="keys")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="card")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#empty").display = False
        self.load()

    @task("adopt")
    async def load(self) -> None:
        await self._look()

    async def _look(self) -> None:
        self._head()
        self.every = await self.ccs.off(self.session.plain_text_keys, timeout_s=60)
        self.moved_before = await self.ccs.off(self.session.adopted_before)
        self.marked &= {key.place.id for key in self.every}
        rows = self.query_one(Rows)
        rows.show(self.every)
        self.done_at = rows.row
        self.query_one("#empty").display = not self.every
        self._head()
        self._card()

    # ------------------------------------------------------------------ showing

    def _head(self) -> None:
        if self.every is None:
            state = Content.styled(t("doctor.looking"), look.QUIET)
        else:
            count = len(self.every)
            said = t("adopt.found", n=count, marked=len(self.marked)) if count else t("adopt.none")
            state = look.line(look.mark("warn" if count else "ok"), " ", said)
        self.query_one("#head", Static).update(look.line((t("adopt.title"), look.NAME), "  ", state))
        self.renew_keys()

    def _draw(self, key: PlainTextKey, width: int) -> Content:
        sign = look.mark("here") if key.place.id in self.marked else look.mark("skip")
        name = min(26, width // 3)
        return look.line(
            " ", sign, " ", look.cells(look.quoted(key.place.name), name, look.NAME), " ",
            look.cells(key.place.secret.hint(), 10, look.QUIET), " ",
            look.cells(look.tail(self._spot(key), width - name - 17), width - name - 16),
        )  # fmt: skip

    def _spot(self, key: PlainTextKey) -> str:
        """File and line, the home folder as people write it."""
        return look.quoted(self.session.at_home(spot_of(key)))

    @on(Rows.Moved, "#keys")
    def _card(self) -> None:
        key: PlainTextKey | None = self.query_one(Rows).row
        if key is not self.done_at:
            self.done = None
        shown = self.done or (fate(key, self.session.at_home) if key else Content(""))
        self.query_one("#card", Prose).update(shown)
        self.renew_keys()

    # ------------------------------------------------------------------ actions

    def why_not(self, action: str) -> str | None:
        if action in ("mark", "mark_all", "adopt") and not self.every:
            return t("adopt.none")
        if action == "adopt" and not self.marked:
            return t("adopt.mark_first")
        if action == "undo" and not self.moved_before:
            return t("adopt.nothing_moved")
        return None

    def do_mark(self) -> None:
        self.marked ^= {self.query_one(Rows).row.place.id}
        self.query_one(Rows).refresh()
        self._head()

    def do_mark_all(self) -> None:
        """Marks every key, or none where all were marked."""
        every = {key.place.id for key in self.every or ()}
        self.marked = set() if self.marked == every else every
        self.query_one(Rows).refresh()
        self._head()

    @on(Rows.Selected, "#keys")
    def _selected(self) -> None:
        self.action_do("adopt")

    @task("adopt")
    async def do_adopt(self) -> None:
        """Asks once with all files named, stores and reads back, then changes the files."""
        places = [key.place for key in self.every or () if key.place.id in self.marked]
        files = list(dict.fromkeys(place.file for place in places))
        sheet = ConfirmSheet(
            t("adopt.ask", n=len(places)), "\n".join([*map(self.session.at_home, files), "", t("adopt.means")])
        )
        if not await self.app.push_screen_wait(sheet):
            return
        done = await with_keys(self.ccs, lambda: self.ccs.off(self.session.adopt, places, timeout_s=KEY_PATIENCE_S))
        self.done = told(done, self.session.at_home)
        self.marked.clear()
        await self._look()

    @task("adopt")
    async def do_undo(self) -> None:
        """Puts the keys moved last back into their file."""
        sheet = ConfirmSheet(t("adopt.undo_ask"), f"{self.session.at_home(self.moved_before)}\n{t('adopt.undo_means')}")
        if not await self.app.push_screen_wait(sheet):
            return
        file = await with_keys(self.ccs, lambda: self.ccs.off(self.session.take_back_adopted, timeout_s=KEY_PATIENCE_S))
        self.done = None  # what it says is not so any more
        self.ccs.show_notice(t("adopt.undone", file=self.session.at_home(file)))
        await self._look()


def spot_of(key: PlainTextKey) -> str:
    """File and line; a database has no lines."""
    return f"{key.place.file}:{key.place.line}" if key.place.line else key.place.file


def fate(key: PlainTextKey, at_home: Callable[[str], str]) -> Content:
    """Where the key stands, and what would stand there instead."""
    place = key.place
    rows: list[Content | str] = [
        look.line((look.quoted(place.name), look.NAME), f"  {place.secret.hint()}"),
        look.line((look.quoted(at_home(spot_of(key))), look.QUIET)),
        "",
    ]
    if key.stand_in:
        rows.append(look.line(("- ", look.STYLES["fail"]), look.HANG, place.secret.hint()))
        rows.append(look.line(("+ ", look.STYLES["ok"]), look.HANG, look.quoted(key.stand_in)))
    else:
        rows.append(look.item("dot", t("adopt.becomes_profile" if place.kind == "settings" else "adopt.only_copied")))
    if place.remark:
        rows.append(look.item("warn", place.remark))
    rows += [look.item("warn", t("adopt.also_in", where=at_home(spot))) for spot in key.also_in]
    return look.lines(*rows)


def told(done: Sequence[Any], at_home: Callable[[str], str]) -> Content:
    """What became of each file, and what is still to be done."""
    from ccswitch_tui.workflows.adopt import ROTATE

    rows: list[Content | str] = []
    for one in done:
        rows.append(look.item("ok", t("adopt.stored", file=at_home(one.file), names=", ".join(one.stored))))
        if one.profile:
            rows.append(look.item("ok", t("adopt.in_use", name=one.profile)))
        rows += [look.item("warn", remark) for remark in one.remains]
    return look.lines(*rows, "", look.item("warn", ROTATE))
