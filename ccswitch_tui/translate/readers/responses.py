"""The reader of OpenAI's Responses API: the events of a stream, and whole responses.

What an event belongs to is told by `output_index`, else by `item_id`, else by
neither: then it is the last item of its kind. Text and arguments are taken from
the first place that has them (deltas, then the `.done` events, then the item,
then the final response) and later copies are ignored; a final response is
compared by kind and position, never by id, because servers give other ids there.
Source: platform.openai.com/docs/api-reference/responses-streaming; llama.cpp
(xllamacpp 2026.10.11549), aimock 1.43 and LiteLLM 1.106.2 as run; issues named at the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.translate.answer import Answer
from ccswitch_tui.translate.calls import ToolCall
from ccswitch_tui.translate.chunks import is_error
from ccswitch_tui.translate.plain import Template
from ccswitch_tui.wire.finish_words import FAILED, finish_of
from ccswitch_tui.wire.openai_chat import Fragment, Usage, arguments_of, text_of, whole

Json = dict[str, Any]

TEXT_DELTA = "response.output_text.delta"

CHAT_INSTEAD = (
    "the endpoint answers /responses in the chat-completions format: set the ccswitch-tui profile to it "
    "('ccswitch-tui edit NAME --set endpoint.wire=openai-chat')"
)

MESSAGE, REASONING, CALL = "message", "reasoning", "function_call"

UNFINISHED = frozenset({"queued", "in_progress"})
"""How a whole answer cannot end, beside the words that mean a failure: nobody asked for one in the background."""
ABORTED = frozenset({"incomplete", "failed", "cancelled"})
"""States of a call that is not to be run, whatever its arguments are."""


class Item:
    """One output item, as far as it was told to the answer."""

    __slots__ = ("kind", "named", "place", "shown", "told", "voice")

    def __init__(self, kind: str, place: int) -> None:
        self.kind = kind
        self.place = place
        """Among the items of its kind."""
        self.shown: set[int] = set()
        """Parts of which text was told."""
        self.named = False
        """The name of a call was told."""
        self.told = False
        """Arguments, or reasoning data, were told."""
        self.voice = ""
        """Of a reasoning item: `summary` or `text`, whichever spoke first."""


class ResponsesReader:
    """OpenAI's Responses API."""

    def __init__(self) -> None:
        self._by_index: dict[int, Item] = {}
        self._by_id: dict[str, Item] = {}
        self._of_kind: dict[str, list[Item]] = {}
        self._last = ""
        """Kind of the item that spoke last."""
        self._live: tuple[Any, Any] | None = None
        """Index and id, as the events name them, of the message whose text comes."""
        self._part = 0
        self._aborted = False
        """A call was handed over as one that the endpoint did not finish."""

    def event(self, name: str, data: Json, answer: Answer) -> None:
        """One event of a stream."""
        kind = data.get("type")
        if kind == TEXT_DELTA and answer.takes_text and self._live == (data.get("output_index"), data.get("item_id")):
            text = data.get("delta")
            if type(text) is str and text and data.get("content_index", self._part) == self._part:
                answer.more_text(text)  # most events are such
                return
        kind = kind if isinstance(kind, str) and kind else name
        handler = HANDLERS.get(kind)
        if handler is not None:
            handler(self, data, answer)
        elif "choices" in data:
            answer.break_off(CHAT_INSTEAD)
        elif _is_response(data):
            self.document(data, answer)
        elif is_error(data, kind, whole=False):
            answer.fail(data)

    def document(self, body: Json, answer: Answer) -> None:
        """A whole response."""
        inner = body.get("response")
        body = inner if isinstance(inner, dict) and _is_response(inner) else body
        if "choices" in body:
            answer.break_off(CHAT_INSTEAD)
        if body.get("error") or not _is_response(body):
            answer.fail(body)
            return
        self._end(body, answer)

    def model_of(self, data: Json) -> str:
        """The model of a response, or of an event that holds one."""
        inner = data.get("response")
        return str((inner if isinstance(inner, dict) else data).get("model") or "")

    def template_of(
        self, chunk: Json, data: bytes, *, open_block: str, live: ToolCall | None, filtered: bool
    ) -> Template | None:
        """None: every event has a number of its own."""
        return None

    # ------------------------------------------------------------ which item

    def _item(self, data: Json, kind: str) -> Item:
        index, item_id = data.get("output_index"), data.get("item_id")
        if item_id is None and isinstance(data.get("item"), dict):
            item_id = data["item"].get("id")
        if isinstance(index, int) and not isinstance(index, bool):
            found = self._by_index.get(index)
            if found is None or found.kind != kind:
                found = self._by_index[index] = self._new(kind)
            return found
        if isinstance(item_id, str) and item_id:
            found = self._by_id.get(item_id)
            if found is None or found.kind != kind:
                found = self._by_id[item_id] = self._new(kind)
            return found
        known = self._of_kind.get(kind)
        return known[-1] if known else self._new(kind)

    def _new(self, kind: str) -> Item:
        of_kind = self._of_kind.setdefault(kind, [])
        of_kind.append(Item(kind, len(of_kind)))
        return of_kind[-1]

    # ------------------------------------------------------------ events

    def _started(self, data: Json, answer: Answer) -> None:
        answer.heard = True  # servers repeat it: llama.cpp before every delta
        if _table(data.get("response")).get("status") == "failed":
            self._failed(data, answer)

    def _added(self, data: Json, answer: Answer) -> None:
        answer.heard = True
        item = _table(data.get("item"))
        if item.get("type") == CALL:
            known = self._item(data, CALL)
            answer.pieces([Fragment(known.place, _call_id(item), _text(item.get("name")), "", "")])
            known.named = bool(item.get("name"))
            self._last = CALL

    def _text_delta(self, data: Json, answer: Answer) -> None:
        self._live, self._part = (data.get("output_index"), data.get("item_id")), _part(data, "content_index")
        self._said(data, text_of(data.get("delta")), answer.text, answer)

    def _refusal_delta(self, data: Json, answer: Answer) -> None:
        self._said(data, _text(data.get("delta")), answer.refuse, answer)

    def _said(self, data: Json, text: str, tell: Callable[[str], None], answer: Answer) -> None:
        answer.heard = True
        if text:
            self._item(data, MESSAGE).shown.add(_part(data, "content_index"))
            self._last = MESSAGE
            tell(text)

    def _text_done(self, data: Json, answer: Answer) -> None:
        if _part(data, "content_index") not in self._item(data, MESSAGE).shown:
            self._said(data, _text(data.get("text")), answer.text, answer)

    def _refusal_done(self, data: Json, answer: Answer) -> None:
        if _part(data, "content_index") not in self._item(data, MESSAGE).shown:
            self._said(data, _text(data.get("refusal")), answer.refuse, answer)

    def _part_done(self, data: Json, answer: Answer) -> None:
        part = _table(data.get("part"))
        if part.get("type") == "refusal":
            self._refusal_done({**data, "refusal": part.get("refusal")}, answer)
        elif part.get("type") in ("output_text", "text"):
            self._text_done({**data, "text": part.get("text")}, answer)

    def _thought(self, data: Json, answer: Answer, *, voice: str, text: str, done: bool) -> None:
        answer.heard = True
        item = self._item(data, REASONING)
        part = _part(data, "summary_index" if voice == "summary" else "content_index")
        if not text or (item.voice or voice) != voice or (done and part in item.shown):
            return
        if part not in item.shown and (item.shown or (self._last == REASONING and item.place)):
            text = f"\n\n{text}"
        item.voice, self._last = voice, REASONING
        item.shown.add(part)
        answer.think(text, voice)

    def _call_delta(self, data: Json, answer: Answer) -> None:
        answer.heard = True
        text = data.get("delta")
        if isinstance(text, str) and text:
            self._arguments(self._item(data, CALL), {}, text, answer)

    def _call_done(self, data: Json, answer: Answer) -> None:
        item = self._item(data, CALL)
        if not item.told:
            self._arguments(item, data, data.get("arguments"), answer)

    def _arguments(self, item: Item, said: Json, arguments: Any, answer: Answer) -> None:
        if arguments in (None, ""):
            return
        item.told = True
        self._last = CALL
        answer.pieces([Fragment(item.place, _text(said.get("call_id")), _text(said.get("name")), arguments, "")])

    def _item_done(self, data: Json, answer: Answer) -> None:
        answer.heard = True
        item = _table(data.get("item"))
        if item.get("type") == "custom_tool_call":
            answer.break_off("the endpoint called a tool as one without a schema, and none such was offered")
        if item.get("type") in (MESSAGE, REASONING, CALL):
            self._whole(item, self._item(data, item["type"]), answer)

    # ------------------------------------------------------------ whole items and the end

    def _whole(self, said: Json, item: Item, answer: Answer) -> None:
        """What a whole item says beyond what was told of it."""
        if item.kind == MESSAGE:
            self._whole_message(said, item, answer)
        elif item.kind == CALL:
            self._aborted = self._aborted or said.get("status") in ABORTED
            if not (item.told and item.named):
                answer.pieces([Fragment(item.place, _call_id(said), _text(said.get("name")), "", "")])
            if not item.told:
                self._arguments(item, {}, arguments_of(said), answer)
            self._last = CALL
        elif not item.told:
            self._whole_reasoning(said, item, answer)

    def _whole_message(self, said: Json, item: Item, answer: Answer) -> None:
        content = said.get("content")
        if isinstance(content, str) and content and not item.shown:
            item.shown.add(0)
            answer.text(content)
        for place, part in enumerate(content if isinstance(content, list) else ()):
            if not isinstance(part, dict) or place in item.shown:
                continue
            refusal, text = part.get("refusal"), part.get("text")
            if isinstance(refusal, str) and refusal:
                item.shown.add(place)
                answer.refuse(refusal)
            elif isinstance(text, str) and text:
                item.shown.add(place)
                answer.text(text)
        self._last = MESSAGE

    def _whole_reasoning(self, said: Json, item: Item, answer: Answer) -> None:
        for voice, field, index in (("summary", "summary", "summary_index"), ("text", "content", "content_index")):
            parts = said.get(field)
            for place, part in enumerate(parts if isinstance(parts, list) else ()):
                text = _text(_table(part).get("text"))
                self._tell_thought(item, {index: place}, voice, text, answer)
        item.told = True
        kept = {key: said[key] for key in ("summary", "content", "encrypted_content", "id") if said.get(key)}
        if kept.get("encrypted_content") or kept.get("content"):
            answer.carry([{"type": REASONING, **kept}])
        self._last = REASONING

    def _tell_thought(self, item: Item, at: Json, voice: str, text: str, answer: Answer) -> None:
        part = next(iter(at.values()))
        if not text or part in item.shown or (item.voice or voice) != voice:
            return
        if item.shown or (self._last == REASONING and item.place):
            text = f"\n\n{text}"
        item.voice = voice
        item.shown.add(part)
        answer.think(text, voice)

    def _ended(self, data: Json, answer: Answer) -> None:
        self._end(_table(data.get("response")) or data, answer)

    def _end(self, response: Json, answer: Answer) -> None:
        """What a final response holds beyond the stream, then its counts and its end."""
        answer.heard = True
        if response.get("status") == "failed" or response.get("error"):
            self._failed({"response": response}, answer)
            return
        seen: dict[str, int] = {}
        output = response.get("output")
        for said in output if isinstance(output, list) else ():
            kind = said.get("type", MESSAGE if "content" in said else "") if isinstance(said, dict) else None
            if kind not in (MESSAGE, REASONING, CALL):
                continue
            known, place = self._of_kind.get(kind, []), seen.get(kind, 0)
            seen[kind] = place + 1
            self._whole(said, known[place] if place < len(known) else self._new(kind), answer)
            if answer.done:
                return
        aside = response.get("output_text")  # what the SDKs make of the items; some façades send nothing else
        if isinstance(aside, str) and not self._last:
            answer.text(aside)
        usage = usage_of(response.get("usage"))
        if usage is not None:
            answer.count(usage)
        self._finish(response, answer)

    def _finish(self, response: Json, answer: Answer) -> None:
        status = _text(response.get("status"))
        reason = _text(_table(response.get("incomplete_details")).get("reason"))
        if status == "incomplete":
            meant = finish_of(reason) if reason else "max_tokens"
            if meant == FAILED:
                answer.break_off(f"the endpoint ended the answer with '{reason.lower()[:200]}'")
            answer.finish("refusal" if meant == "refusal" else "max_tokens", reason or "incomplete")
        elif status in UNFINISHED or finish_of(status) == FAILED:
            answer.break_off(f"the endpoint ended the answer as '{status[:200]}'")
        elif self._aborted:
            answer.break_off("the endpoint ended the answer with a tool call that it did not finish")
        else:
            answer.finish("end_turn", status or "completed")
        answer.over()

    def _failed(self, data: Json, answer: Answer) -> None:
        response = _table(data.get("response")) or data
        error = response.get("error")
        if not error:
            error = {"message": "the endpoint's answer failed, and it does not say why", "code": "server_error"}
        answer.fail({"error": error})

    def _cancelled(self, data: Json, answer: Answer) -> None:
        answer.break_off("the endpoint cancelled the answer")

    def _error(self, data: Json, answer: Answer) -> None:
        nested = data.get("error")
        flat = {key: data.get(key) for key in ("message", "code", "param") if data.get(key)}
        answer.fail({**data, "error": nested if nested else flat})


