"""What happens to text between the upstream and a block: `<think>` at the start, and stop strings it was not given.

Each filter holds back as little as it must and gives it up at the end.
"""

from __future__ import annotations

import re

from ccswitch_tui.translate.writer import TEXT, THINKING

TAGS = {
    "<think>": "</think>", "<thinking>": "</thinking>", "<thought>": "</thought>", "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]", "<mm:think>": "</mm:think>", "<longcat_think>": "</longcat_think>",
    "◁think▷": "◁/think▷", "<|begin_of_thought|>": "<|end_of_thought|>", "<|START_THINKING|>": "<|END_THINKING|>",
    "<|inner_prefix|>": "<|inner_suffix|>", "<reasoning>": "</reasoning>",
}  # fmt: skip
"""As models of Qwen, DeepSeek and many others write them; Claude's students; Gemini's; ByteDance's; Mistral's;
MiniMax's; LongCat's; Kimi-VL's; Sky-T1's; Cohere's; Apertus's; and those trained on the usual recipe."""
MARKS = (*TAGS, *TAGS.values())
_BEGIN = frozenset(mark[0] for mark in MARKS)

Piece = tuple[str, str]
"""(kind of block, text)"""


def held_tail(text: str, mark: str) -> int:
    """How many last characters of `text` could be the beginning of `mark`."""
    for size in range(min(len(mark) - 1, len(text)), 0, -1):
        if mark.startswith(text[-size:]):
            return size
    return 0


def _first_mark(text: str) -> str:
    """The tag that this text begins with; "" where it begins with none."""
    return next((mark for mark in MARKS if text.startswith(mark)), "") if text[:1] in _BEGIN else ""


class ThinkTag:
    """`<think>…</think>` as the very first thing of an answer is thinking; anywhere else it is text.

    `inside`: the server's template wrote the opening tag, so that the answer
    begins with thinking. A closing tag that comes first closes what stood in
    another field, and is dropped.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self.settled = False
        """Nothing can be thinking any more: text need not come through here."""
        self._starts = True
        self._closing = "</think>" if inside else ""
        """The tag that ends the thinking which is open."""
        self._held = ""

    @property
    def holds(self) -> bool:
        """Something came that was not given on yet."""
        return bool(self._held)

    def feed(self, text: str) -> list[Piece]:
        """The pieces this text gives."""
        text = self._held + text
        self._held = ""
        if self._starts:
            bare = text.lstrip()
            mark = _first_mark(bare)
            if not mark and (not bare or (bare[0] in _BEGIN and any(each.startswith(bare) for each in MARKS))):
                self._held = text
                return []
            self._starts = False
            if mark:
                self._closing = TAGS.get(mark, "")
                text = bare[len(mark) :]
            elif not self._closing:
                self.settled = True
                return [(TEXT, text)]
        pieces: list[Piece] = []
        if self._closing:
            thought, mark, text = text.partition(self._closing)
            if not mark:
                hold = held_tail(thought, self._closing)
                self._held = thought[len(thought) - hold :]
                thought = thought[: len(thought) - hold]
            if thought:
                pieces.append((THINKING, thought))
            if not mark:
                return pieces
            self._closing = ""
        text = text.lstrip()  # the blank lines after the tag belong to the notation
        if text:
            self.settled = True
            pieces.append((TEXT, text))
        return pieces

    def finish(self) -> list[Piece]:
        """What was held; an unclosed tag stays thinking."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [(THINKING if self._closing else TEXT, held)]


def orphan_close(text: str) -> tuple[str, str] | None:
    """What stands before and after a closing tag that nothing opened, in a text that is whole; None if there is none.

    A tag that is quoted, or stands in the middle of a line of words, is what the model writes about.
    """
    found = ORPHAN.search(text)
    before = text[: found.start()] if found is not None else ""
    if found is None or any(tag in before for tag in TAGS) or in_code(before, text[found.end() :]):
        return None
    return text[: found.start()], text[found.end() :].lstrip()


def in_code(before: str, behind: str) -> bool:
    """Whether the place between these is inside a fenced block: there a tag is what the model writes about."""
    return before.count("```") % 2 == 1 or behind.lstrip().startswith("```")


def half_tag(text: str) -> int:
    """Where a closing tag begins that this text breaks off in; its length where it does not."""
    place = text.rfind("</")
    return place if place >= 0 and any(tag.startswith(text[place:]) for tag in TAGS.values()) else len(text)


ORPHAN_FIELD = "</think>"
"""How a reader calls the place of thinking that stands in the text, before a closing tag that nothing opened."""
ORPHAN = re.compile(
    r"(?:(?<=\n)|(?<=[.!?。！？])|^)[ \t]*</(?:think|thinking|thought|seed:think)>(?=\s|$|\w|[^\x00-\x7f#*`])"
)


class StopCutter:
    """Ends an answer at a stop string that the upstream could not be given."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._pattern = re.compile("|".join(re.escape(s) for s in sorted(stops, key=len, reverse=True)))
        self._stops = stops
        self._held = ""
        self.found: str | None = None

    def feed(self, text: str) -> str:
        """The text that is certainly before any stop string."""
        text = self._held + text
        match = self._pattern.search(text)
        if match:
            self.found, self._held = match[0], ""
            return text[: match.start()]
        hold = max(held_tail(text, stop) for stop in self._stops)
        self._held = text[len(text) - hold :]
        return text[: len(text) - hold]

    def finish(self) -> str:
        """What was held for nothing."""
        held, self._held = self._held, ""
        return held
