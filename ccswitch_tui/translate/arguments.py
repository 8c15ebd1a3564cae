"""A tool call's arguments: fragments of JSON text in, what may be passed on out.

Passed on as early as it is safe, repaired where the repair is certain, and never
invented: a trailing comma, a raw line break inside a string, a wrong escape,
null for an optional argument. A missing last bracket is added only where the
answer ended well and every required member is there: what was cut between two
members looks the same. What cannot be repaired is a problem the caller turns into
an error; an unfinished call must not be run.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.tools import NO_FACTS, ToolFacts
from ccswitch_tui.wire.codec import dumps, loads

ENDLESS_BLANKS = 500
"""Some models fall into writing white space for ever; nobody indents arguments by this much."""
LARGEST_LITERAL = 200_000
"""Characters of a Python literal that are tried: parsing one costs far more than JSON."""

_BLANK = " \t\r\n"
_IN_STRING = re.compile(r'["\\\x00-\x1f]')
_IN_VALUE = re.compile(r'["{}\[\],]')
_VALUE_STARTS = frozenset('"{[-0123456789tf')
_VALUE_ENDS = frozenset('"}]el')
"""Last characters of a value that is over. A number may go on."""
_CONTROL_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_JSON_WORDS = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\b(true|false|null)\b""", re.S)
_PYTHON_WORDS = {"true": "True", "false": "False", "null": "None"}
NOTHINGS = frozenset({"null", "None", '""', "''", "undefined", "[]"})
"""What some servers send first, or instead, where a call has no arguments yet: a serialised nothing."""
_NOTHING_BEFORE = re.compile(r"""(?:null|None|undefined|""|''|\[\])\s*(?=\{)""")
_END_MARKS = re.compile(r"</[\w:-]{1,40}>|<[|｜][\w▁]{1,60}[|｜]>|\x00")
"""Tokens that a model writes behind a call, where its server's parser leaves them: </tool_call>, <|im_end|>."""
_UNSEEN = "\ufeff\u200b\u2060\xa0"
"""Byte order marks and blanks of no width that tokenisers leave in front."""
MOST_WRAPPED = 3
"""Times that an object may be encoded as a text."""
MOST_STARTS = 64
"""Places in broken arguments at which the whole object is looked for."""
_CLOSES = {"{": "}", "[": "]"}

START, MEMBER, KEY, COLON, VALUE, NULL, MAYBE_BLANK, INSIDE, STRING, ESCAPE, AFTER, BROKEN = (
    "start", "member", "key", "colon", "value", "null", "maybe blank", "inside", "string", "escape", "after", "broken",
)  # fmt: skip
REPEATABLE = frozenset({STRING, KEY, INSIDE, VALUE})
"""States in which a fragment may say again all so far."""


class Rest(NamedTuple):
    """How a call's arguments end."""

    text: str
    """Still to be passed on."""
    problem: str = ""
    """Why the call must not be run; "" where all is well."""


