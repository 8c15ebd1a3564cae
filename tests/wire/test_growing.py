"""The law of bodies that grow: read from what is known, they are what parsing all of them gives."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccswitch_tui.wire import growing
from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.growing import Growing
from ccswitch_tui.wire.pieces import LARGEST_BYTES, behind, cut, extended, size_of


@pytest.fixture(autouse=True)
def small_bodies_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "WORTH_BYTES", 1)


values: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=8)
    | st.sampled_from(['},{"role":"', '],"tools":[', "\\"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "messages", "tools", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
turns = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": values})
odd_turns = st.one_of(turns, turns, turns, st.fixed_dictionaries({"content": values, "role": st.just("user")}), values)
fields = st.dictionaries(st.sampled_from(["model", "system", "tools", "stream", "max_tokens"]), values, max_size=4)


def written(before: Any, said: list[Any], after: Any, style: Any) -> bytes:
    body = {**before, "messages": said, **{name: value for name, value in after.items() if name not in before}}
    return json.dumps(body, **style).encode("utf-8", "surrogatepass")


def torn(raw: bytes) -> list[bytes]:
    """As it comes from a network: cut anywhere."""
    at = sorted(crc32(b"%d" % number + raw) % (len(raw) + 1) for number in range(len(raw) % 4))
    return [raw[begin:end] for begin, end in pairwise([0, *at, len(raw)])]


styles = st.sampled_from(
    [{}, {"separators": (",", ":")}, {"indent": 1}, {"separators": (",", ":"), "ensure_ascii": False}]
)


@settings(max_examples=150)
@given(st.data())
def test_a_conversation_that_grows_shrinks_and_changes_is_read_right(data: st.DataObject) -> None:
    reader, style = Growing(), data.draw(styles)
    before, after = data.draw(fields), data.draw(fields)
    said = data.draw(st.lists(odd_turns, min_size=1, max_size=8))
    for _ in range(data.draw(st.integers(1, 5))):
        raw = written(before, said, after, style)
        assert reader.read(torn(raw)) == loads(raw)
        assert list(reader.read(torn(raw))) == list(loads(raw)), "the order of the fields"
        match data.draw(st.sampled_from(["grow", "grow", "grow", "mark", "cut", "edit", "after", "before"])):
            case "grow":
                said = said + data.draw(st.lists(odd_turns, min_size=1, max_size=3))
            case "mark":
                place = data.draw(st.integers(0, len(said) - 1))
                marked = {**said[place], "cache_control": {"type": "ephemeral"}} if isinstance(said[place], dict) else 1
                said = [*said[:place], marked, *said[place + 1 :]]
            case "cut":
                said = said[: data.draw(st.integers(1, len(said)))]
            case "edit":
                place = data.draw(st.integers(0, len(said) - 1))
                said = [*said[:place], data.draw(turns), *said[place + 1 :]]
            case "after":
                after = data.draw(fields)
            case "before":
                before = data.draw(fields)


@given(
    st.integers(0, 400), st.sampled_from([b"", b"x", b'"', b"}", b"]", b",", b"{", b'"messages":[1],']), st.booleans()
)
def test_a_damaged_body_is_refused_or_read_as_parsing_has_it(place: int, byte: bytes, instead: bool) -> None:
    said = [{"role": "user", "content": f"word {number}"} for number in range(8)]
    reader = Growing()
    whole = written({"model": "m"}, said, {"tools": [1]}, {"separators": (",", ":")})
    reader.read([whole])
    raw = whole[:place] + byte + whole[place + instead :]
    try:
        wanted = loads(raw)
    except ValueError:
        with pytest.raises(ValueError):
            reader.read(torn(raw))
    else:
        assert reader.read(torn(raw)) == wanted


def test_only_what_is_new_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []

    def counted(data: bytes) -> Any:
        parsed.append(len(data))
        return loads(data)

    monkeypatch.setattr(growing, "loads", counted)
    said = [{"role": "user", "content": f"{number} " + "word " * 100} for number in range(50)]
    reader = Growing()
    for style in ({}, {"separators": (",", ":")}):
        for before, after in (({"tools": ["t" * 9000]}, {}), ({"model": "m"}, {"tools": ["t" * 9000], "stream": True})):
            for _ in range(2):
                reader.read([written(before, said, after, style)])
            parsed.clear()
            grown = [*said, *said[:2]]
            first = reader.read([written(before, grown, after, style)])
            assert sum(parsed) < 6000
            again = reader.read([written(before, [*grown, said[0]], after, style)])
            assert all(one is other for one, other in zip(first["messages"][:48], again["messages"][:48], strict=True))


def test_what_nothing_goes_on_from_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    monkeypatch.setattr(growing, "loads", lambda data: parsed.append(len(data)) or loads(data))
    reader = Growing()
    for number in range(6):
        said = [{"role": "user", "content": f"{number} " + "word " * 100} for _ in range(9)]
        raw = written({"model": f"m{number}"}, said, {}, {})
        reader.read([raw])
        assert parsed[number:] == [len(raw)]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "MOST_BYTES", 100_000)
    reader = Growing()
    for number in range(30):
        said = [{"role": "user", "content": f"{number} " + "word " * 500} for _ in range(8)]
        reader.read([written({"model": str(number)}, said, {}, {})])
        assert reader.size <= 100_000
    reader.read([written({}, [{"role": "user", "content": "x" * 200_000}] * 5, {}, {})])
    assert 0 < reader.size <= 100_000
    reader.clear()
    assert reader.size == 0


@given(
    st.binary(max_size=60), st.lists(st.integers(1, 9), max_size=8), st.lists(st.integers(1, 9), max_size=8), st.data()
)
def test_what_comes_behind_a_beginning_does_not_depend_on_how_either_is_cut(
    raw: bytes, ours: list[int], theirs: list[int], data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, len(raw)))
    beginning = raw[:count]
    assert behind(in_pieces(raw, ours), in_pieces(beginning, theirs)) == raw[count:]
    if count:
        place = data.draw(st.integers(0, count - 1))
        other = beginning[:place] + bytes([beginning[place] ^ 1]) + beginning[place + 1 :]
        assert behind(in_pieces(raw, ours), in_pieces(other, theirs)) is None
    assert behind(in_pieces(raw, ours), in_pieces(raw + b"x", theirs)) is None


def in_pieces(raw: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(raw[:size])
        raw = raw[size:]
    return [*pieces, raw]


def test_pieces_stay_few_and_each_byte_is_joined_a_few_times() -> None:
    pieces: list[bytes] = cut(b"x" * 3 * LARGEST_BYTES)
    whole, moved = b"".join(pieces), 0
    for number in range(2000):
        before = {id(piece) for piece in pieces}
        more = b"%d " % number * 100
        whole += more
        pieces = extended(pieces, more)
        moved += sum(len(piece) for piece in pieces if id(piece) not in before)
    assert b"".join(pieces) == whole and size_of(pieces) == len(whole)
    assert len(pieces) < 2 * len(whole) / LARGEST_BYTES + 20
    assert moved < 20 * len(whole)
