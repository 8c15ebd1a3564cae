"""Shapes of settings that make Claude Code drop the whole file: told by every command that speaks of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.claude.dropped import shape_faults
from ccswitch_tui.claude.files import LARGEST_READ
from ccswitch_tui.claude.layers import effective
from ccswitch_tui.claude.settings import SettingsPatch
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.errors import ConflictError
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.current import current

COMMAND = {"type": "command", "command": "true"}


def pre(*entries: Any) -> dict[str, Any]:
    return {"hooks": {"PreToolUse": list(entries)}}


DROPPED: dict[str, dict[str, Any]] = {
    "an event's table": {"hooks": {"PreToolUse": {}}},
    "an event's text": {"hooks": {"PreToolUse": "x"}},
    "no hooks": pre({"matcher": "Bash"}),
    "flat with a matcher": pre({"matcher": "Bash", "command": "x"}),
    "flat": pre(COMMAND),
    "a matcher that is a table": pre({"matcher": {}, "hooks": []}),
    "a matcher that is a number": pre({"matcher": 1, "hooks": []}),
    "a matcher that is null": pre({"matcher": None, "hooks": []}),
    "hooks that are a table": pre({"hooks": {}}),
    "an entry that is a text": pre("x"),
    "an empty entry": pre({}),
    "a hook without a command": pre({"hooks": [{"type": "command"}]}),
    "a hook without a type": pre({"hooks": [{"command": "x"}]}),
    "a hook of no known type": pre({"hooks": [{"type": "foo"}]}),
    "a timeout that is a text": pre({"hooks": [{**COMMAND, "timeout": "5"}]}),
    "a timeout below zero": pre({"hooks": [{**COMMAND, "timeout": -5}]}),
    "an agent without a prompt": pre({"hooks": [{"type": "agent"}]}),
    "a request for permission": {"hooks": {"PermissionRequest": [{"hooks": [{**COMMAND, "timeout": "5"}]}]}},
    "permissions that are a list": {"permissions": []},
    "permissions that are null": {"permissions": None},
    "allow, a text": {"permissions": {"allow": "Bash"}},
    "allow, null": {"permissions": {"allow": None}},
    "deny, a text": {"permissions": {"deny": "x"}},
    "an unknown mode": {"permissions": {"defaultMode": "foo"}},
    "folders, a text": {"permissions": {"additionalDirectories": "/tmp"}},
    "folders, numbers": {"permissions": {"additionalDirectories": [1]}},
    "bypass, any word": {"permissions": {"disableBypassPermissionsMode": "x"}},
    "env, a list": {"env": []},
    "days, a text": {"cleanupPeriodDays": "30"},
    "days, none": {"cleanupPeriodDays": 0},
    "days, a fraction": {"cleanupPeriodDays": 1.5},
    "a truth as text": {"includeCoAuthoredBy": "true"},
    "another truth as text": {"alwaysThinkingEnabled": "true"},
    "a style as number": {"outputStyle": 1},
    "a status line as text": {"statusLine": "x"},
    "a status line without a type": {"statusLine": {"command": "x"}},
    "a status line without a command": {"statusLine": {"type": "command"}},
    "plugins, a list": {"enabledPlugins": []},
    "a plugin on as text": {"enabledPlugins": {"a@b": "x"}},
    "a model that is null": {"model": None},
    "a sandbox as text": {"sandbox": "on"},
    "a helper as number": {"apiKeyHelper": 5},
    "a language as number": {"language": 1},
}  # fmt: skip

READ: dict[str, dict[str, Any]] = {
    "hooks, a list": {"hooks": []},
    "hooks, null": {"hooks": None},
    "hooks, a text": {"hooks": "x"},
    "an event that is null": {"hooks": {"PreToolUse": None}},
    "an unknown event": {"hooks": {"Foo": 5}},
    "a good hook": pre({"matcher": "Bash", "hooks": [COMMAND]}),
    "a hook with more": pre({"hooks": [{**COMMAND, "foo": 1}]}),
    "an event read leniently": {"hooks": {"Stop": [{"hooks": [{**COMMAND, "timeout": "5"}]}]}},
    "flat, of a lenient event": {"hooks": {"SessionStart": [COMMAND]}},
    "odd rules": {"permissions": {"allow": [1, {}, "bash(", ""]}},
    "a mode": {"permissions": {"defaultMode": "plan"}},
    "unknown keys": {"foo": {"a": 1}, "permissions": {"foo": 1}},
    "an odd login method": {"forceLoginMethod": "api"},
    "an odd picker": {"modelPicker": []},
    "an odd effort": {"effortLevel": "x"},
    "a number for a theme": {"theme": 1},
    "servers as a text": {"enabledMcpjsonServers": "x"},
}  # fmt: skip


@pytest.mark.parametrize("tree", DROPPED.values(), ids=DROPPED)
def test_what_makes_the_client_drop_the_file_is_named(tree: dict[str, Any]) -> None:
    assert len(shape_faults(tree)) == 1


@pytest.mark.parametrize("tree", READ.values(), ids=READ)
def test_what_the_client_reads_is_not_complained_of(tree: dict[str, Any]) -> None:
    assert shape_faults(tree) == []


def settings(home: Path, content: bytes) -> Context:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_bytes(content)
    return Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())


ELSEWHERE = {"env": {"ANTHROPIC_BASE_URL": "https://relay.example"}}


def test_a_dropped_file_sets_nothing_and_current_says_so(home: Path) -> None:
    now = current(settings(home, json.dumps({**ELSEWHERE, "cleanupPeriodDays": "30"}).encode()))
    assert now.base_url is None
    assert any("cleanupPeriodDays" in sentence and "ignores the whole file" in sentence for sentence in now.drift)


@pytest.mark.parametrize(
    "content",
    [
        b'{"env":{"ANTHROPIC_BASE_URL":"https://old.example","ANTHROPIC_BASE_URL":"https://relay.example"}}',
        b'{"x":"\xe9","env":{"ANTHROPIC_BASE_URL":"https://relay.example"}}',
    ],
)
def test_what_the_client_reads_and_we_do_not_write_into_counts(home: Path, content: bytes) -> None:
    now = current(settings(home, content))
    assert now.base_url == "https://relay.example"
    assert any("does not write into it" in sentence for sentence in now.drift)


WRITTEN = json.dumps(ELSEWHERE)


@pytest.mark.parametrize(
    ("content", "is_read"),
    [
        (b"\xff\xfe" + WRITTEN.encode("utf-16-le"), True),
        (b"\xfe\xff" + WRITTEN.encode("utf-16-be"), False),
        (WRITTEN.ljust(LARGEST_READ).encode(), True),
        (WRITTEN.ljust(LARGEST_READ + 1).encode(), False),
    ],
    ids=["utf-16", "utf-16, other byte order", "2 MiB", "a byte more"],
)
def test_a_file_counts_where_the_client_reads_it(home: Path, content: bytes, is_read: bool) -> None:
    now = current(settings(home, content))
    assert (now.base_url == "https://relay.example") is is_read
    assert any("ignores the whole file" in sentence for sentence in now.drift) is not is_read


def test_no_file_is_written_that_the_client_would_not_read(home: Path) -> None:
    ctx = settings(home, WRITTEN.ljust(LARGEST_READ - 9).encode())
    before = (home / ".claude" / "settings.json").read_bytes()
    read = ctx.settings.read("user")
    with pytest.raises(ConflictError, match="larger than 2 MiB"):
        ctx.settings.write(read, SettingsPatch({"model": "m" * 99}), kind="use", profile=None, written={})
    assert (home / ".claude" / "settings.json").read_bytes() == before


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (["https://a.example"], "https://a.example"), ({}, "[object Object]"), (5.0, "5"), (True, "true"),
     (["a", None, 1], "a,,1")],
)  # fmt: skip
def test_a_variable_is_the_text_that_the_client_makes_of_it(home: Path, value: Any, text: str) -> None:
    ctx = settings(home, json.dumps({"env": {"ANTHROPIC_BASE_URL": value}}).encode())
    assert effective(ctx.settings.layers(), "env.ANTHROPIC_BASE_URL").value == text


WRONG: tuple[dict[str, Any], ...] = (
    {"showTurnDuration": "no"}, {"otelHeadersHelper": 1}, {"claudeMdExcludes": "x"}, {"worktree": "x"},
    {"attribution": {"pr": 1}}, {"companyAnnouncements": [1]}, {"fileSuggestion": {"command": 1}},
    {"minimumVersion": 2}, {"sandbox": {"enabled": "true"}},
    {"statusLine": {"type": "command", "command": "x", "padding": "2"}},
)  # fmt: skip
RIGHT: tuple[dict[str, Any], ...] = (
    {"showTurnDuration": False}, {"otelHeadersHelper": "x"}, {"claudeMdExcludes": []}, {"worktree": {}},
    {"attribution": {"pr": ""}}, {"companyAnnouncements": ["x"]}, {"fileSuggestion": {}}, {"theme": 1},
    {"sandbox": {"enabled": True}}, {"statusLine": {"type": "command", "command": "x", "padding": 2}},
)  # fmt: skip


@pytest.mark.parametrize(("wrong", "right"), list(zip(WRONG, RIGHT, strict=True)))
def test_a_setting_of_another_kind_is_named_and_one_of_its_own_is_not(
    wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    assert [fault.key.partition(".")[0] for fault in shape_faults(wrong)] == list(wrong)
    assert shape_faults(right) == []
