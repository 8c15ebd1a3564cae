"""A wire that is forgotten somewhere fails here, where the type checker does not see it."""

from __future__ import annotations

import ast
import importlib
import json
from functools import cache
from pathlib import Path

import pytest

from ccswitch_tui.sentence import Sentence
from ccswitch_tui.wire.formats import FORMATS, WIRES, Wire, format_of, wire_named

PACKAGE = Path(__file__).parents[2] / "ccswitch_tui"
NAMES = {"CHAT", "MESSAGES"}

GUESSES = {
    "probe/facts.py",  # both formats are spoken and none was asked for: Anthropic's is taken
    "probe/judge_answer.py",  # a profile without a format is taken for chat completions
    "probe/ladder.py",  # of two guesses, one is likelier
}
"""Where one wire is meant by its name, and all others alike are not it."""


@cache
def modules() -> list[tuple[str, ast.Module]]:
    """The modules that speak of wires, by their path below the package."""
    texts = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    return [(name, ast.parse(text)) for name, text in texts.items() if "wire.formats import" in text]


def is_wire_name(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value in WIRES) or (isinstance(node, ast.Name) and node.id in NAMES)


def test_every_wire_has_its_row() -> None:
    assert set(FORMATS) == set(WIRES)
    for wire, row in FORMATS.items():
        assert row.name == wire == wire_named(wire)
        assert all(route.startswith(f"{row.version}/") for route in (row.ask, row.models))


def test_exactly_one_wire_is_claude_codes_own() -> None:
    assert [row.name for row in FORMATS.values() if row.native] == ["anthropic"]


@pytest.mark.parametrize("wire", WIRES)
def test_a_fitted_base_url_has_its_version_segment_once(wire: str) -> None:
    row = format_of(wire_named(wire))
    notes: list[Sentence] = []
    base = row.fitted("https://api.example/v1", notes)
    assert (base + row.ask).count("/v1") == 1
    assert bool(notes) == (base != "https://api.example/v1")
    assert row.fitted(base, notes) == base


def test_every_table_of_wires_has_all_of_them() -> None:
    """Module-level tables annotated with Wire as (a part of) their key."""
    seen: dict[str, set[Wire]] = {}
    for name, tree in modules():
        for node in tree.body:
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and _keyed_by_wire(node.annotation)
            ):
                module = importlib.import_module(f"ccswitch_tui.{name.removesuffix('.py').replace('/', '.')}")
                table = getattr(module, node.target.id)
                keys = {part for key in table for part in (key if isinstance(key, tuple) else (key,))}
                seen[f"{name}: {node.target.id}"] = set(WIRES) - keys
    assert len(seen) >= 2
    assert {place: missing for place, missing in seen.items() if missing} == {}


def _keyed_by_wire(annotation: ast.expr) -> bool:
    if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.slice, ast.Tuple):
        return False
    return "Wire" in {n.id for n in ast.walk(annotation.slice.elts[0]) if isinstance(n, ast.Name)}


def test_nobody_says_else_the_other_one() -> None:
    """A wire is compared with one name only where all others are meant alike; else the row or a `match` decides."""
    found = {name for name, tree in modules() for node in ast.walk(tree) if _compares_a_wire(node)}
    assert found <= GUESSES


def _compares_a_wire(node: ast.AST) -> bool:
    sides = (node.left, *node.comparators) if isinstance(node, ast.Compare) else ()
    about_wires = any("wire" in ast.unparse(side).lower() or ast.unparse(side) == "here" for side in sides)
    return about_wires and any(map(is_wire_name, sides))


def test_every_match_on_a_wire_ends_in_assert_never() -> None:
    for name, tree in modules():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                within = list(ast.walk(function))
                matches = [n for n in within if isinstance(n, ast.Match) and "wire" in ast.unparse(n.subject)]
                never = [n for n in within if isinstance(n, ast.Name) and n.id == "assert_never"]
                assert len(never) >= len(matches), f"{name}: {function.name}"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_app_has_a_short_name_for_every_wire(language: str) -> None:
    texts = json.loads((PACKAGE / "tui" / "i18n" / f"{language}.json").read_text("utf-8"))
    assert {f"wire_short.{wire}" for wire in WIRES} <= set(texts)
