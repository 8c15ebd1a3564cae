"""Tool calls that a model writes as text, because its server has no parser for them. Off unless the profile says so.

Only whole markup that begins a line, only tools of the request, only arguments
that parse: everything else stays the text it is. An argument that holds the
notation's own end mark is read to the mark that really ends it; where that
cannot be told there is no call, since a value that was cut would run. One that
the tool's schema calls a text stays a text. How each notation is written:
`text_notations`.
"""

from __future__ import annotations

import re
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.text_notations import NOTATIONS, Notation, Raw
from ccswitch_tui.translate.textflow import held_tail
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.wire.codec import dumps, loads

__all__ = ["NOTATIONS", "TextTools", "Written", "looks_written", "may_be_written"]

Json = dict[str, Any]

LONGEST_MARKUP = 1_000_000
"""Characters a call may have before it counts as text after all."""

MOST_ENDS = 40
"""End marks inside one markup at which a call is looked for: files that quote the notation have a few."""

MARKUP = re.compile(
    r"(?:^|\n)[ \t]*(?:<tool_call>|<function=\w|<\|tool_calls?(?:_section)?_begin\|>|<\|tool_call\|>|<\|python_tag\|>"
    r"|<｜(?:DSML｜function_calls|tool▁calls▁begin)|\[TOOL_CALLS\]|<xai:function_call|<minimax:tool_call>|<invoke name="
    r"|```tool_code|(?:<\|start\|>assistant)?<\|channel\|>commentary to=|commentary to=functions\.)"
)


_MARKS = (b"[TOOL_CALLS]", b"```tool_code", b"commentary to=")
_TAGS = (
    b"<tool_call>", b"<function=", b"<|tool_call", b"<|python_tag|>", "<｜".encode(), b"<xai:function_call",
    b"<minimax:tool_call>", b"<invoke name=",
)  # fmt: skip
"""What MARKUP ends in: one of them stands in every call that is written so."""


class Written(NamedTuple):
    """A call that was written as text."""

    name: str
    arguments: str


def looks_written(text: str) -> bool:
    """Whether a line of this text begins as a call in one of the notations does."""
    return MARKUP.search(text) is not None


def may_be_written(said: bytes) -> bool:
    """Whether `looks_written` can be true of this: asked at the speed of memory, where that takes milliseconds."""
    return any(mark in said for mark in _MARKS) or (b"<" in said and any(tag in said for tag in _TAGS))


