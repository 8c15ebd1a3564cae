"""What the systems' numbers for a failed connection mean, Windows' and POSIX'."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from ccswitch_tui.net.dial import _handshake_failure
from ccswitch_tui.net.failures import Kind, Unreachable, connect_kind, words_of
from ccswitch_tui.net.sockets import watch_for_death


def of_windows(number: int, translated: int = errno.EINVAL) -> OSError:
    """As CPython raises it there: the number of the system beside an errno that is a translation, or EINVAL."""
    error = OSError(translated, f"[WinError {number}]")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "refused"),
        (TimeoutError(), "timeout"),
        (OSError(errno.ETIMEDOUT, "timed out"), "timeout"),
        (OSError(errno.ENETUNREACH, "no network"), "unreachable"),
        (OSError(errno.EHOSTUNREACH, "no route"), "unreachable"),
        (OSError(errno.EACCES, "denied"), "forbidden"),
        (OSError(errno.EPERM, "not permitted"), "forbidden"),
        (OSError(errno.ECONNRESET, "reset"), "refused"),
        (OSError("several things"), "refused"),
        (of_windows(1231), "unreachable"),
        (of_windows(1232), "unreachable"),
        (of_windows(10051), "unreachable"),
        (of_windows(10065), "unreachable"),
        (of_windows(121), "timeout"),
        (of_windows(10060, 10060), "timeout"),
        (of_windows(10061, 10061), "refused"),
        (of_windows(1225), "refused"),
        (of_windows(10013, errno.EACCES), "forbidden"),
        (of_windows(99999), "refused"),
    ],
    ids=lambda given: given if isinstance(given, str) else repr(given),
)
def test_a_number_tells_what_kept_the_connection_away(error: OSError, kind: Kind) -> None:
    assert connect_kind(error) == kind


def test_there_are_always_words() -> None:
    assert words_of(OSError(10061, None)) != ""
    assert words_of(OSError()) == "OSError"
    assert words_of(of_windows(10061)) == "[WinError 10061]"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (10, "tls-expired"), (0x800B0101, "tls-expired"), (-67818, "tls-expired"),
        (62, "tls-hostname"), (0x800B010F, "tls-hostname"), (-67602, "tls-hostname"),
        (20, "tls-untrusted"), (0x800B0109, "tls-untrusted"), (-67843, "tls-untrusted"),
    ],
)  # fmt: skip
def test_a_certificate_is_refused_for_the_reason_that_openssl_windows_or_macos_gives(code: int, kind: str) -> None:
    error = ssl.SSLCertVerificationError("refused")
    error.verify_code, error.verify_message = code, "refused"
    found = _handshake_failure(error, 5)
    assert isinstance(found, Unreachable)
    assert found.kind == kind


@pytest.mark.parametrize(("system", "option"), [("Linux", "TCP_KEEPIDLE"), ("macOS", "TCP_KEEPALIVE")])
def test_a_silent_peer_is_asked_after_a_minute_whatever_the_option_s_name(
    monkeypatch: pytest.MonkeyPatch, system: str, option: str
) -> None:
    for name in ("TCP_KEEPIDLE", "TCP_KEEPALIVE"):
        monkeypatch.delattr(socket, name, raising=False)
    monkeypatch.setattr(socket, option, 4711, raising=False)
    given: list[tuple[int, int]] = []

    class Socket:
        def setsockopt(self, level: int, number: int, value: int) -> None:
            given.append((number, value))

    watch_for_death(Socket())  # type: ignore[arg-type]
    assert (4711, 60) in given
