"""Pasted error messages: who said it, what it means, what to do."""

from __future__ import annotations

import pytest

from ccswitch_tui.findings import catalogue
from ccswitch_tui.probe.classify import FAILURE_KINDS, rules
from ccswitch_tui.probe.explanations import explanations, patterns
from ccswitch_tui.probe.model import RUNG
from ccswitch_tui.proxy.web.app import BUG, CROWDED, OVERLOADED
from ccswitch_tui.proxy.web.guard import NO_TOKEN, WRONG_TOKEN
from ccswitch_tui.translate.arguments import UNFINISHED
from ccswitch_tui.translate.readers.responses import CHAT_INSTEAD
from ccswitch_tui.translate.writing import BROKEN_OFF, NOTHING_IN_IT
from ccswitch_tui.wire.quirks import check_quirk

SAID = [
    ("There's an issue with the selected model (gpt-4o). It may not exist or you may not have access to it.", "Claude Code", "404"),  # noqa: E501
    ("Not logged in · Please run /login", "Claude Code", "no credential"),
    (
        "Auth conflict: Both a token (ANTHROPIC_AUTH_TOKEN) and an API key (ANTHROPIC_API_KEY) are set.",
        "Claude Code",
        "two credentials",
    ),
    ("Failed to authenticate. API Error: 401 {\"message\":\"x\"}", "Claude Code", "refused the credential"),
    ("API returned an empty or malformed response (HTTP 200) — check for a proxy or gateway intercepting", "Claude Code", "no answer in it"),  # noqa: E501
    ("API Error: 400 Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",  # noqa: E501
     "the endpoint", "max_completion_tokens"),
    ("SSL certificate verification failed (UNABLE_TO_VERIFY_LEAF_SIGNATURE)", "Claude Code", "does not trust"),
    ("curl: (6) Could not resolve host: api.exmaple.com", "the system", "does not resolve"),
    ("curl: (7) Failed to connect to 127.0.0.1 port 8080 after 0 ms: Couldn't connect to server", "the system", "nothing listens"),  # noqa: E501
    ("curl: (28) Connection timed out after 10001 milliseconds", "the system", "firewall"),
    ("curl: (35) error:0A00010B:SSL routines::wrong version number", "the system", "speaks TLS"),
    ("curl: (56) CONNECT tunnel failed, response 407", "a gateway", "user name and a password"),
    ("SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON", "a gateway", "web page"),
    ("Error code: 401 - {'error': {'message': '无效的令牌 (request id: 1)'}}", "the endpoint", "not one of this endpoint's"),  # noqa: E501
    ("openai.APIConnectionError: Connection error.", "an SDK", "hides why"),
    ("503 No available channel for model x under group default", "a gateway", "no channel"),
    ("This model's maximum context length is 8192 tokens. However, you requested 9000", "the endpoint", "larger than the model's context"),  # noqa: E501
    ("\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set", "the endpoint", "vLLM"),  # noqa: E501
    ("Request too large (max 32MB). Double press esc to go back", "Claude Code", "limit on the body"),
    ("cannot reach api.example.com: dns: Name or service not known", "the system", "does not resolve"),
    ("zsh: command not found: claude", "the system", "not installed"),
    ("apiKeyHelper failed: exited 1", "Claude Code", "helper"),
    ("Unable to connect to API (ConnectionRefused)", "Claude Code", "nothing listens"),
    ("Unable to connect to API (FailedToOpenSocket)", "Claude Code", "no connection to the base URL"),
    ("API Error (Connection error.)", "Claude Code", "does not say why"),
    ("Request timed out", "Claude Code", "did not begin to answer"),
    ('API Error: 429 {"type":"error"}', "the endpoint", "too many requests"),
    ('API Error: 503 {"error":"x"}', "the endpoint", "cannot serve right now"),
    ("API Error: 413", "a gateway", "body as large"),
    ("410", "our proxy", "only you can fix"),
    ("503 status code (no body)", "the endpoint", "cannot serve right now"),
    ("Cannot read properties of undefined (reading 'input_tokens')", "Claude Code", "has no usage"),
    ("Context limit reached", "Claude Code", "window Claude Code assumes"),
    ("Remote Control is only available when using Claude via api.anthropic.com.", "Claude Code", "vendor's own"),
    ("this session isn't eligible because your requests go through 127.0.0.1:1", "Claude Code", "vendor's own"),
    ("Gateway /v1/models returned an unexpected body", "Claude Code", "list of models"),
    ("Invalid URL (POST /v1/v1/messages)", "the endpoint", "/v1/v1"),
    ('Invalid proxy URL in HTTP_PROXY: "proxy.example:3128" cannot be parsed as a URL.', "Claude Code", "http://"),
    ("API Error: Server error mid-response. The response above may be incomplete.", "Claude Code", "cut off"),
    ("API Error: Connection lost mid-response. The response above may be incomplete.", "Claude Code", "cut off"),
    ("The model's tool call could not be parsed (retry also failed).", "Claude Code", "not valid JSON"),
    ("Auto mode is unavailable: its safety check does not run for this session, so Bash was not run.", "Claude Code", "asks you instead"),  # noqa: E501
    ("Warning: We're changing auto mode to no longer charge for classifier requests", "Claude Code", "own model judge"),
    ("API Error: Sonnet 4.5 can't help with this. Start a new session to continue.", "Claude Code", "refusal"),
    ("API Error: Could not load AWS credentials", "Claude Code", "bypass the base URL"),
    ("project_settings_not_claimable: settings.json in the claimed directory sets env", "an SDK", "prewarm"),
    ("the variable KEY_A, where the key should be, is not set", "our proxy", "started elsewhere"),
    ("- API (custom host): answered HTTP 401 in 3 ms", "Claude Code", "connectivity line"),
    ("- API (custom host): answered HTTP 404 in 3 ms", "Claude Code", "connectivity line"),
    ("- API (custom host): failed after 1 ms: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)", "Claude Code", "is not running yet"),  # noqa: E501
    ('[claude-code:unrecognized_model] {"model":"demo-large"}', "Claude Code", "nothing is wrong"),
    ("error code: 1010", "a gateway", "Cloudflare"),
    ("524 A timeout occurred", "a gateway", "gave up waiting"),
    ("messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`", "the endpoint", "history"),  # noqa: E501
    ("keyring.errors.KeyringLocked: Failed to unlock the collection!", "the system", "locked"),
]  # fmt: skip


