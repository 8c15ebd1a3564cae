"""The web searches of all sessions: one call to the source the user named, answered in Anthropic's blocks.

No model is asked. The response is held for a while, because until it begins a
failure can still be an HTTP status with our sentence, which Claude Code shows;
inside a stream it would hide our words (measured with 2.1.330). A source's key
travels over the same connections and host check as an endpoint's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ccswitch_tui._version import __version__
from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.http11.message import JSON, Reply, Response
from ccswitch_tui.http11.requests import Fields
from ccswitch_tui.net.url import parse_url
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef, Timeouts, parse_secret_ref
from ccswitch_tui.profiles.search_source import ENDPOINT, SearchSource
from ccswitch_tui.proxy.books.turns import Turns
from ccswitch_tui.proxy.call import ClientCall
from ccswitch_tui.proxy.client.upstream import KeyHostError, UpstreamError
from ccswitch_tui.proxy.pump import read_limited
from ccswitch_tui.proxy.routing import Target
from ccswitch_tui.proxy.web.reply import PING_AFTER_S, ClientReply
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.search.answer import (
    NO_SOURCE,
    SSE_HEADERS,
    failure_text,
    message,
    opening,
    outcome_text,
    rest,
    search_blocks,
)
from ccswitch_tui.search.clean import LONGEST_SNIPPET, cleaned, plain
from ccswitch_tui.search.dialects import MOST_TURNS, talk_in
from ccswitch_tui.search.mixed import (
    MOST_USES,
    SearchTool,
    continued,
    search_tool,
    searches_of,
    summed,
    wanted_by,
    with_function,
)
from ccswitch_tui.search.model import Answered, Ask, Found, Json, SearchFailed, Wanted
from ccswitch_tui.search.reading import document_in, refuse_errors, said_in
from ccswitch_tui.search.sources import SOURCES
from ccswitch_tui.search.wanted import LONGEST_QUERY, SHORTEST_QUERY, is_lone_search, is_the_clients_own, wanted
from ccswitch_tui.translate.errors import retry_after
from ccswitch_tui.translate.policy import GONE, HOPELESS
from ccswitch_tui.wire.anthropic import PING, error_envelope
from ccswitch_tui.wire.codec import dumps, loads

if TYPE_CHECKING:
    from ccswitch_tui.proxy.parts import Parts

HOLD_S = 10.0
"""The client bears minutes without a header; most sources answer within one second."""

PATIENCE_S = 15.0
ENDPOINT_PATIENCE_S = 90.0
"""A model that searches and then writes was seen to take 50 s."""

MOST_BYTES = 2_000_000
MOST_AT_ONCE = 4
"""Per source: Claude Code asks six searches of one turn within 20 ms, and small instances block who asks so."""

LONGEST_SUMMARY = 6000
"""Of an endpoint that searches by itself: its text is the answer, not a snippet."""

Outcome = Found | SearchFailed


class _Where(NamedTuple):
    """Where one search is made."""

    source: SearchSource
    asked: Profile
    """The source as a profile of its own, so that its key has a host and its connections a place."""
    target: Target
    """What an endpoint that searches by itself is asked for."""


class Searching:
    """Answers search requests instead of the endpoint."""

    def __init__(self, relay: Parts) -> None:
        self._relay = relay
        self._as_profiles: dict[SearchSource, Profile] = {}
        self._places: dict[str, asyncio.Semaphore] = {}

    async def answer(self, call: ClientCall, profile: Profile) -> Reply | None:
        """The answer to a request that needs a search; None when the endpoint shall have the request."""
        tool = search_tool(call.body)
        if tool is None:
            return None
        source = profile.search or self._relay.profiles.search
        if source is None or not source.is_on:
            alone = is_lone_search(call.body) and not profile.endpoint.format.native
            gone = is_the_clients_own(call.body) or call.exchange.session
            return self._refused(call, NO_SOURCE, GONE if gone else 400) if alone else None
        search = wanted(call.body)
        try:
            where = self._where(profile, source, call.body["model"])
        except UsageError as error:
            return self._refused(call, error.message, 400)
        if search is not None:
            return await self._searched(call, where, search)
        return await self._looped(call, profile, where, tool)

    def _refused(self, call: ClientCall, sentence: str, status: int = GONE) -> Response:
        call.exchange.error = sentence
        body = dumps(error_envelope("invalid_request_error", sentence))
        return Response(status=status, body=body, headers=HOPELESS)

    async def _searched(self, call: ClientCall, where: _Where, search: Wanted) -> Reply:
        exchange, source = call.exchange, where.source
        exchange.kind, exchange.attempts = "search", 1
        exchange.model = exchange.wire = f"search:{source.source}"
        exchange.host = parse_url(where.asked.endpoint.base_url).authority
        self._relay.traffic.routed(exchange)
        task = asyncio.ensure_future(self._outcome(where, search))
        try:
            await asyncio.wait({task}, timeout=HOLD_S)
            if task.done() and isinstance(outcome := task.result(), SearchFailed) and exchange.session:
                self._book(call, source, outcome)
                return self._refused(call, failure_text(outcome, source.source))
            if search.stream:
                return await self._streamed(call, source, search, task)
            await asyncio.wait({task})
            self._book(call, source, task.result())
            body = dumps(message(search, task.result(), source.source))
            return Response(body=body)
        finally:
            task.cancel()

    async def _streamed(
        self, call: ClientCall, source: SearchSource, search: Wanted, task: asyncio.Future[Outcome]
    ) -> Reply:
        call.reply.begin(SSE_HEADERS, opening(search))
        while not task.done():
            await asyncio.wait({task}, timeout=PING_AFTER_S)
            if not task.done():
                call.reply.send(PING)
        self._book(call, source, task.result())
        return call.reply.end(rest(message(search, task.result(), source.source)))

    # ------------------------------------------------------------------ a search tool among others

    async def _looped(self, call: ClientCall, profile: Profile, where: _Where, tool: SearchTool) -> Reply:
        """The model searches as often as it wants to, within the tool's own limit; the client gets one answer."""
        task = asyncio.ensure_future(self._loop(call, profile, where, tool))
        try:
            if call.streamed:
                await asyncio.wait({task}, timeout=PING_AFTER_S)
                if not task.done():
                    call.reply.begin(SSE_HEADERS, opening(Wanted("", model=call.body["model"])))
                while not task.done():
                    call.reply.send(PING)
                    await asyncio.wait({task}, timeout=PING_AFTER_S)
            answer = await task
        finally:
            task.cancel()
        if isinstance(answer, Response):
            return call.reply.end(_as_event(answer)) if call.reply.begun else answer
        if not call.streamed:
            return Response(body=dumps(answer))
        if not call.reply.begun:
            call.reply.begin(SSE_HEADERS, opening(Wanted("", model=answer["model"])))
        return call.reply.end(rest(answer))

    async def _loop(self, call: ClientCall, profile: Profile, where: _Where, tool: SearchTool) -> Json | Response:
        """The message of all turns together, or the endpoint's refusal."""
        turns = Turns(call.exchange)
        try:
            return await self._turns(call, profile, where, tool, turns)
        finally:
            turns.add_up()

    async def _turns(
        self, call: ClientCall, profile: Profile, where: _Where, tool: SearchTool, turns: Turns
    ) -> Json | Response:
        body, content, usages, made = with_function(call.body, tool), list[Json](), list[Json](), 0
        while True:
            turns.begin()
            answer = await self._turn(call, profile, body)
            if isinstance(answer, Response):
                return answer
            usages.append(answer.get("usage") or {})
            calls = searches_of(answer, tool)
            results: list[tuple[str, str]] = []
            for block in answer["content"]:
                if block not in calls:
                    content.append(block)
                    continue
                search = wanted_by(block, tool, answer["model"])
                used_up = SearchFailed(
                    "max_uses_exceeded", "was not asked again: this request has used up its searches"
                )
                outcome = await self._outcome(where, search) if made < tool.max_uses else used_up
                made += isinstance(outcome, Found)
                content += search_blocks(search, outcome)
                results.append((block["id"], outcome_text(outcome, where.source.source)))
            ends = not calls or len(calls) < sum(b["type"] == "tool_use" for b in answer["content"])
            if ends or len(usages) > MOST_USES + 1:
                reason = "end_turn" if calls and ends is False else answer["stop_reason"]
                return {**answer, "content": content, "usage": summed(usages, made), "stop_reason": reason}
            body = continued(body, answer, results)

    async def _turn(self, call: ClientCall, profile: Profile, body: Json) -> Json | Response:
        inner = call._replace(body=body, instead=dumps(body), streamed=False, reply=ClientReply(call.request))
        response = await self._relay.answered(inner, profile, body["model"])
        assert isinstance(response, Response)
        if response.status != 200:
            return response
        assert isinstance(response.body, bytes)
        found = loads(response.body)
        return found if isinstance(found, dict) and isinstance(found.get("content"), list) else response

    def _book(self, call: ClientCall, source: SearchSource, outcome: Outcome) -> None:
        exchange = call.exchange
        if isinstance(outcome, SearchFailed):
            exchange.error = failure_text(outcome, source.source)
            return
        exchange.notices.append(f"{len(outcome.hits)} hits from {exchange.host}; the endpoint was not asked")
        price = SOURCES[source.source].usd_per_search if source.source in SOURCES else None
        if price is not None and not source.url:
            exchange.cost, exchange.currency, exchange.cost_by = price, "USD", "prices"

    # ------------------------------------------------------------------ asking the source

    async def _outcome(self, where: _Where, search: Wanted) -> Outcome:
        """What came of it; never raises but for cancellation."""
        source, asked, _ = where
        patience_s = ENDPOINT_PATIENCE_S if source.source == ENDPOINT else PATIENCE_S
        try:
            _check_query(search)
            async with self._place(asked), asyncio.timeout(patience_s):
                answered = await self._ask(where, search)
            longest = LONGEST_SUMMARY if source.source == ENDPOINT else LONGEST_SNIPPET
            return cleaned(answered, search, source=source.source, most=source.results, longest_summary=longest)
        except SearchFailed as failed:
            return failed
        except TimeoutError:
            return SearchFailed("unavailable", f"did not answer within {patience_s:.0f} s")
        except KeyHostError:
            return SearchFailed(
                "unavailable",
                f"is not at the host its key was entered for ({asked.key_host}), so the key was not sent; if it "
                f"belongs there, enter it again: 'ccswitch-tui search set {source.source} --key-stdin'",
            )
        except KeyStoreError as error:
            return SearchFailed("unavailable", f"has no key: {error.message}")
        except UpstreamError as error:
            return SearchFailed("unavailable", f"cannot be reached ({error.host}: {plain(error.detail, 200)})")

    def _place(self, asked: Profile) -> asyncio.Semaphore:
        host = parse_url(asked.endpoint.base_url).authority
        return self._places.setdefault(host, asyncio.Semaphore(MOST_AT_ONCE))

    async def _ask(self, where: _Where, search: Wanted) -> Answered:
        source, asked, target = where
        if source.source == ENDPOINT:
            talk = talk_in(source.dialect, search, target.model)
            for _ in range(MOST_TURNS):
                ask = Ask("POST", talk.path, body=talk.body())
                got = await self._fetch(asked, ask, source)
                refuse_errors(got, found="choices" in got or "output" in got)
                answered = talk.take(got)
                if answered is not None:
                    return answered
            raise SearchFailed("unavailable", "kept searching and returned no answer")
        adapter = SOURCES[source.source]
        got = await self._fetch(asked, adapter.request(search, source.results), source)
        answered = adapter.read(got)
        refuse_errors(got, found=bool(answered.hits or answered.summary))
        return answered

    async def _fetch(self, asked: Profile, ask: Ask, source: SearchSource) -> Json:
        """One request to the source. Raises SearchFailed, UpstreamError, KeyHostError, KeyStoreError."""
        key = await self._relay.keys.get(asked)
        secret_headers = await self._relay.keys.of_headers(asked)
        base = parse_url(asked.endpoint.base_url)
        url = base.below(ask.path)
        if ask.query:
            url = url.asked(urlencode(ask.query))
        headers: Fields = (("Accept", JSON), ("User-Agent", f"ccswitch-tui/{__version__}"))
        body = None if ask.body is None else [dumps(ask.body)]
        if body is not None:
            headers = (*headers, ("Content-Type", JSON))
        response = await self._relay.upstream.send(
            asked, url, key, body=body, headers=headers, secret_headers=secret_headers, method=ask.method
        )
        try:
            raw = await read_limited(response, MOST_BYTES, PATIENCE_S)
        except UpstreamError as error:
            raise SearchFailed("unavailable", f"began an answer that is none: {plain(error.detail, 200)}") from None
        again = retry_after({name.lower(): value for name, value in response.headers.items()})
        _check_status(response.status, raw, source, has_key=key is not None, again_s=again)
        return document_in(raw, plain(response.headers.get("Content-Type", ""), 60) or "no content type")

    def _where(self, profile: Profile, source: SearchSource, model: str) -> _Where:
        """Raises UsageError when the profile's endpoint is to search and its route cannot be meant."""
        if source.source == ENDPOINT and not source.url:
            target = self._relay.profiles.routes().target(profile, model)
            return _Where(source, target.profile, target)
        known = self._as_profiles.get(source)
        if known is None:
            known = self._as_profiles[source] = _as_profile(source)
        return _Where(source, known, Target(profile, model, None))


