"""The house theme, dark and light: warm greys, one amber for keys, verdict colours that survive small type.

The only file with colours in it; every style sheet uses tokens, so that all of
Textual's themes fit as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="switchboard",
    primary="#8fb4d9",
    secondary="#6f8fb0",
    accent="#e6b673",
    success="#93c98a",
    warning="#e6c36a",
    error="#ef8a80",
    foreground="#d9d6cf",
    background="#15171b",
    surface="#1e2126",
    panel="#272b32",
    dark=True,
    variables={"block-cursor-text-style": "none", "border": "#3a3f48", "border-blurred": "#2b2f36"},
)

LIGHT = Theme(
    name="switchboard-light",
    primary="#2f6690",
    secondary="#4d7ea3",
    accent="#96570a",
    success="#2e7031",
    warning="#86600a",
    error="#b0322b",
    foreground="#2c2a26",
    background="#fbf9f4",
    surface="#f0ede5",
    panel="#e6e2d8",
    dark=False,
    variables={"block-cursor-text-style": "none", "border": "#cfc9bb", "border-blurred": "#e0dbcf"},
)

HOUSE_THEMES = (DARK, LIGHT)


def default_theme(env: Mapping[str, str]) -> str:
    """The house theme for this terminal: light where the terminal says its background is.

    COLORFGBG (rxvt, Konsole and others) ends in the background's colour number; 7 and 15 are white.
    """
    return LIGHT.name if env.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15") else DARK.name
