"""The reader of chat completions, as real servers send them: chunks, whole completions, and what is neither.

Forgiving by `wire.openai_chat`; what an error is, by `translate.chunks`.
Source: platform.openai.com/docs/api-reference/chat, and the deviations noted there.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.translate.answer import Answer
from ccswitch_tui.translate.calls import ToolCall
from ccswitch_tui.translate.chunks import PLAIN, image_note, is_error, is_ordinary
from ccswitch_tui.translate.plain import Template
from ccswitch_tui.translate.readers.chat_template import template_of
from ccswitch_tui.translate.textflow import ORPHAN_FIELD, orphan_close
from ccswitch_tui.wire.finish_words import FAILED, UNCLEAR, finish_of, word_in
from ccswitch_tui.wire.openai_chat import (
    COUNTED,
    THINKS,
    THOUGHT_TAGS,
    choice_of,
    content_parts,
    fragments_of,
    hidden_signature,
    images_of,
    is_thought,
    reasoning_of,
    signature_of,
    unwrapped,
    usages_of,
)

Json = dict[str, Any]

THINKING = "thinking"
CHOICE = frozenset({"index", "delta", "finish_reason", "logprobs"})
"""Keys of an ordinary choice of a stream."""
FINISHES = frozenset({"finish_reason", "finishReason"})
NATIVE = "native_finish_reason"
STOPS = frozenset({"stop_reason", "matched_stop", "stopping_word", "stop_sequence"})
"""Where vLLM, SGLang, llama.cpp and façades of Anthropic's say which stop string was met."""
INSTEAD = ("text", "parts", "response", "output_text")
"""Where a delta without content has its text."""
USUAL = frozenset({"role", "content", "reasoning_content", "reasoning", "tool_calls"})
"""Keys of a delta that holds thinking, text and calls alone, in their usual places: nothing else is looked for."""


