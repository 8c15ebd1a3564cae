"""The data of one web search: what was asked, what was found, why it failed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.record import NamedTuple

Json = dict[str, Any]


class Wanted(NamedTuple):
    """One search, as a Messages request asks for it."""

    query: str
    allowed: tuple[str, ...] = ()
    """Domains a hit must be of; empty: any."""
    blocked: tuple[str, ...] = ()
    tool_name: str = "web_search"
    model: str = ""
    stream: bool = False


class Hit(NamedTuple):
    """One page a source names."""

    title: str
    url: str
    snippet: str = ""
    age: str | None = None
    """The page's date in the source's own words."""


class Found(NamedTuple):
    """What a source found, cleaned: nothing in it steers a terminal."""

    query: str
    source: str
    hits: tuple[Hit, ...] = ()
    summary: str = ""
    """What the source itself says in answer, besides its hits."""
    left_out: int = 0
    """Hits of domains the request does not want."""


class RawHit(NamedTuple):
    """One hit as a source tells it: any field may be anything."""

    title: Any
    url: Any
    snippet: Any = None
    age: Any = None


class Answered(NamedTuple):
    """What an adapter read from a source's answer."""

    hits: list[RawHit]
    summary: Any = ""


class Ask(NamedTuple):
    """One HTTP request to a source, relative to its base address."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    body: Json | None = None


class SearchFailed(Exception):
    """A search that found out nothing. `code` is one of the API's own error codes, `words` a sentence's end:
    the message reads "the search source 'NAME' WORDS"."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Adapter(NamedTuple):
    """How one search API is spoken to: data and two pure functions."""

    title: str
    auth: str
    """As `Endpoint.auth` says it."""
    needs_key: bool
    longest_query: int
    """Characters it takes; a longer query is cut at a word."""
    request: Callable[[Wanted, int], Ask]
    """The request for a search of at most so many hits."""
    read: Callable[[Json], Answered]
    """Its answer, 200 and a JSON object. Raises SearchFailed."""
    usd_per_search: float | None = None
    """The list price of one search with its source in `sources.py`; None: unknown, or free."""
