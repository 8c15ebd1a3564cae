"""What an answer says, heard by the same readers that translate it: text, tool calls, counts, and what is wrong.

The probe's `Answer`. What the proxy could use is read; what is wrong with the
form, by `probe.form`, is named in `faults`. Never raises, whatever bytes come.
"""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

from ccswitch_tui.probe.bodies import OFFERED
from ccswitch_tui.probe.form import FORMS, Events, Form
from ccswitch_tui.probe.shapes import error_in
from ccswitch_tui.sentence import say
from ccswitch_tui.translate.answer import Answer, Unusable, documents_of
from ccswitch_tui.translate.arrival import BODY, EVENTS, PAGE, Arrival
from ccswitch_tui.translate.calls import MOST_CALLS, CallBook, ToolCall, argument_text, uses_in
from ccswitch_tui.translate.readers import READERS
from ccswitch_tui.translate.textflow import Piece, ThinkTag
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.translate.tools import NO_FACTS
from ccswitch_tui.translate.writer import TEXT, THINKING
from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.formats import FORMATS, Wire
from ccswitch_tui.wire.odd_events import is_sign_of_life, told_error
from ccswitch_tui.wire.openai_chat import Fragment, Usage, merged_usage

Json = dict[str, Any]


TAG_FIELD = "<think>"
"""How a report calls thinking that stands in the text, in whichever tag."""


class HeardCall(NamedTuple):
    """One tool call."""

    name: str
    arguments: str
    id: str = ""
    as_sent: str = ""
    """The arguments as they came, where they had to be repaired."""

    def parsed(self) -> Json | None:
        """The arguments as an object; None when they are none."""
        return _object(self.arguments or "{}")


def _object(text: str) -> Json | None:
    try:
        value = loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class Said(NamedTuple):
    """One answer of a model, read from a body or put together from a stream."""

    text: str = ""
    reasoning: str = ""
    reasoning_field: str = ""
    calls: tuple[HeardCall, ...] = ()
    finish: str = ""
    """The endpoint's own word."""
    input_tokens: int | None = None
    """All of them, also those that came from a cache."""
    output_tokens: int | None = None
    model: str = ""
    events: int = 0
    ended: bool = True
    """A stream told that it is over."""
    faults: tuple[str, ...] = ()
    """What is wrong with the form, in words."""
    error: Any = None
    """An error object found where an answer should be."""

    @property
    def has_usage(self) -> bool:
        return bool(self.output_tokens or self.input_tokens)

    @property
    def usable(self) -> bool:
        """There is something in it, were it only an end."""
        return bool(self.text or self.calls or self.reasoning or self.finish)


def hear(wire: Wire, body: str, *, names: ToolNames | None = None) -> Said:
    """What this answer says, read as `wire`. Never raises. `names`: the tools that were offered."""
    arrival, reader = Arrival(), READERS[wire]()
    answer = Hearing(names or ToolNames(OFFERED), as_it_comes=FORMATS[wire].native)
    events: Events = []
    documents: list[Any] = []
    try:
        for event in arrival.feed(body.encode("utf-8", "replace")) + arrival.finish():
            for document in documents_of(event, answer):
                events.append((event.name, document))
                if not answer.done:
                    reader.event(event.name, document, answer)
        documents = arrival.documents() if arrival.kind in (BODY, PAGE) else []
        for document in documents:
            if isinstance(document, dict) and not answer.done:
                reader.document(document, answer)
    except Unusable:
        pass  # what could be used is heard; what is wrong is said below
    faults = [*answer.faults, *_faults(FORMS[wire], events, documents, failed=answer.error is not None)]
    said = [document for _, document in events] or [d for d in documents if isinstance(d, dict)]
    model = next((name for document in said if (name := reader.model_of(document))), "")
    streamed = arrival.kind == EVENTS
    error = answer.error
    if error is None and not answer.heard:  # an error in a form that no answer and no refusal has
        error = next((found for document in said if (found := error_in(document)) is not None), None)
    return answer.said()._replace(
        model=model,
        events=len(events),
        ended=answer.ended or not streamed,
        faults=tuple(dict.fromkeys(faults)),
        error=error,
    )


def _faults(form: Form, events: Events, documents: list[Any], *, failed: bool) -> list[str]:
    if events:
        return [*form.streamed(events), *(() if failed else form.complete(events))]
    whole = [document for document in documents if isinstance(document, dict)]
    if not whole:
        return ["the answer is not a JSON object"]
    return [fault for document in whole for fault in form.whole(document)]


