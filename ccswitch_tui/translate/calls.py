"""Tool calls in a stream: which call a fragment belongs to, and what the call is named.

Servers identify fragments by index, by id, by both, by neither, with index 0
for all, with the id in every fragment or in the first alone. `CallBook`
resolves them; what stays ambiguous is decided by whether the call's JSON is
complete.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.translate.arguments import Arguments
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.translate.tools import ToolFacts
from ccswitch_tui.wire.codec import dumps, loads
from ccswitch_tui.wire.openai_chat import Fragment

MOST_CALLS = 512
"""Calls in one answer: real ones have a dozen; a hostile stream must not grow without bound."""
PARALLEL = frozenset(
    {"multi_tool_use.parallel", "functions.multi_tool_use.parallel", "multi_tool_use_parallel", "parallel"}
)
"""A tool of OpenAI's own training: models call it to call several of ours at once, though nobody offers it."""


class ToolCall:
    """One tool call as far as it is known."""

    __slots__ = (
        "_unnamed", "arguments", "closed", "id", "index", "name", "named", "opened", "ready", "signature",
        "taken_apart",
    )  # fmt: skip

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.signature = ""
        self.arguments = Arguments()
        self.ready: list[str] = []
        """Argument text that may be passed on, once it is this call's turn."""
        self.named = self.opened = self.closed = self.taken_apart = False
        self._unnamed: list[str] = []
        """Argument text that came before the name: which mending it needs is not known yet."""

    def name_it(self, facts: ToolFacts) -> None:
        """The name is certain, and with it what must be undone in the arguments."""
        self.named = True
        early, self._unnamed = self._unnamed, []
        self.arguments = Arguments(facts)
        for text in early:
            self.take(text)

    def unnamed_text(self) -> str:
        """All its arguments, while it has no name."""
        return "".join(self._unnamed)

    def take(self, text: str) -> None:
        """A piece of the arguments."""
        safe = self.arguments.feed(text)
        if not self.named:
            self._unnamed.append(text)
        elif safe:
            self.ready.append(safe)

    def passable(self) -> str:
        """What may be passed on and was not yet."""
        text = "".join(self.ready)
        self.ready.clear()
        return text


class CallBook:
    """The calls of one answer, in order of first appearance."""

    def __init__(self, names: ToolNames) -> None:
        self.calls: list[ToolCall] = []
        self._names = names
        self._by_index: dict[int, ToolCall] = {}
        self._by_id: dict[str, ToolCall] = {}
        self._this_chunk: list[ToolCall] = []

    def new_chunk(self) -> None:
        """A new chunk begins: two nameless entries of one list are two calls, of two chunks perhaps one."""
        if self._this_chunk:
            self._this_chunk = []

    def add(self, name: str) -> ToolCall:
        """A new call of this name."""
        call = ToolCall(None)
        call.name = name
        self.calls.append(call)
        return call

    def resolve(self, piece: Fragment) -> ToolCall:
        """The call this fragment belongs to, a new one perhaps."""
        call = self._known(piece)
        if call is None:
            call = ToolCall(piece.place)
            self.calls.append(call)
        if piece.place is not None:
            self._by_index[piece.place] = call
        if piece.id and not call.id:
            call.id = piece.id
            self._by_id[piece.id] = call
        if piece.name and not call.name:
            call.name = piece.name
        elif piece.name and piece.name != call.name and not call.named:
            call.name = piece.name if piece.name.startswith(call.name) else call.name + piece.name
        if piece.signature:
            call.signature = piece.signature
        self._this_chunk.append(call)
        return call

    def is_certain(self, call: ToolCall, text: str) -> bool:
        """Whether the name of a call is complete by now; where it may be half of one, its arguments' `text` tells."""
        if call.named or not call.name:
            return False
        if call.name.strip() in PARALLEL and not self._names.is_tool(call.name):
            return False  # it is taken apart when it is over
        return bool(text.strip()) or not self._names.may_grow(call.name)

    def _known(self, piece: Fragment) -> ToolCall | None:
        if piece.place is not None:
            return self._by_place(piece)
        if piece.id:
            same = self._by_id.get(piece.id)
            # Two named entries of one list are two calls, whatever their ids.
            return None if piece.name and same in self._this_chunk else same
        last = self.calls[-1] if self.calls else None
        if last is None or (piece.name and self._is_another(last, piece)):
            return None
        return last

    def _by_place(self, piece: Fragment) -> ToolCall | None:
        call = self._by_index.get(piece.place) if piece.place is not None else None
        if call is None and not piece.id and not piece.name:
            # SGLang's flush puts (the rest of) a call's arguments under the next index; a call of its own has a name
            last = self.calls[-1] if self.calls else None
            return last if last is not None and last.name and not last.arguments.complete else None
        if call is None:
            same = self._by_id.get(piece.id) if piece.id else None
            return same if same is not None and same.index is None else None
        if piece.id and call.id and piece.id != call.id:
            if piece.id in self._by_id:
                return self._by_id[piece.id]
            # Gemini façades give every call index 0. A nameless piece of an unfinished call is no new call, though:
            # some servers make up a new id for each fragment.
            continues = not piece.name and not call.arguments.complete
            return call if continues else None
        if not piece.id and piece.name and self._is_another(call, piece):
            return None
        twice = piece.name and call in self._this_chunk and call.arguments.complete and _begins_object(piece.arguments)
        return None if twice else call

    def _is_another(self, call: ToolCall, piece: Fragment) -> bool:
        """Whether a named piece without an id of its own begins a new call rather than repeating a name."""
        if call in self._this_chunk:
            return True
        if not call.name:  # its name comes late
            return call.arguments.complete and _begins_object(piece.arguments)
        if call.arguments.complete:
            return bool(_begins_object(piece.arguments)) or piece.name != call.name
        if self._names.is_tool(call.name + piece.name):
            return False  # the name came in two pieces
        return self._names.is_tool(call.name) and not call.arguments.begun and piece.name != call.name


def uses_in(call: ToolCall) -> list[tuple[str, str]]:
    """The calls in the arguments of a call of PARALLEL; none if it is another, or if anything about them is wrong."""
    if call.name.strip() not in PARALLEL or not call.arguments.complete:
        return []
    try:
        uses = loads(call.unnamed_text())["tool_uses"]
        return [(str(use["recipient_name"]), dumps(use["parameters"]).decode()) for use in uses[:MOST_CALLS]]
    except (ValueError, KeyError, TypeError):
        return []


def _begins_object(arguments: Any) -> bool:
    if isinstance(arguments, dict):
        return True
    return isinstance(arguments, str) and arguments.lstrip()[:1] == "{"


def argument_text(arguments: Any) -> str:
    """The text of an arguments field of any type."""
    if isinstance(arguments, str):
        return arguments
    if arguments is None:
        return ""
    if isinstance(arguments, list) and arguments and all(isinstance(part, str) for part in arguments):
        return "".join(arguments)
    try:
        return dumps(arguments).decode()
    except ValueError:
        return "?"  # nested beyond all reason: text that is no object, and so ends in an error
