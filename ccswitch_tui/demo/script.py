"""What the scripted model answers: a pure function of the conversation it is sent.

Its one rule: the same conversation always gets the same answer. Markers in a
prompt drive it, one step a turn, so that a real client can be led through tool
calls without a real model:

    @@TOOL Write {"file_path": "a.txt", "content": "hi"}@@      one call in one turn
    @@PARALLEL Read {"file_path": "a"} Read {"file_path": "b"}@@  several calls in one turn
    @@SAY done@@        the last answer, in place of the friendly one
    @@THINK aha@@       reasoning before the answer
    @@WORDS 500@@       a last answer of so many words

Without markers it calls a tool only when it is made to (`tool_choice`) or when
one of a handful of tools is asked for by name, as the probe does.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Body = Mapping[str, Any]
Message = Mapping[str, Any]


class ScriptedCall(NamedTuple):
    """One tool call: the tool's name and its arguments."""

    name: str
    arguments: Mapping[str, Any]


class Reply(NamedTuple):
    """One turn of the model: reasoning, then text or calls."""

    text: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    reasoning: str = ""


FEW_TOOLS = 6
"""With more tools than these it is an agent's tool box, and a tool's name in a prompt is an ordinary word."""


def reply_to(body: Body) -> Reply:
    """The next turn for a chat completions request body."""
    messages: Sequence[Message] = body.get("messages") or []
    start, steps, marks = _last_script(messages)
    thought = marks.get("THINK", "")
    done = _tool_turns(messages[start:])
    if done < len(steps):
        return Reply(calls=steps[done], reasoning=thought)
    if not steps and (calls := _wanted_calls(body, messages)):
        return Reply(calls=calls, reasoning=thought)
    return Reply(text=_last_words(body, messages, marks), reasoning=thought)


# ---------------------------------------------------------------- markers

