"""llhttp and h11 read the same requests, however they are cut; where both read one, they read the same."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccswitch_tui.http11 import by_h11

httptools = pytest.importorskip("httptools", reason="no wheel of httptools here: h11 is all there is")


class Heard:
    """What a parser told, in order; pieces of a body joined."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def on_message_begin(self) -> None:
        self.messages.append({"url": b"", "headers": [], "body": b"", "complete": False})

    def on_url(self, part: bytes) -> None:
        self.messages[-1]["url"] += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if "head" not in self.messages[-1]:
            self.messages[-1]["headers"].append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.messages[-1]["head"] = True

    def on_body(self, data: bytes) -> None:
        self.messages[-1]["body"] += data

    def on_message_complete(self) -> None:
        self.messages[-1]["complete"] = True

    @property
    def whole(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["complete"]]


def heard(library: Any, pieces: list[bytes]) -> tuple[list[dict[str, Any]], bool]:
    told = Heard()
    parser = library.HttpRequestParser(told)
    try:
        for piece in pieces:
            parser.feed_data(piece)
    except (library.HttpParserError, library.HttpParserUpgrade):
        return told.whole, False
    return told.whole, True


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(p % (len(data) + 1) for p in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


token = st.text("abcdefghijklmnopqrstuvwxyzABC-_0123456789", min_size=1, max_size=12).filter(
    lambda name: name.lower() not in ("content-length", "transfer-encoding", "connection", "upgrade", "host")
)
value = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS"]))
    target = b"/" + draw(st.text("abc/%20-._~?&=", max_size=20)).encode()
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: a.example"]
    lines += [f"{n}: {v}".encode() for n, v in draw(st.lists(st.tuples(token, value), max_size=5))]
    body = draw(st.binary(max_size=300))
    if draw(st.booleans()):
        lines.append(b"Transfer-Encoding: chunked")
        sizes = cut(body, draw(st.lists(st.integers(0, 300), max_size=4))) if body else []
        framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in sizes if part) + b"0\r\n\r\n"
    else:
        lines.append(b"Content-Length: %d" % len(body))
        framed = body
    return b"\r\n".join([*lines, b"", b""]) + framed


DAMAGES = [b"", b"\r", b"\n", b"\0", b" ", b":", b"0", b"\t", b"x"]

places = st.lists(st.integers(0, 10_000), max_size=8)


@given(st.lists(requests(), min_size=1, max_size=3), places)
def test_good_requests_are_read_the_same_in_any_cutting(asked: list[bytes], where: list[int]) -> None:
    wire = b"".join(asked)
    theirs, fine = heard(by_h11, [wire])
    assert fine and len(theirs) == len(asked)
    assert heard(httptools, cut(wire, where)) == (theirs, True)
    assert heard(by_h11, cut(wire, where)) == (theirs, True)


@settings(max_examples=400)
@given(
    st.lists(requests(), min_size=1, max_size=2),
    st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from(DAMAGES)), min_size=1, max_size=3),
)
def test_of_damaged_requests_they_never_read_different_ones(
    asked: list[bytes], damages: list[tuple[int, bytes]]
) -> None:
    wire = b"".join(asked)
    for place, byte in damages:
        place %= len(wire)
        wire = wire[:place] + byte + wire[place + 1 :]
    for one, other in zip(heard(httptools, [wire])[0], heard(by_h11, [wire])[0], strict=False):
        assert (one["url"], one["body"]) == (other["url"], other["body"])
