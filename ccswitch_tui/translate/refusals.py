"""Refusals that teach: an upstream's error → the quirk under which the same request goes through.

Only a refusal that binds a *named field* to a refusing word counts; a field
merely mentioned does not. Only a field that was really sent can have been
refused. Fields that carry meaning (messages, tools, a response schema) are
never given up: their form changes, and a notice says so.
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.translate.failure import Learned, clean_message
from ccswitch_tui.translate.words import Words

if TYPE_CHECKING:
    from ccswitch_tui.translate.request import Translation

Json = dict[str, Any]
Value = Any

LEARNS_FROM = frozenset({400, 404, 405, 409, 415, 422, 500, 501})
"""500 and 501 because llama-cpp-python and some vision refusals come so; only the rows that say it look at them."""

CAP_PATTERNS = tuple(
    re.compile(p, re.I | re.S)
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
"""The output limit in a refusal of max_tokens. DeepSeek, DashScope, Groq, OpenAI, Anthropic façades, Volcengine, …"""

_F = r"['\"`]?(?P<f>[\w$.\[\]-]+)['\"`]?"
FIELD_PATTERNS = tuple(
    re.compile(p.replace("@", _F), re.I)
    for p in (
        r"unsupported (?:parameter|argument|field)(?:\(s\))?s?:? @",
        r"unsupported value:? @ does not support",
        r"unrecognized (?:request )?(?:argument|parameter|field|key)s?(?: supplied)?:? @",
        r"unknown (?:request )?(?:parameter|field|name|argument|key)s?:? @",
        r"unexpected (?:keyword argument|field|parameter|key):? @",
        r"propert(?:y|ies) @ (?:is|are) (?:unsupported|not (?:supported|allowed|permitted))",
        r"extra (?:inputs|fields) (?:are )?not permitted,? field: @",
        r"@: extra (?:inputs|fields) (?:are )?not permitted",
        r"(?:argument|parameter|field) not supported(?: on| by| for)?(?: this| the)?(?: model| endpoint)?: @",
        r"does not support (?:the )?(?:parameter|argument|field|option)s?:? @",
        r"(?:parameter|argument|field|key|property) @ is (?:not supported|unsupported|not allowed|not permitted|unknown|unrecognized)",
        r"['\"`](?P<f>[\w$.]+)['\"`](?: parameter| field)? is (?:not supported|unsupported|not allowed|not permitted)",
        r"additional properties are not allowed \(['\"](?P<f>[\w$]+)",
        r"@ (?:parameter )?(?:is )?does not support [\d.]+ with this model",
    )
)

TELLING_CODES = (
    "unsupported_parameter",
    "unknown_parameter",
    "unsupported_value",
    "extra_forbidden",
    "wrong_api_format",
)
"""With one of these codes the body's `param` names the refused field."""


def _sent(field: str) -> Callable[[Translation], bool]:
    return lambda t: field in t.body


def _replays(t: Translation) -> bool:
    return t.quirks.reasoning_replay != "none"


def _has_images(t: Translation) -> bool:
    return t.quirks.images == "send" and any(
        isinstance(m.get("content"), list) and any(p.get("type") == "image_url" for p in m["content"])
        for m in t.body["messages"]
    )


def _has_files(t: Translation) -> bool:
    return any(
        isinstance(m.get("content"), list) and any(p.get("type") == "file" for p in m["content"])
        for m in t.body["messages"]
    )


def _tool_message_images(t: Translation) -> bool:
    return t.quirks.tool_images == "inline" and _has_images(t)


def _has_tools(t: Translation) -> bool:
    return bool(t.body.get("tools"))


def _has_tool_turns(t: Translation) -> bool:
    return any(m["role"] == "tool" for m in t.body["messages"])


def _null_content(t: Translation) -> bool:
    return any(m["role"] == "assistant" and m.get("content") is None for m in t.body["messages"])


def _always(t: Translation) -> bool:
    return True


def _streams(t: Translation) -> bool:
    return t.body.get("stream") is True


