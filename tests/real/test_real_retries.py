"""What an outside judge thinks of the retries: llmock breaks answers, the real Claude Code asks through our proxy.

llmock takes attempts with the same body for one call. Claude Code goes on after
a stream that broke by asking for the same without a stream, which llmock takes
for another call: there the judge's word on that one broken stream is set aside,
and that the second try came and was whole is asserted instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef, Timeouts
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.secret import Secret
from kit.claude import ClaudeRun, RunClaude
from kit.llmock import Llmock

ANSWER = {"type": "reply", "text": "All is well, and there is nothing more to say about it.", "times": None}

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


@pytest.fixture
def proxy(llmock: Llmock) -> Iterator[EmbeddedProxy]:
    endpoint = Endpoint(llmock.base_url, "openai-chat", timeouts=Timeouts(idle_s=3.0))
    work = Profile("work", endpoint, key=SecretRef("env", "KEY"), models=ModelTiers(default="big-model"))
    with EmbeddedProxy({"work": work}, lambda _: Secret(llmock.key)) as running:
        yield running


@pytest.fixture
def ask(run_claude: RunClaude, proxy: EmbeddedProxy, tmp_path: Path) -> Any:
    def ask() -> ClaudeRun:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        env = {"ANTHROPIC_BASE_URL": proxy.base_url("work"), "ANTHROPIC_AUTH_TOKEN": proxy.token.reveal()}
        return run_claude(home, tmp_path / "project", "Say something.", env={**env, "CLAUDE_CODE_MAX_RETRIES": "3"})

    return ask


def fail(status: int, **more: Any) -> dict[str, Any]:
    return {"type": "fail", "status": status, **more}


def broken(kind: str, after_chunks: int, **more: Any) -> dict[str, Any]:
    return {"type": "stream_fault", "kind": kind, "after_chunks": after_chunks, **more}


@pytest.mark.parametrize(
    "fault",
    [
        fail(429, retry_after=1.0),
        fail(429, retry_after=0.5, times=2),
        fail(429),
        fail(500),
        fail(503, retry_after=1.0),
        fail(529),
        broken("disconnect", 0),
        broken("truncate", 0),
    ],
    ids=lambda fault: " ".join(str(value) for value in fault.values()),
)
def test_what_passes_is_tried_again_as_the_endpoint_asks(llmock: Llmock, ask: Any, fault: dict[str, Any]) -> None:
    llmock.expect(fault, ANSWER)
    run = ask()
    assert run.succeeded() and run.text == ANSWER["text"]
    verdict = llmock.verdict()
    assert verdict["faults_injected"] == fault.get("times", 1)
    assert verdict["findings"] == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_no_repeat_can_mend_is_asked_once(llmock: Llmock, ask: Any, status: int) -> None:
    llmock.expect(fail(status, times=None), ANSWER)
    run = ask()
    assert run.answer["is_error"] is True and f"HTTP {status}" in run.text
    verdict = llmock.verdict()
    assert (verdict["attempts"], verdict["findings"]) == (1, [])


@pytest.mark.parametrize(("status", "attempts"), [(429, 4), (500, 5)])  # at the second 500 we ask for a whole answer
def test_an_endpoint_that_stays_broken_is_given_up_on_with_growing_pauses(
    llmock: Llmock, ask: Any, status: int, attempts: int
) -> None:
    llmock.expect(fail(status, times=None), ANSWER)
    assert ask().answer["is_error"] is True
    verdict = llmock.verdict()
    about_the_client = [f for f in verdict["findings"] if f["code"] != "gave_up"]  # our one question for a whole answer
    assert (verdict["attempts"], about_the_client) == (attempts, [])


@pytest.mark.parametrize(
    "fault",
    [broken("disconnect", 3), broken("truncate", 3), broken("malformed", 3), broken("stall", 3, stall_seconds=8)],
    ids=lambda fault: str(fault["kind"]),
)
def test_half_an_answer_is_never_taken_for_a_whole_one(llmock: Llmock, ask: Any, fault: dict[str, Any]) -> None:
    llmock.expect(fault, ANSWER)
    run = ask()
    assert run.succeeded() and run.text == ANSWER["text"]
    first, again, *_ = llmock.requests()
    assert first["fault"].startswith(f"stream:{fault['kind']}")
    # what broke before a word had reached the client is an HTTP error, after which it asks for a stream again
    assert (again["status"], again["completed"]) == (200, True)
    assert again["body"]["messages"] == first["body"]["messages"]
    about_others = [f for f in llmock.verdict()["findings"] if f["requests"] != [first["seq"]]]
    assert about_others == []
