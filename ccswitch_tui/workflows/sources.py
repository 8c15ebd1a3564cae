"""Other tools' files on this machine: where they lie, how each is opened and read.

Their files are opened to read only, never locked, never changed; databases
read-only, or as a copy when their tool holds them. What they mean is
understood in interop.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.draft import Candidate

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

LARGEST_FILE = 8_000_000
"""Bytes. Settings are kilobytes; a file beyond this is something else."""

LARGEST_DATABASE = 500_000_000
"""Bytes. cc-switch keeps its request log in the same file."""

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
    """The files of known tools that are there. Looks at names only: nothing is opened, no key is read."""
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
            with open(os.path.join(base, "com.ccswitch.desktop", "app_paths.json"), encoding="utf-8") as file:
                chosen = json.load(file).get("app_config_dir_override")
            if isinstance(chosen, str) and chosen:
                return chosen.replace("~", ctx.paths.home, 1) if chosen.startswith("~") else chosen
    return os.path.join(ctx.paths.home, ".cc-switch")


def read_source(ctx: Context, source: str, *, insist: bool = False) -> tuple[str, list[Candidate]]:
    """The entries of a tool (by its id) or of a file (by its path): (what was read, candidates).

    `insist` takes local proxies of other switchers too. Raises UsageError.
    """
    known = SOURCES.get(source)
    if known is None:
        path = os.path.join(ctx.cwd, os.path.expanduser(source))
        if not os.path.isfile(path):
            raise UsageError(
                f"there is no source '{source}'", hint=f"one of {', '.join(SOURCES)}, or the path of a file of theirs"
            )
        return path, _by_content(path).read(ctx, path, insist)
    if known.id == "environment":
        return "this shell's environment", known.read(ctx, "", insist)
    files = [f.path for f in find_sources(ctx) if f.source is known]
    if not files:
        raise UsageError(
            f"nothing of {known.title} was found",
            hint=f"it was looked for in {', '.join(known.places)}; or name its file",
        )
    return ", ".join(files), [c for path in files for c in known.read(ctx, path, insist)]


def _by_content(path: str) -> Source:
    """The tool a file belongs to, by its name and what it holds."""
    name = os.path.basename(path).lower()
    head = _bytes(path, LARGEST_DATABASE, most=200_000)
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
    ("ccs", (".settings.json",)),
)


# ---------------------------------------------------------------- readers


def _bytes(path: str, limit: int = LARGEST_FILE, most: int | None = None) -> bytes:
    try:
        if os.path.getsize(path) > limit:
            raise UsageError(f"{path} is too large to be settings", hint="name the right file")
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _text(path: str) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None


def _json(path: str) -> Any:
    """JSON as its tool reads it: with comments and commas too many where the tool forgives them."""
    from ccswitch_tui.interop.snippets import forgiving_json

    try:
        return forgiving_json(_text(path))
    except ValueError as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}", hint="mend it in its own tool first") from None


def _yaml(path: str) -> Any:
    from ccswitch_tui.interop.yamltext import from_yaml

    try:
        return from_yaml(_text(path))
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from None


@contextlib.contextmanager
def _database(path: str) -> Iterator[Any]:
    """Another tool's SQLite file, read-only; a copy of it where it is locked."""
    import shutil
    import sqlite3
    import tempfile
    from urllib.parse import quote

    _bytes(path, LARGEST_DATABASE, most=16)

    def opened(place: str) -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{quote(place)}?mode=ro", uri=True, timeout=1.0)
        connection.row_factory = sqlite3.Row
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return connection

    with contextlib.ExitStack() as stack:
        try:
            connection = opened(path)
        except sqlite3.Error:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ccswitch-"))
            copy = os.path.join(folder, "copy.db")
            for ending in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(path + ending, copy + ending)
            try:
                connection = opened(copy)
            except sqlite3.Error:
                raise UsageError(f"{path} cannot be read as a database", hint="close its tool and try again") from None
        stack.callback(connection.close)
        try:
            yield connection
        except sqlite3.Error:
            raise UsageError(f"{path} does not have the tables it should have") from None