OUR_OWN = [
    (f"API Error: 401 {NO_TOKEN.message}", "without its token"),
    (f"API Error: 401 {WRONG_TOKEN.message}", "an old one"),
    ("API Error: 401 this is not the local token of the ccswitch-tui proxy: run 'ccswitch-tui use NAME' again", "an old one"),  # noqa: E501
    ("API Error: 400 the ccswitch-tui profile 'work' no longer exists: run 'ccswitch-tui use NAME'", "removed or renamed"),  # noqa: E501
    ("API Error: 400 ccswitch-tui cannot read its profiles: profiles.toml, line 3", "profiles.toml"),
    (f"API Error: 529 {CROWDED}", "more files"),
    (f"API Error: 529 {OVERLOADED}", "tries again by itself"),
    ("API Error: 403 the key of ccswitch-tui profile 'work' was entered for a.example, and the profile now points to b.example", "only to the host"),  # noqa: E501
    ("API Error: 502 a.example redirects to https://b.example/v1, and ccswitch-tui does not follow, because the key would go along", "send your key there"),  # noqa: E501
    ("API Error: 402 the budget you set for profile 'work' is used up: 5.01 of 5 USD today.", "the endpoint was not asked"),  # noqa: E501
    (f"API Error: 500 {BUG} (TypeError)", "a bug in our proxy"),
    ("API Error: 403 the key store did not answer within 20 s for profile 'work' (unlock it and try again)", "locked"),
    ("The search failed: the search source 'tavily' rejected the key (HTTP 401)", "has no part in it"),
    ("API Error: 400 the haiku tier of 'a' is answered by profile 'b', which does not exist", "another profile"),
    (f"API Error: 502 {CHAT_INSTEAD} (provider work, model m, HTTP 200)", "Responses API"),
    *((f"API Error: 502 {words} (provider work, model m, HTTP 200)", "in the middle") for words in BROKEN_OFF.values()),
    (f"API Error: 502 {NOTHING_IN_IT} (provider work, model m, HTTP 200)", "nothing in it"),
    (f"API Error: 502 the model called 'Write' with {UNFINISHED}", "not run"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "means"), OUR_OWN, ids=[text[:60] for text, _ in OUR_OWN])
