"""`use`: make Claude Code use a profile, by writing the settings it reads.

Plan, look, apply. Reads no key, asks no endpoint, starts nothing: the helper
named in the settings does that when Claude Code first asks for a credential.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ccswitch_tui.claude.files import SettingsText, dropped_by
from ccswitch_tui.claude.launch import helper_command, status_line_command
from ccswitch_tui.claude.reading import profile_in, value_of
from ccswitch_tui.claude.settings import (
    Change,
    Link,
    Ours,
    SettingsPatch,
    foreign_changes,
    plan_official,
    plan_settings,
)
from ccswitch_tui.claude.status_line import STATUS_LINE
from ccswitch_tui.claude.wanted import main_model, unknown_models
from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.tiers import as_asked, owner_of
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context

OFFICIAL = "official"
PREVIOUS = "-"


class UsePlan(NamedTuple):
    """What `use` would change, to be looked at before it is done."""

    profile: str
    """A profile's name, or `official`."""
    scope: str
    file: str
    changes: tuple[Change, ...]
    """Masked; empty when the file says all this already."""
    foreign_changes: bool
    """Values that are neither ours nor empty would be replaced."""
    foreign_keys: tuple[str, ...]
    advice: tuple[str, ...]
    """What the person should know: who follows, who must restart, what is overruled elsewhere."""
    mended: bool
    """Comments or trailing commas go with it."""
    read: SettingsText
    patch: SettingsPatch
    written: dict[str, Any]


class UseResult(NamedTuple):
    """What `use` did."""

    plan: UsePlan
    undo_id: str | None
    """None when the file said all this already."""

    def to_json(self, *, dry_run: bool = False) -> dict[str, Any]:
        """The documented form of `use --json`."""
        plan = self.plan
        return {
            "version": 1,
            "profile": plan.profile,
            "scope": plan.scope,
            "file": plan.file,
            "changes": [change._asdict() for change in plan.changes],
            "undo_id": self.undo_id,
            "advice": list(plan.advice),
            **({"dry_run": True} if dry_run else {}),
        }


def plan_use(
    ctx: Context, name: str, scope: str = "user", *, mend: bool = False, statusline: bool | None = None
) -> UsePlan:
    """The change that makes `scope` use profile `name`, `official`, or `-` (the one before).

    `statusline`: with our status line, without, or (None) as this file has it now.
    """
    files = ctx.settings
    if name == PREVIOUS:
        name = previous(ctx, scope)
    profile = None if name == OFFICIAL else ctx.book().get(name)
    files.refuse_outside(files.path(scope), scope)
    read = files.read(scope, mended=mend)
    ours = files.ours(read)
    if profile is None:
        patch, written = plan_official(read.tree, ours), {}
    else:
        way = link(ctx, profile, scope)
        if _has_our_line(read, ours) if statusline is None else statusline:
            way = way._replace(status_line=_status_line(ctx, scope))
        patch = plan_settings(read.tree, profile, way, ours)
        after = {**ours.written, **patch.set}
        written = {key: value for key, value in after.items() if key not in patch.unset}
    foreign = foreign_changes(patch, read.tree, ours)
    return UsePlan(
        profile=name,
        scope=scope,
        file=read.path,
        changes=patch.diff(read.tree),
        foreign_changes=bool(foreign),
        foreign_keys=foreign,
        advice=tuple(_advice(ctx, profile, scope, read, patch)),
        mended=read.data is not None and read.text.encode("utf-8", "surrogatepass") != read.data,
        read=read,
        patch=patch,
        written=written,
    )


def apply_use(
    ctx: Context, plan: UsePlan, *, on_wait: Callable[[int], None] | None = None, follows_rename: bool = False
) -> UseResult:
    """Writes the plan. Raises ConflictError when the file is no longer the one that was planned on.

    `on_wait` is told the number of running sessions when the write takes two
    seconds, so that they let go of what is removed.
    """
    profile = None if plan.profile == OFFICIAL else plan.profile
    kind = "official" if profile is None else "rename" if follows_rename else "use"
    write = ctx.settings.write(plan.read, plan.patch, kind=kind, profile=profile, written=plan.written, on_wait=on_wait)
    return UseResult(plan, write.id if write else None)


