"""An address that was named is understood or asked for; a key never goes to a vendor nobody named."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.errors import UsageError
from ccswitch_tui.interop.cc_switch import candidates_from_rows
from ccswitch_tui.interop.paste import parse_paste
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.sources import read_source

KEY = "sk-example-0123456789abcdef"

VENDORS = ("api.openai.com", "api.anthropic.com", "api.deepseek.com", "openrouter.ai")

UNUSABLE = [
    "$RELAY", "${RELAY}", "${RELAY}/v1", "$RELAY/v1", "https://$HOST/v1", "https://${HOST}:8080/v1", "%RELAY%", "$env:RELAY",
    "${RELAY:-https://fallback.example}", "{{ relay_url }}", "<your-url>", "file:///etc/x", "ftp://relay.example", "unix:///run/x.sock",
    "javascript:1", "http://", "https://", "https:///v1", "https://[::1", "https://relay.example:99999/v1", "relay",
    "https://exa mple", "https://bad host.example/v1", ":4000", "https://",
]  # fmt: skip
"""Addresses that are named and lead nowhere by themselves."""

UNDERSTOOD = {
    "litellm:4000": "http://litellm:4000",
    "//relay.example": "https://relay.example",
    "htps://relay.example": "https://relay.example",
    "https%3A%2F%2Frelay.example": "https://relay.example",
    "https%253A%252F%252Frelay.example": "https://relay.example",
    "https//relay.example": "https://relay.example",
    "relay.example:8443": "https://relay.example:8443",
    "HTTPS://RELAY.example": "https://relay.example",
    "0.0.0.0:4000": "http://127.0.0.1:4000",
}


def codex(base: str) -> str:
    config = f'model_provider = "c"\nmodel = "m"\n[model_providers.c]\nbase_url = {json.dumps(base)}\n'
    return json.dumps({"auth": {"OPENAI_API_KEY": KEY}, "config": config})


def link(app: str, **parts: str) -> str:
    words = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())
    return f"ccswitch://v1/import?resource=provider&app={app}&name=In&{words}"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


PASTES = {
    "exports": lambda base: f"export ANTHROPIC_BASE_URL={base}\nexport ANTHROPIC_AUTH_TOKEN={KEY}",
    "exports in quotes": lambda base: f'export ANTHROPIC_BASE_URL="{base}"\nexport ANTHROPIC_API_KEY="{KEY}"',
    "exports for OpenAI": lambda base: f"export OPENAI_BASE_URL='{base}'\nexport OPENAI_API_KEY='{KEY}'",
    "the key first": lambda base: f"OPENAI_API_KEY={KEY}\nOPENAI_API_BASE={base}",
    "a catalogued variable": lambda base: f"DEEPSEEK_API_KEY={KEY}\nDEEPSEEK_BASE_URL={base}",
    "PowerShell": lambda base: f'$env:ANTHROPIC_BASE_URL = "{base}"\n$env:ANTHROPIC_AUTH_TOKEN = "{KEY}"',
    "settings": lambda base: json.dumps({"env": {"ANTHROPIC_BASE_URL": base, "ANTHROPIC_AUTH_TOKEN": KEY}}),
    "JSON": lambda base: json.dumps({"openai_base_url": base, "openai_api_key": KEY}),
    "labels": lambda base: f"Base URL: {base}\nAPI Key: {KEY}",
    "SDK code": lambda base: f'client = Anthropic(api_key="{KEY}", base_url={json.dumps(base)})',
    "SDK code in JavaScript": lambda base: f"const c = new OpenAI({{ baseURL: {json.dumps(base)}, apiKey: '{KEY}' }})",
    "a link": lambda base: link("claude", endpoint=base, apiKey=KEY),
    "a link to Codex": lambda base: link("codex", endpoint=base, apiKey=KEY),
    "a link with a configuration": lambda base: link("codex", config=encoded(codex(base))),
    "a link with settings": lambda base: link(
        "claude", config=encoded(json.dumps({"env": {"ANTHROPIC_BASE_URL": base, "ANTHROPIC_AUTH_TOKEN": KEY}}))
    ),
    "Codex": lambda base: (
        f'model_provider = "c"\n[model_providers.c]\nbase_url = {json.dumps(base)}\nexperimental_bearer_token = "{KEY}"'
    ),
}


@pytest.mark.parametrize("form", PASTES, ids=str)
@pytest.mark.parametrize("base", UNUSABLE)
def test_an_address_that_leads_nowhere_is_asked_for_and_never_replaced(form: str, base: str) -> None:
    try:
        draft = parse_paste(PASTES[form](base))
    except UsageError as error:
        assert "--url" in error.hint
        assert KEY not in error.message + error.hint
    else:  # a label with a word behind it is prose: then there is no address at all, or another one in the text
        assert draft.endpoint is not None
        assert not any(vendor in draft.endpoint.base_url for vendor in VENDORS)
        pytest.fail(draft.endpoint.base_url)


@pytest.mark.parametrize("form", PASTES, ids=str)
@pytest.mark.parametrize("base", UNDERSTOOD)
def test_an_address_in_an_odd_form_is_understood_wherever_it_stands(form: str, base: str) -> None:
    draft = parse_paste(PASTES[form](base))
    assert draft.endpoint is not None
    assert draft.endpoint.base_url == UNDERSTOOD[base]
    assert draft.secret is not None
    assert draft.secret.reveal() == KEY


@pytest.mark.parametrize(
    "text",
    [
        f'client = Anthropic(api_key="{KEY}", base_url=os.environ["RELAY"])',
        f'client = OpenAI(api_key="{KEY}", base_url=os.getenv("RELAY", "https://api.openai.com/v1"))',
        f'client = OpenAI(base_url=settings.relay_url, api_key="{KEY}")  # https://docs.example/sdk',
        f'client = OpenAI(base_url=BASE, api_key="{KEY}")',
        f'client = OpenAI(base_url=get_base(), api_key="{KEY}")',
        f'client = OpenAI(base_url=f"{{HOST}}/v1", api_key="{KEY}")',
        f'client = OpenAI(base_url="https://" + HOST + "/v1", api_key="{KEY}")',
        f"const c = new OpenAI({{ baseURL: process.env.RELAY, apiKey: '{KEY}' }})",
        f"const c = new OpenAI({{ baseURL: config.relay.url, apiKey: '{KEY}' }})",
        f"const c = new OpenAI({{ baseURL: `https://${{host}}/v1`, apiKey: '{KEY}' }})",
        f'os.environ["OPENAI_API_KEY"] = "{KEY}"\nos.environ["OPENAI_BASE_URL"] = base\nclient = OpenAI()',
        json.dumps({"env": {"ANTHROPIC_BASE_URL": None, "ANTHROPIC_AUTH_TOKEN": KEY}}),
        json.dumps({"env": {"ANTHROPIC_BASE_URL": "", "ANTHROPIC_AUTH_TOKEN": KEY}}),
        json.dumps({"env": {"ANTHROPIC_BASE_URL": {"prod": "https://x.example"}, "ANTHROPIC_AUTH_TOKEN": KEY}}),
        json.dumps({"env": {"ANTHROPIC_BASE_URL": 4000, "ANTHROPIC_AUTH_TOKEN": KEY}}),
        f"export ANTHROPIC_BASE_URL=\nexport ANTHROPIC_AUTH_TOKEN={KEY}",
        f"RELAY_URL=https://relay.example/v1\nOPENAI_API_KEY={KEY}",
        link("claude", apiKey=KEY),
        link("codex", apiKey=KEY, config=encoded("[broken")),
        link("codex", apiKey=KEY, config=encoded('model_provider = "x"')),
        f"curl $RELAY/v1/chat/completions -H 'Authorization: Bearer {KEY}'",
        f"curl https://${{HOST}}/v1/chat/completions -H 'Authorization: Bearer {KEY}'",
    ],
)
def test_an_address_that_is_worked_out_elsewhere_is_asked_for(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_paste(text)
    assert "--url" in caught.value.hint
    draft = parse_paste(text, "https://relay.example/v1")  # what the hint says
    assert draft.endpoint is not None
    assert draft.endpoint.base_url.startswith("https://relay.example")
    assert draft.secret is not None
    assert draft.secret.reveal() == KEY


def test_without_any_address_the_vendors_own_variable_means_the_vendor() -> None:
    draft = parse_paste(f"export OPENAI_API_KEY={KEY}\nexport SITE_URL=https://mine.example\n")
    assert draft.endpoint is not None
    assert draft.endpoint.base_url == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    "other", ["SUPABASE_URL=https://x.supabase.example", "NEXTAUTH_URL=http://localhost:3000", "REDIS_HOST=10.0.0.4"]
)
def test_a_key_never_goes_to_an_address_of_another_program(other: str) -> None:
    draft = parse_paste(f"{other}\nOPENAI_API_KEY={KEY}\n{other}")
    assert draft.endpoint is not None
    assert draft.endpoint.base_url == "https://api.openai.com/v1"


def test_a_vendors_key_does_not_go_to_an_address_under_another_vendors_name() -> None:
    draft = parse_paste(f"ANTHROPIC_BASE_URL=https://relay.example\nDEEPSEEK_API_KEY={KEY}")
    assert draft.endpoint is not None
    assert draft.endpoint.base_url == "https://relay.example"
    assert draft.secret is None


# ---------------------------------------------------------------- other tools' files


def row(app: str, settings: Any) -> dict[str, Any]:
    return {
        "name": "x",
        "app_type": app,
        "settings_config": settings if isinstance(settings, str) else json.dumps(settings),
    }


@pytest.mark.parametrize("base", [*UNUSABLE, None])
def test_an_entry_of_cc_switch_without_a_usable_address_is_not_taken(base: str | None) -> None:
    rows = [
        row("claude", {"env": {"ANTHROPIC_BASE_URL": base, "ANTHROPIC_AUTH_TOKEN": KEY}}),
        row("codex", codex(base or "")),
        row("codex", {"auth": {"OPENAI_API_KEY": KEY}, "config": "[broken"}),
        row("opencode", {"options": {"baseURL": base, "apiKey": KEY}}),
        row("openclaw", {"baseUrl": base, "apiKey": KEY}),
    ]
    for candidate in candidates_from_rows(rows):
        assert candidate.draft is None
        assert candidate.why_not


FILES = {
    "claude-settings": (".claude/settings.json", lambda b: json.dumps({"env": {"ANTHROPIC_BASE_URL": b, "ANTHROPIC_AUTH_TOKEN": KEY}})),
    "claude-code-router": (".claude-code-router/config.json", lambda b: json.dumps(
        {"Providers": [{"name": "openai", "api_base_url": b, "api_key": KEY, "models": ["m"]}]})),
    "litellm": ("litellm_config.yaml", lambda b: json.dumps(
        {"model_list": [{"model_name": "a", "litellm_params": {"model": "openai/m", "api_base": b, "api_key": KEY}}]})),
    "aider": (".aider.conf.yml", lambda b: json.dumps({"model": "openai/v/m", "openai-api-base": b, "openai-api-key": KEY})),
    "continue": (".continue/config.yaml", lambda b: json.dumps(
        {"models": [{"name": "a", "provider": "openai", "model": "m", "apiBase": b, "apiKey": KEY}]})),
    "zcf": (".ufomiao/zcf/config.toml", lambda b: f'[claudeCode.profiles.a]\napiKey = "{KEY}"\nbaseUrl = {json.dumps(b)}\n'),
}  # fmt: skip


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())


def candidates(ctx: Context, home: Path, source: str, base: str) -> list[Any]:
    name, content = FILES[source]
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content(base))
    return read_source(ctx, source)[1]


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize("base", UNUSABLE)
def test_a_file_with_an_address_that_leads_nowhere_yields_no_profile(
    ctx: Context, home: Path, source: str, base: str
) -> None:
    for candidate in candidates(ctx, home, source, base):
        assert candidate.draft is None
        assert candidate.why_not


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize("base", UNDERSTOOD)
def test_a_file_with_an_address_in_an_odd_form_is_understood(ctx: Context, home: Path, source: str, base: str) -> None:
    (candidate,) = candidates(ctx, home, source, base)
    assert candidate.draft is not None, candidate.why_not
    assert candidate.draft.endpoint.base_url == UNDERSTOOD[base]


def test_aiders_model_keeps_every_part_behind_the_provider(ctx: Context, home: Path) -> None:
    (home / ".aider.conf.yml").write_text(
        f"model: openai/zai-org/GLM-5.2\nweak-model: openai/zai-org/GLM-5.2-Air\n"
        f"openai-api-base: https://relay.example/v1\nopenai-api-key: {KEY}\n"
    )
    (candidate,) = read_source(ctx, "aider")[1]
    assert candidate.draft is not None and candidate.draft.endpoint is not None
    assert candidate.draft.endpoint.base_url == "https://relay.example/v1"
    assert candidate.draft.models.named() == {"default": "zai-org/GLM-5.2", "haiku": "zai-org/GLM-5.2-Air"}


@pytest.mark.parametrize("model", ["zai-org/GLM-5.2", "gpt-9", "openai/gpt-9"])
def test_an_address_in_the_shells_own_environment_is_not_taken_silently(home: Path, model: str) -> None:
    ctx = Context(
        {"HOME": str(home), "OPENAI_API_BASE": "https://relay.example/v1"}, cwd=str(home), store=MemoryStore()
    )
    (home / ".aider.conf.yml").write_text(f"model: {model}\nopenai-api-key: {KEY}\n")
    (candidate,) = read_source(ctx, "aider")[1]
    assert candidate.draft is None
    assert "OPENAI_API_BASE" in candidate.why_not


LITELLM = """
credential_list:
  - {credential_name: relay, credential_values: {api_base: "https://relay.example/v1", api_key: %s}}
