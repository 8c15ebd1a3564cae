"""Large requests are answered by a process of their own: the same answer, and nothing of it parsed here."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from proxy_client import BODY, Answer, call, open_request, profile, proxy_for, read_until
from scripted_endpoint import Act, ScriptedEndpoint, chat_chunk, chat_text, cut_after, refuse

from ccswitch_tui.proxy.apart import rooms
from ccswitch_tui.proxy.apart.weight import MOST_BYTES, is_heavy
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.proxy.memory import resident_mb
from ccswitch_tui.wire.formats import Wire
from ccswitch_tui.wire.growing import Growing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="requires passing sockets between processes")

LARGE = {**BODY, "messages": [{"role": "user", "content": "x" * (MOST_BYTES + 1)}]}


def rooms_of(proxy: EmbeddedProxy) -> rooms.Rooms:
    assert proxy._proxy is not None
    return proxy._proxy._rooms


def proxy_to(endpoint: ScriptedEndpoint, wire: Wire = "openai-chat") -> EmbeddedProxy:
    return proxy_for(profile(endpoint.origin + "/v1", wire=wire))


@contextmanager
def all_apart(yes: bool = True) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "is_heavy", lambda *_: yes)
        patch.setattr(rooms, "LEAST_BYTES", 0)
        yield


# ------------------------------------------------------------------ the law: through the worker is as if it were here

TOOLS = [{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]

ASKED: dict[str, Any] = {
    "a stream": BODY,
    "a whole answer": {**BODY, "stream": False},
    "tools": {**BODY, "tools": TOOLS},
    "a history": {**BODY, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}] * 3},
    "a search nobody makes": {
        **BODY,
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "messages": [{"role": "user", "content": "Perform a web search for the query: x"}],
    },
    "no JSON": b'{"model": "m", ',
    "no model": {"messages": []},
    "no messages": {**BODY, "messages": []},
    "wrong types": {**BODY, "messages": [{"role": "user", "content": {"a": 1}}], "max_tokens": "many"},
}


def wants_another_field(connection: Any, request: Any) -> None:
    if "max_completion_tokens" in request.json():
        chat_text("learned")(connection, request)
    else:
        words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        connection.answer(400, {"error": {"message": words}})


ENDPOINTS: dict[str, Callable[[], Act]] = {
    "text": lambda: chat_text("hello"),
    "429": lambda: refuse(429, {"error": {"message": "slow down"}}),
    "401": lambda: refuse(401, {"error": {"message": "bad key"}}),
    "400": lambda: refuse(400, {"error": {"message": "no"}}),
    "529": lambda: refuse(529, {"error": {"message": "overloaded"}}),
    "no JSON": lambda: refuse(200, b"<html>"),
    "cut": lambda: cut_after(chat_chunk({"content": "a"}), how="closed"),
    "teaches": lambda: wants_another_field,
}

IDS = re.compile(rb"msg_[0-9a-f]{24}|req_[0-9a-zA-Z]+")


def seen(act: Act, asked: Any, *, apart: bool, wire: Wire, path: str) -> Any:
    """What the client, the endpoint and the books got, less what is never the same twice."""
    with all_apart(apart), ScriptedEndpoint(act) as endpoint, proxy_to(endpoint, wire) as proxy:
        answers = [call(proxy, path=path, body=asked, headers={"X-Claude-Code-Session-Id": "s"}) for _ in range(2)]
        flows = [flow.to_json() for flow in proxy.traffic.recent()]
        bodies = [flow.bodies() for flow in proxy.traffic.recent()]
        learned = proxy._proxy.relay.learned.everything() if proxy._proxy else {}
        assert bool(rooms_of(proxy).pids) == apart
    for flow in flows:
        for name in ("at", "first_byte_ms", "total_ms", "host"):
            del flow[name]
    for lessons in learned.values():
        for lesson in lessons.values():
            lesson.pop("at")  # type: ignore[attr-defined]
    told = [_without_ids(answer) for answer in answers]
    sent = [(request.path, _steady(request.headers), request.body) for request in endpoint.requests]
    host = str(endpoint.port)
    return json.loads(
        IDS.sub(b"ID", json.dumps([told, sent, flows, bodies, list(learned.values())], default=repr).encode()).replace(
            host.encode(), b"PORT"
        )
    )


def _without_ids(answer: Answer) -> Any:
    return answer.status, {k: v for k, v in answer.headers.items() if k != "date"}, answer.body.decode()


def _steady(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "host"}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("asked", ["a stream", "a whole answer", "tools"])
def test_an_answer_from_apart_is_the_answer_from_here(endpoint: str, asked: str) -> None:
    here, apart = (
        seen(ENDPOINTS[endpoint](), ASKED[asked], apart=apart, wire="openai-chat", path="/p/work/v1/messages")
        for apart in (False, True)
    )
    assert apart == here


@pytest.mark.parametrize("asked", [name for name in ASKED if name not in ("a stream", "a whole answer", "tools")])
def test_a_question_from_apart_is_the_question_from_here(asked: str) -> None:
    here, apart = (
        seen(chat_text("hello"), ASKED[asked], apart=apart, wire="openai-chat", path="/p/work/v1/messages?beta=true")
        for apart in (False, True)
    )
    assert apart == here


@pytest.mark.parametrize("endpoint", ["text", "429", "no JSON", "400"])
def test_a_native_endpoint_sees_no_difference(endpoint: str) -> None:
    here, apart = (
        seen(ENDPOINTS[endpoint](), BODY, apart=apart, wire="anthropic", path="/p/work/v1/messages")
        for apart in (False, True)
    )
    assert apart == here


def test_tokens_are_counted_alike() -> None:
    here, apart = (
        seen(chat_text("hi"), BODY, apart=apart, wire="openai-chat", path="/p/work/v1/messages/count_tokens")
        for apart in (False, True)
    )
    assert apart == here


# ------------------------------------------------------------------ what goes apart


def test_a_large_body_is_not_parsed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    monkeypatch.setattr(Growing, "read", lambda self, parts: read.append(len(parts)))
    with ScriptedEndpoint(chat_text("hello")) as endpoint, proxy_to(endpoint) as proxy:
        assert call(proxy, body=LARGE).text == "hello"
        assert call(proxy, path="/p/work/v1/messages/count_tokens", body=LARGE).json()["input_tokens"] > 100_000
    assert read == []
    assert len(endpoint.requests[0].body) > MOST_BYTES


HOSTILE: dict[str, Any] = {
    "tools": {**BODY, "tools": [{"name": f"t{i}"} for i in range(5_000)]},
    "turns": {**BODY, "messages": [{"role": "user", "content": "a"}] * 5_000},
    "results": {
        **BODY,
        "messages": [
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": str(i)} for i in range(5_000)]}
        ],
    },
    "lists": {**BODY, "metadata": [[]] * 100_000},
    "stop strings": {**BODY, "stop_sequences": [f"s{i}" for i in range(100_000)]},
    "text": {**BODY, "system": "é" * 500_000},
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_what_would_hold_the_loop_is_heavy(shape: str) -> None:
    body = json.dumps(HOSTILE[shape], separators=(",", ":"), ensure_ascii=False).encode()
    assert is_heavy(body, len(body))


def a_days_work(turns: int) -> bytes:
    """A conversation as Claude Code sends it, with 250 tools, as someone has who connected many servers."""
    schema = {"type": "object", "properties": {f"p{i}": {"type": "string", "description": "d" * 40} for i in range(5)}}
    tools = [{"name": f"mcp__server__tool_{i}", "description": "d" * 200, "input_schema": schema} for i in range(250)]
    talk = [
        {"role": role, "content": [{"type": "text", "text": "some words of a turn, " * 20}]}
        for _ in range(turns)
        for role in ("user", "assistant")
    ]
    return json.dumps({"model": "m", "messages": talk, "tools": tools}, separators=(",", ":")).encode()


def test_what_people_send_all_day_is_light() -> None:
    for turns in (1, 50):
        body = a_days_work(turns)
        assert not is_heavy(body, len(body))


def test_of_a_known_conversation_only_what_is_new_weighs() -> None:
    bodies = Growing()
    long = a_days_work(1_000)
    assert is_heavy(bodies.new_in([long]), len(long))
    bodies.read([long])
    assert not is_heavy(bodies.new_in([long]), len(long))


# ------------------------------------------------------------------ what can go wrong


def test_a_worker_that_is_killed_cuts_its_answer_and_the_next_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def stalls(connection: Any, request: Any) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "a"}))
        connection.wait_closed(20)

    with all_apart(), ScriptedEndpoint(stalls) as endpoint, proxy_to(endpoint) as proxy:
        with open_request(proxy) as client:
            read_until(client, b'"text":"a"')
            (pid,) = rooms_of(proxy).pids
            os.kill(pid, signal.SIGKILL)
            rest = _rest(client)
        assert b"message_stop" not in rest
        assert not rest.endswith(b"0\r\n\r\n")
        endpoint.acts = [chat_text("again")]
        assert call(proxy).text == "again"
        assert rooms_of(proxy).pids != [pid]


def _rest(client: Any) -> bytes:
    got = b""
    try:
        while part := client.recv(65536):
            got += part
    except ConnectionError:
        pass
    return got


def test_a_worker_that_dies_before_it_answers_is_an_error_that_is_tried_again() -> None:
    def kills(connection: Any, request: Any) -> None:
        os.kill(rooms_of(proxy).pids[0], signal.SIGKILL)

    with all_apart(), ScriptedEndpoint(kills) as endpoint, proxy_to(endpoint) as proxy:
        answer = call(proxy)
    assert answer.status == 500
    assert "process for large requests" in answer.error["message"]
    assert "x-should-retry" not in answer.headers


def test_a_client_that_leaves_ends_the_endpoints_connection() -> None:
    ended: list[bool] = []

    def waits(connection: Any, request: Any) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "a"}))
        ended.append(connection.wait_closed(20) is not None)

    with all_apart(), ScriptedEndpoint(waits) as endpoint, proxy_to(endpoint) as proxy:
        with open_request(proxy):
            _until(lambda: bool(endpoint.requests))
        _until(lambda: ended == [True])
        _until(lambda: proxy.traffic.recent()[0].status == 499)


def test_where_no_process_can_be_had_the_request_is_answered_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*args: Any, **kwargs: Any) -> Any:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", none)
    with ScriptedEndpoint(chat_text("hello")) as endpoint, proxy_to(endpoint) as proxy:
        assert call(proxy, body=LARGE).text == "hello"
        assert rooms_of(proxy).pids == []


def test_workers_end_with_their_proxy_and_are_told_no_secret_on_their_command_line() -> None:
    with all_apart(), ScriptedEndpoint(chat_text("hello")) as endpoint, proxy_to(endpoint) as proxy:
        call(proxy)
        (pid,) = rooms_of(proxy).pids
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        assert words[1:4] == [b"-P", b"-m", b"ccswitch_tui.proxy.apart.worker"]
        assert words[4].isdigit()
        assert words[5:] == [b""]
        told = call(proxy, "GET", "/_ccswitch/status").json()["memory_mb"]
        assert told > resident_mb() + 1, "its memory is counted with the proxy's"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


SERVE = (sys.executable, "-P", "-m", "ccswitch_tui", "proxy", "serve", "--token", "none", "--port", "0", "--upstream")


@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps here (Debian: procps)")
def test_a_worker_does_not_outlive_a_proxy_that_is_killed() -> None:
    with ScriptedEndpoint(chat_text("hello")) as endpoint:
        proxy = subprocess.Popen([*SERVE, endpoint.origin + "/v1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            assert proxy.stdout is not None
            port = int(next(line for line in proxy.stdout if b"listening" in line).rsplit(b":", 1)[1])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/v1/messages", json.dumps(LARGE).encode())
            assert b"hello" in connection.getresponse().read()
            workers = _children(proxy.pid)
            assert workers
        finally:
            proxy.kill()
            proxy.wait()
        _until(lambda: not any(_runs(pid) for pid in workers))


def _children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, check=False).stdout
    return [int(word) for word in found.split()]


def _runs(pid: int) -> bool:
    """Whether it has not ended; one that nobody has waited for yet has."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False).stdout.strip()
    return bool(state) and not state.startswith(b"Z")


def test_a_conversation_goes_where_its_turns_are_known() -> None:
    with all_apart(), ScriptedEndpoint(chat_text("hello")) as endpoint, proxy_to(endpoint) as proxy:
        for _ in range(3):
            call(proxy, headers={"X-Claude-Code-Session-Id": "one"})
        assert len(rooms_of(proxy).pids) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of another process is told on Linux alone")
def test_a_worker_that_holds_much_is_given_back_before_one_that_holds_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "LARGE_UNUSED_S", -1.0)
    with all_apart(), ScriptedEndpoint(chat_text("hello")) as endpoint, proxy_to(endpoint) as proxy:
        call(proxy)
        held = rooms_of(proxy)
        (pid,) = held.pids
        held.close_unused()
        assert held.pids == [pid], "it is as small as can be"
        monkeypatch.setattr(rooms, "LARGE_MB", 1.0)
        held.close_unused()
        assert held.pids == []
        assert call(proxy).status == 200
        assert held.pids not in ([], [pid])


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
