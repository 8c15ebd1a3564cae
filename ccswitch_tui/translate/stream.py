"""StreamTranslator: the upstream's answer, in any form and any chunking, to a legal Anthropic stream. Sans-IO.

Layers, each with its table: how the answer arrives (`ARRIVALS`: events, one
JSON body, a web page), who of several simultaneous calls and texts may write
(floor), and which block is open (writer.BLOCK_MOVES). Nothing is sent before
the upstream has said something, so that a failure until then is a real HTTP
status; afterwards it is an `error` event.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.translate.chunks import PLAIN, documents, image_note, is_error, is_ordinary, unsaid
from ccswitch_tui.translate.ending import stop_of, usage_of
from ccswitch_tui.translate.errors import failure_from_words
from ccswitch_tui.translate.failure import Failure, Overflow, error_event
from ccswitch_tui.translate.filters import Filters
from ccswitch_tui.translate.floor import Floor, Unusable, size
from ccswitch_tui.translate.overflow import overflow_sentence
from ccswitch_tui.translate.plain import MOST_WASTED, Template, template_of
from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.text_tools import Written
from ccswitch_tui.translate.textflow import Piece
from ccswitch_tui.translate.words import LARGEST_BODY, Words, read_words, words_of
from ccswitch_tui.translate.writer import TEXT, THINKING
from ccswitch_tui.wire.anthropic import PING
from ccswitch_tui.wire.codec import loads, string_body
from ccswitch_tui.wire.openai_chat import (
    DONE,
    FAILED,
    UNCLEAR,
    Usage,
    choice_of,
    content_parts,
    finish_of,
    fragments_of,
    images_of,
    read_usage,
    reasoning_of,
)
from ccswitch_tui.wire.sse import BOM, Decoder, Event

Json = dict[str, Any]

LARGEST_JSON = 64 * 1024 * 1024
"""Bytes of an answer that is one JSON body."""
UNKNOWN, EVENTS, BODY, PAGE = "unknown", "events", "body", "page"

ARRIVALS = {b"{": BODY, b"[": BODY, b"<": PAGE}
"""First byte of the answer → what it is; anything else is events, whatever the content type says."""

BROKEN_OFF = {
    "eof": "the connection ended before the answer was complete",
    "reset": "the connection broke before the answer was complete",
    "timeout": "the endpoint fell silent before the answer was complete",
}
NOTHING_IN_IT = "the endpoint answered 200 with nothing in it"


class AnswerFailed(Exception):
    """The answer ends here, badly."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class StreamTranslator:
    """One answer. Feed it what the upstream sends, send on what it returns, ask it when the upstream is done."""

    def __init__(self, translation: Translation, *, provider: str = "") -> None:
        self.translation = translation
        self.notices = translation.notices
        self.committed = False
        """Bytes were returned for the client: an HTTP error is no longer possible."""
        self.status = 200
        """What the endpoint answered with; a failure of a 200 is not to be looked for as a 502 in its log."""
        self.done = False
        """The answer is over, well or badly: nothing more will come out, and the upstream can be closed."""
        self.finished = False
        """The upstream named a finish reason; at most token counts are still to come. Do not wait long."""
        self.failure: Failure | None = None
        """Why there is no answer; only while nothing was committed."""
        self.error: Failure | None = None
        """What went wrong, committed or not."""
        self.stop_reason: str | None = None
        self.stop_sequence: str | None = None
        self.usage: dict[str, int] = {}
        """As told to the client at the end."""
        self.measured_input: int | None = None
        """All input tokens as the upstream counted them: for Calibration.observe. None if it did not."""
        self._provider = provider
        self._floor = Floor(translation)
        self._writer = self._floor.writer
        self._filters = Filters(translation)
        self._arrival = UNKNOWN
        self._first = b""
        self._decoder = Decoder()
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._template: Template | None = None
        self._plain_head = self._plain_tail = b""
        """What stands around the text of a read that is one plain event; empty while none can come."""
        self._templates_wasted = 0
        self._learns = translation.stream
        self._finish = ""
        self._refused = False
        self._matched_stop: str | None = None
        self._counted: Usage | None = None
        self._saw_choice = False

    # ------------------------------------------------------------ the outside

    def feed(self, data: bytes) -> bytes:
        """What this read gives the client. Never raises."""
        head = self._plain_head
        if head and data.startswith(head) and data.endswith(self._plain_tail):
            body = data[len(head) : -len(self._plain_tail)]
            # a line end would mean several events; a text itself has none that is bare
            text = string_body(body) if b"\n" not in body and len(data) >= len(head) + len(self._plain_tail) else None
            if text is not None:
                self._floor.said_bytes += len(text) if text.isascii() else size(text)
                return self._writer.delta_alone(body) if text else b""
        if self.done:
            return b""
        try:
            self._take(data)
        except Exception as fault:
            self._fail(fault)
        self._look_for_plain()
        return self._given()

    def _look_for_plain(self) -> None:
        template = self._template
        if template is not None and template.call is None and not self.done and self._decoder.between_events:
            self._plain_head, self._plain_tail = template.head, template.tail
        else:
            self._plain_head = b""

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
        self._floor.begin()
        return self._given()

    def ping(self) -> bytes:
        """A sign of life; empty before the answer has begun and after it has ended."""
        return PING if self.committed and not self.done else b""

    def message(self) -> Json:
        """The whole answer as one message, for a client that wanted no stream. Only after a good end."""
        return self._writer.message

    def _given(self) -> bytes:
        if self.failure is not None:
            return b""
        out = self._writer.take()
        if out:
            self.committed = True
        return out

    def _fail(self, fault: Exception) -> None:
        """The end of an answer that cannot be given, or not to its end."""
        if isinstance(fault, AnswerFailed):
            failure = fault.failure
        elif isinstance(fault, Unusable):
            failure = self._failure(502, str(fault))
        else:  # a fault of ours must not end the proxy, nor look like a finished answer
            self.notices.add("unknown", f"the translator stumbled: {type(fault).__name__}")
            failure = self._failure(502, "the endpoint's answer could not be translated")
        self.done = True
        self.error = failure
        if self.committed and self.translation.stream:
            self._writer.raw(error_event(failure))
        else:
            self._writer.discard()
            self.failure = failure

    def _failure(self, status: int, message: str) -> Failure:
        words = Words(message)
        return failure_from_words(status, words, provider=self._provider, model=self._model, shown=self.status)

    @property
    def _model(self) -> str:
        return str(self.translation.body.get("model", ""))

    # ------------------------------------------------------------ arriving

    def _take(self, data: bytes) -> None:
        if self._arrival == UNKNOWN:
            data = self._recognised(data)
        if self._arrival == EVENTS:
            if self._template is not None:
                data = self._without_whole(data)
            for event in self._decoder.feed(data):
                self._event(event)
                if self.done:
                    return
            if self._decoder.overflowed:
                raise Unusable("the endpoint sent one event of more than 32 MB")
        elif self._arrival != UNKNOWN and data:
            self._body.append(data)
            self._body_bytes += len(data)
            if self._body_bytes > (LARGEST_JSON if self._arrival == BODY else LARGEST_BODY):
                self._whole_body()

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
            self._arrival = ARRIVALS.get(data[:1], EVENTS)
        return data

    def _upstream_gone(self, cause: str) -> None:
        if self._arrival == EVENTS:
            for event in self._decoder.finish():
                self._event(event)
                if self.done:
                    return
            if not self.finished:
                raise AnswerFailed(self._broken_off(cause))
            self._end()
        elif self._arrival == PAGE or (self._arrival == BODY and cause == "eof"):
            self._whole_body()
        else:
            raise AnswerFailed(self._broken_off(cause))

    def _broken_off(self, cause: str) -> Failure:
        status = 504 if cause == "timeout" else 502
        if self._saw_choice or cause != "eof":
            return self._failure(status, BROKEN_OFF.get(cause, BROKEN_OFF["eof"]))
        return self._failure(status, NOTHING_IN_IT)

    def _whole_body(self) -> None:
        """The answer was one body, not events."""
        body = b"".join(self._body)
        self._body = []
        if self._arrival == PAGE or len(body) > LARGEST_JSON:
            words = read_words(body)
            page = words.message if words.html else "not an answer"
            raise Unusable(f"the endpoint sent a web page instead of an answer: {page}")
        for document in documents(body):
            if isinstance(document, dict):
                self._chunk(document, "", whole=True)
                if self.done:
                    return
        if not self._saw_choice:
            raise Unusable("the endpoint answered without any choice")
        self._end()

    # ------------------------------------------------------------ events

    def _without_whole(self, data: bytes) -> bytes:
        """What is left of a read, torn at either end, once the plain events among its whole ones are written."""
        if not self._decoder.between_events:
            begin = data.find(b"\n\n") + 2
            if begin < 2:
                return data
            for event in self._decoder.feed(data[:begin]):
                self._event(event)
                if self.done:
                    return b""
            data = data[begin:]
        end = data.rfind(b"\n\n") + 2
        if end < 2 or self._template is None or not self._decoder.between_events:
            return data
        return self._without_plain(data[:end]) + data[end:]

    def _without_plain(self, data: bytes) -> bytes:
        """What is left of whole events once the plain ones at their beginning are written."""
        together = self._template.body_of_all(data) if self._template is not None else None
        if together is not None:
            self._write_plain(*together)
            return b""
        pieces = data.split(b"\n\n")
        for place, piece in enumerate(pieces):
            if not piece.startswith(b"data: ") or not self._is_plain(piece[6:]):
                return data if place == 0 else b"\n\n".join(pieces[place:])
        return b""

    def _is_plain(self, data: bytes) -> bool:
        """Whether this chunk differs from the one before in its text alone; then it has been written."""
        template = self._template
        body = template.body_of(data) if template is not None else None
        text = string_body(body) if body is not None else None
        if template is None or body is None or text is None:
            return False
        if template.call is None:
            self._write_plain(body, text)
            return True
        call = template.call
        self._floor.said_bytes += size(text)
        call.take(text)
        safe = call.passable()
        if safe:
            self._writer.add(safe)
        self._floor.check_endless(call)
        return True

    def _write_plain(self, body: bytes, text: str) -> None:
        if text:
            self._floor.said_bytes += size(text)
            self._writer.add_raw(body)

    def _event(self, event: Event) -> None:
        name, data = event
        if self._template is not None:
            if self._is_plain(data):
                return
            self._template = None
            self._templates_wasted += 1
        data = data.strip()
        if not data:
            return
        if data == DONE:
            self._upstream_done()
            return
        try:
            chunk = loads(data)
        except ValueError:
            self._unreadable(name, data)
            return
        if isinstance(chunk, list) and chunk:
            chunk = chunk[0]
        if isinstance(chunk, dict):
            if not self._took_text(chunk, name):
                self._chunk(chunk, name)
            if self._templates_wasted <= MOST_WASTED and self._learns and self._writer.open and not self.finished:
                self._learn_template(chunk, data)
        elif name == "error":
            raise Unusable(str(chunk)[:500])

    def _unreadable(self, name: str, data: bytes) -> None:
        if data[:1] in (b"{", b"["):
            raise Unusable("the endpoint sent a broken piece of its answer")
        if name == "error":
            raise Unusable(data[:500].decode("utf-8", "replace"))
        self.notices.add("unknown", "a line in the stream that is no JSON")

    def _learn_template(self, chunk: Json, data: bytes) -> None:
        if not self._floor.waiting:
            self._template = template_of(
                chunk, data, open_block=self._writer.open, live=self._floor.live, filtered=not self._filters.idle
            )

    def _took_text(self, chunk: Json, name: str) -> bool:
        """The same as _chunk, quickly, for a chunk that holds text for the open block and nothing else."""
        choices = chunk.get("choices")
        if self._writer.open != TEXT or self._floor.live is not None or name or not self._filters.idle:
            return False
        if not isinstance(choices, list) or len(choices) != 1 or chunk.get("usage") or chunk.get("error"):
            return False
        choice = choices[0]
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(delta, dict) or choice.get("finish_reason") or choice.get("index"):
            return False
        if any(value and key != "content" and key != "role" for key, value in delta.items()):
            return False
        content = delta.get("content")
        if type(content) is not str or not content:
            return False
        if "usage" in choice or "stop_reason" in choice or "base_resp" in chunk:
            return False
        self._floor.said_bytes += size(content)
        self._writer.add(content)
        return True

    def _chunk(self, chunk: Json, name: str, *, whole: bool = False) -> None:
        if (name or whole or not is_ordinary(chunk)) and is_error(chunk, name, whole):
            raise AnswerFailed(self._upstream_error(chunk))
        self._count(chunk.get("usage"))
        choice = choice_of(chunk)
        if choice is None:
            return
        self._saw_choice = True
        self._count(choice.get("usage"))
        said = choice.get("delta")
        if not isinstance(said, dict):
            said = choice.get("message")
        if isinstance(said, dict):
            self._delta(said)
        elif isinstance(choice.get("text"), str):
            self._say_filtered(choice["text"])
        if self.done:
            return
        if self.translation.stop_sequences:
            for key in ("stop_reason", "matched_stop"):
                if choice.get(key) in self.translation.stop_sequences:
                    self._matched_stop = choice[key]
        finish = choice.get("finish_reason")
        if self.finished:
            return
        if isinstance(finish, str) and finish:
            self._finish_named(finish.lower(), choice)
        elif whole:
            self.finished = True
            self._settle()

    def _upstream_error(self, chunk: Json) -> Failure:
        words = words_of(chunk)
        if not words.message and not words.code:
            words = words._replace(message=unsaid(chunk))
        return failure_from_words(0, words, provider=self._provider, model=self._model, translation=self.translation)

    def _finish_named(self, finish: str, choice: Json) -> None:
        meaning = finish_of(finish)
        if meaning == UNCLEAR:
            self.notices.add("guessed", f"the endpoint ended the answer with '{finish[:60]}', taken for a good end")
        self._finish = "end_turn" if meaning == UNCLEAR else meaning
        if meaning == FAILED:
            error = choice.get("error")
            if isinstance(error, dict):
                raise AnswerFailed(self._upstream_error({"error": error}))
            raise Unusable(f"the endpoint ended the answer with '{finish}'")
        said = self.committed or self._floor.said_bytes
        if self._finish == "model_context_window_exceeded" and not said:
            raise AnswerFailed(self._full_context(finish))
        self.finished = True
        self._settle()

    def _full_context(self, words: str) -> Failure:
        overflow = Overflow("input", self._counted.prompt if self._counted else None)
        sentence = overflow_sentence(overflow, f"the endpoint said {words}")
        return Failure(400, "invalid_request_error", sentence, overflow=overflow)

    def _count(self, given: Any) -> None:
        usage = read_usage(given) if given else None
        if usage is not None:
            self._counted = usage

    # ------------------------------------------------------------ what a chunk holds: thinking, then text, then calls

    def _delta(self, delta: Json) -> None:
        if PLAIN.issuperset(delta) and type(delta.get("content")) in (str, type(None)):
            self._say_filtered(delta.get("content") or "")
            return
        thought = reasoning_of(delta)
        if thought:
            self._floor.say(THINKING, thought)
        self._floor.keep_details(delta.get("reasoning_details"))
        content, audio, refusal = delta.get("content"), delta.get("audio"), delta.get("refusal")
        if content:
            for kind, text in content_parts(content):
                if self.done:
                    break  # a stop string was met in the part before
                if kind == THINKING:
                    self._floor.say(THINKING, text)
                else:
                    self._say_filtered(text)
        elif isinstance(audio, dict) and isinstance(audio.get("transcript"), str):
            self._say_filtered(audio["transcript"])
        if isinstance(refusal, str) and refusal:
            self._refused = True
            self._say_filtered(refusal)
        for address in images_of(delta):
            if not self.done:
                self._floor.say(TEXT, image_note(address))
        pieces = fragments_of(delta)
        if pieces and not self.done:
            self._flush_filters()
            self._floor.take_pieces(pieces)

    def _say_filtered(self, text: str) -> None:
        """Text of the answer, through whatever filters it needs."""
        if not text or self.done:
            return
        if self._filters.idle:
            self._floor.say(TEXT, text)
            return
        for item in self._filters.feed(text):
            self._say_item(item)
        if self._filters.found_stop is not None:
            self._matched_stop = self._filters.found_stop
            self._finish = "end_turn"
            self.finished = True
            self._end()

    def _say_item(self, item: Piece | Written) -> None:
        if isinstance(item, Written):
            self.notices.add("repaired", f"a call of {item.name} that the model wrote as text")
            self._floor.take_whole_call(item.name, item.arguments)
        else:
            self._floor.say(*item)

    def _flush_filters(self) -> None:
        if not self._filters.idle:
            for item in self._filters.flush():
                self._say_item(item)

    # ------------------------------------------------------------ the end

    def _upstream_done(self) -> None:
        """`[DONE]`: complete by the upstream's own word, even where it never named a reason."""
        if not self.finished:
            if not self._saw_choice:
                raise Unusable(NOTHING_IN_IT)
            if not self._floor.has_something and not self._filters.holds:
                raise Unusable("the endpoint ended its answer before it said anything")
        self._end()

    def _settle(self) -> None:
        """Nothing more comes but counts."""
        self._flush_filters()
        self._floor.settle(cut=self._finish == "max_tokens")

    def _end(self) -> None:
        if self.done:
            return
        self._settle()
        if self._is_silent_overflow():
            raise AnswerFailed(self._full_context("length after no output at all"))
        if self._finish == "refusal" and not self._floor.said_bytes:
            self._floor.say(TEXT, "The endpoint's content filter stopped this answer.")
        self._floor.close()
        self.stop_reason, self.stop_sequence = stop_of(
            self._finish, calls=self._floor.calls_sent, matched=self._matched_stop, refused=self._refused
        )
        self.usage = usage_of(self._counted, self._floor.said_bytes, self.translation)
        self.measured_input = self._counted.prompt or None if self._counted is not None else None
        self._writer.end(self.stop_reason, self.stop_sequence, self.usage)
        self.done = True

    def _is_silent_overflow(self) -> bool:
        """MiMo answers a conversation that is too long with `length` and not one token."""
        counted = self._counted
        said_nothing = not self._floor.said_bytes and counted is not None and counted.output == 0
        return self._finish == "max_tokens" and said_nothing and not self.committed
