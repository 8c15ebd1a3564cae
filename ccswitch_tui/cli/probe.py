"""`probe`: what an endpoint can do, and what is wrong with it, rung by rung."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccswitch_tui.cli import endpoint_options
from ccswitch_tui.cli.compare import SORTS
from ccswitch_tui.cli.verdict_codes import code_of
from ccswitch_tui.errors import UsageError
from ccswitch_tui.language import said
from ccswitch_tui.sentence import say, to_paste

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Tests an endpoint with a ladder of small requests and says what each one proved.
Quick: up to one answer (at most 4 requests). Default: also streaming, tool calls and
our proxy (16). Full: everything Claude Code uses, and Claude Code itself (30).

Several names, --tag or --all compare profiles side by side: verdict, time to the
first token, price. A few are probed at a time, each with its own key at its own host,
and a broken one does not stop the others."""

EXAMPLES = """\
examples:
  ccswitch-tui probe work
  ccswitch-tui probe work --full --learn        store what was learned in the profile
  ccswitch-tui probe --url https://api.example.com/v1 --key env:MY_KEY --model m1    nothing is saved
  ccswitch-tui probe work --markdown > report.md
  ccswitch-tui probe --all --sort first       who answers first
  ccswitch-tui probe work home --json

exit codes: 0 works, 1 works with limits, 3 does not, 4 the key is refused; of several
profiles the worst one's"""

LONGEST_PATIENCE_S = 3600.0


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="a profile, or several to compare")
    parser.add_argument("--all", action="store_true", help="compare all profiles")
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="compare those with this tag")
    parser.add_argument("--sort", choices=SORTS, default="verdict", help="the order of a comparison (default: verdict)")
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--quick", action="store_true", help="up to one answer: 4 requests at most")
    depth.add_argument("--full", action="store_true", help="everything Claude Code uses: 30 requests at most")
    parser.add_argument(
        "--learn", action="store_true", help="store learned quirks in the profile and drop disproved ones"
    )
    parser.add_argument(
        "--patience", type=_seconds, metavar="SECONDS",
        help=("how long an answer may take to begin (default 25; 60 for local model servers and "
"with --full)"),
    )  # fmt: skip
    parser.add_argument("--verbose", "-v", action="store_true", help="show every exchange as curl -v would")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="the versioned JSON report")
    shape.add_argument("--markdown", action="store_true", help="a report to paste into an issue")
    endpoint_options.configure(parser)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= LONGEST_PATIENCE_S:
        raise UsageError(
            say("'{text}' is not a number of seconds from 1 to {most:.0f}", text=text, most=LONGEST_PATIENCE_S),
            hint=to_paste("--patience 60"),
        )
    return seconds


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    """Probes, prints, and returns the exit code the verdict means."""
    import asyncio

    from ccswitch_tui.cli import compare
    from ccswitch_tui.workflows.examine import cost, examine
    from ccswitch_tui.workflows.learning import learn

    ladder: Ladder = "quick" if args.quick else "full" if args.full else "default"
    if compare.several(args):
        return compare.run(args, ctx, out, ladder)
    args.name = args.names[0] if args.names else None
    profile, key, headers, changes = _target(args, ctx, out)
    note = _key_note(profile, key)
    live = not args.json and not args.markdown
    if live:
        _announce(profile, note, ladder, cost(profile, ladder), out)
    on_step = (lambda step: _tell(step, out)) if live else (lambda step: None)
    climb = examine(
        ctx,
        profile,
        key,
        secret_headers=headers,
        ladder=ladder,
        on_step=on_step,
        key_note=note,
        url_changes=changes,
        patience_s=args.patience,
    )
    report = asyncio.run(climb)
    if args.learn and args.name:
        learn(ctx, args.name, report)
    _print(report, args, out)
    return exit_code(report)


def exit_code(report: ProbeReport) -> int:
    """What the verdict means for a script."""
    return code_of(report.verdict, report.findings[0].kind if report.findings else "")


