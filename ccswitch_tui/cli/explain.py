"""`explain`: an error message pasted, and what it means."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ccswitch_tui.cells import fold, padded
from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import END_OF_TEXT, is_terminal
from ccswitch_tui.language import named, said, spoken
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.probe.explanations import Explanation
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Explains an error message of Claude Code, curl, an SDK, a gateway or this program:
what it means, who said it, and what to do. Without TEXT it reads standard input,
or with --clipboard what you copied."""

EXAMPLES = """\
examples:
  ccswitch-tui explain "There's an issue with the selected model (x)"
  ccswitch-tui explain --clipboard                           what you just copied
  claude -p hi 2>&1 | ccswitch-tui explain --profile work    also run the rung that would prove it"""

LONGEST_INPUT = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("text", nargs="*", metavar="TEXT", help="the message; without it, standard input is read")
    parser.add_argument("--clipboard", action="store_true", help="read the message from the clipboard")
    parser.add_argument("--profile", metavar="NAME", help="probe this profile just far enough to prove the cause")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    """Prints the explanations; 1 when the message is not known."""
    from ccswitch_tui.workflows.explain import explain

    if args.profile:
        ctx.book().get(args.profile)
    found = explain(_text(args, ctx, out), profile=args.profile or "")
    proof = None
    if args.profile and found:
        import asyncio

        from ccswitch_tui.workflows.explain import prove

        proof = asyncio.run(prove(ctx, args.profile, found))
    if args.json:
        shown = proof and {"verdict": proof.report.verdict, "step": proof.step.to_json() if proof.step else None}
        out.json({"version": 1, "explanations": [e.to_json() for e in found], "proof": shown})
        return 0 if found else 1
    if not found:
        out.line(say("nothing in this message is known"))
        out.hint(say("paste more of it, or let the probe find out: ccswitch-tui probe NAME"))
        return 1
    for number, one in enumerate(found):
        if number:
            out.line()
        _print(one, out)
    if proof is not None:
        from ccswitch_tui.cli.told import tell_finding, tell_step
        from ccswitch_tui.probe.report import verdict_line

        out.line()
        if proof.step is not None:
            tell_step(proof.step, out)
        for finding in proof.report.findings[:1]:
            tell_finding(finding, out)
        out.line(verdict_line(proof.report, out.glyph, out.paint))
    return 0


def _text(args: argparse.Namespace, ctx: Context, out: Output) -> str:
    if args.clipboard:
        from ccswitch_tui.workflows.clipboard import read_clipboard

        copied = read_clipboard(ctx.env)
        if not copied.strip():
            raise UsageError(say("the clipboard holds no text"), hint=say("ccswitch-tui explain 'the message'"))
        return copied
    if args.text and args.text != ["-"]:
        return " ".join(args.text)
    if sys.stdin is None or (is_terminal(sys.stdin) and args.text != ["-"]):
        if not out.interactive:
            raise UsageError(say("there is nothing to explain"), hint=say("ccswitch-tui explain 'the message'"))
        out.talk(say("paste the message, then press {end} on a line of its own:", end=END_OF_TEXT))
    text = sys.stdin.read(LONGEST_INPUT)
    if not text.strip():
        raise UsageError(say("there is nothing to explain"), hint=say("ccswitch-tui explain 'the message'"))
    return text


def _print(one: Explanation, out: Output) -> None:
    out.line(say("{who} says: {words}", who=out.paint("bold", named(one.layer)), words=out.paint("dim", one.matched)))
    for label, words in ((said("means"), one.means), (said("do"), one.do)):
        for number, line in enumerate(fold(spoken(words), min(86, (out.columns or 100) - 9), hang=0)):
            out.line(f"  {padded(label if number == 0 else '', 7)}{line}")
    for command in one.commands:
        out.line(f"         {command}", whole=True)
