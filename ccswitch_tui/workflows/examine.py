"""Probe an endpoint: what works, what does not, why, and what mends it.

The ladder decides what to ask, the fetcher asks, the diagnosis reads; this
module only carries between them, within the budget, and reports each rung as
it finishes. Nothing is saved except the last report of a profile, masked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ccswitch_tui.findings import Fix
from ccswitch_tui.probe.model import Ladder, ProbeReport, Step

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context


async def examine(
    ctx: Context,
    target: Profile,
    key: Secret | None,
    *,
    ladder: Ladder = "default",
    on_step: Callable[[Step], None] = lambda step: None,
) -> ProbeReport:
    """Climbs the ladder against `target`. Cancel the task to stop: connections close at once."""
    raise NotImplementedError


def apply_fix(ctx: Context, profile: str, fix: Fix) -> Profile:
    """Changes the stored profile as the fix's patch says and returns it."""
    raise NotImplementedError
