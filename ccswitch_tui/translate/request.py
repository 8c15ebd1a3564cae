"""Messages request + Quirks → chat request, and all that the way back needs to know.

The body is built from an allow-list: what is not mentioned here is never sent
(metadata, safeguards, betas, context_management, cache marks, tomorrow's keys).
Deterministic: the same request gives the same bytes, because upstream prefix
caches live on that. Source: public documentation of both formats; Claude Code
as measured.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Any

from ccswitch_tui.translate.content import Content, Parts, blocks_of, text_part
from ccswitch_tui.translate.effort import effort_fields, wish_of
from ccswitch_tui.translate.failure import Failure
from ccswitch_tui.translate.memory import Memory, Remembered
from ccswitch_tui.translate.messages import Conversation, Malformed, system_text, without_billing
from ccswitch_tui.translate.notices import Notices
from ccswitch_tui.translate.rendering import PIECEWISE, RENDERERS, Piecewise
from ccswitch_tui.translate.schema import qualifies_strict
from ccswitch_tui.translate.tokens import NOTHING_GATHERED, estimate_tokens, gather_turns
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.translate.tools import DUMMY, NO_FACTS, ToolFacts, ToolSet, choice_fields, facts_of, tool_set
from ccswitch_tui.wire.codec import dumps, dumps_with
from ccswitch_tui.wire.formats import CHAT, RESPONSES, Wire
from ccswitch_tui.wire.pieces import Pieces, size_of
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

NO_SERVER_TOOLS = (
    "These tools are not available here: {names}. If they would be needed, say that they are not available; "
    "never invent their results."
)
SEED_CHARS = 2000
"""Of the newest message, for what new ids are derived from; with the sizes of the request that tells turns apart."""


NO_CHANGES: Mapping[str, Any] = {}


class RequestRefused(Exception):
    """This request cannot be translated; `failure` is the answer for the client."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass
