"""The conversation: Messages API turns → chat messages in the one order every server accepts.

The rule: after an assistant turn come its tool messages, one per call, in the
order of the calls; then everything else of the user's. Results may come late,
twice, in another order, without a call or not at all: the list stays legal.
What a turn becomes depends only on the turns before it and its own group, so a
longer conversation begins with the same bytes (prefix caches).
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.call_ids import carried_in, upstream_id
from ccswitch_tui.translate.content import (
    Content,
    Parts,
    as_content,
    blocks_of,
    joined,
    only_text,
    result_blocks,
    text_part,
)
from ccswitch_tui.translate.memory import Remembered, cut_of
from ccswitch_tui.translate.notices import Notices
from ccswitch_tui.translate.picture_refusals import newest_only
from ccswitch_tui.translate.reasoning import Thought, items_in_place, replay
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.wire.codec import dumps, loads
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

NO_RESULT = "[no result: the call was interrupted]"
ERROR_MARK = "[tool error] "
BRIDGE = " "
"""What stands between a tool result and a user message for Mistral's templates: one space, as little as they accept."""
KNOWN_ROLES = frozenset({"user", "assistant", "system", "developer"})
BLANK_RESULT = "(empty)"
PREFILL = "Your answer has begun with the following text. Go on exactly where it ends, without repeating it:\n"
NOTHING_SAID = "(no content)"
"""Claude Code's own words for an empty message."""

_BILLING = re.compile(r"\s*x-anthropic-billing-header:[^\n]*(?:\n|\Z)")
"""The client's attribution line. Its checksum differs per conversation, which defeats every prefix cache."""


class Malformed(ValueError):
    """The request's messages are not what the Messages API allows; the text says where."""


class PastCall(NamedTuple):
    """A tool call of the history that waits for its result."""

    client_id: str
    upstream_id: str


def system_text(system: Any) -> str:
    """The system prompt as one text: blocks apart by a blank line, the billing line gone."""
    texts = [b.get("text") for b in blocks_of(system) if b.get("type", "text") == "text"]
    return "\n\n".join(kept for text in texts if isinstance(text, str) and (kept := without_billing(text)))


def without_billing(text: str) -> str:
    """`text` without attribution lines at its beginning; nowhere else."""
    while match := _BILLING.match(text):
        text = text[match.end() :]
    return text


def reminder(text: str) -> str:
    """A system message from inside the conversation, as it is folded into other text."""
    return f"<system-reminder>\n{text}\n</system-reminder>"


Said = tuple[list[Json], int, bool, list[tuple[str, Parts]]]
"""A turn of the model's that may go on in the next one: its blocks, its place, whether that is in the newest loop of
tool calls, and system messages since then, while its calls wait for their results."""


def _calls_something(said: Said | None) -> bool:
    return said is not None and any(block.get("type") == "tool_use" for block in said[0])


