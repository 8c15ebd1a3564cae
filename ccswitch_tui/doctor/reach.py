"""Whether the vendor's host can be reached that Claude Code's WebFetch asks before each page.

Whatever the base URL says, WebFetch first asks `api.anthropic.com` whether a
page's domain is safe, through HTTPS_PROXY where one is set, and gives up when
nobody answers (measured with 2.1.330 and 2.1.332). One connection, nothing is
sent over it.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from ccswitch_tui.sentence import say

HOST, PORT = "api.anthropic.com", 443

PATIENCE_S = 3.0
"""Claude Code itself waits 10 s; a host that is not there within three is not there."""


def vendor_problem(env: Mapping[str, str]) -> str:
    """Why no connection comes about; "" when one does."""
    named = env.get("HTTPS_PROXY") or env.get("https_proxy") or ""
    proxy = urlsplit(named if "://" in named else f"http://{named}") if named else None
    host, port = (proxy.hostname or "", proxy.port or 80) if proxy else (HOST, PORT)
    try:
        with socket.create_connection((host, port), PATIENCE_S) as connection:
            return _through(connection) if proxy else ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"{host}:{port}: {reason}".lower()


def _through(connection: socket.socket) -> str:
    """What the company's proxy says to a tunnel there; "" when it opens one."""
    connection.sendall(f"CONNECT {HOST}:{PORT} HTTP/1.1\r\nHost: {HOST}:{PORT}\r\n\r\n".encode())
    first = connection.recv(200).partition(b"\r\n")[0].decode("latin-1")
    return "" if " 200" in first else say("the http proxy answers {words}", words=first[:60] or say("nothing"))
