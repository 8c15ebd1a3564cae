"""Web searches: where they go, switched on, tried and switched off. Keys are stored first, taken back on failure."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ccswitch_tui.errors import CcswitchError, KeyStoreError, UsageError
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef, parse_secret_ref
from ccswitch_tui.profiles.search_source import ENDPOINT, OFF, SearchSource, parse_search
from ccswitch_tui.profiles.store import save_search, update_profiles
from ccswitch_tui.search.wanted import HARMLESS_QUERY
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

KEYLESS = ("searxng", ENDPOINT)
"""Sources that may be asked without a key of their own."""

TRIED_AS = "search-test"


class SearchState(NamedTuple):
    """Where searches go now."""

    common: SearchSource | None
    """For every profile that does not say otherwise."""
    own: dict[str, SearchSource]
    """By profile, where it says so itself."""
    key_present: bool | None

    def to_json(self) -> dict[str, Any]:
        """The documented form of `search --json`."""
        return {
            "version": 1,
            "search": told(self.common),
            "key_present": self.key_present,
            "profiles": {name: told(source) for name, source in self.own.items()},
        }


class Tried(NamedTuple):
    """One search that was really made, through our own proxy."""

    hits: list[dict[str, str]]
    """`{title, url}` each."""
    text: str
    """What a model would read."""
    problem: str
    """Why it failed; empty when it worked."""
    ms: float


def told(source: SearchSource | None) -> dict[str, Any] | None:
    """A source as JSON tells it: where queries go. None for none."""
    if source is None or not source.is_on:
        return None
    name = f"{source.source}:{source.dialect}" if source.dialect else source.source
    return {"source": name, "host": source.host or None}


def effective(profile: Profile, common: SearchSource | None) -> SearchSource | None:
    """Where the searches of this profile go; None: nowhere."""
    source = profile.search or common
    return source if source is not None and source.is_on else None


def state(ctx: Context) -> SearchState:
    """What profiles.toml says of searches. Opens no key store."""
    book = ctx.book()
    common = book.search
    ref = parse_secret_ref(common.key) if common is not None else SecretRef("none")
    present = ctx.keys.present(ref) if ref.kind != "none" else None
    return SearchState(common, {p.name: p.search for p in book.profiles.values() if p.search is not None}, present)


def where_queries_go(source: SearchSource, profile: str | None = None) -> str:
    """What a user should know before a source is switched on."""
    whose = say("of '{name}'", name=profile) if profile else say("of every session")
    if source.source == ENDPOINT:
        return say(
            ("web search queries {whose} are answered by its own endpoint, which may bill searches separately"),
            whose=whose,
        )
    return say(
        "web search queries {whose} will go to {host}; models write them, and they can contain names from your code",
        whose=whose,
        host=source.host,
    )


def plan_source(
    text: str, *, url: str | None = None, key: str | None = None, secret: Secret | None = None
) -> SearchSource:
    """The source these words mean. Raises UsageError for one that cannot be meant, or that lacks its key."""
    source = parse_search(f"{text}:{url}" if url else text)
    if source.source == OFF:
        raise UsageError(say("'off' is not a source"), hint=say("'ccswitch-tui search off' turns web search off"))
    if key is not None:
        source = source._replace(key=str(parse_secret_ref(key)))
    elif secret is not None:
        source = source._replace(key=f"keyring:{key_name(source)}")
    elif source.source not in KEYLESS:
        raise UsageError(
            say("the search source '{name}' requires a key", name=source.source),
            hint=say("pipe it in with --key-stdin, or say where it is: --key env:NAME"),
            kind="no-key",
        )
    return source._replace(key_host=urlsplit(source.base_url).hostname) if source.key != "none" else source


def key_name(source: SearchSource) -> str:
    """The key store's entry for a source's key; no profile can be called so."""
    return f"websearch/{source.source}"


def set_source(ctx: Context, source: SearchSource, secret: Secret | None = None, profile: str | None = None) -> None:
    """Stores the key, then writes profiles.toml; all of it or nothing.

    Raises KeyStoreError, UsageError (no such profile) or ConflictError (the file changed meanwhile).
    """
    book = ctx.book()
    changed = None if profile is None else book.get(profile)._replace(search=source)
    name = key_name(source)
    before = ctx.keys.store.get(name) if secret is not None else None
    if secret is not None:
        ctx.keys.put(name, secret)
    try:
        if changed is not None:
            update_profiles(ctx.paths, {changed.name: changed}, expected_sha256=book.sha256)
        else:
            save_search(ctx.paths, source, expected_sha256=book.sha256)
    except BaseException:
        if secret is not None:
            with contextlib.suppress(KeyStoreError):
                ctx.keys.put(name, before) if before is not None else ctx.keys.remove(name)
        raise


def turn_off(ctx: Context, profile: str | None = None) -> SearchSource | None:
    """Switches searches off, for every profile or one; the stored key of a source nobody uses any more goes too.

    Returns what was on.
    """
    book = ctx.book()
    if profile is not None:
        was = effective(book.get(profile), book.search)
        update_profiles(
            ctx.paths, {profile: book.get(profile)._replace(search=SearchSource(OFF))}, expected_sha256=book.sha256
        )
        return was
    was = book.search
    if was is None:
        return None
    save_search(ctx.paths, None, expected_sha256=book.sha256)
    still = {source.key for p in book.profiles.values() if (source := p.search) is not None}
    ref = parse_secret_ref(was.key)
    if ref.kind == "keyring" and was.key not in still:
        ctx.keys.remove(ref.name)
    return was


def try_source(ctx: Context, profile: str | None = None, query: str = HARMLESS_QUERY) -> Tried:
    """Makes one real search the way Claude Code's own request would, through our proxy. Costs one search.

    Raises UsageError when no source is set.
    """
    book = ctx.book()
    mine = book.get(profile) if profile is not None else None
    source = effective(mine, book.search) if mine is not None else book.search
    if source is None or not source.is_on:
        raise UsageError(
            say("no search source is set"),
            hint=say("'ccswitch-tui search set searxng http://127.0.0.1:8888' sets one"),
            kind="no-search",
        )
    if source.source == ENDPOINT and not source.url and mine is None:
        raise UsageError(say("'endpoint' searches at a profile's endpoint"), hint=say("name one: --profile NAME"))
    return tried(ctx, source, query, mine)


def tried(
    ctx: Context,
    source: SearchSource,
    query: str,
    profile: Profile | None = None,
    given: Callable[[Profile], Secret | None] | None = None,
) -> Tried:
    """One search at this source; what it says, or why it failed. `given` has the profile's secrets by value."""
    from ccswitch_tui.proxy.embedded import EmbeddedProxy
    from ccswitch_tui.search.answer import FOR_THE_MODEL
    from ccswitch_tui.workflows.serve import key_resolver

    nowhere = Profile(TRIED_AS, Endpoint("http://127.0.0.1:9/v1", wire="openai-chat"), models=ModelTiers("none"))
    asked = (profile or nowhere)._replace(name=TRIED_AS, search=source, fallbacks=())
    stored = key_resolver(ctx)
    began = time.perf_counter()

    def resolve(wanted: Profile) -> Secret | None:
        return given(wanted) if given is not None and wanted.name == TRIED_AS else stored(wanted)

    try:
        with EmbeddedProxy({TRIED_AS: asked}, resolve, env=ctx.env) as proxy:
            status, answer = _ask(proxy.base_url(TRIED_AS), proxy.token, asked, query)
    except OSError as error:
        raise CcswitchError(say("the search could not be tried: {error}", error=error)) from None
    ms = (time.perf_counter() - began) * 1000
    if status != 200:
        return Tried([], "", str(answer.get("error", {}).get("message", status)), ms)
    _, result, text = answer["content"]
    found = result["content"]
    if isinstance(found, dict):
        return Tried([], "", text["text"].removesuffix(FOR_THE_MODEL), ms)
    return Tried([{"title": hit["title"], "url": hit["url"]} for hit in found], text["text"], "", ms)


def _ask(base_url: str, token: Secret, profile: Profile, query: str) -> tuple[int, dict[str, Any]]:
    import http.client

    from ccswitch_tui.search.wanted import PREFIX

    where = urlsplit(base_url)
    body = {
        "model": profile.models.default or "none",
        "max_tokens": 1000,
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "messages": [{"role": "user", "content": f"{PREFIX} {query}"}],
    }
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)
    with contextlib.closing(connection):
        headers = {"Authorization": f"Bearer {token.reveal()}", "Content-Type": "application/json"}
        connection.request("POST", f"{where.path}/v1/messages", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
