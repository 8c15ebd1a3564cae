"""Calls that a model writes as text: every notation, in any pieces, with values that hold the notation's own marks."""

# ruff: noqa: E501  (markup stays in one piece, so that it can be searched for)

from __future__ import annotations

import json

import pytest

from ccswitch_tui.translate.text_tools import NOTATIONS, TextTools, Written, looks_written, may_be_written
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.wire.quirks import QUIRKS

TOOLS = {
    "Write": {
        "input_schema": {
            "type": "object",
            "properties": {"file_path": {"type": "string"}, "content": {"type": "string"}, "n": {"type": "integer"}},
        }
    },
    "Bash": {"input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}},
}


def read(notation: str, text: str, step: int = 1) -> list[str | Written]:
    tools = TextTools(notation, ToolNames(TOOLS), TOOLS)
    out: list[str | Written] = []
    for place in range(0, len(text), step):
        out += tools.feed(text[place : place + step])
    out += tools.finish()
    joined: list[str | Written] = []
    for item in out:
        if joined and isinstance(item, str) and isinstance(joined[-1], str):
            joined[-1] += item
        else:
            joined.append(item)
    return joined


LS = [("Bash", {"command": "ls"})]
CALLS = [
    ("hermes", '<tool_call>\n{"name": "Bash", "arguments": {"command": "ls"}}\n</tool_call>', LS),
    ("hermes", '<tool_call>{"name": "Bash", "arguments": {"command": "echo </tool_call>"}}</tool_call>', [("Bash", {"command": "echo </tool_call>"})]),
    ("qwen", "<tool_call>\n<function=Bash>\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>", LS),
    ("qwen", "<function=Bash>\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>", LS),
    ("qwen", "<tool_call>\n<function=Write>\n<parameter=content>\n<p>\n</parameter>\n<x></x>\n</parameter>\n<parameter=n>\n3\n</parameter>\n</function>\n</tool_call>", [("Write", {"content": "<p>\n</parameter>\n<x></x>", "n": 3})]),
    ("qwen", "<tool_call>\n<function=Write>\n<parameter=content>\na </tool_call> b </function> c\n</parameter>\n</function>\n</tool_call>", [("Write", {"content": "a </tool_call> b </function> c"})]),
    ("qwen", '<tool_call>\n<function=Write>\n<parameter=content>\n{"name": "x"}\n</parameter>\n</function>\n</tool_call>', [("Write", {"content": '{"name": "x"}'})]),
    ("xai", '<xai:function_call name="Write">\n<parameter name="content">12345</parameter>\n</xai:function_call>', [("Write", {"content": "12345"})]),
    ("minimax", '<minimax:tool_call>\n<invoke name="Write">\n<parameter name="content">a</parameter>b</parameter>\n<parameter name="n">4</parameter>\n</invoke>\n</minimax:tool_call>', [("Write", {"content": "a</parameter>b", "n": 4})]),
    ("minimax", '<minimax:tool_call>\n<invoke name="Bash">\n<parameter name="command">ls</parameter>\n</invoke>\n<invoke name="Bash">\n<parameter name="command">ls</parameter>\n</invoke>\n</minimax:tool_call>', LS + LS),
    ("glm", "<tool_call>Write\n<arg_key>content</arg_key>\n<arg_value>true</arg_value>\n<arg_key>n</arg_key>\n<arg_value>4</arg_value>\n</tool_call>", [("Write", {"content": "true", "n": 4})]),
    ("harmony", '<|channel|>commentary to=functions.Bash <|constrain|>json<|message|>{"command":"ls"}<|call|>', LS),
    ("harmony", '<|start|>assistant<|channel|>commentary to=functions.Bash json<|message|>{"command":"ls"}<|call|>', LS),
    ("deepseek", '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Bash\n```json\n{"command": "ls"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>', LS),
    ("deepseek", '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>Bash<｜tool▁sep｜>{"command": "ls"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>', LS),
    ("dsml", '<｜DSML｜function_calls>\n<｜DSML｜invoke name="Write">\n<｜DSML｜parameter name="content" string="true">{"a":1}</｜DSML｜parameter>\n<｜DSML｜parameter name="n" string="false">3</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>', [("Write", {"content": '{"a":1}', "n": 3})]),
    ("kimi", '<|tool_calls_section_begin|><|tool_call_begin|>functions.Bash:0<|tool_call_argument_begin|>{"command":"ls"}<|tool_call_end|><|tool_calls_section_end|>', LS),
    ("llama", '<|python_tag|>{"name": "Bash", "parameters": {"command": "ls"}}<|eom_id|>', LS),
    ("llama", '<|python_tag|>{"name": "Bash", "parameters": {"command": "ls"}}; {"name": "Bash", "parameters": {"command": "ls"}}', LS + LS),
    ("pythonic", "[Bash(command='ls'), Write(file_path='/a', n=3)]", [*LS, ("Write", {"file_path": "/a", "n": 3})]),
    ("gemma", '```tool_code\nBash(command="ls")\n```', LS),
    ("granite", '<|tool_call|>[{"name": "Bash", "arguments": {"command": "ls"}}]', LS),
    ("mistral", '[TOOL_CALLS][{"name": "Bash", "arguments": {"command": "ls"}}]', LS),
    ("mistral", '[TOOL_CALLS]Bash[ARGS]{"command": "ls"}', LS),
]  # fmt: skip


@pytest.mark.parametrize(("notation", "text", "meant"), CALLS)
def test_a_call_is_read_in_any_pieces(notation: str, text: str, meant: list[tuple[str, object]]) -> None:
    for step in (1, 3, 10_000):
        found = read(notation, f"I look.\n{text}", step)
        assert found[0] == "I look.\n"
        calls = [(call.name, json.loads(call.arguments)) for call in found[1:] if isinstance(call, Written)]
        assert (calls, len(found) - 1) == (meant, len(meant))


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        ("hermes", "<tool_call>not JSON</tool_call> and more"),
        ("hermes", 'Write <tool_call>{"name": "Bash", "arguments": {}}</tool_call> in the middle of a line'),
        ("hermes", '<tool_call>{"name": "Unknown", "arguments": {}}</tool_call>'),
        ("qwen", "<function=Bash>\n<parameter=command>\nls"),
        ("pythonic", "[1, 2] is a list\nand [Bash(x)] is none"),
        ("pythonic", "[Bash(open('x'))]"),
        ("gemma", "```tool_code\nimport os\n```"),
        ("minimax", '<minimax:tool_call>\n<invoke name="Bash">\nls\n</invoke>\n</minimax:tool_call>'),
        ("glm", "<tool_call>Bash and words</tool_call>"),
        ("harmony", '<|channel|>commentary to=functions.Bash json<|message|>{"command":'),
    ],
)
def test_what_is_not_certainly_a_call_stays_the_text_it_is(notation: str, text: str) -> None:
    for step in (1, 10_000):
        assert read(notation, text, step) == [text]


