"""`run` and `env`: a profile for one process or one terminal; no settings file is written.

Settings files beat exported variables, so an environment alone would lose to
the profile that is in use. Claude Code therefore gets `--settings FILE`, which
beats all of them but an administrator's: ours is 0600 in a private folder for as
long as the process lives, and holds at most the local token of a proxy that
lives as long. Scripts that start `claude` by name find ours first in PATH. A
program that brings a Claude Code of its own (the Agent SDKs, ACP bridges, an
absolute path) or gives it another `--settings` gets HOST_MANAGED, with which
the variables count after all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.claude.launch import HOST_MANAGED, RIVALS, child_env, in_powershell, own_command, quoted
from ccswitch_tui.claude.settings import Link, plan_settings
from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import Sentence, say

if TYPE_CHECKING:
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context


class RunPlan(NamedTuple):
    """What a child under a profile gets."""

    profile: Profile
    command: tuple[str, ...]
    env: dict[str, str]
    """The child's whole environment. Holds a token: of the local proxy, or (route `direct`) the key itself
    unless the command is claude, which asks the helper."""
    settings: dict[str, Any]
    """For `--settings`."""
    advice: tuple[Sentence, ...]

    @property
    def is_claude(self) -> bool:
        return is_claude_command(self.command)


def default_profile(ctx: Context) -> str:
    """The profile `run` means when none is named: the one in use here, the usual one, or the only one."""
    from ccswitch_tui.workflows.current import in_use

    used = in_use(ctx)
    for scope in ("local", "project", "user"):
        for name, scopes in used.items():
            if scope in scopes:
                return name
    profiles = ctx.book().profiles
    if ctx.usual_profile in profiles:
        return ctx.usual_profile
    if len(profiles) == 1:
        return next(iter(profiles))
    if not profiles:
        raise UsageError(
            say("there are no profiles yet"),
            hint=say("'ccswitch-tui add NAME --paste -' makes one from a curl command that works"),
        )
    raise UsageError(say("which profile?"), hint=say("name one: 'ccswitch-tui list' shows them"))


def prepare_run(
    ctx: Context, name: str, command: Sequence[str] = ("claude",), *, base_url: str | None = None,
    token: Secret | None = None,
) -> RunPlan:  # fmt: skip
    """What `command` gets under a profile.

    `base_url` and `token` are those of a proxy of the caller's; without them,
    of the background proxy. Raises KeyStoreError when a key is needed and missing.
    """
    from ccswitch_tui.workflows.use import link

    profile = ctx.book().get(name)
    if base_url is not None:
        profile = profile._replace(route="proxy")
    reached = link(ctx, profile)
    if profile.route == "proxy":
        reached = Link(base_url or reached.base_url, "", ctx.env)
        token = token or ctx.proxy.lasting_token()
    else:
        token = None if is_claude_command(command) else _direct_key(ctx, profile)
    tree = _settings(profile, reached, token if profile.route == "proxy" else None)
    ours = {name: str(value) for name, value in tree["env"].items()}
    if token is not None:
        ours[_credential_variable(profile)] = token.reveal()
    elif profile.route == "direct" and profile.key.kind == "none":
        ours[_credential_variable(profile)] = NO_KEY
    ours["CCSWITCH_PROFILE"] = profile.name
    if not is_claude_command(command):
        ours[HOST_MANAGED] = "1"
    return RunPlan(profile, tuple(command), child_env(ctx.env, ours), tree, tuple(_advice(ctx, command, tree)))


def _settings(profile: Profile, link: Link, token: Secret | None) -> dict[str, Any]:
    """A settings file for `--settings`: the profile's, with the local token in place of the helper."""
    tree: dict[str, Any] = {"env": {}}
    for key, value in plan_settings({}, profile, link).set.items():
        if key.startswith("env."):
            tree["env"][key[4:]] = value
        else:
            tree[key] = value
    if "apiKeyHelper" in tree:
        tree["apiKeyHelper"] += " --over-project"
    if token is not None:
        # No helper for one process, and "" so that the one in the user's settings is not asked either.
        tree["apiKeyHelper"] = ""
        del tree["env"]["CLAUDE_CODE_API_KEY_HELPER_TTL_MS"]
        tree["env"]["ANTHROPIC_AUTH_TOKEN"] = token.reveal()
    return tree


