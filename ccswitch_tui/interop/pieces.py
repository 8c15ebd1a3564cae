"""Pieces of other tools' files in a paste, which only their own reader understands.

Pure. A piece is told by what only that tool writes; its reader is loaded then.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

from ccswitch_tui.interop import csv_export, emacs_lisp
from ccswitch_tui.profiles.draft import Candidate, Draft
from ccswitch_tui.sentence import say


def draft_from_piece(text: str) -> Draft | None:
    """The endpoint such a piece describes; None where the text is none."""
    if "[model_providers" in text:
        from ccswitch_tui.interop.codex import draft_from_text

        return draft_from_text(text)._replace(source="a configuration of Codex")
    if re.search(r"^[ \t]*(?:model_list:|litellm_params:)|\blitellm_params:", text, re.MULTILINE):
        from ccswitch_tui.interop import litellm, yamltext

        tree = yamltext.from_yaml(textwrap.dedent(text))
        return one_of(litellm.candidates_from_config({"model_list": tree} if isinstance(tree, list) else tree))
    if re.search(r"^[ \t-]*apiBase:", text, re.MULTILINE) and re.search(r"^[ \t-]*provider:", text, re.MULTILINE):
        from ccswitch_tui.interop import continue_dev, yamltext

        tree = yamltext.from_yaml(textwrap.dedent(text))
        return one_of(continue_dev.candidates_from_config({"models": tree} if isinstance(tree, list) else tree))
    for reader in (emacs_lisp.draft_from_lisp, csv_export.draft_from_table):
        draft = reader(text)
        if draft is not None:
            return draft
    return None


def candidates_in(tree: Any) -> list[Candidate]:
    """The entries of a whole file of claude-code-router's or cc-switch's."""
    from ccswitch_tui.interop import cc_switch, claude_code_router

    if "Providers" in tree:
        return claude_code_router.candidates_from_config(tree)
    return cc_switch.candidates_from_config(tree)


def one_of(candidates: list[Candidate]) -> Draft | None:
    """The entry in use, or the first that can be used; why none can, where none can."""
    usable = sorted((c for c in candidates if c.draft), key=lambda c: not c.in_use)
    if not usable:
        return Draft(unusable=candidates[0].why_not) if candidates else None
    draft = usable[0].draft
    assert draft is not None
    if len(usable) == 1:
        return draft
    note = say(
        "it contains {n} endpoints: '{name}' was used ('ccswitch-tui import' imports whole files)",
        n=len(usable),
        name=usable[0].name,
    )
    return draft._replace(notes=(*draft.notes, note))
