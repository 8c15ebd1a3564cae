"""A string that cannot show itself, and the filter for text that leaves the process.

A key is a `Secret` from the moment it is read to the moment it goes into a
header or a pipe. `str`, `repr`, `format`, `json` and `pickle` never yield it;
`reveal()` is the one way, and easy to search for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

MASK = "••••"

_seen: set[str] = set()
"""Values of every Secret made in this process, so that redact() knows them
wherever they turn up. In memory only."""

SHORTEST_KNOWN = 8
"""A shorter value (a local server's "none", "key", "1234") is too common a word to mask everywhere."""


class Secret:
    """One secret value. Compares in constant time; never prints, encodes or pickles."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value
        if len(value) >= SHORTEST_KNOWN:
            _seen.add(value)

    def reveal(self) -> str:
        """The value itself: for a header, a pipe or a key store, and nothing else."""
        return self.__value

    def hint(self) -> str:
        """Enough to tell two keys apart, too little to use: `sk-a…9f2c`, or dots for a short one."""
        return mask(self.__value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __len__(self) -> int:
        raise TypeError("a Secret does not tell its length")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac

        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied to disk")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


def mask(value: str) -> str:
    """A value shortened so that it can be recognised but not used.

    At most four characters at each end, and never more than a third of it.
    """
    if len(value) < 16:
        return MASK
    return f"{value[:4]}…{value[-4:]}"


_SHAPES = re.compile(
    r"""
    (?P<prefix>\b(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key|api-key|x-goog-api-key
        |ocp-apim-subscription-key)["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token)\s+)?)
        (?P<header>[^\s"',;<>\\][^\r\n"'\\]*)
    |(?P<scheme>\bbearer\s+)(?P<bearer>[A-Za-z0-9._~+/=-]{8,})
    |(?P<query>[?&;](?:key|api[-_]?key|apikey|token|access_token|auth|sig|signature|password|secret|code)=)(?P<param>[^&\s"'#]+)
    |(?P<userinfo>://)(?P<password>[^/\s@"']+:[^/\s@"']*)(?=@)
    |(?P<bare>(?<![A-Za-z0-9_-])(?:sk|pk|rk|gsk|xai|hf|nvapi|r8|fw|tgp|csk|pplx|key|ak|AIza|ghp|gho|ghs|github_pat|glpat|eyJ)
        (?:[-_]|(?<=AIza)|(?<=eyJ))[A-Za-z0-9_.~+/=-]{12,})
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _masked(match: re.Match[str]) -> str:
    for label, value in (("prefix", "header"), ("scheme", "bearer"), ("query", "param"), ("userinfo", "password")):
        if match[value] is not None:
            return match[label] + MASK
    return mask(match["bare"])


def redact(text: str, known: Iterable[Secret] = ()) -> str:
    """`text` without anything that is or looks like a key.

    Masks the value of every Secret made in this process and of those `known`,
    authorization-like headers, key-like query parameters, `user:password@` in
    URLs, and words in the shape of known vendors' keys.
    """
    values = _seen.union(s.reveal() for s in known)
    for value in sorted(values, key=len, reverse=True):
        if value and value in text:
            text = text.replace(value, MASK)
    return _SHAPES.sub(_masked, text)
