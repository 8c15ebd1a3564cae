"""The guard on real sockets: what a web page, another program and a flood may try."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator

import pytest
from proxy_client import call, open_request, profile, proxy_for, read_until
from scripted_endpoint import ScriptedEndpoint, chat_text

from ccswitch_tui.proxy.embedded import EmbeddedProxy


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(chat_text("hello ", "world")) as running:
        yield running


@pytest.fixture
def proxy(endpoint: ScriptedEndpoint) -> Iterator[EmbeddedProxy]:
    with proxy_for(profile(f"{endpoint.origin}/v1")) as running:
        yield running


def test_the_right_token_is_answered_and_never_goes_upstream(endpoint: ScriptedEndpoint, proxy: EmbeddedProxy) -> None:
    assert call(proxy).text == "hello world"
    sent = endpoint.requests[0]
    assert sent.headers["authorization"] == "Bearer sk-example-upstream-0123456789"
    assert proxy.token.reveal() not in repr(sent)


@pytest.mark.parametrize("token", [None, "wrong", "ccst-example-wrong-0123456789"])
def test_without_the_token_nothing_is_sent_upstream(
    endpoint: ScriptedEndpoint, proxy: EmbeddedProxy, token: str | None
) -> None:
    answer = call(proxy, token=token)
    assert (answer.status, answer.error["type"]) == (401, "authentication_error")
    assert b"x-api-key" not in answer.body
    assert endpoint.requests == []


@pytest.mark.parametrize("path", ["/_ccswitch/status", "/_ccswitch/traffic", "/_ccswitch/events", "/_ccswitch/metrics"])
def test_local_routes_want_the_token_too(proxy: EmbeddedProxy, path: str) -> None:
    assert call(proxy, "GET", path, token=None).status == 401
    assert call(proxy, "POST", "/_ccswitch/stop", token=None).status == 401
    assert call(proxy, "GET", path, token=proxy.token.reveal()).status == 403


SPELLINGS = [
    "/_ccswitch/status",
    "/%5fccswitch/status",
    "/_ccswitch/%73tatus",
    "//_ccswitch/status",
    "/p/../_ccswitch/status",
    "/p/work/../../_ccswitch/status",
    "/v1/../_ccswitch/status",
    "/_ccswitch/./status",
    "/_CCSWITCH/status",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_path_lets_the_clients_token_control(proxy: EmbeddedProxy, spelling: str) -> None:
    answer = call(proxy, "GET", spelling, token=proxy.token.reveal())
    assert answer.status in (403, 404)
    assert b'"pid"' not in answer.body


def test_the_clients_token_opens_the_messages_api_and_nothing_else(proxy: EmbeddedProxy) -> None:
    app = proxy._proxy._app  # type: ignore[union-attr]
    assert app is not None
    routes = app.routes.all
    assert len(routes) > 15
    opened = set()
    for method, place in routes:
        path = place.replace("{profile}", "work").replace("{model}", "m").replace("{id:[0-9]{1,18}}", "1")
        if method != "HEAD" and call(proxy, method, path, token=proxy.token.reveal()).status not in (401, 403):
            opened.add(path)
    api = {"/v1/messages", "/v1/messages/count_tokens", "/v1/models", "/v1/models/m"}
    assert opened == api | {f"/p/work{path}" for path in api} | {"/health", "/ready", "/_ccswitch/hello"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_web_page_is_refused_even_with_the_token(proxy: EmbeddedProxy, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/p/work/v1/messages"), ("GET", "/health"), ("OPTIONS", "/p/work/v1/messages")):
        answer = call(proxy, method, path, headers=headers)
        assert (answer.status, answer.error["type"]) == (403, "permission_error")
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_health_needs_no_token_and_ready_says_whether_there_is_something_to_serve(proxy: EmbeddedProxy) -> None:
    assert call(proxy, "GET", "/health", token=None).status == 200
    assert call(proxy, "GET", "/ready", token=None).status == 200
    with proxy_for() as empty:
        assert call(empty, "GET", "/ready", token=None).status == 503


def test_the_warm_up_of_claude_code_is_answered(proxy: EmbeddedProxy) -> None:
    assert call(proxy, "HEAD", "/p/work/api/hello", token=None).status == 200
    assert call(proxy, "GET", "/p/work/api/hello", token=None).status == 200  # what `claude doctor` asks
    assert call(proxy, "GET", "/p/work/v1/models/api/hello", token=None).status in (401, 404)


def test_hello_proves_the_secret_without_saying_it(proxy: EmbeddedProxy) -> None:
    from ccswitch_tui.proxy.web.guard import proof

    said = call(proxy, "GET", "/_ccswitch/hello?nonce=0123456789abcdef", token=None).json()
    assert said["proof"] == proof(proxy.control.reveal(), "0123456789abcdef", proxy.port)
    assert proxy.control.reveal() not in json.dumps(said)


def test_unknown_paths_and_methods_answer_in_anthropics_shape(proxy: EmbeddedProxy) -> None:
    assert call(proxy, "GET", "/nowhere").error["type"] == "not_found_error"
    assert call(proxy, "GET", "/p/work/v1/messages").status == 405
    assert "names no ccswitch-tui profile" in call(proxy, path="/v1/messages").error["message"]
    gone = call(proxy, path="/p/gone/v1/messages")
    assert gone.status == 400
    assert "profile 'gone' no longer exists" in gone.error["message"]
    assert gone.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"messages":[]}', b'{"model":5}', b'{"model":""}', b"\xff\xfe", b"[" * 100_000],
)
def test_nonsense_is_a_400_and_the_proxy_lives(proxy: EmbeddedProxy, body: bytes) -> None:
    answer = call(proxy, body=body)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert call(proxy).text == "hello world"


def test_a_body_of_40_mb_is_refused_and_its_memory_returns(proxy: EmbeddedProxy) -> None:
    big = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 40_000_000}]}).encode()
    answer = call(proxy, body=big)
    assert (answer.status, answer.error["type"]) == (413, "request_too_large")
    assert call(proxy).text == "hello world"


def test_a_chunked_body_without_a_length_is_limited_too(proxy: EmbeddedProxy) -> None:
    with socket.create_connection((proxy.host, proxy.port), timeout=20) as sock:
        head = f"POST /p/work/v1/messages HTTP/1.1\r\nHost: {proxy.host}:{proxy.port}\r\n"
        sock.sendall(
            f"{head}Authorization: Bearer {proxy.token.reveal()}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        block = b"%x\r\n%s\r\n" % (2**20, b"x" * 2**20)
        try:
            for _ in range(40):
                sock.sendall(block)
        except OSError:
            pass  # it stopped reading
        assert b"413" in read_until(sock, b"request_too_large")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "GZIP, identity"])
def test_a_compressed_request_is_refused_without_a_look_inside(proxy: EmbeddedProxy, coding: str) -> None:
    answer = call(proxy, body=gzip.compress(b'{"model":"m"}'), headers={"Content-Encoding": coding})
    assert (answer.status, answer.error["type"]) == (415, "invalid_request_error")
    assert answer.headers["connection"] == "close"


def test_endless_headers_are_refused(proxy: EmbeddedProxy) -> None:
    with socket.create_connection((proxy.host, proxy.port), timeout=20) as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n")
        assert b" 431 " in read_until(sock, b"larger than 32 kB")
    assert call(proxy).status == 200


def test_a_connection_that_never_finishes_its_headers_is_closed(
    endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.server.KEEP_ALIVE_S", 0.4)
    with (
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
        socket.create_connection((proxy.host, proxy.port), timeout=10) as sock,
    ):
        sock.sendall(b"POST /p/work/v1/messages HTTP/1.1\r\nHost: ")
        assert sock.recv(100) == b""


def test_a_body_that_never_arrives_is_given_up(endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.server.BODY_PATIENCE_S", 0.3)
    with (
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
        socket.create_connection((proxy.host, proxy.port), timeout=10) as sock,
    ):
        head = f"POST /p/work/v1/messages HTTP/1.1\r\nHost: {proxy.host}:{proxy.port}\r\n"
        sock.sendall(f"{head}x-api-key: {proxy.token.reveal()}\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert b" 408 " in read_until(sock, b"timeout_error")


def test_two_requests_in_one_segment_are_both_answered(proxy: EmbeddedProxy) -> None:
    with open_request(proxy) as sock:
        first = read_until(sock, b"message_stop")
        sock.sendall(f"GET /health HTTP/1.1\r\nHost: {proxy.host}:{proxy.port}\r\n\r\n".encode() * 2)
        deadline = time.monotonic() + 5
        rest = b""
        while rest.count(b"HTTP/1.1 200") < 2 and time.monotonic() < deadline:
            rest += sock.recv(65536)
    assert b"message_start" in first
    assert rest.count(b'{"status":"ok"}') == 2


def test_many_connections_at_once_are_served(proxy: EmbeddedProxy) -> None:
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: call(proxy).text, range(48)))
    assert set(answers) == {"hello world"}
