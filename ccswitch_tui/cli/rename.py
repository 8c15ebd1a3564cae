"""`rename A B`: another name for a profile; keys and settings follow."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="its current name")
    parser.add_argument("new_name", metavar="NEW_NAME", help="its new name")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.manage import rename_profile

    renamed = rename_profile(ctx, args.name, args.new_name)
    if args.json:
        out.json(
            {
                "version": 1,
                "renamed": args.name,
                "name": renamed.profile.name,
                "settings": list(renamed.scopes),
                "advice": list(renamed.advice),
            }
        )
        return 0
    out.line(say("renamed {name} to {new_name}", name=args.name, new_name=renamed.profile.name))
    if renamed.scopes:
        out.point(
            "ok",
            say("also renamed in the settings: {scopes} ('ccswitch-tui history')", scopes=", ".join(renamed.scopes)),
            indent=2,
            talk=True,
        )
    for advice in renamed.advice:
        out.point("warn", advice, indent=2, talk=True)
    return 0
