"""Failures sorted by what they mean, in Anthropic's shape, with the endpoint's words and without its secrets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from translate_kit import translated

from ccswitch_tui.secret import Secret
from ccswitch_tui.translate.errors import (
    EXCEPTIONS,
    error_body,
    error_event,
    failure_from_exception,
    failure_from_response,
    retry_after,
)
from ccswitch_tui.translate.failure import Failure
from ccswitch_tui.translate.policy import status_for
from ccswitch_tui.wire.anthropic import ERROR_TYPES
from ccswitch_tui.wire.codec import dumps, loads


def failed(status: int, body: Any, headers: dict[str, str] | None = None) -> Failure:
    raw = body if isinstance(body, bytes) else dumps(body)
    return failure_from_response(status, headers or {}, raw, provider="example", model="m", translation=translated())


def openai(message: str, kind: str | None = None, code: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, openai("x"), 400),
        (405, openai("x"), 400),
        (409, openai("x"), 400),
        (415, openai("x"), 400),
        (422, openai("x"), 400),
        (401, openai("x"), 401),
        (402, openai("x"), 402),
        (403, openai("x"), 403),
        (404, openai("x"), 404),
        (408, openai("x"), 504),
        (413, openai("x"), 413),
        (418, openai("x"), 400),
        (429, openai("x"), 429),
        (500, openai("x"), 500),
        (501, openai("x"), 502),
        (502, openai("x"), 502),
        (503, openai("x"), 529),
        (504, openai("x"), 504),
        (520, openai("x"), 502),
        (524, openai("x"), 504),
        (529, openai("x"), 529),
        (
            429,
            openai(
                "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota"
            ),
            402,
        ),
        (400, openai("Insufficient Balance"), 402),
        (403, openai("Your account balance is insufficient. insufficient_quota"), 402),
        (429, openai("Rate limit reached"), 429),
        (500, openai("The server is overloaded"), 529),
        (503, openai("No available channel for model m under group default (request id: 1)"), 404),
        (404, openai("No endpoints found that support tool use."), 400),
        (400, openai("Model Not Exist", None, "model_not_found"), 404),
        (400, openai("Function id 'x': DEGRADED function cannot be invoked"), 529),
        (400, openai("API key not valid. Please pass a valid API key."), 401),
        (403, b"<html><head><title>Just a moment...</title></head></html>", 502),
        (404, b"<html><h1>Not Found</h1></html>", 404),
        (200, b"<!doctype html><title>Sign in</title>", 502),
        (200, openai("bad", None, 429), 429),
        (200, {"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, 502),
        (200, b"", 502),
    ],
)
def test_a_status_says_what_the_failure_means(status: int, body: Any, told: int) -> None:
    failure = failed(status, body)
    assert (failure.status, failure.type) == (told, ERROR_TYPES[told])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (openai("plain words"), "plain words"),
        ({"error": "a string"}, "a string"),
        ({"message": "top level"}, "top level"),
        ({"detail": "detail text"}, "detail text"),
        ({"detail": [{"loc": ["body", "tools", 0], "msg": "field required"}]}, "body.tools.0: field required"),
        ({"message": {"detail": [{"loc": ["body", "x"], "msg": "Extra inputs"}]}}, "body.x: Extra inputs"),
        ([{"error": {"message": "first of a list"}}], "first of a list"),
        (
            {
                "error": {
                    "message": "Provider returned error",
                    "metadata": {"raw": '{"error":{"message":"the reason"}}'},
                }
            },
            "the reason",
        ),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": "plain reason"}}}, "plain reason"),
        ({"base_resp": {"status_code": 1, "status_msg": "base words"}}, "base words"),
        ({"errors": [{"message": "one of errors"}]}, "one of errors"),
        ({"error": {"message": {"reason": "an object's reason", "code": 3}}}, "an object's reason"),
        ({"error": {"message": {"en": "in English words", "zh": "中文"}}}, "in English words"),
        ({"error": {"message": ["one", "two"]}}, "one; two"),
        ({"error": ["only a list"]}, "only a list"),
        ({"error": {"description": "a description"}}, "a description"),
        ({"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2"}}}, "Invalid ApiKey"),
        (b"just text", "just text"),
        (b"<html><title>502 Bad Gateway</title></html>", "502 Bad Gateway"),
        (b'{"error":{"message":"a \xff byte"}}', "a \ufffd byte"),
    ],
)
def test_the_endpoints_own_words_come_first(body: Any, words: str) -> None:
    message = failed(400, body).message
    assert words in message
    assert "provider example, model m, HTTP 400" in message
    assert "<" not in message


def test_an_object_where_the_message_should_be_sorts_the_failure() -> None:
    inside = {"code": "insufficient_quota", "message": "No money left."}
    assert failed(429, {"error": {"message": inside}}).status == 402


def test_an_error_in_our_own_shape_keeps_its_type() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    assert failed(503, body).type == "overloaded_error"


def test_keys_and_trigger_words_never_reach_the_client() -> None:
    Secret("sk-example-abcdefghijklmnop")
    failure = failed(401, openai("Incorrect API key provided: sk-example-abcdefghijklmnop. Use the X-API-Key header."))
    assert "abcdefghijklmnop" not in failure.message
    assert "x-api-key" not in failure.message.lower()


def test_a_page_of_an_error_is_cut() -> None:
    assert len(failed(400, openai("x" * 100_000)).message) < 2200


@pytest.mark.parametrize(
    ("headers", "words", "seconds"),
    [
        ({"retry-after": "7"}, "", 7),
        ({"retry-after": "0.5"}, "", 1),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", 30),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, "", None),
        ({"retry-after-ms": "1500"}, "", 2),
        ({"x-ratelimit-reset-requests": "1m0s", "x-ratelimit-reset-tokens": "7.66s"}, "", 8),
        ({"x-ratelimit-reset": "1893456000"}, "", None),
        ({"x-ratelimit-reset-tokens": "120ms"}, "", 1),
        ({}, "Please try again in 7.2s.", 8),
        ({}, "Please try again in 1m2.5s.", 63),
        ({}, "try again in 350ms", 1),
        ({}, "Please retry in 2 minutes", 120),
        ({}, "later", None),
        ({"retry-after": "nonsense"}, "", None),
        ({"retry-after": "99999999"}, "", 3600),
    ],
)
def test_the_time_to_wait_is_found_wherever_it_is_said(
    headers: dict[str, str], words: str, seconds: int | None
) -> None:
    assert retry_after(headers, words) == seconds


def test_a_wait_reaches_the_client() -> None:
    assert failed(429, openai("slow down"), {"Retry-After": "7"}).headers["retry-after"] == "7"
    assert "retry-after" not in failed(500, openai("x"), {"Retry-After": "7"}).headers


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413])
def test_what_is_hopeless_is_not_tried_again(status: int) -> None:
    assert failed(status, openai("no")).headers["x-should-retry"] == "false"
    assert "x-should-retry" not in failed(500, openai("no")).headers
    assert "x-should-retry" not in failed(429, openai("no")).headers


@pytest.mark.parametrize("kind", [*EXCEPTIONS, "something new"])
def test_no_answer_names_the_host(kind: str) -> None:
    failure = failure_from_exception(kind, "detail", host="api.example:8443")
    assert failure.status >= 500
    assert "api.example:8443" in failure.message
    assert failure.cure_elsewhere


@pytest.mark.parametrize(
    ("status", "told"), [(404, 410), (401, 410), (403, 410), (400, 400), (402, 402), (429, 429), (529, 529)]
)
def test_claude_code_is_told_in_a_status_that_shows_the_message_at_once(status: int, told: int) -> None:
    assert status_for(status, "session-id") == told
    assert status_for(status, "") == status


def test_hints_say_what_to_do() -> None:
    vllm = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    assert "start the model server" in failed(400, openai(vllm)).message
    assert "choose another model" in failed(400, openai("m does not support tools")).message


@given(st.integers(100, 700), st.binary(max_size=300))
def test_any_answer_is_some_failure(status: int, body: bytes) -> None:
    failure = failed(status, body)
    assert ERROR_TYPES[failure.status] == failure.type
    assert failure.message
    assert loads(error_body(failure))["error"]["type"] == failure.type
    assert error_event(failure).startswith(b"event: error\ndata: ")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "message",
                    "detail",
                    "code",
                    "type",
                    "metadata",
                    "raw",
                    "base_resp",
                    "loc",
                    "msg",
                    "param",
                    "errors",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([200, 400, 422, 429, 500]), json_values)
def test_any_json_error_is_some_failure(status: int, body: Any) -> None:
    failure = failed(status, body)
    assert ERROR_TYPES[failure.status] == failure.type
    assert failure.message
