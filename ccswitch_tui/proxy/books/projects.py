"""Which session and folder a request is of, as Claude Code tells it. Pure but for what it remembers, which is bounded.

The session is a header, and in older versions part of `metadata.user_id`; the
folder stands in the text about its surroundings that goes with the first
messages (`Primary working directory: /…`). Read once a session, because a
request in the middle of work is 400 kB. Source: Claude Code 2.1.330 as
measured, header, metadata and text; `Working directory:` in versions before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ccswitch_tui.wire.pieces import beginning_of

MOST_SESSIONS = 1000
LONGEST_PROJECT = 200

_FOLDER = re.compile(
    rb'[Ww]orking directory: ((?:/|[A-Za-z]:(?:\\\\|/)|\\\\\\\\|~)(?:[^"\\]|\\\\|\\u[0-9a-fA-F]{4}){0,400})'
)
"""In the request's JSON as it came: up to the escape that ends its line. """

_LOOKED_AT = 512 * 1024

_OLD_USER_ID = re.compile(r"_session_([0-9a-fA-F-]{8,64})$")


class Projects:
    """The folder of each session that came by."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, session: str, parts: Sequence[bytes]) -> str:
        """The folder a session works in; "" where the client does not say. `parts` are a request of its."""
        if not session:
            return ""
        known = self._known.get(session)
        if known:
            return known
        if known is None and len(self._known) >= MOST_SESSIONS:
            del self._known[next(iter(self._known))]
        # a session's first request may be a small one about its title: looked at until one tells
        found = self._known[session] = folder_in(beginning_of(parts, _LOOKED_AT))
        return found


def folder_in(raw: bytes) -> str:
    """The working folder a request names, of which the first mention counts; "" for none."""
    at = raw.find(b"orking directory: ", 0, _LOOKED_AT)
    found = _FOLDER.search(raw, at - 1, at + 1024) if at > 0 else None
    if found is None:
        return ""
    try:
        folder = json.loads(b'"' + found[1] + b'"')
    except ValueError:
        return ""
    return folder.strip().rstrip("/\\")[:LONGEST_PROJECT] if folder.isprintable() else ""


def session_in(body: Mapping[str, Any]) -> str:
    """The session a request's metadata names; "" for none. It is a JSON text of its own, or ends in the id."""
    metadata = body.get("metadata")
    told = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(told, str) or len(told) > 2000:
        return ""
    old = _OLD_USER_ID.search(told)
    if old:
        return old[1]
    if not told.lstrip().startswith("{"):
        return ""
    try:
        named = json.loads(told)["session_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return named[:80] if isinstance(named, str) else ""
