"""The demo's guide: three steps, on the command line and in the app, each of which really happens."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tui_kit import sees, until

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.world import DemoContext, demo_context
from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.widgets.guide import Guide


@pytest.fixture
def world() -> Iterator[DemoContext]:
    with demo_context({"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}) as world:
        world.guided = True
        yield world


def test_the_guide_goes_from_red_to_green_to_used_and_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--guide"]) == 0
    out = capsys.readouterr().out
    story = ["✗ there is no such model here", "✓ translate: works", "✓ pasted is in use", "✓ took back 'use pasted'"]
    assert [out.index(part) for part in story] == sorted(out.index(part) for part in story)


def test_the_command_that_fixes_is_the_one_the_finding_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--guide"]) == 0
    named, run = re.findall(r"(?:^ +|^\$ )(ccswitch-tui edit .*)", capsys.readouterr().out, re.MULTILINE)
    assert named == run


async def test_the_app_ticks_each_step_when_it_has_happened(world: DemoContext) -> None:
    app = CcswitchApp(world)
    async with app.run_test(size=(100, 30)) as pilot:
        guide = app.screen.query_one(Guide)
        await until(pilot, lambda: app.session.now.stamp)
        await sees(pilot, "1/3 'misspelt' was pasted with a typo")
        await pilot.press("down", "p")
        await sees(pilot, "there is no such model here")
        await pilot.press("f")
        await sees(pilot, "works, translated")
        await pilot.press("escape")
        await sees(pilot, "2/3 Green.")
        await pilot.press("enter")
        await sees(pilot, "3/3 In use.")
        await pilot.press("u")
        await until(pilot, lambda: guide.step == "done")
        await sees(pilot, "That is all there is to it.")


async def test_only_a_demo_has_a_guide(world: DemoContext) -> None:
    world.guided = False
    app = CcswitchApp(world)
    async with app.run_test(size=(100, 30)):
        assert not app.screen.query(Guide)
