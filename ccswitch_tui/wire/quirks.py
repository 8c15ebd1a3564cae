"""Quirks: one documented field per known deviation of an endpoint from plain chat completions.

A quirk is a fact about an endpoint, never a wish: by hand, from a preset, from
a probe or from a refusal the proxy has read. Every default is what an unknown
server most likely accepts. `QUIRKS` says for each what it does, what it may be
and who is known to need it; `edit`, `probe` and the README print from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say


class Quirks(NamedTuple):
    """What the translator must know about one endpoint. Fields and their reasons: the table QUIRKS."""

    max_tokens_field: str = "max_tokens"
    max_output: int | None = None
    sampling: str = "pass"
    top_k: bool = False
    stop_limit: int = 4
    stream_options: bool = True
    always_stream: bool = False
    never_stream: bool = False
    system_role: str = "system"
    mid_system: str = "fold"
    alternate_roles: bool = False
    assistant_after_tool: bool = False
    content_null: str = "null"
    blank_text: str = "send"
    prefill: str = "send"
    tool_text_empty: str = ""
    tool_id: str = "keep"
    tool_choice: str = "all"
    parallel_tools: bool = True
    dummy_tool: bool = False
    schema: str = "as_is"
    lenient_tools: tuple[str, ...] = ()
    drop_tools: tuple[str, ...] = ()
    drop_blanks: bool = False
    max_description: int | None = None
    text_tools: str = "off"
    images: str = "send"
    refused_images: tuple[str, ...] = ()
    max_images: int | None = None
    tool_images: str = "user"
    pdf: str = "text"
    cache_control: str = "strip"
    reasoning_replay: str = "none"
    reasoning_scope: str = "loop"
    thinks_first: bool = False
    effort: str = "none"
    effort_levels: tuple[str, ...] = ()
    effort_off: str = "send"
    effort_with_tools: str = "send"
    response_format: str = "json_schema"
    strict: bool = True
    user_field: str = "none"
    affinity_header: str = ""
    drop_fields: tuple[str, ...] = ()
    drop_betas: tuple[str, ...] = ()
    max_stops: int | None = None
    api_version: str = ""
    extra_body: Mapping[str, Any] = {}


class Quirk(NamedTuple):
    """One row of QUIRKS."""

    doc: str
    allowed: tuple[str, ...] | str
    """The words it may be, or in plain words what form the value has."""
    needed_by: str = ""
    """Who is known to need another value than the default, with the words that tell."""


TRUTH = "true or false"
COUNT = "a whole number of at least 1, or 'none'"
WHOLE = "a whole number"
TEXT = "a string"
WORDS = "a list of words"
TABLE = "a table"

QUIRKS: dict[str, Quirk] = {
    "max_tokens_field": Quirk(
        "the name under which the output limit is sent",
        ("max_tokens", "max_completion_tokens"),
        "OpenAI gpt-5 and o-series, Azure, Cerebras, Groq: \"Unsupported parameter: 'max_tokens'\"",
    ),
    "max_output": Quirk(
        "the model's largest output limit; what the client asks beyond it is lowered",
        COUNT,
        'DeepSeek, Groq, Volcengine, DashScope: "the valid range of max_tokens is [1, 8192]"',
    ),
    "sampling": Quirk(
        "temperature and top_p: pass both, pass one (temperature), or none",
        ("pass", "one", "none"),
        "OpenAI o-series, Kimi thinking: \"'temperature' does not support\"; Claude behind façades takes one of them",
    ),
    "top_k": Quirk(
        "top_k is supported",
        TRUTH,
        "vLLM, SGLang, llama.cpp, ollama, NIM, OpenRouter, Together, Fireworks understand it; OpenAI does not",
    ),
    "stop_limit": Quirk(
        "how many stop strings are accepted (0: none); the others are cut by the proxy itself",
        WHOLE,
        "OpenAI takes 4; o-series and Grok reasoning take none: \"Unsupported parameter: 'stop'\"",
    ),
    "stream_options": Quirk(
        "stream_options.include_usage is supported; if not, token usage is estimated",
        TRUTH,
        'older Mistral, Fireworks, NIM, Gemini: "Extra inputs are not permitted"',
    ),
    "always_stream": Quirk(
        "always ask the endpoint for a stream, also when the client wants one answer",
        TRUTH,
        'Qwen: "enable_thinking must be set to false for non-streaming calls"; Fireworks: long answers',
    ),
    "never_stream": Quirk(
        "ask for whole answers; the proxy turns each into the client's stream (overrides "
        "always_stream)",
        TRUTH,
        'OpenAI for unverified organisations, small servers: "Streaming is not supported for this model"',
    ),
    "system_role": Quirk(
        "the role that carries the system prompt",
        ("system", "developer", "user"),
        "o1-mini: \"'messages[0].role' does not support 'system'\"",
    ),
    "mid_system": Quirk(
        "system messages inside the conversation: folded into the text before them, or kept as they are",
        ("fold", "keep"),
        'Qwen and Mistral templates: "System message must be at the beginning"',
    ),
    "alternate_roles": Quirk(
        "neighbouring messages of one role are merged",
        TRUTH,
        'Mistral, Gemma, Perplexity: "Conversation roles must alternate"',
    ),
    "assistant_after_tool": Quirk(
        "an assistant message is put between a tool result and a user message",
        TRUTH,
        "Mistral (code 3230): \"Unexpected role 'user' after role 'tool'\"",
    ),
    "content_null": Quirk(
        "what stands for the missing text of a message that only calls tools",
        ("null", "empty"),
        'llama-cpp-python: 500, "Input should be a valid string"',
    ),
    "blank_text": Quirk(
        "text that is only whitespace: sent, left out (with a mark where text is required), "
        "or always a mark",
        ("send", "leave_out", "mark"),
        'Bedrock: "The text field in the ContentBlock object … is blank"',
    ),
    "prefill": Quirk(
        "a conversation that ends with the beginning of the answer: sent as it is, or "
        "described to the model in words",
        ("send", "tell"),
        'llama.cpp: "Assistant response prefill is incompatible with enable_thinking"',
    ),
    "tool_text_empty": Quirk("what stands for an empty tool result", TEXT, "servers that refuse an empty text"),
    "tool_id": Quirk(
        "ids of tool calls: kept (hashed above 40 characters), or always nine letters and digits",
        ("keep", "mistral9"),
        'Mistral (code 3280): "must be a-z, A-Z, 0-9, with a length of 9"',
    ),
    "tool_choice": Quirk(
        "which forms of tool_choice are accepted: all, only the words, only the name of a tool, or only auto",
        ("all", "strings_only", "objects_only", "auto_only"),
        "LM Studio (words); FastAPI gateways (names); thinking models of DeepSeek, Kimi, GLM (auto)",
    ),
    "parallel_tools": Quirk("parallel_tool_calls is supported", TRUTH, "o-series, Cohere refuse it"),
    "dummy_tool": Quirk(
        "send a tool nobody can call when the conversation has tool calls but the request has no tools",
        TRUTH,
        'Bedrock façades: "toolConfig field must be defined"',
    ),
    "schema": Quirk(
        "dialect of tool schemas: as they are, without $-keys, what Gemini supports, what NIM "
        "supports, OpenAI strict, or without any constraint on values",
        ("as_is", "plain", "gemini", "nim", "strict", "lenient"),
        'Gemini: "Unknown name \\"additionalProperties\\""; Moonshot, llama.cpp, xgrammar (lenient)',
    ),
    "lenient_tools": Quirk(
        "tools whose schema is sent without its constraints, because the endpoint refused them",
        WORDS,
        'Moonshot: "not a valid moonshot flavored json schema"; llama.cpp: "JSON schema conversion failed"',
    ),
    "drop_tools": Quirk(
        "tools that are not sent at all, because the endpoint refuses their schema in any form",
        WORDS,
        'llama.cpp: "failed to parse grammar"',
    ),
    "drop_blanks": Quirk(
        "empty texts for optional arguments of tools are left out",
        TRUTH,
        "models that fill in every argument; Claude Code's Read refuses pages=\"\" again and again",
    ),
    "max_description": Quirk("longest tool description, in characters", COUNT, "1024 at some gateways"),
    "text_tools": Quirk(
        "tool calls that the model writes as text in this notation are recognised",
        (
            "off", "hermes", "qwen", "kimi", "dsml", "mistral", "xai", "minimax", "glm", "harmony", "deepseek", "llama",
            "pythonic", "gemma", "granite",
        ),
        "servers started without a tool parser; better to fix the server (--tool-call-parser, --jinja)",
    ),
    "images": Quirk(
        "images are sent, or replaced by a one-line note",
        ("send", "note"),
        'text-only models: "does not support image input"',
    ),
    "refused_images": Quirk(
        "pictures that are left out: a format (image/gif), or one picture by its digest",
        WORDS,
        '"image/gif images are not supported; use png or jpeg"; one that is broken or too large',
    ),
    "max_images": Quirk(
        "the most pictures in one request; older ones are left out",
        COUNT,
        'vLLM: "At most 8 image(s) may be provided in one prompt"',
    ),
    "tool_images": Quirk(
        "images in tool results: in a user message after the results, or inline in the result",
        ("user", "inline"),
        "OpenAI refuses them inline; vLLM and Claude behind façades take them",
    ),
    "pdf": Quirk(
        "PDF documents: sent as a file part, as the text extracted from them (a note where "
        "there is none), or as a note",
        ("file", "text", "note"),
        "OpenAI and OpenRouter take file parts",
    ),
    "cache_control": Quirk(
        "the client's cache marks: removed or passed on",
        ("strip", "pass"),
        "OpenRouter with Claude, Claude behind façades, DashScope can use them",
    ),
    "reasoning_replay": Quirk(
        "how earlier reasoning is given back to the model",
        ("none", "reasoning_content", "reasoning", "reasoning_details", "mistral_parts", "google_signature", "items"),
        'DeepSeek, Kimi, MiMo: "reasoning_content … must be passed back"; OpenAI, Groq, Mistral refuse the key',
    ),
    "reasoning_scope": Quirk(
        "whether reasoning is replayed in the current tool loop only, or in all turns",
        ("loop", "all"),
        "GLM with preserved thinking, some DeepSeek V4 hosts",
    ),
    "thinks_first": Quirk(
        "answers begin with thinking whose opening tag the server's template wrote: "
        "everything before </think> is thinking",
        TRUTH,
        "servers without a reasoning parser, with templates that end in <think> (Qwen3 thinking, DeepSeek R1, GLM)",
    ),
    "effort": Quirk(
        "dialect in which thinking and effort are asked for",
        (
            "none", "reasoning_effort", "reasoning", "thinking", "enable_thinking", "chat_template_kwargs",
            "thinking_budget_tokens", "reasoning_split", "google", "responses",
        ),
        "OpenAI: reasoning_effort; OpenRouter: reasoning; DeepSeek, GLM, Kimi: thinking; Qwen: enable_thinking",
    ),
    "effort_levels": Quirk(
        "the effort words this model lists; the nearest is sent (none listed: what the "
        "dialect usually accepts)",
        WORDS,
        "Groq gpt-oss: low, medium, high; Qwen on Groq: none, default; OpenAI: also minimal, xhigh",
    ),
    "effort_off": Quirk(
        "thinking turned off by the client: said in the dialect, or not said",
        ("send", "omit"),
        'some models: "Reasoning is mandatory for this endpoint and cannot be disabled"',
    ),
    "effort_with_tools": Quirk(
        "effort in requests with tools: sent, left out, or sent as 'none'",
        ("send", "omit", "none"),
        'GPT-5.4 and later: "Function tools with reasoning_effort are not supported"',
    ),
    "response_format": Quirk(
        "structured output: as a schema, as plain JSON mode with an instruction, or the instruction alone",
        ("json_schema", "json_object", "none"),
        "servers without schema support",
    ),
    "strict": Quirk("strict schemas may be requested", TRUTH, "servers that refuse strict"),
    "user_field": Quirk(
        "field that carries the hashed session id, for cache affinity",
        ("none", "user", "prompt_cache_key", "safety_identifier"),
        "OpenAI; Groq and Gemini refuse prompt_cache_key",
    ),
    "affinity_header": Quirk("header that carries the hashed session id", TEXT, "Mistral: x-affinity"),
    "drop_fields": Quirk("optional body fields never to send", WORDS, "servers that refuse unknown fields"),
    "drop_betas": Quirk(
        "beta features of the client that are never passed on ('all': none is), at endpoints "
        "that speak the Messages API",
        WORDS,
        'gateways: "Unexpected value(s) for the anthropic-beta header"',
    ),
    "max_stops": Quirk(
        "the most stop sequences, at endpoints that speak the Messages API",
        COUNT,
        'vLLM: "List should have at most 4 items"',
    ),
    "api_version": Quirk(
        "the anthropic-version to send instead of the client's, at endpoints that speak the Messages API",
        TEXT,
        "gateways that know another date only",
    ),
    "extra_body": Quirk("fields added to every request", TABLE, 'e.g. {"provider": {"order": ["…"]}} for OpenRouter'),
}  # fmt: skip

Check = Callable[[Any], bool]


def _is_count(value: Any) -> bool:
    return value is None or value == "none" or (_is_whole(value) and value >= 1)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_FORMS: dict[str, Check] = {
    TRUTH: lambda v: isinstance(v, bool),
    COUNT: _is_count,
    WHOLE: _is_whole,
    TEXT: lambda v: isinstance(v, str),
    WORDS: lambda v: isinstance(v, list | tuple) and all(isinstance(w, str) for w in v),
    TABLE: lambda v: isinstance(v, Mapping),
}


def allowed_values(name: str) -> str:
    """What quirk `name` may be, in words."""
    allowed = QUIRKS[name].allowed
    return allowed if isinstance(allowed, str) else ", ".join(allowed)


def check_quirk(name: str, value: Any) -> Any:
    """`value` as the field `name` holds it; raises UsageError naming the quirk and what it may be."""
    quirk = QUIRKS.get(name)
    if quirk is None:
        raise UsageError(
            say("unknown quirk '{name}'", name=name), hint=say("known quirks: {names}", names=", ".join(sorted(QUIRKS)))
        )
    fits = value in quirk.allowed if isinstance(quirk.allowed, tuple) else _FORMS[quirk.allowed](value)
    if not fits:
        raise UsageError(
            say("quirk '{name}' cannot be {value}", name=name, value=repr(value)),
            hint=say("it may be: {values}", values=allowed_values(name)),
        )
    if quirk.allowed is COUNT:
        return None if value in (None, "none") else value
    return tuple(value) if quirk.allowed is WORDS else value


def quirks_from(*layers: Mapping[str, Any]) -> Quirks:
    """The quirks these layers add up to; later layers win.

    A value is raw, or a table `{value, from, at, because}` as probes and the
    proxy write it. Raises UsageError naming the key and the allowed values.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, given in layer.items():
            known = isinstance(given, Mapping) and "value" in given and name != "extra_body"
            merged[name] = check_quirk(name, given["value"] if known or _is_kept_table(given) else given)
    return Quirks(**merged)


def _is_kept_table(given: Any) -> bool:
    """extra_body is a table itself: only `{value, from, …}` with a table inside is provenance."""
    return isinstance(given, Mapping) and isinstance(given.get("value"), Mapping) and "from" in given
