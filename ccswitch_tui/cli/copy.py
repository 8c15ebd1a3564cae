"""`copy A B`: a second profile like the first, with a key of its own."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the profile to copy")
    parser.add_argument("new_name", help="what the copy is called")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.manage import copy_profile

    twin = copy_profile(ctx, args.name, args.new_name)
    if args.json:
        out.json({"version": 1, "copied": args.name, "name": twin.name, "key": {"ref": str(twin.key)}})
        return 0
    with_key = " with a copy of its key" if twin.key.kind == "keyring" else ""
    out.line(f"copied {args.name} to {twin.name}{with_key}")
    out.talk(f"next: ccswitch-tui edit {twin.name} --set endpoint.base_url=…")
    return 0
