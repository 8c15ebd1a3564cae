"""The catalogue keeps its own rules: what holds for one provider holds for all."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from ccswitch_tui.errors import UsageError
from ccswitch_tui.net.hosts import is_this_machine
from ccswitch_tui.profiles.model import AUTH_STYLES, TIERS
from ccswitch_tui.profiles.presets import KINDS, Preset, load_presets
from ccswitch_tui.profiles.table import profile_from_table, profile_to_table
from ccswitch_tui.profiles.url import normalise_url
from ccswitch_tui.wire.quirks import quirks_from

CATALOGUE = load_presets()
PRESETS = list(CATALOGUE.presets.values())
every_preset = pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.id)


def bases(preset: Preset) -> list[str]:
    return [base for base in (preset.anthropic, preset.openai) if base]


def test_the_catalogue_is_not_empty() -> None:
    assert len(PRESETS) > 60


@every_preset
def test_every_address_is_https_except_on_this_machine(preset: Preset) -> None:
    for base in bases(preset):
        parts = urlsplit(base)
        assert parts.scheme == "https" or is_this_machine(parts.hostname or "")
        assert (preset.kind == "local") == is_this_machine(parts.hostname or "")


@every_preset
def test_every_address_is_a_base_url_already(preset: Preset) -> None:
    for base in bases(preset):
        assert normalise_url(base.replace("{value}", "mine")).changes == ()


@every_preset
def test_an_anthropic_address_has_no_version_at_its_end(preset: Preset) -> None:
    assert not (preset.anthropic or "").endswith("/v1")


@every_preset
def test_nothing_refers(preset: Preset) -> None:
    for url in [*bases(preset), preset.key_page or ""]:
        assert "?" not in url
        assert not any(word in url.lower() for word in ("/ref/", "invite", "aff=", "referral"))


@every_preset
def test_twins_name_each_other(preset: Preset) -> None:
    if preset.pair:
        twin = CATALOGUE.presets[preset.pair]
        assert twin.pair == preset.id
        assert twin.billing_group != preset.billing_group


def test_no_two_billing_groups_share_an_address() -> None:
    owner: dict[str, str] = {}
    for preset in PRESETS:
        for base in bases(preset):
            assert owner.setdefault(base, preset.billing_group) == preset.billing_group


def test_no_two_presets_are_the_same_endpoint() -> None:
    everything = [base for preset in PRESETS for base in bases(preset)]
    assert len(everything) == len(set(everything))


def test_a_variable_belongs_to_one_provider() -> None:
    names = [name for preset in PRESETS for name in preset.env]
    assert len(names) == len(set(names))


@every_preset
def test_every_claim_names_a_known_source(preset: Preset) -> None:
    assert preset.source in CATALOGUE.sources
    assert set(preset.also.values()) <= set(CATALOGUE.sources)
    assert set(preset.also) <= set(Preset._fields)


@every_preset
def test_its_words_are_words_we_know(preset: Preset) -> None:
    assert preset.kind in KINDS
    assert set(preset.models) <= set(TIERS)
    for auth in (preset.auth, preset.openai_auth):
        assert auth in AUTH_STYLES or auth.startswith("header:")
    quirks_from(preset.quirks)


@every_preset
def test_it_says_where_a_key_is_made_or_that_none_is_needed(preset: Preset) -> None:
    assert preset.no_key or preset.kind == "local" or (preset.key_page or "").startswith("https://")


@every_preset
def test_it_makes_a_profile_for_every_wire_it_speaks(preset: Preset) -> None:
    from ccswitch_tui.profiles.model import SecretRef

    assert preset.wires
    for wire in preset.wires:
        draft = preset.draft(wire, "mine" if preset.value else "")
        profile = draft.profile("p", SecretRef("keyring", "p"))
        assert profile_from_table("p", profile_to_table(profile)) == profile
        assert profile.endpoint.wire == wire


def test_a_preset_with_a_place_to_fill_in_asks_for_its_value() -> None:
    with pytest.raises(UsageError, match="your resource's name"):
        CATALOGUE.get("azure-openai").draft()


def test_an_unknown_preset_is_answered_with_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        CATALOGUE.get("kimi")
    assert "moonshot" in caught.value.hint
