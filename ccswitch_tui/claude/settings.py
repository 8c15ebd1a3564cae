"""One settings file from one state to the next: plan, apply, invert, diff. Pure.

Only keys of `OWNED` and the profile's further variables change. Credential and
base URL are written together: with a login of the vendor's on the machine,
Claude Code sends that login's token to whatever the base URL names. What we
displace comes back when we leave, unless it would route elsewhere again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccswitch_tui.claude.jsontext import REMOVE, Json, Nested, edit_object
from ccswitch_tui.claude.owned import OWNED, owned
from ccswitch_tui.claude.reading import profile_in, value_of
from ccswitch_tui.claude.status_line import STATUS_LINE, wrapped_before
from ccswitch_tui.claude.wanted import Link, wanted_settings
from ccswitch_tui.errors import ConflictError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.secret import mask, redact
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "OWNED", "Change", "Link", "Ours", "SettingsPatch", "ours_without_history", "plan_official", "plan_settings",
    "shown",
]  # fmt: skip


class Ours(NamedTuple):
    """What earlier writes of ours put into a file, and what was there before the first."""

    written: Mapping[str, Any] = {}
    """Keys as we wrote them. A key whose value differs by now is the user's again."""
    baseline: Json | None = None
    """The file before our first write; None when that is unknown."""


NOTHING_OURS = Ours()


class Change(NamedTuple):
    """One line of a diff; values are masked for showing."""

    key: str
    before: str | None
    after: str | None
    reason: str


class SettingsPatch(NamedTuple):
    """Keys to set and keys to take out."""

    set: Mapping[str, Any] = {}
    unset: tuple[str, ...] = ()
    remove_empty_env: bool = False
    """The `env` object was made by us, and goes when nothing is left in it."""

    def __bool__(self) -> bool:
        return bool(self.set or self.unset)

    def apply(self, text: str) -> str:
        """The file's text with the patch; everything else keeps every byte."""
        top: dict[str, Any] = {}
        env: dict[str, Any] = {}
        for key, value in [*self.set.items(), *((key, REMOVE) for key in self.unset)]:
            (env if key.startswith("env.") else top)[key.removeprefix("env.")] = value
        if isinstance(top.get(STATUS_LINE), dict):
            top[STATUS_LINE] = Nested(top[STATUS_LINE])  # its other members keep their bytes
        if env:
            top["env"] = Nested(env, self.remove_empty_env)
        return edit_object(text, top) if top else text

    def invert(self, tree: Json) -> SettingsPatch:
        """The patch that takes this one back, for the tree it was planned on."""
        before = {key: value_of(tree, key) for key in [*self.set, *self.unset]}
        return SettingsPatch(
            {key: value for key, value in before.items() if value is not None},
            tuple(key for key, value in before.items() if value is None),
            "env" not in tree,
        )

    def diff(self, tree: Json) -> tuple[Change, ...]:
        """What changes, for a person: masked, in the order of OWNED."""
        return tuple(
            Change(key, shown(key, value_of(tree, key)), shown(key, self.set.get(key)), say(owned(key).reason))
            for key in sorted([*self.set, *self.unset], key=_place)
        )


def plan_settings(tree: Json, profile: Profile, link: Link, ours: Ours = NOTHING_OURS) -> SettingsPatch:
    """The smallest change that makes Claude Code use `profile` through `link`.

    `tree` is one settings file as parsed JSON ({} for an absent one). Raises
    ConflictError if "env" is not an object.
    """
    _check_shape(tree)
    wanted = wanted_settings(_without(tree, ours), profile, link)
    target: dict[str, Any] = {}
    for key in {**OWNED, **ours.written, **wanted}:
        now = value_of(tree, key)
        if key in wanted:
            target[key] = wanted[key]
        elif key == "model":
            if now is not None and not is_claude(now):
                target[key] = None
        elif owned(key).exclusive:
            target[key] = "" if key.startswith("env.") else None
        elif owned(key).role == "label":
            if now:
                target[key] = ""
        elif key in ours.written and now == ours.written[key]:
            given_back = value_of(ours.baseline or {}, key)
            target[key] = given_back if given_back is not None else ("" if key.startswith("env.") else None)
    return _patch(tree, target, ours)


def plan_official(tree: Json, ours: Ours) -> SettingsPatch:
    """The smallest change that leaves nothing of ours and the vendor's own login in charge.

    The user's own values come back, except an endpoint that is not the
    vendor's: that is what `official` is asked to leave (`restore` brings it back).
    """
    _check_shape(tree)
    if not ours.written and not _routes_elsewhere(tree):
        return SettingsPatch()
    baseline = ours.baseline or {}
    keeps_own_route = not _routes_elsewhere(baseline)
    target: dict[str, Any] = {}
    for key in {**OWNED, **ours.written}:
        if not _holds(tree, key):
            continue
        now = value_of(tree, key)
        given_back = value_of(baseline, key)
        if key == "model":
            if not is_claude(now):
                target[key] = given_back if given_back is not None and is_claude(given_back) else None
        elif owned(key).exclusive:
            target[key] = given_back if keeps_own_route else None
        elif key in ours.written and now == ours.written[key]:
            target[key] = given_back
    return _patch(tree, target, ours)


