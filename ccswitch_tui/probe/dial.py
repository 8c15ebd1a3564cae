"""Reach a host step by step: name, connection, proxy, TLS; each timed, each failure named.

Own steps rather than a client library's, because "cannot connect" is exactly
what a probe must take apart. Every step is bounded in time. Sources: errno(3);
OpenSSL x509_vfy.h for the verify codes; RFC 9110 section 9.3.6 for CONNECT.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from ccswitch_tui.net.failures import connect_kind, words_of
from ccswitch_tui.probe.exchange import TlsFacts
from ccswitch_tui.probe.reached import Reached
from ccswitch_tui.probe.socks import SocksProxy, SocksRefusal, through_socks
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.http_proxy import HttpProxy

CONNECT_PATIENCE_S = 10.0
"""A host that does not answer a SYN in ten seconds is behind a firewall that drops: three retransmissions."""

NEXT_ADDRESS_S = 2.5
"""With more addresses to try, an address gets this long: a dead IPv6 route must not eat the whole patience."""

TLS_PATIENCE_S = 10.0
PROXY_PATIENCE_S = 20.0
"""A proxy resolves and connects on our behalf, and answers only then."""

HEAD_LIMIT_BYTES = 64 * 1024

VERIFY_FAILURES = {10: "tls-expired", 9: "tls-expired", 62: "tls-hostname", 63: "tls-hostname", 64: "tls-hostname"}
"""X509_V_ERR_CERT_HAS_EXPIRED, …NOT_YET_VALID, HOSTNAME_MISMATCH, EMAIL_MISMATCH, IP_ADDRESS_MISMATCH."""

NOT_TLS_REASONS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
)


class DialFailure(Exception):
    """No way to the host. `kind` is a failure of Exchange; `reached` is what was learnt before it."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


AnyProxy = HttpProxy | SocksProxy


def proxy_from_url(url: str) -> AnyProxy:
    """The proxy of that address, of the kind its scheme says."""
    return SocksProxy.from_url(url) if url.startswith("socks") else HttpProxy.from_url(url)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dial(
    scheme: str, host: str, port: int, proxy: AnyProxy | None, tls: Callable[[], ssl.SSLContext], reached: Reached
) -> Streams:
    """A connection ready for HTTP. Raises DialFailure; `reached` tells how far it came."""
    sock = await _way(host, port, proxy, reached)
    try:
        if isinstance(proxy, HttpProxy) and scheme == "https":
            await _tunnel(sock, host, port, proxy, reached)
        if scheme == "https":
            return await _encrypt(sock, host, port, tls(), proxy, reached)
        return await asyncio.open_connection(sock=sock)
    except BaseException:
        sock.close()
        raise


async def _way(host: str, port: int, proxy: AnyProxy | None, reached: Reached) -> socket.socket:
    """A connection to the host, or to the HTTP proxy that is to lead there."""
    if isinstance(proxy, SocksProxy):
        try:
            return await through_socks(proxy, host, port, reached)
        except SocksRefusal as refusal:
            raise DialFailure(refusal.kind, refusal.detail) from None
    where = (proxy.host, proxy.port) if proxy else (host, port)
    try:
        return await _connect(*where, reached)
    except DialFailure as failure:
        if proxy:
            raise DialFailure(
                "proxy-unreachable", say("{proxy}: {detail}", proxy=proxy.shown, detail=failure.detail)
            ) from None
        raise


# ---------------------------------------------------------------- name and connection


async def _connect(host: str, port: int, reached: Reached) -> socket.socket:
    started = time.perf_counter()
    found = await _resolve(host, port)
    reached.dns_ms = _since(started)
    reached.addresses = tuple(dict.fromkeys(str(address[4][0]) for address in found))
    started = time.perf_counter()
    last: DialFailure | None = None
    for number, (family, kind, protocol, _, address) in enumerate(found):
        patience = NEXT_ADDRESS_S if number < len(found) - 1 else CONNECT_PATIENCE_S
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, address), patience)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError | TimeoutError):
                raise
            last = _connect_failure(error, say("{address} port {port}", address=address[0], port=port), patience)
            continue
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reached.tcp_ms = _since(started)
        reached.peer = say("{address} port {port}", address=address[0], port=port)
        return sock
    raise last or DialFailure("dns", say("{host} has no address", host=host))


