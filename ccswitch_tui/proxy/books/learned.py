"""What the proxy found out about endpoints by being refused: kept apart from what the user wrote.

A refusal that names its cause (`max_tokens is not supported, use
max_completion_tokens`) becomes a quirk with its provenance, for that host and
model, in the state folder. By hand beats probed beats learned beats preset.

A lesson takes something away (a field, an image, a limit), perhaps for ever, and
one refusal may have been one faulty machine behind a gateway. So the first
teaches the conversation it happened in; a second one, elsewhere, settles it.
Clients that name no session need eight times as many: what looks like two
conversations may be one that began anew, or a script that asks ever the same. What takes a capability away (sight, a
tool, thinking) needs four. No lesson is for ever: endpoints change, so one that
has not been needed for a while is forgotten and, if it still holds, learned
again; one that is disproved is gone at once.
"""

from __future__ import annotations

import calendar
import json
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.secret import redact
from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

VERSION = 1
MOST_ENDPOINTS = 500
"""Hosts and models; beyond it the oldest is forgotten and would be learned again."""

SETTLED = 16
"""Weight of the conversations in which a lesson was needed before it holds for all of them."""
CAPABILITIES = frozenset({"images", "pdf", "drop_tools", "effort", "response_format", "never_stream"})
"""Quirks that take something from the user rather than from the request's form."""
SETTLED_CAPABILITY = 32
EXPIRES_DAYS, CAPABILITY_EXPIRES_DAYS = 90, 14
"""So long after it was last needed a lesson is tried anew, which costs one refused request if it still holds."""
MOST_NAMES = 64
"""Of a list that grows with each lesson: pictures, tools, fields. The oldest are forgotten."""
NAMED, NAMELESS = 8, 1
"""What a conversation weighs, with and without a session's name (Claude Code sends one)."""
MOST_CONVERSATIONS = 1000

Facts = Mapping[str, Mapping[str, Any]]


class LearnedQuirks:
    """Quirks by `host model`. `path` is None for a proxy that shall leave nothing on disk."""

    def __init__(self, path: str | None, state_dir: str = "") -> None:
        self._path = path
        self._state_dir = state_dir
        self._facts: dict[str, dict[str, dict[str, Any]]] = _read(path) if path else {}
        self._conversations: dict[tuple[str, str, str], None] = {}
        """(endpoint, quirk, conversation): where a lesson was learned, since this proxy runs."""
        self._disproved: set[tuple[str, str]] = set()
        self._writing = threading.Lock()
        self.generation = 0
        """Grows with every new fact, so that readers know their copy is old."""

    def for_endpoint(self, host: str, model: str, conversation: str = "") -> Facts:
        """Quirk to `{value, from, at, because, seen}`: what is settled, and what this conversation has learned."""
        key = _key(host, model)
        facts = self._facts.get(key)
        if not facts:
            return {}
        return {
            quirk: fact
            for quirk, fact in facts.items()
            if not _expired(quirk, fact)
            and (_is_settled(quirk, fact) or (key, quirk, conversation) in self._conversations)
        }

    def unsettled(self, host: str, model: str) -> bool:
        """Whether the answer of for_endpoint depends on the conversation."""
        facts = self._facts.get(_key(host, model))
        return facts is not None and not all(_is_settled(quirk, fact) for quirk, fact in facts.items())

    def disprove(self, host: str, model: str, quirk: str) -> bool:
        """Forgets a lesson that an answer has shown to be wrong; False where there was none."""
        facts = self._facts.get(_key(host, model), {})
        if quirk not in facts:
            return False
        del facts[quirk]
        self._disproved.add((_key(host, model), quirk))
        self.generation += 1
        return True

    def lessons(self, host: str, model: str) -> dict[str, Any]:
        """The values of all lessons, settled or not."""
        return {quirk: fact.get("value") for quirk, fact in self._facts.get(_key(host, model), {}).items()}

    def everything(self) -> Mapping[str, Facts]:
        """All facts by `host model`."""
        return self._facts

    def state(self) -> tuple[Any, ...]:
        """All that is known, for `take` in another process."""
        return self._facts, self._conversations, self._disproved

    def take(self, state: tuple[Any, ...]) -> None:
        """Knows from here on what the `state` of another knew, and nothing else."""
        self._facts, self._conversations, self._disproved = state
        self.generation += 1

    def learn(
        self,
        host: str,
        model: str,
        quirk: str,
        value: Any,
        because: str,
        *,
        at: str,
        conversation: str = "",
        weight: int = NAMED,
    ) -> None:
        """Notes one fact that has helped; the file follows with save()."""
        key = _key(host, model)
        facts = self._facts.setdefault(key, {})
        before = facts.get(quirk, {})
        if isinstance(value, list | tuple):
            known = before.get("value")
            value = list(dict.fromkeys([*(known if isinstance(known, list) else ()), *value]))[-MOST_NAMES:]
        seen = before.get("seen", SETTLED) if before.get("value") == value else 0
        if not conversation or (key, quirk, conversation) not in self._conversations or not seen:
            seen += weight
        self._conversations[key, quirk, conversation] = None
        while len(self._conversations) > MOST_CONVERSATIONS:
            del self._conversations[next(iter(self._conversations))]
        facts[quirk] = {"value": value, "from": "learned", "at": at, "because": redact(because)[:500], "seen": seen}
        self._disproved.discard((key, quirk))
        while len(self._facts) > MOST_ENDPOINTS:
            del self._facts[next(iter(self._facts))]
        self.generation += 1

    def save(self) -> None:
        """Writes what was learned, merged with what other processes learned. Blocks; raises CcswitchError."""
        if self._path is None:
            return
        with self._writing, locked(self._path, self._state_dir):
            raw = read_bytes(self._path)
            merged = _parse(raw)
            for endpoint, facts in list(self._facts.items()):
                merged.setdefault(endpoint, {}).update(facts)
            for endpoint, quirk in self._disproved:
                merged.get(endpoint, {}).pop(quirk, None)
            text = json.dumps({"version": VERSION, "endpoints": merged}, indent=1, sort_keys=True, ensure_ascii=False)
            replace_text(self._path, text.encode() + b"\n", expected_sha256=sha256_of(raw), private=True)

    def forget(self, host: str | None = None) -> int:
        """Forgets a host's facts (or all), on disk too; returns how many endpoints that were."""
        gone = [key for key in self._facts if host is None or key.partition(" ")[0] == host]
        for key in gone:
            del self._facts[key]
        if self._path and os.path.exists(self._path):
            with self._writing, locked(self._path, self._state_dir):
                raw = read_bytes(self._path)
                left = {key: facts for key, facts in _parse(raw).items() if key not in gone}
                text = json.dumps({"version": VERSION, "endpoints": left}, indent=1, sort_keys=True)
                replace_text(self._path, text.encode() + b"\n", expected_sha256=sha256_of(raw), private=True)
        self.generation += 1
        return len(gone)


