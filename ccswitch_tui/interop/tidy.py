"""Text as people have it: what terminals, mails, chats and word processors put round and into what was copied.

Pure. Characters that nobody sees go, blanks of other widths become blanks,
prompts and quote marks in front of lines go, fenced blocks are found. What a
key or an address says is never guessed at here.
"""

from __future__ import annotations

import html
import re

from ccswitch_tui.sentence import Sentence, say

_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
)
"""Soft hyphen, zero-width blanks and joiners, marks and overrides of direction, variation selectors."""

_ENTITY_QUOTES = re.compile(r"&(?:quot|apos|#0*3[49]|#x2[27]);", re.IGNORECASE)
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_HYPHENS = re.compile("[\u2010\u2011\u2212\ufe58\ufe63\uff0d]|(?<=[A-Za-z0-9])[\u2012-\u2015](?=[A-Za-z0-9])")
_LONG_OPTION = re.compile(
    r"(?:(?<=\s)|^)(?:[\u2012-\u2015]|-[\u2012-\u2015]|[\u2012-\u2015]-){1,2}(?=[a-z][a-z-]+)", re.MULTILINE
)
_SHORT_OPTION = re.compile(r"(?:(?<=\s)|^)[\u2012-\u2015](?=[A-Za-z](?:\s|['\"“‘]|$))", re.MULTILINE)
"""`–H` and `—data` as word processors make of `-H` and `--data`."""

_QUOTE_MARKS = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_PROMPT = re.compile(
    r"^[ \t]*(?:\([\w. -]+\)[ \t]*)?"
    r"(?:(?:[\w.-]+@[\w.-]+[^\s$#%>]*[ \t]*(?:[~/][^\s$#%]*)?[ \t]*[$#%❯➜»]|\[[\w.-]+@[^\]\n]*\][$#%]"
    r"|[$%❯➜»λ]|~[^\s$%]*[ \t]*[$%❯➜])"
    r"|[➜❯»][ \t]+[~/]?[\w./-]*(?:[ \t]+git:\([^)\n]*\))?(?:[ \t]+[✗✔])?|\+"
    r"|PS[ \t][^>\n]{0,200}>|[A-Za-z]:\\[^>\n]{0,200}>)[ \t]*"
    r"(?=(?:sudo[ \t]|env[ \t])?(?:export|setx?|declare|typeset|curl|docker|\$env:|wget|https?|claude|[A-Za-z_]\w*=))",
    re.MULTILINE | re.IGNORECASE,
)
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^\n`]*$", re.MULTILINE)
_FENCED = re.compile(
    r"^[ \t]*(?P<mark>`{3,}|~{3,})[^\n`]*\n(?P<inside>.{0,9999}?)^[ \t]*(?P=mark)[`~]*[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_MOST_FENCES = 50


def plain_text(text: str, notes: list[Sentence]) -> str:
    """The text without terminal codes and characters nobody sees, its blanks and line ends in the plain form."""
    plain = _CONTROL.sub("", _TERMINAL_CODES.sub("", _LINE_ENDS.sub("\n", text)))
    seen = _INVISIBLE.sub("", plain)
    if seen != _LINE_ENDS.sub("\n", text).removeprefix("\ufeff"):
        notes.append(say("removed control characters"))
    if _ENTITY_QUOTES.search(seen):  # the source of a page, not what it shows
        seen = html.unescape(seen)
    seen = _BLANKS.sub(" ", seen)
    if seen.isascii():
        return seen
    return _HYPHENS.sub("-", _SHORT_OPTION.sub("-", _LONG_OPTION.sub("--", seen)))


def without_marks(text: str) -> str:
    """The text without quote marks and prompts in front of its lines, and without the lines of fences."""
    return _PROMPT.sub("", _QUOTE_MARKS.sub("", _FENCE_LINE.sub("", text)))


def fenced_blocks(text: str) -> list[str]:
    """What stands in ``` and ~~~ fences, in order; in a quoted mail too."""
    bare = _QUOTE_MARKS.sub("", text)
    if not _FENCE_LINE.search(bare):
        return []
    return [match["inside"] for match, _ in zip(_FENCED.finditer(bare), range(_MOST_FENCES), strict=False)]


def straight_quotes(text: str) -> str:
    """“…” and ‘…’ as plain quotes."""
    return re.sub("[‘’‚‛]", "'", re.sub("[“”„‟«»]", '"', text))
