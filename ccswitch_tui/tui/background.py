"""Slow work off the screen's loop: in a daemon thread, with a time-out, cancellable.

Daemon threads of our own and not the loop's executor: a keyring dialog nobody
answers would keep an executor's thread, and with it the whole program, from
ending. Cancelling stops the waiting; a coroutine is cancelled in its own loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 10.0
"""For files and the proxy's control socket; a keyring gets KEY_PATIENCE_S."""
KEY_PATIENCE_S = 60.0
"""An unlock dialog waits for a person."""


async def in_thread(work: Callable[..., T], *args: Any, timeout_s: float = PATIENCE_S) -> T:
    """`work(*args)` in a thread of its own. Raises TimeoutError when it takes longer; the thread is left behind."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_outcome: Callable[[Any], None], outcome: Any) -> None:
        if not future.done():
            set_outcome(outcome)

    def body() -> None:
        try:
            set_outcome, outcome = future.set_result, work(*args)
        except BaseException as error:
            set_outcome, outcome = future.set_exception, error  # type: ignore[assignment]
        with contextlib.suppress(RuntimeError):  # the app has gone meanwhile
            loop.call_soon_threadsafe(settle, set_outcome, outcome)

    threading.Thread(target=body, daemon=True, name=f"ccswitch {getattr(work, '__name__', 'work')}").start()
    return await asyncio.wait_for(future, timeout_s)


async def in_loop_of_its_own(make: Callable[[], Coroutine[Any, Any, T]], *, timeout_s: float) -> T:
    """A coroutine in a thread with its own event loop, so that its CPU time never delays a paint."""
    running: dict[str, Any] = {}

    async def body() -> T:
        running["loop"], running["task"] = asyncio.get_running_loop(), asyncio.current_task()
        return await make()

    try:
        return await in_thread(lambda: asyncio.run(body()), timeout_s=timeout_s)
    finally:
        if "loop" in running:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                running["loop"].call_soon_threadsafe(running["task"].cancel)