def _levels(match: re.Match[str], t: Translation) -> Value:
    words = ("none", "default", "minimal", "low", "medium", "high", "xhigh", "max")
    listed = re.findall(r"[a-z]+", match["list"].lower())
    found = tuple(word for word in words if word in listed)
    return found or None


def _replay_more(match: re.Match[str], t: Translation) -> Value:
    return "reasoning_content" if t.quirks.reasoning_replay == "none" else None


class Refusal(NamedTuple):
    """One row: in these words, if this was sent, the quirk takes this value."""

    quirk: str
    value: Value
    pattern: re.Pattern[str]
    sent: Callable[[Translation], bool]
    who: str
    also_500: bool = False


def _r(
    quirk: str, value: Value, pattern: str, sent: Callable[[Translation], bool], who: str, also_500: bool = False
) -> Refusal:
    return Refusal(quirk, value, re.compile(pattern, re.I | re.S), sent, who, also_500)


IMAGE = r"(?:image|vision|multi-?modal|image_url|picture)"
REFUSALS = (
    _r("max_tokens_field", "max_completion_tokens", r"max_tokens.{0,120}(?:use|instead|not (?:supported|compatible)).{0,60}max_completion_tokens",
       _sent("max_tokens"), "OpenAI gpt-5 and o-series, Azure"),
    _r("max_tokens_field", "max_tokens", r"max_completion_tokens.{0,80}(?:not supported|unknown|unrecognized|not permitted|use .?max_tokens)",
       _sent("max_completion_tokens"), "older servers"),
    _r("sampling", "one", r"temperature.{0,8}and.{0,8}top_p.{0,40}(?:cannot|can't|both)", lambda t: t.quirks.sampling == "pass", "Claude behind façades"),
    _r("sampling", "none", r"(?:'temperature'|'top_p'|temperature|top_p)['\"`]?.{0,40}(?:does not support|is not supported|unsupported|only (?:the default|1) )"
       r"|invalid temperature: only|only the default \(1\) value", lambda t: "temperature" in t.body or "top_p" in t.body, "OpenAI, Kimi thinking"),
    _r("effort_with_tools", "omit", r"function tools with reasoning_effort are not supported",
       lambda t: "reasoning_effort" in t.body and t.body["reasoning_effort"] != "none", "GPT-5.4 and later"),
    _r("effort_with_tools", "none", r"function tools with reasoning_effort are not supported",
       lambda t: "reasoning_effort" not in t.body, "GPT-5.6"),
    _r("stop_limit", lambda m, t: int(m["n"]), r"stop['\"`]?.{0,60}array too long.{0,60}maximum length (?P<n>\d+)", _sent("stop"), "OpenAI"),
    _r("effort_levels", _levels, r"reasoning_effort['\"`]?.{0,60}(?:must be one of|should be one of|supported values|one of|valid values)(?: are)?:?(?P<list>[^.\n]{3,120})",
       _sent("reasoning_effort"), "Groq and others: the vocabulary of this model"),
    _r("effort_levels", _levels, r"(?:invalid|unsupported) value.{0,60}reasoning_effort.{0,80}(?:supported values|one of)(?: are)?:?(?P<list>[^\n]{3,120})",
       _sent("reasoning_effort"), "OpenAI"),
    _r("effort_levels", _levels, r"unsupported value: 'reasoning_effort'.{0,120}supported values are:?(?P<list>[^\n]{3,120})",
       _sent("reasoning_effort"), "OpenAI"),
    _r("effort_off", "omit", r"reasoning is mandatory.{0,80}cannot be disabled|thinking.{0,40}(?:cannot|can't|can not) be disabled(?! when)",
       lambda t: t.quirks.effort != "none" and not t.thinking, "OpenRouter: models that always think"),
    _r("effort", "none", r"chat_template(?:_kwargs)? is not supported", _sent("chat_template_kwargs"), "NIM: Mistral tokenizers"),
    _r("always_stream", True, r"enable_thinking must be set to false for non-?streaming|enable.?thinking.{0,60}(?:non-?stream|stream ?= ?false)"
       r"|must have stream ?= ?true|only (?:supports?|available in) stream(?:ing)?\b|please (?:use|enable) stream",
       lambda t: not t.body.get("stream"), "Qwen, Fireworks"),
    _r("tool_id", "mistral9", r"must be a-z, ?A-Z, ?0-9, with a length of 9", _has_tool_turns, "Mistral (3280)"),
    _r("assistant_after_tool", True, r"unexpected role ['\"]user['\"] after role ['\"]tool['\"]", _has_tool_turns, "Mistral (3230), Devstral, NIM"),
    _r("alternate_roles", True, r"roles must alternate|after the optional system message.{0,80}(?:alternate|user)", _always, "Mistral, Gemma, Perplexity", True),
    _r("mid_system", "fold", r"system message must be at the beginning|system message.{0,40}(?:must be|only).{0,20}first|unexpected role ['\"]system['\"]",
       lambda t: t.quirks.mid_system == "keep", "Qwen and Mistral templates", True),
    _r("system_role", "user", r"(?:does not support ['\"]system['\"]|system role (?:is )?not supported|role ['\"]system['\"] (?:is )?not (?:supported|allowed))",
       lambda t: t.quirks.system_role == "system", "o1-mini, Gemma", True),
    _r("system_role", "system", r"(?:['\"]developer['\"].{0,60}(?:not|invalid|unknown|unexpected)|(?:unexpected|unknown|unsupported|invalid).{0,30}['\"]developer['\"])",
       lambda t: t.quirks.system_role == "developer", "servers without the developer role", True),
    _r("tool_choice", "strings_only", r"invalid tool_choice type: ['\"]?object|tool_choice.{0,60}(?:must be|should be|expected) a? ?string",
       lambda t: isinstance(t.body.get("tool_choice"), dict), "LM Studio"),
    _r("tool_choice", "auto_only", r"tool_choice.{0,80}(?:incompatible|not support|only (?:supports? )?['\"]?auto|must be ['\"]?auto|not compatible|unsupported)"
       r"|no endpoints found that support the provided ['\"`]?tool_choice", lambda t: t.body.get("tool_choice") not in (None, "auto"),
       "DeepSeek, Kimi and GLM thinking; OpenRouter"),
    _r("schema", "gemini", r"unknown name ['\"](?:additionalProperties|\$schema|const|propertyNames|exclusiveM\w+|patternProperties|\$ref|\$defs|default|\$id|uniqueItems)['\"]"
       r"|function_declarations.{0,200}(?:unknown name|only allowed|missing field|should be non-empty)|reference to undefined schema", _has_tools, "Gemini"),
    _r("schema", "plain", r"['\"]additionalProperties['\"] is required to be supplied and to be false|invalid schema for function.{0,200}strict",
       lambda t: t.quirks.schema == "strict", "OpenAI strict"),
    _r("schema", "plain", r"(?:unknown|unsupported|unexpected|not supported|invalid).{0,40}\$(?:schema|id|comment)", lambda t: _has_tools(t) and t.quirks.schema == "as_is", "strict gateways"),
    _r("schema", "nim", r"(?:bool|boolean).{0,60}(?:schema|not (?:iterable|subscriptable))|'bool' object", lambda t: _has_tools(t) and t.quirks.schema in ("as_is", "plain"), "NIM", True),
    _r("max_description", lambda m, t: int(m["n"]), r"description['\"`]?.{0,60}(?:too long|at most|maximum length|max(?:imum)?).{0,40}?(?P<n>\d{3,5})", _has_tools, "gateways with a limit"),
    _r("tool_images", "user", r"image urls? (?:are|is) only allowed for messages with role ['\"]user", _tool_message_images, "OpenAI"),
    _r("images", "note", rf"{IMAGE}.{{0,60}}(?:not supported|unsupported|not support|not allowed|not available|not enabled|isn't supported)"
       rf"|(?:does not|doesn't|not|cannot|can't|don't) (?:support|accept|process|handle|take) {IMAGE}|(?:not|n't) support.{{0,30}}{IMAGE}"
       r"|unknown variant [`'\"]?image_url|no endpoints found that support image input|only (?:supports? )?text(?:-only)? (?:input|content|messages|model)"
       r"|invalid content type.{0,40}image|at most 0 image|text-only model|expected [`'\"]?text[`'\"]?.{0,40}image_url", _has_images, "text-only models", True),
    _r("pdf", "text", r"(?:\bfiles?\b|pdf|document).{0,60}(?:not supported|unsupported|not support|not allowed|unknown|invalid)|unknown variant [`'\"]?file"
       r"|(?:not|n't) support.{0,30}(?:\bfiles?\b|pdf|document)", _has_files, "endpoints without file parts"),
    _r("reasoning_replay", _replay_more, r"reasoning_content.{0,60}must be passed back|missing [`'\"]?reasoning_content|reasoning_content is missing"
       r"|reasoning_content.{0,40}(?:is )?required", _always, "DeepSeek, Kimi, MiMo"),
    _r("reasoning_scope", "all", r"reasoning_content.{0,60}must be passed back|missing [`'\"]?reasoning_content|reasoning_content is missing",
       lambda t: t.quirks.reasoning_replay == "reasoning_content" and t.quirks.reasoning_scope == "loop", "DeepSeek V4 hosts"),
    _r("reasoning_replay", "google_signature", r"missing a thought_signature|thought_signature.{0,40}missing",
       lambda t: t.quirks.reasoning_replay != "google_signature", "Gemini"),
    _r("reasoning_replay", "none", r"(?:propert(?:y|ies)|field|parameter|key|argument|input)s? .{0,4}(?:messages\S*)?(?:reasoning_content|reasoning_details|reasoning|extra_content).{0,10}"
       r"(?:is |are )?(?:unsupported|not (?:supported|allowed|permitted))|(?:reasoning_content|reasoning_details|extra_content).{0,60}(?:extra inputs|not permitted|unsupported)",
       _replays, "Groq, Cerebras, Mistral, OpenAI"),
    _r("content_null", "empty", r"content.{0,200}(?:input should be a valid string|none is not an allowed value|must be a string|null|cannot be null|should not be null|is required)",
       lambda t: _null_content(t) and t.quirks.content_null == "null", "llama-cpp-python and strict servers", True),
    _r("content_null", "empty", r"input should be a valid string|none is not an allowed value",
       lambda t: _null_content(t) and t.quirks.content_null == "null", "llama-cpp-python", True),
    _r("tool_text_empty", "(empty)", r"(?:content|text).{0,60}(?:must not be empty|cannot be empty|non-?empty|should not be empty)",
       lambda t: any(m["role"] == "tool" and m["content"] == "" for m in t.body["messages"]), "servers that refuse an empty text"),
    _r("response_format", "json_object", r"(?:response_format|json_schema).{0,120}(?:not support|unsupported|unavailable|not available|invalid|unknown|must be)",
       lambda t: t.body.get("response_format", {}).get("type") == "json_schema", "servers without schema support"),
    _r("response_format", "none", r"(?:response_format|json_object|json mode).{0,120}(?:not support|unsupported|unavailable|not available|invalid|unknown)",
       lambda t: t.body.get("response_format", {}).get("type") == "json_object", "servers without JSON mode"),
    _r("dummy_tool", True, r"toolConfig field must be defined", lambda t: _has_tool_turns(t) and not _has_tools(t), "Bedrock façades"),
    _r("stream_options", False, r"stream_options.{0,80}(?:not (?:supported|permitted|allowed)|unsupported|unknown|unrecognized|extra)|include_usage.{0,60}(?:not|extra)",
       _sent("stream_options"), "older Mistral, Fireworks, NIM, Gemini"),
    _r("never_stream", True, r"(?<!non-)(?<!non )\bstream(?:ing|ed)?\b[^,;.\n]{0,40}(?:not (?:supported|available|allowed|enabled|implemented|permitted)|unsupported"
       r"|(?:must|should|has to|needs to) be (?:set to )?['\"`]?false)|(?:(?:not|n't) support|cannot|can't) stream|verified to stream|set ['\"`]?stream['\"`]? to ['\"`]?false",
       _streams, "OpenAI for unverified organisations; small self-made servers", True),
)  # fmt: skip

