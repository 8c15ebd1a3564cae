"""`add NAME`: a new profile from a paste, a preset or an address; the key into the key store."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ccswitch_tui.cli import endpoint_options
from ccswitch_tui.errors import EndpointError, KeyRefusedError
from ccswitch_tui.here import END_OF_TEXT, is_terminal
from ccswitch_tui.language import said
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.probe.model import ProbeReport
    from ccswitch_tui.profiles.model import SecretRef
    from ccswitch_tui.workflows.add import Added
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.setup import Setup

DESCRIPTION = """\
Adds a profile. The endpoint is first asked for one short answer, which shows the
format it speaks. If it cannot be reached, or refuses, the profile is saved anyway
and you are told what is wrong (with --strict nothing is saved then)."""

EXAMPLES = """\
examples:
  ccswitch-tui add work --paste -                       paste a curl command that works
  ccswitch-tui add kimi --preset moonshot-global        asks for the key
  ccswitch-tui add local --url http://127.0.0.1:8080/v1 --model qwen3
  op read op://ai/key | ccswitch-tui add work --url https://api.example.com/v1 --key-stdin
  ccswitch-tui add gw --url https://gw.example.com/v1 --key env:K --secret-header Helicone-Auth
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a name for it")
    endpoint_options.configure(parser)
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="a word to find it by (repeatable)")
    parser.add_argument("--no-probe", action="store_true", help="send nothing to the endpoint")
    parser.add_argument("--strict", action="store_true", help="save nothing unless the endpoint answers")
    parser.add_argument("--force", action="store_true", help="replace a profile of that name, key and all")
    parser.add_argument("--use", action="store_true", help="use it right away")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows import add, setup

    add.check_new_name(ctx, args.name, replace=args.force)
    if args.paste == "-" and out.interactive and is_terminal(sys.stdin) and not args.json:
        out.talk(
            say(
                "paste curl, export lines, JSON, SDK code or a link, then press {end} on a line of its own:",
                end=END_OF_TEXT,
            )
        )
    draft = endpoint_options.draft_from_args(args, ctx, out)
    from ccswitch_tui.profiles.tags import with_tags

    draft = draft._replace(tags=with_tags(draft.tags, args.tag))
    made = setup.begin(ctx, draft, args.name, pasted=args.paste is not None, keep_wire=args.wire is not None)
    where = setup.asks_for_key(ctx, made)
    if where:
        for note in draft.notes:
            if note.startswith("the key"):
                out.point("warn", note, indent=2, talk=True)
        auth = draft.endpoint.auth if draft.endpoint else "bearer"
        made = setup.with_key(made, endpoint_options.ask_for_key(out, args.name, where, auth))
    if not args.no_probe:
        made = _probed(args, ctx, made, out)
    saved = setup.save(ctx, made, replace=args.force)
    used = _use(args.name, ctx, out, as_json=args.json) if args.use else None
    if args.json:
        out.json(_json(saved.added, made, used))
    else:
        _tell(saved.added, made, out, used=args.use)
    return 0


# ---------------------------------------------------------------- the probe


def _probed(args: argparse.Namespace, ctx: Context, made: Setup, out: Output) -> Setup:
    """One short look at the endpoint, and what it proved is kept."""
    import asyncio

    from ccswitch_tui.workflows import setup

    on_step = (lambda step: None) if args.json else (lambda step: _tell_step(step, out))
    made = asyncio.run(setup.in_one_go(ctx, made, on_step))
    if args.strict and made.report is not None and made.report.verdict == "broken":
        raise _refusal(args.name, made.report)
    return made


def _tell_step(step: Any, out: Output) -> None:
    from ccswitch_tui.cli.told import tell_step

    if step.verdict != "skip":
        tell_step(step, out, talk=True)


