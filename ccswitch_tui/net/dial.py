"""A new connection to an endpoint: directly, through an HTTP proxy, or through a SOCKS proxy; with TLS or without.

The one dialer: what the probe proves is the way that the proxy takes. The rule:
TLS is checked against the endpoint's own name, whatever leads there. Sources:
RFC 9110, section 9.3.6 (CONNECT); RFC 9112, section 3.2.2 (plain requests
through a proxy); the verify codes: OpenSSL x509_vfy.h, Windows winerror.h, Apple SecBase.h.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from typing import TypeVar

from ccswitch_tui.net.failures import Unreachable, words_of
from ccswitch_tui.net.proxies import HttpProxy, SocksProxy
from ccswitch_tui.net.sockets import connected
from ccswitch_tui.net.trace import Trace, since
from ccswitch_tui.net.tunnel import Tunnel
from ccswitch_tui.net.way import Way
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

VERIFY_FAILURES = {
    # OpenSSL: X509_V_ERR_CERT_HAS_EXPIRED, …NOT_YET_VALID, HOSTNAME_MISMATCH, EMAIL_MISMATCH, IP_ADDRESS_MISMATCH
    10: "tls-expired", 9: "tls-expired", 62: "tls-hostname", 63: "tls-hostname", 64: "tls-hostname",
    # Windows: CERT_E_EXPIRED, CERT_E_CN_NO_MATCH
    0x800B0101: "tls-expired", 0x800B010F: "tls-hostname",
    # macOS: errSecCertificateExpired, errSecCertificateNotValidYet, errSecHostNameMismatch
    -67818: "tls-expired", -67819: "tls-expired", -67602: "tls-hostname",
}  # fmt: skip
"""Any other is "tls-untrusted". Where the system judges (truststore), the number is the system's own."""

NOT_TLS_REASONS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
)

P = TypeVar("P", bound=asyncio.BaseProtocol)


class Patience(NamedTuple):
    """How long each step may take, in seconds."""

    connect_s: float
    tls_s: float = 15.0
    proxy_s: float = 20.0
    """A proxy resolves and connects on our behalf, and answers only then."""


async def dial(
    way: Way, context: ssl.SSLContext | None, factory: Callable[[], P], patience: Patience, trace: Trace
) -> P:
    """A protocol of `factory` on a connection that is ready for requests. Raises Unreachable.

    `context` may be None where the way needs no TLS.
    """
    if isinstance(way.proxy, HttpProxy):
        return await _through_http(way, way.proxy, context, factory, patience, trace)
    if isinstance(way.proxy, SocksProxy):
        from ccswitch_tui.net.socks import through_socks  # here: few need it

        sock = await through_socks(way.proxy, way.host, way.port, patience.connect_s, trace)
    else:
        sock = await connected(way.host, way.port, patience.connect_s, trace)
    return await _on(sock, factory, context if way.scheme == "https" else None, way.host, patience, trace)


async def _on(
    sock: socket.socket,
    factory: Callable[[], P],
    context: ssl.SSLContext | None,
    name: str,
    patience: Patience,
    trace: Trace,
) -> P:
    """A protocol on this socket, through TLS if there is a context for it."""
    started = time.perf_counter()
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(
            factory,
            sock=sock,
            ssl=context,
            server_hostname=_certified(name) if context is not None else None,
            ssl_handshake_timeout=patience.tls_s if context is not None else None,
        )
        return protocol
    except BaseException as error:
        sock.close()
        raise _handshake_failure(error, patience.tls_s) from None
    finally:
        if context is not None:
            trace.tls_ms = since(started)


async def _through_http(
    way: Way,
    proxy: HttpProxy,
    context: ssl.SSLContext | None,
    factory: Callable[[], P],
    patience: Patience,
    trace: Trace,
) -> P:
    outer = context if proxy.scheme == "https" else None
    if way.scheme == "http":
        return await _on_proxy(proxy, factory, outer, patience, trace)
    tunnel = await _on_proxy(proxy, Tunnel, outer, patience, trace)
    assert tunnel.transport is not None
    assert context is not None
    try:
        started = time.perf_counter()
        try:
            await tunnel.open(proxy, way.host, way.port, patience.proxy_s)
        finally:
            trace.proxy_ms = since(started)
        return await _encrypted(tunnel.transport, way.host, context, factory, patience, trace)
    except BaseException:
        tunnel.transport.abort()
        raise


async def _on_proxy(
    proxy: HttpProxy, factory: Callable[[], P], outer: ssl.SSLContext | None, patience: Patience, trace: Trace
) -> P:
    """A connection to the proxy itself."""
    try:
        sock = await connected(proxy.host, proxy.port, patience.connect_s, trace)
        return await _on(sock, factory, outer, proxy.host, patience, trace)
    except Unreachable as failure:
        if failure.kind == "files":
            raise
        raise Unreachable(
            "proxy-unreachable", say("{proxy}: {detail}", proxy=proxy.shown, detail=failure.detail)
        ) from None


async def _encrypted(
    transport: asyncio.Transport,
    host: str,
    context: ssl.SSLContext,
    factory: Callable[[], P],
    patience: Patience,
    trace: Trace,
) -> P:
    """TLS with the endpoint through an open tunnel."""
    started = time.perf_counter()
    protocol = factory()
    try:
        inner = await asyncio.get_running_loop().start_tls(
            transport, protocol, context, server_hostname=_certified(host), ssl_handshake_timeout=patience.tls_s
        )
        if inner is None:
            raise ConnectionResetError
    except BaseException as error:
        raise _handshake_failure(error, patience.tls_s) from None
    finally:
        trace.tls_ms = since(started)
    protocol.connection_made(inner)
    return protocol


def _certified(name: str) -> str:
    """A host's name as certificates have it: without the dot that only tells a resolver not to search."""
    return name.rstrip(".")


def _handshake_failure(error: BaseException, patience_s: float) -> BaseException:
    if isinstance(error, ssl.SSLCertVerificationError):
        kind = VERIFY_FAILURES.get(error.verify_code, "tls-untrusted")
        return Unreachable(kind, error.verify_message or str(error))
    if not isinstance(error, OSError):
        return error
    reason = str(getattr(error, "reason", "") or "")
    if any(word in reason.upper() for word in NOT_TLS_REASONS):
        return Unreachable("tls-not-tls", say("the answer to the TLS greeting is not TLS"))
    if "CERTIFICATE_REQUIRED" in reason.upper() or "BAD_CERTIFICATE" in reason.upper():
        return Unreachable(
            "tls-client-certificate", say("the server requires a client certificate ({reason})", reason=reason)
        )
    if isinstance(error, TimeoutError | ConnectionAbortedError) or "timed out" in str(error):
        return Unreachable(
            "tls-failed", say("the TLS handshake was not finished in {seconds:.0f} s", seconds=patience_s)
        )
    if isinstance(error, ConnectionResetError | ssl.SSLEOFError) or "EOF" in str(error):
        return Unreachable("tls-failed", say("the connection was closed during the TLS handshake"))
    return Unreachable("tls-failed", reason.lower().replace("_", " ") or words_of(error))
