"""Usage by day, profile, model, session and project, kept in SQLite: counts, never contents.

One table is added to in batches from a thread, so that no request waits for
the disk; every other sum is made of its rows, so that nothing is counted in
two places. A cost is kept as it was known when the answer ended, with who said
so; requests without one are in `usage` only. The file stays small: sessions
older than SESSIONS_KEPT_DAYS lose their names, and the sums of each day stay.

Schema, version 3 (`PRAGMA user_version`); version 2 had no session, no project
and fewer counts, version 1 no table `cost`::

    usage(day TEXT,            -- local date, YYYY-MM-DD
          profile TEXT,        -- the profile that answered, after fall-backs
          model TEXT,          -- the model as the endpoint was asked for it
          session TEXT,        -- Claude Code's session; "" for none, or one long past
          project TEXT,        -- the folder it works in, as the client says; "" where it does not
          ...COUNTS,
          PRIMARY KEY (day, profile, model, session, project))

    cost(day, profile, model, session, project,
         currency TEXT,       -- ISO 4217, as stated
         source TEXT,         -- `endpoint`, `prices`, `own-list`, `list`; "" in rows of version 2
         requests INTEGER,    -- requests whose cost is known; the others are missing in `amount`
         amount REAL,         -- their sum, in that currency
         PRIMARY KEY (day, profile, model, session, project, currency, source))
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say
from ccswitch_tui.sqlite import sqlite3_here
from ccswitch_tui.textfile import make_private, make_private_dir

if TYPE_CHECKING:
    import sqlite3

VERSION = 3

NAMES = ("day", "profile", "model", "session", "project")
"""What usage can be summed by."""

COUNTS = (
    "requests",  # that reached an endpoint, however often they were tried
    "errors",  # of these, answered by an error, cut off, or left by the client
    "input_tokens",  # prompt tokens not read from a cache
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",  # reasoning included
    "first_byte_ms",  # sum over requests; divide by requests
    "cancels",  # of the errors, those where the client left
    "retries",  # tries beyond the first one of each request
    "estimated",  # requests whose tokens the endpoint did not count
    "timed_tokens",  # output tokens of streamed answers that ended well
    "timed_ms",  # from the first byte to the end of those
)

SESSIONS_KEPT_DAYS = 92
PROJECTS_KEPT_DAYS = 400
MOST_NAMED = 20_000
"""Rows that name a session; beyond, the oldest days lose the names. About 4 MB."""

_KEY = ", ".join(f"{name} TEXT NOT NULL DEFAULT ''" for name in NAMES)
_NUMBERS = ", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in COUNTS)

SCHEMA = f"CREATE TABLE IF NOT EXISTS usage({_KEY}, {_NUMBERS}, PRIMARY KEY ({', '.join(NAMES)})) WITHOUT ROWID"

COST_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS cost({_KEY}, currency TEXT NOT NULL, source TEXT NOT NULL DEFAULT '', "
    "requests INTEGER NOT NULL DEFAULT 0, amount REAL NOT NULL DEFAULT 0, "
    f"PRIMARY KEY ({', '.join(NAMES)}, currency, source)) WITHOUT ROWID"
)


class UsageRow(NamedTuple):
    """Counts of one day, profile, model, session and project."""

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
    cancels: int = 0
    retries: int = 0
    estimated: int = 0
    timed_tokens: int = 0
    timed_ms: int = 0
    session: str = ""
    project: str = ""

    @property
    def tokens(self) -> int:
        """Read, written and cached, together."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens + self.output_tokens


class CostRow(NamedTuple):
    """The known cost of one day, profile, model, session and project, in one currency and by one source."""

    day: str
    profile: str
    model: str
    currency: str
    requests: int = 0
    amount: float = 0.0
    source: str = ""
    session: str = ""
    project: str = ""