def test_what_our_own_proxy_says_is_not_blamed_on_the_endpoint(text: str, means: str) -> None:
    (only,) = explanations(text)
    assert (only.layer, means in only.means) == ("our proxy", True), only


def test_words_of_ours_in_a_long_log_hide_nothing_else() -> None:
    log = f"{NO_TOKEN.message}\n{'x ' * 1200}\nzsh: command not found: claude"
    assert [one.layer for one in explanations(log)] == ["our proxy", "the system"]


@pytest.mark.parametrize(("text", "layer", "means"), SAID, ids=[text[:40] for text, _, _ in SAID])
def test_a_message_is_explained_by_its_layer(text: str, layer: str, means: str) -> None:
    first = explanations(text)[0]
    assert (first.layer, means in first.means) == (layer, True), first


def test_there_are_many_patterns_each_with_a_source_and_something_to_do() -> None:
    assert len(patterns()) >= 80
    for row in patterns():
        assert row.source and row.means and row.do
        assert not row.rung or row.rung in RUNG


def test_every_pattern_is_reachable() -> None:
    assert len({row.says.pattern for row in patterns()}) == len(patterns())


def test_commands_name_the_profile_or_a_place_for_it() -> None:
    found = explanations("API Error: 402 no money", profile="work")
    assert any("work" in c or "use -" in c for e in found for c in e.commands)
    assert "{name}" not in str(explanations("curl: (60)"))


@pytest.mark.parametrize("text", ["", " ", "x" * 1_000_000, "\x00\x1b[31m", "(" * 5000, "不" * 30_000])
def test_odd_text_is_survived(text: str) -> None:
    explanations(text)


def test_a_message_that_only_the_table_of_refusals_knows_is_explained_too() -> None:
    assert explanations("ids must be a-z, A-Z, 0-9, with a length of 9")[0].means


# ---------------------------------------------------------------- the tables themselves


def test_every_kind_has_a_number_and_advice() -> None:
    kinds = {rule.kind for rule in rules()} | set(FAILURE_KINDS.values())
    assert not {kind for kind in kinds if not (catalogue()[kind].because and catalogue()[kind].fix)}


def test_numbers_are_given_once() -> None:
    codes = [entry.code for entry in catalogue().values()]
    assert len(codes) == len(set(codes))


def test_every_quirk_a_refusal_teaches_is_one_the_proxy_knows() -> None:
    for rule in rules():
        assert rule.source
        if rule.quirk and rule.value != "{cap}":
            check_quirk(rule.quirk, rule.value)


def test_no_fix_turns_verification_off() -> None:
    words = " ".join(f"{a.fix} {' '.join(a.commands)}" for a in catalogue().values()).lower()
    assert "insecure" not in words and "curl -k" not in words and "verify=false" not in words


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        (
            "Error: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens'",
        ),
        ("Unsupported value: 'temperature' does not support 0.2 here.", "Unsupported value: 'temperature'"),
        ("Extra inputs are not permitted, field: 'stream_options'", "stream_options"),
        ("tool_choice 'required' is incompatible with thinking", "tool_choice 'required' is incompatible"),
        (
            'Error: "reasoning_content" in the thinking mode must be passed back',
            '"reasoning_content" in the thinking mode must be passed back',
        ),
        ("There's an issue with the selected model (m).", "There's an issue with the selected model"),
    ],
)
def test_what_was_recognised_is_shown_with_both_its_quotes(text: str, matched: str) -> None:
    assert explanations(text)[0].matched == matched


@pytest.mark.parametrize("word", ["E414", "414", "e414", "timeout", " timeout\n"])
def test_a_finding_is_explained_by_its_name_and_by_its_number(word: str) -> None:
    from ccswitch_tui.workflows.explain import explain

    (first,) = explain(word, profile="work")
    assert (first.means, first.matched) == (catalogue()["timeout"].title, "E414 timeout")
    assert "ccswitch-tui probe work" in first.commands
