"""The way to endpoints through a SOCKS5 proxy: a connector that asks the proxy for each new connection.

The handshake is python-socks' (RFC 1928, RFC 1929); aiohttp gets a socket that
leads to the endpoint and speaks TLS over it itself, so certificates are checked
as on a direct way. Names are resolved as curl does: `socks5://` here,
`socks5h://` by the proxy. Imported only where such a proxy is named.
"""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio import Proxy

from ccswitch_tui.proxy.upstream import SocksFailure

SOCKS_PORT = 1080

REFUSED = 5
"""The endpoint refused the connection (RFC 1928, section 6); the way through the proxy is good."""


class SocksConnector(aiohttp.BaseConnector):
    """Connections through one SOCKS proxy. `prepare` is given every socket before it is used."""

    def __init__(self, url: str, *, keepalive_timeout: float, prepare: Any) -> None:
        super().__init__(limit=0, keepalive_timeout=keepalive_timeout)
        parts = urlsplit(url)
        self._where = f"{parts.hostname}:{parts.port or SOCKS_PORT}"
        self._prepare = prepare
        self._proxy = Proxy(
            ProxyType.SOCKS5,
            parts.hostname or "",
            parts.port or SOCKS_PORT,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            rdns=parts.scheme != "socks5",
        )

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's name
        host, port = req.url.raw_host, req.url.port
        sock = await self._tunnel(host, port, timeout.sock_connect)
        try:
            self._prepare(sock)
            context = req.ssl if isinstance(req.ssl, ssl.SSLContext) else None
            _, protocol = await self._loop.create_connection(
                self._factory,
                sock=sock,
                ssl=(context or ssl.create_default_context()) if req.is_ssl() else None,
                server_hostname=host if req.is_ssl() else None,
            )
        except ssl.SSLError as error:
            sock.close()
            raise SocksFailure("tls", str(error)) from None
        except BaseException:
            sock.close()
            raise
        return protocol

    async def _tunnel(self, host: str, port: int, patience_s: float | None) -> Any:
        try:
            return await self._proxy.connect(host, port, timeout=patience_s)
        except ProxyTimeoutError:
            raise SocksFailure("timeout-connect", f"the SOCKS proxy {self._where} gave no connection in time") from None
        except ProxyConnectionError as error:
            raise SocksFailure("proxy", f"the SOCKS proxy cannot be reached: {error.strerror or error}") from None
        except ProxyError as error:
            kind = "refused" if error.error_code == REFUSED else "proxy"
            raise SocksFailure(kind, f"the SOCKS proxy {self._where} says: {str(error).lower()}") from None
        except OSError as error:
            raise SocksFailure("dns", f"the name {host} cannot be resolved: {error.strerror or error}") from None
