"""Several processes on one port, for a team's server: the kernel spreads connections, a dead worker is replaced.

POSIX only. Each worker has its own traffic view and its own memory of what it
learned; a request for those is answered by whichever worker gets it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.proxy.listen import bind
from ccswitch_tui.proxy.server import ProxySettings, run


def run_workers(count: int, settings: ProxySettings, *, on_listening: Callable[[int], Any], drain_s: float) -> int:
    """Serves from `count` processes on one port; a worker that dies is replaced. POSIX only."""
    if not hasattr(os, "fork") or not hasattr(socket, "SO_REUSEPORT"):
        raise UsageError("--workers needs a system with fork and SO_REUSEPORT", hint="leave --workers out")
    holder = bind(settings.host, settings.port, reuse_port=True)[0]
    port = holder.getsockname()[1]
    shared = settings._replace(port=port, reuse_port=True)
    ending: list[int] = []
    workers: set[int] = set()

    def pass_on(number: int, frame: Any) -> None:
        ending.append(number)
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def start_one() -> None:
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            holder.close()
            os.close(told)
            os._exit(_worker(shared, tell, drain_s))
        os.close(tell)
        workers.add(pid)
        with os.fdopen(told, "rb") as pipe:
            pipe.read(1)  # a byte when it listens, or the end when it died

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    for _ in range(count):
        start_one()
    holder.close()
    on_listening(port)
    while workers:
        pid, status = os.wait()
        workers.discard(pid)
        if not ending:
            settings.say(f"worker {pid} ended with {os.waitstatus_to_exitcode(status)} and is replaced")
            time.sleep(0.2)
            start_one()
    return 0


def _worker(settings: ProxySettings, tell: int, drain_s: float) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        run(settings, on_listening=lambda port: os.write(tell, b"."), drain_s=drain_s)
    except CcswitchError as error:
        settings.say(error.message)
        return int(error.exit_code)
    except KeyboardInterrupt:
        pass
    return 0
