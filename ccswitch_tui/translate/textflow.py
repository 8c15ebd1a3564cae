"""What happens to text between the upstream and a block: `<think>` at the start, and stop strings it was not given.

Each filter holds back as little as it must and gives it up at the end.
"""

from __future__ import annotations

import re

from ccswitch_tui.translate.writer import TEXT, THINKING

TAGS = {
    "<think>": "</think>", "<thinking>": "</thinking>", "<thought>": "</thought>", "<thoughts>": "</thoughts>",
    "<seed:think>": "</seed:think>", "<mm:think>": "</mm:think>", "<longcat_think>": "</longcat_think>",
    "<reasoning>": "</reasoning>",
    "[THINK]": "[/THINK]", "◁think▷": "◁/think▷", "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|START_THINKING|>": "<|END_THINKING|>", "<|inner_prefix|>": "<|inner_suffix|>",
    "<|begin_of_thinking|>": "<|end_of_thinking|>", "<|think|>": "<|/think|>", "<|thinking|>": "<|/thinking|>",
    "<unused94>thought\n": "<unused95>", "<|channel>thought\n": "<channel|>",
    "<|channel|>analysis<|message|>": "<|end|>",
}  # fmt: skip
"""As models of Qwen, DeepSeek and many others write them; Claude's students; Gemini's; ByteDance's; MiniMax's;
LongCat's;
those trained on the usual recipe; Mistral's; Kimi-VL's; Sky-T1's; Cohere's; Apertus's; Gemma's; gpt-oss' as it comes
without a parser. The first eight may be written in capitals, and with blanks or attributes."""
NAMES = tuple(mark[1:-1] for mark in TAGS if re.fullmatch(r"<[a-z:_]+>", mark))
_OPENING = re.compile(rf"<\s?(?:{'|'.join(NAMES)})(?:\s[^<>]{{0,60}})?>", re.I)
_HALF_OPENING = re.compile(r"<\s?(?P<name>[a-z:_]*)(?P<more>\s[^<>]{0,60})?", re.I)
_ANY_CLOSING = rf"</\s?(?:{'|'.join(NAMES)})\s?>"
_CLOSING = re.compile(_ANY_CLOSING, re.I)
_HALF_CLOSING = re.compile(r"<(?:/\s?[a-z:_]{0,14}\s?)?$", re.I)
_CLOSINGS = {
    f"</{name}>": re.compile(rf"</\s?{name}\s?>|(?<![`'\"]){_ANY_CLOSING}", re.I) for name in NAMES
}  # fmt: skip
"""A model may close with another name than it opened with; one that is quoted is what it thinks about."""
FOLLOWING = ("<|start|>assistant<|channel|>final<|message|>", "<|START_RESPONSE|>", "<|END_THINKING|>")
"""What a notation writes between the thinking and the answer."""
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


def _mark_at_start(text: str) -> tuple[str, str] | None:
    """The tag that this text begins with, as it is written, and what ends what it began ("" where it is an end)."""
    if text[:1] not in _BEGIN:
        return None
    named = _OPENING.match(text) or _CLOSING.match(text)
    if named is not None:
        name = re.findall(r"[a-z:_]+", named[0].lower())[0]
        return named[0], "" if named[0][1] == "/" else f"</{name}>"
    mark = next((mark for mark in MARKS if text.startswith(mark)), None)
    return None if mark is None else (mark, TAGS.get(mark, ""))


def _may_be_mark(text: str) -> bool:
    """Whether this text, or nothing yet, may be the beginning of a tag."""
    if text and text[0] not in _BEGIN:
        return False  # as nearly every answer begins
    if not text or any(mark.startswith(text) for mark in (*MARKS, *FOLLOWING)) or _HALF_CLOSING.match(text):
        return True
    half = _HALF_OPENING.fullmatch(text)
    if half is None:
        return False
    name = half["name"].lower()
    return name in NAMES if half["more"] else any(known.startswith(name) for known in NAMES)


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
            bare = text.lstrip().lstrip("\ufeff")
            mark = _mark_at_start(bare)
            if mark is None and _may_be_mark(bare):
                self._held = text
                return []
            self._starts = False
            if mark is not None:
                text, self._closing = bare[len(mark[0]) :], mark[1]
            elif not self._closing:
                self.settled = True
                return [(TEXT, text)]
        if not self._closing:
            return self._behind(text)
        place, end = self._end_of_thinking(text)
        if end < 0:
            self._held = text[place:]
            return [(THINKING, text[:place])] if place else []
        self._closing = ""
        thought: list[Piece] = [(THINKING, text[:place])] if place else []
        return thought + self._behind(text[end:])

    def _end_of_thinking(self, text: str) -> tuple[int, int]:
        """Where the closing tag stands; from where on the text must be held, and -1, where it has not come."""
        closing = _CLOSINGS.get(self._closing)
        if closing is None:
            place = text.find(self._closing)
            return (
                (len(text) - held_tail(text, self._closing), -1) if place < 0 else (place, place + len(self._closing))
            )
        found = closing.search(text)
        if found is not None:
            return found.span()
        half = _HALF_CLOSING.search(text)
        return (len(text) if half is None else max(0, half.start() - 1)), -1

    def _behind(self, text: str) -> list[Piece]:
        """The text behind thinking: blank lines, more end tags, and what begins the answer belong to the notation."""
        text = text.lstrip()
        while True:
            closing = _CLOSING.match(text)
            mark = closing[0] if closing else next((mark for mark in FOLLOWING if text.startswith(mark)), "")
            if not mark:
                break
            text = text[len(mark) :].lstrip()
        if not text:
            return []
        if any(mark.startswith(text) for mark in FOLLOWING) or _HALF_CLOSING.match(text):
            self._held = text
            return []
        self.settled = True
        return [(TEXT, text)]

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
