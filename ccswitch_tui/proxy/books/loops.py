"""Sessions that burn money: the same tool call again and again, or more requests than a person's work makes. Pure.

A model that repeats a call, or an endpoint that gives every call the same id,
keeps Claude Code going without end: 736 requests and 9.8 million tokens in two
minutes were seen, without a word. Noticed here, said in the traffic and by
`status`; nothing is stopped.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Sequence
from hashlib import sha256

from ccswitch_tui.sentence import say

SAME_TURNS = 6
"""Identical tool calls in a row. A person's work repeats one two or three times: a test run again, a file read anew."""

MOST_CALLS = 300
"""Of a session that are looked back upon, and the most that a warning counts to."""

LONGEST_ROUND = 3
"""Calls in a circle: reading a file and editing it in vain, in turn, is as endless as one call."""

RUNAWAY_REQUESTS, RUNAWAY_S = 150, 120.0
"""A session with parallel sub-agents was seen to make some 60 in two minutes."""

MOST_SESSIONS = 64
FORGOTTEN_S = 900.0
"""A session that has been quiet for so long is over, or its user has seen it."""

_CALL = re.compile(rb'"partial_json":\s*"((?:[^"\\]|\\.)*)"|"name":\s*"([^"]*)"|"input":\s*(\{[^{}]+\})')
"""What a call is made of, however its stream was cut into events; ids and counts are left out."""


class _Session:
    __slots__ = ("at", "calls", "made")

    def __init__(self) -> None:
        self.at = 0.0
        self.calls: deque[float] = deque(maxlen=RUNAWAY_REQUESTS)
        self.made: deque[bytes] = deque(maxlen=MOST_CALLS)
        """The last tool calls, as fingerprints; an answer without one begins anew."""


class Loops:
    """What every session did last."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def note(self, session: str, now: float, stop_reason: str | None, answer: Sequence[bytes]) -> str:
        """One answer of a session. A warning in words when it has become too much, "" otherwise."""
        if not session:
            return ""
        known = self._sessions.get(session)
        if known is None:
            known = self._sessions[session] = _Session()
        self._sessions.move_to_end(session)
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        known.at = now
        known.calls.append(now)
        call = _fingerprint(b"".join(answer)) if stop_reason == "tool_use" else b""
        if call:
            known.made.append(call)
        else:
            known.made.clear()
        return _warning(session, known, now)

    def warnings(self, now: float) -> list[str]:
        """What is too much now, session by session."""
        alive = ((session, known) for session, known in self._sessions.items() if now - known.at < FORGOTTEN_S)
        return [words for session, known in alive if (words := _warning(session, known, now))]


def _fingerprint(answer: bytes) -> bytes:
    pieces = b"".join(b"".join(match) for match in _CALL.findall(answer))
    return sha256(pieces).digest() if pieces else b""


def _circle(made: Sequence[bytes]) -> tuple[int, int]:
    """How many calls there are in the shortest circle that the last ones make, and how often it was gone round."""
    for size in range(1, LONGEST_ROUND + 1):
        same = 0
        while same + size < len(made) and made[-1 - same] == made[-1 - same - size]:
            same += 1
        if (same + size) // size >= SAME_TURNS:
            return size, (same + size) // size
    return 0, 0


def _warning(session: str, known: _Session, now: float) -> str:
    short = session[:8]
    size, rounds = _circle(known.made)
    if size == 1:
        return say(("session {id} has made the same tool call {n} times in a row: it may be going round "
"in circles"),
                   id=short, n=rounds)  # fmt: skip
    if size:
        return say(
            "session {id} has made the same {size} tool calls in turn, {n} times: it may be going round in circles",
            id=short, size=size, n=rounds,
        )  # fmt: skip
    if len(known.calls) == RUNAWAY_REQUESTS and now - known.calls[0] < RUNAWAY_S:
        return say(("session {id} has made {n} requests in {seconds} seconds: check that it is not out of "
"control"),
                   id=short, n=RUNAWAY_REQUESTS, seconds=round(now - known.calls[0]))  # fmt: skip
    return ""


LOOKED_AT_BYTES = 200_000

_CLASSIFIER = re.compile(rb"You are a security monitor for autonomous AI coding agents")


def judges_a_command(raw: bytes) -> bool:
    """Whether auto mode asks this model if a command may run: a request of its own, without tools and not streamed."""
    return _CLASSIFIER.search(raw, 0, LOOKED_AT_BYTES) is not None
