"""Several workers behind one port, asked as one: whoever is asked gathers what the others know.

Every worker also answers on a Unix socket in a folder that only its user can
enter; nothing is sent there unless somebody asks, so requests cost no more than
with a single process. A worker that does not answer in time is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from ccswitch_tui.http11.parsers import HttpParserError, HttpResponseParser, words_of
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.codec import loads

PATIENCE_S = 2.0
"""A healthy worker answers in a millisecond."""

RETRY_S = 1.0
"""A worker that died is replaced within a second."""


class Siblings(NamedTuple):
    """The place of one worker among all."""

    folder: str
    """Where their sockets are; "" where there could be none."""
    slot: int
    workers: int
    """How many there are."""
    keeper: int
    """The process that keeps them, and ends them all."""
    keeper_ends: int
    """A pipe that nobody writes to: it ends when the keeper does, however that comes."""

    @property
    def own_socket(self) -> str:
        """Where this worker is asked by the others."""
        return self._socket(self.slot)

    @property
    def other_sockets(self) -> list[str]:
        """Where the others are asked."""
        return [self._socket(slot) for slot in range(self.workers) if slot != self.slot] if self.folder else []

    def leave(self, *, orphaned: bool) -> None:
        """Takes the own socket away; after a killed keeper, the last to leave takes the folder too."""
        with contextlib.suppress(OSError):  # some event loops take it away themselves
            os.unlink(self.own_socket)
        if orphaned:
            with contextlib.suppress(OSError):
                os.rmdir(self.folder)

    def _socket(self, slot: int) -> str:
        return os.path.join(self.folder, f"{slot}.sock")


async def ask_all(sockets: Iterable[str], method: str, path: str) -> list[dict[str, Any]]:
    """The JSON objects of those who answer."""
    answers = await asyncio.gather(*(_ask(socket, method, path) for socket in sockets))
    return [answer for answer in answers if answer is not None]


async def _ask(socket: str, method: str, path: str) -> dict[str, Any] | None:
    said = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            status = await _told(socket, method, path, said.extend)
            found = loads(bytes(said)) if status == 200 else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


async def follow(socket: str, path: str, tell: Callable[[bytes], None]) -> None:
    """Hands on every event of another worker's stream, as the bytes it is made of; until it is cancelled."""
    while True:
        rest = bytearray()

        def hand_on(data: bytes, rest: bytearray = rest) -> None:
            rest.extend(data)
            *events, unfinished = rest.split(b"\n\n")
            rest[:] = unfinished
            for event in events:
                if event.startswith(b"event: "):
                    tell(bytes(event) + b"\n\n")

        with contextlib.suppress(OSError, ValueError):
            await _told(socket, "GET", path, hand_on)
        await asyncio.sleep(RETRY_S)


class _Told:
    """What a parser says of the one answer on a connection."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self.on_body = take
        self.complete = False

    def on_message_complete(self) -> None:
        self.complete = True


async def _told(socket: str, method: str, path: str, take: Callable[[bytes], None]) -> int:
    """Asks another worker; its answer's body goes to `take` as it comes. Returns the status. Raises OSError."""
    told = _Told(take)
    parser = HttpResponseParser(told)
    if sys.platform == "win32":  # where there is one worker only
        raise ConnectionRefusedError
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: worker\r\n\r\n".encode())
        while not told.complete and (data := await reader.read(65536)):
            parser.feed_data(data)
    except HttpParserError as error:
        raise ConnectionError(words_of(error)) from None
    finally:
        writer.close()
    if not told.complete:
        raise ConnectionResetError
    return int(parser.get_status_code())
