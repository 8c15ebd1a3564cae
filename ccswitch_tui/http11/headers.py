"""Header fields as they came, found by any spelling of their names.

One value a name: several lines of one name are one list (RFC 9110, section
5.3), which is what they mean for every field that the proxy reads or passes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping


class Headers(MutableMapping[str, str]):
    """Fields in the order they came."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, tuple[str, str]] = {}
        """Name in lower case to the name as written, and the value."""
        if fields:
            for name, value in fields.items() if isinstance(fields, Mapping) else fields:
                self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """Adds to what the field has already."""
        key = name.lower()
        known = self._fields.get(key)
        self._fields[key] = (name, value) if known is None else (known[0], f"{known[1]}, {value}")

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __setitem__(self, name: str, value: str) -> None:
        self._fields[name.lower()] = (name, value)

    def __delitem__(self, name: str) -> None:
        del self._fields[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]  # a field that is absent says nothing
        known = self._fields.get(name.lower())
        return default if known is None else known[1]

    def fields(self) -> Iterable[tuple[str, str]]:
        """Names as written, with their values."""
        return self._fields.values()

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"  # values may be credentials


NO_HEADERS = Headers()
"""Stands where none have come yet; nobody adds to it."""

MOST_NAMES = 512
LONGEST_NAME = 64

_names: dict[bytes, tuple[str, str]] = {}
"""Names seen before: as written, and in lower case. Requests repeat them, and decoding takes longer than looking up."""


def _name(raw: bytes) -> tuple[str, str]:
    name = raw.decode("latin-1")
    both = (name, name.lower())
    if len(raw) <= LONGEST_NAME and len(_names) < MOST_NAMES:
        _names[raw] = both
    return both


def read_fields(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The fields a parser gave. Bytes that are not UTF-8 come back as they were when written again."""
    headers = Headers()
    fields = headers._fields
    for raw_name, raw_value in raw:
        name, key = _names.get(raw_name) or _name(raw_name)
        value = raw_value.decode("utf-8", "surrogateescape")
        if key in fields:
            headers.add(name, value)
        else:
            fields[key] = (name, value)
    return headers


def first_fields(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The fields of an answer: of several lines of one name, the first is what a client goes by."""
    headers = Headers()
    fields = headers._fields
    for raw_name, raw_value in raw:
        name, key = _names.get(raw_name) or _name(raw_name)
        if key not in fields:
            fields[key] = (name, raw_value.decode("utf-8", "surrogateescape"))
    return headers
