"""Edit: checked as one types, saved against the file that was read, nothing typed is ever lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, TextArea
from tui_kit import SIZES, check_golden, screen_text, sees, until
from tui_scenes import steady

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.tui.form import FIELDS
from ccswitch_tui.tui.screens.base import gone
from ccswitch_tui.tui.screens.edit import EditScreen
from ccswitch_tui.tui.widgets.choice import Choice
from ccswitch_tui.tui.widgets.fold import Fold
from conftest import OpenApp


def field(pilot: object, name: str) -> Input:
    return pilot.app.screen.query_one(f"#field-{name}", Input)  # type: ignore[attr-defined]


async def go_to(pilot: Any, key: str) -> None:
    """To a field by its name, as a user goes to one that is folded away."""
    await pilot.press("ctrl+g")
    await sees(pilot, "Go to a field")
    await pilot.press(*key)
    await sees(pilot, "  1 of ")
    await pilot.press("enter")
    wanted = "field-quirks-" + key.replace("_", "-")
    await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == wanted)


@pytest.mark.parametrize("size", SIZES)
async def test_a_changed_field_is_saved(open_app: OpenApp, world: DemoContext, size: tuple[int, int]) -> None:
    async with open_app(size) as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "models-haiku").value = "demo-vision"
        await sees(pilot, "changed; ^s saves")
        await pilot.press("ctrl+s")
        await sees(pilot, "saved 'demo'")
        assert world.book().get("demo").models.haiku == "demo-vision"


async def test_an_address_is_checked_and_mended_while_it_is_typed(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "endpoint-base-url").value = world.provider.base_url + "/chat/completions"
        await sees(pilot, "removed '/chat/completions'")


async def test_what_cannot_be_meant_is_said_at_once_and_cannot_be_saved(open_app: OpenApp, world: DemoContext) -> None:
    before = Path(world.paths.profiles).read_bytes()
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "context-window").value = "lots"
        await sees(pilot, "✗ 'context_window' is a number")
        await pilot.press("ctrl+s")
        await pilot.pause(0.2)
        assert len(pilot.app.screen_stack) == 2
        assert Path(world.paths.profiles).read_bytes() == before


async def test_a_check_that_wakes_while_the_form_is_taken_down_ends_quietly(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccswitch_tui.tui.screens.edit.PAUSE_S", 0.0)
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        edit = pilot.app.screen
        assert isinstance(edit, EditScreen)
        await edit.query_one("#form").remove()  # the leaves go first; the screen itself is still there
        await edit._check().wait()
        assert pilot.app.screen is edit


@pytest.mark.parametrize("place", ["e", "p", "d"])
async def test_a_place_that_is_being_taken_down_counts_as_left(open_app: OpenApp, place: str) -> None:
    """Textual marks a screen first and empties it afterwards, and does not take it off the stack when the app ends."""
    async with open_app() as pilot:
        await pilot.press(place)
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        screen = pilot.app.screen
        assert not gone(screen)
        going = pilot.app._prune(screen)
        assert screen in pilot.app.screen_stack
        assert gone(screen)
        await going


async def test_a_number_may_be_written_short(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "context-window").value = "64k"
        await sees(pilot, "changed; ^s saves")
        await pilot.press("ctrl+s")
        await sees(pilot, "saved 'demo'")
        assert world.book().get("demo").context_window == 64_000


@pytest.mark.parametrize("size", SIZES)
async def test_a_profile_changed_on_disk_is_merged_only_when_told(
    open_app: OpenApp, world: DemoContext, size: tuple[int, int]
) -> None:
    async with open_app(size) as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "note").value = "typed here"
        await sees(pilot, "changed; ^s saves")
        demo = world.book().get("demo")
        update_profiles(world.paths, {"demo": demo._replace(tags=("from-disk",))})
        on_disk = Path(world.paths.profiles).read_bytes()
        await pilot.press("ctrl+s")
        await sees(pilot, "changed on disk in the meantime")
        await sees(pilot, "tags on disk: from-disk")
        await pilot.press("escape")
        await sees(pilot, "what you typed is still here")
        assert Path(world.paths.profiles).read_bytes() == on_disk
        assert field(pilot, "note").value == "typed here"
        await pilot.press("ctrl+s")
        await sees(pilot, "changed on disk in the meantime")
        await pilot.press("enter")
        await sees(pilot, "saved 'demo'")
        saved = world.book().get("demo")
        assert (saved.note, saved.tags) == ("typed here", ("from-disk",))


@pytest.mark.parametrize(("key", "kept"), [("enter", "typed here"), ("d", "from disk")])
async def test_where_both_changed_a_field_one_key_says_whose_counts(
    open_app: OpenApp, world: DemoContext, key: str, kept: str
) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "note").value = "typed here"
        field(pilot, "tags").value = "mine"
        await sees(pilot, "changed; ^s saves")
        update_profiles(world.paths, {"demo": world.book().get("demo")._replace(note="from disk")})
        await pilot.press("ctrl+s")
        await sees(pilot, "typed here: typed here")
        await pilot.press(key)
        await sees(pilot, "saved 'demo'")
        saved = world.book().get("demo")
        assert (saved.note, saved.tags) == (kept, ("mine",))


async def test_another_profile_changed_on_disk_asks_nothing(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "note").value = "typed here"
        await sees(pilot, "changed; ^s saves")
        update_profiles(world.paths, {"misspelt": world.book().get("misspelt")._replace(note="theirs")})
        await pilot.press("ctrl+s")
        await sees(pilot, "saved 'demo'")
        assert world.book().get("misspelt").note == "theirs"


async def test_every_field_is_saved_in_one_go(open_app: OpenApp, world: DemoContext, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    async with open_app((80, 24)) as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "endpoint-ca-file").value = str(ca)
        field(pilot, "endpoint-http-proxy").value = "http://proxy.example:3128"
        field(pilot, "endpoint-timeouts-idle-s").value = "42"
        pilot.app.screen.query_one("#field-endpoint-headers", TextArea).text = "X-Team: blue\nX-Org=example=1"
        pilot.app.screen.query_one("#field-env", TextArea).text = "CLAUDE_CODE_MAX_OUTPUT_TOKENS=4096"
        await go_to(pilot, "stop_limit")
        field(pilot, "quirks-stop-limit").value = "0"
        await pilot.app.screen._unfold(["quirks.images"])
        images = pilot.app.screen.query_one("#field-quirks-images", Choice)
        images.focus()
        await pilot.press("right", "right")
        await sees(pilot, "images are sent, or replaced")
        assert images.value == "note"
        await pilot.press("ctrl+s")
        await sees(pilot, "saved 'demo'")
        saved = world.book().get("demo")
        assert saved.endpoint.ca_file == str(ca)
        assert saved.endpoint.http_proxy == "http://proxy.example:3128"
        assert saved.endpoint.timeouts.idle_s == 42
        assert saved.endpoint.headers == {"X-Team": "blue", "X-Org": "example=1"}
        assert saved.extra_env == {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "4096"}
        assert saved.quirks == {"stop_limit": 0, "images": "note"}


async def test_a_quirk_that_cannot_be_is_said_with_what_it_may_be(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        await go_to(pilot, "stop_limit")
        await pilot.press(*"many")
        await sees(pilot, "a whole number")


async def test_only_the_quirks_that_are_set_are_shown_until_all_are_wanted(
    open_app: OpenApp, world: DemoContext
) -> None:
    demo = world.book().get("demo")
    update_profiles(world.paths, {"demo": demo._replace(quirks={"stop_limit": 3})})
    quirks = [f for f in FIELDS if f.quirk]
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        screen = pilot.app.screen
        assert [f.key for f in quirks if screen.query(f"#{f.widget_id}")] == ["quirks.stop_limit"]
        assert field(pilot, "quirks-stop-limit").value == "3"
        assert len(screen.query("*")) < 100, "each field that is there is laid out again and again"
        screen.query_one(Fold).focus()
        await sees(pilot, "The quirks that this profile leaves at their defaults.")
        await sees(pilot, f"{len(quirks) - 1} more, at their defaults")
        await pilot.press("enter")
        await until(pilot, lambda: all(screen.query(f"#{f.widget_id}") for f in quirks))
        await until(pilot, lambda: pilot.app.focused is screen.query_one(f"#{quirks[0].widget_id}"))
        assert not screen.query_one(Fold).display
        assert not screen.dirty


async def test_a_field_is_found_by_what_it_is_for(open_app: OpenApp) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        await pilot.press("ctrl+g")
        await sees(pilot, f"{len(FIELDS)} of {len(FIELDS)}")
        await pilot.press(*"haiku")
        await until(pilot, lambda: f" {len(FIELDS)} of {len(FIELDS)}" not in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.focused is field(pilot, "models-haiku"))
        await pilot.press("ctrl+g")
        await sees(pilot, f"{len(FIELDS)} of {len(FIELDS)}")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        assert pilot.app.focused is field(pilot, "models-haiku")


async def test_a_key_typed_into_another_field_is_covered_and_refused(open_app: OpenApp, world: DemoContext) -> None:
    before = Path(world.paths.profiles).read_bytes()
    async with open_app((120, 36)) as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        pilot.app.screen.query_one("#field-env", TextArea).focus()
        await pilot.press(*"OPENAI_API_KEY=sk-example-in-the-form-4711")
        await sees(pilot, "would hold a key in plain text")
        assert "in-the-form" not in screen_text(pilot.app)
        await pilot.press("ctrl+s")
        await pilot.pause(0.2)
        assert Path(world.paths.profiles).read_bytes() == before


@pytest.mark.parametrize("size", SIZES)
async def test_the_form_looks_as_agreed(open_app: OpenApp, world: DemoContext, size: tuple[int, int]) -> None:
    async with open_app(size) as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        await sees(pilot, "As the SDK of that format takes it")
        check_golden(f"edit-{size[0]}x{size[1]}", steady(screen_text(pilot.app), world))


async def test_leaving_with_changes_asks_and_discards_only_when_told(open_app: OpenApp, world: DemoContext) -> None:
    before = Path(world.paths.profiles).read_bytes()
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "note").value = "typed here"
        await pilot.press("escape")
        await sees(pilot, "Save the changes?")
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        assert field(pilot, "note").value == "typed here"
        await pilot.press("escape")
        await sees(pilot, "Save the changes?")
        await pilot.press("n")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert Path(world.paths.profiles).read_bytes() == before


async def test_a_key_goes_to_another_host_only_when_told(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        field(pilot, "endpoint-base-url").value = "https://elsewhere.example/v1"
        await sees(pilot, "changed; ^s saves")
        await pilot.press("ctrl+s")
        await sees(pilot, "May the key go to elsewhere.example?")
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert world.book().get("demo").key_host == "127.0.0.1"
        await pilot.press("ctrl+s")
        await sees(pilot, "May the key go")
        await pilot.press("y")
        await sees(pilot, "saved 'demo'")
        assert world.book().get("demo").key_host == "elsewhere.example"


async def test_another_key_is_tried_first_and_never_shown(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        pilot.app.screen.query_one("#secret").focus()
        await pilot.press(*"sk-example-wrong-0042")
        await sees(pilot, "changed; ^s saves")
        assert "wrong-0042" not in screen_text(pilot.app)
        await pilot.press("ctrl+s")
        await sees(pilot, "refuses the new key")
        assert world.keys.store.get("demo") == world.provider.key


async def test_a_choice_turns_with_the_arrows(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        choice = pilot.app.screen.query_one("#field-endpoint-auth", Choice)
        choice.focus()
        await pilot.press("right")
        assert choice.value == "x-api-key"
        await sees(pilot, "changed; ^s saves")


async def test_the_editor_gets_the_text_and_gives_it_back(
    open_app: OpenApp, world: DemoContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import contextlib

    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\necho \'note = "from the editor"\' | cat - "$1" > "$1.new" && mv "$1.new" "$1"\n')
    script.chmod(0o755)
    world.env["EDITOR"] = str(script)
    async with open_app() as pilot:
        monkeypatch.setattr(type(pilot.app), "suspend", lambda self: contextlib.nullcontext())
        demo = world.book().get("demo")
        update_profiles(world.paths, {"demo": demo._replace(note="")})
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        await pilot.press("ctrl+o")
        await sees(pilot, "saved 'demo'")
        assert world.book().get("demo").note == "from the editor"


async def test_no_editor_is_an_error_and_not_a_crash(
    open_app: OpenApp, world: DemoContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    import contextlib

    world.env["EDITOR"] = "/nonexistent/editor"
    async with open_app() as pilot:
        monkeypatch.setattr(type(pilot.app), "suspend", lambda self: contextlib.nullcontext())
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        await pilot.press("ctrl+o")
        await sees(pilot, "cannot start the editor")


async def test_a_secret_header_is_named_in_one_field_and_typed_into_another(
    open_app: OpenApp, world: DemoContext
) -> None:
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        edit = pilot.app.screen
        assert isinstance(edit, EditScreen)
        edit.query_one("#field-secret-headers", TextArea).text = "X-Gateway-Token"
        edit.header_secret.focus()
        await pilot.press(*"Bearer", "space", *"gw-example-0123456789")
        await sees(pilot, "changed; ^s saves")
        assert "gw-example" not in screen_text(pilot.app)
        await pilot.press("ctrl+s")
        await sees(pilot, "saved 'demo'")
        profile = world.book().get("demo")
        held = world.keys.of_headers(profile)["X-Gateway-Token"].reveal()
        assert held == "Bearer gw-example-0123456789"


async def test_a_header_without_a_value_is_said_and_nothing_is_saved(open_app: OpenApp, world: DemoContext) -> None:
    before = Path(world.paths.profiles).read_bytes()
    async with open_app() as pilot:
        await pilot.press("e")
        await sees(pilot, "nothing is changed")
        pilot.app.screen.query_one("#field-secret-headers", TextArea).text = "X-Gateway-Token"
        await sees(pilot, "changed; ^s saves")
        await pilot.press("ctrl+s")
        await sees(pilot, "has no value")
        assert Path(world.paths.profiles).read_bytes() == before


async def test_a_model_is_chosen_from_the_endpoint_s_own_list(open_app: OpenApp, world: DemoContext) -> None:
    from ccswitch_tui.tui.screens.pick_model import PickModelSheet

    async with open_app((100, 30)) as pilot:
        await pilot.press("j", "e")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None))
        screen: Any = pilot.app.screen
        assert screen.inputs["models.default"].value == "demo-lagre"
        screen.inputs["models.default"].focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickModelSheet))
        await pilot.press(*"large", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: screen.inputs["models.default"].value == "demo-large")
        screen.inputs["models.default"].value = "demo-lrage"
        await sees(pilot, "does not list 'demo-lrage'")
        await sees(pilot, "did you mean demo-large?")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickModelSheet))
        await pilot.press("down", "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.inputs["models.default"].value == "demo-lrage", "nothing was chosen"


async def test_a_tier_is_given_to_another_profile_with_a_model_out_of_its_list(open_app: OpenApp) -> None:
    from ccswitch_tui.tui.screens.pick import PickNamedSheet
    from ccswitch_tui.tui.screens.pick_model import PickModelSheet

    async with open_app((100, 30)) as pilot:
        await pilot.press("j", "e")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None))
        screen: Any = pilot.app.screen
        screen.inputs["tier_profiles"].focus()
        await pilot.press("ctrl+l")
        await until(pilot, lambda: getattr(pilot.app.screen, "kind", "") == "pick.tier_head")
        await pilot.press(*"haiku", "enter")
        await until(pilot, lambda: getattr(pilot.app.screen, "kind", "") == "head.name")
        await pilot.press(*"demo", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickModelSheet))
        await sees(pilot, "Model for haiku, from 'demo'")
        await pilot.press(*"small", "enter")
        await until(pilot, lambda: screen.inputs["models.haiku"].value == "demo-small")
        assert screen.inputs["tier_profiles"].text == "haiku=demo"
        screen.inputs["fallbacks"].focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickNamedSheet))
        assert "misspelt" not in [row.id for row in pilot.app.screen.every()], "no profile is its own fallback"
        await pilot.press(*"behind", "enter")
        await until(pilot, lambda: screen.inputs["fallbacks"].value == "behind-login")


async def test_a_list_that_does_not_come_is_said_and_loses_nothing(open_app: OpenApp) -> None:
    async with open_app((100, 30)) as pilot:
        await pilot.press("j", "j", "e")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None))
        screen: Any = pilot.app.screen
        screen.inputs["models.default"].value = "typed"
        await pilot.press("ctrl+l")
        await sees(pilot, "models")
        await until(pilot, lambda: any("list" in str(n.message) for n in pilot.app._notifications))
        assert screen.inputs["models.default"].value == "typed"
