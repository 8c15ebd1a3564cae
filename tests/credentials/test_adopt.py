"""Keys in plain text: found where they lie, moved into the key store, put back to the byte."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.cli.main import main
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.credentials.plain_text import PLACEHOLDER, find_keys, replaced
from ccswitch_tui.errors import ConflictError, KeyStoreError, UsageError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows import adopt
from ccswitch_tui.workflows.context import Context
from kit import needs

KEY = "sk-example-adopted-0123456789"


@pytest.fixture
def project(home: Path) -> Path:
    folder = home / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def ctx(home: Path, project: Path) -> Context:
    return Context({"HOME": str(home), "PATH": os.environ["PATH"]}, cwd=str(project), store=MemoryStore())


def settings(home: Path, text: str) -> Path:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


SETTINGS = f"""{{
  // no comment here, but odd   spacing
  "env": {{ "ANTHROPIC_BASE_URL":"https://api.acme.example/anthropic",
    "ANTHROPIC_AUTH_TOKEN"  :  "{KEY}", "ANTHROPIC_MODEL": "acme-large" }},
  "hooks": {{"Stop": []}}
}}
""".replace("  // no comment here, but odd   spacing\n", "")


@pytest.mark.parametrize(
    "line",
    [
        f"export OPENAI_API_KEY={KEY}",
        f"OPENAI_API_KEY='{KEY}'",
        f'  export ANTHROPIC_AUTH_TOKEN="{KEY}"  # mine',
        f"set -gx ACME_API_KEY {KEY}",
        f'$env:ACME_API_KEY = "{KEY}"',
        f"setx ACME_API_KEY {KEY}",
        f'"apiKey": "{KEY}",',
        f"openai-api-key: {KEY}",
        f"apiKey = '{KEY}'",
        f"alias q=\"curl -H 'Authorization: Bearer {KEY}' https://x.example\"",
        f"curl -H 'x-api-key: {KEY}'",
        f'{{"env":{{"A_TOKEN":"{KEY}"}}}}',
        f"  api_key: {KEY}",
        f"# export OLD_KEY={KEY}",
    ],
)
def test_a_key_is_found_in_any_syntax(line: str) -> None:
    found = find_keys(f"first line\n{line}\nlast line\n")
    assert [(one.secret.reveal(), one.line) for one in found] == [(KEY, 2)]


@pytest.mark.parametrize(
    "line",
    [
        "export OPENAI_API_KEY=$OTHER_KEY_0123456789",
        "api_key: os.environ/ACME_KEY_0123456789",
        "apiKey: ${{ secrets.ACME_KEY_0123456 }}",
        'key = "keyring:work-0123456789012"',
        "OPENAI_API_KEY=your-api-key-goes-here-0123",
        "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxx",
        "API_KEY=ollama",
        "MAX_TOKENS=8192000000000",
        '"apiKeyHelper": "/usr/local/bin/ccswitch-tui key work-0123456789"',
        "SSH_KEY=/home/me/.ssh/id_ed25519",
        "PUBLIC_KEY=AAAAC3NzaC1lZDI1NTE5AAAAI",
        f"ANTHROPIC_AUTH_TOKEN={PLACEHOLDER}",
        "primary_key: 12",
        "The key to a good token is 0123456789012345.",
        'ANTHROPIC_BASE_URL="https://token:8080/0123456789"',
        "TOKEN=ccst-0123456789abcdef0123456789abcdef",
    ],
)
def test_what_is_no_key_is_left_alone(line: str) -> None:
    assert find_keys(line) == []


@given(st.text(max_size=200))
def test_looking_for_keys_never_raises_and_replacing_nothing_changes_nothing(text: str) -> None:
    found = find_keys(text)
    assert replaced(text, found, [one.written for one in found]) == text


def test_settings_become_a_profile_in_use(ctx: Context, home: Path) -> None:
    path = settings(home, SETTINGS)
    [place] = adopt.find_plain_text_keys(ctx)
    [done] = adopt.adopt(ctx, [place])
    assert done.profile == "acme"
    tree = json.loads(path.read_text())
    assert "ccswitch-tui" in tree["apiKeyHelper"]
    assert tree["hooks"] == {"Stop": []}
    profile = ctx.book().get("acme")
    assert ctx.keys.resolve(profile.key) == Secret(KEY)
    assert profile.key_host == "api.acme.example"


def test_the_key_is_in_no_file_afterwards_not_even_in_the_history(ctx: Context, home: Path) -> None:
    settings(home, SETTINGS)
    (home / ".zshrc").write_text(f"export ACME_KEY={KEY}2\n")
    adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    holding = [path for path in home.rglob("*") if path.is_file() and KEY in path.read_text(errors="replace")]
    assert holding == []


def test_everything_goes_back_to_the_byte(ctx: Context, home: Path, project: Path) -> None:
    files = {
        settings(home, SETTINGS): None,
        home / ".bashrc": f"# é\nexport A_KEY='{KEY}a'\nexport B_KEY={KEY}b\nalias q='curl -H \"x-api-key: {KEY}c\"'\n",
        project / ".env": f'X=1\r\nACME_API_KEY="{KEY}d"\r\nY=ü\r\n',
    }
    for path, text in files.items():
        if text is not None:
            path.write_bytes(text.encode())
    before = {path: path.read_bytes() for path in files}
    adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    assert all(path.read_bytes() != before[path] for path in files)
    for _ in files:
        adopt.take_back(ctx)
    assert {path: path.read_bytes() for path in files} == before
    with pytest.raises(UsageError):
        adopt.take_back(ctx)


def test_a_file_that_changed_since_is_not_taken_back(ctx: Context, home: Path) -> None:
    bashrc = home / ".bashrc"
    bashrc.write_text(f"export A_KEY={KEY}\n")
    adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    bashrc.write_text(bashrc.read_text() + "alias ll='ls -l'\n")
    with pytest.raises(ConflictError, match="changed since"):
        adopt.take_back(ctx)
    assert "alias ll" in bashrc.read_text()


def test_a_file_that_changed_between_look_and_move_is_left_alone(ctx: Context, home: Path) -> None:
    bashrc = home / ".bashrc"
    bashrc.write_text(f"export A_KEY={KEY}\n")
    places = adopt.find_plain_text_keys(ctx)
    bashrc.write_text(f"# new first line\nexport A_KEY={KEY}\n")
    with pytest.raises(ConflictError):
        adopt.adopt(ctx, places)
    assert KEY in bashrc.read_text()


@needs.links
def test_a_linked_settings_file_stays_a_link(ctx: Context, home: Path) -> None:
    dotfiles = home / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "bashrc").write_text(f"export A_KEY={KEY}\n")
    (home / ".bashrc").symlink_to(dotfiles / "bashrc")
    adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    assert (home / ".bashrc").is_symlink()
    assert KEY not in (dotfiles / "bashrc").read_text()


def test_nothing_is_touched_when_the_key_store_is_locked(ctx: Context, home: Path) -> None:
    class Locked(MemoryStore):
        def get(self, name: str) -> Secret | None:
            raise KeyStoreError(say("the store is locked"))

    ctx.keys._given = Locked()
    path = settings(home, SETTINGS)
    with pytest.raises(KeyStoreError):
        adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    assert path.read_text() == SETTINGS


def test_claude_codes_own_file_and_databases_are_only_read(ctx: Context, home: Path) -> None:
    (home / ".claude.json").write_text(json.dumps({"primaryApiKey": KEY + "p"}))
    (home / ".cc-switch").mkdir()
    database = home / ".cc-switch" / "cc-switch.db"
    env = {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": KEY + "q"}
    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TABLE providers(id, app_type, name, settings_config, meta, category, notes, is_current, "
            "sort_index, created_at)"
        )
        connection.execute(
            "INSERT INTO providers VALUES('1','claude','Relay',?,'{}','','',1,0,0)", (json.dumps({"env": env}),)
        )
    connection.close()
    before = {path: path.read_bytes() for path in (home / ".claude.json", database)}
    places = adopt.find_plain_text_keys(ctx)
    assert {place.kind for place in places} == {"read-only"}
    done = adopt.adopt(ctx, places)
    assert {path: path.read_bytes() for path in before} == before
    assert all(one.remains for one in done)
    assert ctx.keys.store.get("adopted/primary-api-key") == Secret(KEY + "p")


def test_a_key_in_the_shells_history_is_said_to_be_exposed(ctx: Context, home: Path) -> None:
    (home / ".bash_history").write_text(f"ls\ncurl -H 'Authorization: Bearer {KEY}' https://api.acme.example\n")
    fish = home / ".local/share/fish/fish_history"
    fish.parent.mkdir(parents=True)
    fish.write_text(f"- cmd: curl -H 'x-api-key: {KEY}'\n")
    assert adopt.exposed_in_history(Secret(KEY), ctx) == [f"{home / '.bash_history'}, line 2", f"{fish}, line 1"]
    assert adopt.exposed_in_history(Secret("sk-example-of-nobody"), ctx) == []


@needs.shell
def test_the_moved_line_still_sets_the_variable(ctx: Context, home: Path) -> None:
    (home / ".bashrc").write_text(f"export ACME_API_KEY={KEY}\n")
    adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    line = (home / ".bashrc").read_text()
    assert "key --stored adopted/acme-api-key" in line
    fake = home / "fake"
    fake.write_text(f"#!/bin/sh\n[ \"$1 $2 $3\" = 'key --stored adopted/acme-api-key' ] && echo {KEY}\n")
    fake.chmod(0o755)
    program = line.split("$(")[1].split(" key ")[0]
    ran = subprocess.run(
        ["sh", "-c", line.replace(program, str(fake)) + 'printf %s "$ACME_API_KEY"'], capture_output=True, text=True
    )
    assert ran.stdout == KEY


def run_cli(ctx: Context, *argv: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    code = main(list(argv), ctx)
    return code, out.getvalue() + err.getvalue()


def test_the_command_lists_masked_moves_and_puts_back(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(home, SETTINGS)
    code, listed = run_cli(ctx, "adopt", monkeypatch=monkeypatch)
    assert code == 1
    assert "ANTHROPIC_AUTH_TOKEN" in listed
    code, shown = run_cli(ctx, "adopt", "--json", monkeypatch=monkeypatch)
    place_id = json.loads(shown)["found"][0]["id"]
    code, moved = run_cli(ctx, "adopt", place_id, monkeypatch=monkeypatch)
    assert code == 0
    assert "make a new one at the provider" in moved
    code, back = run_cli(ctx, "adopt", "--undo", monkeypatch=monkeypatch)
    assert code == 0
    assert KEY not in listed + shown + moved + back
    assert run_cli(ctx, "adopt", "99", monkeypatch=monkeypatch)[0] == 2


TOKEN = "Bearer gw-example-adopted-987654"
WITH_HEADER = json.dumps({"env": {
    "ANTHROPIC_BASE_URL": "https://gw.example/anthropic", "ANTHROPIC_AUTH_TOKEN": KEY,
    "ANTHROPIC_CUSTOM_HEADERS": f"X-Title: mine\ncf-aig-authorization: {TOKEN}",
}}, indent=1)  # fmt: skip


def test_a_secret_in_a_header_of_the_settings_moves_into_the_profile_made_of_them(ctx: Context, home: Path) -> None:
    path = settings(home, WITH_HEADER)
    done = adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    after = path.read_text()
    assert KEY not in after and TOKEN.removeprefix("Bearer ") not in after
    assert done[0].profile is not None
    profile = ctx.book().get(done[0].profile)
    assert ctx.keys.of(profile) == Secret(KEY)
    assert ctx.keys.of_headers(profile) == {"cf-aig-authorization": Secret(TOKEN)}
    assert profile.endpoint.headers == {"X-Title": "mine"}
    adopt.take_back(ctx)
    assert path.read_text() == WITH_HEADER


def test_a_header_that_is_the_only_secret_of_the_settings_becomes_the_key(ctx: Context, home: Path) -> None:
    alone = WITH_HEADER.replace(f'"ANTHROPIC_AUTH_TOKEN": "{KEY}",', "")
    path = settings(home, alone)
    done = adopt.adopt(ctx, adopt.find_plain_text_keys(ctx))
    assert TOKEN.removeprefix("Bearer ") not in path.read_text()
    assert done[0].profile is not None
    assert ctx.keys.of(ctx.book().get(done[0].profile)) == Secret(TOKEN)
    adopt.take_back(ctx)
    assert path.read_text() == alone


@pytest.mark.parametrize("name", ["cf-aig-authorization", "Helicone-Auth", "x-portkey-virtual-key", "X-Gateway-Token"])
@pytest.mark.parametrize("form", ["curl -H '{}: {}' https://x.example", "export ANTHROPIC_CUSTOM_HEADERS='{}: {}'"])
def test_a_secret_in_a_named_header_is_found(name: str, form: str) -> None:
    held = [one.secret.reveal() for one in find_keys(form.format(name, TOKEN) + "\n")]
    assert held == [TOKEN]
