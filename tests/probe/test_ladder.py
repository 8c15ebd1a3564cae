"""The ladder: cheap first, early end, a budget nothing can exceed, never another origin, plan or billing group."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccswitch_tui.probe.diagnose import diagnose
from ccswitch_tui.probe.exchange import Ask, Exchange
from ccswitch_tui.probe.facts import Target, other_bases, same_group
from ccswitch_tui.probe.ladder import Outside, Settled, Wait, climb, cost_of
from ccswitch_tui.probe.model import BUDGETS, LADDERS
from ccswitch_tui.wire.formats import CHAT, RESPONSES, Wire

OK = json.dumps(
    {"model": "m", "choices": [{"message": {"role": "assistant", "content": "OK"}, "finish_reason": "stop"}]}
)
LIST = '{"object":"list","data":[{"id":"m"}]}'
REFUSED = '{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}'

World = Callable[[Ask], tuple[int | str, str]]


def target(**more: object) -> Target:
    base = Target("work", "https://api.example.com/v1", "openai-chat", models={"default": "m"})
    return base._replace(**more)  # type: ignore[arg-type]


def run(world: World, wanted: Target, ladder: str) -> tuple[list[Exchange], list[object]]:
    """Climbs against a world of answers; returns the exchanges and everything that was wished for."""
    wishes = climb(wanted, ladder)  # type: ignore[arg-type]
    exchanges: list[Exchange] = []
    seen: list[object] = []
    answer: list[Exchange] | None = None
    while True:
        try:
            wish = next(wishes) if answer is None else wishes.send(answer)
        except StopIteration:
            return exchanges, seen
        seen.append(wish)
        answer = []
        if isinstance(wish, list):
            for ask in wish:
                status, body = world(ask)
                failed = isinstance(status, str)
                answer.append(
                    Exchange(
                        len(exchanges) + len(answer) + 1, ask.rung, ask.method, ask.url, ask.variant, ask.auth,
                        request_body=ask.body.decode(), model=ask.model, wire=ask.wire,
                        asks=ask.asks, status=None if failed else status, failure=status if failed else None, body=body,  # type: ignore[arg-type]
                    )
                )  # fmt: skip
            exchanges += answer


def asks_of(seen: Iterable[object]) -> list[Ask]:
    return [ask for wish in seen if isinstance(wish, list) for ask in wish]


def healthy(ask: Ask) -> tuple[int, str]:
    if ask.method == "GET":
        return (401, REFUSED) if ask.auth == "none" else (200, LIST)
    return (404, '{"error":"not found"}') if ask.wire == "anthropic" else (200, OK)


def test_a_healthy_endpoint_costs_three_requests_in_the_quick_ladder() -> None:
    exchanges, _ = run(healthy, target(), "quick")
    assert [e.rung for e in exchanges] == ["http", "models", "message"]


def test_the_cost_told_before_is_about_what_is_spent() -> None:
    wanted = target(models={"default": "m", "haiku": "h"})
    exchanges, _ = run(healthy, wanted, "default")
    assert abs(cost_of(wanted, "default").requests - len(exchanges)) <= 2


def test_an_endpoint_that_cannot_be_reached_is_asked_once() -> None:
    for failure in ("dns", "refused", "timeout-connect", "tls-untrusted", "proxy-auth"):
        exchanges, _ = run(partial(lambda failure, ask: (failure, ""), failure), target(), "full")
        assert len(exchanges) == 1, failure


def test_independent_rungs_are_asked_side_by_side() -> None:
    _, seen = run(healthy, target(), "default")
    batches = [[ask.rung for ask in wish] for wish in seen if isinstance(wish, list)]
    assert ["models", "message"] in batches
    assert any({"stream", "tools"} <= set(batch) for batch in batches)


def test_a_repeated_rate_limit_ends_the_climb() -> None:
    def limited(ask: Ask) -> tuple[int, str]:
        return (
            (429, '{"error":{"message":"Rate limit reached, try again in 1s"}}')
            if ask.method == "POST"
            else healthy(ask)
        )

    exchanges, seen = run(limited, target(), "full")
    assert sum(isinstance(wish, Wait) for wish in seen) == 1
    assert sum(e.method == "POST" for e in exchanges) == 2


def waited_s(seen: Iterable[object], hangs: Callable[[Ask], bool]) -> float:
    """How long the climb waits for what never begins."""
    batches = [
        [ask.first_byte_s or ask.patience_s for ask in wish if hangs(ask)] for wish in seen if isinstance(wish, list)
    ]
    return sum(max(batch, default=0.0) for batch in batches)


@pytest.mark.parametrize("ladder", ["quick", "default"])
@pytest.mark.parametrize("wire", ["openai-chat", "anthropic", None])
@pytest.mark.parametrize(
    "hangs",
    [
        lambda ask: True,
        lambda ask: ask.method == "POST",
        lambda ask: b'"stream":true' in ask.body,
        lambda ask: ask.rung == "tiers",
    ],
    ids=["all", "answers", "streams", "another model"],
)
def test_an_endpoint_that_hangs_is_not_waited_for_again_and_again(
    hangs: Callable[[Ask], bool], wire: str | None, ladder: str
) -> None:
    wanted = target(wire=wire, models={"default": "m", "haiku": "h"})
    _, seen = run(lambda ask: ("timeout-first-byte", "") if hangs(ask) else healthy(ask), wanted, ladder)
    assert waited_s(seen, hangs) <= 25


def test_what_hangs_is_not_tried_through_our_proxy_too() -> None:
    def world(ask: Ask) -> tuple[int | str, str]:
        return ("timeout-first-byte", "") if b'"stream":true' in ask.body else healthy(ask)

    _, seen = run(world, target(), "default")
    assert not [wish for wish in seen if isinstance(wish, Outside)]


def test_a_slow_local_model_is_waited_for() -> None:
    _, seen = run(healthy, target(patience_s=60.0), "default")
    assert {a.first_byte_s for a in asks_of(seen) if a.rung in ("message", "stream")} == {60.0}
    _, seen = run(healthy, target(), "full")
    assert {a.first_byte_s for a in asks_of(seen) if a.rung in ("message", "stream")} == {60.0}


def test_a_long_retry_after_ends_the_climb_at_once() -> None:
    def limited(ask: Ask) -> tuple[int, str]:
        return (429, '{"error":{"message":"try again in 300s"}}') if ask.method == "POST" else healthy(ask)

    exchanges, seen = run(limited, target(), "full")
    assert not any(isinstance(wish, Wait) for wish in seen)
    assert sum(e.method == "POST" for e in exchanges) == 1


def test_what_the_message_taught_is_used_from_then_on() -> None:
    def modern(ask: Ask) -> tuple[int, str]:
        if b'"max_tokens"' in ask.body and ask.wire == "openai-chat":
            return (
                400,
                '{"error":{"message":"Unsupported parameter: \'max_tokens\'. Use \'max_completion_tokens\' instead."}}',
            )
        return healthy(ask)

    exchanges, _ = run(modern, target(), "full")
    refused = [e for e in exchanges if e.status == 400]
    assert len(refused) == 1
    assert diagnose(target(), exchanges).quirks[0][:2] == ("max_tokens_field", "max_completion_tokens")


def test_the_other_header_style_is_tried_and_kept() -> None:
    def by_key(ask: Ask) -> tuple[int, str]:
        if ask.method == "POST" and ask.auth != "x-api-key":
            return 401, '{"error":{"message":"Missing API key."}}'
        return healthy(ask)

    exchanges, _ = run(by_key, target(), "default")
    assert {e.auth for e in exchanges if e.rung in ("stream", "tools")} == {"x-api-key"}


def under_v1(ask: Ask) -> tuple[int, str]:
    """Chat completions below /v1 and nothing anywhere else."""
    return healthy(ask) if "example.com/v1/" in ask.url else (404, '{"error":"not found"}')


@pytest.mark.parametrize("ladder", ["quick", "default"])
def test_a_missing_v1_is_found_when_the_format_is_not_known_either(ladder: str) -> None:
    wanted = target(base_url="https://api.example.com", wire=None, saved=False)
    exchanges, _ = run(under_v1, wanted, ladder)
    report = diagnose(wanted, exchanges, ladder=ladder)  # type: ignore[arg-type]
    assert report.verdict != "broken"
    patches = [f.fix.patch for f in report.findings if f.kind == "url-version-missing" and f.fix]
    assert patches == [{"endpoint.base_url": "https://api.example.com/v1", "endpoint.wire": "openai-chat"}]


def test_a_saved_profile_that_lacks_its_v1_does_not_work_as_it_is() -> None:
    wanted = target(base_url="https://api.example.com", wire=None)
    exchanges, _ = run(under_v1, wanted, "default")
    assert diagnose(wanted, exchanges).verdict == "broken"


def test_a_profile_without_a_format_works_where_chat_completions_answer() -> None:
    wanted = target(wire=None)
    exchanges, _ = run(healthy, wanted, "default")
    report = diagnose(wanted, exchanges)
    assert report.verdict != "broken"
    assert not any(f.fix and f.fix.patch and "endpoint.base_url" in f.fix.patch for f in report.findings)


@pytest.mark.parametrize("auth", ["bearer", "none"])
def test_an_endpoint_that_wants_a_key_says_so_to_a_profile_without_one(auth: str) -> None:
    def locked(ask: Ask) -> tuple[int, str]:
        return 401, '{"error":{"message":"You didn\'t provide an API key."}}'

    wanted = target(has_key=False, auth=auth)
    exchanges, _ = run(locked, wanted, "default")
    found = diagnose(wanted, exchanges).findings
    assert [f.kind for f in found] == ["auth-missing"]
    assert found[0].because.startswith("without a key the endpoint answers")


def test_without_a_key_nothing_is_sent_that_would_need_one() -> None:
    exchanges, _ = run(healthy, target(has_key=False), "default")
    assert [e.rung for e in exchanges] == ["http"]


RESPONSE = json.dumps(
    {
        "object": "response",
        "status": "completed",
        "model": "m",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "OK"}]}],
    }
)


@pytest.mark.parametrize("ladder", ["quick", "default"])
@pytest.mark.parametrize(
    ("asked", "there", "words"),
    [
        (CHAT, RESPONSES, "This model is only supported in v1/responses and not in v1/chat/completions."),
        (CHAT, RESPONSES, 'model "m" is not accessible via the /chat/completions endpoint'),
        (CHAT, RESPONSES, "The chatCompletion operation does not work with the specified model, m."),
        (CHAT, RESPONSES, "Unsupported parameter: `messages`. In the Responses API, this has moved to `input`."),
        (RESPONSES, CHAT, "model m does not support Responses API."),
        (RESPONSES, CHAT, "Invalid URL (POST /v1/responses)"),
        (RESPONSES, CHAT, "Responses API is not supported for this model. Please use /v1/chat/completions instead."),
    ],
)
def test_the_wire_a_refusal_names_is_asked_next(asked: Wire, there: Wire, words: str, ladder: str) -> None:
    def world(ask: Ask) -> tuple[int, str]:
        if ask.method == "GET":
            return healthy(ask)
        if ask.wire != there:
            return 400, json.dumps({"error": {"message": words}})
        return 200, RESPONSE if there == RESPONSES else OK

    exchanges, _ = run(world, target(wire=asked), ladder)
    assert [e.wire for e in exchanges if e.rung == "message"] == [asked, there]
    report = diagnose(target(wire=asked), exchanges, ladder=ladder)  # type: ignore[arg-type]
    found = next(f for f in report.findings if f.kind == "wire-mismatch")
    assert found.fix is not None and found.fix.patch == {"endpoint.wire": there}


def test_a_format_without_stop_sequences_is_not_asked_for_them() -> None:
    def world(ask: Ask) -> tuple[int, str]:
        return healthy(ask) if ask.method == "GET" else (200, RESPONSE)

    exchanges, seen = run(world, target(wire=RESPONSES), "full")
    assert "stop" not in [e.rung for e in exchanges]
    assert any("stop" in settled.codes for settled in seen if isinstance(settled, Settled))
    step = next(s for s in diagnose(target(wire=RESPONSES), exchanges, ladder="full").steps if s.code == "stop")
    assert step.verdict == "skip"


def test_rungs_are_settled_in_the_order_they_are_shown() -> None:
    _, seen = run(healthy, target(), "default")
    settled = [code for wish in seen if isinstance(wish, Settled) for code in wish.codes]
    order = list(LADDERS["default"])
    assert sorted(settled[:8], key=order.index) == settled[:8]
    assert len(settled) == len(set(settled))


ANSWERS = st.sampled_from(
    [
        (200, OK), (200, LIST), (200, ""), (200, "<html><title>x</title></html>"), (200, '{"error":{"message":"odd"}}'),
        (400, '{"error":{"message":"Unsupported parameter: \'stop\'"}}'), (400, '{"error":{"message":"no"}}'),
        (401, REFUSED), (401, '{"message":"Missing API key"}'), (403, '{"error":{"message":"forbidden"}}'),
        (404, '{"error":"not found"}'), (404, '{"error":{"message":"The model m does not exist"}}'), (405, ""),
        (422, '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs"}]}'),
        (429, '{"error":{"message":"slow down"}}'), (500, ""), (502, "<html></html>"), (503, "no healthy upstream"),
        ("reset", ""), ("timeout-first-byte", ""), (302, ""),
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    answers=st.lists(ANSWERS, min_size=40, max_size=40),
    ladder=st.sampled_from(["quick", "default", "full"]),
    wire=st.sampled_from(["openai-chat", "anthropic", None]),
    base=st.sampled_from(
        ["https://api.example.com/v1", "https://api.example.com", "https://ark.example/api/coding/v3"]
    ),
    has_key=st.booleans(),
)
def test_no_answer_makes_the_ladder_exceed_its_budget_or_leave_its_ground(
    answers: list[tuple[int | str, str]], ladder: str, wire: str | None, base: str, has_key: bool
) -> None:
    wanted = target(base_url=base, wire=wire, has_key=has_key, models={"default": "m", "haiku": "h", "opus": "o"})
    left = iter(answers)
    exchanges, seen = run(lambda ask: next(left), wanted, ladder)
    outside = sum(isinstance(wish, Outside) for wish in seen)
    assert len(exchanges) + outside <= BUDGETS[ladder]
    for ask in asks_of(seen):
        assert urlsplit(ask.url).netloc == urlsplit(base).netloc
        asked = ask.url.split("/chat/")[0].removesuffix("/models").removesuffix("/messages")
        assert same_group(asked.removesuffix("/responses"), base)
        assert has_key or ask.auth == "none"
    report = diagnose(wanted, exchanges, ladder=ladder)  # type: ignore[arg-type]
    assert [s.code for s in report.steps] == list(LADDERS[ladder])
    json.dumps(report.to_json())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://ark.example/api/coding/v3", "https://ark.example/api/coding", True),
        ("https://ark.example/api/coding/v3", "https://ark.example/api/v3", False),
        ("https://ark.example/api/plan/v3", "https://ark.example/api/coding/v3", False),
        ("https://a.example/api/paas/v4", "https://a.example/api/coding/paas/v4", False),
        ("https://a.example/openai/v1", "https://a.example/anthropic", True),
        ("https://a.example/v1", "https://b.example/v1", False),
        ("https://a.example/v1", "http://a.example/v1", False),
    ],
)
def test_plans_and_origins_are_kept_apart(one: str, other: str, same: bool) -> None:
    assert same_group(one, other) is same


def test_variants_stay_in_their_group() -> None:
    for wire in ("openai-chat", "anthropic"):
        for base in (
            "https://a.example",
            "https://a.example/v1",
            "https://a.example/api/plan/v3",
            "https://a.example/openai/v1",
        ):
            assert all(same_group(base, variant) for variant in other_bases(base, wire))


@pytest.mark.parametrize(
    ("model", "served", "expected"),
    [
        ("gpt-5.6", {"/responses", "/chat/completions"}, RESPONSES),
        ("x/gpt-5-codex", {"/responses", "/chat/completions"}, RESPONSES),
        ("gpt-5.6", {"/chat/completions"}, CHAT),
        ("qwen3-coder", {"/responses", "/chat/completions"}, CHAT),
    ],
)
def test_where_both_are_served_the_wire_is_the_one_this_model_takes_tools_and_effort_on(
    model: str, served: set[str], expected: Wire
) -> None:
    def world(asked: Ask) -> tuple[int, str]:
        route = next((r for r in served if asked.url.endswith(r)), None)
        if asked.url.endswith("/models"):
            return 200, LIST
        if route is None:
            return 404, '{"error":"not found"}'
        return 200, RESPONSE if route == "/responses" else OK

    wanted = target(wire=None, models={"default": model})
    exchanges, _ = run(world, wanted, "quick")
    report = diagnose(wanted, exchanges, ladder="quick")
    assert report.wire == expected
    (step,) = [s for s in report.steps if s.code == "message"]
    assert ("chat completions answer too" in step.because) is (expected == RESPONSES)
