"""What Home can do besides: the rarer verbs, by name in the palette, some of them on a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.background import KEY_PATIENCE_S
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, task

if TYPE_CHECKING:
    from ccswitch_tui.tui.views import Row


class MoreVerbs(Place[None]):
    """Mixed into Home, which brings the profile under the cursor and the looking."""

    wanted: str | None
    row: Any
    look_again: Any
    show_rows: Any
    found_here: tuple[Content, ...] | None
    """What is said under an empty list; None before anybody looked."""
    _added: Any

    def do_profiles(self) -> None:
        """One is there already."""
        self.query("#profiles").focus()

    def do_usage(self) -> None:
        """What was used, and what it cost."""
        from ccswitch_tui.tui.screens.usage import UsageScreen

        self.app.push_screen(UsageScreen())

    @task("rename")
    async def do_rename(self) -> None:
        """Another name; keys, settings and other profiles that name it follow."""
        row: Row = self.row
        new = await self._ask_name(t("home.rename_ask", name=row.name))
        if new:
            await self._done(new, self.session.rename, row.name, new)

    @task("rename")
    async def do_duplicate(self) -> None:
        """A second profile like this one, with a key of its own."""
        row: Row = self.row
        new = await self._ask_name(t("home.copy_ask", name=row.name))
        if new:
            await self._done(new, self.session.duplicate, row.name, new)

    async def _ask_name(self, question: str) -> str | None:
        from ccswitch_tui.tui.screens.confirm import AskSheet

        return await self.app.push_screen_wait(AskSheet(question))

    async def _done(self, wanted: str, work: Any, *args: str) -> None:
        from ccswitch_tui.tui.asking import with_keys

        said: str = await with_keys(self.ccs, lambda: self.ccs.off(work, *args, timeout_s=KEY_PATIENCE_S))
        self.ccs.show_notice(said)
        self.wanted = wanted
        self.look_again()

    @task("keys")
    async def do_keys(self) -> None:
        """Unlocks the key store or makes one where there is none, and shows what is in it."""
        from ccswitch_tui.tui.asking import open_store

        if await open_store(self.ccs):
            from ccswitch_tui.tui.screens.keys import KeysScreen

            await self.app.push_screen(KeysScreen())
        self.look_again()

    @task("keys")
    async def do_lock(self) -> None:
        """Locks an open key file, and only that."""
        locked = await self.ccs.off(self.session.lock)
        self.ccs.show_notice(t("unlock.locked" if locked else "unlock.was_locked"))
        self.look_again()

    def do_explain(self) -> None:
        from ccswitch_tui.tui.screens.explain import ExplainScreen

        self.app.push_screen(ExplainScreen(self.row.name if self.row else None))

    def do_adopt(self) -> None:
        from ccswitch_tui.tui.screens.adopt import AdoptScreen

        self.app.push_screen(AdoptScreen())

    @task("here")
    async def look_around(self) -> None:
        """Where there are no profiles yet, what is set up on this machine already."""
        rows = [row for row in await self.ccs.off(self.session.mine) if row.draft is not None]
        if rows:
            names = ", ".join(dict.fromkeys(row.source for row in rows))
            found = look.line(("^g", look.KEY), "  ", look.HANG, t("source.here", n=len(rows), names=names))
            self.found_here = (Content(""), found)
            self.show_rows()

    def do_mine(self) -> None:
        self._set_up("mine")

    def do_catalogue(self) -> None:
        self._set_up("catalogue")

    def _set_up(self, begin: str) -> None:
        from ccswitch_tui.tui.screens.wizard.flow import WizardScreen

        self.app.push_screen(WizardScreen(begin), self._added)

    def do_restore(self) -> None:
        """The history, where what would be restored can be seen."""
        from ccswitch_tui.tui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen())
