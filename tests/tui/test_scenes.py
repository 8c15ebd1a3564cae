"""Every scene as text, in both sizes and both languages, compared with its golden: what is seen changes on purpose."""

from __future__ import annotations

import pytest
from tui_kit import check_golden, screen_text
from tui_scenes import SCENES, play, scene_world, steady

from ccswitch_tui.tui.i18n import use_language


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("name", SCENES)
async def test_a_scene_looks_as_agreed(name: str, size: tuple[int, int]) -> None:
    with scene_world() as world:
        shown: list[str] = []
        await play(name, world, size, lambda app: shown.append(steady(screen_text(app), world)))
    check_golden(f"{name}-{size[0]}x{size[1]}", shown[0])


@pytest.mark.parametrize("name", ["home", "ladder"])
async def test_a_scene_in_chinese_looks_as_agreed(name: str) -> None:
    try:
        with scene_world("zh_CN.UTF-8") as world:
            shown: list[str] = []
            await play(name, world, (80, 24), lambda app: shown.append(steady(screen_text(app), world)))
    finally:
        use_language("en")
    check_golden(f"{name}-zh-80x24", shown[0])
