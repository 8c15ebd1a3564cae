"""What is handed over with a request, and what comes back beside the answer: plain data that both processes know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.http11.message import Reply, Request, Response, Sent
from ccswitch_tui.profiles.budget import BudgetState
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.record import NamedTuple

OF_THE_ASKER = frozenset(
    {"id", "at", "started", "profile", "kind", "first_byte_ms", "total_ms", "request", "sent", "received", "returned"}
)
BOOKED = tuple(name for name in Flow.__slots__ if name not in OF_THE_ASKER)
"""Fields of a flow that only the process that answers can know."""

BODIES = ("sent", "received", "returned")


class Setup(NamedTuple):
    """What a worker is told once, when it starts."""

    env: Mapping[str, str]
    home: str
    root_profile: str | None
    prices: str = ""
    """The folder of price lists that were fetched."""


class Handed(NamedTuple):
    """One request without its body."""

    method: str
    path: str
    query_string: str
    fields: list[tuple[str, str]]
    version: tuple[int, int]
    keep_alive: bool
    length: int
    number: int
    """Of the flow in the books; 0 for a request that is in none."""
    at: float
    started: float
    profiles: tuple[int, bytes]
    """A number that grows with each change, and what `packed` makes of profiles, search source and problem."""
    learned: tuple[int, bytes]
    """The same of what endpoints have taught."""
    budgets: Mapping[str, BudgetState] = {}
    """Of the profiles that have one."""


class Done(NamedTuple):
    """The end of an answer."""

    reply: Reply
    booked: dict[str, Any]
    bodies: dict[str, Any]
    kind: str


def handed(
    request: Request,
    length: int,
    flow: Flow | None,
    profiles: tuple[int, bytes],
    learned: tuple[int, bytes],
    budgets: dict[str, BudgetState],
) -> Handed:
    """`request`, for the other process."""
    return Handed(
        method=request.method,
        path=request.path,
        query_string=request.query_string,
        fields=list(request.headers.fields()),
        version=request.version,
        keep_alive=request.keep_alive,
        length=length,
        number=flow.id if flow else 0,
        at=flow.at if flow else 0.0,
        started=flow.started if flow else 0.0,
        profiles=profiles,
        learned=learned,
        budgets=budgets,
    )


def booked(flow: Flow) -> dict[str, Any]:
    """What this side knows of a flow."""
    return {name: getattr(flow, name) for name in BOOKED}


def book(flow: Flow, values: Mapping[str, Any]) -> None:
    """Writes down what the other side knew."""
    for name, value in values.items():
        setattr(flow, name, value)


def as_data(reply: Reply) -> tuple[Any, ...]:
    """A reply as plain data."""
    if isinstance(reply, Sent):
        return (reply.keep_alive, reply.status)
    return (reply.body, reply.status, dict(reply.headers), reply.content_type)


def as_reply(data: tuple[Any, ...]) -> Reply:
    """What `as_data` was given."""
    if len(data) == 2:
        return Sent(keep_alive=data[0], status=data[1])
    return Response(data[0], status=data[1], headers=data[2], content_type=data[3])
