"""Path and asked model in, endpoint and model out."""

from __future__ import annotations

import pytest

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile
from ccswitch_tui.proxy.routing import Routes

WORK = Profile(
    "work",
    Endpoint("https://api.work.example/v1"),
    models=ModelTiers(default="big", opus="huge", haiku="qwen3", subagent="mini"),
    tier_profiles={"haiku": "local"},
    fallbacks=("local", "gone", "spare"),
)
LOCAL = Profile("local", Endpoint("http://127.0.0.1:8080/v1"), models=ModelTiers(default="qwen3:8b", haiku="qwen3:1b"))
SPARE = Profile(
    "spare", Endpoint("https://spare.example/v1"), models=ModelTiers(default="other-big", opus="other-huge")
)
BARE = Profile("bare", Endpoint("https://native.example", wire="anthropic"))
ROUTES = Routes({p.name: p for p in (WORK, LOCAL, SPARE, BARE)})


@pytest.mark.parametrize(
    ("asked", "profile", "model"),
    [
        ("big", "work", "big"),
        ("mini", "work", "mini"),
        ("huge[1m]", "work", "huge"),
        ("claude-opus-4-8", "work", "huge"),
        ("claude-opus-4-8[1m]", "work", "huge"),
        ("claude-sonnet-5", "work", "big"),
        ("claude-mythos-1", "work", "big"),
        ("us.anthropic.claude-haiku-4-5-v1:0", "local", "qwen3"),
        ("claude-haiku-4-5-20251001", "local", "qwen3"),
        ("haiku", "local", "qwen3"),
        ("qwen3", "local", "qwen3"),
        ("local:qwen3", "local", "qwen3"),
        ("other-huge", "work", "huge"),
        ("qwen3:8b", "work", "big"),
        ("qwen3:1b", "local", "qwen3"),
        ("picked/by-hand:free", "work", "picked/by-hand:free"),
        ("deepseek-haiku-writer", "work", "deepseek-haiku-writer"),
    ],
)
def test_a_model_finds_its_tier_and_endpoint(asked: str, profile: str, model: str) -> None:
    target = ROUTES.target(WORK, asked)
    assert (target.profile.name, target.model) == (profile, model)


def test_a_profile_without_models_passes_every_name_on() -> None:
    assert ROUTES.target(BARE, "claude-opus-4-8").model == "claude-opus-4-8"
    assert ROUTES.target(BARE, "claude-opus-4-8[1m]").model == "claude-opus-4-8"


def test_fallbacks_keep_the_tier_and_skip_profiles_that_are_gone() -> None:
    first = ROUTES.target(WORK, "claude-opus-4-8")
    assert [(t.profile.name, t.model) for t in ROUTES.fallbacks(WORK, first)] == [
        ("local", "qwen3:8b"),
        ("spare", "other-huge"),
    ]


def test_nobody_falls_back_who_did_not_declare_it() -> None:
    assert list(ROUTES.fallbacks(LOCAL, ROUTES.target(LOCAL, "haiku"))) == []


def test_the_fallbacks_of_a_fallback_are_not_asked() -> None:
    chained = Routes(
        {
            "a": Profile("a", Endpoint("https://a.example"), fallbacks=("b",)),
            "b": Profile("b", Endpoint("https://b.example"), fallbacks=("c",)),
            "c": Profile("c", Endpoint("https://c.example")),
        }
    )
    first = chained.target(chained.profiles["a"], "m")
    assert [t.profile.name for t in chained.fallbacks(chained.profiles["a"], first)] == ["b"]


def test_endless_new_names_do_not_fill_the_memory() -> None:
    routes = Routes({"work": WORK})
    for number in range(3 * Routes.MOST_REMEMBERED):
        routes.target(WORK, f"name-{number}")
    assert len(routes._known) <= Routes.MOST_REMEMBERED
