"""HTTP/1.1 as the proxy's client reads it: any cutting, h11 as the judge, and nothing that smuggles."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.http11 import by_h11
from ccswitch_tui.http11.requests import request_head
from ccswitch_tui.http11.unpack import BadCoding, unpacker_of
from ccswitch_tui.proxy.client import connection as connection_module
from ccswitch_tui.proxy.client.connection import LONGEST_HEAD, MOST_INTERIM, Broken, Connection, Stale


class Transport(asyncio.Transport):
    """Takes everything, and remembers whether it was hung up."""

    closed = False

    def write(self, data: Any) -> None:
        """Nothing."""

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing."""

    def resume_reading(self) -> None:
        """Nothing."""

    def abort(self) -> None:
        self.closed = True


class Read:
    """What came of some bytes as the answer to one request."""

    def __init__(self, *pieces: bytes, end: bool = False) -> None:
        asyncio.run(self._read(pieces, end))

    async def _read(self, pieces: tuple[bytes, ...], end: bool) -> None:
        self.free: list[Connection] = []
        carrier = Connection(asyncio.get_running_loop())
        transport = Transport()
        carrier.connection_made(transport)
        answer = carrier.send(b"", [], "h", self.free.append)
        for piece in pieces:
            if not transport.closed:
                carrier.data_received(piece)
        if end:
            carrier.connection_lost(None)
        self.fault: Exception | None = None
        self.body = b""
        try:
            await answer.begun(0.01)
            async with asyncio.timeout(0.01):
                while data := await answer.read():
                    self.body += data
        except (Broken, TimeoutError) as error:
            self.fault = error
        self.status, self.headers = answer.status, answer.headers
        self.complete = answer.at_end
        self.reusable = self.complete and bool(self.free) and not transport.closed


