"""A new connection to an endpoint: directly, through an HTTP proxy, or through a SOCKS proxy; with TLS or without.

The rule: TLS is checked against the endpoint's own name, whatever leads there.
Several addresses of a name are tried side by side (RFC 8305), because a dead
IPv6 route must not cost seconds. Sources: RFC 9110, section 9.3.6 (CONNECT);
RFC 9112, section 3.2.2 (plain requests through a proxy).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import aiohappyeyeballs

from ccswitch_tui.http11.parsers import HttpParserError, HttpParserUpgrade, HttpResponseParser
from ccswitch_tui.net.failures import connect_kind, words_of
from ccswitch_tui.proxy.client.connection import Connection
from ccswitch_tui.proxy.client.unreachable import Unreachable
from ccswitch_tui.proxy.open_files import FULL
from ccswitch_tui.wire.http_proxy import HttpProxy

NEXT_ADDRESS_S = 0.25
"""RFC 8305's recommended delay before the next address is tried beside the first."""

HANDSHAKE_S = 15.0

PROBES = (
    ("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4),
    ("TCP_USER_TIMEOUT", 60_000),
)  # fmt: skip
"""When a silent peer is asked whether it lives, where an option is known; the second is macOS' name for the first."""

P = TypeVar("P", bound=asyncio.BaseProtocol)


class Way(NamedTuple):
    """How an endpoint is reached. Two requests with the same way can share a connection."""

    scheme: str
    host: str
    port: int
    proxy: str | None
    """The URL of an HTTP proxy; `socks` is the other kind. One of them at most."""
    socks: str | None

    @property
    def absolute(self) -> bool:
        """A plain request to an HTTP proxy names the whole URL."""
        return self.proxy is not None and self.scheme == "http"

    @property
    def needs_tls(self) -> bool:
        """Some leg of it is encrypted."""
        return self.scheme == "https" or (self.proxy is not None and self.proxy.startswith("https:"))


def proxy_credential(proxy: str) -> str | None:
    """The value of Proxy-Authorization for a proxy URL with a user in it."""
    return HttpProxy.from_url(proxy).authorization or None


async def dial(way: Way, context: ssl.SSLContext | None, connect_s: float) -> Connection:
    """A connection that is ready for requests. Raises Unreachable."""
    loop = asyncio.get_running_loop()
    if way.proxy is not None:
        return await _through_proxy(way, context, connect_s)
    if way.socks is not None:
        from ccswitch_tui.proxy.client.socks import socks_socket  # here: few need it

        sock = await socks_socket(way.socks, way.host, way.port, connect_s)
        _watch_for_death(sock)
    else:
        sock = await _connected(way.host, way.port, connect_s)
    return await _on(sock, lambda: Connection(loop), context if way.scheme == "https" else None, way.host)


async def _connected(host: str, port: int, connect_s: float) -> socket.socket:
    """A TCP connection to a host by its name or address."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(connect_s):
            addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return await aiohappyeyeballs.start_connection(
                addresses, happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1, socket_factory=_socket
            )
    except TimeoutError:
        raise Unreachable("timeout-connect", "no connection in time") from None
    except (socket.gaierror, UnicodeError):
        raise Unreachable("dns", f"the name {host} cannot be resolved") from None
    except OSError as error:
        if connect_kind(error) == "timeout":
            raise Unreachable("timeout-connect", "no connection in time") from None
        if error.errno in FULL:
            raise Unreachable("files", words_of(error)) from None
        raise Unreachable("refused", words_of(error)) from None


async def _on(sock: socket.socket, factory: Callable[[], P], context: ssl.SSLContext | None, name: str) -> P:
    """A protocol on this socket, through TLS if there is a context for it."""
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(
            factory,
            sock=sock,
            ssl=context,
            server_hostname=_certified(name) if context is not None else None,
            ssl_handshake_timeout=HANDSHAKE_S if context is not None else None,
        )
        return protocol
    except BaseException as error:
        sock.close()
        raise _handshake_failure(error) from None


def _certified(name: str) -> str:
    """A host's name as certificates have it: without the dot that only tells a resolver not to search."""
    return name.rstrip(".")


def _handshake_failure(error: BaseException) -> BaseException:
    if isinstance(error, ssl.SSLError):
        return Unreachable("tls", str(error))
    if isinstance(error, OSError):
        return Unreachable("reset", "the connection was closed during the TLS handshake")
    return error


# ---------------------------------------------------------------- HTTP proxies


class _Tunnel(asyncio.Protocol):
    """Waits for what a proxy says to CONNECT."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """ "" when the way is free, else the proxy's words."""
        self._reason = b""
        self._parser: Any = HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            if not self.said.done():
                self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._say("does not speak HTTP")

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        words = f"{status} {self._reason.decode('latin-1').strip()}"
        self._say("" if status // 100 == 2 else f"answers {words[:120]}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._say("hung up")

    def _say(self, words: str) -> None:
        if not self.said.done():
            self.said.set_result(words)
            self._parser = None


async def _through_proxy(way: Way, context: ssl.SSLContext | None, connect_s: float) -> Connection:
    assert way.proxy is not None
    proxy = HttpProxy.from_url(way.proxy)
    try:
        sock = await _connected(proxy.host, proxy.port, connect_s)
    except Unreachable as error:
        if error.kind == "files":
            raise
        raise Unreachable("proxy", f"the HTTP proxy cannot be reached: {error.detail}") from None
    loop = asyncio.get_running_loop()
    outer = context if proxy.scheme == "https" else None
    if way.scheme == "http":
        return await _on(sock, lambda: Connection(loop), outer, proxy.host)
    tunnel = await _on(sock, _Tunnel, outer, proxy.host)
    assert tunnel.transport is not None and context is not None
    try:
        await _open(tunnel, proxy.connect_head(way.host, way.port))
        connection = Connection(loop)
        transport = await loop.start_tls(
            tunnel.transport,
            connection,
            context,
            server_hostname=_certified(way.host),
            ssl_handshake_timeout=HANDSHAKE_S,
        )
        if transport is None:
            raise ConnectionResetError
        connection.connection_made(transport)
        return connection
    except BaseException as error:
        tunnel.transport.abort()
        raise _handshake_failure(error) from None


async def _open(tunnel: _Tunnel, request: bytes) -> None:
    """Asks the proxy for a way to the endpoint."""
    assert tunnel.transport is not None
    tunnel.transport.write(request)
    refusal = await tunnel.said
    if refusal:
        raise Unreachable("proxy", f"the HTTP proxy {refusal}")


# ---------------------------------------------------------------- sockets


def _socket(address: Any) -> socket.socket:
    sock = socket.socket(*address[:3])
    _watch_for_death(sock)
    return sock


def _watch_for_death(sock: socket.socket) -> None:
    """Makes a socket notice a dead peer: keep-alive probes, and a limit on unacknowledged data."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in PROBES:
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):  # some systems name an option that they do not know
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
