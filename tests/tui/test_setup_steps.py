"""What the wizard gathers: names, tiers, fixes. Pure."""

from __future__ import annotations

import pytest

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.draft import Draft, suggest_name
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, SecretRef
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.edit import patched
from ccswitch_tui.workflows.setup import Setup
from ccswitch_tui.workflows.tiers import match_tiers, offered_models


def draft(base_url: str, name: str = "") -> Draft:
    return Draft(endpoint=Endpoint(base_url), name=name)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://api.moonshine.example/v1", "moonshine"),
        ("https://gateway.corp.example/llm", "corp"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("http://127.0.0.1:11434/v1", "local"),
        ("http://localhost:8080/v1", "local"),
        ("http://[::1]:8080/v1", "local"),
        ("http://ollama:11434/v1", "ollama"),
    ],
)
def test_a_name_is_suggested_from_the_telling_part_of_the_host(base_url: str, expected: str) -> None:
    assert suggest_name(draft(base_url), []) == expected


def test_what_the_source_calls_it_comes_first() -> None:
    assert suggest_name(draft("https://api.x.example/v1", "My Relay (new)"), []) == "my-relay-new"


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert suggest_name(draft("https://api.moonshine.example/v1"), ["moonshine", "moonshine-2"]) == "moonshine-3"


def test_tiers_are_matched_by_what_names_say() -> None:
    models = ["text-embedding-3", "big-pro", "big", "big-mini", "whisper-1"]
    assert match_tiers(models) == ModelTiers(default="big-pro", haiku="big-mini")


def test_a_chosen_model_stays_and_the_rest_is_matched_round_it() -> None:
    tiers = match_tiers(["mid", "mid-max", "mid-flash"], ModelTiers(default="mid"))
    assert tiers == ModelTiers(default="mid", opus="mid-max", haiku="mid-flash")


def test_nothing_is_matched_from_models_that_hold_no_conversation() -> None:
    assert match_tiers(["bge-m3", "tts-1"]) == ModelTiers()


def test_a_model_with_eight_billion_is_small_and_one_with_seventy_is_not() -> None:
    assert match_tiers(["llama-70b", "llama-8b"]).haiku == "llama-8b"


def test_offered_models_are_each_there_once_and_talkers_come_first() -> None:
    setup = Setup(Draft(models=ModelTiers(default="b"), listed_models=("embed-1", "a", "b")))
    assert offered_models(setup.draft, None) == ["b", "a", "embed-1"]


def test_a_fix_changes_the_draft_and_nothing_else() -> None:
    setup = Setup(
        Draft(endpoint=Endpoint("https://a.example/v1", "openai-chat"), secret=Secret("sk-example-aaaa-1")), "a"
    )
    fixed = setup.with_patch({"endpoint.wire": "anthropic", "quirks.echo_reasoning": True})
    assert fixed.draft.endpoint == Endpoint("https://a.example/v1", "anthropic")
    assert fixed.draft.quirks == {"echo_reasoning": True}
    assert fixed.draft.secret is setup.draft.secret


def test_a_fix_that_cannot_be_is_refused() -> None:
    profile = Setup(draft("https://a.example/v1"), "a").profile
    with pytest.raises(UsageError):
        patched(profile, {"endpoint.wire": "telegraph"})


def test_the_profile_refers_to_the_key_and_never_holds_it() -> None:
    setup = Setup(draft("https://a.example/v1")._replace(secret=Secret("sk-example-aaaa-2")), "a")
    assert setup.profile.key == SecretRef("keyring", "a")
    assert "sk-example" not in repr(setup)