_MARK = re.compile(r"@@(TOOL|PARALLEL|SAY|THINK|WORDS)\s+")
_CALL = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*(?=\{)")

Steps = list[tuple[ScriptedCall, ...]]


def _last_script(messages: Sequence[Message]) -> tuple[int, Steps, dict[str, str]]:
    """Where the last prompt with markers is, its steps in order, and its other marks."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "user":
            steps, marks = parse_marks(text_of(messages[index]))
            if steps or marks:
                return index, steps, marks
    return 0, [], {}


def parse_marks(prompt: str) -> tuple[Steps, dict[str, str]]:
    """The steps and the other marks in a prompt. A mark inside another's JSON is left for whoever gets that JSON."""
    steps: Steps = []
    marks: dict[str, str] = {}
    position = 0
    while found := _MARK.search(prompt, position):
        kind, position = found[1], found.end()
        if kind in ("TOOL", "PARALLEL"):
            calls, position = _read_calls(prompt, position)
            if calls:
                steps.append(calls if kind == "PARALLEL" else calls[:1])
        elif (end := prompt.find("@@", position)) >= 0:
            marks[kind] = prompt[position:end].strip()
            position = end + 2
    return steps, marks


def _read_calls(prompt: str, position: int) -> tuple[tuple[ScriptedCall, ...], int]:
    calls = []
    while named := _CALL.match(prompt, position):
        try:
            arguments, position = json.JSONDecoder().raw_decode(prompt, named.end())
        except ValueError:
            return (), named.end()
        calls.append(ScriptedCall(named[1], arguments))
    return tuple(calls), position


def _tool_turns(messages: Sequence[Message]) -> int:
    return sum(1 for message in messages if message.get("role") == "assistant" and message.get("tool_calls"))


# ---------------------------------------------------------------- calls nobody scripted


def _wanted_calls(body: Body, messages: Sequence[Message]) -> tuple[ScriptedCall, ...]:
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or []}
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        name = choice.get("function", {}).get("name")
        return _example_calls(tools, [name] if name in tools else [])
    if choice == "none" or not tools:
        return ()
    if messages and messages[-1].get("role") == "tool":
        return ()
    asked = last_prompt(messages)
    named = [name for name in tools if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", asked)]
    if choice == "required":
        return _example_calls(tools, named or list(tools)[:1])
    return _example_calls(tools, named if len(tools) <= FEW_TOOLS else [])


def _example_calls(tools: Mapping[str, Any], names: Sequence[str]) -> tuple[ScriptedCall, ...]:
    return tuple(ScriptedCall(name, example_of(tools[name].get("parameters") or {})) for name in names)


_EXAMPLES: Mapping[str, Any] = {"string": "example", "integer": 1, "number": 1.0, "boolean": True, "null": None}


def example_of(schema: Mapping[str, Any]) -> Any:
    """A value that fits a JSON schema as far as tools and structured answers need it: required properties only."""
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return example_of(schema[word][0])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: example_of(properties.get(name) or {}) for name in schema.get("required") or []}
    if kind == "array":
        return [example_of(schema.get("items") or {})] * int(schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return schema.get("minimum", _EXAMPLES[kind])
    return _EXAMPLES.get(kind, "example")


# ---------------------------------------------------------------- words


def _last_words(body: Body, messages: Sequence[Message], marks: Mapping[str, str]) -> str:
    if "SAY" in marks and not _is_newer_prompt(messages):
        return marks["SAY"]
    if "WORDS" in marks:
        return " ".join(f"word{number}" for number in range(1, int(marks["WORDS"]) + 1))
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        return json.dumps(example_of(wanted.get("json_schema", {}).get("schema") or {}))
    if wanted.get("type") == "json_object":
        return '{"answer": "example"}'
    return _friendly(messages)


def _is_newer_prompt(messages: Sequence[Message]) -> bool:
    """The prompt with the marks was answered already, and another one follows."""
    start, _, _ = _last_script(messages)
    return any(message.get("role") == "assistant" and not message.get("tool_calls") for message in messages[start:])


GREETING = "Hello from the demo provider. I am scripted, I run offline, and I read every word you sent."

TOPICS: tuple[tuple[str, str], ...] = (
    (r"<summary>", "<analysis>A demo session.</analysis>\n<summary>The user tried the demo provider.</summary>"),
    (r"\b(?:exactly|only|just)\b.*?\b(?:the )?words? ['\"“]?(\w+)", r"\1"),
    (r"\b(?:say|reply|answer|respond)\b(?: with)?(?: only| just| exactly)*:? ['\"“]?(ok|pong|yes|ready)\b", r"\1"),
    (r"\bcapital of france\b", "Paris."),
    (r"\b(?:what|which|who)\b.*\b(?:model|you)\b", "I am demo-large, a script with good manners, not a model."),
    (r"\b(?:hi|hello|hey)\b|你好", GREETING),
)
"""What a prompt says, and the answer to it; the first row that is found wins."""


def _friendly(messages: Sequence[Message]) -> str:
    if seen := list(images_in(_since_last_answer(messages))):
        return f"I see {seen[-1]}."
    if messages and messages[-1].get("role") == "tool":
        return f"Done. The tool said: {_shortened(text_of(messages[-1]))}"
    prompt = last_prompt(messages)
    for pattern, answer in TOPICS:
        if found := re.search(pattern, prompt, re.IGNORECASE | re.DOTALL):
            return found.expand(answer) if "\\" in answer else answer
    if not prompt:
        return "Noted."
    return f"You said: {_shortened(prompt)} — and that arrived, which is all a demo can promise."


def _since_last_answer(messages: Sequence[Message]) -> Sequence[Message]:
    answered = [index for index, message in enumerate(messages) if message.get("role") == "assistant"]
    return messages[answered[-1] + 1 :] if answered else messages


def _shortened(text: str, limit: int = 160) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= limit else f"{one_line[:limit]}…"


_ADDED = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


def last_prompt(messages: Sequence[Message]) -> str:
    """What the user said last, without what a client adds round it."""
    said = next((text_of(message) for message in reversed(messages) if message.get("role") == "user"), "")
    return _ADDED.sub("", said).strip()


def text_of(message: Message) -> str:
    """All text of a message, whatever the form of its content."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("text"), str))


def images_in(messages: Sequence[Message]) -> Iterator[str]:
    """Each image of the conversation in words, with its size if it is a PNG: proof that its bytes arrived."""
    import base64

    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else []:
            if not isinstance(part, Mapping) or part.get("type") != "image_url":
                continue
            head, _, encoded = str(part.get("image_url", {}).get("url", "")).partition(",")
            try:
                raw = base64.b64decode(encoded)
            except ValueError:
                raw = b""
            if raw.startswith(b"\x89PNG") and len(raw) > 24:
                width, height = struct.unpack(">II", raw[16:24])
                yield f"a PNG image of {width} × {height} pixels"
            else:
                yield f"an image ({head or 'no data'})"