class Conversation:
    """Takes turns in order and builds `messages`. `used_ids` are the client's ids of all calls seen."""

    def __init__(
        self, quirks: Quirks, names: ToolNames, notices: Notices, origin: str = "", *, ids_once: bool = False
    ) -> None:
        """`ids_once`: the wire looks calls up by their ids, in the whole conversation."""
        self.messages: list[Json] = []
        self.used_ids: set[str] = set()
        self.has_calls = False
        self._quirks = quirks
        self._names = names
        self._notices = notices
        self._origin = origin
        self._ids_once = ids_once
        self._sent_ids: set[str] = set()
        """Of calls of earlier turns, as they were sent."""
        self._first_notice = 0
        """Those before it are about other things than the turns."""
        self._content = Content(quirks, notices)
        self._said: Said | None = None
        self._knows_a_role = True
        self._calls: list[PastCall] = []
        """Calls of the last assistant turn, in order."""
        self._waiting: dict[str, deque[PastCall]] = {}
        self._results: dict[str, tuple[str, Parts]] = {}
        """By upstream id: what the tool message says, and images or files that go with it."""
        self._answered: set[str] = set()
        """The client's ids of calls whose result came, in this turn or an earlier one."""
        self._rest: list[tuple[str, Parts]] = []
        """What else the user side said since that turn: ("user" or "system", parts)."""

    def take_all(self, turns: list[Any], leading: list[str], known: Remembered | None = None) -> Remembered | None:
        """All turns of a request. `leading` gathers system messages that come before anything else.

        `known` is what came of its first turns when they were seen before.
        Returns what is worth remembering of this time.
        """
        settled = self.settled(turns)
        loop_start = settled - 1 if self._looks_back else -1
        self._first_notice = len(self._notices)
        start = self._recall(known, leading) if known is not None else 0
        cut = cut_of(turns, settled)
        remembered = known if start >= cut else None
        self._knows_a_role = any(isinstance(turn, dict) and turn.get("role") in KNOWN_ROLES for turn in turns)
        for place in range(start, len(turns)):
            if place == cut > start:
                self._close_turn()
                remembered = self._remember(turns[:cut], leading)
                if remembered is not None and known is not None:
                    remembered.goes_on_from(known)
            self._turn(turns[place], place, place > loop_start, leading)
        self._close_turn()
        self._close_group()
        return remembered

    @property
    def _looks_back(self) -> bool:
        """What a turn becomes depends on where the newest loop of tool calls begins: reasoning is given back in that
        alone."""
        return self._quirks.reasoning_replay not in ("none", "items") and self._quirks.reasoning_scope != "all"

    def settled(self, turns: list[Any]) -> int:
        """So many turns become the same whatever follows them."""
        return _last_question(turns) + 1 if self._looks_back else len(turns)

    def _turn(self, turn: Any, place: int, in_loop: bool, leading: list[str]) -> None:
        if not isinstance(turn, dict):
            raise Malformed(f"messages.{place}: an object is required")
        role, content = turn.get("role"), turn.get("content")
        if content is not None and not isinstance(content, (str, list)):
            raise Malformed(f"messages.{place}.content: a text or a list of blocks is required")
        blocks = blocks_of(content)
        if role == "assistant":
            self._model_turn(blocks, place, in_loop)
        elif role == "user":
            if self._said is not None:
                self._close_turn()
            self._user(blocks)
        elif role in ("system", "developer"):
            if not self.messages and not self._rest and self._said is None:
                leading.append(joined(self._content.parts(blocks)))
            elif self._said is not None and _calls_something(self._said):
                self._said[3].append(("system", self._content.parts(blocks)))
            else:
                self._close_turn()
                self._rest.append(("system", self._content.parts(blocks)))
        elif isinstance(role, str) and role and self._knows_a_role:
            self._close_turn()
            self._notices.add("unknown", f"a message of role '{role[:40]}' was given to the model as the user's")
            self._user(_as_result(turn, blocks) if role == "tool" else blocks)
        else:
            raise Malformed(f"messages.{place}.role: 'user' or 'assistant' is required, not {str(role)[:40]!r}")

    def _model_turn(self, blocks: list[Json], place: int, in_loop: bool) -> None:
        """A turn behind one that called tools is a part of that, as the Messages API has it: results come for both.

        Behind one that only spoke it stays a message of its own, so that what was sent before stays as it was.
        """
        said = self._said
        if said is not None and _calls_something(said):
            self._said = ([*said[0], *blocks], *said[1:])
            return
        self._close_turn()
        self._said = (blocks, place, in_loop, [])

    def _close_turn(self) -> None:
        """Write down what the model said in its last turn: it is complete."""
        if self._said is None:
            return
        (blocks, place, in_loop, systems), self._said = self._said, None
        self._assistant(blocks, place, in_loop)
        self._rest += systems

    def _remember(self, turns: list[Json], leading: list[str]) -> Remembered | None:
        """All that the turns so far have come to. The next turn is an assistant's: what they say is complete."""
        self._close_group()
        if not self._names.only_known:
            return None  # rare: a name in the history was shortened with regard to another one there
        return Remembered(
            quirks=self._quirks,
            origin=self._origin,
            known=self._names.known,
            turns=turns,
            messages=self.messages[:],
            used_ids=set(self.used_ids),
            answered=set(self._answered),
            has_calls=self.has_calls,
            leading=leading[:],
            notices=self._notices[self._first_notice :],
        )

    def _recall(self, known: Remembered, leading: list[str]) -> int:
        self.messages = known.messages[:]
        self.used_ids = set(known.used_ids)
        self._answered = set(known.answered)
        if self._ids_once:
            self._sent_ids = {call["id"] for m in known.messages for call in m.get("tool_calls") or ()}
        self.has_calls = known.has_calls
        leading += known.leading
        for notice in known.notices:
            self._notices.add(*notice)
        return len(known.turns)

    def finished(self, system: str | Parts) -> list[Json]:
        """The list with its system message, after the quirks that concern neighbours."""
        messages = self.messages
        if not any(m["role"] in ("user", "tool") for m in messages):
            self._notices.add("mended", "a conversation without a user message got an empty one")
            messages.append({"role": "user", "content": NOTHING_SAID})
        if system:
            messages = [{"role": self._quirks.system_role, "content": system}, *messages]
        if self._quirks.prefill == "tell" and messages[-1]["role"] == "assistant":
            messages = [*messages[:-1], {"role": "user", "content": f"{PREFILL}{_text_of(messages[-1])}"}]
            self._notices.add("mended", "the beginning of the answer was told to the model in words")
        if self._quirks.blank_text != "send":
            messages = [_without_blank(message, mark=self._quirks.blank_text == "mark") for message in messages]
        if self._quirks.max_images is not None:
            messages = newest_only(messages, self._quirks.max_images)
        if self._quirks.alternate_roles:
            messages = _merged(messages)
        if self._quirks.assistant_after_tool:
            messages = _bridged(messages)
        return messages

    # ------------------------------------------------------------ assistant turns

    def _assistant(self, blocks: list[Json], place: int, in_loop: bool) -> None:
        self._close_group()
        calls: list[Json] = []
        for block in blocks:
            if block.get("type") == "tool_use":
                calls.append(self._call(block, f"{place}.{len(calls)}"))
        parts = self._content.parts(blocks)
        if calls and parts and not str(parts[0].get("text", "?")).strip() and _is_blank(parts):
            parts = []  # the line breaks some models write before a call say nothing, and Bedrock refuses them
        message: Json = {"role": "assistant", "content": as_content(parts) if parts else None}
        if not parts and calls and self._quirks.content_null == "empty":
            message["content"] = ""
        if calls:
            message["tool_calls"] = calls
        if calls or parts:
            if self._quirks.reasoning_replay != "none":
                self._give_back(message, blocks, in_loop)
            self.messages.append(message)
        told = [said for block in blocks if block.get("type") == "tool_result" for said in self._result(block)]
        if told:  # an endpoint that ran a tool itself puts its result into its own turn
            self._rest.append(("user", self._content.parts(told)))

    def _give_back(self, message: Json, blocks: list[Json], in_loop: bool) -> None:
        """The turn's reasoning, as the endpoint takes it back."""
        if self._quirks.reasoning_replay == "items":
            placed = items_in_place(blocks, self._origin)
            if placed:
                message["reasoning_items"] = placed
            return
        thought = Thought([b for b in blocks if b.get("type") == "thinking"])
        thought.google = thought.google or self._signature_in_ids()
        scope = in_loop or self._quirks.reasoning_scope == "all"
        replay(message, thought, self._quirks.reasoning_replay, in_loop=scope)

    def _signature_in_ids(self) -> str | None:
        """Gemini's thought signature of a turn without thinking blocks: the client had switched thinking off."""
        held = [carried_in(call.client_id, self._origin) for call in self._calls]
        return next((carried.signature for carried in held if carried is not None and carried.signature), None)

    def _call(self, block: Json, fallback: str) -> Json:
        given = block.get("id")
        client_id = given if isinstance(given, str) and given else f"call_without_id_{fallback}"
        self.used_ids.add(client_id)
        sent_id = upstream_id(client_id, self._quirks.tool_id, self._origin)
        if self._calls and any(call.upstream_id == sent_id for call in self._calls):
            sent_id = upstream_id(f"{client_id} {fallback} " + "again" * 10, self._quirks.tool_id)
            self._notices.add("mended", "two tool calls of one turn had the same id")
        elif self._ids_once:
            if sent_id in self._sent_ids:
                sent_id = upstream_id(f"{client_id} {fallback} " + "again" * 10, self._quirks.tool_id)
                self._notices.add("mended", "a tool call had the id of an earlier one")
            self._sent_ids.add(sent_id)
        call = PastCall(client_id, sent_id)
        self._calls.append(call)
        self._waiting.setdefault(client_id, deque()).append(call)
        self.has_calls = True
        name = block.get("name")
        return {
            "id": sent_id,
            "type": "function",
            "function": {
                "name": self._names.short(name if isinstance(name, str) and name else "unnamed"),
                "arguments": arguments_text(block.get("input")),
            },
        }

    # ------------------------------------------------------------ the user's side

    def _user(self, blocks: list[Json]) -> None:
        said: list[Json] = []
        for block in blocks:
            if block.get("type") != "tool_result":
                said.append(block)
                continue
            said += self._result(block)
        if said or not blocks:
            parts = self._content.parts(said)
            if parts or not blocks:
                self._rest.append(("user", parts))

    def _result(self, block: Json) -> list[Json]:
        """Keeps the result for its call. An orphan comes back as blocks of text to be said by the user."""
        given = block.get("tool_use_id")
        client_id = given if isinstance(given, str) else ""
        content = block.get("content")
        text = content if type(content) is str else only_text(content)
        parts = [] if text is not None else self._content.parts(result_blocks(content))
        if text is None:
            text = joined(parts, "\n")
        waiting = self._waiting.get(client_id)
        if waiting:
            pictures = [p for p in parts if p.get("type") != "text"]
            if block.get("is_error") is True:
                text = ERROR_MARK + text
            self._results[waiting.popleft().upstream_id] = (text, pictures)
            self._answered.add(client_id)
            return []
        if client_id in self._answered:
            self._notices.add("repaired", f"a second result for call {client_id}: the first one counts")
            return []
        self._notices.add("repaired", f"a result for call {client_id}, which is not in the conversation, became text")
        mark = ERROR_MARK if block.get("is_error") is True else ""
        said = f"[Result of the earlier tool call {client_id}]\n{mark}{text}"
        return [text_part(said), *(b for b in blocks_of(content) if b.get("type") == "image")]

    def _close_group(self) -> None:
        """Write down what came since the last assistant turn: results, their pictures, then the rest."""
        pictures: Parts = []
        for call in self._calls:
            result = self._results.get(call.upstream_id)
            if result is None:
                self._notices.add("repaired", f"no result for call {call.client_id}: said so to the model")
                result = NO_RESULT, []
            text, shown = result
            self.messages.append(self._tool_message(call.upstream_id, text, shown))
            if shown and self._quirks.tool_images == "user":
                pictures += [text_part(f"From the result of tool call {call.upstream_id}:"), *shown]
        if pictures:
            self.messages.append({"role": "user", "content": pictures})
        for who, parts in self._rest:
            if who == "user":
                if parts:
                    self.messages.append({"role": "user", "content": as_content(parts)})
            else:
                self._inner_system(joined(parts))
        if self._rest and not self._calls and all(who == "user" and not parts for who, parts in self._rest):
            self.messages.append({"role": "user", "content": NOTHING_SAID})
        self._calls, self._waiting, self._results, self._rest = [], {}, {}, []

    def _tool_message(self, call_id: str, text: str, shown: Parts) -> Json:
        content: Any = text or self._quirks.tool_text_empty
        if self._quirks.blank_text != "send" and not content.strip():
            content = self._quirks.tool_text_empty or BLANK_RESULT
        if shown and self._quirks.tool_images == "inline":
            content = [*([text_part(text)] if text else []), *shown]
        elif shown and not text:
            content = "(shown in the next message)"
        return {"role": "tool", "tool_call_id": call_id, "content": content}

    def _inner_system(self, text: str) -> None:
        if not text:
            return
        if self._quirks.mid_system == "keep":
            self.messages.append({"role": self._quirks.system_role, "content": text})
            return
        last = self.messages[-1] if self.messages else None
        if last is None or last["role"] not in ("user", "tool"):
            self.messages.append({"role": "user", "content": reminder(text)})
            return
        before = last["content"]
        if isinstance(before, str):
            said: Any = f"{before}\n\n{reminder(text)}" if before else reminder(text)
        else:
            said = [*before, text_part(reminder(text))]
        self.messages[-1] = {**last, "content": said}  # a new one: the old one may be remembered


