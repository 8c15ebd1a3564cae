"""What is wrong with Claude Code, its settings and its credentials: one pure function a check.

Source: Claude Code as measured (2.1.330).
"""

from __future__ import annotations

import ntpath
import re
import shlex
from collections.abc import Iterator

from ccswitch_tui import here
from ccswitch_tui.actions import Action
from ccswitch_tui.claude.differences import FOREIGN, GONE, RIVAL, is_told, name_in
from ccswitch_tui.claude.dropped import shape_faults
from ccswitch_tui.claude.launch import helper_program
from ccswitch_tui.claude.layers import HOST_MANAGED, effective, is_host_managed
from ccswitch_tui.claude.reading import profile_in
from ccswitch_tui.claude.way import way_trouble
from ccswitch_tui.doctor.picture import Snapshot
from ccswitch_tui.doctor.told import told, value_of, winner_of, write_again
from ccswitch_tui.findings import Finding
from ccswitch_tui.net.hosts import host_in, is_loopback
from ccswitch_tui.secret import redact
from ccswitch_tui.sentence import joined, say

TESTED_CLAUDE = (2, 1)
"""Older than this, hot reload, apiKeyHelper and the model variables were not looked at."""

LIMITS = frozenset({"CLAUDE_CODE_MAX_CONTEXT_TOKENS", "CLAUDE_CODE_MAX_OUTPUT_TOKENS"})
FIRST_DIGITS = re.compile(r"\s*(\d+)\s*[^\s\d]")
"""All that is read of `32k`, `200,000` or `1_000` (2.1.333: with a window of 32 every prompt is too long)."""

OFF = ("", "0", "false", "no")
"""Values with which Claude Code takes a flag for off."""

PROVIDER_FLAGS = tuple(
    f"CLAUDE_CODE_USE_{name}"
    for name in ("BEDROCK", "VERTEX", "FOUNDRY", "MANTLE", "GATEWAY", "ANTHROPIC_AWS", "ANTHROPIC_GOOGLE_CLOUD")
)
"""Each makes Claude Code ignore ANTHROPIC_BASE_URL altogether (measured for the first four)."""


def check_claude(snapshot: Snapshot) -> Iterator[Finding]:
    """It is installed, starts, and is not too old."""
    claude = snapshot.claude
    for path, fault in snapshot.policy_faults.items():
        yield told(
            "claude-broken",
            fault,
            say("your administrator has to correct that file"),
            here.open_in_editor(path, snapshot.platform),
        )
    if claude.path is None:
        yield told(
            "claude-missing",
            say("there is no 'claude' on the PATH of this shell"),
            say("install it, or fix the PATH"),
            "npm install -g @anthropic-ai/claude-code",
        )
    elif claude.problem:
        yield told(
            "claude-broken",
            say("{path} --version: {problem}", path=claude.path, problem=claude.problem),
            say("install it again"),
            "npm install -g @anthropic-ai/claude-code",
        )
    elif _numbers(claude.version)[:2] < TESTED_CLAUDE:
        yield told(
            "claude-old",
            say("{path} is {version}", path=claude.path, version=claude.version),
            say("upgrade it"),
            "claude update",
        )


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(int(p) if p.isdigit() else 0 for p in parts) if version[:1].isdigit() else (999,)


def check_onboarding(snapshot: Snapshot) -> Iterator[Finding]:
    """A first run with a plain API key asks the vendor's host, whatever the base URL says."""
    if (
        snapshot.state.onboarded
        or not value_of(snapshot, "ANTHROPIC_API_KEY")
        or value_of(snapshot, "ANTHROPIC_AUTH_TOKEN")
    ):
        return
    if not value_of(snapshot, "apiKeyHelper"):
        yield told(
            "onboarding",
            say(
                "Claude Code has not been set up here, and with ANTHROPIC_API_KEY alone its first run "
                "connects to its vendor's host"
            ),
            say("use a profile, which writes a helper instead of that key"),
            Action("use"),
            severity="warn",
        )


# ---------------------------------------------------------------- settings files


def check_settings_readable(snapshot: Snapshot) -> Iterator[Finding]:
    """Strict JSON, all of it."""
    for look in snapshot.settings:
        if look.problem:
            yield told(
                "settings-not-written" if look.is_read else "settings-unparsable",
                look.problem,
                look.hint or say("fix the line: no comments, no comma before a closing bracket"),
                here.open_in_editor(look.path, snapshot.platform),
            )


