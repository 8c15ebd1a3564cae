"""`edit NAME`: change a profile in $EDITOR, with --set and --unset, or give it another key."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ccswitch_tui.cli.endpoint_options import secret_header
from ccswitch_tui.errors import CcswitchError, ConflictError, UsageError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import said
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.edit import Edited

EXAMPLES = """\
examples:
  ccswitch-tui edit work                                        opens $EDITOR
  ccswitch-tui edit work --set models.haiku=small-1 --set context_window=128k
  ccswitch-tui edit work --unset endpoint.http_proxy
  ccswitch-tui edit work --tag cheap --untag trial              'list --tag cheap' finds it
  printf %s "$NEW_KEY" | ccswitch-tui edit work --key-stdin     another key; the old one goes last
  ccswitch-tui edit work --secret-header cf-aig-authorization   a header with a secret; asks for it
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a profile")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="assign", help="set a value (repeatable)"
    )
    parser.add_argument(
        "--unset", action="append", default=[], metavar="KEY", help="go back to its default (repeatable)"
    )
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="add a tag (repeatable)")
    parser.add_argument("--untag", action="append", default=[], metavar="TAG", help="remove a tag (repeatable)")
    parser.add_argument("--key-stdin", action="store_true", help="read a new key from standard input")
    parser.add_argument("--key", metavar="REF", help="where the key is: env:NAME or 'command:…'; never the key itself")
    secret_header(parser)
    parser.add_argument("--key-follows", action="store_true", help="the key may go to the new host")
    parser.add_argument("--no-verify", action="store_true", help="do not test the new key at the endpoint first")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows import edit

    changes = (args.assign, args.unset, args.tag, args.untag, args.key_stdin, args.key, args.secret_header)
    if not any(changes):
        if not (ctx.env.get("VISUAL") or ctx.env.get("EDITOR") or (is_terminal(sys.stdin) and is_terminal(out.stdout))):
            raise UsageError(
                say("there is no terminal for an editor"),
                hint=say("'ccswitch-tui edit {name} --set KEY=VALUE'", name=args.name),
            )
        edited = _in_editor(ctx, args.name, out)
        if edited is None:
            out.talk(say("nothing was changed"))
            return 0
    else:
        edited = edit.plan_edit(ctx, args.name, assign=args.assign, unset=args.unset, tag=args.tag, untag=args.untag)
    for note in edited.notes:
        out.point("skip", note, indent=2, talk=True)
    profile = _with_key(args, ctx, edited, out)
    if args.json:
        from ccswitch_tui.workflows.profiles import profile_row

        out.json({"version": 1, "profile": profile_row(ctx, profile.name).to_json()})
        return 0
    _tell(edited, profile, ctx, out, new_key=args.key_stdin, new_headers=args.secret_header)
    return 0


def _with_key(args: argparse.Namespace, ctx: Context, edited: Edited, out: Output) -> Profile:
    """Saves the change together with a new key, if one is given."""
    from ccswitch_tui.cli.endpoint_options import given_secrets, key_reference
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows import edit

    if args.key and args.key_stdin:
        raise UsageError(say("--key and --key-stdin both give the key"), hint=say("use one of them"))
    reference = key_reference(args.key) if args.key else None
    key, headers = given_secrets(args, out, edited.after.endpoint.auth)
    values = {header: secret for header, secret in headers.items() if isinstance(secret, Secret)}
    edited = edited.with_references({h: ref for h, ref in headers.items() if not isinstance(ref, Secret)})
    if reference is not None and values:
        raise UsageError(
            say("--key and a --secret-header with a value are two changes"),
            hint=say("run 'edit' once for each of them"),
        )
    if reference is not None:
        return edit.save_with_reference(ctx, edited, reference, key_follows=args.key_follows)
    if key is not None or values:
        return edit.save_with_key(
            ctx,
            edited,
            key,
            headers=values,
            key_follows=args.key_follows,
            verify=not args.no_verify,
            on_unproved=lambda why: out.point(
                "warn", say("the new key could not be proved: {why}", why=why), indent=2, talk=True
            ),
        )
    follows = args.key_follows or (edited.host_changed and _ask_to_follow(edited, out))
    return edit.save_edit(ctx, edited, key_follows=follows)


