"""Every text the app shows, by id, in the language of the user.

The texts are data: `en.json` and `zh-CN.json` hold the same ids
(tests/tui/test_texts.py). What the parts below the app say (findings, errors,
advice), and the names in their tables, have their English as the id of their
translation in `sentences.zh-CN.json` (language.py, tests/tui/test_sentences.py).
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.language import LANGUAGES, catalogue, language, language_of, named, speak, spoken

__all__ = ["LANGUAGES", "catalogue", "language", "language_of", "named", "spoken", "t", "t_or", "use_language"]

_texts: dict[str, str] = {}
_texts_of = ""


def use_language(code: str) -> None:
    """Makes `t` and spoken() speak that language from now on."""
    global _texts, _texts_of
    speak(code)
    if code != _texts_of:
        _texts, _texts_of = {**catalogue("en"), **catalogue(code)}, code


def t(text_id: str, **values: Any) -> str:
    """The text of that id with its places filled; of `{text_id}.one`, where there is such a text and `n` is one.

    An unknown id is a mistake of ours: KeyError.
    """
    if not _texts:
        use_language("en")
    text = _texts[text_id]
    if str(values.get("n")) == "1":
        text = _texts.get(f"{text_id}.one", text)
    return text.format(**{k: spoken(v) if isinstance(v, str) else v for k, v in values.items()}) if values else text


def t_or(text_id: str, otherwise: str) -> str:
    """The text of that id, or `otherwise` where the catalogue has none: for names that endpoints and findings bring."""
    if not _texts:
        use_language("en")
    return _texts.get(text_id, otherwise)
