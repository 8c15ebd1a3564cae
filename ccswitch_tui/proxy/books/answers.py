"""The last answers of each session, one small file a session and worker, for whoever shows them beside the prompt.

Written when an answer ends, read by `statusline` without asking anybody: JSON,
because a status line cannot afford a database, and one file a worker, because
nobody waits for another's lock. Counts and names, never contents; old files go.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.textfile import make_private_dir, read_file, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.proxy.books.flow import Flow

VERSION = 1
MOST_MODELS = 8
"""Asked for by one session: its tiers, and what was picked by hand."""
MOST_FILES = 300
KEPT_S = 7 * 86_400
"""A session that is continued after a week begins its sums anew."""
LARGEST_BYTES = 64 * 1024
LISTS = ("list", "own-list")
"""Sources of a cost that is an estimate."""


class Answer(NamedTuple):
    """The last answer to one model name of a session."""

    at: float
    """Seconds since the epoch."""
    route: str
    """The profile that answered, after fall-backs."""
    model: str
    """What the endpoint says it is, or what it was asked for."""
    first_byte_ms: float | None
    status: int
    budget: str = ""
    """What the profile's budget says, once there is something to say."""


class SessionAnswers(NamedTuple):
    """What a session got through our proxy."""

    by_asked: dict[str, Answer]
    requests: int
    tokens: int
    """Read, written and cached, together."""
    cost: dict[str, float]
    """The known part, by currency."""
    priced: int
    """Requests whose cost is known."""
    estimated: bool = False
    """Part of the cost is a list's price and no bill."""

    def of(self, asked: str) -> Answer | None:
        """The last answer to that model name; to any where there is none."""
        found = self.by_asked.get(asked)
        return found or max(self.by_asked.values(), key=lambda one: one.at, default=None)


class AnswerBook:
    """Where the proxy writes them down. Losing one costs a line beside a prompt, so a disk that refuses is no error."""

    def __init__(self, folder: str, slot: int = 0) -> None:
        self._folder = folder
        self._slot = slot
        self._swept = False

    def add(self, flows: Iterable[Flow]) -> None:
        """Adds ended exchanges to their sessions' files."""
        by_session: dict[str, list[Flow]] = {}
        for flow in flows:
            if flow.kind in ("messages", "search") and flow.attempts and is_session(flow.session):
                by_session.setdefault(flow.session, []).append(flow)
        for session, ended in by_session.items():
            with contextlib.suppress(OSError):
                self._write(session, ended)
        told = {flow.route: flow for ended in by_session.values() for flow in ended if flow.limits}
        for route, flow in told.items():
            with contextlib.suppress(OSError):
                self._write_limits(route, flow)

    def _write_limits(self, route: str, flow: Flow) -> None:
        """What the endpoint said about its rate limits last, one file a profile and worker."""
        said = {"version": VERSION, "at": flow.at, "host": flow.host, "limits": flow.limits}
        path = os.path.join(self._folder, f"{limits_name(route)}{self._slot}.json")
        write_private(path, json.dumps(said, ensure_ascii=True).encode())

    def _write(self, session: str, ended: list[Flow]) -> None:
        make_private_dir(self._folder)
        if not self._swept:
            self._swept = True
            _sweep(self._folder)
        path = os.path.join(self._folder, f"{session}.{self._slot}.json")
        held = _read(path)
        for flow in ended:
            _note(held, flow)
        write_private(path, json.dumps({"version": VERSION, **held}, ensure_ascii=True).encode())


def limits_name(route: str) -> str:
    """How the names of a profile's files about rate limits begin."""
    return "limits_" + "".join(c if c.isascii() and c.isalnum() else f"~{ord(c):x}" for c in route) + "."


def is_session(name: str) -> bool:
    """A session's id that may be part of a file's name; Claude Code's are UUIDs."""
    return 8 <= len(name) <= 64 and name.isascii() and all(c.isalnum() or c == "-" for c in name)


def _note(held: dict[str, Any], flow: Flow) -> None:
    held["requests"] += 1
    held["tokens"] += flow.input_tokens + flow.output_tokens + flow.cache_read_tokens + flow.cache_write_tokens
    if flow.cost is not None:
        held["priced"] += 1
        held["cost"][flow.currency] = held["cost"].get(flow.currency, 0.0) + flow.cost
        held["estimated"] = held["estimated"] or flow.cost_by in LISTS
    if flow.kind == "search":
        return  # a search source is no model
    answers = held["answers"]
    answers.pop(flow.asked, None)
    first = None if flow.first_byte_ms is None else round(flow.first_byte_ms, 1)
    answers[flow.asked] = [flow.at, flow.route, flow.answered or flow.model, first, flow.status, flow.budget]
    while len(answers) > MOST_MODELS:
        del answers[next(iter(answers))]


def session_answers(folder: str, session: str) -> SessionAnswers | None:
    """What is known of a session; None for one that never came through here."""
    if not is_session(session):
        return None
    try:
        names = [name for name in os.listdir(folder) if name.startswith(f"{session}.") and name.endswith(".json")]
    except OSError:
        return None
    total: SessionAnswers | None = None
    for name in names:
        held = _read(os.path.join(folder, name))
        answers = {asked: Answer(*row) for asked, row in held["answers"].items()}
        if total is None:
            total = SessionAnswers({}, 0, 0, {}, 0)
        for asked, answer in answers.items():
            if asked not in total.by_asked or total.by_asked[asked].at < answer.at:
                total.by_asked[asked] = answer
        for currency, amount in held["cost"].items():
            total.cost[currency] = total.cost.get(currency, 0.0) + amount
        total = total._replace(
            requests=total.requests + held["requests"],
            tokens=total.tokens + held["tokens"],
            priced=total.priced + held["priced"],
            estimated=total.estimated or held["estimated"],
        )
    return total


def _read(path: str) -> dict[str, Any]:
    """A session's file; one that is absent, damaged or of another version counts as empty."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        found = json.loads(read_file(path, LARGEST_BYTES))
        if found["version"] == VERSION:
            return {
                "requests": int(found["requests"]),
                "tokens": int(found["tokens"]),
                "priced": int(found["priced"]),
                "estimated": bool(found.get("estimated")),
                "cost": {str(currency): float(amount) for currency, amount in found["cost"].items()},
                "answers": {str(asked): _row(row) for asked, row in found["answers"].items()},
            }
    return {"requests": 0, "tokens": 0, "priced": 0, "estimated": False, "cost": {}, "answers": {}}


def _row(row: Any) -> list[Any]:
    at, route, model, first, status, *more = row
    first = None if first is None else float(first)
    return [float(at), str(route), str(model), first, int(status), str(more[0]) if more else ""]


def _sweep(folder: str) -> None:
    """Takes away what is a week old, and the oldest of too many."""
    found = []
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            found.append((os.stat(path).st_mtime, path))
    found.sort(reverse=True)
    for place, (changed_at, path) in enumerate(found):
        if place >= MOST_FILES or time.time() - changed_at > KEPT_S:
            with contextlib.suppress(OSError):
                os.unlink(path)
