"""An endpoint's URL, taken apart once: what is dialled, what the Host header says, what stands in the request line."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from ccswitch_tui.record import NamedTuple

DEFAULT_PORTS = {"http": 80, "https": 443}

_AS_IT_IS = "%/:@!$&'()*+,;=~-._?"
"""What may stand in a path or a query (RFC 3986, section 3.3), and the sign of what is encoded already."""


class Url(NamedTuple):
    """An absolute URL of HTTP."""

    scheme: str
    host: str
    """In lower case and ASCII, an IPv6 address without brackets."""
    port: int
    path: str
    query: str

    @property
    def authority(self) -> str:
        """As the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """Path and query, as the request line has them."""
        return f"{self.path or '/'}?{self.query}" if self.query else self.path or "/"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def below(self, path: str) -> Url:
        """`path` after this one's own; its query (Azure's api-version) stays."""
        return self._replace(path=self.path.rstrip("/") + path)

    def asked(self, query: str) -> Url:
        """With this query too, after its own."""
        if not query:
            return self
        return self._replace(query=f"{self.query}&{query}" if self.query else query)


def parse_url(text: str) -> Url:
    """The URL in this text. Raises ValueError for what leads nowhere."""
    parts = urlsplit(text.strip())
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme not in DEFAULT_PORTS or not host:
        raise ValueError(f"not an http:// or https:// address: {text[:100]!r}")
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    port = parts.port or DEFAULT_PORTS[scheme]
    return Url(scheme, host, port, _encoded(parts.path), _encoded(parts.query))


def _encoded(text: str) -> str:
    return text if text.isascii() and " " not in text else quote(text, safe=_AS_IT_IS)
