"""What `use` asks when no name is given: a few lines to pick from, or numbers on Windows, which has no inline mode."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ccswitch_tui.errors import UsageError
from ccswitch_tui.language import said
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def choose_profile(ctx: Context, out: Output, scope: str) -> str | None:
    """A name, by number, name or the beginning of one; None when nothing was chosen."""
    from ccswitch_tui.workflows.current import in_use

    profiles = ctx.book().profiles
    if not profiles:
        raise UsageError(
            say("there are no profiles yet"),
            hint=say("'ccswitch-tui add NAME --paste -' makes one from a curl command that works"),
        )
    if sys.platform != "win32" and out.interactive:
        from ccswitch_tui.cli.app import pick_profile

        return pick_profile(ctx)
    used = in_use(ctx)
    names = [*profiles, "official"]
    for number, name in enumerate(names, 1):
        here = out.glyph("here") if scope in used.get(name, ()) else " "
        where = profiles[name].endpoint.base_url if name in profiles else said("Claude Code's own login")
        out.talk(f"{here} {number:>2}  {name:<20} {where}")
    answer = out.ask(say("use which ({scope})? number or name, Enter for none:", scope=scope))
    if not answer:
        return None
    if answer.isdigit() and 1 <= int(answer) <= len(names):
        return names[int(answer) - 1]
    if answer == "-" or answer in names:
        return answer
    near = [name for name in names if name.startswith(answer)]
    if len(near) == 1:
        return near[0]
    raise UsageError(
        say("'{answer}' is not in the list", answer=answer), hint=say("a number, a name, or the beginning of one name")
    )
