"""Which addresses of a search's hits are addresses, which of them are one page, and of which domain. Pure.

A hit may be named by the search engine's own redirect; the page behind it is
what the domain lists are about, and what the model is to cite.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

LONGEST_URL = 2048

_NOT_IN_A_URL = re.compile(r"[\s<>\"\\^`{|}\x00-\x20\x7f-\x9f]")
_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid|yclid|dclid|mc_[ce]id|igshid|srsltid|_hsenc|_hsmi|wt_mc", re.I)
"""What tells the page where a visitor came from, and nothing about which page it is."""

REDIRECTS = (
    (re.compile(r"(?:www\.)?google\.[a-z.]{2,6}"), "/url", ("q", "url")),
    (re.compile(r"(?:\w+\.)?duckduckgo\.com"), "/l/", ("uddg",)),
    (re.compile(r"r\.search\.yahoo\.com|l\.facebook\.com"), "/", ("u",)),
)
"""Host, beginning of the path, and where the page behind it stands."""


def address(url: Any) -> str:
    """`url` if it is a plain web address without a password in it, else "". Not a redirect, and not tracked."""
    if not isinstance(url, str) or len(url) > LONGEST_URL:
        return ""
    url = str(url).strip()
    if not _is_address(url):
        return ""
    behind = _behind(url)
    if behind and _is_address(behind):
        url = behind
    return _untracked(url)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        harmless = parts.hostname and not parts.username and not parts.password
    except ValueError:
        return False
    import unicodedata

    printable = not _NOT_IN_A_URL.search(url) and not any(unicodedata.category(c)[0] == "C" for c in url)
    return parts.scheme in ("http", "https") and bool(harmless) and printable


def _behind(url: str) -> str:
    """The page that a search engine's redirect leads to; "" for any other address."""
    parts = urlsplit(url)
    for host, path, names in REDIRECTS:
        if host.fullmatch(parts.hostname or "") and parts.path.startswith(path):
            given = dict(parse_qsl(parts.query))
            return next((given[name] for name in names if given.get(name)), "")
    return ""


def _untracked(url: str) -> str:
    if "?" not in url:
        return url
    parts = urlsplit(url)
    named = parts.query.split("&")
    kept = [pair for pair in named if not _TRACKING.fullmatch(pair.partition("=")[0])]
    return url if len(kept) == len(named) else urlunsplit(parts._replace(query="&".join(kept)))


def page_of(url: str) -> str:
    """What two addresses of one page have in common."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        port = parts.netloc
    return f"{(parts.hostname or '').rstrip('.')}{port}{parts.path.rstrip('/')}?{parts.query}"


def is_within(url: str, rule: str) -> bool:
    """Whether `url` is of the domain `rule` names, or of one below it; a path in the rule is a prefix."""
    rule = re.sub(r"^https?://", "", rule.strip().lower())
    host, _, path = rule.removeprefix("*.").partition("/")
    host = host.rstrip(".")
    parts = urlsplit(url)
    named = (parts.hostname or "").lower().rstrip(".")
    whole = named == host or named.endswith("." + host) or f"www.{named}" == host
    return bool(host) and whole and (not path or parts.path.lower().startswith("/" + path.rstrip("*")))
