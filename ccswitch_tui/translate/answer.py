"""One answer, whatever wire it comes in: the verbs a reader tells it with, and what listens to them.

A `Reader` knows everything about how one wire writes answers, and nothing
about what becomes of them. An `Answer` is told, in order, what was said:
`translate.writing` makes an Anthropic message of it, `probe.hearing` what a
probe judges. So the proxy and the probe cannot read one endpoint differently.

To add a wire: a reader (a class with the four methods of `Reader`) in
`translate/readers/`, and its row in `READERS` there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.density import MOST_VALUES, too_many_values
from ccswitch_tui.wire.odd_events import documents_in, is_end_mark, without_prefix
from ccswitch_tui.wire.openai_chat import DONE, Fragment, Usage

if TYPE_CHECKING:
    from ccswitch_tui.translate.calls import ToolCall
    from ccswitch_tui.translate.plain import Template
    from ccswitch_tui.wire.sse import Event

Json = dict[str, Any]


class Unusable(Exception):
    """What the endpoint sent cannot become an answer; the text says why, for the user."""


class Answer(ABC):
    """Listens to a reader. Every verb may raise what ends the reading."""

    done = False
    """The answer is over, well or badly: nothing more needs to be told."""
    finished = False
    """A finish reason was named; at most token counts are still to come."""
    counted_at_last = False
    """Token counts came on their own, after all that was said: a proof of an end where no reason is named."""
    heard = False
    """A piece of an answer came, were it an empty one."""
    takes_text = False
    """Text belongs to the open block and needs no filter: `more_text` may be told instead of `text`."""

    @abstractmethod
    def text(self, text: str) -> None:
        """Text of the model. Calls written as text, `<think>` and the like are still in it."""

    def more_text(self, text: str) -> None:
        """Text while `takes_text`."""
        self.text(text)

    @abstractmethod
    def note(self, text: str) -> None:
        """Text about the answer rather than of the model: an image that cannot be shown."""

    @abstractmethod
    def refuse(self, text: str) -> None:
        """Text in which the model refuses."""

    @abstractmethod
    def think(self, text: str, field: str) -> None:
        """Thinking, and the field it came in."""

    @abstractmethod
    def carry(self, details: Any) -> None:
        """Reasoning data that must come back unchanged in the next turn."""

    @abstractmethod
    def signed(self, signature: str) -> None:
        """Gemini's thought signature, where it stands beside the calls."""

    @abstractmethod
    def pieces(self, calls: list[Fragment]) -> None:
        """The pieces of tool calls in one chunk."""

    @abstractmethod
    def count(self, usage: Usage) -> None:
        """Token counts. What a later statement leaves out, or calls zero, an earlier one has said."""

    @abstractmethod
    def met_stop(self, stop: Any) -> None:
        """What the endpoint says the answer stopped at: a stop sequence, if it is one of the request's."""

    @abstractmethod
    def notice(self, code: str, text: str) -> None:
        """What a reader guessed or left out (`notices`)."""

    @abstractmethod
    def finish(self, reason: str, word: str) -> None:
        """A reason for the end: a stop reason of the Messages API, and the endpoint's own word.

        More may come, for some servers name it in every chunk; what counts is the end of the stream. `reason` is ""
        for a word that says neither good nor bad; without a word, the answer was one whole document.
        """

    @abstractmethod
    def over(self) -> None:
        """The endpoint's mark that nothing more comes, were it without a finish reason."""

    @abstractmethod
    def fail(self, document: Json) -> None:
        """An error in place of the (rest of the) answer."""

    @abstractmethod
    def break_off(self, why: str) -> NoReturn:
        """What came cannot become an answer."""

    @abstractmethod
    def odd(self, name: str, value: Any) -> None:
        """An event that is no object: its bytes where they are not JSON. `name` is the event's, "" mostly."""


class Reader(Protocol):
    """All that is known about how one wire writes an answer. One of them reads one answer."""

    def event(self, name: str, data: Json, answer: Answer) -> None:
        """One event of a stream."""

    def document(self, body: Json, answer: Answer) -> None:
        """An answer that is one JSON document."""

    def model_of(self, data: Json) -> str:
        """What an event or document says the model is; "" where it says nothing."""

    def template_of(
        self, chunk: Json, data: bytes, *, open_block: str, live: ToolCall | None, filtered: bool
    ) -> Template | None:
        """How to read the next event without parsing it, if it may differ from this one in its text alone.

        `open_block` is the kind of block that is open now, `live` the call that
        writes, `filtered` whether text of the answer goes through filters.
        """


NO_DOCUMENTS: list[Json] = []
TOO_MANY_VALUES = f"the endpoint's answer holds more than {MOST_VALUES} values"


def documents_of(event: Event, answer: Answer) -> Iterable[Json]:
    """The documents in an event, nearly always one. Of what is none the answer is told: the end mark, what is odd."""
    name, data = event
    data = data.strip()
    if not data:
        return NO_DOCUMENTS
    if data[:1] != b"{":
        data = without_prefix(data)
        if data == DONE or is_end_mark(data, finished=answer.finished):
            answer.over()
            return NO_DOCUMENTS
    if too_many_values(data):
        raise Unusable(TOO_MANY_VALUES)
    try:
        document = loads(data)
        if isinstance(document, dict):
            return [document]
        found = [document] if not isinstance(document, str) else documents_in(data)
    except ValueError:
        found = documents_in(data)
        if not found and b"\n" in data:
            return _line_by_line(event, answer)
        if not found:
            answer.odd(name, data)
            return NO_DOCUMENTS
    if isinstance(found[0], list) and found[0]:
        found = found[0]
    documents = [document for document in found if isinstance(document, dict)]
    if not documents:
        answer.odd(name, found[0])
    return documents


def _line_by_line(event: Event, answer: Answer) -> Iterator[Json]:
    """The documents of events that stand one a line, without the blank line that should part them. In order: what is
    said in one is told before the end mark in the next."""
    for line in event.data.split(b"\n"):
        yield from documents_of(event._replace(data=line), answer)
