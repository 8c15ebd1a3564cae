"""Empty texts for optional arguments are left out where an endpoint's models fill in everything; nothing else is."""

from __future__ import annotations

import json

import pytest

from ccswitch_tui.translate.arguments import Arguments
from ccswitch_tui.translate.tools import ToolFacts, facts_of
from ccswitch_tui.wire.quirks import Quirks

SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "pages": {"type": "string"},
        "mode": {"type": "string", "default": ""},
        "limit": {"type": "integer"},
    },
    "required": ["path"],
}
TOOL = {"name": "Read", "input_schema": SCHEMA}
FACTS = facts_of(TOOL, Quirks(drop_blanks=True))


def read(text: str, size: int, facts: ToolFacts = FACTS) -> object:
    arguments = Arguments(facts)
    out = "".join(arguments.feed(text[at : at + size]) for at in range(0, len(text), size))
    return json.loads(out + arguments.finish().text)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"path":"a","pages":""}', {"path": "a"}),
        ('{"pages": "" , "path":"a"}', {"path": "a"}),
        ('{"path":"","pages":"1-3"}', {"path": "", "pages": "1-3"}),
        ('{"path":"a","pages":"\\"","mode":""}', {"path": "a", "pages": '"', "mode": ""}),
        ('{"path":"a","limit":null,"pages":""}', {"path": "a"}),
        ('{"pages":""}', {}),
    ],
)
def test_an_empty_optional_text_is_left_out(given: str, expected: object, size: int) -> None:
    assert read(given, size) == expected


def test_elsewhere_an_empty_text_stays() -> None:
    assert read('{"path":"a","pages":""}', 4, facts_of(TOOL, Quirks())) == {"path": "a", "pages": ""}
