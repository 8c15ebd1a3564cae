"""Claude Code's own settings as a source ("what I have now"), and other switchers' copies of them.

Pure: a parsed settings file or an environment in, candidates out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.variables import draft_from_pairs
from ccswitch_tui.profiles.draft import Candidate
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.sentence import say

OURS = "ccswitch"
"""Part of the helper command in settings that ccswitch-tui wrote."""


def candidate_from_settings(name: str, tree: Any, *, insist: bool = False) -> Candidate:
    """The endpoint a settings file sends Claude Code to."""
    env = tree.get("env") if isinstance(tree, dict) else None
    if not isinstance(env, dict):
        return Candidate(name, None, say("it sets no environment"))
    helper = tree.get("apiKeyHelper")
    if isinstance(helper, str) and OURS in helper:
        return Candidate(name, None, say("ccswitch-tui wrote it"))
    return _candidate(name, env, helper if isinstance(helper, str) else "", insist)


def candidate_from_environment(name: str, env: Mapping[str, str], *, insist: bool = False) -> Candidate:
    """The endpoint the variables of this shell send Claude Code to."""
    return _candidate(name, {k: v for k, v in env.items() if k.startswith(("ANTHROPIC_", "CLAUDE_CODE_"))}, "", insist)


def _candidate(name: str, env: Mapping[str, Any], helper: str, insist: bool) -> Candidate:
    pairs = [(k, "" if v is None else str(v)) for k, v in env.items() if v is None or isinstance(v, str | int | float)]
    draft = draft_from_pairs(pairs, "Claude Code's settings")
    if draft.secret is None and draft.key_ref is None and helper:
        draft = draft._replace(
            key_ref=SecretRef("command", helper),
            notes=(*draft.notes, say("the key comes from its apiKeyHelper, as before")),
        )
    return checked(name, draft, in_use=True, insist=insist)
