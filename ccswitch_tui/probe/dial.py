"""Reach a host on the way that the proxy takes, and learn what a diagnosis needs: each step's time, the certificate."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from ccswitch_tui.net import dial as net
from ccswitch_tui.net.failures import Unreachable
from ccswitch_tui.net.trace import Trace
from ccswitch_tui.net.way import Way
from ccswitch_tui.probe.exchange import TlsFacts

PATIENCE = net.Patience(connect_s=10.0, tls_s=10.0, proxy_s=20.0)
"""A host that does not answer a SYN in ten seconds is behind a firewall that drops: three retransmissions."""

OF_CERTIFICATES = frozenset({"tls-expired", "tls-hostname", "tls-untrusted"})

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Reached(Trace):
    """How far a dialer came, and whose certificate it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.tls: TlsFacts | None = None


class _Streamed(asyncio.StreamReaderProtocol):
    """A protocol that keeps its two ends at hand."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader()
        super().__init__(self.reader)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        super().connection_made(transport)


async def dial(way: Way, context: ssl.SSLContext | None, reached: Reached) -> Streams:
    """A connection ready for HTTP. Raises Unreachable; `reached` tells how far it came."""
    try:
        made = await net.dial(way, context, _Streamed, PATIENCE, reached)
    except Unreachable as failure:
        if failure.kind in OF_CERTIFICATES:
            reached.tls = await _look_at_certificate(way)
        raise
    reached.tls = _facts(made.transport.get_extra_info("ssl_object")) if way.scheme == "https" else None
    return made.reader, asyncio.StreamWriter(made.transport, made, made.reader, asyncio.get_running_loop())


def _facts(tls: ssl.SSLObject | None) -> TlsFacts | None:
    if tls is None:
        return None
    der = tls.getpeercert(binary_form=True)
    facts = certificate_facts(der) if der else TlsFacts()
    return facts._replace(version=(tls.version() or "").replace("TLSv", "TLS "))


async def _look_at_certificate(way: Way) -> TlsFacts | None:
    """The certificate that was not accepted: a second handshake that checks nothing and sends nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        made = await net.dial(way, context, _Streamed, PATIENCE, Trace())
    except (Unreachable, OSError):
        return None
    facts = _facts(made.transport.get_extra_info("ssl_object"))
    made.transport.abort()
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
