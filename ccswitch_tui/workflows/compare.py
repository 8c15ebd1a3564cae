"""Profiles side by side: each one's verdict, how soon its first token comes, and what its tokens cost.

Each profile is probed as `probe NAME` would, with its own key to its own host.
A few at a time, and those of one host one after the other, so that none is slow
because of another. What one of them does wrong is its own row and stops nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.tags import tagged
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.prices.model import Price
    from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.proxy.books.prices import PriceBook
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

MOST_AT_ONCE = 4
"""More would measure this machine and its line, not the endpoints: a ladder has a dozen requests under way."""

BEST_FIRST = ("native", "translate", "limited", "broken")

Mark = tuple[str, str]
"""A rung's code and how it went."""


class Compared(NamedTuple):
    """One profile's row. It keeps no evidence: that is in the profile's last report."""

    profile: Profile
    model: str = ""
    verdict: str | None = None
    """None: not probed yet, or it could not be."""
    sentence: str = ""
    finding: str = ""
    """Kind of the first finding."""
    marks: tuple[Mark, ...] = ()
    """How each rung went."""
    first_token_ms: float | None = None
    """From a streamed request to the first piece of its answer; None where nothing was streamed."""
    answer_ms: float | None = None
    """One minimal answer, as a whole."""
    at: str = ""
    """When it was probed: UTC, ISO 8601."""
    requests: int = 0
    price: Price | None = None
    """Of its model; None: no list and nobody else says."""
    error: CcswitchError | None = None
    """Why it could not be probed."""

    @property
    def name(self) -> str:
        return self.profile.name

    def to_json(self) -> dict[str, Any]:
        """The documented form of a row of `probe --all --json`."""
        error = self.error and {"kind": self.error.kind, "message": self.error.message, "hint": self.error.hint}
        return {
            "profile": self.name,
            "base_url": self.profile.endpoint.base_url,
            "wire": self.profile.endpoint.wire,
            "model": self.model or None,
            "tags": list(self.profile.tags),
            "verdict": self.verdict,
            "sentence": self.sentence,
            "finding": self.finding or None,
            "steps": dict(self.marks),
            "first_token_ms": _rounded(self.first_token_ms),
            "answer_ms": _rounded(self.answer_ms),
            "price": _price_json(self.price),
            "at": self.at or None,
            "requests": self.requests,
            "error": error,
        }


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)


def _price_json(price: Price | None) -> dict[str, Any] | None:
    if price is None:
        return None
    first = price.step(0)
    return {
        "input": first.input,
        "output": first.output,
        "currency": price.currency,
        "by": price.by,
        "date": price.date or None,
    }


# ---------------------------------------------------------------- what is known without asking


def known(ctx: Context, profile: Profile) -> Compared:
    """The row of a profile as its last report has it. Asks nobody."""
    from ccswitch_tui.workflows.reports import last_report

    report = last_report(ctx, profile.name)
    if report is None or report.base_url.rstrip("/") != profile.endpoint.base_url.rstrip("/"):
        return blank(ctx, profile)
    return row_of(ctx, profile, report)


def blank(ctx: Context, profile: Profile) -> Compared:
    """The row of a profile nobody probed."""
    model = model_of(profile)
    return Compared(profile, model, price=price_of(ctx, profile, model))


def row_of(ctx: Context, profile: Profile, report: ProbeReport) -> Compared:
    """The row that a report makes."""
    model = model_of(profile)
    return Compared(
        profile,
        model,
        report.verdict,
        report.sentence,
        report.findings[0].kind if report.findings else "",
        tuple((step.code, step.verdict) for step in report.steps),
        first_token_ms(report),
        answer_ms(report),
        report.at,
        report.requests,
        price_of(ctx, profile, model),
    )


def model_of(profile: Profile) -> str:
    """The model a profile's own endpoint is compared by."""
    from ccswitch_tui.profiles.tiers import own_models

    named = own_models(profile).named()
    return named.get("default") or next(iter(named.values()), "")


def first_token_ms(report: ProbeReport) -> float | None:
    """The first piece of a streamed answer; None unless streaming works."""
    if not _went(report, "stream"):
        return None
    streams = (e for e in report.exchanges if e.rung == "stream" and e.status == 200)
    return next((e.timings.first_body for e in streams if e.timings.first_body is not None), None)


def answer_ms(report: ProbeReport) -> float | None:
    """One minimal answer as a whole: of the last try at it, the one that worked."""
    answers = [e for e in report.exchanges if e.rung == "message" and e.status == 200]
    return answers[-1].timings.total if answers and _went(report, "message") else None


def _went(report: ProbeReport, code: str) -> bool:
    """Whether a rung was climbed: what a web page sends with status 200 is no answer."""
    return any(step.code == code and step.verdict in ("ok", "warn") for step in report.steps)


def price_of(ctx: Context, profile: Profile, model: str) -> Price | None:
    """What a model costs: as the user says, else by the endpoint's own list, else by the public one. Asks nobody."""
    return _prices(ctx.paths.prices).of(profile, model, model)


@lru_cache(maxsize=4)
def _prices(folder: str) -> PriceBook:
    """Remembers what it looked up, and looks again when a newer list came."""
    from ccswitch_tui.proxy.books.prices import PriceBook

    return PriceBook(folder)


