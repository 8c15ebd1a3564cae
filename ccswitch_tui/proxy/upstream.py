"""The HTTP client: one request to an endpoint, and what it answers or why it does not.

Never follows a redirect (the key would go along), never sends a key to a host
it was not given for, and repeats a request only when a pooled connection had
gone stale before a byte of it was answered.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ccswitch_tui.profiles.model import Endpoint, Profile
from ccswitch_tui.proxy.network import NetworkSettingError, is_socks, proxy_for, tls_context
from ccswitch_tui.secret import Secret

READ_BUFFER_BYTES = 32 * 1024
"""aiohttp pauses reading at twice this. With 64 kB on the client's side a slow reader costs under 200 kB."""

IDLE_CONNECTION_S = 50
"""Common load balancers drop an idle connection after 60 s; a pooled one older than this is not used again."""

STALE_WITHIN_S = 1.0
"""A pooled connection that had died fails at once. A later failure may be a server that worked and then broke:
repeating that would pay twice."""

SLEPT_S = 15.0
"""The wall clock ran this much ahead of the monotonic one: the machine slept, and its connections are dead."""


class UpstreamError(Exception):
    """No answer came. `kind` is one of dns, refused, tls, timeout-connect, timeout-read, reset, proxy."""

    def __init__(self, kind: str, detail: str, host: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.host = host


class SocksFailure(aiohttp.ClientConnectionError):
    """A SOCKS proxy gave no connection. `kind` as in UpstreamError."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class KeyHostError(Exception):
    """The profile's key was given for another host than the one its base URL names."""


class Address(NamedTuple):
    """What is fixed about a profile's endpoint, worked out once."""

    chat: URL
    messages: URL
    count_tokens: URL
    models: URL
    host: str
    proxy: str | None
    """An HTTP proxy; `socks` is the other kind. One of them at most."""
    socks: str | None
    headers: tuple[tuple[str, str], ...]
    timeout: aiohttp.ClientTimeout


class _Pool:
    """One aiohttp session and how many requests it carries; a retired one closes with its last request."""

    def __init__(self, socks: str | None) -> None:
        self.session = aiohttp.ClientSession(
            connector=_connector(socks),
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=READ_BUFFER_BYTES,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=64 * 1024,
            max_field_size=64 * 1024,
        )
        self.carries = 0
        self.retired = False


def _connector(socks: str | None) -> aiohttp.BaseConnector:
    if socks is None:
        return aiohttp.TCPConnector(
            limit=0, keepalive_timeout=IDLE_CONNECTION_S, ttl_dns_cache=30, socket_factory=_socket
        )
    from ccswitch_tui.proxy.socks import SocksConnector  # here: few need it

    return SocksConnector(socks, keepalive_timeout=IDLE_CONNECTION_S, prepare=_watch_for_death)


def _socket(address: Any) -> socket.socket:
    sock = socket.socket(*address[:3])
    _watch_for_death(sock)
    return sock


def _watch_for_death(sock: socket.socket) -> None:
    """Makes a socket notice a dead peer: keep-alive probes, and a limit on unacknowledged data."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 60_000)):
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


class Upstream:
    """All connections of this proxy to endpoints."""

    def __init__(self, env: Mapping[str, str], home: str) -> None:
        self._env = env
        self._home = home
        self._pools: dict[str | None, _Pool] = {}
        """By the SOCKS proxy their connections go through; None: directly, or through an HTTP proxy."""
        self._addresses: dict[str, tuple[Endpoint, Address]] = {}
        self._tls: dict[Any, ssl.SSLContext] = {}
        self._drift = time.time() - time.monotonic()

    def address(self, profile: Profile) -> Address:
        """The endpoint's URLs, proxy and fixed headers. Raises UpstreamError for a setting that cannot be used."""
        known = self._addresses.get(profile.name)
        if known is not None and known[0] is profile.endpoint:
            return known[1]
        address = self._work_out(profile.endpoint)
        self._addresses[profile.name] = (profile.endpoint, address)
        return address

    def _work_out(self, endpoint: Endpoint) -> Address:
        try:
            base = URL(endpoint.base_url)
            host, port = base.host or "", base.port or 0
            proxy = proxy_for(endpoint, base.scheme, host, port, self._env)
        except (NetworkSettingError, ValueError) as error:
            kind = "proxy" if isinstance(error, NetworkSettingError) else "dns"
            raise UpstreamError(kind, str(error), endpoint.base_url) from None
        return Address(
            chat=_below(base, "/chat/completions"),
            messages=_below(base, "/v1/messages"),
            count_tokens=_below(base, "/v1/messages/count_tokens"),
            models=_below(base, "/v1/models" if endpoint.wire == "anthropic" else "/models"),
            host=host if base.is_default_port() else f"{host}:{port}",
            proxy=None if is_socks(proxy) else proxy,
            socks=proxy if is_socks(proxy) else None,
            headers=tuple((name, value) for name, value in endpoint.headers.items()),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=endpoint.timeouts.connect_s),
        )

    async def send(
        self,
        profile: Profile,
        url: URL,
        key: Secret | None,
        *,
        body: bytes | None,
        headers: CIMultiDict[str],
        method: str = "POST",
    ) -> aiohttp.ClientResponse:
        """Sends one request and returns when the status line and headers are there.

        The caller reads the body and must `close()` or release the response.
        Raises UpstreamError, or KeyHostError before anything is sent.
        """
        address = self.address(profile)
        add_credential(headers, profile, key)
        for name, value in address.headers:
            headers[name] = value
        options: dict[str, Any] = {"proxy": address.proxy} if address.proxy else {}
        if url.scheme == "https":
            options["ssl"] = await self._tls_for(profile.endpoint, address.host)
        options["timeout"] = address.timeout
        first_byte_s = profile.endpoint.timeouts.first_byte_s
        self._leave_dead_connections()
        started = time.monotonic()
        try:
            return await self._once(method, url, body, headers, first_byte_s, address, options)
        except UpstreamError as error:
            if error.kind != "reset" or time.monotonic() - started > STALE_WITHIN_S:
                raise
            self._retire(address.socks)
        return await self._once(method, url, body, headers, first_byte_s, address, options)

    async def _once(
        self,
        method: str,
        url: URL,
        body: bytes | None,
        headers: CIMultiDict[str],
        first_byte_s: float,
        address: Address,
        options: dict[str, Any],
    ) -> aiohttp.ClientResponse:
        pool = self._pools.get(address.socks)
        if pool is None:
            pool = self._pools[address.socks] = _Pool(address.socks)
        pool.carries += 1
        try:
            async with asyncio.timeout(first_byte_s):
                response = await pool.session.request(
                    method, url, data=body, headers=headers, allow_redirects=False, **options
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._carried(pool)
            raise _error_of(error, address.host, first_byte_s) from None
        except BaseException:
            self._carried(pool)
            raise
        if response.connection is None:
            self._carried(pool)  # the whole answer came at once
        else:
            response.connection.add_callback(lambda: self._carried(pool))
        return response

    def _carried(self, pool: _Pool) -> None:
        pool.carries -= 1
        if pool.retired and pool.carries == 0:
            _close_soon(pool)

    def _retire(self, socks: str | None) -> None:
        """New requests get new connections; those under way keep theirs."""
        pool = self._pools.pop(socks, None)
        if pool is not None:
            pool.retired = True
            if pool.carries == 0:
                _close_soon(pool)

    def _leave_dead_connections(self) -> None:
        drift = time.time() - time.monotonic()
        if abs(drift - self._drift) > SLEPT_S:
            for socks in list(self._pools):
                self._retire(socks)
        self._drift = drift

    async def _tls_for(self, endpoint: Endpoint, host: str) -> ssl.SSLContext:
        files = (endpoint.ca_file, endpoint.client_cert, endpoint.client_key)
        key = (files, tuple(_changed_at(path) for path in files))
        context = self._tls.get(key)
        if context is None:
            try:
                context = await asyncio.to_thread(tls_context, endpoint, self._env, self._home)
            except NetworkSettingError as error:
                raise UpstreamError("tls", str(error), host) from None
            self._tls[key] = context
        return context

    async def close(self) -> None:
        """Closes every connection."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.session.close()


_closing: set[asyncio.Task[None]] = set()
"""Keeps closing tasks alive until they are done; the loop itself holds tasks weakly."""


def _close_soon(pool: _Pool) -> None:
    task = asyncio.ensure_future(pool.session.close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)


def _changed_at(path: str | None) -> float:
    try:
        return os.stat(path).st_mtime if path else 0.0
    except OSError:
        return 0.0


def _below(base: URL, path: str) -> URL:
    """`base` with `path` after its own; a query of the base (Azure's api-version) stays."""
    return base.with_path(base.raw_path.rstrip("/") + path, encoded=True, keep_query=True)


def add_credential(headers: CIMultiDict[str], profile: Profile, key: Secret | None) -> None:
    """Puts the key where this endpoint wants it. Raises KeyHostError when it was given for another host."""
    if key is None or not key:
        return
    endpoint = profile.endpoint
    if profile.key_host and (URL(endpoint.base_url).host or "") != profile.key_host.lower():
        raise KeyHostError(
            f"the key of profile '{profile.name}' was given for {profile.key_host}, and its address is now "
            f"{URL(endpoint.base_url).host}: it was not sent; enter it again with "
            f"'ccswitch-tui edit {profile.name} --key-stdin'"
        )
    value = key.reveal()
    if endpoint.auth in ("bearer", "both"):
        headers["Authorization"] = f"Bearer {value}"
    if endpoint.auth in ("x-api-key", "both"):
        headers["x-api-key"] = value
    if endpoint.auth.startswith("header:"):
        headers[endpoint.auth[7:]] = value
    if endpoint.auth == "basic":
        headers["Authorization"] = "Basic " + base64.b64encode(value.encode()).decode()


def _error_of(error: BaseException, host: str, first_byte_s: float) -> UpstreamError:
    """An exception of aiohttp or the system as one of our kinds; the more special come first."""
    if isinstance(error, SocksFailure):
        return UpstreamError(error.kind, error.detail, host)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return UpstreamError("dns", f"the name {error.host} cannot be resolved", host)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return UpstreamError("tls", str(error.certificate_error), host)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return UpstreamError("tls", str(error), host)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return UpstreamError("proxy", f"the HTTP proxy cannot be reached: {error.os_error.strerror or error}", host)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return UpstreamError("proxy", f"the HTTP proxy answers {error.status} {error.message}", host)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return UpstreamError("timeout-connect", "no connection in time", host)
    if isinstance(error, TimeoutError):
        return UpstreamError("timeout-read", f"no answer within {first_byte_s:g} s", host)
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamError("refused", error.os_error.strerror or str(error.os_error), host)
    if isinstance(error, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError | ConnectionError):
        return UpstreamError("reset", "the connection was closed before an answer came", host)
    if isinstance(error, aiohttp.ClientResponseError):
        return UpstreamError("reset", f"the answer is not HTTP: {error.message}", host)
    return UpstreamError("refused", f"{type(error).__name__}: {error}", host)
