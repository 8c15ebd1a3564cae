"""Rules of the way there, one example each; the black-box cases have the rest."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from translate_kit import BASH, READ, assistant, request, text, tool_result, tool_use, translated, user

from ccswitch_tui.translate.call_ids import upstream_id
from ccswitch_tui.translate.effort import Wish, nearest, wish_of
from ccswitch_tui.translate.pdf_text import pdf_text
from ccswitch_tui.translate.request import RequestRefused
from ccswitch_tui.translate.schema import droppable_nulls, in_dialect, qualifies_strict
from ccswitch_tui.translate.tool_names import ToolNames

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
MARKED = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}


def messages(*turns: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    return translated(*turns, **fields).body["messages"]


def roles(*turns: dict[str, Any], **fields: Any) -> str:
    return " ".join(m["role"] for m in messages(*turns, **fields))


# ---------------------------------------------------------------- system


def test_only_the_attribution_line_goes() -> None:
    line = "x-anthropic-billing-header: cc_version=2; cch=1;"
    assert (
        messages(system=[text(line), text(f"{line}\nKeep"), text(f"Say {line}")])[0]["content"] == f"Keep\n\nSay {line}"
    )
    assert messages(user(f"{line}\nwhy?"), system=line) == [{"role": "user", "content": f"{line}\nwhy?"}]


def test_an_inner_system_message_is_folded_into_what_stands_before_it() -> None:
    system = {"role": "system", "content": "MID"}
    folded = messages(user("go"), assistant(tool_use("t1")), user(tool_result("t1", "data")), system)
    assert [m["role"] for m in folded] == ["user", "assistant", "tool"]
    assert folded[2]["content"] == "data\n\n<system-reminder>\nMID\n</system-reminder>"
    assert roles(user("go"), system, assistant("a"), system) == "user assistant user"
    assert roles(user("go"), system, quirks={"mid_system": "keep"}) == "user system"


def test_the_role_of_the_system_prompt_is_a_fact_of_the_endpoint() -> None:
    assert roles(user("x"), system="s", quirks={"system_role": "developer"}) == "developer user"
    assert roles(user("x"), system="s", quirks={"system_role": "user", "alternate_roles": True}) == "user"


# ---------------------------------------------------------------- history


def test_a_result_in_two_halves_waits_for_the_whole_turn() -> None:
    turns = (
        user("go"),
        assistant(tool_use("t1"), tool_use("t2", "Bash", {})),
        user(tool_result("t2", "two"), text("hm")),
        user(tool_result("t1", "one")),
    )
    made = messages(*turns)
    assert [m["role"] for m in made] == ["user", "assistant", "tool", "tool", "user"]
    assert [m["content"] for m in made[2:]] == ["one", "two", "hm"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ok": True, "text": "x"}, '{"ok":true,"text":"x"}'),
        ({"type": "row", "value": 4}, '{"type":"row","value":4}'),
        ([{"a": 1}, {"a": 2}], '[{"a":1},{"a":2}]'),
        ([1, 2], "[1,2]"),
        (5, "5"),
        (0, "0"),
        (False, "false"),
        ([{"type": "text", "text": "hi"}, 5], "hi\n5"),
        ([{"type": "text", "text": {"a": 1}}], '{"a":1}'),
        ({"type": "text", "text": "one block"}, "one block"),
        (None, ""),
    ],
)
def test_a_result_that_is_no_text_is_given_as_its_json(given: Any, said: str) -> None:
    made = messages(user("go"), assistant(tool_use("t1")), user(tool_result("t1", given)))
    assert made[-1] == {"role": "tool", "tool_call_id": "t1", "content": said}


def test_two_calls_of_one_id_stay_two() -> None:
    made = messages(
        user("go"),
        assistant(tool_use("t1"), tool_use("t1", "Bash", {})),
        user(tool_result("t1", "one"), tool_result("t1", "two")),
    )
    ids = [c["id"] for c in made[1]["tool_calls"]]
    assert len(set(ids)) == 2
    assert [m["tool_call_id"] for m in made[2:]] == ids
    assert [m["content"] for m in made[2:]] == ["one", "two"]


def test_strict_templates_get_alternating_roles() -> None:
    turns = (user("a"), user("b"), assistant("c"), assistant("d"), user("e"))
    assert roles(*turns, quirks={"alternate_roles": True}) == "user assistant user"
    loop = (user("go"), assistant(tool_use("t1")), user(tool_result("t1"), text("next")))
    assert roles(*loop, quirks={"assistant_after_tool": True}) == "user assistant tool assistant user"


def test_missing_text_beside_a_call_is_null_or_empty() -> None:
    turns = (user("go"), assistant(tool_use("t1")), user(tool_result("t1")))
    assert messages(*turns)[1]["content"] is None
    assert messages(*turns, quirks={"content_null": "empty"})[1]["content"] == ""


def test_images_in_results_go_where_the_endpoint_takes_them() -> None:
    turns = (user("go"), assistant(tool_use("t1")), user(tool_result("t1", [text("pic"), IMAGE])))
    apart = messages(*turns)
    assert apart[2]["content"] == "pic"
    assert apart[3]["content"][1]["type"] == "image_url"
    inline = messages(*turns, quirks={"tool_images": "inline"})
    assert [p["type"] for p in inline[2]["content"]] == ["text", "image_url"]
    noted = messages(*turns, quirks={"images": "note"})
    assert len(noted) == 3
    assert "cannot see images" in noted[2]["content"]


def test_reasoning_is_replayed_in_the_running_loop_only() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": ""}
    turns = (
        user("one"),
        assistant(thought, text("a")),
        user("two"),
        assistant(thought, tool_use("t1")),
        user(tool_result("t1")),
    )
    loop = messages(*turns, quirks={"reasoning_replay": "reasoning_content"})
    assert ["reasoning_content" in m for m in loop if m["role"] == "assistant"] == [False, True]
    every = messages(*turns, quirks={"reasoning_replay": "reasoning_content", "reasoning_scope": "all"})
    assert ["reasoning_content" in m for m in every if m["role"] == "assistant"] == [True, True]
    parts = messages(*turns, quirks={"reasoning_replay": "mistral_parts"})[3]["content"]
    assert parts == [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    google = messages(*turns, quirks={"reasoning_replay": "google_signature"})[3]["tool_calls"][0]
    assert google["extra_content"]["google"]["thought_signature"] == "skip_thought_signature_validator"


def test_cache_marks_pass_only_where_they_are_wanted() -> None:
    asked = {"system": [MARKED], "tools": [{**READ, "cache_control": {"type": "ephemeral"}}]}
    assert b"cache_control" not in translated(user(MARKED), **asked).encoded()
    passed = translated(user(MARKED), **asked, quirks={"cache_control": "pass"}).body
    assert passed["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert passed["messages"][1]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert passed["tools"][0]["cache_control"] == {"type": "ephemeral"}


# ---------------------------------------------------------------- documents


def pdf(*shown: bytes, deflated: bool = True) -> bytes:
    stream = b"BT /F1 12 Tf " + b" 0 -14 Td ".join(shown) + b" ET"
    data = zlib.compress(stream) if deflated else stream
    filters = b"/Filter /FlateDecode " if deflated else b""
    return b"%%PDF-1.4\n1 0 obj\n<< %b/Length %d >>\nstream\n%b\nendstream\nendobj\n" % (filters, len(data), data)


def document(data: bytes, **more: Any) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(data).decode()}
    return {"type": "document", "source": source, **more}


@pytest.mark.parametrize("deflated", [True, False])
def test_the_text_of_a_plain_pdf_is_read(deflated: bool) -> None:
    data = pdf(rb"(Total: 42 \(net\)) Tj", rb"[(Sec) 20 (ond) -300 (line)] TJ", deflated=deflated)
    assert pdf_text(data) == "Total: 42 (net)\nSecond line"


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.4", b"x" * 1000, pdf(b"<0001000200030004> Tj"), pdf(rb"(\001\002\003) Tj"), pdf(b"(x) Tj")[:-60]],
)
def test_a_pdf_that_does_not_tell_its_text_gives_none(data: bytes) -> None:
    assert pdf_text(data) in ("", "x")


def test_a_pdf_goes_as_file_text_or_note() -> None:
    plain = document(pdf(b"(Total: 42) Tj"), title="bill.pdf")
    assert "Total: 42" in messages(user(plain, text("q")))[0]["content"]
    scanned = messages(user(document(b"%PDF-1.4"), text("q")))[0]["content"]
    assert "PDF" in scanned
    file = messages(user(plain, text("q")), quirks={"pdf": "file"})[0]["content"][1]
    assert file["file"]["filename"] == "bill.pdf"
    assert translated(user(plain)).notices


# ---------------------------------------------------------------- tools


def test_names_are_shortened_and_restored() -> None:
    long = [f"mcp__{'server' * 12}__{word}" for word in ("one", "two")]
    names = ToolNames([*long, "a.b", "a_b", "Read"])
    short = [names.short(n) for n in [*long, "a.b", "a_b", "Read"]]
    assert len(set(short)) == 5
    assert all(len(s) <= 64 for s in short)
    assert [names.restore(s) for s in short] == [*long, "a.b", "a_b", "Read"]
    assert short[-2:] == ["a_b", "Read"]
    assert ToolNames(long).short(long[0]) == short[0]


def test_ids_are_kept_hashed_or_nine_characters() -> None:
    assert upstream_id("call_1", "keep") == "call_1"
    assert len(upstream_id("x" * 90, "keep")) <= 40
    assert upstream_id("with space", "keep") != "with space"
    nine = upstream_id("toolu_1", "mistral9")
    assert len(nine) == 9
    assert nine.isalnum()
    assert upstream_id("abcDEF123", "mistral9") == "abcDEF123"


def test_a_placeholder_tool_is_not_sent() -> None:
    sent = translated(tools=[READ, {"name": "DeferredToolPlaceholder", "input_schema": {}}, READ]).body["tools"]
    assert [t["function"]["name"] for t in sent] == ["Read"]


def test_a_search_without_a_search_engine_is_refused_or_said() -> None:
    search = [{"type": "web_search_20250305", "name": "web_search"}]
    with pytest.raises(RequestRefused) as refused:
        translated(tools=search, tool_choice={"type": "tool", "name": "web_search"})
    assert refused.value.failure.status == 400
    said = translated(tools=search, tool_choice={"type": "auto"}).body
    assert "web_search" in said["messages"][0]["content"]
    assert "tools" not in said
    assert "tool_choice" not in said


def test_a_schema_in_geminis_dialect() -> None:
    schema = {
        "$schema": "x",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "default": {"type": "string", "default": "a", "const": "b"},
            "n": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
            "when": {"type": "string", "format": "uri"},
            "list": {"type": "array"},
            "maybe": {"type": ["string", "null"]},
            "ref": {"$ref": "#/$defs/r"},
            "self": {"$ref": "#"},
            "any": {"allOf": [{"type": "object", "properties": {"q": {"type": "string"}}}]},
        },
        "required": ["default", "gone"],
        "$defs": {"r": {"type": "object", "properties": {"z": {"type": "number"}}, "patternProperties": {}}},
    }
    made = in_dialect(schema, "gemini")
    raw = json.dumps(made)
    for word in (
        "$schema",
        "additionalProperties",
        "$ref",
        "$defs",
        "exclusiveM",
        "patternProperties",
        "allOf",
        '"const"',
    ):
        assert word not in raw
    assert made["properties"]["default"] == {"type": "string", "enum": ["b"]}
    assert made["properties"]["n"] == {"type": "integer", "minimum": 1, "maximum": 9}
    assert made["properties"]["when"] == {"type": "string"}
    assert made["properties"]["list"]["items"]
    assert made["properties"]["maybe"] == {"type": "string", "nullable": True}
    assert made["properties"]["ref"]["properties"]["z"] == {"type": "number"}
    assert made["properties"]["any"]["properties"]["q"] == {"type": "string"}
    assert made["required"] == ["default"]


def test_other_dialects() -> None:
    schema = {
        "$id": "x",
        "properties": {"type": {"type": "string"}, "ok": True, "n": {"type": "integer"}},
        "required": ["type"],
    }
    assert "$id" not in in_dialect(schema, "plain")
    assert in_dialect(schema, "as_is")["$id"] == "x"
    nim = in_dialect(schema, "nim")
    assert set(nim["properties"]) == {"type_arg", "n"}
    assert nim["required"] == ["type_arg"]
    strict = in_dialect(schema, "strict")
    assert strict["additionalProperties"] is False
    assert strict["required"] == ["type", "ok", "n"]
    assert strict["properties"]["n"]["type"] == ["integer", "null"]


def test_which_nulls_can_be_left_out() -> None:
    schema = {
        "properties": {
            "need": {"type": "string"}, "plain": {"type": "string"}, "open": {},
            "nullable": {"type": ["string", "null"]},
            "any": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "enum": {"enum": ["a", "b"]},
        },
        "required": ["need"],
    }  # fmt: skip
    assert droppable_nulls(schema) == {"plain", "enum"}
    assert droppable_nulls(None) == frozenset()


def test_strict_is_asked_only_for_schemas_that_qualify() -> None:
    good = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
    assert qualifies_strict(good)
    assert not qualifies_strict({**good, "required": []})
    fields = {"output_config": {"format": {"type": "json_schema", "schema": good}}}
    assert translated(**fields).body["response_format"]["json_schema"]["strict"] is True
    assert "strict" not in translated(**fields, quirks={"strict": False}).body["response_format"]["json_schema"]
    mode = translated(**fields, quirks={"response_format": "json_object"}).body
    assert mode["response_format"] == {"type": "json_object"}
    assert "JSON" in mode["messages"][0]["content"]


# ---------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ({}, Wish(None, None, None)),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}, Wish(False, None, None)),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, Wish(True, "max", None)),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, Wish(True, "low", 1024)),
        ({"thinking": {"type": "enabled", "budget_tokens": 8000}}, Wish(True, "medium", 8000)),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 31999}, "output_config": {"effort": "low"}},
            Wish(True, "low", 31999),
        ),
        ({"thinking": "yes", "output_config": {"effort": "enormous"}}, Wish(None, None, None)),
    ],
)
def test_the_wish(body: dict[str, Any], wish: Wish) -> None:
    assert wish_of(body) == wish


def test_the_nearest_level() -> None:
    assert nearest("max", ("low", "high", "xhigh")) == "xhigh"
    assert nearest("medium", ("low", "high")) == "low"
    assert nearest("minimal", ("medium", "high")) == "medium"
    assert nearest("high", ("none", "default")) == "default"
    assert nearest("high", ("none",)) is None


OFF, HIGH = {"thinking": {"type": "disabled"}}, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}


@pytest.mark.parametrize(
    ("quirks", "fields", "expected"),
    [
        ({}, HIGH, {}),
        ({"effort": "reasoning_effort"}, HIGH, {"reasoning_effort": "high"}),
        ({"effort": "reasoning_effort"}, OFF, {}),
        ({"effort": "reasoning_effort", "effort_levels": ("none", "low")}, OFF, {"reasoning_effort": "none"}),
        ({"effort": "reasoning_effort", "effort_with_tools": "omit"}, {**HIGH, "tools": [READ]}, {}),
        (
            {"effort": "reasoning_effort", "effort_with_tools": "none"},
            {**HIGH, "tools": [READ]},
            {"reasoning_effort": "none"},
        ),
        ({"effort": "reasoning"}, HIGH, {"reasoning": {"effort": "high"}}),
        ({"effort": "reasoning"}, OFF, {"reasoning": {"enabled": False}}),
        ({"effort": "reasoning", "effort_off": "omit"}, OFF, {}),
        ({"effort": "thinking"}, HIGH, {"thinking": {"type": "enabled"}}),
        (
            {"effort": "thinking", "effort_levels": ("high", "max")},
            HIGH,
            {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
        ),
        ({"effort": "thinking", "effort_levels": ("high", "max")}, OFF, {"thinking": {"type": "disabled"}}),
        ({"effort": "enable_thinking"}, {**HIGH, "stream": True}, {"enable_thinking": True}),
        ({"effort": "enable_thinking"}, HIGH, {"enable_thinking": False}),
        (
            {"effort": "chat_template_kwargs"},
            OFF,
            {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
        ),
        ({"effort": "thinking_budget_tokens"}, HIGH, {"thinking_budget_tokens": 16384}),
        ({"effort": "reasoning_split"}, HIGH, {"reasoning_split": True}),
        (
            {"effort": "google"},
            OFF,
            {"extra_body": {"google": {"thinking_config": {"include_thoughts": False, "thinking_budget": 0}}}},
        ),
    ],
)
def test_effort_in_every_dialect(quirks: dict[str, Any], fields: dict[str, Any], expected: dict[str, Any]) -> None:
    body = translated(**fields, quirks=quirks).body
    names = (
        "reasoning_effort",
        "reasoning",
        "thinking",
        "enable_thinking",
        "chat_template_kwargs",
        "thinking_budget_tokens",
        "reasoning_split",
        "extra_body",
    )
    assert {k: body[k] for k in names if k in body} == expected


def test_limits_and_sampling() -> None:
    body = translated(
        max_tokens=32000,
        temperature=0.2,
        top_p=0.9,
        top_k=5,
        quirks={"max_output": 8192, "max_tokens_field": "max_completion_tokens"},
    ).body
    assert body["max_completion_tokens"] == 8192
    assert "max_tokens" not in body
    assert (body["temperature"], body["top_p"]) == (0.2, 0.9)
    assert "top_k" not in body
    one = translated(temperature=0.2, top_p=0.9, top_k=5, quirks={"sampling": "one", "top_k": True}).body
    assert "top_p" not in one
    assert one["top_k"] == 5


def test_stop_strings_beyond_the_limit_are_cut_here() -> None:
    asked = translated(stop_sequences=["a", "b", "", "c", "d", "e", 3])
    assert asked.body["stop"] == ["a", "b", "c", "d"]
    assert asked.local_stops == ("e",)


def test_a_session_is_told_hashed_and_only_where_it_helps() -> None:
    assert translated(session="s-1").headers == {}
    asked = translated(session="s-1", quirks={"user_field": "prompt_cache_key", "affinity_header": "x-affinity"})
    assert asked.body["prompt_cache_key"] == asked.headers["x-affinity"]
    assert "s-1" not in asked.encoded().decode()
    assert len(asked.body["prompt_cache_key"]) <= 64


def test_fields_are_dropped_and_added_as_the_endpoint_needs() -> None:
    body = translated(
        temperature=1, quirks={"drop_fields": ("temperature", "messages"), "extra_body": {"provider": {"order": ["x"]}}}
    ).body
    assert "temperature" not in body
    assert body["messages"]
    assert body["provider"] == {"order": ["x"]}


def test_a_dummy_tool_keeps_a_history_of_calls_legal() -> None:
    loop = (user("go"), assistant(tool_use("t1")), user(tool_result("t1")))
    assert "tools" not in translated(*loop).body
    assert translated(*loop, quirks={"dummy_tool": True}).body["tools"]


def test_nothing_private_is_sent() -> None:
    asked = translated(
        metadata={"user_id": "device-1"},
        safeguards=[{"classifier_context": {"cwd": "/home/somebody"}}],
        betas=["x"],
        context_management={"edits": []},
    )
    raw = asked.encoded()
    for private in (b"device-1", b"/home/somebody", b"betas", b"context_management"):
        assert private not in raw


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"messages": []},
        {"messages": None},
        {"messages": "x"},
        {"messages": [3]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": 3}]},
    ],
)
def test_what_is_no_request_is_refused_in_words(body: Any) -> None:
    from ccswitch_tui.translate.request import translate_request
    from ccswitch_tui.wire.quirks import Quirks

    with pytest.raises(RequestRefused) as refused:
        translate_request(body, model="m", quirks=Quirks())
    assert refused.value.failure.type == "invalid_request_error"
    assert request()["messages"]
    assert BASH["name"] == "Bash"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Bash<|channel|>commentary", "Bash"),
        ("Bash</arg_value>", "Bash"),
        ("<tool_call>Bash", "Bash"),
        ("functions.Bash:0", "Bash"),
        ("repo_browser.Bash", "Bash"),
        ("functions/Bash", "Bash"),
        ('"Bash"', "Bash"),
        ("Bash()", "Bash"),
        ("Bash_0", "Bash"),
        ("Bashjson", "Bash"),
        ("Task Create", "TaskCreate"),
        ("task_create", "TaskCreate"),
        ("mcp.fs.read_file", "mcp__fs__read_file"),
        ("read_file", "mcp__fs__read_file"),
        ("multi_tool_use.parallel", "multi_tool_use.parallel"),
        ("Bash and words", "Bash and words"),
        ("Bash Task", "Bash Task"),
        ("Bashful", "Bashful"),
    ],
)
def test_a_name_loses_its_markup_and_nothing_is_guessed(written: str, meant: str) -> None:
    assert ToolNames(["Bash", "Task", "TaskCreate", "mcp__fs__read_file"]).restore(written) == meant
