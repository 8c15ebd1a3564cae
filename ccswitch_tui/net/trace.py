"""What a dialer finds out on the way: filled in as it happens, so that a failure keeps what came before it."""

from __future__ import annotations

import time


class Trace:
    """Addresses, and the time of each step in milliseconds; None for a step that was not taken."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ()
        self.peer = ""
        """Who took the connection: the host, or the proxy that leads there."""
        self.dns_ms: float | None = None
        self.tcp_ms: float | None = None
        self.proxy_ms: float | None = None
        self.tls_ms: float | None = None


def since(started: float) -> float:
    """Milliseconds since that time of time.perf_counter()."""
    return (time.perf_counter() - started) * 1000
