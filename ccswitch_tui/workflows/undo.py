"""`undo`, `history`, `restore`: taking our writes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ccswitch_tui.claude import undoing
from ccswitch_tui.claude.history import Write
from ccswitch_tui.claude.places import profile_used_by
from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.claude.settings import Change
    from ccswitch_tui.claude.undoing import Undone
    from ccswitch_tui.workflows.context import Context

OnWait = Callable[[int], None] | None


def undo(ctx: Context, write_id: str | None = None, *, on_wait: OnWait = None) -> Undone:
    """Takes the newest write in effect back, or the one named; again and again goes further back.

    Raises UsageError when there is nothing left or no such write, ConflictError
    when a key of ours was changed since or newer writes to the file come first.
    """
    named = None if write_id is None else written(ctx, write_id)
    return undoing.undo(ctx.settings, on_wait, named=named)


def written(ctx: Context, write_id: str) -> Write:
    """The write with that id (`3` is `0003`). Raises UsageError when there is none."""
    write = ctx.settings.history.named(write_id)
    if write is None:
        raise UsageError(
            say("there is no write '{id}'", id=write_id),
            hint=say("'ccswitch-tui history' lists the writes"),
            kind="no-history",
        )
    return write


def changes_of(ctx: Context, write: Write) -> tuple[Change, ...]:
    """What a write changed, masked, with the reasons."""
    from ccswitch_tui.claude.settings import SettingsPatch

    return SettingsPatch(write.set, write.unset).diff(ctx.settings.history.tree_before(write.id) or {})


def names_what_is_gone(ctx: Context, undone: Undone) -> str:
    """What to say when the settings, as they are again, name a profile that was removed or renamed since."""
    name = profile_used_by(undone.write.file)
    book = ctx.book()
    if name is None or name in book.profiles or name in book.broken:
        return ""
    return say(
        (
            "the settings name '{name}' again, and that profile no longer exists: 'ccswitch-tui "
            "use NAME' or 'use official'"
        ),
        name=name,
    )


def history(ctx: Context) -> list[Write]:
    """Our writes to all settings files, newest first; undone ones carry `undone_at`."""
    return ctx.settings.history.newest_first()


def restore(ctx: Context, *, on_wait: OnWait = None) -> list[Undone]:
    """Every file back to what it was before our first write; each a write of its own, that `undo` takes back."""
    return undoing.restore(ctx.settings, on_wait)
