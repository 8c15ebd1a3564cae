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
from typing import Any, NamedTuple

from ccswitch_tui.wire.codec import loads

Json = dict[str, Any]

WORTH_BYTES = 16 * 1024
"""A smaller body is parsed in 20 µs."""

MOST_KNOWN = 8
"""A session and some sub-agents at once, as in translate/memory.py."""

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

    before: bytes
    """All bytes up to the first turn that may still change."""
    fields: Json
    """What stands before the turns."""
    turns: list[Any]
    """The turns in `before`."""
    after: bytes
    """All bytes from the end of the turns; b"" where that was not found."""
    more: Json
    """What stands after the turns."""

    @property
    def size(self) -> int:
        return len(self.before) + len(self.after)


class Growing:
    """The bodies read lately, newest last."""

    def __init__(self) -> None:
        self._known: list[_Known] = []

    def read(self, raw: bytes) -> Any:
        """The value of this JSON text. Raises ValueError. Parts of it are shared with other values read here."""
        if len(raw) < WORTH_BYTES:
            return loads(raw)
        known = max((k for k in self._known if raw.startswith(k.before)), key=lambda k: len(k.before), default=None)
        value = _continued(raw, known) if known is not None else None
        if value is None:
            known, value = None, loads(raw)
        self._keep(raw, value, known)
        return value

    def clear(self) -> None:
        """Forgets all: nobody has asked for a while."""
        self._known = []

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(known.size for known in self._known)

    def _keep(self, raw: bytes, value: Any, known: _Known | None) -> None:
        new = _known_of(raw, value, known)
        if new is None or new.size > MOST_BYTES:
            return
        self._known = [k for k in self._known if k is not known] + [new]
        while len(self._known) > MOST_KNOWN or self.size > MOST_BYTES:
            del self._known[0]


def _continued(raw: bytes, known: _Known) -> Json | None:
    """The body that goes on from a known one; None if it does not after all."""
    begin, end = len(known.before), len(raw) - len(known.after)
    try:
        if known.after and begin <= end and raw.endswith(known.after):
            new, more = loads(b"[" + raw[begin:end] + b"]"), known.more
        else:
            rest = raw[begin:]
            if _MARK in rest:
                return None  # a second list of turns would be the one that counts
            more = loads(b'{"messages":[' + rest)
            new = more.pop("messages")
    except ValueError:
        return None
    return {**known.fields, "messages": known.turns + new, **more}


def _known_of(raw: bytes, value: Any, known: _Known | None) -> _Known | None:
    """What to expect again of this body; None where its form is another one."""
    turns = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(turns, list):
        return None
    known = known or _empty(raw)
    if known is None:
        return None
    try:
        longer = _longer(raw, turns, known)
        if known.after and raw.endswith(known.after):
            return longer
        return _with_end(raw, value, longer)
    except ValueError:
        return None


def _empty(raw: bytes) -> _Known | None:
    """The fields before the turns, and none of the turns."""
    found = _BEGIN.search(raw)
    if found is None:
        return None
    try:
        fields = loads(raw[: found.start()] + b'"messages":[]}')
    except ValueError:  # that was within something else
        return None
    if not isinstance(fields, dict) or fields.pop("messages", None) != [] or raw.count(_MARK) > 1:
        return None
    return _Known(raw[: found.end()], fields, [], b"", {})


def _longer(raw: bytes, turns: list[Any], known: _Known) -> _Known:
    """With all turns but the newest. Raises ValueError for turns that begin in a way that is not looked for."""
    wanted = len(turns) - STILL_CHANGING - len(known.turns)
    if wanted <= 0:
        return known
    begin, first = len(known.before), len(known.turns)
    for count, found in enumerate(_NEXT_TURN.finditer(raw, begin), 1):
        if count == wanted:
            if loads(b"[" + raw[begin : found.start() + 1] + b"]") != turns[first : first + wanted]:
                raise ValueError
            return known._replace(before=raw[: found.end()], turns=turns[: first + wanted])
    raise ValueError


def _with_end(raw: bytes, value: Json, known: _Known) -> _Known:
    """With what follows the turns, so that it is not parsed again either: the tools, in Claude Code's requests."""
    names = list(value)
    following = names[names.index("messages") + 1 :]
    begin, new = len(known.before), value["messages"][len(known.turns) :]
    end = rb"\](?=\s*\}\s*\Z)"
    if following:
        end = rb"\]\s*,\s*(?=" + re.escape(b'"%b"' % following[0].encode("utf-8", "replace")) + rb"\s*:)"
    for tries, found in enumerate(re.finditer(end, raw[begin:])):
        if tries == MOST_TRIES:
            break
        place = begin + found.start()
        try:
            more = loads(b"{" + raw[begin + found.end() :])
            if loads(b"[" + raw[begin:place] + b"]") == new and list(more) == following:
                return known._replace(after=raw[place:], more={name: value[name] for name in following})
        except ValueError:
            continue
    return known._replace(after=b"", more={})
