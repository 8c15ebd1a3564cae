"""Claude Code's `statusLine` setting, with our segment in it. Pure.

A status line the user has is kept whole: only its `command` becomes ours, with
theirs behind `--with`. So padding and the like stay, and what they had can be
told from what we wrote. Source: Claude Code 2.1.330 as measured (`type`,
`command`, `padding`, `refreshInterval`; the command goes through /bin/sh).
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STATUS_LINE = "statusLine"

_OURS = r"""(?:ccswitch-tui|ccst|ccswitch_tui)(?:\.exe)?['"]?\s+statusline(?:\s|$)"""
_WITH = " --with "


def status_line(tree: Mapping[str, Any], ours: str, *, platform: str = sys.platform) -> dict[str, Any]:
    """The setting with our command in it; nothing where none is wanted or the user wrote ours in by hand.

    `tree` is the file as the user has it, `ours` the command without theirs.
    """
    from ccswitch_tui.claude.launch import quoted

    if not ours:
        return {}
    have = tree.get(STATUS_LINE)
    theirs = have.get("command") if isinstance(have, dict) else None
    if not isinstance(have, dict) or not isinstance(theirs, str) or not theirs.strip():
        return {STATUS_LINE: {"type": "command", "command": ours}}
    if re.search(_OURS, theirs):
        return {}
    return {STATUS_LINE: {**have, "command": ours + _WITH + quoted(theirs, platform)}}


def wrapped_before(value: Any) -> tuple[bool, dict[str, Any] | None]:
    """Whether a `statusLine` is one we wrote, and what the user had before it."""
    command = value.get("command") if isinstance(value, dict) else None
    if not isinstance(command, str) or not re.search(_OURS, command):
        return False, None
    if _WITH not in command:
        return True, None
    try:
        theirs = shlex.split(command.partition(_WITH)[2])
    except ValueError:
        return True, None
    return True, {**value, "command": theirs[0]} if len(theirs) == 1 else None
