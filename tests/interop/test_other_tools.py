"""Other switchers' and tools' files: what becomes a profile, what is refused and why, and that nothing of theirs changes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.interop.cc_switch import candidates_from_config, candidates_from_rows, rows_from_sql
from ccswitch_tui.profiles.draft import Candidate, profile_name
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.import_export import import_candidates
from ccswitch_tui.workflows.sources import find_sources, read_source

KEY = "sk-example-0123456789abcdef"


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())


def write(home: Path, name: str, content: Any) -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def one(ctx: Context, source: str) -> Candidate:
    candidates = read_source(ctx, source)[1]
    assert len(candidates) == 1
    return candidates[0]


def facts(candidate: Candidate) -> dict[str, Any]:
    draft = candidate.draft
    assert draft is not None, candidate.why_not
    assert draft.endpoint is not None
    return {
        "base_url": draft.endpoint.base_url,
        "wire": draft.endpoint.wire,
        "key": draft.secret.reveal() if draft.secret else str(draft.key_ref) if draft.key_ref else None,
        "models": draft.models.named(),
    }


# ---------------------------------------------------------------- cc-switch


def claude_row(name: str, env: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "app_type": "claude",
        "name": name,
        "settings_config": json.dumps({"env": env, "hooks": {"x": 1}}),
        **more,
    }


RELAY = {
    "ANTHROPIC_BASE_URL": "https://relay.example",
    "ANTHROPIC_AUTH_TOKEN": KEY,
    "ANTHROPIC_MODEL": "big",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "small",
}


def cc_switch_database(home: Path, rows: list[dict[str, Any]], *, version: int = 17) -> Path:
    path = home / ".cc-switch" / "cc-switch.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    database.executescript(
        f"PRAGMA user_version={version};"
        "CREATE TABLE providers(id TEXT, app_type TEXT, name TEXT, settings_config TEXT, website_url TEXT, category TEXT,"
        "created_at INT, sort_index INT, notes TEXT, icon TEXT, icon_color TEXT, meta TEXT, is_current BOOL,"
        "in_failover_queue BOOL, PRIMARY KEY(id, app_type));"
    )
    for row in rows:
        database.execute(
            "INSERT INTO providers(id, app_type, name, settings_config, meta, category, is_current) VALUES(?,?,?,?,?,?,?)",
            [row.get(c) for c in ("id", "app_type", "name", "settings_config", "meta", "category", "is_current")],
        )
    database.commit()
    database.close()
    return path


def test_a_provider_of_cc_switch_brings_endpoint_key_and_tiers_and_no_hooks(home: Path, ctx: Context) -> None:
    cc_switch_database(home, [claude_row("Relay", RELAY, is_current=1)])
    candidate = one(ctx, "cc-switch")
    assert facts(candidate) == {
        "base_url": "https://relay.example", "wire": "anthropic", "key": KEY, "models": {"default": "big", "haiku": "small"},
    }  # fmt: skip
    assert candidate.in_use
    assert "hooks" not in repr(candidate)


def test_reading_cc_switch_leaves_its_database_as_it_was(home: Path, ctx: Context) -> None:
    path = cc_switch_database(home, [claude_row("Relay", RELAY)])
    before = (path.read_bytes(), sorted(p.name for p in path.parent.iterdir()))
    read_source(ctx, "cc-switch")
    assert (path.read_bytes(), sorted(p.name for p in path.parent.iterdir())) == before


def test_a_database_that_its_tool_is_writing_is_read_all_the_same(home: Path, ctx: Context) -> None:
    path = cc_switch_database(home, [claude_row("Relay", RELAY)])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert one(ctx, "cc-switch").name == "Relay"
    finally:
        holder.close()


def test_a_newer_database_is_read_with_a_warning(home: Path, ctx: Context) -> None:
    cc_switch_database(home, [claude_row("Relay", RELAY)], version=99)
    draft = one(ctx, "cc-switch").draft
    assert draft is not None
    assert any("version 99" in w for w in draft.warnings)


REFUSED_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "its own proxy's token": (claude_row("x", {**RELAY, "ANTHROPIC_AUTH_TOKEN": "PROXY_MANAGED"}), "placeholder"),
    "its own proxy's port": (claude_row("x", {**RELAY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:15721"}), "cc-switch's proxy"),
    "claude-code-router's port": (claude_row("x", {**RELAY, "ANTHROPIC_BASE_URL": "http://localhost:3456"}), "router"),
    "our own proxy": (claude_row("x", {**RELAY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:23667/p/work"}), "own proxy"),
    "the vendor's login": (claude_row("x", {}, category="official"), "use official"),
    "a login instead of a key": (claude_row("x", RELAY, meta='{"providerType":"github_copilot"}'), "signs in"),
    "Gemini's format": (claude_row("x", RELAY, meta='{"apiFormat":"gemini_native"}'), "Gemini"),
    "an address that is none": (claude_row("x", {**RELAY, "ANTHROPIC_BASE_URL": "https://${HOST}"}), "no address|placeholder"),
    "no address": (claude_row("x", {"SOMETHING": "else"}), "no address"),
    "settings that are no JSON": ({"name": "x", "app_type": "claude", "settings_config": "{oops"}, "no address"),
}  # fmt: skip


@pytest.mark.parametrize("row, words", REFUSED_ROWS.values(), ids=REFUSED_ROWS.keys())
def test_what_would_be_a_loop_or_no_key_is_refused_with_the_reason(row: dict[str, Any], words: str) -> None:
    import re

    (candidate,) = candidates_from_rows([row])
    assert candidate.draft is None
    assert re.search(words, candidate.why_not), candidate.why_not


def test_insisting_takes_a_local_proxy_all_the_same() -> None:
    row = claude_row("x", {**RELAY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:3456"})
    assert candidates_from_rows([row], insist=True)[0].draft is not None


def test_of_two_keys_the_one_the_entry_says_is_used_is_taken() -> None:
    env = {**RELAY, "ANTHROPIC_API_KEY": "sk-example-the-other-one"}
    draft = candidates_from_rows([claude_row("x", env, meta='{"apiKeyField":"ANTHROPIC_API_KEY"}')])[0].draft
    assert draft is not None and draft.secret is not None and draft.endpoint is not None
    assert (draft.secret.reveal(), draft.endpoint.auth) == ("sk-example-the-other-one", "x-api-key")


def test_the_keys_in_a_usage_script_are_left_alone() -> None:
    meta = json.dumps(
        {"usage_script": {"code": "fetch(…)", "apiKey": "sk-example-hidden-in-script", "accessToken": "t"}}
    )
    (candidate,) = candidates_from_rows([claude_row("x", RELAY, meta=meta)])
    assert "hidden" not in repr(candidate)
    assert candidate.draft is not None
    assert candidate.draft.secret is not None
    assert candidate.draft.secret.reveal() == KEY


def test_codex_entries_are_read_from_the_toml_inside() -> None:
    config = 'model = "m9"\nmodel_provider = "x"\n[model_providers.x]\nbase_url = "https://c.example/v1"\nwire_api = "responses"\n'
    row = {
        "name": "c",
        "app_type": "codex",
        "settings_config": json.dumps({"auth": {"OPENAI_API_KEY": KEY}, "config": config}),
    }
    assert facts(candidates_from_rows([row])[0]) == {
        "base_url": "https://c.example/v1", "wire": "openai-responses", "key": KEY, "models": {"default": "m9"},
    }  # fmt: skip


@pytest.mark.parametrize("version", [1, 2])
def test_the_older_config_json_is_read(version: int) -> None:
    part = {"providers": {"a": {"id": "a", "name": "Relay", "settingsConfig": {"env": RELAY}}}, "current": "a"}
    (candidate,) = candidates_from_config(part if version == 1 else {"version": 2, "claude": part, "mcp": {}})
    assert (candidate.name, candidate.in_use) == ("Relay", True)


SQL = """
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE providers(id TEXT, app_type TEXT, name TEXT, settings_config TEXT, meta TEXT, category TEXT, notes TEXT,
  is_current BOOL, sort_index INT, created_at INT);
