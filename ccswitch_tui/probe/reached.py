"""What a dialer found out on the way."""

from __future__ import annotations

from ccswitch_tui.probe.exchange import TlsFacts


class Reached:
    """What each step found out, filled in as they happen, so that a failure keeps what came before it."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ()
        self.peer = ""
        self.tls: TlsFacts | None = None
        self.dns_ms: float | None = None
        self.tcp_ms: float | None = None
        self.proxy_ms: float | None = None
        self.tls_ms: float | None = None
