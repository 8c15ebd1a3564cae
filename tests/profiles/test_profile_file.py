"""profiles.toml: comments and order survive, errors name the line, a slip in one profile leaves the others."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccswitch_tui.errors import ConflictError, UsageError
from ccswitch_tui.paths import Paths, resolve_paths
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef, Timeouts
from ccswitch_tui.profiles.store import load_profiles, save_profile, update_profiles
from ccswitch_tui.profiles.table import profile_from_table, profile_to_table
from kit import needs

MINE = Profile("mine", Endpoint("https://api.example.com/v1", wire="openai-chat"), SecretRef("keyring", "mine"))

BY_HAND = """\
# my own words
version = 1

[profiles.work]   # the one from the office
key = "env:WORK_KEY"  # set by direnv
note = 'keeps "quotes"'

  [profiles.work.endpoint]
  base_url = "https://work.example/v1"
  # chat completions, they said
  wire = "openai-chat"

[profiles."a.b".endpoint]
base_url = "https://ab.example"
# the end
"""


@pytest.fixture
def paths(home: Path) -> Paths:
    return resolve_paths({"HOME": str(home)})


def write(paths: Paths, text: str) -> None:
    Path(paths.config_dir).mkdir(parents=True, exist_ok=True)
    Path(paths.profiles).write_text(text, encoding="utf-8")


def text_of(paths: Paths) -> str:
    return Path(paths.profiles).read_text(encoding="utf-8")


def test_no_file_is_an_empty_book(paths: Paths) -> None:
    assert load_profiles(paths).profiles == {}


def test_a_saved_profile_is_read_back(paths: Paths) -> None:
    save_profile(paths, MINE)
    assert load_profiles(paths).get("mine") == MINE


@needs.modes
def test_the_file_is_made_for_its_owner_alone(paths: Paths) -> None:
    save_profile(paths, MINE)
    assert Path(paths.profiles).stat().st_mode & 0o777 == 0o600


def test_adding_a_profile_leaves_every_byte_before_it(paths: Paths) -> None:
    write(paths, BY_HAND)
    save_profile(paths, MINE)
    assert text_of(paths).startswith(BY_HAND)
    assert list(load_profiles(paths).profiles) == ["work", "a.b", "mine"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "version = 1\n",
        "version = 1\n\n",
        "# mine\n\n\n",
        '[profiles.a]\nendpoint = { base_url = "https://a.example/v1" }\n',
        '[profiles.a]\nendpoint = { base_url = "https://a.example/v1" }\n\n\n',
        '[profiles.a]\nendpoint = { base_url = "https://a.example/v1" }\n# the last word\n',
        '[profiles.a]\r\nendpoint = { base_url = "https://a.example/v1" }\r\n',
        '[profiles.a.endpoint]\nbase_url = "https://a.example/v1"\n\n[profiles.b.endpoint]\nbase_url = "https://b.example/v1"\n',
        'profiles.a.endpoint.base_url = "https://a.example/v1"\n',
    ],
)
def test_adding_and_removing_leaves_the_same_bytes(paths: Paths, text: str | None) -> None:
    if text is None:
        save_profile(paths, MINE._replace(name="first"))
        update_profiles(paths, {"first": None})
    else:
        Path(paths.config_dir).mkdir(parents=True, exist_ok=True)
        Path(paths.profiles).write_bytes(text.encode())
    before = Path(paths.profiles).read_bytes()
    save_profile(paths, MINE)
    added = Path(paths.profiles).read_bytes()
    save_profile(paths, MINE._replace(name="second"))
    update_profiles(paths, {"second": None})
    assert Path(paths.profiles).read_bytes() == added
    update_profiles(paths, {"mine": None})
    assert Path(paths.profiles).read_bytes() == before


def test_changing_one_value_changes_one_line(paths: Paths) -> None:
    write(paths, BY_HAND)
    work = load_profiles(paths).get("work")
    save_profile(paths, work._replace(endpoint=work.endpoint._replace(base_url="https://new.example/v1")))
    assert text_of(paths) == BY_HAND.replace("https://work.example/v1", "https://new.example/v1")


def test_a_new_table_in_an_old_profile_stands_apart(paths: Paths) -> None:
    save_profile(paths, MINE)
    save_profile(paths, MINE._replace(models=ModelTiers(default="big"), quirks={"top_k": True}))
    assert "\n\n[profiles.mine.models]\n" in text_of(paths)


def test_removing_a_profile_leaves_the_others_comments(paths: Paths) -> None:
    write(paths, BY_HAND)
    update_profiles(paths, {"work": None})
    left = text_of(paths)
    assert left.startswith("# my own words\n")
    assert '[profiles."a.b".endpoint]' in left
    assert "work" not in tomllib.loads(left)["profiles"]


def test_renaming_keeps_place_and_comments(paths: Paths) -> None:
    write(paths, BY_HAND)
    work = load_profiles(paths).get("work")
    update_profiles(paths, {"work": work._replace(name="job")})
    assert text_of(paths) == BY_HAND.replace("[profiles.work", "[profiles.job")


def test_renaming_to_and_from_a_name_that_needs_quotes(paths: Paths) -> None:
    write(paths, BY_HAND)
    ab = load_profiles(paths).get("a.b")
    update_profiles(paths, {"a.b": ab._replace(name="c.d")})
    assert text_of(paths) == BY_HAND.replace('"a.b"', '"c.d"')


def test_a_file_that_changed_since_it_was_read_is_not_written(paths: Paths) -> None:
    write(paths, BY_HAND)
    book = load_profiles(paths)
    write(paths, BY_HAND + "# edited meanwhile\n")
    with pytest.raises(ConflictError):
        save_profile(paths, MINE, expected_sha256=book.sha256)
    assert text_of(paths) == BY_HAND + "# edited meanwhile\n"


def test_a_file_that_appeared_since_it_was_absent_is_not_written(paths: Paths) -> None:
    book = load_profiles(paths)
    write(paths, BY_HAND)
    with pytest.raises(ConflictError):
        save_profile(paths, MINE, expected_sha256=book.sha256)
    assert text_of(paths) == BY_HAND


WRONG = {
    # text: (line, words)
    "[profiles.a]\nnote = 'x'\n[profiles.a.endpoint]\nbase_url = 'https://x.example'\n# c\nauth = 'beer'\n": (
        6,
        "'auth'",
    ),
    "[profiles.a.endpoint]\nbase_url = 'https://x.example'\nwir = 'anthropic'\n": (3, "unknown key 'wir'"),
    "[profiles.b.endpoint]\nbase_url='https://b.example'\n[profiles.a.endpoint]\nbase_url = 'ftp://x'\n": (
        4,
        "'base_url'",
    ),
    "[profiles.a]\nkey = 'sk-example-0123'\nendpoint.base_url = 'https://x.example'\n": (2, "by reference"),
    "[profiles.a]\nendpoint = { base_url = 'https://x.example', auth = 'no' }\n": (2, "'auth'"),
    "[profiles.a.models]\ndefault = 3\n[profiles.a.endpoint]\nbase_url = 'https://x.example'\n": (2, "'default'"),
    "[profiles.a.endpoint.timeouts]\nidle_s = 'long'\n[profiles.a.endpoint]\nbase_url = 'https://x.example'\n": (
        2,
        "'idle_s'",
    ),
    "[profiles.a]\nnote = 'no endpoint'\n": (1, "endpoint.base_url is missing"),
    "profiles.a.endpoint.base_url = 'https://x.example'\nprofiles.a.route = 'sideways'\n": (2, "'route'"),
}


@pytest.mark.parametrize("text", WRONG)
def test_an_error_names_the_profile_the_key_and_the_line(paths: Paths, text: str) -> None:
    line, words = WRONG[text]
    write(paths, text)
    error = load_profiles(paths).broken["a"]
    assert f"line {line}: profile 'a'" in error.message
    assert words in error.message
    assert error.hint


def test_a_slip_in_one_profile_leaves_the_others_working(paths: Paths) -> None:
    write(paths, BY_HAND + "\n[profiles.bad.endpoint]\nbase_url = 3\n")
    book = load_profiles(paths)
    assert list(book.profiles) == ["work", "a.b"]
    with pytest.raises(UsageError, match="profile 'bad'"):
        book.get("bad")


def test_the_others_can_be_changed_beside_a_broken_one(paths: Paths) -> None:
    write(paths, BY_HAND + "\n[profiles.bad.endpoint]\nbase_url = 3\n")
    save_profile(paths, MINE)
    assert "base_url = 3" in text_of(paths)
    assert "mine" in load_profiles(paths).profiles


UNREADABLE = {
    "[profiles.a]\n[profiles.a]\n": "twice .*line 2",
    "[profiles.a\n": "line 1",
    "a = 1\na = 2\n": "line 2",
    "profile = 1\n": "unknown key 'profile'",
    "profiles = 1\n": "table of tables",
    "version = 9\n": "version 9",
    "version = 'x'\n": "version x",
}


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_file_that_cannot_be_read_says_where(paths: Paths, text: str) -> None:
    write(paths, text)
    with pytest.raises(UsageError, match=UNREADABLE[text]):
        load_profiles(paths)


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_file_that_cannot_be_read_is_never_written_over(paths: Paths, text: str) -> None:
    write(paths, text)
    with pytest.raises(UsageError):
        save_profile(paths, MINE)
    assert text_of(paths) == text


def test_text_that_is_not_utf_8_is_refused(paths: Paths) -> None:
    Path(paths.config_dir).mkdir(parents=True)
    Path(paths.profiles).write_bytes(b"[profiles.\xff]\n")
    with pytest.raises(UsageError, match="UTF-8"):
        load_profiles(paths)


def test_a_byte_order_mark_is_no_obstacle(paths: Paths) -> None:
    Path(paths.config_dir).mkdir(parents=True)
    Path(paths.profiles).write_bytes(b"\xef\xbb\xbf" + BY_HAND.encode())
    assert list(load_profiles(paths).profiles) == ["work", "a.b"]


@needs.links
def test_a_linked_file_stays_a_link(paths: Paths, home: Path) -> None:
    (home / "dotfiles").mkdir()
    real = home / "dotfiles" / "profiles.toml"
    real.write_text(BY_HAND)
    Path(paths.config_dir).mkdir(parents=True)
    Path(paths.profiles).symlink_to(real)
    save_profile(paths, MINE)
    assert Path(paths.profiles).is_symlink()
    assert "mine" in real.read_text()


# ---------------------------------------------------------------- laws

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True).filter(lambda n: n != "official")
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
keys = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
refs = st.sampled_from(
    [SecretRef("none"), SecretRef("env", "K"), SecretRef("command", "op read x"), SecretRef("keyring", "k")]
)


@st.composite
def endpoints(draw: st.DrawFn) -> Endpoint:
    return Endpoint(
        base_url=draw(st.sampled_from(["https://api.example.com/v1", "http://127.0.0.1:1"])),
        wire=draw(st.sampled_from(["anthropic", "openai-chat", None])),
        auth=draw(st.sampled_from(["bearer", "x-api-key", "both", "none", "header:api-key"])),
        headers=draw(st.dictionaries(keys, texts, max_size=2)),
        ca_file=draw(st.none() | texts),
        timeouts=draw(st.sampled_from([Timeouts(), Timeouts(connect_s=1.5), Timeouts(10, 30, 60.5)])),
    )


@st.composite
def any_profile(draw: st.DrawFn) -> Profile:
    return Profile(
        name=draw(names),
        endpoint=draw(endpoints()),
        key=draw(refs),
        keys=draw(st.dictionaries(keys, refs, max_size=2)),
        models=ModelTiers(*[draw(st.none() | texts.filter(bool)) for _ in ModelTiers._fields]),
        quirks=draw(st.dictionaries(keys, st.one_of(st.booleans(), st.integers(0, 9), texts), max_size=2)),
        route=draw(st.sampled_from(["proxy", "direct"])),
        extra_env=draw(st.dictionaries(keys, texts, max_size=2)),
        context_window=draw(st.none() | st.integers(1, 10**7)),
        fallbacks=tuple(draw(st.lists(names, max_size=2))),
        tags=tuple(draw(st.lists(texts, max_size=2))),
        note=draw(texts),
        key_host=draw(st.none() | keys),
    )


profiles = any_profile()
unhurried = settings(deadline=None, max_examples=25)


@given(profiles)
def test_a_profile_survives_the_way_through_its_table(profile: Profile) -> None:
    assert profile_from_table(profile.name, profile_to_table(profile)) == profile


@unhurried
@given(st.lists(profiles, min_size=1, max_size=4, unique_by=lambda p: p.name))
def test_profiles_survive_the_way_through_the_file(
    tmp_path_factory: pytest.TempPathFactory, written: list[Profile]
) -> None:
    paths = resolve_paths({"HOME": str(tmp_path_factory.mktemp("home"))})
    for profile in written:
        save_profile(paths, profile)
    assert list(load_profiles(paths).profiles.values()) == written


@unhurried
@given(profiles, profiles)
def test_changing_a_profile_into_another_leaves_nothing_of_the_first(
    tmp_path_factory: pytest.TempPathFactory, before: Profile, after: Profile
) -> None:
    paths = resolve_paths({"HOME": str(tmp_path_factory.mktemp("home"))})
    after = after._replace(name=before.name)
    save_profile(paths, before)
    save_profile(paths, after)
    assert load_profiles(paths).profiles == {after.name: after}
