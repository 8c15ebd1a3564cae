"""What the program can do about a finding: commands are rendered from actions and never read back."""

from __future__ import annotations

import json
import shlex
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.actions import COMMANDS, Action, Do, action_from_json, commands_of
from ccswitch_tui.findings import Fix

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@pytest.mark.parametrize("do", get_args(Do))
def test_every_action_has_a_command_for_a_shell(do: Do) -> None:
    assert set(COMMANDS) == set(get_args(Do))
    assert all(line.startswith("ccswitch-tui ") for line in commands_of(Action(do, "work")))


@given(name=names, value=names)
def test_a_shell_reads_what_was_meant_whatever_stands_in_a_name_or_a_value(name: str, value: str) -> None:
    (line,) = commands_of(Action("edit", name, (f"models.default={value}",)))
    assert shlex.split(line) == ["ccswitch-tui", "edit", name, "--set", f"models.default={value}"]


def test_a_profile_the_user_has_to_choose_is_a_place_to_fill_in() -> None:
    assert commands_of(Action("use")) == ("ccswitch-tui use NAME",)


@given(st.sampled_from(get_args(Do)), names, st.lists(names).map(tuple), st.lists(names).map(tuple))
def test_an_action_comes_back_from_a_kept_report(
    do: Do, name: str, assign: tuple[str, ...], options: tuple[str, ...]
) -> None:
    action = Action(do, name, assign, options)
    assert action_from_json(json.loads(json.dumps(action.to_json()))) == action


@pytest.mark.parametrize("shown", [None, {}, {"do": "format-disk"}, "use work", {"do": ["use"]}])
def test_what_no_version_knows_is_no_action(shown: object) -> None:
    assert action_from_json(shown) is None


def test_the_first_action_is_the_one_the_app_carries_out() -> None:
    fix = Fix.of("do it", "date -u", Action("enter-key", "work"), Action("use", "work"))
    assert fix.action == Action("enter-key", "work")
    assert fix.commands == ("date -u", "ccswitch-tui edit work --key-stdin", "ccswitch-tui use work")