def previous(ctx: Context, scope: str) -> str:
    """The profile this scope used before the present one; raises UsageError when there was no write yet."""
    files = ctx.settings
    read = files.read(scope)
    last = files.history.latest(read.path, read.sha256)
    if last is None:
        raise UsageError(
            say("there is no profile before this one"), hint=say("name one: 'ccswitch-tui list' shows them")
        )
    name = last.profile_before or OFFICIAL
    if name != OFFICIAL and name not in ctx.book().profiles:
        raise UsageError(say("the profile before this one, '{name}', no longer exists", name=name), kind="no-profile")
    return name


def link(ctx: Context, profile: Profile, scope: str = "user") -> Link:
    """How Claude Code reaches a profile from this machine. Raises UsageError when `direct` cannot work."""
    helper = helper_command(profile.name, env=ctx.env, shared=scope == "project")
    if profile.route == "proxy":
        return Link(ctx.proxy.base_url(profile.name), helper, ctx.env)
    _check_direct(ctx, profile)
    return Link(profile.endpoint.base_url.rstrip("/"), helper, ctx.env)


def _has_our_line(read: SettingsText, ours: Ours) -> bool:
    """One that was replaced or edited since is the user's, and they chose it."""
    return STATUS_LINE in ours.written and value_of(read.tree, STATUS_LINE) == ours.written[STATUS_LINE]


def _status_line(ctx: Context, scope: str) -> str:
    if scope == "project":
        raise UsageError(
            say("a project's shared settings get no status line: it contains a path on this machine"),
            hint=say("'--scope local' or no '--scope'"),
        )
    return status_line_command(env=ctx.env)


def _check_direct(ctx: Context, profile: Profile) -> None:
    reason = ""
    if profile.endpoint.wire is not None and not profile.endpoint.format.native:
        reason = say("its endpoint speaks {format}, which Claude Code does not", format=profile.endpoint.format.title)
    elif profile.endpoint.auth.startswith("header:"):
        reason = say(
            "its key belongs in the header {header}, which Claude Code does not send", header=profile.endpoint.auth[7:]
        )
    elif profile.secret_headers:
        # ANTHROPIC_CUSTOM_HEADERS takes the value itself, in settings or environment: never a reference or a helper.
        reason = say(
            "the header {header} holds a secret, which Claude Code takes only in plain text from its settings",
            header=next(iter(profile.secret_headers)),
        )
    elif (profile.endpoint.http_proxy or "").lower().startswith("socks"):
        reason = say("its proxy speaks SOCKS, which Claude Code does not")
    elif elsewhere := _tier_elsewhere(profile):
        reason = say(
            "its {tier} tier belongs to another profile, '{owner}'",
            tier=elsewhere,
            owner=profile.tier_profiles[elsewhere],
        )
    if reason:
        raise UsageError(
            say("profile '{name}' has route 'direct', but {reason}", name=profile.name, reason=reason),
            hint=say("ccswitch-tui edit {name} --set route=proxy", name=profile.name),
        )


def _tier_elsewhere(profile: Profile) -> str | None:
    return next((tier for tier in profile.tier_profiles if owner_of(profile, tier)), None)


# ---------------------------------------------------------------- what to say


def _advice(ctx: Context, profile: Profile | None, scope: str, read: SettingsText, patch: SettingsPatch) -> list[str]:
    said = dropped_by(read)
    said += _said_to_sessions(ctx, profile, scope, read) if patch else []
    if profile is not None:
        said += _not_heard(ctx) + _known_red(ctx, profile) + _cannot_work_yet(ctx, profile) + _withheld(ctx, profile)
    if scope == "project" and profile is not None:
        said.append(
            say(
                "{path} is shared: everyone who uses it needs ccswitch-tui in the PATH and a profile "
                "'{name}'; '--scope local' keeps it to you",
                path=read.path,
                name=profile.name,
            )
        )
    if (
        scope == "local"
        and read.data is None
        and os.path.exists(os.path.join(os.path.dirname(read.path), "..", ".git"))
    ):
        said.append(say("keep {path} out of git: it contains a path on this machine", path=read.path))
    overruled = _overruled_by(ctx, scope)
    if overruled:
        said.append(say("here {overruled} takes precedence; 'ccswitch-tui why' says more", overruled=overruled))
    return said