INSERT INTO providers VALUES('a','claude','Relay','{"env":{"ANTHROPIC_BASE_URL":"https://relay.example","ANTHROPIC_AUTH_TOKEN":"k-0123456789"}}','{}',NULL,NULL,1,1,1);
COMMIT;
"""


def test_an_sql_export_is_read() -> None:
    (candidate,) = candidates_from_rows(rows_from_sql(SQL))
    assert facts(candidate)["base_url"] == "https://relay.example"


@pytest.mark.parametrize(
    "attack",
    [
        "ATTACH DATABASE '{path}' AS other; CREATE TABLE other.x(a);",
        "SELECT load_extension('evil');",
        "PRAGMA journal_mode=WAL;",
        "CREATE TRIGGER t AFTER INSERT ON providers BEGIN DELETE FROM providers; END;",
        "CREATE VIEW providers AS SELECT 1;",
        "VACUUM INTO '{path}';",
        "DROP TABLE providers;",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) INSERT INTO providers(id) SELECT x FROM c;",
        "not sql at all",
    ],
)
def test_an_sql_export_that_does_more_than_fill_tables_is_refused(attack: str, tmp_path: Path) -> None:
    target = tmp_path / "written.db"
    with pytest.raises(UsageError, match="SQL export"):
        rows_from_sql(SQL + attack.replace("{path}", str(target)))
    assert not target.exists()


# ---------------------------------------------------------------- the others

ROUTER = {
    "PORT": 3456,
    "APIKEY": "sk-example-local-secret",
    "PROXY_URL": "http://127.0.0.1:7890",
    "Providers": [
        {"name": "acme", "api_base_url": "https://api.acme.example/v1/chat/completions", "api_key": "$ACME_KEY",
         "models": ["m-1", "m-2"], "transformer": {"use": ["deepseek", ["maxtoken", {"max_tokens": 8192}]]}},
        {"name": "other one", "api_base_url": "https://o.example/v1/chat/completions", "api_key": KEY, "models": ["q"]},
        {"name": "native", "api_base_url": "https://n.example/v1/messages", "api_key": KEY, "models": ["c"],
         "transformer": {"use": ["anthropic"]}},
    ],
    "Router": {"default": "acme,m-1", "background": "other one,q", "think": "acme,m-2", "longContext": "acme,m-1",
               "longContextThreshold": 60000},
}  # fmt: skip


def test_claude_code_router_brings_providers_routes_and_quirks(home: Path, ctx: Context) -> None:
    write(home, ".claude-code-router/config.json", ROUTER)
    acme, other, native = read_source(ctx, "claude-code-router")[1]
    assert facts(acme) == {
        "base_url": "https://api.acme.example/v1", "wire": "openai-chat", "key": "env:ACME_KEY",
        "models": {"default": "m-1", "opus": "m-2", "haiku": "other-one:q"},
    }  # fmt: skip
    assert acme.draft is not None and acme.draft.endpoint is not None
    assert acme.draft.endpoint.http_proxy == "http://127.0.0.1:7890"
    assert acme.draft.max_output == 8192
    assert acme.draft.quirks == {"reasoning_replay": "reasoning_content"}
    assert facts(other)["key"] == KEY
    assert (facts(native)["base_url"], facts(native)["wire"]) == ("https://n.example", "anthropic")


def test_claude_code_routers_database_is_read(home: Path, ctx: Context) -> None:
    folder = home / ".claude-code-router"
    folder.mkdir()
    database = sqlite3.connect(folder / "config.sqlite")
    database.execute("CREATE TABLE app_config(key TEXT, value_json TEXT)")
    database.execute("INSERT INTO app_config VALUES('default', ?)", [json.dumps(ROUTER)])
    database.commit()
    database.close()
    assert len(read_source(ctx, "claude-code-router")[1]) == 3


def test_ccs_names_settings_files_that_are_read(home: Path, ctx: Context) -> None:
    write(
        home,
        ".ccs/config.yaml",
        "version: 11\ndefault: glm\naccounts: {work: {}}\nprofiles:\n  glm: {type: api, settings: ~/.ccs/glm.settings.json}\n",
    )
    write(home, ".ccs/glm.settings.json", {"env": RELAY})
    candidate = one(ctx, "ccs")
    assert (candidate.name, candidate.in_use, facts(candidate)["key"]) == ("glm", True, KEY)


LITELLM = """
model_list:
  - model_name: claude-sonnet
    litellm_params: {model: openai/vendor-model, api_base: "https://api.acme.example/v1", api_key: os.environ/ACME_KEY}
    model_info: {max_input_tokens: 200000}
  - model_name: claude-haiku
    litellm_params: {model: openai/small, api_base: "https://api.acme.example/v1", api_key: os.environ/ACME_KEY}
  - model_name: ds
    litellm_params: {model: deepseek/deepseek-chat, api_key: os.environ/DS}
  - model_name: br
    litellm_params: {model: bedrock/x}
