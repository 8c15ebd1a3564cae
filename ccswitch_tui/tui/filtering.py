"""What a filter over profiles means: every word somewhere in the row, `#word` in a tag. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccswitch_tui.profiles.tags import plain

if TYPE_CHECKING:
    from ccswitch_tui.tui.views import Row


def passes(row: Row, typed: str) -> bool:
    """Whether a profile is shown under what was typed; `#wo` finds the tag `work`."""
    return all(_has(row, word) for word in typed.casefold().split())


def _has(row: Row, word: str) -> bool:
    if word.startswith("#"):
        return any(plain(tag).startswith(plain(word)) for tag in row.profile.tags)
    return word in row.haystack
