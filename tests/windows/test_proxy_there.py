"""The background proxy on Windows with a stream under way, and as the login task starts it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import httpx
import pytest

from ccswitch_tui.demo.provider import DemoProvider
from kit.windows import Windows

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

STOP_NOW = r"""
import json, os
from ccswitch_tui.claude.sessions import _runs_on_windows
from ccswitch_tui.proxy.background.loopback import held_by
from ccswitch_tui.workflows.context import Context
proxy = Context(dict(os.environ)).proxy
pids = [held_by(os.path.join(proxy.paths.state_dir, name)) for name in ("proxy.lock", "proxy-guardian.lock")]
stopped = proxy.stop(at_once=True)
print(json.dumps([all(pids), stopped.was_running, stopped.finishing, proxy.status().running]))
for _ in range(100):
    left = [pid for pid in pids if _runs_on_windows(pid)]
    if not left: break
    __import__("time").sleep(0.1)
print(json.dumps(left))
"""

START = r"""
import json, os
from ccswitch_tui.workflows.context import Context
proxy = Context(dict(os.environ)).proxy
status = proxy.ensure_running()
print(json.dumps([status.port, proxy.token().reveal()]))
"""


@pytest.fixture
def slow() -> Iterator[DemoProvider]:
    with DemoProvider(pace_s=0.5) as provider:
        yield provider


def test_stop_now_cuts_a_stream_and_leaves_no_process(windows: Windows, slow: DemoProvider) -> None:
    windows.add_profile("work", slow.base_url, key="env:WORK_KEY")
    windows.env["WORK_KEY"] = slow.key.reveal()
    port, token = json.loads(windows.python(START).splitlines()[-1])
    message = {"model": "claude-sonnet-4-5", "max_tokens": 99, "stream": True}
    body = {**message, "messages": [{"role": "user", "content": "Hello!"}]}
    began, told = threading.Event(), []

    def stream() -> None:
        url, headers = f"http://127.0.0.1:{port}/p/work/v1/messages", {"Authorization": f"Bearer {token}"}
        try:
            with httpx.stream("POST", url, json=body, headers=headers, trust_env=False, timeout=100) as answer:
                for line in answer.iter_lines():
                    told.append(line)
                    began.set()
        except httpx.HTTPError as error:
            told.append(type(error).__name__)

    reader = threading.Thread(target=stream)
    reader.start()
    assert began.wait(60)
    found, left = map(json.loads, windows.python(STOP_NOW).splitlines()[-2:])
    reader.join(30)
    assert not reader.is_alive()
    assert 'data: {"type":"message_stop"}' not in told
    assert found == [True, True, 1, False]
    assert left == []
