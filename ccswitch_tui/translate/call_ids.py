"""Ids of tool calls: what an endpoint gave goes back to it as it was, whatever the client holds in between.

Kimi K2 reads the tool's name out of its own ids (`functions.Bash:0`), LiteLLM
hides Gemini's thought signature in them. A client wants letters, digits, `_`
and `-`, and a new id for each call. So an id that is odd, long or used already
travels inside one of ours, and is taken out again on the way back to the same
endpoint: no state on our side. Ids of others are adapted. Pure.
Sources: MoonshotAI/kimi-code#520, BerriAI/litellm PR 16895.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from ccswitch_tui.record import NamedTuple

LONGEST_CARRIED = 64 * 1024
"""Characters of an endpoint's id. Gemini's signatures have some thousands."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""OpenAI: "tool_calls[…].id: string too long. Expected a string with maximum length 40"."""
_SENDABLE = re.compile(r"[!-~]{1,40}")
_NINE = re.compile(r"[A-Za-z0-9]{9}")
CARRIES = "toolu_ccst1"
_CARRIER = re.compile(rf"{CARRIES}([0-9a-f]{{6}})[0-9]*_([A-Za-z0-9_-]+)")


class Carried(NamedTuple):
    """What one of our ids holds."""

    id: str
    signature: str
    """Gemini's thought signature, where no thinking block could carry it."""


def _tag(origin: str) -> str:
    return hashlib.sha256(f"ccswitch-tui id {origin}".encode()).hexdigest()[:6]


def carrying(given: str, signature: str, origin: str, nth: int = 0) -> str:
    """An id for the client that holds `given` for the endpoint `origin`."""
    said = f"{given}\n{signature}" if signature else given
    packed = base64.urlsafe_b64encode(said.encode("utf-8", "replace")).decode().rstrip("=")
    return f"{CARRIES}{_tag(origin)}{nth or ''}_{packed}"


def carried_in(client_id: str, origin: str) -> Carried | None:
    """What an id holds for this endpoint; None if it is no such id, or another endpoint's."""
    found = _CARRIER.fullmatch(client_id)
    if found is None or found[1] != _tag(origin):
        return None
    try:
        said = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4)).decode()
    except (ValueError, binascii.Error):
        return None
    given, _, signature = said.partition("\n")
    return Carried(given, signature) if given else None


def upstream_id(client_id: str, style: str, origin: str = "") -> str:
    """A call's id as this upstream accepts it; the same for the call and for its result."""
    carried = carried_in(client_id, origin) if client_id.startswith(CARRIES) else None
    own = carried.id if carried is not None else ""
    if style == "mistral9":
        given = own or client_id
        return given if _NINE.fullmatch(given) else _digest(given)[:9]
    if own:
        return own
    return client_id if _SENDABLE.fullmatch(client_id) else f"call_{_digest(client_id)[:24]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Ids:
    """Ids for the calls of one answer: the upstream's where they are usable, new ones where not."""

    def __init__(self, used: frozenset[str], seed: str, origin: str = "") -> None:
        self._used = set(used)
        self._seed = seed
        self._origin = origin
        self._made = 0

    def give(self, upstream: str, signature: str = "") -> str:
        """An id no call of this conversation has."""
        call_id = self._for(upstream, signature)
        self._used.add(call_id)
        return call_id

    def _for(self, upstream: str, signature: str) -> str:
        if not upstream.strip() or len(upstream) > LONGEST_CARRIED or "\n" in upstream:
            if not signature:
                return self._new()
            upstream = self._new()
        if not signature and _PLAIN.fullmatch(upstream) and upstream not in self._used:
            return upstream
        nth = 0
        while (call_id := carrying(upstream, signature, self._origin, nth)) in self._used:
            nth += 1
        return call_id

    def _new(self) -> str:
        while True:
            self._made += 1
            digest = hashlib.sha256(f"{self._seed} {self._made}".encode()).hexdigest()
            call_id = f"toolu_{digest[:24]}"
            if call_id not in self._used:
                return call_id
