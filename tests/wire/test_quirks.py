"""Quirks: known by name, checked by form, later layers win."""

from __future__ import annotations

import pytest

from ccswitch_tui.errors import UsageError
from ccswitch_tui.wire.quirks import QUIRKS, Quirks, allowed_values, check_quirk, quirks_from


def test_every_field_is_documented_and_its_default_allowed() -> None:
    assert set(QUIRKS) == set(Quirks._fields)
    for name, value in Quirks._field_defaults.items():
        assert check_quirk(name, value) == value
        assert QUIRKS[name].doc
        assert allowed_values(name)


def test_later_layers_win_and_provenance_is_looked_through() -> None:
    learned = {"images": {"value": "note", "from": "learned", "at": "2026-01-02", "because": "no images"}}
    quirks = quirks_from({"images": "send", "top_k": True}, learned, {"max_output": 8192})
    assert (quirks.images, quirks.top_k, quirks.max_output) == ("note", True, 8192)
    assert quirks_from() == Quirks()


def test_a_table_is_not_taken_for_provenance() -> None:
    assert quirks_from({"extra_body": {"value": 3}}).extra_body == {"value": 3}
    assert quirks_from({"extra_body": {"value": {"a": 1}, "from": "probe"}}).extra_body == {"a": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("images", "maybe"),
        ("top_k", "yes"),
        ("max_output", 0),
        ("max_output", True),
        ("stop_limit", -1),
        ("effort_levels", "low"),
        ("extra_body", []),
        ("colour", "red"),
        ("images", None),
        ("images", []),
    ],
)
def test_nonsense_is_refused_with_what_it_may_be(name: str, value: object) -> None:
    with pytest.raises(UsageError) as refused:
        quirks_from({name: value})
    assert name in refused.value.message
    assert refused.value.hint


def test_a_list_from_a_file_is_a_list_of_words() -> None:
    assert quirks_from({"effort_levels": ["low", "high"], "max_output": "none"}).effort_levels == ("low", "high")
