"""What an endpoint says is shown to a person: it must not steer the terminal, nor pass for a template or a command."""

from __future__ import annotations

import json

import pytest

from ccswitch_tui.probe import report as reporting
from ccswitch_tui.probe.diagnose import diagnose
from ccswitch_tui.probe.exchange import Exchange, curl_command, curl_verbose, masked_text
from ccswitch_tui.probe.facts import Target
from ccswitch_tui.probe.model import ProbeReport
from ccswitch_tui.secret import Secret

URL = "https://api.example.com/v1"

WORDS = [
    "\x1b]0;owned\x07 \x1b[2J gone",
    "{name} {0} {words!r} {because} %s",
    "\u202e desrever",
    "$(rm -rf ~); `id`",
    "<script>alert(1)</script>",
    "a" * 100_000,
    "\x00\x9b",
]


def refused_with(words: str) -> ProbeReport:
    body = json.dumps({"error": {"message": words, "code": words}})
    page = json.dumps({"data": [{"id": words}, {"id": "m"}]})
    exchanges = [
        Exchange(1, "http", "GET", f"{URL}/models", status=200, body=page, headers=(("server", words),)),
        Exchange(2, "message", "POST", f"{URL}/chat/completions", wire="openai-chat", auth="bearer", model="m", status=404,  # noqa: E501
                 reason=words[:50], request_body="{}", body=json.dumps({"error": {"message": f"model not found {words}"}})),  # noqa: E501
        Exchange(3, "message", "POST", f"{URL}/chat/completions", wire="openai-chat", auth="bearer", model="m", status=400,  # noqa: E501
                 request_body="{}", body=body),
    ]  # fmt: skip
    return diagnose(Target("work", URL, "openai-chat", models={"default": "m"}), exchanges, ladder="quick")


@pytest.mark.parametrize("words", WORDS, ids=lambda w: repr(w[:12]))
def test_an_endpoints_words_do_not_steer_the_terminal(words: str) -> None:
    report = refused_with(words)
    shown = reporting.text(report, lambda name: name) + "".join(curl_verbose(e) for e in report.exchanges)
    assert not [c for c in shown if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u202d\u2066")]


@pytest.mark.parametrize("words", WORDS, ids=lambda w: repr(w[:12]))
def test_a_report_of_odd_words_is_json_and_markdown_all_the_same(words: str) -> None:
    report = refused_with(words)
    assert json.loads(json.dumps(report.to_json()))["verdict"] == "broken"
    assert reporting.report_from_json(json.loads(json.dumps(report.to_json()))).sentence == report.sentence
    assert len(reporting.markdown(report)) < 60_000


def test_commands_quote_what_the_endpoint_named() -> None:
    report = refused_with("m-$(id)")
    for finding in report.findings:
        for command in finding.fix.commands if finding.fix else ():
            assert "$(id)" not in command or "'" in command


def test_a_copied_curl_quotes_everything_but_the_key() -> None:
    exchange = Exchange(1, "message", "POST", f"{URL}/x'y$(id)", request_headers=(("authorization", "Bearer $API_KEY"),),  # noqa: E501
                        request_body="{\"a\":\"it's $HOME\"}")  # fmt: skip
    command = curl_command(exchange)
    assert '"authorization: Bearer $API_KEY"' in command
    assert "'https://api.example.com/v1/x'\"'\"'y$(id)'" in command


def test_a_key_across_the_cut_is_masked() -> None:
    key = Secret("sk-example-across-the-cut-0001")
    text = "x" * (64 * 1024 - 10) + key.reveal()
    assert "sk-example" not in masked_text(text, key)
