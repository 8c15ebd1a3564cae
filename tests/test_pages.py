"""The pages lead somewhere, say what is so, and those that are tables of the program are its own."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from ccswitch_tui._version import __version__
from ccswitch_tui.cli.main import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


@cache
def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_tool", ROOT / "tools" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_a_page_names_exists_with_its_options(page: Path) -> None:
    wrong = []
    for word, rest in re.findall(r"ccswitch-tui ([a-z]+)((?: [^`|&#)\n]*)?)", page.read_text("utf-8")):
        if word not in COMMANDS:
            wrong.append(word)
            continue
        parser, _ = build_parser(word)
        known = known_options(parser)
        wrong += [f"{word} {o}" for o in re.findall(r"(?<=\s)--[a-z-]+", rest.split(" -- ")[0]) if o not in known]
    assert wrong == []


def known_options(parser: object) -> set[str]:
    """The options of a command and of its sub-commands."""
    known: set[str] = set()
    for action in parser._actions:  # type: ignore[attr-defined]
        known |= set(action.option_strings)
        if isinstance(action.choices, dict):
            known = known.union(*map(known_options, action.choices.values()))
    return known


@pytest.mark.parametrize("place", tool("pages").PAGES)
def test_a_page_made_of_tables_of_the_program_is_current(place: str) -> None:
    assert (ROOT / place).read_text("utf-8") == tool("pages").PAGES[place](), "run: python tools/pages.py"


def test_the_paths_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:tests|tools|docs|translate|tui|probe|profiles|wire|claude|cli)/[\w./-]+\w)`", text)
    made_up = {"tests/AREA"}
    missing = [p for p in set(named) - made_up if not ((ROOT / p).exists() or (ROOT / "ccswitch_tui" / p).exists())]
    assert missing == []


def test_the_tables_that_contributing_sends_people_to_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for names, place in re.findall(r"row of `([A-Z_]+)` in \[[^\]]+\]\(([^)]+)\)", text):
        assert re.search(rf"^{names}\b.*=", (ROOT / place).read_text("utf-8"), re.MULTILINE), (names, place)


def test_security_names_everything_that_the_state_folder_gets() -> None:
    page = (ROOT / "docs/security.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in (ROOT / "ccswitch_tui").rglob("*.py")]
    written = {name for text in sources for name in re.findall(r'state_dir, f?"([\w.-]+)"', text)}
    assert {"history", "adopted"} <= written
    unnamed = {name for name in written if f"`{name}`" not in page and f"`{name}/`" not in page}
    assert {name for name in unnamed if not name.endswith(".lock")} == set()


def test_the_changelog_knows_this_version() -> None:
    heads = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert heads[0] == "Unreleased" and __version__ in heads


def test_the_man_page_is_one_that_groff_reads_without_a_word() -> None:
    if not shutil.which("groff"):
        pytest.skip("no groff here")
    page = ROOT / "docs" / "ccswitch-tui.1"
    done = subprocess.run(
        ["groff", "-man", "-Kutf8", "-Tutf8", "-ww", str(page)], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "probe" in done.stdout
