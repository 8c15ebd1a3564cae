"""Probe an endpoint: what works, what does not, why, and what mends it.

The ladder decides what to ask, the fetcher asks, the diagnosis reads; this
module carries between them and reports each rung as it finishes. Nothing is
saved except the last report of a profile, masked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ccswitch_tui.actions import Action
from ccswitch_tui.errors import UsageError
from ccswitch_tui.findings import Finding, Fix, catalogue
from ccswitch_tui.probe.advice import in_order
from ccswitch_tui.probe.asks import LOCAL_PATIENCE_S, PATIENCE_S
from ccswitch_tui.probe.diagnose import diagnose, settled_step
from ccswitch_tui.probe.exchange import Ask, Exchange, masked_url
from ccswitch_tui.probe.facts import Facts, Target
from ccswitch_tui.probe.fetch import Fetcher
from ccswitch_tui.probe.ladder import Cost, Outside, Settled, Wait, climb, cost_of
from ccswitch_tui.probe.model import LADDERS, Ladder, ProbeReport, Step
from ccswitch_tui.profiles.tiers import own_models
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.lending import withheld
from ccswitch_tui.workflows.reports import keep_report, last_report

if TYPE_CHECKING:
    from ccswitch_tui.findings import Finding
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

NO_HEADERS: Mapping[str, Secret] = {}


async def examine(
    ctx: Context,
    target: Profile,
    key: Secret | None,
    *,
    secret_headers: Mapping[str, Secret] | None = None,
    ladder: Ladder = "default",
    on_step: Callable[[Step], None] = lambda step: None,
    key_note: str = "",
    url_changes: tuple[str, ...] = (),
    keep: bool = True,
    patience_s: float | None = None,
) -> ProbeReport:
    """Climbs the ladder against `target`. Cancel the task to stop: connections close at once.

    The report is kept as the profile's last one, unless `keep` says that `target` or `key` is only
    being tried. `secret_headers` holds what its secret headers hold where that is not stored yet.
    `patience_s` is for an answer to begin, in place of what suits the address.
    Raises UsageError when the key was given for another host, KeyStoreError for a secret header that cannot be had.
    """
    check_key_host(target)
    if secret_headers is None:
        secret_headers = await asyncio.to_thread(ctx.keys.of_headers, target) if target.secret_headers else {}
    saved = target.name in ctx.book().profiles
    wanted = target_of(target, has_key=bool(key), saved=saved, key_note=key_note, url_changes=url_changes)
    wanted = wanted._replace(native_base=_known_native(target), searches=_searches(ctx, target))
    wanted = wanted._replace(patience_s=patience_s or _patience_s(target))
    started = time.perf_counter()
    facts = Facts(wanted)
    way = way_to(ctx, target, key, secret_headers)
    ladder_asks = climb(wanted, ladder)
    answered: list[Exchange] | None = None
    told: set[str] = set()
    while True:
        try:
            wish = ladder_asks.send(answered) if answered is not None else next(ladder_asks)
        except StopIteration:
            break
        answered = []
        if isinstance(wish, Settled):
            _tell(wish.codes, facts, told, on_step)
        elif isinstance(wish, Wait):
            await asyncio.sleep(wish.seconds)
        elif isinstance(wish, Outside):
            answered = await _outside(ctx, target, key, secret_headers, wish, len(facts.reads))
            facts.add(answered)
        else:
            answered = await _fetch_all(way, wish)
            facts.add(answered)
    report = diagnose(
        wanted, facts.exchanges, ladder=ladder, at=_utc(ctx.clock()), took_ms=(time.perf_counter() - started) * 1000
    )
    report = _with_headers_named(report, target)
    for step in report.steps:
        if step.code not in told:
            on_step(step)
    if saved and keep:
        keep_report(ctx, _with_older(ctx, report))
    return await asyncio.to_thread(_with_the_proxys_lack, ctx, target, report)


def _with_the_proxys_lack(ctx: Context, target: Profile, report: ProbeReport) -> ProbeReport:
    """What the probe cannot see, because its requests carry this terminal's key: the proxy that serves the sessions
    may have none. Told, and not kept: it is over with the next session."""
    name = withheld(ctx, target)
    if name is None:
        return report
    row = catalogue()["proxy-lacks-key"]
    because = say(
        "this probe had the key from {variable}, and the proxy was started where it is not set: sessions that run now "
        "get no answer",
        variable=name,
    )
    text = say("restart it from here; a new session of Claude Code hands the key over by itself")
    fix = Fix.of(text, Action("restart-proxy"))
    lack = Finding("proxy-lacks-key", row.title, because, row.severity, fix, row.code)
    return report._replace(findings=(*report.findings, lack))


REFUSED = ("auth-missing", "auth-invalid", "auth-forbidden")


def _with_headers_named(report: ProbeReport, target: Profile) -> ProbeReport:
    """The report with the other things that may have been refused: an endpoint does not say which secret it meant."""
    if not target.secret_headers:
        return report
    headers = ", ".join(target.secret_headers)
    also = say("what it refused may also be the header {headers}", headers=headers)
    enter = tuple(f"ccswitch-tui edit {target.name} --secret-header {header}" for header in target.secret_headers)

    def named(finding: Finding) -> Finding:
        if finding.kind not in REFUSED or finding.fix is None:
            return finding
        fix = finding.fix._replace(commands=(*finding.fix.commands, *(enter if target.name else ())))
        return finding._replace(because=say("{because}; {more}", because=finding.because, more=also), fix=fix)

    return report._replace(findings=tuple(map(named, report.findings)))


def _with_older(ctx: Context, report: ProbeReport) -> ProbeReport:
    """The report to keep: a shorter climb does not take back what a longer one found on the rungs above it."""
    older = last_report(ctx, report.profile)
    longer = older is not None and len(LADDERS[older.ladder]) > len(LADDERS[report.ladder])
    if older is None or not longer or not report.wire or _subject(older) != _subject(report):
        return report
    climbed = LADDERS[report.ladder]
    above = [exchange for exchange in older.exchanges if exchange.rung not in climbed]
    first = max((exchange.id for exchange in report.exchanges), default=0) + 1
    anew = {exchange.id: first + number for number, exchange in enumerate(above)}
    findings = [
        finding._replace(evidence=tuple(anew[number] for number in finding.evidence if number in anew))
        for finding in older.findings
        if any(number in anew for number in finding.evidence)
    ]
    steps = tuple(
        next(one for one in report.steps if one.code == step.code) if step.code in climbed else _as_of(step, older.at)
        for step in older.steps
    )
    # The words of the older verdict stand where the rungs above are its reason; else those of what was seen now.
    stands = report.verdict != "broken" and (findings or not report.findings) and older.verdict != "broken"
    told = older if stands else report
    return report._replace(
        ladder=older.ladder,
        verdict=told.verdict,
        sentence=told.sentence,
        steps=steps,
        findings=in_order([*report.findings, *findings]),
        quirks=report.quirks or older.quirks,
        exchanges=(*report.exchanges, *(e._replace(id=anew[e.id]) for e in above)),
    )


def _subject(report: ProbeReport) -> tuple[str, str | None, str]:
    """What a report is about: an address, a format, and the model that was asked for an answer."""
    asked = [exchange.model for exchange in report.exchanges if exchange.rung == "message" and exchange.model]
    return report.base_url, report.wire, asked[-1] if asked else ""


def _as_of(step: Step, at: str) -> Step:
    if step.verdict == "skip":
        return step
    return step._replace(because=say("{because} (seen {at} UTC)", because=step.because, at=at[:16].replace("T", " ")))


def _tell(codes: tuple[str, ...], facts: Facts, told: set[str], on_step: Callable[[Step], None]) -> None:
    for code in codes:
        if code in told:
            continue
        told.add(code)
        on_step(settled_step(code, facts))


async def _fetch_all(way: Fetcher | str, asks: list[Ask]) -> list[Exchange]:
    if isinstance(way, str):
        return [
            Exchange(0, a.rung, a.method, masked_url(a.url), failure="setting", detail=way, asks=a.asks) for a in asks
        ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(way.fetch(ask)) for ask in asks]
    return [task.result() for task in tasks]


def way_to(
    ctx: Context, target: Profile, key: Secret | None, secret_headers: Mapping[str, Secret] = NO_HEADERS
) -> Fetcher | str:
    """The way to the endpoint, or why a network setting forbids one: the same way our proxy would take."""
    from ccswitch_tui.net.tls import tls_context
    from ccswitch_tui.net.way import NetworkSettingError
    from ccswitch_tui.net.way import way_to as net_way

    endpoint = target.endpoint
    try:
        way = net_way(endpoint, ctx.env)
        context = tls_context(endpoint, ctx.env, ctx.paths.home) if way.needs_tls else None
    except (NetworkSettingError, ValueError) as error:
        return str(error)
    if context is None:
        return Fetcher(endpoint.base_url, key, headers=endpoint.headers, secret_headers=secret_headers, proxy=way.proxy)
    return Fetcher(
        endpoint.base_url,
        key,
        headers=endpoint.headers,
        secret_headers=secret_headers,
        proxy=way.proxy,
        tls=lambda: context,
    )


async def _outside(
    ctx: Context,
    target: Profile,
    key: Secret | None,
    secret_headers: Mapping[str, Secret],
    wish: Outside,
    number: int,
) -> list[Exchange]:
    from ccswitch_tui.workflows import examine_outside

    run = {
        "translate": examine_outside.through_proxy,
        "claude": examine_outside.with_claude,
        "search": examine_outside.with_search,
    }[wish.rung]
    given = examine_outside.Given(key, secret_headers)
    return [(await run(ctx, target, given, wish))._replace(id=number + 1)]


# ---------------------------------------------------------------- what is probed


def target_of(
    profile: Profile, *, has_key: bool, saved: bool = False, key_note: str = "", url_changes: tuple[str, ...] = ()
) -> Target:
    """A profile as the ladder sees it: without its key, its quirks as plain values."""
    values, probed = {}, []
    for name, given in profile.quirks.items():
        kept = isinstance(given, Mapping) and "value" in given and "from" in given
        values[name] = given["value"] if kept else given
        if kept and given["from"] == "probe":
            probed.append(name)
    return Target(
        name=profile.name,
        base_url=profile.endpoint.base_url.rstrip("/"),
        wire=profile.endpoint.wire,
        auth=profile.endpoint.auth,
        models=_own_models(profile),
        has_key=has_key,
        quirks=values,
        probed=tuple(probed),
        saved=saved,
        key_note=key_note,
        url_changes=url_changes,
        context_window=profile.context_window,
    )


def _own_models(profile: Profile) -> dict[str, str]:
    """The models asked for at this endpoint, without the mark `[1m]`."""
    return {tier: model.removesuffix("[1m]") for tier, model in own_models(profile).named().items()}


def _searches(ctx: Context, profile: Profile) -> bool:
    from ccswitch_tui.workflows.search import effective

    return effective(profile, ctx.book().search) is not None


def _known_native(profile: Profile) -> str | None:
    """The catalogue's address for Anthropic's format on the same origin: a pair of one provider shares key and plan."""
    from ccswitch_tui.probe.fetch import origin_of
    from ccswitch_tui.profiles.presets import load_presets

    preset = load_presets().of_base_url(profile.endpoint.base_url)
    native = preset.anthropic if preset else None
    return native if native and origin_of(native) == origin_of(profile.endpoint.base_url) else None


def _patience_s(profile: Profile) -> float:
    """How long an answer may take to begin: as the profile says, or longer where local model servers listen."""
    from ccswitch_tui.profiles.model import Timeouts
    from ccswitch_tui.profiles.presets import loads_on_demand

    own, usual = profile.endpoint.timeouts.first_byte_s, Timeouts().first_byte_s
    if own < usual:
        return own
    return LOCAL_PATIENCE_S if own > usual or loads_on_demand(profile.endpoint.base_url) else PATIENCE_S


def cost(profile: Profile, ladder: Ladder) -> Cost:
    """About what a climb costs, to be said before it starts."""
    return cost_of(target_of(profile, has_key=True), ladder)


def check_key_host(profile: Profile) -> None:
    """Raises UsageError when the profile's key was given for another host than it names now."""
    from ccswitch_tui.credentials.hosts import allowed_host, shown_host

    if not allowed_host(profile):
        raise UsageError(
            say(
                "the key of '{name}' was given for {key_host}, not for {host}: nothing was sent",
                name=profile.name,
                key_host=profile.key_host,
                host=shown_host(profile),
            ),
            hint=say("enter the key for this host: 'ccswitch-tui edit {name} --key-stdin'", name=profile.name),
            kind="key-host",
        )


def key_of(ctx: Context, profile: Profile) -> Secret | None:
    """The profile's key; None where it has none. Raises KeyStoreError when it cannot be had."""
    return ctx.keys.of(profile)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
