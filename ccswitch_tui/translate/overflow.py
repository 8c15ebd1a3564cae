"""A conversation that does not fit, in all the words servers have for it.

Claude Code compacts when it reads `prompt is too long: N tokens > M maximum`
and lowers max_tokens when it reads one other sentence; everything else leaves
the session stuck. So every known wording becomes one of these two.
Not overflow: rate limits counted in tokens, and limits on the *value* of
max_tokens (compacting cures neither).
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.translate.failure import Overflow
from ccswitch_tui.translate.words import Words
from ccswitch_tui.wire.later import later

N = r"\d[\d,_]*"


class Wording(NamedTuple):
    """One way of saying it. Groups: n input and output together, i input, t tool input, o output, m the limit."""

    who: str
    pattern: re.Pattern[str]


def _w(who: str, pattern: str) -> Wording:
    return Wording(who, later(pattern.replace("#", N), re.I | re.S))


WORDINGS = (
    _w("vLLM", r"max(?:_completion)?_tokens['\"`]?(?: or ['\"`]max_completion_tokens['\"`])? is too large: (?P<o>#).*?"
       r"maximum context length is (?P<m>#) tokens and your request has (?P<i>#) input tokens"),
    _w("OpenAI, vLLM", r"maximum context length is (?P<m>#) tokens.*?requested (?P<n>#) tokens "
       r"\((?P<i>#) (?:in|of) (?:the |your )?(?:messages|prompt|input)[^)]*?(?P<o>#) (?:in|for|of) the (?:completion|output)"),
    _w("OpenAI", r"maximum context length is (?P<m>#) tokens.*?requested (?P<n>#) tokens "
       r"\((?P<i>#) in your prompt; (?P<o>#) for the completion"),
    _w("OpenRouter", r"maximum context length is (?P<m>#) tokens.*?requested about (?P<n>#) tokens "
       r"\((?P<i>#) of text input(?:, (?P<t>#) of tool input)?, (?P<o>#) in the output"),
    _w("SGLang", r"maximum context length of (?P<m>#) tokens.*?requested a total of (?P<n>#) tokens: "
       r"(?P<i>#) tokens from the input messages and (?P<o>#) tokens for the completion"),
    _w("vLLM", r"passed (?P<i>#) input tokens and requested (?P<o>#) output tokens.*?context length is only (?P<m>#) tokens"),
    _w("Anthropic façades", r"input length and [`'\"]?max_tokens[`'\"]? exceed context limit: (?P<i>#) \+ (?P<o>#) > (?P<m>#)"),
    _w("Anthropic façades", r"prompt is too long: (?P<i>#) tokens > (?P<m>#)"),
    _w("OpenAI", r"maximum context length (?:is|of) (?P<m>#) tokens.*?(?:(?:resulted in|request has|contains at least|"
       r"prompt (?:has|contains)|has) (?P<i>#)|requested(?: about)? (?P<n>#))"),
    _w("TGI", r"inputs`? tokens \+ `?max_new_tokens`? must be <= (?P<m>#)(?:.*?given:? (?P<i>#) `?inputs`? tokens and (?P<o>#))?"),
    _w("Gemini", r"input token count \(?(?P<i>#)?\)? ?exceeds the maximum number of tokens allowed \(?(?P<m>#)?"),
    _w("xAI", r"maximum prompt length is (?P<m>#)(?:.*?request contains (?P<i>#))?"),
    _w("Together", r"input \((?P<i>#) tokens\) is longer than the model'?s context length \((?P<m>#)"),
    _w("Copilot", r"prompt token count of (?P<i>#) exceeds the limit of (?P<m>#)"),
    _w("Kimi", r"exceeded model token limit: (?P<m>#)(?: \(requested: (?P<i>#)\))?"),
    _w("Cerebras", r"current length is (?P<i>#) while limit is (?P<m>#)"),
    _w("Mistral", r"prompt contains (?P<i>#) tokens.*?too large for model with (?P<m>#) maximum context length"),
    _w("Mistral", r"too large for model with (?P<m>#) maximum context length"),
    _w("Volcengine", r"total tokens of image and text exceed max message tokens"),
    _w("Cohere", r"too many tokens: (?:total number of tokens in the prompt cannot exceed (?P<m>#)(?:.{0,12}received (?P<i>#))?|size limit exceeded by (?P<over>#) tokens)"),
    _w("Cloudflare", r"input and maximum output tokens \((?P<n>#)\) exceeded this model context window limit \((?P<m>#)"),
    _w("any", r"input and output tokens exceed|prompt ?\+ ?completion (?:length|tokens) exceed|input_?tokens \+ max_?new_?tokens must be <= (?P<m>#)"),
    _w("GitHub Models", r"request body too large for [^ ]{1,80} model\. max size: (?P<m>#) tokens"),
    _w("SiliconFlow", r"length of prompt_tokens \((?P<i>#)\) must be less than max_seq_len \((?P<m>#)"),
    _w("DashScope", r"range of input length should be \[\d+, ?(?P<m>#)\]"),
    _w("llama.cpp", r"request \((?P<i>#) tokens\) exceeds the available context size \((?P<m>#)"),
    _w("LM Studio", r"keep the first (?P<i>#) tokens.*?context length of only (?P<m>#) tokens"),
    _w("LM Studio", r"(?:keep from the initial prompt|tokens to keep).*?greater than the context length"),
    _w("ollama", r"prompt too long; exceeded max context length(?: by (?P<over>#) tokens)?"),
    _w("NIM", r"max_tokens must be at least 1, got -(?P<over>#)"),
    _w("OpenAI, vLLM", r"maximum context length (?:is|of)? ?(?P<m>#)?"),
    *(_w(who, phrase) for who, phrase in (
        ("llama.cpp", r"exceeds the available context size"),
        ("OpenAI Responses", r"exceeds the context window"),
        ("LM Studio", r"greater than the context length"),
        ("Together", r"longer than the model'?s context length"),
        ("xAI", r"maximum prompt length"),
        ("Groq", r"reduce the length of the (?:messages|prompt|input)"),
        ("MiniMax", r"context window exceeds limit"),
        ("Bedrock", r"input is too long for requested model"),
        ("Bedrock", r"input is too long\b"),
        ("Z.ai", r"prompt exceeds max(?:imum)? length"),
        ("Z.ai", r"model_context_window_exceeded"),
        ("Anthropic façades", r"prompt is too long"),
        ("any", r"context_length_exceeded|exceed_context_size_error|model_max_prompt_tokens_exceeded|context_window_exceeded"),
        ("any", r"context length exceeded|exceed(?:s|ed)? (?:the )?(?:model'?s )?(?:maximum |max )?context (?:length|size|window)"),
        ("any", r"too many tokens in (?:the )?(?:prompt|input|request)|token limit exceeded for (?:the )?(?:prompt|input)"),
    )),
)  # fmt: skip
"""Most specific first; the first that matches gives the numbers."""

NOT_OVERFLOW = later(
    r"rate[ _-]?limit|too many requests|tokens?[ _]per[ _](?:min|day|hour)|\btp[md]\b|throttl|requests per", re.I
)

_ABOUT = later(
    r"\b(?:prompts?(?! cache)|inputs?|context(?! manage| cancel)|conversation|chat history|history|sequences?|seq len|messages?|n ctx|request (?:body )?(?:is )?too large"
    r"|request body|(?:total|number of|too many|requested)(?: number of)? tokens?|max(?:imum)? message tokens)\b|prompt(?! cache)|tokens? ?(?:数|总数|长度)"
    r"|提示|输入|輸入|上下文|对话|コンテキスト|入力トークン|컨텍스트|контекст|токенов во входн|konte(?:x|ks)t|contexto|contexte|contesto|bağlam|ngữ cảnh",
    re.I,
)
_TOO_LONG = later(
    r"too (?:long|large|many|big)|exceed|overflow|(?:longer|greater|larger|bigger|more) than|(?:over|above|beyond) (?:the )?(?:model'?s? )?(?:limit|max\w*|allowed|#)"
    r"|\b(?:is|was|window|context) full|\bwindow (?:is|of) (?:only )?#|must (?:be|have) (?:less|fewer|at most|shorter)|(?:limit|max(?:imum)?)\b[^.\d]{0,30} (?:is|of|only)?:? ?#|limit reached|not enough|but # were given"
    r"|超长|过长|太长|超过|超出|过大|超過|超え|초과|превыш|überschr[ie]i?t|dépass|demasiado|trop long|exced|super[ao]|aşıyor|aşıldı|vượt quá|przekrocz".replace(
        "#", N
    ),
    re.I,
)
_SIZED = later(
    r"tokens?\b|context|length|too long|characters|seq len|\blong\b|request body|prompts? (?:is )?too|history|conversation|长|上下文|字|上限|最大"
    r"|コンテキスト|トークン|컨텍스트|контекст|токенов|konte(?:x|ks)t|contexto|contexte|contesto|bağlam|ngữ cảnh",
    re.I,
)
_OF_OTHERS = later(
    r"max ?(?:completion |output |new )?tokens\b|(?:output|completion|generated?|generation) (?:tokens?|length)|to generate|images?\b|pictures?\b|\bfiles?\b|audio|video|pdf"
    r"|\d ?[kmg]i?b\b|bytes?\b|\bnames?\b|\bids?\b|descriptions?\b|\buser\b|\bstop|\btools?\b|tool calls?\b|functions?\b|metadata|schema|json|quota|credit|afford|balance|budget"
    r"|per (?:second|minute|day)|time|deadline|headers?\b|\burl\b|depth|temperature|\btop |roles?\b|moderat|safety|polic|threshold|\bplan\b|\bhour|daily|concurren|batch|edits\b|图|文件|余额|名称|工具",
    re.I,
)
"""What else can be too long or too many: compacting shortens none of these."""
_NAMED = later(rf"(?<![\w.-]){N}(?![\w-])", re.A)
SMALLEST_WINDOW = 512

_WRITTEN = later(r"messages(?:\[?\.?\d+\]?)?(?:\.content\b.*)?")
"""What a conversation grows by. The id or name of a call is among the messages too, and compacting shortens neither."""

SPARE = 64
"""Tokens left free when max_tokens is lowered: the server's count of the same prompt wanders a little."""
SMALLEST_ANSWER = 256
"""An answer shorter than this is not worth a retry; compacting is."""


