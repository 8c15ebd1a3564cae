"""Jump mode goes to what has a letter; help stands beside what it explains; a theme is seen before it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input
from tui_kit import screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.tui.screens.help import HelpScreen
from ccswitch_tui.tui.screens.home import HomeScreen
from ccswitch_tui.tui.screens.jump import LETTERS, JumpScreen, labels
from ccswitch_tui.tui.widgets.help_pane import HelpPane
from ccswitch_tui.tui.widgets.rows import Rows
from conftest import OpenApp


@given(count=st.integers(0, len(LETTERS) ** 2))
def test_no_label_begins_as_another_does(count: int) -> None:
    found = labels(count)
    assert len(set(found)) == count
    assert len({len(label) for label in found}) <= 1


@pytest.mark.parametrize("key", ["f2", "'"])
async def test_a_letter_leads_to_its_row(key: str, open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, JumpScreen))
        assert [t.row for t in pilot.app.screen.targets.values()] == [0, 1, 2]  # type: ignore[attr-defined]
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        assert pilot.app.screen.query_one(Rows).cursor == 2


@pytest.mark.parametrize("key", ["escape", "5", "enter", "Z"])
async def test_any_other_key_goes_back_and_does_nothing_else(key: str, open_app: OpenApp, settings: Path) -> None:
    before = settings.read_bytes()
    async with open_app() as pilot:
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, JumpScreen))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        assert pilot.app.screen.query_one(Rows).cursor == 0 and settings.read_bytes() == before


async def test_it_leads_to_fields_of_a_form_that_can_be_seen(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None))
        form = pilot.app.screen
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, JumpScreen))
        targets = pilot.app.screen.targets  # type: ignore[attr-defined]
        assert all(0 <= target.at.y < 24 for target in targets.values())
        label = next(label for label, target in targets.items() if target.widget.id == "field-models-haiku")
        await pilot.press(*label)
        await until(pilot, lambda: pilot.app.screen is form)
        assert form.focused is not None and form.focused.id == "field-models-haiku"


async def test_a_thousand_rows_get_letters_only_where_they_are_seen(open_app: OpenApp, world: DemoContext) -> None:
    from ccswitch_tui.profiles.store import update_profiles

    demo = world.book().get("demo")
    update_profiles(world.paths, {f"p{n:04}": demo._replace(name=f"p{n:04}") for n in range(1000)})
    async with open_app() as pilot:
        await until(pilot, lambda: len(pilot.app.screen.query_one(Rows).rows) > 1000)
        await pilot.press("G")
        await sees(pilot, "p0999")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, JumpScreen))
        rows = [target.row for target in pilot.app.screen.targets.values()]  # type: ignore[attr-defined]
        assert rows[-1] == 1002 and len(rows) < 24


# ---------------------------------------------------------------- help beside it


async def test_help_stands_beside_the_place_and_goes_away_with_the_key_that_brought_it(open_app: OpenApp) -> None:
    async with open_app((120, 34)) as pilot:
        await pilot.press("?")
        await sees(pilot, "Keys here")
        assert isinstance(pilot.app.screen, HomeScreen) and "behind-login" in screen_text(pilot.app)
        await pilot.press("j")
        assert pilot.app.screen.query_one(Rows).cursor == 1, "one can go on working"
        await pilot.press("?")
        await until(pilot, lambda: "Keys here" not in screen_text(pilot.app))
        await pilot.press("?")
        await sees(pilot, "Keys here")
        await pilot.press("escape")
        await until(pilot, lambda: "Keys here" not in screen_text(pilot.app))
        assert pilot.app.screen.has_class("-wide")


async def test_help_follows_the_focus(open_app: OpenApp) -> None:
    async with open_app((160, 40)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None))
        await pilot.press("f1")
        await sees(pilot, "The form is checked as you type")
        pilot.app.screen.query_one("#secret").focus()
        await until(pilot, lambda: "The form is checked as you type" not in screen_text(pilot.app))


async def test_a_focus_that_moves_before_help_has_drawn_itself_is_followed_all_the_same(open_app: OpenApp) -> None:
    async with open_app((160, 40)) as pilot:
        pane = HelpPane(pilot.app.screen)
        mounted = pilot.app.screen.mount(pane)
        await pane.follow()
        await mounted
        await until(pilot, lambda: pane.topic == "home")


async def test_in_a_narrow_terminal_help_is_a_page(open_app: OpenApp) -> None:
    async with open_app((80, 24)) as pilot:
        await pilot.press("?")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))


async def test_with_help_beside_it_nothing_is_drawn_below_it(open_app: OpenApp) -> None:
    async with open_app((100, 30)) as pilot:
        await pilot.press("?")
        await sees(pilot, "Keys here")
        await pilot.pause()
        assert "? help" in screen_text(pilot.app).splitlines()[-1], "the last key is in sight"
        assert pilot.app.screen.has_class("-narrow")


# ---------------------------------------------------------------- themes


async def test_a_theme_is_seen_under_the_cursor_and_kept_only_when_it_is_chosen(
    open_app: OpenApp, world: DemoContext
) -> None:
    kept = Path(world.paths.app_config)
    async with open_app((100, 30)) as pilot:
        before = pilot.app.theme
        pilot.app.search_themes()  # type: ignore[attr-defined]
        await pilot.pause()
        await pilot.press(*"dracula")
        await until(pilot, lambda: pilot.app.theme == "dracula")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        assert pilot.app.theme == before and not kept.exists()
        pilot.app.search_themes()  # type: ignore[attr-defined]
        await pilot.pause()
        await pilot.press(*"dracula")
        await until(pilot, lambda: pilot.app.theme == "dracula")
        await pilot.press("enter")
        await until(pilot, lambda: kept.exists() and 'theme = "dracula"' in kept.read_text())
        assert not pilot.app.screen.query(Input)
