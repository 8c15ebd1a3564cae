"""`remove NAME`: the profile and its key."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--force", action="store_true", help="also when it is in use, or its key cannot be removed")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.manage import remove_profile

    removed = remove_profile(ctx, args.name, force=args.force)
    if args.json:
        out.json(
            {
                "version": 1,
                "removed": removed.name,
                "keys": list(removed.keys),
                "kept_keys": list(removed.kept_keys),
                "advice": list(removed.advice),
            }
        )
        return 0
    key = "its key" if len(removed.keys) == 1 else f"its {len(removed.keys)} keys"
    out.line(
        f"removed {removed.name}"
        + (f" and {key} from the key store" if removed.keys else "; it had no key in the store")
    )
    for name in removed.kept_keys:
        out.talk(f"  {out.glyph('warn')} the key '{name}' is still in the key store")
    for advice in removed.advice:
        out.talk(f"  {out.glyph('warn')} {advice}")
    return 0