class TextTools:
    """Takes calls out of the text of one answer. `tools` are the client's, by name."""

    def __init__(self, notation: str, names: ToolNames, tools: dict[str, Json] | None = None) -> None:
        self._notation: Notation = NOTATIONS[notation]
        self._names = names
        self._tools = tools or {}
        self._held = ""
        self._at_line_start = True
        self._behind = False
        """A call has just ended: line breaks belong to the notation."""
        self._opening = ""
        """The mark the markup began with, while one is open."""
        self._ends = 0
        self._tried = 0
        """Up to here no end mark gave a call: it may be one inside an argument."""
        self._waiting: list[str | Written] = []
        """Calls with bare values, and all behind them, until the end shows that no value was cut."""
        self._as_written: list[str] = []
        """What `_waiting` was read from."""

    def feed(self, text: str) -> list[str | Written]:
        """Text and calls, in order."""
        found: list[str | Written] = []
        self._held += text
        if self._as_written:
            self._as_written.append(text)
        while self._held and self._step(found):
            pass
        return self._certain(found)

    def finish(self) -> list[str | Written]:
        """What was held: an unfinished markup is text."""
        held, opening = self._held, self._opening
        held = "" if self._behind and not held.strip("\n") else held
        self._held, self._opening, self._tried = "", "", 0
        if opening and not self._notation.closing_of(opening):
            return self._read(opening, held[len(opening) :]) or [held]
        return self._certain([held] if held else []) + self._settled()

    def _certain(self, found: list[str | Written]) -> list[str | Written]:
        """What can be given on; the rest waits for the end."""
        if not self._as_written:
            return found
        first = 0 if self._waiting else next((n for n, item in enumerate(found) if isinstance(item, Written)), 0)
        self._waiting += found[first:]
        return found[:first]

    def _settled(self) -> list[str | Written]:
        """What waited; as it was written where an end mark behind a call shows that a value was cut there."""
        waiting, written = self._waiting, "".join(self._as_written)
        self._waiting, self._as_written = [], []
        text = "".join(item for item in waiting if isinstance(item, str))
        cut = any(text.count(opened) < text.count(closed) for opened, closed in self._notation.marks)
        return [written] if cut else waiting

    def _step(self, found: list[str | Written]) -> bool:
        """One step through the held text; False when more must come first."""
        if self._opening:
            return self._inside(found)
        if self._behind:
            return self._behind_call()
        start, opening = self._opening_place()
        if opening:
            if start:
                self._release(start, found)
            self._opening, self._tried, self._ends = opening, len(opening), 0
            return True
        keep = max(held_tail(self._held, mark) for mark in self._notation.openings)
        self._release(len(self._held) - keep, found)
        return False

    def _inside(self, found: list[str | Written]) -> bool:
        closing = self._notation.closing_of(self._opening)
        end = self._held.find(closing, self._tried) if closing and self._ends <= MOST_ENDS else -1
        if end < 0:
            if len(self._held) > LONGEST_MARKUP or self._ends > MOST_ENDS:
                self._opening = ""
                self._release(len(self._held), found)
            return False
        whole = end + len(closing)
        calls = self._read(self._opening, self._held[len(self._opening) : end])
        if not calls:
            self._ends += 1
            self._tried = whole  # the mark may stand inside an argument: the real one is still to come
            return True
        if self._notation.marks and not self._as_written:
            self._as_written.append(self._held)
        found += calls
        self._held = self._held[whole:]
        self._opening, self._at_line_start, self._behind = "", True, True
        return True

    def _behind_call(self) -> bool:
        """Takes away what the notation leaves behind a call; False when more must come first."""
        rest, after = self._held.lstrip("\n"), self._notation.after
        if not rest or (after and after.startswith(rest) and rest != after):
            return False
        self._behind = bool(after) and rest.startswith(after)
        self._held = rest.removeprefix(after) if self._behind else rest
        if self._behind:
            self._held, self._behind = self._held.lstrip("\n"), not self._held.strip("\n")
        return bool(self._held)

    def _opening_place(self) -> tuple[int, str]:
        """Where a markup begins at the start of a line, and its mark, if that is there in full."""
        found = []
        for mark in self._notation.openings:
            place = self._held.find(mark)
            while place >= 0:
                line = self._held[:place].rpartition("\n")
                if not line[2].strip() and (line[1] or self._at_line_start):
                    found.append((place, mark))
                    break
                place = self._held.find(mark, place + 1)
        return min(found, default=(0, ""))

    def _release(self, size: int, found: list[str | Written]) -> None:
        text, self._held = self._held[:size], self._held[size:]
        if text:
            found.append(text)
            line = text.rpartition("\n")
            self._at_line_start = not line[2].strip() and (bool(line[1]) or self._at_line_start)

    def _read(self, opening: str, body: str) -> list[str | Written]:
        """The calls in a markup's body; none if anything about them is wrong."""
        calls: list[str | Written] = []
        try:
            for name, arguments in self._notation.read(opening + body if self._notation.with_mark else body):
                if isinstance(arguments, str):
                    arguments = loads(arguments)
                meant = self._names.restore(str(name))
                if meant not in self._names.known or not isinstance(arguments, dict):
                    return []
                if self._notation.marks and not self._takes(meant, arguments):
                    return []
                typed = {key: self._typed(meant, key, value) for key, value in arguments.items()}
                calls.append(Written(meant, dumps(typed).decode()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SyntaxError, MemoryError):
            return []
        return calls

    def _takes(self, tool: str, arguments: Json) -> bool:
        """Whether the tool knows all these: a name it does not know may stand inside a value."""
        schema = self._tools.get(tool, {}).get("input_schema")
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(schema, dict) or not isinstance(properties, dict) or schema.get("additionalProperties"):
            return True
        return not properties or arguments.keys() <= properties.keys()

    def _typed(self, tool: str, key: str, value: Any) -> Any:
        """An argument that came as bare text: a text where the schema says so, else JSON where it is JSON."""
        if not isinstance(value, Raw):
            return value
        if "string" in self._kinds(tool, key):
            return str(value)
        try:
            return loads(value.strip())
        except ValueError:
            return str(value)

    def _kinds(self, tool: str, key: str) -> list[str]:
        schema = self._tools.get(tool, {}).get("input_schema")
        properties = schema.get("properties") if isinstance(schema, dict) else None
        member = properties.get(key) if isinstance(properties, dict) else None
        if not isinstance(member, dict):
            return []
        kind = member.get("type")
        kinds = kind if isinstance(kind, list) else [kind]
        branches = member.get("anyOf") or member.get("oneOf") or ()
        kinds = [*kinds, *(branch.get("type") for branch in branches if isinstance(branch, dict))]
        if "enum" in member and all(isinstance(v, str) for v in member["enum"]):
            kinds.append("string")
        return [k for k in kinds if isinstance(k, str)]