model_list:
  - {model_name: a, litellm_params: {model: openai/m, litellm_credential_name: relay}}
  - {model_name: b, litellm_params: {model: openai/m, api_key: %s, litellm_credential_name: in-the-database}}
  - {model_name: c, litellm_params: {model: openai/m, api_key: %s, base_url: "https://other.example/v1"}}
  - {model_name: d, litellm_params: {model: zai-org/GLM, custom_llm_provider: openai, api_key: %s, api_base: "https://d.example/v1"}}
"""


def test_litellms_credentials_by_name_and_its_second_spelling_of_the_address_are_read(ctx: Context, home: Path) -> None:
    (home / "litellm.yaml").write_text(LITELLM.replace("%s", KEY))
    a, b, c, d = read_source(ctx, "litellm")[1]
    assert b.draft is None
    assert [x.draft.endpoint.base_url for x in (a, c, d) if x.draft and x.draft.endpoint] == [
        "https://relay.example/v1", "https://other.example/v1", "https://d.example/v1",
    ]  # fmt: skip
    assert d.draft is not None
    assert d.draft.models.default == "zai-org/GLM"


PROVIDERS = {
    "volcengine/doubao": None, "voyage/v-4": None, "minimax/M2": None, "auto_router/x": None, "m-1": None,
    "claude-sonnet-4-5": "https://api.anthropic.com", "gpt-5": "https://api.openai.com/v1",
    "ft:gpt-4o:x": "https://api.openai.com/v1", "deepseek/deepseek-chat": "https://api.deepseek.com",
}  # fmt: skip
"""A model as LiteLLM and aider name it, and where its key goes when no address is given."""


def test_a_key_without_an_address_goes_to_the_provider_the_model_names_and_to_no_other(
    ctx: Context, home: Path
) -> None:
    entries = [
        {"model_name": m, "litellm_params": {"model": m, "api_key": f"{KEY}{n}"}} for n, m in enumerate(PROVIDERS)
    ]
    (home / "litellm.yaml").write_text(json.dumps({"model_list": entries}))
    read = read_source(ctx, "litellm")[1]
    assert [c.draft and c.draft.endpoint and c.draft.endpoint.base_url for c in read] == list(PROVIDERS.values())
    for model, address in PROVIDERS.items():
        keys = "".join(f"{vendor}-api-key: {KEY}\n" for vendor in ("openai", "anthropic", "deepseek"))
        (home / ".aider.conf.yml").write_text(f"model: {model}\n{keys}")
        (candidate,) = read_source(ctx, "aider")[1]
        assert (candidate.draft and candidate.draft.endpoint and candidate.draft.endpoint.base_url) == address, model


def test_a_pattern_for_every_model_is_no_model(ctx: Context, home: Path) -> None:
    (home / "litellm.yaml").write_text('model_list: [{model_name: "*", litellm_params: {model: "openai/*"}}]')
    (candidate,) = read_source(ctx, "litellm")[1]
    assert candidate.draft is not None
    assert (candidate.draft.models.default, candidate.draft.listed_models) == (None, ())


def test_aiders_settings_in_its_env_file_are_its_settings(ctx: Context, home: Path) -> None:
    (home / ".aider.conf.yml").write_text("dark-mode: true\nmodel:\n")
    (home / ".env").write_text(
        f"AIDER_MODEL=openai/m-1\nAIDER_OPENAI_API_BASE=https://relay.example/v1\nAIDER_OPENAI_API_KEY={KEY}\n"
    )
    (candidate,) = read_source(ctx, "aider")[1]
    assert candidate.draft is not None and candidate.draft.endpoint is not None and candidate.draft.secret is not None
    assert candidate.draft.endpoint.base_url == "https://relay.example/v1"
    assert (candidate.draft.models.default, candidate.draft.secret.reveal()) == ("m-1", KEY)


def test_a_key_where_an_address_should_be_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        parse_paste(f"base_url={KEY}curl OpenAI(")
    assert KEY not in caught.value.message + caught.value.hint
