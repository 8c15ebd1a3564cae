"""Edit JSON as text: what is not changed keeps every byte, and what is wrong is named by line and column.

Strict JSON in and out (RFC 8259), because Claude Code drops a settings file
with a comment or a trailing comma as a whole, without a word. Members are
split into the text around them (`Member`), so that indentation, key order,
escapes and the spelling of numbers are nobody's to lose. Values are skipped
by the decoder in C: a file of megabytes costs milliseconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

Json: TypeAlias = "dict[str, Any]"

BOM = "\ufeff"
DEFAULT_INDENT = "  "
"""What Claude Code itself writes."""


class Remove:
    """The wish to take a member out, in a mapping of wishes."""

    def __repr__(self) -> str:
        return "REMOVE"


REMOVE = Remove()


class JsonFault(ValueError):
    """The text is not the JSON it should be: where and why, and the text as it was probably meant."""

    def __init__(self, because: str, line: int, column: int, *, mended: str | None = None) -> None:
        super().__init__(f"line {line}, column {column}: {because}")
        self.because = because
        self.line = line
        self.column = column
        self.mended = mended


# ---------------------------------------------------------------- reading


def decode(data: bytes) -> str:
    """A settings file's bytes as text, a byte order mark included. Raises JsonFault when it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise JsonFault(say("byte 0x{byte:02x} is not UTF-8 text", byte=data[error.start]), line, column) from None


def parse_object(text: str) -> Json:
    """The JSON object the text holds; blank text is `{}`, as Claude Code reads it.

    Raises JsonFault for everything Claude Code would drop, and for a key that
    stands twice in one object: nobody can say which of the two was meant.
    """
    body = text.removeprefix(BOM)
    if not body.strip(" \t\r\n"):
        return {}
    twice: list[str] = []

    def pairs_to_dict(pairs: list[tuple[str, Any]]) -> Json:
        made = dict(pairs)
        if len(made) != len(pairs):
            twice.append("")
        return made

    try:
        tree = json.loads(body, object_pairs_hook=pairs_to_dict, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _fault(body, error) from None
    except RecursionError:
        raise JsonFault(say("nested too deeply to be settings"), 1, 1) from None
    except ValueError as error:  # NaN, Infinity, an integer of thousands of digits
        raise _number_fault(body, str(error)) from None
    if twice:
        key, at = next(_repeated_keys(body))
        raise JsonFault(say("the key {key} appears twice in one object", key=repr(key)), *_place(body, at))
    if not isinstance(tree, dict):
        raise JsonFault(say("a settings file should contain an object, not {kind}", kind=_kind(tree)), 1, 1)
    return tree


def _refuse_constant(word: str) -> Any:
    raise ValueError(word)


def _kind(value: Any) -> str:
    kinds = {list: say("an array"), str: say("a string"), bool: say("a boolean"), type(None): "null"}
    return kinds.get(type(value), say("a number"))


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def _number_fault(text: str, word: str) -> JsonFault:
    spots = (
        (match.start() + spot.start(), spot[0])
        for match in _lexemes(text)
        if match.lastgroup == "rest" and (spot := re.search(r"NaN|-?Infinity|\d{1000,}", match[0]))
    )
    at, value = next(spots, (0, word))
    shown = value if len(value) < 12 else say("an endless number")
    return JsonFault(say("{value} is not a JSON value", value=shown), *_place(text, at))


_LEXEME = (
    r"""(?s)(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>//[^\r\n]*|/\*.*?\*/)|(?P<mark>[{}\[\],:])"""
    r"""|(?P<rest>[^"/{}\[\],:]+|["/])"""
)
"""Compiled when something is wrong with a file, which is seldom."""


def _lexemes(text: str) -> Iterator[re.Match[str]]:
    return re.finditer(_LEXEME, text)


def _fault(text: str, error: json.JSONDecodeError) -> JsonFault:
    """The decoder's complaint in the words of what people really do to settings files."""
    at, because = error.pos, error.msg[:1].lower() + error.msg[1:]
    for match in _lexemes(text):
        if match["comment"] and match.start() <= at < match.end():
            at, because = match.start(), say("a comment: Claude Code takes strict JSON and ignores the whole file")
            break
    else:
        comma = re.compile(r",\s*[}\]]").search(text, max(0, text.rfind(",", 0, at + 1)))
        if comma and comma.start() <= at <= comma.end():
            at, because = (
                comma.start(),
                say("a trailing comma: Claude Code takes strict JSON and ignores the whole file"),
            )
        elif text[at : at + 1] == "'":
            because = say("single quotes: JSON requires double quotes")
        elif error.msg.startswith("Invalid control character"):
            because = say("a line break or control character inside a text")
    line, column = _place(text, min(at, len(text)))
    return JsonFault(because, line, column, mended=repaired(text))


def repaired(text: str) -> str | None:
    """The text without comments and trailing commas, if that makes it JSON; None if not."""
    bare = "".join(
        "" if m["comment"] is not None else m[0]  # a line comment's line end is not part of it, and stays
        for m in _lexemes(text)
    )
    tokens = list(_lexemes(bare))
    kept = [m[0] for place, m in enumerate(tokens) if not (m[0] == "," and _next_mark(tokens, place + 1) in ("}", "]"))]
    mended = re.sub(r"[ \t]+(?=\r?\n)", "", "".join(kept)) if bare != text else "".join(kept)
    return mended if _is_object(mended) else None


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=_refuse_constant), dict)
    except (ValueError, RecursionError):
        return False


