"""`search [set|test|off]`: where Claude Code's web searches go."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ccswitch_tui.errors import ExitCode, UsageError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import said, spoken
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.profiles.search_source import SearchSource
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Claude Code's WebSearch asks the endpoint to search, and most other endpoints cannot.
Set a search source, and the proxy answers instead of the model. It is off until
you set one: queries then leave this machine for that host."""

EXAMPLES = """\
examples:
  ccswitch-tui search                                       where searches go now
  ccswitch-tui search set searxng http://127.0.0.1:8888     your own SearXNG, no key
  ccswitch-tui search set tavily --key-stdin                also brave, exa, serper, perplexity, ollama, deepseek
  ccswitch-tui search set endpoint:openrouter --profile work   the endpoint's own search
  ccswitch-tui search test "python 3.14 release date"       make one real search
  ccswitch-tui search off"""


def configure(parser: argparse.ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", metavar="set|test|off")
    setting = words.add_parser("set", help="set the search source", allow_abbrev=False)
    setting.add_argument(
        "source", metavar="SOURCE", help="searxng, tavily, brave, exa, serper, perplexity, ollama, deepseek, endpoint:…"
    )
    setting.add_argument("url", metavar="URL", nargs="?", help="its address, for a server of your own")
    key = setting.add_mutually_exclusive_group()
    key.add_argument("--key-stdin", action="store_true", help="read its key from standard input")
    key.add_argument("--key", metavar="REF", help="where its key is: env:NAME or 'command:op read …'")
    test = words.add_parser("test", help="make one real search", allow_abbrev=False)
    test.add_argument("query", metavar="QUERY", nargs="?", help="what to search for (default: 'example domain')")
    off = words.add_parser("off", help="turn web search off", allow_abbrev=False)
    for one in (setting, test, off):
        one.add_argument("--profile", metavar="NAME", help="for this profile only")
    for one in (parser, setting, test, off):
        one.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    return {None: _state, "set": _set, "test": _test, "off": _off}[args.word](args, ctx, out)


def _state(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.search import state

    now = state(ctx)
    if args.json:
        out.json(now.to_json())
        return int(ExitCode.DONE)
    if now.common is not None and now.common.is_on:
        if now.key_present is False:
            out.point("warn", say("web searches go to {name}, and its key is missing", name=_name(now.common)))
        else:
            out.point("ok", say("web searches go to {name}", name=_name(now.common)))
    else:
        out.point("skip", say("web search is off: no source is set"))
        out.hint(say("'ccswitch-tui search set searxng http://127.0.0.1:8888' sets one"))
    for name, source in now.own.items():
        out.line(f"    {name}: {spoken(_name(source)) if source.is_on else said('off')}")
    return int(ExitCode.DONE)


def _name(source: SearchSource) -> str:
    if source.dialect:
        return say("the endpoint's own search ({dialect})", dialect=source.dialect)
    return say("{source} at {host}", source=source.source, host=source.host)


def _set(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.cli.endpoint_options import ask_for_key, key_from_stdin, key_reference
    from ccswitch_tui.workflows.search import KEYLESS, plan_source, set_source, told, where_queries_go

    if args.key is not None:
        key_reference(args.key)
    secret = key_from_stdin() if args.key_stdin else None
    if secret is None and args.key is None and args.source not in KEYLESS and is_terminal(sys.stdin):
        plan_source(args.source, url=args.url, key="env:KEY")  # a misspelt source is refused before the question
        secret = ask_for_key(out, args.source, ctx.keys.where())
    source = plan_source(args.source, url=args.url, key=args.key, secret=secret)
    if _is_our_proxy(ctx, source):
        raise UsageError(
            say("this is our own proxy, which cannot search"), hint=say("name the address of a search service")
        )
    out.talk(where_queries_go(source, args.profile))
    set_source(ctx, source, secret, args.profile)
    if args.json:
        out.json({"version": 1, "search": told(source), "profile": args.profile})
        return int(ExitCode.DONE)
    out.point("ok", say("web searches go to {name}; 'ccswitch-tui search off' turns them off", name=_name(source)))
    out.talk(say("next: ccswitch-tui search test"))
    return int(ExitCode.DONE)


def _is_our_proxy(ctx: Context, source: SearchSource) -> bool:
    return source.host in {f"{host}:{ctx.proxy.address().port}" for host in ("127.0.0.1", "localhost", "[::1]")}


def _test(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.search.wanted import HARMLESS_QUERY
    from ccswitch_tui.workflows.search import try_source

    found = try_source(ctx, args.profile, args.query or HARMLESS_QUERY)
    if args.json:
        out.json({"version": 1, **found._asdict(), "ms": round(found.ms, 1)})
    elif found.problem:
        out.point("fail", found.problem)
    else:
        out.point(
            "ok" if found.hits else "warn", say("{count} results in {ms:.0f} ms", count=len(found.hits), ms=found.ms)
        )
        for hit in found.hits:
            out.line(f"    {hit['title']}\n      {hit['url']}")
    return int(ExitCode.ENDPOINT if found.problem else ExitCode.DONE)


def _off(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.search import turn_off

    was = turn_off(ctx, args.profile)
    if args.json:
        out.json({"version": 1, "search": None, "profile": args.profile})
    elif was is None:
        out.line(say("web search was already off"))
    else:
        out.point(
            "ok", say("web search is off; nothing is sent to {host} any more", host=was.host or say("the endpoint"))
        )
    return int(ExitCode.DONE)
