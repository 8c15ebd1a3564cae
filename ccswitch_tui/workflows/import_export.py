"""Profiles from other tools' entries, and files for other tools.

Importing twice changes nothing; an exported file never holds a key, only the
name of the variable that must.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui import here
from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.profiles.draft import Candidate, Draft, profile_name
from ccswitch_tui.profiles.model import Profile, SecretRef
from ccswitch_tui.profiles.naming import free_name, header_variable
from ccswitch_tui.profiles.tiers import own_models
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import NOTHING, Sentence, say, to_paste

if TYPE_CHECKING:
    from ccswitch_tui.probe.model import ProbeReport
    from ccswitch_tui.workflows.context import Context


class Imported(NamedTuple):
    """What became of one entry."""

    name: str
    profile: Profile | None = None
    draft: Draft | None = None
    stored_in: str | None = None
    why_not: Sentence = NOTHING


# ---------------------------------------------------------------- importing


def import_candidates(
    ctx: Context,
    candidates: Sequence[Candidate],
    *,
    only: Sequence[str] = (),
    replace: bool = False,
    dry_run: bool = False,
    prove: Callable[[str, Draft], Draft] | None = None,
) -> list[Imported]:
    """Adds a profile for each candidate that can be taken; the others come back with the reason.

    One that points where a profile points already is left out, so importing
    twice changes nothing. `prove` asks the endpoint before it is saved, and
    returns the draft as it was shown to work. KeyStoreError stops it: what was added stays, whole.
    """
    from ccswitch_tui.workflows.add import add_profile, open_key_store, settled

    book = ctx.book()
    taken = set(book.profiles) | set(book.broken)
    same: dict[tuple[Any, ...], list[tuple[str, Secret | SecretRef | None]]] = {}
    for profile in book.profiles.values():
        same.setdefault(_identity(profile), []).append((profile.name, profile.key))
    wanted = {w.casefold() for w in only}
    done: list[Imported] = []
    for candidate in candidates:
        name = profile_name(candidate.name)
        if wanted and not wanted & {candidate.name.casefold(), name.casefold()}:
            continue
        if candidate.draft is None:
            done.append(Imported(name, why_not=candidate.why_not))
            continue
        draft = settled(ctx, candidate.draft)
        key = draft.secret or draft.key_ref
        alike = same.setdefault(_identity(draft.profile(name, SecretRef("none"))), [])
        twin = next((other for other, theirs in alike if _same_key(ctx, key, theirs)), None)
        if twin is not None and not replace:
            done.append(Imported(name, draft=draft, why_not=say("it is there already, as '{twin}'", twin=twin)))
            continue
        name = name if replace else free_name(name, taken)
        taken.add(name)
        try:
            if dry_run:
                done.append(Imported(name, draft.profile(name, draft.key_ref or SecretRef("none")), draft))
                alike.append((name, key))
            else:
                if draft.secret is not None or draft.stored_headers:
                    open_key_store(ctx)
                draft = prove(name, draft) if prove is not None else draft
                added = add_profile(ctx, name, draft, replace=replace)
                if isinstance(prove, Prover):
                    prove.keep(name)
                done.append(Imported(name, added.profile, draft, added.stored_in))
                alike.append((name, key))
        except UsageError as error:
            done.append(Imported(name, draft=draft, why_not=error.message))
    missing = wanted - {i.name.casefold() for i in done} - {c.name.casefold() for c in candidates}
    if missing:
        raise UsageError(
            say("there is no entry '{name}' in it", name=sorted(missing)[0]),
            hint=say("there are: {names}", names=", ".join(c.name for c in candidates[:20])),
        )
    return done


class Prover:
    """For `import_candidates`: asks each endpoint for one short answer before its profile is saved. Blocks."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.verdicts: dict[str, str] = {}
        """By profile: the probe's word, or why nothing could be asked."""
        self._reports: dict[str, ProbeReport] = {}

    def __call__(self, name: str, draft: Draft) -> Draft:
        """The draft as it was shown to work; the same where it was not."""
        import asyncio

        from ccswitch_tui.workflows import setup

        made = setup.begin(self._ctx, draft, name)
        try:
            key = setup.key_of(self._ctx, made)
            report = asyncio.run(setup.probed_in_one_go(self._ctx, made, key, lambda step: None))
        except CcswitchError as error:
            self.verdicts[name] = error.message
            return draft
        self.verdicts[name], self._reports[name] = report.verdict, report
        return setup.took_over(made, report).draft

    def keep(self, name: str) -> None:
        """Makes what was found the last report of the profile, which is saved now."""
        from ccswitch_tui.workflows.reports import keep_report

        if name in self._reports:
            keep_report(self._ctx, self._reports[name]._replace(profile=name))


