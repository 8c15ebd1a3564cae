"""cc-switch and its command-line fork: rows of their database, their older config.json, their SQL export.

Pure: rows and texts in, candidates out. Only an endpoint, a key, models and a
few request settings are taken; hooks, scripts and other tools' parts of an
entry are not. Source: farion1231/cc-switch, src-tauri/src/database/schema.rs
(user_version 17) and provider.rs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.codex import draft_from_codex
from ccswitch_tui.interop.headers import read_headers, with_headers
from ccswitch_tui.interop.json_trees import draft_from_tree
from ccswitch_tui.interop.loops import checked
from ccswitch_tui.interop.names import Pair
from ccswitch_tui.interop.variables import draft_from_pairs, for_chat
from ccswitch_tui.profiles.draft import Candidate, Draft
from ccswitch_tui.sentence import Sentence, say
from ccswitch_tui.sqlite import sqlite3_here
from ccswitch_tui.wire.formats import CHAT, FORMATS, MESSAGES, RESPONSES, VERSION_REMOVED, Wire

KNOWN_VERSION = 17
"""`PRAGMA user_version` this was written for; a newer one is read for the columns needed, with a warning."""


QUERY = (
    "SELECT id, app_type, name, settings_config, meta, category, notes, is_current FROM providers "
    "ORDER BY app_type, sort_index, created_at"
)

LOGINS = ("github_copilot", "codex_oauth", "xai_oauth")
"""Providers without a key: their tool signs in for them."""

FOREIGN_APPS = {"gemini": say("it speaks Gemini's own format"), "pi": say("its format is not known")}

WIRE_OF_FORMAT: dict[str, Wire] = {"anthropic": MESSAGES, "openai_chat": CHAT, "openai_responses": RESPONSES}

Row = Mapping[str, Any]


def candidates_from_rows(rows: Iterable[Row], *, insist: bool = False) -> list[Candidate]:
    """The entries of the table `providers`, each app's apart."""
    return [_candidate(row, insist) for row in rows]


def candidates_from_config(tree: Any, *, insist: bool = False) -> list[Candidate]:
    """The entries of a config.json, version 1 (Claude only) or 2 (a map for each app)."""
    if not isinstance(tree, dict):
        raise UsageError(say("not a configuration of cc-switch"))
    apps = {"claude": tree} if "providers" in tree else tree
    rows = []
    for app, part in apps.items():
        providers = part.get("providers") if isinstance(part, dict) else None
        for key, entry in providers.items() if isinstance(providers, dict) else ():
            if isinstance(entry, dict):
                rows.append(
                    {**_row_of_entry(entry), "id": key, "app_type": app, "is_current": part.get("current") == key}
                )
    return candidates_from_rows(rows, insist=insist)


def _row_of_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a config.json under the names of the table's columns."""
    settings = entry.get("settingsConfig", entry.get("settings_config"))
    return {**{k: entry.get(k) for k in ("name", "notes", "meta", "category")}, "settings_config": settings}


def rows_from_sql(text: str) -> list[Row]:
    """The provider rows of an SQL export, run in memory with everything but tables and rows forbidden.

    Raises UsageError for anything else: a dump is a program somebody wrote.
    """
    sqlite3 = sqlite3_here()
    allowed = {
        sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_REINDEX,
    }  # fmt: skip

    def authorize(action: int, first: str | None, *_: str | None) -> int:
        harmless_pragma = action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in ("foreign_keys", "user_version")
        return int(sqlite3.SQLITE_OK if action in allowed or harmless_pragma else sqlite3.SQLITE_DENY)

    database = sqlite3.connect(":memory:")
    try:
        database.set_authorizer(authorize)
        database.set_progress_handler(Patience(), 10_000)
        database.executescript(text)
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(QUERY)]
    except sqlite3.Error as error:
        raise UsageError(
            say("this SQL export cannot be read: {name}", name=type(error).__name__),
            hint=say("only an export of cc-switch's own tables is read, nothing else in it is run"),
        ) from None
    finally:
        database.close()


class Patience:
    """Stops a database that computes forever (a view may recurse without end): true after so many calls."""

    def __init__(self, calls: int = 5_000) -> None:
        self.left = calls

    def __call__(self) -> int:
        self.left -= 1
        return self.left < 0


def _candidate(row: Row, insist: bool) -> Candidate:
    app = str(row.get("app_type") or "claude")
    name = str(row.get("name") or row.get("id") or "imported")
    label = name if app in ("claude", "claude-desktop") else f"{name} ({app})"
    in_use = bool(row.get("is_current"))
    meta, settings = _json(row.get("meta")), _json(row.get("settings_config"))
    if app in FOREIGN_APPS or meta.get("apiFormat") == "gemini_native":
        return Candidate(label, None, FOREIGN_APPS.get(app, FOREIGN_APPS["gemini"]), in_use)
    if meta.get("providerType") in LOGINS:
        return Candidate(label, None, say("it signs in instead of using a key"), in_use)
    if row.get("category") == "official" and not _env(settings).get("ANTHROPIC_BASE_URL"):
        return Candidate(label, None, say("it is the vendor's own login: 'ccswitch-tui use official'"), in_use)
    try:
        draft = _draft(app, settings, meta)
    except UsageError as error:
        return Candidate(label, None, error.message, in_use)
    note = str(row.get("notes") or "")
    return checked(label, draft._replace(note=note, source="cc-switch"), in_use=in_use, insist=insist)