def check_settings_types(snapshot: Snapshot) -> Iterator[Finding]:
    """Known keys hold what Claude Code expects of them."""
    for look in snapshot.settings:
        for fault in shape_faults(look.tree):
            yield told(
                "settings-wrong-type",
                say("{path}: '{key}' should be {words}", path=look.path, key=fault.key, words=fault.wanted),
                say("fix or remove it"),
                here.open_in_editor(look.path, snapshot.platform),
            )
        env = look.tree.get("env")
        for name, value in env.items() if isinstance(env, dict) else ():
            if value is None:
                yield told(
                    "settings-null",
                    say("{path}: env.{name} is null", path=look.path, name=name),
                    say('write "" to clear it'),
                    here.open_in_editor(look.path, snapshot.platform),
                )
            elif name in LIMITS and isinstance(value, str) and (digits := FIRST_DIGITS.match(value)):
                yield told(
                    "limit-misread",
                    say(
                        "{path}: env.{name} is '{value}', and Claude Code reads {number}",
                        path=look.path,
                        name=name,
                        value=redact(value)[:20],
                        number=digits[1],
                    ),
                    say("write the whole number, in digits alone"),
                    here.open_in_editor(look.path, snapshot.platform),
                )


# ---------------------------------------------------------------- credentials


def check_login_leak(snapshot: Snapshot) -> Iterator[Finding]:
    """A base URL without a credential sends the vendor login's token there."""
    base_url = value_of(snapshot, "ANTHROPIC_BASE_URL")
    if not base_url or _is_vendor(base_url) or _has_credential(snapshot):
        return
    where = winner_of(snapshot, "ANTHROPIC_BASE_URL")
    if snapshot.state.logged_in:
        yield told(
            "login-leak",
            say(
                (
                    "ANTHROPIC_BASE_URL is {base_url}, set by {where}, and no credential goes with it: "
                    "Claude Code then sends your login's token there"
                ),
                base_url=base_url,
                where=where,
            ),
            say("use a profile (both are written together), or remove the base URL"),
            Action("use"),
            "ccswitch-tui why ANTHROPIC_BASE_URL",
        )
    else:
        yield told(
            "credential-missing",
            say(
                "ANTHROPIC_BASE_URL is {base_url}, set by {where}, and there is no credential: Claude Code "
                "says 'Not logged in'",
                base_url=base_url,
                where=where,
            ),
            say("use a profile"),
            Action("use"),
        )


def _is_vendor(base_url: str) -> bool:
    return base_url.rstrip("/").removesuffix("/v1").endswith("//api.anthropic.com")


def _has_credential(snapshot: Snapshot) -> bool:
    names = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "apiKeyHelper")
    return any(value_of(snapshot, name).strip() for name in names)


def _host_managed(snapshot: Snapshot) -> Iterator[Finding]:
    """A variable that makes Claude Code ignore the settings that profiles are written into."""
    if not is_host_managed(snapshot.layers):
        return
    files = [layer for layer in snapshot.layers if layer.name != "environment"]
    ours = profile_in({"apiKeyHelper": effective(files, "apiKeyHelper").value})
    if ours is None:
        return
    own_address = snapshot.env.get("ANTHROPIC_BASE_URL", "")
    yield told(
        "host-managed",
        say(
            "{variable} is set in this terminal (Claude Desktop and editors set it for programs they start): Claude "
            "Code takes address, credential and models from the environment, and profile '{name}' in the settings "
            "has no effect here",
            variable=HOST_MANAGED,
            name=ours,
        ),
        say("unset it, or start claude with 'ccswitch-tui run'"),
        here.unset_variable(HOST_MANAGED, snapshot.platform),
        severity="info" if is_loopback(host_in(own_address)) else "warn",  # as `env` does it on purpose
    )


def check_credentials_once(snapshot: Snapshot) -> Iterator[Finding]:
    """One credential; two are both sent, and the endpoint takes whichever it likes."""
    names = [n for n in ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "apiKeyHelper") if value_of(snapshot, n).strip()]
    if len(names) > 1:
        where = joined((say("{name} by {who}", name=name, who=winner_of(snapshot, name)) for name in names), ", ")
        yield told(
            "credential-twice",
            say("set: {where}", where=where),
            say("write the profile again: it sets one and clears the others"),
            write_again(snapshot),
            "ccswitch-tui why",
        )


def check_key_approval(snapshot: Snapshot) -> Iterator[Finding]:
    """ANTHROPIC_API_KEY needs an approval that a session asks for once."""
    key = value_of(snapshot, "ANTHROPIC_API_KEY").strip()
    if not key or value_of(snapshot, "ANTHROPIC_AUTH_TOKEN").strip() or value_of(snapshot, "apiKeyHelper"):
        return
    if key[-8:] in snapshot.state.rejected:
        yield told(
            "key-not-approved",
            say("ANTHROPIC_API_KEY was once answered with 'No' and has been ignored since"),
            say("use a profile: its helper needs no approval"),
            Action("use"),
        )
    elif key[-8:] not in snapshot.state.approved:
        yield told(
            "key-not-approved",
            say("ANTHROPIC_API_KEY is set; a session will ask whether to use it, with 'No' preselected"),
            say("use a profile: its helper needs no approval"),
            Action("use"),
        )