def _direct_key(ctx: Context, profile: Profile) -> Secret | None:
    if profile.key.kind == "none":
        return None
    from ccswitch_tui.credentials.hosts import check_key_host

    check_key_host(profile)
    return ctx.keys.of(profile)


WINDOW = "CLAUDE_CODE_MAX_CONTEXT_TOKENS"


def overruled_window(ctx: Context, tree: Mapping[str, Any]) -> str | None:
    """A settings file whose context window counts in place of the profile's, where only variables are given."""
    from ccswitch_tui.claude.layers import effective

    found = effective([layer for layer in ctx.settings.layers() if layer.name != "environment"], f"env.{WINDOW}")
    ours = tree["env"].get(WINDOW)
    return found.places[0].file if found.value and found.value != ours else None


def _advice(ctx: Context, command: Sequence[str], tree: Mapping[str, Any]) -> list[Sentence]:
    """What would beat even what is given."""
    said = _administrator(ctx)
    file = None if is_claude_command(command) else overruled_window(ctx, tree)
    if file:
        said.append(say("a program that brings its own Claude Code uses the context window of {file}", file=file))
    return said


def _administrator(ctx: Context) -> list[Sentence]:
    """What would beat even `--settings`."""
    from ccswitch_tui.claude.owned import OWNED
    from ccswitch_tui.claude.reading import value_of

    for layer in ctx.settings.layers():
        if layer.name == "managed":
            names = [key for key in OWNED if OWNED[key].exclusive and value_of(layer.tree, key) is not None]
            if names:
                name = names[0].removeprefix("env.")
                return [say("{file} sets {name}, which beats whatever is given here", file=layer.file, name=name)]
    return []


def is_claude_command(command: Sequence[str]) -> bool:
    """The command is Claude Code itself."""
    name = os.path.basename(command[0]).lower() if command else ""
    return name in ("claude", "claude.exe", "claude.cmd")


# ---------------------------------------------------------------- a proxy and a child, together


def run(ctx: Context, name: str, command: Sequence[str], *, tell: Callable[[str], None]) -> int:
    """Runs `command` under a profile and returns its exit code; the proxy lives as long. Raises UsageError and the
    key store's errors before anything is started."""
    from ccswitch_tui.claude import child

    profile = ctx.book().get(name)
    program = child.find_program(command[0], ctx.env)

    def start(plan: RunPlan) -> int:
        for sentence in plan.advice:
            tell(sentence)
        return child.run_with_settings(
            program, plan.command, plan.env, plan.settings, is_claude=plan.is_claude, cwd=ctx.cwd
        )

    helped = is_claude_command(command) or profile.key.kind == "none"
    if profile.route == "direct" and helped and not profile.secret_headers:
        return start(prepare_run(ctx, name, command))
    # Also for route `direct`: a command that cannot ask the helper would get the key itself in its environment, and
    # a secret header would stand there even for one that can.
    from ccswitch_tui.proxy.books.usage import UsageBook
    from ccswitch_tui.proxy.embedded import EmbeddedProxy
    from ccswitch_tui.workflows.serve import key_resolver

    resolve = key_resolver(ctx)
    resolve(profile)  # a missing key is said now, not by Claude Code after a minute
    book = UsageBook(os.path.join(ctx.paths.state_dir, "usage.sqlite3"))
    with EmbeddedProxy(
        ctx.book().profiles, resolve, env=ctx.env, usage=book, answers=ctx.paths.answers, prices=ctx.paths.prices
    ) as proxy:
        return start(prepare_run(ctx, name, command, base_url=proxy.base_url(name), token=proxy.token))


# ---------------------------------------------------------------- env


class EnvLine(NamedTuple):
    """One variable for a shell: to unset (neither value nor command), to set, or to set to what a command prints."""

    name: str
    value: str | None = None
    command: tuple[str, ...] = ()


