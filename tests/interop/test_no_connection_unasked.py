"""The installed program behind a logging HTTPS proxy: no connection is made for an address that nobody gave."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.net import Listener
from kit.parts import console_script

KEY = "sk-example-0123456789abcdef"


class LoggingProxy:
    """Writes down what it is asked to connect to, and refuses."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._listener = Listener(self._refuse)
        self.url = f"http://{self._listener.address}"

    def _refuse(self, client: socket.socket) -> None:
        with client:
            client.settimeout(5)
            self.asked.append(client.recv(65536).decode("latin-1").partition("\r\n")[0])
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def proxy() -> Iterator[LoggingProxy]:
    made = LoggingProxy()
    yield made
    made.close()


def ccswitch(
    home: Path, proxy: LoggingProxy, *words: str, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [console_script(), *words],
        input=stdin, capture_output=True, encoding="utf-8", cwd=home, timeout=60,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "HTTPS_PROXY": proxy.url, "https_proxy": proxy.url,
             "HTTP_PROXY": proxy.url, "http_proxy": proxy.url, "ALL_PROXY": proxy.url, "K": KEY, **env},
    )  # fmt: skip


UNUSABLE = [
    "export OPENAI_BASE_URL=${GW}/v1\nexport OPENAI_API_KEY=$K",
    "export ANTHROPIC_BASE_URL=$GW\nexport ANTHROPIC_AUTH_TOKEN=$K",
    "export ANTHROPIC_BASE_URL=ftp://relay.example\nexport ANTHROPIC_AUTH_TOKEN=$K",
    '{"env":{"ANTHROPIC_BASE_URL":"${RELAY}","ANTHROPIC_AUTH_TOKEN":"$K"}}',
    'client = OpenAI(base_url=settings.url, api_key=os.environ["K"])',
    "Base URL: https://exa mple\nAPI Key: $K",
]


@pytest.mark.parametrize("text", UNUSABLE)
def test_a_paste_whose_address_leads_nowhere_connects_to_nobody(home: Path, proxy: LoggingProxy, text: str) -> None:
    done = ccswitch(home, proxy, "add", "x", "--paste", "-", stdin=text, GW="https://gw.example")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "--url" in done.stderr
    assert proxy.asked == []


def test_with_the_address_the_hint_asks_for_only_that_host_is_asked(home: Path, proxy: LoggingProxy) -> None:
    done = ccswitch(home, proxy, "add", "x", "--paste", "-", "--url", "https://relay.example/v1", stdin=UNUSABLE[0])
    assert done.returncode == 0, done.stderr
    assert proxy.asked
    assert all("relay.example" in line for line in proxy.asked)
    assert not any(KEY in line for line in proxy.asked)


@pytest.mark.parametrize(
    "words", [("import", "./settings.json"), ("import", "./settings.json", "--dry-run"), ("import", "--list")]
)
def test_an_import_asks_nobody_unless_it_is_told_to(home: Path, proxy: LoggingProxy, words: tuple[str, ...]) -> None:
    (home / "settings.json").write_text(
        '{"env":{"ANTHROPIC_BASE_URL":"https://relay.example","ANTHROPIC_AUTH_TOKEN":"$K","ANTHROPIC_MODEL":"m"}}'
    )
    done = ccswitch(home, proxy, *words)
    assert done.returncode == 0, done.stderr
    assert proxy.asked == []


def test_an_import_that_is_told_to_asks_the_hosts_of_its_entries(home: Path, proxy: LoggingProxy) -> None:
    (home / "settings.json").write_text(
        '{"env":{"ANTHROPIC_BASE_URL":"https://relay.example","ANTHROPIC_AUTH_TOKEN":"$K","ANTHROPIC_MODEL":"m"}}'
    )
    done = ccswitch(home, proxy, "import", "./settings.json", "--probe")
    assert done.returncode == 0, done.stderr
    assert proxy.asked
    assert all("relay.example" in line for line in proxy.asked)
