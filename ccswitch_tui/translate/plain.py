"""Template: what surrounds the text of an event, so that the next one like it can be read by slicing. Pure."""

from __future__ import annotations

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.calls import ToolCall
from ccswitch_tui.wire.codec import string_body


class Template(NamedTuple):
    """What surrounds the text in a plain chunk."""

    before: bytes
    after: bytes
    call: ToolCall | None
    """The call whose arguments it is; None for text and thinking."""
    head: bytes
    tail: bytes
    """`before` and `after` as they stand in the stream, with what makes an event of them."""

    def body_of(self, data: bytes) -> bytes | None:
        """The text of a chunk's data as the inside of a JSON string; None if it is another chunk."""
        if not data.startswith(self.before) or not data.endswith(self.after):
            return None
        size = len(data) - len(self.after)
        return data[len(self.before) : size] if size >= len(self.before) else None

    def body_of_all(self, events: bytes) -> tuple[bytes, str] | None:
        """The text of a whole read, as bytes and as it reads, if all its events are plain text."""
        if self.call is not None:
            return None
        head, tail = self.head, self.tail
        size = len(events) - len(tail)
        if (
            size < len(head)
            or not events.startswith(head)
            or not events.endswith(tail)
            or events.find(b"\\" + tail) >= 0
        ):
            return None  # a text that ends in a backslash may have lost its other half to the next one
        body = b"".join(events[len(head) : size].split(tail + head))
        text = string_body(body)
        return None if text is None else (body, text)