def _next_mark(tokens: list[re.Match[str]], start: int) -> str:
    for match in tokens[start : start + 2]:
        if match[0].strip():
            return match[0].strip()
    return ""


def _repeated_keys(text: str) -> Iterator[tuple[str, int]]:
    """Every key that stands a second time in its object, with its place."""
    seen: list[set[str] | None] = []
    expect_key = False
    for match in _lexemes(text):
        mark = match["mark"]
        if mark in ("{", "["):
            seen.append(set() if mark == "{" else None)
        elif mark in ("}", "]"):
            seen.pop()
        if mark:
            expect_key = mark == "{" or (mark == "," and seen[-1] is not None)
        elif match["string"] and expect_key and (keys := seen[-1]) is not None:
            key = json.loads(match[0])
            if key in keys:
                yield key, match.start()
            keys.add(key)
            expect_key = False


# ---------------------------------------------------------------- writing


class Member(NamedTuple):
    """One `"key": value` of an object, with the text around it: joined with commas they are the object again."""

    lead: str
    """White space after `{` or `,`."""
    key: str
    key_text: str
    colon: str
    """From the key's end to the value's start."""
    value: str
    """The value's own text."""
    trail: str
    """White space up to the next comma, or up to the `}`."""


_SPACE = re.compile(r"[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_skip_value = json.JSONDecoder().raw_decode


def _split(text: str, start: int) -> tuple[list[Member], int]:
    """The members of the object whose `{` is at `start`, and where its text ends. The text was parsed before."""
    members: list[Member] = []
    at = start + 1
    while True:
        lead_end = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if text[lead_end] == "}":
            return members, lead_end + 1
        key, key_end = _skip_value(text, lead_end)
        colon_end = _COLON.match(text, key_end).end()  # type: ignore[union-attr]
        _, value_end = _skip_value(text, colon_end)
        trail_end = _SPACE.match(text, value_end).end()  # type: ignore[union-attr]
        members.append(
            Member(
                text[at:lead_end],
                key,
                text[lead_end:key_end],
                text[key_end:colon_end],
                text[colon_end:value_end],
                text[value_end:trail_end],
            )
        )
        if text[trail_end] == "}":
            return members, trail_end + 1
        at = trail_end + 1


class Layout(NamedTuple):
    """How a file is laid out, read from its first members."""

    newline: str
    """Between members; "" for an object on one line."""
    indent: str
    gap: str
    """After the comma of an object on one line."""
    colon: str


def _layout(text: str, members: list[Member]) -> Layout:
    line_end = "\r\n" if "\r\n" in text else "\n"
    if not members:
        return Layout(line_end, DEFAULT_INDENT, " ", ": ")
    lead = members[0].lead
    if "\n" in lead:
        return Layout(line_end, lead.rpartition("\n")[2] or DEFAULT_INDENT, " ", members[0].colon)
    gap = members[1].lead if len(members) > 1 else (" " if members[0].colon.endswith(" ") else "")
    return Layout("", "", gap if "\n" not in gap else " ", members[0].colon)


def edit_object(text: str, wishes: Mapping[str, Any]) -> str:
    """The text with members set (a value), taken out (REMOVE) or edited inside (a nested mapping of wishes).

    `wishes` maps a top-level key to a value, to REMOVE, or to a `Nested` of
    wishes for the object found or made there. Everything else stays as it is,
    byte for byte; a member set to the value it has is left as it is spelled.
    New members are added at the end. The text must have passed parse_object.
    """
    mark = BOM if text.startswith(BOM) else ""
    body = text[len(mark) :]
    if not body.strip(" \t\r\n"):
        body = "{}\n"
    start = _SPACE.match(body).end()  # type: ignore[union-attr]
    members, end = _split(body, start)
    layout = _layout(body, members)
    return mark + body[:start] + _edited(members, wishes, layout, 1) + body[end:]


class Nested(NamedTuple):
    """Wishes for the members of an object that is itself a member."""

    wishes: Mapping[str, Any]
    remove_when_empty: bool = False


def _edited(members: list[Member], wishes: Mapping[str, Any], layout: Layout, depth: int) -> str:
    pending = dict(wishes)
    kept: list[Member] = []
    closing = members[-1].trail if members else None
    for member in members:
        wish = pending.pop(member.key, None) if member.key in pending else _KEEP
        value = _wished(member.value, wish, layout, depth)
        if value is not None:
            kept.append(member._replace(value=value))
    if members and kept and kept[-1] is not members[-1]:
        kept[-1] = kept[-1]._replace(trail=closing or "")
    for key, wish in pending.items():
        value = _wished(None, wish, layout, depth)
        if value is not None:
            _append(kept, key, value, layout, depth)
    return "{" + ",".join(m.lead + m.key_text + m.colon + m.value + m.trail for m in kept) + "}"


class _Keep:
    pass


_KEEP = _Keep()


def _wished(old: str | None, wish: Any, layout: Layout, depth: int) -> str | None:
    """The value's new text, or None when the member goes (or does not come)."""
    if wish is _KEEP:
        return old
    if wish is REMOVE:
        return None
    if isinstance(wish, Nested):
        inner = _split(old, 0)[0] if old is not None and old.startswith("{") else []
        made = _edited(inner, wish.wishes, _inner_layout(inner, layout), depth + 1)
        if made == "{}" and (old is None or wish.remove_when_empty):
            return None
        return old if made == "{}" and old is not None and not inner else made
    if old is not None and _same(json.loads(old), wish):
        return old
    return _render(wish, layout, depth)


def _inner_layout(members: list[Member], outer: Layout) -> Layout:
    """An object on one line stays on one line; otherwise the file's layout holds."""
    if not members or "\n" in members[0].lead:
        return outer
    gap = members[1].lead if len(members) > 1 else outer.gap or " "
    return Layout("", "", gap if "\n" not in gap else " ", members[0].colon)


def _append(members: list[Member], key: str, value: str, layout: Layout, depth: int) -> None:
    if members:
        last = members[-1]
        lead = last.lead if len(members) > 1 or "\n" in last.lead or last.lead == layout.gap else layout.gap
        members[-1] = last._replace(trail="")
        members.append(Member(lead, key, _text(key), last.colon, value, last.trail))
        return
    lead = layout.newline + layout.indent * depth if layout.newline else ""
    trail = layout.newline + layout.indent * (depth - 1) if layout.newline else ""
    members.append(Member(lead, key, _text(key), layout.colon, value, trail))


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair cannot be written as itself
        return json.dumps(value)
    return text


def _render(value: Any, layout: Layout, depth: int) -> str:
    if not isinstance(value, dict | list) or not value:
        return _text(value)
    colon = layout.colon if layout.colon.strip(" ") == ":" else ": "
    if not layout.newline:
        return json.dumps(value, separators=("," + layout.gap.strip("\r\n"), colon))
    text = json.dumps(value, indent=layout.indent, separators=(",", colon))
    return text.replace("\n", layout.newline + layout.indent * depth)
