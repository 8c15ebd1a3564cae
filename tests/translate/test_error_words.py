"""The reason of an error, its status and its wait, in whatever place an endpoint has put them."""

# ruff: noqa: E501  (a row stays in one line)

from __future__ import annotations

import json
from typing import Any

import pytest
from translate_kit import translated

from ccswitch_tui.translate.errors import failure_from_response
from ccswitch_tui.translate.failure import Failure

W = "the widget is not connected"


def told(status: int, body: Any, headers: dict[str, str] | None = None) -> Failure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure_from_response(status, headers or {}, raw, provider="p", model="m", translation=translated())


KEYS = [
    "error_msg", "errorMessage", "errmsg", "err_msg", "errorMsg", "fail_reason", "Message", "messages", "failReason", "ERRORMSG", "errorDesc",
    "error_text", "statusMessage", "resultMessage", "sub_msg", "userMessage", "developerMessage", "hint", "text", "error-message", "Error", "data",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_a_reason_is_read_under_any_spelling(key: str) -> None:
    for body in ({"code": 1, key: W}, {"error": {"code": 1, key: W}}, {"errors": [{"code": 1, key: W}]}):
        assert W in told(400, body).message


SHAPES: list[Any] = [
    {"error": {"message": "x", "innererror": {"message": W}}}, {"error": {"cause": {"message": W}}}, {"error": {"message": "Bad Request", "details": W}},
    {"statusCode": 400, "error": "Bad Request", "message": W}, {"error": "invalid_request", "error_description": W}, {"error": True, "message": W},
    {"title": "One or more validation errors occurred.", "errors": {"a": [W]}, "status": 400}, {"errors": {"field": [W]}}, {"response": {"error": {"message": W}}},
    {"error": {"details": [{"fieldViolations": [{"field": "f", "description": W}]}], "message": "Request contains an invalid argument.", "code": 400}},
    {"error": {"message": json.dumps({"error": {"message": W}})}}, {"message": json.dumps({"message": W})}, {"header": {"code": 1, "message": W}},
    f"<?xml version='1.0'?><Error><Code>x</Code><Message>{W}</Message></Error>".encode(), f'{{"error":{{"message":"{W}"}}'.encode(), f"{{'error': '{W}'}}".encode(),
]  # fmt: skip


@pytest.mark.parametrize("body", SHAPES)
def test_a_reason_is_found_behind_a_title_or_deep_inside(body: Any) -> None:
    assert W in told(400, body).message


STATUSES: list[tuple[int, Any, int]] = [
    (200, {"statusCode": 400, "message": "boom"}, 400), (200, {"http_code": 429, "message": "x"}, 429), (200, {"error": {"http_status": 429, "message": "x"}}, 429),
    (200, {"status": 401, "message": "bad key"}, 401), (200, {"error": {"type": "overloaded_error", "message": "boom"}}, 529), (500, {"message": "Request failed with status code 429"}, 429),
    (500, {"error": "Error code: 401 - {'error': {'message': 'Incorrect API key provided'}}"}, 401), (502, {"error": {"message": "upstream responded with status 422: nope"}}, 400),
    (500, {"error": {"message": "status: 503, overloaded"}}, 529), (449, {"msg": "x"}, 429), (403, {"error": {"message": "Insufficient credits"}}, 402),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "meant"), STATUSES)
def test_the_status_inside_counts(status: int, body: Any, meant: int) -> None:
    failure = told(status, body)
    assert failure.status == meant
    assert "HTTP 502" not in failure.message or status == 502


WAITS: list[tuple[Any, str]] = [
    ({"error": {"message": "Rate limit. Please retry after 7 seconds"}}, "7"), ({"error": {"message": "Please wait 12 seconds before retrying"}}, "12"),
    ({"retry_after_ms": 5000, "error": "x"}, "5"), ({"error": {"message": "Try again after 15 sec"}}, "15"), ({"message": "Too many requests, retry after 2 minutes"}, "120"),
    ({"error": {"message": "x", "metadata": {"headers": {"Retry-After": "4"}}}}, "4"), ({"error": {"message": "Please try again in 1m3s"}}, "63"), ({"error": "x", "estimated_time": 20.0}, "20"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "seconds"), WAITS)
def test_the_wait_is_read_where_it_stands(body: Any, seconds: str) -> None:
    assert told(429, body).headers["retry-after"] == seconds