def _thoughts(voice: str, key: str, *, done: bool) -> Callable[[ResponsesReader, Json, Answer], None]:
    def handle(reader: ResponsesReader, data: Json, answer: Answer) -> None:
        reader._thought(data, answer, voice=voice, text=text_of(data.get(key)), done=done)

    return handle


HANDLERS: Mapping[str, Callable[[ResponsesReader, Json, Answer], None]] = {
    "response.created": ResponsesReader._started,
    "response.in_progress": ResponsesReader._started,
    "response.output_item.added": ResponsesReader._added,
    "response.output_item.done": ResponsesReader._item_done,
    TEXT_DELTA: ResponsesReader._text_delta,
    "response.output_text.done": ResponsesReader._text_done,
    "response.refusal.delta": ResponsesReader._refusal_delta,
    "response.refusal.done": ResponsesReader._refusal_done,
    "response.content_part.done": ResponsesReader._part_done,
    "response.reasoning_summary_text.delta": _thoughts("summary", "delta", done=False),
    "response.reasoning_summary_text.done": _thoughts("summary", "text", done=True),
    "response.reasoning_text.delta": _thoughts("text", "delta", done=False),
    "response.reasoning_text.done": _thoughts("text", "text", done=True),
    "response.reasoning.delta": _thoughts("text", "delta", done=False),
    "response.function_call_arguments.delta": ResponsesReader._call_delta,
    "response.function_call_arguments.done": ResponsesReader._call_done,
    "response.completed": ResponsesReader._ended,
    "response.incomplete": ResponsesReader._ended,
    "response.failed": ResponsesReader._failed,
    "response.cancelled": ResponsesReader._cancelled,
    "response.canceled": ResponsesReader._cancelled,
    "response.done": ResponsesReader._ended,
    "error": ResponsesReader._error,
}
"""Events by type; all others (rate limits, keep-alives, tools of the endpoint's own, tomorrow's) say nothing here."""


