"""`key NAME`: the credential Claude Code should send, into the pipe that asked for it.

Claude Code's apiKeyHelper calls this at every start. Through the proxy that is
the proxy's own local token; the endpoint's key stays out of the client. A
failure is one line on stderr, which Claude Code shows to the user.
"""

from __future__ import annotations

from ccswitch_tui.cli.plainly import Plain
from ccswitch_tui.errors import UsageError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.mintty import is_mintty
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Prints the credential Claude Code should send for a profile. Route 'proxy': the
local token of the background proxy, which is started if it is not running.
Route 'direct': the endpoint's own key. Neither is printed when ANTHROPIC_BASE_URL,
or the settings of the folder Claude Code works in, name another address."""

EXAMPLES = """\
examples:
  ccswitch-tui key work | wc -c
  ccswitch-tui key work --upstream | my-script    the endpoint's key, whatever the route"""


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("name", metavar="NAME", help="a profile, or with --stored the name of a key")
    parser.add_argument("--upstream", action="store_true", help="the endpoint's key also where the proxy is used")
    parser.add_argument(
        "--stored", action="store_true", help="a key by its own name in the key store ('adopt' prints it)"
    )
    parser.add_argument(
        "--over-project",
        action="store_true",
        help="asked by a file for --settings, which overrides the folder's settings",
    )
    parser.add_argument(
        "--lasting",
        action="store_true",
        help="a local token that stays valid, for variables; otherwise the running proxy's own",
    )
    parser.add_argument("--reveal", action="store_true", help="print it even on a terminal, where it remains visible")


PLAIN = Plain(
    {"upstream": False, "stored": False, "over_project": False, "lasting": False, "reveal": False},
    name="name",
    flags={"--over-project": ("over_project", True)},
)


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints one line, or raises KeyStoreError."""
    if (is_terminal(out.stdout) or is_mintty(out.stdout)) and not args.reveal:
        raise UsageError(
            say("a key does not belong on a terminal, where it stays in the scrollback"),
            hint=say("pipe it, or: ccswitch-tui key {name} --reveal", name=args.name),
        )
    if args.stored:
        from ccswitch_tui.profiles.model import SecretRef

        out.reveal(ctx.keys.resolve(SecretRef("keyring", args.name)))
    else:
        profile = ctx.book().get(args.name)
        if not args.upstream:
            from ccswitch_tui.workflows.caller import check_caller

            check_caller(ctx, profile, over_project=args.over_project)
        out.reveal(credential(ctx, profile, upstream=args.upstream, lasting=args.lasting))
    return 0


def credential(ctx: Context, profile: Profile, *, upstream: bool, lasting: bool = False) -> Secret:
    """What Claude Code sends to the address this profile's settings name."""
    if profile.route == "proxy" and not upstream:
        from ccswitch_tui.workflows.lending import lend

        if ctx.proxy.ensure_running(or_begun=True).running:
            lend(ctx, profile)  # one that begins has this very environment
        return ctx.proxy.lasting_token() if lasting else ctx.proxy.token()
    if profile.key.kind == "none" and not upstream:
        # Without any credential Claude Code would send the vendor's login it may have.
        from ccswitch_tui.secret import Secret

        return Secret("none")
    from ccswitch_tui.credentials.hosts import check_key_host

    check_key_host(profile)
    return ctx.keys.resolve(profile.key, profile.endpoint.auth)
