"""A small application on a server of ours, asked over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

from ccswitch_tui.http11.application import RoutedApp
from ccswitch_tui.http11.message import Reply, Request, Response, Sent, Stream, json_response
from ccswitch_tui.http11.server import Server


class Echo(RoutedApp):
    """Tells what it was asked, and remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Request] = []
        self.cancelled = asyncio.Event()
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.routes.add("*", "/echo", self._echo)
        self.routes.add("GET", "/part/{name}", self._part)
        self.routes.add("GET", "/wait", self._wait)
        self.routes.add("GET", "/flood", self._flood)

    def admit(self, request: Request) -> Response | None:
        return self.refusal(401, "who are you?") if "X-Stranger" in request.headers else None

    async def _echo(self, request: Request) -> Reply:
        self.seen.append(request)
        return json_response({"method": request.method, "query": dict(request.query), "body": request.body.decode()})

    async def _part(self, request: Request) -> Reply:
        return json_response(dict(request.match))

    async def _wait(self, request: Request) -> Reply:
        self.asked.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return json_response("waited")

    async def _flood(self, request: Request) -> Sent:
        stream = Stream(request)
        stream.begin({"Content-Type": "text/plain"}, b"first")
        while True:
            if stream.send(bytes(65536)):
                self.asked.set()
                await stream.drained()
            await asyncio.sleep(0)


class Served:
    """The server, and what a test says to it."""

    def __init__(self, app: Echo, server: Server, port: int) -> None:
        self.app, self.server, self.port = app, server, port

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def say(self, *pieces: bytes, patience_s: float = 10.0) -> bytes:
        """All that comes back until the server hangs up, or has been silent for a moment after an answer."""
        async with self.open() as (reader, writer):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if len(pieces) > 1:
                    await asyncio.sleep(0.02)
            got = b""
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(patience_s):
                    while part := await reader.read(65536):
                        got += part
                        if b"\r\n\r\n" in got:
                            patience_s = 0.15
                            break
                async with asyncio.timeout(patience_s):
                    while part := await reader.read(65536):
                        got += part
            return got


@contextlib.asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Served]:
    app = Echo()
    server = Server(app, **options)
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    await server.listen([sock])
    try:
        yield Served(app, server, sock.getsockname()[1])
    finally:
        await server.close()
