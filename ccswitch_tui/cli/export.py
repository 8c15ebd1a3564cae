"""`export NAME --to TOOL`: a profile as another tool's file, a variable in the key's place."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

EXAMPLES = """\
examples:
  ccswitch-tui export work --to litellm --output litellm.yaml
  ccswitch-tui export work --to curl
  WORK_API_KEY="$(ccswitch-tui key work --upstream)" litellm --config litellm.yaml
"""


NO_VARIABLES = ("toml", "aider", "claude-settings")
"""Forms that name no variable for a header: a reference stands in the first, nothing in the others."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a profile")
    parser.add_argument("--to", metavar="TOOL", help="litellm, curl, env, claude-settings, aider, continue, toml")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file instead of standard output")
    parser.add_argument("--force", action="store_true", help="replace the file")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.import_export import EXPORTS, export_profile, header_variables

    if args.to is None:
        raise UsageError(
            say("for which tool?"),
            hint=say("'ccswitch-tui export {name} --to TOOL': {tools}", name=args.name, tools=", ".join(EXPORTS)),
        )
    text, variable = export_profile(ctx, args.name, args.to)
    profile = ctx.book().get(args.name)
    headers = {} if args.to in NO_VARIABLES else header_variables(profile)
    if args.output:
        _write(os.path.join(ctx.cwd, args.output), text, args.force)
    if args.json:
        shown = {"version": 1, "profile": args.name, "to": args.to, "text": text, "key_variable": variable}
        shown |= {"header_variables": headers} if headers else {}
        out.json({**shown, "file": args.output})
        return 0
    if args.output:
        out.line(say("wrote {file}", file=args.output))
    else:
        out.block(text.rstrip("\n"))
    if variable:
        out.talk(
            say(
                "the key is not in it: {variable} must hold it ('ccswitch-tui key {name} --upstream' prints it)",
                variable=variable,
                name=args.name,
            )
        )
    for header, name in headers.items():
        ref = profile.secret_headers[header]
        if ref.kind == "keyring":
            where = say("'ccswitch-tui key --stored {name}' prints it", name=ref.name)
        else:
            where = say("it is at {ref}", ref=ref)
        out.talk(
            say(
                "nor is that of {header}: {variable} must hold it, with its scheme ({where})",
                header=header,
                variable=name,
                where=where,
            )
        )
    return 0


def _write(path: str, text: str, force: bool) -> None:
    try:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CcswitchError(say("{path} already exists", path=path), hint=say("add --force to replace it")) from None
    except OSError as error:
        raise CcswitchError(say("cannot write {path}: {reason}", path=path, reason=error.strerror)) from None
