"""The session's part for comparing profiles: what is known of each, and all of them probed side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ccswitch_tui.tui.background import KEY_PATIENCE_S, in_loop_of_its_own, in_thread
from ccswitch_tui.tui.session_probe import PROBE_PATIENCE_S

if TYPE_CHECKING:
    from ccswitch_tui.probe.model import Ladder, Step
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.compare import Compared
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.models import Offered


class Comparing:
    """Looking asks nobody; comparing asks every endpoint with its own key."""

    ctx: Context

    def compared(self, profile: Profile) -> Compared:
        """A profile's row as its last report has it."""
        from ccswitch_tui.workflows.compare import known

        return known(self.ctx, profile)

    async def models(self, name: str) -> list[Offered]:
        """The endpoint's own list of models, asked now with the profile's key."""
        from ccswitch_tui.workflows.models import ask_models

        profile = await in_thread(lambda: self.ctx.book().get(name))
        return await in_loop_of_its_own(lambda: ask_models(self.ctx, profile), timeout_s=KEY_PATIENCE_S)

    async def compare(
        self,
        profiles: Sequence[Profile],
        ladder: Ladder,
        *,
        on_start: Callable[[str], None],
        on_step: Callable[[str, Step], None],
        on_done: Callable[[Compared], None],
    ) -> None:
        """Probes them side by side; the callbacks are called from another thread."""
        from ccswitch_tui.workflows.compare import compare

        async def off(work: Callable[..., Any], *args: Any) -> Any:
            return await in_thread(work, *args, timeout_s=KEY_PATIENCE_S)

        await in_loop_of_its_own(
            lambda: compare(
                self.ctx, profiles, ladder=ladder, on_start=on_start, on_step=on_step, on_done=on_done, off=off
            ),
            timeout_s=PROBE_PATIENCE_S * max(1, len(profiles)),
        )
