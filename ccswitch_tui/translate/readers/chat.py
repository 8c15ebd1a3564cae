"""The reader of chat completions, as real servers send them: chunks, whole completions, and what is neither.

Forgiving by `wire.openai_chat`; what an error is, by `translate.chunks`.
Source: platform.openai.com/docs/api-reference/chat, and the deviations noted there.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.translate.answer import Answer
from ccswitch_tui.translate.calls import Call
from ccswitch_tui.translate.chunks import PLAIN, image_note, is_error, is_ordinary
from ccswitch_tui.translate.plain import Template
from ccswitch_tui.translate.readers.chat_template import template_of
from ccswitch_tui.wire.openai_chat import (
    FAILED,
    UNCLEAR,
    choice_of,
    content_parts,
    finish_of,
    fragments_of,
    images_of,
    read_usage,
    reasoning_of,
)

Json = dict[str, Any]

THINKING = "thinking"


class ChatReader:
    """Chat completions."""

    def event(self, name: str, data: Json, answer: Answer) -> None:
        """One chunk."""
        if answer.takes_text and not name:
            text = _text_alone(data)
            if text:
                answer.more_text(text)
                return
        if (name or not is_ordinary(data)) and is_error(data, name, whole=False):
            answer.fail(data)
            return
        self._piece(data, answer, whole=False)

    def document(self, body: Json, answer: Answer) -> None:
        """A whole completion."""
        if is_error(body, "", whole=True):
            answer.fail(body)
            return
        self._piece(body, answer, whole=True)

    def model_of(self, data: Json) -> str:
        """The model of a chunk or completion."""
        return str(data.get("model") or "")

    def template_of(
        self, chunk: Json, data: bytes, *, open_block: str, live: Call | None, filtered: bool
    ) -> Template | None:
        """The surroundings of a plain chunk's text."""
        return template_of(chunk, data, open_block=open_block, live=live, filtered=filtered)

    def _piece(self, chunk: Json, answer: Answer, *, whole: bool) -> None:
        _count(chunk.get("usage"), answer)
        choice = choice_of(chunk)
        if choice is None:
            return
        answer.heard = True
        _count(choice.get("usage"), answer)
        said = choice.get("delta")
        if not isinstance(said, dict):
            said = choice.get("message")
        if isinstance(said, dict):
            self._delta(said, answer)
        elif isinstance(choice.get("text"), str):
            answer.text(choice["text"])
        if answer.done:
            return
        for key in ("stop_reason", "matched_stop"):  # vLLM's and SGLang's names
            if key in choice:
                answer.met_stop(choice[key])
        finish = choice.get("finish_reason")
        if answer.finished:
            return
        if isinstance(finish, str) and finish:
            self._finish(finish, choice, answer)
        elif whole:
            answer.finish("", "")

    def _delta(self, delta: Json, answer: Answer) -> None:
        """What a chunk holds, in the order of a message: thinking, then text, then calls."""
        if PLAIN.issuperset(delta) and type(delta.get("content")) in (str, type(None)):
            answer.text(delta.get("content") or "")
            return
        thought, field = reasoning_of(delta)
        if thought:
            answer.think(thought, field)
        answer.carry(delta.get("reasoning_details"))
        content, audio, refusal = delta.get("content"), delta.get("audio"), delta.get("refusal")
        if content:
            for kind, text in content_parts(content):
                if answer.done:
                    break  # a stop string was met in the part before
                if kind == THINKING:
                    answer.think(text, "content")
                else:
                    answer.text(text)
        elif isinstance(audio, dict) and isinstance(audio.get("transcript"), str):
            answer.text(audio["transcript"])
        if isinstance(refusal, str) and refusal:
            answer.refuse(refusal)
        for address in images_of(delta):
            if not answer.done:
                answer.note(image_note(address))
        pieces = fragments_of(delta)
        if pieces and not answer.done:
            answer.pieces(pieces)

    def _finish(self, word: str, choice: Json, answer: Answer) -> None:
        reason = finish_of(word)
        if reason == UNCLEAR:
            answer.notice("guessed", f"the endpoint ended the answer with '{word[:60].lower()}', taken for a good end")
            reason = "end_turn"
        if reason != FAILED:
            answer.finish(reason, word)
        elif isinstance(choice.get("error"), dict):
            answer.fail({"error": choice["error"]})
        else:
            answer.break_off(f"the endpoint ended the answer with '{word.lower()}'")


def _count(given: Any, answer: Answer) -> None:
    usage = read_usage(given) if given else None
    if usage is not None:
        answer.count(usage)


def _text_alone(chunk: Json) -> str:
    """The text of a chunk that holds text and nothing else; "" for any other. Most chunks are such."""
    choices = chunk.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or chunk.get("usage") or chunk.get("error"):
        return ""
    choice = choices[0]
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(delta, dict) or choice.get("finish_reason") or choice.get("index"):
        return ""
    if any(value and key != "content" and key != "role" for key, value in delta.items()):
        return ""
    if "usage" in choice or "stop_reason" in choice or "base_resp" in chunk:
        return ""
    content = delta.get("content")
    return content if type(content) is str else ""