class Translation:
    """One translated request."""

    body: Json
    requested_model: str
    """The name the client asked for: what the answer calls itself."""
    stream: bool
    """Whether the client wants a stream (`body["stream"]` says what the upstream is asked for)."""
    quirks: Quirks
    names: ToolNames
    tools: dict[str, Json]
    """The client's tools by name."""
    thinking: bool
    """False where the client switched thinking off: then none is shown."""
    stop_sequences: tuple[str, ...]
    local_stops: tuple[str, ...]
    """Stop strings the upstream was not given: the answer is cut here."""
    used_ids: frozenset[str]
    """Ids of all tool calls in the history; an answer must not repeat one."""
    tool_set: ToolSet
    """All that depends on the tools alone."""
    given: Json
    """The client's request."""
    origin: str
    """The endpoint: ids it made itself go back to it as they were."""
    token_factor: float
    """What calibration makes of an estimate."""
    known: Remembered | None = None
    """What came of the conversation's first turns when they were seen before."""
    remembered: Remembered | None = None
    """The same for this time."""
    answer_id: str = field(default_factory=lambda: f"msg_{os.urandom(12).hex()}")
    """Of the answer. No two answers have the same one, be the request the same: the client merges turns that do. Asked
    of the system each time, which costs a microsecond: forked workers would count on from the same place."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers to add to the upstream request (cache affinity)."""
    wire: Wire = CHAT
    """What the endpoint speaks; `body` is kept as chat completions all the same."""
    notices: Notices = field(default_factory=Notices)
    stated: dict[str, float] = field(default_factory=dict)
    """What is known of this answer and no client is told: `cost` in US dollars, as the endpoint states it; `counted`,
    when the endpoint itself counted all tokens."""
    _pieces: Pieces | None = None
    _estimate = _size = 0

    @property
    def raw_estimate(self) -> int:
        """Input tokens before calibration: what Calibration.observe wants."""
        if not self._estimate:
            self._estimate = self._estimated()
        return self._estimate

    def _estimated(self) -> int:
        said = self.known.gathered if self.known is not None else None
        kept = self.remembered
        if kept is not None and kept.gathered is None:
            kept.gathered = gather_turns(self.given["messages"], len(kept.turns), said or NOTHING_GATHERED)
        before = (kept.gathered if kept is not None else said) or NOTHING_GATHERED
        return estimate_tokens(self.given, before, self.tool_set.tokens)

    @property
    def input_estimate(self) -> int:
        """Input tokens as told to the client until the upstream says better."""
        return max(1, round(self.raw_estimate * self.token_factor))

    def encoded(self) -> bytes:
        """The body in the endpoint's own wire, as deterministic bytes."""
        return b"".join(self.pieces())

    def pieces(self) -> Pieces:
        """The same bytes as they lie in memory, those of earlier turns among them."""
        if self._pieces is None:
            self._pieces = self._joined() or [dumps(RENDERERS[self.wire](self.body, self.quirks))]
        return self._pieces

    @property
    def encoded_bytes(self) -> int:
        """How long they are."""
        if not self._size:
            self._size = size_of(self.pieces())
        return self._size

    def was_sent(self) -> None:
        """Its bytes have gone out; they are made again in the rare case that somebody asks."""
        self._pieces = None

    def _joined(self) -> Pieces | None:
        """The body with what was written before of its turns and its tools; None where that is nothing."""
        wire, body, chat = PIECEWISE.get(self.wire), self.body, self.tool_set.chat
        if (
            wire is None
            or not isinstance(body.get("messages"), list)
            or (wire.field != "messages" and wire.field in body)
        ):
            return None
        before, written, after = self._split(wire)
        tools = body.get("tools")
        if not written and not (chat and tools is chat):
            return None
        frame, leading = wire.frame(body, self.quirks, before)
        begin, end = dumps(leading)[:-1], dumps(wire.turned(after))[1:]
        if written:
            begin, end = begin + (b"," if leading else b""), (b"," if after else b"") + end
        known = {wire.field: [begin, *written, end]}
        if tools:
            known["tools"] = [self._tools_written(wire) if tools is chat else dumps(wire.tools(tools, self.quirks))]
        return dumps_with(frame, known)

    def _split(self, wire: Piecewise) -> tuple[list[Json], Pieces, list[Json]]:
        """Messages, those that are written already, and the rest. All are the first where nothing is written."""
        messages, kept = self.body["messages"], self.remembered or self.known
        if kept is None or not kept.messages:
            return messages, [], []
        first = 0 if messages[0] is kept.messages[0] else 1  # after the system message
        last = first + len(kept.messages)
        if len(messages) < last or not all(map(is_, kept.messages, messages[first:last])):
            return messages, [], []  # a quirk has changed some of them after all
        if not first and messages[0]["role"] not in ("user", "assistant"):
            return messages, [], []  # a wire may want it elsewhere
        written = kept.written(self.wire, wire.turned)
        return (messages[:first], written, messages[last:]) if written else (messages, [], [])

    def _tools_written(self, wire: Piecewise) -> bytes:
        made = self.tool_set.written
        if self.wire not in made:
            made[self.wire] = dumps(wire.tools(self.tool_set.chat, self.quirks))
        return made[self.wire]

    @property
    def seed(self) -> str:
        """What new ids in the answer are derived from: different in every turn of a conversation."""
        messages = self.body["messages"]
        said = messages[-1].get("content")
        tail = said[-SEED_CHARS:] if isinstance(said, str) else ""
        told = f"{self.encoded_bytes} {len(messages)} {len(self.used_ids)} {tail}"
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()

    def prepare(self) -> None:
        """Works out what the beginning of the answer needs: the proxy does it while the endpoint reads the request."""
        _ = self.raw_estimate

    def facts(self, tool: str) -> ToolFacts:
        """What must be undone in the arguments of this tool."""
        known = self.tools.get(tool)
        return facts_of(known, self.quirks) if known is not None else NO_FACTS


