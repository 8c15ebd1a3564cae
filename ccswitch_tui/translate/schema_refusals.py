"""What a refusal of a tool's schema teaches: first the schema without its constraints, then the request without the tool.

A constraint is a help to the model, and the client checks every call itself;
one schema that an endpoint's grammar cannot express ends the whole session.
Sources: Moonshot, llama.cpp (and LM Studio, Ollama on it), OpenAI, xgrammar in
vLLM and SGLang, as public reports quote them.
"""

# ruff: noqa: E501  (wordings stay in one piece, so that they can be searched for)

from __future__ import annotations

import re
from typing import Any

from ccswitch_tui.wire.later import later

Json = dict[str, Any]
Lesson = tuple[str, Any]

ABOUT_SCHEMAS = later(
    r"json[ _-]?schema|schema conversion|invalid (?:\w+ ){0,2}schema|schema (?:is|must|error|validation|for|of|at|keyword|feature)|unrecognized schema|schema for function|not a valid schema"
    r"|(?:pars(?:e|ing)|compil(?:e|ing)|convert|generat(?:e|ing)|initiali[sz](?:e|ing)|creat(?:e|ing)|build)\w* (?:the |a )?(?:grammar|parser for this template)|grammar (?:error|compil|is|could|fail|rule|string|generation)|invalid grammar|\bgbnf\b|failed to parse grammar|xgrammar|outlines|llguidance|guidance"
    r"|cannot resolve \$ref|unresolv\w+ (?:\$ref|reference)|\$ref.{0,40}(?:not|cannot|unsupported|invalid|unknown|sibling|resol)|moonshot flavou?red|invalid_function_parameters"
    r"|array schema (?:is )?missing items|array.{0,30}missing (?:field )?['\"`]?items|type is not defined|(?:type|anyof).{0,40}should be defined|pattern must start with|unsupported pattern|regex.{0,30}(?:not supported|unsupported|invalid|lookahead|lookaround)|repetition"
    r"|(?:minLength|maxLength|minItems|maxItems|pattern|format|uniqueItems|patternProperties|propertyNames|oneOf|anyOf|allOf|not|enum|const|minimum|maximum|multipleOf|exclusiveM\w+)['\"`]? (?:is|are) (?:not (?:supported|permitted|allowed)|unsupported)"
    r"|tools?[\[.]\d+\]?\.function\.parameters|function\.parameters|tool (?:parameters|schema|definition)|function_?declarations?\b|json pointer|pointertonowhere|参数.{0,8}(?:schema|格式)|schema.{0,6}(?:不合法|错误|无效)|input_schema|parameters? schema",
    re.I | re.S,
)
OF_A_TOOL = later(r"schema|参数|parameters?\b|propert(?:y|ies)|\brequired\b|\$ref|any_?of", re.I)
"""What is enough where a tool of the request is named."""
NOT_SCHEMAS = later(r"response_format|text\.format|reasoning_content|tool_choice", re.I)


def schema_lesson(
    text: str, param: str, body: Json, *, dialect: str, lenient: tuple[str, ...], dropped: tuple[str, ...]
) -> Lesson | None:
    """The quirk and its value if these words refuse a tool's schema; None where nothing is left to be tried."""
    tools = body.get("tools")
    said = f"{text} {param}"
    if not tools or NOT_SCHEMAS.search(said):
        return None
    named = named_tool(text, param, tools)
    if not ABOUT_SCHEMAS.search(said) and not (named and OF_A_TOOL.search(said)):
        return None
    if named and named not in lenient and dialect != "lenient":
        return "lenient_tools", (*lenient, named)
    if named:
        return ("drop_tools", (*dropped, named)) if named not in dropped else None
    return ("schema", "lenient") if dialect != "lenient" else None


def named_tool(text: str, param: str, tools: list[Json]) -> str:
    """The tool these words are about, by its name or its place in the list; "" where they name none or several."""
    names = [str(tool["function"]["name"]) for tool in tools]
    found = [n for n in names if re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", text)]
    quoted = [n for n in found if re.search(rf"['\"`]{re.escape(n)}['\"`]", text)]
    if len(quoted) == 1:
        return quoted[0]
    place = re.search(r"function_?declarations?[\[.](\d{1,3})\b", text, re.I) or re.search(
        r"\btools?[\[.](\d{1,3})\b", f"{param} {text}"
    )
    if place and int(place[1]) < len(names):
        return names[int(place[1])]
    called = [
        n for n in found if "__" in n or re.search(rf"(?:function|tool)s?\W{{1,4}}{re.escape(n)}(?![\w-])", text, re.I)
    ]
    return called[0] if len(called) == 1 else ""
