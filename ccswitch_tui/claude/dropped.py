"""Which shapes of a setting make Claude Code drop the whole settings file without a word. Pure.

Measured with 2.1.330 (tests/real/test_real_dropped_settings.py): one value
of the wrong kind, and every other setting of the file, the endpoint among
them, counts as absent. What is not in here was either read all the same or not
measured. Hooks of most events are read leniently; those that may forbid
something are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

Check: TypeAlias = "Callable[[Any], bool]"


class Fault(NamedTuple):
    """One place that makes the client drop the file."""

    key: str
    """Dotted."""
    wanted: str
    """What should be there, in words."""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _table(value: Any) -> bool:
    return isinstance(value, dict)


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _days(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _plugins(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(on, str) for on in value.values())


MODES = ("default", "acceptEdits", "plan", "bypassPermissions", "dontAsk", "auto", "delegate")
"""Of permissions.defaultMode, as the client's own help lists them; more is let pass than may be known."""

TRUTHS = (
    "includeCoAuthoredBy", "alwaysThinkingEnabled", "spinnerTipsEnabled", "verbose", "enableAllProjectMcpServers",
    "disableAllHooks", "allowManagedHooksOnly", "autoMemoryEnabled", "channelsEnabled", "fastMode",
    "fastModePerSessionOptIn", "forceRemoteSettingsRefresh", "includeGitInstructions", "prefersReducedMotion",
    "promptSuggestionEnabled", "respectGitignore", "showThinkingSummaries", "showTurnDuration",
    "skipDangerousModePermissionPrompt", "skipWebFetchPreflight", "syntaxHighlightingDisabled",
    "terminalProgressBarEnabled", "useAutoModeDuringPlan", "voiceEnabled",
)  # fmt: skip

TEXTS = (
    "$schema", "advisorModel", "agent", "autoMemoryDirectory", "autoUpdatesChannel", "awsAuthRefresh",
    "awsCredentialExport", "defaultShell", "gcpAuthRefresh", "minimumVersion", "otelHeadersHelper", "plansDirectory",
    "tui",
)  # fmt: skip

TABLES = ("autoMode", "fileSuggestion", "pluginConfigs", "remote", "spinnerVerbs", "worktree")

LISTS = (
    "allowedHttpHookUrls", "blockedMarketplaces", "claudeMdExcludes", "httpHookAllowedEnvVars", "sshConfigs",
    "strictKnownMarketplaces",
)  # fmt: skip
"""Measured with a text where these are due, and a number where a text is; what may stand inside them was not."""

TEXT, TRUTH, TABLE, LIST = say("a string"), say("true or false"), say("an object"), say("a list")

TOP: Mapping[str, tuple[Check, str]] = {
    "env": (_table, TABLE),
    "apiKeyHelper": (_text, TEXT),
    "model": (_text, TEXT),
    "outputStyle": (_text, TEXT),
    "language": (_text, TEXT),
    "cleanupPeriodDays": (_days, say("a number of days, 1 or more")),
    "permissions": (_table, TABLE),
    "statusLine": (_table, TABLE),
    "enabledPlugins": (_plugins, say("an object of true and false")),
    "sandbox": (_table, TABLE),
    "modelOverrides": (_table, TABLE),
    "availableModels": (_list, LIST),
    "attribution": (_table, TABLE),
    "companyAnnouncements": (_texts, say("a list of strings")),
    "forceLoginOrgUUID": (lambda v: _text(v) or _list(v), TEXT),
    "feedbackSurveyRate": (lambda v: isinstance(v, int | float) and not isinstance(v, bool), say("a number")),
    **dict.fromkeys(TRUTHS, (_truth, TRUTH)),
    **dict.fromkeys(TEXTS, (_text, TEXT)),
    **dict.fromkeys(TABLES, (_table, TABLE)),
    **dict.fromkeys(LISTS, (_list, LIST)),
}

PERMISSIONS: Mapping[str, tuple[Check, str]] = {
    **dict.fromkeys(("allow", "deny", "ask"), (_list, LIST)),
    "additionalDirectories": (_texts, say("a list of strings")),
    "defaultMode": (lambda v: isinstance(v, str) and v in MODES, say("a known mode, such as 'acceptEdits'")),
    "disableBypassPermissionsMode": (lambda v: v == "disable", say("'disable'")),
}

STATUS_LINE: Mapping[str, tuple[Check, str]] = {
    "type": (lambda v: v == "command", say("'command'")),
    "command": (_text, TEXT),
}

ATTRIBUTION: Mapping[str, tuple[Check, str]] = dict.fromkeys(("commit", "pr"), (_text, TEXT))

STRICT_EVENTS = ("PreToolUse", "PermissionRequest")
"""Events whose hooks may forbid something: a mistake in them is not passed over."""

HOOK_NEEDS = {"command": "command", "prompt": "prompt", "agent": "prompt", "http": "url"}
"""Kind of hook → the text it must have."""


def shape_faults(tree: Mapping[str, Any]) -> list[Fault]:
    """The places in a settings file for which Claude Code drops all of it."""
    return [*_faults(tree, TOP, ""), *_inside(tree), *_hooks(tree.get("hooks"))]


def _faults(table: Mapping[str, Any], checks: Mapping[str, tuple[Check, str]], above: str) -> Iterator[Fault]:
    for key, (check, wanted) in checks.items():
        if key in table and not check(table[key]):
            yield Fault(above + key, wanted)


def _inside(tree: Mapping[str, Any]) -> Iterator[Fault]:
    permissions, line, sandbox = tree.get("permissions"), tree.get("statusLine"), tree.get("sandbox")
    attribution, suggestion = tree.get("attribution"), tree.get("fileSuggestion")
    if isinstance(attribution, dict):
        yield from _faults(attribution, ATTRIBUTION, "attribution.")
    if isinstance(suggestion, dict):
        yield from _faults(suggestion, {"command": (_text, TEXT)}, "fileSuggestion.")
    if isinstance(permissions, dict):
        yield from _faults(permissions, PERMISSIONS, "permissions.")
    if isinstance(line, dict):
        whole = {"type": None, "command": None, **line}
        yield from _faults(whole, STATUS_LINE, "statusLine.")
        if isinstance(line.get("padding"), str):
            yield Fault("statusLine.padding", say("a number"))
    if isinstance(sandbox, dict) and isinstance(sandbox.get("enabled"), str):
        yield Fault("sandbox.enabled", TRUTH)


def _hooks(hooks: Any) -> Iterator[Fault]:
    if not isinstance(hooks, dict):
        return
    for event in STRICT_EVENTS:
        entries = hooks.get(event)
        if entries is None:
            continue
        if not isinstance(entries, list):
            yield Fault(f"hooks.{event}", LIST)
            continue
        for number, entry in enumerate(entries):
            if not _is_entry(entry):
                wanted = say("an object with a string 'matcher' and a list 'hooks', each with its type and command")
                yield Fault(f"hooks.{event}[{number}]", wanted)


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("hooks"), list):
        return False
    return isinstance(entry.get("matcher", ""), str) and all(_is_hook(hook) for hook in entry["hooks"])


def _is_hook(hook: Any) -> bool:
    if not isinstance(hook, dict) or hook.get("type") not in HOOK_NEEDS:
        return False
    timeout = hook.get("timeout", 1)
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0
    return isinstance(hook.get(HOOK_NEEDS[hook["type"]]), str) and is_number
