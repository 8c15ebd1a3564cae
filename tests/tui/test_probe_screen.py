"""The probe: the ladder filling in, findings with a fix on one key, evidence, copies without a key."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tui_kit import SIZES, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.tui.widgets.ladder import Ladder
from conftest import OpenApp


def copied(pilot: Any) -> str:
    return str(pilot.app.clipboard)


@pytest.mark.parametrize("size", SIZES)
async def test_the_ladder_fills_in_and_ends_in_a_verdict(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app(size) as pilot:
        await pilot.press("p")
        await sees(pilot, "translated")
        await until(pilot, lambda: not pilot.app.screen.running)
        steps = pilot.app.screen.query_one(Ladder).rows
        assert {"dns", "auth", "message", "stream", "tools", "translate"} <= {s.code for s in steps} | {"dns"}
        assert all(s.verdict in ("ok", "skip") for s in steps)
        await pilot.press("escape")
        await until(pilot, lambda: re.search(r"✓ translated +\d+ s", screen_text(pilot.app)))


async def test_a_rung_is_shown_before_the_next_one_is_climbed(open_app: OpenApp, world: DemoContext) -> None:
    world.provider.fault = "slow"
    async with open_app() as pilot:
        await pilot.press("p")
        ladder = pilot.app.screen.query_one(Ladder)
        await until(pilot, lambda: ladder.rows and {"ok", "wait"} <= {s.verdict for s in ladder.rows})


async def test_a_finding_is_mended_with_one_key(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("j", "p")
        await sees(pilot, "there is no such model here")
        assert "demo-large" in screen_text(pilot.app)
        await pilot.press("f")
        await sees(pilot, "models.default = demo-large")
        await sees(pilot, "✓ translated")
        assert world.book().get("misspelt").models.default == "demo-large"


async def test_evidence_shows_both_directions_and_no_key(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("j", "p")
        await sees(pilot, "there is no such model here")
        await pilot.press("enter")
        await sees(pilot, "exchange 1 of")
        text = screen_text(pilot.app)
        assert "> POST /v1/chat/completions" in text
        assert "< HTTP/1.1 404" in text
        assert world.provider.key.reveal() not in text


async def test_a_request_is_copied_as_curl_without_the_key(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("j", "p")
        await sees(pilot, "there is no such model here")
        await pilot.press("y")
        await sees(pilot, "copied as curl")
        assert copied(pilot).startswith("curl ")
        assert "$API_KEY" in copied(pilot)
        assert world.provider.key.reveal() not in copied(pilot)


async def test_the_report_is_copied_as_markdown(open_app: OpenApp, world: DemoContext) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("j", "p")
        await sees(pilot, "there is no such model here")
        await pilot.press("m")
        await sees(pilot, "copied the report")
        assert "misspelt" in copied(pilot)
        assert world.provider.key.reveal() not in copied(pilot)


async def test_leaving_ends_the_probe(open_app: OpenApp, world: DemoContext) -> None:
    world.provider.fault = "slow"
    async with open_app() as pilot:
        await pilot.press("p")
        await until(pilot, lambda: pilot.app.screen.query(Ladder) and pilot.app.screen.query_one(Ladder).rows)
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await until(pilot, lambda: not [w for w in pilot.app.workers if w.group == "probe" and w.is_running])


async def test_what_cannot_be_mended_says_so(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("j", "j", "p")
        await sees(pilot, "a web page answers")
        await pilot.press("f")
        await sees(pilot, "there is no one-key fix for this")


async def test_the_window_may_be_resized_while_probing(open_app: OpenApp) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("p")
        for width, height in ((80, 24), (200, 60), (59, 17), (60, 18), (100, 30)):
            await pilot.resize_terminal(width, height)
        await sees(pilot, "✓ translated")


async def test_a_missing_key_is_an_error_and_not_a_crash(open_app: OpenApp, world: DemoContext) -> None:
    world.keys.remove("demo")
    async with open_app() as pilot:
        await pilot.press("p")
        await sees(pilot, "no key for 'demo'")
        assert pilot.app.is_running


async def test_what_the_probe_left_untested_is_said_with_the_key_that_tests_it(open_app: OpenApp) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("p")
        await sees(pilot, "not tested  request size  L full")
        await pilot.press("Q")
        await sees(pilot, "not tested  streaming, tool calls, request size")
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await sees(pilot, "not tested  request size")  # what the longer probe before proved is still known


async def test_a_full_probe_that_works_leaves_nothing_unsaid(open_app: OpenApp) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("p")
        await sees(pilot, "not tested  request size")
        await pilot.press("L")
        await until(pilot, lambda: pilot.app.screen.ladder == "full" and pilot.app.screen.report)
        await sees(pilot, "✓ translated")
        await until(pilot, lambda: "not tested" not in screen_text(pilot.app))


async def test_nothing_is_said_to_be_untested_where_it_does_not_work_anyway(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("j", "p")
        await sees(pilot, "there is no such model here")
        assert "not tested" not in screen_text(pilot.app)


async def test_the_head_names_the_address_that_was_probed_after_a_fix_changed_it(
    open_app: OpenApp, world: DemoContext
) -> None:
    root = world.provider.base_url.removesuffix("/v1")
    wrong = world.book().get("demo")
    update_profiles(world.paths, {"demo": wrong._replace(endpoint=wrong.endpoint._replace(base_url=f"{root}/v2"))})
    async with open_app((120, 36)) as pilot:
        await pilot.press("p")
        await sees(pilot, "the API is at another base URL")
        await pilot.press("f")
        await sees(pilot, f"works, translated by our proxy  {root}/v1")


@pytest.mark.parametrize(
    ("config", "env", "moves"),
    [({}, {}, True), ({"motion": "still"}, {}, False), ({}, {"NO_COLOR": "1"}, False), ({}, {"TERM": "dumb"}, False),
     ({}, {"TEXTUAL_ANIMATIONS": "none"}, False), ({}, {"TERM": "xterm-256color", "NO_COLOR": ""}, True)],
)  # fmt: skip
def test_nothing_moves_where_that_is_unwelcome(config: dict[str, str], env: dict[str, str], moves: bool) -> None:
    from ccswitch_tui.tui.config import AppConfig

    assert AppConfig(**config).wants_motion(env) is moves


async def test_a_light_runs_down_the_ladder_once_and_leaves_it_as_it_was(open_app: OpenApp) -> None:
    async with open_app((100, 30)) as pilot:
        await pilot.press("p")
        await until(pilot, lambda: getattr(pilot.app.screen, "report", None))
        ladder = pilot.app.screen.query_one(Ladder)
        await until(pilot, lambda: ladder._swept is None)
        before = screen_text(pilot.app)
        styles: set[str] = set()
        draw = ladder._draw_live

        def watched(step: Any, width: int) -> Any:
            line = draw(step, width)
            styles.update(str(span.style) for span in line.spans)
            return line

        ladder.draw = watched
        ladder.sweep()
        await until(pilot, lambda: screen_text(pilot.app) and ladder._swept is None)
        assert any("$success" in style for style in styles)
        styles.clear()
        ladder.refresh()
        await until(pilot, lambda: screen_text(pilot.app) and styles)
        assert not any("$success 25%" in style for style in styles)
        assert screen_text(pilot.app) == before