FIELD_QUIRKS: dict[str, tuple[str, Value]] = {
    "max_tokens": ("max_tokens_field", "max_completion_tokens"),
    "max_completion_tokens": ("max_tokens_field", "max_tokens"),
    "temperature": ("sampling", "none"),
    "top_p": ("sampling", "none"),
    "top_k": ("top_k", False),
    "stop": ("stop_limit", 0),
    "stream_options": ("stream_options", False),
    "include_usage": ("stream_options", False),
    "stream": ("never_stream", True),
    "parallel_tool_calls": ("parallel_tools", False),
    "reasoning_effort": ("effort", "none"),
    "reasoningEffort": ("effort", "none"),
    "reasoning": ("effort", "none"),
    "thinking": ("effort", "none"),
    "enable_thinking": ("effort", "none"),
    "thinking_budget": ("effort", "none"),
    "chat_template_kwargs": ("effort", "none"),
    "thinking_budget_tokens": ("effort", "none"),
    "reasoning_split": ("effort", "none"),
    "user": ("user_field", "none"),
    "prompt_cache_key": ("user_field", "none"),
    "safety_identifier": ("user_field", "none"),
    "strict": ("strict", False),
    "cache_control": ("cache_control", "strip"),
    "reasoning_content": ("reasoning_replay", "none"),
    "reasoning_details": ("reasoning_replay", "none"),
    "extra_content": ("reasoning_replay", "none"),
}
"""A refused field → the quirk that no longer sends it."""

