"""Where web searches go: what profiles.toml may say of it, as a short form or a table.

    search = "off"                                   # of one profile
    search = "searxng:http://127.0.0.1:8888"
    search = "endpoint:openrouter"

    [search]                                         # for every profile
    source = "tavily"
    key = "keyring:search/tavily"

Off until the user names one: a search query leaves this machine for a third
party. Plain data; `search.sources` knows how each is spoken to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ccswitch_tui.errors import UsageError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say, to_paste

OFF = "off"
ENDPOINT = "endpoint"
"""The profile's own endpoint searches, in a dialect of its own."""

DIALECTS = ("openrouter", "options", "glm", "kimi", "sonar", "responses")

APIS = {
    "searxng": "",
    "tavily": "https://api.tavily.com",
    "brave": "https://api.search.brave.com",
    "exa": "https://api.exa.ai",
    "serper": "https://google.serper.dev",
    "perplexity": "https://api.perplexity.ai",
    "ollama": "https://ollama.com",
    "deepseek": "https://api.deepseek.com",
}
"""The search APIs and where each is; searxng is the user's own server."""

MOST_RESULTS = 10


class SearchSource(NamedTuple):
    """One search source as the user chose it."""

    source: str
    """A name of APIS, `endpoint`, or `off`."""
    url: str = ""
    """Of the user's own server, or of one compatible with the vendor's; empty: the vendor's."""
    key: str = "none"
    """A reference, as `Profile.key` is one."""
    key_host: str | None = None
    """The host the key was given for."""
    dialect: str = ""
    """How an endpoint is asked to search by itself."""
    results: int = MOST_RESULTS

    @property
    def base_url(self) -> str:
        """Where it is asked; empty for `endpoint` and `off`."""
        return self.url or APIS.get(self.source, "")

    @property
    def host(self) -> str:
        """The host that learns the queries, as the user reads it."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_on(self) -> bool:
        """A source is named."""
        return self.source != OFF


def parse_search(value: Any) -> SearchSource:
    """A short form or a table as a SearchSource. Raises UsageError with what is known."""
    found = _from_text(value) if isinstance(value, str) else _from_table(value)
    if found.source not in (*APIS, ENDPOINT, OFF):
        raise UsageError(
            say("no search source '{name}'", name=found.source),
            hint=say("known here: {names}", names=", ".join((*APIS, *(f"{ENDPOINT}:{d}" for d in DIALECTS), OFF))),
        )
    if found.source == ENDPOINT and found.dialect not in DIALECTS:
        raise UsageError(
            say("'endpoint' needs to know how the endpoint is asked to search"),
            hint=say("one of: {names}", names=", ".join(f"{ENDPOINT}:{d}" for d in DIALECTS)),
        )
    _check_address(found)
    return found


def _from_text(text: str) -> SearchSource:
    name, _, rest = text.strip().partition(":")
    if name.startswith(f"{ENDPOINT}-"):
        return SearchSource(ENDPOINT, url=rest, dialect=name.removeprefix(f"{ENDPOINT}-"))
    if name == ENDPOINT:
        return SearchSource(ENDPOINT, dialect=rest)
    return SearchSource(name, url=rest)


def _from_table(table: Any) -> SearchSource:
    if not isinstance(table, Mapping) or not isinstance(table.get("source"), str):
        raise UsageError(
            say("a search source is a string or a table with 'source'"), hint=to_paste('source = "searxng"')
        )
    for key, value in table.items():
        wanted = int if key == "results" else str
        if key not in SearchSource._fields:
            raise UsageError(
                say("unknown key '{key}' of a search source", key=key),
                hint=say("known here: {names}", names=", ".join(SearchSource._fields)),
            )
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise UsageError(say("'{key}' of a search source cannot be {value}", key=key, value=repr(value)))
    if not 0 < table.get("results", MOST_RESULTS) <= MOST_RESULTS:
        raise UsageError(say("'results' of a search source should be 1 to {most}", most=MOST_RESULTS))
    short = _from_text(table["source"])
    return short._replace(**{key: value for key, value in table.items() if key != "source"})


def _check_address(found: SearchSource) -> None:
    if found.source == OFF or (found.source == ENDPOINT and not found.url):
        return
    parts = urlsplit(found.base_url) if _is_readable(found.base_url) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            say("the search source '{name}' needs an http:// or https:// address", name=found.source),
            hint=say("for example 'ccswitch-tui search set searxng http://127.0.0.1:8888'"),
        )
    if parts.username or parts.password:
        raise UsageError(
            say("a password in the address of a search source would be kept in plain text"),
            hint=say("leave it out of the address, and give the key with --key-stdin"),
        )
    loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme == "http" and found.source != "searxng" and not loopback:
        raise UsageError(
            say("the search source '{name}' is asked with a key: its address must be https://", name=found.source)
        )


def _is_readable(url: str) -> bool:
    try:
        urlsplit(url).port  # noqa: B018
    except ValueError:
        return False
    return True


def search_to_table(source: SearchSource) -> dict[str, Any]:
    """The table that profiles.toml would hold: what is at its default is left out."""
    defaults = SearchSource._field_defaults
    return {k: v for k, v in source._asdict().items() if k not in defaults or v != defaults[k]}
