"""What every test stands on: a scratch home, an environment without the machine's own, a Context to act in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

# A machine that is busy with something else proves nothing about a law.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

pytest_plugins = (
    "kit.net", "kit.parts", "kit.aimock", "kit.claude", "kit.llama", "kit.llmock", "kit.searxng", "kit.secret_service",
    "kit.sentinel", "kit.stage", "kit.tmux", "kit.windows",
)  # fmt: skip

FOREIGN = (
    "ANTHROPIC_", "CLAUDE_", "CCSWITCH_", "OPENAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "PYTHON_KEYRING_BACKEND", "NO_COLOR", "FORCE_COLOR",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees this machine's home, keys, proxies or settings."""
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The scratch home folder of this test."""
    return tmp_path / "home"
