"""What the proxy found out about endpoints by being refused: kept apart from what the user wrote.

A refusal that names its cause (`max_tokens is not supported, use
max_completion_tokens`) becomes a quirk with its provenance, for that host and
model, in the state folder. By hand beats probed beats learned beats preset.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.secret import redact
from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

VERSION = 1
MOST_ENDPOINTS = 500
"""Hosts and models; beyond it the oldest is forgotten and would be learned again."""

Facts = Mapping[str, Mapping[str, Any]]


class LearnedQuirks:
    """Quirks by `host model`. `path` is None for a proxy that shall leave nothing on disk."""

    def __init__(self, path: str | None, state_dir: str = "") -> None:
        self._path = path
        self._state_dir = state_dir
        self._facts: dict[str, dict[str, dict[str, Any]]] = _read(path) if path else {}
        self._writing = threading.Lock()
        self.generation = 0
        """Grows with every new fact, so that readers know their copy is old."""

    def for_endpoint(self, host: str, model: str) -> Facts:
        """Quirk to `{value, from, at, because}`."""
        return self._facts.get(_key(host, model), {})

    def everything(self) -> Mapping[str, Facts]:
        """All facts by `host model`."""
        return self._facts

    def learn(self, host: str, model: str, quirk: str, value: Any, because: str, *, at: str) -> None:
        """Notes one fact; the file follows with save()."""
        facts = self._facts.setdefault(_key(host, model), {})
        facts[quirk] = {"value": value, "from": "learned", "at": at, "because": redact(because)[:500]}
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
            text = json.dumps({"version": VERSION, "endpoints": merged}, indent=1, sort_keys=True, ensure_ascii=False)
            replace_text(self._path, text.encode() + b"\n", expected_sha256=sha256_of(raw))

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
                replace_text(self._path, text.encode() + b"\n", expected_sha256=sha256_of(raw))
        self.generation += 1
        return len(gone)


def quirk_layers(profile: Profile, learned: Facts) -> tuple[Mapping[str, Any], ...]:
    """A profile's quirks in rising rank: what a preset set, what was learned, what was probed, what was set by hand."""
    ranks: dict[str, dict[str, Any]] = {"preset": {}, "probe": {}, "hand": {}}
    for name, value in profile.quirks.items():
        origin = value.get("from", "hand") if isinstance(value, Mapping) else "hand"
        ranks[origin if origin in ranks else "probe"][name] = value
    return ranks["preset"], learned, ranks["probe"], ranks["hand"]


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
