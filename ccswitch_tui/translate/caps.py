"""The output limit that a refusal of max_tokens names. Pure.

The wordings that are known come first. For the others it is enough that the
limit's own field and a limiting word are there, or a language whose words are
not listed: then the largest number below what was asked for is the limit. Sources: DeepSeek, DashScope, Groq, OpenAI,
Volcengine, Bedrock, Cohere, Vertex, Zhipu, vLLM, FastAPI and zod servers.
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re

from ccswitch_tui.wire.later import later

CAP_PATTERNS = tuple(
    later(p, re.I | re.S)
    for p in (
        r"valid range of max_(?:completion_)?tokens is \[\d+, ?(\d+)\]",
        r"range of max_(?:completion_)?tokens should be \[\d+, ?(\d+)\]",
        r"max_(?:completion_|output_|new_)?tokens['\"`]? (?:must be|should be|has to be) (?:less than or equal to|at most|<=|no more than|"
        r"smaller than or equal to|between \d+ and|in the range \[?\d+ ?[,-]) ?['\"`]?(\d+)",
        r"max_(?:completion_|output_)?tokens['\"`]? is too large.{0,80}?(?:supports at most|maximum(?: of| is)?|at most) (\d+)",
        r"supports at most (\d+) (?:completion|output) tokens",
        r"max_(?:completion_|output_)?tokens:? ?\d+ > (\d+),? which is the maximum",
        r"max_(?:completion_|output_)?tokens.{0,120}?expected a value <= ?(\d+)",
        r"max_(?:completion_|output_)?tokens.{0,80}?(?:cannot|can not|must not|may not) (?:exceed|be (?:larger|greater|more) than) (\d+)",
        r"max_(?:completion_|output_)?tokens.{0,80}?exceeds? (?:the )?(?:model(?:'s)? )?(?:limit|maximum|max)[^\d]{0,40}(\d+)",
        r"maximum (?:allowed )?(?:number of )?(?:output|completion) tokens[^\d]{0,60}(\d+)",
        r"max_?(?:output_)?tokens.{0,60}?(?:maximum|max(?:imum)? value|upper limit)[^\d]{0,30}(\d+)",
        r"integer above maximum value,? expected a value <= ?(\d+)",
    )
)
"""Wordings with the limit in a known place."""

_WINDOW = later(r"max_model_len ?=? ?(\d+)", re.I)
"""vLLM's limit of question and answer together: half of it leaves room for the question."""

_FIELD = later(
    r"max(?:imum)?[ _-]?(?:completion|output|new|generated)?[ _-]?tokens|(?:output|completions?|generation) (?:tokens?|length)"
    r"|maximum (?:output|completion)|tokens[ _]to[ _]generate|(?:outputs|completions) (?:is|are)|maxOutputTokens|num_predict|最大(?:输出|生成)?(?:token|长度)",
    re.I,
)
_LIMITS = later(
    r"at most|less than|less or equal|lower than|smaller|<|exceed|greater|larger|higher|maximum|max\b|limit|range|between|\bin \[|up to"
    r"|no more|more than|bigger|beyond|outside|ceiling|\bcap(?:ped)?\b|>|permitted|or (?:less|fewer|lower|under|below)|only allows|too (?:large|big|high|many)|above|upper bound|不能|超过|最大|范围|小于|大于|上限|最大値|以下",
    re.I,
)
_NUMBER = later(r"(?<![\w-])(?<!\d\.)\d{1,3}(?:[,_]\d{3})+(?![\w-])|(?<![\w-])(?<!\d\.)\d+(?![\w-])", re.A)
_EXCLUSIVE = later(r"(\d+) ?\(exclusive\)|(?<!or equal )(?:less|lower|smaller) than (\d+)|< ?(\d+)", re.I)
SMALLEST_CAP = 256
"""Smaller numbers in a refusal are lower bounds, places in a list or parts of a name."""


def cap_in(text: str, param: str, asked: int) -> int | None:
    """The limit below `asked` that these words name. `param`: the field a body says it is about."""
    window = _WINDOW.search(text)
    if window and 1 < int(window[1][:12]) <= asked:
        return max(1, int(window[1][:12]) // 2)
    plain = text.replace(",", "") if "[" not in text else text
    for pattern in CAP_PATTERNS:
        match = pattern.search(plain)
        if match and 0 < int(match[1][:12]) < asked:
            return int(match[1][:12])
    if not (_FIELD.search(text) or _FIELD.search(param)):
        return None
    named = [int(re.sub(r"\D", "", number)[:12]) for number in _NUMBER.findall(text)]
    if text.isascii() and not _LIMITS.search(text):
        return None
    below = [number for number in named if SMALLEST_CAP <= number < asked]
    if not below:
        return None
    cap = max(below)
    exclusive = {int(number[:12]) for found in _EXCLUSIVE.findall(text) for number in found if number}
    return cap - 1 if cap in exclusive else cap