def translate_request(
    body: dict[str, Any],
    *,
    model: str,
    quirks: Quirks,
    wire: Wire = CHAT,
    session: str | None = None,
    token_factor: float = 1.0,
    changes: Mapping[str, Any] = NO_CHANGES,
    memory: Memory | None = None,
    origin: str = "",
) -> Translation:
    """The request for `body` to `model`, as `wire` writes it. Raises RequestRefused for what is no Messages request.

    `changes` are fields for this one try, as Failure.retry_with names them.
    `memory` spares the translation of turns that were seen before. `origin` is the endpoint's host.
    """
    try:
        # reasoning data belong to the model that made them
        maker = f"{origin} {model}" if quirks.reasoning_replay == "items" else origin
        translation = _translate(body, model, quirks, wire, session, token_factor, memory, maker)
        translation.wire = wire
        if changes:
            translation.body.update(changes)
            for name in [name for name, value in changes.items() if value is None]:
                del translation.body[name]
        size = translation.encoded_bytes
        new = translation.remembered
        if memory is not None and new is not None and new is not translation.known:
            memory.keep(new, size, translation.known)
        return translation
    except Malformed as error:
        raise RequestRefused(_invalid(str(error))) from None
    except (RecursionError, ValueError):
        raise RequestRefused(_invalid("the request is nested too deeply or cannot be written as JSON")) from None


def _invalid(message: str) -> Failure:
    return Failure(400, "invalid_request_error", message, {"x-should-retry": "false"})


def _refuse_held_conversation(thread: Any) -> None:
    """A request that goes on from a conversation the vendor's servers would hold: its history is not here.

    The SDK's tool runner asks so from its second turn on; told in this code, it sends the whole conversation.
    """
    if isinstance(thread, dict) and thread.get("type") == "continue":
        failure = _invalid("thread: conversations are not kept here; send the whole conversation without `thread`")
        raise RequestRefused(replace(failure, details={"error_code": "thread_unsupported_request"}))


def _translate(
    given: Any,
    model: str,
    quirks: Quirks,
    wire: Wire,
    session: str | None,
    token_factor: float,
    memory: Memory | None,
    origin: str,
) -> Translation:
    if not isinstance(given, dict):
        raise Malformed("the request must be a JSON object")
    if not isinstance(given.get("messages"), list) or not given["messages"]:
        raise Malformed("messages: at least one message is required")
    _refuse_held_conversation(given.get("thread"))
    find_tools = tool_set if memory is None else memory.tools
    tools = find_tools(given.get("tools"), quirks)
    notices = Notices(tools.notices)
    names = tools.names.copy()
    talk = Conversation(quirks, names, notices, origin, ids_once=wire == RESPONSES)
    leading: list[str] = []
    turns = given["messages"]
    known = memory.find(turns, quirks, names.known, origin, talk.settled(turns)) if memory is not None else None
    remembered = talk.take_all(turns, leading, known)
    choice = given.get("tool_choice")
    extra = leading + _server_tool_words(tools.server, bool(tools.by_name), choice)
    body: Json = {"model": model}
    response_format, instruction = _response_format(given, quirks)
    body["messages"] = talk.finished(_system(given.get("system"), [*extra, *instruction], quirks, notices))
    if tools.chat:
        body["tools"] = tools.chat
        body.update(choice_fields(choice, names, quirks, notices))
    elif talk.has_calls and quirks.dummy_tool:
        body["tools"] = [DUMMY]
    wants_stream = given.get("stream") is True
    streams = (wants_stream or quirks.always_stream) and not quirks.never_stream
    body.update(_limits(given, quirks, notices))
    stops = _stops(given.get("stop_sequences"))
    if stops[: quirks.stop_limit]:
        body["stop"] = list(stops[: quirks.stop_limit])
    body.update(response_format)
    wish = wish_of(given)
    body.update(effort_fields(wish, quirks, has_tools=bool(tools.chat), streams=streams))
    if streams:
        body["stream"] = True
        if quirks.stream_options:
            body["stream_options"] = {"include_usage": True}
    headers = _affinity(body, session, quirks)
    for name in quirks.drop_fields:
        if name not in ("model", "messages"):
            body.pop(name, None)
    body.update(quirks.extra_body)
    requested = given.get("model")
    return Translation(
        body=body,
        requested_model=requested if isinstance(requested, str) and requested else model,
        stream=wants_stream,
        quirks=quirks,
        names=names,
        tools=tools.by_name,
        tool_set=tools,
        thinking=wish.on is not False,
        stop_sequences=stops,
        local_stops=stops[quirks.stop_limit :],
        used_ids=frozenset(talk.used_ids),
        given=given,
        origin=origin,
        token_factor=token_factor,
        known=known,
        remembered=remembered if memory is not None else None,
        headers=headers,
        notices=notices,
    )


