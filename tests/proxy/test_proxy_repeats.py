"""Repeats before the first byte: learned quirks, changed keys, fall-backs; and when there must be none."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from pathlib import Path

import pytest
from proxy_client import BODY, KEY, call, profile, proxy_for
from scripted_endpoint import (
    NATIVE_STREAM,
    Connection,
    Received,
    ScriptedEndpoint,
    chat_chunk,
    chat_text,
    native_stream,
    refuse,
)

from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.profiles.model import ModelTiers, Profile
from ccswitch_tui.proxy.attempt import conversation_of
from ccswitch_tui.proxy.books.learned import CAPABILITIES, NAMELESS, SETTLED, LearnedQuirks
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say
from kit.net import free_port_number

USE_OTHER_FIELD = {
    "error": {
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
        "type": "invalid_request_error",
        "param": "max_tokens",
        "code": "unsupported_parameter",
    }
}


def test_a_refusal_that_names_its_cause_is_learned_and_repeated_once() -> None:
    with (
        ScriptedEndpoint(refuse(400, USE_OTHER_FIELD), chat_text("ok")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        assert call(proxy).text == "ok"
        assert call(proxy).text == "ok"
        exchange = proxy.traffic.recent()[1]
    assert ["max_completion_tokens" in r.json() for r in endpoint.requests] == [False, True, True]
    assert exchange.attempts == 2
    assert "learned max_tokens_field = max_completion_tokens" in exchange.notices[0]


def test_an_endpoint_that_refuses_to_stream_is_asked_for_whole_answers() -> None:
    tool = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
    weather = {"role": "user", "content": "What is the weather in Paris?"}
    asked = {**BODY, "messages": [weather], "tools": [tool], "tool_choice": {"type": "any"}}
    demo = ModelTiers(default="demo-large")
    with (
        DemoProvider() as provider,
        proxy_for(profile(provider.base_url_with("stream-refused"), models=demo), key=provider.key) as proxy,
    ):
        said, called, whole = call(proxy), call(proxy, body=asked), call(proxy, body={**BODY, "stream": False})
        exchange = proxy.traffic.recent()[-1]
    assert [said.events[0]["type"], said.events[-1]["type"]] == ["message_start", "message_stop"]
    assert said.text
    assert said.events[-2]["delta"]["stop_reason"] == "end_turn"
    assert [e["content_block"]["name"] for e in called.events if e["type"] == "content_block_start"] == ["get_weather"]
    assert called.events[-2]["delta"]["stop_reason"] == "tool_use"
    assert whole.json()["content"][0]["text"] == said.text
    assert exchange.attempts == 2
    assert "learned never_stream = True" in exchange.notices[0]


def test_a_refusal_that_stays_is_not_repeated_for_ever() -> None:
    with (
        ScriptedEndpoint(refuse(400, USE_OTHER_FIELD)) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        assert call(proxy).status == 400
    assert len(endpoint.requests) == 2


def test_what_the_user_set_by_hand_is_not_overruled() -> None:
    by_hand = profile("http://unused.example", quirks={"max_tokens_field": "max_tokens"})
    with ScriptedEndpoint(refuse(400, USE_OTHER_FIELD)) as endpoint:
        moved = by_hand._replace(endpoint=by_hand.endpoint._replace(base_url=f"{endpoint.origin}/v1"))
        with proxy_for(moved) as proxy:
            assert call(proxy).status == 400
    assert len(endpoint.requests) == 1


def test_what_was_learned_is_kept_with_its_provenance(tmp_path: Path) -> None:
    path = str(tmp_path / "learned.json")
    first = LearnedQuirks(path, str(tmp_path))
    first.learn(
        "api.example", "m", "stream_options", False, "no sk-example-0123456789abcdef here", at="2026-01-02T03:04:05Z"
    )
    first.save()
    second = LearnedQuirks(path, str(tmp_path))
    second.learn("other.example", "n", "top_k", True, "x", at="2026-01-02T03:04:05Z")
    second.save()
    kept = LearnedQuirks(path, str(tmp_path)).everything()
    assert set(kept) == {"api.example m", "other.example n"}
    assert kept["api.example m"]["stream_options"]["value"] is False
    assert kept["api.example m"]["stream_options"]["from"] == "learned"
    assert "0123456789abcdef" not in (tmp_path / "learned.json").read_text()
    assert second.forget("api.example") == 1
    assert set(LearnedQuirks(path, str(tmp_path)).everything()) == {"other.example n"}


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 99}', '{"version":1,"endpoints":{"a b":3}}'])
def test_a_broken_file_of_learned_quirks_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "learned.json").write_text(content)
    learned = LearnedQuirks(str(tmp_path / "learned.json"), str(tmp_path))
    assert learned.for_endpoint("a", "b") == {}
    learned.learn("a", "b", "top_k", True, "", at="")
    learned.save()
    assert LearnedQuirks(str(tmp_path / "learned.json"), str(tmp_path)).everything()


def test_one_refusal_teaches_its_conversation_and_a_second_one_teaches_all() -> None:
    learned = LearnedQuirks(None)
    learned.learn("a", "b", "sampling", "none", "fixed", at="", conversation="one")
    assert "sampling" in learned.for_endpoint("a", "b", "one")
    assert learned.for_endpoint("a", "b", "two") == {}
    learned.learn("a", "b", "sampling", "none", "fixed", at="", conversation="one")
    assert learned.for_endpoint("a", "b", "two") == {}
    learned.learn("a", "b", "sampling", "none", "fixed", at="", conversation="two")
    assert "sampling" in learned.for_endpoint("a", "b", "three")


@pytest.mark.parametrize("quirk", sorted(CAPABILITIES))
def test_what_takes_a_capability_away_from_all_needs_more_than_two_refusals(quirk: str) -> None:
    learned = LearnedQuirks(None)
    for conversation in ("one", "two", "three"):
        learned.learn("a", "b", quirk, "note", "no", at="", conversation=conversation)
        assert quirk in learned.for_endpoint("a", "b", conversation)
        assert learned.for_endpoint("a", "b", "another") == {}
    learned.learn("a", "b", quirk, "note", "no", at="", conversation="four")
    assert quirk in learned.for_endpoint("a", "b", "another")


def test_a_lesson_expires_and_a_disproved_one_is_gone_on_disk_too(tmp_path: Path) -> None:
    path = str(tmp_path / "learned.json")
    learned = LearnedQuirks(path, str(tmp_path))
    learned.learn("a", "b", "sampling", "none", "fixed", at="2020-01-02T03:04:05Z")
    assert learned.for_endpoint("a", "b") == {}
    learned.learn("a", "b", "images", "note", "no", at="")
    learned.save()
    assert "images" in learned.lessons("a", "b")
    assert learned.disprove("a", "b", "images")
    learned.save()
    assert "images" not in LearnedQuirks(path, str(tmp_path)).lessons("a", "b")
    assert not learned.disprove("a", "b", "images")


def test_a_list_grows_by_what_each_lesson_names() -> None:
    learned = LearnedQuirks(None)
    learned.learn("a", "b", "refused_images", ("image/gif",), "no gif", at="", conversation="one")
    learned.learn("a", "b", "refused_images", ("picture 1",), "broken", at="", conversation="one")
    assert learned.for_endpoint("a", "b", "one")["refused_images"]["value"] == ["image/gif", "picture 1"]


def test_a_lesson_that_did_not_help_is_not_kept() -> None:
    with (
        ScriptedEndpoint(refuse(400, USE_OTHER_FIELD)) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        assert call(proxy).status == 400
        assert call(proxy).status == 400
    assert ["max_completion_tokens" in r.json() for r in endpoint.requests] == [False, True, False, True]


# ---------------------------------------------------------------- keys

UNAUTHORISED = refuse(401, {"error": {"message": "Invalid API key", "type": "invalid_request_error"}})


def test_a_key_that_changed_in_the_store_is_read_again_after_a_401() -> None:
    keys = [Secret("sk-example-old-0123456789"), Secret("sk-example-new-0123456789")]
    with (
        ScriptedEndpoint(chat_text("ok"), UNAUTHORISED, chat_text("ok")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1"), key=lambda _: keys.pop(0)) as proxy,
    ):
        assert call(proxy).text == "ok"
        assert call(proxy).text == "ok"
    assert [r.headers["authorization"][-14:] for r in endpoint.requests] == ["old-0123456789"] * 2 + ["new-0123456789"]


def test_the_same_key_is_not_tried_twice() -> None:
    asked = []
    with (
        ScriptedEndpoint(UNAUTHORISED) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1"), key=lambda p: asked.append(p) or KEY) as proxy,
    ):
        answer = call(proxy)
        assert (answer.status, answer.error["type"]) == (401, "authentication_error")
    assert len(endpoint.requests) == 1
    assert len(asked) == 2


def test_a_key_goes_to_no_other_host_than_it_was_given_for() -> None:
    with (
        ScriptedEndpoint(chat_text("ok")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1", key_host="api.example")) as proxy,
    ):
        answer = call(proxy)
    assert (answer.status, endpoint.requests) == (403, [])
    assert "was entered for api.example" in answer.error["message"]
    assert answer.headers["x-should-retry"] == "false"


def test_a_redirect_is_not_followed() -> None:
    with (
        ScriptedEndpoint(chat_text("stolen")) as thief,
        ScriptedEndpoint(refuse(307, b"", {"location": f"{thief.origin}/v1/chat/completions"})) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1", key_host="127.0.0.1")) as proxy,
    ):
        answer = call(proxy)
    assert answer.status == 502
    assert "redirects" in answer.error["message"]
    assert thief.requests == []


def test_a_key_store_without_the_key_says_so_and_nothing_is_sent() -> None:
    def resolve(_: Profile) -> Secret:
        raise KeyStoreError(say("no key for 'work' in the test store"), hint=say("enter it again"))

    with ScriptedEndpoint(chat_text("ok")) as endpoint, proxy_for(profile(endpoint.origin), key=resolve) as proxy:
        answer = call(proxy)
    assert (answer.status, endpoint.requests) == (403, [])
    assert answer.error["message"] == "no key for 'work' in the test store (enter it again)"


def test_a_key_store_that_hangs_is_given_up_and_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.sources.KEY_PATIENCE_S", 0.3)
    for_ever = threading.Event()
    with (
        ScriptedEndpoint(chat_text("ok")) as endpoint,
        proxy_for(profile(endpoint.origin), key=lambda _: for_ever.wait(60) and None) as proxy,
    ):
        answers = [call(proxy) for _ in range(3)]
    assert [answer.status for answer in answers] == [403] * 3
    assert "did not answer" in answers[0].error["message"]
    assert endpoint.requests == []
    for_ever.set()


def test_parallel_requests_ask_for_a_key_once() -> None:
    asked = []

    def slowly(_: Profile) -> Secret:
        asked.append(1)
        time.sleep(0.3)
        return KEY

    with (
        ScriptedEndpoint(chat_text("ok")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1"), key=slowly) as proxy,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        assert {answer.text for answer in pool.map(lambda _: call(proxy), range(8))} == {"ok"}
    assert asked == [1]


def test_a_profile_without_a_key_sends_none() -> None:
    from ccswitch_tui.profiles.model import SecretRef

    with (
        ScriptedEndpoint(chat_text("ok")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1", key=SecretRef("none"))) as proxy,
    ):
        assert call(proxy).text == "ok"
    assert {"authorization", "x-api-key"}.isdisjoint(endpoint.requests[0].headers)


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("bearer", "authorization", "Bearer sk-example-upstream-0123456789"),
        ("x-api-key", "x-api-key", "sk-example-upstream-0123456789"),
        ("header:api-key", "api-key", "sk-example-upstream-0123456789"),
    ],
)
def test_the_key_goes_where_the_endpoint_wants_it(auth: str, header: str, value: str) -> None:
    with (
        ScriptedEndpoint(chat_text("ok")) as endpoint,
        proxy_for(profile(endpoint.origin, endpoint={"auth": auth, "headers": {"X-Team": "blue"}})) as proxy,
    ):
        call(proxy)
    assert endpoint.requests[0].headers[header] == value
    assert endpoint.requests[0].headers["x-team"] == "blue"


# ---------------------------------------------------------------- fall-backs


def spare(endpoint: ScriptedEndpoint) -> Profile:
    return profile(f"{endpoint.origin}/v1", "spare", models=ModelTiers(default="spare-model"))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_a_fallback_answers_what_another_endpoint_can_cure(status: int) -> None:
    with (
        ScriptedEndpoint(refuse(status, {"error": {"message": "not now"}})) as endpoint,
        ScriptedEndpoint(chat_text("from the spare")) as other,
        proxy_for(profile(f"{endpoint.origin}/v1", fallbacks=("spare",)), spare(other)) as proxy,
    ):
        assert call(proxy).text == "from the spare"
        exchange = proxy.traffic.recent()[0]
    assert other.requests[0].json()["model"] == "spare-model"
    assert (exchange.profile, exchange.route) == ("work", "spare")
    assert any("'spare' was asked instead" in notice for notice in exchange.notices)


def test_a_dead_endpoint_is_covered_by_its_fallback() -> None:
    with (
        ScriptedEndpoint(chat_text("alive")) as other,
        proxy_for(
            profile(f"http://127.0.0.1:{free_port_number()}/v1", fallbacks=("gone", "spare")), spare(other)
        ) as proxy,
    ):
        assert call(proxy).text == "alive"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_the_user_must_mend_is_not_covered_up(status: int) -> None:
    with (
        ScriptedEndpoint(refuse(status, {"error": {"message": "no"}})) as endpoint,
        ScriptedEndpoint(chat_text("spare")) as other,
        proxy_for(profile(f"{endpoint.origin}/v1", fallbacks=("spare",)), spare(other)) as proxy,
    ):
        assert call(proxy).status == (400 if status == 422 else status)
    assert other.requests == []


def test_after_the_first_byte_there_is_no_fallback() -> None:
    def half(connection: Connection, received: Received) -> None:
        connection.start_stream()
        connection.chunk(chat_chunk({"content": "half"}))
        connection.reset()

    with (
        ScriptedEndpoint(half) as endpoint,
        ScriptedEndpoint(chat_text("spare")) as other,
        proxy_for(profile(f"{endpoint.origin}/v1", fallbacks=("spare",)), spare(other)) as proxy,
    ):
        answer = call(proxy)
    assert b"event: error" in answer.body
    assert other.requests == []


def test_without_declared_fallbacks_nobody_else_is_asked() -> None:
    with (
        ScriptedEndpoint(refuse(500, {"error": {"message": "broken"}})) as endpoint,
        ScriptedEndpoint(chat_text("spare")) as other,
        proxy_for(profile(f"{endpoint.origin}/v1"), spare(other)) as proxy,
    ):
        assert call(proxy).status == 500
    assert other.requests == []


def test_a_stale_pooled_connection_is_replaced_unnoticed() -> None:
    def answer_and_close(connection: Connection, received: Received) -> None:
        chat_text("one")(connection, received)
        connection.sock.close()

    with (
        ScriptedEndpoint(answer_and_close, chat_text("two")) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1")) as proxy,
    ):
        assert call(proxy).text == "one"
        assert call(proxy).text == "two"


# ---------------------------------------------------------------- a switch in the middle of a session

FOREIGN = {"type": "thinking", "thinking": "hm", "signature": "made-elsewhere"}
HISTORY = {
    **BODY,
    "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [FOREIGN, {"type": "text", "text": "hello"}]},
        {"role": "user", "content": "go on"},
    ],
}
BAD_SIGNATURE = refuse(
    400,
    {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "messages.1.content.0: Invalid `signature` in `thinking` block",
        },
    },
)


def test_thinking_signed_elsewhere_does_not_end_a_session() -> None:
    with (
        ScriptedEndpoint(BAD_SIGNATURE, native_stream()) as endpoint,
        proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy,
    ):
        assert call(proxy, body=HISTORY).body == NATIVE_STREAM
        assert call(proxy, body=HISTORY).body == NATIVE_STREAM
        exchange = proxy.traffic.recent()[1]
    thinking = [b"thinking" in r.body for r in endpoint.requests]
    assert thinking == [True, False, False]
    assert exchange.notices == ["thinking blocks from another provider were removed from the history"]


def test_a_profile_whose_tier_names_another_profile_sends_it_there() -> None:
    with (
        ScriptedEndpoint(chat_text("big")) as endpoint,
        ScriptedEndpoint(chat_text("small")) as other,
        proxy_for(
            profile(f"{endpoint.origin}/v1", models=ModelTiers("big", haiku="tiny"), tier_profiles={"haiku": "spare"}),
            spare(other),
        ) as proxy,
    ):
        assert call(proxy, body={**BODY, "model": "claude-haiku-4-5"}).text == "small"
        assert call(proxy).text == "big"
    assert other.requests[0].json()["model"] == "tiny"


# ---------------------------------------------------------------- small routes


def test_tokens_are_estimated_where_the_endpoint_cannot_count() -> None:
    with ScriptedEndpoint(chat_text("x")) as endpoint, proxy_for(profile(endpoint.origin)) as proxy:
        counted = call(proxy, path="/p/work/v1/messages/count_tokens?beta=true").json()
    assert counted["input_tokens"] > 0
    assert endpoint.requests == []


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_native_endpoint_counts_itself_or_is_stood_in_for(status: int) -> None:
    with (
        ScriptedEndpoint(refuse(status, {"input_tokens": 4321})) as endpoint,
        proxy_for(profile(endpoint.origin, wire="anthropic")) as proxy,
    ):
        counted = call(proxy, path="/p/work/v1/messages/count_tokens").json()["input_tokens"]
    assert (counted == 4321) is (status == 200)
    assert endpoint.requests[0].path == "/v1/messages/count_tokens"


def test_the_list_of_models_is_the_profiles_own() -> None:
    with ScriptedEndpoint(chat_text("x")) as endpoint, proxy_for(profile(endpoint.origin)) as proxy:
        listed = call(proxy, "GET", "/p/work/v1/models?limit=1000").json()
    assert [(row["id"], row["type"], row["object"]) for row in listed["data"]] == [
        ("big-model", "model", "model"),
        ("small-model", "model", "model"),
    ]
    assert listed["has_more"] is False
    assert endpoint.requests == []


def test_without_models_the_endpoint_is_asked_for_its_list() -> None:
    with (
        ScriptedEndpoint(refuse(200, {"data": [{"id": "theirs"}, {"no": "id"}, 3]})) as endpoint,
        proxy_for(profile(f"{endpoint.origin}/v1", models=ModelTiers())) as proxy,
    ):
        assert [row["id"] for row in call(proxy, "GET", "/p/work/v1/models").json()["data"]] == ["theirs"]
    assert endpoint.requests[0].path == "/v1/models"


def test_clients_without_a_session_settle_a_lesson_later() -> None:
    learned = LearnedQuirks(None)
    for nth in range(SETTLED // NAMELESS):
        assert learned.for_endpoint("a", "b") == {}
        learned.learn("a", "b", "sampling", "none", "no", at="", conversation=f"began {nth}", weight=NAMELESS)
    assert learned.for_endpoint("a", "b")["sampling"]["value"] == "none"


@pytest.mark.parametrize("setting", ["temperature", "max_tokens", "tool_choice"])
def test_other_settings_are_another_conversation(setting: str) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello there"}]}
    assert conversation_of(body) == conversation_of({**body, "stream": True})
    assert conversation_of(body) != conversation_of({**body, setting: 0})


def test_claude_code_is_not_told_of_a_400_it_would_only_repeat() -> None:
    from_claude_code = {"X-Claude-Code-Session-Id": "0f3c"}
    with (
        ScriptedEndpoint(refuse(400, {"error": {"message": "no such thing"}})) as endpoint,
        proxy_for(profile(endpoint.origin)) as proxy,
    ):
        assert call(proxy, headers=from_claude_code).status == 410
        assert call(proxy).status == 400


def test_claude_code_is_told_of_a_400_it_can_cure() -> None:
    full = {
        "error": {
            "message": "maximum context length is 8192 tokens, you requested 9000",
            "code": "context_length_exceeded",
        }
    }
    with ScriptedEndpoint(refuse(400, full)) as endpoint, proxy_for(profile(endpoint.origin)) as proxy:
        answer = call(proxy, headers={"X-Claude-Code-Session-Id": "0f3c"})
    assert answer.status == 400
    assert "prompt is too long" in answer.error["message"].lower() or "context" in answer.error["message"]
