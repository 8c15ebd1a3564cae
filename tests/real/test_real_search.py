"""WebSearch of the real Claude Code, answered from a real SearXNG; the endpoint never sees the search."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from kit.claude import ClaudeRun, claude_env
from kit.parts import need_part
from kit.searxng import PAGES, SearXNG
from kit.stage import Stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

OPTIONS = ("--allowedTools", "WebSearch", "--tools", "WebSearch")


def searched(stage: Stage, given: dict[str, Any], model: str | None) -> tuple[ClaudeRun, str]:
    """A run in which the model calls WebSearch, and what the tool gave back to it."""
    run = stage.claude(
        f"@@TOOL WebSearch {json.dumps(given, ensure_ascii=False)}@@ @@SAY done@@",
        *OPTIONS,
        model=model,
        output_format="stream-json",
    )
    results = [
        block["content"]
        for event in run.events
        if event["type"] == "user"
        for block in event["message"]["content"]
        if isinstance(block, dict) and block["type"] == "tool_result"
    ]
    assert results, run
    return run, str(results[0])


def asked_of_the_endpoint(stage: Stage) -> str:
    return "".join(json.dumps(seen.body) for seen in stage.provider.requests)


@pytest.mark.parametrize("model", [None, "claude-sonnet-4-5"])
@pytest.mark.parametrize(
    ("given", "expected", "absent"),
    [
        ({"query": "Aurora"}, [PAGES[0][1], PAGES[1][1], "14 November 2026"], []),
        ({"query": "Aurora", "allowed_domains": ["aurora.example"]}, [PAGES[0][1]], ["forum.example"]),
        ({"query": "Löwenzahn"}, [PAGES[2][1]], ["forum.example"]),
        ({"query": "nothing of the kind"}, ["found nothing"], ["http"]),
    ],
)
def test_the_model_reads_what_the_source_found(
    stage: Stage, searxng: SearXNG, given: dict[str, Any], expected: list[str], absent: list[str], model: str | None
) -> None:
    stage.add()
    stage.ccswitch("search", "set", "searxng", searxng.url)
    stage.ccswitch("use", "work")
    run, result = searched(stage, given, model)
    assert run.succeeded(), run
    for text in expected:
        assert text in result
    for text in absent:
        assert text not in result
    assert "Perform a web search" not in asked_of_the_endpoint(stage)


@pytest.mark.parametrize("model", [None, "claude-sonnet-4-5"])
def test_without_a_source_the_user_reads_how_to_name_one(stage: Stage, model: str | None) -> None:
    stage.add()
    stage.ccswitch("use", "work")
    _, result = searched(stage, {"query": "Aurora"}, model)
    assert "410" in result
    assert "ccswitch-tui search set" in result
    assert "REMINDER" not in result
    assert "Perform a web search" not in asked_of_the_endpoint(stage)


def test_a_source_without_json_is_named_to_the_user(stage: Stage, searxng_without_json: SearXNG) -> None:
    stage.add()
    stage.ccswitch("search", "set", "searxng", searxng_without_json.url)
    said = stage.ccswitch("search", "test", code=3)
    assert "search.formats" in said
    stage.ccswitch("use", "work")
    _, result = searched(stage, {"query": "Aurora"}, None)
    assert "search.formats" in result


def test_the_command_finds_what_the_server_has(stage: Stage, searxng: SearXNG) -> None:
    stage.ccswitch("search", "set", "searxng", searxng.url)
    found = stage.json("search", "test", "Aurora")
    assert {hit["url"] for hit in found["hits"]} == {page[1] for page in PAGES}
    assert "<b>" not in found["text"]


AGENT = """
import asyncio, json, sys
from claude_agent_sdk import ClaudeAgentOptions, query

async def main():
    options = ClaudeAgentOptions(allowed_tools=["WebSearch"])
    async for message in query(prompt=sys.argv[1], options=options):
        for block in getattr(message, "content", None) or ():
            content = getattr(block, "content", None)
            if isinstance(content, str):
                print(json.dumps(content))

asyncio.run(main())
"""


def test_the_agent_sdk_searches_as_claude_code_does(stage: Stage, searxng: SearXNG) -> None:
    stage.add()
    stage.ccswitch("search", "set", "searxng", searxng.url)
    stage.ccswitch("use", "work")
    done = subprocess.run(
        [need_part("agent-sdk-python"), "-c", AGENT, '@@TOOL WebSearch {"query": "Aurora"}@@ @@SAY done@@'],
        env={**claude_env(stage.home), **stage.env, "CLAUDE_CODE_MAX_RETRIES": "0"},
        cwd=stage.project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert PAGES[0][1] in done.stdout, done
    assert "Perform a web search" not in asked_of_the_endpoint(stage)


def test_a_session_that_searched_goes_on(stage: Stage, searxng: SearXNG) -> None:
    stage.add()
    stage.ccswitch("search", "set", "searxng", searxng.url)
    stage.ccswitch("use", "work")
    first, _ = searched(stage, {"query": "Aurora"}, None)
    again = stage.claude("@@SAY still here@@", "--resume", first.session_id, model=None)
    assert again.succeeded(), again
    assert again.text == "still here"
    assert PAGES[0][1] in asked_of_the_endpoint(stage), "the result stays in the conversation"


@pytest.mark.parametrize("model", [None, "claude-sonnet-4-5"])
def test_many_searches_of_one_turn_are_all_right(stage: Stage, searxng: SearXNG, model: str | None) -> None:
    stage.add()
    stage.ccswitch("search", "set", "searxng", searxng.url)
    stage.ccswitch("use", "work")
    calls = " ".join(f'@@TOOL WebSearch {{"query": "Aurora", "blocked_domains": ["x{n}.example"]}}@@' for n in range(4))
    run = stage.claude(f"{calls} @@SAY done@@", *OPTIONS, model=model, output_format="stream-json")
    assert run.succeeded(), run
    assert run.stdout.count(PAGES[0][1]) >= 4
