"""Makes screenshots/: every scene of the tests in the dark and the light house theme, as SVG and PNG.

    python tools/screenshots.py [SCENE …]

The same run gives the same bytes: scenes replace what differs from run to run,
SVG ids derive from the content, and the PNG is drawn by resvg with the fonts
named here (Debian: fonts-firacode fonts-dejavu-core fonts-noto-cjk) and no
others. Needs the extra `shots` (resvg-py).
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "screenshots"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)
sys.path[:0] = [str(ROOT / "tests" / "tui"), str(ROOT / "tests")]

FONTS = (
    "/usr/share/fonts/truetype/firacode/FiraCode-Regular.ttf",
    "/usr/share/fonts/truetype/firacode/FiraCode-Bold.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
)
THEMES = {"dark": "switchboard", "light": "switchboard-light"}


class Shot(NamedTuple):
    """One picture."""

    scene: str
    theme: str
    size: tuple[int, int] = (100, 28)
    language: str = "en_US.UTF-8"
    suffix: str = ""

    @property
    def name(self) -> str:
        return f"{self.scene}{self.suffix}-{self.theme}"


SHOTS = [
    *(Shot(scene, theme) for scene in ("home", "wizard", "ladder", "why") for theme in THEMES),
    *(Shot("compare", theme, (120, 28)) for theme in THEMES),
    *(Shot("traffic", theme, (120, 34)) for theme in THEMES),
    *(Shot("usage", theme, (120, 30)) for theme in THEMES),
    Shot("home", "dark", (80, 24), suffix="-80x24"),
    Shot("home", "dark", (200, 50), suffix="-200x50"),
    Shot("home", "dark", (100, 28), "zh_CN.UTF-8", "-zh"),
]


def svg_of(shot: Shot) -> str:
    """The scene played, as SVG."""
    from tui_scenes import play, scene_world, steady

    drawn: list[str] = []
    with scene_world(shot.language) as world:
        asyncio.run(
            play(
                shot.scene, world, shot.size,
                lambda app: drawn.append(steady(app.export_screenshot(title="ccswitch-tui"), world)),
                THEMES[shot.theme],
            )
        )  # fmt: skip
    return svg_drawn(drawn[0])


def svg_drawn(svg: str) -> str:
    """An SVG of Rich's as it can be drawn without its web fonts."""
    # Rich counts characters where it should count cells: Chinese would be squeezed into half its room.
    svg = re.sub(r'<text ([^>]*)x="([\d.]+)"([^>]*)textLength="[\d.]+"([^>]*)>([^<]*)</text>', in_cells, svg)
    # The web fonts it names are not fetched from inside a README.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


CELL = 12.2
"""Width of a cell in Rich's SVG, in its units."""


WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]+|[^\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]+")
"""Runs of characters that are one, and that are two cells wide."""


def in_cells(match: re.Match[str]) -> str:
    """One text of the SVG as a text for each run of one width, where its cells are and as long as they are."""
    from rich.cells import cell_len

    before, x, middle, after, text = match.groups()
    at, runs = float(x), []
    for run in WIDE.findall(html.unescape(text)):
        length = CELL * cell_len(run)
        shown = html.escape(run).replace(" ", "&#160;")
        runs.append(f'<text {before}x="{at:g}"{middle}textLength="{length:g}"{after}>{shown}</text>')
        at += length
    return "".join(runs)


def png_of(svg: str) -> bytes:
    """The SVG drawn."""
    import resvg_py

    missing = [font for font in FONTS if not Path(font).exists()]
    if missing:
        sys.exit(f"fonts are missing: {', '.join(missing)}")
    family = "Fira Code"
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg, font_files=list(FONTS), skip_system_fonts=True, font_family=family, monospace_family=family,
        sans_serif_family=family,
    )  # fmt: skip
    return bytes(drawn)


def main() -> None:
    wanted = sys.argv[1:]
    TARGET.mkdir(exist_ok=True)
    for shot in SHOTS:
        if wanted and shot.scene not in wanted and shot.name not in wanted:
            continue
        svg = svg_of(shot)
        (TARGET / f"{shot.name}.svg").write_text(svg, encoding="utf-8")
        (TARGET / f"{shot.name}.png").write_bytes(png_of(svg))
        print(shot.name)


if __name__ == "__main__":
    main()
