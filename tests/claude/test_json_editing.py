"""Editing JSON as text: what was not asked for keeps every byte."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings_kit import LAW, settings_texts, values

from ccswitch_tui.claude.jsontext import REMOVE, JsonFault, Nested, decode, edit_object, parse_object, repaired


def bare(text: str) -> object:
    return json.loads(text.removeprefix("\ufeff"))


@LAW
@given(settings_texts(), st.dictionaries(st.text(max_size=6), values, max_size=4))
def test_an_edit_says_what_was_wished_and_nothing_else(text: str, wishes: dict[str, object]) -> None:
    edited = edit_object(text, wishes)
    assert parse_object(edited) == {**parse_object(text), **wishes}


@LAW
@given(settings_texts(), st.lists(st.text(max_size=6), max_size=4))
def test_removing_takes_out_only_what_was_named(text: str, names: list[str]) -> None:
    before = parse_object(text)
    names = [*names, *list(before)[:2]]
    edited = edit_object(text, dict.fromkeys(names, REMOVE))
    assert parse_object(edited) == {key: value for key, value in before.items() if key not in names}


@LAW
@given(settings_texts())
def test_an_edit_without_wishes_keeps_every_byte(text: str) -> None:
    assert edit_object(text, {}) == text


@LAW
@given(settings_texts())
def test_setting_what_is_there_already_keeps_every_byte(text: str) -> None:
    tree = parse_object(text)
    wishes: dict[str, object] = {key: value for key, value in tree.items() if not isinstance(value, float)}
    assert edit_object(text, wishes) == text


@LAW
@given(settings_texts(), st.lists(st.sampled_from(["new", "newer", "newest"]), min_size=1, max_size=3, unique=True))
def test_adding_and_removing_again_restores_every_byte(text: str, names: list[str]) -> None:
    tree = parse_object(text)
    if not tree or ("env" in tree and not tree["env"]):
        return  # the white space inside an empty object is the one thing that is not kept
    added = edit_object(text, {**dict.fromkeys(names, "x"), "env": Nested(dict.fromkeys(names, "1"))})
    removed = edit_object(
        added, {**dict.fromkeys(names, REMOVE), "env": Nested(dict.fromkeys(names, REMOVE), "env" not in tree)}
    )
    assert removed == text


@LAW
@given(settings_texts())
def test_every_text_around_the_change_is_still_there(text: str) -> None:
    edited = edit_object(text, {"zz-new": "value"})
    start = 0
    for line in text.rstrip().rstrip("}").rstrip().split("\n"):
        start = edited.index(line.rstrip("\r"), start)


def test_new_members_take_the_indentation_and_line_ends_of_the_file() -> None:
    text = '{\r\n\t"a" : 1.50,\r\n\t"env" : {\r\n\t\t"Q" : "\\u00e9"\r\n\t}\r\n}'
    expected = '{\r\n\t"a" : 1.50,\r\n\t"env" : {\r\n\t\t"Q" : "\\u00e9",\r\n\t\t"B" : "2"\r\n\t}\r\n}'
    assert edit_object(text, {"env": Nested({"B": "2"})}) == expected


def test_an_empty_file_becomes_an_object() -> None:
    assert edit_object("", {"a": "b"}) == '{\n  "a": "b"\n}\n'


def test_half_a_surrogate_pair_is_written_as_an_escape() -> None:
    assert edit_object("{}", {"a": "\ud83d"}) == '{\n  "a": "\\ud83d"\n}'


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"a": 1,}', (1, 8), "trailing comma"),
        ('{\n  "a": [1, 2,\n ]\n}', (2, 13), "trailing comma"),
        ('{\n  // note\n  "a": 1\n}', (2, 3), "comment"),
        ('{"a": 1 /* note */}', (1, 9), "comment"),
        ('{"a": 1, // note\n}', (1, 10), "comment"),
        ("{'a': 1}", (1, 2), "single quotes"),
        ('{"a": "x\ny"}', (1, 9), "line break"),
        ('{"a": NaN}', (1, 7), "NaN"),
        ('{"a": 1, "b": {"c": 1,\n "c": 2}}', (2, 2), "'c' appears twice"),
        ('{"a\\u0062": 1, "ab": 2}', (1, 16), "'ab' appears twice"),
        ("[]", (1, 1), "an array"),
        ('"text"', (1, 1), "a string"),
        ('{"a": 1', (1, 8), "expecting"),
        ('{"a": 1}}', (1, 9), "extra data"),
        ('{"a":' + "[" * 100_000, (1, 1), "too deeply"),
        ('{"a": ' + "1" * 5000 + "}", (1, 7), "endless number"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, place: tuple[int, int], words: str) -> None:
    with pytest.raises(JsonFault) as caught:
        parse_object(text)
    assert (caught.value.line, caught.value.column) == place
    assert words in caught.value.because


def test_bytes_that_are_no_text_are_named_with_their_place() -> None:
    with pytest.raises(JsonFault) as caught:
        decode(b'{\n "a": "\xff"}')
    assert (caught.value.line, caught.value.column) == (2, 8)


def test_a_commented_file_is_mended_without_touching_what_looks_like_a_comment() -> None:
    text = '{\n  // mine\n  "url": "https://x.example//y", /* two */\n  "list": [1, 2, ],\n}\n'
    assert repaired(text) == '{\n\n  "url": "https://x.example//y",\n  "list": [1, 2 ]\n}\n'


@LAW
@given(settings_texts())
def test_mending_leaves_what_is_whole_alone(text: str) -> None:
    body = text.removeprefix("\ufeff")
    assert repaired(body) == body


@pytest.mark.parametrize("text", ["", " \r\n\t", "\ufeff"])
def test_a_blank_file_is_an_empty_object(text: str) -> None:
    assert parse_object(text) == {}


def test_a_file_of_megabytes_is_edited_in_a_moment() -> None:
    rows = ",\n".join('  {"a": "%s", "b": [1, 2]}' % ("q" * 50) for _ in range(70_000))
    text = f'{{"rows": [{rows}],\n"env": {{"A": "1"}}}}'
    began = time.process_time()
    parse_object(text)
    edited = edit_object(text, {"env": Nested({"B": "2"})})
    assert time.process_time() - began < 5
    assert edited == text.replace('{"A": "1"}', '{"A": "1", "B": "2"}')