def _read_cc_switch(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import cc_switch

    if path.endswith(".json"):
        return cc_switch.candidates_from_config(_json(path), insist=insist)
    if _bytes(path, LARGEST_DATABASE, most=16).startswith(b"SQLite format 3\0"):
        with _database(path) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            rows = [dict(row) for row in database.execute(cc_switch.QUERY)]
        found = cc_switch.candidates_from_rows(rows, insist=insist)
        return _warned(found, cc_switch.NEWER.format(version=version)) if version > cc_switch.KNOWN_VERSION else found
    return cc_switch.candidates_from_rows(cc_switch.rows_from_sql(_text(path)), insist=insist)


def _warned(candidates: list[Candidate], warning: str) -> list[Candidate]:
    return [
        c._replace(draft=c.draft._replace(warnings=(*c.draft.warnings, warning))) if c.draft else c for c in candidates
    ]


def _read_router(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import claude_code_router as router

    if not path.endswith(".sqlite"):
        return router.candidates_from_config(_json(path), insist=insist)
    with _database(path) as database:
        row = database.execute(router.QUERY).fetchone()
    return router.candidates_from_config(json.loads(row[0]) if row else {}, insist=insist)


def _read_ccs(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import ccs
    from ccswitch_tui.interop.claude_settings import candidate_from_settings

    config = _json(path) if path.endswith(".json") else _yaml(path)
    found = []
    for name, file in ccs.settings_files(config).items():
        place = (
            file.replace("~", ctx.paths.home, 1) if file.startswith("~") else os.path.join(os.path.dirname(path), file)
        )
        try:
            candidate = candidate_from_settings(name, _json(place), insist=insist)
        except UsageError as error:
            candidate = Candidate(name, None, error.message)
        found.append(candidate._replace(in_use=name == ccs.default_profile(config)))
    return found


def _read_litellm(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import litellm

    return litellm.candidates_from_config(_yaml(path), insist=insist)


def _read_aider(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import aider
    from ccswitch_tui.interop.paste import env_pairs

    env_file = os.path.join(os.path.dirname(path), ".env")
    env = dict(env_pairs(_text(env_file))) if os.path.isfile(env_file) else {}
    return aider.candidates_from_config(_yaml(path), env, insist=insist)


def _read_continue(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop import continue_dev

    return continue_dev.candidates_from_config(_json(path) if path.endswith(".json") else _yaml(path), insist=insist)


def _read_settings(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.claude_settings import candidate_from_settings

    stem = os.path.basename(path).removesuffix(".json").removesuffix(".settings")
    name = "claude" if stem in ("settings", "settings.local") else stem
    return [candidate_from_settings(name, _json(path), insist=insist)]


def _read_environment(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.claude_settings import candidate_from_environment

    return [candidate_from_environment("shell", ctx.env, insist=insist)]


def _read_env_file(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.claude_settings import candidate_from_environment
    from ccswitch_tui.interop.paste import env_pairs

    name = os.path.basename(path).removesuffix(".env")
    return [candidate_from_environment(name, dict(env_pairs(_text(path))), insist=insist)]


def _read_key_file(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.others import from_key_file
    from ccswitch_tui.interop.paste import env_pairs

    return from_key_file(env_pairs(_text(path)), "claude-code-switch", insist=insist)


def _read_zcf(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    import tomllib

    from ccswitch_tui.interop.others import from_zcf

    try:
        return from_zcf(tomllib.loads(_text(path)), insist=insist)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from None


def _read_switch_tui(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.others import from_claude_switch_tui

    return from_claude_switch_tui(_json(path), insist=insist)


def _read_provider_switcher(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.others import from_claude_provider_switcher

    return from_claude_provider_switcher(_json(path), insist=insist)


def _read_paste(ctx: Context, path: str, insist: bool) -> list[Candidate]:
    from ccswitch_tui.interop.loops import checked
    from ccswitch_tui.interop.paste import parse_paste

    name = os.path.splitext(os.path.basename(path))[0] or "imported"
    return [checked(name, parse_paste(_bytes(path)), insist=insist)]


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
            "Claude Code's settings",
            ("$CLAUDE/settings.json",),
            _read_settings,
            "what Claude Code uses now",
        ),
        Source(
            "project-settings",
            "this project's settings",
            (".claude/settings.local.json", ".claude/settings.json"),
            _read_settings,
        ),
        Source("environment", "this shell's environment", (), _read_environment),
        Source("litellm", "LiteLLM's proxy", ("litellm_config.yaml", "litellm.yaml"), _read_litellm),
        Source("aider", "aider", (".aider.conf.yml", "~/.aider.conf.yml"), _read_aider),
        Source("continue", "Continue", ("~/.continue/config.yaml", "~/.continue/config.json"), _read_continue),
        Source("claude-code-switch", "claude-code-switch (ccm)", ("~/.ccm_config",), _read_key_file),
        Source(
            "settings-copies",
            "copies of settings",
            ("$CLAUDE/profiles/*.json", "$CLAUDE/switch-settings/*.json"),
            _read_settings,
        ),
        Source("zcf", "zcf", ("~/.ufomiao/zcf/config.toml",), _read_zcf),
        Source("claude-switch", "claude-switch", ("$CONFIG/claude-switch/*.env",), _read_env_file),
        Source(
            "claude-provider-switcher",
            "claude-provider-switcher",
            ("~/.claude-provider-switcher/profiles.json",),
            _read_provider_switcher,
        ),
        Source("claude-switch-tui", "claude-switch-tui", ("~/.claude-switch-tui/providers.json",), _read_switch_tui),
        Source("paste", "a text file", (), _read_paste),
    )
}
