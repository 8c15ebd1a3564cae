"""An endpoint that speaks the Messages API itself: its bytes pass through untouched. Pure.

A key that an error event quotes is masked. Otherwise only the end is ours: a
stream that stops without `message_stop` or `error` gets an error event, because
a client takes a silent end for a finished answer. And what is no answer at all:
an error in another shape under status 200, whose words the client would not
show. Usage is read from the head and the tail of the stream, not event by event.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from ccswitch_tui.proxy.books.prices import stated_in
from ccswitch_tui.secret import redact
from ccswitch_tui.translate.chunks import is_error
from ccswitch_tui.translate.errors import failure_from_words
from ccswitch_tui.translate.failure import Failure, error_event
from ccswitch_tui.translate.words import read_words, words_of
from ccswitch_tui.wire.anthropic import PING, stream_of
from ccswitch_tui.wire.codec import dumps, loads
from ccswitch_tui.wire.sse import Decoder

HEAD_BYTES = 4096
TAIL_READS = 12
"""message_delta and message_stop arrive in the last reads; of small ones, more are kept."""

ENDED = re.compile(rb"event: ?(?:message_stop|error)\b|\"type\": ?\"(?:message_stop|error)\"")
ERROR_EVENT = re.compile(rb"event: ?error\b|\"type\": ?\"error\"|^data: ?\{\"error\"", re.MULTILINE)
COUNTS = re.compile(
    rb'"(input_tokens|output_tokens|cache_read_input_tokens|cache_creation_input_tokens|ephemeral_1h_input_tokens)"'
    rb": ?(\d+)"
)
STOP_REASON = re.compile(rb'"stop_reason": ?"(\w+)"')
MODEL = re.compile(rb'"model": ?"([^"\\]{1,200})"')


BROKEN_OFF = {
    "eof": ("api_error", "the connection ended before the answer was complete"),
    "reset": ("api_error", "the connection was lost before the answer was complete"),
    "timeout": ("timeout_error", "the endpoint stopped sending before the answer was complete"),
}
NOTHING_CAME = ("api_error", "the endpoint sent an empty answer")


def _without_key(data: bytes) -> bytes:
    """A read with an error event in it: endpoints quote the key that they refuse."""
    try:
        text = data.decode()
    except UnicodeDecodeError:  # a character is torn
        return data
    return redact(text).encode()


class NativeStream:
    """A stream passed on as it is; the counterpart of StreamTranslator for endpoints that need none."""

    def __init__(self, *, streams: bool = False) -> None:
        """`streams`: the client wants a stream, and gets one of a message that comes whole."""
        self._streams = streams
        self.committed = False
        self.done = False
        self.finished = False
        self.failure: Failure | None = None
        self.error: Failure | None = None
        self._empty = True
        self._held_bytes = 0
        """Of a message that comes whole."""
        self._held: list[bytes] = []
        """What came while it may still be an error in the clothes of an answer."""
        self._passes = False
        self._head = b""
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    @property
    def held_bytes(self) -> int:
        """What is read at its end: a message that comes whole. Of a stream a few thousand bytes at either end are."""
        return 0 if self._passes else self._held_bytes

    def feed(self, data: bytes) -> bytes:
        """The same bytes, once it is certain that they are an answer."""
        self._empty = False
        if not self._passes:
            self._held.append(data)
            if self._streams and self._is_document(data):
                return b""
            first = b"".join(self._held)
            if _may_be_error(first):
                refused = error_in(first) if first.endswith(b"\n\n") else None
                return b"" if refused is None else self._refused(refused)
            data = first
            self._passes = True
        self.committed = True
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
        self._tail.append(data)
        self._tail_bytes += len(data)
        while len(self._tail) > TAIL_READS and self._tail_bytes - len(self._tail[0]) > HEAD_BYTES:
            self._tail_bytes -= len(self._tail.popleft())
        return _without_key(data) if b'"error"' in data and ERROR_EVENT.search(data) else data

    def _is_document(self, data: bytes) -> bool:
        """Whether this is one JSON document so far, and not longer than an answer."""
        self._held_bytes += len(data)
        begun = self._held[0].lstrip()[:1] or (b"".join(self._held).lstrip()[:1] if len(self._held) < 9 else b"")
        return begun == b"{" and self._held_bytes < LARGEST_DOCUMENT

    def finish(self, cause: str = "eof") -> bytes:
        """Nothing after a complete stream, an error event after a broken one."""
        self.done = True
        if not self._passes and self._held:
            whole = b"".join(self._held)
            refused = error_in(whole) or no_answer_in(whole)
            if refused is None and self._streams and whole.lstrip()[:1] == b"{" and cause == "eof":
                refused, whole = refusal_in(whole), _as_stream(whole)
            if refused is not None:
                return self._refused(refused)
            self._passes = True
            return self.feed(whole) + self.finish(cause)
        tail = b"".join(self._tail)
        if not self._empty and ENDED.search(tail[-HEAD_BYTES:]):
            return b""
        told = error_in(tail[-HEAD_BYTES:]) if b'"error"' in tail[-HEAD_BYTES:] else None
        reason = BROKEN_OFF.get(cause, BROKEN_OFF["eof"]) if not self._empty or cause != "eof" else NOTHING_CAME
        broken = Failure(504 if cause == "timeout" else 502, *reason, cure_elsewhere=True)
        self.error = told or broken  # an error may have come in another shape than the client reads
        if not self.committed:
            self.failure = self.error
            return b""
        # the blank line ends an event that was cut in the middle: no client takes half an event for one
        return (b"" if self._empty else b"\n\n") + error_event(self.error)

    def _refused(self, failure: Failure) -> bytes:
        """The end of what was no answer: a status while nothing was sent, an event afterwards."""
        self.done = True
        self.error = failure
        self.failure = None if self.committed else failure
        return error_event(failure) if self.committed else b""

    def commit(self) -> bytes:
        """A ping is all that may stand before the endpoint's own message_start."""
        self.committed = True
        return PING

    def ping(self) -> bytes:
        """A ping, or nothing while an event is cut in the middle."""
        return PING if not self._tail or self._tail[-1].endswith((b"\n\n", b"\r\n\r\n")) else b""

    @property
    def stop_reason(self) -> str | None:
        found = STOP_REASON.findall(b"".join(self._tail))
        return found[-1].decode() if found else None

    @property
    def cost(self) -> float | None:
        """What the endpoint says the answer costs, in the usage at its end."""
        return stated_in(b"".join(self._tail))

    @property
    def model(self) -> str | None:
        """The model the endpoint says it is."""
        found = MODEL.search(self._head)
        return found[1].decode("utf-8", "replace") if found else None

    @property
    def usage(self) -> dict[str, int]:
        """Token counts as the endpoint stated them; later statements win, zeros do not."""
        counts: dict[str, int] = {}
        for name, number in COUNTS.findall(self._head) + COUNTS.findall(b"".join(self._tail)):
            if int(number) or name.decode() not in counts:
                counts[name.decode()] = int(number)
        return counts


