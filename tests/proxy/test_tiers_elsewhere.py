"""Two endpoints, two profiles, one proxy: one profile's requests reach the other only where that is declared."""

from __future__ import annotations

import pytest
from proxy_client import BODY, call, profile, proxy_for
from scripted_endpoint import ScriptedEndpoint, chat_text

from ccswitch_tui.profiles.model import ModelTiers
from ccswitch_tui.proxy.books.flow import log_line


@pytest.mark.parametrize("asked", ["qwen3:8b", "claude-opus-4-8", "haiku", "opus[1m]"])
def test_prompts_for_a_local_model_do_not_go_to_the_profile_that_is_called_like_it(asked: str) -> None:
    with (
        ScriptedEndpoint(chat_text("from the cloud")) as cloud,
        ScriptedEndpoint(chat_text("from here")) as local,
        proxy_for(
            profile(f"{cloud.origin}/v1", "qwen3", models=ModelTiers("qwen3-max")),
            profile(f"{local.origin}/v1", "ollama", models=ModelTiers("qwen3:8b")),
        ) as proxy,
    ):
        assert call(proxy, path="/p/ollama/v1/messages", body={**BODY, "model": asked}).text == "from here"
    assert (cloud.requests, local.requests[0].json()["model"]) == ([], "qwen3:8b")


def test_a_declared_tier_goes_to_its_profile_and_the_log_says_so() -> None:
    with (
        ScriptedEndpoint(chat_text("big")) as big,
        ScriptedEndpoint(chat_text("small")) as small,
        proxy_for(
            profile(f"{big.origin}/v1", models=ModelTiers("m", haiku="qwen3:8b"), tier_profiles={"haiku": "local"}),
            profile(f"{small.origin}/v1", "local", models=ModelTiers("other")),
        ) as proxy,
    ):
        assert call(proxy, body={**BODY, "model": "qwen3:8b @local"}).text == "small"
        assert call(proxy, body={**BODY, "model": "m"}).text == "big"
        listed = call(proxy, "GET", "/p/work/v1/models").json()["data"]
        line = log_line(proxy.traffic.recent()[1], "12:00:00")
    assert small.requests[0].json()["model"] == "qwen3:8b"
    assert [row["id"] for row in listed] == ["m", "qwen3:8b @local"]
    assert "work>local qwen3:8b @local>qwen3:8b 200" in line


@pytest.mark.parametrize("path", ["/p/work/v1/messages", "/p/work/v1/messages/count_tokens"])
def test_a_tier_of_a_profile_that_is_gone_is_answered_with_words_and_sent_nowhere(path: str) -> None:
    with (
        ScriptedEndpoint(chat_text("big")) as big,
        proxy_for(profile(f"{big.origin}/v1", models=ModelTiers("m"), tier_profiles={"haiku": "gone"})) as proxy,
    ):
        answer = call(proxy, path=path, body={**BODY, "model": "claude-haiku-4-5"})
    assert answer.status in (400, 410) and big.requests == []
    assert "answered by profile 'gone', which does not exist" in answer.error["message"]
    assert answer.headers["x-should-retry"] == "false"
