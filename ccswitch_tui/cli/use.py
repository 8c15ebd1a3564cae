"""`use NAME`: write the settings that make Claude Code use a profile. On the quick path."""

from __future__ import annotations

from ccswitch_tui.cli.plainly import Plain
from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import spoken
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ccswitch_tui.claude.settings import Change
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.use import UsePlan, UseResult

DESCRIPTION = """\
Writes the settings that make Claude Code use a profile, and nothing else: only
our own keys change, the old file is kept, and 'ccswitch-tui undo' brings it back.
NAME is a profile, '-' (the previous one) or 'official' (removes our settings and
returns to Claude Code's own login). Without NAME, on a terminal: pick from a list."""

EXAMPLES = """\
examples:
  ccswitch-tui use work
  ccswitch-tui use work --scope local    for this project only, and only for you
  ccswitch-tui use work --dry-run        what would change, and why
  ccswitch-tui use work --statusline     also show it beside the prompt; keeps your own line
  ccswitch-tui use -"""


def configure(parser: Any) -> None:
    """The command's options."""
    import argparse

    parser.add_argument("name", metavar="NAME", nargs="?", help="a profile, '-' or 'official'")
    parser.add_argument("--scope", choices=("user", "project", "local"), default="user", help="which settings file")
    parser.add_argument("--dry-run", action="store_true", help="only show the changes and the reasons for them")
    parser.add_argument("--repair", action="store_true", help="first remove comments and trailing commas from the file")
    parser.add_argument("--mend", action="store_true", dest="repair", help=argparse.SUPPRESS)  # its first name
    line = parser.add_mutually_exclusive_group()
    line.add_argument(
        "--statusline",
        action="store_true",
        default=None,
        help="show each session's profile in Claude Code's status line",
    )
    line.add_argument("--no-statusline", dest="statusline", action="store_false", help="remove it again")
    proof = parser.add_mutually_exclusive_group()
    proof.add_argument(
        "--verify", action="store_true", help="prove it with one short request (on a terminal that is done anyway)"
    )
    proof.add_argument("--no-verify", action="store_true", help="only write")
    parser.add_argument("--json", action="store_true", help="print JSON")


PLAIN = Plain(
    {
        "name": None,
        "scope": "user",
        "dry_run": False,
        "repair": False,
        "statusline": None,
        "verify": False,
        "no_verify": False,
        "json": False,
    },
    name="name",
    flags={"--json": ("json", True), "--dry-run": ("dry_run", True), "--no-verify": ("no_verify", True)},
)


def run(args: Any, ctx: Context, out: Output) -> int:
    """Plans, and applies unless it is a dry run."""
    from ccswitch_tui.workflows.use import UseResult, apply_use, plan_use

    name = args.name or _chosen(ctx, out, args.scope, args.json)
    if name is None:
        out.talk(say("nothing was changed"))
        return 0
    plan = plan_use(ctx, name, args.scope, mend=args.repair, statusline=args.statusline)
    if args.dry_run:
        result = UseResult(plan, None)
        if args.json:
            out.json(result.to_json(dry_run=True))
        else:
            _show_plan(plan, out)
        return 0
    result = apply_use(ctx, plan, on_wait=lambda count: tell_wait(out, count))
    if not args.json:
        _tell(result, out)
    return _proved(result, args, ctx, out)


def _proved(result: UseResult, args: Any, ctx: Context, out: Output) -> int:
    """Whether what was written works, where that is asked for; 1 if not. What was written stays."""
    wanted = args.verify or (out.interactive and not args.no_verify and not args.json)
    if not wanted or result.plan.profile == "official":
        if args.json:
            out.json(result.to_json())
        return 0
    from ccswitch_tui.cli.proof import prove
    from ccswitch_tui.workflows.verify import holds

    checks = prove(ctx, result.plan.profile, out, quiet=args.json)
    works = holds(checks)
    if args.json:
        out.json({**result.to_json(), "verified": works, "checks": [check.to_json() for check in checks]})
    elif works:
        out.line(say("ready: run 'claude'"))
    else:
        out.hint(
            say(
                "written, but it does not work yet: 'ccswitch-tui status' and 'ccswitch-tui probe {name}' say why",
                name=result.plan.profile,
            )
        )
    return 0 if works else 1


def _chosen(ctx: Context, out: Output, scope: str, as_json: bool) -> str | None:
    import sys

    if as_json or not (out.interactive and is_terminal(sys.stdin)):
        raise UsageError(
            say("which profile?"), hint=say("'ccswitch-tui use NAME'; 'ccswitch-tui list' shows the names")
        )
    from ccswitch_tui.cli.choose import choose_profile

    return choose_profile(ctx, out, scope)


def tell_wait(out: Output, count: int) -> None:
    """Why this takes two seconds."""
    if count == 1:
        out.talk(say("waiting two seconds for a running session to pick up the change…"))
    else:
        out.talk(say("waiting two seconds for {count} running sessions to pick up the change…", count=count))


def _tell(result: UseResult, out: Output) -> None:
    plan = result.plan
    who = say("Claude Code's own login") if plan.profile == "official" else out.paint("bold", plan.profile)
    if result.undo_id is None:
        out.point("ok", say("{who} was already in use ({scope})", who=who, scope=plan.scope))
    else:
        out.point(
            "ok",
            say(
                "{who} is in use ({scope}: {file}); 'ccswitch-tui undo' takes it back",
                who=who,
                scope=plan.scope,
                file=plan.file,
            ),
        )
        if plan.foreign_keys:
            names = ", ".join(key.removeprefix("env.") for key in plan.foreign_keys[:4])
            names += ", …" if len(plan.foreign_keys) > 4 else ""
            out.talk(
                say(
                    "replaced values that were not ours: {names}; 'ccswitch-tui restore' brings them back",
                    names=names,
                )
            )
    for sentence in plan.advice:
        out.talk(sentence)


def _show_plan(plan: UsePlan, out: Output) -> None:
    if not plan.changes and not plan.mended:
        out.line(say("{file}: nothing would change", file=plan.file))
    else:
        out.line(plan.file if plan.read.data is not None else say("{file} (new)", file=plan.file))
    if plan.mended:
        _show_mending(plan, out)
    show_changes(plan.changes, out)
    for sentence in plan.advice:
        out.talk(sentence)


def show_changes(changes: Sequence[Change], out: Output) -> None:
    """Variables as `-` and `+` lines with the reasons, the cleared rivals in one. Their values are masked already."""
    cleared = [change for change in changes if change.before is None and change.after == ""]
    for change in changes:
        name = change.key.removeprefix("env.")
        if change in cleared:
            continue
        if change.before is not None:
            out.line(out.paint("fail", f"- {name}: {_quoted(change.before)}"))
        if change.after is not None:
            out.line(out.paint("ok", f"+ {name}: {_quoted(change.after)}"))
        out.line(out.paint("dim", f"    {spoken(change.reason)}"))
    if cleared:
        names = ", ".join(change.key.removeprefix("env.") for change in cleared)
        out.line(out.paint("ok", spoken(say('+ set to "", or they would interfere:'))))
        out.line(out.paint("dim", f"    {names}"))


def _show_mending(plan: UsePlan, out: Output) -> None:
    import difflib

    before = (plan.read.data or b"").decode("utf-8", "replace").splitlines()
    for line in difflib.unified_diff(before, plan.read.text.splitlines(), "now", "repaired", lineterm="", n=0):
        if not line.startswith(("---", "+++")):
            out.line(line)


def _quoted(value: str) -> str:
    return value if value else '""'
