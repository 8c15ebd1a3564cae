"""LiteLLM starts with what `export --to litellm` writes, and answers in both formats under Claude's names."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.interop.litellm import render_config
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from kit.gateways import LITELLM_MASTER, litellm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]


def ask(base: str, path: str, model: str) -> str:
    """The text LiteLLM answers with."""
    answer = httpx.post(
        base + path,
        json={"model": model, "max_tokens": 32, "messages": [{"role": "user", "content": "hi"}]},
        headers={"authorization": f"Bearer {LITELLM_MASTER}", "anthropic-version": "2023-06-01"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    tree = answer.json()
    return str(tree["content"][0]["text"] if path == "/v1/messages" else tree["choices"][0]["message"]["content"])


def test_an_exported_chat_endpoint_answers_both_formats_under_every_name(tmp_path: Path) -> None:
    with DemoProvider() as provider:
        profile = Profile(
            "demo",
            Endpoint(provider.base_url, wire="openai-chat"),
            SecretRef("keyring", "demo"),
            models=ModelTiers(default="demo-large", haiku="demo-small"),
            context_window=131072,
        )
        with litellm(tmp_path, render_config(profile, "DEMO_API_KEY"), {"DEMO_API_KEY": provider.key.reveal()}) as base:
            for model in ("demo-large", "claude-opus-5-5", "claude-haiku-5-5"):
                assert "demo provider" in ask(base, "/v1/chat/completions", model)
                assert "demo provider" in ask(base, "/v1/messages", model)
        asked = [seen.body["model"] for seen in provider.requests if seen.body]
        assert asked == ["demo-large"] * 4 + ["demo-small"] * 2


def test_an_exported_native_endpoint_gets_its_bearer_token(tmp_path: Path) -> None:
    with DemoProvider() as provider:
        profile = Profile(
            "demo",
            Endpoint(provider.native_url, wire="anthropic", auth="bearer"),
            SecretRef("keyring", "demo"),
            models=ModelTiers(default="demo-large"),
        )
        key = provider.key.reveal()
        env = {"DEMO_API_KEY": key, "DEMO_AUTH_HEADER": f"Bearer {key}"}
        with litellm(tmp_path, render_config(profile, "DEMO_API_KEY"), env) as base:
            assert ask(base, "/v1/messages", "claude-sonnet-5-5")
