"""StreamTranslator: the upstream's answer, in any form and any chunking, to a legal Anthropic stream. Sans-IO.

Three layers, each with its table: how the answer arrives (`ARRIVALS`: events,
one JSON body, a web page), which of several simultaneous calls and texts may
write (one at a time, in order of appearance; the others wait), and which block
is open (writer.BLOCK_MOVES). Nothing is sent before the upstream has said
something, so that a failure until then is a real HTTP status; afterwards it is
an `error` event, and a call that is not finished is never closed: Claude Code
would run it.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

from ccswitch_tui.translate.calls import MOST_CALLS, Call, CallBook, Ids, argument_text
from ccswitch_tui.translate.errors import failure_from_words
from ccswitch_tui.translate.failure import Failure, Overflow, error_event
from ccswitch_tui.translate.overflow import overflow_sentence
from ccswitch_tui.translate.reasoning import pack
from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.text_tools import TextTools, Written
from ccswitch_tui.translate.textflow import StopCutter, ThinkTag
from ccswitch_tui.translate.words import LARGEST_BODY, read_words, words_of
from ccswitch_tui.translate.writer import CALL, NOTHING, TEXT, THINKING, Writer
from ccswitch_tui.wire.anthropic import PING
from ccswitch_tui.wire.codec import dumps, loads, string_body
from ccswitch_tui.wire.openai_chat import (
    DONE,
    FINISH,
    Fragment,
    Usage,
    choice_of,
    content_parts,
    fragments_of,
    images_of,
    read_usage,
    reasoning_of,
)
from ccswitch_tui.wire.sse import BOM, Decoder, Event

Json = dict[str, Any]

LARGEST_JSON = 64 * 1024 * 1024
"""Bytes of an answer that is one JSON body."""
MOST_WAITING = 64 * 1024 * 1024
"""Characters that may wait for their turn behind an unfinished call."""
BYTES_PER_TOKEN = 3.6
"""Of answers, for endpoints that count nothing: code and prose in UTF-8."""
SMALLEST_CUT = 4000
"""Estimated input tokens from which on a far smaller count means that the server cut the conversation."""

UNKNOWN, EVENTS, BODY, PAGE = "unknown", "events", "body", "page"

ARRIVALS = {b"{": BODY, b"[": BODY, b"<": PAGE}
"""First byte of the answer → what it is; anything else is events, whatever the content type says."""

BROKEN_OFF = {
    "eof": "the connection ended before the answer was complete",
    "reset": "the connection broke before the answer was complete",
    "timeout": "the endpoint fell silent before the answer was complete",
}


PLAIN_FIELDS = {"content": TEXT, "reasoning_content": THINKING, "reasoning": THINKING}
"""Fields of a delta whose text goes straight into the block of that kind."""
MOST_WASTED = 12
"""Templates learned for nothing: this server changes something in every chunk."""


class Template(NamedTuple):
    """What surrounds the text in the last plain chunk: the next one with the same surroundings needs no parsing."""

    before: bytes
    after: bytes
    call: Call | None
    """The call whose arguments it is; None for text and thinking."""


class Run:
    """Text or thinking that waits behind an unfinished call."""

    __slots__ = ("kind", "pieces")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.pieces = [text]


class StreamTranslator:
    """One answer. Feed it what the upstream sends, send on what it returns, ask it when the upstream is done."""

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
        self.stop_reason: str | None = None
        self.stop_sequence: str | None = None
        self.usage: dict[str, int] = {}
        """As told to the client at the end."""
        self.measured_input: int | None = None
        """All input tokens as the upstream counted them: for Calibration.observe. None if it did not."""
        self._provider = provider
        self._writer = Writer(streams=translation.stream)
        self._arrival = UNKNOWN
        self._decoder = Decoder()
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._template: Template | None = None
        self._templates_wasted = 0
        self._book = CallBook(lambda name: translation.names.restore(name) in translation.names.known)
        self._ids = Ids(translation.used_ids, "")
        self._live: Call | None = None
        self._waiting: deque[Call | Run] = deque()
        self._waiting_chars = 0
        self._blank = ""
        """White space that came first: text begins with it, a call does not need it."""
        self._think: ThinkTag | None = ThinkTag()
        notation = translation.quirks.text_tools
        self._text_tools = TextTools(notation, translation.names) if notation != "off" and translation.tools else None
        self._cutter = StopCutter(translation.local_stops) if translation.local_stops else None
        self._details: list[Json] = []
        self._keeps_details = translation.quirks.reasoning_replay == "reasoning_details" and translation.thinking
        self._finish = ""
        self._refused = False
        self._matched_stop: str | None = None
        self._counted: Usage | None = None
        self._said_bytes = 0
        self._saw_choice = False
        self._calls_sent = 0

    # ------------------------------------------------------------ the outside

    def feed(self, data: bytes) -> bytes:
        """What this read gives the client. Never raises."""
        if self.done:
            return b""
        try:
            self._take(data)
        except Exception as fault:  # a fault of ours must not end the proxy, nor look like a finished answer
            self._broken(fault)
        return self._given()

    def finish(self, cause: str = "eof") -> bytes:
        """The upstream is gone: `eof`, `reset` or `timeout`. What remains for the client. Never raises."""
        if self.done:
            return b""
        try:
            self._upstream_gone(cause)
        except Exception as fault:
            self._broken(fault)
        return self._given()

    def commit(self) -> bytes:
        """Begin the answer now, because the upstream accepted the request and stays silent."""
        if self.done or self._writer.started:
            return b""
        self._begin()
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

    def _broken(self, fault: Exception) -> None:
        self.notices.add("unknown", f"the translator stumbled: {type(fault).__name__}")
        self._fail(self._failure(502, "the endpoint's answer could not be translated"))

    # ------------------------------------------------------------ arriving

    def _take(self, data: bytes) -> None:
        if self._arrival == UNKNOWN:
            data = self._recognised(data)
        if self._arrival == EVENTS:
            if self._template is not None and data.endswith(b"\n\n") and self._decoder.between_events:
                data = self._without_plain(data)
            for event in self._decoder.feed(data):
                self._event(event)
                if self.done:
                    return
            if self._decoder.overflowed:
                self._fail(self._failure(502, "the endpoint sent one event of more than 32 MB"))
        elif self._arrival != UNKNOWN and data:
            self._body.append(data)
            self._body_bytes += len(data)
            if self._body_bytes > (LARGEST_JSON if self._arrival == BODY else LARGEST_BODY):
                self._whole_body()

    def _recognised(self, data: bytes) -> bytes:
        """All bytes so far, once the first telling one is there."""
        self._body.append(data)
        data = b"".join(self._body)
        bare = data.removeprefix(BOM).lstrip(b" \t\r\n")
        if not bare:
            if len(data) > LARGEST_BODY:
                self._body, data = [], b""  # white space as a sign of life: any amount of it says nothing
            self._body = [data]
            return b""
        if BOM.startswith(data[:3]) and len(data) < len(BOM):
            self._body = [data]
            return b""
        self._arrival = ARRIVALS.get(bare[:1], EVENTS)
        self._body = []
        return data if self._arrival == EVENTS else bare

    def _upstream_gone(self, cause: str) -> None:
        if self._arrival == UNKNOWN:
            rest = b"".join(self._body)
            self._fail(
                self._silent_end(cause) if not rest.strip() else self._failure(502, "the endpoint sent nothing of use")
            )
        elif self._arrival == EVENTS:
            for event in self._decoder.finish():
                self._event(event)
                if self.done:
                    return
            if self.finished:
                self._end()
            else:
                self._fail(self._silent_end(cause))
        elif cause == "eof" or self._arrival == PAGE:
            self._whole_body()
        else:
            self._fail(self._silent_end(cause))

    def _silent_end(self, cause: str) -> Failure:
        status = 504 if cause == "timeout" else 502
        if self._saw_choice or cause != "eof":
            return self._failure(status, BROKEN_OFF.get(cause, BROKEN_OFF["eof"]))
        return self._failure(status, "the endpoint answered 200 with nothing in it")

    def _whole_body(self) -> None:
        """The answer was one body, not events."""
        body = b"".join(self._body)
        self._body = []
        if self._arrival == PAGE or len(body) > LARGEST_JSON:
            words = read_words(body)
            page = words.message if words.html else "not an answer"
            self._fail(self._failure(502, f"the endpoint sent a web page instead of an answer: {page}"))
            return
        try:
            documents = [loads(body)]
        except ValueError:
            try:
                documents = [loads(line) for line in body.splitlines() if line.strip()]
            except ValueError:
                self._fail(self._failure(502, "the endpoint's answer is broken JSON"))
                return
        if len(documents) == 1 and isinstance(documents[0], list):
            documents = documents[0]
        for document in documents:
            if not isinstance(document, dict):
                continue
            self._chunk(document, "", whole=True)
            if self.done:
                return
        if self._saw_choice:
            self._end()
        else:
            self._fail(self._failure(502, "the endpoint answered without any choice"))

    # ------------------------------------------------------------ events

    def _without_plain(self, data: bytes) -> bytes:
        """What is left of whole events once the plain ones at their beginning are written."""
        if self._are_all_plain(data):
            return b""
        pieces = data.split(b"\n\n")
        for place, piece in enumerate(pieces):
            if not piece.startswith(b"data: ") or not self._is_plain(piece[6:]):
                return data if place == 0 else b"\n\n".join(pieces[place:])
        return b""

    def _are_all_plain(self, data: bytes) -> bool:
        """Whether these events differ from the one before in their text alone; then all have been written at once."""
        template = self._template
        if template is None or template.call is not None:
            return False
        head, tail = b"data: " + template.before, template.after + b"\n\n"
        size = len(data) - len(tail)
        if size < len(head) or not data.startswith(head) or not data.endswith(tail) or b"\\" + tail in data:
            return False  # a text that ends in a backslash may have lost its other half to the next one
        body = b"".join(data[len(head) : size].split(tail + head))
        text = string_body(body)
        if text is None:
            return False
        self._said_bytes += _size(text)
        if body:
            self._writer.add_raw(body)
        return True

    def _is_plain(self, data: bytes) -> bool:
        """Whether this chunk differs from the one before in its text alone; then it has been written."""
        template = self._template
        if template is None or not data.startswith(template.before) or not data.endswith(template.after):
            return False
        size = len(data) - len(template.after)
        if size < len(template.before):
            return False
        body = data[len(template.before) : size]
        text = string_body(body)
        if text is None:
            return False
        if not text:
            return True
        call = template.call
        self._said_bytes += _size(text)
        if call is None:
            self._writer.add_raw(body)
            return True
        call.take(text)
        safe = call.passable()
        if safe:
            self._writer.add(safe)
        if call.arguments.endless:
            self._endless()
        return True

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
            if data[:1] in (b"{", b"["):
                self._fail(self._failure(502, "the endpoint sent a broken piece of its answer"))
            elif name == "error":
                self._fail(self._failure(502, data[:500].decode("utf-8", "replace")))
            else:
                self.notices.add("unknown", "a line in the stream that is no JSON")
            return
        if isinstance(chunk, list) and chunk:
            chunk = chunk[0]
        if isinstance(chunk, dict):
            if not self._took_text(chunk, name):
                self._chunk(chunk, name)
            self._learn_template(chunk, data)
        elif name == "error":
            self._fail(self._failure(502, str(chunk)[:500]))

    def _took_text(self, chunk: Json, name: str) -> bool:
        """The same as _chunk, quickly, for a chunk that holds text for the open block and nothing else."""
        choices = chunk.get("choices")
        if self._writer.open != TEXT or self._live is not None or name or not isinstance(choices, list):
            return False
        if (
            len(choices) != 1
            or chunk.get("usage")
            or chunk.get("error")
            or self._think
            or self._text_tools
            or self._cutter
        ):
            return False
        choice = choices[0]
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(delta, dict) or choice.get("finish_reason") or choice.get("index"):
            return False
        for key, value in delta.items():
            if value and key != "content" and key != "role":
                return False
        content = delta.get("content")
        if (
            type(content) is not str
            or not content
            or "usage" in choice
            or "stop_reason" in choice
            or "base_resp" in chunk
        ):
            return False
        self._said_bytes += _size(content)
        self._writer.add(content)
        return True

    def _learn_template(self, chunk: Json, data: bytes) -> None:
        """Remember what surrounds the text of a plain chunk, if the next such chunk needs nothing but its text."""
        if self._templates_wasted > MOST_WASTED or self.finished or self.done or self._waiting:
            return
        choices = chunk.get("choices")
        choice = choice_of(chunk) if isinstance(choices, list) and len(choices) == 1 else None
        delta = choice.get("delta") if choice is not None else None
        if not isinstance(delta, dict):
            return
        said = [key for key, value in delta.items() if value and key != "role"]
        if len(said) != 1:
            return
        key, call = said[0], self._live
        text = delta[key]
        if call is not None:
            text = _bare_fragment(text) if key == "tool_calls" and call.opened and not call.closed else None
            key = "arguments"
            if text is None or self._book.calls[-1] is not call:
                return
        elif not self.translation.stream or self._writer.open != PLAIN_FIELDS.get(key):
            return
        elif key == "content" and (self._think or self._text_tools or self._cutter):
            return  # the text goes through filters
        if isinstance(text, str) and text:
            surroundings = _surroundings(data, key.encode(), dumps(text))
            if surroundings is not None:
                self._template = Template(*surroundings, call)

    def _chunk(self, chunk: Json, name: str, *, whole: bool = False) -> None:
        if self._is_error(chunk, name, whole):
            self._fail(self._upstream_error(chunk))
            return
        self._count(chunk.get("usage"))
        choice = choice_of(chunk)
        if choice is None:
            return
        self._saw_choice = True
        self._count(choice.get("usage"))
        for key in ("delta", "message"):
            if isinstance(choice.get(key), dict):
                self._delta(choice[key])
                break
        else:
            if isinstance(choice.get("text"), str) and choice["text"]:
                self._say_filtered(choice["text"])
        if self.done:
            return
        for key in ("stop_reason", "matched_stop"):
            if choice.get(key) in self.translation.stop_sequences:
                self._matched_stop = choice[key]
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish and not self.finished:
            self._finish_named(finish.lower(), chunk, choice)
        elif whole and not self.finished and not self.done:
            self.finished = True
            self._settle()

    def _is_error(self, chunk: Json, name: str, whole: bool) -> bool:
        base = chunk.get("base_resp")
        if chunk.get("error") or name == "error" or chunk.get("object") == "error" or chunk.get("type") == "error":
            return True
        if isinstance(base, dict) and base.get("status_code") not in (0, None, "0"):
            return True
        choices = chunk.get("choices")
        if whole:
            return not isinstance(choices, list | dict) or not choices
        bare = "choices" not in chunk and "usage" not in chunk and "object" not in chunk
        return (
            bare
            and any(isinstance(chunk.get(k), str) for k in ("message", "detail"))
            and not isinstance(chunk.get("type"), str)
        )

    def _upstream_error(self, chunk: Json) -> Failure:
        words = words_of(chunk)
        if not words.message and not words.code:
            said = (
                "the endpoint answered without any choice"
                if "choices" in chunk
                else "the endpoint answered something else than an answer"
            )
            if chunk.get("error"):
                said = "the endpoint failed without saying why"
            words = words._replace(message=said)
        return failure_from_words(
            0,
            words,
            provider=self._provider,
            model=str(self.translation.body.get("model", "")),
            translation=self.translation,
        )

    def _finish_named(self, finish: str, chunk: Json, choice: Json) -> None:
        meaning = FINISH.get(finish, "end_turn")
        self._finish = meaning
        if meaning == "error":
            error = choice.get("error")
            if isinstance(error, dict):
                self._fail(self._upstream_error({"error": error}))
            else:
                self._fail(self._failure(502, f"the endpoint ended the answer with '{finish}'"))
            return
        if meaning == "model_context_window_exceeded" and not self.committed:
            self._fail(self._full_context(finish))
            return
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
        thought = reasoning_of(delta)
        if thought:
            self._say(THINKING, thought)
        if self._keeps_details:
            self._keep_details(delta.get("reasoning_details"))
        content = delta.get("content")
        if content:
            for kind, text in content_parts(content):
                if kind == THINKING:
                    self._say(THINKING, text)
                else:
                    self._say_filtered(text)
        elif isinstance(delta.get("audio"), dict) and isinstance(delta["audio"].get("transcript"), str):
            self._say_filtered(delta["audio"]["transcript"])
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._refused = True
            self._say_filtered(refusal)
        for address in images_of(delta):
            self._say(TEXT, _image_note(address))
        pieces = fragments_of(delta)
        if pieces and not self.done:
            self._flush_filters()
            self._book.new_chunk()
            for piece in pieces:
                self._piece(piece)
                if self.done:
                    return

    def _say_filtered(self, text: str) -> None:
        """Text of the answer, through whatever filters this answer needs."""
        if self._think is not None:
            pieces = self._think.feed(text)
            if self._think.settled:
                self._think = None
            for kind, piece in pieces:
                if kind == THINKING:
                    self._say(THINKING, piece)
                else:
                    self._say_sifted(piece)
        else:
            self._say_sifted(text)

    def _say_sifted(self, text: str) -> None:
        if self._text_tools is None:
            self._say_uncut(text)
            return
        for found in self._text_tools.feed(text):
            self._found(found)

    def _found(self, found: str | Written) -> None:
        if isinstance(found, str):
            self._say_uncut(found)
            return
        self.notices.add("repaired", f"a call of {found.name} that the model wrote as text")
        self._book.new_chunk()
        call = Call(None)
        call.name = found.name
        self._book.calls.append(call)
        self._arrived(call, found.arguments, is_new=True)

    def _say_uncut(self, text: str) -> None:
        if self._cutter is None:
            self._say(TEXT, text)
            return
        if self._cutter.found is not None:
            return
        text = self._cutter.feed(text)
        if text:
            self._say(TEXT, text)
        if self._cutter.found is not None and not self.done:
            self._matched_stop = self._cutter.found
            self._finish = "end_turn"
            self.finished = True
            self._end()

    def _flush_filters(self) -> None:
        """Nothing more belongs to what the filters hold."""
        if self._think is not None:
            pieces = self._think.finish()
            if any(text.strip() for _, text in pieces):
                self._think = None
            for kind, text in pieces:
                if kind == THINKING:
                    self._say(THINKING, text)
                else:
                    self._say_sifted(text)
        if self._text_tools is not None:
            for found in self._text_tools.finish():
                self._found(found)
        if self._cutter is not None and self._cutter.found is None:
            held = self._cutter.finish()
            if held:
                self._say(TEXT, held)

    def _say(self, kind: str, text: str) -> None:
        """Text or thinking: written if it is its turn, else kept waiting."""
        if self.done:
            return
        if kind == THINKING and not self.translation.thinking:
            self._said_bytes += _size(text)
            self.notices.add("dropped", "thinking, which the client had switched off")
            return
        if self._live is not None:
            if self._waiting or not (self._live.arguments.complete and text.strip()):
                self._wait(kind, text)
                return
            self._finish_live()
            if self.done:
                return
        self._write(kind, text)

    def _wait(self, kind: str, text: str) -> None:
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Run) and last.kind == kind:
            last.pieces.append(text)
        else:
            self._waiting.append(Run(kind, text))
        self._note_waiting(len(text))
        self._advance_if_complete()

    def _note_waiting(self, size: int) -> None:
        self._waiting_chars += size
        if self._waiting_chars > MOST_WAITING:
            self._fail(self._failure(502, "the endpoint sent more than 64 MB behind an unfinished tool call"))

    def _write(self, kind: str, text: str) -> None:
        if kind == TEXT and self._writer.open != TEXT:
            text = self._blank + text
            if text.isspace():
                self._blank = text
                return
        if self._blank and kind == TEXT:
            self._blank = ""
        self._said_bytes += _size(text)
        self._want(kind)
        self._writer.add(text)

    def _want(self, kind: str) -> None:
        """A block of this kind, after what the one before still needs."""
        self._begin()
        if self._writer.open == THINKING and kind != THINKING:
            self._sign()
        elif kind != THINKING and self._details:
            self._writer.want(THINKING)
            self._sign()
        if kind == CALL:
            return
        self._writer.want(kind)

    def _sign(self) -> None:
        """Give the thinking block what must come back with it."""
        carried = {"details": self._details} if self._details else {}
        self._writer.sign(pack(carried))
        self._details = []

    def _keep_details(self, details: Any) -> None:
        for detail in details if isinstance(details, list) else ():
            if not isinstance(detail, dict):
                continue
            last = self._details[-1] if self._details else {}
            same = last.get("type") == detail.get("type") and last.get("index") == detail.get("index")
            if same and isinstance(last.get("text"), str) and isinstance(detail.get("text"), str):
                self._details[-1] = {**last, **detail, "text": last["text"] + detail["text"]}
            elif len(self._details) < MOST_CALLS:
                self._details.append(detail)

    # ------------------------------------------------------------ calls

    def _piece(self, piece: Fragment) -> None:
        known = len(self._book.calls)
        call = self._book.resolve(piece)
        self._arrived(call, argument_text(piece.arguments), is_new=len(self._book.calls) > known)

    def _arrived(self, call: Call, text: str, *, is_new: bool) -> None:
        """A piece of a call: passed on if it is its turn, else kept waiting."""
        if is_new:
            if len(self._book.calls) > MOST_CALLS:
                self._fail(self._failure(502, f"the endpoint sent more than {MOST_CALLS} tool calls in one answer"))
                return
            if self._live is None:
                self._live = call
            else:
                self._waiting.append(call)
        if call.closed:
            if text.strip():
                self.notices.add("dropped", f"text after the end of a call of {call.name}")
            return
        if not call.named and call.name and not self._may_grow(call, text):
            call.name_it(self.translation.facts(self.translation.names.restore(call.name)))
        if text:
            call.take(text)
            self._said_bytes += _size(text)
            if call.arguments.endless:
                self._endless()
                return
        if call is self._live:
            self._pass_on(call)
        elif text:
            self._note_waiting(len(text))
        self._advance_if_complete()

    def _endless(self) -> None:
        self._fail(self._failure(502, "the model writes white space without end in a tool call"))

    def _may_grow(self, call: Call, text: str) -> bool:
        """Whether the name may be only the beginning of a tool's name: then its arguments decide."""
        names = self.translation.names
        if text.strip() or names.restore(call.name) in names.known:
            return False
        return any(names.short(known).startswith(call.name) for known in names.known)

    def _pass_on(self, call: Call) -> None:
        if not call.named:
            return
        if not call.opened:
            self._open_call(call)
        text = call.passable()
        if text:
            self._writer.add(text)

    def _open_call(self, call: Call) -> None:
        self._blank = ""
        self._want(CALL)
        if call.signature and self.translation.thinking:
            self._writer.want(THINKING)
            self._writer.sign(pack({"google": call.signature}))
        call.opened = True
        self._writer.open_call(self._ids.give(call.id), self.translation.names.restore(call.name))

    def _advance_if_complete(self) -> None:
        """Servers that send whole calls: the live one is over once it is complete and something waits."""
        while self._live is not None and self._live.arguments.complete and not self.done:
            if not any(isinstance(w, Call) or not _is_blank(w) for w in self._waiting):
                return
            self._finish_live()

    def _finish_live(self, *, cut: bool = False) -> None:
        """The live call is over; what waited takes its turn, up to the next call."""
        call = self._live
        if call is None:
            return
        if not call.named and call.name:
            call.name_it(self.translation.facts(self.translation.names.restore(call.name)))
        if not call.named:
            if not cut:
                self._fail(self._failure(502, "the endpoint sent a tool call without a name"))
                return
            self.notices.add("dropped", "a tool call that was cut before its name")
        else:
            rest = call.arguments.finish(cut=cut)
            if rest.problem:
                self._fail(
                    self._failure(
                        502, f"the model called '{self.translation.names.restore(call.name)}' with {rest.problem}"
                    )
                )
                return
            self._pass_on(call)
            if rest.text:
                self._writer.add(rest.text)
            self._writer.close()
            if not cut or call.arguments.complete:
                self._calls_sent += 1
        call.closed = True
        self._live = None
        self._next_turn()

    def _next_turn(self) -> None:
        while self._waiting and self._live is None and not self.done:
            item = self._waiting.popleft()
            if isinstance(item, Call):
                self._live = item
                self._pass_on(item)
            elif not _is_blank(item):
                self._write(item.kind, "".join(item.pieces))

    # ------------------------------------------------------------ the end

    def _upstream_done(self) -> None:
        """`[DONE]`: complete by the upstream's own word, even where it never named a reason."""
        if not self.finished and not self._saw_choice:
            self._fail(self._failure(502, "the endpoint answered 200 with nothing in it"))
            return
        if not self.finished and not self._writer.started and not self._book.calls and not self._pending_text():
            self._fail(self._failure(502, "the endpoint ended its answer before it said anything"))
            return
        self._end()

    def _pending_text(self) -> bool:
        return bool(self._blank) or (self._think is not None and self._think.holds)

    def _settle(self) -> None:
        """Nothing more comes but counts: write out everything that waits."""
        cut = self._finish == "max_tokens"
        self._flush_filters()
        while self._live is not None and not self.done:
            self._finish_live(cut=cut and not self._live.arguments.complete)
        if self._blank and self._writer.open == NOTHING and not self._calls_sent and not self.done:
            blank, self._blank = self._blank, ""
            self._begin()
            self._writer.want(TEXT)
            self._writer.add(blank)

    def _end(self) -> None:
        if self.done:
            return
        self._settle()
        if self.done or self._is_silent_overflow():
            return
        if self._finish == "refusal" and not self._said_bytes:
            self._write(TEXT, "The endpoint's content filter stopped this answer.")
        self._begin()
        if self._writer.open == THINKING:
            self._sign()
        if self._writer.open != NOTHING:
            self._writer.close()
        self._choose_stop_reason()
        self.usage = self._final_usage()
        self._writer.end(self.stop_reason or "end_turn", self.stop_sequence, self.usage)
        self.done = True

    def _choose_stop_reason(self) -> None:
        if self._calls_sent and self._finish != "max_tokens":
            self.stop_reason = "tool_use"
        elif self._matched_stop is not None and self._finish in ("", "end_turn"):
            self.stop_reason, self.stop_sequence = "stop_sequence", self._matched_stop
        elif self._refused and self._finish in ("", "end_turn"):
            self.stop_reason = "refusal"
        else:
            self.stop_reason = self._finish or "end_turn"

    def _is_silent_overflow(self) -> bool:
        """MiMo answers a conversation that is too long with `length` and not one token."""
        counted = self._counted
        silent = self._finish == "max_tokens" and not self._said_bytes and counted is not None and counted.output == 0
        if not silent or self.committed:
            return False
        self._fail(self._full_context("length after no output at all"))
        return True

    def _final_usage(self) -> dict[str, int]:
        counted = self._counted
        prompt = counted.prompt if counted is not None else None
        usage = {
            "input_tokens": self.translation.input_estimate,
            "output_tokens": math.ceil(self._said_bytes / BYTES_PER_TOKEN),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        }
        if counted is not None and prompt:
            self.measured_input = prompt
            usage["input_tokens"] = counted.input or 0
            usage["cache_creation_input_tokens"] = counted.cache_write
            usage["cache_read_input_tokens"] = counted.cache_read
            self._warn_of_cut(prompt)
        else:
            self.notices.add("guessed", "the endpoint counted no input tokens: estimated")
        if counted is not None and counted.output is not None and (counted.output or not self._said_bytes):
            usage["output_tokens"] = counted.output
        return usage

    def _warn_of_cut(self, prompt: int) -> None:
        estimate = self.translation.input_estimate
        if estimate > SMALLEST_CUT and prompt < 0.4 * estimate:
            self.notices.add(
                "limit",
                f"the endpoint counted {prompt} input tokens where about {estimate} were sent: it may cut long "
                "conversations (raise num_ctx or the loaded context)",
            )

    def _begin(self) -> None:
        if self._writer.started:
            return
        seed = self.translation.seed
        self._ids = Ids(self.translation.used_ids, seed)
        self._writer.start(
            {
                "id": f"msg_{seed[:24]}",
                "type": "message",
                "role": "assistant",
                "model": self.translation.requested_model,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {
                    "input_tokens": self.translation.input_estimate,
                    "output_tokens": 0,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                },
            }
        )

    def _failure(self, status: int, message: str) -> Failure:
        words = words_of({"message": message})
        return failure_from_words(
            status,
            words,
            provider=self._provider,
            model=str(self.translation.body.get("model", "")),
            translation=None,
        )

    def _fail(self, failure: Failure) -> None:
        if self.done:
            return
        self.done = True
        self.error = failure
        if self.committed and self.translation.stream:
            self._writer.raw(error_event(failure))
        else:
            self._writer.discard()
            self.failure = failure


