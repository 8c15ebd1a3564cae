"""One table of keys: nothing is bound twice, everything bound is done, full-width twins work."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from ccswitch_tui.tui import keys

SCREENS = Path(keys.__file__).parent / "screens"


def doers() -> dict[str, type]:
    """Every class that has a PLACE of the table."""
    found = {}
    for path in SCREENS.rglob("*.py"):
        module = import_module("ccswitch_tui.tui.screens." + ".".join(path.relative_to(SCREENS).with_suffix("").parts))
        for thing in vars(module).values():
            if isinstance(thing, type) and thing.__module__ == module.__name__ and vars(thing).get("PLACE"):
                found[vars(thing)["PLACE"]] = thing
    return found


@pytest.mark.parametrize("place", sorted({k.place for k in keys.KEYS if k.place != keys.EVERYWHERE}))
def test_no_key_means_two_things_in_one_place(place: str) -> None:
    every = Counter(key for row in keys.keys_of(place) for key in row.keys.split(","))
    assert not [key for key, count in every.items() if count > 1]


def test_every_place_does_what_its_keys_say() -> None:
    places = doers()
    missing = [
        (row.place, row.action)
        for row in keys.KEYS
        if row.place != keys.EVERYWHERE and not hasattr(places.get(row.place), f"do_{row.action}")
    ]
    assert not missing


def test_every_place_can_be_left() -> None:
    assert not [place for place in doers() if "back" not in {row.action for row in keys.keys_of(place)}]


@pytest.mark.parametrize(
    ("key", "twin"), [("?", "？"), ("/", "／"), ("[", "【"), ("]", "】"), ("p", "ｐ"), ("comma", "，"), (":", "：")]
)
def test_a_key_answers_to_its_full_width_twin(key: str, twin: str) -> None:
    assert twin in keys.twins(key).split(",")


def test_the_table_can_be_read_without_textual() -> None:
    modules = ", ".join(f"ccswitch_tui.tui.{name}" for name in ("keys", "session", "form", "i18n"))
    code = f"import sys; import {modules}"
    done = subprocess.run(
        [sys.executable, "-c", code + "; print('textual' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
