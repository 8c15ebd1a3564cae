"""Other tools' files on this machine: where they lie, how each is opened and read.

What they mean is understood in interop.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.draft import Candidate
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.textfile import read_file
from ccswitch_tui.workflows.foreign_files import (
    LARGEST_DATABASE,
    database_of,
    file_bytes,
    file_json,
    file_text,
    file_yaml,
)

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

Read = Callable[["Context", str, bool], list[Candidate]]


class Source(NamedTuple):
    """One tool whose files can be imported."""

    id: str
    title: str
    places: tuple[str, ...]
    """Where its files lie; `~` is the home folder, `$CLAUDE` Claude Code's, `.` the current one."""
    read: Read
    note: str = ""


class Found(NamedTuple):
    """A file of a tool on this machine."""

    source: Source
    path: str


# ---------------------------------------------------------------- finding


def find_sources(ctx: Context) -> list[Found]:
    """The files of known tools that are there, each once. Looks at names only: nothing is opened, no key is read."""
    by_file: dict[str, Found] = {}
    for found in _all_sources(ctx):
        # in the home folder the project's settings are the user's
        by_file.setdefault(os.path.realpath(found.path) if found.path else "", found)
    return list(by_file.values())


def _all_sources(ctx: Context) -> list[Found]:
    found = []
    for source in SOURCES.values():
        for place in source.places:
            for path in sorted(glob.glob(_expanded(ctx, place))):
                if os.path.isfile(path):
                    found.append(Found(source, path))
                    if not glob.has_magic(place):
                        break
            if found and found[-1].source is source and not glob.has_magic(place):
                break  # the first place that is there is the one its tool uses
    if any(name in ctx.env for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")):
        found.append(Found(SOURCES["environment"], ""))
    return found


def _expanded(ctx: Context, place: str) -> str:
    place = place.replace("$CLAUDE", glob.escape(ctx.paths.claude_dir))
    place = place.replace(
        "$CONFIG", glob.escape(ctx.env.get("XDG_CONFIG_HOME") or os.path.join(ctx.paths.home, ".config"))
    )
    place = place.replace("$CC_SWITCH", glob.escape(_cc_switch_dir(ctx)))
    place = place.replace("$CODEX", glob.escape(ctx.env.get("CODEX_HOME") or os.path.join(ctx.paths.home, ".codex")))
    place = place.replace("$CCS", glob.escape(ctx.env.get("CCS_HOME") or os.path.join(ctx.paths.home, ".ccs")))
    if place.startswith("~/"):
        place = os.path.join(glob.escape(ctx.paths.home), place[2:])
    return os.path.join(glob.escape(ctx.cwd), place)


def _cc_switch_dir(ctx: Context) -> str:
    """Where cc-switch keeps its files: an override in its app's store, or the home folder."""
    override = ctx.env.get("CC_SWITCH_CONFIG_DIR")
    if override:
        return override
    for base in (
        os.path.join(ctx.paths.home, ".local", "share"),
        os.path.join(ctx.paths.home, "Library", "Application Support"),
        ctx.env.get("APPDATA", ""),
    ):
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads(read_file(os.path.join(base, "com.ccswitch.desktop", "app_paths.json")))
            chosen = kept.get("app_config_dir_override") if isinstance(kept, dict) else None
            if isinstance(chosen, str) and chosen:
                return chosen.replace("~", ctx.paths.home, 1) if chosen.startswith("~") else chosen
    return os.path.join(ctx.paths.home, ".cc-switch")


def read_source(ctx: Context, source: str, *, insist: bool = False) -> tuple[str, list[Candidate]]:
    """The entries of a tool (by its id) or of a file (by its path): (what was read, candidates).

    `insist` takes local proxies of other switchers too. Raises UsageError.
    """
    known = SOURCES.get(source)
    if known is None:
        at_home = source.replace("~", ctx.paths.home, 1) if source.startswith("~/") else source
        path = os.path.join(ctx.cwd, at_home)
        if not os.path.isfile(path):
            raise UsageError(
                say("there is no source '{source}'", source=source),
                hint=say("one of {names}, or the path of a file of theirs", names=", ".join(SOURCES)),
            )
        return path, _by_content(path).read(ctx, path, insist)
    if known.id == "environment":
        return say("this shell's environment"), known.read(ctx, "", insist)
    files = [f.path for f in _all_sources(ctx) if f.source is known]
    if not files:
        raise UsageError(
            say("no files of {title} were found", title=known.title),
            hint=say("it was looked for in {names}; or name its file", names=", ".join(known.places)),
        )
    return ", ".join(files), [c for path in files for c in known.read(ctx, path, insist)]


def _by_content(path: str) -> Source:
    """The tool a file belongs to, by its name and what it holds."""
    name = os.path.basename(path).lower()
    head = file_bytes(path, LARGEST_DATABASE, most=200_000)
    if head.startswith(b"SQLite format 3\0"):
        return SOURCES["claude-code-router" if "config.sqlite" in name else "cc-switch"]
    text = head.decode("utf-8", "replace")
    for source, marks in CONTENT_MARKS:
        if any(mark in text for mark in marks):
            return SOURCES[source]
    if name.endswith(".sql"):
        return SOURCES["cc-switch"]
    if name.startswith(".aider"):
        return SOURCES["aider"]
    return SOURCES["claude-settings"] if '"env"' in text else SOURCES["paste"]


CONTENT_MARKS = (
    ("litellm", ("model_list:", "litellm_params")),
    ("claude-code-router", ('"Providers"', '"api_base_url"')),
    ("cc-switch", ('"settingsConfig"', "INSERT INTO providers", 'INSERT INTO "providers"')),
    ("continue", ("apiBase", "schema: v1")),
    ("aider", ("openai-api-base", "weak-model")),
    ("zcf", ("[claudeCode",)),
    ("codex", ("[model_providers.",)),
    ("ccs", (".settings.json",)),
)


# ---------------------------------------------------------------- readers


def _read_cc_switch(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import cc_switch

    if path.endswith(".json"):
        return cc_switch.candidates_from_config(file_json(path), insist=insist)
    if file_bytes(path, LARGEST_DATABASE, most=16).startswith(b"SQLite format 3\0"):
        with database_of(path) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            rows = [dict(row) for row in database.execute(cc_switch.QUERY)]
        found = cc_switch.candidates_from_rows(rows, insist=insist)
        if version <= cc_switch.KNOWN_VERSION:
            return found
        newer = say(
            "its database is of version {version}, newer than this program knows: check what was read", version=version
        )
        return _warned(found, newer)
    return cc_switch.candidates_from_rows(cc_switch.rows_from_sql(file_text(path)), insist=insist)


def _warned(candidates: list[Candidate], warning: Sentence) -> list[Candidate]:
    return [
        c._replace(draft=c.draft._replace(warnings=(*c.draft.warnings, warning))) if c.draft else c for c in candidates
    ]


def _read_router(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import claude_code_router as router

    if not path.endswith(".sqlite"):
        return router.candidates_from_config(file_json(path), insist=insist)
    with database_of(path) as database:
        row = database.execute(router.QUERY).fetchone()
    return router.candidates_from_config(json.loads(row[0]) if row else {}, insist=insist)


def _read_ccs(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import ccs
    from ccswitch_tui.interop.claude_settings import candidate_from_settings

    config = file_json(path) if path.endswith(".json") else file_yaml(path)
    found = []
    for name, file in ccs.settings_files(config).items():
        place = (
            file.replace("~", ctx.paths.home, 1) if file.startswith("~") else os.path.join(os.path.dirname(path), file)
        )
        try:
            candidate = candidate_from_settings(name, file_json(place), insist=insist)
        except UsageError as error:
            candidate = Candidate(name, None, error.message)
        found.append(ccs.as_it_is_called(candidate)._replace(in_use=name == ccs.default_profile(config)))
    return found


def _read_litellm(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import litellm

    return litellm.candidates_from_config(file_yaml(path), insist=insist)


def _read_aider(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import aider
    from ccswitch_tui.interop.env_lines import env_pairs

    env_file = os.path.join(os.path.dirname(path), ".env")
    # aider also reads the shell's own variables: such an address is named, and not taken without asking
    env = {name: f"${name}" for name in ctx.env if name.endswith(("_API_BASE", "_BASE_URL"))}
    env |= dict(env_pairs(file_text(env_file))) if os.path.isfile(env_file) else {}
    return aider.candidates_from_config(file_yaml(path), env, insist=insist)


def _read_continue(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import continue_dev

    return continue_dev.candidates_from_config(
        file_json(path) if path.endswith(".json") else file_yaml(path), insist=insist
    )


def _read_settings(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.claude_settings import candidate_from_settings

    stem = os.path.basename(path).removesuffix(".json").removesuffix(".settings")
    name = "claude" if stem in ("settings", "settings.local") else stem
    return [candidate_from_settings(name, file_json(path), insist=insist)]


def _read_environment(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.claude_settings import candidate_from_environment

    return [candidate_from_environment("shell", ctx.env, insist=insist)]


def _read_env_file(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.claude_settings import candidate_from_environment
    from ccswitch_tui.interop.env_lines import env_pairs

    name = os.path.basename(path).removesuffix(".env")
    return [candidate_from_environment(name, dict(env_pairs(file_text(path))), insist=insist)]


def _read_key_file(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.env_lines import env_pairs
    from ccswitch_tui.interop.others import from_key_file

    return from_key_file(env_pairs(file_text(path)), "claude-code-switch", insist=insist)


def _read_zcf(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    import tomllib

    from ccswitch_tui.interop.others import from_zcf

    try:
        return from_zcf(tomllib.loads(file_text(path)), insist=insist)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(say("{path} cannot be read as TOML: {error}", path=path, error=error)) from None


def _read_codex(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    import tomllib

    from ccswitch_tui.interop.codex import candidates_from_codex

    beside = os.path.join(os.path.dirname(path), "auth.json")
    auth = file_json(beside) if os.path.isfile(beside) else {}
    try:
        config = tomllib.loads(file_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(say("{path} cannot be read as TOML: {error}", path=path, error=error)) from None
    return candidates_from_codex(config, auth if isinstance(auth, dict) else {}, insist=insist)


def _read_switch_tui(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.others import from_claude_switch_tui

    return from_claude_switch_tui(file_json(path), insist=insist)


def _read_provider_switcher(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.others import from_claude_provider_switcher

    return from_claude_provider_switcher(file_json(path), insist=insist)


def _read_paste(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.loops import checked
    from ccswitch_tui.interop.paste import parse_paste

    name = os.path.splitext(os.path.basename(path))[0] or "imported"
    return [checked(name, parse_paste(file_bytes(path)), insist=insist)]


SOURCES: dict[str, Source] = {
    source.id: source
    for source in (
        Source("cc-switch", "cc-switch", ("$CC_SWITCH/cc-switch.db", "$CC_SWITCH/config.json"), _read_cc_switch),
        Source(
            "claude-code-router",
            "claude-code-router",
            ("~/.claude-code-router/config.sqlite", "~/.claude-code-router/config.json"),
            _read_router,
        ),
        Source("ccs", "ccs", ("$CCS/config.yaml", "$CCS/config.json"), _read_ccs),
        Source(
            "claude-settings",
            say("Claude Code's settings"),
            ("$CLAUDE/settings.json",),
            _read_settings,
            say("what Claude Code uses now"),
        ),
        Source(
            "project-settings",
            say("this project's settings"),
            (".claude/settings.local.json", ".claude/settings.json"),
            _read_settings,
        ),
        Source("environment", say("this shell's environment"), (), _read_environment),
        Source("litellm", say("LiteLLM's proxy"), ("litellm_config.yaml", "litellm.yaml"), _read_litellm),
        Source("aider", "aider", (".aider.conf.yml", "~/.aider.conf.yml"), _read_aider),
        Source("continue", "Continue", ("~/.continue/config.yaml", "~/.continue/config.json"), _read_continue),
        Source("claude-code-switch", "claude-code-switch (ccm)", ("~/.ccm_config",), _read_key_file),
        Source(
            "settings-copies",
            say("copies of settings"),
            ("$CLAUDE/profiles/*.json", "$CLAUDE/switch-settings/*.json"),
            _read_settings,
        ),
        Source("zcf", "zcf", ("~/.ufomiao/zcf/config.toml",), _read_zcf),
        Source("codex", "Codex", ("$CODEX/config.toml",), _read_codex),
        Source("claude-switch", "claude-switch", ("$CONFIG/claude-switch/*.env",), _read_env_file),
        Source(
            "claude-provider-switcher",
            "claude-provider-switcher",
            ("~/.claude-provider-switcher/profiles.json",),
            _read_provider_switcher,
        ),
        Source("claude-switch-tui", "claude-switch-tui", ("~/.claude-switch-tui/providers.json",), _read_switch_tui),
        Source("paste", say("a text file"), (), _read_paste),
    )
}
