"""What can be wrong with the world, as data: a finding says what, why, and what mends it.

An exception is for the person at the keyboard; a Finding is for the report.
`kind` is stable and documented; every finding ends in something to run or press.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from ccswitch_tui.actions import Action, action_from_json, rendered

Severity = Literal["info", "warn", "fail"]


class Fix(NamedTuple):
    """What mends it: a sentence, commands to paste, and a change to the profile that one key can apply."""

    text: str
    commands: tuple[str, ...] = ()
    patch: Mapping[str, Any] | None = None
    """Dotted profile keys to values, as `edit --set` takes them."""
    action: Action | None = None
    """What this program can do about it itself; its commands are among `commands`."""

    @classmethod
    def of(cls, text: str, *steps: Action | str, patch: Mapping[str, Any] | None = None) -> Fix:
        """A fix that takes these steps: actions of ours, and other programs' commands as they are."""
        ours = next((step for step in steps if isinstance(step, Action)), None)
        return cls(text, rendered(*steps), patch, ours)


class Finding(NamedTuple):
    """One thing that is wrong or worth knowing."""

    kind: str
    title: str
    because: str
    severity: Severity = "fail"
    fix: Fix | None = None
    code: str = ""
    """Number in the catalogue, for looking it up."""
    evidence: tuple[int, ...] = ()
    """Ids of the exchanges that show it."""

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        fix = None
        if self.fix:
            fix = {
                "text": self.fix.text,
                "commands": list(self.fix.commands),
                "patch": dict(self.fix.patch) if self.fix.patch else None,
                "action": self.fix.action.to_json() if self.fix.action else None,
            }
        return {**self._asdict(), "fix": fix, "evidence": list(self.evidence)}


class Kind(NamedTuple):
    """One row of findings.toml: a kind of finding, and all that is said of it before it is met."""

    code: str
    title: str
    severity: Severity = "fail"
    first: int = 1_000_000
    """Among findings of one weight the lower comes first."""
    because: str = ""
    fix: str = ""
    """Templates; "" where the place that finds it has its own words."""
    commands: tuple[str, ...] = ()
    """Of other programs, and of ours where the app has nothing that does the same."""
    action: Action | None = None
    """What this program does about it, to the profile that was probed."""
    by_hand: str = ""
    """Why no command mends it; "" where one does, as a test proves."""
    crippling: bool = False
    """With it Claude Code does not work, or not well, where a probe meets it above `message`."""
    consequence: str = ""
    """What fails then."""


@cache
def catalogue() -> Mapping[str, Kind]:
    """All kinds, by name."""
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "findings.toml"), "rb") as file:
        return {name: _kind(row) for name, row in tomllib.load(file).items()}


def _kind(row: dict[str, Any]) -> Kind:
    commands, action = tuple(row.get("commands", ())), action_from_json(row.get("action"))
    return Kind(**{**row, "commands": commands, "action": action})
