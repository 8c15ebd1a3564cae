"""`import SOURCE`: profiles out of other tools' files; their files are only read."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.language import named, said, spoken
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.import_export import Imported

EXAMPLES = """\
examples:
  ccswitch-tui import --list                    what is on this machine; no key is read
  ccswitch-tui import cc-switch --dry-run       what would be imported
  ccswitch-tui import cc-switch --only kimi     import one entry
  ccswitch-tui import ./litellm.yaml            any tool's file
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", nargs="?", help="a tool from --list, or a file")
    parser.add_argument("--list", action="store_true", help="show what is on this machine, without reading any key")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="import only this entry (repeatable)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be added")
    parser.add_argument("--probe", action="store_true", help="test each added endpoint with one short request")
    parser.add_argument("--force", action="store_true", help="replace profiles of the same name")
    parser.add_argument(
        "--local-proxies", action="store_true", help="also import entries that point at another switcher's proxy"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.import_export import Prover, import_candidates
    from ccswitch_tui.workflows.sources import read_source

    if args.list:
        return _list(ctx, out, args.json)
    if not args.source:
        raise UsageError(
            say("import from where?"), hint=say("'ccswitch-tui import --list' shows what is on this machine")
        )
    read, candidates = read_source(ctx, args.source, insist=args.local_proxies)
    prove = Prover(ctx) if args.probe else None
    done = import_candidates(ctx, candidates, only=args.only, replace=args.force, dry_run=args.dry_run, prove=prove)
    verdicts = prove.verdicts if prove else {}
    if args.json:
        rows = [{**_json(i), "verdict": verdicts.get(i.name)} for i in done]
        out.json({"version": 1, "read": read, "dry_run": args.dry_run, "entries": rows})
    else:
        _tell(done, read, args.dry_run, out, verdicts)
    return 0 if not candidates or any(i.profile or "already" in i.why_not for i in done) else 1


def _list(ctx: Context, out: Output, as_json: bool) -> int:
    from ccswitch_tui.cli.columns import aligned
    from ccswitch_tui.workflows.sources import find_sources

    found = find_sources(ctx)
    if as_json:
        rows: list[dict[str, Any]] = [
            {"source": f.source.id, "title": f.source.title, "path": f.path or None} for f in found
        ]
        out.json({"version": 1, "sources": rows})
        return 0
    if not found:
        out.talk(say("no other switcher's files were found"))
        out.hint(say("name a file: 'ccswitch-tui import PATH', or paste: 'ccswitch-tui add NAME --paste -'"))
        return 0
    for line in aligned([[f.source.id, f.source.title, f.path] for f in found], room=out.columns):
        out.line(line)
    out.talk(say("import one with 'ccswitch-tui import {id} --dry-run'", id=found[0].source.id))
    return 0


def _tell(done: list[Imported], read: str, dry_run: bool, out: Output, verdicts: dict[str, str]) -> None:
    out.talk(say("read {file}", file=read))
    for entry in done:
        if entry.profile is None:
            out.point("skip", say("{name}: not imported, {reason}", name=entry.name, reason=entry.why_not))
            continue
        endpoint = entry.profile.endpoint
        key = _key_word(entry, dry_run)
        wire = endpoint.wire or said("format not known yet")
        out.line(f"{out.glyph('ok')} {entry.name}: {endpoint.base_url} ({wire}), {key}")
        for note in (*(entry.draft.notes if entry.draft else ()),):
            out.talk(f"    {spoken(note)}")
        if entry.name in verdicts:
            works = verdicts[entry.name] in ("native", "translate")
            out.point(
                "ok" if works else "warn",
                say("probe: {verdict}", verdict=named(verdicts[entry.name])),
                indent=4,
                talk=True,
            )
        for warning in entry.draft.warnings if entry.draft else ():
            out.point("warn", warning, indent=4, talk=True)
    added = [e for e in done if e.profile]
    if added and not dry_run and not verdicts:
        out.talk(say("none of them has been tested yet: 'ccswitch-tui probe NAME' does that, or import with --probe"))
    in_plain_text = [e for e in added if e.stored_in and e.draft and e.draft.secret]
    if added and not dry_run and not in_plain_text:
        out.talk(say("{count} added", count=len(added)))
    elif added and not dry_run:
        out.talk(
            say(
                "{count} added; their keys are still in plain text in {file}: 'ccswitch-tui adopt' moves them",
                count=len(added),
                file=read,
            )
        )
    elif added:
        out.talk(say("dry run: nothing was changed; run it without --dry-run to add them"))


def _key_word(entry: Imported, dry_run: bool) -> str:
    if entry.stored_in:
        return said("key in the {store}", store=entry.stored_in)
    if dry_run and entry.draft and entry.draft.secret:
        return said("key {hint}", hint=entry.draft.secret.hint())
    return said("key: {ref}", ref=entry.profile.key) if entry.profile else ""


def _json(entry: Imported) -> dict[str, Any]:
    if entry.profile is None:
        return {"name": entry.name, "added": False, "because": entry.why_not}
    draft = entry.draft
    return {
        "name": entry.name,
        "added": True,
        "base_url": entry.profile.endpoint.base_url,
        "wire": entry.profile.endpoint.wire,
        "models": entry.profile.models.named(),
        "key": {"ref": str(entry.profile.key), "stored_in": entry.stored_in},
        "notes": list(draft.notes) if draft else [],
        "warnings": list(draft.warnings) if draft else [],
    }
