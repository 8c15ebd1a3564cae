"""What the process with the unlocked keys may answer, each once: the user reads what it means and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.credentials.agent_client import AgentStore
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import Paths, resolve_paths
from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.secret import Secret

KEY = Secret("sk-example-agent-0123456789")


@pytest.fixture
def paths(home: Path) -> Paths:
    return resolve_paths({"HOME": str(home)})


@pytest.fixture
def agent(paths: Paths) -> AgentStore:
    return AgentStore(paths, {})


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Any, runs: bool = True) -> list[str]:
    """A proxy that runs or not, and answers in this order; returns what it was asked."""
    asked: list[str] = []
    left = list(answers)

    def ask(proxy: ProxyControl, method: str, path: str, fields: Any, *, timeout_s: float) -> tuple[int, bytes]:
        asked.append(path.rpartition("/")[2])
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    monkeypatch.setattr(ProxyControl, "status", lambda proxy: SimpleNamespace(running=runs))
    monkeypatch.setattr(ProxyControl, "ensure_running", lambda proxy: asked.append("started"))
    monkeypatch.setattr(ProxyControl, "ask", ask)
    return asked


def test_keys_are_read_kept_and_removed_through_it(agent: AgentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"value": KEY.reveal()}
    asked = answering(monkeypatch, value, {"value": None}, {}, value, {"removed": True})
    assert (agent.get("work"), agent.get("other")) == (KEY, None)
    agent.set("work", KEY)
    assert agent.delete("work") is True
    assert asked == ["get", "get", "put", "get", "delete"]


def test_it_is_unlocked_after_the_file_was_looked_at(
    agent: AgentStore, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, {"unlocked": True})
    with pytest.raises(KeyStoreError):
        agent.unlock(Secret("correct horse"), None)
    assert asked == [], "there is no file to open"
    monkeypatch.setattr(encrypted_file, "check_file", lambda path: None)
    assert agent.unlock(Secret("correct horse"), None).unlocked is True
    assert asked == ["started", "unlock"]


@pytest.mark.parametrize("runs", [True, False])
def test_locking_and_looking_start_nothing(agent: AgentStore, runs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, {"was_unlocked": True}, {"unlocked": True}, runs=runs)
    assert (agent.lock(), agent.status().unlocked) == (runs, runs)
    assert asked == (["lock", "status"] if runs else [])


def test_without_it_the_keys_are_locked(agent: AgentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted_file, "check_file", lambda path: None)
    answering(monkeypatch, runs=False)
    with pytest.raises(KeyStoreError) as told:
        agent.get("work")
    assert told.value.kind == "key-store-locked"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (TimeoutError(), "key-store-slow"),
        (ConnectionResetError(), "key-store-lost"),
        (b"not json", "key-store-lost"),
        ({"error": {"kind": "key-absent", "message": "gone", "hint": ""}}, "key-absent"),
        ({"error": {"type": "not_found_error", "message": "no such path"}}, None),
        ({"error": "odd"}, None),
        ([], None),
    ],
)
def test_whatever_it_answers_instead_is_told(
    agent: AgentStore, answer: Any, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(KeyStoreError) as told:
        agent.get("work")
    assert kind is None or told.value.kind == kind


def test_a_state_of_another_version_is_told(agent: AgentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"unlocked": True, "later": 1})
    with pytest.raises(KeyStoreError):
        agent.status()
