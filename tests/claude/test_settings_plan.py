"""Planning one settings file: only what is ours changes, and it comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from settings_kit import LAW, chat_profile, native_profile, profiles, settings_texts

from ccswitch_tui.claude.jsontext import parse_object
from ccswitch_tui.claude.owned import OWNED
from ccswitch_tui.claude.reading import profile_in, value_of
from ccswitch_tui.claude.routed import routed_profile
from ccswitch_tui.claude.settings import (
    Link,
    Ours,
    SettingsPatch,
    foreign_changes,
    ours_without_history,
    plan_official,
    plan_settings,
    shown,
)  # fmt: skip
from ccswitch_tui.claude.wanted import main_model, wanted_settings
from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, Timeouts

LINK = Link("http://127.0.0.1:20000/p/work", "/opt/bin/ccswitch-tui key work")


def used(text: str, profile: Profile, ours: Ours = Ours(), link: Link = LINK) -> tuple[str, Ours]:  # noqa: B008
    """The text with the profile in use, and what is ours in it then."""
    tree = parse_object(text)
    patch = plan_settings(tree, profile, link, ours)
    written = {k: v for k, v in {**ours.written, **patch.set}.items() if k not in patch.unset}
    return patch.apply(text), Ours(written, ours.baseline if ours.written else tree)


def foreign(tree: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """What of a tree is nobody's but the user's."""
    rest = {k: v for k, v in tree.items() if k not in OWNED and k != "env"}
    env = {k: v for k, v in tree.get("env", {}).items() if f"env.{k}" not in OWNED and k not in profile.extra_env}
    return {**rest, "env": env} if env else rest


@LAW
@given(settings_texts(), profiles())
def test_only_owned_keys_differ(text: str, profile: Profile) -> None:
    after, _ = used(text, profile)
    assert foreign(parse_object(after), profile) == foreign(parse_object(text), profile)


@LAW
@given(settings_texts(), profiles())
def test_using_a_profile_twice_changes_nothing_more(text: str, profile: Profile) -> None:
    once, ours = used(text, profile)
    again, _ = used(once, profile, ours)
    assert again == once


@LAW
@given(settings_texts(), profiles())
def test_the_inverse_gives_every_value_back(text: str, profile: Profile) -> None:
    tree = parse_object(text)
    patch = plan_settings(tree, profile, LINK)
    back = parse_object(patch.invert(tree).apply(patch.apply(text)))
    assert {k: v for k, v in back.items() if v is not None} == {k: v for k, v in tree.items() if v is not None}


@LAW
@given(settings_texts(), profiles(), profiles())
def test_two_switches_leave_what_one_leaves(text: str, first: Profile, second: Profile) -> None:
    between, ours = used(text, first)
    after, _ = used(between, second, ours)
    direct, _ = used(text, second)
    left = parse_object(after)
    for key in {**OWNED, **{f"env.{name}": None for name in second.extra_env}}:
        assert (value_of(left, key) or None) == (value_of(parse_object(direct), key) or None)


@LAW
@given(settings_texts(), profiles(), profiles())
def test_a_then_b_then_official_leaves_nothing_of_ours(text: str, first: Profile, second: Profile) -> None:
    tree = parse_object(text)
    between, ours = used(text, first)
    after, ours = used(between, second, ours)
    left = parse_object(plan_official(parse_object(after), ours).apply(after))
    kept = {k: v for k, v in tree.get("env", {}).items() if f"env.{k}" in OWNED}
    for name, value in left.get("env", {}).items():
        assert name in tree.get("env", {}), "a variable of ours stayed"
        assert f"env.{name}" not in OWNED or value == kept[name]
    assert ("env" in left) == ("env" in tree)
    assert profile_in(left) is None


@LAW
@given(settings_texts(), profiles(), profiles())
def test_official_gives_a_vendors_user_every_byte_back(text: str, first: Profile, second: Profile) -> None:
    tree = parse_object(text)
    owned_before = [key for key in OWNED if value_of(tree, key) is not None]
    if owned_before or not tree or tree.get("env") == {} or any(name in tree.get("env", {}) for name in ("DEBUG",)):
        return  # a value that was displaced comes back at the end of its object
    between, ours = used(text, first)
    after, ours = used(between, second, ours)
    assert plan_official(parse_object(after), ours).apply(after) == text


@LAW
@given(settings_texts(), profiles())
def test_base_url_and_credential_are_written_together(text: str, profile: Profile) -> None:
    tree = parse_object(used(text, profile)[0])
    assert tree["apiKeyHelper"] == LINK.helper
    assert tree["env"]["ANTHROPIC_BASE_URL"] == LINK.base_url
    for rival in ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK"):
        assert tree["env"][rival] == "", "an exported or left-over value would win"


def test_a_rival_endpoint_of_the_users_is_replaced_and_reported() -> None:
    tree = {"env": {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": "sk-example-000111222333"}}
    patch = plan_settings(tree, chat_profile(), LINK)
    assert set(foreign_changes(patch, tree, Ours())) == {"env.ANTHROPIC_BASE_URL", "env.ANTHROPIC_AUTH_TOKEN"}


def test_the_diff_shows_no_credential() -> None:
    tree = {
        "env": {
            "ANTHROPIC_AUTH_TOKEN": "sk-example-000111222333",
            "ANTHROPIC_CUSTOM_HEADERS": "X-Key: abcdef0123456789",
        }
    }
    told = str(plan_settings(tree, chat_profile(), LINK).diff(tree))
    assert "000111222333" not in told
    assert "abcdef0123456789" not in told


def test_every_change_has_a_reason() -> None:
    assert all(change.reason for change in plan_settings({}, chat_profile(), LINK).diff({}))


def test_official_keeps_an_api_key_the_user_had_for_the_vendor() -> None:
    before = '{"env": {"ANTHROPIC_API_KEY": "sk-example-vendor"}}'
    after, ours = used(before, chat_profile())
    assert parse_object(after)["env"]["ANTHROPIC_API_KEY"] == ""
    left = parse_object(plan_official(parse_object(after), ours).apply(after))
    assert left == {"env": {"ANTHROPIC_API_KEY": "sk-example-vendor"}}


def test_official_does_not_bring_a_relay_back() -> None:
    before = (
        '{"env": {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": "t", "API_TIMEOUT_MS": "5"}}'
    )
    after, ours = used(
        before, chat_profile(endpoint=Endpoint("https://a.example", timeouts=Timeouts(first_byte_s=900)))
    )
    left = parse_object(plan_official(parse_object(after), ours).apply(after))
    assert left == {"env": {"API_TIMEOUT_MS": "5"}}


def test_official_takes_another_tools_endpoint_out_too() -> None:
    before = '{"env": {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": "t"}, "model": "relay-x"}'
    assert parse_object(plan_official(parse_object(before), Ours()).apply(before)) == {}


def test_official_changes_nothing_where_nothing_of_ours_is() -> None:
    tree = {"env": {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_API_KEY": "sk-example"}, "model": "opus"}
    assert not plan_official(tree, Ours())


def test_a_model_picked_in_the_session_does_not_follow_to_the_vendor() -> None:
    after, ours = used('{"model": "opus"}', chat_profile())
    picked = json.dumps({**parse_object(after), "model": "work-large"})
    left = parse_object(plan_official(parse_object(picked), ours).apply(picked))
    assert left == {"model": "opus"}


def test_a_model_of_the_vendors_is_left_alone() -> None:
    tree = {"model": "opus[1m]"}
    assert "model" not in plan_settings(tree, chat_profile(), LINK).unset


def test_a_value_changed_by_hand_since_is_the_users_again() -> None:
    after, ours = used("{}", chat_profile(max_output=8192))
    changed = json.loads(after)
    changed["env"]["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = "777"
    left = parse_object(plan_official(changed, ours).apply(json.dumps(changed)))
    assert left == {"env": {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "777"}}


def test_a_number_the_next_profile_does_not_need_is_cleared_for_running_sessions() -> None:
    after, ours = used("{}", chat_profile(max_output=8192))
    then, _ = used(after, chat_profile("other"), ours)
    assert parse_object(then)["env"]["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == ""


def test_a_label_left_by_another_tool_does_not_name_our_model() -> None:
    before = '{"env": {"ANTHROPIC_DEFAULT_OPUS_MODEL_NAME": "Relay Opus"}}'
    after, ours = used(before, chat_profile())
    again, ours = used(after, chat_profile("other"), ours)
    assert parse_object(again)["env"]["ANTHROPIC_DEFAULT_OPUS_MODEL_NAME"] == ""
    assert parse_object(plan_official(parse_object(again), ours).apply(again)) == parse_object(before)


def test_an_env_that_is_no_object_is_refused() -> None:
    with pytest.raises(ConflictError, match="not an object"):
        plan_settings({"env": []}, chat_profile(), LINK)


def test_a_profile_cannot_smuggle_another_credential_in() -> None:
    with pytest.raises(UsageError, match="ANTHROPIC_AUTH_TOKEN"):
        plan_settings({}, chat_profile(extra_env={"ANTHROPIC_AUTH_TOKEN": "x"}), LINK)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (ModelTiers(default="m"), "sonnet"),
        (ModelTiers(default="m", sonnet="s"), "opus"),
        (ModelTiers(default="m", sonnet="s", opus="o"), "fable"),
        (ModelTiers(default="m", sonnet="s", opus="o", fable="f"), "haiku"),
        (ModelTiers(default="m", sonnet="s", opus="o", fable="f", haiku="h"), "m"),
        (ModelTiers(default="m", sonnet="m", opus="o"), "sonnet"),
    ],
)
def test_the_main_model_is_a_tier_so_that_running_sessions_follow(models: ModelTiers, expected: str) -> None:
    assert main_model(models) == expected


def test_a_profile_without_models_leaves_the_vendors_names() -> None:
    env = parse_object(used("{}", native_profile(models=ModelTiers()))[0])["env"]
    assert env["ANTHROPIC_MODEL"] == env["ANTHROPIC_DEFAULT_OPUS_MODEL"] == ""
    assert "CLAUDE_CODE_MAX_CONTEXT_TOKENS" not in env


@pytest.mark.parametrize(
    ("profile", "key", "expected"),
    [
        (chat_profile(), "CLAUDE_CODE_MAX_CONTEXT_TOKENS", "65536"),
        (chat_profile(context_window=None), "CLAUDE_CODE_MAX_CONTEXT_TOKENS", "128000"),
        (chat_profile(), "CLAUDE_CODE_DISABLE_1M_CONTEXT", "1"),
        (chat_profile(context_window=32_000), "CLAUDE_CODE_MAX_OUTPUT_TOKENS", "8000"),
        (chat_profile(max_output=4096), "CLAUDE_CODE_MAX_OUTPUT_TOKENS", "4096"),
        (chat_profile(models=ModelTiers(default="claude-sonnet-4-5")), "CLAUDE_CODE_MAX_CONTEXT_TOKENS", None),
        (chat_profile(models=ModelTiers(default="claude-sonnet-4-5")), "CLAUDE_CODE_AUTO_COMPACT_WINDOW", "65536"),
        (chat_profile(), "CLAUDE_CODE_ATTRIBUTION_HEADER", "0"),
        (chat_profile(), "API_TIMEOUT_MS", None),
        (native_profile(endpoint=Endpoint("https://a.example", timeouts=Timeouts(first_byte_s=1200))), "API_TIMEOUT_MS",
         "1200000"),
        (native_profile(endpoint=Endpoint("https://a.example", ca_file="/ca.pem")), "NODE_EXTRA_CA_CERTS", "/ca.pem"),
        (native_profile(endpoint=Endpoint("https://a.example", headers={"A": "1", "B": "2"})),
         "ANTHROPIC_CUSTOM_HEADERS", "A: 1\nB: 2"),
        (native_profile(quirks={"drop_fields": {"value": ["thinking"]}, "mid_system": "fold"}),
         "CLAUDE_CODE_MODEL_CAPABILITIES", "native-large=-adaptive_thinking,-mid_conv_system"),
    ],
)  # fmt: skip
def test_a_fact_of_the_profile_becomes_a_setting(profile: Profile, key: str, expected: str | None) -> None:
    assert wanted_settings({}, profile, LINK).get(f"env.{key}") == expected


def test_an_endpoint_of_the_old_shape_gets_picker_rows_beside_the_users_own() -> None:
    refused = {"drop_fields": ["thinking", "output_config", "context_management"], "mid_system": "fold"}
    profile = native_profile(quirks=refused, context_window=100_000)
    mine = {"model": "my-row", "label": "mine"}
    tree = {"modelPicker": {"options": [mine]}}
    after, ours = used(json.dumps(tree), profile)
    rows = parse_object(after)["modelPicker"]["options"]
    assert rows[0] == mine
    assert rows[1]["model"] == "native-large"
    assert rows[1]["behavesAs"] == "claude-3-7-sonnet-20250219"
    assert parse_object(after)["env"]["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] == "100000"
    assert parse_object(plan_official(parse_object(after), ours).apply(after)) == tree


@pytest.mark.parametrize(
    ("settings_env", "shell", "expected"),
    [
        ({}, {}, {}),
        ({}, {"HTTPS_PROXY": "http://p.example:1"}, {"NO_PROXY": "127.0.0.1,localhost"}),
        ({}, {"https_proxy": "http://p.example:1", "NO_PROXY": "a.example"},
         {"NO_PROXY": "a.example,127.0.0.1,localhost"}),
        ({"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "b.example"}, {},
         {"NO_PROXY": "b.example,127.0.0.1,localhost"}),
        ({}, {"HTTP_PROXY": "http://p.example:1", "no_proxy": "c.example"},
         {"no_proxy": "c.example,127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}),
        ({}, {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "*"}, {}),
        ({}, {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "localhost, 127.0.0.1"}, {}),
        ({"HTTP_PROXY": ""}, {"HTTP_PROXY": "http://p.example:1"}, {}),
        ({}, {"ALL_PROXY": "http://p.example:1"}, {"NO_PROXY": "127.0.0.1,localhost"}),
        ({}, {"ALL_PROXY": "socks5h://p.example:1"}, {}),
        ({}, {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "127.0.0.0/8"}, {}),
        ({}, {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "127.*"}, {"NO_PROXY": "127.*,127.0.0.1,localhost"}),
    ],
)  # fmt: skip
def test_loopback_goes_past_an_http_proxy_and_keeps_the_list(
    settings_env: dict[str, str], shell: dict[str, str], expected: dict[str, str]
) -> None:
    wanted = wanted_settings({"env": settings_env}, chat_profile(), LINK._replace(shell=shell))
    assert {k[4:]: v for k, v in wanted.items() if k.lower() == "env.no_proxy"} == expected


def test_a_server_called_localhost_is_not_exempt_by_the_address_of_it() -> None:
    """A network in NO_PROXY holds addresses: Claude Code asks the proxy for the name (measured)."""
    link = Link("http://localhost:11434", "helper", {"HTTP_PROXY": "http://p.example:1", "NO_PROXY": "127.0.0.0/8"})
    wanted = wanted_settings({}, chat_profile()._replace(route="direct"), link)
    assert wanted["env.NO_PROXY"] == "127.0.0.0/8,127.0.0.1,localhost"


def test_a_profiles_proxy_reaches_claude_code_in_the_form_it_starts_with() -> None:
    profile = chat_profile()._replace(route="direct")
    profile = profile._replace(endpoint=profile.endpoint._replace(http_proxy="proxy.example:3128"))
    wanted = wanted_settings({}, profile, Link("https://api.example", "helper"))
    assert wanted["env.HTTPS_PROXY"] == wanted["env.HTTP_PROXY"] == "http://proxy.example:3128"


def test_no_proxy_stays_while_it_is_needed_and_then_is_as_before() -> None:
    link = LINK._replace(shell={"HTTPS_PROXY": "http://p.example:1"})
    before = '{"env": {"NO_PROXY": "b.example"}}'
    after, ours = used(before, chat_profile(), link=link)
    again, ours = used(after, chat_profile("other"), ours, link)
    assert parse_object(again)["env"]["NO_PROXY"] == "b.example,127.0.0.1,localhost"
    assert parse_object(plan_official(parse_object(again), ours).apply(again)) == parse_object(before)


def test_our_profile_is_known_by_its_helper() -> None:
    assert profile_in({"apiKeyHelper": "CCSWITCH_HOME='/a b' '/o p/ccswitch-tui' key work.2"}) == "work.2"
    assert profile_in({"apiKeyHelper": "/usr/bin/python3 -P -m ccswitch_tui key 'ü-1'"}) == "ü-1"
    assert profile_in({"apiKeyHelper": '"C:\\\\x y\\\\ccswitch-tui.exe" key work'}) == "work"
    assert profile_in({"apiKeyHelper": "op read op://vault/key"}) is None
    assert profile_in({"apiKeyHelper": ["ccswitch-tui", "key", "x"]}) is None
    assert routed_profile("http://127.0.0.1:1/p/%C3%BC") == "ü"


def test_without_history_everything_beside_our_helper_counts_as_ours() -> None:
    after, _ = used('{"hooks": {}}', chat_profile(max_output=5))
    tree = parse_object(after)
    left = parse_object(plan_official(tree, ours_without_history(tree)).apply(after))
    assert left == {"hooks": {}}


def test_null_is_taken_out_because_claude_code_reads_it_as_a_word() -> None:
    after, ours = used('{"env": {"ANTHROPIC_BASE_URL": null}}', chat_profile())
    assert parse_object(after)["env"]["ANTHROPIC_BASE_URL"] == LINK.base_url
    assert parse_object(plan_official(parse_object(after), ours).apply(after)) == {"env": {}}


def test_values_are_shown_without_what_must_not_be_seen() -> None:
    assert shown("env.ANTHROPIC_API_KEY", "sk-example-000111222333") == "sk-…333"
    assert shown("env.MY_SECRET", "short") == "••••"
    assert "hunter2" not in str(shown("env.HTTPS_PROXY", "http://me:hunter2secret@proxy.example"))
    assert shown("env.CLAUDE_CODE_MAX_CONTEXT_TOKENS", 65536) == "65536"


def test_an_empty_patch_is_false() -> None:
    assert not SettingsPatch()
    assert SettingsPatch({"model": "x"})
