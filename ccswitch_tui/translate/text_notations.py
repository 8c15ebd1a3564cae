"""How models write tool calls as text: the notations they were trained on, as their public chat templates show them.

A value that stands bare between marks is `Raw`: what it is, the tool's schema
says. Such a value may hold the marks themselves: where it ends is certain, or
there is no call.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.later import later

Calls = Iterator[tuple[str, Any]]


class Raw(str):
    """A value as it was written, without quotes that would tell what it is."""

    __slots__ = ()


class Notation(NamedTuple):
    """One way of writing calls: how it begins and ends, and how to read what stands between."""

    openings: tuple[str, ...]
    closings: tuple[str, ...]
    """One for each opening; "" where it goes to the end of the answer."""
    read: Callable[[str], Calls]
    with_mark: bool = False
    """The opening mark is a part of what is read."""
    after: str = ""
    """A mark that may be left over behind a call."""
    marks: tuple[tuple[str, str], ...] = ()
    """The marks around bare values, in pairs: one of them behind a call shows that a value was cut."""

    def closing_of(self, opening: str) -> str:
        """The mark that ends what this one began."""
        return self.closings[self.openings.index(opening)]


def _hermes(body: str) -> Calls:
    yield from _calls_of(loads(body))


def _calls_of(calls: Any) -> Calls:
    for call in calls if isinstance(calls, list) else [calls]:
        yield call["name"], call.get("arguments", call.get("parameters", {}))


class _Tags(NamedTuple):
    """A mark with a name in it (group 1), what ends what it began, and the marks that a value may quote, in pairs."""

    opening: re.Pattern[str]
    closing: str
    quotable: tuple[tuple[str, str], ...]


MOST_CANDIDATES = 200
"""Ends at which one value is looked at: a file that quotes the notation has a few."""


def _members(text: str, tags: _Tags) -> list[tuple[re.Match[str], str]]:
    """What stands between these tags, one behind the other. ValueError where anything else stands there.

    A value may quote the notation, a whole call even. It ends where another
    member or the end follows, and not while a mark that it opened is open: what
    is cut there would run.
    """
    text = text.rstrip()
    found, place = [], 0
    while place < len(text):
        start = tags.opening.match(text, place)
        if start is None:
            raise ValueError("something else than a member")
        end = start.end()
        for _ in range(MOST_CANDIDATES):
            end = text.index(tags.closing, end)
            place = end + len(tags.closing)
            value = text[start.end() : end]
            if (place == len(text) or tags.opening.match(text, place)) and all(
                value.count(opened) <= value.count(closed) for opened, closed in tags.quotable
            ):
                break
            end = place
        else:
            raise ValueError("too many ends")
        found.append((start, value))
    return found


def _arguments(members: list[tuple[re.Match[str], str]]) -> dict[str, str]:
    """Values by their names. One name twice is a value that was cut at a mark inside it."""
    values = {start[1].strip(): value for start, value in members}
    if len(values) != len(members):
        raise ValueError("a name twice")
    return values


def _unwrapped(values: dict[str, str]) -> dict[str, Any]:
    """The values without the line breaks around them, where the model puts each on lines of its own."""
    wrapped = all(len(value) > 1 and value[0] == value[-1] == "\n" for value in values.values())
    return {key: Raw(value[1:-1] if wrapped else value) for key, value in values.items()}


_QWEN_MARKS = (("<tool_call>", "</tool_call>"), ("<function=", "</function>"), ("<parameter=", "</parameter>"))
_FUNCTION = _Tags(later(r"\s*<function=([^>\s]+)>"), "</function>", _QWEN_MARKS)
_PARAMETER = _Tags(later(r"\s*<parameter=([^>\s]+)>"), "</parameter>", _QWEN_MARKS)


def _qwen(body: str) -> Calls:
    bare = body.removeprefix("<tool_call>").strip()
    if body.startswith("<function=") or "</function>" not in bare:
        bare += "</function>"
    for function, inner in _members(bare, _FUNCTION):
        values = _arguments(_members(inner, _PARAMETER))
        yield function[1], {key: Raw(value.removeprefix("\n").removesuffix("\n")) for key, value in values.items()}


_KIMI = later(
    r"<\|tool_call_begin\|>\s*(?:functions\.)?([^:\s<]+)(?::\d+)?\s*<\|tool_call_argument_begin\|>(.*?)<\|tool_call_end\|>"
    r"(?=\s*(?:<\|tool_call_begin\|>|$))",
    re.S,
)


def _kimi(body: str) -> Calls:
    if _KIMI.sub("", body).strip():
        return
    for name, arguments in _KIMI.findall(body):
        yield name, loads(arguments)


_DSML_MARKS = (
    ("<｜DSML｜function_calls>", "</｜DSML｜function_calls>"),
    ("<｜DSML｜invoke ", "</｜DSML｜invoke>"),
    ("<｜DSML｜parameter ", "</｜DSML｜parameter>"),
)
_DSML_INVOKE = _Tags(later(r'\s*<｜DSML｜invoke name="([^"]+)">'), "</｜DSML｜invoke>", _DSML_MARKS)
_DSML_PARAMETER = _Tags(later(r'\s*<｜DSML｜parameter name="([^"]+)"([^>]*)>'), "</｜DSML｜parameter>", _DSML_MARKS)


def _dsml(body: str) -> Calls:
    for invoke, inner in _members(body, _DSML_INVOKE):
        members = _members(inner, _DSML_PARAMETER)
        texts = {start[1] for start, _ in members if 'string="true"' in start[2]}
        yield invoke[1], {key: value if key in texts else Raw(value) for key, value in _arguments(members).items()}


_XML_MARKS = (
    ("<minimax:tool_call>", "</minimax:tool_call>"),
    ("<xai:function_call ", "</xai:function_call>"),
    ("<invoke name=", "</invoke>"),
    ("<parameter name=", "</parameter>"),
)
_INVOKE = _Tags(later(r'\s*<invoke name="([^"]+)">'), "</invoke>", _XML_MARKS)
_NAMED_PARAMETER = _Tags(later(r'\s*<parameter name="([^"]+)"[^>]*>'), "</parameter>", _XML_MARKS)
_XAI_NAME = later(r'\s*name="([^"]+)">(.*)', re.S)


def _xai(body: str) -> Calls:
    match = _XAI_NAME.match(body)
    if match:
        yield match[1], _unwrapped(_arguments(_members(match[2], _NAMED_PARAMETER)))


def _minimax(body: str) -> Calls:
    for invoke, inner in _members(body, _INVOKE):
        yield invoke[1], _unwrapped(_arguments(_members(inner, _NAMED_PARAMETER)))


_ARGUMENT = _Tags(
    later(r"\s*<arg_key>(.*?)</arg_key>\s*<arg_value>"),
    "</arg_value>",
    (("<tool_call>", "</tool_call>"), ("<arg_key>", "</arg_key>"), ("<arg_value>", "</arg_value>")),
)


def _glm(body: str) -> Calls:
    name, mark, rest = body.partition("<arg_key>")
    if re.fullmatch(r"\s*[\w.:-]+\s*", name):
        yield name.strip(), _unwrapped(_arguments(_members(mark + rest, _ARGUMENT)))


_HARMONY = later(
    r"to=(?:functions\.)?([\w.-]+)\s*(?:<\|channel\|>commentary\s*)?(?:(?:<\|constrain\|>)?json\s*)?<\|message\|>(.*)",
    re.S,
)


def _harmony(body: str) -> Calls:
    match = _HARMONY.search(body)
    if match:
        yield match[1], loads(match[2])


_DEEPSEEK = later(
    r"<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?([^<\n]+?)(?:<｜tool▁sep｜>|\n)(.*?)<｜tool▁call▁end｜>"
    r"(?=\s*(?:<｜tool▁call▁begin｜>|$))",
    re.S,
)
_FENCE = later(r"\s*```(?:json)?\n(.*)\n```\s*", re.S)


def _deepseek(body: str) -> Calls:
    if _DEEPSEEK.sub("", body).strip():
        return
    for name, arguments in _DEEPSEEK.findall(body):
        fenced = _FENCE.fullmatch(arguments)
        yield name, loads(fenced[1] if fenced else arguments)


def _value_at(text: str, place: int) -> tuple[Any, int]:
    """The JSON value at this place, and where what follows it begins."""
    value, end = _DECODER.raw_decode(text, _SPACE.match(text, place).end())  # type: ignore[union-attr]
    return value, _SPACE.match(text, end).end()  # type: ignore[union-attr]


_DECODER = json.JSONDecoder()
_SPACE = later(r"\s*")


def _llama(body: str) -> Calls:
    for end in ("<|eom_id|>", "<|eot_id|>"):
        body = body.strip().removesuffix(end)
    place = 0
    while place < len(body):
        call, place = _value_at(body, place)
        yield from _calls_of(call)
        if body[place:].strip() and body[place] != ";":
            raise ValueError("words behind a call")
        place += 1


def _pythonic(body: str) -> Calls:
    """Calls as Python writes them, with names and literals for arguments and nothing else."""
    code = ast.parse(body.strip(), mode="eval").body
    for call in code.elts if isinstance(code, ast.List) else [code]:
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError("not a call with named arguments")
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        if None in named:
            raise ValueError("not a call with named arguments")
        yield ast.unparse(call.func), named


def _tool_code(body: str) -> Calls:
    inner = body.strip()
    inner = inner.removeprefix("print(").removesuffix(")") if inner.startswith("print(") else inner
    yield from _pythonic(inner)


_MISTRAL_NAMED = later(r"\s*([A-Za-z0-9_.-]+)\s*(?:\[CALL_ID\]\w+)?\[ARGS\]")


def _mistral(body: str) -> Calls:
    place = 0
    while place < len(body):
        named = _MISTRAL_NAMED.match(body, place)
        value, place = _value_at(body, named.end() if named else place)
        yield from [(named[1], value)] if named else _calls_of(value)
        if body[place:] and not body.startswith("[TOOL_CALLS]", place):
            raise ValueError("words behind a call")
        place += len("[TOOL_CALLS]")


NOTATIONS: dict[str, Notation] = {
    "hermes": Notation(("<tool_call>",), ("</tool_call>",), _hermes),
    "qwen": Notation(
        ("<tool_call>", "<function="),
        ("</tool_call>", "</function>"),
        _qwen,
        True,
        "</tool_call>",
        _QWEN_MARKS,
    ),
    "kimi": Notation(("<|tool_calls_section_begin|>",), ("<|tool_calls_section_end|>",), _kimi),
    "dsml": Notation(("<｜DSML｜function_calls>",), ("</｜DSML｜function_calls>",), _dsml, marks=_DSML_MARKS),
    "xai": Notation(("<xai:function_call",), ("</xai:function_call>",), _xai, marks=_XML_MARKS),
    "mistral": Notation(("[TOOL_CALLS]",), ("",), _mistral),
    "minimax": Notation(("<minimax:tool_call>",), ("</minimax:tool_call>",), _minimax, marks=_XML_MARKS),
    "glm": Notation(("<tool_call>",), ("</tool_call>",), _glm, marks=_ARGUMENT.quotable),
    "harmony": Notation(
        ("<|start|>assistant<|channel|>commentary to=", "<|channel|>commentary to=", "commentary to=functions."),
        ("<|call|>", "<|call|>", "<|call|>"),
        _harmony,
        True,
    ),
    "deepseek": Notation(("<｜tool▁calls▁begin｜>",), ("<｜tool▁calls▁end｜>",), _deepseek),
    "llama": Notation(("<|python_tag|>",), ("",), _llama),
    "pythonic": Notation(("[",), ("",), lambda body: _pythonic(body), True),
    "gemma": Notation(("```tool_code",), ("```",), _tool_code),
    "granite": Notation(("<|tool_call|>", "<tool_call>["), ("", ""), lambda body: _granite(body), True),
}
"""By the quirk's word. Mistral's, Llama's and Granite's have no end mark: they go to the end of the answer."""


def _granite(body: str) -> Calls:
    body = body.removeprefix("<|tool_call|>").removeprefix("<tool_call>").strip()
    yield from _hermes(body.removesuffix("</tool_call>"))
