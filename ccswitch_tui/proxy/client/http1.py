"""HTTP/1.1 as a client speaks it, over bytes: the head of a request, the head of an answer, and where its body ends.

No I/O. A library's reader hands a chunk through five objects and two turns of
the event loop; a stream of tokens is thousands of chunks, and the loop is what
it costs. Forgiving about form (bare line feeds, folded lines), strict about
what decides where an answer ends: two lengths that differ are no answer.
Source: RFC 9112, sections 2–7; RFC 9110, section 8.4.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from multidict import CIMultiDict

LONGEST_HEAD = 64 * 1024
"""Bytes of status line and headers."""

LONGEST_LENGTH = 18
"""Digits of a Content-Length: more than any disk holds."""

LONGEST_SIZE_LINE = 4096
"""Bytes of a chunk's size line with its extensions, and of one trailer line."""

PIECE_BYTES = 256 * 1024
"""A compressed body is unpacked in pieces of this size: a small read can hold a thousand times its length."""

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9]\d\d)(?: |$)", re.ASCII)
_FOLD = re.compile(r"\n[ \t]+")
_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_FORBIDDEN = re.compile("[\r\n\0]")


class BadAnswer(ValueError):
    """What came is not HTTP; the text says why."""


def request_head(method: str, target: str, host: str, headers: Mapping[str, str], length: int | None) -> bytes:
    """The head of a request with a body of `length` bytes, or none. ValueError for what no header can carry."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if _FORBIDDEN.search("".join(lines)):
        raise ValueError("a header or the address has a line break in it")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


# ---------------------------------------------------------------- the head of an answer


class Head(NamedTuple):
    """Status line and headers."""

    status: int
    headers: CIMultiDict[str]
    keeps_alive: bool
    """The connection may serve again once the body has ended."""


def head_end(data: bytes) -> int:
    """How many bytes the head takes with its blank line; 0 while that has not come. Raises BadAnswer early."""
    ends = [end + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (end := data.find(mark)) >= 0]
    if ends:
        return min(ends)
    if not b"HTTP/1.".startswith(data[:7]):
        raise BadAnswer("it does not begin with HTTP/1")
    if len(data) > LONGEST_HEAD:
        raise BadAnswer(f"its headers are longer than {LONGEST_HEAD // 1024} kB")
    return 0


def parse_head(data: bytes) -> Head:
    """The head in these bytes."""
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").rstrip("\n")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    first, *lines = text.split("\n")
    status = _STATUS.match(first)
    if status is None:
        raise BadAnswer("it does not begin with HTTP/1")
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise BadAnswer("a header line without a colon")
        headers.add(name.rstrip(" \t"), value.strip(" \t\r"))
    said = ",".join(headers.getall("Connection", ())).lower()
    keeps_alive = "close" not in said and (status[1] == "1" or "keep-alive" in said)
    if "Transfer-Encoding" in headers and "Content-Length" in headers:
        keeps_alive = False  # somebody on the way may have believed the other one (RFC 9112, section 6.3)
    return Head(int(status[2]), headers, keeps_alive)


# ---------------------------------------------------------------- where a body ends


class Body(Protocol):
    """One answer's body."""

    complete: bool
    """All of it has come."""
    surplus: bool
    """Something came after it: this connection is not to be trusted with another request."""

    def feed(self, data: bytes) -> bytes:
        """What of this read belongs to the body. Raises BadAnswer."""

    def end(self) -> bool:
        """The connection has ended; whether the body is complete with that."""


def body_of(head: Head) -> Body:
    """The reader for the body this head announces. Raises BadAnswer where it announces two different ones."""
    if head.status in (204, 304):
        return Sized(0)
    lengths = {part.strip() for value in head.headers.getall("Content-Length", ()) for part in value.split(",")}
    coding = ",".join(head.headers.getall("Transfer-Encoding", ())).lower().rpartition(",")[2].strip()
    if coding == "chunked":
        return Chunked()
    if coding not in ("", "identity") or not lengths:
        return UntilClose()
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()) or len(length) > LONGEST_LENGTH:
        raise BadAnswer("it does not say how long it is in one way")
    return Sized(int(length))


