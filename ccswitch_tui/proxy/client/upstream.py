"""The HTTP client: one request to an endpoint, and what it answers or why it does not.

Never follows a redirect (the key would go along), never sends a key to a host
it was not given for, and repeats a request only when a pooled connection had
gone stale before a byte of it was answered.
"""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import time
from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import Any

from ccswitch_tui.credentials.hosts import allowed_host, shown_host
from ccswitch_tui.http11.headers import Headers
from ccswitch_tui.http11.requests import Fields, head_end, request_head
from ccswitch_tui.net.failures import Unreachable
from ccswitch_tui.net.proxies import HttpProxy
from ccswitch_tui.net.tls import tls_context
from ccswitch_tui.net.url import Url, parse_url
from ccswitch_tui.net.way import NetworkSettingError, Way, way_to
from ccswitch_tui.profiles.model import Endpoint, Profile, Timeouts
from ccswitch_tui.proxy.client.connection import Answer, Broken, Connection, Stale
from ccswitch_tui.proxy.client.dial import dial
from ccswitch_tui.proxy.client.pool import Pool
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.secret import Secret
from ccswitch_tui.wire.pieces import Pieces, size_of

STALE_WITHIN_S = 1.0
"""A pooled connection that had died fails at once. A later failure may be a server that worked and then broke:
repeating that would pay twice."""

FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
"""Say where a request ends and who hangs up: ours alone, whatever a profile's own headers say."""

MOST_PROFILES = 256
MOST_HEADS = 64
"""Heads that are kept, because a session's requests differ in their length alone."""

SLEPT_S = 15.0
"""The wall clock ran this much ahead of the monotonic one: the machine slept, and its connections are dead."""


