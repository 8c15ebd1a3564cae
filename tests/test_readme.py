"""The README says what is so: its transcript, its tables, its commands and links are checked against the program."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from ccswitch_tui.cli.main import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def readme_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_tool", ROOT / "tools" / "readme.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_transcript_keys_and_exit_codes_are_the_program_s_own() -> None:
    tool = readme_tool()
    now, written = tool.steady(tool.rendered(README)), tool.steady(README)
    assert now.splitlines() == written.splitlines(), "run: python tools/readme.py"


WORDS = re.findall(r"ccswitch-tui ([a-z]+)((?: [^`|&#)\n]*)?)", README)


@pytest.mark.parametrize(("word", "rest"), WORDS, ids=[f"{word}{rest}"[:40] for word, rest in WORDS])
def test_every_command_in_it_exists_with_its_options(word: str, rest: str) -> None:
    assert word in COMMANDS
    parser, _ = build_parser(word)
    known = parser.format_help()
    own = rest.split(" -- ")[0]
    assert [option for option in re.findall(r"--[a-z-]+", own) if option not in known] == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
