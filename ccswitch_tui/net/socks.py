"""A connection that a SOCKS5 proxy makes: a socket that leads to the endpoint, as if it were a direct one.

The handshake is python-socks' (RFC 1928, RFC 1929), imported where such a proxy
is named. Names are resolved as curl does: `socks5://` here, `socks5h://` by the
proxy.
"""

from __future__ import annotations

import os
import socket
import time

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio import Proxy

from ccswitch_tui.net.failures import Unreachable
from ccswitch_tui.net.proxies import SocksProxy
from ccswitch_tui.net.sockets import watch_for_death
from ccswitch_tui.net.trace import Trace, since
from ccswitch_tui.sentence import say

NOT_ALLOWED = 2
"""Connection not allowed by ruleset (RFC 1928, section 6)."""

CANNOT_REACH = frozenset({1, 3, 4, 5, 6})
"""The other replies about the host: general failure, network or host unreachable, refused, TTL expired."""


async def through_socks(proxy: SocksProxy, host: str, port: int, patience_s: float, trace: Trace) -> socket.socket:
    """A connection to the host, made by the proxy. Raises Unreachable."""
    way = Proxy(ProxyType.SOCKS5, proxy.host, proxy.port, proxy.user, proxy.password, rdns=proxy.resolves)
    started = time.perf_counter()
    try:
        sock: socket.socket = await way.connect(host, port, timeout=patience_s)
    except ProxyTimeoutError:
        detail = say("{proxy} did not respond in {seconds:.0f} s", proxy=proxy.shown, seconds=patience_s)
        raise Unreachable("proxy-cannot-reach", detail) from None
    except ProxyConnectionError as error:
        detail = say("{proxy}: {detail}", proxy=proxy.shown, detail=_words(error))
        raise Unreachable("proxy-unreachable", detail) from None
    except ProxyError as error:
        said = say("{proxy} answered {line}", proxy=proxy.shown, line=str(error).lower())
        raise Unreachable(_meaning(error.error_code, str(error)), said) from None
    except OSError as error:
        raise Unreachable("dns", say("{words} ('{host}')", words=_words(error), host=host)) from None
    trace.tcp_ms = since(started)
    trace.peer = proxy.shown
    watch_for_death(sock)
    return sock


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)


def _meaning(code: int | None, words: str) -> str:
    if "auth" in words.lower():
        return "proxy-auth"
    if code in CANNOT_REACH:
        return "proxy-cannot-reach"
    return "proxy-refused" if code == NOT_ALLOWED else "proxy-unreachable"
