"""The pages of docs/ as a site: `pip install '.[docs]' && sphinx-build -W docs build/site`.

`-W` makes every link that leads nowhere an error. What lies outside this folder
is named, not linked: the site holds the pages alone.
"""

from __future__ import annotations

import re
from typing import Any

from ccswitch_tui._version import __version__ as release

project = "ccswitch-tui"
version = release
extensions = ["myst_parser"]
exclude_patterns = ["*.1"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_theme_options = {"nosidebar": False, "fixed_sidebar": True, "page_width": "68rem"}
html_show_copyright = False

OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#]+)(?:#[^)]*)?\)")


def named_not_linked(app: Any, page: str, source: list[str]) -> None:
    """`[the store](../ccswitch_tui/x.py)` → the store (`ccswitch_tui/x.py`)."""
    source[0] = OUTSIDE.sub(
        lambda link: f"`{link[2]}`" if link[1].strip("`") in link[2] else f"{link[1]} (`{link[2]}`)", source[0]
    )


def setup(app: Any) -> None:
    """Sphinx' door."""
    app.connect("source-read", named_not_linked)
