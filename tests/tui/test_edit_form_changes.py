"""The edit form as data: what was changed, and what a reload keeps. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.secret import Secret
from ccswitch_tui.tui.form import FIELDS, Changes, changes, contested, rebased, values_for, values_of
from ccswitch_tui.wire.quirks import QUIRKS

PROFILE = Profile(
    "work", Endpoint("https://a.example/v1", "openai-chat"), SecretRef("keyring", "work"),
    models=ModelTiers("big", haiku="small"), tags=("a", "b"), context_window=128_000,
)  # fmt: skip


def test_an_untouched_form_changes_nothing() -> None:
    values = values_of(PROFILE)
    assert not changes(values, values)


def test_values_are_what_a_person_would_type() -> None:
    values = values_of(PROFILE)
    assert values["context_window"] == "128000"
    assert values["tags"] == "a, b"
    assert values["endpoint.auth"] == "bearer"


def test_a_changed_field_is_assigned_and_an_emptied_one_unset() -> None:
    values = values_of(PROFILE)
    now = {**values, "models.default": "bigger", "models.haiku": " "}
    assert changes(values, now) == Changes(("models.default=bigger",), ("models.haiku",))


def test_another_reference_to_the_key_is_told_apart() -> None:
    values = values_of(PROFILE)
    assert changes(values, {**values, "key": "env:WORK_KEY"}).reference == "env:WORK_KEY"


@given(st.sets(st.sampled_from([f.key for f in FIELDS])), st.sets(st.sampled_from([f.key for f in FIELDS])))
def test_a_reload_keeps_what_was_typed_and_takes_everything_else(typed: set[str], on_disk: set[str]) -> None:
    opened = values_of(PROFILE)
    now = {key: text + "typed" if key in typed else text for key, text in opened.items()}
    fresh = {key: text + "disk" if key in on_disk else text for key, text in opened.items()}
    merged = rebased(opened, now, fresh)
    assert all(merged[key] == (now[key] if key in typed else fresh[key]) for key in opened)


def test_a_line_of_a_table_is_a_key_of_its_own() -> None:
    values = {**values_of(PROFILE), "endpoint.headers": "A=1\nB=2"}
    now = {**values, "endpoint.headers": "B: 3\nC=x=y"}
    assert changes(values, now) == Changes(("endpoint.headers.B=3", "endpoint.headers.C=x=y"), ("endpoint.headers.A",))


@pytest.mark.parametrize("text", ["NAME", "=value", "export"])
def test_a_line_without_a_name_and_a_value_is_refused(text: str) -> None:
    values = values_of(PROFILE)
    with pytest.raises(UsageError, match="has no value"):
        changes(values, {**values, "env": text})


def test_a_key_is_refused_in_every_field() -> None:
    values = values_of(PROFILE)
    for key in ("env", "endpoint.headers", "note"):
        with pytest.raises(UsageError, match="in plain text"):
            changes(values, {**values, key: "OPENAI_API_KEY=sk-example-abcdefgh-1234567"})


def test_every_quirk_has_a_field_and_what_a_probe_learned_is_shown_as_its_value() -> None:
    assert {f.key for f in FIELDS if f.quirk} == {f"quirks.{name}" for name in QUIRKS}
    learned = {"value": False, "from": "probe", "at": "2026-01-01", "because": "it said so"}
    values = values_of(PROFILE._replace(quirks={"strict": learned, "drop_fields": ["user", "seed"]}))
    assert values["quirks.strict"] == "false"
    assert values["quirks.drop_fields"] == "user, seed"


@given(st.sampled_from([f.key for f in FIELDS]), st.text(max_size=5), st.text(max_size=5))
def test_only_what_both_changed_is_contested(key: str, mine: str, theirs: str) -> None:
    opened = values_of(PROFILE)
    now, fresh = {**opened, key: mine}, {**opened, key: theirs}
    mine, theirs, was = mine.strip(), theirs.strip(), opened[key].strip()
    expected = [key] if mine != was and theirs != was and mine != theirs else []
    assert contested(opened, now, fresh) == expected


def test_a_secret_header_is_a_line_with_a_place_or_a_name_whose_value_is_typed_apart() -> None:
    held = PROFILE._replace(secret_headers={"X-Old": SecretRef("keyring", "work/header.x-old")})
    values = values_of(held)
    assert values["secret_headers"] == "X-Old=keyring:work/header.x-old"
    now = {**values, "secret_headers": values["secret_headers"] + "\nX-Env=Bearer env:GW\nX-New"}
    assert changes(values, now) == Changes(("secret_headers.X-Env=Bearer env:GW",), header="X-New")
    assert changes(values, {**values, "secret_headers": ""}) == Changes(unset=("secret_headers.X-Old",))


def test_two_headers_cannot_share_the_one_field() -> None:
    values = values_of(PROFILE)
    with pytest.raises(UsageError, match="only one header"):
        changes(values, {**values, "secret_headers": "A\nB"})


def test_a_value_belongs_to_the_header_without_a_place_or_to_the_only_one() -> None:
    secret = Secret("gw-example-0123456789")
    assert values_for("X-New", ["X-Old"], secret) == {"X-New": secret}
    assert values_for("", ["X-Old"], secret) == {"X-Old": secret}
    assert values_for("", ["X-Old"], None) == {}
    for header, there, given_ in (("X-New", [], None), ("", [], secret), ("", ["A", "B"], secret)):
        with pytest.raises(UsageError):
            values_for(header, there, given_)
