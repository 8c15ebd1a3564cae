"""Why, history, settings, help, palette, themes: one journey each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from textual.theme import BUILTIN_THEMES
from tui_kit import SIZES, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.tui import look
from ccswitch_tui.tui.screens.base import SIDE_BY_SIDE
from ccswitch_tui.tui.screens.help import KeyTable
from ccswitch_tui.tui.screens.wizard.flow import WizardScreen
from ccswitch_tui.tui.widgets.rows import Rows
from conftest import OpenApp

STYLES = Path(look.__file__).parent / "styles"


@pytest.mark.parametrize("size", SIZES)
async def test_why_names_the_winner_and_the_file(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app(size) as pilot:
        await pilot.press("enter")
        await sees(pilot, "now uses")
        await pilot.press("w")
        await sees(pilot, "ANTHROPIC_BASE_URL")
        await sees(pilot, "wins")
        assert "settings.json" in screen_text(pilot.app)


async def test_why_shows_what_overrules_and_masks_secrets(open_app: OpenApp, world: DemoContext) -> None:
    env = {"ANTHROPIC_BASE_URL": "https://theirs.example", "ANTHROPIC_AUTH_TOKEN": "sk-example-theirs-556677"}
    local = Path(world.cwd) / ".claude" / "settings.local.json"
    local.parent.mkdir()
    local.write_text(json.dumps({"env": env}), encoding="utf-8")
    async with open_app((120, 36)) as pilot:
        await pilot.press("enter")
        await sees(pilot, "now uses")
        await pilot.press("w")
        await sees(pilot, "https://theirs.example")
        await sees(pilot, "local settings")
        await pilot.press("slash", *"auth_token", "enter")
        await pilot.pause(0.1)
        assert "556677" not in screen_text(pilot.app).replace("…6677", "")
        await pilot.press("y")
        await sees(pilot, "copied ANTHROPIC_AUTH_TOKEN")
        assert "theirs-55" not in pilot.app.clipboard
        await sees(pilot, "write the settings so that ours win")
        await pilot.press("f")
        await sees(pilot, "settings.local.json?")
        assert json.loads(local.read_text(encoding="utf-8"))["env"] == env, "looking wrote nothing"
        await pilot.press("enter")
        await until(pilot, lambda: "/p/demo" in json.loads(local.read_text())["env"]["ANTHROPIC_BASE_URL"])
        await until(pilot, lambda: "write the settings so that ours win" not in screen_text(pilot.app))
        await pilot.press("f")
        await sees(pilot, "nothing overrules our settings here")


@pytest.mark.parametrize("size", SIZES)
async def test_history_shows_each_write_and_restores_the_beginning(
    open_app: OpenApp, settings: Path, size: tuple[int, int]
) -> None:
    before = settings.read_bytes()
    async with open_app(size) as pilot:
        await pilot.press("enter")
        await sees(pilot, "now uses 'demo'")
        await pilot.press("j", "enter")
        await sees(pilot, "now uses 'misspelt'")
        await pilot.press("h")
        await sees(pilot, "use misspelt")
        await sees(pilot, "+ ANTHROPIC_BASE_URL")
        await pilot.press("enter")
        await sees(pilot, "write 1 of 2")
        await sees(pilot, "/p/misspelt")
        await pilot.press("right_square_bracket")
        await sees(pilot, "write 2 of 2")
        await pilot.press("u")
        await sees(pilot, "undo goes backwards: 'use misspelt' comes first")
        await pilot.press("left_square_bracket", "u")
        await until(pilot, lambda: "/p/demo" in settings.read_text(encoding="utf-8"))
        await sees(pilot, "use misspelt  undone")
        await pilot.press("R")
        await sees(pilot, "Go back to the state before the first write?")
        await pilot.press("y")
        await sees(pilot, "restored to the state before the first write")
        assert settings.read_bytes() == before


async def test_a_theme_is_kept(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        pilot.app.theme = "nord"
        await until(pilot, lambda: Path(world.paths.app_config).exists())
        await until(pilot, lambda: 'theme = "nord"' in Path(world.paths.app_config).read_text(encoding="utf-8"))
    async with open_app() as pilot:
        assert pilot.app.theme == "nord"


async def test_every_theme_can_draw_home(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        for theme in ("switchboard-light", *sorted(BUILTIN_THEMES)):
            pilot.app.theme = theme
            await sees(pilot, "misspelt")
            pilot.app.export_screenshot()


async def test_the_language_changes_at_once(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("comma")
        await sees(pilot, "language")
        rows = pilot.app.screen.query_one(Rows)
        await until(pilot, lambda: len(rows.rows) == 6)
        await pilot.press("j", "enter")
        await until(pilot, lambda: pilot.app.config.language == "en")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await sees(pilot, "简体中文")
        await sees(pilot, "主题")
        await pilot.press("escape")
        await sees(pilot, "未探测")


async def test_ascii_signs_leave_no_sign_behind(open_app: OpenApp, world: DemoContext) -> None:
    Path(world.paths.app_config).write_text('ascii = "always"\n', encoding="utf-8")
    try:
        async with open_app() as pilot:
            await pilot.press("p")
            await sees(pilot, "ok translated")
            await until(pilot, lambda: not pilot.app.screen.running)
            drawn = screen_text(pilot.app)
            assert not set("✓✗●→·…⏎") & set(drawn)
    finally:
        look.use_ascii(False)


async def test_no_colour_leaves_every_verdict_readable(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app() as pilot:
        await pilot.press("j", "p")
        await sees(pilot, "✗ broken")


@pytest.mark.parametrize("size", SIZES)
async def test_help_explains_the_focused_thing_and_every_key(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app(size) as pilot:
        await pilot.press("question_mark")
        await sees(pilot, "One line per profile")
        if size[0] >= SIDE_BY_SIDE:
            await pilot.press("tab")  # into the pane beside the place, which can be read on in
        why_not = "nothing has been written yet, so there is nothing to undo"
        for _ in range(60):  # the page is longer than the screen
            if "to undo" in screen_text(pilot.app) or why_not in screen_text(pilot.app):
                break
            await pilot.press("down")
        await until(
            pilot,
            lambda: any(why_not in str(row) for table in pilot.app.screen.query(KeyTable) for row in table.rows(200)),
            why_not,
        )
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_the_palette_knows_every_verb_and_every_profile(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("ctrl+p", *"use missp")
        await sees(pilot, "use misspelt")
        await pilot.press("down", "enter")
        await sees(pilot, "now uses 'misspelt'")


async def test_a_verb_of_the_palette_does_what_its_key_does(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("ctrl+p", *"set up a")
        await pilot.press("escape")
        await pilot.press("ctrl+p", *"add")
        await sees(pilot, "set up a new profile")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WizardScreen))


async def test_textual_log_is_warned_about(open_app: OpenApp, world: DemoContext) -> None:
    world.env["TEXTUAL_LOG"] = "/tmp/keys.log"
    async with open_app() as pilot:
        await sees(pilot, "TEXTUAL_LOG is set")


async def test_a_copy_is_told_and_holds_no_key(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("y")
        await sees(pilot, "copied: demo")
        assert pilot.app.clipboard == "demo"
        pilot.app.copy(f"Bearer {world.provider.key.reveal()}", "something")  # type: ignore[attr-defined]
        await sees(pilot, "something")
        assert world.provider.key.reveal() not in pilot.app.clipboard


async def test_an_unreadable_settings_file_is_said_and_home_still_works(open_app: OpenApp, settings: Path) -> None:
    settings.write_text('{"env": {}, // a comment\n}', encoding="utf-8")
    before = settings.read_bytes()
    async with open_app((120, 36)) as pilot:
        await sees(pilot, "misspelt")
        await sees(pilot, "✗ ")
        assert "settings.json" in screen_text(pilot.app).splitlines()[0]
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert settings.read_bytes() == before


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
async def test_home_and_probe_look_the_same_after_every_other_place_was_seen(
    open_app: OpenApp, size: tuple[int, int]
) -> None:
    """Textual keeps the rules of a screen's style sheet for good: none may reach another screen."""

    async def regions() -> dict[str, object]:
        home = pilot.app.screen
        found: dict[str, object] = {i: home.query_one(f"#{i}").region for i in ("list", "details")}
        await pilot.press("p")
        await until(pilot, lambda: pilot.app.screen is not home and not pilot.app.screen.running)
        found |= {i: pilot.app.screen.query_one(f"#{i}").region for i in ("ladder", "side")}
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is home)
        return found

    async with open_app(size) as pilot:
        before = await regions()
        home = pilot.app.screen
        for key in ("w", "h", "t", "D", "e", "X", "A", "a", "comma", "c"):
            await pilot.press(key)
            await until(pilot, lambda: pilot.app.screen is not home, key)
            await pilot.pause(0.1)
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is home, f"back from {key}")
        assert await regions() == before


@pytest.mark.parametrize("path", sorted(STYLES.glob("*.tcss")), ids=lambda p: p.stem)
def test_a_screens_style_sheet_speaks_of_its_own_screens_only(path: Path) -> None:
    if path.stem not in ("app", "later"):
        rules = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        outermost = re.findall(r"^(\S.*?) *\{", rules, flags=re.MULTILINE)
        assert all(re.match(r"[A-Z]\w+(?:Screen|Sheet)(?:, [A-Z]\w+Screen)*(?:[ .]|$)", rule) for rule in outermost)


async def test_what_a_setting_is_for_is_said_in_full_on_a_small_screen(open_app: OpenApp) -> None:
    async with open_app((60, 18)) as pilot:
        await pilot.press("comma")
        await sees(pilot, "all of Textual's themes, and our own")
        await pilot.press("j", "j", "j")
        await sees(pilot, "quick: one answer; default: tools and streaming; full:")
