"""What a probe found, into the stored profile: a finding's fix on one key, and the quirks it learned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import quoting, say
from ccswitch_tui.workflows.edit import plan_patch, save_edit

if TYPE_CHECKING:
    from ccswitch_tui.findings import Fix
    from ccswitch_tui.probe.model import ProbeReport
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context


def apply_fix(ctx: Context, profile: str, fix: Fix) -> Profile:
    """Changes the stored profile as the fix's patch says and returns it. Raises UsageError when there is no patch."""
    if not fix.patch:
        raise UsageError(say("this fix cannot be applied by itself"), hint=quoting(fix.text))
    patch = {
        key: _with_provenance(ctx, value) if key.startswith("quirks.") else value for key, value in fix.patch.items()
    }
    return save_edit(ctx, plan_patch(ctx, profile, patch))


def _with_provenance(ctx: Context, value: Any, because: str = "") -> dict[str, Any]:
    kept = {"value": value, "from": "probe", "at": datetime.fromtimestamp(ctx.clock(), UTC).strftime("%Y-%m-%d")}
    return {**kept, "because": because} if because else kept


def learn(ctx: Context, profile: str, report: ProbeReport) -> Profile | None:
    """Keeps what a probe learned in the profile, with where it came from; forgets what it disproved.

    A quirk set by hand stays. Returns the changed profile, None when there was nothing to change.
    """
    have = ctx.book().get(profile).quirks
    patch: dict[str, Any] = {}
    for quirk in report.quirks:
        given = have.get(quirk.name)
        by_hand = given is not None and not (
            isinstance(given, Mapping) and given.get("from") in ("probe", "preset", "learned")
        )
        if not by_hand:
            patch[f"quirks.{quirk.name}"] = _with_provenance(ctx, quirk.value, quirk.because[:200])
    patch |= {f"quirks.{name}": None for name in report.disproved if name in have}
    return save_edit(ctx, plan_patch(ctx, profile, patch)) if patch else None