NESTED = frozenset(
    {"include_usage", "strict", "cache_control", "reasoning_content", "reasoning_details", "extra_content"}
)
"""Fields that live inside messages or tools: sent if they are anywhere in the body."""

GIVEN_UP_NEVER = frozenset({"model", "messages", "tools", "tool_choice", "response_format", "stream"})


def refused_fields(words: Words) -> Iterator[str]:
    """Names that these words bind to a refusal, as they are written (perhaps with a path)."""
    yield from words.refused
    if words.param and any(code in words.code for code in TELLING_CODES):
        yield words.param
    for pattern in FIELD_PATTERNS:
        for match in pattern.finditer(words.text):
            yield match["f"].strip(".")


def learn(status: int, words: Words, translation: Translation) -> Learned | None:
    """The quirk this refusal teaches, or None."""
    if status not in LEARNS_FROM:
        return None
    soft = status >= 500
    because = clean_message(words.message)[:300]
    cap = None if soft else _cap(words, translation)
    if cap is not None:
        return Learned("max_output", cap, because)
    for row in REFUSALS:
        match = row.pattern.search(words.text) if not soft or row.also_500 else None
        if match is None or not row.sent(translation):
            continue
        value = row.value(match, translation) if callable(row.value) else row.value
        if value is not None and getattr(translation.quirks, row.quirk) != value:
            return Learned(row.quirk, value, because)
    return None if soft else _field_refused(words, translation, because)


