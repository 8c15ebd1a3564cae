"""What of a client's request reaches an endpoint that speaks its language, and what of the answer comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccswitch_tui.http11.headers import Headers
from ccswitch_tui.http11.message import Request

SSE_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}

NOT_FORWARDED = frozenset(
    {
        "host", "content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive", "expect", "te",
        "trailer", "upgrade", "authorization", "x-api-key", "proxy-authorization", "proxy-connection", "cookie",
        "accept-encoding", "origin", "referer", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    }
)  # fmt: skip
"""Of the connection, or a credential that was meant for us."""


def forwarded(request: Request) -> Headers:
    """The client's headers for a native endpoint, its own User-Agent included: we do not pose as anybody."""
    headers = Headers((name, value) for name, value in request.headers.fields() if name.lower() not in NOT_FORWARDED)
    headers["Content-Type"] = "application/json"
    headers["Accept-Encoding"] = "identity"
    return headers


PASSED_HEADERS = ("request-id", "x-request-id", "retry-after", "x-should-retry")

_LIMITS = re.compile("anthropic-ratelimit-[a-z0-9-]+", re.IGNORECASE)


def passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of an endpoint's answer that mean something to the client, unless it could break its own line."""
    passed = {name: headers[name] for name in PASSED_HEADERS if name in headers}
    passed |= {name: value for name, value in headers.items() if _LIMITS.fullmatch(name)}
    return {name: value for name, value in passed.items() if value.isprintable()}


def stream_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The same where a stream goes out, whatever the endpoint calls what comes in."""
    kind = headers.get("Content-Type", "")
    return native_headers(headers) | ({} if "event-stream" in kind else SSE_HEADERS)


def native_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a stream passed on as it is."""
    kind = headers.get("Content-Type", "")
    known = {"Content-Type": kind} if kind and kind.isprintable() else {}
    return {**SSE_HEADERS, **known, **passed_headers(headers)}