def _bare_fragment(calls: Any) -> str | None:
    """The arguments of the only piece in a delta, if it names nothing but its index."""
    piece = calls[0] if isinstance(calls, list) and len(calls) == 1 else None
    if not isinstance(piece, dict) or piece.get("id") or not isinstance(piece.get("index"), int):
        return None
    function = piece.get("function")
    if not isinstance(function, dict) or any(v for k, v in function.items() if k != "arguments"):
        return None
    arguments = function.get("arguments")
    return arguments if isinstance(arguments, str) else None


def _surroundings(data: bytes, key: bytes, encoded: bytes) -> tuple[bytes, bytes] | None:
    """What stands before and after the text `encoded` under the only `key` of a chunk."""
    name = b'"%b"' % key
    place = data.find(name)
    if place < 0 or data.find(name, place + 1) >= 0:
        return None
    start = data.find(b'"', place + len(name))
    if start < 0 or not data.startswith(encoded, start) or data[place + len(name) : start].strip(b": "):
        return None
    return data[: start + 1], data[start + len(encoded) - 1 :]


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _is_blank(run: Call | Run) -> bool:
    return isinstance(run, Run) and all(not piece.strip() for piece in run.pieces)


def _image_note(address: str) -> str:
    """What the client sees of an image the model made: it cannot show one."""
    if address.startswith("data:"):
        media = address[5:].partition(";")[0][:40] or "image"
        return f"\n[The model made an image ({media}, about {len(address) * 3 // 4096} kB). It cannot be shown here.]\n"
    return f"\n![image]({address[:2000]})\n"