def _identity(profile: Profile) -> tuple[Any, ...]:
    return profile.endpoint.base_url, profile.endpoint.wire, profile.models


def _same_key(ctx: Context, key: Secret | SecretRef | None, theirs: Secret | SecretRef | None) -> bool:
    """Whether two entries have the same key: several accounts at one provider are several profiles.

    Where the key store cannot say it, they count as the same: rather one line too few than a profile twice.
    """
    if isinstance(theirs, SecretRef) and theirs.kind == "none":
        theirs = None
    if isinstance(theirs, SecretRef) and theirs.kind == "keyring":
        if not isinstance(key, Secret):
            return True
        try:
            theirs = ctx.keys.store.get(theirs.name)
        except CcswitchError:
            return True
    if key is None or theirs is None:
        return True
    return type(key) is type(theirs) and key == theirs


# ---------------------------------------------------------------- exporting


class Export(NamedTuple):
    """One form a profile can be written in."""

    title: str
    render: Callable[[Profile, str | None], str]


def export_profile(ctx: Context, name: str, tool: str) -> tuple[str, str | None]:
    """A profile as text for another tool, and the variable that must hold the key (None: no key is needed).

    The key itself is never in it. Raises UsageError for an unknown tool or what it cannot express.
    """
    profile = ctx.book().get(name)
    if tool not in EXPORTS:
        raise UsageError(
            say("there is no export to '{tool}'", tool=tool), hint=say("one of {tools}", tools=", ".join(EXPORTS))
        )
    if profile.endpoint.wire is None:
        raise UsageError(
            say("it is not known yet which format '{name}' speaks", name=name),
            hint=say(
                "'ccswitch-tui probe {name}' finds out; then 'ccswitch-tui edit {name} --set endpoint.wire=…'",
                name=name,
            ),
        )
    variable = key_variable(profile)
    return EXPORTS[tool].render(profile, variable), variable


def key_variable(profile: Profile) -> str | None:
    """The variable an exported file reads the key from."""
    if profile.key.kind == "none":
        return None
    if profile.key.kind == "env":
        return profile.key.name
    stem = re.sub(r"[^A-Z0-9]+", "_", profile.name.upper()).strip("_")
    return f"{stem}_API_KEY" if stem and stem.isascii() and not stem[0].isdigit() else "CCSWITCH_API_KEY"


def header_variables(profile: Profile) -> dict[str, str]:
    """By secret header: the variable an exported file reads its value from, all of it."""
    return {header: header_variable(header) for header in profile.secret_headers}


def _shell_headers(profile: Profile) -> dict[str, str]:
    return {header: f"${variable}" for header, variable in header_variables(profile).items()}


def _render_curl(profile: Profile, variable: str | None) -> str:
    from ccswitch_tui.interop.curl import render_curl

    model, headers = own_models(profile).default, _shell_headers(profile)
    return render_curl(profile.endpoint, model, variable=variable, secret_headers=headers) + "\n"


