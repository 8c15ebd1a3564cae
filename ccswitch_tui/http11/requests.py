"""The head of a request, as a client sends it. Source: RFC 9112, sections 2 and 3."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FORBIDDEN = re.compile("[\r\n\0]")

Fields = tuple[tuple[str, str], ...]
"""Names and values, in order."""


def request_head(method: str, target: str, host: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """The first lines of a request's head: more may follow. ValueError for what no header can carry."""
    return _lines([f"{method} {target} HTTP/1.1", f"Host: {host}", *[f"{name}: {value}" for name, value in fields]])


def head_end(fields: Iterable[tuple[str, str]], length: int | None) -> bytes:
    """Its last ones, for a body of `length` bytes, or none. ValueError for what no header can carry."""
    lines = [f"{name}: {value}" for name, value in fields]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return _lines([*lines, ""])


def _lines(lines: list[str]) -> bytes:
    if _FORBIDDEN.search("".join(lines)):
        raise ValueError("a header or the address has a line break in it")
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")
