"""A new connection to an endpoint, for the pool; its failures as a client of the proxy is told them."""

from __future__ import annotations

import asyncio
import ssl

from ccswitch_tui.net import dial as net
from ccswitch_tui.net.failures import Unreachable
from ccswitch_tui.net.trace import Trace
from ccswitch_tui.net.way import Way
from ccswitch_tui.proxy.client.connection import Connection

TOLD = {
    "dns": "dns", "timeout-connect": "timeout-connect", "files": "files",
    "refused": "refused", "unreachable": "refused",
    "tls-expired": "tls", "tls-hostname": "tls", "tls-untrusted": "tls", "tls-not-tls": "tls",
    "tls-client-certificate": "tls", "tls-failed": "reset",
    "proxy-unreachable": "proxy", "proxy-auth": "proxy", "proxy-refused": "proxy", "proxy-cannot-reach": "proxy",
}  # fmt: skip
"""What a dialer's failure is to a client (`translate.errors.EXCEPTIONS`): it has no more to tell them apart by."""


async def dial(way: Way, context: ssl.SSLContext | None, connect_s: float) -> Connection:
    """A connection that is ready for requests. Raises Unreachable, whose kind is one that clients are told."""
    loop = asyncio.get_running_loop()
    try:
        return await net.dial(way, context, lambda: Connection(loop), net.Patience(connect_s), Trace())
    except Unreachable as failure:
        raise Unreachable(TOLD[failure.kind], failure.detail) from None
