"""`add NAME`: a new profile from a paste, a preset or an address; the key into the key store."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccswitch_tui.cli import endpoint_options
from ccswitch_tui.interop.draft import Draft

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.add import Added
    from ccswitch_tui.workflows.context import Context

EXAMPLES = """\
examples:
  ccswitch-tui add work --paste -                       paste a curl command that works, then Ctrl-D
  ccswitch-tui add kimi --preset moonshot               asks for the key
  ccswitch-tui add local --url http://127.0.0.1:8080/v1 --model qwen3
  op read op://ai/key | ccswitch-tui add work --url https://api.example.com/v1 --key-stdin
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="what to call it")
    endpoint_options.configure(parser)
    parser.add_argument("--force", action="store_true", help="replace a profile of that name, key and all")
    parser.add_argument("--use", action="store_true", help="use it right away")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows import add

    add.check_new_name(ctx, args.name, replace=args.force)
    if args.paste == "-" and out.interactive and not args.json:
        out.talk("paste a curl command, export lines, JSON, SDK code or a link, then Ctrl-D on a line of its own:")
    draft = endpoint_options.draft_from_args(args, ctx)
    where = add.open_key_store(ctx) if draft.secret or (add.needs_key(draft)) else ""
    if add.needs_key(draft):
        draft = draft._replace(secret=endpoint_options.ask_for_key(args.name, f"the {where}"))
    added = add.add_profile(ctx, args.name, draft, replace=args.force)
    if args.json:
        out.json(_json(added, draft))
    else:
        _tell(added, draft, out)
    return 0


def _json(added: Added, draft: Draft) -> dict[str, Any]:
    profile = added.profile
    return {
        "version": 1,
        "name": profile.name,
        "base_url": profile.endpoint.base_url,
        "wire": profile.endpoint.wire,
        "auth": profile.endpoint.auth,
        "route": profile.route,
        "models": profile.models.named(),
        "key": {"ref": str(profile.key), "stored_in": added.stored_in},
        "replaced": added.replaced,
        "notes": list(draft.notes),
        "warnings": list(draft.warnings),
    }


def _tell(added: Added, draft: Draft, out: Output) -> None:
    profile = added.profile
    for note in draft.notes:
        out.talk(f"  {out.glyph('skip')} {note}")
    for warning in draft.warnings:
        out.talk(f"  {out.glyph('warn')} {warning}")
    models = ", ".join(dict.fromkeys(profile.models.named().values())) or "no model named yet"
    key = f"key in the {added.stored_in}" if added.stored_in else f"key: {profile.key}"
    verb = "replaced" if added.replaced else "added"
    wire = profile.endpoint.wire or "wire not known yet"
    out.line(f"{verb} {profile.name}: {profile.endpoint.base_url} ({wire}, {models}), {key}")
    out.talk(f"next: ccswitch-tui use {profile.name}")
