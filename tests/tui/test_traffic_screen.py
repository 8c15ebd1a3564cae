"""Traffic: requests as they happen, both sides of one of them, and a proxy that dies meanwhile."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tui_kit import SIZES, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.model import Prices
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.tui.widgets.rows import Rows
from conftest import OpenApp

TOOLS = ("Bash", "Edit", "Glob", "Grep", "Read", "Task", "TodoWrite", "WebFetch", "WebSearch", "Write")


def claude_body(text: str) -> dict[str, Any]:
    """A request of the shape and size of Claude Code's: system, tools, a tool call with its result, and a question."""
    described = "What this tool does, when to use it and when not. " * 60
    schema = {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]}
    call = {"type": "tool_use", "id": "toolu_01", "name": "Read", "input": {"file_path": "ports.py"}}
    found = {
        "type": "tool_result",
        "tool_use_id": "toolu_01",
        "content": "\n".join(f"{n}  HTTP = 80" for n in range(9)),
    }
    return {
        "model": "claude-sonnet-4-5", "max_tokens": 32_000, "stream": True,
        "metadata": {"user_id": "example"},
        "system": [{"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude. " * 200}],
        "tools": [{"name": name, "description": described, "input_schema": schema} for name in TOOLS],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "what is in ports.py?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "I will look."}, call]},
            {"role": "user", "content": [found, {"type": "text", "text": text}]},
        ],
    }  # fmt: skip


def send(
    world: DemoContext, profile: str = "demo", text: str = "hello there", body: dict[str, Any] | None = None
) -> int:
    """One request as Claude Code would make it."""
    body = body or {
        "model": "claude-sonnet-4-5", "max_tokens": 64, "stream": True,
        "messages": [{"role": "user", "content": text}],
    }  # fmt: skip
    request = urllib.request.Request(
        world.proxy.base_url(profile) + "/v1/messages",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {world.proxy.token().reveal()}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


async def sent(world: DemoContext, *args: Any) -> int:
    return await asyncio.to_thread(send, world, *args)


@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
async def test_a_request_shows_up_with_both_its_sides(
    open_app: OpenApp, world: DemoContext, size: tuple[int, int]
) -> None:
    async with open_app(size) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        assert await sent(world) == 200
        await sees(pilot, "claude-sonnet-4-5")
        await sees(pilot, "200")
        await sees(pilot, "Claude Code ↔ proxy")
        if size[0] < 100:
            await pilot.press("tab")
        await sees(pilot, "proxy ↔ endpoint")
        assert world.provider.key.reveal() not in screen_text(pilot.app)


async def test_what_went_before_is_there_when_the_screen_opens(open_app: OpenApp, world: DemoContext) -> None:
    await sent(world)
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "claude-sonnet-4-5")


async def test_a_known_cost_is_shown_for_one_request_and_for_all(open_app: OpenApp, world: DemoContext) -> None:
    book = world.book()
    demo = book.get("demo")
    prices = {model: Prices(input=1000.0, output=1000.0) for model in demo.models.named().values()}
    update_profiles(world.paths, {"demo": demo._replace(prices=prices)}, expected_sha256=book.sha256)
    async with open_app((140, 40)) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        assert await sent(world) == 200
        await until(pilot, lambda: screen_text(pilot.app).count(" USD") == 2)


async def test_a_failure_says_why(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        assert await sent(world, "misspelt") >= 400
        await sees(pilot, " 404 misspelt")
        await sees(pilot, "demo-lagre")


async def test_pausing_holds_the_list_still_and_loses_nothing(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        await pilot.press("space")
        await sees(pilot, "paused")
        await sent(world)
        await pilot.pause(0.3)
        rows = pilot.app.screen.query_one("#flows", Rows)
        assert len(rows.rows) == 0
        await pilot.press("space")
        await until(pilot, lambda: len(rows.rows) == 1)


async def test_the_filter_leaves_only_what_matches(open_app: OpenApp, world: DemoContext) -> None:
    await sent(world)
    await sent(world, "misspelt")
    async with open_app() as pilot:
        await pilot.press("t")
        rows = pilot.app.screen.query_one("#flows", Rows)
        await until(pilot, lambda: len(rows.rows) == 2)
        await pilot.press("slash", *"404")
        await until(pilot, lambda: len(rows.rows) == 1)
        await pilot.press(*"404")
        await sees(pilot, "No request matches")


async def test_a_proxy_that_dies_is_said_to_be_gone_and_awaited(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "live")
        await asyncio.to_thread(world.proxy.end)
        await sees(pilot, "the proxy is not running")
        assert "claude-sonnet-4-5" in screen_text(pilot.app)
        await asyncio.to_thread(world.proxy.ensure_running)
        await sees(pilot, "live")


async def test_without_a_proxy_it_says_how_to_start_it(open_app: OpenApp, world: DemoContext) -> None:
    world.proxy.end()
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "x starts it")
        await pilot.press("x")
        await sees(pilot, "live")


async def test_another_proxys_first_request_is_not_taken_for_the_first_ones(
    open_app: OpenApp, world: DemoContext
) -> None:
    async with open_app((120, 36)) as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "1 request")
        await asyncio.to_thread(world.proxy.end)
        await sees(pilot, "the proxy is not running")
        await asyncio.to_thread(world.proxy.ensure_running)
        await sees(pilot, "live")
        await sent(world, "misspelt")
        await sees(pilot, "2 requests")
        rows = pilot.app.screen.query_one("#flows", Rows)
        assert [row["status"] for row in rows.rows] == [404, 200]
        assert {row["id"] for row in rows.rows} == {1}
        await pilot.press("G")
        await sees(pilot, "no longer kept")