@pytest.fixture(params=["llhttp", "h11"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "h11":
        monkeypatch.setattr(connection_module, "HttpResponseParser", by_h11.HttpResponseParser)
    return str(request.param)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(p % (len(data) + 1) for p in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


chunks = st.lists(st.binary(min_size=1, max_size=5000), max_size=6)
places = st.lists(st.integers(0, 100_000), max_size=12)
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@given(chunks, places, st.sampled_from([b"", b";a=b", b';q="x"']), st.sampled_from([b"", b"X-End: 1\r\n"]))
def test_chunks_in_any_cutting_give_their_content(
    parts: list[bytes], where: list[int], extension: bytes, trailer: bytes
) -> None:
    wire = b"".join(b"%x%b\r\n%b\r\n" % (len(p), extension, p) for p in parts) + b"0\r\n" + trailer + b"\r\n"
    read = Read(*cut(CHUNKED + wire, where))
    assert (read.body, read.fault) == (b"".join(parts), None)
    assert read.reusable


@given(chunks, places, st.booleans(), st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"]))
def test_h11_reads_the_same(parts: list[bytes], where: list[int], chunked: bool, version: bytes) -> None:
    content = b"".join(parts)
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(content)
    head = version + b" 200 OK\r\nContent-Type: text/event-stream\r\n" + framing + b"\r\n\r\n"
    wire = b"".join(b"%X\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n" if chunked else content
    judge = h11.Connection(h11.CLIENT)
    judge.send(h11.Request(method="GET", target="/", headers=[("Host", "a.example")]))
    judge.send(h11.EndOfMessage())
    judge.receive_data(head + wire)
    judge.receive_data(b"")
    theirs = b""
    while not isinstance(event := judge.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
        if isinstance(event, h11.Data):
            theirs += event.data
    read = Read(*cut(head + wire, where))
    assert read.body == theirs == content
    assert read.complete


@pytest.mark.parametrize(
    "wire",
    [
        b"zz\r\nabc",
        b"-1\r\n",
        b"0x3\r\nabc\r\n",
        b"1_0\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"f" * 30 + b"\r\n",
    ],
)
def test_a_chunk_that_lies_is_no_answer(parser: str, wire: bytes) -> None:
    read = Read(CHUNKED + wire)
    assert isinstance(read.fault, Broken) and "not HTTP" in str(read.fault)
    assert not read.reusable


@pytest.mark.parametrize("body", [b"1\r\na\r\n0\r\n\r\n", b"2\r\nab"])
def test_what_comes_after_the_end_is_nobodys_and_ends_the_connection(parser: str, body: bytes) -> None:
    other = HEAD + b"Content-Length: 4\r\n\r\nEVIL"
    head = CHUNKED if body.endswith(b"\r\n") else HEAD + b"Content-Length: 5\r\n\r\n"
    for read in (Read(head + body + other), Read(head, body, other)):
        assert read.body == (b"a" if body.endswith(b"\r\n") else body)
        assert read.complete and (not read.reusable or len(read.free) == 1)
    assert not Read(head + body + other).reusable


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 1, 2",
        b"Content-Length: -1",
        b"Content-Length: " + b"9" * 5000,
    ],
)
def test_two_lengths_or_a_false_one_are_no_answer(parser: str, lengths: bytes) -> None:
    assert "not HTTP" in str(Read(HEAD + lengths + b"\r\n\r\nabc").fault)


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 11\n\ndata: x\r\n\r\n", b"data: x\r\n\r\n"),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (HEAD + b"X-A: one\r\n two\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (CHUNKED + b"3  \r\nabc\r\n0\r\n\r\n", b"abc"),
        (HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
    ],
)
@pytest.mark.parametrize("step", [1, 10_000])
def test_what_the_probe_can_read_the_proxy_reads_too(parser: str, wire: bytes, body: bytes, step: int) -> None:
    """Each is a shape that llhttp refuses and h11, which the probe reads with, takes."""
    read = Read(*(wire[place : place + step] for place in range(0, len(wire), step)))
    assert (read.body, read.fault, read.complete) == (body, None, True)


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (HEAD, True),
        (HEAD + b"connection: Close\r\n", False),
        (HEAD + b"Connection: x\r\nConnection: close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", True),
        (b"HTTP/1.1 200\r\n", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n", False),
    ],
)
def test_who_hangs_up(parser: str, head: bytes, keeps: bool) -> None:
    read = Read(head + b"Content-Length: 5\r\n\r\n0\r\n\r\n")
    assert read.complete and read.status == 200
    assert read.reusable is keeps


def test_odd_bytes_in_headers_are_read_and_of_two_lines_the_first_counts(parser: str) -> None:
    headers = Read(HEAD + b"X-A: one\r\nX-A: two\r\nX-B: \xff\xc3\xa9\r\nContent-Length: 0\r\n\r\n").headers
    assert headers["x-a"] == "one"
    assert headers["x-b"].endswith("é")


@pytest.mark.parametrize(
    "data",
    [
        b"<html>", b"HTTP/2 200\r\n\r\n", b"HTTP/2.0 200 OK\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n",
        b"220 mail.example ESMTP\r\n", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", b"HTTP/1.1 200 OK\r\n: nothing\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_said_at_once(parser: str, data: bytes) -> None:
    assert "not HTTP" in str(Read(data).fault)


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + b"X: " + b"a" * 40_000] * 2,
        [HEAD] + [b"X-%d: a\r\n" % number * 100 for number in range(100)],
        [CHUNKED, b"3;"] + [b"x" * 30_000] * 3,
        [CHUNKED, b"0\r\n"] + [b"X: a\r\n" * 5000] * 3,
    ],
)
def test_what_goes_on_without_a_body_is_given_up(pieces: list[bytes]) -> None:
    assert isinstance(Read(*pieces).fault, Broken)
    assert sum(map(len, pieces)) > LONGEST_HEAD


def test_interim_answers_are_passed_over_and_not_endlessly(parser: str) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    rest = HEAD + b"Content-Length: 2\r\n\r\nok"
    assert Read(hints * MOST_INTERIM + rest).body == b"ok"
    assert "interim" in str(Read(hints * (MOST_INTERIM + 1) + rest).fault)
    assert "interim" in str(Read(*[hints] * 50).fault)


def test_the_end_of_the_connection_ends_only_a_body_that_says_nothing_else(parser: str) -> None:
    assert Read(HEAD + b"\r\nall of it", end=True).complete
    assert not Read(HEAD + b"Content-Length: 20\r\n\r\nhalf", end=True).complete
    assert not Read(CHUNKED + b"4\r\nhalf\r\n", end=True).complete
    assert isinstance(Read(end=True).fault, Stale)
    assert not isinstance(Read(b"HTTP", end=True).fault, Stale)


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\0b"])
def test_no_header_can_begin_another_one(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        request_head("POST", "/v1", "a.example", [("X-A", value)])
    with pytest.raises(ValueError, match="line break"):
        request_head("POST", f"/v1{value}", "a.example", [])


raw = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(b"token " * 1000, mtime=0)),
        ("gzip", gzip.compress(b"token " * 400, mtime=0) + gzip.compress(b"token " * 600, mtime=0)),
        ("deflate", zlib.compress(b"token " * 1000)),
        ("deflate", raw.compress(b"token " * 1000) + raw.flush()),
    ],
)
@given(where=places)
def test_compression_nobody_asked_for_is_undone(coding: str, data: bytes, where: list[int]) -> None:
    unpack = unpacker_of(coding)
    assert unpack is not None
    assert b"".join(b"".join(unpack(piece)) for piece in cut(data, where)) == b"token " * 1000


def test_a_small_read_that_unpacks_to_much_comes_in_pieces() -> None:
    unpack = unpacker_of("gzip")
    assert unpack is not None
    sizes = [len(piece) for piece in unpack(gzip.compress(bytes(20_000_000)))]
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= 256 * 1024


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br"])
def test_a_compression_unknown_here_is_said(coding: str) -> None:
    assert unpacker_of("identity") is None
    with pytest.raises(BadCoding, match="compressed with"):
        unpacker_of(coding)
    assert "compressed with" in str(Read(HEAD + f"Content-Encoding: {coding}\r\n\r\n".encode()).fault)


def test_a_broken_compression_is_said() -> None:
    unpack = unpacker_of("gzip")
    assert unpack is not None
    with pytest.raises(BadCoding, match="broken"):
        list(unpack(b"\x1f\x8b" + b"x" * 50))
