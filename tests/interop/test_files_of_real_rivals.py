"""Files that other tools wrote themselves (tests/interop/rivals), read by their importers.

Made in a scratch home: ccs 7.79.1 (`ccs api create`, with and without --preset), claude-code-router 2.0.0 (its server's
own way to save), zcf 3.7.3 (`init --api-configs`, for Claude Code and for Codex), Continue's cn 1.5.47 (`cn -p` with
ANTHROPIC_API_KEY). The keys are invented ones that were given to them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.adopt import find_plain_text_keys
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.sources import find_sources, read_source

RIVALS = Path(__file__).parent / "rivals"
K = "sk-example-rival-"

Row = tuple[str, str, str] | str
"""Address, wire and key of an entry; or a word of why it is not taken."""

EXPECTED: dict[str, tuple[str, str, dict[str, Row]]] = {
    "ccs": (
        ".ccs",
        "ccs",
        {
            "relay": ("https://relay.example", "anthropic", f"{K}0123456789-a"),
            # chat completions under ANTHROPIC_BASE_URL: ccs translates for it
            "groqy": ("https://relay.example/openai/v1", "openai-chat", f"{K}0123456789-b"),
            "x-openrouter": ("https://openrouter.ai/api/v1", "openai-chat", f"{K}0123456789-openrouter"),
            "x-huggingface": ("https://router.huggingface.co/v1", "openai-chat", f"{K}0123456789-huggingface"),
            "x-glm": ("https://api.z.ai/api/anthropic", "anthropic", f"{K}0123456789-glm"),
            "x-foundry": "placeholder",
            "x-anthropic": "the address is empty",
            "direct": ("https://api.anthropic.com", "anthropic", "sk-example-rival-ccs-0123456789"),
        },
    ),
    "ccr": (
        ".claude-code-router",
        "claude-code-router",
        {
            "relay": ("https://relay.example/v1", "openai-chat", f"{K}ccr-0123456789"),
            "anth": ("https://relay.example/anthropic", "anthropic", "env:RELAY_KEY"),
        },
    ),
    "zcf": (
        ".ufomiao/zcf",
        "zcf",
        {
            "Two Words": ("https://relay2.example", "anthropic", f"{K}zapi-0123456789"),
            "Own": ("https://relay.example/anthropic", "anthropic", f"{K}zown-0123456789"),
            "Bare": "no address",
        },
    ),
    "continue": (
        ".continue",
        "continue",
        {"Claude Sonnet 4.6": ("https://api.anthropic.com", "anthropic", "sk-example-rival-cn-0123456789")},
    ),
    "codex": (
        ".codex",
        "codex",
        # zcf's own word, temp_env_key, and its value in auth.json under that name
        {"cx": ("https://relay.example/v1", "openai-responses", f"{K}zcx-0123456789")},
    ),
}


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())


def laid(home: Path, tool: str) -> Path:
    place = home / EXPECTED[tool][0]
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(RIVALS / tool, place, copy_function=shutil.copyfile)  # this Wine lacks CopyFile2
    return place


@pytest.mark.parametrize("tool", EXPECTED)
def test_every_entry_is_read_as_its_tool_calls_it(ctx: Context, home: Path, tool: str) -> None:
    laid(home, tool)
    _, source, expected = EXPECTED[tool]
    assert source in {found.source.id for found in find_sources(ctx)}
    read: dict[str, Row] = {}
    for candidate in read_source(ctx, source)[1]:
        draft = candidate.draft
        if draft is None or draft.endpoint is None:
            read[candidate.name] = candidate.why_not
            continue
        key = draft.secret.reveal() if draft.secret else str(draft.key_ref)
        read[candidate.name] = (draft.endpoint.base_url, str(draft.endpoint.wire), key)
    for name, row in expected.items():
        found = read.pop(name)
        if isinstance(row, str):
            assert isinstance(found, str) and row in found
        else:
            assert found == row
    assert all(isinstance(rest, tuple) for rest in read.values()), read


@pytest.mark.parametrize("tool", EXPECTED)
def test_adopt_finds_each_of_their_keys(ctx: Context, home: Path, tool: str) -> None:
    laid(home, tool)
    held = {place.secret.reveal() for place in find_plain_text_keys(ctx)}
    wanted = {row[2] for row in EXPECTED[tool][2].values() if isinstance(row, tuple) and not row[2].startswith("env:")}
    assert wanted <= held


@pytest.mark.parametrize(
    ("tool", "copy"),
    [
        ("ccr", "config.json.2026-12-01T09-18-57-187Z.bak"),
        ("zcf", "config.backup.2026-12-01_09-24-15.toml"),
        ("ccs", "config.yaml.bak"),
        ("codex", "config.toml.bak"),
    ],
)
def test_adopt_looks_into_the_copies_they_leave_beside(ctx: Context, home: Path, tool: str, copy: str) -> None:
    place = laid(home, tool)
    (place / copy).write_text('api_key = "sk-example-of-before-0123456789"\n')
    assert Secret("sk-example-of-before-0123456789") in [place.secret for place in find_plain_text_keys(ctx)]


def test_a_login_key_goes_to_no_provider_that_does_not_ask_for_it(ctx: Context, home: Path) -> None:
    place = laid(home, "codex")
    (place / "config.toml").write_text(
        'model_provider = "a"\n'
        '[model_providers.a]\nbase_url = "https://a.example/v1"\nenv_key = "A_KEY"\n'
        '[model_providers.b]\nbase_url = "https://b.example/v1"\n'
        '[model_providers.c]\nbase_url = "https://c.example/v1"\nrequires_openai_auth = true\n'
        '[model_providers.d]\nbase_url = "https://d.example/v1"\nhttp_headers = { "X-Gw-Token" = "gw-example-0123456789" }\n'
        'env_http_headers = { "Helicone-Auth" = "HELICONE" }\n'
    )
    (place / "auth.json").write_text('{"OPENAI_API_KEY": "sk-example-openai-own-0123456789"}')
    read = {c.name: c.draft for c in read_source(ctx, "codex")[1] if c.draft is not None}
    own = {name for name, draft in read.items() if draft.secret == Secret("sk-example-openai-own-0123456789")}
    assert own == {"c", "openai"}
    assert str(read["a"].key_ref) == "env:A_KEY"
    assert read["d"].secret == Secret("gw-example-0123456789")
    assert {name: str(ref) for name, ref in read["d"].secret_headers.items()} == {"Helicone-Auth": "env:HELICONE"}
