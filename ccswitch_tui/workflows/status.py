"""Is all well? One look: who decides, the key, the proxy, the last verdict, the sessions, today's use.

In the manner of `gh auth status`. Read-only: unlocks nothing, asks no endpoint, starts nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.sentence import joined, say

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.current import Current


class Point(NamedTuple):
    """One line of the look."""

    name: str
    """`settings`, `disk`, `key`, `proxy`, `probe`, `balance`, `traffic`."""
    verdict: str
    """`ok`, `warn`, `fail` or `skip`."""
    text: str
    commands: tuple[str, ...] = ()
    """What mends it."""


class Status(NamedTuple):
    """Everything at once."""

    profile: str | None
    base_url: str | None
    model: str | None
    points: tuple[Point, ...]
    sessions: int
    today: dict[str, Any]
    """Requests, tokens and known cost since midnight."""

    @property
    def is_well(self) -> bool:
        return all(point.verdict != "fail" for point in self.points)

    def to_json(self) -> dict[str, Any]:
        """The documented form of `status --json`."""
        points = [{**point._asdict(), "commands": list(point.commands)} for point in self.points]
        return {
            "version": 1,
            "ok": self.is_well,
            "profile": self.profile,
            "base_url": self.base_url,
            "model": self.model,
            "points": points,
            "sessions": self.sessions,
            "today": self.today,
        }


def status(ctx: Context) -> Status:
    """How things are here and now."""
    from ccswitch_tui.claude.sessions import running_sessions
    from ccswitch_tui.workflows.current import current

    now = current(ctx)
    sessions = len(running_sessions(ctx.paths.claude_dir))
    profile = ctx.book().profiles.get(now.profile or "")
    points = [*_settings(ctx, now), *_room(ctx)]
    if profile is not None:
        points += [
            *_key(ctx, profile),
            *_proxy(ctx, profile, sessions),
            *_probe(ctx, profile),
            *_left(ctx, profile),
            *_limits(ctx, profile),
            *_budget(ctx, profile),
            *_traffic(ctx),
        ]
    return Status(
        now.profile,
        now.base_url,
        profile.models.default if profile else None,
        tuple(points),
        sessions,
        _today(ctx),
    )


def _settings(ctx: Context, now: Current) -> Iterator[Point]:
    if now.profile is None:
        if now.base_url:
            text = say("{base_url} takes precedence, which is none of our profiles", base_url=now.base_url)
            yield Point("settings", "warn", text, ("ccswitch-tui why",))
        else:
            yield Point("settings", "skip", say("Claude Code's own login: no profile is in use here"))
    else:
        deciding = next(s for s in ("local", "project", "user", *now.scopes) if s in now.scopes or s == "user")
        state = now.scopes.get(deciding)
        where = state.file if state else ctx.paths.user_settings
        yield Point("settings", "fail" if now.drift else "ok", say("set by {file}", file=where))
    for words in now.drift if now.profile is not None else ():
        yield Point("settings", "fail", words, ("ccswitch-tui why", "ccswitch-tui doctor"))


def _room(ctx: Context) -> Iterator[Point]:
    from ccswitch_tui.doctor.snapshot import room_problem

    words = room_problem(ctx.paths.state_dir)
    if words:
        text = say("{folder}: {words}: nothing can be written there", folder=ctx.paths.state_dir, words=words)
        yield Point("disk", "fail", text, ("ccswitch-tui doctor",))


def _key(ctx: Context, profile: Profile) -> Iterator[Point]:
    if not profile.sends_secrets:
        yield Point("key", "skip", say("none is needed"))
    if profile.key.kind != "none":
        yield from _secret(ctx, profile, f"ccswitch-tui edit {profile.name} --key-stdin")
    for header, alone in profile.by_header().items():
        yield from _secret(ctx, alone, f"ccswitch-tui edit {profile.name} --secret-header {header}")


def _secret(ctx: Context, profile: Profile, command: str) -> Iterator[Point]:
    """One secret: the key of a profile, or of one of its `by_header`."""
    present = ctx.keys.present(profile.key)
    enter = (command,)
    if present is False:
        mend = (f"export {profile.key.name}=…",) if profile.key.kind == "env" else enter
        yield Point("key", "fail", say("{ref}: there is none", ref=str(profile.key)), mend)
    elif ctx.keys.in_key_file() and profile.key.kind == "keyring":
        yield from _key_file(ctx, profile)
    else:
        yield Point("key", "ok", str(profile.key) if present else say("{ref}, not asked", ref=str(profile.key)))


def _key_file(ctx: Context, profile: Profile) -> Iterator[Point]:
    from ccswitch_tui.workflows.keys import store_status

    found = store_status(ctx)
    if found.problem:
        yield Point("key", "fail", found.problem, ("ccswitch-tui unlock",))
    elif not found.unlocked and ctx.proxy.status().running:
        yield Point("key", "fail", say("{where} is locked", where=found.where), ("ccswitch-tui unlock",))
    else:
        yield Point("key", "ok", say("{ref}, in {where}", ref=str(profile.key), where=found.where))


def _proxy(ctx: Context, profile: Profile, sessions: int) -> Iterator[Point]:
    from ccswitch_tui.proxy.background.loopback import who_has
    from ccswitch_tui.workflows.lending import lacking

    if profile.route == "direct":
        yield Point("proxy", "skip", say("not needed: the profile goes direct"))
        return
    found = ctx.proxy.status()
    where = f"{found.host}:{found.port}"
    if found.running:
        yield Point("proxy", "ok", say("running on {where}, pid {pid}", where=where, pid=found.pid))
        lacks = [ref.name for ref in profile.secrets if ref.kind == "env" and ref.name in lacking(ctx)]
        if lacks:
            text = say("the proxy was started without {variable}", variable=lacks[0])
            yield Point("proxy", "fail", text, ("ccswitch-tui proxy stop", "ccswitch-tui proxy start"))
    elif found.problem == "taken":
        text = who_has(found.port)
        yield Point("proxy", "fail", text, ("ccswitch-tui proxy start --port 0", f"ccswitch-tui use {profile.name}"))
    elif found.problem == "stuck":
        text = say("process {pid} holds its lock and does not respond", pid=found.pid)
        yield Point("proxy", "fail", text, ("ccswitch-tui proxy stop", "ccswitch-tui proxy start"))
    elif found.problem == "starting" or ctx.proxy.asleep():
        yield Point("proxy", "ok", say("starts with the next request"))
    elif sessions:
        text = say("not running, while Claude Code sessions are: {n}", n=sessions)
        yield Point("proxy", "fail", text, ("ccswitch-tui proxy start",))
    else:
        yield Point("proxy", "skip", say("not running; Claude Code starts it with its next session"))


def _probe(ctx: Context, profile: Profile) -> Iterator[Point]:
    from ccswitch_tui.workflows.reports import last_report

    report = last_report(ctx, profile.name)
    look = (f"ccswitch-tui probe {profile.name}",)
    if report is None:
        yield Point("probe", "skip", say("not probed"), look)
        return
    verdict = {"broken": "fail", "limited": "warn"}.get(report.verdict, "ok")
    ladder = say("quick look") if report.ladder == "quick" else say("probed")
    text = say("{sentence} ({ladder} {at} UTC)", sentence=report.sentence, ladder=ladder, at=_day_and_time(report.at))
    yield Point("probe", verdict, text, look if verdict != "ok" else ())


def _left(ctx: Context, profile: Profile) -> Iterator[Point]:
    """What was left on the key when the user last asked: no verdict on the key, which may answer all the same."""
    from ccswitch_tui.balance.kept import short_text
    from ccswitch_tui.workflows.balance import last_balance
    from ccswitch_tui.workflows.statusline import age_text

    found = last_balance(ctx, profile)
    if found is None:
        return
    text = say("{figures} ({age} ago)", figures=short_text(found) or found.words, age=age_text(ctx.clock() - found.at))
    known = found.state == "known"
    yield Point("balance", "ok" if known else "warn", text, () if known else (f"ccswitch-tui balance {profile.name}",))


def _limits(ctx: Context, profile: Profile) -> Iterator[Point]:
    """The rate limits that the last answer stated."""
    from ccswitch_tui.balance.limits import limit_text, tightest
    from ccswitch_tui.workflows.balance import last_limits
    from ccswitch_tui.workflows.statusline import age_text

    at, limits = last_limits(ctx, profile)
    if not limits:
        return
    fullest = tightest(limits)
    low = fullest is not None and (fullest.left or 0) < LOW
    figures = joined((limit_text(limit, ctx.clock()) for limit in limits), ", ")
    age = age_text(ctx.clock() - at)
    yield Point("limits", "warn" if low else "ok", say("{figures} ({age} ago)", figures=figures, age=age))


LOW = 0.1
"""Of a rate limit, the part that is worth a sign when it is all that is left."""


def _budget(ctx: Context, profile: Profile) -> Iterator[Point]:
    from ccswitch_tui.workflows.budgets import budget_sign, budget_states, budget_words, uncounted

    for state in budget_states(ctx, [profile]).values():
        fix = (f"ccswitch-tui edit {profile.name} --set budget.{state.fullest.span}=…",)
        yield Point("budget", budget_sign(state), budget_words(state), fix if state.level == "over" else ())
    if uncounted(profile):
        yield Point("budget", "warn", uncounted(profile))


def _day_and_time(at: str) -> str:
    return at[:16].replace("T", " ")


def _traffic(ctx: Context) -> Iterator[Point]:
    """What the proxy noticed: a session that asks the same again and again, or runs away."""
    from ccswitch_tui.workflows.traffic import running_status

    found, more = running_status(ctx)
    for words in more.get("loops", ()) if found.running else ():
        yield Point("traffic", "warn", str(words), ("ccswitch-tui proxy logs",))
    for words in more.get("problems", ()) if found.running else ():
        yield Point("traffic", "warn", str(words))


def _today(ctx: Context) -> dict[str, Any]:
    from ccswitch_tui.workflows.usage import usage

    day = time.strftime("%Y-%m-%d", time.localtime(ctx.clock()))
    rows = usage(ctx, since=day)
    cost: dict[str, float] = {}
    for row in rows:
        for currency, amount in row["cost"].items():
            cost[currency] = cost.get(currency, 0.0) + amount
    counts = ("requests", "errors", "input_tokens", "output_tokens")
    return {**{name: sum(row[name] for row in rows) for name in counts}, "cost": cost}


def today_text(today: dict[str, Any]) -> str:
    """Today's use in one line."""
    from ccswitch_tui.workflows.amounts import amounts_text

    parts = [
        say("1 request") if today["requests"] == 1 else say("{n} requests", n=f"{today['requests']:,}"),
        say("{n} tokens in", n=f"{today['input_tokens']:,}"),
        say("{n} out", n=f"{today['output_tokens']:,}"),
        *([say("{n} failed", n=today["errors"])] if today["errors"] else []),
        *([amounts_text(today["cost"])] if today["cost"] else []),
    ]
    return joined(parts, ", ")
