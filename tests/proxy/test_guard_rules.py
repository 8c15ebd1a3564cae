"""Who may use the proxy, as plain rules."""

from __future__ import annotations

import pytest

from ccswitch_tui.http11.headers import Headers
from ccswitch_tui.net.hosts import is_loopback
from ccswitch_tui.proxy.web.guard import (
    FOREIGN_HOST,
    NO_CONTROL,
    NO_TOKEN,
    WEB_PAGE,
    WRONG_TOKEN,
    Guard,
    proof,
)

TOKEN = "ccst-example-0123456789abcdef"
CONTROL = "ccsc-example-0123456789abcdef"
GUARD = Guard([TOKEN], "127.0.0.1", 20123, CONTROL)


def headers(**given: str) -> Headers:
    return Headers({"Host": "127.0.0.1:20123"} | {k.replace("_", "-"): v for k, v in given.items()})


@pytest.mark.parametrize(
    "host", ["127.0.0.1:20123", "localhost:20123", "[::1]:20123", "LOCALHOST:20123", "localhost:9999", "127.0.0.1:1"]
)
def test_loopback_names_are_welcome_with_our_port_and_with_that_of_a_tunnel(host: str) -> None:
    assert GUARD.refuse_place(Headers({"Host": host})) is None


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:20123",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost",
        "127.0.0.1.nip.example:20123",
        "",
        "[::1]",
        "rebound.example:localhost:1",
        "localhost:http",
        "localhost:123456",
        "localhost:",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    assert GUARD.refuse_place(Headers({"Host": host})) is FOREIGN_HOST


def test_a_request_without_a_host_is_refused() -> None:
    assert GUARD.refuse_place(Headers()) is FOREIGN_HOST


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:20123", ""])
def test_a_web_page_is_refused_whatever_its_origin_says(origin: str) -> None:
    assert GUARD.refuse_place(headers(Origin=origin)) is WEB_PAGE


def test_a_browser_that_sends_no_origin_is_recognised_by_fetch_metadata() -> None:
    assert GUARD.refuse_place(headers(Sec_Fetch_Site="cross-site")) is WEB_PAGE


def test_both_headers_carry_the_token() -> None:
    assert GUARD.refuse_token(headers(Authorization=f"Bearer {TOKEN}")) is None
    assert GUARD.refuse_token(headers(authorization=f"bearer  {TOKEN} ")) is None
    assert GUARD.refuse_token(headers(X_Api_Key=TOKEN)) is None


def test_one_right_credential_is_enough() -> None:
    assert GUARD.refuse_token(headers(Authorization="Bearer", x_api_key=TOKEN)) is None
    assert GUARD.refuse_token(headers(Authorization=f"Bearer {TOKEN}", x_api_key="sk-example-other")) is None


@pytest.mark.parametrize("value", ["Basic " + TOKEN, TOKEN, "Bearer " + TOKEN[:-1], "Bearer " + TOKEN + "x"])
def test_anything_else_is_refused(value: str) -> None:
    assert GUARD.refuse_token(headers(Authorization=value)) in (WRONG_TOKEN, NO_TOKEN)


def test_neither_secret_opens_the_others_routes() -> None:
    assert GUARD.refuse_control(headers(Authorization=f"Bearer {CONTROL}")) is None
    assert GUARD.refuse_control(headers(Authorization=f"Bearer {TOKEN}")) is NO_CONTROL
    assert GUARD.refuse_token(headers(Authorization=f"Bearer {CONTROL}")) is WRONG_TOKEN
    assert GUARD.refuse_control(headers()) is NO_TOKEN


@pytest.mark.parametrize("tokens", [[TOKEN], []])
def test_without_a_control_token_nobody_controls_it(tokens: list[str]) -> None:
    closed = Guard(tokens, "127.0.0.1", 20123)
    for given in ({}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer None"}, {"x_api_key": ""}):
        assert closed.refuse_control(headers(**given)) is NO_CONTROL


def test_a_proof_is_good_for_one_port_one_question_and_one_secret() -> None:
    proofs = {proof(c, n, p) for c in (CONTROL, TOKEN) for n in ("n" * 16, "m" * 16) for p in (20123, 20124)}
    assert len(proofs) == 8


def test_odd_bytes_in_a_credential_are_only_a_wrong_token() -> None:
    assert GUARD.refuse_token(headers(Authorization="Bearer \udcff\udcfe")) is WRONG_TOKEN


def test_the_refusals_do_not_hold_the_word_that_claude_code_takes_for_logged_out() -> None:
    assert all(
        "x-api-key" not in refusal.message for refusal in (NO_TOKEN, WRONG_TOKEN, FOREIGN_HOST, WEB_PAGE, NO_CONTROL)
    )


def test_a_listener_on_the_network_takes_any_name_but_no_web_page() -> None:
    guard = Guard([TOKEN], "0.0.0.0", 4000)
    assert guard.refuse_place(Headers({"Host": "proxy.team.example"})) is None
    assert guard.refuse_place(Headers({"Host": "proxy.team.example", "Origin": "https://a.example"})) is WEB_PAGE


LOOPBACK = ("127.0.0.1", "127.8.8.8", "::1", "localhost")


@pytest.mark.parametrize("host", [*LOOPBACK, "0.0.0.0", "::", "10.0.0.1"])
def test_loopback_is_told_apart(host: str) -> None:
    assert is_loopback(host) is (host in LOOPBACK)