def usage_of(given: Any) -> Usage | None:
    """The usage of a response; relays write Anthropic's names there too."""
    if not isinstance(given, dict):
        return None
    details = _table(given.get("input_tokens_details"))
    read = whole(details.get("cached_tokens"))
    write = whole(details.get("cache_write_tokens"))
    prompt = whole(given.get("input_tokens"))
    output = whole(given.get("output_tokens"))
    if prompt is None and whole(given.get("prompt_tokens")) is not None:  # SGLang
        prompt, output = whole(given.get("prompt_tokens")), whole(given.get("completion_tokens"))
    if read is None and "cache_read_input_tokens" in given:
        return Usage(
            prompt, output, whole(given.get("cache_read_input_tokens")) or 0,
            whole(given.get("cache_creation_input_tokens")) or 0,
        )  # fmt: skip
    if not prompt and not output:
        return None
    cached = (read or 0) + (write or 0)
    return Usage(None if prompt is None else max(0, prompt - cached), output, read or 0, write or 0)


def _is_response(body: Json) -> bool:
    return body.get("object") == "response" or isinstance(body.get("output"), list)


def _call_id(item: Json) -> str:
    return _text(item.get("call_id")) or _text(item.get("id"))


def _part(data: Json, name: str) -> int:
    index = data.get(name)
    return index if isinstance(index, int) and not isinstance(index, bool) else 0


def _table(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