def overflow_in(words: Words, asked_output: int | None = None) -> Overflow | None:
    """The overflow these words speak of, or None. `asked_output`: the max_tokens of the request."""
    text = words.text
    if NOT_OVERFLOW.search(text):
        return None
    if "string_above_max_length" in words.code and _WRITTEN.fullmatch(words.param):
        return Overflow("input")
    for wording in WORDINGS:
        match = wording.pattern.search(text)
        if match:
            return _counted(match.groupdict(), words.numbers, asked_output)
    return _in_no_known_words(text)


def _in_no_known_words(text: str) -> Overflow | None:
    """An overflow by its parts: what a conversation consists of is too long, and nothing else is spoken of."""
    text = text.replace("_", " ")
    if not (_ABOUT.search(text) and _TOO_LONG.search(text) and _SIZED.search(text)) or _OF_OTHERS.search(text):
        return None
    named = [size for found in _NAMED.findall(text) if (size := _number(found) or 0) >= SMALLEST_WINDOW]
    if len(named) == 2 and named[0] != named[1]:
        return Overflow("input", max(named), None, min(named))
    return Overflow("input", None, None, named[0] if len(named) == 1 else None)


def _number(text: str | None) -> int | None:
    return int(re.sub(r"\D", "", text)[:15]) if text else None


