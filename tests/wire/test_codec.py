"""JSON in and out: with orjson and without it, the same."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.wire import codec

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text()
    | st.sampled_from(["\ud83d", "a\ude00b", "😀"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture(params=["fast", "standard"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "standard":
        monkeypatch.setattr(codec, "_fast_loads", None)
        monkeypatch.setattr(codec, "_fast_dumps", None)
    elif codec._fast_loads is None:
        pytest.skip("orjson is not installed")
    return str(request.param)


@given(values)
def test_both_ways_write_the_same_bytes(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    expected = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()
    assert codec.dumps(value) == expected


def test_lone_surrogates_are_read_and_written(way: str) -> None:
    value = codec.loads(b'{"a":"x\\ud83dy"}')
    assert codec.dumps(value).decode() == '{"a":"x\ufffdy"}'
    assert codec.loads(b'"\\ud83d\\ude00"') == "😀"


def test_a_torn_character_is_read(way: str) -> None:
    assert codec.loads(b'"a\xff"') == "a\ufffd"


@pytest.mark.parametrize("text", [b"", b"{", b"nope", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe"])
def test_broken_text_is_a_value_error(way: str, text: bytes) -> None:
    with pytest.raises(ValueError):
        codec.loads(text)


def test_what_cannot_be_written_is_a_value_error(way: str) -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, {"a": object()}):
        with pytest.raises(ValueError):
            codec.dumps(value)
    while isinstance(deep, list):  # a list that deep cannot be let go of all at once
        deep = deep.pop()


def test_numbers_of_any_size_survive(way: str) -> None:
    assert codec.loads(codec.dumps({"n": 2**80})) in ({"n": 2**80}, {"n": float(2**80)})
    assert codec.dumps({"n": 2**80}) == b'{"n":%d}' % 2**80
    assert codec.dumps([math.nan, math.inf]) == b"[null,null]"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"abc", "abc"),
        (b"\\n\\u00e9", "\né"),
        ("ü".encode(), "ü"),
        (b'a"b', None),
        (b"a\\", None),
        (b"\n", None),
        (b"\xff", None),
        (b"\\ud83d", None),
        (b"", ""),
    ],
)
def test_the_inside_of_a_string(way: str, body: bytes, text: str | None) -> None:
    assert codec.string_body(body) == text


@pytest.mark.parametrize("deep", ["[" * 2000 + "]" * 2000, '{"a":' * 2000 + "1" + "}" * 2000], ids=["lists", "objects"])
def test_every_python_refuses_the_same_depth(deep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "_fast_loads", None)
    monkeypatch.setattr(json, "loads", lambda text: pytest.fail("a Python without a limit would have read it"))
    with pytest.raises(ValueError, match="too deeply"):
        codec.loads(deep)


def test_brackets_in_texts_and_beside_each_other_are_not_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "_fast_loads", None)
    brackets = "[" * 3000
    assert codec.loads(codec.dumps([brackets, '"' + brackets])) == [brackets, '"' + brackets]
    assert codec.loads("[" + "[]," * 3000 + "[]]") == [[]] * 3001
