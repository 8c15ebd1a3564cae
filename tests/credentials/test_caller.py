"""`key` looks where the session that asks would send the credential, before it prints it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef
from ccswitch_tui.workflows.caller import check_caller
from ccswitch_tui.workflows.context import Context

OWN = "https://relay.example/anthropic"
CLIENT = {"CLAUDE_CODE_ENTRYPOINT": "cli"}


def direct(base_url: str = OWN) -> Profile:
    return Profile("d", Endpoint(base_url, "anthropic"), SecretRef("env", "K"), route="direct")


def asked(
    home: Path, profile: Profile, env: dict[str, str] | None = None, *, over_project: bool = False, **more: str
) -> str:
    """ "" when the credential may be printed, the refusal otherwise."""
    ctx = Context({"HOME": str(home), **(env or {}), **more}, cwd=str(home), store=MemoryStore())
    try:
        check_caller(ctx, profile, over_project=over_project)
    except KeyStoreError as error:
        assert error.kind == "key-host"
        return error.message
    return ""


@pytest.mark.parametrize(
    ("address", "own", "printed"),
    [
        ("https://relay.example/anthropic", OWN, True),
        ("https://relay.example", OWN, True),
        ("https://relay.example:8443/x", OWN, True),
        ("https://other.example/anthropic", OWN, False),
        ("http://relay.example/anthropic", OWN, False),
        ("https://relay.example.evil.example", OWN, False),
        ("https://relay.example@evil.example", OWN, False),
        ("https://evil.example/relay.example", OWN, False),
        ("http://127.0.0.1:4000", OWN, False),
        ("not an address", OWN, False),
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000", True),
        ("http://localhost:4000", "http://127.0.0.1:4000", True),
        ("http://127.0.0.1:4001", "http://127.0.0.1:4000", False),
        ("http://127.0.0.1", "http://127.0.0.1:4000", False),
        ("https://127.0.0.1:4000", "http://127.0.0.1:4000", True),
    ],
)
def test_the_address_it_was_called_under_must_be_the_profiles(
    home: Path, address: str, own: str, printed: bool
) -> None:
    assert (asked(home, direct(own), ANTHROPIC_BASE_URL=address) == "") is printed


def test_a_script_without_any_address_gets_the_key(home: Path) -> None:
    assert asked(home, direct()) == ""


def settings(home: Path, name: str, tree: object) -> Path:
    path = home / ".claude" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return path


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
@pytest.mark.parametrize("address", ["https://other.example", "", 4000])
def test_the_folders_own_settings_count_and_are_named(home: Path, name: str, address: object) -> None:
    path = settings(home, name, {"env": {"ANTHROPIC_BASE_URL": address}})
    message = asked(home, direct(), CLIENT, ANTHROPIC_BASE_URL=OWN)
    assert str(path) in message
    assert "https://relay.example" in message


def test_local_settings_beat_the_projects(home: Path) -> None:
    settings(home, "settings.json", {"env": {"ANTHROPIC_BASE_URL": "https://other.example"}})
    settings(home, "settings.local.json", {"env": {"ANTHROPIC_BASE_URL": OWN}})
    assert asked(home, direct(), CLIENT, ANTHROPIC_BASE_URL=OWN) == ""


@pytest.mark.parametrize(
    "tree", ["", "{", "[]", "null", '{"env": null}', '{"env": []}', '{"hooks": {}}', "\ud83d", "[" * 100_000]
)
def test_a_file_the_client_drops_says_nothing(home: Path, tree: str) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text(tree, encoding="utf-8", errors="surrogatepass")
    assert asked(home, direct(), CLIENT, ANTHROPIC_BASE_URL=OWN) == ""


def test_a_fifo_in_the_files_place_is_not_waited_for(home: Path) -> None:
    (home / ".claude").mkdir()
    os.mkfifo(home / ".claude" / "settings.json")
    assert asked(home, direct(), CLIENT, ANTHROPIC_BASE_URL=OWN) == ""


def test_a_file_for_the_command_line_beats_the_folder_and_no_other_address(home: Path) -> None:
    settings(home, "settings.json", {"env": {"ANTHROPIC_BASE_URL": "https://other.example"}})
    assert asked(home, direct(), CLIENT, over_project=True, ANTHROPIC_BASE_URL=OWN) == ""
    assert asked(home, direct(), CLIENT, over_project=True, ANTHROPIC_BASE_URL="https://other.example")


def test_the_proxys_token_goes_to_the_proxy_alone(home: Path) -> None:
    ctx = Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())
    base = ctx.proxy.base_url("d")
    port = int(base.split(":")[2].split("/")[0])
    proxied = direct()._replace(route="proxy")
    assert asked(home, proxied, ANTHROPIC_BASE_URL=base) == ""
    assert asked(home, proxied, ANTHROPIC_BASE_URL=base.replace("/p/d", "/p/other")) == ""
    assert "token" in asked(home, proxied, ANTHROPIC_BASE_URL=f"http://127.0.0.1:{port + 1}/p/d")
    assert "token" in asked(home, proxied, ANTHROPIC_BASE_URL=OWN)


def test_the_refusal_shows_no_key_that_stands_in_the_address(home: Path) -> None:
    message = asked(home, direct(), ANTHROPIC_BASE_URL="https://u:sk-example-0123456789abcdef@other.example")
    assert "0123456789abcdef" not in message
