"""`why [VARIABLE]`: who sets what decides endpoint, credential and model, and which one wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.language import named, said
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.why import Why

DESCRIPTION = """\
Shows, for every variable and setting that decides where Claude Code sends requests,
with which credential and for which model: each place that sets it, strongest first,
the one that wins, and what to do if that is not the profile in use. Credentials are
masked. A `claude --settings FILE` in another terminal cannot be seen from here;
it overrides everything but an administrator's settings."""

EXAMPLES = """\
examples:
  ccswitch-tui why
  ccswitch-tui why ANTHROPIC_BASE_URL"""


FURTHER_PLACES = {"shell": "start-up file", "editor": "editor settings"}
"""What sets variables besides the layers Claude Code itself reads."""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("variable", metavar="VARIABLE", nargs="?", help="an environment variable or a setting")
    parser.add_argument("--all", action="store_true", help="also show what is cleared and set nowhere else")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints the answer; nothing is changed."""
    from ccswitch_tui.workflows.why import why

    for sentence in ctx.settings.ignored():
        out.point("warn", say("{sentence}; 'ccswitch-tui doctor' says how to fix it", sentence=sentence), talk=True)
    told = why(ctx, args.variable)
    if args.json:
        out.json({"version": 1, "variables": [one.to_json() for one in told]})
        return 0
    quiet = [one for one in told if not (args.all or args.variable) and _is_quiet(one)]
    for one in told:
        if one not in quiet:
            _show(one, out)
    if quiet:
        out.talk(say("{count} more are cleared and set nowhere else; '--all' shows them", count=len(quiet)))
    return 0


def _is_quiet(one: Why) -> bool:
    """Cleared by us, and nobody else speaks of it."""
    return one.effective.value == "" and len(one.places()) == 1 and not one.remedy


def _show(one: Why, out: Output) -> None:
    from ccswitch_tui.claude.layers import LABELS

    value = one.effective
    told = said("set nowhere") if value.winner is None else _quoted(value.shown)
    out.line(f"{out.paint('bold', one.name)}  {told}")
    places = one.places()
    told_already = len(places) == 1 and bool(value.places)  # the only place there is has the value above
    for number, place in enumerate(places):
        sign = out.glyph("here") if number == 0 and value.places else " "
        label = named(LABELS.get(place.layer, FURTHER_PLACES.get(place.layer, "")))
        where = f"  {place.file}" if place.file else ""
        out.line(f"  {sign} {label}{where}" if told_already else f"  {sign} {label}{where}  {_quoted(place.value)}")
    if one.remedy:
        out.point("to", one.remedy, indent=4)


def _quoted(value: str | None) -> str:
    return value if value else said("(cleared)")
