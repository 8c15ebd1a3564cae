"""The language of the process: what the user reads of ours is looked up here, in the app and on the command line.

A sentence's English is the id of its translation (sentence.py); so is that of a
row in our tables. Where a translation is missing the English is shown: nobody
who adds a sentence has to speak Chinese. One language at a time for the process,
as with gettext. JSON, files and what others said are never translated. English
loads nothing: the quick commands import this.
"""

from __future__ import annotations

import os

from ccswitch_tui.sentence import Sentence, say, through

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = {"en": "English", "zh-CN": "简体中文"}
"""The catalogues there are, each by its own name for itself."""

FOLDER = os.path.join(os.path.dirname(__file__), "tui", "i18n")

NAMED_BY_ID = ("step.", "layer.")
"""What has a shorter text by id in the app's catalogue: rungs, layers of settings."""

_sentences: dict[str, str] = {}
_language = "en"


def language_of(env: Mapping[str, str], chosen: str = "auto") -> str:
    """The catalogue to use: what was chosen, or else what the locale asks for.

    The first of LC_ALL, LC_MESSAGES and LANG that is set decides (POSIX.1-2017, 8.2).
    """
    if chosen in LANGUAGES:
        return chosen
    locale = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return "zh-CN" if locale.replace("-", "_").lower().startswith("zh") else "en"


def chosen_in(path: str) -> str:
    """The language the settings screen wrote into config.toml; "auto" where it says nothing that can be read."""
    from ccswitch_tui.textfile import read_file

    try:
        raw = read_file(path)
    except OSError:
        return "auto"
    if b"language" not in raw:
        return "auto"
    import tomllib

    try:
        found = tomllib.loads(raw.decode("utf-8-sig")).get("language")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return "auto"
    return found if isinstance(found, str) else "auto"


def speak(code: str) -> None:
    """Makes spoken() and its kin speak that language from now on."""
    global _sentences, _language
    if code == _language:
        return
    _language = code
    _sentences = {} if code == "en" else {**_by_name(catalogue(code)), **catalogue(f"sentences.{code}")}


def language() -> str:
    """The code of the language in use."""
    return _language


def sentences() -> dict[str, str]:
    """The translations in use, by their English."""
    return _sentences


def catalogue(code: str) -> dict[str, str]:
    """All texts of one language, by id."""
    import json

    with open(os.path.join(FOLDER, f"{code}.json"), encoding="utf-8") as file:
        texts: dict[str, str] = json.load(file)
    return texts


def named(text: str) -> str:
    """A text out of our tables (a finding's title, an option's help, what a quirk is) in the language of the user."""
    return _sentences.get(text, text)


def spoken(text: str) -> str:
    """A sentence of ours in the language of the user; any other text, and one that must hide a key, as it is.

    Values that are sentences are spoken too. What redact() takes out of the English stays out: where it is more
    than a value, the English is shown.
    """
    if not _sentences or not isinstance(text, Sentence):
        return text
    from ccswitch_tui.secret import redact

    text = through(redact, text)
    if not isinstance(text, Sentence):
        return text
    values = {name: spoken(value) if isinstance(value, str) else value for name, value in text.values.items()}
    said = _sentences.get(text.template, text.template).format_map(values)
    return said.replace("（）", "").rstrip("：；，")  # around what was not seen


def said(template: str, /, **values: object) -> str:
    """The sentence of that template in the language of the user, to stand inside a line. Never for data."""
    return spoken(say(template, **values))


def counted(count: int, one: str, more: str, /, **values: object) -> str:
    """`one` or `more`, by the number, which fills {count}."""
    return spoken(say(one if count == 1 else more, count=count, **values))


def _by_name(texts: Mapping[str, str]) -> dict[str, str]:
    return {
        text_id.removeprefix(part): text
        for text_id, text in texts.items()
        for part in NAMED_BY_ID
        if text_id.startswith(part) and "{" not in text
    }
