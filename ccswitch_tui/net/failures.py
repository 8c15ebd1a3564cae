"""Why a connection did not come about, by the number that the system gives: POSIX' and Windows' alike. Pure.

Windows tells its sockets' numbers beside an `errno` that is a translation of
some of them and EINVAL for the rest. Sources: errno(3); Microsoft, "Windows
Sockets Error Codes" and "System Error Codes (1000-1299)"; CPython PC/errmap.h.
"""

from __future__ import annotations

import errno
from typing import Literal

Kind = Literal["refused", "timeout", "unreachable", "forbidden", "files"]

BY_WINDOWS: dict[int, Kind] = {
    5: "forbidden",  # ERROR_ACCESS_DENIED
    121: "timeout",  # ERROR_SEM_TIMEOUT, of the proactor loop
    1225: "refused",  # ERROR_CONNECTION_REFUSED
    1231: "unreachable",  # ERROR_NETWORK_UNREACHABLE
    1232: "unreachable",  # ERROR_HOST_UNREACHABLE
    1236: "refused",  # ERROR_CONNECTION_ABORTED
    10024: "files",  # WSAEMFILE
    10013: "forbidden",  # WSAEACCES
    10049: "unreachable",  # WSAEADDRNOTAVAIL
    10050: "unreachable",  # WSAENETDOWN
    10051: "unreachable",  # WSAENETUNREACH
    10060: "timeout",  # WSAETIMEDOUT
    10061: "refused",  # WSAECONNREFUSED
    10064: "unreachable",  # WSAEHOSTDOWN
    10065: "unreachable",  # WSAEHOSTUNREACH
}

BY_ERRNO: dict[int | None, Kind] = {
    errno.ETIMEDOUT: "timeout",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETDOWN: "unreachable",
    getattr(errno, "EHOSTDOWN", None): "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
    errno.EMFILE: "files",
    errno.ENFILE: "files",
    errno.EPERM: "forbidden",
    errno.EACCES: "forbidden",
}


def connect_kind(error: OSError) -> Kind:
    """What kept a connection from coming about; `refused` where the number tells nothing."""
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "timeout"
    number: int | None = getattr(error, "winerror", None)
    if number is not None:
        return BY_WINDOWS.get(number, "refused")
    return BY_ERRNO.get(error.errno, "refused")


def words_of(error: OSError) -> str:
    """The system's own words; Windows' sockets' numbers are unknown to os.strerror, so never by number there."""
    return error.strerror or str(error) or type(error).__name__


class Unreachable(Exception):
    """No connection. `detail` is for the user; `kind` is one of these:

    dns, timeout-connect, refused, unreachable, files (this process may open no more), proxy-unreachable, proxy-auth,
    proxy-refused, proxy-cannot-reach, tls-expired, tls-hostname, tls-untrusted, tls-not-tls, tls-client-certificate,
    tls-failed.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
