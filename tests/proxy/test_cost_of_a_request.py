"""What a request costs, counted instead of timed: calls, bytes that are moved, modules that are loaded."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from scripted_endpoint import chat_chunk
from test_hot_path import Transport

from ccswitch_tui.http11.connection import ServerConnection
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, parse_secret_ref
from ccswitch_tui.proxy.client import upstream
from ccswitch_tui.proxy.client.connection import Connection
from ccswitch_tui.proxy.server import ProxySettings, RunningProxy
from ccswitch_tui.proxy.sources import FixedProfiles
from ccswitch_tui.secret import Secret
from ccswitch_tui.translate.memory import Memory
from ccswitch_tui.translate.request import translate_request
from ccswitch_tui.wire.growing import Growing
from ccswitch_tui.wire.quirks import Quirks

WORK = Profile(
    name="work",
    endpoint=Endpoint(base_url="http://127.0.0.1:9/v1", wire="openai-chat"),
    models=ModelTiers(default="m"),
    key=parse_secret_ref("env:K"),
    key_host="127.0.0.1",
)
TOOLS = [{"name": f"tool{n}", "description": "d" * 900, "input_schema": {"type": "object"}} for n in range(20)]

SMALL_CALLS = 460
"""Functions of Python that are called for the smallest streamed request, from its first byte to its books."""

TURN_CALLS = 650
"""The same for the next turn of a conversation, be it 100 kB or 2 MB."""


def turns_of(count: int, size: int) -> list[Any]:
    turns: list[Any] = [{"role": "user", "content": "go"}]
    for number in range(count):
        call = {"type": "tool_use", "id": f"t{number}", "name": "tool1", "input": {"a": number}}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": f"{number} " + "w" * size}
        turns += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return turns


def body_of(turns: list[Any]) -> bytes:
    body = {"model": "claude-opus-4-8", "max_tokens": 9, "stream": True, "messages": turns}
    return json.dumps({**body, "tools": TOOLS} if len(turns) > 1 else body).encode()


class Answerer:
    """Answers each request at once, over a connection without a network."""

    def __init__(self) -> None:
        deltas = [chat_chunk({"content": "hi"}), chat_chunk({}, "stop"), b"data: [DONE]\n\n"]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(delta), delta) for delta in deltas)
        self.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"

    async def dial(self, *_: Any) -> Connection:
        loop = asyncio.get_running_loop()
        connection = Connection(loop)
        transport = Answering(lambda: loop.call_soon(connection.data_received, self.answer))
        connection.connection_made(transport)
        return connection


class Answering(Transport):
    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self.then = then

    def write(self, data: Any) -> None:
        self.then()

    def writelines(self, pieces: Any) -> None:
        self.then()

    def close(self) -> None:
        """Nothing."""


class Client:
    """One connection to a proxy in this loop."""

    def __init__(self, proxy: RunningProxy) -> None:
        assert proxy._server is not None
        self.port = proxy.port
        self.answered = asyncio.Event()
        self.transport = Answering(self.answered.set)
        self.connection = ServerConnection(proxy._server)
        self.connection.connection_made(self.transport)

    async def ask(self, body: bytes) -> None:
        head = f"POST /p/work/v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(body)}\r\n"
        self.answered.clear()
        self.connection.data_received(head.encode() + b"Authorization: Bearer t\r\n\r\n" + body[:1000])
        for place in range(1000, len(body), 100_000):
            self.connection.data_received(body[place : place + 100_000])
        await self.answered.wait()
        await asyncio.sleep(0)


async def counted(monkeypatch: pytest.MonkeyPatch, bodies: list[bytes]) -> int:
    """Calls for the last of these requests to one proxy."""
    monkeypatch.setattr(upstream, "dial", Answerer().dial)
    proxy = RunningProxy(
        ProxySettings(FixedProfiles({"work": WORK}), lambda profile: Secret("sk-example-1"), "t", {}, "/")
    )
    await proxy.start()
    client = Client(proxy)
    for body in bodies[:-1]:
        await client.ask(body)
    made, before = 0, sys.getprofile()

    def profile(frame: Any, event: str, arg: Any) -> None:
        nonlocal made
        made += event == "call" and "ccswitch_tui" in frame.f_code.co_filename

    sys.setprofile(profile)
    try:
        await client.ask(bodies[-1])
    finally:
        sys.setprofile(before)
    await proxy.close()
    return made


async def test_a_small_request_is_a_bounded_number_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 100 < await counted(monkeypatch, [body_of(turns_of(0, 0))] * 5) <= SMALL_CALLS


@pytest.mark.parametrize("size", [1_000, 20_000])
async def test_a_next_turn_is_as_many_calls_however_long_the_conversation(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [body_of(turns_of(count, size)) for count in range(90, 95)]
    assert 100 < await counted(monkeypatch, bodies) <= TURN_CALLS


@pytest.mark.parametrize(("wire", "replay"), [("openai-chat", "none"), ("openai-responses", "items")])
def test_a_next_turn_of_a_long_conversation_moves_only_what_is_new(wire: Any, replay: str) -> None:
    reader, memory, quirks = Growing(), Memory(), Quirks(reasoning_replay=replay)
    sent = 0
    for count in range(980, 986):
        raw = body_of(turns_of(count, 2_000))
        parts = [raw[place : place + 100_000] for place in range(0, len(raw), 100_000)]
        tracemalloc.start()
        translation = translate_request(reader.read(parts), model="m", wire=wire, quirks=quirks, memory=memory)
        pieces = translation.pieces()
        translation.prepare()
        moved, sent = tracemalloc.get_traced_memory()[1], sum(map(len, pieces))
        tracemalloc.stop()
    assert sent > 2_000_000
    assert moved < 400_000


UNUSED = (
    "aiohttp",
    "argparse",
    "cryptography",
    "http.client",
    "keyring",
    "sqlite3",
    "textual",
    "tomlkit",
    "yaml",
    "rich",
)


def test_a_server_loads_nothing_that_serving_does_not_need() -> None:
    code = "import sys, ccswitch_tui.proxy.server; print(len(sys.modules), *sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=120)
    count, *loaded = done.stdout.split()
    assert not set(UNUSED) & set(loaded)
    assert int(count) <= 400
