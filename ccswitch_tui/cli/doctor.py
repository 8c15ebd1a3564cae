"""`doctor`: what is wrong on this machine, and with a profile. Read-only."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ccswitch_tui.language import counted
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Checks Claude Code, its settings, the key store, the proxy, the environment,
certificates and HTTP proxies on this machine. Changes nothing, unlocks nothing and
connects to nothing but our own proxy, unless you ask for --network. With NAME,
also checks that profile."""

EXAMPLES = """\
examples:
  ccswitch-tui doctor
  ccswitch-tui doctor work --unlock     also read its key, which may make the key store ask
  ccswitch-tui doctor --network         also connect to the host that WebFetch asks before each page

exit codes: 0 nothing wrong, 1 findings"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="also check this profile")
    parser.add_argument("--unlock", action="store_true", help="also read the keys; the key store may ask you")
    parser.add_argument("--network", action="store_true", help="also connect to Claude Code's vendor, as WebFetch does")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    """Prints the findings; 1 when there are any."""
    from ccswitch_tui.workflows.diagnose import diagnose

    findings, checked = diagnose(ctx, args.name, unlock=args.unlock, network=args.network)
    if args.json:
        out.json({"version": 1, "findings": [finding.to_json() for finding in findings], "checked": checked})
    elif not findings:
        out.point("ok", say("nothing wrong in {count} checks", count=len(checked)))
    else:
        from ccswitch_tui.cli.told import tell_finding

        for finding in findings:
            tell_finding(finding, out)
            out.line()
        found = counted(len(findings), "{count} finding", "{count} findings")
        out.point("warn", say("{found} in {count} checks", found=found, count=len(checked)))
        if args.name:
            out.talk(say("to test the endpoint itself: ccswitch-tui probe {name}", name=args.name))
    return 1 if findings else 0
