"""Traffic: requests as they happen, both sides of one of them, and a proxy that dies meanwhile."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from tui_kit import SIZES, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.model import Prices
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.tui.widgets.rows import Rows
from conftest import OpenApp


def send(world: DemoContext, profile: str = "demo", text: str = "hello there") -> int:
    """One request as Claude Code would make it."""
    body = {
        "model": "claude-sonnet-4-5", "max_tokens": 64, "stream": True,
        "messages": [{"role": "user", "content": text}],
    }  # fmt: skip
    request = urllib.request.Request(
        world.proxy.base_url(profile) + "/v1/messages",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {world.proxy.token().reveal()}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


async def sent(world: DemoContext, *args: Any) -> int:
    return await asyncio.to_thread(send, world, *args)


@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
async def test_a_request_shows_up_with_both_its_sides(
    open_app: OpenApp, world: DemoContext, size: tuple[int, int]
) -> None:
    async with open_app(size) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        assert await sent(world) == 200
        await sees(pilot, "claude-sonnet-4-5")
        await sees(pilot, "200")
        await sees(pilot, "Claude Code ↔ proxy")
        if size[0] < 100:
            await pilot.press("tab")
        await sees(pilot, "proxy ↔ endpoint")
        assert world.provider.key.reveal() not in screen_text(pilot.app)


async def test_what_went_before_is_there_when_the_screen_opens(open_app: OpenApp, world: DemoContext) -> None:
    await sent(world)
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "claude-sonnet-4-5")


async def test_a_known_cost_is_shown_for_one_request_and_for_all(open_app: OpenApp, world: DemoContext) -> None:
    book = world.book()
    demo = book.get("demo")
    prices = {model: Prices(input=1000.0, output=1000.0) for model in demo.models.named().values()}
    update_profiles(world.paths, {"demo": demo._replace(prices=prices)}, expected_sha256=book.sha256)
    async with open_app((140, 40)) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        assert await sent(world) == 200
        await until(pilot, lambda: screen_text(pilot.app).count(" USD") == 2)


async def test_a_failure_says_why(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        assert await sent(world, "misspelt") >= 400
        await sees(pilot, "✗ 404")
        await sees(pilot, "demo-lagre")


async def test_pausing_holds_the_list_still_and_loses_nothing(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        await pilot.press("space")
        await sees(pilot, "paused")
        await sent(world)
        await pilot.pause(0.3)
        rows = pilot.app.screen.query_one("#flows", Rows)
        assert len(rows.rows) == 0
        await pilot.press("space")
        await until(pilot, lambda: len(rows.rows) == 1)


async def test_the_filter_leaves_only_what_matches(open_app: OpenApp, world: DemoContext) -> None:
    await sent(world)
    await sent(world, "misspelt")
    async with open_app() as pilot:
        await pilot.press("t")
        rows = pilot.app.screen.query_one("#flows", Rows)
        await until(pilot, lambda: len(rows.rows) == 2)
        await pilot.press("slash", *"404")
        await until(pilot, lambda: len(rows.rows) == 1)
        await pilot.press(*"404")
        await sees(pilot, "No request matches")


async def test_a_proxy_that_dies_is_said_to_be_gone_and_awaited(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "live")
        await asyncio.to_thread(world.proxy.end)
        await sees(pilot, "the proxy is not running")
        assert "claude-sonnet-4-5" in screen_text(pilot.app)
        await asyncio.to_thread(world.proxy.ensure_running)
        await sees(pilot, "live")


async def test_without_a_proxy_it_says_how_to_start_it(open_app: OpenApp, world: DemoContext) -> None:
    world.proxy.end()
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "x starts it")
        await pilot.press("x")
        await sees(pilot, "live")


async def test_another_proxys_first_request_is_not_taken_for_the_first_ones(
    open_app: OpenApp, world: DemoContext
) -> None:
    async with open_app((120, 36)) as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "requests: 1")
        await asyncio.to_thread(world.proxy.end)
        await sees(pilot, "the proxy is not running")
        await asyncio.to_thread(world.proxy.ensure_running)
        await sees(pilot, "live")
        await sent(world, "misspelt")
        await sees(pilot, "requests: 2")
        rows = pilot.app.screen.query_one("#flows", Rows)
        assert [row["status"] for row in rows.rows] == [404, 200]
        assert {row["id"] for row in rows.rows} == {1}
        await pilot.press("G")
        await sees(pilot, "no longer kept")


async def test_a_request_under_way_when_the_proxy_dies_is_said_to_be_cut_off(
    open_app: OpenApp, world: DemoContext
) -> None:
    async with open_app((120, 36)) as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "requests: 1")
        screen = pilot.app.screen
        key, flow = next(iter(screen.flows.items()))  # type: ignore[attr-defined]
        screen.flows[key] = {**flow, "total_ms": None}  # type: ignore[attr-defined]
        await asyncio.to_thread(world.proxy.end)
        await sees(pilot, "the proxy ended before this was finished")


async def test_the_answer_shows_up_when_a_watched_exchange_ends(open_app: OpenApp, world: DemoContext) -> None:
    """The newest exchange is under the cursor from its first moment on, when there is no answer yet."""
    async with open_app((120, 80)) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        await sent(world)
        await sees(pilot, "event: message_start")


async def test_both_sides_are_laid_out_anew_in_another_width(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "proxy ↔ endpoint")
        await pilot.resize_terminal(76, 24)
        await until(pilot, lambda: "proxy ↔ endpoint" not in screen_text(pilot.app))
        assert "Claude Code ↔ proxy" in screen_text(pilot.app)
