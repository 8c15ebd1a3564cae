"""What a model's name says about it. Guesses, only ever used to choose what is asked or offered first."""

from __future__ import annotations

import re
from itertools import takewhile

NO_CONVERSATION = re.compile(
    r"embed|rerank|whisper|\btts\b|-tts|dall-?e|moderation|transcri|speech|audio|image|stable-?diffusion|flux|sora|video|ocr"
    r"|guard|bge-",
    re.IGNORECASE,
)
"""Models that hold no conversation: asked never, offered last."""
SMALL = re.compile(
    r"haiku|mini|flash|lite|small|nano|air\b|turbo|fast|highspeed|instant|(?<!\d)[1-9]b\b", re.IGNORECASE
)
LARGE = re.compile(r"opus|max|pro\b|large|ultra|plus|heavy|thinking|reason", re.IGNORECASE)


RESPONSES_FIRST = re.compile(r"(?:^|[/.])(?:gpt-5|o1-pro|o3(?!\w)|o3-pro|codex|grok-4)|-codex\b", re.IGNORECASE)
"""Models whose makers take tools together with effort on the Responses API alone, or first there
(developers.openai.com and docs.x.ai, guides on migrating to it)."""


def prefers_responses(model: str) -> bool:
    """Whether a model of this name is better asked through the Responses API, where that is served."""
    return RESPONSES_FIRST.search(model) is not None


def holds_conversation(model: str) -> bool:
    """Whether a model of this name is there to talk with."""
    return NO_CONVERSATION.search(model) is None


def family(model: str) -> str:
    """The word a model's name begins with, behind a vendor's prefix: `qwen` of `Qwen/qwen3-coder`."""
    found = re.match(r"[a-z]+", model.rpartition("/")[2].lower())
    return found[0] if found else ""


def nearest(model: str, others: list[str]) -> str | None:
    """The one of `others` whose name shares most with this model's, of its family; the first of equals."""
    kin = [other for other in others if family(other) == family(model)]
    return max(kin, key=lambda other: _shared(model.lower(), other.lower()), default=None)


def _shared(one: str, other: str) -> int:
    """How many characters two names have in common from their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
