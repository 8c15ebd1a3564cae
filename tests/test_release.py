"""A release says its number once everywhere, and is what was written under it."""

from __future__ import annotations

import importlib.util
import shutil
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]

CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- Something.

## [0.1.0] - 2026-01-01

First.
"""


@cache
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_tool", ROOT / "tools" / "release.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_unreleased_goes_under_the_number_and_room_is_left_above() -> None:
    now = release().with_release(CHANGELOG, "0.2.0", "2026-02-02")
    assert release().notes_of(now, "0.2.0") == "### Added\n\n- Something."
    assert release().notes_of(now, "Unreleased") == ""
    assert release().notes_of(now, "0.1.0") == "First."


@pytest.mark.parametrize(("version", "text"), [("0.1.0", CHANGELOG), ("0.2.0", CHANGELOG.replace("- Something.", "")
                                                                      .replace("### Added", ""))])  # fmt: skip
def test_a_number_that_was_used_and_an_empty_release_are_refused(version: str, text: str) -> None:
    with pytest.raises(release().NotReady):
        release().with_release(text, version, "2026-02-02")


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3.4", "1.2.3-rc1"])
def test_what_is_no_version_changes_nothing(version: str, tmp_path: Path) -> None:
    with pytest.raises(release().NotReady):
        release().prepare(version, tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_the_number_is_written_in_the_package_the_changelog_and_the_man_page(tmp_path: Path) -> None:
    for name in ("ccswitch_tui", "tools", "docs", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "bench"))
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    release().prepare("7.8.9", tmp_path, "2026-02-02")
    assert "## [7.8.9] - 2026-02-02" in (tmp_path / "CHANGELOG.md").read_text()
    assert (tmp_path / "ccswitch_tui" / "_version.py").read_text() == '__version__ = "7.8.9"\n'
    assert "7.8.9" in (tmp_path / "docs" / "ccswitch-tui.1").read_text()
    assert "image: ccswitch-tui:7.8.9\n" in (tmp_path / "deploy" / "kubernetes.yaml").read_text()


def test_the_release_that_is_there_can_be_built() -> None:
    version = release().version_in((ROOT / "ccswitch_tui" / "_version.py").read_text())
    assert release().notes_of((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
