"""What is told of an answer, written as an Anthropic message: through the filters, by turns, to its end.

The `Answer` of the proxy. Who of several simultaneous calls and texts may
write, the floor knows (floor); which block is open, the writer
(writer.BLOCK_MOVES). What cannot become an answer is raised, as AnswerFailed
where the endpoint said why and as Unusable where it did not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from ccswitch_tui.translate.answer import Answer, Unusable
from ccswitch_tui.translate.chunks import unsaid
from ccswitch_tui.translate.ending import is_silent_cut, stop_of, usage_of
from ccswitch_tui.translate.errors import failure_from_words
from ccswitch_tui.translate.failure import Failure, Learned, Overflow
from ccswitch_tui.translate.filters import Filters
from ccswitch_tui.translate.floor import Floor, size
from ccswitch_tui.translate.overflow import overflow_sentence
from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.text_tools import Written
from ccswitch_tui.translate.textflow import ORPHAN, ORPHAN_FIELD, Piece, half_tag, in_code
from ccswitch_tui.translate.words import Words, words_of
from ccswitch_tui.translate.writer import TEXT, THINKING
from ccswitch_tui.wire.odd_events import is_sign_of_life, told_error
from ccswitch_tui.wire.openai_chat import Fragment, Usage, merged_usage

Json = dict[str, Any]

BROKEN_OFF = {
    "eof": "the connection ended before the answer was complete",
    "reset": "the connection was lost before the answer was complete",
    "timeout": "the endpoint stopped sending before the answer was complete",
}
FILTERED = "The endpoint's content filter stopped this answer."
NOTHING_IN_IT = "the endpoint sent an empty answer"


class AnswerFailed(Exception):
    """The answer ends here, badly."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class WrittenAnswer(Answer):
    """An answer that becomes a message, or the frames of one."""

    def __init__(self, translation: Translation, provider: str) -> None:
        self.committed = False
        """Something of it has reached the client."""
        self.status = 200
        """What the endpoint answered with; a failure of a 200 is not to be looked for as a 502 in its log."""
        self.stop_reason: str | None = None
        self.stop_sequence: str | None = None
        self.usage: dict[str, int] = {}
        """As told to the client at the end."""
        self.counted: Usage | None = None
        """As the endpoint counted."""
        self.floor = Floor(translation)
        self.writer = self.floor.writer
        self.filters = Filters(translation)
        self._translation = translation
        self._provider = provider
        self.lesson: Learned | None = None
        """What the form of the answer has taught about the endpoint."""
        self._finish = ""
        self._well = False
        """The endpoint named a reason that means a good end."""
        self._tag = ""
        """A closing tag of thinking that nothing opened, until what follows tells whether it is one."""
        self._thought = False
        self._refused = False
        self._matched_stop: str | None = None

    # ------------------------------------------------------------ what is said

    @property
    def takes_text(self) -> bool:  # type: ignore[override]  # worked out anew each time
        return self.writer.open == TEXT and self.floor.live is None and self.filters.idle and not self._tag

    @property
    def holds_tag(self) -> bool:
        """Text must come through here: what follows tells what the last one was."""
        return bool(self._tag)

    def more_text(self, text: str) -> None:
        if "</" in text and not self._thought:
            self.text(text)
            return
        self.floor.said_bytes += size(text)
        self.writer.add(text)

    def text(self, text: str) -> None:
        if not text or self.done:
            return
        if not self._thought and (self._tag or "</" in text):
            text = self._without_orphan(text)
        if self.filters.idle:
            self.floor.take_text(TEXT, text)
            return
        for item in self.filters.feed(text):
            self._say_item(item)
        if self.filters.found_stop is not None:
            self._matched_stop = self.filters.found_stop
            self._finish, self._well = "end_turn", True
            self.finished = True
            self.end()

    def _without_orphan(self, text: str) -> str:
        """Text without a tag that closes thinking which nothing opened, because the server's template opened it.

        What stood before it has been written as text already: from the next answer on the quirk knows better.
        """
        text, self._tag = self._tag + text, ""
        found = ORPHAN.search(text)
        if not self.filters.idle:
            return text
        if found is None:
            half = half_tag(text)
            self._tag = text[half:]
            return text[:half]
        before, behind = text[: found.start()], text[found.end() :]
        if not behind.strip():
            self._tag = text[found.start() :]  # what follows tells: a model that writes about the tag goes on in line
            return before
        if not behind.lstrip(" ").startswith("\n") or in_code(before, behind):
            return text
        self._learn_thinks_first()
        return before + behind.lstrip()

    def _learn_thinks_first(self) -> None:
        self._thought = True
        self.lesson = Learned("thinks_first", True, "an answer began with thinking whose opening tag did not come")
        self.notice("repaired", "a </think> that nothing opened: what stood before it is thinking (quirk thinks_first)")

    def _say_item(self, item: Piece | Written) -> None:
        if isinstance(item, Written):
            self._translation.notices.add("repaired", f"a call of {item.name} that the model wrote as text")
            self.floor.take_whole_call(item.name, item.arguments)
            return
        kind, text = item
        self._thought = self._thought or kind == THINKING
        if not self._thought and "</" in text and self.filters.idle:
            text = self._without_orphan(text)
        if text:
            self.floor.take_text(kind, text)

    def _flush_filters(self) -> None:
        if self._tag:
            tag, self._tag = self._tag, ""
            if "\n" in tag and ORPHAN.match(tag):
                self._learn_thinks_first()
            else:
                self.floor.take_text(TEXT, tag)
        if not self.filters.idle:
            for item in self.filters.flush():
                self._say_item(item)

    def note(self, text: str) -> None:
        self.floor.take_text(TEXT, text)

    def refuse(self, text: str) -> None:
        self._refused = True
        self.text(text)

    def think(self, text: str, field: str) -> None:
        if field == ORPHAN_FIELD:
            self._learn_thinks_first()
        self._thought = True
        self.floor.take_text(THINKING, text)

    def signed(self, signature: str) -> None:
        self.floor.take_signature(signature)

    def carry(self, details: Any) -> None:
        self.floor.keep_details(details)

    def pieces(self, calls: list[Fragment]) -> None:
        self._flush_filters()
        self.floor.take_pieces(calls)

    def count(self, usage: Usage) -> None:
        self.counted = merged_usage(self.counted, usage)

    def met_stop(self, stop: Any) -> None:
        if stop in self._translation.stop_sequences:
            self._matched_stop = stop

    def notice(self, code: str, text: str) -> None:
        self._translation.notices.add(code, text)

    def odd(self, name: str, value: Any) -> None:
        if name == "error":
            raise Unusable(value[:500].decode("utf-8", "replace") if isinstance(value, bytes) else str(value)[:500])
        if not self.finished and (words := told_error(value)):
            self.fail({"error": words})
        if not isinstance(value, bytes) or is_sign_of_life(value):
            return
        if value[:1] in (b"{", b"[") and not self.finished:
            raise Unusable("the endpoint sent a malformed piece of its answer")
        self.notice("unknown", "a line in the stream that is not JSON")

    # ------------------------------------------------------------ the end

    def finish(self, reason: str, word: str) -> None:
        """More may come: some servers name a reason in every chunk, or before a call's arguments."""
        if self.finished and reason != "max_tokens":
            self._well = self._well or bool(reason)
            return
        said = self.committed or self.floor.said_bytes
        if reason == "model_context_window_exceeded" and not said:
            raise AnswerFailed(self._full_context(word.lower()))
        self._well = bool(reason) or not word
        if not self._well:
            self.notice("guessed", f"the endpoint ended the answer with '{word[:60].lower()}', taken for a good end")
        self._finish = reason or "end_turn"
        self.finished = True

    def over(self) -> None:
        """Complete by the endpoint's own word, even where it never named a reason."""
        if not self.finished:
            if not self.heard:
                raise Unusable(NOTHING_IN_IT)
            if not self.floor.has_something and not self.filters.holds:
                raise Unusable("the endpoint ended its answer before any content")
        self.end()

    def broken_off(self, cause: str) -> Failure:
        """The connection ended in the middle: `eof`, `reset` or `timeout`."""
        status = 504 if cause == "timeout" else 502
        if self.heard or cause != "eof":
            return self.failure(status, BROKEN_OFF.get(cause, BROKEN_OFF["eof"]))
        return self.failure(status, NOTHING_IN_IT)

    def fail(self, document: Json) -> NoReturn:
        words = words_of(document)
        if not words.message and not words.code:
            words = words._replace(message=unsaid(document))
        raise AnswerFailed(self.failure_in(words))

    def failure_in(self, words: Words) -> Failure:
        """The failure that the endpoint's own words stand for, under a status that promised an answer."""
        return failure_from_words(
            0, words, provider=self._provider, model=self._model, translation=self._translation, shown=self.status
        )

    def break_off(self, why: str) -> NoReturn:
        raise Unusable(why)

    def failure(self, status: int, message: str) -> Failure:
        """A failure in our own words."""
        words = Words(message)
        return failure_from_words(status, words, provider=self._provider, model=self._model, shown=self.status)

    @property
    def _model(self) -> str:
        return str(self._translation.body.get("model", ""))

    def _full_context(self, words: str) -> Failure:
        overflow = Overflow("input", self.counted.prompt if self.counted else None)
        sentence = overflow_sentence(overflow, f"the endpoint said {words}")
        return Failure(400, "invalid_request_error", sentence, overflow=overflow)

    def _settle(self) -> None:
        """Nothing more comes but counts."""
        self._flush_filters()
        self.floor.settle(cut=self._finish == "max_tokens", well=self._well)

    def end(self) -> None:
        """The answer is complete: its last frames."""
        if self.done:
            return
        self._settle()
        if self._is_silent_overflow():
            raise AnswerFailed(self._full_context("length after no output at all"))
        if self._is_empty():
            raise AnswerFailed(self._nothing_said())
        if self._finish == "refusal" and not self.floor.said_bytes:
            self.floor.take_text(TEXT, FILTERED)
        self.floor.close()
        if self._finish == "end_turn" and not self._matched_stop and is_silent_cut(self.counted, self._translation):
            self._finish = "max_tokens"
        self.stop_reason, self.stop_sequence = stop_of(
            self._finish, calls=self.floor.calls_sent, matched=self._matched_stop, refused=self._refused
        )
        self.usage = usage_of(self.counted, self.floor.said_bytes, self._translation)
        self.writer.end(self.stop_reason, self.stop_sequence, self.usage)
        self.done = True

    def _is_empty(self) -> bool:
        """Whether there is nothing at all in the answer, and the endpoint does not say that it wrote something."""
        counted = self.counted.output if self.counted is not None else 0
        said = self.floor.said_bytes or self.floor.calls_sent or self.filters.holds
        return not said and not counted and self._finish in ("", "end_turn") and self._matched_stop is None

    def _nothing_said(self) -> Failure:
        """A client would take it for a finished turn. Some servers lose in streams what whole answers hold."""
        failure = self.failure(502, "the endpoint ended its answer without any content")
        if not self._translation.body.get("stream") or self.committed:
            return failure
        return replace(failure, learned=Learned("never_stream", True, "a streamed answer had nothing in it"))

    def _is_silent_overflow(self) -> bool:
        """MiMo answers a conversation that is too long with `length` and not one token."""
        counted = self.counted
        said_nothing = not self.floor.said_bytes and counted is not None and counted.output == 0
        return self._finish == "max_tokens" and said_nothing and not self.committed
