"""Who has the floor: of several simultaneous calls and texts one writes at a time, the others wait their turn.

The first unfinished call writes live; what comes for others, and text in
between, is kept and follows in the order of first appearance. A call is over
when the answer is, or when its JSON is complete and something waits. It is
never closed unfinished: Claude Code would run it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from ccswitch_tui.translate.answer import Unusable
from ccswitch_tui.translate.call_ids import Ids
from ccswitch_tui.translate.calls import MOST_CALLS, CallBook, ToolCall, argument_text, uses_in
from ccswitch_tui.translate.reasoning import pack, sealed
from ccswitch_tui.translate.request import Translation
from ccswitch_tui.translate.writer import CALL, NOTHING, TEXT, THINKING, Writer
from ccswitch_tui.wire.openai_chat import Fragment

Json = dict[str, Any]

MOST_UNSHOWN = 4 * 1024 * 1024
"""Characters of thinking that are kept in case they are the answer."""
MOST_WAITING = 16 * 1024 * 1024
"""Characters that may wait behind an unfinished call."""


class Run:
    """Text or thinking that waits behind an unfinished call."""

    __slots__ = ("kind", "pieces")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.pieces = [text]

    @property
    def blank(self) -> bool:
        """White space only: servers send it between calls."""
        return all(not piece.strip() for piece in self.pieces)


class Floor:
    """Takes what one answer says, in any order, and lets the writer write it in one."""

    def __init__(self, translation: Translation) -> None:
        self.writer = Writer(streams=translation.stream)
        self.live: ToolCall | None = None
        self.waiting: deque[ToolCall | Run] = deque()
        self.said_bytes = 0
        """Of text, thinking and arguments: for endpoints that count nothing."""
        self.calls_sent = 0
        """Calls that were written whole."""
        self._translation = translation
        self._names = translation.names
        self._book = CallBook(translation.names)
        self._ids: Ids | None = None
        """There once a call needs one."""
        self._waiting_chars = 0
        self._unshown: list[str] = []
        self._unshown_chars = 0
        self._spoke = False
        """Text was written."""
        self._blank = ""
        """White space that came first: text begins with it, a call does not need it."""
        self._blank_thought = ""
        """The same of thinking, which some models open and close without a thought."""
        self._details: list[Json] = []
        self._signs = translation.quirks.reasoning_replay == "google_signature"
        self._signature = ""
        """A thought signature that came beside the calls rather than in one: the next call that has none gets it."""
        self._keeps_details = (
            translation.quirks.reasoning_replay in ("reasoning_details", "items") and translation.thinking
        )

    @property
    def has_something(self) -> bool:
        """Anything at all was said."""
        return self.writer.started or bool(self._book.calls) or bool(self._blank)

    def begin(self) -> None:
        """`message_start`, if it was not sent yet."""
        if self.writer.started:
            return
        self.writer.start(
            {
                "id": self._translation.answer_id,
                "type": "message",
                "role": "assistant",
                "model": self._translation.requested_model,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {
                    "input_tokens": self._translation.input_estimate,
                    "output_tokens": 0,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                },
            }
        )

    # ------------------------------------------------------------ text and thinking

    def take_text(self, kind: str, text: str) -> None:
        """Text or thinking: written if it is its turn, else kept waiting."""
        if kind == THINKING and not self._translation.thinking:
            self.said_bytes += size(text)
            self._keep_unshown(text)
            return
        if self.live is not None:
            if self.waiting or not (self.live.arguments.complete and text.strip()):
                self._wait(kind, text)
                return
            self._finish_live()
        self._write(kind, text)

    def _keep_unshown(self, text: str) -> None:
        """Thinking that the client switched off: it may turn out to be the answer."""
        self._translation.notices.add("dropped", "thinking, which the client had switched off")
        self._unshown_chars += len(text)
        if self._unshown_chars <= MOST_UNSHOWN:
            self._unshown.append(text)

    def _wait(self, kind: str, text: str) -> None:
        last = self.waiting[-1] if self.waiting else None
        if isinstance(last, Run) and last.kind == kind:
            last.pieces.append(text)
        else:
            self.waiting.append(Run(kind, text))
        self._note_waiting(len(text))
        self._advance_if_complete()

    def _note_waiting(self, chars: int) -> None:
        self._waiting_chars += chars
        if self._waiting_chars > MOST_WAITING:
            raise Unusable("the endpoint sent more than 16 MB after an unfinished tool call")

    def _write(self, kind: str, text: str) -> None:
        if kind == TEXT and self.writer.open != TEXT:
            text = self._blank + text
            if text.isspace():
                self._blank = text
                return
            self._blank = ""
            self._spoke = True
        elif kind == THINKING and self.writer.open != THINKING:
            text = self._blank_thought + text
            if text.isspace():
                self._blank_thought = text
                return
        self._blank_thought = ""
        self.said_bytes += size(text)
        self._leave_thinking(kind)
        self.writer.want(kind)
        self.writer.add(text)

    def _leave_thinking(self, kind: str) -> None:
        """What a thinking block still needs before a block of another kind begins."""
        self.begin()
        if kind == THINKING:
            return
        if self._details and self.writer.open != THINKING:
            self.writer.want(THINKING)
        if self.writer.open == THINKING:
            self.writer.sign(self._signature_of_thinking())
            self._details = []

    def _signature_of_thinking(self) -> str:
        if self._translation.quirks.reasoning_replay == "items":
            return sealed(self._details, self._translation.origin)
        return pack({"details": self._details} if self._details else {})

    def keep_details(self, details: Any) -> None:
        """Reasoning data that must come back unchanged; pieces of one text are joined."""
        for detail in details if self._keeps_details and isinstance(details, list) else ():
            if not isinstance(detail, dict):
                continue
            last = self._details[-1] if self._details else {}
            same = last.get("type") == detail.get("type") and last.get("index") == detail.get("index")
            if same and isinstance(last.get("text"), str) and isinstance(detail.get("text"), str):
                self._details[-1] = {**last, **detail, "text": last["text"] + detail["text"]}
            elif len(self._details) < MOST_CALLS:
                self._details.append(detail)

    # ------------------------------------------------------------ calls

    def take_pieces(self, pieces: list[Fragment]) -> None:
        """The pieces of calls in one chunk."""
        self._book.new_chunk()
        for piece in pieces:
            known = len(self._book.calls)
            call = self._book.resolve(piece)
            self._arrived(call, argument_text(piece.arguments), is_new=len(self._book.calls) > known)

    def take_signature(self, signature: str) -> None:
        """A thought signature of the delta as a whole: of the call before it if that has none, else of the next one."""
        calls = self._book.calls
        if calls and not calls[-1].signature and not calls[-1].opened:
            calls[-1].signature = signature
        elif self._signs:
            self._signature = signature

    def take_whole_call(self, name: str, arguments: str) -> None:
        """A call that is complete."""
        call = self._book.add(name)
        self._arrived(call, arguments, is_new=True)

    def _arrived(self, call: ToolCall, text: str, *, is_new: bool) -> None:
        """A piece of a call: passed on if it is its turn, else kept waiting."""
        if is_new:
            if len(self._book.calls) > MOST_CALLS:
                raise Unusable(f"the endpoint sent more than {MOST_CALLS} tool calls in one answer")
            if self.live is None:
                self.live = call
            else:
                self.waiting.append(call)
        if call.closed:
            if text.strip():
                self._translation.notices.add("dropped", f"text after the end of a call of {call.name}")
            return
        if not call.named and self._book.is_certain(call, text):
            self._name(call)
        if text:
            self.said_bytes += size(text)
            call.take(text)
            self.check_endless(call)
        if call is self.live:
            self._pass_on(call)
        elif text:
            self._note_waiting(len(text))
        self._advance_if_complete()

    def check_endless(self, call: ToolCall) -> None:
        """Raises Unusable if the model writes nothing but white space."""
        if call.arguments.endless:
            raise Unusable("the model wrote endless white space in a tool call")

    def _name(self, call: ToolCall) -> None:
        call.name_it(self._translation.facts(self._names.restore(call.name)))

    def _pass_on(self, call: ToolCall, *, over: bool = False) -> None:
        if not call.named:
            return
        if not call.opened:
            call.signature, self._signature = call.signature or self._signature, ""
            if self._signs and not call.signature and not over:
                return  # it may come in a delta of its own behind the arguments, and must stand before the call
            self._blank = ""
            self._leave_thinking(CALL)
            shows = self._translation.thinking
            if call.signature and shows:
                self.writer.want(THINKING)
                self.writer.sign(pack({"google": call.signature}))
            call.opened = True
            in_id = call.signature if self._signs and not shows else ""
            if self._ids is None:
                translation = self._translation
                self._ids = Ids(translation.used_ids, translation.seed, translation.origin)
            self.writer.open_call(self._ids.give(call.id, in_id), self._names.restore(call.name))
        text = call.passable()
        if text:
            self.writer.add(text)

    def _advance_if_complete(self) -> None:
        """Servers that send whole calls: the live one is over once it is complete and something waits."""
        while self.live is not None and self.live.arguments.complete:
            if all(isinstance(waits, Run) and waits.blank for waits in self.waiting):
                return
            self._finish_live()

    def _finish_live(self, *, cut: bool = False, well: bool = True) -> None:
        """The live call is over; what waited takes its turn, up to the next call."""
        call = self.live
        if call is None:
            return
        if not call.named and call.name and not self._taken_apart(call):
            self._name(call)
        if call.taken_apart:
            pass
        elif call.named:
            rest = call.arguments.finish(cut=cut, well=well)
            if rest.problem:
                raise Unusable(f"the model called '{self._names.restore(call.name)}' with {rest.problem}")
            self._pass_on(call, over=True)
            if rest.text:
                self.writer.add(rest.text)
            self.writer.close()
            self.calls_sent += not cut
        elif cut:
            self._translation.notices.add("dropped", "a tool call that was cut before its name")
        else:
            raise Unusable("the endpoint sent a tool call without a name")
        call.closed = True
        self.live = None
        self._next_turn()

    def _taken_apart(self, call: ToolCall) -> bool:
        """Whether this is the call of several tools at once: then those take its place."""
        uses = uses_in(call)
        for name, arguments in reversed(uses):
            one = self._book.add(name)
            self._name(one)
            one.take(arguments)
            self.waiting.appendleft(one)
        call.taken_apart = bool(uses)
        return call.taken_apart

    def _next_turn(self) -> None:
        while self.waiting and self.live is None:
            item = self.waiting.popleft()
            if isinstance(item, ToolCall):
                self.live = item
                self._pass_on(item)
            elif not item.blank:
                self._write(item.kind, "".join(item.pieces))

    # ------------------------------------------------------------ the end

    def settle(self, *, cut: bool, well: bool = True) -> None:
        """Nothing more comes: write out everything that waits.

        `cut`: by the token limit. `well`: the endpoint said that the answer is complete.
        """
        while self.live is not None:
            self._finish_live(cut=cut and not self.live.arguments.complete, well=well)
        if self._unshown and well and not cut and not self._spoke and not self.calls_sent:
            self._blank = ""
            self._write(TEXT, "".join(self._unshown).strip())  # thinking was off: this is the answer
            self._translation.notices.add("repaired", "the whole answer came as thinking, which was switched off")
            self._unshown = []
        if self._blank and self.writer.open == NOTHING and not self.calls_sent:
            blank, self._blank = self._blank, ""
            self.begin()
            self.writer.want(TEXT)
            self.writer.add(blank)

    def close(self) -> None:
        """Close whatever block is open."""
        self.begin()
        if self.writer.open == THINKING:
            self._leave_thinking(NOTHING)
        if self.writer.open != NOTHING:
            self.writer.close()


def size(text: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
