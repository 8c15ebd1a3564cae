"""Which handler answers which path.

A pattern is a path with names in it: `/p/{profile}/v1/messages`; `{id:[0-9]+}`
says what the part may be. Paths are matched as they came, so that an encoded
slash stays within its part; the parts are decoded then.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from ccswitch_tui.http11.message import Refused, Request

Handler = Callable[[Request], Awaitable[Any]]

ANY = "*"

MOST_FOUND = 256
"""Paths whose handlers are at hand."""

_PART = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")


class Routes:
    """Patterns by method."""

    def __init__(self) -> None:
        self._fixed: dict[str, dict[str, Handler]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Handler]]] = []
        self._found: dict[str, tuple[dict[str, Handler], dict[str, str]]] = {}
        self.all: list[tuple[str, str]] = []
        """Method and pattern of each."""

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """One more route; `*` is any method."""
        self._found.clear()
        self.all.append((method, pattern))
        if "{" not in pattern:
            self._fixed.setdefault(pattern, {})[method] = handler
            return
        compiled = re.compile(_expression(pattern))
        for known, handlers in self._patterns:
            if known == compiled:
                handlers[method] = handler
                return
        self._patterns.append((compiled, {method: handler}))

    def knows(self, path: str) -> bool:
        """Whether any method of this path is answered."""
        return path in self._fixed or any(pattern.fullmatch(path) for pattern, _ in self._patterns)

    def find(self, request: Request) -> Handler:
        """The handler, with the path's parts in `request.match`. Raises Refused: 404, or 405 for another method."""
        known = self._found.get(request.path)
        handlers, request.match = known if known is not None else self._looked_up(request.path)
        handler = handlers.get(request.method) or handlers.get(ANY)
        if handler is None:
            raise Refused(405)
        return handler

    def _looked_up(self, path: str) -> tuple[dict[str, Handler], dict[str, str]]:
        match: dict[str, str] = {}
        handlers = self._fixed.get(path)
        if handlers is None:
            for pattern, candidates in self._patterns:
                found = pattern.fullmatch(path)
                if found is not None:
                    match = {name: unquote(part) for name, part in found.groupdict().items()}
                    handlers = candidates
                    break
            else:
                raise Refused(404)
        if len(self._found) >= MOST_FOUND:
            self._found.clear()
        self._found[path] = handlers, match
        return handlers, match


def _expression(pattern: str) -> str:
    parts, end = [], 0
    for found in _PART.finditer(pattern):
        parts += [re.escape(pattern[end : found.start()]), f"(?P<{found[1]}>{found[2] or '[^/]+'})"]
        end = found.end()
    return "".join([*parts, re.escape(pattern[end:])])
