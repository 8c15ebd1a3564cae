"""Request bodies that grow: of a conversation that was read before, only what is new is parsed.

A client sends the whole conversation with every request, and most of its bytes
are those of the last one. They are compared at the speed of memory; what they
meant is known. Nothing is guessed: a place where a turn begins is believed only
after both sides of it were parsed to what the whole was parsed to. For the
same bytes `read` gives what `codec.loads` gives. Pure; one reader per proxy.

Why a turn is found without parsing: within a JSON string a quotation mark is
escaped, so `},{"role":` can stand only between objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.pieces import Pieces, beginning_of, behind, cut, extended, size_of

Json = dict[str, Any]

WORTH_BYTES = 16 * 1024
"""A smaller body is parsed in 20 µs."""

MOST_KNOWN = 8
"""A session and some sub-agents at once, as in translate/memory.py."""

MOST_FIRST = 4
LOOK_BYTES = 1024
"""Bodies that begin with the same so many bytes may be of one conversation."""

MOST_BYTES = 24 * 1024 * 1024
"""Of all that is kept to compare with."""

STILL_CHANGING = 3
"""The newest turns are not kept: a client moves its cache marks about in them."""

MOST_TRIES = 8
"""Places that look like the end of the turns; the first is right unless a tool's own JSON looks the same."""

_BEGIN = re.compile(rb'"messages"\s*:\s*\[\s*')
_NEXT_TURN = re.compile(rb'\}\s*,\s*(?=\{\s*"role"\s*:)')
_MARK = b'"messages"'


class _Known(NamedTuple):
    """A body, as far as it is expected again."""

    before: Pieces
    """All bytes up to the first turn that may still change."""
    size: int
    """Of what is kept: `before` and `after`."""
    fields: Json
    """What stands before the turns."""
    turns: list[Any]
    """The turns in `before`."""
    after: bytes
    """All bytes from the end of the turns; b"" where that was not found."""
    more: Json
    """What stands after the turns."""


class Growing:
    """The bodies read lately, newest last."""

    def __init__(self) -> None:
        self._known: list[_Known] = []
        self._first: list[tuple[bytes, Any]] = []
        """Bodies that were read whole, with what they are; nothing is known yet that goes on from them."""
        self._found: tuple[Sequence[bytes], _Known, bytes] | None = None
        """What new_in() has found last: asked first, and then read, a body is compared once."""

    def read(self, parts: Sequence[bytes]) -> Any:
        """The value of a JSON text that came in these parts. Raises ValueError.

        Parts of it are shared with other values read here.
        """
        if size_of(parts) < WORTH_BYTES:
            return loads(b"".join(parts))
        for known, rest in self._beginnings(parts):
            value = _continued(rest, known)
            if value is not None:
                self._keep(_known_of(rest, value, known), known)
                return value
        raw = b"".join(parts)
        value = loads(raw)
        if len(raw) <= MOST_BYTES:
            self._first = [*self._first[1 - MOST_FIRST :], (raw, value)]
            self._fit()
        return value

    def new_in(self, parts: Sequence[bytes]) -> bytes:
        """Of a JSON text that came in these parts, what is not known from another."""
        for known, rest in self._beginnings(parts):
            self._found = parts, known, rest
            return rest
        return b"".join(parts)

    def _look_into_first(self, parts: Sequence[bytes]) -> None:
        """What was read once is taken apart when another body begins as it does: most are never followed by one."""
        begin = beginning_of(parts, LOOK_BYTES)[:LOOK_BYTES]
        for one in self._first[:]:
            if one[0].startswith(begin):
                self._first.remove(one)
                self._keep(_known_of(*one, None), None)

    def _beginnings(self, parts: Sequence[bytes]) -> Iterator[tuple[_Known, bytes]]:
        """What this text may go on from, the longest first, and how it does."""
        found, self._found = self._found, None
        if self._first:
            self._look_into_first(parts)
        for known in sorted(self._known, key=lambda known: known.size, reverse=True):
            if found is not None and found[0] is parts and found[1] is known:
                yield known, found[2]
                continue
            rest = behind(parts, known.before)
            if rest is not None:
                yield known, rest

    def clear(self) -> None:
        """Forgets all: nobody has asked for a while."""
        self._known, self._first, self._found = [], [], None

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(known.size for known in self._known) + sum(len(raw) for raw, _ in self._first)

    def _keep(self, new: _Known | None, known: _Known | None) -> None:
        if new is None or new.size > MOST_BYTES:
            return
        self._known = [k for k in self._known if k is not known] + [new]
        self._fit()

    def _fit(self) -> None:
        while len(self._known) > MOST_KNOWN or self.size > MOST_BYTES:
            oldest: list[Any] = self._known if self._known and len(self._known) + len(self._first) > 1 else self._first
            del oldest[0]


