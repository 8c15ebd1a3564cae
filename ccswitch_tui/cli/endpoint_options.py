"""The options that describe an endpoint: shared by `add` and by `probe --url`.

No option takes a key as its value: command lines are seen by every process and
kept in the shell's history.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import END_OF_TEXT, is_terminal
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.profiles.model import SecretRef, parse_secret_ref
from ccswitch_tui.secret import Secret, forbid_core_dumps
from ccswitch_tui.sentence import either, joined, say
from ccswitch_tui.wire.formats import WIRES

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--paste", metavar="-", help="'-' reads what you paste: curl, exports, .env, JSON, SDK code, a link"
    )
    source.add_argument("--preset", metavar="ID[:VALUE]", help="a provider of 'ccswitch-tui presets'")
    parser.add_argument("--url", help="the address; with --paste, instead of the one in the text")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument(
        "--tier", action="append", default=[], metavar="TIER=MODEL", help="haiku=…, opus=… (repeatable)"
    )
    parser.add_argument("--wire", metavar="FORMAT", help=f"{either(WIRES)}; probed if absent")
    parser.add_argument("--auth", metavar="STYLE", help="bearer, x-api-key, both, none or header:NAME")
    parser.add_argument(
        "--header", action="append", default=[], metavar="'K: V'", help="an additional header (repeatable)"
    )
    secret_header(parser)
    parser.add_argument("--key-stdin", action="store_true", help="read the key from standard input")
    parser.add_argument(
        "--key", metavar="REF", help="where the key is: env:NAME or 'command:op read …'; never the key itself"
    )


def secret_header(parser: argparse.ArgumentParser) -> None:
    """Adds the option for a header that holds a secret."""
    parser.add_argument(
        "--secret-header", action="append", default=[], metavar="NAME[=REF]",
        help="a header with a secret of its own, kept like the key: asked for, or a line of standard input (after the "
        "key); REF as for --key (repeatable)",
    )  # fmt: skip


def draft_from_args(args: argparse.Namespace, ctx: Context, out: Output) -> Draft:
    """The endpoint these options describe, and its secrets if they hold or name them. Raises UsageError."""
    from ccswitch_tui.interop.headers import header_option
    from ccswitch_tui.workflows import add

    key_ref = key_reference(args.key) if args.key is not None else None
    if args.paste is not None and args.key_stdin:
        raise UsageError(
            say("--paste and --key-stdin both read standard input"),
            hint=say("name the key with --key env:NAME instead"),
        )
    if args.preset is not None and args.url is not None:
        raise UsageError(say("--preset and --url both give the address"), hint=say("use one of them"))
    if args.key is not None and args.key_stdin:
        raise UsageError(say("--key and --key-stdin both give the key"), hint=say("use one of them"))
    if args.paste is not None:
        draft = add.draft_from_text(pasted_text(args.paste), args.url)
    elif args.preset is not None:
        draft = add.draft_from_preset(args.preset, wire=args.wire)
    elif args.url is not None:
        draft = add.known_provider(add.draft_from_url(args.url))
    else:
        raise UsageError(
            say("where is the endpoint?"),
            hint=say("add --paste - and paste a curl command, or use --preset ID or --url URL"),
        )
    draft = add.with_options(
        draft, model=args.model, tiers=dict(map(_tier, args.tier)), wire=args.wire, auth=args.auth,
        headers=list(map(header_option, args.header)),
    )  # fmt: skip
    auth = draft.endpoint.auth if draft.endpoint else "bearer"
    key, headers = given_secrets(args, out, auth, piped=args.paste == "-")
    fresh = {header.lower() for header in headers}
    kept = {header: secret for header, secret in draft.secret_headers.items() if header.lower() not in fresh}
    draft = draft._replace(secret_headers={**kept, **headers})
    if key_ref is not None:
        return draft._replace(key_ref=key_ref, secret=None)
    return draft._replace(secret=key, key_ref=None) if key is not None else draft


def given_secrets(
    args: argparse.Namespace, out: Output, auth: str, *, piped: bool = False
) -> tuple[Secret | None, dict[str, Secret | SecretRef]]:
    """The key of --key-stdin, and what each --secret-header holds or names. Raises UsageError.

    `piped`: standard input is something else already.
    """
    from ccswitch_tui.workflows.edit import secret_reference

    headers: dict[str, Secret | SecretRef] = {}
    asked: list[str] = []
    for text in args.secret_header:
        name, equals, ref = text.partition("=")
        name = _header_name(name, text)
        if equals:
            headers[name] = secret_reference(ref)
        else:
            asked.append(name)
    if asked and piped:
        raise UsageError(
            say("--paste - and --secret-header both read standard input"),
            hint=say("name where its value is: --secret-header {header}=env:VARIABLE", header=asked[0]),
        )
    if not asked:
        return (key_from_stdin(auth) if args.key_stdin else None), headers
    if not args.key_stdin and is_terminal(sys.stdin):
        return None, headers | {name: ask_for_header(out, name) for name in asked}
    key, values = _lines_of_stdin(asked, auth if args.key_stdin else None)
    return key, {**headers, **values}


def _header_name(name: str, whole: str) -> str:
    from ccswitch_tui.profiles.model import is_header_name

    if is_header_name(name.strip()):
        return name.strip()
    Secret(whole)
    Secret(whole.partition(":")[2].strip())
    raise UsageError(
        say("--secret-header takes the header's name alone, or NAME=env:VARIABLE: every process sees a command line"),
        hint=say("its value is asked for, or read from standard input. If that was a real key, rotate it"),
    )


def _lines_of_stdin(headers: list[str], auth: str | None) -> tuple[Secret | None, dict[str, Secret | SecretRef]]:
    """One secret a line: the key first, where `auth` says that one comes, then the headers in their order."""
    from ccswitch_tui.credentials.base import clean_key

    lines = [line for line in read_stdin(100_000).decode("utf-8", "replace").splitlines() if line.strip()]
    wanted = [*([] if auth is None else [say("the key")]), *headers]
    if len(lines) != len(wanted):
        raise UsageError(
            say("standard input has {n} lines for {wanted} secrets", n=len(lines), wanted=len(wanted)),
            hint=say("one line each, in this order: {names}", names=joined(wanted, ", ")),
        )
    key = clean_key(lines.pop(0), auth) if auth is not None else None
    return key, {name: clean_key(line, f"header:{name}") for name, line in zip(headers, lines, strict=True)}


def ask_for_header(out: Output, header: str) -> Secret:
    """Asks for a secret header's value on the terminal, showing nothing."""
    from ccswitch_tui.credentials.base import clean_key

    question = say("value of {header} (not shown; with its scheme, as in 'Bearer …'):", header=header)
    return clean_key(out.ask_hidden(question), f"header:{header}")


