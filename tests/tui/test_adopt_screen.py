"""Adopt: keys in plain text are listed masked, moved when told, and put back to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tui_kit import SIZES, check_golden, screen_text, sees, until
from tui_scenes import steady

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.tui.widgets.rows import Rows
from conftest import OpenApp

FIRST = "sk-example-lying-in-the-clear-01"
SECOND = "sk-example-lying-in-the-clear-02"


@pytest.fixture
def files(world: DemoContext) -> tuple[Path, Path]:
    """A shell's start-up file and a .env with a key each."""
    shell, env = Path(world.home) / ".bashrc", Path(world.cwd) / ".env"
    shell.write_text(f'alias ll="ls -l"\nexport OPENAI_API_KEY="{FIRST}"\n', encoding="utf-8")
    env.write_text(f"# mine\nOPENROUTER_API_KEY={SECOND}\n", encoding="utf-8")
    return shell, env


@pytest.mark.parametrize("size", SIZES)
async def test_marked_keys_are_moved_and_come_back_to_the_byte(
    open_app: OpenApp, world: DemoContext, files: tuple[Path, Path], size: tuple[int, int]
) -> None:
    shell, env = files
    before = shell.read_bytes(), env.read_bytes()
    async with open_app(size) as pilot:
        await pilot.press("A")
        await sees(pilot, "found: 2")
        shown = screen_text(pilot.app)
        assert "lying-in-the-clear" not in shown
        await pilot.press("space")
        await sees(pilot, "marked: 1")
        await pilot.press("enter")
        await sees(pilot, "Move 1 key into the key store?")
        assert (shell.read_bytes(), env.read_bytes()) == before
        await pilot.press("y")
        await sees(pilot, "found: 1")
        assert FIRST.encode() not in shell.read_bytes()
        assert env.read_bytes() == before[1]
        await sees(pilot, "adopted/openai-api-key")
        await pilot.press("u")
        await sees(pilot, "Put the most recently moved keys back")
        await pilot.press("y")
        await sees(pilot, "found: 2")
        assert (shell.read_bytes(), env.read_bytes()) == before
        assert "stored as" not in screen_text(pilot.app)


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_looks_as_agreed(
    open_app: OpenApp, world: DemoContext, files: tuple[Path, Path], size: tuple[int, int]
) -> None:
    async with open_app(size) as pilot:
        await pilot.press("A")
        await sees(pilot, "found: 2")
        await pilot.press("a", "j")
        await sees(pilot, "marked: 2")
        check_golden(f"adopt-{size[0]}x{size[1]}", steady(screen_text(pilot.app), world))


async def test_nothing_is_done_before_something_is_marked(open_app: OpenApp, files: tuple[Path, Path]) -> None:
    before = [path.read_bytes() for path in files]
    async with open_app() as pilot:
        await pilot.press("A")
        await sees(pilot, "found: 2")
        await pilot.press("enter")
        await sees(pilot, "mark keys first")
        await pilot.press("a", "enter")
        await sees(pilot, "Move 2 keys")
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        assert [path.read_bytes() for path in files] == before


async def test_a_clean_machine_is_said_to_be_clean(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("A")
        await sees(pilot, "No key is stored in plain text")
        assert not pilot.app.screen.query_one(Rows).rows


async def test_a_key_in_the_settings_becomes_a_profile_in_use(
    open_app: OpenApp, world: DemoContext, settings: Path
) -> None:
    base_url = world.provider.base_url.removesuffix("/v1")
    tree = {"env": {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_AUTH_TOKEN": FIRST}}
    settings.write_text(json.dumps(tree), encoding="utf-8")
    before = settings.read_bytes()
    async with open_app() as pilot:
        await pilot.press("A")
        await sees(pilot, "These settings become a profile")
        await pilot.press("space", "enter")
        await sees(pilot, "Move 1 key ")
        await pilot.press("y")
        await sees(pilot, "is in use there now")
        assert FIRST not in settings.read_text(encoding="utf-8")
        await pilot.press("u")
        await sees(pilot, "Put the most recently moved keys back")
        await pilot.press("y")
        await sees(pilot, "found: 1")
        assert settings.read_bytes() == before
