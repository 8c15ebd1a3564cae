"""How what is in effect may differ from the profile in use, where others act on which difference it is.

Templates: their sentences are recognised by them, never by their words.
"""

from __future__ import annotations

from ccswitch_tui.sentence import Sentence

FOREIGN = "the endpoint in effect is not in any of our profiles"
GONE = "profile '{name}' no longer exists"
RIVAL = "{name} is set by {who} and interferes"


def is_told(words: str, template: str) -> bool:
    """`words` is a sentence of this template."""
    return isinstance(words, Sentence) and words.template == template


def name_in(words: str) -> str:
    """The profile or variable that the sentence names; "" where it names none."""
    return str(words.values.get("name", "")) if isinstance(words, Sentence) else ""
