"""What the systems' numbers for a failed connection mean, Windows' and POSIX'."""

from __future__ import annotations

import errno

import pytest

from ccswitch_tui.net.failures import Kind, connect_kind, words_of


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
