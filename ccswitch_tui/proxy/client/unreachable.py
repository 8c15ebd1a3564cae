"""That there is no connection, and why."""

from __future__ import annotations


class Unreachable(Exception):
    """No connection. `kind` is one of dns, refused, tls, timeout-connect, reset, proxy, files."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
