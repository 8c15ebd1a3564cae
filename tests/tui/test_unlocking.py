"""The encrypted key file in the app: opened where a key is needed, made where there is no store, never shown."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_kit import SIZES, check_golden, paste, screen_text, sees, until
from tui_scenes import steady

from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.secret import Secret
from ccswitch_tui.tui.screens.keys import KeysScreen
from ccswitch_tui.tui.screens.unlock import UnlockSheet
from ccswitch_tui.tui.session import Session
from ccswitch_tui.tui.widgets.secret_field import PassphraseField
from ccswitch_tui.workflows.context import Context
from conftest import OpenApp

PASSPHRASE = "correct horse battery"
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is an OS keyring")


@pytest.fixture
def bare(world: DemoContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The demo's provider in a home of its own with one profile, a real background proxy, and no key store yet."""
    monkeypatch.setattr(encrypted_file, "SCRYPT", {"n": 2**14, "r": 8, "p": 1})
    env = {k: v for k, v in world.env.items() if k != "PYTHON_KEYRING_BACKEND"}
    ctx = Context({**env, "CCSWITCH_HOME": os.path.join(world.home, "own")}, cwd=world.cwd)
    os.makedirs(ctx.paths.state_dir, mode=0o700)
    update_profiles(ctx.paths, {"demo": world.book().get("demo")})
    yield ctx
    if os.path.exists(ctx.paths.proxy_state) and ctx.proxy.status().running:
        ctx.proxy.stop(at_once=True)


@pytest.fixture
def sealed(bare: Context, world: DemoContext) -> Context:
    """The same with the profile's key in a key file nobody opened yet."""
    paths = bare.paths
    store = encrypted_file.create(paths.encrypted_keys, paths.state_dir, Secret(PASSPHRASE))
    store.set("demo", world.provider.key)
    return bare


async def give(pilot: Pilot[Any], passphrase: str) -> None:
    """Types it as a person does, blanks and all."""
    await pilot.press(*("space" if c == " " else c for c in passphrase), "enter")


@pytest.mark.parametrize("size", SIZES)
async def test_a_probe_asks_for_the_passphrase_and_goes_on(
    open_app: OpenApp, sealed: Context, size: tuple[int, int]
) -> None:
    async with open_app(size, sealed) as pilot:
        await sees(pilot, "keys locked")
        await pilot.press("p")
        await sees(pilot, "Unlock the keys")
        await give(pilot, "not the right one")
        await sees(pilot, "wrong passphrase")
        field = pilot.app.screen.query_one(PassphraseField)
        assert not field.filled
        assert field.has_focus
        await give(pilot, PASSPHRASE)
        assert "horse" not in screen_text(pilot.app)
        await sees(pilot, "✓ translated")
        await pilot.press("escape")
        await until(pilot, lambda: "keys locked" not in screen_text(pilot.app))


async def test_the_details_name_the_key_file_and_no_keyring(open_app: OpenApp, sealed: Context) -> None:
    async with open_app((80, 24), sealed) as pilot:
        await sees(pilot, "encrypted key file  ·")
        assert "keyring:" not in screen_text(pilot.app)


async def test_declining_leaves_everything_as_it_was(open_app: OpenApp, sealed: Context) -> None:
    async with open_app((80, 24), sealed) as pilot:
        await pilot.press("p")
        await sees(pilot, "Unlock the keys")
        await pilot.press("escape")
        await sees(pilot, "the encrypted key file is locked")
        assert not os.path.exists(sealed.paths.proxy_state)


async def test_the_screen_is_alive_while_the_passphrase_is_tried(open_app: OpenApp, sealed: Context) -> None:
    async with open_app((80, 24), sealed) as pilot:
        await pilot.press("K")
        await sees(pilot, "Unlock the keys")
        await give(pilot, PASSPHRASE)
        await sees(pilot, "opening…")
        await pilot.press("enter")
        await sees(pilot, "unlocked for a day")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeysScreen))
        await pilot.press("K")
        await sees(pilot, "the background proxy has forgotten the keys")
        await pilot.press("escape")
        await sees(pilot, "keys locked")


@needs_linux
@pytest.mark.parametrize("size", SIZES)
async def test_a_key_file_is_made_with_a_passphrase_given_twice(
    open_app: OpenApp, bare: Context, size: tuple[int, int]
) -> None:
    async with open_app(size, bare) as pilot:
        await pilot.press("K")
        await sees(pilot, "A passphrase for your keys")
        await give(pilot, PASSPHRASE)
        await give(pilot, "something else")
        await sees(pilot, "the two do not match")
        await give(pilot, "short")
        await give(pilot, "short")
        await sees(pilot, "shorter than 8 characters")
        assert not os.path.exists(bare.paths.encrypted_keys)
        await give(pilot, PASSPHRASE)
        await give(pilot, PASSPHRASE)
        await until(pilot, lambda: not isinstance(pilot.app.screen, UnlockSheet))
        opened = encrypted_file.open_file(bare.paths.encrypted_keys, bare.paths.state_dir, Secret(PASSPHRASE))
        assert opened.names() == []
        assert bare.keys.store.get("demo") is None


@needs_linux
async def test_the_wizard_makes_the_key_file_when_there_is_no_store(
    open_app: OpenApp, bare: Context, world: DemoContext
) -> None:
    async with open_app((80, 24), bare) as pilot:
        await pilot.press("a")
        await pilot.pause()
        await paste(pilot, world.curl)
        await until(pilot, lambda: pilot.app.screen.query("#name") and pilot.app.screen.query_one("#name").display)
        await pilot.press("enter")
        await sees(pilot, "^l makes an encrypted key file")
        await pilot.press("enter")
        await sees(pilot, "A passphrase for your keys")
        await give(pilot, PASSPHRASE)
        await give(pilot, PASSPHRASE)
        await sees(pilot, "works, translated by our proxy")
        assert world.provider.key.reveal() not in screen_text(pilot.app)


async def test_a_deleted_profile_takes_its_key_along_after_the_passphrase(open_app: OpenApp, sealed: Context) -> None:
    async with open_app((80, 24), sealed) as pilot:
        await pilot.press("d")
        await sees(pilot, "Delete 'demo'?")
        await pilot.press("y")
        await sees(pilot, "Unlock the keys")
        await give(pilot, PASSPHRASE)
        await sees(pilot, "deleted 'demo'")
        opened = encrypted_file.open_file(sealed.paths.encrypted_keys, sealed.paths.state_dir, Secret(PASSPHRASE))
        assert opened.names() == []


@pytest.mark.parametrize("size", SIZES)
async def test_the_sheet_looks_as_agreed(
    open_app: OpenApp, sealed: Context, world: DemoContext, size: tuple[int, int]
) -> None:
    async with open_app(size, sealed) as pilot:
        await pilot.press("K")
        await sees(pilot, "Unlock the keys")
        check_golden(f"unlock-{size[0]}x{size[1]}", steady(screen_text(pilot.app), world))


async def test_the_proof_says_which_store_the_key_came_from(sealed: Context) -> None:
    await asyncio.to_thread(Session(sealed).unlock, Secret(PASSPHRASE))
    said = [check.text async for check in Session(sealed).verify("demo")]
    assert any(f"the encrypted key file {sealed.paths.encrypted_keys}" in text for text in said), said
    assert not any("keyring:" in text for text in said)