def _as_event(refusal: Response) -> bytes:
    """An error envelope as the event that ends a stream which has begun."""
    assert isinstance(refusal.body, bytes)
    return b"event: error\ndata: %b\n\n" % refusal.body


def _as_profile(source: SearchSource) -> Profile:
    key = parse_secret_ref(source.key)
    auth = SOURCES[source.source].auth if source.source in SOURCES else "bearer"
    return Profile(
        name=f"search source {source.source} at {source.host}",
        endpoint=Endpoint(
            base_url=source.base_url,
            wire="openai-chat",
            auth=auth if key != SecretRef("none") else "none",
            timeouts=Timeouts(first_byte_s=ENDPOINT_PATIENCE_S, idle_s=PATIENCE_S),
        ),
        key=key,
        key_host=source.key_host,
    )


def _check_query(search: Wanted) -> None:
    if len(search.query) < SHORTEST_QUERY:
        raise SearchFailed("invalid_tool_input", "was not asked: the query is empty")
    if len(search.query) > LONGEST_QUERY:
        raise SearchFailed("query_too_long", f"was not asked: the query is longer than {LONGEST_QUERY} characters")


LONGEST_WAIT_S = 60
"""A longer one is nothing a session waits for."""


def _check_status(status: int, raw: bytes, source: SearchSource, *, has_key: bool, again_s: int | None) -> None:
    """Raises SearchFailed for anything but a success."""
    if 200 <= status < 300:
        return
    said = said_in(raw)
    is_page = raw.lstrip()[:1] == b"<"
    if is_page and status in (401, 403) and source.source != "searxng":  # a wall in front of the source: not its key
        raise SearchFailed("unavailable", f"is behind a web page (HTTP {status}: {said})")
    if status in (401, 403) and has_key:
        again = f"enter it again with 'ccswitch-tui search set {source.source} --key-stdin'"
        raise SearchFailed("unavailable", f"rejected the key (HTTP {status}); {again}")
    if status in (401, 403) and source.source == "searxng":
        why = "json is not among search.formats in its settings.yml, or its limiter is on"
        raise SearchFailed("unavailable", f"rejected the request (HTTP {status}): {why}")
    if status in (402, 429, 432, 433):
        wait = f"; it may be asked again in {again_s} s" if again_s and again_s <= LONGEST_WAIT_S else ""
        raise SearchFailed("too_many_requests", f"reports a rate limit or no credit left (HTTP {status}){wait}")
    if status in (400, 422):
        raise SearchFailed("invalid_tool_input", f"rejected this query (HTTP {status}: {said})")
    if 300 <= status < 400:
        raise SearchFailed("unavailable", f"redirects (HTTP {status}), which is not followed")
    raise SearchFailed("unavailable", f"answered with HTTP {status}{f': {said}' if said else ''}")
