"""Reach a host through a SOCKS5 proxy: one step of a probe, timed, its failures named.

The handshake is python-socks' (RFC 1928, RFC 1929), imported when it is needed.
Names are resolved as curl does: `socks5://` here, `socks5h://` by the proxy.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.probe.reached import Reached

SOCKS_PORT = 1080

PATIENCE_S = 10.0
"""The proxy resolves and connects on our behalf, and answers only then; a server that is none says nothing at all."""

NOT_ALLOWED = 2
"""Connection not allowed by ruleset (RFC 1928, section 6)."""

CANNOT_REACH = frozenset({1, 3, 4, 5, 6})
"""The other replies about the host: general failure, network or host unreachable, refused, TTL expired."""


class SocksProxy(NamedTuple):
    """A SOCKS5 proxy: where it is, and who it is told we are."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    resolves: bool = True
    shown: str = ""

    @classmethod
    def from_url(cls, url: str) -> SocksProxy:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or SOCKS_PORT
        return cls(
            host,
            port,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            parts.scheme != "socks5",
            f"{parts.scheme}://{host}:{port}",
        )


class SocksRefusal(Exception):
    """No connection through the proxy. `kind` is a failure of Exchange."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


async def through_socks(proxy: SocksProxy, host: str, port: int, reached: Reached) -> socket.socket:
    """A connection to the host, made by the proxy. Raises SocksRefusal."""
    from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
    from python_socks.async_.asyncio import Proxy

    way = Proxy(ProxyType.SOCKS5, proxy.host, proxy.port, proxy.user, proxy.password, rdns=proxy.resolves)
    started = time.perf_counter()
    try:
        sock = await way.connect(host, port, timeout=PATIENCE_S)
    except ProxyTimeoutError:
        detail = say("{proxy} did not respond in {seconds:.0f} s", proxy=proxy.shown, seconds=PATIENCE_S)
        raise SocksRefusal("proxy-cannot-reach", detail) from None
    except ProxyConnectionError as error:
        detail = say("{proxy}: {detail}", proxy=proxy.shown, detail=_words(error))
        raise SocksRefusal("proxy-unreachable", detail) from None
    except ProxyError as error:
        said = say("{proxy} answered {line}", proxy=proxy.shown, line=str(error).lower())
        raise SocksRefusal(_meaning(error.error_code, str(error)), said) from None
    except OSError as error:
        raise SocksRefusal("dns", say("{words} ('{host}')", words=_words(error), host=host)) from None
    reached.tcp_ms = (time.perf_counter() - started) * 1000
    reached.peer = proxy.shown
    return sock


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)


def _meaning(code: int | None, words: str) -> str:
    if "auth" in words.lower():
        return "proxy-auth"
    if code in CANNOT_REACH:
        return "proxy-cannot-reach"
    return "proxy-refused" if code == NOT_ALLOWED else "proxy-unreachable"
