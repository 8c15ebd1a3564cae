"""The session's part for the machine as a whole: doctor, an error explained, keys that lie in the clear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.tui.background import KEY_PATIENCE_S, in_loop_of_its_own, in_thread
from ccswitch_tui.tui.session_probe import PROBE_PATIENCE_S

if TYPE_CHECKING:
    from ccswitch_tui.findings import Finding
    from ccswitch_tui.probe.explanations import Explanation
    from ccswitch_tui.probe.model import Step
    from ccswitch_tui.workflows.adopt import Adopted, Place
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.explain import Proof


class PlainTextKey(NamedTuple):
    """One key in the clear as the list shows it."""

    place: Place
    stand_in: str
    """What would be written in its place; "" where it is not simply replaced."""
    also_in: tuple[str, ...]
    """Histories of shells that hold it too."""


class Caring:
    """Blocks on files: called in a thread; `prove` brings its own."""

    ctx: Context

    @staticmethod
    def check_names() -> list[str]:
        """What `diagnose` looks at, in its order."""
        from ccswitch_tui.doctor.checks import CHECKS

        return list(CHECKS)

    def diagnose(
        self, on_check: Callable[[str, str], None] = lambda name, severity: None, pace_s: float = 0.0
    ) -> tuple[list[Finding], list[str]]:
        """What is wrong on this machine with all its profiles, and the names of what was checked.

        `on_check` is told of each check and how grave what it found is ("" for nothing), `pace_s` apart.
        """
        import time

        from ccswitch_tui.workflows.diagnose import diagnose

        def told(name: str, found: Sequence[Finding]) -> None:
            grave = [severity for severity in ("fail", "warn", "info") if any(f.severity == severity for f in found)]
            on_check(name, grave[0] if grave else "")
            time.sleep(pace_s)

        findings, checked = diagnose(self.ctx, on_check=told)
        return list(findings), list(checked)

    def search_source(self) -> str:
        """Where the web searches of all profiles go, in a few words; "" where they go nowhere."""
        from ccswitch_tui.workflows.search import state

        source = state(self.ctx).common
        if source is None or not source.is_on:
            return ""
        return f"{source.source} · {source.host or source.dialect}"

    def search_off(self) -> None:
        """No web searches any more."""
        from ccswitch_tui.workflows.search import turn_off

        turn_off(self.ctx)

    def restart_proxy(self) -> None:
        """Another process of the background proxy in the place of the one there is."""
        self.ctx.proxy.stop()
        self.ctx.proxy.ensure_running()

    def move_proxy(self) -> None:
        """The background proxy on another port, because a stranger has its own."""
        self.ctx.proxy.stop()
        self.ctx.proxy.move()
        self.ctx.proxy.ensure_running()

    # ------------------------------------------------------------------------ explain

    def explain(self, text: str, profile: str) -> list[Explanation]:
        """What an error message means, the most specific first; empty when nothing in it is known."""
        from ccswitch_tui.workflows.explain import explain

        return explain(text, profile=profile)

    async def prove(self, name: str, found: list[Explanation], on_step: Callable[[Step], None]) -> Proof | None:
        """Climbs as far as the rung that proves an explanation; None when there is no such rung."""
        from ccswitch_tui.workflows.explain import prove

        profile = await in_thread(lambda: self.ctx.book().get(name))
        # a locked store says so here, not from within the other loop
        await in_thread(self.ctx.keys.of, profile, timeout_s=KEY_PATIENCE_S)
        return await in_loop_of_its_own(
            lambda: prove(self.ctx, name, found, on_step=on_step), timeout_s=PROBE_PATIENCE_S
        )

    # -------------------------------------------------------------------------- adopt

    def plain_text_keys(self) -> list[PlainTextKey]:
        """Keys that lie in the clear in the usual places. Writes nothing, keeps nothing."""
        from ccswitch_tui.workflows.adopt import exposed_in_history, find_plain_text_keys, stand_in

        return [
            PlainTextKey(place, stand_in(place), tuple(exposed_in_history(place.secret, self.ctx)))
            for place in find_plain_text_keys(self.ctx)
        ]

    def adopt(self, places: Sequence[Place]) -> list[Adopted]:
        """Moves these keys into the key store: stored and read back first, then taken out of their files."""
        from ccswitch_tui.workflows.adopt import adopt

        return adopt(self.ctx, list(places))

    def adopted_before(self) -> str:
        """The file whose keys were moved last and can be put back; "" when there is none."""
        from ccswitch_tui.credentials import moved

        records = moved.records(self.ctx.paths)
        return records[0].file if records else ""

    def take_back_adopted(self) -> str:
        """Puts the keys moved last back into their file, to the byte; says which file that is."""
        from ccswitch_tui.workflows.adopt import take_back

        return take_back(self.ctx).file