def _known_red(ctx: Context, profile: Profile) -> list[str]:
    """What the last probe of it came to, where that was no success."""
    from ccswitch_tui.workflows.reports import last_verdict

    found = last_verdict(ctx, profile.name)
    if found is None or found[0] != "broken":
        return []
    return [
        say(
            "the last probe ({at} UTC) found that it does not work: 'ccswitch-tui probe {name}'",
            at=found[1][:16].replace("T", " "),
            name=profile.name,
        )
    ]


def _not_heard(ctx: Context) -> list[str]:
    """What makes a Claude Code of this terminal ignore the settings."""
    from ccswitch_tui.claude.launch import HOST_MANAGED

    if ctx.env.get(HOST_MANAGED) in (None, "", "0", "false"):
        return []
    return [
        say(
            "{variable} is set in this terminal: a claude started here ignores the settings; 'unset {variable}' first",
            variable=HOST_MANAGED,
        )
    ]


def _withheld(ctx: Context, profile: Profile) -> list[str]:
    """A key that this terminal has and the running proxy has not."""
    if profile.key.kind != "env":
        return []
    from ccswitch_tui.workflows.lending import withheld

    name = withheld(ctx, profile)
    if name is None:
        return []
    return [
        say(
            "the running proxy was started without {variable}, which is set here: a new session of claude hands it "
            "over, 'ccswitch-tui use {name} --verify' does it now",
            variable=name,
            name=profile.name,
        )
    ]


def _cannot_work_yet(ctx: Context, profile: Profile) -> list[str]:
    """What is plainly missing, without asking a key store or the endpoint."""
    said: list[str] = []
    for ref in profile.secrets:
        if ref.kind != "env" or ctx.env.get(ref.name):
            continue
        said.append(say("the key is in {name}, which is not set here: set it where claude is started", name=ref.name))
    if not profile.endpoint.format.native and not any(profile.models):
        said.append(
            say(
                "no model is named, so the endpoint will be asked for Claude's own names: 'ccswitch-tui edit "
                "{name} --set models.default=MODEL'",
                name=profile.name,
            )
        )
    return said


def _said_to_sessions(ctx: Context, profile: Profile | None, scope: str, read: SettingsText) -> list[str]:
    sessions = ctx.settings.listeners(scope)
    if not sessions:
        return []
    who = (
        say("1 running session follows") if len(sessions) == 1 else say("{n} running sessions follow", n=len(sessions))
    )
    said: list[str] = [
        say("{who} with the next request; one started with --settings or --model keeps its own: restart that", who=who)
    ]
    model_before = value_of(read.tree, "env.ANTHROPIC_MODEL")
    by_name = isinstance(model_before, str) and model_before not in ("", "sonnet", "opus", "fable", "haiku")
    if by_name and (profile is None or profile.route == "direct"):
        said.append(
            say(
                ("sessions that ask for '{model}' keep asking for it: restart them, or pick another with /model"),
                model=model_before,
            )
        )
    if profile is not None and profile.models.default and main_model(as_asked(profile)) == profile.models.default:
        said.append(
            say("sessions started from now on keep '{model}' through later switches", model=profile.models.default)
        )
    if profile is not None and profile.route == "direct" and (profile.endpoint.ca_file or profile.endpoint.http_proxy):
        said.append(say("certificates and proxies are read at startup: restart running sessions"))
    if profile is not None and unknown_models(as_asked(profile)) and profile_in(read.tree) is None:
        said.append(say("the new model may reject earlier thinking blocks; /clear fixes that"))
    return said


def _overruled_by(ctx: Context, scope: str) -> str | None:
    """A file of this folder that beats the one written, and names a base URL itself."""
    import json

    stronger = {"user": ("local", "project"), "project": ("local",), "local": ()}[scope]
    here = ctx.settings.here()
    for other in stronger:
        try:
            tree = json.loads(read_file(here[other]))
        except (OSError, ValueError, KeyError, RecursionError):
            continue
        if isinstance(tree, dict) and (value_of(tree, "env.ANTHROPIC_BASE_URL") is not None or "apiKeyHelper" in tree):
            return here[other]
    return None
