"""What a server of ours reads as one request, as two, and as none."""

from __future__ import annotations

import json
import re

import pytest
from http11_served import Served

from ccswitch_tui.http11.routes import Routes

HEAD = b"POST /echo HTTP/1.1\r\nHost: a.example\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"


def statuses(said: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (HEAD + b"\r\n", ""),
        (HEAD + b"Content-Length: 2\r\n\r\n{}", "{}"),
        (b"\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\n{}", "{}"),
        (HEAD + b"Content-Length: 0\r\n\r\n", ""),
        (HEAD + b"X-Odd: \xff\xc3\xa9\r\nContent-Length: 1\r\n\r\na", "a"),
        (CHUNKED + b"\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n", "abcde"),
        (CHUNKED + b"\r\n2\r\nab\r\n0\r\nHost: b.example\r\nX-Stranger: 1\r\n\r\n", "ab"),
        (HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", "{}"),
        (HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}", "{}"),
        (b"POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nok", "ok"),
    ],
)
async def test_a_request_is_read(served: Served, request_: bytes, body: str) -> None:
    said = await served.say(request_)
    assert [status for status in statuses(said) if status != 100] == [200]
    assert json.loads(said.rpartition(b"\r\n\r\n")[2])["body"] == body


@pytest.mark.parametrize("length", [1, 7, 60])
@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_it_may_come_in_any_pieces(served: Served, length: int, framing: str) -> None:
    whole = HEAD + b"Content-Length: 5\r\n\r\nhello" if framing == "sized" else CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n"
    pieces = [whole[place : place + length] for place in range(0, len(whole), length)]
    async with served.open() as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        assert b'"body":"hello"' in await reader.readuntil(b'"hello"')


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        HEAD + b"Content-Length: +2\r\n\r\n{}",
        HEAD + b"Content-Length: -2\r\n\r\n{}",
        HEAD + b"Content-Length: 0x2\r\n\r\n{}",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: identity\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length : 2\r\n\r\n{}",
        HEAD + b"X: a\rContent-Length: 2\r\n\r\n{}",
        HEAD + b"X: a\0b\r\n\r\n",
        HEAD + b"X\x01: a\r\n\r\n",
        HEAD + b": a\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b"Host: b.example\r\n\r\n",
        CHUNKED + b"\r\n0x2\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"\r\n-2\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"\r\nfffffffffffffffffffffff\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"\r\n2\r\nab0\r\n\r\n0\r\n\r\n",
        b"GET /echo HTTP/1.2\r\nHost: a\r\n\r\n",
        b"GET /echo HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET /echo\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"hello there\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        HEAD + b"Expect: a miracle\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_what_is_no_honest_request_is_refused_once_and_the_connection_ends(
    served: Served, request_: bytes
) -> None:
    said = await served.say(request_ + b"GET /echo?smuggled=1 HTTP/1.1\r\nHost: a.example\r\n\r\n")
    (status,) = statuses(said)
    assert status in (400, 405, 417, 505)
    assert b"\r\nConnection: close\r\n" in said
    assert served.app.seen == []


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /echo HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}",
        HEAD + b"X: a\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"Content-Length: 2, 2\r\n\r\n{}",
        CHUNKED + b"\r\n2\nab\n0\n\n",
        CHUNKED + b"\r\n2 \r\nab\r\n0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
@pytest.mark.parametrize("parser", ["llhttp"], indirect=True)
async def test_llhttp_guesses_nothing(served: Served, request_: bytes) -> None:
    assert statuses(await served.say(request_)) == [400]
    assert served.app.seen == []


async def test_a_target_with_a_host_in_it_counts_more_than_the_host_header(served: Served) -> None:
    await served.say(b"GET http://b.example/echo?x=1 HTTP/1.1\r\nHost: a.example\r\n\r\n")
    (seen,) = served.app.seen
    assert (seen.headers["host"], seen.path, dict(seen.query)) == ("b.example", "/echo", {"x": "1"})


async def test_an_encoded_slash_stays_in_its_part(served: Served) -> None:
    assert b'{"name":"a/b c"}' in await served.say(b"GET /part/a%2Fb%20c HTTP/1.1\r\nHost: a\r\n\r\n")
    assert statuses(await served.say(b"GET /part/a/b HTTP/1.1\r\nHost: a\r\n\r\n")) == [404]
    assert statuses(await served.say(b"POST /part/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")) == [405]


async def test_many_requests_in_one_piece_are_answered_in_order(served: Served) -> None:
    asked = b"".join(
        HEAD.replace(b"/echo", b"/echo?n=%d" % number) + b"Content-Length: 2\r\n\r\n%02d" % number
        for number in range(50)
    )
    said = await served.say(asked)
    assert statuses(said) == [200] * 50
    assert [r.query["n"] for r in served.app.seen] == [str(number) for number in range(50)]
    assert [r.body for r in served.app.seen] == [b"%02d" % number for number in range(50)]


async def test_after_a_close_nothing_is_read(served: Served) -> None:
    said = await served.say(HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n" + HEAD + b"\r\n")
    assert statuses(said) == [200]
    assert len(served.app.seen) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"a" * 200_000,
        b"".join(b"X-%d: a\r\n" % number for number in range(2_000))[:-2],
        b"".join(b"X: a\r\n" for _ in range(300))[:-2],
    ],
)
async def test_endless_headers_are_refused(served: Served, head: bytes) -> None:
    assert statuses(await served.say(HEAD + head + b"\r\n\r\n"))[0] in (400, 431)
    assert served.app.seen == []


async def test_headers_that_never_end_are_refused_while_they_come(served: Served) -> None:
    async with served.open() as (reader, writer):
        writer.write(HEAD)
        for number in range(10_000):
            writer.write(b"X-%d: %b\r\n" % (number, b"a" * 100))
        assert (await reader.readline()).split()[1] in (b"431", b"400")


def test_what_a_part_may_be_can_count() -> None:
    routes = Routes()

    async def handler(request: object) -> None:
        """Nothing."""

    routes.add("GET", "/n/{id:[0-9]{1,3}}/x", handler)
    assert routes.knows("/n/123/x")
    assert not routes.knows("/n/1234/x") and not routes.knows("/n/a/x")
