"""Hostile and broken endpoints: every request is bounded in time and memory, and the trouble is named."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
import zlib

import pytest

from ccswitch_tui.probe.classify import read_answer
from ccswitch_tui.probe.exchange import Ask, Exchange
from ccswitch_tui.probe.fetch import Fetcher
from ccswitch_tui.secret import Secret
from kit import bad_endpoints

KEY = Secret("sk-example-planted-0123456789")


async def post(origin: str, patience_s: float = 2.0, **more: object) -> Exchange:
    wanted = Ask("message", "POST", f"{origin}/v1/chat/completions", "bearer", body=b'{"model":"m"}', wire="openai-chat",  # noqa: E501
                 patience_s=patience_s, most_bytes=256 * 1024)  # fmt: skip
    return await Fetcher(origin, KEY).fetch(wanted._replace(**more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("manner", "kind", "words"),
    [
        (bad_endpoints.one_gigabyte, "stream-endless", "was too large"),
        (bad_endpoints.gzip_bomb, "bad-format", ""),
        (bad_endpoints.redirect_circle, "redirected", "/v1/chat/completions"),
        (bad_endpoints.one_byte_a_second, "timeout", "not complete"),
        (bad_endpoints.trickling_body, "stream-endless", "did not end in time"),
        (bad_endpoints.http_0_9, "not-an-api", "begins with '<html>hello from 1991"),
        (bad_endpoints.error_in_success, "error-in-success", "on fire"),
        (bad_endpoints.endless_head, "not-an-api", "response headers are malformed"),
        (bad_endpoints.reset, "connection-reset", "reset"),
        (bad_endpoints.close, "connection-reset", "without an answer"),
        (bad_endpoints.broken_chunks, "connection-reset", "ended early"),
        (bad_endpoints.silence, "timeout", "no answer in 2 s"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_bad_endpoint_is_bounded_and_named(manner: bad_endpoints.Manner, kind: str, words: str) -> None:
    bad_endpoints._bomb()
    with bad_endpoints.endpoint(manner) as origin:
        tracemalloc.start()
        started = time.monotonic()
        exchange = await post(origin)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    answer = read_answer(exchange)
    assert (answer.kind, words in answer.words) == (kind, True), (answer, exchange.detail)
    assert time.monotonic() - started < 10
    assert peak < 64 * 1024 * 1024


@pytest.mark.parametrize("coding", ["gzip", "deflate", "GZIP"])
async def test_an_answer_that_is_compressed_unasked_is_read_to_its_end(coding: str) -> None:
    """A gateway that compresses each piece for itself sends several gzip members in a row."""
    halves = (b'{"choices": [{"message": {"content": ', b'"hello"}}]}')
    packed = zlib.compress(b"".join(halves)) if coding == "deflate" else b"".join(map(gzip.compress, halves))

    def answer(client: socket.socket, request: bytes) -> None:
        head = b"content-encoding: %b\r\ncontent-length: %d\r\n\r\n" % (coding.encode(), len(packed))
        client.sendall(bad_endpoints.JSON_HEAD + head + packed)

    with bad_endpoints.endpoint(answer) as origin:
        exchange = await post(origin)
    assert exchange.body == b"".join(halves).decode()
    assert read_answer(exchange).ok


async def test_an_answer_that_does_not_begin_is_given_up_before_the_whole_time_is_over() -> None:
    with bad_endpoints.endpoint(bad_endpoints.silence) as origin:
        exchange = await post(origin, patience_s=60.0, first_byte_s=0.3)
    assert (exchange.failure, exchange.detail) == ("timeout-first-byte", "connected, but no answer in 0.3 s")


async def test_an_answer_that_has_begun_has_the_whole_time() -> None:
    with bad_endpoints.endpoint(bad_endpoints.trickling_body) as origin:
        exchange = await post(origin, patience_s=2.0, first_byte_s=0.5)
    assert exchange.status == 200
    assert exchange.timings.total > 1900


async def test_a_stream_for_ever_is_cut_off_and_what_came_is_kept() -> None:
    with bad_endpoints.endpoint(bad_endpoints.stream_for_ever) as origin:
        exchange = await post(origin, rung="stream")
    assert exchange.ended == "too-large"
    assert exchange.body.startswith("data: ")
    assert len(exchange.body) <= 64 * 1024


async def test_a_redirect_is_not_followed() -> None:
    with bad_endpoints.endpoint(bad_endpoints.redirect_circle) as origin:
        fetcher = Fetcher(origin, KEY)
        await fetcher.fetch(Ask("http", "GET", f"{origin}/v1/models", "bearer"))
        assert fetcher.asked == 1


async def test_the_key_goes_to_no_other_origin() -> None:
    fetcher = Fetcher("http://127.0.0.1:1", KEY)
    with pytest.raises(ValueError, match="does not leave"):
        await fetcher.fetch(Ask("http", "GET", "http://127.0.0.1:2/v1/models", "bearer"))


async def test_a_key_no_header_can_carry_is_named_and_not_sent() -> None:
    with bad_endpoints.endpoint(bad_endpoints.error_in_success) as origin:
        fetcher = Fetcher(origin, Secret("sk-example-with\nnewline-0123456789"))
        exchange = await fetcher.fetch(Ask("message", "POST", f"{origin}/v1/chat/completions", "bearer", body=b"{}"))
    assert read_answer(exchange).kind == "key-unsendable"


async def test_nothing_kept_of_an_exchange_holds_the_key() -> None:
    def echo(client: object, request: bytes) -> None:
        body = b'{"error":{"message":"you sent: ' + request.replace(b"\r\n", b" ").replace(b'"', b"'") + b'"}}'
        client.sendall(b"HTTP/1.1 400 Bad\r\nx-echo: " + request.split(b"\r\n")[0] + b"\r\ncontent-length: %d\r\n\r\n"  # type: ignore[attr-defined]
                       % len(body) + body)  # fmt: skip

    with bad_endpoints.endpoint(echo) as origin:
        exchange = await post(origin, auth="both")
    assert "you sent" in exchange.body
    assert KEY.reveal() not in repr(exchange)
    assert "$API_KEY" in exchange.to_json()["curl"]
