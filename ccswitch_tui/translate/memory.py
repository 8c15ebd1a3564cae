"""What the turns and the tools of a conversation became last time, so that only what is new is translated.

A client sends the whole conversation with every request, and what a turn
becomes depends on the turns before it alone (messages.py), so turns that are
the same as last time give the same messages. Same means that every value is equal:
nothing is guessed from an id or a length. (Python takes 1 and true for equal: a
client that turns the one into the other in an old turn, and changes nothing
else there, is given the old one.) Pure; one Memory per proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any

from ccswitch_tui.translate.notices import Notice
from ccswitch_tui.translate.tokens import Gathered, tools_text
from ccswitch_tui.translate.tools import ToolSet, tool_set
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.pieces import Pieces, extended
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

MOST_CONVERSATIONS = 8
"""A session and some sub-agents at once."""

MOST_BYTES = 24 * 1024 * 1024
"""Of all conversations that are remembered, as they are sent; the texts themselves are there once."""

MOST_TOOL_SETS = 4
"""A session has one, its sub-agents another."""

STILL_CHANGING = 3
"""The newest turns are not remembered: a client moves its cache marks about in them."""


class Remembered:
    """The beginning of one conversation, up to an assistant turn, and all that came of it."""

    __slots__ = (
        "_before", "_written", "answered", "gathered", "has_calls", "known", "leading", "messages", "notices", "origin",
        "quirks", "size", "turns", "used_ids",
    )  # fmt: skip

    def __init__(
        self,
        *,
        quirks: Quirks,
        origin: str,
        known: list[str],
        turns: list[Json],
        messages: list[Json],
        used_ids: set[str],
        answered: set[str],
        has_calls: bool,
        leading: list[str],
        notices: list[Notice],
    ) -> None:
        self.quirks = quirks
        self.origin = origin
        self.known = known
        """The request's tools: names in the history are shortened with regard to them."""
        self.turns = turns
        self.messages = messages
        self.used_ids = used_ids
        self.answered = answered
        self.has_calls = has_calls
        self.leading = leading
        self.notices = notices
        self._before: Remembered | None = None
        """The one whose messages its own begin with, until they are written."""
        self._written: dict[str, Pieces] = {}
        self.gathered: Gathered | None = None
        """Its texts for the token estimate, once that was made."""
        self.size = 0
        """Bytes of the request it was part of."""

    def written(self, wire: str, turned: Callable[[list[Json]], list[Json]]) -> Pieces:
        """Its messages as this wire has them, as JSON without the brackets. `turned` makes one list of the other."""
        known = self._written.get(wire)
        if known is None:
            before = self._before
            begun = before.written(wire, turned) if before is not None else []
            new = turned(self.messages[len(before.messages) :] if before is not None else self.messages)
            text = dumps(new)[1:-1]
            known = self._written[wire] = extended(begun, (b"," if begun and text else b"") + text)
        return known

    def goes_on_from(self, known: Remembered) -> None:
        """Its messages begin with those of `known`, so their JSON does too."""
        if len(self.messages) >= len(known.messages) and all(map(is_, known.messages, self.messages)):
            self._before = known

    def stands_alone(self) -> None:
        """What it goes on from may be forgotten: what is to be had from there was taken, or will be made again."""
        self._before = None

    def begins(self, turns: list[Any], quirks: Quirks, known: list[str], origin: str) -> bool:
        """Whether these turns go on from it."""
        mine = self.turns
        if len(turns) <= len(mine) or origin != self.origin or known != self.known:
            return False
        if quirks is not self.quirks and quirks != self.quirks:
            return False
        # with an assistant's turn next, as then: what the user side said is complete only with that
        return is_assistant(turns[len(mine)]) and turns[: len(mine)] == mine


class Memory:
    """The conversations and the sets of tools seen lately, newest last."""

    def __init__(self) -> None:
        self._kept: list[Remembered] = []
        self._tools: list[ToolSet] = []

    def tools(self, given: Any, quirks: Quirks) -> ToolSet:
        """What these tools are at an endpoint with these quirks."""
        for known in self._tools:
            if known.given is given and (known.quirks is quirks or known.quirks == quirks):
                return known  # the very object: nobody changes what a client sent
        text = tools_text(given)  # and not the values: Python takes 1 and true for equal
        for place, known in enumerate(self._tools):
            if known.text == text and (known.quirks is quirks or known.quirks == quirks):
                self._tools[place] = known._replace(given=given)
                return known
        new = tool_set(given, quirks, text)
        self._tools = [*self._tools[-MOST_TOOL_SETS + 1 :], new]
        return new

    def find(self, turns: list[Any], quirks: Quirks, known: list[str], origin: str, settled: int) -> Remembered | None:
        """The longest remembered beginning of this conversation among its `settled` first turns."""
        for kept in sorted(self._kept, key=lambda kept: -len(kept.turns)):
            if len(kept.turns) <= settled and kept.begins(turns, quirks, known, origin):
                return kept
        return None

    def keep(self, new: Remembered, size: int, instead_of: Remembered | None) -> None:
        """Remembers a conversation of a request of `size` bytes; its own shorter beginning is forgotten."""
        new.size = size
        new.stands_alone()
        self._kept = [kept for kept in self._kept if kept is not instead_of] + [new]
        while len(self) > MOST_CONVERSATIONS or self.size > MOST_BYTES:
            del self._kept[0]

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes of the requests that are remembered."""
        return sum(kept.size for kept in self._kept)

    def clear(self) -> None:
        """Forgets all: nobody has asked for a while."""
        self._kept, self._tools = [], []


def cut_of(turns: list[Any], settled: int) -> int:
    """How many turns of this conversation are worth remembering: those before one of the last assistant turns."""
    for place in range(min(len(turns) - 1 - STILL_CHANGING, settled), 0, -1):
        if is_assistant(turns[place]) and not is_assistant(turns[place - 1]) and not _is_system(turns[place - 1]):
            return place  # behind another one of the model's it would be a part of that
    return 0


def _is_system(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("role") in ("system", "developer")


def is_assistant(turn: Any) -> bool:
    """A turn of the model's."""
    return isinstance(turn, dict) and turn.get("role") == "assistant"
