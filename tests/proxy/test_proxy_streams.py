"""Streams through the proxy: passed on, translated, cut, silent, left alone."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable

import pytest
from proxy_client import BODY, call, open_request, profile, proxy_for, read_until
from scripted_endpoint import (
    NATIVE_STREAM,
    Connection,
    Received,
    ScriptedEndpoint,
    chat_chunk,
    chat_text,
    cut_after,
    native_stream,
    refuse,
)

from kit.net import wait_until


def native(endpoint: ScriptedEndpoint, **more: object) -> object:
    return profile(endpoint.origin, wire="anthropic", endpoint={"auth": "x-api-key"}, **more)


# ---------------------------------------------------------------- whole streams


def test_a_native_stream_passes_byte_for_byte() -> None:
    with ScriptedEndpoint(native_stream(torn=11)) as endpoint, proxy_for(native(endpoint)) as proxy:
        answer = call(proxy, headers={"anthropic-beta": "a,b", "User-Agent": "claude-cli/9.9", "Cookie": "c=1"})
    assert answer.body == NATIVE_STREAM
    sent = endpoint.requests[0]
    assert sent.path == "/v1/messages?beta=true"
    assert sent.json() == {**BODY, "model": "big-model"}
    assert (sent.headers["anthropic-beta"], sent.headers["user-agent"]) == ("a,b", "claude-cli/9.9")
    assert sent.headers["x-api-key"] == "sk-example-upstream-0123456789"
    assert {"authorization", "cookie"}.isdisjoint(sent.headers)


def test_a_native_message_passes_byte_for_byte() -> None:
    message = b'{"id":"msg_1","type":"message", "content":[],"usage":{"input_tokens":5,"output_tokens":6}}'
    with (
        ScriptedEndpoint(refuse(200, message, {"request-id": "req_7"})) as endpoint,
        proxy_for(native(endpoint)) as proxy,
    ):
        answer = call(proxy, body={**BODY, "stream": False})
        assert (answer.body, answer.headers["request-id"]) == (message, "req_7")
        assert proxy.traffic.recent()[0].output_tokens == 6


def test_a_native_error_passes_byte_for_byte() -> None:
    error = b'{"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":"req_1"}'
    with (
        ScriptedEndpoint(refuse(529, error, {"retry-after": "7", "x-should-retry": "true"})) as endpoint,
        proxy_for(native(endpoint)) as proxy,
    ):
        answer = call(proxy)
    assert (answer.status, answer.body) == (529, error)
    assert (answer.headers["retry-after"], answer.headers["x-should-retry"]) == ("7", "true")


def test_a_chat_stream_arrives_as_a_message() -> None:
    with (
        ScriptedEndpoint(chat_text("hello ", "world")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        answer = call(proxy)
        whole = call(proxy, body={**BODY, "stream": False}).json()
    assert answer.text == "hello world"
    assert [e["type"] for e in answer.events][-1] == "message_stop"
    assert (whole["content"][0]["text"], whole["model"]) == ("hello world", "claude-opus-4-8")
    assert [r.json()["model"] for r in endpoint.requests] == ["big-model"] * 2
    assert endpoint.requests[0].path == "/v1/chat/completions"


def test_a_connection_is_used_again() -> None:
    with ScriptedEndpoint(chat_text("ok")) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1")) as proxy:
        for _ in range(5):
            assert call(proxy).text == "ok"
            time.sleep(0.05)  # the end of the body comes after the end of the answer
    assert endpoint.connections <= 2


# ---------------------------------------------------------------- clients that leave


def serving(
    closed: list[float | None], begun: threading.Event, *, silent: bool
) -> Callable[[Connection, Received], None]:
    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "once "}))
        begun.set()
        if not silent:
            try:
                while True:
                    connection.chunk(chat_chunk({"content": "more "}))
                    time.sleep(0.002)
            except OSError:
                closed.append(time.monotonic())
                return
        closed.append(connection.wait_closed())

    return act


@pytest.mark.parametrize("silent", [True, False], ids=["silent endpoint", "talking endpoint"])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_client_that_leaves_closes_the_endpoints_connection(silent: bool, reset: bool) -> None:
    closed: list[float | None] = []
    with (
        ScriptedEndpoint(serving(closed, threading.Event(), silent=silent)) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        with open_request(proxy) as sock:
            read_until(sock, b"once")
            if reset:
                Connection(sock).reset()
        left = time.monotonic()
        wait_until(lambda: closed, 5, "the endpoint to see the end")
        assert closed[0] is not None
        assert closed[0] - left < 0.5
        wait_until(lambda: not proxy.traffic.running, 2, "the books to be closed")
        assert proxy.traffic.recent()[0].status == 499


def test_a_client_that_leaves_before_the_answer_closes_the_endpoints_connection() -> None:
    closed: list[float | None] = []
    with (
        ScriptedEndpoint(lambda c, r: closed.append(c.wait_closed())) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        with open_request(proxy):
            wait_until(lambda: endpoint.requests, 5, "the request")
        wait_until(lambda: closed, 5, "the endpoint to see the end")
        assert closed[0] is not None


def test_a_slow_reader_holds_the_endpoint_back_and_gets_everything() -> None:
    sent = [0]
    block = chat_chunk({"content": "x" * 4000})

    def act(connection: Connection, received: Received) -> None:
        connection.sock.setsockopt(1, 7, 65536)  # SO_SNDBUF
        connection.start_stream()
        for _ in range(5000):
            connection.chunk(block)
            sent[0] += len(block)
        connection.chunk(chat_chunk({}, "stop") + b"data: [DONE]\n\n")
        connection.end_stream()

    with (
        ScriptedEndpoint(act) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
        open_request(proxy) as sock,
    ):
        read_until(sock, b"xxxx")
        wait_until(lambda: sent[0] > 100_000, 5, "the stream to begin")
        before = -1
        while sent[0] != before:
            before = sent[0]
            time.sleep(0.3)
        assert sent[0] < 12_000_000  # the kernel's buffers, not the whole 20 MB
        rest = read_until(sock, b"message_stop")
        assert sent[0] == 5000 * len(block)
        assert len(rest) > 19_000_000 - 12_000_000


# ---------------------------------------------------------------- endpoints that break


@pytest.mark.parametrize("how", ["reset", "closed"])
@pytest.mark.parametrize("wire", ["anthropic", "openai-chat"])
def test_a_stream_that_breaks_ends_in_an_error_event(how: str, wire: str) -> None:
    piece = NATIVE_STREAM[:500] if wire == "anthropic" else chat_chunk({"content": "half"})
    with (
        ScriptedEndpoint(cut_after(piece, how=how)) as endpoint,
        proxy_for(profile(endpoint.origin, wire=wire)) as proxy,
    ):
        answer = call(proxy)
        assert answer.status == 200
        assert b"event: error" in answer.body
        assert b"message_stop" not in answer.body
        assert proxy.traffic.recent()[0].error


@pytest.mark.parametrize("wire", ["anthropic", "openai-chat"])
def test_an_empty_200_is_an_error_and_no_answer(wire: str) -> None:
    with ScriptedEndpoint(native_stream(b"")) as endpoint, proxy_for(profile(endpoint.origin, wire=wire)) as proxy:
        answer = call(proxy)
    assert answer.status >= 500
    assert answer.error["message"]


@pytest.mark.parametrize("wire", ["anthropic", "openai-chat"])
def test_an_endpoint_that_falls_silent_is_given_up(wire: str) -> None:
    piece = NATIVE_STREAM[:500] if wire == "anthropic" else chat_chunk({"content": "half"})

    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(piece)
        connection.wait_closed(20)

    with ScriptedEndpoint(act) as endpoint, proxy_for(profile(endpoint.origin, wire=wire, idle_s=0.5)) as proxy:
        answer = call(proxy)
    assert b"event: error" in answer.body


def test_an_endpoint_without_an_answer_is_given_up() -> None:
    with (
        ScriptedEndpoint(lambda c, r: c.wait_closed(20) and None) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1", first_byte_s=0.3)) as proxy,
    ):
        answer = call(proxy)
    assert (answer.status, answer.error["type"]) == (504, "timeout_error")


@pytest.mark.parametrize("wire", ["anthropic", "openai-chat"])
def test_a_silent_stream_is_committed_and_pinged(wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.pump.PING_AFTER_S", 0.2)
    monkeypatch.setattr("ccswitch_tui.proxy.web.reply.PING_AFTER_S", 0.2)
    monkeypatch.setattr("ccswitch_tui.proxy.web.reply.Watch.TICK_S", 0.1)
    go = threading.Event()

    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        go.wait(10)
        if wire == "anthropic":
            connection.chunk(NATIVE_STREAM)
        else:
            connection.chunk(chat_chunk({"content": "late"}) + chat_chunk({}, "stop") + b"data: [DONE]\n\n")
        connection.end_stream()

    with (
        ScriptedEndpoint(act) as endpoint,
        proxy_for(profile(endpoint.origin, wire=wire)) as proxy,
        open_request(proxy) as sock,
    ):
        first = read_until(sock, b"event: ping")
        while first.count(b"event: ping") < 2:
            first += sock.recv(65536)
        go.set()
        rest = read_until(sock, b"event: message_stop")
    assert b" 200 " in first
    assert b"message_stop" in rest


def test_the_next_request_works_after_every_kind_of_break() -> None:
    broken = [
        cut_after(chat_chunk({"content": "a"}), how="reset"),
        cut_after(how="closed"),
        native_stream(b""),
        native_stream(b"\x00\xff garbage\n\n"),
        refuse(500, b"<html>oops</html>", {"content-type": "text/html"}),
    ]
    with ScriptedEndpoint(*broken, chat_text("fine")) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1")) as proxy:
        for _ in broken:
            call(proxy)
        wait_until(lambda: call(proxy).text == "fine", 5, "a healthy answer")
        assert not proxy.traffic.running


def test_the_books_hold_both_sides_masked() -> None:
    body = {**BODY, "messages": [{"role": "user", "content": "my key is sk-example-upstream-0123456789"}]}
    with ScriptedEndpoint(chat_text("hello")) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1")) as proxy:
        call(proxy, body=body)
        listed = call(proxy, "GET", "/_ccswitch/traffic").json()["exchanges"]
        shown = call(proxy, "GET", f"/_ccswitch/traffic/{listed[0]['id']}").json()
        metrics = call(proxy, "GET", "/_ccswitch/metrics").body.decode()
    exchange, bodies = shown["exchange"], shown["bodies"]
    assert (exchange["asked"], exchange["model"], exchange["status"]) == ("claude-opus-4-8", "big-model", 200)
    assert (exchange["input_tokens"], exchange["output_tokens"], exchange["stop_reason"]) == (11, 7, "end_turn")
    assert exchange["first_byte_ms"] <= exchange["total_ms"]
    assert all(bodies[side] for side in ("request", "sent", "received", "returned"))
    assert "sk-example-upstream" not in json.dumps(shown)
    assert 'ccswitch_requests_total{profile="work",model="big-model",outcome="ok"} 1' in metrics


def test_events_are_told_as_they_happen() -> None:
    import http.client

    with ScriptedEndpoint(chat_text("hello")) as endpoint, proxy_for(profile(f"{endpoint.origin}/v1")) as proxy:
        connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=10)
        connection.request("GET", "/_ccswitch/events", headers={"x-api-key": proxy.control.reveal()})
        stream = connection.getresponse()
        assert stream.readline() == b": listening\n"
        call(proxy)
        told: list[str] = []
        while len(told) < 3:
            line = stream.readline()
            if line.startswith(b"event: "):
                told.append(line[7:].strip().decode())
        connection.close()
    assert told == ["begin", "first-byte", "end"]


@pytest.mark.parametrize("wire", ["anthropic", "openai-chat"])
@pytest.mark.parametrize("ending", ["answer", "error"])
def test_a_client_does_not_wait_for_ever_for_an_endpoint_that_reads_a_long_prompt(
    wire: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.pump.BEGIN_AFTER_S", 0.2)
    monkeypatch.setattr("ccswitch_tui.proxy.web.reply.PING_AFTER_S", 0.2)
    monkeypatch.setattr("ccswitch_tui.proxy.web.reply.Watch.TICK_S", 0.1)
    go = threading.Event()

    def act(connection: Connection, received: Received) -> None:
        go.wait(10)
        if ending == "error":
            connection.answer(500, {"error": {"message": "out of memory"}})
        else:
            (native_stream() if wire == "anthropic" else chat_text("late"))(connection, received)

    with (
        ScriptedEndpoint(act) as endpoint,
        proxy_for(profile(endpoint.origin, wire=wire)) as proxy,
        open_request(proxy) as sock,
    ):
        first = read_until(sock, b"event: ping")
        while first.count(b"event: ping") < 2:
            first += sock.recv(65536)
        go.set()
        rest = read_until(sock, b"message_stop" if ending == "answer" else b"event: error")
    assert b" 200 " in first
    assert (b"late" in rest or b"future_event" in rest) if ending == "answer" else b"out of memory" in rest


def test_a_client_hears_pings_while_the_endpoint_sends_nothing_but_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.pump.PING_AFTER_S", 0.2)
    monkeypatch.setattr("ccswitch_tui.proxy.web.reply.PING_AFTER_S", 0.2)
    monkeypatch.setattr("ccswitch_tui.proxy.web.reply.Watch.TICK_S", 0.1)
    heard = threading.Event()

    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        for _ in range(300):
            connection.chunk(b": PROCESSING\n\n")
            if heard.wait(0.02):
                break
        connection.chunk(chat_chunk({"content": "late"}) + chat_chunk({}, "stop") + b"data: [DONE]\n\n")
        connection.end_stream()

    with ScriptedEndpoint(act) as endpoint, proxy_for(profile(endpoint.origin)) as proxy, open_request(proxy) as sock:
        first = b""
        while first.count(b"event: ping") < 2 and b"message_stop" not in first:
            first += sock.recv(65536)
        heard.set()
    assert first.count(b"event: ping") == 2


def test_a_mistake_of_ours_within_an_answer_begins_no_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.pump.BEGIN_AFTER_S", 0.2)
    monkeypatch.setattr("ccswitch_tui.proxy.web.reply.Watch.TICK_S", 0.1)

    def stumble(*_: object, **__: object) -> None:
        raise LookupError

    monkeypatch.setattr("ccswitch_tui.proxy.attempt.failure_from_response", stumble)
    begun = threading.Event()

    def act(connection: Connection, received: Received) -> None:
        begun.wait(10)
        connection.answer(500, {"error": {"message": "out of memory"}})

    with ScriptedEndpoint(act) as endpoint, proxy_for(profile(endpoint.origin)) as proxy, open_request(proxy) as sock:
        got = read_until(sock, b"message_start")
        begun.set()
        with contextlib.suppress(ConnectionError):
            got += read_until(sock, b"never")
        listed = call(proxy, "GET", "/_ccswitch/traffic").json()["exchanges"]
    assert "internal error" in listed[0]["error"]
    assert got.count(b"HTTP/1.1") == 1
    assert not got.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("streamed", [True, False])
def test_odd_headers_of_an_endpoint_do_not_reach_the_client(streamed: bool) -> None:
    def act(connection: Connection, received: Received) -> None:
        connection.sock.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nrequest-id: caf\xe9\r\nretry-after: 1\r\n"
            b"anthropic-ratelimit-a: \xff\r\nanthropic-ratelimit-b: 2\r\n\r\n" % len(NATIVE_STREAM) + NATIVE_STREAM
        )

    with ScriptedEndpoint(act) as endpoint, proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy:
        answer = call(proxy, body={**BODY, "stream": streamed})
    assert (answer.status, answer.body) == (200, NATIVE_STREAM)
    assert (answer.headers["retry-after"], answer.headers["anthropic-ratelimit-b"]) == ("1", "2")
    assert not {"request-id", "anthropic-ratelimit-a"} & set(answer.headers)


def test_an_endpoint_cannot_write_a_header_line_of_its_own() -> None:
    """A carriage return alone is a line break to some readers and to others not: such an answer is none."""

    def act(connection: Connection, received: Received) -> None:
        connection.sock.sendall(b"HTTP/1.1 200 OK\r\nretry-after: 1\rX-Evil: 1\r\nContent-Length: 0\r\n\r\n")

    with ScriptedEndpoint(act) as endpoint, proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy:
        answer = call(proxy, body={**BODY, "stream": False})
    assert (answer.status, answer.error["type"]) == (502, "api_error")
    assert "x-evil" not in answer.headers and b"Evil" not in answer.body
