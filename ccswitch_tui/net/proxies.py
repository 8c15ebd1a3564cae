"""Proxies as their URLs name them, and what a client says to them. Pure.

Source: RFC 9110, sections 9.3.6 (CONNECT) and 11.7.2 (Proxy-Authorization); RFC 7617 (Basic).
"""

from __future__ import annotations

import base64
from urllib.parse import unquote, urlsplit

from ccswitch_tui.record import NamedTuple

SOCKS_SCHEMES = ("socks5", "socks5h", "socks")
"""`socks5` resolves names here, `socks5h` at the proxy, as with curl. `socks` is what GNOME writes into ALL_PROXY: it
is SOCKS5 there, and the proxy resolves."""

SOCKS_PORT = 1080


class HttpProxy(NamedTuple):
    """An HTTP proxy: where it is, and what it is told to let us through."""

    scheme: str
    """`https` where the proxy itself is reached through TLS."""
    host: str
    port: int
    authorization: str = ""
    """The value of Proxy-Authorization; empty without a user in the URL."""

    @classmethod
    def from_url(cls, url: str) -> HttpProxy:
        """The proxy of this URL. ValueError for a port that is none."""
        parts = urlsplit(url)
        authorization = ""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.scheme, parts.hostname or "", port, authorization)

    @property
    def shown(self) -> str:
        """Its address without the password."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def connect_head(self, host: str, port: int) -> bytes:
        """The request for a tunnel to that host."""
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.authorization:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class SocksProxy(NamedTuple):
    """A SOCKS5 proxy: where it is, and who it is told we are."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None

    @classmethod
    def from_url(cls, url: str) -> SocksProxy:
        """The proxy of this URL. ValueError for a port that is none."""
        parts = urlsplit(url)
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.scheme, parts.hostname or "", parts.port or SOCKS_PORT, user, password)

    @property
    def resolves(self) -> bool:
        """Names are looked up by the proxy."""
        return self.scheme != "socks5"

    @property
    def shown(self) -> str:
        """Its address without the password."""
        return f"{self.scheme}://{self.host}:{self.port}"


AnyProxy = HttpProxy | SocksProxy


def proxy_from_url(url: str) -> AnyProxy:
    """The proxy of that address, of the kind its scheme says."""
    return SocksProxy.from_url(url) if url.startswith("socks") else HttpProxy.from_url(url)
