"""What this program itself can do about a finding, as data.

A command line is rendered from an action and never read back into one: the app carries the action out, a shell
gets its commands. Names and values are quoted for a POSIX shell here and nowhere else.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

Do = Literal[
    "use", "edit", "enter-key", "probe", "unlock", "key-store", "adopt", "restart-proxy", "start-proxy", "move-proxy",
    "apply-patch",
]  # fmt: skip

NAME = "NAME"
"""Stands in a command for a profile that the user has to choose."""


class Action(NamedTuple):
    """One thing to do, and the profile it is done to; "" where the user has to choose one."""

    do: Do
    name: str = ""
    assign: tuple[str, ...] = ()
    """What `edit --set` takes: `KEY=VALUE`."""
    options: tuple[str, ...] = ()
    """Further options of the command."""

    def to_json(self) -> dict[str, Any]:
        return {"do": self.do, "name": self.name, "assign": list(self.assign), "options": list(self.options)}


COMMANDS: dict[Do, tuple[str, ...]] = {
    "use": ("use {name}{options}",),
    "edit": ("edit {name}{settings}{options}",),
    "apply-patch": ("edit {name}{settings}{options}",),
    "enter-key": ("edit {name} --key-stdin",),
    "probe": ("probe {name}{options}",),
    "unlock": ("unlock",),
    "key-store": ("unlock --status",),
    "adopt": ("adopt",),
    "restart-proxy": ("proxy stop", "proxy start"),
    "start-proxy": ("proxy start",),
    "move-proxy": ("proxy start --port 0",),
}
"""The command lines that do the same in a shell, without the program's name."""


def commands_of(action: Action) -> tuple[str, ...]:
    """The lines to paste."""
    words = {
        "name": shlex.quote(action.name) if action.name else NAME,
        "settings": "".join(f" --set {shlex.quote(assignment)}" for assignment in action.assign),
        "options": "".join(f" {shlex.quote(option)}" for option in action.options),
    }
    return tuple(f"ccswitch-tui {line.format_map(words)}" for line in COMMANDS[action.do])


def rendered(*steps: Action | str) -> tuple[str, ...]:
    """Commands of other programs as they are, between those of our actions."""
    return tuple(line for step in steps for line in ((step,) if isinstance(step, str) else commands_of(step)))


def action_from_json(shown: Any) -> Action | None:
    """An action that was kept; None for what no version of this program knows."""
    if not isinstance(shown, Mapping) or shown.get("do") not in get_args(Do):
        return None
    return Action(
        shown["do"], str(shown.get("name", "")), tuple(shown.get("assign", ())), tuple(shown.get("options", ()))
    )