async def test_a_request_under_way_when_the_proxy_dies_is_said_to_be_cut_off(
    open_app: OpenApp, world: DemoContext
) -> None:
    async with open_app((120, 36)) as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "1 request")
        screen = pilot.app.screen
        key, flow = next(iter(screen.flows.items()))  # type: ignore[attr-defined]
        screen.flows[key] = {**flow, "total_ms": None}  # type: ignore[attr-defined]
        await asyncio.to_thread(world.proxy.end)
        await sees(pilot, "the proxy stopped before this was finished")


async def test_the_answer_shows_up_when_a_watched_exchange_ends(open_app: OpenApp, world: DemoContext) -> None:
    """The newest exchange is under the cursor from its first moment on, when there is no answer yet."""
    async with open_app((120, 80)) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        await sent(world)
        await sees(pilot, "claude-sonnet-4-5")
        await pilot.press("m")
        await sees(pilot, "event: message_start")


async def test_both_sides_are_laid_out_anew_in_another_width(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await sent(world)
        await pilot.press("t")
        await sees(pilot, "proxy ↔ endpoint")
        await pilot.resize_terminal(76, 24)
        await until(pilot, lambda: "proxy ↔ endpoint" not in screen_text(pilot.app))
        assert "Claude Code ↔ proxy" in screen_text(pilot.app)


async def test_a_request_of_real_size_is_read_as_a_conversation(open_app: OpenApp, world: DemoContext) -> None:
    assert len(json.dumps(claude_body("x"))) > 40_000
    async with open_app((140, 70)) as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        assert await sent(world, "demo", "", claude_body("a haiku about ports")) == 200
        await sees(pilot, "You are Claude Code")
        for text in ("Bash, Edit, Glob", "assistant · calls", "a haiku about ports", "not passed on: metadata"):
            assert text in screen_text(pilot.app), text
        before = screen_text(pilot.app).count("You are Claude Code")
        await pilot.press("enter")
        await until(pilot, lambda: screen_text(pilot.app).count("You are Claude Code") > before)
        await pilot.press("m")
        await sees(pilot, '"max_tokens": 32000')


async def test_a_word_is_found_in_the_bodies(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        await sent(world, "demo", "the needle")
        await sent(world, "demo", "only hay")
        rows = pilot.app.screen.query_one("#flows", Rows)
        await until(pilot, lambda: len(rows.rows) == 2 and all(f.get("total_ms") for f in rows.rows))
        await pilot.press("/", *"needle")
        await until(pilot, lambda: not rows.rows)
        await sees(pilot, "enter looks into the bodies")
        await pilot.press("enter")
        await until(pilot, lambda: [f["id"] for f in rows.rows] == [1])


async def test_an_exchange_is_written_as_har_without_a_key(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("t")
        await sees(pilot, "live")
        await sent(world)
        await sees(pilot, "claude-sonnet-4-5")
        await pilot.press("E")
        await sees(pilot, "written:")
    (file,) = (Path(world.paths.state_dir) / "exports").iterdir()
    text = file.read_text(encoding="utf-8")
    ours, theirs = json.loads(text)["log"]["entries"]
    assert json.loads(ours["request"]["postData"]["text"])["model"] == "claude-sonnet-4-5"
    assert theirs["request"]["url"].endswith("/v1/chat/completions")
    assert world.provider.key.reveal() not in text
    assert file.stat().st_mode & 0o777 == 0o600
