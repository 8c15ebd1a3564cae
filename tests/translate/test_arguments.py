"""Arguments of a call: passed on early, mended where that is certain, never invented."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translate_kit import BASH

from ccswitch_tui.translate.arguments import Arguments
from ccswitch_tui.translate.tools import ToolFacts, facts_of
from ccswitch_tui.wire.quirks import Quirks

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=6), values, max_size=4)


def fed(*pieces: str, facts: ToolFacts | None = None, cut: bool = False) -> tuple[str, str]:
    arguments = Arguments(facts) if facts else Arguments()
    out = "".join(arguments.feed(piece) for piece in pieces)
    rest = arguments.finish(cut=cut)
    return out + rest.text, rest.problem


@settings(deadline=None)
@given(objects, st.sampled_from([None, 1]), st.data())
def test_valid_arguments_arrive_as_they_are_in_any_pieces(value: dict, indent: int | None, data: st.DataObject) -> None:
    whole = json.dumps(value, indent=indent, ensure_ascii=data.draw(st.booleans()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    out, problem = fed(*(whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)))
    assert not problem
    assert json.loads(out) == value


@given(st.lists(st.text(st.sampled_from("{}[]\",:\\ntrue1 \n'a"), max_size=6), max_size=8), st.booleans())
def test_whatever_comes_is_an_object_or_a_problem(pieces: list[str], cut: bool) -> None:
    out, problem = fed(*pieces, cut=cut)
    if not problem and not cut:
        assert isinstance(json.loads(out), dict)


@pytest.mark.parametrize("raw", ["", " \n", "null", "{}", "{ }", "None"])
def test_nothing_is_an_empty_object(raw: str) -> None:
    assert fed(raw) == ("{}", "")


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ('{"a":1,}', {"a": 1}),
        ('{"a":[1,2,],}', {"a": [1, 2]}),
        ('{"a":{"b":1,},"c":2}', {"a": {"b": 1}, "c": 2}),
        ('{"a":"1"', {"a": "1"}),
        ('{"a":[1,{"b":2}]', {"a": [1, {"b": 2}]}),
        ('{"a":"line\nbreak\tand tab"}', {"a": "line\nbreak\tand tab"}),
        (r'{"a":"\d+ and \'x\'"}', {"a": r"\d+ and 'x'"}),
        ("{'a': 'b', 'c': True, 'd': None}", {"a": "b", "c": True, "d": None}),
        ("{'a': true, 'b': 'true'}", {"a": True, "b": "true"}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('{}{"a":1}', {"a": 1}),
        ('{"a":1}{"a":1}', {"a": 1}),
        ('{"a":1}}', {"a": 1}),
        ('{"a":1} \n', {"a": 1}),
    ],
)
def test_what_is_meant_is_certain(raw: str, meant: dict) -> None:
    for pieces in ((raw,), tuple(raw)):
        out, problem = fed(*pieces)
        assert not problem
        assert json.loads(out) == meant


@pytest.mark.parametrize(
    "raw",
    [
        '["/a"]',
        "3",
        "/a",
        '{"a": /a}',
        '{"a":"unclosed',
        '{"a"',
        '{"a":1}{"b":2}',
        '{"a":1} and more',
        '{"a" 1}',
        '{"a":tru}',
        "{a:1}",
    ],
)
def test_what_is_not_certain_is_a_problem(raw: str) -> None:
    assert fed(raw)[1]


def test_a_long_value_is_passed_on_before_it_ends() -> None:
    arguments = Arguments()
    assert arguments.feed('{"content":"line 1') == '{"content":"line 1'
    assert arguments.feed("\\nline 2") == "\\nline 2"
    assert not arguments.complete


def test_a_cut_call_can_never_be_run() -> None:
    for raw in ("", "{", '{"file_path":"/a', '{"a":1'):
        out, problem = fed(raw, cut=True)
        assert not problem
        with pytest.raises(ValueError):
            json.loads(out)


def test_null_for_an_optional_argument_is_left_out() -> None:
    facts = ToolFacts(frozenset({"limit", "offset"}), {})
    for raw in (
        '{"file_path":"/a","limit":null}',
        '{"limit":null,"file_path":"/a"}',
        '{"limit": null , "file_path":"/a", "offset":null}',
    ):
        for pieces in ((raw,), tuple(raw)):
            assert json.loads(fed(*pieces, facts=facts)[0]) == {"file_path": "/a"}
    assert json.loads(fed('{"limit":null}', facts=facts)[0]) == {}
    assert json.loads(fed('{"other":null,"deep":{"limit":null}}', facts=facts)[0]) == {
        "other": None,
        "deep": {"limit": None},
    }
    assert json.loads(fed("{'limit': None, 'a': 1}", facts=facts)[0]) == {"a": 1}


def test_an_argument_gets_its_own_name_back() -> None:
    facts = ToolFacts(frozenset(), {"type_arg": "type"})
    assert json.loads(fed('{"type_', 'arg":"x","deep":{"type_arg":1}}', facts=facts)[0]) == {
        "type": "x",
        "deep": {"type_arg": 1},
    }


def test_white_space_without_end_is_noticed() -> None:
    arguments = Arguments()
    arguments.feed('{"a":1,')
    for _ in range(51):
        arguments.feed("\n" * 10)
    assert arguments.endless
    inside = Arguments()
    inside.feed('{"a":"')
    for _ in range(100):
        inside.feed(" " * 10)
    assert not inside.endless


def test_a_call_of_a_megabyte_in_small_pieces_takes_no_square() -> None:
    import time

    started = time.process_time()
    arguments = Arguments()
    arguments.feed('{"content":"')
    for _ in range(100_000):
        arguments.feed("ten chars.")
    arguments.feed('"}')
    assert arguments.complete
    assert arguments.finish().problem == ""
    assert time.process_time() - started < 5


WRITE = ToolFacts(frozenset(), {}, frozenset({"file_path", "content"}))


@pytest.mark.parametrize(
    ("raw", "well"),
    [
        ('{"file_path":"/tmp/x"', True),  # cut between two members
        ('{"file_path":"/tmp/x","content":"a"', False),  # more may have followed
        ('{"file_path":"/tmp/x",', True),
        ('{"file_path":"/tmp/x","content":"a",', True),
        ("", False),
    ],
)
def test_a_call_that_was_not_finished_is_never_finished_here(raw: str, well: bool) -> None:
    arguments = Arguments(WRITE)
    arguments.feed(raw)
    assert arguments.finish(well=well).problem


def test_a_bracket_is_added_where_the_answer_ended_well_and_nothing_required_is_missing() -> None:
    assert fed('{"file_path":"/tmp/x","content":"a"', facts=WRITE) == ('{"file_path":"/tmp/x","content":"a"}', "")


@pytest.mark.parametrize(
    "pieces",
    [
        ("null", '{"a":1}'),
        ('""', '{"a":1}'),
        ("{", '{"a":1}'),
        ('{{"a":1}',),
        ('{"', '{"a', '{"a":1}'),  # each holds all so far
        ('{"a":1}', '{"a":1}', '{"a":1}'),
    ],
)
def test_what_was_begun_and_then_said_whole_is_the_whole(pieces: tuple[str, ...]) -> None:
    out, problem = fed(*pieces)
    assert (json.loads(out), problem) == ({"a": 1}, "")


@pytest.mark.parametrize(
    "pieces",
    [
        ('{"a":"x"', '{"a":"x"}'),
        ('{"a":"l', '{"a":"ls -l"}'),  # in the middle of a text
        ('{"a":"l', '{"a":"ls', '{"a":"ls -l"}', '{"a":"ls -l"}'),
        ('{"a":{"b":[1', '{"a":{"b":[12]}}'),
        ('{"a":"{', '{"a":"{\\"a\\":', '{"a":"{\\"a\\":1}"}'),
    ],
)
def test_fragments_that_each_hold_all_so_far_add_what_is_new(pieces: tuple[str, ...]) -> None:
    out, problem = fed(*pieces)
    assert (json.loads(out), problem) == (json.loads(pieces[-1]), "")


@pytest.mark.parametrize(
    "pieces",
    [
        ('{"a":', '{"a":"x"}'),  # at the place of a value an object may begin: the end tells
        ('{"a":[', '{"a":["x","y"]}'),
        ('{"a', '{"a":', '{"a":{"a":1}}'),
    ],
)
def test_a_repeat_where_an_object_may_begin_is_told_by_the_end(pieces: tuple[str, ...]) -> None:
    out, problem = fed(*pieces)
    assert (json.loads(out), problem) == (json.loads(pieces[-1]), "")


def test_a_repeat_that_may_be_a_value_is_refused_where_the_tool_takes_objects() -> None:
    pieces = '{"command": ', '{"command": "{"}'  # the answer may have been cut before the last bracket
    for nests, refused in ((True, True), (False, False)):
        arguments = Arguments(ToolFacts(frozenset(), {}, nests=nests))
        for piece in pieces:
            arguments.feed(piece)
        assert bool(arguments.finish().problem) is refused
    assert facts_of(BASH, Quirks()).nests is False
    assert facts_of({"name": "x", "input_schema": {"properties": {"a": {}}}}, Quirks()).nests is True


@pytest.mark.parametrize(
    "raw", ['{"a":1', '{"a":[1,{"b":2}', '{"a":"x","b":{', '{"a":"x","b":[', '{"a":"x","b":{"c":"y"', '{"a":"x",']
)
def test_where_more_than_the_last_bracket_may_be_missing_nothing_is_added(raw: str) -> None:
    """`{"timeout":5` may have been 500, and `{"options":{` is not the same as no options."""
    for pieces in ((raw,), tuple(raw)):
        assert fed(*pieces)[1]


def test_an_object_inside_a_list_is_not_taken_for_a_repeat() -> None:
    out, problem = fed('{"a":[', '{"a":[', "1]}]}")
    assert (json.loads(out), problem) == ({"a": [{"a": [1]}]}, "")


@pytest.mark.parametrize("raw", ['\ufeff{"a":1}', 'null{"a":1}', '[]{"a":1}', json.dumps(json.dumps('{"a":1}'))])
def test_what_tokenisers_and_gateways_put_around_an_object_is_taken_away(raw: str) -> None:
    assert fed(raw) == ('{"a":1}', "")


@pytest.mark.parametrize("pieces", [('{"a":"x"', '{"a":"y"}'), ('{"a":"b"}', '{"a":"c"}'), ('{"b":1', '{"a":1}')])
def test_what_was_passed_on_already_cannot_be_said_otherwise(pieces: tuple[str, ...]) -> None:
    assert fed(*pieces)[1]
