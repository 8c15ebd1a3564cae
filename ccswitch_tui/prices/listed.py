"""A price list as it is kept: one line about itself, then one line a seller. Pure but for reading the file.

Text, so that a seller's line is found without parsing the others: a proxy reads
the prices of the few models it is asked for, and keeps nothing else in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ccswitch_tui.prices.model import Price, Step, rows_from_steps, steps_from_rows
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.textfile import read_file

VERSION = 1
LARGEST_BYTES = 2 * 2**20
"""The packaged list is 0.1 MB."""

PACKAGED = os.path.join(os.path.dirname(__file__), "list.txt")

Models = Mapping[str, tuple[Step, ...]]


class About(NamedTuple):
    """What a list says of itself."""

    source: str
    date: str
    """When it was taken, YYYY-MM-DD."""
    release: str = ""
    currency: str = "USD"
    models: int = 0
    url: str = ""
    licence: str = ""
    note: str = ""


class Damaged(ValueError):
    """A kept list that cannot be read."""


def render(about: About, sellers: Mapping[str, Models]) -> bytes:
    """A list in its kept form."""
    about = about._replace(models=sum(map(len, sellers.values())))
    lines = [json.dumps({"version": VERSION, **about._asdict()}, ensure_ascii=False)]
    for seller, models in sorted(sellers.items()):
        rows = {name: rows_from_steps(steps) for name, steps in sorted(models.items())}
        lines.append(f"{seller}\t{json.dumps(rows, ensure_ascii=False, separators=(',', ':'))}")
    return ("\n".join(lines) + "\n").encode()


def about_of(raw: bytes) -> About:
    """The first line of a kept list. Raises Damaged."""
    try:
        table: dict[str, Any] = json.loads(raw.partition(b"\n")[0])
        if table.pop("version") != VERSION:
            raise Damaged("another version")
        about = About(**table)
        if not (isinstance(about.date, str) and isinstance(about.source, str) and len(about.date) == 10):
            raise Damaged("no date")
        return about._replace(models=int(about.models))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged(str(error)) from None


def models_of(raw: bytes, seller: str) -> dict[str, tuple[Step, ...]]:
    """The models of one seller; {} for one not in the list. A row that cannot be read is none. Raises Damaged."""
    begins = b"\n" + seller.encode() + b"\t"
    at = raw.find(begins)
    if at < 0:
        return {}
    try:
        rows = json.loads(raw[at + len(begins) :].partition(b"\n")[0])
        items = rows.items()
    except (ValueError, AttributeError, RecursionError) as error:
        raise Damaged(str(error)) from None
    found = {}
    for name, written in items:
        try:
            found[name] = steps_from_rows(written)
        except (ValueError, TypeError, OverflowError):
            continue
    return found


def sellers_in(raw: bytes) -> list[str]:
    """The names of the sellers of a kept list."""
    return [line.partition(b"\t")[0].decode("utf-8", "replace") for line in raw.split(b"\n")[1:] if b"\t" in line]


def read_list(path: str) -> bytes:
    """A kept list; b"" where there is none that can be read."""
    try:
        raw = read_file(path, LARGEST_BYTES)
        about_of(raw)
    except (OSError, Damaged):
        return b""
    return raw


def newest(kept: str) -> bytes:
    """The list in force: the refreshed one, unless the packaged one is younger."""
    own, packaged = read_list(kept), read_list(PACKAGED)
    if own and (not packaged or about_of(own).date >= about_of(packaged).date):
        return own
    return packaged


def price_in(raw: bytes, seller: str, model: str, *, by: str = "list") -> Price | None:
    """One model's price in a kept list."""
    if not raw:
        return None
    try:
        about = about_of(raw)
        models = models_of(raw, seller)
    except Damaged:
        return None
    steps = models.get(model)
    if steps is None:
        return None
    source = f"{about.source} {about.release}".strip()
    return Price(steps, about.currency, by, source, about.date)
