"""Regular expressions that are compiled when they are first used.

Most of the proxy's read what an endpoint says when it refuses something: 90 of
them take 40 ms and a megabyte, which a proxy that starts would pay before it
listens, and hardly ever need.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr


class _Later:
    """Stands for a compiled pattern: its methods and attributes are the pattern's."""

    __slots__ = ("_compiled", "_flags", "_text")

    def __init__(self, text: Any, flags: int) -> None:
        self._text = text
        self._flags = flags
        self._compiled: re.Pattern[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        return getattr(self._compiled, name)


def later(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """The pattern of this text, to be used by its methods alone."""
    made: Any = _Later(text, flags)
    pattern: re.Pattern[AnyStr] = made
    return pattern