def _adding(table: str, fields: Sequence[str], summed: Sequence[str]) -> str:
    more = ", ".join(f"{c} = {c} + excluded.{c}" for c in summed)
    return (
        f"INSERT INTO {table}({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))}) "  # noqa: S608
        f"ON CONFLICT DO UPDATE SET {more}"
    )


_ADD = _adding("usage", UsageRow._fields, COUNTS)
_ADD_COST = _adding("cost", CostRow._fields, ("requests", "amount"))


class UsageBook:
    """The usage file. Safe to open from several processes; a damaged file is set aside, not deleted."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._tidied = ""

    def add(self, rows: Iterable[UsageRow | CostRow]) -> None:
        """Adds counts to their places; once a day, takes the names off sessions long past."""
        rows = list(rows)
        newest = max((row.day for row in rows), default="")
        with self._open() as db:
            db.executemany(_ADD, [row for row in rows if isinstance(row, UsageRow)])
            db.executemany(_ADD_COST, [row for row in rows if isinstance(row, CostRow)])
            if newest > self._tidied or len(rows) > MOST_NAMED // 20:
                _tidy(db, newest)
        self._tidied = max(newest, self._tidied)

    def summed(
        self, by: Sequence[str] = ("day", "profile", "model"), *, since: str = "", until: str = "", **only: str | None
    ) -> list[dict[str, Any]]:
        """Usage summed by some of NAMES, newest day first; the names that are not asked for are "".

        Each row also has `cost` by currency, `priced` (requests whose cost is known) and `cost_by`, the part of the
        cost that each source stands for. `only` picks rows by name, as in `profile="work"`.
        """
        if not os.path.exists(self.path):
            return []
        by = [name for name in NAMES if name in by]
        where, values = _where(since, until, only)
        group = f" GROUP BY {', '.join(by)}" if by else ""
        order = ", ".join(f"{name} DESC" if name == "day" else name for name in by) or "1"
        names = ", ".join(by) + ", " if by else ""
        counts = ", ".join(f"SUM({count})" for count in COUNTS)
        with self._open() as db:
            found = db.execute(
                f"SELECT {names}{counts} FROM usage WHERE {where}{group} ORDER BY {order}",  # noqa: S608
                values,
            ).fetchall()
            costs = db.execute(
                f"SELECT {names}currency, source, SUM(requests), SUM(amount) FROM cost WHERE {where} "  # noqa: S608
                f"GROUP BY {names}currency, source",
                values,
            ).fetchall()
        return _joined([row for row in found if row[len(by)]], costs, by)

    def _open(self) -> _Connection:
        sqlite3 = sqlite3_here()

        make_private_dir(os.path.dirname(self.path))
        try:
            return _Connection(self.path)
        except sqlite3.DatabaseError as error:
            if "not a database" not in str(error) and "malformed" not in str(error):
                raise CcswitchError(
                    say("cannot open the usage file {path}: {error}", path=self.path, error=error)
                ) from None
        os.replace(self.path, self.path + ".damaged")
        return _Connection(self.path)


def _where(since: str, until: str, only: dict[str, str | None]) -> tuple[str, list[str]]:
    """The condition for a span of days and some names, and its values."""
    parts, values = ["day >= ?"], [since]
    if until:
        parts.append("day <= ?")
        values.append(until)
    for name, value in only.items():
        if value is not None and name in NAMES:
            parts.append(f"{name} = ?")
            values.append(value)
    return " AND ".join(parts), values


def _joined(found: list[Any], costs: list[Any], by: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of counts with what is known of their cost."""
    blank = dict.fromkeys(NAMES, "")
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in found:
        place = tuple(row[: len(by)])
        counts = dict(zip(COUNTS, row[len(by) :], strict=True))
        rows[place] = {
            **blank, **dict(zip(by, place, strict=True)), **counts, "cost": {}, "priced": 0, "cost_by": {}
        }  # fmt: skip
    for *names, currency, source, requests, amount in costs:
        held = rows.get(tuple(names))
        if held is None:
            continue
        held["cost"][currency] = round(held["cost"].get(currency, 0.0) + amount, 9)
        held["priced"] += requests
        held["cost_by"].setdefault(source, {})[currency] = round(amount, 9)
    return list(rows.values())


