"""`unlock`: make the keys usable until `lock`, a time-out or the end of the background proxy.

The only place that asks for a passphrase, and only on a terminal of its own.
There is no variable for it: an environment is inherited by every child, shown
in /proc and kept by container tools. Scripts pipe it in, or need no file at
all with `--key env:NAME`.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import named, spoken
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Unlocks the key store. An encrypted key file (for machines without an OS
keyring) is opened with its passphrase; the background proxy, started if
needed, keeps it open in memory. An OS keyring asks in its own dialog."""

EXAMPLES = """\
examples:
  ccswitch-tui unlock --create                    make an encrypted key file here
  ccswitch-tui unlock --timeout 8h
  ccswitch-tui unlock --passphrase-stdin < /run/secrets/ccswitch"""

STATES = {True: "unlocked", False: "locked", None: "opens when it is used"}
"""A key store, by whether it is unlocked; None where the system decides."""

DAY_S = 24 * 3600.0

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument(
        "--timeout", metavar="TIME", help="lock again after this long: 30m, 8h, 7d, never (default 24h)"
    )
    parser.add_argument("--passphrase-stdin", action="store_true", help="read the passphrase from stdin")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--create", action="store_true", help="make an encrypted key file, with a new passphrase")
    what.add_argument("--change-passphrase", action="store_true", help="encrypt the key file with a new passphrase")
    what.add_argument("--from-copy", action="store_true", help="use the second copy instead of a damaged key file")
    what.add_argument("--status", action="store_true", help="only show whether it is unlocked")
    parser.add_argument("--force", action="store_true", help="with --create: even if keys are in an OS keyring")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Unlocks, then says what is open and for how long."""
    from ccswitch_tui.workflows import keys

    timeout_s = parse_time(args.timeout) if args.timeout else DAY_S
    if args.status:
        now = keys.store_status(ctx)
    elif args.create:
        keys.check_can_create(ctx, force=args.force)
        passphrase = _new_passphrase(args, out)
        now = keys.create_key_file(ctx, passphrase, timeout_s=timeout_s, force=args.force)
    elif args.change_passphrase:
        if args.passphrase_stdin:
            raise UsageError(
                say("a passphrase can only be changed on a terminal, by somebody who types the old one and the new one")
            )
        old = _ask(say("passphrase until now:"), out)
        now = keys.change_passphrase(ctx, old, _new_passphrase(args, out), timeout_s=timeout_s)
    else:
        if args.from_copy:
            keys.restore_key_file(ctx)
            out.talk(
                say(
                    "the second copy is in place; the damaged file is {file}.damaged",
                    file=ctx.paths.encrypted_keys,
                )
            )
        if not keys.needs_passphrase(ctx):
            out.talk(
                say(
                    "waiting for the {store} (at most {seconds:.0f} s)",
                    store=ctx.keys.where(),
                    seconds=keys.DIALOG_WAIT_S,
                )
            )
            now = keys.unlock(ctx)
        else:
            now = keys.unlock(ctx, _passphrase(args, out), timeout_s=timeout_s)
    show(now, out, as_json=args.json)
    return 0 if now.unlocked is not False and not now.problem else 5


def show(now: Any, out: Output, *, as_json: bool) -> None:
    """The state of the key store, for people or as JSON."""
    if as_json:
        out.json({"version": 1, **now._asdict()})
        return
    if now.problem:
        out.point("fail", now.problem)
        if now.hint:
            out.line(f"  {spoken(now.hint)}")
        return
    state = STATES[now.unlocked]
    if now.seconds_left:
        state = say("{state} for {time}", state=say(state), time=spell(now.seconds_left))
    sign = "ok" if now.unlocked is not False else "skip"
    out.line(f"{out.glyph(sign)} {spoken(now.where)}: {named(spoken(state))}")


def parse_time(text: str) -> float | None:
    """`30m`, `8h`, `7d`, `90` (seconds), or `never`. Raises UsageError."""
    if text in ("never", "0"):
        return None
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    if not match or int(match[1]) == 0:
        raise UsageError(say("'{text}' is not a duration", text=text), hint=say("write it like 30m, 8h, 7d or never"))
    return float(int(match[1]) * UNITS_S[match[2] or "s"])


def spell(seconds: int) -> str:
    """A time for people, rounded up: `24 h`, `90 min`, `45 s`."""
    for unit, size, least in (("h", 3600, 7200), ("min", 60, 120), ("s", 1, 0)):
        if seconds >= least:
            return f"{-(-seconds // size)} {unit}"
    return f"{seconds} s"


def _passphrase(args: Any, out: Output) -> Secret:
    if not args.passphrase_stdin:
        return _ask(say("passphrase:"), out)
    text = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError(say("no passphrase on standard input"))
    return Secret(text)


def _new_passphrase(args: Any, out: Output) -> Secret:
    if args.passphrase_stdin:
        return _passphrase(args, out)
    out.talk(say("the passphrase protects the keys on this disk; without it they cannot be recovered"))
    first = _ask(say("new passphrase:"), out)
    if _ask(say("once more:"), out) != first:
        raise UsageError(say("the two do not match: nothing was written"))
    return first


def _ask(prompt: str, out: Output) -> Secret:
    if not (is_terminal(sys.stdin) and is_terminal(out.stderr)):
        raise UsageError(
            say("there is no terminal on which to ask for the passphrase"),
            hint=say("run 'ccswitch-tui unlock' in a terminal, or pipe it: --passphrase-stdin"),
        )
    try:
        return Secret(out.ask_hidden(prompt))
    except EOFError:
        raise UsageError(say("no passphrase was given")) from None
