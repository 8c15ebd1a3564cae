"""What traffic keeps of bodies: whole ones of real size, and no more of them than there is room for."""

from __future__ import annotations

import json

from ccswitch_tui.proxy.books.flow import ANSWER_BYTES, CROWDED_BYTES, Flow
from ccswitch_tui.proxy.books.traffic import MOST_BODIES, MOST_BODY_BYTES, Traffic


def exchange_of(traffic: Traffic, size: int) -> Flow:
    exchange = traffic.begin(at=1.0, started=0.0, profile="acme")
    exchange.request.add(json.dumps({"system": "x" * size}).encode())
    traffic.end(exchange, 1.0)
    return exchange


def test_a_request_of_the_size_claude_code_sends_is_kept_whole() -> None:
    kept = exchange_of(Traffic(), 400_000)
    assert len(json.loads(kept.bodies()["request"])["system"]) == 400_000


def test_only_the_newest_bodies_are_kept() -> None:
    traffic = Traffic()
    flows = [exchange_of(traffic, 100) for _ in range(MOST_BODIES + 3)]
    assert [bool(flow.bodies()["request"]) for flow in flows] == [False] * 3 + [True] * MOST_BODIES


def test_large_bodies_take_no_more_than_their_room_together() -> None:
    traffic = Traffic()
    flows = []
    for _ in range(MOST_BODIES):
        exchange = traffic.begin(at=1.0, started=0.0, profile="acme")
        for body in (exchange.request, exchange.sent, exchange.received, exchange.returned):
            body.add(b"x" * 2**20)
        traffic.end(exchange, 1.0)
        flows.append(exchange)
    assert sum(flow.body_bytes for flow in flows) <= MOST_BODY_BYTES
    assert flows[-1].body_bytes


def test_answers_of_many_who_run_at_once_take_no_more_than_a_few_whole_ones() -> None:
    traffic = Traffic()
    flows = [traffic.begin(at=1.0, started=0.0, profile="acme") for _ in range(MOST_BODIES + 112)]
    for flow in flows:
        for body in (flow.received, flow.returned):
            body.add(*[b"x" * 1000] * 1000)
    assert {flow.body_bytes for flow in flows[:MOST_BODIES]} == {2 * ANSWER_BYTES}
    assert {flow.body_bytes for flow in flows[MOST_BODIES:]} == {2 * CROWDED_BYTES}
    for flow in flows:
        traffic.end(flow, 1.0)
    assert traffic.begin(at=1.0, started=0.0, profile="acme").received.room == ANSWER_BYTES, "it is quiet again"