def test_every_notation_is_a_value_of_the_quirk_and_is_noticed_where_it_is_off() -> None:
    assert {"off", *NOTATIONS} == set(QUIRKS["text_tools"].allowed)
    for notation, text, _ in CALLS:
        seen = looks_written(f"I look.\n{text}") and may_be_written(text.encode())
        assert seen or notation == "pythonic", text
    assert not looks_written("Use `<tool_call>` for that.")
    assert not may_be_written(b"A list[int] with `<b>` in it, and no call.")


def test_end_marks_without_end_cost_little() -> None:
    text = "<tool_call>" + "x</tool_call>" * 50_000
    assert read("hermes", text, 10_000) == [text]


def qwen(name: str, given: dict[str, str]) -> str:
    inner = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in given.items())
    return f"<tool_call>\n<function={name}>\n{inner}</function>\n</tool_call>"


def xai(name: str, given: dict[str, str]) -> str:
    inner = "".join(f'<parameter name="{key}">{value}</parameter>\n' for key, value in given.items())
    return f'<xai:function_call name="{name}">\n{inner}</xai:function_call>'


def minimax(name: str, given: dict[str, str]) -> str:
    inner = "".join(f'<parameter name="{key}">{value}</parameter>\n' for key, value in given.items())
    return f'<minimax:tool_call>\n<invoke name="{name}">\n{inner}</invoke>\n</minimax:tool_call>'


