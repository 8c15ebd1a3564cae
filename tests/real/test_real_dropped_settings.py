"""The real Claude Code: which shapes of a setting make it drop the whole settings file, and which it still reads.

When one of these fails, the vendor changed something: correct claude/dropped.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from test_real_helper_guard import Stranger

from ccswitch_tui.claude.dropped import shape_faults
from ccswitch_tui.claude.files import LARGEST_READ
from kit.claude import RunClaude

pytestmark = pytest.mark.real

BAD = {"type": "command", "command": "true", "timeout": "5"}

SHAPES: dict[str, tuple[dict[str, Any], bool]] = {
    "a forbidding hook with a mistake": ({"hooks": {"PreToolUse": [{"matcher": "Bash", "command": "x"}]}}, False),
    "a hook of permissions with a mistake": ({"hooks": {"PermissionRequest": [{"hooks": [BAD]}]}}, False),
    "another hook with a mistake": ({"hooks": {"Stop": [{"hooks": [BAD]}]}}, True),
    "hooks, a list": ({"hooks": []}, True),
    "permissions, null": ({"permissions": None}, False),
    "odd rules": ({"permissions": {"allow": [1, {}, "bash("]}}, True),
    "an unknown mode": ({"permissions": {"defaultMode": "foo"}}, False),
    "days, a text": ({"cleanupPeriodDays": "30"}, False),
    "a status line without a type": ({"statusLine": {"command": "x"}}, False),
    "an odd picker": ({"modelPicker": []}, True),
    "a truth that is a text": ({"showTurnDuration": "no"}, False),
    "a text that is a number": ({"otelHeadersHelper": 1}, False),
    "a list that is a text": ({"claudeMdExcludes": "x"}, False),
    "an object that is a text": ({"worktree": "x"}, False),
    "an attribution's part": ({"attribution": {"commit": 1}}, False),
    "announcements, a text": ({"companyAnnouncements": "x"}, False),
    "a theme that is a number": ({"theme": 1}, True),
    "an unknown effort": ({"effortLevel": "huge"}, True),
    "an odd login method": ({"forceLoginMethod": "api"}, True),
}


@pytest.fixture
def endpoint() -> Iterator[Stranger]:
    made = Stranger()
    yield made
    made.close()


@pytest.mark.parametrize(("extra", "is_read"), SHAPES.values(), ids=SHAPES)
def test_the_client_agrees(
    run_claude: RunClaude, home: Any, endpoint: Stranger, extra: dict[str, Any], is_read: bool
) -> None:
    tree = {"env": {"ANTHROPIC_BASE_URL": endpoint.origin}, "apiKeyHelper": "echo K", **extra}
    (home / ".claude").mkdir(exist_ok=True)
    (home / ".claude" / "settings.json").write_text(json.dumps(tree))
    run_claude(home, home / "project", "hi", model=None)
    assert bool(endpoint.credentials) is is_read
    assert (not shape_faults(tree)) is is_read


@pytest.mark.parametrize(
    ("written", "is_read"),
    [
        (lambda text: b"\xff\xfe" + text.encode("utf-16-le"), True),
        (lambda text: b"\xfe\xff" + text.encode("utf-16-be"), False),
        (lambda text: text.ljust(LARGEST_READ).encode(), True),
        (lambda text: text.ljust(LARGEST_READ + 1).encode(), False),
        (lambda text: text.replace('"http', '["http').replace('"}', '"]}', 1).encode(), True),
    ],
    ids=["utf-16", "utf-16, other byte order", "2 MiB", "a byte more", "an address in a list"],
)
def test_the_client_reads_these_bytes(
    run_claude: RunClaude, home: Any, endpoint: Stranger, written: Callable[[str], bytes], is_read: bool
) -> None:
    text = json.dumps({"env": {"ANTHROPIC_BASE_URL": endpoint.origin}, "apiKeyHelper": "echo K"})
    (home / ".claude").mkdir(exist_ok=True)
    (home / ".claude" / "settings.json").write_bytes(written(text))
    run_claude(home, home / "project", "hi", model=None)
    assert bool(endpoint.credentials) is is_read
