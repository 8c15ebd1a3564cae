"""`proxy serve|start|stop|status|logs|usage|service`: the translating proxy."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import CcswitchError, ExitCode, UsageError
from ccswitch_tui.wire.formats import WIRES

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.proxy.background.control import ProxyStatus
    from ccswitch_tui.workflows.context import Context

SERVICE_WAIT_S = 5.0
"""What the system may take to start the login service; the proxy itself takes under a second."""

DESCRIPTION = "The proxy between Claude Code and an endpoint that speaks another language."

EXAMPLES = """\
examples:
  ccswitch-tui proxy start                         the background proxy that 'use' and the app rely on
  ccswitch-tui proxy logs -f                       watch requests as they happen
  ccswitch-tui proxy usage --by model              requests, tokens, and what they cost where that is known
  ccswitch-tui proxy usage --csv > usage.csv       the same for a spreadsheet
  ccswitch-tui proxy serve --profile work          one profile, in the foreground
  ccswitch-tui proxy serve --upstream http://127.0.0.1:8080/v1 --model qwen3 --key none --token none --port 4000
"""


def configure(parser: argparse.ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", required=True, metavar="serve|start|stop|status|logs|usage|service")
    _configure_serve(words.add_parser("serve", help="serve in the foreground", allow_abbrev=False))
    start = words.add_parser("start", help="start the background proxy; success if it runs", allow_abbrev=False)
    start.add_argument("--port", type=int, help="move to this port for good (0: any free one)")
    stop = words.add_parser("stop", help="end it when its streams are finished", allow_abbrev=False)
    stop.add_argument("--now", action="store_true", help="do not wait for streams")
    stop.add_argument("--for-good", action="store_true", help="also when sessions run: their requests do not start it")
    stop.add_argument("--yes", action="store_true", help="do not ask")
    status = words.add_parser("status", help="whether it runs, and what it does", allow_abbrev=False)
    logs = words.add_parser("logs", help="its log", allow_abbrev=False)
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what happens from now on")
    logs.add_argument("-n", "--lines", type=int, default=50, help="how many lines (default 50)")
    logs.add_argument("--exchange", type=int, metavar="N", help="one exchange by its number, both sides, masked")
    usage = words.add_parser("usage", help="requests, tokens and known costs", allow_abbrev=False)
    usage.add_argument("--by", choices=("day", "profile", "model"), help="sum by one of them")
    usage.add_argument("--csv", action="store_true", help="one row a line, for a spreadsheet")
    usage.add_argument("--since", metavar="DAY", default="", help="from this day on (YYYY-MM-DD)")
    service = words.add_parser("service", help="start it at login", allow_abbrev=False)
    service.add_argument("action", choices=("install", "remove", "status"))
    service.add_argument("--dry-run", action="store_true", help="show the file and the commands, do nothing")
    for one in (start, stop, status, logs, usage, service):
        one.add_argument("--json", action="store_true")


def _configure_serve(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--token", metavar="env:NAME", help="what clients must send; 'none' on loopback only")
    parser.add_argument("--control-token", metavar="env:NAME", help="opens /_ccswitch/ (status, traffic, metrics)")
    parser.add_argument("--workers", type=int, default=1, help="processes on one port")
    parser.add_argument("--idle-exit", type=float, metavar="MINUTES", help="end after so long without a request")
    parser.add_argument("--drain", type=float, metavar="SECONDS", help="how long streams may finish (default 600)")
    parser.add_argument("--search", metavar="SOURCE", help="where web searches go, e.g. searxng:http://127.0.0.1:8888")
    parser.add_argument("--search-key", metavar="REF", default="none", help="its key, by reference as --key")
    for name in ("--listen-fd", "--guardian-fd"):
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)  # from guardian.py
    parser.add_argument("--quiet", action="store_true", help="no line per request on stderr")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    words = {"serve": _serve, "start": _start, "stop": _stop, "status": _status, "logs": _logs}
    words |= {"usage": _usage, "service": _service}
    return words[args.word](args, ctx, out)


def _serve(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.serve import ServeOptions, serve

    given = vars(args)
    options = ServeOptions(**{name: given[name] for name in ServeOptions._fields})
    try:
        serve(ctx, options, on_listening=lambda url: out.line(f"listening on {url}"), say=out.talk)
    except CcswitchError as error:
        if error.kind != "already-running" or not ctx.env.get("CCSWITCH_AS_SERVICE"):
            raise
        out.talk(error.message)  # a login service: a failure would be tried again for ever
    return 0


def _start(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    if args.port is not None:
        if not 0 <= args.port < 65536:
            raise UsageError(f"{args.port} is not a port", hint="0 to 65535")
        ctx.proxy.stop()
        ctx.proxy.move(args.port)
        out.talk("the port changed: 'ccswitch-tui use NAME' tells Claude Code")
    found = ctx.proxy.ensure_running()
    _tell(found, {}, args, out)
    return 0


def _stop(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.stopping import stop_proxy

    if not _may_stop(args, ctx, out):
        out.talk("the proxy goes on running")
        return int(ExitCode.FAILED)
    result = stop_proxy(ctx, at_once=args.now, for_good=args.for_good)
    asleep = result.was_running and ctx.proxy.asleep()
    if asleep and not args.json:
        out.talk("its port is kept: the next request of a session starts it again ('--for-good' frees the port, too)")
    if args.json:
        out.json({"version": 1, **result._asdict()})
    elif not result.was_running:
        out.line("the proxy was not running")
    else:
        finishing = f", and finishes {result.finishing} running requests" if result.finishing and not args.now else ""
        out.line(f"the proxy ended{finishing}" if not result.killed else "the proxy did not answer and was ended")
    return 0


def _may_stop(args: argparse.Namespace, ctx: Context, out: Output) -> bool:
    """Asks on a terminal when somebody hangs on it; a script is told."""
    import sys

    from ccswitch_tui.workflows.stopping import proxy_load

    load = proxy_load(ctx)
    if load.idle or not load.running or args.yes or args.json:
        return True
    who = [
        f"{load.sessions} running {'session' if load.sessions == 1 else 'sessions'} of Claude Code"
        if load.sessions
        else "",
        f"{load.requests} requests under way" if load.requests else "",
        "the unlocked keys" if load.holds_keys else "",
    ]
    words = "on it hang: " + ", ".join(filter(None, who))
    if not (sys.stdin.isatty() and out.interactive):
        out.talk(words)
        return True
    return out.ask(f"{words}; stop it? [y/N]").strip().lower() in ("y", "yes")


def _status(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.claude.sessions import running_sessions
    from ccswitch_tui.workflows.traffic import running_status

    found, more = running_status(ctx)
    if not found.running:
        more = {**more, "asleep": ctx.proxy.asleep(), "sessions": len(running_sessions(ctx.paths.claude_dir))}
    _tell(found, more, args, out)
    return int(ExitCode.DONE if found.running else ExitCode.FAILED)


def _tell(found: ProxyStatus, more: dict[str, Any], args: argparse.Namespace, out: Output) -> None:
    if args.json:
        in_flight = more.pop("running", 0)
        out.json({**more, **found._asdict(), "in_flight": in_flight, "program": found.version, "version": 1})
        return
    where = f"http://{found.host}:{found.port}"
    if found.running:
        out.line(f"{out.glyph('ok')} running on {where}, pid {found.pid}, version {found.version}")
        if more.get("spent"):
            from ccswitch_tui.workflows.traffic import amounts_text

            out.line(f"  {amounts_text(more['spent'])} spent since it started, as far as prices are known")
        for problem in (*more.get("loops", ()), *more.get("problems", ())):
            out.line(f"{out.glyph('warn')} {problem}")
    elif found.problem == "taken":
        out.line(f"{out.glyph('fail')} not running, and port {found.port} belongs to another program")
    elif found.problem == "stuck":
        out.line(f"{out.glyph('fail')} process {found.pid} holds the proxy's place and does not answer")
        out.talk("ccswitch-tui: hint: 'ccswitch-tui proxy stop' ends it")
    elif found.problem == "starting":
        out.line(f"{out.glyph('skip')} not running just now: it is being started again")
    elif more.get("asleep"):
        out.line(f"{out.glyph('skip')} not running; the next request of a session starts it")
    else:
        out.line(f"{out.glyph('skip')} not running; Claude Code starts it with its next session")
        if more.get("sessions"):
            out.talk(
                f"ccswitch-tui: hint: sessions that run now: {more['sessions']}; for them: 'ccswitch-tui proxy start'"
            )


def _logs(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows import traffic

    if args.exchange is not None:
        found = traffic.one_exchange(ctx, args.exchange)
        if args.json:
            out.json(found)
        else:
            out.line(*traffic.exchange_lines(found), whole=True)
        return 0
    lines = ctx.proxy.logs(args.lines)
    if args.json and not args.follow:
        out.json({"version": 1, "lines": lines})
        return 0
    for line in lines if not args.json else ():
        out.line(line)
    if args.follow:
        for event in traffic.follow(ctx):
            if args.json:
                out.json_line({"version": 1, "event": event.what, "exchange": event.exchange})
            else:
                out.line(*traffic.as_lines(event))
    return 0


def _usage(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.cli.columns import aligned
    from ccswitch_tui.workflows import traffic

    if args.since and not re.fullmatch(r"\d{4}-\d\d-\d\d", args.since):
        raise UsageError(f"'{args.since}' is not a date", hint="--since 2026-11-01")
    rows = traffic.usage(ctx, since=args.since, by=args.by or "")
    if args.json:
        out.json({"version": 1, "usage": rows})
        return 0
    if args.csv:
        out.block(traffic.usage_csv(rows))
        return 0
    if not rows:
        out.line("nothing was counted yet")
        return 0
    names = [args.by] if args.by else ["day", "profile", "model"]
    table = [[*names, "requests", "errors", "input", "cached", "cache", "output", "cost"]]
    for row in rows:
        counts = [row["requests"], row["errors"], row["input_tokens"] + row["cache_write_tokens"]]
        cells = [*map(str, counts), str(row["cache_read_tokens"]), traffic.rate_text(row), str(row["output_tokens"])]
        table.append([*(row[name] for name in names), *cells, traffic.cost_text(row)])
    for line in aligned(table, room=out.columns):
        out.line(line)
    return 0


def _service(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.proxy.background import service
    from ccswitch_tui.proxy.background.control import serve_command

    plan = service.plan_service(ctx.paths, ctx.env, serve_command())
    if args.action == "status":
        there = service.is_installed(plan)
        if args.json:
            out.json({"version": 1, "file": plan.file, "installed": there})
        else:
            out.line(f"{out.glyph('ok' if there else 'skip')} {plan.file} {'is there' if there else 'is not there'}")
        return 0
    commands = plan.after_write if args.action == "install" else plan.before_removal
    if args.dry_run:
        _show_plan(args, plan.file, plan.text, commands, out)
        return 0
    if args.action == "install":
        ctx.proxy.address()  # the port and token exist before the service first reads them
        ctx.proxy.stop()
        service.install_service(plan)
        now = "and runs now" if _answers(ctx) else "and does not answer yet: 'ccswitch-tui proxy logs' shows why"
        done = f"written: {plan.file}; the proxy starts at login, {now}"
    else:
        done = f"removed: {plan.file}" if service.remove_service(plan) else "there was no such service"
    if args.json:
        out.json({"version": 1, "file": plan.file, "done": done, "left_out": list(plan.left_out)})
        return 0
    out.line(done)
    if args.action == "install":
        unseen = sorted({p.key.name for p in ctx.book().profiles.values() if p.key.kind == "env"})
        for name in unseen:
            out.talk(f"ccswitch-tui: hint: a login service does not see ${name}: store that key with --key-stdin")
    for name in plan.left_out:
        out.talk(f"ccswitch-tui: hint: {name} holds a password and was left out; give the profile an http_proxy")
    return 0


def _answers(ctx: Context) -> bool:
    """Whether the proxy that the system was told to start is there, or comes soon."""
    import time

    deadline = time.monotonic() + SERVICE_WAIT_S
    while not ctx.proxy.status().running:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _show_plan(args: argparse.Namespace, file: str, text: str, commands: Any, out: Output) -> None:
    if args.json:
        out.json({"version": 1, "file": file, "text": text, "commands": [list(words) for words in commands]})
        return
    if args.action == "install":
        out.line(f"would write {file}:")
        out.line()
        out.block(text.rstrip())
        out.line()
    else:
        out.line(f"would remove {file}")
    for words in commands:
        out.line(f"would run: {' '.join(words)}")