# ---------------------------------------------------------------- which


def chosen(ctx: Context, names: Sequence[str] = (), tags: Iterable[str] = ()) -> list[Profile]:
    """The profiles of these names, else those with one of these tags, else all. Raises UsageError for unknown ones."""
    book = ctx.book()
    if names:
        return [book.get(name) for name in dict.fromkeys(names)]
    tags = list(tags)
    return tagged(book, tags) if tags else list(book.profiles.values())


# ---------------------------------------------------------------- asking


Held = tuple["Secret | None", Mapping[str, "Secret"]]
"""A profile's key, and what its secret headers hold."""
Off = Callable[..., Awaitable[Any]]
OnStep = Callable[[str, "Step"], None]


async def compare(
    ctx: Context,
    profiles: Sequence[Profile],
    *,
    ladder: Ladder = "default",
    on_start: Callable[[str], None] = lambda name: None,
    on_step: OnStep = lambda name, step: None,
    on_done: Callable[[Compared], None] = lambda row: None,
    most_at_once: int = MOST_AT_ONCE,
    patience_s: float | None = None,
    off: Off = asyncio.to_thread,
) -> list[Compared]:
    """Probes them all and returns their rows in the order given; each is handed to `on_done` when it is there.

    `off` runs what blocks, a keyring for one, in a thread. Cancel the task to stop: connections close at once, and
    what was done stays done.
    """
    from ccswitch_tui.workflows.examine import examine, key_of

    room = asyncio.Semaphore(most_at_once)
    keys = asyncio.Lock()  # one question of the keyring's at a time
    lanes: dict[Any, asyncio.Lock] = {}

    async def keys_for(profile: Profile) -> Held:
        async with keys:
            headers = await off(ctx.keys.of_headers, profile) if profile.secret_headers else {}
            return await off(key_of, ctx, profile), headers

    def climb(profile: Profile, held: Held) -> Coroutine[Any, Any, ProbeReport]:
        told = partial(on_step, profile.name)
        return examine(
            ctx, profile, held[0], secret_headers=held[1], ladder=ladder, on_step=told, patience_s=patience_s
        )

    async def one(profile: Profile) -> Compared:
        async with lanes.setdefault(_host(profile), asyncio.Lock()), room:
            on_start(profile.name)
            row = await _row(ctx, profile, keys_for, climb)
        on_done(row)
        return row

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(profile)) for profile in profiles]
    return [task.result() for task in tasks]


async def _row(
    ctx: Context,
    profile: Profile,
    keys_for: Callable[[Profile], Awaitable[Held]],
    climb: Callable[[Profile, Held], Awaitable[ProbeReport]],
) -> Compared:
    from ccswitch_tui.workflows.examine import check_key_host

    try:
        check_key_host(profile)
        report = await climb(profile, await keys_for(profile))
    except CcswitchError as error:
        return blank(ctx, profile)._replace(error=error)
    except (OSError, TimeoutError) as error:
        words = say("it could not be probed: {reason}", reason=str(error) or type(error).__name__)
        return blank(ctx, profile)._replace(error=CcswitchError(words))
    except Exception as error:  # a mistake of ours about one endpoint is told of that one, and stops no other
        kind, name = type(error).__name__, profile.name
        words = say("a bug in ccswitch-tui ({kind}): 'ccswitch-tui probe {name}' shows it", kind=kind, name=name)
        return blank(ctx, profile)._replace(error=CcswitchError(words, kind="internal"))
    return row_of(ctx, profile, report)


def _host(profile: Profile) -> Any:
    from ccswitch_tui.probe.fetch import origin_of

    try:
        return origin_of(profile.endpoint.base_url)
    except ValueError:
        return profile.endpoint.base_url


# ---------------------------------------------------------------- in which order


def _soonest(row: Compared) -> tuple[Any, ...]:
    return (row.first_token_ms is None, row.first_token_ms or 0.0, row.answer_ms is None, row.answer_ms or 0.0)


def _cheapest(row: Compared) -> tuple[Any, ...]:
    first = row.price.step(0) if row.price else None
    if row.price is None or first is None or first.input is None or first.output is None:
        return (True, "", 0.0)
    return (False, row.price.currency, first.input + first.output)


ORDERS: Mapping[str, Callable[[Compared], Any]] = {
    "verdict": lambda row: (_rank(row), _soonest(row)),
    "first": _soonest,
    "price": _cheapest,
    "name": lambda row: row.name.casefold(),
}
"""What the rows can be sorted by; what is not known comes last, and amounts of one currency stand together."""


def _rank(row: Compared) -> int:
    return BEST_FIRST.index(row.verdict) if row.verdict in BEST_FIRST else len(BEST_FIRST)


def ordered(rows: Iterable[Compared], by: str) -> list[Compared]:
    """The rows in one of ORDERS; in any other, as they are."""
    return sorted(rows, key=ORDERS[by]) if by in ORDERS else list(rows)


def price_text(price: Price | None) -> str:
    """`0.6/2.5 USD`: in and out, per million tokens; "" where nobody has said."""
    first = price.step(0) if price else None
    if price is None or first is None or (first.input is None and first.output is None):
        return ""
    given = ["?" if each is None else f"{each:g}" for each in (first.input, first.output)]
    return f"{given[0]}/{given[1]} {price.currency}"
