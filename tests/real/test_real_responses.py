"""The Responses API for real: aimock's and llama.cpp's, probed and under the real Claude Code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kit.aimock import Aimock
from kit.llama import LlamaServer
from kit.stage import KEY_VARIABLE, Stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


def tool_fixtures(file: str) -> list[dict[str, Any]]:
    """Reads the file, with the blank argument that models fill in; afterwards it answers by words alone."""
    arguments = {"file_path": file, "pages": ""}
    return [
        {"match": {"userMessage": "what did you read"}, "response": {"content": "The note."}},
        {"match": {"hasToolResult": True}, "response": {"content": "The file says: aimock was here."}},
        {
            "match": {"userMessage": "read the file"},
            "response": {"reasoning": "A file is to be read.", "toolCalls": [{"name": "Read", "arguments": arguments}]},
        },
    ]


def test_a_tool_is_called_and_the_session_resumed_through_the_responses_api(
    stage: Stage, start_aimock: Callable[..., Aimock]
) -> None:
    target = stage.project / "note.txt"
    target.write_text("aimock was here\n")
    server = start_aimock(tool_fixtures(str(target)))
    stage.env[KEY_VARIABLE] = server.key
    stage.ccswitch(
        "add", "work", "--url", f"{server.base_url}/responses", "--model", "gpt-5.6", "--key", f"env:{KEY_VARIABLE}",
        "--no-probe", "--use",
    )  # fmt: skip
    assert stage.json("show", "work")["profile"]["wire"] == "openai-responses"

    run = stage.claude("Please read the file.")
    assert run.succeeded(), run
    assert run.text == "The file says: aimock was here."
    resumed = stage.claude("So what did you read?", "--resume", run.session_id)
    assert resumed.succeeded(), resumed
    assert (resumed.text, resumed.session_id) == ("The note.", run.session_id)

    assert {entry["path"] for entry in server.journal()} == {"/v1/responses"}
    assert len(server.journal()) >= 3


def test_the_address_of_a_real_responses_route_says_which_wire(stage: Stage, llama_server: LlamaServer) -> None:
    stage.env[KEY_VARIABLE] = llama_server.key
    url = f"{llama_server.base_url}/responses"
    stage.ccswitch("add", "work", "--url", url, "--model", llama_server.model, "--key", f"env:{KEY_VARIABLE}")
    shown = stage.json("show", "work")["profile"]
    assert (shown["wire"], shown["base_url"]) == ("openai-responses", llama_server.base_url)
