"""What every test stands on: a scratch home, an environment without the machine's own, a Context to act in."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

# A machine that is busy with something else proves nothing about a law.
# On CI the examples are the same each time, so that a failure there is of the change; elsewhere they go on searching.
FEW = sys.platform == "win32"
"""Under Wine a write to a file takes a tenth of a second: laws are tried there, and searched for flaws elsewhere."""
settings.register_profile(
    "steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=os.environ.get("CI") == "true",
    max_examples=10 if FEW else 100,
)  # fmt: skip
settings.load_profile("steady")

if sys.platform == "win32":
    # A test's own files are UTF-8 there as everywhere; the program names the encoding of each file by itself.
    _read, _write = Path.read_text, Path.write_text

    def read_text(path: Path, encoding: str = "utf-8", *more: Any, **named: Any) -> str:
        return _read(path, encoding, *more, **named)

    def write_text(path: Path, data: str, encoding: str = "utf-8", *more: Any, **named: Any) -> int:
        return _write(path, data, encoding, *more, **named)

    Path.read_text, Path.write_text = read_text, write_text  # type: ignore[method-assign]

pytest_plugins = (
    "kit.net", "kit.parts", "kit.aimock", "kit.claude", "kit.llama", "kit.llmock", "kit.searxng", "kit.secret_service",
    "kit.sentinel", "kit.stage", "kit.tmux", "kit.windows",
)  # fmt: skip

FOREIGN = (
    "ANTHROPIC_", "CLAUDE_", "CCSWITCH_", "OPENAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "PYTHON_KEYRING_BACKEND", "NO_COLOR", "FORCE_COLOR",
)  # fmt: skip


PURE = ("wire", "translate", "interop", "net", "search", "profiles", "probe")
"""Folders whose tests are of plain data in, plain data out: a minute's worth, `pytest -m pure`."""

IMPURE = {
    "test_adding_and_changing.py", "test_anthropic_sdk.py", "test_bad_endpoints.py", "test_curl_commands.py",
    "test_examine.py", "test_fixes_of_a_probe.py",
    "test_later.py", "test_no_connection_unasked.py", "test_probe_command.py", "test_proof.py",
    "test_real_faults.py", "test_secret_headers.py",
}  # fmt: skip
"""Their files that listen, connect or start something."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`-m pure` looks at no other file: reading them all takes each worker a quarter of the minute."""
    here = Path(__file__).parent
    if config.getoption("markexpr") != "pure" or here not in collection_path.parents:
        return None
    place = collection_path.relative_to(here)
    return True if place.parts[0] not in PURE or place.name in IMPURE else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the pure tests: by folder, so that a new file in one of them is among them unless it says otherwise.

    Slow ones come first: a worker that begins one at the end is waited for by all others.
    """
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here)
        if place.parts[0] in PURE and place.name not in IMPURE and not any(item.iter_markers("real")):
            item.add_marker("pure")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def no_doors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pure test connects to nothing and starts nothing: it fails when it tries."""
    if request.node.get_closest_marker("pure") is None:
        return

    def refused(*given: Any, **more: Any) -> None:
        pytest.fail("a pure test opened a door: name its file in IMPURE (tests/conftest.py), or take the door away")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "listen", refused)
    monkeypatch.setattr(subprocess.Popen, "__init__", refused)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees this machine's home, keys, proxies or settings."""
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # or each process started would compile us anew
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    if sys.platform == "win32":
        monkeypatch.setenv("USERPROFILE", str(home))
        monkeypatch.setenv("APPDATA", str(home / "AppData/Roaming"))
        monkeypatch.setenv("LOCALAPPDATA", str(home / "AppData/Local"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".local/state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's files need not outlive a power cut; on a slow disk every write would wait for it."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(autouse=True)
def only_its_own_secrets() -> Iterator[None]:
    """What a test has seen of keys ends with it: the filter looks for each, and after thousands of tests for all."""
    from ccswitch_tui import secret

    before = set(secret._seen)
    yield
    secret._seen.intersection_update(before)
    for value in secret._forms.keys() - before:
        del secret._forms[value]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The scratch home folder of this test."""
    return tmp_path / "home"
