"""Every text the app shows, by id, in the language of the user.

The texts are data: `en.json` and `zh-CN.json` hold the same ids
(tests/tui/test_texts.py). What the endpoint or a file said is quoted as it is;
what a finding is called is translated by its kind where the catalogue has it.
One language at a time for the process, as with gettext.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

LANGUAGES = {"en": "English", "zh-CN": "简体中文"}
"""The catalogues there are, each by its own name for itself."""

_texts: dict[str, str] = {}
_language = ""


def language_of(env: Mapping[str, str], chosen: str = "auto") -> str:
    """The catalogue to use: the app's own setting, or else what the locale asks for.

    The first of LC_ALL, LC_MESSAGES and LANG that is set decides (POSIX.1-2017, 8.2).
    """
    if chosen in LANGUAGES:
        return chosen
    locale = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return "zh-CN" if locale.replace("-", "_").lower().startswith("zh") else "en"


def use_language(code: str) -> None:
    """Makes `t` speak that language from now on."""
    global _texts, _language
    if code != _language:
        _texts, _language = catalogue(code), code


def language() -> str:
    """The code of the language in use."""
    return _language


def catalogue(code: str) -> dict[str, str]:
    """All texts of one language, by id."""
    with open(os.path.join(os.path.dirname(__file__), f"{code}.json"), encoding="utf-8") as file:
        texts: dict[str, str] = json.load(file)
    return texts


def t(text_id: str, **values: Any) -> str:
    """The text of that id with its places filled. An unknown id is a mistake of ours: KeyError."""
    if not _texts:
        use_language("en")
    text = _texts[text_id]
    return text.format(**values) if values else text


def t_or(text_id: str, otherwise: str) -> str:
    """The text of that id, or `otherwise` where the catalogue has none: for names that endpoints and findings bring."""
    if not _texts:
        use_language("en")
    return _texts.get(text_id, otherwise)