"""


def test_litellms_upstreams_are_grouped_by_address_and_key(home: Path, ctx: Context) -> None:
    write(home, "litellm_config.yaml", LITELLM)
    acme, deepseek, bedrock = read_source(ctx, "litellm")[1]
    assert facts(acme) == {
        "base_url": "https://api.acme.example/v1", "wire": "openai-chat", "key": "env:ACME_KEY",
        "models": {"default": "vendor-model", "haiku": "small"},
    }  # fmt: skip
    assert acme.draft is not None
    assert acme.draft.context_window == 200000
    assert (facts(deepseek)["base_url"], facts(deepseek)["key"]) == ("https://api.deepseek.com", "env:DS")
    assert bedrock.draft is None


def test_aiders_configuration_is_read(home: Path, ctx: Context) -> None:
    write(
        home,
        ".aider.conf.yml",
        "model: openai/m-big\nopenai-api-base: https://acme.example/v1\nweak-model: openai/m-small\n",
    )
    write(home, ".env", f"OPENAI_API_KEY={KEY}\n")
    assert facts(one(ctx, "aider")) == {
        "base_url": "https://acme.example/v1", "wire": "openai-chat", "key": KEY,
        "models": {"default": "m-big", "haiku": "m-small"},
    }  # fmt: skip


CONTINUE = """
name: mine
version: 0.0.1
schema: v1
models:
  - name: Acme Big
    provider: openai
    model: m-big
    apiBase: https://api.acme.example/v1
    apiKey: ${{ secrets.ACME_KEY }}
    roles: [chat, edit]
    defaultCompletionOptions: { contextLength: 200000, maxTokens: 8192 }
    requestOptions: { headers: { X-Org: a, X-Acme-Token: hidden-token }, extraBodyProperties: { enable_thinking: false }, caBundlePath: ca.pem }
  - name: Acme Small
    provider: openai
    model: m-small
    apiBase: https://api.acme.example/v1
    apiKey: ${{ secrets.ACME_KEY }}
  - name: Embedder
    provider: openai
    model: e
    roles: [embed]
  - name: Local
    provider: ollama
    model: qwen3