def ours_without_history(tree: Json) -> Ours:
    """What must be ours in a file that names our helper, when the history of it is gone."""
    if profile_in(tree) is None:
        return Ours()
    values = {key: value_of(tree, key) for key in OWNED if key not in ("model", STATUS_LINE)}
    baseline: Json | None = None
    wrapped, theirs = wrapped_before(tree.get(STATUS_LINE))
    if wrapped:
        values[STATUS_LINE] = tree[STATUS_LINE]
        baseline = {STATUS_LINE: theirs} if theirs else None
    return Ours({key: value for key, value in values.items() if value is not None}, baseline)


def foreign_changes(patch: SettingsPatch, tree: Json, ours: Ours) -> tuple[str, ...]:
    """The keys whose present value is somebody else's and would be lost from the file."""
    found = []
    for key in [*patch.set, *patch.unset]:
        if key == STATUS_LINE:
            continue  # theirs goes on inside ours
        now = value_of(tree, key)
        if now not in (None, "") and (key not in ours.written or ours.written[key] != now):
            found.append(key)
    return tuple(found)


_ALIASES = ("opus", "sonnet", "haiku", "fable", "best", "default", "opusplan")


def is_claude(model: Any) -> bool:
    """Claude Code knows this name: a model of its vendor's, also behind a prefix, or one of its aliases."""
    if not isinstance(model, str):
        return False
    return "claude" in model.lower() or model.lower().removesuffix("[1m]") in _ALIASES


def _holds(tree: Json, key: str) -> bool:
    """The key stands in the file, be it as null (which Claude Code reads as the text "null")."""
    return key[4:] in tree.get("env", {}) if key.startswith("env.") else key in tree


def _without(tree: Json, ours: Ours) -> Json:
    """The file as the user has it: without what we wrote, with what that displaced."""
    bare: Json = {**tree, "env": dict(tree.get("env", {}))}
    for key, written in ours.written.items():
        if value_of(tree, key) == written:
            table, name = (bare["env"], key[4:]) if key.startswith("env.") else (bare, key)
            given_back = value_of(ours.baseline or {}, key)
            table.pop(name, None)
            if given_back is not None:
                table[name] = given_back
    return bare


def _routes_elsewhere(tree: Json) -> bool:
    return bool(value_of(tree, "env.ANTHROPIC_BASE_URL"))


def _check_shape(tree: Json) -> None:
    if not isinstance(tree.get("env", {}), dict):
        raise ConflictError(
            say('"env" is not an object in the settings file: nothing was written'),
            hint=say('it should read "env": {{ "NAME": "value" }}; Claude Code ignores the whole file as it is'),
        )


def _patch(tree: Json, target: Mapping[str, Any], ours: Ours) -> SettingsPatch:
    """Only what differs: None takes a key out."""
    changed = {
        key: value
        for key, value in target.items()
        if (_holds(tree, key) if value is None else value_of(tree, key) != value)
    }
    return SettingsPatch(
        {key: value for key, value in changed.items() if value is not None},
        tuple(key for key, value in changed.items() if value is None),
        ours.baseline is None or "env" not in ours.baseline,
    )


def _place(key: str) -> int:
    order = list(OWNED)
    return order.index(key) if key in OWNED else len(order)


# ---------------------------------------------------------------- showing

_SECRET_ENDINGS = ("TOKEN", "KEY", "SECRET", "PASSWORD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "AUTH")
_HARMLESS_ROLES = ("model", "label", "shape", "patience")


def is_secret(key: str) -> bool:
    """A variable whose value is, by its name, a credential."""
    return key.upper().endswith(_SECRET_ENDINGS) and key != "env.CLAUDE_CODE_CLIENT_KEY"


def shown(key: str, value: Any) -> str | None:
    """A value as it may be shown: credentials masked, everything else free of what looks like one."""
    if value is None:
        return None
    text = value if isinstance(value, str) else _compact(value)
    if is_secret(key):
        return mask(text) if text else ""
    if key.endswith("CUSTOM_HEADERS"):
        return re.sub(r"(:[ \t]*)([^\r\n]+)", lambda m: m[1] + mask(m[2]), text)
    if key in OWNED and OWNED[key].role in _HARMLESS_ROLES:
        return text
    if text.startswith("http://127.0.0.1:") and not set("@?#") & set(text):
        return text  # our own proxy: the filter below costs a switch a tenth of its time
    return redact(text)


def _compact(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
