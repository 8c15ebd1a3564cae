"""Slow work: it never blocks the loop, ends at its time-out, and cancels what it started."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.tui.app import CcswitchApp, run_app
from ccswitch_tui.tui.background import in_loop_of_its_own, in_thread


async def test_a_result_comes_back() -> None:
    assert await in_thread(lambda a, b: a + b, 1, 2) == 3


async def test_an_error_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)


async def test_what_hangs_is_left_behind_at_the_time_out() -> None:
    gate = threading.Event()
    with pytest.raises(TimeoutError):
        await in_thread(gate.wait, timeout_s=0.05)
    gate.set()


async def test_the_thread_does_not_keep_the_program_from_ending() -> None:
    seen: list[bool] = []
    await in_thread(lambda: seen.append(threading.current_thread().daemon))
    assert seen == [True]


async def test_leaving_cancels_the_coroutine_in_its_own_loop() -> None:
    ended = threading.Event()

    async def climb() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    task = asyncio.create_task(in_loop_of_its_own(climb, timeout_s=60))
    await asyncio.sleep(0.1)
    task.cancel()
    deadline = time.monotonic() + 5
    while not ended.is_set() and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert ended.is_set()


def test_the_terminal_is_read_no_more_whatever_ended_the_app(
    world: DemoContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = SimpleNamespace(exit_event=threading.Event())

    def torn_out(app: CcswitchApp) -> None:
        app._driver = driver  # type: ignore[assignment]
        raise SystemExit(129)

    monkeypatch.setattr(CcswitchApp, "run", torn_out)
    with pytest.raises(SystemExit):
        run_app(world)
    assert driver.exit_event.is_set()
