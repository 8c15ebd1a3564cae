"""The README says what is so: its transcript, its tables, its commands and links are checked against the program."""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ccswitch_tui.cli.main import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def readme_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_tool", ROOT / "tools" / "readme.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


@pytest.mark.parametrize(("language", "readme"), [("en", README), ("zh-CN", CHINESE)], ids=["en", "zh-CN"])
def test_transcript_keys_and_exit_codes_are_the_program_s_own(language: str, readme: str) -> None:
    tool = readme_tool()
    now, written = tool.steady(tool.rendered(readme, language)), tool.steady(readme)
    assert now.splitlines() == written.splitlines(), "run: python tools/readme.py"


def options_of(parser: Any) -> Iterator[str]:
    """Every option of a command and of its sub-commands."""
    for action in parser._actions:
        yield from action.option_strings
        for below in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from options_of(below)


WORDS = re.findall(r"ccswitch-tui ([a-z]+)((?: [^`|&#)\n]*)?)", README)


@pytest.mark.parametrize(("word", "rest"), WORDS, ids=[f"{word}{rest}"[:40] for word, rest in WORDS])
def test_every_command_in_it_exists_with_its_options(word: str, rest: str) -> None:
    assert word in COMMANDS
    parser, _ = build_parser(word)
    known = list(options_of(parser))
    own = rest.split(" -- ")[0]
    assert [option for option in re.findall(r"--[a-z-]+", own) if option not in known] == []


def commands(readme: str) -> set[str]:
    """What a reader can type, wherever it stands; of the transcript only the lines that were typed."""
    told = re.sub(r"```console\n.*?\n```", "", readme, flags=re.DOTALL)
    return set(re.findall(r"`(ccswitch-tui [^`]*)`", told)) | set(
        re.findall(r"^\$ (.*?)(?: <<.*)?$", readme, re.MULTILINE)
    )


def rows(readme: str) -> list[tuple[int, str]]:
    """Each table row by its number of cells and its first code word or figure."""
    found = [line for line in readme.split("\n") if line.startswith("|") and not line.startswith("|---")]
    return [(line.count("|"), "".join(re.findall(r"`[^`]*`|\d[\d,.]*", line))) for line in found]


def test_the_chinese_readme_names_the_same_commands() -> None:
    steady = readme_tool().steady
    ours = {steady(command) for command in commands(README)}
    assert {steady(command) for command in commands(CHINESE)} == ours


def test_the_chinese_readme_has_the_same_table_rows() -> None:
    assert rows(CHINESE) == rows(README)


def test_both_readmes_have_the_same_sections_pictures_and_links() -> None:
    for pattern in (r"^(#+) ", r"\]\(([^)#:]+)\)"):
        ours, theirs = (
            [found.replace("README.zh-CN.md", "README.md") for found in re.findall(pattern, text, re.MULTILINE)]
            for text in (README, CHINESE)
        )
        assert sorted(theirs) == sorted(ours)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README + CHINESE))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