class UpstreamError(Exception):
    """No answer came. `kind` is one of dns, refused, tls, timeout-connect, timeout-read, reset, proxy."""

    def __init__(self, kind: str, detail: str, host: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.host = host


class StaleError(UpstreamError):
    """The connection ended before a byte of an answer came."""


class KeyHostError(Exception):
    """The profile's key was given for another host than the one its base URL names."""


class Address(NamedTuple):
    """What is fixed about a profile's endpoint, worked out once."""

    ask: Url
    """Where an answer is asked for, in the endpoint's own format."""
    count_tokens: Url | None
    models: Url
    host: str
    """As the Host header names it, and as the user reads it."""
    way: Way
    headers: Fields
    """The profile's own, and what its HTTP proxy wants to see on each plain request."""
    needs_tls: bool
    """Some leg of the way is encrypted."""


class _Ask(NamedTuple):
    """One request, ready to be sent."""

    head: bytes
    body: Pieces
    host: str
    first_byte_s: float
    meanwhile: Callable[[], None]

    def __repr__(self) -> str:
        return f"_Ask({self.host})"  # its head carries the key


class Upstream:
    """All connections of this proxy to endpoints."""

    def __init__(self, env: Mapping[str, str], home: str) -> None:
        self._env = env
        self._home = home
        self._pool: Pool | None = None
        self._addresses: dict[str, tuple[Endpoint, Address]] = {}
        self._tls: dict[Any, ssl.SSLContext] = {}
        self._reading: dict[Any, asyncio.Task[ssl.SSLContext]] = {}
        """Certificates that are being read: once, however many requests come meanwhile."""
        self._heads: dict[tuple[Hashable, ...], tuple[Address, bytes]] = {}
        self._drift = time.time() - time.monotonic()

    def address(self, profile: Profile) -> Address:
        """The endpoint's URLs, proxy and fixed headers. Raises UpstreamError for a setting that cannot be used."""
        known = self._addresses.get(profile.name)
        if known is not None and known[0] is profile.endpoint:
            return known[1]
        address = self._work_out(profile.endpoint)
        self._addresses[profile.name] = (profile.endpoint, address)
        return address

    async def make_ready(self, profile: Profile) -> bool:
        """Reads the certificates that the first request to this endpoint would wait for; False where it needs none."""
        try:
            address = self.address(profile)
            if address.needs_tls:
                await self._tls_for(profile.endpoint, address.host)
        except UpstreamError:  # the request itself will say so
            return False
        return address.needs_tls

    def _work_out(self, endpoint: Endpoint) -> Address:
        try:
            base = parse_url(endpoint.base_url)
            way = way_to(endpoint, self._env)
        except (NetworkSettingError, ValueError) as error:
            kind = "proxy" if isinstance(error, NetworkSettingError) else "dns"
            raise UpstreamError(kind, str(error), endpoint.base_url) from None
        routes = endpoint.format
        credential = way.proxy.authorization if isinstance(way.proxy, HttpProxy) and way.absolute else ""
        return Address(
            ask=base.below(routes.ask),
            count_tokens=base.below(routes.count_tokens) if routes.count_tokens else None,
            models=base.below(routes.models),
            host=base.authority,
            way=way,
            headers=(
                *((name, value) for name, value in endpoint.headers.items() if name.lower() not in FRAMING),
                *((("Proxy-Authorization", credential),) if credential else ()),
            ),
            needs_tls=way.needs_tls,
        )

    async def send(
        self,
        profile: Profile,
        url: Url,
        key: Secret | None,
        *,
        body: Pieces | None,
        headers: Fields,
        secret_headers: Mapping[str, Secret] = MappingProxyType({}),
        method: str = "POST",
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Sends one request and returns when the status line and headers are there.

        `meanwhile` is called once the request has been sent, while the endpoint
        has it.
        The caller reads the body or calls `close()`. Raises UpstreamError, or
        KeyHostError before anything is sent.
        """
        address = self.address(profile)
        way, timeouts = address.way, profile.endpoint.timeouts
        credential = credential_of(profile, key)
        for name, secret in secret_headers.items():
            given = credential_of(profile, secret, f"header:{name}")
            credential = {n: v for n, v in credential.items() if n.lower() != name.lower()} | given
        context = await self._tls_for(profile.endpoint, address.host) if address.needs_tls else None
        try:
            begin = self._head_of(address, profile.name, method, url, headers, tuple(credential))
            if address.headers:  # the profile's own have the last word
                own = {name.lower() for name, _ in address.headers}
                credential = {name: value for name, value in credential.items() if name.lower() not in own}
            head = begin + head_end(credential.items(), None if body is None else size_of(body))
        except ValueError as error:
            raise UpstreamError("refused", str(error), address.host) from None
        self._leave_dead_connections()
        if self._pool is None:
            self._pool = Pool()
        ask = _Ask(head, body or [], address.host, timeouts.first_byte_s, meanwhile)
        connection = self._pool.take((way, context))
        if connection is not None:
            started = time.monotonic()
            try:
                return await self._ask(ask, connection, (way, context))
            except StaleError:
                if time.monotonic() - started > STALE_WITHIN_S:
                    raise
                self._retire()
        connection = await self._dial(address, context, timeouts)
        return await self._ask(ask, connection, (way, context))

    def _head_of(
        self, address: Address, profile: str, method: str, url: Url, fields: Fields, credential: tuple[str, ...]
    ) -> bytes:
        """All of a head that is the same next time: not its length, and no key. `credential` names what carries one."""
        slot = (profile, method, url, fields, credential)
        known = self._heads.get(slot)
        if known is None or known[0] is not address:
            headers = Headers(fields)
            for name in credential:
                headers.pop(name, "")
            for name, value in address.headers:
                headers[name] = value
            host = headers.pop("Host", address.host)
            target = str(url) if address.way.absolute else url.target
            known = address, request_head(method, target, host, headers.fields())
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            self._heads[slot] = known
        return known[1]

    async def _dial(self, address: Address, context: ssl.SSLContext | None, timeouts: Timeouts) -> Connection:
        try:
            async with asyncio.timeout(timeouts.first_byte_s):
                return await dial(address.way, context, timeouts.connect_s)
        except Unreachable as error:
            raise UpstreamError(error.kind, error.detail, address.host) from None
        except TimeoutError:
            raise _no_answer(timeouts.first_byte_s, address.host) from None

    async def _ask(self, ask: _Ask, connection: Connection, way: Hashable) -> Answer:
        if self._pool is None:
            self._pool = Pool()
        pool = self._pool
        answer = connection.send(ask.head, ask.body, ask.host, lambda free: pool.put(way, free))
        try:
            ask.meanwhile()
        except BaseException:
            answer.close()
            raise
        try:
            await answer.begun(ask.first_byte_s)
        except TimeoutError:
            raise _no_answer(ask.first_byte_s, ask.host) from None
        except Broken as error:
            kind = StaleError if isinstance(error, Stale) else UpstreamError
            raise kind("reset", str(error), ask.host) from None
        return answer

    def _retire(self) -> None:
        """New requests get new connections; those under way keep theirs."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.retire()

    def _leave_dead_connections(self) -> None:
        drift = time.time() - time.monotonic()
        if abs(drift - self._drift) > SLEPT_S:
            self._retire()
        self._drift = drift

    async def _tls_for(self, endpoint: Endpoint, host: str) -> ssl.SSLContext:
        files = (endpoint.ca_file, endpoint.client_cert, endpoint.client_key)
        key = (files, tuple(_changed_at(path) for path in files))
        context = self._tls.get(key)
        if context is not None:
            return context
        if key not in self._reading:
            reading = asyncio.to_thread(tls_context, endpoint, self._env, self._home)
            self._reading[key] = asyncio.create_task(reading)
            self._reading[key].add_done_callback(lambda done: self._has_read(key, done))
        try:
            return await asyncio.shield(self._reading[key])
        except NetworkSettingError as error:
            raise UpstreamError("tls", str(error), host) from None

    def _has_read(self, key: Any, done: asyncio.Task[ssl.SSLContext]) -> None:
        del self._reading[key]
        if not done.cancelled() and done.exception() is None:
            self._tls[key] = done.result()

    async def close(self) -> None:
        """Closes every idle connection."""
        self._retire()


def _no_answer(first_byte_s: float, host: str) -> UpstreamError:
    return UpstreamError("timeout-read", f"no answer within {first_byte_s:g} s", host)


def _changed_at(path: str | None) -> float:
    try:
        return os.stat(path).st_mtime if path else 0.0
    except OSError:
        return 0.0


_may: dict[str, Profile] = {}
"""The very profiles whose key was found to be theirs: asked before every request, and a profile never changes."""


def _may_have_its_key(profile: Profile) -> bool:
    if _may.get(profile.name) is not profile:
        if not allowed_host(profile):
            return False
        if len(_may) >= MOST_PROFILES:
            _may.clear()
        _may[profile.name] = profile
    return True


def credential_of(profile: Profile, key: Secret | None, style: str = "") -> dict[str, str]:
    """The fields that carry the key to this endpoint, or a secret in another `style`.

    Raises KeyHostError when it was given for another host.
    """
    if key is None or not key:
        return {}
    auth = style or profile.endpoint.auth
    if not _may_have_its_key(profile):
        raise KeyHostError(
            f"the key of ccswitch-tui profile '{profile.name}' was entered for {profile.key_host}, and the profile now "
            f"points to {shown_host(profile)}: the key was not sent. If it belongs there, enter it again: "
            f"'ccswitch-tui edit {profile.name} --key-stdin'"
        )
    value = key.reveal()
    if auth == "bearer":
        return {"Authorization": f"Bearer {value}"}
    if auth == "both":
        return {"Authorization": f"Bearer {value}", "x-api-key": value}
    if auth == "x-api-key":
        return {"x-api-key": value}
    if auth.startswith("header:"):
        return {auth[7:]: value}
    if auth == "basic":
        return {"Authorization": "Basic " + base64.b64encode(value.encode()).decode()}
    return {}