def _cap(words: Words, translation: Translation) -> int | None:
    sent = translation.body.get(translation.quirks.max_tokens_field)
    if not isinstance(sent, int):
        return None
    for pattern in CAP_PATTERNS:
        match = pattern.search(words.text.replace(",", "") if "[" not in words.text else words.text)
        if match and 0 < int(match[1][:12]) < sent:
            return int(match[1][:12])
    return None


def _field_refused(words: Words, translation: Translation, because: str) -> Learned | None:
    body = translation.body
    for written in refused_fields(words):
        path = re.split(r"[.\[\]]+", written.strip("'\"`"))
        name = next((part for part in reversed(path) if part and not part.isdecimal()), "")
        in_messages = "messages" in path[:-1]
        rule = FIELD_QUIRKS.get(name)
        if name == "reasoning" and in_messages:
            rule = ("reasoning_replay", "none")
        if rule is not None:
            quirk, value = rule
            sent = name in body or (name in NESTED | {"reasoning"} and f'"{name}"'.encode() in translation.encoded())
            if name == "reasoningEffort":
                sent = "reasoning_effort" in body
            if sent and getattr(translation.quirks, quirk) != value:
                return Learned(quirk, value, because)
        elif name in body and not in_messages and name not in GIVEN_UP_NEVER:
            return Learned("drop_fields", (*translation.quirks.drop_fields, name), because)
    return None
