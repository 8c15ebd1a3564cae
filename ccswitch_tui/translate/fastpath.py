"""Plain events: those that differ from the one before in their text alone, and so need no parsing.

Nine of ten events of an answer are such. What surrounds the text of one is
remembered as a `Template`; the next one with the same surroundings gives its
text by slicing, and that text is already the inside of a JSON string, checked
as one. What each way around buys, in µs of process time a token, measured by
leaving it out (one event a read | each event different | 16 a read | arguments):

    as it is                                      0.9 | 5.3 | 0.6 |  4.1
    without `alone` (a read is one event)         2.7 | 5.3 | 0.6 |  4.1
    without `body_of_all` (a read is many)        0.9 | 5.3 | 1.4 |  4.3
    without templates at all                      5.5 | 5.4 | 3.8 | 17.0
    without the reader's look for text alone      0.9 | 6.3 | 0.6 |  4.1

and the reader's look for PLAIN deltas saves 4 of 20 where text goes through
filters. What bought nothing is gone; a new one is to bring its column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.translate.answer import Reader
from ccswitch_tui.translate.floor import Floor, size
from ccswitch_tui.translate.plain import Template
from ccswitch_tui.translate.writer import DELTA
from ccswitch_tui.wire.codec import string_body

if TYPE_CHECKING:
    from ccswitch_tui.wire.sse import Decoder

Json = dict[str, Any]

TAG = "</"
"""Text with this in it is read in the usual way: it may be a tag that ends thinking."""
LINE_END = 10
"""As a number: looking for one byte as bytes costs CPython ten times as much, because it tries them as a number."""
MOST_WASTED = 12
"""Templates learned for nothing: this server changes something in every event."""


class FastPath:
    """The ways around parsing, for one answer that is streamed."""

    __slots__ = ("_decoder", "_floor", "_reader", "_wasted", "_writer", "head", "learns", "least", "tail", "template")

    def __init__(self, reader: Reader, floor: Floor, decoder: Decoder, *, learns: bool) -> None:
        self.learns = learns
        """Templates are worth learning: for a stream, and while they are of use."""
        self.template: Template | None = None
        self.head = self.tail = b""
        """What stands around the text of a read that is one plain event; empty while none can come."""
        self.least = 0
        """How long a read with both is at least: where they overlap, there is no text between them."""
        self._reader = reader
        self._floor = floor
        self._writer = floor.writer
        self._decoder = decoder
        self._wasted = 0

    def alone(self, data: bytes) -> bytes | None:
        """What a read of exactly one plain event gives the client; None if it is another. For `head` and `tail`."""
        body = data[len(self.head) : -len(self.tail)]
        # a line end would mean several events; a text itself has none that is bare
        text = string_body(body) if LINE_END not in body and len(data) >= self.least else None
        if text is None or TAG in text:
            return None
        if not text:
            return b""
        self._floor.said_bytes += len(text) if text.isascii() else size(text)
        return DELTA % (self._writer.delta_head, body)

    def look(self, *, done: bool) -> None:
        """After a read: whether the next one may be a single plain event."""
        template = self.template
        if template is not None and template.call is None and not done and self._decoder.between_events:
            self.head, self.tail = template.head, template.tail
            self.least = len(self.head) + len(self.tail)
        else:
            self.head = b""

    def without_plain(self, data: bytes) -> bytes:
        """What is left of whole events once the plain ones at their beginning are written."""
        template = self.template
        together = template.body_of_all(data) if template is not None and template.call is None else None
        if together is not None and TAG not in together[1]:
            self._write(*together)
            return b""
        pieces = data.split(b"\n\n")
        for place, piece in enumerate(pieces):
            if not piece.startswith(b"data: ") or not self.is_plain(piece[6:]):
                return data if place == 0 else b"\n\n".join(pieces[place:])
        return b""

    def took(self, data: bytes) -> bool:
        """Whether this event's data were plain and are written; if not, the template was for nothing."""
        if self.is_plain(data):
            return True
        self.template = None
        self._wasted += 1
        self.learns = self._wasted <= MOST_WASTED
        return False

    def is_plain(self, data: bytes) -> bool:
        """Whether this event differs from the one before in its text alone; then it has been written."""
        template = self.template
        body = template.body_of(data) if template is not None else None
        text = string_body(body) if body is not None else None
        if template is None or body is None or text is None:
            return False
        if template.call is None:
            if TAG in text:
                return False
            self._write(body, text)
            return True
        call = template.call
        self._floor.said_bytes += size(text)
        call.take(text)
        safe = call.passable()
        if safe:
            self._writer.add(safe)
        self._floor.check_endless(call)
        return True

    def _write(self, body: bytes, text: str) -> None:
        if text:
            self._floor.said_bytes += size(text)
            self._writer.add_raw(body)

    def learn(self, chunk: Json, data: bytes, *, filtered: bool) -> None:
        """Remembers what surrounds the text of an event that was read in the usual way."""
        if self._writer.open and not self._floor.waiting:
            self.template = self._reader.template_of(
                chunk, data.strip(), open_block=self._writer.open, live=self._floor.live, filtered=filtered
            )