def _render_env(profile: Profile, variable: str | None) -> str:
    models = own_models(profile)
    key = f'"${variable}"' if variable else "none"
    if profile.endpoint.format.vendor == "anthropic":
        names = [("ANTHROPIC_BASE_URL", profile.endpoint.base_url), ("ANTHROPIC_MODEL", models.default)]
        names += [(f"ANTHROPIC_DEFAULT_{t.upper()}_MODEL", getattr(models, t)) for t in ("opus", "sonnet", "haiku")]
        key_name = "ANTHROPIC_API_KEY" if profile.endpoint.auth == "x-api-key" else "ANTHROPIC_AUTH_TOKEN"
    else:
        names = [("OPENAI_BASE_URL", profile.endpoint.base_url), ("OPENAI_MODEL", models.default)]
        key_name = "OPENAI_API_KEY"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in names if value]
    if key_name != variable:
        lines.append(f"export {key_name}={key}")
    headers = {**profile.endpoint.headers, **_shell_headers(profile)}
    if headers and key_name.startswith("ANTHROPIC"):
        quoted = "\n".join(f"{header}: {value}" for header, value in headers.items())
        lines.append(f'export ANTHROPIC_CUSTOM_HEADERS="{quoted}"')
    elif headers:
        lines.append(f"# no variable says these headers, which it needs: {', '.join(headers)}")
    return "\n".join(lines) + "\n"


def _render_claude_settings(profile: Profile, variable: str | None) -> str:
    if not profile.endpoint.format.native:
        raise UsageError(
            say(
                "'{name}' does not speak Anthropic's format: Claude Code reaches it through the proxy only",
                name=profile.name,
            ),
            hint=say("'ccswitch-tui use {name}' writes settings that do that", name=profile.name),
        )
    if profile.secret_headers:
        raise UsageError(
            say(
                "'{name}' sends a secret in {header}: Claude Code takes it only in plain text from its settings",
                name=profile.name,
                header=next(iter(profile.secret_headers)),
            ),
            hint=say("'ccswitch-tui use {name}' goes through the proxy, which puts it in", name=profile.name),
        )
    models = own_models(profile)
    env = {"ANTHROPIC_BASE_URL": profile.endpoint.base_url, "ANTHROPIC_MODEL": models.default}
    env |= {
        f"ANTHROPIC_DEFAULT_{t.upper()}_MODEL": getattr(models, t) or models.default
        for t in ("opus", "sonnet", "haiku")
    }
    if profile.context_window:
        env["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] = str(profile.context_window)
    if not variable:
        env["ANTHROPIC_AUTH_TOKEN"] = "none"  # noqa: S105  (a server without keys still wants one: any will do)
    tree: dict[str, Any] = {"env": {k: v for k, v in env.items() if v} | dict(profile.extra_env)}
    if variable:
        tree["apiKeyHelper"] = here.print_variable(variable)
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def _render_litellm(profile: Profile, variable: str | None) -> str:
    from ccswitch_tui.interop.litellm import render_config

    return _needs_model(profile) or render_config(profile, variable)


def _render_aider(profile: Profile, variable: str | None) -> str:
    from ccswitch_tui.interop.aider import render_config

    return _needs_model(profile) or render_config(profile, variable)


def _render_continue(profile: Profile, variable: str | None) -> str:
    from ccswitch_tui.interop.continue_dev import render_config

    return _needs_model(profile) or render_config(profile, variable)


def _needs_model(profile: Profile) -> str:
    if not own_models(profile).named():
        raise UsageError(
            say("'{name}' names no model", name=profile.name),
            hint=to_paste(f"ccswitch-tui edit {profile.name} --set models.default=MODEL"),
        )
    return ""


def _render_toml(profile: Profile, variable: str | None) -> str:
    """The profile's own table, to be kept or put into another profiles.toml: it holds no key."""
    import tomlkit

    from ccswitch_tui.profiles.store import VERSION
    from ccswitch_tui.profiles.table import profile_to_table

    return tomlkit.dumps({"version": VERSION, "profiles": {profile.name: profile_to_table(profile)}})


EXPORTS: dict[str, Export] = {
    "litellm": Export("a configuration of LiteLLM's proxy", _render_litellm),
    "curl": Export("a curl command", _render_curl),
    "env": Export("export lines for a shell", _render_env),
    "claude-settings": Export("a settings file for `claude --settings`", _render_claude_settings),
    "aider": Export("an .aider.conf.yml", _render_aider),
    "continue": Export("a config.yaml of Continue", _render_continue),
    "toml": Export("the profile itself", _render_toml),
}
