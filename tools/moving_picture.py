"""Makes screenshots/moving.png: red, `f`, green, and the wizard's "Ready", played in the real app on the demo's world.

    python tools/moving_picture.py

An animated PNG: every browser shows it, and what knows no animation shows its
first frame. Frames are the scenes' steady text drawn as tools/screenshots.py
draws, so the same run gives the same bytes. Needs the extra `shots`.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

# It sets the paths and the environment. A type checker takes the folder of pictures for it.
from screenshots import TARGET, THEMES, png_of, svg_drawn  # type: ignore[attr-defined]

SIZE = (100, 28)
WIDTH_PX = 860
COLOURS = 256
SWEPT_S = 2.0
"""A ladder that is done is swept over once; a frame in the middle of that would differ from run to run."""

Frame = tuple[bytes, int]
"""A PNG, and the milliseconds it stands."""


async def played(world: Any, show: Callable[[Any, int], None], pilot: Any) -> None:
    """The journey: what each key did is shown before the next."""
    from textual.widgets import Input
    from tui_kit import paste, sees, until
    from tui_scenes import Ladder

    async def press(*keys: str) -> None:
        pilot.app.clear_notifications()
        await pilot.press(*keys)

    async def rested(check: Callable[[], Any], ms: int) -> None:
        await until(pilot, check)
        await pilot.pause(SWEPT_S)
        show(pilot.app, ms)

    show(pilot.app, 1800)
    await press("j", "p")
    rows = pilot.app.screen.query_one(Ladder)
    await rested(lambda: getattr(pilot.app.screen, "report", None) and rows.row.verdict == "fail", 3200)
    await press("f")
    await rested(lambda: getattr(getattr(pilot.app.screen, "report", None), "verdict", "") == "translate", 2600)
    await press("escape")
    await pilot.pause(0.2)
    await press("a")
    await pilot.pause(0.2)
    await paste(pilot, world.curl)
    name = pilot.app.screen.query_one("#name", Input)
    await until(pilot, lambda: name.display)
    name.value, name.cursor_blink = "mine", False
    await rested(lambda: True, 2400)
    await press("ctrl+n")
    await sees(pilot, "found in what")
    await press("enter")
    await sees(pilot, "✓ translated")
    await rested(lambda: True, 2200)
    for seen in ("Which model", "How does Claude", "[profiles."):
        await press("enter")
        await sees(pilot, seen)
    await press("enter")
    await sees(pilot, "Use it now?")
    await press("enter")
    await sees(pilot, "Ready")
    await rested(lambda: True, 4200)


def frames(language: str = "en_US.UTF-8", theme: str = "dark") -> list[Frame]:
    """Every frame of the journey."""
    from tui_kit import until
    from tui_scenes import SceneSession, scene_world, steady

    from ccswitch_tui.tui.app import CcswitchApp

    found: list[tuple[str, int]] = []

    async def play(world: Any, act: Callable[..., Awaitable[None]]) -> None:
        app = CcswitchApp(world)
        app.session = SceneSession(world)
        app.theme = THEMES[theme]
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            await until(pilot, lambda: app.session.now.stamp)
            await pilot.pause(0.3)
            await act(world, lambda it, ms: found.append((it.export_screenshot(title="ccswitch-tui"), ms)), pilot)

    with scene_world(language) as world:
        asyncio.run(play(world, played))
        return [(png_of(svg_drawn(steady(svg, world))), ms) for svg, ms in found]


def animated(shown: list[Frame]) -> bytes:
    """The frames as one animated PNG that goes round."""
    from PIL import Image

    pictures = []
    for png, _ in shown:
        with Image.open(io.BytesIO(png)) as whole:
            size = (WIDTH_PX, whole.height * WIDTH_PX // whole.width)
            pictures.append(whole.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    both = Image.new("RGB", (pictures[0].width, pictures[0].height * len(pictures)))
    for number, picture in enumerate(pictures):  # one palette for all: a verdict's red is in the second frame only
        both.paste(picture, (0, number * picture.height))
    # not the commonest colours, which are greys: a verdict's red is a few hundred dots
    palette = both.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    flat = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    out = io.BytesIO()
    flat[0].save(
        out, "PNG", save_all=True, append_images=flat[1:], duration=[ms for _, ms in shown], loop=0, optimize=True
    )
    return out.getvalue()


if __name__ == "__main__":
    drawn = frames()
    (TARGET / "moving.png").write_bytes(animated(drawn))
    print(f"moving.png: {len(drawn)} frames")
