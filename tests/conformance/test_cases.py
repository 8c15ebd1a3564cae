"""The language-neutral cases, black box: client → the real proxy → a scripted endpoint, both sides checked."""

from __future__ import annotations

import importlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.proxy import pump
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.proxy.web import reply
from ccswitch_tui.proxy.web.reply import PING_AFTER_S, Watch
from ccswitch_tui.secret import Secret
from ccswitch_tui.wire.formats import Wire

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.json")) + sorted((HERE / "own").glob("*.json"))

NEEDS: dict[str, dict[str, Any]] = {
    "reasoning_replay=reasoning_content": {"reasoning_replay": "reasoning_content"},
    "reasoning_replay=reasoning": {"reasoning_replay": "reasoning"},
    "max_output=8192": {"max_output": 8192},
    "quirk=max_completion_tokens": {"max_tokens_field": "max_completion_tokens"},
    "quirk=no_sampling": {"sampling": "none"},
    "quirk=no_stream_options": {"stream_options": False},
    "quirk=no_images": {"images": "note"},
    "quirk=assistant_after_tool": {"assistant_after_tool": True},
    "quirk=tool_id_9": {"tool_id": "mistral9"},
    "quirk=gemini_schema": {"schema": "gemini"},
    "quirk=tool_choice_auto": {"tool_choice": "auto_only"},
    "quirk=effort_reasoning_effort": {"effort": "reasoning_effort"},
}
"""The cases' words for facts about an endpoint → our quirks. Of our own cases any may be named: `quirk:NAME=JSON`."""


def load_runner() -> ModuleType:
    return importlib.import_module("run_cases")  # beside this file, which is where pytest looks


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Rig:
    """One scripted endpoint and one proxy for all cases, as one run of the reference runner has them."""

    def __init__(self, proxy: EmbeddedProxy, upstream: Any, runner: ModuleType, port: int) -> None:
        self.proxy, self.upstream, self.runner, self.port = proxy, upstream, runner, port

    def run(self, case: dict[str, Any]) -> list[str] | None:
        quirks: dict[str, Any] = {}
        for need in case.get("needs", ()):
            name, _, value = need.removeprefix("quirk:").partition("=")
            quirks |= NEEDS[need] if need in NEEDS else {name: json.loads(value)}
        self.proxy.set_profiles({"fake": profile(self.port, quirks, case.get("wire", "openai-chat"))})
        return self.runner.run(case, f"http://127.0.0.1:{self.proxy.port}", self.upstream, [])


def profile(port: int, quirks: dict[str, Any], wire: Wire = "openai-chat") -> Profile:
    return Profile(
        name="fake",
        endpoint=Endpoint(base_url=f"http://127.0.0.1:{port}/v1", wire=wire),
        key=SecretRef("env", "FAKE_UPSTREAM_KEY"),
        models=ModelTiers(default="fake-model"),
        quirks=quirks,
    )


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    runner, port = load_runner(), free_port()
    upstream = runner.Upstream(port)
    upstream.start()
    with EmbeddedProxy(
        {"fake": profile(port, {})},
        lambda _: Secret("sk-upstream-key"),
        token=Secret("client-token"),
        root_profile="fake",
    ) as proxy:
        yield Rig(proxy, upstream, runner, port)
    upstream.stop()


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


SHORTER = 10
"""How many times shorter the endpoint is silent in the cases marked slow, and how many times more often we look."""


def shortened(given: Any) -> Any:
    """The case with every pause and every limit of it `SHORTER` times as short."""
    if isinstance(given, list):
        return [shortened(each) for each in given]
    if not isinstance(given, dict):
        return given
    return {
        name: value / SHORTER if name in {"sleep_ms", "within_ms"} else shortened(value)
        for name, value in given.items()
    }


def of_slow(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The case in a world where both clocks go faster; ours even more, as a busy machine takes its time."""
    limits_ms = [each["within_ms"] for each in case["expect"]["timing"]]
    assert min(limits_ms) > (PING_AFTER_S + 2 * Watch.TICK_S) * 1000
    for module in (reply, pump):
        monkeypatch.setattr(module, "PING_AFTER_S", PING_AFTER_S / SHORTER / 5)
    monkeypatch.setattr(Watch, "TICK_S", Watch.TICK_S / SHORTER)
    return {**case, "input": shortened(case["input"]), "expect": shortened(case["expect"])}


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in CASES])
def test_the_proxy_satisfies(path: Path, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    case = read(path)
    failures = rig.run(of_slow(case, monkeypatch) if case.get("slow") else case)
    if failures is None:
        pytest.skip("about a JSON body, and the proxy asked for a stream")
    assert not failures, "\n".join(failures)
