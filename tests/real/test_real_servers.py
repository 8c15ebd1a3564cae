"""Servers nobody here wrote, behind our proxy, under the real Claude Code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kit.aimock import Aimock
from kit.llama import LlamaServer
from kit.stage import KEY_VARIABLE, Stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


def use_server(stage: Stage, base_url: str, key: str, model: str) -> Stage:
    stage.env[KEY_VARIABLE] = key
    stage.ccswitch(
        "add", "work", "--url", base_url, "--model", model, "--wire", "openai-chat", "--key", f"env:{KEY_VARIABLE}",
        "--no-probe",
    )  # fmt: skip
    stage.ccswitch("use", "work")
    return stage


def test_a_real_model_answers_a_bare_session(stage: Stage, llama_server: LlamaServer) -> None:
    use_server(stage, llama_server.base_url, llama_server.key, llama_server.model)
    # so small a model sometimes talks on and on, up to the limit, which the client takes for a failure
    stage.ccswitch("edit", "work", "--set", r'quirks.extra_body={"temperature": 0, "stop": [".", "\n\n"]}')
    # --bare takes a helper from settings named on the command line only.
    run = stage.claude(
        "Say hello.",
        "--bare",
        "--settings",
        str(stage.settings),
        env={"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "400"},
        timeout_s=180,
    )
    assert run.code == 0, run
    assert run.answer["is_error"] is False
    assert run.text.strip()
    assert run.answer["usage"]["output_tokens"] > 0


def test_the_window_is_the_one_a_real_server_serves(stage: Stage, llama_server: LlamaServer) -> None:
    """llama.cpp lists its window beside the one the model was trained with, under a name of its own."""
    stage.env[KEY_VARIABLE] = llama_server.key
    stage.ccswitch(
        "add", "work", "--url", llama_server.base_url, "--model", llama_server.model, "--key", f"env:{KEY_VARIABLE}"
    )
    assert stage.json("show", "work")["profile"]["context_window"] == 8192  # asked for 16,384, trained with 8,192


FIXTURES: list[dict[str, Any]] = [
    {"match": {"hasToolResult": True}, "response": {"content": "The file says: aimock was here."}},
    {
        "match": {"userMessage": "read the file"},
        "response": {"toolCalls": [{"name": "Read", "arguments": {"file_path": "FILE"}}]},
    },
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello from aimock."}},
]


def test_aimock_drives_a_tool_and_answers(stage: Stage, start_aimock: Callable[..., Aimock]) -> None:
    target = stage.project / "note.txt"
    target.write_text("aimock was here\n")
    fixtures = [dict(row) for row in FIXTURES]
    fixtures[1]["response"] = {"toolCalls": [{"name": "Read", "arguments": {"file_path": str(target)}}]}
    server = start_aimock(fixtures)
    use_server(stage, server.base_url, server.key, "gpt-4o")
    run = stage.claude("Please read the file.")
    assert run.succeeded(), run
    assert run.text == "The file says: aimock was here."
    assert {entry["path"] for entry in server.journal()} == {"/v1/chat/completions"}