class Arguments:
    """One call's arguments, piece by piece."""

    def __init__(self, facts: ToolFacts = NO_FACTS) -> None:
        self._facts = facts
        self._state = START
        self._raw: list[str] = []
        self._out: list[str] = []
        self._brackets: list[str] = []
        self._first = True
        """No member was passed on yet."""
        self._key: list[str] = []
        self._members: set[str] = set()
        self._literal = ""
        self._comma = False
        """A comma deep inside is held: before a closing bracket it is dropped."""
        self._excess: list[str] = []
        self._unsure = False
        """A fragment may be a repeat of all so far, or an object inside it: nothing is passed on until the end."""
        self._blanks = 0
        self._steps: dict[str, Callable[[str, int, list[str]], int]] = {
            START: self._start, MEMBER: self._member, KEY: self._in_key, COLON: self._colon, VALUE: self._value,
            NULL: self._null, MAYBE_BLANK: self._maybe_blank, INSIDE: self._inside, STRING: self._string,
            ESCAPE: self._escape, AFTER: self._after, BROKEN: self._broken,
        }  # fmt: skip

    @property
    def complete(self) -> bool:
        """The object has been closed."""
        return self._state == AFTER

    @property
    def begun(self) -> bool:
        """Something other than white space came."""
        return self._state != START

    @property
    def endless(self) -> bool:
        """The model writes nothing but white space."""
        return self._blanks > ENDLESS_BLANKS

    @property
    def raw(self) -> str:
        """All of them as they came."""
        return "".join(self._raw)

    def whole(self, *, cut: bool = False) -> str:
        """All of them as they can be used; as they came where they cannot, or where the token limit `cut` them."""
        rest = self.finish()
        if rest.problem or (cut and not self.complete):
            return self.raw
        return "".join(self._out) + rest.text

    def feed(self, fragment: str) -> str:
        """What may be passed on now."""
        if not fragment:
            return ""
        if fragment[0] == "{" and self._state in REPEATABLE and not self._unsure:
            fragment = self._without_repeat(fragment)
            if not fragment:
                return ""
        self._raw.append(fragment)
        if self._unsure:
            return ""
        if self._state == START and fragment.strip() in NOTHINGS:
            return ""
        if self._state != STRING and fragment.isspace():
            self._blanks += len(fragment)
        else:
            self._blanks = 0
        out: list[str] = []
        place, end, steps = 0, len(fragment), self._steps
        while place < end:
            place = steps[self._state](fragment, place, out)
        text = "".join(out)
        if text:
            self._out.append(text)
        return text

    def _without_repeat(self, fragment: str) -> str:
        """What is new in a fragment that says again all that came before it, as those of some servers do.

        Certain, where no object can begin: behind a value, or in a text, whose quotation marks would be escaped. Where
        one can, only the end tells which it was.
        """
        if not fragment.startswith(self._raw[0]) or not fragment.startswith(so_far := self.raw) or len(so_far) < 3:
            return fragment
        if self._state == VALUE or (self._state == INSIDE and so_far.rstrip()[-1] in "[,:{"):
            self._unsure = True
            return fragment
        return fragment[len(so_far) :]

    def _either_way(self, passed_on: str, *, cut: bool, well: bool) -> Rest:
        """How arguments end of which a fragment may be a repeat: the reading that is whole, if it is the only one."""
        repeated, repeats = "", -1
        for fragment in self._raw:
            again = fragment.startswith(repeated)
            repeats += again
            repeated = fragment if again else repeated + fragment
        joined = "".join(self._raw)
        whole = [text for text in (joined, repeated) if _is_object(text)]
        nested = self._facts.nests and repeats == 1 and _is_object(joined + "}")  # it may be a value, too
        if len(whole) == 1 and not nested:
            text, rest = self._again(whole[0])
            if text.startswith(passed_on) and not rest.problem:
                return Rest(text[len(passed_on) :])
        return Rest("" if passed_on else "{") if cut else Rest("", UNFINISHED if not well else AMBIGUOUS)

    def _again(self, raw: str) -> tuple[str, Rest]:
        """These arguments read anew, and how they end."""
        again = Arguments(self._facts)
        text = again.feed(raw)
        rest = again.finish()
        return text + rest.text, rest

    def finish(self, *, cut: bool = False, well: bool = True) -> Rest:
        """How it ends. `cut`: the answer was cut by the token limit, and the call is to stay unrunnable.

        `well`: the endpoint said that the answer is complete.
        """
        passed_on = "".join(self._out)
        raw = "".join(self._raw)
        if self._unsure:
            return self._either_way(passed_on, cut=cut, well=well)
        if cut and self._state != AFTER:
            return Rest("" if passed_on else "{")
        if self._state == AFTER:
            rest = "{}" if self._first else ""
            if self._excess_is_harmless(raw) and _is_object(passed_on + rest):
                return Rest(rest)
        elif not raw.strip() or raw.strip() in NOTHINGS:
            return Rest("{}") if well else Rest("", UNFINISHED)
        elif self._state == INSIDE and _is_object(passed_on + self._brackets_missing()):
            return Rest("}") if well and self._lacks_a_bracket(raw) else Rest("", UNFINISHED)
        repeated = self._said_again(raw, passed_on)
        if repeated is not None:
            return Rest(repeated)
        if passed_on:
            return Rest("", "arguments that are not valid JSON")
        found = repaired(raw)
        if found is None:
            return Rest("", "arguments that are not a JSON object")
        for key in [k for k, v in found.items() if self._says_nothing(k, v)]:
            del found[key]
        try:
            return Rest(dumps({self._facts.renamed.get(k, k): v for k, v in found.items()}).decode())
        except ValueError:
            return Rest("", "arguments that are nested too deeply")

    def _says_nothing(self, key: str, value: Any) -> bool:
        return (value is None and key in self._facts.droppable) or (value == "" and key in self._facts.blanks)

    def _lacks_a_bracket(self, raw: str) -> bool:
        """Whether all that is missing is the last bracket: nothing deeper is open, the last value is over, and every
        required member is there."""
        return len(self._brackets) == 1 and raw.rstrip()[-1:] in _VALUE_ENDS and self._members >= self._facts.required

    def _brackets_missing(self) -> str:
        return "".join(_CLOSES[b] for b in reversed(self._brackets))

    def _said_again(self, raw: str, passed_on: str) -> str | None:
        """What is still to be passed on of an object that was begun, and then said again whole.

        A server's flush at the end (vLLM's xLAM parser, SGLang's for MiniMax) or fragments that each hold all so far:
        all before the whole object are beginnings of it.
        """
        start = raw.rfind("{", 1)
        for _ in range(MOST_STARTS):
            if start < 1:
                return None
            whole = raw[start:].strip()
            if _is_beginnings_of(whole, raw[:start]) and _is_object(whole):
                text, _ = self._again(whole)
                return text[len(passed_on) :] if text.startswith(passed_on) else None
            start = raw.rfind("{", 1, start)
        return None

    def _excess_is_harmless(self, raw: str) -> bool:
        """What came after the object: nothing, brackets too many, end marks, or the whole object a second time."""
        excess = _END_MARKS.sub("", "".join(self._excess)).strip()
        if not excess.strip("}] \t\r\n"):
            return True
        return raw.strip() == excess + excess or _same_object(excess, "".join(self._out))

    # ------------------------------------------------------------ one step a state

    def _start(self, text: str, place: int, out: list[str]) -> int:
        place = _skip(text, place, _BLANK + _UNSEEN)
        if place < len(text):
            if text[place] == "{":
                self._brackets = ["{"]
                self._state = MEMBER
                if len(self._raw) > 1 and "".join(self._raw[:-1]).strip() in NOTHINGS:
                    self._raw = [text[place:]]  # that was only the announcement of the object
            else:
                self._state = BROKEN
            place += 1
        return place

    def _member(self, text: str, place: int, out: list[str]) -> int:
        place = _skip(text, place)
        if place == len(text):
            return place
        if text[place] == '"':
            self._key = []
            self._state = KEY
        elif text[place] == "}":
            if not self._first:
                out.append("}")
            self._brackets = []
            self._state = AFTER
        elif text[place] != ",":
            self._state = BROKEN
        return place + 1

    def _in_key(self, text: str, place: int, out: list[str]) -> int:
        if self._key and self._key[-1] == "\\":
            self._key[-1] += text[place]
            return place + 1
        found = _IN_STRING.search(text, place)
        if found is None:
            self._key.append(text[place:])
            return len(text)
        if found.start() > place:
            self._key.append(text[place : found.start()])
        if found[0] == "\\":
            self._key.append("\\")
        elif found[0] == '"':
            self._state = COLON
        else:
            self._state = BROKEN
        return found.end()

    def _colon(self, text: str, place: int, out: list[str]) -> int:
        place = _skip(text, place)
        if place < len(text):
            self._state = VALUE if text[place] == ":" else BROKEN
            place += 1
        return place

    def _value(self, text: str, place: int, out: list[str]) -> int:
        place = _skip(text, place)
        if place == len(text):
            return place
        if text[place] == "n":
            self._literal = ""
            self._state = NULL
        elif text[place] == '"' and self._facts.blanks and "".join(self._key) in self._facts.blanks:
            self._state = MAYBE_BLANK
            return place + 1
        elif text[place] in _VALUE_STARTS:
            self._pass_head(out)
            self._state = INSIDE
        else:
            self._state = BROKEN
        return place

    def _pass_head(self, out: list[str]) -> None:
        key = "".join(self._key)
        self._members.add(self._facts.renamed.get(key, key))
        out.append(f'{"{" if self._first else ","}"{self._facts.renamed.get(key, key)}":')
        self._first = False

    def _null(self, text: str, place: int, out: list[str]) -> int:
        end = place
        while end < len(text) and "a" <= text[end] <= "z":
            end += 1
        self._literal += text[place:end]
        if end < len(text):
            if self._literal != "null":
                self._state = BROKEN
            elif "".join(self._key) in self._facts.droppable:
                self._state = INSIDE
            else:
                self._pass_head(out)
                out.append("null")
                self._state = INSIDE
        return end

    def _maybe_blank(self, text: str, place: int, out: list[str]) -> int:
        """After the first quotation mark of an argument that is left out when nothing follows."""
        if text[place] == '"':
            self._state = INSIDE
            return place + 1
        self._pass_head(out)
        out.append('"')
        self._state = STRING
        return place

    def _inside(self, text: str, place: int, out: list[str]) -> int:
        found = _IN_VALUE.search(text, place)
        stop = found.start() if found else len(text)
        between = text[place:stop]
        if between:
            if self._comma and not between.isspace():
                out.append(",")
                self._comma = False
            out.append(between)
        if found is None:
            return stop
        mark = found[0]
        if mark == "," and len(self._brackets) == 1:
            self._state = MEMBER
        elif mark == ",":
            self._comma = True
        elif mark in "}]":
            self._comma = False
            self._brackets.pop()
            if self._brackets:
                out.append(mark)
            else:
                if not self._first:
                    out.append(mark)
                self._state = AFTER
        else:
            if self._comma:
                out.append(",")
                self._comma = False
            out.append(mark)
            if mark == '"':
                self._state = STRING
            else:
                self._brackets.append(mark)
        return found.end()

    def _string(self, text: str, place: int, out: list[str]) -> int:
        found = _IN_STRING.search(text, place)
        if found is None:
            out.append(text[place:])
            return len(text)
        if found.start() > place:
            out.append(text[place : found.start()])
        mark = found[0]
        if mark == '"':
            out.append('"')
            self._state = INSIDE
        elif mark == "\\":
            self._state = ESCAPE
        else:
            out.append(_CONTROL_ESCAPES.get(mark, f"\\u{ord(mark):04x}"))
        return found.end()

    def _escape(self, text: str, place: int, out: list[str]) -> int:
        mark = text[place]
        self._state = STRING
        if mark in '"\\/bfnrtu':
            out.append("\\" + mark)
        elif mark == "'":
            out.append("'")
        elif mark < " ":
            out.append(_CONTROL_ESCAPES.get(mark, f"\\u{ord(mark):04x}"))
        else:
            out.append("\\\\" + mark)  # models write regular expressions without doubling the backslash
        return place + 1

    def _after(self, text: str, place: int, out: list[str]) -> int:
        if self._first and not self._excess:
            start = _skip(text, place)
            if start < len(text) and text[start] == "{":
                self._state = START  # an empty object was only the announcement of the real one
                self._raw = [text[start:]]
                return start
        self._excess.append(text[place:])
        return len(text)

    def _broken(self, text: str, place: int, out: list[str]) -> int:
        return len(text)


