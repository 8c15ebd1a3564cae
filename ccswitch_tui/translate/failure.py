"""Failure: one thing that went wrong upstream, as the client is to be told; and what it teaches.

The message never holds a key, a page's markup, a foreign error type, or the
one header name that makes Claude Code say "Not logged in" whatever else is in
the text (measured).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ccswitch_tui.secret import redact_cut
from ccswitch_tui.wire.anthropic import error_envelope, event
from ccswitch_tui.wire.codec import dumps

LONGEST_MESSAGE = 2000
"""Characters of a message: enough for a validation error with its path, not for a page."""

_NOT_LOGGED_IN = re.compile(r"x-api-key", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


@dataclass(frozen=True)
class Learned:
    """A fact about the endpoint that a refusal has taught."""

    quirk: str
    value: Any
    because: str
    """The endpoint's own words."""
    also: tuple[Learned, ...] = ()
    """What the same words teach besides."""
    instead: Learned | None = None
    """What serves as well where the user has said otherwise about the first."""


@dataclass(frozen=True)
class Overflow:
    """The conversation does not fit: how much there is and how much may be, as far as the endpoint said."""

    of: str
    """"input": the conversation alone is too long. "max_tokens": it fits, but not with the answer asked for."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Failure:
    """What the client is told, and what the proxy can still do about it."""

    status: int
    type: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    """For the client: retry-after, x-should-retry."""
    learned: Learned | None = None
    """With this quirk the same request would go through: apply it, try once more, remember it."""
    retry_with: dict[str, Any] | None = None
    """Body fields for one more try that teaches nothing lasting (None as a value removes a field; {}: as it was)."""
    cure_elsewhere: bool = False
    """Another endpoint could answer this request."""
    overflow: Overflow | None = None
    details: dict[str, Any] | None = None
    """For the client's program: `error_code` and what belongs to it."""


def clean_message(text: str) -> str:
    """`text` as it may be shown: no keys, no control characters, no trigger words, not endless."""
    text = _CONTROL.sub(" ", redact_cut(text, 4 * LONGEST_MESSAGE)).strip()
    text = _NOT_LOGGED_IN.sub("API key header", text)
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def error_body(failure: Failure) -> bytes:
    """The HTTP body that says it."""
    return dumps(error_envelope(failure.type, failure.message, failure.details))


def error_event(failure: Failure) -> bytes:
    """The `error` event that says it in a stream that has begun."""
    return event(error_envelope(failure.type, failure.message, failure.details))