async def _resolve(host: str, port: int) -> list[Any]:
    """getaddrinfo in a daemon thread: a resolver that hangs must not hold up the end of the program."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 0, "", (host, port))]
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(method: Callable[[Any], None], value: Any) -> None:
        if not answer.done():
            method(value)

    def ask() -> None:
        try:
            found: Any = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            method: Any = answer.set_result
        except (OSError, UnicodeError) as error:
            found, method = error, answer.set_exception
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, method, found)

    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        return list(await asyncio.wait_for(answer, CONNECT_PATIENCE_S))
    except TimeoutError:
        raise DialFailure(
            "dns", say("no answer about '{host}' in {seconds:.0f} s", host=host, seconds=CONNECT_PATIENCE_S)
        ) from None
    except UnicodeError:
        raise DialFailure("dns", say("'{host}' cannot be a host name", host=host)) from None
    except OSError as error:
        raise DialFailure("dns", say("{reason} ('{host}')", reason=error.strerror or error, host=host)) from None


def _connect_failure(error: OSError, where: str, patience_s: float) -> DialFailure:
    reason = words_of(error)
    match connect_kind(error):
        case "timeout":
            return DialFailure(
                "timeout-connect", say("no answer from {where} in {seconds:g} s", where=where, seconds=patience_s)
            )
        case "unreachable":
            return DialFailure("unreachable", say("no route to {where}: {reason}", where=where, reason=reason))
        case "forbidden":
            return DialFailure(
                "unreachable", say("this machine forbids connections to {where}: {reason}", where=where, reason=reason)
            )
        case "refused" if isinstance(error, ConnectionRefusedError):
            return DialFailure("refused", say("nothing listens at {where}", where=where))
        case kind:
            return DialFailure(kind, say("{where}: {reason}", where=where, reason=reason))


# ---------------------------------------------------------------- HTTP proxy


async def _tunnel(sock: socket.socket, host: str, port: int, proxy: HttpProxy, reached: Reached) -> None:
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    head = b""
    try:
        async with asyncio.timeout(PROXY_PATIENCE_S):
            await loop.sock_sendall(sock, proxy.connect_head(host, port))
            while b"\r\n\r\n" not in head and len(head) < HEAD_LIMIT_BYTES:
                data = await loop.sock_recv(sock, 4096)
                if not data:
                    break
                head += data
    except TimeoutError:
        raise DialFailure(
            "proxy-cannot-reach",
            say("{proxy} did not respond in {seconds:.0f} s", proxy=proxy.shown, seconds=PROXY_PATIENCE_S),
        ) from None
    except OSError as error:
        raise DialFailure(
            "proxy-unreachable",
            say("{proxy} dropped the connection: {reason}", proxy=proxy.shown, reason=error.strerror or error),
        ) from None
    reached.proxy_ms = _since(started)
    status_line = head.split(b"\r\n", 1)[0].decode("latin-1")
    words = status_line.split(" ", 2)
    if not status_line.startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
        raise DialFailure(
            "proxy-unreachable",
            say("{proxy} is not an HTTP proxy: it answered '{line}'", proxy=proxy.shown, line=status_line[:60]),
        )
    status = int(words[1])
    if status // 100 != 2:
        raise DialFailure(
            proxy_failure(status),
            say("{proxy} answered {line}", proxy=proxy.shown, line=status_line[:120].partition(" ")[2]),
        )


def proxy_failure(status: int) -> str:
    """The failure that a proxy's own answer means."""
    if status == 407:
        return "proxy-auth"
    return "proxy-cannot-reach" if status in (500, 502, 503, 504) else "proxy-refused"


