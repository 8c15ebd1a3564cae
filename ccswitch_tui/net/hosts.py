"""Which hosts are this machine. The one place that says so. Pure, and cheap: `use` asks it.

Source: RFC 6761 6.3 (`localhost` and every name below it), RFC 1122 3.2.1.3
(127.0.0.0/8), RFC 4291 2.5.3 (::1).
"""

from __future__ import annotations

NAMES = ("localhost", "ip6-localhost", "ip6-loopback")
"""With Debian's names for ::1."""

CONTAINERS_HOST = "host.docker.internal"
"""This machine, seen from a container on it: not a loopback address, but no further away."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this host: a name or an address, in any case, with or without brackets."""
    name = host.lower().removesuffix(".")
    if name in NAMES or name.endswith(".localhost"):
        return True
    if ":" in name:
        return _is_ipv6_loopback(name.strip("[]"))
    parts = name.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(p.isascii() and p.isdecimal() and int(p) < 256 for p in parts)


def is_this_machine(host: str) -> bool:
    """Whether this host is this machine, were it seen from a container."""
    return is_loopback(host) or host.lower().removesuffix(".") == CONTAINERS_HOST


def _is_ipv6_loopback(address: str) -> bool:
    import ipaddress

    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return found.is_loopback or (found.ipv4_mapped is not None and found.ipv4_mapped.is_loopback)


def host_in(url: str) -> str:
    """The host of a URL in lower case, without user, port and brackets, as far as it can be told without a parser."""
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].lower()
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def port_in(url: str) -> int | None:
    """The port of a URL that names one, as far as it can be told without a parser."""
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    number = authority.rpartition(":")[2]
    return int(number) if number.isascii() and number.isdecimal() and not authority.endswith("]") else None
