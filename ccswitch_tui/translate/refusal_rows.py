"""The rows of refusals: in these words, if this was sent, that quirk takes this value.

More particular rows come first. A row in plain words stands behind those of
known servers, and asks for the thing itself: the same refusal comes from
servers that nobody has listed. Who says it is named in each row.
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.later import later

if TYPE_CHECKING:
    from ccswitch_tui.translate.asked import Asked

Value = Any


def _sent(field: str) -> Callable[[Asked], bool]:
    return lambda t: field in t.body


def _replays(t: Asked) -> bool:
    return t.quirks.reasoning_replay != "none"


def _has_images(t: Asked) -> bool:
    return t.quirks.images == "send" and any(
        isinstance(m.get("content"), list) and any(p.get("type") == "image_url" for p in m["content"])
        for m in t.body["messages"]
    )


def _has_files(t: Asked) -> bool:
    return any(
        isinstance(m.get("content"), list) and any(p.get("type") == "file" for p in m["content"])
        for m in t.body["messages"]
    )


def _tool_message_images(t: Asked) -> bool:
    return t.quirks.tool_images == "inline" and _has_images(t)


def _has_tools(t: Asked) -> bool:
    return bool(t.body.get("tools"))


def _has_tool_turns(t: Asked) -> bool:
    return any(m["role"] == "tool" for m in t.body["messages"])


def _null_content(t: Asked) -> bool:
    return any(m["role"] == "assistant" and m.get("content") is None for m in t.body["messages"])


def _always(t: Asked) -> bool:
    return True


def _asks_schema(t: Asked) -> bool:
    return bool(t.body.get("response_format", {}).get("type") == "json_schema")


def _streams(t: Asked) -> bool:
    return t.body.get("stream") is True


def _asks_effort(t: Asked) -> bool:
    return t.quirks.effort != "none" and any(field in t.body for field in EFFORT_FIELDS)


EFFORT_FIELDS = (
    "reasoning_effort", "reasoning", "thinking", "enable_thinking", "thinking_budget", "chat_template_kwargs",
    "thinking_budget_tokens", "reasoning_split", "extra_body",
)  # fmt: skip


_OTHER_THINKING = later(
    r"reasoning_content|reasoning_details|extra_content|thinking.?blocks?|redacted|signature|tool_choice|response_format|summary",
    re.I,
)


def _no_effort(match: re.Match[str], t: Asked) -> Value:
    return None if _OTHER_THINKING.search(match.string) else "none"


def _has_blank(t: Asked) -> bool:
    return any(isinstance(m.get("content"), str) and not m["content"].strip() for m in t.body["messages"])


def _blank_or_null(match: re.Match[str], t: Asked) -> Value:
    if _has_blank(t):
        return "leave_out"
    return "mark" if _null_content(t) else None  # façades make a blank text of a missing one


def _ends_with_assistant(t: Asked) -> bool:
    return t.quirks.prefill == "send" and t.body["messages"][-1]["role"] == "assistant"


def _levels(match: re.Match[str], t: Asked) -> Value:
    words = ("none", "default", "minimal", "low", "medium", "high", "xhigh", "max")
    listed = re.findall(r"[a-z]+", match["list"].lower())
    found = tuple(word for word in words if word in listed)
    now = t.body.get("reasoning_effort")
    return found if found and found != t.quirks.effort_levels and found != (now,) else None


def _most_stops(match: re.Match[str], t: Asked) -> Value:
    named = [int(number) for number in re.findall(r"(?<![\d.])\d{1,2}(?![\d.])", match[0])]
    return max((number for number in named if 0 < number < len(t.body["stop"])), default=None)


def _replay_more(match: re.Match[str], t: Asked) -> Value:
    return "reasoning_content" if t.quirks.reasoning_replay == "none" else None


class Refusal(NamedTuple):
    """One row: in these words, if this was sent, the quirk takes this value."""

    quirk: str
    value: Value
    pattern: re.Pattern[str]
    sent: Callable[[Asked], bool]
    who: str
    also_500: bool = False


def _r(
    quirk: str, value: Value, pattern: str, sent: Callable[[Asked], bool], who: str, also_500: bool = False
) -> Refusal:
    return Refusal(quirk, value, later(pattern, re.I | re.S), sent, who, also_500)


LEVELS = r"(?:[\s,'\"`\[\]/|、，和或]|\bor\b|\band\b|\b(?:none|minimal|low|medium|high|xhigh|max|default)\b){3,200}"
EFFORT = r"reasoning[_ -]?effort|reasoning|thinking(?:[_ -]?(?:budget|config|level|mode|tokens))?|enable_thinking|think|effort"
REFUSING = (
    r"not (?:be )?(?:support|allow|permit|available|enabled|recogni[sz]ed|valid|a valid|accept|compatible)\w*|n't (?:support|accept|allow)|unsupported|unknown|unrecogni[sz]ed|unexpected"
    r"|invalid|must be (?:omitted|absent|disabled)|requires? |cannot|illegal|不支持|无效|(?:サポート(?:されて|して)|対応して)い(?:ません|ない)|지원(?:하지|되지) ?않"
    r"|не поддержива|nicht unterstützt|pas (?:pris en charge|supporté)|no (?:es compatible|admite|está soportad)|não (?:é )?suport|non (?:è )?support"
)
IMAGE = r"(?:image_url|image|vision|multi-?modal|picture)"
REFUSALS = (
    _r("max_tokens_field", "max_completion_tokens", r"max_tokens.{0,120}(?:use|instead|replaced|not (?:supported|compatible)).{0,60}max_completion_tokens|use ['\"`]?max_completion_tokens['\"`]? (?:rather than|instead of|in place of|not)",
       _sent("max_tokens"), "OpenAI gpt-5 and o-series, Azure"),
    _r("max_tokens_field", "max_tokens", r"max_completion_tokens.{0,80}(?:not supported|unknown|unrecognized|not permitted|use .?max_tokens)",
       _sent("max_completion_tokens"), "older servers"),
    _r("sampling", "one", r"temperature.{0,8}and.{0,8}top_p.{0,40}(?:cannot|can't|both|exclusive|may be (?:set|given|specified))|top_p.{0,40}(?:cannot|can't|not).{0,40}temperature", lambda t: t.quirks.sampling == "pass", "Claude behind façades"),
    _r("sampling", "none", r"(?:'temperature'|'top_p'|temperature|top_p)['\"`]?.{0,40}(?:does not support|is not supported|unsupported|only (?:the default|1) |(?:is |are )?(?:deprecated|removed|fixed|ignored)|has been removed|(?:must|should|can only|may only) be (?:set to )?1\b"
       r"|(?:cannot|can't) be (?:set|changed|used)|must be 1\b|仅支持|只支持|不支持|(?:サポート|対応).{0,8}(?:ません|ない)|지원(?:하지|되지))|不支持.{0,8}(?:temperature|top_p)|(?:not|n't) (?:support|accept|allow|take) (?:the )?['\"`]?(?:temperature|top_p)|invalid temperature: only|only the default \(1\) value", lambda t: "temperature" in t.body or "top_p" in t.body, "OpenAI, Kimi thinking"),
    _r("effort_with_tools", "omit", r"function tools with reasoning_effort are not supported",
       lambda t: "reasoning_effort" in t.body and t.body["reasoning_effort"] != "none", "GPT-5.4 and later"),
    _r("effort_with_tools", "none", r"function tools with reasoning_effort are not supported",
       lambda t: "reasoning_effort" not in t.body, "GPT-5.6"),
    _r("stop_limit", lambda m, t: int(m["n"]), r"stop['\"`]?.{0,60}array too long.{0,60}maximum length (?P<n>\d+)", _sent("stop"), "OpenAI"),
    _r("stop_limit", _most_stops, r"\bstop(?:[_ ]?sequences?|[_ ]?words?|s)?\b.{0,80}?(?<![\d.])\d{1,2}\b(?!\.\d).{0,12}|(?<![\d.])\d{1,2} (?:stop|items?\b.{0,60}\bstop)", _sent("stop"), "any: how many stop strings there may be"),
    _r("effort_levels", _levels, r"reasoning_effort['\"`]?.{0,60}(?:must be one of|should be one of|supported values|one of|valid values)(?: are)?:?(?P<list>[^.\n]{3,120})",
       _sent("reasoning_effort"), "Groq and others: the vocabulary of this model"),
    _r("effort_levels", _levels, r"(?:invalid|unsupported) value.{0,60}reasoning_effort.{0,80}(?:supported values|one of)(?: are)?:?(?P<list>[^\n]{3,120})",
       _sent("reasoning_effort"), "OpenAI"),
    _r("effort_levels", _levels, r"unsupported value: 'reasoning_effort'.{0,120}supported values are:?(?P<list>[^\n]{3,120})",
       _sent("reasoning_effort"), "OpenAI"),
    _r("effort_off", "omit", r"reasoning is mandatory.{0,80}cannot be disabled|thinking.{0,40}(?:cannot|can't|can not) be disabled(?! when)"
       r"|only works in thinking mode|(?:thinking|reasoning) (?:is |must be )(?:always on|required|enabled for)",
       lambda t: t.quirks.effort != "none" and not t.thinking, "OpenRouter: models that always think"),
    _r("effort_levels", _levels, rf"(?:(?:{EFFORT})(?![a-z_])|(?:unknown|invalid) (?:variant|value|option):? ['\"`]?\w+)[^\n]{{0,60}}?(?:one of|\bin\b|仅支持|只支持|支持|allowed values:?) ?[:(（]? ?(?P<list>{LEVELS})",
       _sent("reasoning_effort"), "serde's unknown variant, ajv, Chinese relays"),
    _r("effort", "none", r"chat_template(?:_kwargs)? is not supported", _sent("chat_template_kwargs"), "NIM: Mistral tokenizers"),
    _r("effort_levels", _levels, rf"reasoning[_.]?effort.{{0,200}}input should be (?P<list>{LEVELS})", _sent("reasoning_effort"), "vLLM, FastAPI: pydantic's literal_error"),
    _r("effort_levels", _levels, rf"(?:reasoning|think\w*|effort)[_ ]?(?:effort|value|level)?s?.{{0,80}}(?:must be|should be|one of|allowed|valid|supported|expected|choose|permitted)(?: values?| levels?)?(?: are| is)?(?: one of)?[: (]*(?P<list>{LEVELS})",
       _sent("reasoning_effort"), "Ollama and others: (must be \"high\", \"medium\", \"low\", …)"),
    _r("effort", _no_effort, rf"(?<![\w.])(?:{EFFORT})\b[^.\n]{{0,100}}(?:{REFUSING})|(?:{REFUSING})[^.\n]{{0,80}}(?<![\w.])(?:{EFFORT})\b",
       _asks_effort, "Ollama (a model that does not think), Gemini, xAI, relays: plain words", True),
    _r("effort", _no_effort, r"not a (?:reasoning|thinking) model|(?:not have|no|lacks?) (?:\w+ )?(?:reasoning|thinking) (?:capabilit|support|mode)"
       r"|(?:effort|reasoning|thinking)\b.{0,40}only (?:be )?(?:used|available|supported|valid|allowed|work\w*) (?:with|for|on|by|in)|不支持.{0,8}(?:思考|推理|reasoning|thinking)"
       r"|no endpoints found that support (?:the )?(?:provided )?['\"`]?reasoning",
       _asks_effort, "OpenAI façades, OpenRouter, Chinese relays", True),
    _r("always_stream", True, r"enable_thinking must be set to false for non-?streaming|enable.?thinking.{0,60}(?:non-?stream|stream ?= ?false)"
       r"|must have stream ?= ?true|only (?:supports?|available in) stream(?:ing)?\b|please (?:use|enable) stream",
       lambda t: not t.body.get("stream"), "Qwen, Fireworks"),
    _r("tool_id", "mistral9", r"must be a-z, ?A-Z, ?0-9, with a length of 9|(?:tool|call).{0,30}id\b.{0,60}(?:length (?:of )?9\b|\{9\})", _has_tool_turns, "Mistral (3280)"),
    _r("assistant_after_tool", True, r"unexpected role ['\"]user['\"] after role ['\"]tool['\"]|user\b.{0,30}(?:cannot|can't|not (?:be )?allowed|must not)(?: to)?.{0,12}(?:follow|after).{0,12}\btool|after (?:a )?tool (?:messages?|results?)\b.{0,60}(?:unexpected|must|expected).{0,30}(?:user|assistant)", _has_tool_turns, "Mistral (3230), Devstral, NIM"),
    _r("alternate_roles", True, r"roles must alternate|(?:should|must|have to) alternate|consecutive .{0,30}\broles?\b.{0,20}not|same role (?:in a row|twice)|have the same role|after the optional system message.{0,80}(?:alternate|user)", _always, "Mistral, Gemma, Perplexity", True),
    _r("mid_system", "fold", r"system message must be at the beginning|system message.{0,40}(?:must be|only).{0,20}first|unexpected role ['\"]system['\"]",
       lambda t: t.quirks.mid_system == "keep", "Qwen and Mistral templates", True),
    _r("system_role", "user", r"(?:does not support ['\"]system['\"]|system role (?:is )?not supported|role ['\"]system['\"] (?:is )?not (?:supported|allowed)|system (?:role|messages?|prompts?|instructions?)(?: is| are)? (?:not|un)(?: |supported|allowed|available|enabled)"
       r"|developer instruction is not enabled|invalid (?:message )?role:? ['\"`]?system|['\"`]system['\"`] is not one of)",
       lambda t: t.quirks.system_role == "system", "o1-mini, Gemma", True),
    _r("system_role", "system", r"(?:['\"]developer['\"].{0,60}(?:not|invalid|unknown|unexpected)|(?:unexpected|unknown|unsupported|invalid).{0,30}['\"]developer['\"])",
       lambda t: t.quirks.system_role == "developer", "servers without the developer role", True),
    _r("tool_choice", "strings_only", r"invalid tool_choice type: ['\"]?object|tool_choice.{0,60}(?:must be|should be|expected) a? ?string|tool_choice.{0,60}(?:input should be|one of|expected)[^.]{0,60}required",
       lambda t: isinstance(t.body.get("tool_choice"), dict), "LM Studio"),
    _r("tool_choice", "objects_only", r"tool_choice.{0,80}(?:valid dictionary|must be an? (?:object|dict)|(?:should|expected)\S* (?:be )?(?:an? )?(?:object|dict|mapping|model))",
       lambda t: isinstance(t.body.get("tool_choice"), str), "FastAPI gateways (lm-proxy)"),
    _r("tool_choice", "auto_only", r"tool_choice.{0,80}(?:incompatible|not support|only (?:supports? )?['\"]?auto|must be ['\"]?auto|not compatible|unsupported|not (?:allowed|available|permitted))"
       r"|(?:not|n't|cannot|can't|un)\s?(?:be )?(?:support|compatible|allow|accept|use|work)\w*.{0,40}(?:tool_choice|forced tool)|(?:thinking|reasoning).{0,60}(?:tool_choice|forces? tool|forced tool)"
       r"|no endpoints found that support the provided ['\"`]?tool_choice|only.{0,40}tool_choice['\"`]?[ =:]{0,3}['\"`]?auto|tool_choice.{0,60}(?:unavailable|disabled)"
       r"|tool_choice.{0,80}(?:input should be|expected|only allowed|allowed to be|one of|can only)[^.\n]{0,20}['\"`]?(?:auto|none)|(?:forced|mode any|required) ?(?:tool|function)?.{0,40}(?:not|n't|un)\s?(?:support|allow|available|compatible)",
       lambda t: t.body.get("tool_choice") not in (None, "auto"),
       "DeepSeek, Kimi and GLM thinking; OpenRouter"),
    _r("tool_choice", "auto_only", r"(?:only|not|n't|un|invalid|disabled|supported values)\b.{0,80}tool[_ ]?choice|tool[_ ]?choice(?!.{0,40}--).{0,60}(?:not|n't|\bun\w|only|supported values|disabled|不|仅|只)",
       lambda t: t.body.get("tool_choice") not in (None, "auto"), "Bedrock and its façades, relays: any refusal of a choice that was forced"),
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
       r"|invalid content type.{0,40}image|(?:not|no|n't|lacks?) (?:have )?(?:\w+ )?vision|text[ -]only|only (?:accepts?|takes?|supports?|allows?) text|(?:multi-?modal|image|vision) ?(?:input|mode|support)? (?:is |are )?disabled"
       r"|画像.{0,20}(?:サポート|対応).{0,8}(?:ません|ない)|이미지.{0,20}지원(?:하지|되지)|не поддержива\w+.{0,20}(?:изображ|картин)|(?:nicht|keine) (?:bild|unterstütz)\w*.{0,20}(?:bild|unterstützt)|(?:n'accepte pas|pas en charge|no admite|não suporta|non support\w+).{0,20}(?:imag|immag)"
       r"|不支持.{0,8}(?:图片|图像|视觉|多模态)|unsupported content (?:part )?type:? ?['\"`]?image|expected (?:a )?string.{0,60}image_url|content\.\d+\S*: input should be ['\"`]text|only supported by (?:certain|some|selected)"
       r"|missing data required for image|at most 0 image|text-only model|not a multi-?modal model|only ['\"`]?text['\"`]? content|no vision|image (?:understanding|input|recognition) is (?:unavailable|off|disabled)|不支持.{0,4}image|only text is (?:allowed|supported|accepted)"
       r"|content\S{0,12}['\"`]? ?(?:: )?(?:value )?must be a string|content\S{0,12}: invalid type: sequence|content\[\d+\]\.type: input should be ['\"`]text|expected [`'\"]?text[`'\"]?.{0,40}image_url", _has_images, "text-only models", True),
    _r("pdf", "text", r"(?:\bfiles?\b|pdf|document).{0,60}(?:not supported|unsupported|not support|not allowed|unknown|invalid)|unknown variant [`'\"]?file"
       r"|(?:not|n't) support.{0,30}(?:\bfiles?\b|pdf|document)", _has_files, "endpoints without file parts"),
    _r("reasoning_replay", _replay_more, r"reasoning_content.{0,60}must be passed back|missing [`'\"]?reasoning_content|reasoning_content is missing|must (?:contain|include|have) [`'\"]?reasoning_content|reasoning[_ ]content must be (?:passed|preserved|returned|kept|included|sent)"
       r"|reasoning_content.{0,40}(?:is )?required", _always, "DeepSeek, Kimi, MiMo"),
    _r("reasoning_scope", "all", r"reasoning_content.{0,60}must be passed back|missing [`'\"]?reasoning_content|reasoning_content is missing",
       lambda t: t.quirks.reasoning_replay == "reasoning_content" and t.quirks.reasoning_scope == "loop", "DeepSeek V4 hosts"),
    _r("reasoning_replay", "google_signature", r"missing a [`'\"]?thought_signature|thought_signature.{0,40}missing",
       lambda t: t.quirks.reasoning_replay != "google_signature", "Gemini"),
    _r("reasoning_replay", "none", r"(?:propert(?:y|ies)|field|parameter|key|argument|input)s? .{0,4}(?:messages\S*)?(?:reasoning_content|reasoning_details|reasoning|extra_content).{0,10}"
       r"(?:is |are )?(?:unsupported|not (?:supported|allowed|permitted))|(?:reasoning_content|reasoning_details|extra_content).{0,60}(?:extra inputs|not permitted|unsupported)",
       _replays, "Groq, Cerebras, Mistral, OpenAI"),
    _r("content_null", "empty", r"content.{0,200}(?:input should be a valid string|none is not an allowed value|must be a string|null|cannot be null|should not be null|is required)",
       lambda t: _null_content(t) and t.quirks.content_null == "null", "llama-cpp-python and strict servers", True),
    _r("content_null", "empty", r"input should be a valid string|none is not an allowed value",
       lambda t: _null_content(t) and t.quirks.content_null == "null", "llama-cpp-python", True),
    _r("prefill", "tell", r"prefill|expected last role|must end with (?:an? )?['\"`]?user|(?:last|final) message.{0,60}(?:must|should|has to|cannot|can't).{0,40}(?:user|tool|assistant)|(?:must|should) end with a user message|cannot continue.{0,40}assistant|last (?:message|role)\b.{0,30}(?:\bis\b|\bbe\b|has).{0,20}user|final assistant content|最后一条消息",
       _ends_with_assistant, "llama.cpp while it thinks, Claude 4.6 and later behind façades", True),
    _r("blank_text", _blank_or_null, r"is blank|non-?whitespace|(?:only|contains?) (?:white ?space|blanks)|(?:not be|only) white ?space|empty (?:content|text|message)s? (?:is|are|not)|text is required|不能为空|内容为空|empty (?:strings?|texts?) (?:is|are) not|at least 1 character|non-?empty string|(?:text|content|message).{0,60}(?:(?:must|should|can) ?not be (?:empty|blank)|(?:cannot|can't) be (?:empty|blank)|non-?empty|is empty|may not be (?:empty|blank)|minimum length|at least 1 char)",
       lambda t: _has_blank(t) or (_null_content(t) and t.quirks.content_null == "null"), "Bedrock and Claude behind façades", True),
    _r("tool_text_empty", "(empty)", r"(?:content|text).{0,60}(?:must not be empty|cannot be empty|non-?empty|should not be empty)",
       lambda t: any(m["role"] == "tool" and m["content"] == "" for m in t.body["messages"]), "servers that refuse an empty text"),
    _r("strict", False, r"strict_schema_violation|asked for strict|strict ?= ?true|strict (?:mode|schemas?).{0,40}(?:not|un)",
       lambda t: t.quirks.strict and b'"strict":true' in t.encoded(), "rapid-mlx", True),
    _r("response_format", "json_object", r"(?:response_format|json_schema|structured outputs?|guided (?:decoding|json)).{0,120}(?:not support|unsupported|unavailable|not available|not enabled|disabled|invalid|unknown|must be)|json mode.{0,60}not",
       _asks_schema, "servers without schema support"),
    _r("response_format", "json_object", r"response[_ ]?(?:format|schema).{0,80}(?:input should be|not|expected|allowed|received|不)", _asks_schema, "validators, and any refusal of a format that was asked for"),
    _r("response_format", "none", r"(?:response_format|json_object|json mode).{0,120}(?:not support|unsupported|unavailable|not available|invalid|unknown)",
       lambda t: t.body.get("response_format", {}).get("type") == "json_object", "servers without JSON mode"),
    _r("dummy_tool", True, r"toolConfig field must be defined|(?:tool calling without|expects the) [`'\"]?tools=?[`'\"]? param|add dummy tool|must (?:define|provide|include) tools|requires? the [`'\"]?tools|but no tools (?:were |are )?(?:given|provided|defined|sent)|tools? (?:must|should) (?:be )?(?:provided|defined|present) when.{0,60}tool", lambda t: _has_tool_turns(t) and not _has_tools(t), "Bedrock façades, LiteLLM before them", True),
    _r("stream_options", False, r"stream_options.{0,80}(?:not (?:supported|permitted|allowed)|unsupported|unknown|unrecognized|extra|only allowed|不支持)|(?:invalid|illegal) (?:field|parameter|argument|key)s?:? ['\"`]?stream_options|include_usage.{0,60}(?:not|extra)",
       _sent("stream_options"), "older Mistral, Fireworks, NIM, Gemini"),
    _r("parallel_tools", False, r"parallel.{0,40}(?:cannot|can't|not).{0,20}(?:disabled|turned off|changed)|disabling parallel.{0,40}not", _sent("parallel_tool_calls"), "plain words"),
    _r("never_stream", True, r"(?<!non-)(?<!non )\bstream(?:ing|ed)?\b[^,;.\n]{0,40}(?:not (?:supported|available|allowed|enabled|implemented|permitted)|unsupported"
       r"|(?:must|should|has to|needs to) be (?:set to )?['\"`]?false)|(?:(?:not|n't) support|cannot|can't) stream|(?:not|n't|un)\s?support(?:ed)? (?:in|with|for|when|while) (?:['\"`]?stream\b|streaming)|stream(?:ing)? ?模式.{0,4}不支持|不支持.{0,4}流式|verified to stream|set ['\"`]?stream['\"`]? to ['\"`]?false",
       _streams, "OpenAI for unverified organisations; small self-made servers", True),
)  # fmt: skip
