"""The wizard from a paste to "Ready", stepping back, and what must not happen on the way."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from tui_kit import SIZES, paste, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.tui.widgets.covered_area import LONGEST_PASTE
from ccswitch_tui.tui.widgets.paste_area import PasteArea
from conftest import OpenApp


def files(world: DemoContext) -> dict[str, bytes]:
    """All files but what probing and reading leave in our own state folder."""
    home, own = Path(world.home), {"reports", "profiles.json"}
    return {str(p): p.read_bytes() for p in home.rglob("*") if p.is_file() and not own & set(p.parts)}


@pytest.mark.parametrize("size", SIZES)
async def test_from_a_pasted_curl_to_ready(
    open_app: OpenApp, world: DemoContext, settings: Path, size: tuple[int, int]
) -> None:
    async with open_app(size) as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works for you.")
        await paste(pilot, world.curl)
        await sees(pilot, "never shown in full")
        name = pilot.app.screen.query_one("#name", Input)
        name.value = "mine"
        await pilot.press("enter")
        await sees(pilot, "found in what you pasted")
        await sees(pilot, "demo's memory")
        await pilot.press("enter")
        await sees(pilot, "works, translated")
        await pilot.press("enter")
        await sees(pilot, "Which model answers")
        assert "demo-vision" in screen_text(pilot.app)
        await pilot.press("enter")
        await sees(pilot, "How does Claude Code reach it?")
        await pilot.press("enter")
        await sees(pilot, "[profiles.mine]")
        assert "mine" not in world.book().profiles
        await pilot.press("enter")
        await sees(pilot, "'mine' is saved, and its key was read back")
        await sees(pilot, "ANTHROPIC_BASE_URL")
        assert "/p/mine" not in settings.read_text(encoding="utf-8")
        await pilot.press("enter")
        await sees(pilot, "Ready: run claude")
        assert "answered through what was written" in screen_text(pilot.app)
        assert "/p/mine" in settings.read_text(encoding="utf-8")
        profile = world.book().get("mine")
        assert profile.models.named() == {"default": "demo-large", "haiku": "demo-small"}
        assert profile.context_window == 131_072
        await pilot.press("enter")
        await sees(pilot, "● mine")
        await until(pilot, lambda: re.search(r"● mine .*✓ translated", screen_text(pilot.app)))


async def test_of_an_endpoint_that_never_answered_nothing_is_claimed(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works for you.")
        await paste(pilot, "http://127.0.0.1:9/v1")
        await sees(pilot, "openai-chat")
        await pilot.press("ctrl+n")
        await sees(pilot, "The key for 127.0.0.1:9")
        await pilot.press("ctrl+g")
        await sees(pilot, "nothing listens at this address")
        await pilot.press("enter")
        await sees(pilot, "No list of models came from this endpoint")
        await pilot.press(*"m-1", "enter")
        await sees(pilot, "default    m-1")
        await pilot.press("enter")
        await sees(pilot, "How does Claude Code reach it?")
        await sees(pilot, "has not answered yet")
        await pilot.press("enter")
        await sees(pilot, "This will be saved")
        await pilot.press("enter")
        await sees(pilot, "is saved.")
        assert "read back" not in screen_text(pilot.app)


STEPS = ("never shown in full", "found in what", "works, translated", "Which model", "How does Claude", "[profiles.")
"""What each step of the wizard shows when it can be left."""


async def to_the_end(pilot: Pilot[Any], world: DemoContext) -> None:
    """Through the wizard with the demo's curl command, up to the question whether to use it."""
    await pilot.press("a")
    await paste(pilot, world.curl)
    for text in STEPS:
        await sees(pilot, text)
        await pilot.press("enter")
    await sees(pilot, "is saved")


async def test_the_key_is_nowhere_on_the_screen_on_the_whole_way(open_app: OpenApp, world: DemoContext) -> None:
    secret = world.provider.key.reveal()
    async with open_app((120, 36)) as pilot:
        await pilot.press("a")
        await paste(pilot, world.curl)
        for text in STEPS:
            await sees(pilot, text)
            assert secret not in screen_text(pilot.app)
            assert secret not in pilot.app.export_screenshot()
            await pilot.press("enter")
        await sees(pilot, "is saved")
        assert not [path for path, data in files(world).items() if secret.encode() in data]


async def test_escape_steps_back_all_the_way_and_leaves_no_trace(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        before = files(world)
        await to_the_end(pilot, world)
        await pilot.press("escape")
        await sees(pilot, "taken back: neither the profile")
        for text in reversed(STEPS):
            await sees(pilot, text if text != "never shown in full" else "Paste what works")
            await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert files(world) == before
        assert world.keys.store.get("local") is None
        assert not list(Path(world.paths.reports).glob("*"))


async def test_not_now_keeps_the_profile_and_writes_no_settings(
    open_app: OpenApp, world: DemoContext, settings: Path
) -> None:
    before = settings.read_bytes()
    async with open_app() as pilot:
        await to_the_end(pilot, world)
        await pilot.press("n")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert "local" in world.book().profiles
        assert settings.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 5_000_000, "more than any command"),
        ("x" * (LONGEST_PASTE + 1), "more than any command"),
        ("\x7fELF\x02\x01\0\0\0" * 50, "binary file"),
    ],
    ids=["5 MB", "just too long", "binary"],
)
async def test_a_paste_that_cannot_be_meant_is_refused(open_app: OpenApp, text: str, said: str) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await paste(pilot, text)
        await sees(pilot, said)
        assert pilot.app.screen.query_one(PasteArea).text == ""


