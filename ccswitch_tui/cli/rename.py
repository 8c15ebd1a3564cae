"""`rename A B`: another name for a profile; keys and settings follow."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="what it is called now")
    parser.add_argument("new_name", help="what it shall be called")
    parser.add_argument("--json", action="store_true")


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
    out.line(f"renamed {args.name} to {renamed.profile.name}")
    if renamed.scopes:
        out.talk(
            f"  {out.glyph('ok')} the {' and '.join(renamed.scopes)} settings name it too ('ccswitch-tui history')"
        )
    for advice in renamed.advice:
        out.talk(f"  {out.glyph('warn')} {advice}")
    return 0
