"""What we write for PowerShell, read by its grammar: there is no PowerShell here that could run it.

The judge is tree-sitter-powershell, which knows the language's grammar but not
its typographic quotes; those are read here as the language's specification
(2.3.5.2) has them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("tree_sitter_powershell", reason="it comes with: pip install '.[test]'")

import tree_sitter
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.claude import launch
from ccswitch_tui.claude.launch import in_powershell
from ccswitch_tui.cli import main as program
from ccswitch_tui.credentials.plain_text import find_keys
from ccswitch_tui.workflows import clipboard, completions
from ccswitch_tui.workflows.adopt import Place, _stand_in
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.run import EnvLine, shell_text

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))

QUOTES = "'\u2018\u2019\u201a\u201b"

HARD = (
    "it's",
    "O\u2019Brien",
    "a; b | c & d",
    "$env:PATH $(echo x)",
    "back`tick",
    "# no remark",
    "王 & söhne",
    "-e",
    "",
)


def tree_of(text: str) -> tree_sitter.Node:
    """Its tree; fails where the grammar does not allow it."""
    root = PARSER.parse(text.encode()).root_node
    assert not root.has_error, f"no PowerShell: {text}\n{root}"
    return root


def found(node: tree_sitter.Node, kind: str) -> list[str]:
    """The text of every node of this kind, outermost first."""
    below = [text for child in node.children for text in found(child, kind)]
    return [(node.text or b"").decode(), *below] if node.type == kind else below


def unquoted(word: str) -> str:
    """A '…' as PowerShell reads it: two quotes, of whatever kind, are one. Fails where it ends before its end."""
    assert word[0] == word[-1] == "'"
    inside = word[1:-1]
    assert not re.search(f"[{QUOTES}]", re.sub(f"[{QUOTES}]{{2}}", "", inside)), f"ends too early: {word}"
    return re.sub(f"([{QUOTES}])[{QUOTES}]", r"\1", inside)


@given(st.text(st.one_of(st.sampled_from(QUOTES + '"$`;&|()#{}\n '), st.characters(exclude_categories=["Cs"]))))
def test_a_quoted_word_is_one_word_and_reads_back_as_what_it_was(text: str) -> None:
    assert unquoted(in_powershell(text)) == text


@pytest.mark.parametrize("value", HARD)
def test_a_line_of_env_sets_one_variable_to_one_text(value: str) -> None:
    root = tree_of(shell_text(EnvLine("ANTHROPIC_X", value), "powershell"))
    (assigned,) = found(root, "assignment_expression")
    assert found(root, "variable") == ["$env:ANTHROPIC_X"]
    assert unquoted(assigned.partition(" = ")[2]) == value
    assert found(root, "command") == []


@pytest.mark.parametrize("program_path", [r"C:\Users\First Last (GmbH)\ccst.exe", "C:\\O\u2019Brien's\\ccst.exe"])
def test_a_line_that_asks_for_the_key_calls_one_program(program_path: str) -> None:
    words = (program_path, "key", "--lasting", "work")
    root = tree_of(shell_text(EnvLine("A", None, words), "powershell"))
    (command,) = found(root, "command")
    assert command == "& " + " ".join(map(in_powershell, words))
    assert found(tree_of(shell_text(EnvLine("A"), "powershell")), "command_name") == ["Remove-Item"]


def test_the_completion_script_is_powershell(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["completions", "powershell"]) == 0
    root = tree_of(capsys.readouterr().out)
    assert found(root, "command_name")[0] == "Register-ArgumentCompleter"


def test_the_block_in_the_profile_loads_one_file_and_no_other(home: Path) -> None:
    ours = home / "O\u2019Brien's [x] & co"
    ours.mkdir()
    ctx = Context({"HOME": str(home), "CCSWITCH_HOME": str(ours)})
    script, block = completions.plan(ctx, "powershell", "# nothing\n")
    root = tree_of(block.after.decode())
    assert found(root, "command_name")[0] == "Test-Path"
    assert {unquoted(word) for word in found(root, "verbatim_string_characters")} == {script.path}
    assert "-LiteralPath" in block.after.decode()


def test_what_takes_a_key_s_place_in_a_profile_calls_our_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "own_command", lambda: [r"C:\First Last\ccst.exe"])
    text = '$env:OPENAI_API_KEY = "sk-example-0123456789abcdef"\n'
    (spot,) = find_keys(text)
    place = Place("", "profile.ps1", 1, spot.name, spot.secret, "shell", spot=spot, shell="powershell")
    root = tree_of(text[: spot.start] + _stand_in(place, text, "adopted/openai") + text[spot.end :])
    assert found(root, "command") == [r"& 'C:\First Last\ccst.exe' 'key' '--stored' 'adopted/openai'"]


def test_the_clipboard_is_asked_in_powershell() -> None:
    assert found(tree_of(clipboard.POWERSHELL[-1]), "command_name") == ["Get-Clipboard"]
