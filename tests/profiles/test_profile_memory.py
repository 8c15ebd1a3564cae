"""What was parsed once is not parsed again, and never believed of another file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccswitch_tui.paths import Paths, resolve_paths
from ccswitch_tui.profiles import store
from ccswitch_tui.profiles.store import load_profiles

TEXT = (
    '[profiles.work]\ncontext_window = 5\nendpoint = { base_url = "https://a.example", timeouts = { idle_s = 2.0 } }\n'
)


@pytest.fixture
def paths(home: Path) -> Paths:
    found = resolve_paths({"HOME": str(home)})
    Path(found.config_dir).mkdir(parents=True)
    Path(found.state_dir).mkdir(parents=True)
    Path(found.profiles).write_text(TEXT)
    return found


def test_a_file_read_again_is_the_same_without_being_parsed(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_profiles(paths)
    monkeypatch.setattr(store, "_document", lambda *_: pytest.fail("it was parsed before"))
    assert load_profiles(paths) == first


def test_another_text_is_read_anew(paths: Paths) -> None:
    load_profiles(paths)
    Path(paths.profiles).write_text(TEXT.replace("work", "play"))
    assert list(load_profiles(paths).profiles) == ["play"]


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"sha256": 1}', '{"sha256": "x", "document": []}', "\x00"])
def test_a_damaged_memory_is_ignored(paths: Paths, rubbish: str) -> None:
    first = load_profiles(paths)
    (Path(paths.state_dir) / "profiles.json").write_text(rubbish)
    assert load_profiles(paths) == first


def test_what_json_cannot_say_is_not_remembered_and_still_named(paths: Paths) -> None:
    Path(paths.profiles).write_text(TEXT + "tags = [2026-11-23]\n")
    for _ in range(2):
        assert "tags" in str(load_profiles(paths).broken["work"])


def test_looking_makes_no_folder(paths: Paths) -> None:
    Path(paths.state_dir).rmdir()
    load_profiles(paths)
    assert not Path(paths.state_dir).exists()
