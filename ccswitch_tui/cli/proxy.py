"""`proxy serve|start|stop|status|logs|usage|service`: the translating proxy."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccswitch_tui.cli import serve
from ccswitch_tui.cli.usage import DESCRIPTION as USAGE_DESCRIPTION
from ccswitch_tui.cli.usage import configure as configure_usage
from ccswitch_tui.errors import ExitCode, UsageError
from ccswitch_tui.here import is_terminal
from ccswitch_tui.language import counted, said
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.proxy.background.seen import ProxyStatus
    from ccswitch_tui.workflows.context import Context

SERVICE_WAIT_S = 5.0
"""What the system may take to start the login service; the proxy itself takes under a second."""

DESCRIPTION = "The proxy between Claude Code and an endpoint that speaks another language."

EXAMPLES = """\
examples:
  ccswitch-tui proxy start                         start the background proxy that 'use' and the app rely on
  ccswitch-tui proxy logs -f                       watch requests as they happen
  ccswitch-tui proxy usage --by model              requests, tokens, and what they cost where that is known
  ccswitch-tui proxy usage --last week --by project  where it went
  ccswitch-tui proxy usage --csv > usage.csv       the same, for a spreadsheet
  ccswitch-tui proxy serve --profile work          serve one profile in the foreground
  ccswitch-tui proxy serve --upstream http://127.0.0.1:8080/v1 --model qwen3 --key none --token none --port 4000