"""


def test_continues_models_are_read_with_their_request_options(home: Path, ctx: Context) -> None:
    write(home, ".continue/config.yaml", CONTINUE)
    acme, local = read_source(ctx, "continue")[1]
    assert facts(acme) == {
        "base_url": "https://api.acme.example/v1", "wire": "openai-chat", "key": "env:ACME_KEY", "models": {"default": "m-big"},
    }  # fmt: skip
    draft = acme.draft
    assert draft is not None and draft.endpoint is not None
    assert (draft.context_window, draft.max_output, draft.endpoint.ca_file) == (200000, 8192, "ca.pem")
    assert draft.endpoint.headers == {"X-Org": "a"}
    assert draft.quirks == {"extra_body": {"enable_thinking": False}}
    assert draft.listed_models == ("m-big", "m-small")
    assert facts(local)["base_url"] == "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    "source, name, content, expected",
    [
        ("claude-code-switch", ".ccm_config", f"DEEPSEEK_API_KEY={KEY}\nGLM_API_KEY=your-glm-api-key\n", "https://api.deepseek.com/anthropic"),
        ("claude-switch", ".config/claude-switch/a.env", f"ANTHROPIC_BASE_URL=https://relay.example\nANTHROPIC_AUTH_TOKEN={KEY}\n", "https://relay.example"),
        ("zcf", ".ufomiao/zcf/config.toml", f'[claudeCode.profiles.a]\nauthType = "api_key"\napiKey = "{KEY}"\nbaseUrl = "https://relay.example"\n', "https://relay.example"),
        ("settings-copies", ".claude/profiles/a.json", {"env": RELAY}, "https://relay.example"),
        ("settings-copies", ".claude/switch-settings/b.json", {"env": RELAY}, "https://relay.example"),
        ("claude-settings", ".claude/settings.json", {"env": RELAY}, "https://relay.example"),
        ("project-settings", ".claude/settings.local.json", {"env": RELAY}, "https://relay.example"),
    ],
)  # fmt: skip
def test_smaller_switchers_are_read(
    ctx: Context, home: Path, source: str, name: str, content: Any, expected: str
) -> None:
    write(home, name, content)
    candidate = one(ctx, source)
    assert (facts(candidate)["base_url"], facts(candidate)["key"]) == (expected, KEY)


def test_switchers_with_a_keyring_of_their_own_come_without_the_key(home: Path, ctx: Context) -> None:
    write(
        home,
        ".claude-provider-switcher/profiles.json",
        {
            "version": 2,
            "profiles": {"a": {"base_url": "https://relay.example", "model": "m", "auth_kind": "auth_token"}},
        },
    )
    candidate = one(ctx, "claude-provider-switcher")
    assert facts(candidate)["key"] is None
    assert candidate.draft is not None
    assert any("--key-stdin" in w for w in candidate.draft.warnings)


def test_settings_we_wrote_ourselves_are_not_imported(home: Path, ctx: Context) -> None:
    write(
        home,
        ".claude/settings.json",
        {
            "env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:23667/p/work"},
            "apiKeyHelper": "/usr/bin/ccswitch-tui key work",
        },
    )
    assert one(ctx, "claude-settings").why_not == "ccswitch-tui wrote it"


def test_a_helper_of_the_users_own_stays_the_way_to_the_key(home: Path, ctx: Context) -> None:
    write(
        home,
        ".claude/settings.json",
        {"env": {"ANTHROPIC_BASE_URL": "https://relay.example"}, "apiKeyHelper": "pass show relay"},
    )
    draft = one(ctx, "claude-settings").draft
    assert draft is not None
    assert draft.key_ref == SecretRef("command", "pass show relay")


def test_in_the_home_folder_one_file_is_listed_once(home: Path) -> None:
    write(home, ".claude/settings.json", {"env": RELAY})
    at_home = Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())
    assert [f.source.id for f in find_sources(at_home)] == ["claude-settings"]
    assert one(at_home, "project-settings").draft is not None


def test_the_shells_environment_is_a_source(home: Path) -> None:
    ctx = Context({"HOME": str(home), **RELAY}, cwd=str(home), store=MemoryStore())
    assert [f.source.id for f in find_sources(ctx)] == ["environment"]
    assert facts(one(ctx, "environment"))["key"] == KEY


# ---------------------------------------------------------------- bad files

BROKEN = {
    ".claude-code-router/config.json": ["", "{", "[]", "{}", '{"Providers": {}}', "\xff"],
    ".cc-switch/cc-switch.db": ["", "not a database", "SQLite format 3\0 and then nothing"],
    ".cc-switch/config.json": ["", "[1]"],
    ".ccs/config.yaml": ["", "a: [", "- 1", "profiles: 3", "&a [*a, *a]", "x: " + "[" * 2000],
    "litellm_config.yaml": ["", "model_list: 3", "\t"],
    ".continue/config.yaml": ["", "models: {}", "key: [unclosed"],
    ".aider.conf.yml": ["- a", "a: b: c"],
    ".ufomiao/zcf/config.toml": ["", "[", "x = 1"],
    ".claude/settings.json": ["", "{", "[]", '{"env": []}', '{"env": {"ANTHROPIC_BASE_URL": 3}}'],
}


@pytest.mark.parametrize("name, text", [(n, t) for n, texts in BROKEN.items() for t in texts])
def test_a_broken_file_is_a_refusal_that_names_it_or_no_entry(home: Path, ctx: Context, name: str, text: str) -> None:
    path = write(home, name, text)
    try:
        candidates = read_source(ctx, str(path))[1]
    except UsageError as error:
        assert error.message
        return
    assert all(c.draft is None and c.why_not for c in candidates)


def test_yaml_that_multiplies_itself_is_refused(home: Path, ctx: Context) -> None:
    bomb = "a: &a [x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True)
    )
    write(home, "litellm_config.yaml", bomb + "model_list: *z\n")
    with pytest.raises(UsageError, match="too often"):
        read_source(ctx, "litellm")


def test_a_file_too_large_to_be_settings_is_not_read(home: Path, ctx: Context) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(UsageError, match="too large"):
        read_source(ctx, "claude-settings")


def test_listing_opens_no_file(home: Path, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    cc_switch_database(home, [claude_row("Relay", RELAY)])
    write(home, ".claude-code-router/config.json", ROUTER)
    opened: list[str] = []

    def spy(name: str, *rest: object, **more: object) -> None:
        opened.append(name)
        raise FileNotFoundError(name)

    monkeypatch.setattr("builtins.open", spy)
    found = find_sources(ctx)
    monkeypatch.undo()
    assert [f.source.id for f in found] == ["cc-switch", "claude-code-router"]
    assert [o for o in opened if "app_paths.json" not in o] == []


# ---------------------------------------------------------------- importing


def test_importing_stores_keys_and_saves_profiles(home: Path, ctx: Context) -> None:
    cc_switch_database(home, [claude_row("My Relay", RELAY)])
    done = import_candidates(ctx, read_source(ctx, "cc-switch")[1])
    assert [d.name for d in done] == ["My-Relay"]
    profile = ctx.book().get("My-Relay")
    assert profile.key == SecretRef("keyring", "My-Relay")
    assert ctx.keys.resolve(profile.key).reveal() == KEY
    assert KEY not in Path(ctx.paths.profiles).read_text()


def test_importing_twice_changes_nothing(home: Path, ctx: Context) -> None:
    cc_switch_database(home, [claude_row("Relay", RELAY)])
    import_candidates(ctx, read_source(ctx, "cc-switch")[1])
    before = Path(ctx.paths.profiles).read_bytes()
    (again,) = import_candidates(ctx, read_source(ctx, "cc-switch")[1])
    assert again.profile is None
    assert "already" in again.why_not
    assert Path(ctx.paths.profiles).read_bytes() == before


def test_a_name_that_is_taken_gets_a_number(home: Path, ctx: Context) -> None:
    rows = [
        claude_row("Relay", {**RELAY, "ANTHROPIC_BASE_URL": f"https://relay{n}.example"}) | {"id": str(n)}
        for n in (1, 2)
    ]
    cc_switch_database(home, rows)
    assert [d.name for d in import_candidates(ctx, read_source(ctx, "cc-switch")[1])] == ["Relay", "Relay-2"]


def test_a_dry_run_saves_and_stores_nothing(home: Path, ctx: Context) -> None:
    cc_switch_database(home, [claude_row("Relay", RELAY)])
    (shown,) = import_candidates(ctx, read_source(ctx, "cc-switch")[1], dry_run=True)
    assert shown.profile is not None
    assert not Path(ctx.paths.profiles).exists()
    assert ctx.keys.store.get("Relay") is None


class NoStore:
    label = "none"

    def get(self, name: str) -> None:
        raise KeyStoreError(say("there is no safe key store"))

    set = delete = get  # type: ignore[assignment]


def test_without_a_key_store_nothing_is_imported(home: Path) -> None:
    ctx = Context({"HOME": str(home)}, cwd=str(home), store=NoStore())  # type: ignore[arg-type]
    cc_switch_database(home, [claude_row("Relay", RELAY)])
    with pytest.raises(KeyStoreError):
        import_candidates(ctx, read_source(ctx, "cc-switch")[1])
    assert not Path(ctx.paths.profiles).exists()


@pytest.mark.parametrize(
    "text, name",
    [
        ("My Relay", "My-Relay"),
        ("  ", "imported"),
        ("智谱 GLM", "智谱-GLM"),
        ("a/b:c", "a-b-c"),
        ("-x-", "x"),
        ("x" * 99, "x" * 64),
    ],
)
def test_any_name_of_theirs_makes_a_name_of_ours(text: str, name: str) -> None:
    from ccswitch_tui.profiles.model import check_name

    assert profile_name(text) == name
    assert check_name(profile_name(text)) == name


# ---------------------------------------------------------------- accounts, formats and extras


def test_several_accounts_at_one_provider_are_several_profiles_and_importing_twice_adds_none(
    home: Path, ctx: Context
) -> None:
    keys = [f"sk-example-account-{n}-0123456789" for n in range(3)]
    rows = [claude_row(f"Relay {n}", {**RELAY, "ANTHROPIC_AUTH_TOKEN": key}) for n, key in enumerate(keys)]
    cc_switch_database(home, [*rows, {**rows[0], "id": "again", "name": "Relay again"}])
    for dry_run in (True, False):
        done = import_candidates(ctx, read_source(ctx, "cc-switch")[1], dry_run=dry_run)
        assert [bool(i.profile) for i in done] == [True, True, True, False]
    assert [ctx.keys.resolve(p.key).reveal() for p in ctx.book().profiles.values()] == keys
    again = import_candidates(ctx, read_source(ctx, "cc-switch")[1])
    assert not any(i.profile for i in again)
    assert "'Relay-1'" in again[1].why_not


def test_two_accounts_of_litellm_are_two_profiles(home: Path, ctx: Context) -> None:
    entry = '  - {model_name: %s, litellm_params: {model: openai/m, api_base: "https://r.example/v1", api_key: sk-example-%s0123456789}}\n'
    write(home, "litellm.yaml", "model_list:\n" + entry % ("a", "one") + entry % ("b", "two"))
    assert len([i for i in import_candidates(ctx, read_source(ctx, "litellm")[1]) if i.profile]) == 2


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://h.example/compatible-mode", "https://h.example/compatible-mode/v1"),
        ("https://h.example/compatible-mode/v1", "https://h.example/compatible-mode/v1"),
        ("https://h.example/v1", "https://h.example/v1"),
        ("https://h.example", "https://h.example/v1"),
        ("https://h.example/api/paas/v4", "https://h.example/api/paas/v4"),
        ("https://h.example/v1/chat/completions", "https://h.example/v1"),
    ],
)
@pytest.mark.parametrize("kind", ["openai_chat"])
def test_cc_switchs_chat_kind_is_called_where_cc_switch_calls_it(base: str, expected: str, kind: str) -> None:
    row = claude_row("x", {**RELAY, "ANTHROPIC_BASE_URL": base}, meta=json.dumps({"apiFormat": kind}))
    found = facts(candidates_from_rows([row])[0])
    assert (found["base_url"], found["wire"]) == (expected, "openai-chat")


@pytest.mark.parametrize(
    ("base", "expected", "wire"),
    [
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1", "openai-chat"),
        ("https://api.openai.com/v1", "https://api.openai.com/v1", "openai-chat"),
        ("https://integrate.api.nvidia.com/v1", "https://integrate.api.nvidia.com/v1", "openai-chat"),
        ("https://relay.example/v1", "https://relay.example/v1", "openai-chat"),
        ("https://relay.example/anthropic/v1", "https://relay.example/anthropic", "anthropic"),
        ("https://api.z.ai/api/anthropic", "https://api.z.ai/api/anthropic", "anthropic"),
    ],
)
def test_ccs_profiles_keep_the_address_ccs_calls(home: Path, ctx: Context, base: str, expected: str, wire: str) -> None:
    write(home, ".ccs/config.json", {"profiles": {"p": "~/.ccs/p.settings.json"}})
    write(home, ".ccs/p.settings.json", {"env": {**RELAY, "ANTHROPIC_BASE_URL": base}})
    found = facts(one(ctx, "ccs"))
    assert (found["base_url"], found["wire"]) == (expected, wire)


@pytest.mark.parametrize(
    ("base", "expected", "wire"),
    [
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "https://dashscope.aliyuncs.com/compatible-mode/v1", "openai-chat"),
        ("https://h.example/openai/v1", "https://h.example/openai/v1", "openai-chat"),
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1", "openai-chat"),
        ("https://api.siliconflow.cn/v1", "https://api.siliconflow.cn", "anthropic"),
        ("https://api.anthropic.com/v1", "https://api.anthropic.com", "anthropic"),
    ],
)  # fmt: skip
def test_an_address_that_can_only_be_chat_completions_stays_one_under_anthropics_name(
    home: Path, ctx: Context, base: str, expected: str, wire: str
) -> None:
    write(home, ".claude/settings.json", {"env": {**RELAY, "ANTHROPIC_BASE_URL": base}})
    found = facts(one(ctx, "claude-settings"))
    assert (found["base_url"], found["wire"]) == (expected, wire)


CCM_ADDRESSES = {
    "DEEPSEEK": "https://api.deepseek.com/anthropic",
    "KIMI": "https://api.moonshot.ai/anthropic",
    "GLM": "https://api.z.ai/api/anthropic",
    "QWEN": "https://coding-intl.dashscope.aliyuncs.com/apps/anthropic",
    "MINIMAX": "https://api.minimax.io/anthropic",
    "ARK": "https://ark.cn-beijing.volces.com/api/coding",
    "OPENROUTER": "https://openrouter.ai/api",
}


def test_ccms_seven_names_go_where_ccm_sends_them(home: Path, ctx: Context) -> None:
    lines = [f"{name}_API_KEY=sk-example-{n}-0123456789abcd" for n, name in enumerate(CCM_ADDRESSES)]
    write(
        home,
        ".ccm_config",
        "\n".join([*lines, "ARK_MODEL=other", "SEED_MODEL=ark-code-latest", "XYZ_API_KEY=sk-example-x0123456789"]),
    )
    *found, unknown = read_source(ctx, "claude-code-switch")[1]
    assert [facts(c)["base_url"] for c in found] == list(CCM_ADDRESSES.values())
    assert all(facts(c)["wire"] == "anthropic" for c in found)
    assert facts(found[5])["models"] == {"default": "ark-code-latest"}
    assert (unknown.draft, "XYZ_API_KEY" in unknown.why_not) == (None, True)


def test_a_profile_of_zcf_without_an_address_is_named_and_not_taken(home: Path, ctx: Context) -> None:
    write(home, ".ufomiao/zcf/config.toml", '[claudeCode.profiles.a]\nauthType = "api_key"\napiKey = "x"\n')
    candidate = one(ctx, "zcf")
    assert (candidate.draft, candidate.why_not) == (None, "it names no address")


def test_cc_switchs_way_out_and_additions_to_the_body_come_along() -> None:
    meta = {
        "apiFormat": "openai_chat",
        "proxyConfig": {"enabled": True, "proxyType": "http", "proxyHost": "10.0.0.1", "proxyPort": 3128},
        "localProxyRequestOverrides": {"headers": {"X-Org": "a"}, "body": {"enable_thinking": False}},
    }
    (candidate,) = candidates_from_rows([claude_row("x", RELAY, meta=json.dumps(meta))])
    draft = candidate.draft
    assert draft is not None and draft.endpoint is not None
    assert draft.endpoint.http_proxy == "http://10.0.0.1:3128"
    assert draft.quirks["extra_body"] == {"enable_thinking": False}


def test_a_password_of_cc_switchs_way_out_is_not_kept() -> None:
    meta = {"proxyConfig": {"url": "http://u:sk-example-proxy0123456789@10.0.0.1:3128"}}
    (candidate,) = candidates_from_rows([claude_row("x", RELAY, meta=json.dumps(meta))])
    assert candidate.draft is not None and candidate.draft.endpoint is not None
    assert candidate.draft.endpoint.http_proxy == "http://10.0.0.1:3128"
    assert any("password" in warning for warning in candidate.draft.warnings)


def test_one_keyless_entry_needs_no_key_store(home: Path) -> None:
    class NoStore(MemoryStore):
        def get(self, name: str) -> Any:
            raise KeyStoreError(say("there is no OS keyring"))

    ctx = Context({"HOME": str(home)}, cwd=str(home), store=NoStore())
    write(home, "litellm.yaml", "model_list:\n"
          '  - {model_name: az, litellm_params: {model: openai/m, api_base: "https://r.example/v1", api_key: sk-example-az0123456789}}\n'
          '  - {model_name: ol, litellm_params: {model: ollama/qwen3, api_base: "http://localhost:11434"}}\n')  # fmt: skip
    (done,) = import_candidates(ctx, read_source(ctx, "litellm")[1], only=["ollama"])
    assert done.profile is not None


def test_a_proof_is_taken_before_an_imported_profile_is_saved(home: Path, ctx: Context) -> None:
    write(home, ".claude/settings.json", {"env": RELAY})
    asked: list[str] = []

    def prove(name: str, draft: Any) -> Any:
        asked.append(name)
        assert not ctx.book().profiles
        return draft._replace(endpoint=draft.endpoint._replace(base_url="https://relay.example/proved"))

    import_candidates(ctx, read_source(ctx, "claude-settings")[1], prove=prove)
    assert asked == ["claude"]
    assert ctx.book().get("claude").endpoint.base_url == "https://relay.example/proved"
