"""The plain command lines of quick commands, read without a parser.

A third of what `list` costs is argparse: its import, a parser, the words of its
help. So a quick command says beside its options what the lines look like that
people and Claude Code really send: at most one name and one option. Whatever
else is asked goes to the parser, which also says what is wrong with it.
tests/cli/test_plain_lines.py holds the two to the same answer.
"""

from __future__ import annotations

from types import SimpleNamespace

from ccswitch_tui.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class Plain(NamedTuple):
    """What a quick command's parser would make of a plain line."""

    without: Mapping[str, Any]
    """What it hands over where nothing is asked, by name; a name that must be given is missing here."""
    name: str = ""
    """What a word without a dash is; "" where there is none."""
    flags: Mapping[str, tuple[str, Any]] = {}
    """Option → what it sets, and to what."""
    texts: Mapping[str, str] = {}
    """Option → what the word behind it is."""


def read_plainly(plain: Plain, words: Sequence[str]) -> SimpleNamespace | None:
    """What the parser would hand over for these words; None where a parser has to look."""
    asked: dict[str, Any] = {}
    options = 0
    left = iter(words)
    for word in left:
        if word in plain.flags:
            place, value = plain.flags[word]
        elif word in plain.texts:
            place, value = plain.texts[word], next(left, "")
            if not value or value.startswith("-"):
                return None
        elif plain.name and plain.name not in asked and (word == "-" or not word.startswith("-")) and word:
            asked[plain.name] = word
            continue
        else:
            return None
        options += 1
        asked[place] = value
    if options > 1 or (plain.name and plain.name not in {**plain.without, **asked}):
        return None
    return SimpleNamespace(**{**plain.without, **asked})
