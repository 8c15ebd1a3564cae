"""Names for new profiles: ones that no file system and no key store takes for another's."""

from __future__ import annotations

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.credentials.credential_manager import target_of
from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.naming import check_new_name, free_name
from ccswitch_tui.workflows.context import Context


@pytest.mark.parametrize("name", ["con", "NUL", "aux.txt", "com1", "lpt9.x", "work."])
def test_a_name_that_windows_keeps_for_itself_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="Windows has no files of that name"):
        check_new_name(name, ())


@pytest.mark.parametrize("name", ["console", "nulls", "com", "work.2", "con-2"])
def test_a_name_that_only_looks_like_one_is_taken(name: str) -> None:
    assert check_new_name(name, ()) == name


@pytest.mark.parametrize(("old", "new"), [("work", "Work"), ("STRASSE", "strasse"), ("Été", "été")])
def test_a_name_that_differs_in_case_only_is_refused(old: str, new: str) -> None:
    with pytest.raises(UsageError, match="one name for Windows and macOS"):
        check_new_name(new, [old])


def test_a_free_name_is_free_without_regard_to_case() -> None:
    assert free_name("work", ["Work", "WORK-2"]) == "work-3"
    assert free_name("con", ()) == "con-2"


def test_no_command_makes_two_names_that_are_one_elsewhere(home: object, capsys: pytest.CaptureFixture[str]) -> None:
    ctx = Context({"HOME": str(home)}, store=MemoryStore())
    add = ("--url", "http://127.0.0.1:9/v1", "--key", "none", "--no-probe")
    assert main(["add", "work", *add], ctx) == 0
    assert main(["add", "other", *add], ctx) == 0
    for words in (["add", "Work", *add], ["rename", "other", "WORK"], ["copy", "other", "Work"]):
        assert main(words, ctx) == 2
        assert "are one name for Windows and macOS" in capsys.readouterr().err
    assert main(["rename", "work", "Work"], ctx) == 0


def test_keys_of_old_profiles_that_differ_in_case_have_entries_of_their_own() -> None:
    entries = [target_of("ccswitch-tui", name).casefold() for name in ("work", "Work", "WORK", "wörk", "WÖRK")]
    assert len(set(entries)) == len(entries)