# ---------------------------------------------------------------- TLS


async def _encrypt(
    sock: socket.socket, host: str, port: int, context: ssl.SSLContext, proxy: AnyProxy | None, reached: Reached
) -> Streams:
    started = time.perf_counter()
    try:
        streams = await asyncio.open_connection(
            sock=sock, ssl=context, server_hostname=host, ssl_handshake_timeout=TLS_PATIENCE_S
        )
    except ssl.SSLCertVerificationError as error:
        reached.tls_ms = _since(started)
        reached.tls = await _look_at_certificate(host, port, proxy)
        kind = VERIFY_FAILURES.get(error.verify_code, "tls-untrusted")
        raise DialFailure(kind, error.verify_message or str(error)) from None
    except (ssl.SSLError, OSError) as error:
        reached.tls_ms = _since(started)
        raise _tls_failure(error) from None
    reached.tls_ms = _since(started)
    reached.tls = _facts(streams[1].get_extra_info("ssl_object"))
    return streams


def _tls_failure(error: OSError) -> DialFailure:
    reason = str(getattr(error, "reason", "") or "")
    if any(word in reason.upper() for word in NOT_TLS_REASONS):
        return DialFailure("tls-not-tls", say("the answer to the TLS greeting is not TLS"))
    if "CERTIFICATE_REQUIRED" in reason.upper() or "BAD_CERTIFICATE" in reason.upper():
        return DialFailure(
            "tls-client-certificate", say("the server requires a client certificate ({reason})", reason=reason)
        )
    if isinstance(error, TimeoutError | ConnectionAbortedError) or "timed out" in str(error):
        return DialFailure(
            "tls-failed", say("the TLS handshake was not finished in {seconds:.0f} s", seconds=TLS_PATIENCE_S)
        )
    if isinstance(error, ConnectionResetError | ssl.SSLEOFError) or "EOF" in str(error):
        return DialFailure("tls-failed", say("the connection was closed during the TLS handshake"))
    return DialFailure("tls-failed", reason.lower().replace("_", " ") or str(error))


def _facts(tls: ssl.SSLObject | None) -> TlsFacts | None:
    if tls is None:
        return None
    der = tls.getpeercert(binary_form=True)
    facts = certificate_facts(der) if der else TlsFacts()
    return facts._replace(version=(tls.version() or "").replace("TLSv", "TLS "))


async def _look_at_certificate(host: str, port: int, proxy: AnyProxy | None) -> TlsFacts | None:
    """The certificate that was not accepted: a second handshake that checks nothing and sends nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    look = Reached()
    try:
        sock = await _way(host, port, proxy, look)
        try:
            if isinstance(proxy, HttpProxy):
                await _tunnel(sock, host, port, proxy, look)
            async with asyncio.timeout(TLS_PATIENCE_S):
                _, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=host)
        except BaseException:
            sock.close()
            raise
    except (DialFailure, OSError):
        return None
    facts = _facts(writer.get_extra_info("ssl_object"))
    writer.transport.abort()
    return facts._replace(trusted=False) if facts else None


def certificate_facts(der: bytes) -> TlsFacts:
    """Subject, issuer, validity and names of a certificate."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        try:
            extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            names = tuple(str(general.value) for general in extension.value)
        except x509.ExtensionNotFound:
            names = ()
        return TlsFacts(
            subject=_short_name(certificate.subject) or (names[0] if names else ""),
            issuer=_short_name(certificate.issuer),
            not_before=certificate.not_valid_before_utc.date().isoformat(),
            not_after=certificate.not_valid_after_utc.date().isoformat(),
            names=names[:12],
        )
    except ValueError:
        return TlsFacts(subject="a certificate that cannot be read")


def _short_name(name: Any) -> str:
    from cryptography.x509.oid import NameOID

    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME):
        found = name.get_attributes_for_oid(oid)
        if found:
            return str(found[0].value)[:80]
    return str(name.rfc4514_string())[:80]


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
