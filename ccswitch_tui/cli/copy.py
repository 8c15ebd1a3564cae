"""`copy A B`: a second profile like the first, with a key of its own."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the profile to copy")
    parser.add_argument("new_name", metavar="NEW_NAME", help="the name of the copy")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.manage import copy_profile

    twin = copy_profile(ctx, args.name, args.new_name)
    if args.json:
        out.json({"version": 1, "copied": args.name, "name": twin.name, "key": {"ref": str(twin.key)}})
        return 0
    if twin.key.kind == "keyring":
        out.line(say("copied {name} to {twin}, with a copy of its key", name=args.name, twin=twin.name))
    else:
        out.line(say("copied {name} to {twin}", name=args.name, twin=twin.name))
    out.talk(say("next: ccswitch-tui edit {name} --set endpoint.base_url=…", name=twin.name))
    return 0