def quirk_layers(profile: Profile, learned: Facts) -> tuple[Mapping[str, Any], ...]:
    """A profile's quirks in rising rank: its wire's, what a preset set, what was learned, probed, and set by hand."""
    ranks: dict[str, dict[str, Any]] = {"preset": {}, "probe": {}, "hand": {}}
    if profile.max_output is not None:
        ranks["hand"]["max_output"] = profile.max_output
    elif profile.context_window is not None:
        ranks["preset"]["max_output"] = profile.context_window  # an answer cannot be longer than the whole window
    for name, value in profile.quirks.items():
        origin = value.get("from", "hand") if isinstance(value, Mapping) else "hand"
        ranks[origin if origin in ranks else "probe"][name] = value
    return profile.endpoint.format.facts, ranks["preset"], learned, ranks["probe"], ranks["hand"]


def _is_settled(quirk: str, fact: Mapping[str, Any]) -> bool:
    needed = SETTLED_CAPABILITY if quirk in CAPABILITIES else SETTLED
    return bool(fact.get("seen", needed) >= needed)


def _expired(quirk: str, fact: Mapping[str, Any]) -> bool:
    """Whether this lesson was last needed too long ago. One without a date has none."""
    try:
        at = calendar.timegm(time.strptime(str(fact.get("at") or ""), "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return False
    days = CAPABILITY_EXPIRES_DAYS if quirk in CAPABILITIES else EXPIRES_DAYS
    return time.time() - at > days * 86_400


def _key(host: str, model: str) -> str:
    return f"{host} {model}"


def _read(path: str) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        return _parse(read_bytes(path))
    except CcswitchError:
        return {}  # a file that cannot be read costs one refusal per fact, no more


def _parse(raw: bytes | None) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        document = json.loads(raw or b"{}")
        endpoints = document.get("endpoints", {}) if document.get("version", VERSION) == VERSION else {}
        return {k: dict(v) for k, v in endpoints.items() if isinstance(v, dict)}
    except (ValueError, AttributeError):
        return {}
