"""A sentence of this program that remembers how it was put together, so that the app can say it in another language.

A Sentence *is* its English text and goes wherever a str goes; the template is
the id of a translation, as in gettext, and the values fill its places. What is
no Sentence is somebody else's words, and is never translated. It loads nothing:
the quick commands import this.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

Value = str | int | float


class Sentence(str):
    """An English text, with the template and the values it was made of."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Value]

    def __new__(cls, text: str, template: str, values: Mapping[str, Value]) -> Sentence:
        made = super().__new__(cls, text)
        made.template = template
        made.values = values
        return made

    def __getnewargs__(self) -> tuple[str, str, Mapping[str, Value]]:  # type: ignore[override]
        """What a copy is made of."""
        return str(self), self.template, self.values


NOTHING = Sentence("", "", {})


def say(template: str, /, **values: object) -> Sentence:
    """The sentence of that template. A value may be a Sentence itself; one that is no text or number becomes a text."""
    plain = {name: v if isinstance(v, str | int | float) else str(v) for name, v in values.items()}
    return Sentence(template.format_map(plain), template, plain)


def quoting(words: str) -> Sentence:
    """Words that may be somebody else's, in the place of a sentence; a Sentence stays what it is."""
    return words if isinstance(words, Sentence) else say("{words}", words=words)


def to_paste(words: str) -> Sentence:
    """A command, an option or a line of a file, in the place of a sentence: the same in every language."""
    return quoting(words)


def joined(parts: Iterable[str], between: str = "; ") -> Sentence:
    """Sentences in a row."""
    first, *more = parts
    whole = quoting(first)
    for part in more:
        whole = say("{before}" + between + "{after}", before=whole, after=part)
    return whole


def either(names: Iterable[str]) -> Sentence:
    """Names of which one is meant: `a, b or c`."""
    *first, last = names
    return say("{before} or {after}", before=", ".join(first), after=last) if first else quoting(last)


def filled(template: str, known: Mapping[str, object]) -> Sentence:
    """The sentence of a template out of a table, its places filled with what is known of them."""
    from string import Formatter

    return say(template, **{place: known[place] for _, place, _, _ in Formatter().parse(template) if place})


def through(clean: Callable[[str], str], text: str) -> str:
    """`clean(text)`, still a Sentence where cleaning its values comes to the same; otherwise a plain text.

    For what must not be shown: no translation can bring back what `clean` took out.
    """
    cleaned = clean(text)
    if not isinstance(text, Sentence):
        return cleaned
    values = {name: through(clean, v) if isinstance(v, str) else v for name, v in text.values.items()}
    if cleaned == text and values == text.values:
        return text
    return Sentence(cleaned, text.template, values) if text.template.format_map(values) == cleaned else cleaned


def tidied(tidy: Callable[[str], str], text: str) -> str:
    """`tidy(text)`, the same Sentence in another language: for the punctuation and the length of the English."""
    return Sentence(tidy(text), text.template, text.values) if isinstance(text, Sentence) else tidy(text)


def taken_apart(text: str) -> list[Any] | None:
    """A Sentence as JSON, to be kept beside its text; None for a plain text."""
    if not isinstance(text, Sentence):
        return None
    return [text.template, {k: (taken_apart(v) or v) if isinstance(v, str) else v for k, v in text.values.items()}]


def put_together(text: str, parts: Any) -> str:
    """The Sentence that says `text`, out of what taken_apart() made; the plain text where the parts are odd."""
    try:
        template, values = parts
        made = _made_of(template, values)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError):
        return text
    return Sentence(text, made.template, made.values)


def _made_of(template: str, values: Mapping[str, Any]) -> Sentence:
    return say(template, **{k: _made_of(*v) if isinstance(v, list) else v for k, v in values.items()})
