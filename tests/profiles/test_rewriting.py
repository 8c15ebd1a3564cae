"""profiles.toml as people write it: a change says what it should, and moves nothing else into another table."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from ccswitch_tui.profiles.rewriting import Wanted, rewritten
from ccswitch_tui.profiles.table import ProfileFileError

LAYOUTS = {
    "tables": '[profiles.work]\nkey = "env:K" # mine\n[profiles.work.endpoint]\nbase_url = "u"\nwire = "w"\n',
    "dotted keys": '[profiles.work]\nendpoint.base_url = "u" # mine\nkey = "env:K"\nendpoint.wire = "w"\n',
    "dotted keys, the others behind": '[profiles.work]\nendpoint.base_url = "u"\nendpoint.wire = "w"\nkey = "env:K"\n# mine\n',
    "an inline table": '[profiles.work]\nendpoint = { base_url = "u", wire = "w" } # mine\nkey = "env:K"\n',
    "all inline": '[profiles]\nwork = { endpoint = { base_url = "u", wire = "w" }, key = "env:K" } # mine\n',
    "one table for all": '[profiles]\nwork.endpoint.base_url = "u"\nwork.key = "env:K" # mine\nwork.endpoint.wire = "w"\n',
    "no table": 'profiles.work.endpoint.base_url = "u" # mine\nprofiles.work.key = "env:K"\nprofiles.work.endpoint.wire = "w"\n',
    "out of order": (
        '[profiles.work.endpoint]\nbase_url = "u"\nwire = "w" # mine\n[profiles.home]\nkey = "none"\n'
        '[profiles.work]\nkey = "env:K"\n'
    ),
    "another between": '[profiles.work]\nkey = "env:K" # mine\n[profiles.home]\nkey = "none"\n'
    '[profiles.work.endpoint]\nbase_url = "u"\nwire = "w"\n',
}
WORK: dict[str, Any] = {"endpoint": {"base_url": "u", "wire": "w"}, "key": "env:K"}
CHANGES: dict[str, dict[str, Any] | None] = {
    "a value": {**WORK, "key": "env:OTHER"},
    "a value deep down": {**WORK, "endpoint": {"base_url": "u", "wire": "x"}},
    "a new value deep down": {**WORK, "endpoint": {**WORK["endpoint"], "auth": "bearer"}},
    "a new table": {**WORK, "quirks": {"never_stream": True}},
    "a new table deep down": {**WORK, "endpoint": {**WORK["endpoint"], "headers": {"x-team": "a"}}},
    "tables in a new table": {**WORK, "search": {"source": "s", "headers": {"a": "b"}}},
    "less": {"endpoint": {"base_url": "u"}},
    "nothing left": None,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_says_what_it_should_and_nothing_else_moves(layout: str, change: str) -> None:
    text = f"version = 2\n{LAYOUTS[layout]}"
    changed = rewritten(text, Wanted({"work": CHANGES[change]}, {}), "profiles.toml")
    said = tomllib.loads(changed)
    assert said.get("profiles", {}).get("work") == CHANGES[change]
    others = {name: table for name, table in tomllib.loads(text)["profiles"].items() if name != "work"}
    assert {name: table for name, table in said.get("profiles", {}).items() if name != "work"} == others
    assert said["version"] == 2
    if change in ("a value", "a new table"):
        assert "# mine" in changed


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_profile_can_be_added_beside_any_and_taken_out_again(layout: str) -> None:
    text = f"version = 2\n{LAYOUTS[layout]}"
    added = rewritten(text, Wanted({"new": WORK}, {"search": {"source": "s"}}), "profiles.toml")
    assert tomllib.loads(added)["profiles"]["new"] == WORK
    assert tomllib.loads(added)["search"] == {"source": "s"}
    back = rewritten(added, Wanted({"new": None}, {"search": None}), "profiles.toml")
    assert tomllib.loads(back) == tomllib.loads(text)


def test_what_cannot_be_written_without_moving_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import tomlkit

    monkeypatch.setattr(tomlkit, "dumps", lambda document: "version = 2\n[profiles.work]\nkey = 'moved'\n")
    with pytest.raises(ProfileFileError, match="move other lines"):
        rewritten("version = 2\n", Wanted({"work": WORK}, {}), "profiles.toml")