def _counted(groups: dict[str, str | None], given: tuple[int | None, int | None], asked: int | None) -> Overflow:
    found = {key: _number(value) for key, value in groups.items()}
    limit = found.get("m") or given[1]
    output, whole = found.get("o"), found.get("n")
    tokens = found.get("i") or given[0]
    if tokens is not None and found.get("t"):
        tokens += found["t"] or 0
    if tokens is None and whole is not None:
        tokens = whole
        if limit and asked and 0 < whole - asked < limit < whole:
            tokens, output = whole - asked, asked
    if tokens is not None and limit is not None and output is not None and tokens < limit:
        return Overflow("max_tokens", tokens, output, limit)
    return Overflow("input", tokens, output, limit)


def overflow_sentence(overflow: Overflow, words: str) -> str:
    """The sentence Claude Code acts upon, with the endpoint's own words behind it."""
    behind = f" ({words})" if words else ""
    if overflow.of == "max_tokens":
        return (
            f"input length and `max_tokens` exceed context limit: {overflow.input_tokens} + {overflow.output_tokens} > "
            f"{overflow.limit}, decrease input length or `max_tokens` and try again"
        )
    if overflow.input_tokens and overflow.limit and overflow.input_tokens > overflow.limit:
        return f"prompt is too long: {overflow.input_tokens} tokens > {overflow.limit} maximum{behind}"
    return f"prompt is too long{behind}"


def smaller_answer(overflow: Overflow) -> int | None:
    """The max_tokens that would fit, if it is worth a try."""
    if overflow.of != "max_tokens" or overflow.limit is None or overflow.input_tokens is None:
        return None
    room = overflow.limit - overflow.input_tokens - SPARE
    return (
        room if room >= SMALLEST_ANSWER and (overflow.output_tokens is None or room < overflow.output_tokens) else None
    )
