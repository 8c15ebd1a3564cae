"""The proxy's connections to endpoints: used again when that is safe, and never when it is not."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import Callable

import pytest
from proxy_client import profile

from ccswitch_tui.net.url import parse_url
from ccswitch_tui.net.way import Way
from ccswitch_tui.proxy.client.connection import Answer, Broken
from ccswitch_tui.proxy.client.dial import dial
from ccswitch_tui.proxy.client.upstream import Upstream, UpstreamError
from ccswitch_tui.proxy.pump import read_limited

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers each request on a connection with the next of its bytes; None hangs up instead."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.after: Callable[[asyncio.StreamWriter], None] = lambda writer: None

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.upstream = Upstream({}, "/")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.upstream.close()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self.answers:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
            answer = self.answers.pop(0)
            if answer is None:
                break
            writer.write(answer)
            await writer.drain()
            self.after(writer)
        writer.close()

    async def ask(self) -> Answer:
        origin = f"http://127.0.0.1:{self.port}"
        return await self.upstream.send(profile(origin), parse_url(origin), None, body=[b"{}"], headers=())

    async def text(self) -> bytes:
        return await read_limited(await self.ask(), 10_000_000, 5)


async def test_a_complete_answer_leaves_the_connection_for_the_next() -> None:
    async with Server(OK, OK, OK) as server:
        assert [await server.text() for _ in range(3)] == [b"ok"] * 3
        assert server.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse",
    ],
)
async def test_a_connection_that_may_not_serve_again_does_not(first: bytes) -> None:
    async with Server(first, OK) as server:
        assert [await server.text() for _ in range(2)] == [b"ok"] * 2
        assert server.connections == 2


async def test_what_an_idle_connection_says_is_nobodys_answer() -> None:
    async with Server(OK, OK) as server:
        server.after = lambda writer: writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        assert await server.text() == b"ok"
        await asyncio.sleep(0.05)
        assert await server.text() == b"ok"
        assert server.connections == 2


async def test_a_pooled_connection_that_had_died_costs_nothing() -> None:
    async with Server(OK, None, OK) as server:
        assert [await server.text() for _ in range(2)] == [b"ok"] * 2
        assert server.connections == 2


async def test_a_new_connection_that_is_closed_is_not_asked_twice() -> None:
    async with Server(None, OK) as server:
        with pytest.raises(UpstreamError, match="closed before the answer"):
            await server.ask()
        assert server.answers == [OK]


async def test_what_was_answered_badly_is_not_asked_again() -> None:
    async with Server(OK, b"220 mail.example ESMTP\r\n", OK) as server:
        assert await server.text() == b"ok"
        with pytest.raises(UpstreamError, match="not HTTP"):
            await server.ask()
        assert server.answers == [OK]


async def test_an_answer_that_stops_in_its_head_is_not_asked_again() -> None:
    async with Server(OK, b"HTTP/1.1 103 Early Hints\r\n\r\n", None, OK) as server:
        assert await server.text() == b"ok"
        server.after = lambda writer: writer.close()
        with pytest.raises(UpstreamError, match="closed before the answer"):
            await server.ask()
        assert server.answers == [None, OK]


async def test_a_connection_that_closed_before_it_was_used_says_so() -> None:
    async with Server() as server:
        connection = await dial(Way("http", "127.0.0.1", server.port), None, 5)
        while connection.alive:
            await asyncio.sleep(0.01)
        answer = connection.send(b"GET / HTTP/1.1\r\n\r\n", [], "", lambda free: None)
        with pytest.raises(Broken, match="closed before the answer"):
            await answer.begun(5)


async def test_a_fault_of_ours_while_the_endpoint_has_the_request_closes_the_connection() -> None:
    closed = asyncio.Event()

    async def wait_for_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        closed.set()
        writer.close()

    def stumble() -> None:
        raise LookupError

    served = await asyncio.start_server(wait_for_the_end, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}"
    upstream = Upstream({}, "/")
    with pytest.raises(LookupError):
        await upstream.send(profile(origin), parse_url(origin), None, body=[b"{}"], headers=(), meanwhile=stumble)
    await asyncio.wait_for(closed.wait(), 5)
    served.close()


async def test_a_continue_and_hints_before_the_answer_are_passed_over() -> None:
    async with Server(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK) as server:
        assert await server.text() == b"ok"


async def test_a_body_that_ends_with_its_connection_is_complete_and_one_cut_short_is_not() -> None:
    async with Server(b"HTTP/1.1 200 OK\r\n\r\nall of it") as server:
        assert await server.text() == b"all of it"
    async with Server(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf") as server:
        with pytest.raises(UpstreamError, match="in the middle"):
            await server.text()
    async with Server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n") as server:
        with pytest.raises(UpstreamError, match="in the middle"):
            await server.text()


async def test_no_content_has_none() -> None:
    async with Server(b"HTTP/1.1 204 No Content\r\n\r\n", OK) as server:
        assert [await server.text() for _ in range(2)] == [b"", b"ok"]
        assert server.connections == 1


async def test_what_is_no_http_is_an_error_that_says_so() -> None:
    async with Server(b"220 mail.example ESMTP\r\n") as server:
        with pytest.raises(UpstreamError, match="not HTTP"):
            await server.ask()


async def test_a_compressed_answer_is_read_pulled_and_pushed() -> None:
    body = gzip.compress(b"token " * 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with Server(answer, answer) as server:
        assert await server.text() == b"token " * 1000
        taken: list[bytes] = []
        pushed = await server.ask()
        await pushed.push_to(lambda data: taken.append(data) or True)
        assert b"".join(taken) == b"token " * 1000
        assert pushed.at_end


async def test_a_taker_that_stops_within_an_unpacked_read_gets_the_rest_of_it() -> None:
    body = gzip.compress(bytes(600_000))
    async with Server(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    ) as server:
        answer = await server.ask()
        sizes: list[int] = []
        async with asyncio.timeout(5):
            while not answer.at_end:
                await answer.push_to(lambda data: sizes.append(len(data)) is not None)
        assert sum(sizes) == 600_000
        assert len(sizes) > 1


async def test_whoever_does_not_take_holds_the_endpoint_back() -> None:
    sent = 0
    blocked = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.transport.set_write_buffer_limits(0)
        with pytest.raises(ConnectionError):
            while True:
                writer.write(bytes(100_000))
                try:
                    await asyncio.wait_for(writer.drain(), 0.3)
                except TimeoutError:
                    blocked.set()
                    await writer.drain()
                sent += 100_000

    served = await asyncio.start_server(flood, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}"
    upstream = Upstream({}, "/")
    answer = await upstream.send(profile(origin), parse_url(origin), None, body=[b"{}"], headers=())
    taken = 0

    def take(data: bytes) -> bool:
        nonlocal taken
        taken += len(data)
        return False

    await answer.push_to(take)
    await asyncio.wait_for(blocked.wait(), 5)
    before = taken
    await asyncio.sleep(0.1)
    assert taken == before
    await answer.push_to(take)
    assert taken > before
    answer.close()
    with pytest.raises(Broken):
        await answer.push_to(take)
    served.close()


async def test_what_a_taker_raises_reaches_the_reader() -> None:
    async with Server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12") as server:
        answer = await server.ask()

        def take(data: bytes) -> bool:
            raise LookupError(data.decode())

        with pytest.raises(LookupError, match="12"):
            await answer.push_to(take)
        answer.close()


async def test_a_flood_is_pushed_in_pieces_and_others_have_their_turn() -> None:
    """256 kB of the smallest events in one read would hold the loop for as long as they take."""
    body = b": hi\n\n" * 50_000
    async with Server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as server:
        answer = await server.ask()
        turns, sizes, at_turn = 0, [], []

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        def take(data: bytes) -> bool:
            sizes.append(len(data))
            at_turn.append(turns)
            return True

        task = asyncio.ensure_future(others())
        async with asyncio.timeout(10):
            await answer.push_to(take)
        task.cancel()
    assert sum(sizes) == len(body) and answer.at_end
    assert max(sizes) <= 32 * 1024
    for turn in set(at_turn):
        assert sum(size for size, at in zip(sizes, at_turn, strict=True) if at == turn) <= 64 * 1024