def _continued(rest: bytes, known: _Known) -> Json | None:
    """The body that goes on from a known one with `rest`; None if it does not after all."""
    try:
        if known.after and rest.endswith(known.after):
            new, more = loads(b"[" + rest[: len(rest) - len(known.after)] + b"]"), known.more
        else:
            if _MARK in rest:
                return None  # a second list of turns would be the one that counts
            more = loads(b'{"messages":[' + rest)
            new = more.pop("messages")
    except ValueError:
        return None
    return {**known.fields, "messages": known.turns + new, **more}


def _known_of(raw: bytes, value: Any, known: _Known | None) -> _Known | None:
    """What to expect again of this body; None where its form is another one. `raw` is what comes after `known`."""
    turns = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(turns, list):
        return None
    if known is None:
        known, raw = _empty(raw)
    if known is None:
        return None
    try:
        longer, rest = _longer(raw, turns, known)
        if known.after and raw.endswith(known.after):
            return longer
        return _with_end(rest, value, longer)
    except ValueError:
        return None


def _empty(raw: bytes) -> tuple[_Known | None, bytes]:
    """The fields before the turns, none of the turns, and what comes then."""
    found = _BEGIN.search(raw)
    if found is None:
        return None, raw
    try:
        fields = loads(raw[: found.start()] + b'"messages":[]}')
    except ValueError:  # that was within something else
        return None, raw
    if not isinstance(fields, dict) or fields.pop("messages", None) != [] or raw.count(_MARK) > 1:
        return None, raw
    before = raw[: found.end()]
    return _Known(cut(before), len(before), fields, [], b"", {}), raw[found.end() :]


def _longer(raw: bytes, turns: list[Any], known: _Known) -> tuple[_Known, bytes]:
    """With all turns but the newest, and what is left of `raw`. Raises ValueError for turns that begin in a way that is
    not looked for."""
    wanted = len(turns) - STILL_CHANGING - len(known.turns)
    if wanted <= 0:
        return known, raw
    first = len(known.turns)
    for count, found in enumerate(_NEXT_TURN.finditer(raw), 1):
        if count == wanted:
            if loads(b"[" + raw[: found.start() + 1] + b"]") != turns[first : first + wanted]:
                raise ValueError
            new, rest = raw[: found.end()], raw[found.end() :]
            longer = extended(known.before, new)
            return known._replace(before=longer, size=known.size + len(new), turns=turns[: first + wanted]), rest
    raise ValueError


def _with_end(raw: bytes, value: Json, known: _Known) -> _Known:
    """With what follows the turns, so that it is not parsed again either: the tools, in Claude Code's requests."""
    names = list(value)
    following = names[names.index("messages") + 1 :]
    new = value["messages"][len(known.turns) :]
    end = rb"\](?=\s*\}\s*\Z)"
    if following:
        end = rb"\]\s*,\s*(?=" + re.escape(b'"%b"' % following[0].encode("utf-8", "replace")) + rb"\s*:)"
    bare = known.size - len(known.after)
    for tries, found in enumerate(re.finditer(end, raw)):
        if tries == MOST_TRIES:
            break
        place = found.start()
        try:
            more = loads(b"{" + raw[found.end() :])
            if loads(b"[" + raw[:place] + b"]") == new and list(more) == following:
                after = raw[place:]
                kept = {name: value[name] for name in following}
                return known._replace(after=after, size=bare + len(after), more=kept)
        except ValueError:
            continue
    return known._replace(after=b"", size=bare, more={})