def _system(system: Any, extra: list[str], quirks: Quirks, notices: Notices) -> str | Parts:
    """The system prompt; a list of parts only where cache marks are passed on."""
    if quirks.cache_control == "pass" and isinstance(system, list):
        kept = []
        for block in blocks_of(system):
            text = block.get("text")
            if isinstance(text, str) and (text := without_billing(text)):
                kept.append({**block, "text": text})
        parts = Content(quirks, notices).parts(kept)
        if any("cache_control" in part for part in parts):
            return parts + [text_part(text) for text in extra if text]
    return "\n\n".join(text for text in (system_text(system), *extra) if text)


def _server_tool_words(server: list[str], has_others: bool, choice: Any) -> list[str]:
    """What the model is told about tools nobody here can run. Refuses a request that is made for such a tool alone."""
    if not server or has_others:
        return []
    if isinstance(choice, dict) and choice.get("type") in ("tool", "any"):
        raise Malformed(f"tools: '{server[0]}' runs on the vendor's own servers and is not available at this endpoint")
    return [NO_SERVER_TOOLS.format(names=", ".join(server))]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _limits(given: Json, quirks: Quirks, notices: Notices) -> Json:
    """Token limit and sampling."""
    fields: Json = {}
    wanted: Any = given.get("max_tokens")
    if _is_number(wanted) and abs(wanted) < 1e12:
        limit = max(1, int(wanted))
        if quirks.max_output is not None and limit > quirks.max_output:
            notices.add("limit", f"max_tokens {limit} lowered to {quirks.max_output}, the most this model gives")
            limit = quirks.max_output
        fields[quirks.max_tokens_field] = limit
    sampling: Json = {k: given[k] for k in ("temperature", "top_p") if k in given and _is_number(given[k])}
    if quirks.top_k and _is_number(given.get("top_k")):
        sampling["top_k"] = given["top_k"]
    if quirks.sampling == "one" and len(sampling) > 1 and "temperature" in sampling:
        sampling.pop("top_p", None)
    if quirks.sampling == "none":
        sampling = {}
    return {**fields, **sampling} if sampling else fields


def _stops(given: Any) -> tuple[str, ...]:
    texts = given if isinstance(given, list) else []
    return tuple(dict.fromkeys(s for s in texts if isinstance(s, str) and s))


def _response_format(given: Json, quirks: Quirks) -> tuple[Json, list[str]]:
    """The chat `response_format` for the client's schema, and words for the system prompt where it needs them."""
    config = given.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else None
    wanted = wanted if isinstance(wanted, dict) else given.get("output_format")
    if (
        not isinstance(wanted, dict)
        or wanted.get("type") != "json_schema"
        or not isinstance(wanted.get("schema"), dict)
    ):
        return {}, []
    schema = wanted["schema"]
    name = wanted.get("name")
    if quirks.response_format == "json_schema":
        described: Json = {"name": name if isinstance(name, str) and name else "answer", "schema": schema}
        if quirks.strict and qualifies_strict(schema):
            described["strict"] = True
        return {"response_format": {"type": "json_schema", "json_schema": described}}, []
    words = f"Answer with one JSON object and nothing else. It must match this JSON schema:\n{dumps(schema).decode()}"
    return ({"response_format": {"type": "json_object"}} if quirks.response_format == "json_object" else {}), [words]


def _affinity(body: Json, session: str | None, quirks: Quirks) -> dict[str, str]:
    """The hashed session id where this endpoint uses it to find its cache again."""
    if not session:
        return {}
    digest = hashlib.sha256(f"ccswitch-tui {session}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if quirks.user_field != "none":
        body[quirks.user_field] = digest
    return {quirks.affinity_header: digest} if quirks.affinity_header else {}
