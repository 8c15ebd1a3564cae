"""What real sessions run into: pictures, documents, long names, sub-agents, full windows, endpoints that fail."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mcp_server
import pytest

from ccswitch_tui.demo.faults import Refusal, overflow
from kit.stage import KEY_VARIABLE, Stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def tool(name: str, **arguments: Any) -> str:
    return f"@@TOOL {name} {json.dumps(arguments)}@@"


def used(stage: Stage, **profile: Any) -> Stage:
    stage.add(**profile)
    stage.ccswitch("use", "work")
    return stage


def tool_results(stage: Stage) -> list[str]:
    """What the tools said, as the provider was told last."""
    messages = stage.provider.requests[-1].body["messages"]
    return [str(message["content"]) for message in messages if message["role"] == "tool"]


def test_a_picture_that_was_read_reaches_the_model(stage: Stage) -> None:
    used(stage, model="demo-vision")
    picture = stage.project / "picture.png"
    picture.write_bytes(png(8, 6))
    run = stage.claude(tool("Read", file_path=str(picture)))
    assert run.succeeded(), run
    assert run.text == "I see a PNG image of 8 × 6 pixels."


def test_a_model_without_eyes_ends_no_session(stage: Stage) -> None:
    used(stage)
    picture = stage.project / "picture.png"
    picture.write_bytes(png(8, 6))
    run = stage.claude(tool("Read", file_path=str(picture)) + "@@SAY went on@@")
    assert run.succeeded(), run
    assert run.text == "went on"


def test_a_document_that_was_read_is_not_dropped_silently(stage: Stage) -> None:
    used(stage)
    document = stage.project / "paper.pdf"
    document.write_bytes(PDF)
    run = stage.claude(tool("Read", file_path=str(document)) + "@@SAY read it@@")
    assert run.succeeded(), run
    assert run.text == "read it"
    told = json.dumps(stage.provider.requests[-1].body["messages"][-3:]).lower()
    assert "pdf" in told


def test_a_tool_with_a_98_character_name_is_called_by_its_own_name(stage: Stage) -> None:
    used(stage)
    name = f"mcp__x__{mcp_server.TOOL}"
    assert len(name) >= 98
    config = stage.project / "mcp.json"
    server = {"command": sys.executable, "args": [str(Path(mcp_server.__file__))]}
    config.write_text(json.dumps({"mcpServers": {"x": server}}))
    options = ["--mcp-config", str(config), "--strict-mcp-config", "--allowedTools", name]
    upfront = {"ENABLE_TOOL_SEARCH": "0"}
    stage.claude("Say hello.", *options, env=upfront)
    offered = [t["function"]["name"] for t in stage.provider.requests[-1].body["tools"]]
    short = next(n for n in offered if n.startswith("mcp__x__"))
    assert len(short) <= 64
    run = stage.claude(tool(short, year=1999) + "@@SAY looked up@@", *options, env=upfront)
    assert run.succeeded(), run
    assert "the figure of 1999 is 4711" in tool_results(stage)[-1]


def test_a_sub_agent_does_its_work(stage: Stage) -> None:
    used(stage)
    stage.claude("Say hello.")
    offered = [t["function"]["name"] for t in stage.provider.requests[-1].body["tools"]]
    agent = next(name for name in ("Agent", "Task") if name in offered)
    task = {"description": "greet", "prompt": "Say hello.", "subagent_type": "general-purpose"}
    run = stage.claude(tool(agent, **task) + "@@SAY delegated@@", "--allowedTools", agent)
    assert run.succeeded(), run
    assert run.answer["subagent_stats"]["completed"] == 1
    firsts = [seen.body["messages"] for seen in stage.provider.requests]
    own = [m for m in firsts if "@@TOOL" not in json.dumps(m) and "Say hello." in json.dumps(m)]
    assert own, "no conversation of the sub-agent's own reached the provider"


def test_a_full_window_leads_to_compaction_and_the_session_goes_on(stage: Stage) -> None:
    used(stage)
    refused: list[int] = []

    def once_full(body: Any) -> Refusal | None:
        has_results = any(message["role"] == "tool" for message in body["messages"])
        if has_results and not refused:
            refused.append(1)
            return overflow(140_000, 131_072)
        return None

    stage.provider.intercept = once_full
    (stage.project / "notes.txt").write_text("a note\n")
    run = stage.claude(tool("Read", file_path=str(stage.project / "notes.txt")) + "@@SAY after all@@")
    assert run.succeeded(), run
    asked = [json.dumps(seen.body["messages"][-1]) for seen in stage.provider.requests]
    assert refused
    assert any("summary" in prompt for prompt in asked)


def test_a_cut_stream_is_tried_again_and_not_taken_for_an_answer(stage: Stage) -> None:
    used(stage)
    stage.provider.next_faults = ["cut"]
    run = stage.claude("@@SAY one two three four five six seven eight@@", env={"CLAUDE_CODE_MAX_RETRIES": "2"})
    assert run.succeeded(), run
    assert run.text == "one two three four five six seven eight"
    assert len(stage.provider.requests) >= 2


@pytest.mark.parametrize("fault", ["empty", "html", "wrong-shape", "error-in-200"])
def test_an_endpoint_that_breaks_every_answer_is_never_a_success(fault: str, stage: Stage) -> None:
    used(stage, fault=fault)
    run = stage.claude("@@SAY one two three four five six seven eight@@")
    assert run.code == 1
    assert run.answer["is_error"] is True
    assert "Not logged in" not in run.text


@pytest.mark.parametrize("fault", ["cut", "no-end", "garbled", "error-in-stream"])
def test_half_an_answer_never_passes_for_a_whole_one(fault: str, stage: Stage) -> None:
    used(stage, fault=fault)
    run = stage.claude("@@SAY one two three four five six seven eight@@")
    if run.code == 0:  # Claude Code asked again without streaming, and got it whole
        assert run.text == "one two three four five six seven eight"
    else:
        assert run.answer["is_error"] is True


def test_a_429_is_retried_after_the_time_it_asked_for(stage: Stage) -> None:
    used(stage)
    stage.claude("Say hello.")
    stage.provider.next_faults = ["rate-limit"]
    run = stage.claude("Say hello.", env={"CLAUDE_CODE_MAX_RETRIES": "2"})
    assert run.succeeded(), run
    assert run.took_s >= 2


@pytest.mark.parametrize(("fault", "said"), [("bad-key", "Incorrect API key"), ("forbidden", "does not have access")])
def test_a_refused_key_is_said_to_be_that_at_once(fault: str, said: str, stage: Stage) -> None:
    used(stage, fault=fault)
    run = stage.claude("Say hello.", env={"CLAUDE_CODE_MAX_RETRIES": "10"})
    assert run.code == 1
    assert said in run.text
    assert "Not logged in" not in run.text
    assert sum(seen.path == "/chat/completions" for seen in stage.provider.requests) <= 2, "it was tried again"


def test_a_key_refused_in_anthropic_s_own_words_is_said_at_once(stage: Stage) -> None:
    stage.env[KEY_VARIABLE] = "sk-example-wrong-0123456789"
    stage.ccswitch(
        "add", "work", "--url", stage.provider.native_url, "--model", "demo-large", "--wire", "anthropic",
        "--key", f"env:{KEY_VARIABLE}", "--no-probe",
    )  # fmt: skip
    stage.ccswitch("use", "work")
    run = stage.claude("Say hello.", env={"CLAUDE_CODE_MAX_RETRIES": "10"})
    assert run.code == 1
    assert "invalid credentials" in run.text
    assert len(stage.provider.requests) <= 2, "it was tried again"


def test_an_endpoint_out_of_credit_is_said_to_be_that(stage: Stage) -> None:
    used(stage, fault="quota")
    run = stage.claude("Say hello.")
    assert run.code == 1
    assert "quota" in run.text


def test_an_endpoint_that_numbers_its_calls_from_zero_loses_no_history(stage: Stage) -> None:
    used(stage, fault="call-0")
    first, second = stage.project / "first.txt", stage.project / "second.txt"
    writes = "".join(tool("Write", file_path=str(path), content=path.name) for path in (first, second))
    run = stage.claude(f"{writes}@@SAY wrote both@@", "--max-turns", "6")
    assert run.succeeded(), run
    assert run.text == "wrote both"
    assert (first.read_text(), second.read_text()) == ("first.txt", "second.txt")
    assert len(tool_results(stage)) == 2


QUIRKY = (
    "max-completion-tokens", "max-tokens-8192", "no-stream-options", "no-null-content", "no-usage", "interleaved",
    "empty-choices", "think-tags", "reasoning", "reasoning-echo", "no-parallel", "no-streaming", "stream-refused",
    "no-end",
)  # fmt: skip


@pytest.mark.parametrize("fault", QUIRKY)
def test_a_quirky_endpoint_works_all_the_same(fault: str, stage: Stage) -> None:
    used(stage, fault=fault)
    target = stage.project / "hello.txt"
    run = stage.claude(tool("Write", file_path=str(target), content="hi") + "@@SAY did it@@", model="demo-large")
    assert run.succeeded(), run
    assert run.text == "did it"
    assert target.read_text() == "hi"


def test_tool_calls_written_as_text_are_run_once_the_profile_says_so(stage: Stage) -> None:
    used(stage, fault="tools-as-text")
    stage.ccswitch("edit", "work", "--set", "quirks.text_tools=hermes")
    target = stage.project / "hello.txt"
    run = stage.claude(tool("Write", file_path=str(target), content="hi") + "@@SAY did it@@")
    assert run.succeeded(), run
    assert target.read_text() == "hi"


def test_a_slow_first_token_is_waited_for(new_stage: Callable[..., Stage]) -> None:
    stage = used(new_stage(patience_s=4.0), fault="slow")
    run = stage.claude("Say hello.")
    assert run.succeeded(), run
    assert run.took_s >= 4
