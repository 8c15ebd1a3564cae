"""The palette has every command of the command line: done in the app, or copied for a shell."""

from __future__ import annotations

from typing import Any

import pytest
from tui_kit import sees, until

from ccswitch_tui.cli.main import COMMANDS
from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.tui import commands
from ccswitch_tui.tui.i18n import use_language
from ccswitch_tui.tui.screens.home import HomeScreen
from ccswitch_tui.tui.verbs import VERBS
from conftest import OpenApp


def test_every_command_has_its_verb_in_the_same_order() -> None:
    assert [verb.word for verb in VERBS] == list(COMMANDS)


def test_every_verb_is_done_or_copied() -> None:
    assert not [v for v in VERBS if bool(v.action) == bool(v.command)]
    assert not [v for v in VERBS if v.action and not hasattr(HomeScreen, f"do_{v.action}")]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("keys", ["", "w", "D"])
async def test_every_command_is_found_by_its_word_from_everywhere(open_app: OpenApp, language: str, keys: str) -> None:
    async with open_app() as pilot:
        use_language(language)
        await pilot.press(*keys)
        await pilot.pause()
        names = [name for name, _, _ in commands.verbs(pilot.app.screen)]
        home = {v.word for v in VERBS} if keys else {v.word for v in VERBS} - {"add", "edit", "copy", "remove"}
        missing = [word for word in home if not any(word in name or keyed(word) for name in names)]
        assert not missing


def keyed(word: str) -> bool:
    """Whether the first screen has the verb on a key of its own, whose name the palette shows."""
    from ccswitch_tui.tui.keys import keys_of

    action = next(v.action for v in VERBS if v.word == word)
    return action in {key.action for key in keys_of("home")}


async def run_verb(pilot: Any, word: str) -> None:
    verb = next(v for v in VERBS if v.word == word)
    commands.do_verb(pilot.app, verb)
    await pilot.pause()


async def test_a_verb_is_done_on_the_first_screen_from_anywhere(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("j", "w")
        await sees(pilot, "What Claude Code would use")
        await run_verb(pilot, "rename")
        await sees(pilot, "New name for 'misspelt'")
        await pilot.press(*"better", "enter")
        await sees(pilot, "renamed to 'better'")
        assert "better" in world.book().profiles
        assert world.keys.store.get("better") == world.provider.key


async def test_a_copy_has_a_key_of_its_own(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await run_verb(pilot, "copy")
        await sees(pilot, "A name for the copy of 'demo'")
        await pilot.press(*"demo", "enter")
        await sees(pilot, "there is already a profile 'demo'")
        await run_verb(pilot, "copy")
        await pilot.press(*"second", "enter")
        await sees(pilot, "'second' is a copy")
        assert world.keys.store.get("second") == world.provider.key


@pytest.mark.parametrize(("word", "seen"), [("presets", "search: name, host, model"), ("import", "search what is set")])
async def test_the_wizard_begins_where_it_was_asked_to(open_app: OpenApp, word: str, seen: str) -> None:
    async with open_app() as pilot:
        await run_verb(pilot, word)
        await sees(pilot, seen)
        await pilot.press("escape")
        await sees(pilot, "Paste what works")


async def test_what_belongs_to_a_shell_is_copied_with_the_profile(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("j")
        await run_verb(pilot, "run")
        await sees(pilot, "copied: ccswitch-tui run misspelt")
        await until(pilot, lambda: pilot.app.clipboard == "ccswitch-tui run misspelt")
        await run_verb(pilot, "key")
        await until(pilot, lambda: pilot.app.clipboard.startswith("ccswitch-tui key misspelt"))
        assert world.provider.key.reveal() not in pilot.app.clipboard


@pytest.mark.parametrize(("language", "says"), [("en", "nothing matches"), ("zh-CN", "没有匹配的内容")])
async def test_the_palette_says_in_the_language_of_the_app_that_nothing_matches(
    open_app: OpenApp, language: str, says: str
) -> None:
    async with open_app() as pilot:
        use_language(language)
        await pilot.press("ctrl+p", *"zzzz")
        await sees(pilot, says)