LARGEST_DOCUMENT = 8 * 1024 * 1024
"""Bytes of a message that comes whole."""
MOST_HELD = 256 * 1024
"""Bytes of an error. What is longer is an answer."""


def _may_be_error(first: bytes) -> bool:
    """Whether this beginning of a 200 may be an error: it has no piece of an answer yet, signs of life apart."""
    return len(first) < MOST_HELD and not PIECE.search(first)


PIECE = re.compile(rb'"type": ?"(?:message|message_start|content_block_\w+|message_delta|message_stop)"|"content": ?\[')
"""In every answer of the Messages API, whole or streamed, and in no error."""


def error_in(whole: bytes) -> Failure | None:
    """The failure that a 200 holds instead of an answer; None where it holds one, or something unknown."""
    for name, data in _events(whole):
        try:
            document = loads(data)
        except ValueError:
            continue
        document = document[0] if isinstance(document, list) and document else document
        if isinstance(document, str) and document:
            return failure_from_words(0, words_of(document), shown=200)
        if not isinstance(document, dict) or ("content" in document and not document.get("error")):
            continue
        kind = document.get("type")
        if kind not in (None, "error") and not document.get("error"):
            continue  # a piece of an answer, or a ping
        if is_error(document, name, whole=False) or document.get("success") is False or document.get("detail"):
            return failure_from_words(0, words_of(document), shown=200)
    return None


def refusal_in(whole: bytes) -> Failure | None:
    """The failure of a whole answer that is none: an error, a page, half an answer, one in another format."""
    refused = error_in(whole) or no_answer_in(whole)
    if refused is not None or whole.lstrip()[:1] != b"{":
        return refused  # events for one answer are passed on
    try:
        return None if isinstance(loads(whole), dict) else Failure(502, *NOTHING_CAME, cure_elsewhere=True)
    except ValueError:
        return Failure(502, *BROKEN_OFF["eof"], cure_elsewhere=True)


def no_answer_in(whole: bytes) -> Failure | None:
    """The failure of a 200 with nothing of an answer in it, in its own words where it has any."""
    if PIECE.search(whole):
        return None
    words = read_words(whole)
    if (
        words.message
        and whole.lstrip()[:1] not in (b"{", b"[")
        and not whole.lstrip().startswith((b"data:", b"event:", b":"))
    ):
        return failure_from_words(0, words, shown=200)
    return Failure(502, *NOTHING_CAME, cure_elsewhere=True)


def _as_stream(whole: bytes) -> bytes:
    """A message as the stream that was asked for: Claude Code asks once more for what it cannot read as one, and both
    are billed."""
    try:
        message = loads(whole)
        return stream_of(message) if isinstance(message.get("content"), list) else whole
    except (ValueError, AttributeError, TypeError):
        return whole


def _events(whole: bytes) -> list[tuple[str, bytes]]:
    """Name and data of a body, or of each event where it is a stream."""
    text = whole.strip()
    if text[:1] in (b"{", b"[", b'"'):
        return [("", text)]
    decoder = Decoder()
    return [(event.name, event.data.strip()) for event in decoder.feed(text + b"\n\n") + decoder.finish()]


def with_model(raw: bytes, body: dict[str, Any], asked: str, model: str) -> bytes:
    """The request's bytes with another model name, and otherwise as the client wrote them where that is possible."""
    if asked == model:
        return raw
    # Claude Code writes the model first: replacing it there leaves every other byte (and prefix caches) alone
    start = b'{"model":' + dumps(asked)
    if raw.startswith(start) and raw.count(b'"model":' + dumps(asked)) == 1:
        return b'{"model":' + dumps(model) + raw[len(start) :]
    return dumps({**body, "model": model})


LONGEST_SHOWN = 16 * 1024
"""Bytes of an error that is passed on: looking for keys takes its time, and no client shows more."""


def may_be_shown(body: bytes) -> bool:
    """Whether an error may be passed on as it is: no key in it, and not the header's name that Claude Code reads in a
    message as "not logged in"."""
    text = body.decode("utf-8", "replace")
    return len(body) <= LONGEST_SHOWN and "x-api-key" not in text and redact(text) == text


def is_error_body(body: bytes) -> bool:
    """True for an error in the Messages API's own shape, which the client understands better than any rewording."""
    try:
        document = loads(body)
        error = document["error"]
        return document["type"] == "error" and isinstance(error["type"], str) and isinstance(error["message"], str)
    except (ValueError, KeyError, TypeError):
        return False