def _refusal(name: str, report: ProbeReport) -> EndpointError | KeyRefusedError:
    from ccswitch_tui.cli.verdict_codes import KEY_KINDS

    first = report.findings[0] if report.findings else None
    message = say("{title}: {because}", title=say(first.title), because=first.because) if first else report.sentence
    refused = first is not None and first.kind in KEY_KINDS
    error = KeyRefusedError if refused else EndpointError
    return error(
        say("{message}: nothing was saved", message=message),
        hint=say("without --strict, 'add {name}' saves it and says what is wrong", name=name),
    )


# ---------------------------------------------------------------- what is told


def _use(name: str, ctx: Context, out: Output, *, as_json: bool) -> Any:
    from ccswitch_tui.workflows.use import apply_use, plan_use

    if not as_json:
        from ccswitch_tui.cli.main import main

        return main(["use", name], ctx)
    return apply_use(ctx, plan_use(ctx, name)).to_json()


def _json(added: Added, made: Setup, used: Any) -> dict[str, Any]:
    profile, draft, report = added.profile, made.draft, made.report
    return {
        "version": 1,
        "name": profile.name,
        "base_url": profile.endpoint.base_url,
        "wire": profile.endpoint.wire,
        "auth": profile.endpoint.auth,
        "route": profile.route,
        "models": profile.models.named(),
        "key": {"ref": str(profile.key), "stored_in": added.stored_in},
        "secret_headers": [{"name": header, "ref": str(ref)} for header, ref in profile.secret_headers.items()],
        "replaced": added.replaced,
        "notes": list(draft.notes),
        "warnings": list(draft.warnings),
        "probe": _probe_json(report) if report else None,
        "use": used,
    }


def _probe_json(report: ProbeReport) -> dict[str, Any]:
    """The report without its evidence, which `probe --json` shows."""
    return {name: value for name, value in report.to_json().items() if name != "exchanges"}


def _tell(added: Added, made: Setup, out: Output, *, used: bool) -> None:
    from ccswitch_tui.cli.told import tell_finding
    from ccswitch_tui.probe.advice import now_saved
    from ccswitch_tui.profiles.url import normalise_url

    profile, draft, report = added.profile, made.draft, made.report
    for note in draft.notes:
        out.point("skip", note, indent=2, talk=True)
    for finding in report.findings[:1] if report and report.verdict == "broken" else ():
        tell_finding(now_saved(finding, profile.name), out, talk=True)
    for warning in draft.warnings:
        out.point("warn", warning, indent=2, talk=True)
    models = ", ".join(dict.fromkeys(profile.models.named().values())) or said("no model named yet")
    stored = added.stored_in and profile.key.kind == "keyring"
    key = said("key in the {store}", store=added.stored_in) if stored else said("key: {ref}", ref=profile.key)
    key += "".join(_header_place(header, ref, added) for header, ref in profile.secret_headers.items())
    wire = profile.endpoint.wire or said("format not known yet")
    address = profile.endpoint.base_url
    about = said("{address} ({wire}, {models}), {key}", address=address, wire=wire, models=models, key=key)
    if added.replaced:
        out.line(say("replaced {name}: {about}", name=profile.name, about=about))
    else:
        out.line(say("added {name}: {about}", name=profile.name, about=about))
    if report is not None and report.verdict == "broken":
        if profile.endpoint.wire is None:
            for hint in normalise_url(profile.endpoint.base_url).hints:
                out.point("warn", hint, indent=2, talk=True)
        out.talk(
            say(
                "it is saved, but it does not work yet; once that is fixed, run: ccswitch-tui probe {name}",
                name=profile.name,
            )
        )
    elif not used:
        out.talk(say("next: {command}", command=_next(profile.name, bool(profile.models.named()))))


def _header_place(header: str, ref: SecretRef, added: Added) -> str:
    if ref.kind == "keyring" and added.stored_in:
        return said(", header {header} in the {store}", header=header, store=added.stored_in)
    return said(", header {header}: {ref}", header=header, ref=ref)


def _next(name: str, has_model: bool) -> str:
    return f"ccswitch-tui use {name}" if has_model else f"ccswitch-tui edit {name} --set models.default=MODEL"