async def test_control_characters_in_a_paste_are_left_out(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await paste(pilot, "\x1b[31m" + world.curl.replace("\n", "\r\n") + "\x07\x08")
        await sees(pilot, "never shown in full")
        shown = pilot.app.screen.query_one(PasteArea).text
        assert all(c == "\n" or c.isprintable() for c in shown)


async def test_a_paste_without_an_address_says_what_is_missing(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await paste(pilot, "just some words")
        await sees(pilot, "✗")
        await pilot.press("ctrl+n")
        await pilot.pause(0.2)
        assert "Paste what works" in screen_text(pilot.app)


async def test_a_name_that_exists_is_refused_and_nothing_typed_is_lost(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await paste(pilot, world.curl)
        await sees(pilot, "never shown in full")
        pilot.app.screen.query_one("#name", Input).value = "demo"
        await pilot.press("enter")
        await sees(pilot, "there is already a profile 'demo'")
        assert "demo-large" in screen_text(pilot.app)


async def test_typing_an_address_works_like_pasting_one(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await pilot.press(*world.provider.base_url)
        await until(pilot, lambda: pilot.app.screen.query_one("#name", Input).display)
        assert "127.0.0.1" in pilot.app.screen.query_one("#name", Input).value or "local" in screen_text(pilot.app)
        await pilot.press("ctrl+n")
        await sees(pilot, "The key for 127.0.0.1")


async def test_the_catalogue_is_searched_and_chosen_from(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await pilot.press("ctrl+t")
        await sees(pilot, "search: name, host, model")
        await pilot.press(*"deepseek")
        await sees(pilot, "api.deepseek.com")
        await pilot.press("enter")
        await sees(pilot, "https://api.deepseek.com")
        await until(pilot, lambda: pilot.app.screen.query_one("#name", Input).value == "deepseek")
        await pilot.press("enter")
        await sees(pilot, "The key for api.deepseek.com")
        await pilot.press("enter")
        await sees(pilot, "a key is required")


async def test_what_is_there_already_can_be_taken_over(open_app: OpenApp, settings: Path) -> None:
    env = {"ANTHROPIC_BASE_URL": "https://gateway.corp.example", "ANTHROPIC_AUTH_TOKEN": "sk-example-corp-0001"}
    settings.write_text(json.dumps({"env": env}), encoding="utf-8")
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await pilot.press("ctrl+g")
        await sees(pilot, "gateway.corp.example")
        await pilot.press("enter")
        await sees(pilot, "https://gateway.corp.example")
        assert "sk-example-corp-0001" not in screen_text(pilot.app)


async def test_a_key_typed_by_hand_is_never_echoed(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await paste(pilot, "https://api.moonshine.example/v1")
        await sees(pilot, "moonshine")
        await pilot.press("enter")
        await sees(pilot, "The key for api.moonshine.example")
        await pilot.press(*"sk-example-typed-7781")
        await sees(pilot, "filled")
        text = screen_text(pilot.app)
        assert "typed-7781" not in text
        assert "•" * 12 in text


async def test_a_fix_found_on_the_way_goes_into_the_draft(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("a")
        await paste(pilot, world.curl.replace("demo-large", "demo-lagre"))
        await sees(pilot, "never shown in full")
        await pilot.press("enter")
        await sees(pilot, "found in what")
        await pilot.press("enter")
        await sees(pilot, "there is no such model here")
        await pilot.press("f")
        await sees(pilot, "works, translated")
        await pilot.press("enter")
        await sees(pilot, "● demo-large")


async def test_a_check_that_cannot_be_made_does_not_go_on_for_ever(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await to_the_end(pilot, world)
        world.keys.remove("local")
        await sees(pilot, "ANTHROPIC_BASE_URL")
        await pilot.press("enter")
        await sees(pilot, "Written, but it does not work yet")
        assert "checking" not in screen_text(pilot.app)


async def test_help_in_the_wizard_lists_the_keys_of_the_step(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await pilot.press("f1")
        await sees(pilot, "choose from the known providers")


async def test_all_set_ups_found_are_asked_and_taken_over_at_once(open_app: OpenApp, world: DemoContext) -> None:
    key = world.provider.key.reveal()
    routers = Path(world.paths.home) / ".claude-code-router"
    routers.mkdir()
    entries = [
        {"name": "Answers", "api_base_url": world.provider.base_url, "api_key": key, "models": ["demo-large"]},
        {"name": "Silent", "api_base_url": "http://127.0.0.1:9/v1", "api_key": "sk-example-silent-1", "models": ["m"]},
    ]
    (routers / "config.json").write_text(json.dumps({"Providers": entries}))
    async with open_app((120, 36)) as pilot:
        await pilot.press("a")
        await sees(pilot, "2 set-ups found on this machine, not tested yet")
        await pilot.press("ctrl+g")
        await sees(pilot, "Silent")
        await pilot.press("ctrl+t")
        await sees(pilot, "saved: 2; answering: 1, not proved: 1")
        assert key not in screen_text(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await sees(pilot, "Answers")
        assert world.book().get("Answers").endpoint.wire == "openai-chat"
        assert "Silent" in world.book().profiles
    assert {Path(path).stem for path in Path(world.paths.reports).iterdir()} >= {"Answers", "Silent"}
