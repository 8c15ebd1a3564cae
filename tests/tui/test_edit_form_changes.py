"""The edit form as data: what was changed, and what a reload keeps. Pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.tui.form import FIELDS, Changes, changes, rebased, values_of

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