def _ask_to_follow(edited: Edited, out: Output) -> bool:
    """On a terminal: whether the key may go to the new host."""
    from ccswitch_tui.credentials.hosts import shown_host

    if not (is_terminal(sys.stdin) and is_terminal(out.stderr)):
        return False
    host = shown_host(edited.after)
    answer = out.ask(
        say("the key was given for {old_host}; may it go to {host}? [y/N]", old_host=edited.before.key_host, host=host)
    )
    return answer.lower() in ("y", "yes")


def _tell(
    edited: Edited, profile: Profile, ctx: Context, out: Output, *, new_key: bool, new_headers: list[str]
) -> None:
    from ccswitch_tui.workflows.profiles import scopes_in_use

    fresh = [h for h, ref in profile.secret_headers.items() if ref.kind == "keyring" and h in new_headers]
    if fresh:
        out.line(say("stored {headers} of {name}", headers=", ".join(fresh), name=profile.name))
    if new_key:
        out.line(say("stored the new key of {name} ({key})", name=profile.name, key=profile.key))
    elif fresh:
        pass
    elif edited.before == profile:
        out.line(say("{name} is unchanged", name=profile.name))
        return
    else:
        out.line(say("changed {name}", name=profile.name))
    if scopes_in_use(ctx).get(profile.name):
        out.point(
            "warn",
            say("it is in use: 'ccswitch-tui use {name}' writes the change to the settings", name=profile.name),
            indent=2,
            talk=True,
        )


# ---------------------------------------------------------------- $EDITOR


def _in_editor(ctx: Context, name: str, out: Output) -> Edited | None:
    """Opens the profile's text until it makes sense or is given up; None when nothing was changed."""
    from ccswitch_tui.workflows import edit

    book = ctx.book()
    profile = book.get(name)
    before = said(EDITOR_HEADER, name=name) + edit.profile_text(profile)
    text = before
    from ccswitch_tui.workflows.editor import editor_command

    command = editor_command(ctx.env)
    while True:
        text = _edited_text(command, text, name, ctx.env)
        if text.strip() in ("", before.strip()):
            return None
        try:
            edited = edit.plan_text(profile, text, book.sha256)
            if ctx.book().sha256 != book.sha256:
                raise ConflictError(
                    say("{file} changed while the editor was open: nothing was written", file=ctx.paths.profiles),
                    hint=say("run 'ccswitch-tui edit {name}' again to see the new state", name=name),
                )
            return edited
        except UsageError as error:
            out.error(error)
            if not _again(out):
                raise UsageError(
                    say("the profile was left as it was"), hint=say("'ccswitch-tui edit {name}' starts over", name=name)
                ) from None


EDITOR_HEADER = (
    "# {name}: save and leave the editor to change it; leave without saving, or empty the file, to give up\n"
)


def _edited_text(command: list[str], text: str, name: str, env: Mapping[str, str]) -> str:
    """The text as the editor left it. It lies in a file only we can read meanwhile."""
    import subprocess
    import tempfile

    handle, path = tempfile.mkstemp(prefix=f"ccswitch-{name}-", suffix=".toml")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            code = subprocess.call([*command, path], env=dict(env))
        except OSError as error:
            raise CcswitchError(
                say("cannot start the editor '{editor}': {reason}", editor=command[0], reason=error.strerror),
                hint=say("set EDITOR, or use --set KEY=VALUE"),
            ) from None
        if code != 0:
            raise CcswitchError(say("the editor exited with code {code}: nothing was changed", code=code))
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return file.read()
    finally:
        os.unlink(path)


def _again(out: Output) -> bool:
    if not is_terminal(sys.stdin):
        return False
    return out.ask(say("open the editor again? [Y/n]")).lower() in ("", "y", "yes")
