"""A TCP connection to a host by its name or address; each step timed, bounded, and named when it fails.

Several addresses of a name are tried side by side (RFC 8305), because a dead
IPv6 route must not cost seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import aiohappyeyeballs

from ccswitch_tui.net.failures import Unreachable, connect_kind, words_of
from ccswitch_tui.net.trace import Trace, since
from ccswitch_tui.sentence import say

NEXT_ADDRESS_S = 0.25
"""RFC 8305's recommended delay before the next address is tried beside the first."""

PROBES = (
    ("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4),
    ("TCP_USER_TIMEOUT", 60_000),
)  # fmt: skip
"""When a silent peer is asked whether it lives, where an option is known; the second is macOS' name for the first."""


async def connected(host: str, port: int, patience_s: float, trace: Trace) -> socket.socket:
    """A connected socket, within `patience_s` for name and connection each. Raises Unreachable."""
    started = time.perf_counter()
    found = await _resolved(host, port, patience_s)
    trace.dns_ms = since(started)
    trace.addresses = tuple(dict.fromkeys(str(address[4][0]) for address in found))
    if not found:
        raise Unreachable("dns", say("{host} has no address", host=host))
    where = say("{address} port {port}", address=found[0][4][0] if len(found) == 1 else host, port=port)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(patience_s):
            sock = await aiohappyeyeballs.start_connection(
                list(map(_as_bytes, found)), happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1, socket_factory=_socket
            )
    except OSError as error:
        raise _failure(error, where, patience_s) from None
    trace.tcp_ms = since(started)
    with contextlib.suppress(OSError):
        trace.peer = say("{address} port {port}", address=sock.getpeername()[0], port=port)
    return sock


def watch_for_death(sock: socket.socket) -> None:
    """Makes a socket notice a dead peer: keep-alive probes, and a limit on unacknowledged data."""
    for level, option, value in (
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        *((socket.IPPROTO_TCP, name, value) for name, value in PROBES),
    ):
        number = getattr(socket, option, None)
        if number is not None:
            with contextlib.suppress(OSError):  # some systems name an option that they do not know
                sock.setsockopt(level, number, value)


def _as_bytes(found: Any) -> Any:
    """The same, its address as bytes: of a text uvloop makes them by IDNA, whose tables are half a megabyte and most of
    what a first request takes longer than the next. Windows' loop takes none."""
    host = found[4][0]
    if sys.platform == "win32" or not isinstance(host, str):
        return found
    return (*found[:4], (host.encode(), *found[4][1:]))


def _socket(address: Any) -> socket.socket:
    sock = socket.socket(*address[:3])
    watch_for_death(sock)
    return sock


async def _resolved(host: str, port: int, patience_s: float) -> list[Any]:
    """getaddrinfo in a daemon thread: a resolver that hangs must not hold up the end of the program."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(method: Callable[[Any], None], value: Any) -> None:
        if not answer.done():
            method(value)

    def ask() -> None:
        try:
            found: Any = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            method: Any = answer.set_result
        except (OSError, UnicodeError) as error:
            found, method = error, answer.set_exception
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, method, found)

    threading.Thread(target=ask, daemon=True, name="resolver").start()
    try:
        return list(await asyncio.wait_for(answer, patience_s))
    except TimeoutError:
        raise Unreachable(
            "dns", say("no answer about '{host}' in {seconds:.0f} s", host=host, seconds=patience_s)
        ) from None
    except UnicodeError:
        raise Unreachable("dns", say("'{host}' cannot be a host name", host=host)) from None
    except OSError as error:
        raise Unreachable("dns", say("{reason} ('{host}')", reason=error.strerror or error, host=host)) from None


def _failure(error: OSError, where: str, patience_s: float) -> Unreachable:
    reason = words_of(error)
    match connect_kind(error):
        case "timeout":
            return Unreachable(
                "timeout-connect", say("no answer from {where} in {seconds:g} s", where=where, seconds=patience_s)
            )
        case "unreachable":
            return Unreachable("unreachable", say("no route to {where}: {reason}", where=where, reason=reason))
        case "forbidden":
            return Unreachable(
                "unreachable", say("this machine forbids connections to {where}: {reason}", where=where, reason=reason)
            )
        case "refused" if isinstance(error, ConnectionRefusedError):
            return Unreachable("refused", say("nothing listens at {where}", where=where))
        case kind:
            return Unreachable(kind, say("{where}: {reason}", where=where, reason=reason))
