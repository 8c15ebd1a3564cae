"""How an answer arrives: as events, as one JSON body, or as a web page. Bytes in any chunking in, those out.

The first telling byte decides, not the content type: servers that stream
whatever they are asked, and those that never do, name the wrong one. Sans-IO.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.translate.answer import TOO_MANY_VALUES, Unusable
from ccswitch_tui.translate.words import LARGEST_BODY, read_words
from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.density import too_many_values
from ccswitch_tui.wire.odd_events import answer_before, documents_in
from ccswitch_tui.wire.sse import BOM, Decoder, Event

LARGEST_JSON = 8 * 1024 * 1024
"""Bytes of an answer that is one JSON body."""

HEAD_BYTES = 4096
UNKNOWN, EVENTS, BODY, PAGE = "unknown", "events", "body", "page"

ARRIVALS = {b"{": BODY, b"[": BODY, b"<": PAGE}
"""First byte of the answer → what it is; anything else is events."""

NO_EVENTS: list[Event] = []


class Arrival:
    """One answer as it comes in."""

    def __init__(self) -> None:
        self.kind = UNKNOWN
        self.decoder = Decoder()
        self.full = False
        """A body, or one event, is larger than any answer: nothing more needs to come."""
        self.head = b""
        """The beginning of what came as events while no event was in it: perhaps words of an error."""
        self._is_stream = False
        self._first = b""
        self._body: list[bytes] = []
        self._body_bytes = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events this read completes. A body is kept until it is asked for."""
        if self.kind == UNKNOWN:
            data = self._recognised(data)
        if self.kind == EVENTS:
            events = self.decoder.feed(data)
            if not self._is_stream:
                self._is_stream = bool(events)
                self.head = b"" if events else (self.head + data)[:HEAD_BYTES]
            self.full = self.decoder.overflowed
            return events
        if self.kind != UNKNOWN and data:
            self._body.append(data)
            self._body_bytes += len(data)
            self.full = self._body_bytes > (LARGEST_JSON if self.kind == BODY else LARGEST_BODY)
        return NO_EVENTS

    @property
    def held_bytes(self) -> int:
        """What came and could not be read yet."""
        return self._body_bytes + self.decoder.held_bytes

    def finish(self) -> list[Event]:
        """The events that were left without their blank line."""
        return self.decoder.finish() if self.kind == EVENTS else NO_EVENTS

    def documents(self) -> list[Any]:
        """The JSON of a body: one document, a list of them, or one a line. Raises Unusable for anything else."""
        if self.kind == EVENTS:
            raise Unusable("the endpoint sent one event of more than 8 MB")
        body = b"".join(self._body)
        self._body = []
        if self.kind == PAGE or len(body) > LARGEST_JSON:
            words = read_words(body)
            if words.message and not words.html:
                raise Unusable(words.message)  # an error in XML
            page = words.message if words.html else "not an answer"
            raise Unusable(f"the endpoint sent a web page instead of an answer: {page}")
        return _documents(body)

    def _recognised(self, data: bytes) -> bytes:
        """What came so far, once the first telling byte is there. White space before it says nothing."""
        data = self._first + data
        if data.startswith(BOM):
            data = data[len(BOM) :]
        elif len(data) < len(BOM) and BOM.startswith(data):
            self._first = data
            return b""
        data = data.lstrip(b" \t\r\n")
        self._first = b""
        if data:
            self.kind = ARRIVALS.get(data[:1], EVENTS)
        return data


def _documents(body: bytes) -> list[Any]:
    if too_many_values(body):
        raise Unusable(TOO_MANY_VALUES)
    try:
        whole = loads(body)
    except ValueError:
        try:
            return [loads(line) for line in body.splitlines() if line.strip()]
        except ValueError:
            found = documents_in(body) or answer_before(body)
            if not found:
                raise Unusable("the endpoint's answer is broken JSON") from None
            return found
    return whole if isinstance(whole, list) else [whole]