def check_keys_in_clear(snapshot: Snapshot) -> Iterator[Finding]:
    """Settings hold keys in the clear."""
    for look in snapshot.settings:
        env = look.tree.get("env")
        env = env if isinstance(env, dict) else {}
        named = [n for n in ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY") if len(str(env.get(n) or "")) >= 16]
        if named:
            yield told(
                "key-in-clear",
                say("{path} contains {names} in plain text", path=look.path, names=joined(named, " and ")),
                say("move it into the key store"),
                Action("adopt"),
            )


# ---------------------------------------------------------------- what interferes


def check_provider_flags(snapshot: Snapshot) -> Iterator[Finding]:
    """Flags that make Claude Code ignore the base URL."""
    for name in PROVIDER_FLAGS:
        value = value_of(snapshot, name)
        if value.lower() not in OFF and (snapshot.in_use or value_of(snapshot, "ANTHROPIC_BASE_URL")):
            yield told(
                "provider-flag",
                say("{name}={value}, set by {who}", name=name, value=value, who=winner_of(snapshot, name)),
                say("unset it there; writing the profile again clears it for Claude Code"),
                write_again(snapshot),
                f"ccswitch-tui why {name}",
            )


def check_webfetch(snapshot: Snapshot) -> Iterator[Finding]:
    """WebFetch asks the vendor about every page's domain first, wherever the base URL points."""
    if not snapshot.vendor_problem or value_of(snapshot, "skipWebFetchPreflight"):
        return
    yield told(
        "webfetch-blocked",
        say(
            "WebFetch asks {host} before every page, and it cannot be reached from here ({problem}): "
            "each fetch fails with 'Unable to verify if domain … is safe to fetch'",
            host="api.anthropic.com",
            problem=snapshot.vendor_problem,
        ),
        say(
            'let that host through, or add "skipWebFetchPreflight": true to {path}: '
            "pages are then fetched without the vendor's safety check",
            path="~/.claude/settings.json",
        ),
        severity="warn",
    )


def check_drift(snapshot: Snapshot) -> Iterator[Finding]:
    """What Claude Code will do differs from what the profile in use says."""
    yield from _host_managed(snapshot)
    in_the_way = way_trouble(snapshot.layers)  # checks_machine.py makes findings of it
    for words in snapshot.drift:
        if words == in_the_way:
            continue
        if is_told(words, GONE):
            yield told(
                "helper-unknown-profile",
                words,
                say("use one that exists, or none"),
                "ccswitch-tui list",
                Action("use", "official"),
            )
        elif is_told(words, RIVAL) and name_in(words) in (*PROVIDER_FLAGS, "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
            continue  # told by a check of its own
        elif not is_told(words, FOREIGN):
            yield told(
                "drift",
                words,
                say("write it again, or see what takes precedence"),
                write_again(snapshot),
                "ccswitch-tui why",
            )


def check_helper(snapshot: Snapshot) -> Iterator[Finding]:
    """The helper in the settings can be started."""
    helper = value_of(snapshot, "apiKeyHelper")
    if not helper or snapshot.in_use is None:
        return
    program = helper_program(helper, snapshot.platform)
    if program in snapshot.executables:
        return
    if program.startswith("/") or (snapshot.platform == "win32" and ntpath.isabs(program)):
        yield told(
            "helper-gone",
            say(
                ("the settings start {program}, which does not exist: this program was moved or reinstalled"),
                program=program,
            ),
            say("write the profile again"),
            write_again(snapshot),
        )
    elif program:
        yield told(
            "helper-gone",
            say("the settings start '{program}', which is not on the PATH", program=program),
            say("put it there, or write the profile again"),
            write_again(snapshot),
        )


def check_base_url(snapshot: Snapshot) -> Iterator[Finding]:
    """It is an address; and Claude Code appends /v1/messages itself."""
    base_url = value_of(snapshot, "ANTHROPIC_BASE_URL").strip().rstrip("/")
    if base_url and not re.match(r"https?://[^/\s]", base_url, re.IGNORECASE):
        yield told(
            "base-url-unusable",
            say(
                "ANTHROPIC_BASE_URL is '{base_url}', set by {who}; Claude Code fills in no variables there",
                base_url=redact(base_url)[:80],
                who=winner_of(snapshot, "ANTHROPIC_BASE_URL"),
            ),
            say("write the address itself there, or use a profile"),
            "ccswitch-tui use NAME",
        )
    if base_url.endswith(("/v1", "/messages", "/chat/completions")):
        yield told(
            "base-url-version",
            say(
                "ANTHROPIC_BASE_URL is {base_url}, set by {who}; Claude Code appends /v1/messages itself",
                base_url=base_url,
                who=winner_of(snapshot, "ANTHROPIC_BASE_URL"),
            ),
            say("remove the ending there, or make it a profile"),
            f"ccswitch-tui add NAME --url {shlex.quote(base_url)}",
            Action("use"),
        )
