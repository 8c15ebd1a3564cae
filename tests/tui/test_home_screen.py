"""Home: the list, the truth, use and undo, in both sizes."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input
from tui_kit import PATIENCE_S, SIZES, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.tui import look
from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.screens.home import HomeScreen
from ccswitch_tui.tui.session import Session
from ccswitch_tui.tui.views import Snapshot
from ccswitch_tui.tui.widgets.rows import Rows
from conftest import OpenApp


@pytest.mark.parametrize("size", SIZES)
async def test_home_shows_profiles_details_and_the_truth(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app(size) as pilot:
        await sees(pilot, "demo-large")
        text = screen_text(pilot.app)
        assert all(name in text for name in ("demo", "misspelt", "behind-login"))
        assert "Claude Code uses its own login here" in text
        assert "not probed" in text


@pytest.mark.parametrize("size", SIZES)
async def test_enter_uses_and_u_takes_it_back_to_the_byte(
    open_app: OpenApp, settings: Path, size: tuple[int, int]
) -> None:
    before = settings.read_bytes()
    async with open_app(size) as pilot:
        await pilot.press("enter")
        await sees(pilot, "Claude Code now uses 'demo'")
        assert "/p/demo" in json.loads(settings.read_bytes())["env"]["ANTHROPIC_BASE_URL"]
        await sees(pilot, "Claude Code → demo")
        await pilot.press("u")
        await sees(pilot, "undone, byte for byte")
        assert settings.read_bytes() == before


async def test_no_question_is_asked_when_only_our_keys_change(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("enter")
        await sees(pilot, "now uses")
        assert len(pilot.app.screen_stack) == 1


async def test_a_diff_is_shown_when_more_than_our_keys_would_change(open_app: OpenApp, settings: Path) -> None:
    theirs = '{"env": {"ANTHROPIC_BASE_URL": "https://theirs.example"}}'
    settings.write_text(theirs, encoding="utf-8")
    async with open_app() as pilot:
        await pilot.press("enter")
        await sees(pilot, "https://theirs.example")
        assert "more than our own keys would change" in screen_text(pilot.app)
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert settings.read_text(encoding="utf-8") == theirs
        await pilot.press("enter")
        await sees(pilot, "more than our own keys")
        await pilot.press("enter")
        await sees(pilot, "now uses")
        assert "/p/demo" in settings.read_text(encoding="utf-8")


async def test_looking_writes_nothing(open_app: OpenApp, world: DemoContext) -> None:
    def photograph() -> dict[str, bytes]:
        """All files but our own cache of profiles.toml, which is made by reading it."""
        cache = Path(world.paths.state_dir) / "profiles.json"
        return {str(p): p.read_bytes() for p in Path(world.home).rglob("*") if p.is_file() and p != cache}

    before = photograph()
    async with open_app() as pilot:
        for key in (
            "j",
            "k",
            "question_mark",
            "escape",
            "w",
            "escape",
            "h",
            "escape",
            "comma",
            "escape",
            "e",
            "escape",
        ):
            await pilot.press(key)
            await pilot.pause(0.05)
        await pilot.press("q")
    assert photograph() == before


async def test_typing_filters_and_escape_shows_all_again(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("slash", *"miss")
        rows = pilot.app.screen.query_one("#profiles", Rows)
        await until(pilot, lambda: [r.name for r in rows.rows] == ["misspelt"])
        await pilot.press("escape")
        await until(pilot, lambda: len(rows.rows) == 3)
        assert pilot.app.screen.focused is rows


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_right_after_the_slash_goes_into_the_filter_and_nowhere_else(
    open_app: OpenApp, settings: Path, size: tuple[int, int]
) -> None:
    """As over a slow line, where all of it arrives at once: `o` would write the settings, `d` ask to delete."""
    before = settings.read_bytes()
    async with open_app(size) as pilot:
        for character in "/demo":
            pilot.app.post_message(events.Key("slash" if character == "/" else character, character))
        await until(pilot, lambda: pilot.app.screen.query(Input) and pilot.app.screen.query_one(Input).value == "demo")
        assert len(pilot.app.screen_stack) == 1
    assert settings.read_bytes() == before


async def test_before_the_first_look_no_key_acts_and_no_glance_begins_another(
    world: DemoContext, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that takes longer for a look than lies between two glances."""
    before, look_may_end, looks = settings.read_bytes(), threading.Event(), []
    whole = Session.look

    def slow(session: Session) -> Snapshot:
        looks.append(session)
        look_may_end.wait(PATIENCE_S)
        return whole(session)

    monkeypatch.setattr(Session, "look", slow)
    app = CcswitchApp(world)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: looks)
        await pilot.press(*"/good", *"xj12S")
        home = app.screen
        assert isinstance(home, HomeScreen)
        await home.glance().wait()
        home.show_rows()
        assert (len(looks), len(app.screen_stack), home.row) == (1, 1, None)
        look_may_end.set()
        await sees(pilot, "misspelt")
        await pilot.press("j")
        await until(pilot, lambda: home.row and home.row.name == "misspelt")
    assert settings.read_bytes() == before