class Hearing(Answer):
    """Remembers what is told."""

    def __init__(self, names: ToolNames, *, as_it_comes: bool) -> None:
        self.faults: list[str] = []
        self.error: Any = None
        self.ended = False
        """The end was told: by a mark, or by a finish reason."""
        self._said: dict[str, list[str]] = {TEXT: [], THINKING: []}
        self._thought_field = ""
        self._calls = CallBook(names)
        self._names = names
        self._as_it_comes = as_it_comes
        """Claude Code gets it so: nothing is mended on the way."""
        self._word = self._reason = ""
        self._usage: Usage | None = None
        self._think_tag = None if as_it_comes else ThinkTag()

    def text(self, text: str) -> None:
        if self._think_tag is None or self._think_tag.settled:
            self._said[TEXT].append(text)
        else:
            self._take(self._think_tag.feed(text))

    def _take(self, pieces: list[Piece]) -> None:
        for kind, text in pieces:
            self._said[kind].append(text)
            if kind == THINKING:
                self._thought_field = self._thought_field or TAG_FIELD

    def note(self, text: str) -> None:
        self._said[TEXT].append(text)

    def refuse(self, text: str) -> None:
        self.text(text)

    def think(self, text: str, field: str) -> None:
        self._thought_field = field
        self._said[THINKING].append(text)

    def carry(self, details: Any) -> None:
        """Nothing: it says nothing to a reader."""

    def signed(self, signature: str) -> None:
        """Nothing, for the same reason."""

    def pieces(self, calls: list[Fragment]) -> None:
        self._flush()
        self._calls.new_chunk()
        for piece in calls:
            if len(self._calls.calls) < MOST_CALLS:
                call, text = self._calls.resolve(piece), argument_text(piece.arguments)
                if self._calls.is_certain(call, text):
                    call.name_it(NO_FACTS)
                call.take(text)

    def _flush(self) -> None:
        if self._think_tag is not None:
            pieces = self._think_tag.finish()
            self._take(pieces)
            if any(text.strip() for _, text in pieces):
                self._think_tag = None  # the answer has begun otherwise

    def _made(self, call: ToolCall) -> list[HeardCall]:
        """The call, or the several it stands for."""
        if self._as_it_comes:
            return [HeardCall(call.name, call.arguments.raw, call.id)]
        uses = [] if call.named else uses_in(call)
        return [HeardCall(self._names.restore(name), arguments) for name, arguments in uses] or [self._call(call)]

    def _call(self, call: ToolCall) -> HeardCall:
        arguments = call.arguments.whole(cut=self._reason == "max_tokens")
        raw = call.arguments.raw
        repaired = raw if _object(arguments) is not None and raw.strip() and _object(raw) is None else ""
        return HeardCall(self._names.restore(call.name), arguments, call.id, repaired)

    def count(self, usage: Usage) -> None:
        self._usage = merged_usage(self._usage, usage)

    def notice(self, code: str, text: str) -> None:
        """Nothing: it is for who looks at the proxy's traffic."""

    def met_stop(self, stop: Any) -> None:
        """Nothing: the text tells whether it was obeyed."""

    def finish(self, reason: str, word: str) -> None:
        self._word, self._reason = (word, reason) if word else (self._word, self._reason)
        self.finished = self.finished or bool(word)
        self.ended = self.ended or bool(word)

    def over(self) -> None:
        self.ended = self.done = True

    def fail(self, document: Json) -> None:
        named = document.get("object") == "error" or document.get("type") == "error"
        self.error = error_in(document) or document.get("error") or (document if named else None)
        self.done = True

    def break_off(self, why: str) -> NoReturn:
        self.error = why
        raise Unusable(why)

    def odd(self, name: str, value: Any) -> None:
        if name == "error":
            self.error = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        elif words := told_error(value):
            self.error = words
            self.done = True
        elif isinstance(value, bytes) and is_sign_of_life(value):
            pass
        elif isinstance(value, bytes):
            self.faults.append(say("an event's data is not JSON"))
        else:
            self.faults.append(say("an event's data is not a JSON object"))

    def said(self) -> Said:
        """What was told, so far."""
        self._flush()
        usage = self._usage
        return Said(
            text="".join(self._said[TEXT]),
            reasoning="".join(self._said[THINKING]),
            reasoning_field=self._thought_field,
            calls=tuple(made for call in self._calls.calls for made in self._made(call)),
            finish=self._word,
            input_tokens=usage.prompt if usage is not None else None,
            output_tokens=usage.output if usage is not None else None,
        )