def key_reference(text: str) -> SecretRef:
    """A `--key` value as a reference. What looks like the key itself is refused and not repeated."""
    kind = text.partition(":")[0]
    if kind in ("env", "command") or text == "none":
        return parse_secret_ref(text)
    if kind == "keyring":
        return parse_secret_ref(text)
    Secret(text)
    raise UsageError(
        say(
            "--key takes a reference, never the key itself: every process can see a command line, "
            "and the shell keeps it in its history"
        ),
        hint=say(
            "--key-stdin reads it from standard input; --key env:NAME or --key 'command:…' say where it is. "
            "If that was a real key, it is in your shell's history now: rotate it"
        ),
    )


def pasted_text(source: str) -> bytes:
    """Standard input for '-', or a file's bytes, up to a byte more than a paste may have."""
    from ccswitch_tui.interop.paste import LONGEST_PASTE

    if source == "-":
        return read_stdin(4 * LONGEST_PASTE)
    try:
        with open(source, "rb") as file:
            return file.read(4 * LONGEST_PASTE)
    except OSError:
        Secret(source)
        raise UsageError(
            say("--paste takes '-' or a file's name: what you paste is read from standard input"),
            hint=say("run it with --paste -, paste, then press {end} on a line of its own", end=END_OF_TEXT),
        ) from None


def key_from_stdin(auth: str = "bearer") -> Secret:
    """The key on standard input, for that auth style. Raises UsageError for what no header can carry."""
    from ccswitch_tui.credentials.base import clean_key

    return clean_key(read_stdin(100_000).decode("utf-8", "replace"), auth)


def read_stdin(at_most: int) -> bytes:
    """Standard input up to this many bytes. What comes may be a key: no core file may hold it."""
    forbid_core_dumps()
    binary = getattr(sys.stdin, "buffer", None)
    return binary.read(at_most) if binary is not None else sys.stdin.read(at_most).encode("utf-8", "surrogateescape")


def ask_for_key(out: Output, name: str, where: str, auth: str = "bearer") -> Secret:
    """Asks on the terminal, showing nothing. Raises UsageError where there is none to ask on."""
    from ccswitch_tui.credentials.base import clean_key

    if not is_terminal(sys.stdin):
        raise UsageError(
            say("there is no key for '{name}'", name=name),
            hint=say("pipe it in with --key-stdin, or say where it is: --key env:NAME or --key 'command:…'"),
            kind="no-key",
        )
    return clean_key(
        out.ask_hidden(say("key for {name} (not shown; stored in the {where}):", name=name, where=where)), auth
    )


def _tier(text: str) -> tuple[str, str]:
    tier, equals, model = text.partition("=")
    if not equals or not model.strip():
        raise UsageError(say("--tier takes TIER=MODEL"), hint=say("for example --tier haiku=small-model"))
    return tier.strip(), model.strip()