class Sized:
    """A body of so many bytes."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.complete = length == 0
        self.surplus = False

    def feed(self, data: bytes) -> bytes:
        if len(data) > self._left:
            self.surplus = True
            data = data[: self._left]
        self._left -= len(data)
        self.complete = self._left == 0
        return data

    def end(self) -> bool:
        return self.complete


class UntilClose:
    """A body that the end of the connection ends."""

    complete = False
    surplus = False

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> bool:
        self.complete = True
        return True


SIZES = {b"%x" % size: size for size in range(1, 4096)}
"""The sizes of nearly all chunks, looked up instead of computed."""


class Chunked:
    """A body in chunks: each with its size before it, a size of 0 and trailers at the end."""

    def __init__(self) -> None:
        self.complete = False
        self.surplus = False
        self._left = 0
        """Bytes that the running chunk still owes, the line end after it not counted."""
        self._rest = b""
        """The beginning of a line that has not come whole."""
        self._in_chunk = False
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        if self._in_chunk or self._in_trailers or self._rest:
            return b"".join(self._pieces(data))
        begin = data.find(b"\r\n", 0, 6) + 2
        if len(data) == begin + SIZES.get(data[: begin - 2], -1) + 2 and data.endswith(b"\r\n"):
            return data[begin:-2]  # one whole chunk, as most reads of a stream are
        pieces: list[bytes] = []
        place = _whole_chunks(data, pieces)
        if place < len(data):
            pieces += self._pieces(data[place:])
        return b"".join(pieces)

    def end(self) -> bool:
        return self.complete

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        if self._rest:
            data, self._rest = self._rest + data, b""
        place = 0
        while place < len(data):
            if self.complete:
                self.surplus = True
                return
            if self._in_chunk and self._left:
                piece = data[place : place + self._left]
                self._left -= len(piece)
                place += len(piece)
                yield piece
                continue
            end = data.find(b"\n", place)
            if end < 0:
                self._rest = data[place:]
                if len(self._rest) > LONGEST_SIZE_LINE:
                    raise BadAnswer("a chunk's size line does not end")
                return
            self._line(data[place:end].rstrip(b"\r"))
            place = end + 1

    def _line(self, line: bytes) -> None:
        if self._in_trailers:
            self.complete = not line
        elif self._in_chunk:  # the line end that closes a chunk
            if line:
                raise BadAnswer("a chunk is longer than it said")
            self._in_chunk = False
        else:
            self._left = _size(line.partition(b";")[0].strip())
            self._in_chunk, self._in_trailers = self._left > 0, self._left == 0


def _size(digits: bytes) -> int:
    if not _SIZE.fullmatch(digits):
        raise BadAnswer("a chunk without a size")
    return int(digits, 16)


def _whole_chunks(data: bytes, pieces: list[bytes]) -> int:
    """Takes the chunks that have come whole, as servers send each event; returns where the first other thing begins."""
    place, length = 0, len(data)
    while place < length:
        begin = data.find(b"\r\n", place, place + 6)
        size = SIZES.get(data[place:begin]) if begin > 0 else None
        if size is None:
            return place
        end = begin + 2 + size
        if data[end : end + 2] != b"\r\n":
            return place
        pieces.append(data[begin + 2 : end])
        place = end + 2
    return place


# ---------------------------------------------------------------- compressed although not asked for

Unpacker = Callable[[bytes], Iterator[bytes]]


def unpacker_of(headers: Mapping[str, str]) -> Unpacker | None:
    """How to unpack this body, in pieces; None for one that is not compressed. Raises BadAnswer for a way unknown here.

    We ask for no compression; some gateways compress all the same.
    """
    coding = headers.get("Content-Encoding", "").strip().lower()
    if coding in ("", "identity"):
        return None
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise BadAnswer(f"it is compressed with {coding[:40]}, although no compression was asked for")
    return _Inflater().feed


class _Inflater:
    """gzip, in one member or several, and both readings of "deflate": with zlib's header, as the RFC has it, and bare,
    as some servers do."""

    def __init__(self) -> None:
        self._state: zlib._Decompress | None = None
        self._first = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._state is None:
                    data, self._first = self._first + data, b""
                    if len(data) < 2:
                        self._first = data
                        return
                    self._state = _decompressor(data)
                piece = self._state.decompress(data, PIECE_BYTES)
                data = self._state.unconsumed_tail
                if self._state.eof:
                    # another member begins after it; what fills up the end with zeros is none
                    data, self._state = self._state.unused_data.lstrip(b"\0"), None
                if piece:
                    yield piece
        except zlib.error:
            raise BadAnswer("its compression is broken") from None


def _decompressor(data: bytes) -> zlib._Decompress:
    headed = data.startswith(b"\x1f\x8b") or (data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0)
    return zlib.decompressobj(zlib.MAX_WBITS | 32 if headed else -zlib.MAX_WBITS)
