"""Costs and limits that a real gateway states, a budget that a real client runs into, and whose project it is."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.secret import Secret
from kit.gateways import LITELLM_MASTER, litellm
from kit.stage import Stage

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

CONFIG = """\
model_list:
  - model_name: large
    litellm_params:
      model: openai/demo-large
      api_base: {base}
      api_key: os.environ/DEMO_API_KEY
      input_cost_per_token: 0.000003
      output_cost_per_token: 0.000015
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""


def test_litellm_states_the_cost_of_whole_answers_and_of_streams_in_their_last_chunk(tmp_path: Path) -> None:
    """A key without a database, as `x-litellm-response-cost` and `usage.cost` tell it."""
    with DemoProvider() as provider:
        env = {"DEMO_API_KEY": provider.key.reveal()}
        with litellm(tmp_path, CONFIG.format(base=provider.base_url), env) as base:
            profile = Profile(
                "gate",
                Endpoint(f"{base}/v1", wire="openai-chat"),
                SecretRef("env", "MASTER"),
                models=ModelTiers(default="large"),
            )
            with EmbeddedProxy({"gate": profile}, lambda profile: Secret(LITELLM_MASTER)) as proxy:
                flows = []
                for stream in (False, True):
                    answer = httpx.post(
                        proxy.base_url("gate") + "/v1/messages",
                        json={"model": "large", "max_tokens": 32, "stream": stream,
                              "messages": [{"role": "user", "content": "hi"}]},
                        headers={"authorization": f"Bearer {proxy.token.reveal()}"},
                        timeout=60,
                    )  # fmt: skip
                    assert answer.status_code == 200, answer.text
                    flows.append(proxy.traffic.recent(1)[0])
    for flow in flows:
        told = flow.input_tokens * 3e-6 + flow.output_tokens * 15e-6
        if flow.cost is not None:  # never another figure, and never the 0.0 of a header sent too early
            assert (flow.cost_by, flow.currency) == ("endpoint", "USD")
            assert flow.cost == pytest.approx(told, rel=0.02), (flow.cost, told)
    assert flows[0].cost is not None, "a whole chat answer has the header"


def test_claude_code_shows_which_budget_is_used_up_and_how_to_lift_it(stage: Stage) -> None:
    stage.add(haiku="demo-small")
    stage.ccswitch("use", "work")
    stage.ccswitch("edit", "work", "--set", "budget.day=1 tokens", "--set", "budget.stop=true")
    assert stage.claude("say hello").code == 0
    second = stage.claude("say hello")
    said = second.stdout + second.stderr
    assert second.code != 0
    assert "the budget you set for profile 'work' is used up" in said and "budget.stop=false" in said, said
    assert second.took_s < 60  # said at once, and not after three minutes of trying
    stage.ccswitch("edit", "work", "--set", "budget.stop=false")
    assert stage.claude("say hello").code == 0
    rows = json.loads(stage.ccswitch("proxy", "usage", "--by", "project,session", "--json"))["usage"]
    assert {row["project"] for row in rows} == {str(stage.project)}
    assert len({row["session"] for row in rows}) == 2 and all(len(row["session"]) == 36 for row in rows)
