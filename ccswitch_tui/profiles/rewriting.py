"""The text of profiles.toml with some tables changed: all else keeps its bytes, and says what it said. Pure.

What tomlkit writes is read again and compared with what was meant. It moves keys
that nobody touched: a table that is added beside dotted keys gets a header in the
middle of them (0.15.2), and what follows belongs to it. There a table is written
in one line instead; where that does not help either, nothing is written.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from ccswitch_tui.profiles.table import ProfileFileError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Wanted(NamedTuple):
    """What the file is to say; what is not named here stays."""

    profiles: Mapping[str, dict[str, Any] | None]
    """Tables by name; None: it goes."""
    others: Mapping[str, dict[str, Any] | None]
    """The same for tables beside `profiles`."""


def rewritten(text: str, wanted: Wanted, path: str) -> str:
    """`text` with the tables as they are wanted. Raises ProfileFileError where it cannot be changed so.

    `path` is the file's name, for the error.
    """
    import tomllib

    from tomlkit.exceptions import TOMLKitError

    meant = tomllib.loads(text)
    _apply(meant, wanted, copy.deepcopy)
    for as_table in (_table, _line):
        try:
            changed = _with_air(_written(text, wanted, as_table), text)
            if _said(tomllib.loads(changed)) == _said(meant):
                return changed
        except (TOMLKitError, ValueError):  # a table in an inline one, or what it wrote cannot be read
            continue
    raise ProfileFileError(
        say("{path}: this change would move other lines of the profile into another table", path=path),
        hint=say("write its dotted keys as tables, [profiles.NAME.endpoint]; nothing was changed"),
    )


def _written(text: str, wanted: Wanted, as_table: Any) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    if "profiles" not in document:
        document["profiles"] = tomlkit.table(is_super_table=True)
    _apply(document, wanted, as_table)
    return tomlkit.dumps(document)


def _table(values: Any) -> Any:
    import tomlkit

    return tomlkit.item(values)


def _line(values: Any) -> Any:
    """`{ a = 1, b = 2 }`, which belongs to the key before it wherever that stands."""
    import tomlkit

    line = tomlkit.inline_table()
    for key, value in values.items():
        line[key] = _line(value) if isinstance(value, dict) else value
    return line


def _apply(document: Any, wanted: Wanted, as_table: Any) -> None:
    tables = document.setdefault("profiles", {})
    for name, table in wanted.profiles.items():
        _put(tables, name, table, as_table)
    for name, table in wanted.others.items():
        _put(document, name, table, as_table)


def _put(tables: Any, name: str, wanted: dict[str, Any] | None, as_table: Any) -> None:
    """Writes only what differs, so that the user's comments inside the table stay."""
    if wanted is None:
        tables.pop(name, None)
    elif name in tables:
        _merge(tables[name], wanted, as_table)
    else:
        tables[name] = as_table(wanted)


def _merge(have: Any, wanted: dict[str, Any], as_table: Any) -> None:
    for key in [key for key in have if key not in wanted]:
        del have[key]
    for key, value in wanted.items():
        if key in have and isinstance(value, dict) and isinstance(have[key], dict):
            _merge(have[key], value, as_table)
        elif key not in have or have[key] != value:
            have[key] = as_table(value) if isinstance(value, dict) else value


def _said(value: Any) -> Any:
    """What a document says: tables with nothing in them say nothing."""
    if isinstance(value, dict):
        return {key: said for key, inner in value.items() if (said := _said(inner)) != {}}
    return [_said(inner) for inner in value] if isinstance(value, (list, tuple)) else value


TABLES = ("[profiles.", "[search]")
"""How the tables of this file begin."""


def _with_air(text: str, before: str) -> str:
    """`text`, which was `before`, with blank lines around new tables as a person would set them.

    Exactly one goes in above what was added at the end, and goes with what is
    taken out there: adding a profile and removing it leaves the same bytes.
    """
    old_end, new_end = before.rstrip(), text.rstrip()
    newline = "\r\n" if "\r\n" in before else "\n"
    if text.startswith(old_end) and new_end != old_end and text[len(old_end) :].lstrip().startswith(TABLES):
        closed = before if before.endswith("\n") else before + newline
        return closed + newline + _airy(text[len(old_end) :].lstrip(), "").replace("\r\n", "\n").replace("\n", newline)
    if before.startswith(new_end) and new_end != old_end:
        gap = before[len(new_end) : len(before) - len(before[len(new_end) :].lstrip())]
        return new_end + (gap.removesuffix(newline) if gap.count("\n") > 1 else gap)
    return _airy(text, before)


def _airy(text: str, before: str) -> str:
    """A blank line above each table that is new: tomlkit sets one added to an old table close to it."""
    old = set(before.splitlines())
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(TABLES) and line.rstrip() not in old and lines and lines[-1].strip():
            lines.append("\n")
        lines.append(line)
    return "".join(lines)
