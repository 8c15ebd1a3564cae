"""What can be wrong with the world, as data: a finding says what, why, and what mends it.

An exception is for the person at the keyboard; a Finding is for the report.
`kind` is stable and documented; every finding ends in something to run or press.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Severity = Literal["info", "warn", "fail"]


class Fix(NamedTuple):
    """What mends it: a sentence, commands to paste, and a change to the profile that one key can apply."""

    text: str
    commands: tuple[str, ...] = ()
    patch: Mapping[str, Any] | None = None
    """Dotted profile keys to values, as `edit --set` takes them."""


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
            }
        return {**self._asdict(), "fix": fix, "evidence": list(self.evidence)}
