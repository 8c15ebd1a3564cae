"""StreamTranslator: the upstream's answer, in any form and any chunking, to a legal Anthropic stream. Sans-IO.

How it arrives is `arrival`'s to know, what it says the reader's (readers, one a
wire), what is written of it `writing`'s; `fastpath` goes around all three where
only a text differs. Nothing is sent before the upstream has said something, so
that a failure until then is a real HTTP status; afterwards it is an `error`
event.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.translate.answer import Unusable, documents_of
from ccswitch_tui.translate.arrival import BODY, EVENTS, PAGE, Arrival
from ccswitch_tui.translate.failure import Failure, Learned, error_event
from ccswitch_tui.translate.fastpath import FastPath
from ccswitch_tui.translate.readers import READERS
from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.words import read_words
from ccswitch_tui.translate.writing import AnswerFailed, WrittenAnswer
from ccswitch_tui.wire.anthropic import PING
from ccswitch_tui.wire.sse import Event

Json = dict[str, Any]


class StreamTranslator:
    """One answer. Feed it what the upstream sends, send on what it returns, ask it when the upstream is done."""

    model: str | None = None
    """What the endpoint says its model is: nobody asks, because the client is told the name it knows."""
    cost: float | None = None
    """What the answer costs stands in `translation.stated`."""

    def __init__(self, translation: Translation, *, provider: str = "") -> None:
        self.translation = translation
        self.notices = translation.notices
        self.committed = False
        """Bytes were returned for the client: an HTTP error is no longer possible."""
        self.done = False
        """The answer is over, well or badly: nothing more will come out, and the upstream can be closed."""
        self.finished = False
        """The upstream named a finish reason; at most token counts are still to come. Do not wait long."""
        self.failure: Failure | None = None
        """Why there is no answer; only while nothing was committed."""
        self.error: Failure | None = None
        """What went wrong, committed or not."""
        self._answer = WrittenAnswer(translation, provider)
        self._writer = self._answer.writer
        self._arrival = Arrival()
        self._reader = READERS[translation.wire]()
        self._fast = FastPath(self._reader, self._answer.floor, self._arrival.decoder, learns=translation.stream)
        self._head = self._tail = b""
        """The fast path's, for a read that is one plain event."""

    # ------------------------------------------------------------ the outside

    def feed(self, data: bytes) -> bytes:
        """What this read gives the client. Never raises."""
        head = self._head
        if head and data.startswith(head) and data.endswith(self._tail):
            plain = self._fast.alone(data)
            if plain is not None:
                return plain
        if self.done:
            return b""
        try:
            self._take(data)
        except Exception as fault:
            self._fail(fault)
        return self._given()

    def finish(self, cause: str = "eof") -> bytes:
        """The upstream is gone: `eof`, `reset` or `timeout`. What remains for the client. Never raises."""
        if self.done:
            return b""
        try:
            self._upstream_gone(cause)
        except Exception as fault:
            self._fail(fault)
        return self._given()

    def commit(self) -> bytes:
        """Begin the answer now, because the upstream accepted the request and stays silent."""
        if self.done or self._writer.started:
            return b""
        self._answer.floor.begin()
        return self._given()

    def ping(self) -> bytes:
        """A sign of life; empty before the answer has begun and after it has ended."""
        return PING if self.committed and not self.done else b""

    def message(self) -> Json:
        """The whole answer as one message, for a client that wanted no stream. Only after a good end."""
        return self._writer.message

    @property
    def held_bytes(self) -> int:
        """What came and could not be read yet: when its end comes, all of it is."""
        return self._arrival.held_bytes

    @property
    def status(self) -> int:
        """What the endpoint answered with."""
        return self._answer.status

    @status.setter
    def status(self, status: int) -> None:
        self._answer.status = status

    @property
    def lesson(self) -> Learned | None:
        """What the form of the answer has taught about the endpoint."""
        return self._answer.lesson

    @property
    def stop_reason(self) -> str | None:
        return self._answer.stop_reason

    @property
    def stop_sequence(self) -> str | None:
        return self._answer.stop_sequence

    @property
    def usage(self) -> dict[str, int]:
        """As told to the client at the end."""
        return self._answer.usage

    @property
    def measured_input(self) -> int | None:
        """All input tokens as the upstream counted them: for Calibration.observe. None if it did not."""
        counted = self._answer.counted
        return counted.prompt or None if counted is not None and self._answer.done else None

    # ------------------------------------------------------------ reading

    def _take(self, data: bytes) -> None:
        if self._fast.template is not None:
            data = self._without_whole(data)
            if not data:
                return
        for event in self._arrival.feed(data):
            self._event(event)
            if self._answer.done:
                return
        if self._arrival.full:
            self._whole_body()

    def _without_whole(self, data: bytes) -> bytes:
        """What is left of a read, torn at either end, once the plain events among its whole ones are written."""
        decoder = self._arrival.decoder
        if not decoder.between_events:
            begin = data.find(b"\n\n") + 2
            if begin < 2:
                return data
            for event in decoder.feed(data[:begin]):
                self._event(event)
                if self._answer.done:
                    return b""
            data = data[begin:]
        end = data.rfind(b"\n\n") + 2
        if end < 2 or self._fast.template is None or not decoder.between_events:
            return data
        return self._fast.without_plain(data[:end]) + data[end:]

    def _event(self, event: Event) -> None:
        fast = self._fast
        if fast.template is not None and fast.took(event.data):
            return
        documents = documents_of(event, self._answer)
        for document in documents:
            self._reader.event(event.name, document, self._answer)
            if self._answer.done:
                return
        answer = self._answer
        if fast.learns and isinstance(documents, list) and len(documents) == 1 and not answer.finished:
            fast.learn(documents[0], event.data, filtered=not answer.filters.idle or answer.holds_tag)

    def _upstream_gone(self, cause: str) -> None:
        answer, arrival = self._answer, self._arrival
        if arrival.kind == EVENTS:
            for event in arrival.finish():
                self._event(event)
                if answer.done:
                    return
            if not answer.finished and not (answer.counted_at_last and cause == "eof"):
                if not answer.heard and arrival.head and cause == "eof":
                    raise AnswerFailed(answer.failure_in(read_words(arrival.head)))
                raise AnswerFailed(answer.broken_off(cause))
            answer.end()
        elif arrival.kind == PAGE or (arrival.kind == BODY and cause == "eof"):
            self._whole_body()
        else:
            raise AnswerFailed(answer.broken_off(cause))

    def _whole_body(self) -> None:
        """The answer was one body, not events."""
        for document in self._arrival.documents():
            if isinstance(document, dict):
                if self._answer.finished:  # what follows an answer: its counts, in a document of their own
                    self._reader.event("", document, self._answer)
                else:
                    self._reader.document(document, self._answer)
                if self._answer.done:
                    return
        if not self._answer.heard:
            raise Unusable("the endpoint answered without any choice")
        self._answer.end()

    # ------------------------------------------------------------ giving

    def _given(self) -> bytes:
        self.finished = self._answer.finished
        self.done = self.done or self._answer.done
        template = self._fast.template
        if self._head or (template is not None and template.call is None):
            self._fast.look(done=self.done)
            self._head, self._tail = self._fast.head, self._fast.tail
        if self.failure is not None:
            return b""
        out = self._writer.take()
        if out:
            self.committed = self._answer.committed = True
        return out

    def _fail(self, fault: Exception) -> None:
        """The end of an answer that cannot be given, or not to its end."""
        if isinstance(fault, AnswerFailed):
            failure = fault.failure
        elif isinstance(fault, Unusable):
            failure = self._answer.failure(502, str(fault))
        else:  # a fault of ours must not end the proxy, nor look like a finished answer
            self.notices.add("unknown", f"the translation failed: {type(fault).__name__}")
            failure = self._answer.failure(502, "the endpoint's answer could not be translated")
        self.done = True
        self.error = failure
        if self.committed and self.translation.stream:
            self._writer.raw(error_event(failure))
        else:
            self._writer.discard()
            self.failure = failure