def _is_blank(parts: Parts) -> bool:
    return all(part.get("type") == "text" and not str(part["text"]).strip() for part in parts)


def arguments_text(given: Any) -> str:
    """A call's input as the text of a JSON object: keys in the order they were given, `{}` for none."""
    if type(given) is dict:
        return dumps(given).decode()
    if isinstance(given, str):
        try:
            parsed = loads(given)
        except ValueError:
            parsed = None
        given = parsed if isinstance(parsed, dict) else {"input": given}
    if given is None or given == []:
        given = {}
    return dumps(given if isinstance(given, dict) else {"input": given}).decode()


def _last_question(turns: list[Any]) -> int:
    """Where the current tool loop begins: the place of the last user message that is not only tool results."""
    for place in range(len(turns) - 1, -1, -1):
        turn = turns[place]
        if not isinstance(turn, dict) or turn.get("role") != "user":
            continue
        blocks = blocks_of(turn.get("content"))
        if blocks and not any(b.get("type") == "tool_result" for b in blocks):
            return place
    return -1


def _text_of(message: Json) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else joined(content or [], "\n")


def _without_blank(message: Json, *, mark: bool) -> Json:
    """The message without text that is only white space; where nothing else is there, a mark says so."""
    content = message.get("content")
    if content is None and mark:
        return {**message, "content": NOTHING_SAID}
    if isinstance(content, str) and not content.strip():
        said = (
            None
            if message.get("tool_calls") and not mark
            else BLANK_RESULT
            if message["role"] == "tool"
            else NOTHING_SAID
        )
        return {**message, "content": said}
    if isinstance(content, list):
        kept = [part for part in content if part.get("type") != "text" or part["text"].strip()]
        return {**message, "content": kept or NOTHING_SAID}
    return message


