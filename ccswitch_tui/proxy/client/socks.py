"""The way to endpoints through a SOCKS5 proxy: a socket that leads to the endpoint, as if it were a direct one.

The handshake is python-socks' (RFC 1928, RFC 1929). Names are resolved as curl
does: `socks5://` here, `socks5h://` by the proxy. Imported only where such a
proxy is named.
"""

from __future__ import annotations

import os
import socket
from urllib.parse import unquote, urlsplit

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio import Proxy

from ccswitch_tui.proxy.client.unreachable import Unreachable

SOCKS_PORT = 1080

REFUSED = 5
"""The endpoint refused the connection (RFC 1928, section 6); the way through the proxy is good."""


async def socks_socket(url: str, host: str, port: int, patience_s: float) -> socket.socket:
    """A connected socket to `host` through the proxy. Raises Unreachable."""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or SOCKS_PORT}"
    proxy = Proxy(
        ProxyType.SOCKS5,
        parts.hostname or "",
        parts.port or SOCKS_PORT,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        rdns=parts.scheme != "socks5",
    )
    try:
        sock: socket.socket = await proxy.connect(host, port, timeout=patience_s)
        return sock
    except ProxyTimeoutError:
        raise Unreachable("timeout-connect", f"the SOCKS proxy {where} gave no connection in time") from None
    except ProxyConnectionError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
        raise Unreachable("proxy", f"the SOCKS proxy {where} cannot be reached: {why.lower()}") from None
    except ProxyError as error:
        kind = "refused" if error.error_code == REFUSED else "proxy"
        raise Unreachable(kind, f"the SOCKS proxy {where} says: {str(error).lower()}") from None
    except OSError as error:
        raise Unreachable("dns", f"the name {host} cannot be resolved: {error.strerror or error}") from None
