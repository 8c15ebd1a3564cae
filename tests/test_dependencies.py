"""docs/dependencies.md, pyproject.toml and what the package imports name the same libraries."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MODULES = {"python-socks": "python_socks", "pyyaml": "yaml"}
"""Where a distribution's module has another name."""

CARRIED = {
    "certifi": "taken where it is there and the system has no certificates",
    "jeepney": "keyring's, on Linux",
    "rich": "Textual's",
    "secretstorage": "keyring's, on Linux",
}
"""Imported and not named in pyproject.toml, and why."""

OF_SOME_PYTHONS = {"_sha2", "_sha256"}
"""CPython's own under no public name, the second up to 3.11, the first from 3.12 on: half of hashlib's start."""

BY_NAME = {"keyring"}
"""Loaded by the name of the chosen backend (credentials/keyring_child.py): no import statement shows it."""


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[ <>=;\[]", line)[0] for line in project["dependencies"]}


def explained() -> set[str]:
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z0-9-]+) \| .+ \| .+ \| .+ \|$", page, re.MULTILINE)
    return set(rows) - {"package"}


@functools.cache
def imported() -> set[str]:
    """Top names of everything the package imports that is neither its own nor the standard library's."""
    names = set()
    for path in (ROOT / "ccswitch_tui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"ccswitch_tui"} - OF_SOME_PYTHONS


def test_each_dependency_says_why_it_is_here() -> None:
    assert explained() == declared()


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    assert imported() - set(CARRIED) | BY_NAME == {MODULES.get(name, name) for name in declared()}
    assert set(CARRIED) <= imported()


def test_each_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for line in project["dependencies"]:
        bound = line.partition(";")[0]
        assert re.fullmatch(r"[a-z0-9-]+>=[\d.]+\s*", bound), line
