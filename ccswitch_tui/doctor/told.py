"""How a check tells: a finding by its kind, a value as it counts, and who decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui import here
from ccswitch_tui.actions import Action
from ccswitch_tui.claude.layers import LABELS, effective
from ccswitch_tui.claude.owned import OWNED
from ccswitch_tui.doctor.picture import Snapshot
from ccswitch_tui.findings import Finding, Fix, Severity, catalogue
from ccswitch_tui.sentence import say


def told(
    kind: str,
    because: str,
    fix: str,
    *steps: Action | str,
    patch: Mapping[str, Any] | None = None,
    severity: Severity | None = None,
) -> Finding:
    entry = catalogue()[kind]
    return Finding(kind, entry.title, because, severity or entry.severity, Fix.of(fix, *steps, patch=patch), entry.code)


def value_of(snapshot: Snapshot, name: str) -> str:
    return str(effective(snapshot.layers, name if "." in name or name == "apiKeyHelper" else f"env.{name}").value or "")


def winner_of(snapshot: Snapshot, name: str) -> str:
    found = effective(snapshot.layers, name if name == "apiKeyHelper" else f"env.{name}")
    place = found.places[0] if found.places else None
    if place is None:
        return say("nobody")
    label = say(LABELS[place.layer])
    return say("{layer} ({file})", layer=label, file=place.file) if place.file else label


def where_set(snapshot: Snapshot, name: str, in_shell: str) -> str:
    """The command that reaches a variable where it is set: `in_shell`, or an editor on the settings file."""
    found = effective(snapshot.layers, f"env.{name}")
    file = found.places[0].file if found.places else None
    return here.open_in_editor(file, snapshot.platform) if file else in_shell


def write_again(snapshot: Snapshot) -> Action:
    """`use` of the profile in use, at a scope that beats whatever overrules it: a project's file is beaten by `local`
    alone, and a command that writes below it would mend nothing."""
    above = [layer for layer in snapshot.layers if layer.name in ("local", "project")]
    names = [key for key, row in OWNED.items() if row.exclusive]
    overruled = any(effective(above, key).value for key in names)
    return Action("use", snapshot.in_use or "", options=("--scope", "local") if overruled else ())
