"""YAML in and out for other tools' files.

In: PyYAML's safe loader, which builds plain data only. Out: block style with
every text quoted as JSON quotes it, which is YAML too and needs no library.
"""

from __future__ import annotations

import json
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say

MOST_ALIASES = 200
"""Aliases in one file. Real configurations use a handful; a "billion laughs" file uses them to explode."""


MOST_EVENTS = 50_000
"""Names, values, lists and their ends in one file. The Python reader takes three seconds for them; a proxy's
configuration of a hundred models has two thousand."""


def from_yaml(text: str) -> Any:
    """A YAML text as plain data. Raises UsageError naming line and column."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    aliases = 0
    try:
        for number, event in enumerate(yaml.parse(text, Loader=loader)):
            aliases += isinstance(event, yaml.AliasEvent)
            if aliases > MOST_ALIASES:
                raise UsageError(say("this YAML refers to itself too often to be a configuration"))
            if number > MOST_EVENTS:
                raise UsageError(say("this YAML is too large to be a configuration"))
        return yaml.load(text, Loader=loader)  # noqa: S506 - one of the two safe ones
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = say(" (line {line}, column {column})", line=mark.line + 1, column=mark.column + 1) if mark else ""
        raise UsageError(
            say("this is not YAML: {problem}{where}", problem=error.problem or say("it cannot be parsed"), where=where)
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UsageError(say("this is not YAML")) from None


def to_yaml(tree: Any, depth: int = 0) -> str:
    """Plain data as block-style YAML."""
    pad = "  " * depth
    if isinstance(tree, dict) and tree:
        return "".join(_entry(f"{pad}{_key(k)}:", v, depth) for k, v in tree.items())
    if isinstance(tree, list) and tree:
        return "".join(_item(pad, item, depth) for item in tree)
    return f"{pad}{json.dumps(tree, ensure_ascii=False)}\n"


def _entry(head: str, value: Any, depth: int) -> str:
    if isinstance(value, dict | list) and value:
        return f"{head}\n{to_yaml(value, depth + 1)}"
    return f"{head} {json.dumps(value, ensure_ascii=False)}\n"


def _item(pad: str, item: Any, depth: int) -> str:
    if isinstance(item, dict | list) and item:
        inner = to_yaml(item, depth + 1)
        return f"{pad}- {inner[len(pad) + 2 :]}"
    return f"{pad}- {json.dumps(item, ensure_ascii=False)}\n"


def _key(key: Any) -> str:
    text = str(key)
    return text if text.replace("_", "").replace("-", "").isalnum() and not text[0].isdigit() else json.dumps(text)
