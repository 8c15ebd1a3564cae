"""A field one types in paints no key, and loses nothing of what was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui_kit import screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.secret import covered, redact
from ccswitch_tui.tui.widgets.paste_area import PasteArea
from conftest import OpenApp

KEY = "sk-example-typed-by-hand-0815"


@given(st.text(alphabet="skey-=:\"' Bearerauthoiz0123456789•…\n", max_size=80))
def test_what_is_covered_is_as_long_as_before_and_covered_for_good(text: str) -> None:
    once = covered(text)
    assert len(once) == len(text)
    assert covered(once) == once


@pytest.mark.parametrize(
    "line",
    [
        f'curl -H "Authorization: Bearer {KEY}" https://a.example/v1',
        f"export OPENAI_API_KEY={KEY}",
        f"x-api-key: {KEY}",
        f"https://a.example/v1?key={KEY}&x=1",
    ],
)
def test_a_key_is_covered_and_the_rest_is_as_it_was(line: str) -> None:
    shown = covered(line)
    assert KEY not in shown
    assert "typed" not in shown
    assert len(shown) == len(line)
    before, after = line.split(KEY)
    assert shown.endswith(after)
    assert shown.startswith(before) or "uthorization" in before
    assert redact(line) != line


async def test_a_curl_typed_by_hand_is_covered_at_once_and_understood(open_app: OpenApp, world: DemoContext) -> None:
    secret = world.provider.key.reveal()
    seen: list[str] = []
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        for character in f'curl {world.provider.base_url}/models -H "Authorization: Bearer {secret}"':
            await pilot.press({" ": "space"}.get(character, character))
            seen.append(screen_text(pilot.app))
        assert pilot.app.screen.query_one(PasteArea).text.endswith(f'{secret}"')
        shown = [text.replace("\n", "") for text in seen]
        assert not [text for text in shown if secret in text or secret[4:14] in text]
        await pilot.press("ctrl+n")
        await sees(pilot, "found; never shown in full")
        assert secret not in screen_text(pilot.app)


async def test_a_selection_is_copied_without_the_key(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await pilot.press(*f"KEY={KEY}".replace("KEY=", "API_KEY="))
        area = pilot.app.screen.query_one(PasteArea)
        area.select_all()
        await pilot.press("ctrl+c")
        await until(pilot, lambda: pilot.app.clipboard)
        assert KEY not in pilot.app.clipboard
        await pilot.press("ctrl+x")
        assert area.text == ""
        assert KEY not in pilot.app.clipboard
