"""Secrets and ConfigMaps of Kubernetes: names and values, those of a Secret's `data` in base64.

Pure. What cannot be decoded is said, and never taken for a key as it stands.
"""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.env_lines import env_pairs
from ccswitch_tui.interop.names import Pair, names_address
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.sentence import Sentence, say

_KIND = re.compile(
    r"""^[ \t{]*["']?kind["']?[ \t]*:[ \t]*["']?(?:Secret|ConfigMap|SealedSecret|ExternalSecret)\b"""
    r"""|"kind"\s*:\s*"(?:Secret|ConfigMap|SealedSecret|ExternalSecret)\"""",
    re.MULTILINE,
)
_ENCODED_ADDRESS = re.compile(r"""(?<![\w+/])aHR0c(?:HM6|Dov)[\w+/]+={0,2}""")
"""How an address begins in base64."""

_START = re.compile(r"^(?:apiVersion|kind|data|stringData|metadata|type|immutable):", re.MULTILINE)


def draft_from_manifest(text: str) -> Draft | None:
    """The endpoint in manifests, or in the data of one; None where the text is neither."""
    if not _KIND.search(text) and not _ENCODED_ADDRESS.search(text):
        return None
    objects = list(_objects(text))
    if any(one.get("kind") in ("SealedSecret", "ExternalSecret") for one in objects):
        return Draft(unusable=say("this secret is sealed or kept elsewhere: its values are not in this text"))
    notes: list[Sentence] = []
    pairs = [pair for one in objects for pair in _pairs(one, notes)]
    if not pairs:
        return None
    draft = draft_from_pairs(pairs, "a Kubernetes manifest")
    return draft._replace(notes=(*notes, *draft.notes))


def decoded_addresses(text: str) -> str:
    """The addresses that stand in a text in base64, in lower case."""
    return " ".join((_decoded(m[0]) or "").lower() for m in _ENCODED_ADDRESS.finditer(text))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The documents of a text, each item of a list by itself; without what a terminal put before them."""
    from ccswitch_tui.interop import json_trees, yamltext

    bare = textwrap.dedent(text.strip("\n")).rstrip()
    if bare.lstrip()[:1] == "{":
        try:
            trees = [json_trees.forgiving_json(bare)]
        except ValueError:
            return
    else:
        start = _START.search(bare)
        trees = []
        for part in re.split(r"^---[^\n]*$", bare[start.start() :] if start else bare, flags=re.MULTILINE):
            try:
                trees.append(yamltext.from_yaml(part))
            except UsageError:
                continue
    for tree in trees:
        listed = tree.get("items") if isinstance(tree, dict) else None
        yield from (one for one in (listed if isinstance(listed, list) else [tree]) if isinstance(one, dict))


def _pairs(manifest: dict[str, Any], notes: list[Sentence]) -> Iterator[Pair]:
    """The names and values of one object, decoded where it is a Secret's data or the bare data of one."""
    plain = [manifest.get("stringData")]
    coded = [manifest.get("data")] if "kind" in manifest or "data" in manifest else [manifest]
    if manifest.get("kind") == "ConfigMap":
        plain, coded = [*plain, *coded], []
    for part in (p for p in coded if isinstance(p, dict)):
        for name, value in part.items():
            text = _decoded(str(value))
            if text is None:
                notes.append(say("the value of '{name}' is not base64 of a text", name=str(name)))
                text = ""
            yield from _inside(str(name), text)
    for part in (p for p in plain if isinstance(p, dict)):
        for name, value in part.items():
            yield from _inside(str(name), str(value))


def _decoded(value: str) -> str | None:
    try:
        text = base64.b64decode("".join(value.split()), validate=True).decode("utf-8").strip()
    except (binascii.Error, ValueError):
        return None
    return text if text.isprintable() or "\n" in text else None


def _inside(name: str, value: str) -> Iterator[Pair]:
    """A value under its name; of a whole file (`.env`) under a name, what stands in it."""
    if "\n" in value:
        yield from env_pairs(value)
    elif value or names_address(name):
        yield name, value
