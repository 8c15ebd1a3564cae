"""How models write tool calls as text: the notations they were trained on, as their public chat templates show them.

A value that stands bare between marks is `Raw`: what it is, the tool's schema
says. An end mark counts where another value, or the end, follows: a file may
hold the same mark.
"""

from __future__ import annotations

import ast
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

    def closing_of(self, opening: str) -> str:
        """The mark that ends what this one began."""
        return self.closings[self.openings.index(opening)]


def _hermes(body: str) -> Calls:
    calls = loads(body)
    for call in calls if isinstance(calls, list) else [calls]:
        yield call["name"], call.get("arguments", call.get("parameters", {}))


_FUNCTION = later(r"<function=([^>\s]+)>(.*?)</function>(?=\s*(?:<function=|</tool_call>|$))", re.S)
_PARAMETER = later(r"<parameter=([^>\s]+)>\n?(.*?)\n?</parameter>(?=\s*(?:<parameter=|$))", re.S)


def _qwen(body: str) -> Calls:
    if not body.rstrip().endswith("</function>"):
        body += "</function>" if body.lstrip().startswith("<function=") and "</function>" not in body else ""
    found = _FUNCTION.findall(body)
    if _FUNCTION.sub("", body).strip():
        return
    for name, inner in found:
        if _PARAMETER.sub("", inner).strip():
            return
        yield name, {key: Raw(value) for key, value in _PARAMETER.findall(inner)}


_KIMI = later(
    r"<\|tool_call_begin\|>\s*(?:functions\.)?([^:\s<]+)(?::\d+)?\s*<\|tool_call_argument_begin\|>(.*?)<\|tool_call_end\|>"
    r"(?=\s*(?:<\|tool_call_begin\|>|$))",
    re.S,
)


def _kimi(body: str) -> Calls:
    for name, arguments in _KIMI.findall(body):
        yield name, loads(arguments)


_DSML_INVOKE = later(r'<｜DSML｜invoke name="([^"]+)">(.*?)</｜DSML｜invoke>(?=\s*(?:<｜DSML｜invoke|$))', re.S)
_DSML_PARAMETER = later(
    r'<｜DSML｜parameter name="([^"]+)"([^>]*)>(.*?)</｜DSML｜parameter>(?=\s*(?:<｜DSML｜parameter|$))', re.S
)


def _dsml(body: str) -> Calls:
    for name, inner in _DSML_INVOKE.findall(body):
        values = _DSML_PARAMETER.findall(inner)
        yield name, {key: value if 'string="true"' in marks else Raw(value) for key, marks, value in values}


_INVOKE = later(r'<invoke name="([^"]+)">(.*?)</invoke>(?=\s*(?:<invoke name=|$))', re.S)
_NAMED_PARAMETER = later(r'<parameter name="([^"]+)"[^>]*>\n?(.*?)\n?</parameter>(?=\s*(?:<parameter name=|$))', re.S)
_XAI_NAME = later(r'\s*name="([^"]+)">(.*)', re.S)


def _xai(body: str) -> Calls:
    match = _XAI_NAME.match(body)
    if match and not _NAMED_PARAMETER.sub("", match[2]).strip():
        yield match[1], {key: Raw(value) for key, value in _NAMED_PARAMETER.findall(match[2])}


def _minimax(body: str) -> Calls:
    found = _INVOKE.findall(body)
    if _INVOKE.sub("", body).strip():
        return
    for name, inner in found:
        if _NAMED_PARAMETER.sub("", inner).strip():
            return
        yield name, {key: Raw(value) for key, value in _NAMED_PARAMETER.findall(inner)}


_ARGUMENT = later(r"<arg_key>(.*?)</arg_key>\s*<arg_value>\n?(.*?)\n?</arg_value>(?=\s*(?:<arg_key>|$))", re.S)


def _glm(body: str) -> Calls:
    name, mark, rest = body.partition("<arg_key>")
    inner = mark + rest
    if re.fullmatch(r"\s*[\w.:-]+\s*", name) and not _ARGUMENT.sub("", inner).strip():
        yield name.strip(), {key.strip(): Raw(value) for key, value in _ARGUMENT.findall(inner)}


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
    for name, arguments in _DEEPSEEK.findall(body):
        fenced = _FENCE.fullmatch(arguments)
        yield name, loads(fenced[1] if fenced else arguments)


def _llama(body: str) -> Calls:
    for end in ("<|eom_id|>", "<|eot_id|>"):
        body = body.strip().removesuffix(end)
    for part in re.split(r";\s*(?=\{)", body.strip()):
        yield from _hermes(part)


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


_MISTRAL_NAMED = later(r"\s*([A-Za-z0-9_.-]+)\s*(?:\[CALL_ID\]\w+)?\[ARGS\](.*)", re.S)


def _mistral(body: str) -> Calls:
    for part in body.split("[TOOL_CALLS]"):
        match = _MISTRAL_NAMED.match(part)
        if match:
            yield match[1], loads(match[2])
            continue
        yield from _hermes(part)


NOTATIONS: dict[str, Notation] = {
    "hermes": Notation(("<tool_call>",), ("</tool_call>",), _hermes),
    "qwen": Notation(
        ("<tool_call>", "<function="),
        ("</tool_call>", "</function>"),
        lambda body: _qwen(_bare(body)),
        True,
        "</tool_call>",
    ),
    "kimi": Notation(("<|tool_calls_section_begin|>",), ("<|tool_calls_section_end|>",), _kimi),
    "dsml": Notation(("<｜DSML｜function_calls>",), ("</｜DSML｜function_calls>",), _dsml),
    "xai": Notation(("<xai:function_call",), ("</xai:function_call>",), _xai),
    "mistral": Notation(("[TOOL_CALLS]",), ("",), _mistral),
    "minimax": Notation(("<minimax:tool_call>",), ("</minimax:tool_call>",), _minimax),
    "glm": Notation(("<tool_call>",), ("</tool_call>",), _glm),
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


def _bare(body: str) -> str:
    return body.removeprefix("<tool_call>").strip()


def _granite(body: str) -> Calls:
    body = body.removeprefix("<|tool_call|>").removeprefix("<tool_call>").strip()
    yield from _hermes(body.removesuffix("</tool_call>"))
