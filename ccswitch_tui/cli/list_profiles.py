"""`list`: the profiles, and which is in use. On the quick path."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.profiles import ProfileRow


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    return show(ctx, out, as_json=args.json)


def show(ctx: Context, out: Output, as_json: bool = False) -> int:
    """Prints all profiles."""
    from ccswitch_tui.workflows.profiles import profile_rows

    rows = profile_rows(ctx)
    if as_json:
        out.json({"version": 1, "profiles": [row.to_json() for row in rows]})
        return 0
    if not rows:
        out.talk("there are no profiles yet")
        out.talk("ccswitch-tui: hint: 'ccswitch-tui add NAME --paste -' makes one from a curl command that works")
        return 0
    from ccswitch_tui.cli.columns import aligned

    for line in aligned([_cells(row, out) for row in rows]):
        out.line(line)
    return 0


def _cells(row: ProfileRow, out: Output) -> list[str]:
    profile = row.profile
    return [
        out.glyph("here") if row.in_use else " ",
        out.paint("bold", profile.name),
        profile.endpoint.base_url,
        profile.endpoint.wire or "wire not known",
        profile.models.default or "-",
        key_word(row),
        ", ".join(row.in_use),
    ]


def key_word(row: ProfileRow) -> str:
    """Where the key is and whether it is there, in a few words."""
    key = row.profile.key
    if key.kind == "none":
        return "no key"
    where = f"env:{key.name}" if key.kind == "env" else key.kind
    return f"{where} (missing)" if row.key_present is False else where
