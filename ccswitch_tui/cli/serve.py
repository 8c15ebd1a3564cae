"""`proxy serve`: its options, and the line with which the guardian starts the background proxy.

That line goes without a parser: the helper waits until this process has taken
its place, and the parser of `proxy`'s fifty options is a third of what comes
before.
"""

from __future__ import annotations

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.wire.formats import WIRES
from ccswitch_tui.workflows.serve import ServeOptions, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

HANDED = {"--listen-fd": "listen_fd", "--guardian-fd": "guardian_fd"}
"""Options that only guardian.py gives, and their names here."""


def asked_plainly(words: Sequence[str]) -> ServeOptions | None:
    """The options where there are none but the guardian's; None where a parser has to look."""
    names, numbers = words[::2], words[1::2]
    if len(names) != len(numbers) or len(set(names)) < len(names) or not set(names) <= HANDED.keys():
        return None
    if not all(number.isascii() and number.isdecimal() for number in numbers):
        return None
    handed: dict[str, Any] = {HANDED[name]: int(number) for name, number in zip(names, numbers, strict=True)}
    return ServeOptions(**handed)


def configure(parser: Any) -> None:
    """The command's options."""
    import argparse

    what = parser.add_mutually_exclusive_group()
    what.add_argument("--profile", metavar="NAME", help="serve this profile at the root path")
    what.add_argument("--upstream", metavar="URL", help="serve this endpoint, without any profile or file of ours")
    parser.add_argument("--model", metavar="M", help="the endpoint's model")
    parser.add_argument(
        "--tier", metavar="TIER=M", action="append", default=[], help="a tier's model, e.g. haiku=small"
    )
    parser.add_argument("--key", metavar="REF", default="none", help="env:NAME, command:… or keyring:NAME")
    parser.add_argument("--wire", choices=WIRES)
    parser.add_argument("--auth", default="bearer", help="bearer, x-api-key, both, none or header:NAME")
    parser.add_argument("--header", metavar="'K: V'", action="append", default=[], help="a further header")
    parser.add_argument("--quirk", metavar="K=V", action="append", default=[], help="a fact about the endpoint")
    parser.add_argument("--context-window", type=int, metavar="TOKENS")
    parser.add_argument("--max-output", type=int, metavar="TOKENS")
    parser.add_argument("--ca-file", metavar="FILE")
    parser.add_argument("--http-proxy", metavar="URL")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="0 picks one")
    parser.add_argument(
        "--token", metavar="env:NAME", help="what clients must send; 'none' is allowed on loopback only"
    )
    parser.add_argument(
        "--control-token", metavar="env:NAME", help="the token that opens /_ccswitch/ (status, traffic, metrics)"
    )
    parser.add_argument("--workers", type=int, default=1, help="number of processes on the port")
    parser.add_argument("--idle-exit", type=float, metavar="MINUTES", help="exit after this long without a request")
    parser.add_argument("--drain", type=float, metavar="SECONDS", help="how long streams get to finish (default 600)")
    parser.add_argument("--search", metavar="SOURCE", help="where web searches go, e.g. searxng:http://127.0.0.1:8888")
    parser.add_argument("--search-key", metavar="REF", default="none", help="its key, by reference, as with --key")
    for name in HANDED:
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--quiet", action="store_true", help="do not log requests to stderr")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Serves until it is told to end."""
    given = vars(args)
    return run_with(ServeOptions(**{name: given[name] for name in ServeOptions._fields}), ctx, out)


def run_with(options: ServeOptions, ctx: Context, out: Output) -> int:
    """The same, of options that are read."""
    try:
        serve(ctx, options, on_listening=lambda url: out.line(f"listening on {url}"), log=out.talk)
    except CcswitchError as error:
        if error.kind != "already-running" or not ctx.env.get("CCSWITCH_AS_SERVICE"):
            raise
        out.talk(error.message)  # a login service: a failure would be tried again for ever
    return 0
