"""Usage by day, profile and model, kept in SQLite: counts, never contents.

One row per (day, profile, model); the proxy adds to it in batches from a
thread, so that no request waits for the disk. A cost is kept as it was known
when the answer ended, from what the endpoint or the user's prices said then;
requests without one are in `usage` only.

Schema, version 2 (`PRAGMA user_version`); version 1 had no table `cost`::

    usage(day TEXT,            -- local date, YYYY-MM-DD
          profile TEXT,        -- the profile that answered, after fall-backs
          model TEXT,          -- the model as the endpoint was asked for it
          requests INTEGER,    -- requests that reached the endpoint
          errors INTEGER,      -- of these, answered by an error or cut off
          input_tokens INTEGER,        -- prompt tokens not read from a cache
          cache_read_tokens INTEGER,   -- prompt tokens read from a cache
          cache_write_tokens INTEGER,  -- prompt tokens written to a cache
          output_tokens INTEGER,       -- answer tokens, reasoning included
          first_byte_ms INTEGER,       -- sum over requests; divide by requests
          PRIMARY KEY (day, profile, model))

    cost(day TEXT, profile TEXT, model TEXT,
         currency TEXT,       -- ISO 4217, as stated
         requests INTEGER,    -- requests whose cost is known; the others are missing in `amount`
         amount REAL,         -- their sum, in that currency
         PRIMARY KEY (day, profile, model, currency))
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.textfile import make_private, make_private_dir

if TYPE_CHECKING:
    import sqlite3

VERSION = 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS usage(
    day TEXT NOT NULL, profile TEXT NOT NULL, model TEXT NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0, cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
    first_byte_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, profile, model)) WITHOUT ROWID
"""

COST_SCHEMA = """
CREATE TABLE IF NOT EXISTS cost(
    day TEXT NOT NULL, profile TEXT NOT NULL, model TEXT NOT NULL, currency TEXT NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0, amount REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (day, profile, model, currency)) WITHOUT ROWID
"""

COUNTS = (
    "requests",
    "errors",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "first_byte_ms",
)

_ADD = (
    f"INSERT INTO usage(day, profile, model, {', '.join(COUNTS)}) VALUES ({', '.join('?' * (3 + len(COUNTS)))}) "  # noqa: S608
    f"ON CONFLICT DO UPDATE SET {', '.join(f'{c} = {c} + excluded.{c}' for c in COUNTS)}"
)


class UsageRow(NamedTuple):
    """Counts of one day, profile and model, or a sum of such rows."""

    day: str
    profile: str
    model: str
    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    first_byte_ms: int = 0


_ADD_COST = (
    "INSERT INTO cost(day, profile, model, currency, requests, amount) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, amount = amount + excluded.amount"
)


class CostRow(NamedTuple):
    """The known cost of one day, profile, model and currency, or a sum of such rows."""

    day: str
    profile: str
    model: str
    currency: str
    requests: int = 0
    amount: float = 0.0


class UsageBook:
    """The usage file. Safe to open from several processes; a damaged file is set aside, not deleted."""

    def __init__(self, path: str) -> None:
        self.path = path

    def add(self, rows: Iterable[UsageRow | CostRow]) -> None:
        """Adds counts to their day, profile and model."""
        rows = list(rows)
        with self._open() as db:
            db.executemany(_ADD, [row for row in rows if isinstance(row, UsageRow)])
            db.executemany(_ADD_COST, [row for row in rows if isinstance(row, CostRow)])

    def costs(self, *, since: str = "", profile: str | None = None) -> list[CostRow]:
        """What is known to have been spent from `since` (YYYY-MM-DD) on, newest day first."""
        if not os.path.exists(self.path):
            return []
        with self._open() as db:
            found = db.execute(
                "SELECT day, profile, model, currency, requests, amount FROM cost "
                "WHERE day >= ? AND (? IS NULL OR profile = ?) ORDER BY day DESC, profile, model, currency",
                (since, profile, profile),
            )
            return [CostRow(*row) for row in found]

    def by_day(self, *, since: str = "", profile: str | None = None) -> list[UsageRow]:
        """Rows from `since` (YYYY-MM-DD) on, newest day first; an absent file is an empty list."""
        if not os.path.exists(self.path):
            return []
        columns = ", ".join(UsageRow._fields)
        with self._open() as db:
            found = db.execute(
                f"SELECT {columns} FROM usage WHERE day >= ? AND (? IS NULL OR profile = ?) "  # noqa: S608
                "ORDER BY day DESC, profile, model",
                (since, profile, profile),
            )
            return [UsageRow(*row) for row in found]

    def _open(self) -> _Connection:
        import sqlite3  # here: a megabyte that an idle proxy does without

        make_private_dir(os.path.dirname(self.path))
        try:
            return _Connection(self.path)
        except sqlite3.DatabaseError as error:
            if "not a database" not in str(error) and "malformed" not in str(error):
                raise CcswitchError(f"cannot open the usage file {self.path}: {error}") from None
        os.replace(self.path, self.path + ".damaged")
        return _Connection(self.path)


class _Connection:
    """An open usage file: one transaction, then closed."""

    def __init__(self, path: str) -> None:
        import sqlite3

        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        make_private(handle)
        os.close(handle)
        self.db = sqlite3.connect(path, timeout=5.0)
        try:
            found = self.db.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                raise CcswitchError(
                    f"{path} was written by a newer ccswitch-tui (version {found})", hint="upgrade ccswitch-tui"
                )
            self.db.execute(SCHEMA)
            self.db.execute(COST_SCHEMA)  # the one thing version 1 lacks
            self.db.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            self.db.close()
            raise

    def __enter__(self) -> sqlite3.Connection:
        return self.db

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.db.commit()
            else:
                self.db.rollback()
        finally:
            self.db.close()


def totals(rows: Iterable[UsageRow], *, by: str) -> list[UsageRow]:
    """The rows summed by "day", "profile" or "model"; the other two names are then empty."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        held = sums.setdefault(getattr(row, by), [0] * len(COUNTS))
        for column, count in enumerate(row[3:]):
            held[column] += int(count)
    return [
        UsageRow(name if by == "day" else "", name if by == "profile" else "", name if by == "model" else "", *counts)
        for name, counts in sums.items()
    ]


def priced(rows: Iterable[UsageRow], costs: Iterable[CostRow], *, by: str = "") -> list[dict[str, Any]]:
    """Usage as plain tables, each with `cost` by currency and `priced`, the requests whose cost is known."""
    spent: dict[tuple[str, ...], dict[str, float]] = {}
    known: dict[tuple[str, ...], int] = {}
    for cost in costs:
        place = (getattr(cost, by),) if by else cost[:3]
        sums = spent.setdefault(place, {})
        sums[cost.currency] = sums.get(cost.currency, 0.0) + cost.amount
        known[place] = known.get(place, 0) + cost.requests
    shown = []
    for row in totals(rows, by=by) if by else rows:
        place = (getattr(row, by),) if by else row[:3]
        amounts = {currency: round(amount, 9) for currency, amount in spent.get(place, {}).items()}
        shown.append({**row._asdict(), "cost": amounts, "priced": known.get(place, 0)})
    return shown
