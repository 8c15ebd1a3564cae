"""Stopping the proxy asks when somebody hangs on it, and the same key starts it again."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from test_traffic_screen import send
from tui_kit import SIZES, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.workflows.stopping import ProxyLoad
from conftest import OpenApp


def claude_session(world: DemoContext) -> None:
    """A running session as Claude Code notes it down; this process stands for it."""
    folder = Path(world.paths.claude_dir) / "sessions"
    folder.mkdir()
    state = {"pid": os.getpid(), "cwd": world.cwd, "entrypoint": "cli"}
    (folder / "1.json").write_text(json.dumps(state), encoding="utf-8")


def running(world: DemoContext) -> Any:
    return asyncio.to_thread(lambda: world.proxy.status().running)


async def test_an_idle_proxy_stops_and_starts_on_one_key(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("x")
        await sees(pilot, "the proxy was stopped; x starts it")
        assert not await running(world)
        await pilot.press("x")
        await sees(pilot, "the proxy listens on")
        assert await running(world)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", ["", "t"])
async def test_with_a_session_running_it_asks_first(
    open_app: OpenApp, world: DemoContext, size: tuple[int, int], place: str
) -> None:
    claude_session(world)
    async with open_app(size) as pilot:
        await pilot.press(*place, "x")
        await sees(pilot, "Stop the proxy?")
        await sees(pilot, "1 Claude Code session is running here")
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1 + len(place))
        assert await running(world)
        await pilot.press("x")
        await sees(pilot, "Stop the proxy?")
        await pilot.press("y")
        await sees(pilot, "the proxy was stopped")
        assert not await running(world)


async def test_a_request_under_way_is_counted(open_app: OpenApp, world: DemoContext) -> None:
    world.provider.pace_s = 0.4
    async with open_app() as pilot:
        session = pilot.app.session  # type: ignore[attr-defined]
        asking = asyncio.create_task(asyncio.to_thread(send, world, "demo", "write a haiku about ports"))
        loads: list[ProxyLoad] = []

        def one_under_way() -> bool:
            loads.append(session.proxy_load())
            return loads[-1].requests == 1

        await until(pilot, one_under_way)
        await pilot.press("x")
        await sees(pilot, "1 request is in progress")
        await pilot.press("escape")
        world.provider.pace_s = 0.0
        await asking