def _as_result(turn: Json, blocks: list[Json]) -> list[Json]:
    """A message of OpenAI's role `tool`, where a client mixes the formats: the result it holds."""
    call_id = turn.get("tool_call_id") or turn.get("tool_use_id")
    if not isinstance(call_id, str) or not call_id:
        return blocks
    return [{"type": "tool_result", "tool_use_id": call_id, "content": turn.get("content")}]


def _merged(messages: list[Json]) -> list[Json]:
    """Neighbours of one role as one message; tool messages and calls stay as they are."""
    out: list[Json] = []
    for message in messages:
        last = out[-1] if out else None
        alike = last is not None and last["role"] == message["role"] and message["role"] in ("user", "assistant")
        if last is None or not alike or "tool_calls" in last:
            out.append(message)
            continue
        both = [_as_parts(last["content"]), _as_parts(message["content"])]
        out[-1] = {**last, **message, "content": as_content(both[0] + both[1]) if any(both) else None}
    return out


def _as_parts(content: Any) -> Parts:
    if isinstance(content, str):
        return [text_part(content)] if content else []
    return content or []


def _bridged(messages: list[Json]) -> list[Json]:
    out: list[Json] = []
    for message in messages:
        if out and out[-1]["role"] == "tool" and message["role"] == "user":
            out.append({"role": "assistant", "content": BRIDGE})
        out.append(message)
    return out