def _json(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _env(settings: dict[str, Any]) -> dict[str, Any]:
    env = settings.get("env")
    return env if isinstance(env, dict) else {}


def _draft(app: str, settings: dict[str, Any], meta: dict[str, Any]) -> Draft:
    if app == "codex":
        draft = draft_from_codex(settings)
    elif _env(settings):
        draft = draft_from_pairs(_env_pairs(_env(settings), meta), "cc-switch")
    else:
        draft = draft_from_tree(settings)
    return _with_meta(draft, meta, str(_env(settings).get("ANTHROPIC_BASE_URL") or ""))


def _env_pairs(env: dict[str, Any], meta: dict[str, Any]) -> list[Pair]:
    """The variables; of two keys only the one the entry says is used."""
    field = meta.get("apiKeyField")
    both = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")
    left_out = set(both) - {field} if field in both and env.get(field) else set()
    # null is kept: an address that is named and empty must not count as absent
    kept = {k: "" if v is None else v for k, v in env.items() if k not in left_out}
    return [(k, str(v)) for k, v in kept.items() if isinstance(v, str | int | float)]


def _with_meta(draft: Draft, meta: dict[str, Any], given: str) -> Draft:
    """`given`: the address as the entry has it."""
    if draft.endpoint is None:
        return draft
    notes, warnings = list(draft.notes), list(draft.warnings)
    endpoint = draft.endpoint
    wire = WIRE_OF_FORMAT.get(str(meta.get("apiFormat")))
    if wire is not None and (endpoint.wire is None or not FORMATS[wire].native):
        endpoint = endpoint._replace(wire=wire)
        if not FORMATS[wire].version and given:  # cc-switch appends /v1/chat/completions itself, once
            endpoint = endpoint._replace(base_url=for_chat(given))
            notes = [note for note in notes if note != VERSION_REMOVED]
    overrides = meta.get("localProxyRequestOverrides")
    headers = overrides.get("headers") if isinstance(overrides, dict) else None
    if isinstance(headers, dict):
        read = read_headers([(str(k), str(v)) for k, v in headers.items()], notes, warnings)
        draft = with_headers(draft._replace(endpoint=endpoint), read)
        endpoint = draft.endpoint or endpoint
    body = overrides.get("body") if isinstance(overrides, dict) else None
    quirks = dict(draft.quirks)
    if isinstance(body, dict) and body:
        if endpoint.wire is not None and not endpoint.format.native:
            quirks["extra_body"] = {**quirks.get("extra_body", {}), **body}
        else:
            notes.append(
                say("its additions to the request's body were left out: the proxy passes this format unchanged")
            )
    endpoint = endpoint._replace(
        http_proxy=_http_proxy(meta.get("proxyConfig"), notes, warnings) or endpoint.http_proxy
    )
    if meta.get("customUserAgent"):
        notes.append(say("its user agent is not imported: requests go out under the client's own name"))
    if meta.get("usage_script"):
        notes.append(say("its usage script, and the keys in it, were not imported"))
    limit = meta.get("maxOutputTokens")
    return draft._replace(
        endpoint=endpoint,
        quirks=quirks,
        notes=tuple(notes),
        warnings=tuple(warnings),
        max_output=draft.max_output or (limit if isinstance(limit, int) and limit > 0 else None),
    )


def _http_proxy(given: Any, notes: list[Sentence], warnings: list[Sentence]) -> str | None:
    """The entry's own way out, as an address; its password is not stored."""
    if not isinstance(given, dict) or not given or given.get("enabled") is False:
        return None
    address = given.get("url") or given.get("proxyUrl") or given.get("proxy") or ""
    host, port = given.get("host") or given.get("proxyHost"), given.get("port") or given.get("proxyPort")
    if not address and host:
        kind = given.get("type") or given.get("proxyType") or given.get("protocol") or "http"
        address = f"{kind}://{host}:{port}" if port else f"{kind}://{host}"
    if not isinstance(address, str) or not address:
        notes.append(say("its HTTP proxy was left out: set endpoint.http_proxy if it is needed"))
        return None
    if "@" in address or given.get("password") or given.get("proxyPassword"):
        warnings.append(
            say("the HTTP proxy's password is not stored; put it into HTTPS_PROXY if the proxy asks for it")
        )
    scheme, _, rest = address.rpartition("://")
    return f"{scheme or 'http'}://{rest.rpartition('@')[2]}".rstrip("/")
