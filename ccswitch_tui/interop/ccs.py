"""kaitranntt/ccs: its config.yaml (or older config.json) names settings files, one a profile.

Pure: the parsed configuration in, the files to read out; each of them is then
read as Claude Code settings. Source: kaitranntt/ccs, src/config/schemas (August 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.draft import Candidate
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import CHAT, VERSION_REMOVED


def settings_files(config: Any) -> dict[str, str]:
    """Profile name → path of its settings file, `~` not expanded. Accounts (logins) have none."""
    profiles = config.get("profiles") if isinstance(config, Mapping) else None
    if not isinstance(profiles, Mapping):
        raise UsageError(say("not a configuration of ccs"), hint=say("it has a table named profiles"))
    found = {}
    for name, entry in profiles.items():
        path = entry.get("settings") if isinstance(entry, Mapping) else entry
        if isinstance(path, str) and path:
            found[str(name)] = path
    return found


def default_profile(config: Any) -> str:
    """The profile ccs uses when none is named."""
    return str(config.get("default") or "") if isinstance(config, Mapping) else ""


def as_it_is_called(candidate: Candidate) -> Candidate:
    """The candidate in the format ccs speaks with it: it translates for addresses that end in a version, as chat
    completions' do; Anthropic's never do."""
    draft = candidate.draft
    if draft is None or draft.endpoint is None or VERSION_REMOVED not in draft.notes:
        return candidate
    if "anthropic" in draft.endpoint.base_url:
        return candidate
    endpoint = draft.endpoint._replace(wire=CHAT, base_url=draft.endpoint.base_url + "/v1")
    notes = tuple(note for note in draft.notes if note != VERSION_REMOVED)
    return candidate._replace(draft=draft._replace(endpoint=endpoint, notes=notes))