UNFINISHED = "incomplete arguments"
AMBIGUOUS = "ambiguous arguments"


def _is_beginnings_of(whole: str, before: str) -> bool:
    """Whether `before` is nothing but beginnings of `whole`, one behind the other."""
    before = before.strip()
    while before:
        size = 0
        most = min(len(before), len(whole))
        while size < most and before[size] == whole[size]:
            size += 1
        if size == 0:
            return False
        before = before[size:].lstrip()
    return True


def _skip(text: str, place: int, blanks: str = _BLANK) -> int:
    while place < len(text) and text[place] in blanks:
        place += 1
    return place


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except ValueError:
        return False


def _same_object(one: str, other: str) -> bool:
    try:
        return bool(loads(one) == loads(other))
    except ValueError:
        return False


def repaired(raw: str) -> dict[str, Any] | None:
    """The object that was meant by text which is not quite JSON; None where that is not certain. One try, no guess."""
    text = _NOTHING_BEFORE.sub("", raw.strip().strip(_UNSEEN), count=1)
    if text.startswith("```"):
        text = text.split("\n", 1)[-1].rsplit("```", 1)[0].strip()
    for reading in (_as_json, _as_python):
        value = reading(text)
        for _ in range(MOST_WRAPPED):
            if isinstance(value, str):
                value = _as_json(value.strip())
        if isinstance(value, dict) and all(isinstance(k, str) for k in value):
            return value
        if value is None and text in ("null", "None"):
            return {}
    return None


def _as_json(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return None


def _as_python(text: str) -> Any:
    """Single quotes, True, None, trailing commas: a Python literal."""
    if len(text) > LARGEST_LITERAL:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):  # about escapes in a text nobody here wrote
            return ast.literal_eval(_JSON_WORDS.sub(lambda m: _PYTHON_WORDS.get(m[1], m[0]), text))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