async def test_the_cursor_stays_on_its_profile_when_the_filter_goes(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("slash", *"login", "enter", "escape")
        rows = pilot.app.screen.query_one("#profiles", Rows)
        await until(pilot, lambda: len(rows.rows) == 3)
        assert rows.row.name == "behind-login"


async def test_a_filter_without_a_match_says_so(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("slash", *"zzz")
        await sees(pilot, "No profile matches")


@pytest.mark.parametrize("key", ["slash", "／"])
async def test_full_width_punctuation_is_understood(open_app: OpenApp, key: str) -> None:
    async with open_app() as pilot:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen.focused, Input))


async def test_a_key_that_cannot_work_says_why(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("u")
        await sees(pilot, "there is nothing to undo")


async def test_j_and_k_move_and_details_follow(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("j")
        await sees(pilot, "its model's name is wrong")
        await pilot.press("k")
        await sees(pilot, "the built-in provider")


async def test_a_use_in_another_terminal_shows_up(open_app: OpenApp, world: DemoContext) -> None:
    from ccswitch_tui.workflows.use import apply_use, plan_use

    async with open_app() as pilot:
        apply_use(world, plan_use(world, "misspelt"))
        await sees(pilot, "● misspelt")


async def test_an_empty_book_says_what_to_do(open_app: OpenApp, world: DemoContext) -> None:
    Path(world.paths.profiles).unlink()
    async with open_app() as pilot:
        await sees(pilot, "No profiles yet")
        await pilot.press("enter")
        await sees(pilot, "there is no profile under the cursor")


async def test_an_empty_book_offers_what_is_set_up_here(open_app: OpenApp, world: DemoContext) -> None:
    Path(world.paths.profiles).unlink()
    router = Path(world.home, ".claude-code-router/config.json")
    router.parent.mkdir()
    provider = {"name": "acme", "api_base_url": "https://api.acme.example/v1/chat/completions", "models": ["m-1"]}
    router.write_text(json.dumps({"Providers": [{**provider, "api_key": "sk-example-router"}]}))
    async with open_app() as pilot:
        await sees(pilot, "1 set-up found on this machine")
        await pilot.press("ctrl+g")
        await sees(pilot, "api.acme.example")


async def test_a_broken_profiles_file_is_named_with_its_line(open_app: OpenApp, world: DemoContext) -> None:
    Path(world.paths.profiles).write_text("version = 1\n[profiles.x\n", encoding="utf-8")
    async with open_app((120, 36)) as pilot:
        await sees(pilot, "line 2")


async def test_deleting_asks_first_and_takes_the_key_along(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app() as pilot:
        await pilot.press("d")
        await sees(pilot, "Delete 'demo'?")
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert "demo" in world.book().profiles
        await pilot.press("d")
        await sees(pilot, "Delete 'demo'?")
        await pilot.press("y")
        await sees(pilot, "deleted 'demo'")
        assert "demo" not in world.book().profiles
        assert world.keys.store.get("demo") is None


async def test_too_small_a_terminal_gets_one_line(open_app: OpenApp) -> None:
    async with open_app((59, 24)) as pilot:
        await pilot.pause()
        assert [row.strip() for row in screen_text(pilot.app).splitlines() if row.strip()] == [
            "60×18 or larger, please — or 'ccswitch-tui list'"
        ]
        await pilot.resize_terminal(60, 18)
        await sees(pilot, "misspelt")


async def test_hostile_names_and_notes_cannot_steer_the_terminal(open_app: OpenApp, world: DemoContext) -> None:
    note = "\x1b[2J\x07[red]not markup[/red] \u202eevil"
    profile = Profile("zz", Endpoint("https://a.example/v1"), SecretRef("none"), note=note)
    update_profiles(world.paths, {"zz": profile})
    async with open_app((120, 36)) as pilot:
        await pilot.press("end")
        await sees(pilot, "[red]not markup[/red]")
        assert "\x1b" not in screen_text(pilot.app)
        assert "\u202e" not in screen_text(pilot.app)


async def test_the_mouse_moves_and_uses(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        rows = pilot.app.screen.query_one("#profiles", Rows)
        await pilot.click(rows, offset=(5, 2))
        await until(pilot, lambda: rows.row.name == "misspelt")
        await pilot.click(rows, offset=(5, 2), times=2)
        await sees(pilot, "now uses 'misspelt'")


async def test_a_thousand_profiles_draw_only_what_is_seen(open_app: OpenApp, world: DemoContext) -> None:
    many = {f"p{n:04}": Profile(f"p{n:04}", Endpoint(f"https://h{n}.example/v1")) for n in range(1000)}
    update_profiles(world.paths, many)
    async with open_app() as pilot:
        screen = pilot.app.screen
        rows = screen.query_one("#profiles", Rows)
        await sees(pilot, "p0003")
        await pilot.pause(0.2)
        drawn: list[str] = []
        whole = rows.draw
        rows.draw = lambda row, width: drawn.append(row.name) or whole(row, width)  # type: ignore[func-returns-value]
        await pilot.press("j")
        await pilot.pause()
        assert len(drawn) <= 4
        await pilot.press("G")
        await sees(pilot, "p0999")


async def test_chinese_is_spoken_where_the_locale_is_chinese(open_app: OpenApp, world: DemoContext) -> None:
    world.env["LANG"] = "zh_CN.UTF-8"
    async with open_app() as pilot:
        await sees(pilot, "探测")
        await sees(pilot, "未探测")
        await pilot.press("question_mark")
        await sees(pilot, "每行一个配置")


async def test_where_enter_writes_is_said_until_it_has_written(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("s")
        await sees(pilot, "use → this project, shared")
        pilot.app.clear_notifications()
        await pilot.press("enter")
        await until(pilot, lambda: (Path(world.cwd) / ".claude" / "settings.json").exists())
        await until(pilot, lambda: "use → this project" not in screen_text(pilot.app))


async def test_a_digit_uses_the_profile_it_stands_before(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("2")
        await sees(pilot, "now uses 'misspelt'")
        await pilot.press("9")
        await sees(pilot, "there is no profile 9 here")


async def test_sorting_keeps_the_profile_under_the_cursor(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        rows = pilot.app.screen.query_one("#profiles", Rows)
        await pilot.press("j", "S")
        assert [row.name for row in rows.rows] == sorted(row.name for row in rows.rows)
        assert rows.row.name == "misspelt"
        await pilot.press("S")
        await sees(pilot, "host, the accounts of one provider together")
        host = look.host_of(rows.row.profile.endpoint.base_url)
        drawn = [pilot.app.screen.draw_row(row, 76).plain for row in rows.rows]
        assert [host in line for line in drawn] == [True, False, False], "the accounts of one host name it once"


async def test_an_old_write_is_named_before_it_is_taken_back(
    open_app: OpenApp, world: DemoContext, settings: Path
) -> None:
    before = settings.read_bytes()
    async with open_app() as pilot:
        await pilot.press("enter")
        await sees(pilot, "Claude Code now uses 'demo'")
        now = world.clock()
        world.clock = lambda: now + 3600
        await pilot.press("u")
        await sees(pilot, "Take back")
        assert settings.read_bytes() != before
        await pilot.press("y")
        await sees(pilot, "undone, byte for byte")
        assert settings.read_bytes() == before


async def test_keys_are_listed_with_their_hosts_and_never_shown(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("K")
        await sees(pilot, "last used")
        assert "keyring:demo" in screen_text(pilot.app)
        assert "127.0.0.1" in screen_text(pilot.app)
        assert world.provider.key.reveal() not in screen_text(pilot.app)
