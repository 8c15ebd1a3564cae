"""What the screens look at and what they can ask for; imports no Textual.

A `Snapshot` is one immutable look at the files, replaced, never changed.
Methods without `async` block, on files or on a keyring, and are called in a
thread (background.py); the asynchronous ones bring their own threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import CcswitchError, ConflictError
from ccswitch_tui.sentence import quoting
from ccswitch_tui.tui.i18n import spoken, t, t_or
from ccswitch_tui.tui.session_keys import Keeping
from ccswitch_tui.tui.session_machine import Caring
from ccswitch_tui.tui.session_probe import Probing
from ccswitch_tui.tui.session_proxy import Watching
from ccswitch_tui.tui.session_setup import SettingUp
from ccswitch_tui.tui.session_usage import Counting
from ccswitch_tui.tui.views import Row, Snapshot, Truth

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.tui.listed import HistoryRow
    from ccswitch_tui.tui.verdicts import LastVerdict, Verdicts
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.profiles import ProfileRow
    from ccswitch_tui.workflows.use import UsePlan, UseResult
    from ccswitch_tui.workflows.why import Why


class Session(SettingUp, Probing, Watching, Counting, Keeping, Caring):
    """One run of the app: the Context, and the last look at it."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.now = Snapshot()
        self._verdicts: Verdicts | None = None

    # ------------------------------------------------------------------------ looking

    def profile(self, name: str) -> Profile | None:
        """A profile as it was when last looked at."""
        return next((row.profile for row in self.now.rows if row.name == name), None)

    @property
    def verdicts(self) -> Verdicts:
        """Made with the first look: the first paint does without."""
        from ccswitch_tui.tui.verdicts import Verdicts

        self._verdicts = self._verdicts or Verdicts(self.ctx.paths.reports)
        return self._verdicts

    def look(self) -> Snapshot:
        """One look at profiles, settings, reports and history. Starts nothing, unlocks nothing."""
        from ccswitch_tui.workflows.profiles import profile_rows
        from ccswitch_tui.workflows.undo import history

        stamp = self.stamp()
        try:
            book = self.ctx.book()
            listed, broken, problem = profile_rows(self.ctx, book), tuple(book.broken.values()), None
        except CcswitchError as error:
            listed, broken, problem = [], (), error
        verdicts = self.verdicts.all()
        rows = tuple(_row(row, verdicts.get(row.profile.name)) for row in listed)
        try:
            truth = self._truth()
        except CcswitchError as error:
            truth, problem = None, problem or error
        ignored = self.ctx.settings.ignored()
        if ignored:  # more worth the one line than what follows from it
            truth, problem = None, problem or ConflictError(quoting(ignored[0]))
        undoable = any(write.undone_at is None for write in history(self.ctx))
        return Snapshot(rows, truth, problem or next(iter(broken), None), undoable, self.keys_locked(), stamp)

    def stamp(self) -> tuple[Any, ...]:
        """Times and sizes of the files a Snapshot is made from: cheap enough to ask every other second."""
        paths = self.ctx.paths
        files = (paths.profiles, paths.reports, paths.history, paths.balances, *self.ctx.settings.here().values())
        return (*map(_stamp, files), self.keys_locked())

    def _truth(self) -> Truth:
        from ccswitch_tui.claude.layers import effective
        from ccswitch_tui.workflows.current import current

        now = current(self.ctx)
        layers = self.ctx.settings.layers()
        endpoint = effective(layers, "env.ANTHROPIC_BASE_URL")
        model = str(effective(layers, "env.ANTHROPIC_MODEL").value or effective(layers, "model").value or "")
        # "sonnet" and the like are Claude Code's words for a tier; another variable says which model that is.
        model = str(effective(layers, f"env.ANTHROPIC_DEFAULT_{model.upper()}_MODEL").value or model)
        credentials = ("apiKeyHelper", "env.ANTHROPIC_AUTH_TOKEN", "env.ANTHROPIC_API_KEY")
        credential = next((key.removeprefix("env.") for key in credentials if effective(layers, key).value), "")
        decided_by = self.layer(endpoint.winner) if endpoint.value else ""
        return Truth(now.profile, now.base_url or "", model, credential, decided_by, now.drift)

    @staticmethod
    def layer(name: str | None) -> str:
        """A settings layer in the language of the app."""
        return t_or(f"layer.{name}", name or "")

    # ------------------------------------------------------------- using, taking back

    def plan_use(self, name: str, scope: str) -> UsePlan:
        """What `use` would change."""
        from ccswitch_tui.workflows.use import plan_use

        return plan_use(self.ctx, name, scope)

    def apply_use(self, plan: UsePlan, on_wait: Callable[[int], None] | None = None) -> UseResult:
        """Writes the plan; `on_wait` is told how many running sessions are waited for."""
        from ccswitch_tui.workflows.use import apply_use

        return apply_use(self.ctx, plan, on_wait=on_wait)

    def at_home(self, text: str) -> str:
        """A path, or a text that names one, with `~` for the user's own folder."""
        home = self.ctx.paths.home.rstrip("/\\")
        return spoken(text).replace(home + "/", "~/") if home else spoken(text)

    def said_of_use(self, done: UseResult) -> str:
        """What a write did, for the notice."""
        plan = done.plan
        first = t("use.done" if done.undo_id else "use.same", name=plan.profile, file=self.at_home(plan.file))
        return "\n".join((first, *map(spoken, plan.advice)))

    def undo(self, on_wait: Callable[[int], None] | None = None, write_id: str | None = None) -> str:
        """Takes the last write back, or the one named, and says what that did."""
        from ccswitch_tui.workflows.undo import names_what_is_gone, undo

        undone = undo(self.ctx, write_id, on_wait=on_wait)
        first = t("undo.exact" if undone.exact else "undo.ours", file=self.at_home(undone.write.file))
        gone = names_what_is_gone(self.ctx, undone)
        return f"{first}\n{spoken(gone)}" if gone else first

    def restore(self, on_wait: Callable[[int], None] | None = None) -> str:
        """Every file back to what it was before the first write."""
        from ccswitch_tui.workflows.undo import restore

        files = (self.at_home(u.write.file) for u in restore(self.ctx, on_wait=on_wait))
        return t("restore.done", files=", ".join(files))

    def last_write(self) -> HistoryRow | None:
        """What `undo` would take back."""
        return next((row for row in self.history() if not row.undone), None)

    def history(self) -> list[HistoryRow]:
        """Our writes, newest first, each with what it changed, masked."""
        from ccswitch_tui.tui.listed import HistoryRow
        from ccswitch_tui.workflows.undo import changes_of, history

        rows = []
        for write in history(self.ctx):
            title = t_or(f"history.{write.kind}", write.kind)
            name = write.profile if write.kind in ("use", "rename") else ""
            where = t_or(f"scope.{write.scope}", write.scope)
            rows.append(
                HistoryRow(
                    write.id,
                    f"{title} {name or ''}".strip(),
                    where,
                    write.at,
                    write.file,
                    write.undone_at is not None,
                    changes_of(self.ctx, write),
                )
            )
        return rows

    # ---------------------------------------------------------------------------- why

    def why(self) -> list[Why]:
        """Every deciding variable: what needs attention first, then what is set, then the rest."""
        from ccswitch_tui.workflows.why import why

        return sorted(why(self.ctx), key=lambda w: (not w.remedy, w.effective.winner is None))


def _row(row: ProfileRow, last: LastVerdict | None) -> Row:
    """A profile as Home shows it, with its last verdict."""
    verdict, at = last or (None, None)
    return Row(row.profile, row.in_use, row.key_present, verdict, at, row.key_store, row.balance)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
