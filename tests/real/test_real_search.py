"""WebSearch of the real Claude Code, answered from a real SearXNG; the endpoint never sees the search."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kit.claude import ClaudeRun
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
