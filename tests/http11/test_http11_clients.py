"""A client's connection over its life: kept, refused early, waited for, given up, cancelled, ended."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from http11_served import Served, serving
from test_http11_requests import HEAD, statuses

from ccswitch_tui.http11.budget import Budget


async def until(true: object, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.005)


async def test_a_refused_client_can_send_all_and_read_why(served: Served) -> None:
    """The refusal is there before the body has come, and no reset takes it away."""
    async with served.open() as (reader, writer):
        writer.write(HEAD + b"X-Stranger: yes\r\nContent-Length: 20000000\r\n\r\n")
        said = await reader.readuntil(b"who are you?")
        assert statuses(said) == [401] and b"Connection: close" in said
        for _ in range(20):
            writer.write(bytes(1_000_000))
            await writer.drain()
        writer.write_eof()
        assert (await reader.read()).endswith(b"}")
    assert served.server.budget.held == 0


async def test_a_refusal_without_a_body_leaves_the_connection(served: Served) -> None:
    asked = b"GET /echo HTTP/1.1\r\nHost: a\r\nX-Stranger: yes\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
    assert statuses(await served.say(asked)) == [401, 200]


async def test_a_body_that_is_too_large_is_refused_before_it_comes_and_while_it_comes(served: Served) -> None:
    served.app.most_body_bytes = 1000
    assert statuses(await served.say(HEAD + b"Content-Length: 1001\r\n\r\n")) == [413]
    chunk = b"190\r\n" + bytes(0x190) + b"\r\n"
    assert statuses(await served.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3)) == [413]
    assert served.server.budget.held == 0


async def test_a_client_that_leaves_cancels_its_answer_at_once(served: Served) -> None:
    async with served.open() as (_, writer):
        writer.write(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(served.app.asked.wait(), 5)
    await asyncio.wait_for(served.app.cancelled.wait(), 5)
    await until(lambda: not served.server.connections)


async def test_a_client_that_reads_slowly_is_waited_for(served: Served) -> None:
    async with served.open() as (reader, writer):
        writer.write(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(served.app.asked.wait(), 5)
        (connection,) = served.server.connections
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_size() < 2**20
        assert (await reader.readuntil(b"first")).startswith(b"HTTP/1.1 200")
    await until(lambda: not served.server.connections)


async def test_a_client_that_asks_on_while_it_waits_is_answered_in_turn(served: Served) -> None:
    async with served.open() as (reader, writer):
        writer.write(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        await served.app.asked.wait()
        for number in range(3):
            writer.write(HEAD + b"Content-Length: 1\r\n\r\n%d" % number)
        await asyncio.sleep(0.05)
        assert served.app.seen == []
        served.app.go_on.set()
        said = await reader.readuntil(b'"body":"2"}')
    assert statuses(said) == [200] * 4
    assert b'"waited"HTTP' in said


async def test_slow_headers_are_closed_and_slow_bodies_told(parser: str) -> None:
    async with serving(idle_s=0.2, body_s=0.2) as served:
        async with served.open() as (reader, writer):
            writer.write(b"GET /echo HT")
            assert await reader.read() == b""
        async with served.open() as (reader, writer):
            writer.write(HEAD + b"Content-Length: 10\r\n\r\nhalf")
            assert statuses(await reader.readuntil(b"in time")) == [408]
        async with served.open() as (reader, writer):
            writer.write(HEAD + b"\r\n")
            assert statuses(await reader.read()) == [200]  # and the idle connection ended


async def test_the_longest_idle_connection_makes_room_for_a_new_one(parser: str) -> None:
    async with (
        serving(most_connections=2) as served,
        served.open() as (first, _),
        served.open() as (_, second),
    ):
        await until(lambda: len(served.server.connections) == 2)
        for one in served.server.connections:
            one.fresh_until = 0.0
        assert statuses(await served.say(HEAD + b"\r\n")) == [200]
        assert await asyncio.wait_for(first.read(), 5) == b""
        second.write(HEAD + b"\r\n")


async def test_one_too_many_is_told_so_and_those_who_have_just_come_stay(parser: str) -> None:
    async with (
        serving(most_connections=2) as served,
        served.open() as (one, first),
        served.open() as (two, second),
    ):
        await until(lambda: len(served.server.connections) == 2)
        refused = await served.say(HEAD + b"\r\n")
        assert statuses(refused) == [503]
        assert b"too many connections" in refused and b"Retry-After: 2" in refused
        for reader, writer in ((one, first), (two, second)):
            writer.write(HEAD.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + b"\r\n")
            assert statuses(await asyncio.wait_for(reader.read(), 5)) == [200]


async def test_far_too_many_are_told_so_unheard(parser: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(most_connections=2))
        readers = [(await stack.enter_async_context(served.open()))[0] for _ in range(8)]
        reading = [asyncio.ensure_future(reader.read()) for reader in readers]
        await until(lambda: sum(one.done() for one in reading) == 5)
        assert statuses(b"".join(one.result() for one in reading if one.done())) == [503] * 5
        for one in reading:
            one.cancel()


async def test_the_end_closes_idle_connections_and_lets_busy_ones_finish(served: Served) -> None:
    async with served.open() as (idle, _), served.open() as (busy, writer):
        writer.write(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        await served.app.asked.wait()
        served.server.stop_listening()
        assert await asyncio.wait_for(idle.read(), 5) == b""
        served.app.go_on.set()
        said = await asyncio.wait_for(busy.read(), 5)
        assert b"Connection: close" in said and said.endswith(b'"waited"')
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", served.port)


# ---------------------------------------------------------------- room for bodies

LARGE = 5 * 2**20


def post(size: int) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % size


async def test_a_large_body_waits_its_turn_and_is_answered(served: Served) -> None:
    async with served.open() as (one, first), served.open() as (two, second):
        first.write(post(LARGE))
        await until(lambda: served.server.budget.held == LARGE)
        second.write(post(LARGE) + b"x" * LARGE)
        await asyncio.sleep(0.05)
        assert served.server.budget.held == LARGE
        assert statuses(await served.say(post(3) + b"abc")) == [200], "a small one does not wait"
        first.write(b"y" * LARGE)
        assert (await one.readline()).split()[1] == b"200"
        assert (await two.readline()).split()[1] == b"200"
    await until(lambda: served.server.budget.held == 0)


async def test_who_waits_too_long_for_room_is_told_to_come_back() -> None:
    async with serving(budget=Budget(LARGE), room_s=0.2, idle_s=0.4, body_s=5.0) as served, served.open() as (_, first):
        first.write(post(LARGE))
        await until(lambda: served.server.budget.held == LARGE)
        said = await served.say(post(LARGE))
        assert statuses(said) == [503] and b"Retry-After: 2" in said
    await until(lambda: served.server.budget.held == 0)


async def test_who_leaves_while_waiting_takes_nothing() -> None:
    async with serving(budget=Budget(LARGE)) as served, served.open() as (one, first):
        first.write(post(LARGE))
        await until(lambda: served.server.budget.held == LARGE)
        async with served.open() as (_, second):
            second.write(post(LARGE))
            await until(lambda: len(served.server.connections) == 2)
            await asyncio.sleep(0.05)
        first.write(bytes(LARGE))
        assert (await one.readline()).split()[1] == b"200"
        await until(lambda: served.server.budget.held == 0)
