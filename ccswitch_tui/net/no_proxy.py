"""What Claude Code makes of proxy variables: which one it takes, which values it starts with, what NO_PROXY exempts.

Pure, and cheap: `use` asks it. Source: Claude Code 2.1.330 as measured, form by form
(tests/claude/test_real_precedence.py asks it again). Our own requests follow
curl's rule instead (net/way.py).
"""

from collections.abc import Callable

BY_RANK = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
"""The first that is set is taken, for http:// addresses too."""

SOCKS_SCHEMES = ("socks5", "socks5h", "socks")

NEEDS_SCHEME = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
"""With HOST:PORT in the last two Claude Code refuses to start; of the first two it makes http://HOST:PORT itself."""

Look = Callable[[str], str]
"""A variable's value as it counts; "" where it is not set."""


def starts_with(name: str, value: str) -> bool:
    """Whether Claude Code starts with this value of a proxy variable."""
    if not value or "://" in value or name not in NEEDS_SCHEME:
        return True
    host, _, port = value.rpartition(":")
    return name.lower() == "https_proxy" and bool(host) and port.isdecimal() and "/" not in value


def proxy_variable(value_of: Look) -> str | None:
    """The variable whose proxy Claude Code uses; None without one. A SOCKS proxy in ALL_PROXY is not heeded."""
    for name in BY_RANK:
        value = value_of(name)
        if value and not (name.lower() == "all_proxy" and value.partition("://")[0].lower() in SOCKS_SCHEMES):
            return name
    return None


def exempt_variable(value_of: Look) -> str:
    """The list that counts: the lower-case one where it holds anything."""
    return "no_proxy" if value_of("no_proxy") else "NO_PROXY"


def is_exempt(no_proxy: str, host: str, port: int | None) -> bool:
    """Whether Claude Code goes past the proxy for this host: `*`, the host, its domain, its network, host:port.

    Parts are separated by commas and blanks. `127.*`, `*.0.0.1` and `<local>` mean nothing to it.
    """
    return any(_names(part.lower(), host.lower(), port) for part in no_proxy.replace(",", " ").split())


def _names(part: str, host: str, port: int | None) -> bool:
    if part == "*":
        return True
    name, colon, number = part.rpartition(":")
    if colon and number.isdecimal() and ":" not in name.strip("[]"):
        if int(number) != port:
            return False
        part = name
    address, slash, bits = part.partition("/")
    if slash:
        return _is_in(host, address, bits)
    part = part.removeprefix("*.").removeprefix(".").removesuffix(".").strip("[]")
    return part == host or (not _is_ipv4(host) and bool(part) and host.endswith("." + part))


def _is_in(host: str, network: str, bits: str) -> bool:
    if not (_is_ipv4(host) and _is_ipv4(network) and bits.isdecimal() and int(bits) <= 32):
        return False
    unseen = 32 - int(bits)
    return _number(host) >> unseen == _number(network) >> unseen


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isascii() and part.isdecimal() and int(part) < 256 for part in parts)


def _number(address: str) -> int:
    return sum(int(part) << shift for part, shift in zip(address.split("."), (24, 16, 8, 0), strict=True))