def env_lines(ctx: Context, name: str, *, reveal: bool = False) -> list[EnvLine]:
    """One terminal's variables: rivals unset, ours set, the credential by command unless `reveal`."""
    from ccswitch_tui.workflows.use import link

    profile = ctx.book().get(name)
    tree = _settings(profile, link(ctx, profile), None)
    ours = {variable: value for variable, value in tree["env"].items() if value}
    ours.pop("CLAUDE_CODE_API_KEY_HELPER_TTL_MS", None)
    ours[HOST_MANAGED] = "1"
    credential = _credential_variable(profile)
    lines = [EnvLine(variable) for variable in RIVALS if variable not in ours and variable != credential]
    lines += [EnvLine(variable, value) for variable, value in ours.items()]
    if profile.route == "direct" and profile.key.kind == "none":
        # Without any credential Claude Code would send the login it has.
        return [*lines, EnvLine(credential, NO_KEY)]
    if not reveal:
        return [*lines, EnvLine(credential, None, (*own_command(), "key", "--lasting", profile.name))]
    token = ctx.proxy.lasting_token() if profile.route == "proxy" else _direct_key(ctx, profile)
    return [*lines, EnvLine(credential, token.reveal() if token else NO_KEY)]


NO_KEY = "none"
"""What an endpoint without keys gets."""


def _credential_variable(profile: Profile) -> str:
    """Where a credential goes when there is no helper: AUTH_TOKEN is sent as bearer, API_KEY as x-api-key."""
    wants_x_api_key = profile.route == "direct" and profile.endpoint.auth == "x-api-key"
    return "ANTHROPIC_API_KEY" if wants_x_api_key else "ANTHROPIC_AUTH_TOKEN"


SHELLS = ("bash", "zsh", "fish", "powershell")


def shell_text(line: EnvLine, shell: str) -> str:
    """One line in the words of a shell."""
    if line.value is None and not line.command:
        return {
            "fish": f"set -e {line.name}",
            "powershell": f"Remove-Item Env:{line.name} -ErrorAction SilentlyContinue",
        }.get(shell, f"unset {line.name}")
    if shell == "powershell":
        words = " ".join(map(in_powershell, line.command))
        return f"$env:{line.name} = {f'(& {words})' if line.command else in_powershell(line.value or '')}"
    if shell == "fish":
        words = " ".join(_fish(word) for word in line.command)
        return f"set -gx {line.name} {f'({words})' if line.command else _fish(line.value or '')}"
    words = " ".join(quoted(word, "posix") for word in line.command)
    return (
        f'export {line.name}="$({words})"'
        if line.command
        else f"export {line.name}={quoted(line.value or '', 'posix')}"
    )


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def overruling_file(ctx: Context) -> str | None:
    """A settings file here that names an endpoint or a credential: to a Claude Code before 2.1.83, which does not
    know HOST_MANAGED, it beats every exported variable."""
    from ccswitch_tui.claude.layers import effective
    from ccswitch_tui.claude.owned import OWNED

    files = [layer for layer in ctx.settings.layers() if layer.name != "environment"]
    for key, row in OWNED.items():
        value = effective(files, key) if row.exclusive else None
        if value is not None and value.value:
            return value.places[0].file
    return None


def write_launch_file(ctx: Context, name: str) -> str:
    """The profile as a settings file of its own, for `claude --settings FILE` in an alias; it holds no secret.

    The path stays the same; the text follows the profile each time this is called.
    """
    from ccswitch_tui.textfile import make_private_dir, write_private
    from ccswitch_tui.workflows.use import link

    profile = ctx.book().get(name)
    folder = os.path.join(ctx.paths.state_dir, "launch")
    path = os.path.join(folder, f"{profile.name}.json")
    text = json.dumps(_settings(profile, link(ctx, profile), None), indent=2) + "\n"
    try:
        make_private_dir(folder)
        write_private(path, text.encode())
    except OSError as error:
        raise ConflictError(
            say("cannot write {path}: {words}", path=path, words=(error.strerror or "").lower())
        ) from None
    return path