"""


def configure(parser: argparse.ArgumentParser) -> None:
    words = parser.add_subparsers(dest="word", required=True, metavar="serve|start|stop|status|logs|usage|service")
    serve.configure(words.add_parser("serve", help="serve in the foreground", allow_abbrev=False))
    start = words.add_parser("start", help="start the background proxy; success if it runs", allow_abbrev=False)
    start.add_argument("--port", type=int, help="move to this port for good (0: any free one)")
    stop = words.add_parser("stop", help="stop it once its streams are finished", allow_abbrev=False)
    stop.add_argument("--now", action="store_true", help="do not wait for streams")
    stop.add_argument(
        "--for-good", action="store_true", help="even while sessions run: their requests will not start it again"
    )
    stop.add_argument("--yes", action="store_true", help="do not ask")
    status = words.add_parser("status", help="show whether it runs, and what it is doing", allow_abbrev=False)
    logs = words.add_parser("logs", help="show its log", allow_abbrev=False)
    logs.add_argument("-f", "--follow", action="store_true", help="keep printing what happens")
    logs.add_argument("-n", "--lines", type=int, default=50, help="how many lines (default 50)")
    logs.add_argument(
        "--exchange", type=int, metavar="N", help="show one exchange by its number, both sides, keys masked"
    )
    usage = words.add_parser(
        "usage",
        help="requests, tokens and known costs",
        description=USAGE_DESCRIPTION,
        allow_abbrev=False,
    )
    configure_usage(usage)
    service = words.add_parser("service", help="start it at login", allow_abbrev=False)
    service.add_argument("action", choices=("install", "remove", "status"))
    service.add_argument("--dry-run", action="store_true", help="only show the file and the commands")
    for one in (start, stop, status, logs, service):
        one.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    words = {"serve": serve.run, "start": _start, "stop": _stop, "status": _status, "logs": _logs}
    words |= {"usage": _usage, "service": _service}
    return words[args.word](args, ctx, out)


def _start(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    if args.port is not None:
        if not 0 <= args.port < 65536:
            raise UsageError(say("{port} is not a port", port=args.port), hint=say("use a number from 0 to 65535"))
        ctx.proxy.stop()
        ctx.proxy.move(args.port)
        out.talk(say("the port changed: run 'ccswitch-tui use NAME' so that Claude Code learns it"))
    found = ctx.proxy.ensure_running()
    _tell(found, {}, args, out)
    return 0


def _stop(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows.stopping import stop_proxy

    if not _may_stop(args, ctx, out):
        out.talk(say("the proxy keeps running"))
        return int(ExitCode.FAILED)
    result = stop_proxy(ctx, at_once=args.now, for_good=args.for_good)
    asleep = result.was_running and ctx.proxy.asleep()
    if asleep and not args.json:
        out.talk(
            say(
                "its port stays reserved: a session's next request starts the proxy again "
                "('--for-good' frees the port too)"
            )
        )
    if args.json:
        out.json({"version": 1, **result._asdict()})
    elif not result.was_running:
        out.line(say("the proxy was not running"))
    else:
        out.line(_stopped(result, at_once=args.now))
    return 0


def _stopped(result: Any, *, at_once: bool) -> str:
    if result.killed:
        return say("the proxy did not respond and was killed")
    if result.finishing and not at_once:
        return say("the proxy is stopping; requests it still finishes: {count}", count=result.finishing)
    return say("the proxy stopped")


def _may_stop(args: argparse.Namespace, ctx: Context, out: Output) -> bool:
    """Asks on a terminal when somebody hangs on it; a script is told."""
    import sys

    from ccswitch_tui.workflows.stopping import proxy_load

    load = proxy_load(ctx)
    if load.idle or not load.running or args.yes or args.json:
        return True
    who = [
        counted(load.sessions, "{count} running Claude Code session", "{count} running Claude Code sessions")
        if load.sessions
        else "",
        counted(load.requests, "{count} request in progress", "{count} requests in progress") if load.requests else "",
        said("the unlocked keys") if load.holds_keys else "",
    ]
    words = said("it is needed by: {who}", who=", ".join(filter(None, who)))
    if not (is_terminal(sys.stdin) and out.interactive):
        out.talk(words)
        return True
    return out.ask(say("{words}; stop it? [y/N]", words=words)).strip().lower() in ("y", "yes")


def _status(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.claude.sessions import running_sessions
    from ccswitch_tui.workflows.current import in_use
    from ccswitch_tui.workflows.traffic import running_status

    found, more = running_status(ctx)
    if not found.running:
        sessions = len(running_sessions(ctx.paths.claude_dir))
        more = {**more, "asleep": ctx.proxy.asleep(), "sessions": sessions, "in_use": sorted(in_use(ctx))}
    _tell(found, more, args, out)
    return int(ExitCode.DONE if found.running else ExitCode.FAILED)


def _tell(found: ProxyStatus, more: dict[str, Any], args: argparse.Namespace, out: Output) -> None:
    if args.json:
        in_flight = more.pop("running", 0)
        out.json({**more, **found._asdict(), "in_flight": in_flight, "program": found.version, "version": 1})
        return
    where = f"http://{found.host}:{found.port}"
    if found.running:
        out.point(
            "ok",
            say("running on {where}, pid {pid}, version {version}", where=where, pid=found.pid, version=found.version),
        )
        if more.get("spent"):
            from ccswitch_tui.workflows.amounts import amounts_text

            out.line(
                "  "
                + said(
                    "{amounts} spent since it started, as far as prices are known", amounts=amounts_text(more["spent"])
                )
            )
        for problem in (*more.get("loops", ()), *more.get("problems", ())):
            out.point("warn", problem)
    elif found.problem == "taken":
        from ccswitch_tui.proxy.background.loopback import who_has

        out.point("fail", say("not running: {why}", why=who_has(found.port)))
    elif found.problem == "stuck":
        out.point("fail", say("process {pid} holds the proxy's lock and does not respond", pid=found.pid))
        out.hint(say("'ccswitch-tui proxy stop' stops it"))
    elif found.problem == "starting":
        out.point("skip", say("not running right now: it is being restarted"))
    elif more.get("asleep"):
        out.point("skip", say("not running; a session's next request starts it"))
    elif not more.get("in_use"):
        out.point("skip", say("not running; no profile is in use here"))
    else:
        out.point("skip", say("not running; Claude Code starts it with its next session"))
        if more.get("sessions"):
            out.hint(
                counted(
                    more["sessions"],
                    "{count} session is running; for it, run 'ccswitch-tui proxy start'",
                    "{count} sessions are running; for them, run 'ccswitch-tui proxy start'",
                )
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
    if not lines and not args.follow:
        out.talk(say("the proxy has logged nothing yet"))
    if args.follow:
        for event in traffic.follow(ctx):
            if args.json:
                out.json_line({"version": 1, "event": event.what, "exchange": event.exchange})
            else:
                out.line(*traffic.as_lines(event))
    return 0


def _usage(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.cli import usage

    return usage.run(args, ctx, out)


def _service(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.proxy.background import service
    from ccswitch_tui.proxy.background.control import serve_command

    plan = service.plan_service(ctx.paths, ctx.env, serve_command())
    if args.action == "status":
        there = service.is_installed(plan)
        if args.json:
            out.json({"version": 1, "file": plan.file, "installed": there})
        else:
            if there:
                out.point("ok", say("{file} is installed", file=plan.file))
            else:
                out.point("skip", say("{file} is not installed", file=plan.file))
        return 0
    commands = plan.after_write if args.action == "install" else plan.before_removal
    if args.dry_run:
        _show_plan(args, plan.file, plan.text, commands, out)
        return 0
    if args.action == "install":
        ctx.proxy.address()  # the port and token exist before the service first reads them
        ctx.proxy.stop()
        service.install_service(plan)
        done = (
            say("written: {file}; the proxy starts at login, and runs now", file=plan.file)
            if _answers(ctx)
            else say(
                "written: {file}; the proxy starts at login, but does not respond yet: "
                "'ccswitch-tui proxy logs' shows why",
                file=plan.file,
            )
        )
    else:
        done = (
            say("removed: {file}", file=plan.file) if service.remove_service(plan) else say("there was no such service")
        )
    if args.json:
        out.json({"version": 1, "file": plan.file, "done": done, "left_out": list(plan.left_out)})
        return 0
    out.line(done)
    if args.action == "install":
        unseen = sorted({ref.name for p in ctx.book().profiles.values() for ref in p.secrets if ref.kind == "env"})
        for name in unseen:
            out.hint(
                say(
                    "a login service does not see ${name}: store that key with 'ccswitch-tui edit PROFILE --key-stdin'",
                    name=name,
                )
            )
    for name in plan.left_out:
        out.hint(
            say(
                "{name} holds a password and was left out; give the profile an http_proxy",
                name=name,
            )
        )
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
        out.line(say("would write {file}:", file=file))
        out.line()
        out.block(text.rstrip())
        out.line()
    else:
        out.line(say("would remove {file}", file=file))
    for words in commands:
        out.line(say("would run: {command}", command=" ".join(words)))
