"""Tags: words of the user's own, by which profiles are found. Letter case and a `#` before them say nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.profiles.store import ProfileBook


def tagged(book: ProfileBook, tags: Iterable[str]) -> list[Profile]:
    """The profiles with one of these tags, in the order of the file. Raises UsageError when there is none."""
    wanted = {plain(tag) for tag in tags}
    found = [p for p in book.profiles.values() if wanted & {plain(tag) for tag in p.tags}]
    if not found:
        there = sorted({tag for p in book.profiles.values() for tag in p.tags})
        hint = (
            say("tags there are: {names}", names=", ".join(there))
            if there
            else say("'ccswitch-tui edit NAME --tag work' gives a profile one")
        )
        raise UsageError(say("no profile is tagged '{tag}'", tag=", ".join(sorted(wanted))), hint=hint)
    return found


def with_tags(tags: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()) -> tuple[str, ...]:
    """The tags with some added and some removed, each once, in their order."""
    there: dict[str, str] = {}
    for tag in (*tags, *(tag.strip("# ") for tag in add)):
        if tag:
            there.setdefault(plain(tag), tag)
    gone = {plain(tag) for tag in remove}
    return tuple(tag for word, tag in there.items() if word not in gone)


def plain(tag: str) -> str:
    """A tag as it is compared."""
    return tag.strip().removeprefix("#").casefold()
