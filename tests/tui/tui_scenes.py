"""Scenes: journeys that end in a picture. The tests compare their text, tools/screenshots.py makes pictures of them.

They run on the demo's world. What differs from run to run (ports, the scratch
home, times, ids) is replaced by something steady of the same width, so that the
same scene is the same picture to the byte.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input
from tui_kit import paste, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext, demo_context
from ccswitch_tui.prices.model import Price
from ccswitch_tui.prices.model import Step as PriceStep
from ccswitch_tui.probe.model import LADDERS, ProbeReport, Step
from ccswitch_tui.profiles.budget import parse_budget
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.proxy.books.usage import CostRow, UsageBook, UsageRow
from ccswitch_tui.sentence import tidied
from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.session import Session
from ccswitch_tui.tui.session_proxy import Pulse
from ccswitch_tui.tui.widgets.ladder import Ladder
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.workflows.compare import Compared, blank

NOW = 1_790_000_000.0
TOOK_MS = {
    "url": 0.0, "dns": 12.0, "tcp": 9.0, "tls": 44.0, "http": 61.0, "auth": 210.0, "models": 96.0, "message": 612.0,
    "tiers": 840.0, "stream": 1900.0, "tools": 1340.0, "translate": 1120.0,
}  # fmt: skip

OTHERS = {
    "moonshine": ("https://api.moonshine.example/anthropic", "anthropic", ModelTiers("moon-large", haiku="moon-mini")),
    "corp": ("https://gateway.corp.example/v1", "openai-chat", ModelTiers("corp-coder")),
    "local": ("http://127.0.0.1:11434/v1", "openai-chat", ModelTiers("qwen3-coder:30b")),
}
VERDICTS = {"moonshine": ("native", 3 * 3600), "corp": ("limited", 130), "local": ("broken", 2 * 86_400)}


COMPARED: dict[str, tuple[str, float | None, float | None, tuple[float, float] | None, str]] = {
    "demo": ("translate", 351.0, 612.0, (0.6, 2.5), ""),
    "moonshine": ("native", 287.0, 540.0, (0.95, 4.0), ""),
    "corp": ("limited", 1240.0, 2310.0, None, "tools"),
    "local": ("broken", None, None, None, "tcp"),
    "misspelt": ("broken", None, None, (0.6, 2.5), "message"),
}

USED_TODAY = {
    "requests": 744, "errors": 2, "input_tokens": 1_210_000, "cache_read_tokens": 8_690_000, "cache_write_tokens": 0,
    "output_tokens": 88_900, "first_byte_ms": 351 * 744, "priced": 744, "cost": {"USD": 4.31},
}  # fmt: skip


class SceneSession(Session):
    """The session with the same times in every run."""

    async def _examine(self, profile: Any, key: Any, ladder: Any, on_step: Callable[[Step], None]) -> ProbeReport:
        report = await super()._examine(profile, key, ladder, lambda step: on_step(steady_step(step)))
        return report._replace(steps=tuple(map(steady_step, report.steps)))

    async def probe_draft(self, setup: Any, ladder: Any, on_step: Callable[[Step], None]) -> Any:
        made = await super().probe_draft(setup, ladder, lambda step: on_step(steady_step(step)))
        assert made.report is not None
        steps = tuple(map(steady_step, made.report.steps))
        return made._replace(report=made.report._replace(steps=steps))

    async def verify(self, name: str) -> AsyncIterator[Any]:
        async for check in super().verify(name):
            yield check._replace(text=re.sub(r"\d+ ms", "240 ms", check.text))

    def pulse(self) -> Pulse:
        return Pulse(True, 2, {"demo": USED_TODAY})

    def compared(self, profile: Profile) -> Compared:
        row = blank(self.ctx, profile)
        if profile.name not in COMPARED:
            return row
        verdict, first_ms, answer_ms, price, broken_at = COMPARED[profile.name]
        codes = LADDERS["default"]
        at = codes.index(broken_at) if broken_at else len(codes)
        marks = [(code, "ok" if n < at else "fail" if n == at else "skip") for n, code in enumerate(codes)]
        listed = price and Price((PriceStep(0, *price),), source="a public list", date="2026-09-01")
        return row._replace(
            verdict=verdict, marks=tuple(marks), first_token_ms=first_ms, answer_ms=answer_ms, price=listed,
            at="2026-09-21T13:20:00Z", requests=12,
            sentence="works, translated by our proxy" if verdict == "translate" else "",
        )  # fmt: skip

    def latest(self, name: str) -> list[dict[str, Any]]:
        return [
            {
                "id": 40 - n, "at": NOW - 47.0 * n, "profile": name, "asked": "sonnet", "model": f"{name}-large",
                "status": 200, "input_tokens": 13_200 + 311 * (40 - n), "output_tokens": 90 + 37 * (n % 7),
                "first_byte_ms": 240.0 + 83 * (n * 7 % 11), "total_ms": 1200.0 + 431 * (n * 5 % 9),
                **({"error": "HTTP 429: try again in 3 s", "status": 429} if n == 6 else {}),
            }
            for n in range(24)
        ]  # fmt: skip

    def last_report(self, name: str) -> ProbeReport | None:
        report = super().last_report(name)
        return report and report._replace(steps=tuple(map(steady_step, report.steps)))

    async def traffic(self) -> AsyncIterator[dict[str, Any]]:
        async for flow in super().traffic():
            if flow:
                flow["at"] = NOW + 31 * flow["id"]
            if flow.get("first_byte_ms"):
                flow["first_byte_ms"] = 240.0 + 37 * flow["id"]
            if flow.get("total_ms"):
                flow["total_ms"] = 910.0 + 411 * flow["id"]
            yield flow

    def traffic_bodies(self, at: float, number: int) -> dict[str, str]:
        from ccswitch_tui.workflows.traffic import one_exchange

        return dict(one_exchange(self.ctx, number)["bodies"])


def steady_step(step: Step) -> Step:
    """A rung with a time of its own that is the same in every run."""
    because = tidied(lambda text: re.sub(r"\d+ ms", "240 ms", text), step.because)
    return step._replace(took_ms=None if step.took_ms is None else TOOK_MS.get(step.code, 100.0), because=because)


@contextmanager
def scene_world(language: str = "en_US.UTF-8") -> Iterator[DemoContext]:
    """The demo's world with a few more profiles and some past."""
    env = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": language, "TEXTUAL_ANIMATIONS": "none"}
    os.environ["TZ"] = "UTC"  # what shows the clock shows the same everywhere
    time.tzset()
    with demo_context(env) as world:
        world.clock = lambda: NOW
        for name in OTHERS:
            world.keys.put(name, world.provider.key)
        noteless = {p.name: p._replace(note="") for p in world.book().profiles.values()}
        update_profiles(world.paths, {**noteless, **{name: other(name) for name in OTHERS}})
        os.makedirs(world.paths.reports)
        for name, (verdict, ago) in VERDICTS.items():
            path = os.path.join(world.paths.reports, f"{name}.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'{{"version": 1, "verdict": "{verdict}"}}')
            os.utime(path, (NOW - ago, NOW - ago))
        yield world


def other(name: str) -> Profile:
    """One of the profiles that are only there to be seen."""
    base_url, wire, models = OTHERS[name]
    endpoint = Endpoint(base_url, wire)  # type: ignore[arg-type]
    return Profile(name, endpoint, SecretRef("keyring", name), models=models, context_window=200_000)


def steady(text: str, world: DemoContext) -> str:
    """Text or SVG without what differs from run to run; every replacement is as wide as what it replaces."""
    provider = world.provider.base_url.rpartition(":")[2].partition("/")[0]
    proxy = str(world.proxy.address().port)
    scratch = world.home.rpartition("-")[2]
    for real, canonical in ((provider, "40123"), (proxy, "20700"), (scratch, "scratch0")):
        text = text.replace(real, canonical)
        for cut in range(1, len(real)):  # where a column ended within it
            for before in (":", "port ", "port&#160;", "ccswitch-demo-"):
                text = text.replace(f"{before}{real[:cut]}…", f"{before}{canonical[:cut]}…")
    text = re.sub(r"((?:chatcmpl|msg|toolu|call)[-_])(\w+)", lambda m: m[1] + "0" * len(m[2]), text)
    text = re.sub(r"(sk-e…)(\w{4})", r"\g<1>0000", text)
    return re.sub(r"terminal-\d+-", "terminal-0-", text)


# ----------------------------------------------------------------------------- scenes


async def home(pilot: Pilot[Any], world: DemoContext) -> None:
    """Profiles, one of them in use, probed and at work."""
    await pilot.press("p")
    await until(pilot, lambda: getattr(pilot.app.screen, "report", None))
    await pilot.press("escape", "enter")
    await sees(pilot, "● demo")
    await sees(pilot, "744")
    if pilot.app.size.width >= 100:
        await until(pilot, lambda: "━" in screen_text(pilot.app))
    pilot.app.clear_notifications()
    await pilot.pause()


async def compare(pilot: Pilot[Any], world: DemoContext) -> None:
    """All profiles side by side, as their last probes left them."""
    await pilot.press("p")
    await until(pilot, lambda: getattr(pilot.app.screen, "report", None))
    await pilot.press("escape", "c")
    await until(pilot, lambda: getattr(pilot.app.screen, "every", None))
    await sees(pilot, "━")


async def wizard(pilot: Pilot[Any], world: DemoContext) -> None:
    """A curl command just pasted, and what was understood."""
    await pilot.press("a")
    await pilot.pause()
    await paste(pilot, world.curl)
    name = pilot.app.screen.query_one("#name", Input)
    await until(pilot, lambda: name.display)
    name.value = "mine"
    name.cursor_blink = False
    await pilot.pause()


async def ladder(pilot: Pilot[Any], world: DemoContext) -> None:
    """A probe with a finding, its fix on one key."""
    await pilot.press("j", "p")
    rows = pilot.app.screen.query_one(Ladder)
    await until(pilot, lambda: getattr(pilot.app.screen, "report", None) and rows.row.verdict == "fail")


async def why(pilot: Pilot[Any], world: DemoContext) -> None:
    """Which setting wins, with something of the project's in the way."""
    folder = os.path.join(world.cwd, ".claude")
    os.makedirs(folder)
    with open(os.path.join(folder, "settings.local.json"), "w", encoding="utf-8") as file:
        file.write('{"env": {"ANTHROPIC_MODEL": "corp-coder"}}')
    await pilot.press("enter")
    await sees(pilot, "● demo")
    pilot.app.clear_notifications()
    await pilot.press("w")
    await until(pilot, lambda: pilot.app.screen.query_one(Rows).rows)


async def traffic(pilot: Pilot[Any], world: DemoContext) -> None:
    """Requests through the proxy, both sides of the newest."""
    from test_traffic_screen import claude_body, send

    await pilot.press("t")
    rows = pilot.app.screen.query_one("#flows", Rows)
    for number, (profile, text) in enumerate(
        (("demo", "hello there"), ("misspelt", "hello"), ("demo", "write a haiku about ports")), 1
    ):
        await asyncio.to_thread(send, world, profile, text, claude_body(text) if number == 3 else None)
        await until(pilot, lambda: len(rows.rows) == number and rows.rows[0].get("total_ms"))  # noqa: B023
    await pilot.press("g")
    screen = pilot.app.screen
    await until(pilot, lambda: screen.query_one("#bodies").size.height > 5)
    await pilot.pause(0.2)


MODELS = (
    # profile, model, currency, source, per million read and written
    ("moonshine", "moon-large", "USD", "endpoint", 0.6, 2.5),
    ("corp", "corp-coder", "USD", "list", 1.25, 10.0),
    ("local", "qwen3-coder:30b", "", "", 0.0, 0.0),
)
FOLDERS = ("/home/ada/shop", "/home/ada/blog", "")


def fill_book(world: DemoContext, days: int = 7) -> None:
    """A week of work: three endpoints, two folders, and a day off."""
    rows: list[UsageRow | CostRow] = []
    for back in range(days):
        if back % 7 == 2:
            continue
        day = time.strftime("%Y-%m-%d", time.gmtime(NOW - back * 86_400))
        for number, (profile, model, currency, source, read, written) in enumerate(MODELS):
            requests = 40 + 37 * ((back * 3 + number * 5) % 7)
            folder, session = FOLDERS[(back + number) % 3], f"{back}{number}5c1e9a-0000-4000-8000-000000000001"
            counts = UsageRow(
                day, profile, model, requests, errors=back % 3, input_tokens=900 * requests,
                cache_read_tokens=0 if number == 2 else 7000 * requests, cache_write_tokens=250 * requests,
                output_tokens=310 * requests, first_byte_ms=420 * requests, cancels=back % 2, retries=back % 4,
                estimated=requests if number == 2 else 0, timed_tokens=310 * requests, timed_ms=5200 * requests,
                session=session, project=folder,
            )  # fmt: skip
            rows.append(counts)
            if currency:
                amount = (counts.input_tokens * read + counts.output_tokens * written) / 1e6
                rows.append(
                    CostRow(day, profile, model, currency, requests - back % 2, amount, source, session, folder)
                )
    UsageBook(os.path.join(world.paths.state_dir, "usage.sqlite3")).add(rows)


async def usage(pilot: Pilot[Any], world: DemoContext) -> None:
    """A week's use by profile, one of them with a budget."""
    fill_book(world)
    budget = parse_budget({"day": "1 USD", "month": "5 USD", "stop": True})
    update_profiles(world.paths, {"moonshine": other("moonshine")._replace(budget=budget)})
    await pilot.press("$")
    await sees(pilot, "2026-09-21")
    await pilot.press("tab")
    await sees(pilot, "moonshine")
    await pilot.press("j")
    if pilot.app.size.width >= 100:
        await sees(pilot, "this month")
    await pilot.pause()


SCENES: dict[str, Callable[[Pilot[Any], DemoContext], Awaitable[None]]] = {
    "home": home,
    "compare": compare,
    "wizard": wizard,
    "usage": usage,
    "ladder": ladder,
    "why": why,
    "traffic": traffic,
}


async def play(
    name: str, world: DemoContext, size: tuple[int, int], show: Callable[[CcswitchApp], None], theme: str = ""
) -> None:
    """Plays one scene and hands the app over while it is on the screen."""
    app = CcswitchApp(world)
    app.session = SceneSession(world)
    if theme:
        app.config = app.config._replace(theme=theme)
        app.theme = theme
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.session.now.stamp)
        await SCENES[name](pilot, world)
        await pilot.pause(0.05)
        show(app)
