"""Every text the app shows, by id, in the language of the user.

The texts are data: `en.json` and `zh-CN.json` hold the same ids
(tests/tui/test_texts.py). What the parts below the app say (findings, errors,
advice), and the names in their tables, have their English as the id of their
translation in `sentences.zh-CN.json` (tests/tui/test_sentences.py). Where a translation is missing the
English is shown: nobody who adds a sentence has to speak Chinese. What the endpoint or a
file said is quoted as it is. One language at a time for the process, as with gettext.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ccswitch_tui.secret import redact
from ccswitch_tui.sentence import Sentence, through

LANGUAGES = {"en": "English", "zh-CN": "简体中文"}
"""The catalogues there are, each by its own name for itself."""

_texts: dict[str, str] = {}
_sentences: dict[str, str] = {}
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
    global _texts, _sentences, _language
    if code != _language:
        _texts, _language = {**catalogue("en"), **catalogue(code)}, code
        _sentences = {} if code == "en" else {**_named(_texts), **catalogue(f"sentences.{code}")}


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
    return text.format(**{k: spoken(v) if isinstance(v, str) else v for k, v in values.items()}) if values else text


def t_or(text_id: str, otherwise: str) -> str:
    """The text of that id, or `otherwise` where the catalogue has none: for names that endpoints and findings bring."""
    if not _texts:
        use_language("en")
    return _texts.get(text_id, otherwise)


def named(text: str) -> str:
    """A name out of our tables (a finding's title, what a rung proves, what a quirk is) in the language of the app."""
    return _sentences.get(text, text)


def spoken(text: str) -> str:
    """A sentence of ours in the language of the app; any other text, and one that must hide a key, as it is.

    Values that are sentences are spoken too. What redact() takes out of the English stays out: where it is more
    than a value, the English is shown.
    """
    if not _sentences or not isinstance(text, Sentence):
        return text
    text = through(redact, text)
    if not isinstance(text, Sentence):
        return text
    values = {name: spoken(value) if isinstance(value, str) else value for name, value in text.values.items()}
    said = _sentences.get(text.template, text.template).format_map(values)
    return said.replace("（）", "").rstrip("：；，")  # around what was not seen


def _named(texts: Mapping[str, str]) -> dict[str, str]:
    """What has a shorter text of its own by id, by its English name: rungs, layers of settings."""
    from ccswitch_tui.claude.layers import LABELS
    from ccswitch_tui.probe.model import RUNGS

    names = {rung.code: f"step.{rung.code}" for rung in RUNGS}
    names |= {name: f"layer.{layer}" for layer, label in LABELS.items() for name in (layer, label)}
    return {name: texts[text_id] for name, text_id in names.items() if text_id in texts}
