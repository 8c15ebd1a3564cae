"""Keys in a real Secret Service: put there by `add`, seen there by another program, taken out by `remove`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.parts import console_script
from kit.secret_service import SecretService
from kit.sentinel import Sentinel

pytestmark = pytest.mark.real

CURL = """\
curl https://api.work.example/v1/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "large", "messages": [{{"role": "user", "content": "hi"}}]}}'
"""


def add(service: SecretService, key: str, name: str = "work") -> dict[str, object]:
    done = service.run(
        [console_script(), "add", name, "--paste", "-", "--no-probe", "--json"], stdin=CURL.format(key=key)
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def the_items(service: SecretService) -> str:
    """Everything `secret-tool` finds of ours, secrets included."""
    found = service.run(["secret-tool", "search", "--all", "application", "Python keyring library"])
    return found.stdout + found.stderr


def test_a_pasted_key_goes_into_the_secret_service_and_nowhere_else(
    secret_service: SecretService, sentinel: Sentinel, home: Path
) -> None:
    added = add(secret_service, sentinel.key)
    assert added["key"] == {"ref": "keyring:work", "stored_in": "Secret Service"}
    assert sentinel.key in the_items(secret_service)
    assert sentinel.search_files(home) == []


def test_key_prints_it_into_a_pipe(secret_service: SecretService, sentinel: Sentinel) -> None:
    add(secret_service, sentinel.key)
    done = secret_service.run([console_script(), "key", "work", "--upstream"])
    assert (done.returncode, done.stdout) == (0, f"{sentinel.key}\n")


def test_a_key_outlives_the_session_it_was_stored_in(secret_service: SecretService, sentinel: Sentinel) -> None:
    add(secret_service, sentinel.key)
    secret_service.stop()
    secret_service.start()
    assert secret_service.run([console_script(), "key", "work", "--upstream"]).stdout == f"{sentinel.key}\n"


def test_remove_takes_the_key_with_it(secret_service: SecretService, sentinel: Sentinel) -> None:
    add(secret_service, sentinel.key)
    done = secret_service.run([console_script(), "remove", "work"])
    assert done.returncode == 0, done.stderr
    assert sentinel.key not in the_items(secret_service)
    assert secret_service.run([console_script(), "list", "--json"]).stdout.count('"name"') == 0


def test_a_locked_keyring_is_an_error_with_a_hint_and_no_hang(
    secret_service: SecretService, sentinel: Sentinel
) -> None:
    add(secret_service, sentinel.key)
    secret_service.lock()
    done = secret_service.run([console_script(), "key", "work", "--upstream"], timeout_s=15)
    assert done.returncode == 5
    assert "hint:" in done.stderr
    assert done.stdout == ""


def test_without_a_keyring_add_saves_nothing(secret_service: SecretService, sentinel: Sentinel, home: Path) -> None:
    secret_service.stop()
    done = secret_service.run(
        [console_script(), "add", "work", "--paste", "-", "--no-probe"], stdin=CURL.format(key=sentinel.key)
    )
    assert done.returncode == 5, done.stderr
    assert "hint:" in done.stderr
    assert not list(home.rglob("profiles.toml"))
    assert sentinel.search_files(home) == []