class ChatReader:
    """Chat completions."""

    def __init__(self) -> None:
        self._in_deltas = False
        """Something was said in deltas."""
        self._place: Any = 0
        """The choice that is told: the first that came."""
        self._complete = False
        """A reason for the end and counts have come: nothing makes an error of the answer any more."""

    def event(self, name: str, data: Json, answer: Answer) -> None:
        """One chunk."""
        if answer.takes_text and not name and not self._place:
            text = _text_alone(data)
            if text:
                answer.more_text(text)
                return
        if "choices" not in data:
            data = unwrapped(data)
        if (name or not is_ordinary(data)) and is_error(data, name, whole=False):
            if self._complete:
                answer.notice("unknown", "an error after the end of the answer")
            else:
                answer.fail(data)
            return
        self._piece(data, answer, whole=False)

    def document(self, body: Json, answer: Answer) -> None:
        """A whole completion."""
        body = unwrapped(body)
        if is_error(body, "", whole=True):
            answer.fail(body)
            return
        self._piece(body, answer, whole=True)

    def model_of(self, data: Json) -> str:
        """The model of a chunk or completion."""
        return str(data.get("model") or "")

    def template_of(
        self, chunk: Json, data: bytes, *, open_block: str, live: ToolCall | None, filtered: bool
    ) -> Template | None:
        """The surroundings of a plain chunk's text."""
        return template_of(chunk, data, open_block=open_block, live=live, filtered=filtered)

    def _piece(self, chunk: Json, answer: Answer, *, whole: bool) -> None:
        if not COUNTED.isdisjoint(chunk):
            for usage in usages_of(chunk):
                answer.count(usage)
                answer.counted_at_last = answer.heard
        choice = choice_of(chunk, self._place) or self._first_of(chunk, answer)
        if choice is None:
            self._complete = answer.finished and answer.counted_at_last
            return
        answer.heard = True
        answer.counted_at_last = False
        odd = not CHOICE.issuperset(choice)
        if odd:
            for usage in usages_of(choice):
                answer.count(usage)
            if choice.get("error") and not choice.get("finish_reason"):
                answer.fail({"error": choice["error"]})
                return
        self._said(choice, answer, whole=whole)
        if answer.done:
            return
        if odd:
            self._beside(choice, answer)
        word = _finish_word(choice, chunk)
        if word:
            if not STOPS.isdisjoint(chunk):
                _tell_stop(chunk, answer)
            self._finish(word, choice, answer)
        elif whole and not answer.finished:
            answer.finish("", "")

    def _beside(self, choice: Json, answer: Answer) -> None:
        """What else a choice may hold: the stop string, in its servers' names, and a thought signature."""
        _tell_stop(choice, answer)
        if signature := signature_of(choice):
            answer.signed(signature)

    def _first_of(self, chunk: Json, answer: Answer) -> Json | None:
        """The choice of a server that does not count from 0, where nothing was heard yet."""
        choices = chunk.get("choices")
        first = choices[0] if not answer.heard and isinstance(choices, list) and choices else None
        if not isinstance(first, dict):
            return None
        self._place = first.get("index")
        return first

    def _said(self, choice: Json, answer: Answer, *, whole: bool) -> None:
        delta = choice.get("delta")
        if isinstance(delta, list) and delta:
            delta = delta[0]
        if isinstance(delta, dict):
            if not self._in_deltas:
                self._in_deltas = any(value for key, value in delta.items() if key != "role")
            self._delta(delta, answer)
            if "message" not in choice:
                return
        message = choice.get("message")
        if isinstance(message, dict):
            for usage in usages_of(message):
                answer.count(usage)
        if isinstance(delta, dict):
            return
        if isinstance(message, dict):
            if self._in_deltas and not whole:  # a last chunk that says the whole message again
                return
            self._delta(_without_orphan(message, answer) if whole else message, answer)
        else:
            said = (choice.get(key) for key in ("text", "content", "delta", "message"))
            answer.text(next((text for text in said if isinstance(text, str) and text), ""))
            if (pieces := fragments_of(choice)) and not answer.done:
                answer.pieces(pieces)

    def _delta(self, delta: Json, answer: Answer) -> None:
        """What a chunk holds, in the order of a message: thinking, then text, then calls."""
        if PLAIN.issuperset(delta) and type(delta.get("content")) in (str, type(None)):
            answer.text(delta.get("content") or "")
            return
        if not THINKS.isdisjoint(delta):
            thought, field = reasoning_of(delta)
            if thought:
                answer.think(thought, field)
        usual = USUAL.issuperset(delta)
        if not usual:
            self._carried(delta, answer)
        if delta.get("content") or not usual:
            self._content(delta, answer)
        pieces = fragments_of(delta)
        if pieces and not answer.done:
            answer.pieces(pieces)

    def _carried(self, delta: Json, answer: Answer) -> None:
        """What must come back in the next turn, and what else stands in a delta."""
        if delta.get("error"):
            answer.fail({"error": delta["error"]})
            return
        for usage in usages_of(delta):
            answer.count(usage)
        details = delta.get("reasoning_details")
        answer.carry(details)
        signature = signature_of(delta) or hidden_signature(details)
        if signature:
            answer.signed(signature)

    def _content(self, delta: Json, answer: Answer) -> None:
        content, audio, refusal = delta.get("content"), delta.get("audio"), delta.get("refusal")
        if not content:
            content = next((delta[key] for key in INSTEAD if delta.get(key)), content)
        if content and is_thought(delta) and isinstance(content, str):
            answer.think(THOUGHT_TAGS.sub("", content), "content")
        elif content:
            for kind, text in content_parts(content):
                if answer.done:
                    break  # a stop string was met in the part before
                if kind == THINKING:
                    answer.think(text, "content")
                elif kind == "image":
                    answer.note(image_note(text))
                elif kind == "refusal":
                    answer.refuse(text)
                else:
                    answer.text(text)
        elif isinstance(audio, dict) and isinstance(audio.get("transcript"), str):
            answer.text(audio["transcript"])
        if isinstance(refusal, str) and refusal:
            answer.refuse(refusal)
        for address in images_of(delta):
            if not answer.done:
                answer.note(image_note(address))

    def _finish(self, word: str, choice: Json, answer: Answer) -> None:
        reason = finish_of(word)
        if reason == "end_turn" and NATIVE in choice:
            own = word_in(
                choice[NATIVE]
            )  # OpenRouter: what the model's host said, before it was made one of four words
            word, reason = (own, FAILED) if finish_of(own) == FAILED else (word, reason)
        if reason == FAILED and isinstance(choice.get("error"), dict):
            answer.fail({"error": choice["error"]})
        elif reason == FAILED:
            answer.break_off(f"the endpoint ended the answer with '{word.lower()[:200]}'")
        else:
            answer.finish("" if reason == UNCLEAR else reason, word)


def _tell_stop(place: Json, answer: Answer) -> None:
    for key in STOPS.intersection(place):
        for stop in place[key] if isinstance(place[key], list) else [place[key]]:
            answer.met_stop(stop)


def _finish_word(choice: Json, chunk: Json) -> str:
    """The reason the answer ends for, wherever it stands; "" where none is named."""
    given = choice.get("finish_reason")
    if given and (word := word_in(given)):
        return word
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    if "finishReason" not in choice and FINISHES.isdisjoint(delta) and FINISHES.isdisjoint(chunk):
        return ""
    places = ((place, key) for place in (choice, delta, chunk) for key in ("finish_reason", "finishReason"))
    return next((word for place, key in places if (word := word_in(place.get(key)))), "")


def _without_orphan(message: Json, answer: Answer) -> Json:
    """A whole message without the thinking its text begins with and nothing opened: the server's template wrote the
    tag."""
    content = message.get("content")
    parts = orphan_close(content) if isinstance(content, str) and "</" in content else None
    if parts is None or not parts[0].strip():
        return message
    answer.think(parts[0], ORPHAN_FIELD)
    return {**message, "content": parts[1]}


def _text_alone(chunk: Json) -> str:
    """The text of a chunk that holds text and nothing else; "" for any other. Most chunks are such."""
    choices = chunk.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or chunk.get("usage") or chunk.get("error"):
        return ""
    choice = choices[0]
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(delta, dict) or choice.get("finish_reason") or choice.get("index"):
        return ""
    for key, value in delta.items():
        if value and key != "content" and key != "role":
            return ""
    if "usage" in choice or "stop_reason" in choice or "base_resp" in chunk:
        return ""
    content = delta.get("content")
    return content if type(content) is str else ""
