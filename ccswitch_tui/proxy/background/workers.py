"""Several processes on one port, for a team's server: the kernel spreads connections, a dead worker is replaced.

POSIX only. Traffic, counters and events are shown as if it were one process
(siblings.py). Each worker has its own memory of what it learned, unless the
profiles are in a file and it is kept beside them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.proxy.background.siblings import Siblings
from ccswitch_tui.proxy.listen import bind
from ccswitch_tui.proxy.server import ProxySettings, run
from ccswitch_tui.sentence import say

LONGEST_FOLDER = 80
"""A Unix socket's address has room for 104 bytes on some systems."""


def run_workers(count: int, settings: ProxySettings, *, on_listening: Callable[[int], Any], drain_s: float) -> int:
    """Serves from `count` processes on one port; a worker that dies is replaced. POSIX only."""
    if sys.platform == "win32" or not hasattr(socket, "SO_REUSEPORT"):
        raise UsageError(say("--workers requires a system with fork and SO_REUSEPORT"), hint=say("omit --workers"))
    holder = bind(settings.host, settings.port, reuse_port=True)[0]
    port = holder.getsockname()[1]
    shared = settings._replace(port=port, reuse_port=True)
    folder = _meeting_place(settings.write_log)
    keeper, (keeper_ends, keep) = os.getpid(), os.pipe()
    ending: list[int] = []
    workers: dict[int, int] = {}

    def pass_on(number: int, frame: Any) -> None:
        ending.append(number)
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def start_one(slot: int) -> None:
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            holder.close()
            os.close(told)
            os.close(keep)
            place = Siblings(folder, slot, count, keeper, keeper_ends)
            os._exit(_worker(shared._replace(siblings=place), tell, drain_s))
        os.close(tell)
        workers[pid] = slot
        with os.fdopen(told, "rb") as pipe:
            pipe.read(1)  # a byte when it listens, or the end when it died

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    for slot in range(count):
        start_one(slot)
    holder.close()
    on_listening(port)
    while workers:
        pid, status = os.wait()
        slot = workers.pop(pid)
        if not ending:
            settings.write_log(f"worker {pid} ended with {os.waitstatus_to_exitcode(status)} and is replaced")
            time.sleep(0.2)
            start_one(slot)
    os.close(keep)
    os.close(keeper_ends)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _meeting_place(log: Callable[[str], None]) -> str:
    """A folder only this user can enter; "" where nothing can be written, and then every worker tells its own part."""
    try:
        folder = tempfile.gettempdir()
        return tempfile.mkdtemp(prefix="ccst-", dir=folder if len(folder) <= LONGEST_FOLDER else "/tmp")  # noqa: S108
    except OSError as error:
        log(f"each worker shows its own traffic only: {error.strerror or error}")
        return ""


def _worker(settings: ProxySettings, tell: int, drain_s: float) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        run(settings, on_listening=lambda port: os.write(tell, b"."), drain_s=drain_s)
    except CcswitchError as error:
        settings.write_log(error.message)
        return int(error.exit_code)
    except KeyboardInterrupt:
        pass
    return 0
