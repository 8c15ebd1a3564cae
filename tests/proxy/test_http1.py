"""HTTP/1.1 as the proxy's client reads it: any cutting, h11 as the judge, and nothing that smuggles."""

from __future__ import annotations

import gzip
import itertools
import zlib

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.proxy.client.http1 import (
    BadAnswer,
    Body,
    Chunked,
    Sized,
    body_of,
    head_end,
    parse_head,
    request_head,
    unpacker_of,
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(p % (len(data) + 1) for p in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def read(body: Body, pieces: list[bytes]) -> bytes:
    return b"".join(body.feed(piece) for piece in pieces)


chunks = st.lists(st.binary(min_size=1, max_size=5000), max_size=6)
places = st.lists(st.integers(0, 100_000), max_size=12)


@given(chunks, places, st.sampled_from([b"", b";a=b", b' ; q="x"']), st.sampled_from([b"", b"X-End: 1\r\n"]))
def test_chunks_in_any_cutting_give_their_content(
    parts: list[bytes], where: list[int], extension: bytes, trailer: bytes
) -> None:
    wire = b"".join(b"%x%b\r\n%b\r\n" % (len(p), extension, p) for p in parts) + b"0\r\n" + trailer + b"\r\n"
    body = Chunked()
    assert read(body, cut(wire, where)) == b"".join(parts)
    assert body.complete and not body.surplus


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
    assert head_end(head + wire) == len(head)
    body = body_of(parse_head(head))
    assert read(body, cut(wire, where)) == theirs == content
    assert body.complete


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (b"zz\r\nabc", "without a size"),
        (b"-1\r\n", "without a size"),
        (b"0x3\r\nabc\r\n", "without a size"),
        (b"1_0\r\n", "without a size"),
        (b"3\r\nabcd\r\n", "longer than it said"),
        (b"3;" + b"x" * 5000, "does not end"),
    ],
)
def test_a_chunk_that_lies_is_no_answer(wire: bytes, why: str) -> None:
    with pytest.raises(BadAnswer, match=why):
        Chunked().feed(wire)


def test_what_comes_after_the_end_is_seen() -> None:
    chunked, sized = Chunked(), Sized(2)
    assert chunked.feed(b"1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n") == b"a"
    assert sized.feed(b"ab!") == b"ab"
    assert chunked.complete and chunked.surplus and sized.complete and sized.surplus


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 1, 2",
        b"Content-Length: -1",
        b"Content-Length: " + b"9" * 5000,
    ],
)
def test_two_lengths_or_a_false_one_are_no_answer(lengths: bytes) -> None:
    with pytest.raises(BadAnswer, match="how long"):
        body_of(parse_head(b"HTTP/1.1 200 OK\r\n" + lengths + b"\r\n\r\n"))


def test_identity_is_no_coding() -> None:
    body = body_of(parse_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n"))
    assert body.feed(b"abc") == b"abc"
    assert body.complete


def test_the_same_length_twice_is_one_length() -> None:
    body = body_of(parse_head(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"))
    assert body.feed(b"abc") == b"abc"
    assert body.complete


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nconnection: Close\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", True),
        (b"HTTP/1.1 200\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\n\n", True),
    ],
)
def test_who_hangs_up(head: bytes, keeps: bool) -> None:
    assert head_end(head) == len(head)
    assert parse_head(head).keeps_alive is keeps


def test_a_head_of_bare_line_feeds_ends_before_a_body_that_has_others() -> None:
    head = b"HTTP/1.1 200 OK\nContent-Length: 11\n\n"
    assert head_end(head + b"data: x\r\n\r\n") == len(head)


def test_folded_lines_and_odd_bytes_in_headers_are_read() -> None:
    headers = parse_head(b"HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\nX-B: \xff\xc3\xa9\r\n\r\n").headers
    assert headers["x-a"] == "one two"
    assert headers["x-b"].endswith("é")


@pytest.mark.parametrize("data", [b"<html>", b"HTTP/2 200\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_said_at_once(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        head_end(data)
        parse_head(data)


def test_endless_headers_are_not_kept() -> None:
    with pytest.raises(BadAnswer, match="longer than 64 kB"):
        head_end(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000)


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\0b"])
def test_no_header_can_begin_another_one(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        request_head("POST", "/v1", "a.example", {"X-A": value}, 0)
    with pytest.raises(ValueError, match="line break"):
        request_head("POST", f"/v1{value}", "a.example", {}, 0)


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
    unpack = unpacker_of({"Content-Encoding": coding})
    assert unpack is not None
    assert b"".join(b"".join(unpack(piece)) for piece in cut(data, where)) == b"token " * 1000


def test_a_small_read_that_unpacks_to_much_comes_in_pieces() -> None:
    unpack = unpacker_of({"Content-Encoding": "gzip"})
    assert unpack is not None
    sizes = [len(piece) for piece in unpack(gzip.compress(bytes(20_000_000)))]
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= 256 * 1024


def test_an_unknown_or_broken_compression_is_named() -> None:
    with pytest.raises(BadAnswer, match="compressed with br"):
        unpacker_of({"Content-Encoding": "br"})
    unpack = unpacker_of({"Content-Encoding": "gzip"})
    assert unpack is not None
    with pytest.raises(BadAnswer, match="broken"):
        list(unpack(b"\x1f\x8b" + b"x" * 50))
