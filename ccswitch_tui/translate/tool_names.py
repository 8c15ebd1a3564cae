"""Tool names and call ids as upstreams accept them, and back.

Chat completions takes names of at most 64 characters `[A-Za-z0-9_-]`; MCP
names are longer. The short form depends on the name alone, so the same
conversation always gives the same bytes; a collision is resolved by hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LONGEST_NAME = 64
LONGEST_ID = 40
"""OpenAI: "tool_calls[…].id: string too long. Expected a string with maximum length 40"."""

_GOOD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GOOD_ID = re.compile(r"[!-~]{1,40}")
_NINE = re.compile(r"[A-Za-z0-9]{9}")
_BAD = re.compile(r"[^A-Za-z0-9_-]")
_SPACES = ("functions.", "function.", "default_api.", "default_api:", "tools.")
"""Name spaces that models write before a tool's name; Claude Code knows no tool of that name (measured)."""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class ToolNames:
    """The names of one request in both directions. `known` are the request's tools as the client calls them."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = list(dict.fromkeys(known))
        self._short: dict[str, str] = {}
        self._long: dict[str, str] = {}
        for name in self.known:
            if _GOOD_NAME.fullmatch(name):
                self._short[name] = self._long[name] = name
        for name in self.known:
            self.short(name)

    def copy(self) -> ToolNames:
        """The same names, for a request of its own: its history may have more."""
        twin = ToolNames(())
        twin.known, twin._short, twin._long = self.known, dict(self._short), dict(self._long)
        return twin

    @property
    def only_known(self) -> bool:
        """No name was met that is not among the request's tools."""
        return len(self._short) == len(self.known)

    def short(self, name: str) -> str:
        """The name as the upstream gets it."""
        short = self._short.get(name)
        if short is None:
            short = self._shorten(name)
            self._short[name] = short
            self._long[short] = name
        return short

    def _shorten(self, name: str) -> str:
        if _GOOD_NAME.fullmatch(name):
            short = name
        elif len(name) <= LONGEST_NAME and name:
            short = _BAD.sub("_", name)
        else:
            short = f"{_BAD.sub('_', name)[:55]}_{_digest(name)[:8]}"
        if short in self._long:
            short = f"{short[:55]}_{_digest(name)[:8]}"
        return short

    def restore(self, name: str) -> str:
        """The tool the model meant: our short form undone, a name space removed, case forgiven where it is unique."""
        if name in self._long:
            return self._long[name]
        bare = name.strip()
        for space in _SPACES:
            bare = bare.removeprefix(space)
        if bare in self._long:
            return self._long[bare]
        alike = [known for known in self.known if known.lower() == bare.lower()]
        return alike[0] if len(alike) == 1 else bare or name


def upstream_id(call_id: str, style: str) -> str:
    """A call's id as this upstream accepts it; the same for the call and for its result."""
    if style == "mistral9":
        return call_id if _NINE.fullmatch(call_id) else _digest(call_id)[:9]
    return call_id if _GOOD_ID.fullmatch(call_id) else f"call_{_digest(call_id)[:24]}"
