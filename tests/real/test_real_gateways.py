"""Real gateways behind our proxy: what the probe says of each, and the real Claude Code through it.

Portkey 1.15.2 answers every stream with 500 and every whole answer with 200; LiteLLM 1.106.2 without a database fails
with 500 where the key is missing, and rests a model for everybody when it is asked for a route it has not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.aimock import Aimock
from kit.gateways import LITELLM_MASTER, litellm, portkey
from kit.stage import KEY_VARIABLE, Stage

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

MODEL = "gpt-4o"
SAID = "The file says: a gateway was here."


def fixtures(file: Path) -> list[dict[str, Any]]:
    """Reads the file it is asked to read, calls the probe's tool, and says OK to all else."""
    return [
        {"match": {"hasToolResult": True}, "response": {"content": SAID}},
        {
            "match": {"userMessage": "read the file"},
            "response": {"toolCalls": [{"name": "Read", "arguments": {"file_path": str(file)}}]},
        },
        {
            "match": {"userMessage": "weather"},
            "response": {"toolCalls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]},
        },
        {"match": {"userMessage": "Count"}, "response": {"content": "1 2 3 4 5 6 7 8"}},
        {"match": {}, "response": {"content": "OK"}},
    ]


@pytest.fixture
def upstream(stage: Stage, start_aimock: Callable[..., Aimock]) -> Aimock:
    note = stage.project / "note.txt"
    note.write_text("a gateway was here\n")
    return start_aimock(fixtures(note))


@pytest.fixture
def behind_portkey(stage: Stage, upstream: Aimock, tmp_path: Path) -> Iterator[Stage]:
    """A profile "work" on Portkey's gateway, which asks `upstream`."""
    with portkey(tmp_path) as base:
        stage.env[KEY_VARIABLE] = upstream.key
        stage.ccswitch(
            "add", "work", "--url", base, "--model", MODEL, "--wire", "openai-chat", "--key", f"env:{KEY_VARIABLE}",
            "--header", "x-portkey-provider: openai", "--header", f"x-portkey-custom-host: {upstream.base_url}",
            "--no-probe",
        )  # fmt: skip
        yield stage


def probed(stage: Stage, *words: str) -> dict[str, Any]:
    report = stage.json("probe", *words, code=None)
    assert isinstance(report, dict)
    return report


def kinds(report: dict[str, Any]) -> list[str]:
    return [finding["kind"] for finding in report["findings"]]


def test_the_probe_finds_that_portkeys_streams_fail_and_whole_answers_do_not(behind_portkey: Stage) -> None:
    report = probed(behind_portkey, "work")
    assert report["verdict"] == "translate", report["steps"]
    assert "no-streaming" in kinds(report)
    assert report["quirks"]["never_stream"]["value"] is True
    steps = {step["code"]: step["verdict"] for step in report["steps"]}
    assert (steps["message"], steps["tools"], steps["translate"]) == ("ok", "ok", "ok")


def test_claude_code_reads_a_file_through_portkey_though_its_streams_fail(behind_portkey: Stage) -> None:
    """Nobody said so before: the proxy finds out from the second failure, and the client tries again by itself."""
    behind_portkey.ccswitch("use", "work")
    run = behind_portkey.claude("Please read the file.", env={"CLAUDE_CODE_MAX_RETRIES": "3"}, timeout_s=200)
    assert run.succeeded(), run
    assert run.text == SAID


def test_litellm_is_probed_rightly_with_and_without_its_key_and_carries_claude_code(
    stage: Stage, upstream: Aimock, tmp_path: Path
) -> None:
    """One start for all: LiteLLM takes half a minute to come up."""
    params = f"{{model: openai/{MODEL}, api_base: {upstream.base_url}, api_key: {upstream.key}}}"
    config = f"model_list:\n  - model_name: {MODEL}\n    litellm_params: {params}\n"
    with litellm(tmp_path, config) as base:
        stage.env[KEY_VARIABLE] = LITELLM_MASTER
        place = ["--url", f"{base}/v1", "--model", MODEL, "--wire", "openai-chat"]
        report = probed(stage, *place, "--key", "none", "--quick")
        assert kinds(report)[0] == "auth-missing", report["findings"]

        stage.ccswitch("add", "work", *place, "--key", f"env:{KEY_VARIABLE}", "--no-probe")
        report = probed(stage, "work")
        assert report["verdict"] == "translate", report
        assert not [finding for finding in report["findings"] if finding["severity"] == "fail"]
        asked = [exchange["url"] for exchange in report["exchanges"] if exchange["rung"] != "translate"]
        assert not [url for url in asked if "/v1/messages" in url]  # it would rest the model for everybody

        stage.ccswitch("use", "work")
        run = stage.claude("Please read the file.", timeout_s=200)
        assert run.succeeded(), run
        assert run.text == SAID
