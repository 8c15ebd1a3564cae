"""Listening sockets: every address of a host on one port, and a plain error when it is taken."""

from __future__ import annotations

import errno
import socket
import sys

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.http11.server import BACKLOG
from ccswitch_tui.net.failures import connect_kind, words_of
from ccswitch_tui.sentence import say


def bind(host: str, port: int, *, reuse_port: bool = False) -> list[socket.socket]:
    """Listening sockets for every address of `host`, all on one port. Raises CcswitchError when it is taken."""
    try:
        # as bytes: of a text, Python would load its tables of international names, a megabyte
        name = host.encode() if host.isascii() else host
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise _not_ours(host) from None
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, address in dict.fromkeys(found):
        place = (address[0], sockets[0].getsockname()[1] if sockets else port, *address[2:])
        sock = socket.socket(family, kind, protocol)
        try:
            if sys.platform == "win32":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuse_port and sys.platform != "win32":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(place)
            sock.listen(BACKLOG)
        except OSError as error:
            sock.close()
            if sockets and family == socket.AF_INET6:
                continue  # `localhost` on a machine without IPv6
            for open_one in sockets:
                open_one.close()
            raise _refused(host, port, error) from None
        sock.setblocking(False)
        sockets.append(sock)
    return sockets


RESERVED = say(
    "Windows keeps ranges of ports for Hyper-V, WSL and Docker ('netsh interface ipv4 show excludedportrange tcp'): "
    "'ccswitch-tui proxy start --port 0', then 'ccswitch-tui use NAME' again"
)


def _not_ours(host: str) -> UsageError:
    return UsageError(say("'{host}' is not an address of this machine", host=host), hint=say("try --host 127.0.0.1"))


def _refused(host: str, port: int, error: OSError) -> CcswitchError:
    """Taken by a program, or kept by the system: Windows' error 10013, and every port below 1024 elsewhere."""
    words = words_of(error)
    if error.errno == errno.EADDRNOTAVAIL:
        return _not_ours(host)
    if connect_kind(error) == "forbidden":
        return CcswitchError(
            say("this system does not let us listen on {host}:{port}: {words}", host=host, port=port, words=words),
            hint=RESERVED if sys.platform == "win32" else say("choose a port above 1023 with --port"),
            kind="port-kept",
        )
    return CcswitchError(
        say("cannot listen on {host}:{port}: {words}", host=host, port=port, words=words),
        hint=say("end the program that holds the port, or choose another with --port"),
        kind="port-taken",
    )
