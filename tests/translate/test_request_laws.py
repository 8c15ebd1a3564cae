"""What holds for every request: a legal chat request, the same bytes for the same input, a prefix of what follows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from translate_kit import BASH, READ, request

from ccswitch_tui.translate.memory import MOST_BYTES, Memory
from ccswitch_tui.translate.reasoning import pack, sealed
from ccswitch_tui.translate.rendering import RENDERERS
from ccswitch_tui.translate.request import RequestRefused, Translation, translate_request
from ccswitch_tui.wire.anthropic import ERROR_TYPES
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.formats import WIRES
from ccswitch_tui.wire.quirks import QUIRKS, Quirks

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

sys.path.append(str(Path(__file__).parents[1] / "conformance"))  # the runner stands alone, outside any package
import cases_chat  # noqa: E402

ids = st.sampled_from(["t1", "t2", "t3", "", "x" * 70, "functions.Read:0"])
words = st.text(max_size=10) | st.sampled_from(["hi", "\ud83d", "x-anthropic-billing-header: a;\nb", "\u2028"])
images = st.just({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}})
junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10) | st.floats(allow_nan=False) | words,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "id", "source", "name", "input", "data"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
texts = st.builds(lambda t: {"type": "text", "text": t, "cache_control": {"type": "ephemeral"}}, words)
documents = st.builds(lambda t: {"type": "document", "source": {"type": "text", "data": t}}, words)
inner = st.lists(texts | images | documents | st.just({"type": "tool_reference", "tool_name": "X"}), max_size=3)
results = st.builds(
    lambda i, c, e: {"type": "tool_result", "tool_use_id": i, "content": c, "is_error": e},
    ids,
    words | inner | st.none(),
    st.booleans(),
)
calls = st.builds(
    lambda i, n, g: {"type": "tool_use", "id": i, "name": n, "input": g},
    ids,
    st.sampled_from(["Read", "Bash", "n" * 90, "a.b"]),
    st.dictionaries(words, words, max_size=2),
)
sealed_item = {"type": "reasoning", "summary": [], "encrypted_content": "e"}
signatures = st.sampled_from(["c2ln", pack({"google": "g"}), sealed([sealed_item], " m"), sealed([sealed_item], "")])
thoughts = st.builds(lambda t, s: {"type": "thinking", "thinking": t, "signature": s}, words, signatures)
turns = st.one_of(
    st.builds(
        lambda c: {"role": "user", "content": c}, words | st.lists(texts | images | documents | results, max_size=4)
    ),
    st.builds(lambda c: {"role": "assistant", "content": c}, words | st.lists(texts | calls | thoughts, max_size=4)),
    st.builds(lambda c: {"role": "system", "content": c}, words | st.lists(texts, max_size=2)),
)
histories = st.lists(turns, min_size=1, max_size=8)
quirk_sets = st.fixed_dictionaries(
    {},
    optional={name: st.sampled_from(row.allowed) for name, row in QUIRKS.items() if isinstance(row.allowed, tuple)}
    | {name: st.booleans() for name, row in QUIRKS.items() if row.allowed == "true or false"},
)
ALLOWED_R5 = {"cache_control": "pass"}


def body_of(history: list[Any], quirks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    fields = {"tools": [READ, BASH], "stream": True, "system": [{"type": "text", "text": "You are."}], **fields}
    translation = translate_request(request(*history, **fields), model="m", quirks=Quirks(**quirks))
    return json.loads(translation.encoded())


@RELAXED
@given(histories, quirk_sets)
def test_every_history_becomes_a_legal_chat_request(history: list[Any], quirks: dict[str, Any]) -> None:
    skip = {"R5"} if quirks.get("cache_control") == "pass" else set()
    assert cases_chat.request_invariants(body_of(history, quirks), skip) == []


@RELAXED
@given(histories, quirk_sets)
def test_the_same_request_gives_the_same_bytes(history: list[Any], quirks: dict[str, Any]) -> None:
    asked = request(*history, tools=[READ], stream=True)
    first = translate_request(asked, model="m", quirks=Quirks(**quirks)).encoded()
    again = translate_request(json.loads(json.dumps(asked)), model="m", quirks=Quirks(**quirks)).encoded()
    assert first == again


@RELAXED
@given(histories, st.lists(turns, max_size=4))
def test_a_longer_conversation_begins_with_the_same_messages(history: list[Any], more: list[Any]) -> None:
    """Once the user has spoken again; until then the newest turn may go on in the next one."""
    answered = [*history, {"role": "assistant", "content": "Done."}]
    before = body_of(answered, {})["messages"]
    after = body_of([*answered, {"role": "user", "content": "Go on."}, *more], {})["messages"]
    if any(m["role"] in ("user", "tool") for m in before[:-1]):  # else the empty first message was made up
        assert after[: len(before)] == before


@st.composite
def courses(draw: st.DrawFn) -> list[list[Any]]:
    """Requests of one conversation: it grows, is taken back a little, or changes near its end."""
    history = draw(st.lists(turns, min_size=4, max_size=12))
    course = [history]
    for _ in range(draw(st.integers(1, 4))):
        kept = history[: len(history) - draw(st.integers(0, 5))]
        history = [*kept, *draw(st.lists(turns, min_size=1, max_size=4))]
        course.append(history)
    return course


def seen(translation: Translation) -> tuple[Any, ...]:
    translation.prepare()
    return (
        translation.encoded(),
        translation.notices,
        translation.used_ids,
        translation.raw_estimate,
        translation.seed,
        translation.headers,
    )


@pytest.mark.parametrize(
    ("replay", "wire"),
    [("none", "openai-chat"), ("reasoning_content", "openai-chat"), ("items", "openai-responses")],
)
def test_a_long_loop_of_calls_is_remembered_whatever_reasoning_goes_back(replay: str, wire: Any) -> None:
    """Where reasoning goes back in the newest loop alone, what was before that loop is."""
    memory = Memory()
    history: list[Any] = [{"role": "user", "content": "go"}]
    for number in range(24):
        thought = {"type": "thinking", "thinking": f"t{number}", "signature": sealed([sealed_item], " m")}
        call = {"type": "tool_use", "id": f"t{number}", "name": "Read", "input": {"file_path": "a"}}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "text"}
        history += [{"role": "assistant", "content": [thought, call]}, {"role": "user", "content": [result]}]
        if number == 12:
            history += [{"role": "assistant", "content": "Done."}, {"role": "user", "content": "Go on."}]
        how: Any = {"model": "m", "quirks": Quirks(reasoning_replay=replay), "wire": wire}
        remembering = translate_request(request(*history, tools=[READ]), **how, memory=memory)
        assert seen(remembering) == seen(translate_request(request(*history, tools=[READ]), **how))
    assert remembering.known is not None
    assert len(remembering.known.turns) == (29 if replay == "reasoning_content" else len(history) - 6)


SETS: Any = [[READ, BASH], [READ], []]


@settings(RELAXED, max_examples=150)
@given(courses(), quirk_sets, st.lists(st.sampled_from([0, 1, 2]), min_size=5, max_size=5), st.data())
def test_what_is_remembered_changes_nothing(
    course: list[list[Any]], quirks: dict[str, Any], which: list[int], data: st.DataObject
) -> None:
    memory = Memory()
    wires: Any = st.sampled_from([wire for wire in WIRES if wire != "anthropic"])
    wire = data.draw(wires)
    for history, tools in zip(course, which, strict=False):
        asked = request(*history, tools=SETS[tools], system="Be brief.", stream=True)
        how: Any = {"model": "m", "quirks": Quirks(**quirks), "wire": wire}
        plain = translate_request(json.loads(json.dumps(asked)), **how)
        whole = dumps(RENDERERS[wire](plain.body, plain.quirks))
        assert plain.encoded() == whole
        remembering = translate_request({**json.loads(json.dumps(asked)), "tools": SETS[tools]}, **how, memory=memory)
        assert remembering.encoded_bytes == len(whole)
        assert seen(remembering) == seen(plain)
        wire = data.draw(st.sampled_from([wire, wire, data.draw(wires)]))


def test_a_conversation_that_goes_on_is_remembered_and_others_do_not_take_its_place() -> None:
    memory = Memory()
    history: list[Any] = [{"role": "user", "content": "go"}]
    for number in range(30):
        call = {"type": "tool_use", "id": f"t{number}", "name": "Read", "input": {"file_path": "a"}}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "text"}
        history += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
        translated = translate_request(request(*history, tools=[READ]), model="m", quirks=Quirks(), memory=memory)
        other = request({"role": "user", "content": f"other {number % 3}"}, *history[1:5], tools=[READ])
        translate_request(other, model="m", quirks=Quirks(), memory=memory)
    assert translated.known is not None and len(translated.known.turns) == len(history) - 6
    asked = request(*history, tools=[READ], model="m")
    assert translate_request(asked, model="m", quirks=Quirks(mid_system="keep"), memory=memory).known is None
    memory.clear()
    assert translate_request(asked, model="m", quirks=Quirks(), memory=memory).known is None


def test_tools_that_differ_only_in_1_and_true_are_two_sets() -> None:
    memory = Memory()
    sent = []
    for default in (1, True, 1.0):
        tool = {"name": "T", "input_schema": {"type": "object", "properties": {"a": {"default": default}}}}
        asked = request({"role": "user", "content": "go"}, tools=[tool])
        sent.append(translate_request(asked, model="m", quirks=Quirks(), memory=memory).encoded())
    assert len(set(sent)) == 3


def test_what_is_remembered_has_a_bound() -> None:
    memory = Memory()
    for number in range(40):
        turn = {"role": "user", "content": f"{number}" + "x" * 2_000_000}
        history = [turn, {"role": "assistant", "content": "a"}, *[{"role": "user", "content": "b"}] * 4]
        translate_request(request(*history), model="m", quirks=Quirks(), memory=memory)
    assert 1 <= len(memory) <= 12
    assert memory.size <= MOST_BYTES


@RELAXED
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "model",
                "messages",
                "system",
                "tools",
                "tool_choice",
                "max_tokens",
                "stop_sequences",
                "thinking",
                "output_config",
                "stream",
                "temperature",
            ]
        ),
        junk,
    )
    | junk
)
def test_any_json_is_translated_or_refused(body: Any) -> None:
    try:
        translation = translate_request(body, model="m", quirks=Quirks())
    except RequestRefused as refused:
        assert ERROR_TYPES[refused.failure.status] == refused.failure.type
    else:
        assert cases_chat.request_invariants(json.loads(translation.encoded()), set()) == []


@RELAXED
@given(histories, quirk_sets)
def test_the_clients_request_is_left_as_it_was(history: list[Any], quirks: dict[str, Any]) -> None:
    asked = request(*history, tools=[READ, BASH])
    before = json.dumps(asked)
    translate_request(asked, model="m", quirks=Quirks(**quirks))
    assert json.dumps(asked) == before


@pytest.mark.parametrize("depth", [300, 900, 5000])
def test_deep_nesting_is_refused_or_sent_but_ends_nothing(depth: int) -> None:
    nested: Any = "x"
    for _ in range(depth):
        nested = {"a": nested}
    asked = request(
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Read", "input": nested}]}
    )
    try:
        translate_request(asked, model="m", quirks=Quirks()).encoded()
    except RequestRefused as refused:
        assert refused.failure.status == 400
