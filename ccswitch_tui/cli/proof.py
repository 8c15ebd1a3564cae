"""Proof that what was written works, line by line as it is made: `current --verify`, and what follows a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.verify import Check


def prove(ctx: Context, name: str, out: Output, *, quiet: bool = False) -> list[Check]:
    """Makes the checks and prints each unless `quiet`. What stopped them early is the last one's text."""
    from ccswitch_tui.errors import CcswitchError
    from ccswitch_tui.workflows.verify import Check, verify

    checks: list[Check] = []

    def told(check: Check) -> None:
        checks.append(check)
        if not quiet:
            out.point(check.verdict, check.text, indent=2)

    try:
        for check in verify(ctx, name):
            told(check)
    except CcswitchError as error:
        told(Check("fail", error.message))
        if error.hint and not quiet:
            out.hint(error.hint)
    return checks
