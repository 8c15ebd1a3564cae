"""`remove NAME`: the profile and its key."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a profile")
    parser.add_argument(
        "--force", action="store_true", help="remove it even when it is in use, or its key cannot be removed"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


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
    if not removed.keys:
        out.line(say("removed {name}; it had no key in the store", name=removed.name))
    elif len(removed.keys) == 1:
        out.line(say("removed {name} and its key from the key store", name=removed.name))
    else:
        out.line(say("removed {name} and its {n} keys from the key store", name=removed.name, n=len(removed.keys)))
    for name in removed.kept_keys:
        out.point("warn", say("the key '{name}' is still in the key store", name=name), indent=2, talk=True)
    for advice in removed.advice:
        out.point("warn", advice, indent=2, talk=True)
    return 0