def _target(
    args: argparse.Namespace, ctx: Context, out: Output
) -> tuple[Profile, Secret | None, Mapping[str, Secret] | None, tuple[str, ...]]:
    """The profile, its key, its secret headers where they are not stored, and what was changed in the address."""
    described = args.url or args.paste or args.preset
    if args.name and described:
        raise UsageError(
            say("give a profile or an address, not both"), hint=say("omit NAME to probe the address alone")
        )
    if args.name and "://" in args.name:
        from ccswitch_tui.secret import Secret

        Secret(args.name)  # it may hold a key
        raise UsageError(
            say("that is an address, not the name of a profile"), hint=say("'ccswitch-tui probe --url URL' probes it")
        )
    if args.name:
        from ccswitch_tui.workflows.examine import check_key_host, key_of

        profile = ctx.book().get(args.name)
        check_key_host(profile)
        return profile, key_of(ctx, profile), None, ()
    if args.learn:
        raise UsageError(say("--learn stores what was learned in a profile: name one"))
    if not described:
        raise UsageError(say("there is nothing to probe"), hint=say("name a profile, or give --url URL, or --all"))
    from ccswitch_tui.profiles.model import SecretRef
    from ccswitch_tui.workflows.add import headers_for_probe

    draft = endpoint_options.draft_from_args(args, ctx, out)
    key = draft.secret
    if key is None and draft.key_ref is not None and draft.key_ref.kind != "none":
        key = ctx.keys.resolve(draft.key_ref, draft.endpoint.auth if draft.endpoint else "bearer")
    profile = draft.profile("", SecretRef("none"))
    return profile, key, headers_for_probe(ctx, draft), draft.notes


def _key_note(profile: Profile, key: Secret | None) -> str:
    if key is None:
        return say("no key")
    where = {
        "keyring": say("key from the key store"),
        "env": say("key from ${name}", name=profile.key.name),
        "command": say("key from a command"),
    }
    return where.get(profile.key.kind, say("key given"))


def _announce(profile: Profile, note: str, ladder: str, cost: Any, out: Output) -> None:
    from ccswitch_tui.probe.report import head_line

    out.line(head_line(profile.name, profile.endpoint.base_url, profile.endpoint.wire, note, out.paint))
    if ladder != "quick":
        words = said("about {requests} requests and {tokens:,} tokens", requests=cost.requests, tokens=cost.tokens)
        out.talk(out.paint("dim", f"  {words}"))


def _tell(step: Step, out: Output) -> None:
    from ccswitch_tui.cli.told import tell_step

    tell_step(step, out)


def _print(report: ProbeReport, args: argparse.Namespace, out: Output) -> None:
    from ccswitch_tui.cli.told import tell_finding
    from ccswitch_tui.probe import report as reporting

    if args.json:
        out.json(report.to_json())
        return
    if args.markdown:
        out.block(reporting.markdown(report).rstrip("\n"))
        return
    out.line()
    for finding in report.findings:
        tell_finding(finding, out)
        out.line()
    _print_quirks(report, args, out)
    if args.verbose:
        from ccswitch_tui.probe.exchange import curl_verbose

        for exchange in report.exchanges:
            out.line(out.paint("bold", f"#{exchange.id} {exchange.rung} {exchange.variant}".rstrip()))
            out.block(curl_verbose(exchange))
            out.line()
    out.line(reporting.verdict_line(report, out.glyph, out.paint))


def _print_quirks(report: ProbeReport, args: argparse.Namespace, out: Output) -> None:
    from ccswitch_tui.probe.report import quirk_lines

    lines = list(quirk_lines(report))
    if not lines:
        return
    kept = said("learned, and stored in the profile:") if args.learn else said("learned:")
    out.line(f"  {kept}")
    for line in lines:
        out.line(line)
    if not args.learn and args.name:
        out.line(f"    {said('to keep it: ccswitch-tui probe {name} --learn', name=args.name)}")
    out.line()
