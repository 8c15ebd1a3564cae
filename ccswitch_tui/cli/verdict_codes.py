"""What a probe's verdict means for a script."""

from __future__ import annotations

from ccswitch_tui.errors import ExitCode

KEY_KINDS = frozenset(["auth-missing", "auth-invalid", "auth-forbidden", "auth-header-style", "key-unsendable"])
"""Findings that mean: the endpoint is there, and the key is what is wrong."""


def code_of(verdict: str, finding: str) -> int:
    """What a verdict and the kind of its first finding mean for a script."""
    if verdict in ("native", "translate"):
        return int(ExitCode.DONE)
    if verdict == "limited":
        return int(ExitCode.FAILED)
    return int(ExitCode.KEY_REFUSED if finding in KEY_KINDS else ExitCode.ENDPOINT)