def glm(name: str, given: dict[str, str]) -> str:
    inner = "".join(f"<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n" for key, value in given.items())
    return f"<tool_call>{name}\n{inner}</tool_call>"


def dsml(name: str, given: dict[str, str]) -> str:
    inner = "".join(
        f'<｜DSML｜parameter name="{key}" string="true">{value}</｜DSML｜parameter>\n' for key, value in given.items()
    )
    return (
        f'<｜DSML｜function_calls>\n<｜DSML｜invoke name="{name}">\n{inner}</｜DSML｜invoke>\n</｜DSML｜function_calls>'
    )


BARE = {"qwen": qwen, "xai": xai, "minimax": minimax, "glm": glm, "dsml": dsml}
"""Notations whose values stand bare between marks, as their templates write them."""


@pytest.mark.parametrize("notation", BARE)
def test_a_bare_value_keeps_its_line_breaks_and_may_quote_whole_calls(notation: str) -> None:
    write = BARE[notation]
    quoted = [form(*call) for form in BARE.values() for call in (LS[0], ("Write", {"file_path": "/q", "content": "x"}))]
    breaks = ["a\n", "\na", "\n", "", "a\n\n", "\n\na\n", " a ", "a\r\nb"]
    for value in (*breaks, *quoted[:4], *(f"See:\n{call}\nend\n" for call in quoted)):
        given = {"file_path": "/a", "content": value}
        found = read(notation, write("Write", given), 50)
        assert [(c.name, json.loads(c.arguments)) for c in found if isinstance(c, Written)] == [("Write", given)], value


@pytest.mark.parametrize("notation", BARE)
def test_a_call_whose_value_may_have_been_cut_at_a_mark_inside_it_is_text(notation: str) -> None:
    whole = BARE[notation]("Write", {"content": "KEPT"})
    before, after = whole.split("KEPT")
    member = BARE[notation]("Write", {"content": "1", "KEY": "2"}).partition("1")[2].partition("2")[0]
    for value in (f"x{after}\nz", f"x{member.replace('KEY', 'b')}y", f"x{member.replace('KEY', 'content')}y"):
        text = f"{before}{value}{after}"
        for step in (1, 10_000):
            assert read(notation, text, step) == [text]


def test_a_second_call_that_broke_off_does_not_undo_the_first() -> None:
    found = read("qwen", f"{qwen(*LS[0])}\n<tool_call>\n<function=Bash>\n<parameter=command>\nrm")
    assert isinstance(found[0], Written)
    assert found[1:] == ["<tool_call>\n<function=Bash>\n<parameter=command>\nrm"]


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        ("llama", '<|python_tag|>{"name": "Bash", "parameters": {"command": "a; {b}"}}; {"name": "Bash", "parameters": {"command": "ls"}}'),
        ("mistral", '[TOOL_CALLS]Bash[ARGS]{"command": "a; {b}"}[TOOL_CALLS]Bash[ARGS]{"command": "ls"}'),
        ("mistral", '[TOOL_CALLS][{"name": "Bash", "arguments": {"command": "a; {b}"}}, {"name": "Bash", "arguments": {"command": "ls"}}]'),
    ],
)  # fmt: skip
def test_calls_in_a_row_may_hold_what_stands_between_them(notation: str, text: str) -> None:
    for between in ("; {", "[TOOL_CALLS]"):
        found = read(notation, text.replace("; {b", f"{between}b"))
        assert [json.loads(c.arguments)["command"] for c in found if isinstance(c, Written)][1:] == ["ls"]
        assert len(found) == 2