def _tidy(db: sqlite3.Connection, today: str) -> None:
    """Takes the names off what is long past, and off the oldest days where there are too many."""
    from datetime import date, timedelta

    for name, days in (("session", SESSIONS_KEPT_DAYS), ("project", PROJECTS_KEPT_DAYS)):
        try:
            before = (date.fromisoformat(today) - timedelta(days=days)).isoformat()
        except (ValueError, OverflowError):
            return
        named = db.execute(f"SELECT COUNT(*) FROM usage WHERE {name} != ''").fetchone()[0]  # noqa: S608
        if named > MOST_NAMED:
            query = f"SELECT day FROM usage WHERE {name} != '' ORDER BY day LIMIT 1 OFFSET ?"  # noqa: S608
            crowded = db.execute(query, (named - MOST_NAMED // 2,)).fetchone()[0]
            before = max(before, crowded + "~")  # that day, too
        for table, summed in (("usage", COUNTS), ("cost", ("requests", "amount"))):
            _forget_names(db, table, name, summed, before)


def _forget_names(db: sqlite3.Connection, table: str, name: str, summed: Sequence[str], before: str) -> None:
    key = [*NAMES, *(("currency", "source") if table == "cost" else ())]
    taken = ", ".join("''" if column == name else column for column in key)
    kept = ", ".join(column for column in key if column != name)
    sums = ", ".join(f"SUM({column})" for column in summed)
    more = ", ".join(f"{column} = {table}.{column} + excluded.{column}" for column in summed)
    db.execute(
        f"INSERT INTO {table}({', '.join(key)}, {', '.join(summed)}) SELECT {taken}, {sums} FROM {table} "  # noqa: S608
        f"WHERE day < ? AND {name} != '' GROUP BY {kept} ON CONFLICT DO UPDATE SET {more}",
        (before,),
    )
    db.execute(f"DELETE FROM {table} WHERE day < ? AND {name} != ''", (before,))  # noqa: S608


class _Connection:
    """An open usage file: one transaction, then closed."""

    db: sqlite3.Connection

    def __init__(self, path: str) -> None:
        sqlite3 = sqlite3_here()
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        make_private(handle)
        os.close(handle)
        self.db = sqlite3.connect(path, timeout=5.0)
        try:
            if self._version() < VERSION:
                self.db.execute("BEGIN IMMEDIATE")  # another process may be doing the same
                _take_further(self.db, self._version())
                self.db.commit()
            if self._version() > VERSION:
                raise CcswitchError(
                    say(
                        "{path} was written by a newer ccswitch-tui (version {version})",
                        path=path,
                        version=self._version(),
                    ),
                    hint=say("upgrade ccswitch-tui"),
                )
        except BaseException:
            self.db.close()
            raise

    def _version(self) -> int:
        return int(self.db.execute("PRAGMA user_version").fetchone()[0])

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


OLD_COUNTS = COUNTS[:7]
"""What versions 1 and 2 counted."""


def _take_further(db: sqlite3.Connection, version: int) -> None:
    """A file of an older version, or an empty one, as today's. All its counts are kept."""
    if version >= VERSION:
        return
    there = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, schema, columns in (
        ("usage", SCHEMA, ("day", "profile", "model", *OLD_COUNTS)),
        ("cost", COST_SCHEMA, ("day", "profile", "model", "currency", "requests", "amount")),
    ):
        if table not in there:
            db.execute(schema)
            continue
        db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        db.execute(schema)
        names = ", ".join(columns)
        db.execute(f"INSERT INTO {table}({names}) SELECT {names} FROM old_{table}")  # noqa: S608
        db.execute(f"DROP TABLE old_{table}")
    db.execute(f"PRAGMA user_version = {VERSION}")
