"""Server-sent events: bytes in any chunking to events, and back.

No I/O. Lines end at CR, LF or CRLF and nowhere else; in particular not at
U+2028, which is legal inside the JSON of a delta (str.splitlines() would cut
there). Forgiven: a `data:` without a space, a last event without its blank
line, a byte order mark, a bare line of JSON. Data stay bytes, so that a
character torn between two reads needs no care.
Source: WHATWG HTML, "Server-sent events", parsing an event stream.
"""

from __future__ import annotations

from ccswitch_tui.record import NamedTuple

LONGEST_EVENT_BYTES = 8 * 1024 * 1024
"""Bound on what one event may hold before it ends. The largest real ones carry a generated image or a whole
file as one tool argument, some megabytes; without a bound a hostile endpoint fills the memory."""

PIECE_BYTES = 64
"""What a piece takes in memory besides its bytes: 20 million empty `data:` lines took 1.6 GB and counted nothing."""

CR, LF = 13, 10
"""As numbers: looking for one byte as bytes costs CPython ten times as much, because it tries them as a number."""

BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its name ("" where none was given) and its data."""

    name: str
    data: bytes


_new = tuple.__new__
"""An event without the call that names its fields."""


class Decoder:
    """Bytes to events. `overflowed` is set when one event passed the bound; nothing comes out any more then."""

    def __init__(self, longest_event_bytes: int = LONGEST_EVENT_BYTES) -> None:
        self.overflowed = False
        self._longest = longest_event_bytes
        self._line: list[bytes] = []
        """Pieces of the unfinished last line: joined once, so that a 5 MB line in small reads costs no square."""
        self._line_bytes = 0
        self._after_cr = False
        self._at_start = True
        self._name = ""
        self._data: list[bytes] = []
        self._data_bytes = 0

    @property
    def between_events(self) -> bool:
        """Nothing of an unfinished event is kept: the next byte begins a new one."""
        return not (self._line or self._data or self._name or self._after_cr or self._at_start)

    @property
    def held_bytes(self) -> int:
        """What waits for the end of its event."""
        return self._line_bytes + self._data_bytes

    def feed(self, chunk: bytes) -> list[Event]:
        """The events this chunk completes."""
        events: list[Event] = []
        if self.overflowed or not chunk:
            return events
        if self._after_cr:
            self._after_cr = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        if chunk.find(LF) == len(chunk) - 2 and chunk.startswith(b"data: ") and self._is_whole(chunk):
            events.append(Event("", chunk[6:-2]))
            return events
        if CR in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if LF not in chunk:
            self._keep(chunk)
            return events
        if self._line:
            self._line.append(chunk)
            chunk = b"".join(self._line)
            self._line.clear()
            self._line_bytes = 0
        if self._at_start:
            self._at_start = False
            chunk = chunk.removeprefix(BOM)
        if chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and not (self._data or self._name):
            pieces = chunk[:-2].split(b"\n\n")
            plain = [
                _new(Event, ("", piece[6:])) for piece in pieces if piece.startswith(b"data: ") and LF not in piece
            ]
            if len(plain) == len(pieces):
                return plain
        lines = chunk.split(b"\n")
        last = lines.pop()
        for line in lines:
            if not line:
                if self._data:
                    self._dispatch(events)
                else:
                    self._name = ""
            else:
                self._take(line, events)
        if last:
            self._keep(last)
        if self._data_bytes > self._longest:
            self.overflowed = True
        return events

    def _is_whole(self, chunk: bytes) -> bool:
        """Whether a line of data and the line end behind it are one event: most reads of a paced stream are."""
        return chunk.endswith(b"\n\n") and CR not in chunk and self.between_events

    def finish(self) -> list[Event]:
        """What was left without its blank line when the connection ended."""
        events: list[Event] = []
        if self._line and not self.overflowed:
            line = b"".join(self._line)
            self._take(line.removeprefix(BOM) if self._at_start else line, events)
        self._line.clear()
        if self._data:
            self._dispatch(events)
        return events

    def _keep(self, piece: bytes) -> None:
        self._line.append(piece)
        self._line_bytes += len(piece) + PIECE_BYTES
        if self._line_bytes > self._longest:
            self.overflowed = True

    def _take(self, line: bytes, events: list[Event]) -> None:
        if line.startswith(b"data:"):
            data = line[6:] if line[5:6] == b" " else line[5:]
            self._data.append(data)
            self._data_bytes += len(data) + PIECE_BYTES
        elif line.startswith(b"event:"):
            self._name = line[6:].strip().decode("utf-8", "replace")
        elif line[:1] == b"{" or line.startswith(b"[DONE]"):
            events.append(Event("", line))  # not of the standard: some servers drop an error object into the stream

    def _dispatch(self, events: list[Event]) -> None:
        data = self._data
        events.append(Event(self._name, data[0] if len(data) == 1 else b"\n".join(data)))
        data.clear()
        self._name, self._data_bytes = "", 0


def encode(name: str, data: bytes) -> bytes:
    """One event as it goes over the wire; `data` is one line of JSON."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)
