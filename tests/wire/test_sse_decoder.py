"""Server-sent events from bytes, in any chunking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.wire.sse import Decoder, Event, encode

lines = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data:",
        b"data:  c",
        b": comment",
        b"event: x",
        b"id: 1",
        b"retry: 2",
        b"",
        b"",
        b"junk",
        b"data",
        "data: \u2028\u0085\x0c".encode(),
        b'{"error":1}',
        b"data: \xff",
    ]
)
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
streams = st.lists(st.tuples(lines, ends), max_size=20).map(lambda pairs: b"".join(line + end for line, end in pairs))


def decode(*chunks: bytes) -> list[Event]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.finish()


@given(streams, st.data())
def test_events_do_not_depend_on_chunking(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert decode(stream) == decode(*parts) == decode(*(stream[i : i + 1] for i in range(len(stream))))


@given(st.sampled_from(["message", "x"]), st.text().filter(lambda t: not set(t) & set("\r\n")))
def test_what_was_encoded_is_decoded(name: str, text: str) -> None:
    assert decode(encode(name, text.encode())) == [Event(name, text.encode())]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [("", b"a")]),
        (b"data:a\ndata: b\n\n", [("", b"a\nb")]),
        (b"event: e\ndata: a\n\ndata: b\n\n", [("e", b"a"), ("", b"b")]),
        (b"event: e\n\ndata: b\n\n", [("", b"b")]),
        (b"\xef\xbb\xbfdata: a\r\n\r\n", [("", b"a")]),
        (b"data: a\rdata: b\r\r", [("", b"a\nb")]),
        (b"data: a", [("", b"a")]),
        (b": x\n\nid: 3\nretry: 1\n\n", []),
        ("data: a\u2028b\n\n".encode(), [("", "a\u2028b".encode())]),
        (b"data:\n\n", [("", b"")]),
        (b'{"error":"x"}\n', [("", b'{"error":"x"}')]),
    ],
)
def test_an_event_is_what_the_standard_says(stream: bytes, events: list[tuple[str, bytes]]) -> None:
    assert decode(stream) == [Event(*event) for event in events]


def test_an_event_beyond_the_bound_ends_the_reading() -> None:
    decoder = Decoder(longest_event_bytes=100)
    assert decoder.feed(b"data: ok\n\n") == [Event("", b"ok")]
    for _ in range(30):
        decoder.feed(b"data: xxxxxxxx\n")
    assert decoder.overflowed
    assert decoder.feed(b"\n\n") == []


def test_five_megabytes_in_small_reads_take_no_square() -> None:
    import time

    started = time.process_time()
    decoder = Decoder()
    decoder.feed(b"data: ")
    for _ in range(5000):
        decoder.feed(b"x" * 1024)
    assert len(decoder.feed(b"\n\n")[0].data) == 5_120_000
    assert time.process_time() - started < 2
