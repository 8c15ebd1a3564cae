"""The background proxy's guardian on Windows: either of the two is killed, and the other brings it back."""

from __future__ import annotations

import json

import pytest

from kit.windows import Windows

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(400)]

STORY = r"""
import json, os, socket, sys, time
from ccswitch_tui.claude.sessions import _runs_on_windows
from ccswitch_tui.proxy.background.loopback import held_by
from ccswitch_tui.workflows.context import Context

proxy = Context(dict(os.environ)).proxy
seen, told = set(), {}

def holder(name):
    pid = held_by(os.path.join(proxy.paths.state_dir, name))
    seen.add(pid or 0)
    return pid

def until(what, *, patience_s=120):
    deadline = time.monotonic() + patience_s
    while not (found := what()):
        if time.monotonic() > deadline:
            print(json.dumps(told), flush=True)
            sys.exit("waited in vain")
        time.sleep(0.05)
    return found

def another(name, than):
    return until(lambda: (pid := holder(name)) not in (None, 0, than) and pid)

def killed(name):
    pid = holder(name)
    os.kill(pid, 15)  # TerminateProcess: there are no signals
    until(lambda: holder(name) != pid)
    return pid

def answer():
    for _ in range(100):  # refused only in the moment before the guardian listens
        try:
            line = socket.create_connection((first.host, first.port), 120)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    with line:
        line.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{first.port}\r\n\r\n".encode())
        return line.recv(99).decode().split("\r\n")[0]

def state():
    found = proxy.status()
    return "running" if found.running else "asleep" if proxy.asleep() else found.problem or "ended"

first = proxy.ensure_running()
told["started"] = state()
proxy_pid = killed("proxy.lock")
told["killed"] = state() in ("starting", "running")
told["waited for"] = answer()
told["another"] = until(lambda: proxy.status().running) and proxy.status().pid != proxy_pid
guardian = killed("proxy-guardian.lock")
told["guardian replaced"] = another("proxy-guardian.lock", guardian) != guardian
told["unnoticed"] = state()
killed("proxy.lock")
told["by the new one"] = answer()
until(lambda: proxy.status().running)
holder("proxy.lock")
told["put to sleep"] = [proxy.stop(asleep=True).was_running, state(), state()]
told["woken"] = [answer(), until(lambda: proxy.status().running)]
holder("proxy.lock")
stopped = proxy.stop()
told["stopped"] = [stopped.was_running, stopped.killed, state(), holder("proxy-guardian.lock"), holder("proxy.lock")]
seen.discard(0)
until(lambda: not any(map(_runs_on_windows, seen)), patience_s=60)
told["left"] = [pid for pid in seen if _runs_on_windows(pid)]
print(json.dumps(told))
"""


def test_whichever_is_killed_comes_back_and_stop_ends_both(windows: Windows) -> None:
    told = json.loads(windows.python(STORY, limit_s=350))
    ok = "HTTP/1.1 200 OK"
    assert told == {
        "started": "running",
        "killed": True,
        "waited for": ok,
        "another": True,
        "guardian replaced": True,
        "unnoticed": "running",
        "by the new one": ok,
        "put to sleep": [True, "asleep", "asleep"],  # and looking did not wake it
        "woken": [ok, True],
        "stopped": [True, False, "ended", None, None],
        "left": [],
    }
