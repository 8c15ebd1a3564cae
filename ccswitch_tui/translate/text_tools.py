"""Tool calls that a model writes as text, because its server has no parser for them. Off unless the profile says so.

Only whole markup that begins a line, only tools of the request, only arguments
that parse: everything else stays the text it is. The notations are those the
models were trained on, as their public chat templates show them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ccswitch_tui.translate.textflow import held_tail
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.wire.codec import dumps, loads

LONGEST_MARKUP = 1_000_000
"""Characters a call may have before it counts as text after all."""


class Written(NamedTuple):
    """A call that was written as text."""

    name: str
    arguments: str


class Notation(NamedTuple):
    """One way of writing calls: how it begins and ends, and how to read what stands between."""

    opening: str
    closing: str
    read: Callable[[str], Iterator[tuple[str, Any]]]


def _hermes(body: str) -> Iterator[tuple[str, Any]]:
    call = loads(body)
    yield call["name"], call.get("arguments", call.get("parameters", {}))


_FUNCTION = re.compile(r"<function=([^>\s]+)>(.*?)</function>", re.S)
_PARAMETER = re.compile(r"<parameter=([^>\s]+)>\n?(.*?)\n?</parameter>", re.S)


def _value(text: str) -> Any:
    """A parameter's value: JSON where it is JSON, else the text itself."""
    try:
        return loads(text.strip())
    except ValueError:
        return text


def _qwen(body: str) -> Iterator[tuple[str, Any]]:
    for name, inner in _FUNCTION.findall(body):
        yield name, {key: _value(value) for key, value in _PARAMETER.findall(inner)}


_KIMI = re.compile(
    r"<\|tool_call_begin\|>\s*(?:functions\.)?([^:\s<]+)(?::\d+)?\s*<\|tool_call_argument_begin\|>(.*?)<\|tool_call_end\|>",
    re.S,
)


def _kimi(body: str) -> Iterator[tuple[str, Any]]:
    for name, arguments in _KIMI.findall(body):
        yield name, loads(arguments)


_DSML_INVOKE = re.compile(r'<｜DSML｜invoke name="([^"]+)">(.*?)</｜DSML｜invoke>', re.S)
_DSML_PARAMETER = re.compile(r'<｜DSML｜parameter name="([^"]+)"([^>]*)>(.*?)</｜DSML｜parameter>', re.S)


def _dsml(body: str) -> Iterator[tuple[str, Any]]:
    for name, inner in _DSML_INVOKE.findall(body):
        yield (
            name,
            {
                key: value if 'string="true"' in marks else _value(value)
                for key, marks, value in _DSML_PARAMETER.findall(inner)
            },
        )


_XAI_PARAMETER = re.compile(r'<parameter name="([^"]+)">\n?(.*?)\n?</parameter>', re.S)
_XAI_NAME = re.compile(r'\s*name="([^"]+)">(.*)', re.S)


def _xai(body: str) -> Iterator[tuple[str, Any]]:
    match = _XAI_NAME.match(body)
    if match:
        yield match[1], {key: _value(value) for key, value in _XAI_PARAMETER.findall(match[2])}


_MISTRAL_NAMED = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*(?:\[CALL_ID\]\w+)?\[ARGS\](.*)", re.S)


def _mistral(body: str) -> Iterator[tuple[str, Any]]:
    for part in body.split("[TOOL_CALLS]"):
        match = _MISTRAL_NAMED.match(part)
        if match:
            yield match[1], loads(match[2])
            continue
        calls = loads(part)
        for call in calls if isinstance(calls, list) else [calls]:
            yield call["name"], call.get("arguments", {})


NOTATIONS: dict[str, Notation] = {
    "hermes": Notation("<tool_call>", "</tool_call>", _hermes),
    "qwen": Notation("<tool_call>", "</tool_call>", _qwen),
    "kimi": Notation("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", _kimi),
    "dsml": Notation("<｜DSML｜function_calls>", "</｜DSML｜function_calls>", _dsml),
    "xai": Notation("<xai:function_call", "</xai:function_call>", _xai),
    "mistral": Notation("[TOOL_CALLS]", "", _mistral),
}
"""Mistral's has no end mark: it goes to the end of the answer."""


class TextTools:
    """Takes calls out of the text of one answer."""

    def __init__(self, notation: str, names: ToolNames) -> None:
        self._notation = NOTATIONS[notation]
        self._names = names
        self._held = ""
        self._at_line_start = True
        self._inside = False

    def feed(self, text: str) -> list[str | Written]:
        """Text and calls, in order."""
        found: list[str | Written] = []
        self._held += text
        while self._held and self._step(found):
            pass
        return found

    def finish(self) -> list[str | Written]:
        """What was held: an unfinished markup is text."""
        held, self._held = self._held, ""
        if self._inside and not self._notation.closing:
            body = held[len(self._notation.opening) :]
            return self._read(body) or [held]
        return [held] if held else []

    def _step(self, found: list[str | Written]) -> bool:
        """One step through the held text; False when more must come first."""
        opening, closing, _ = self._notation
        if self._inside:
            end = self._held.find(closing, len(opening)) if closing else -1
            if end < 0:
                if len(self._held) > LONGEST_MARKUP:
                    self._inside = False
                    self._release(len(self._held), found)
                return False
            whole = end + len(closing)
            calls = self._read(self._held[len(opening) : end])
            self._inside = False
            if calls:
                found += calls
                self._held = self._held[whole:].lstrip("\n")
                self._at_line_start = True
            else:
                self._release(whole, found)
            return True
        start = self._opening_place()
        if start is not None:
            if start:
                self._release(start, found)
            self._inside = True
            return True
        keep = held_tail(self._held, opening)
        self._release(len(self._held) - keep, found)
        return False

    def _opening_place(self) -> int | None:
        """Where the markup begins at the start of a line, if it is there in full."""
        place = self._held.find(self._notation.opening)
        while place >= 0:
            line = self._held[:place].rpartition("\n")
            if not line[2].strip() and (line[1] or self._at_line_start):
                return place
            place = self._held.find(self._notation.opening, place + 1)
        return None

    def _release(self, size: int, found: list[str | Written]) -> None:
        text, self._held = self._held[:size], self._held[size:]
        if text:
            found.append(text)
            line = text.rpartition("\n")
            self._at_line_start = not line[2].strip() and (bool(line[1]) or self._at_line_start)

    def _read(self, body: str) -> list[str | Written]:
        """The calls in a markup's body; none if anything about them is wrong."""
        calls: list[str | Written] = []
        try:
            for name, arguments in self._notation.read(body):
                if isinstance(arguments, str):
                    arguments = loads(arguments)
                meant = self._names.restore(str(name))
                if meant not in self._names.known or not isinstance(arguments, dict):
                    return []
                calls.append(Written(meant, dumps(arguments).decode()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return []
        return calls
