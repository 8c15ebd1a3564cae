"""The seldom ways through what keeps keys and hides them: each refuses with a word, and shows nothing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from ccswitch_tui import secret
from ccswitch_tui.credentials import encrypted_file, index, moved
from ccswitch_tui.credentials.base import clean_key
from ccswitch_tui.credentials.moved import Moved, Part
from ccswitch_tui.credentials.plain_text import find_keys
from ccswitch_tui.credentials.references import from_command
from ccswitch_tui.errors import ConflictError, KeyStoreError, UsageError
from ccswitch_tui.paths import Paths, resolve_paths
from ccswitch_tui.printable import printable_json
from ccswitch_tui.secret import MASK, Secret, forms_of, redact
from ccswitch_tui.textfile import sha256_of
from kit import needs

KEY = Secret("sk-example-corner-0123456789")
PASSPHRASE = Secret("correct horse battery")


@pytest.fixture
def paths(home: Path) -> Paths:
    return resolve_paths({"HOME": str(home), "CCSWITCH_HOME": str(home / "ours")})


# ---------------------------------------------------------------- hiding


def test_a_key_inside_another_is_masked_once_where_both_are_escaped() -> None:
    longer, shorter = Secret("sk-example-in-a-longer-one-0123"), Secret("in-a-longer-one-0123")
    text = "said: " + "".join(f"\\u{ord(c):04x}" for c in longer.reveal()) + " end"
    assert redact(text, [longer, shorter]) == f"said: {MASK} end"


def test_masking_ends_even_if_every_round_found_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "_redact_once", lambda text, *_: text + ".")
    assert redact("a") == secret.covered("a") == "a...."


def test_what_is_too_short_to_tell_in_base64_is_not_looked_for() -> None:
    assert all(len(form) < secret.SHORTEST_KNOWN or form != "YWI=" for form in forms_of("ab"))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("hard", [0, 1])
def test_a_limit_of_nothing_is_not_raised_to_forbid_core_files(monkeypatch: pytest.MonkeyPatch, hard: int) -> None:
    import resource

    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (0, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: asked.append(limits))
    secret.forbid_core_dumps()
    assert asked == [(1, 1)] * hard


def test_a_hidden_character_beyond_sixteen_bits_is_escaped_as_the_pair_it_is() -> None:
    document = json.dumps({"name": "a\U000e0041b\u202e"}, ensure_ascii=False)
    shown = printable_json(document)
    assert shown.isascii() and json.loads(shown) == json.loads(document)


# ---------------------------------------------------------------- reading


def test_a_command_that_prints_without_end_is_no_key(home: Path) -> None:
    with pytest.raises(KeyStoreError, match="printed more than"):
        from_command(f"{sys.executable} -c \"print('k' * 2_000_000)\"", dict(os.environ))


def test_a_key_longer_than_a_header_is_refused() -> None:
    with pytest.raises(UsageError, match="characters"):
        clean_key("k1" * 20_000, "bearer")


def test_a_template_in_a_file_is_no_key() -> None:
    assert find_keys('{"env": {"ANTHROPIC_AUTH_TOKEN": "sk-example-${SOMETHING}-0123456789"}}') == []


# ---------------------------------------------------------------- keeping


@pytest.fixture
def store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(encrypted_file, "SCRYPT", {"n": 2**14, "r": 8, "p": 1})
    path = home / "state" / "keys.enc"
    encrypted_file.create(str(path), str(path.parent), PASSPHRASE).set("work", KEY)
    return path


@needs.modes
def test_a_key_file_that_is_open_to_others_is_closed_at_the_next_write(store: Path) -> None:
    store.chmod(0o644)
    encrypted_file.open_file(str(store), str(store.parent), PASSPHRASE).set("more", KEY)
    assert store.stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_does_not_hold_what_was_written_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = encrypted_file.open_file(str(store), str(store.parent), PASSPHRASE)
    rotting = lambda path, *given, **more: Path(path).write_bytes(b"rot")  # noqa: E731
    monkeypatch.setattr("ccswitch_tui.textfile.replace_text", rotting)
    with pytest.raises(KeyStoreError, match="does not contain what was written"):
        opened.set("more", KEY)
    assert Path(encrypted_file.copy_of(str(store))).read_bytes() != b"rot"


def test_what_is_no_key_file_is_told(store: Path) -> None:
    store.write_bytes(b"x" * (encrypted_file.LONGEST_FILE + 1))
    with pytest.raises(KeyStoreError):
        encrypted_file.check_file(str(store))
    store.unlink()
    store.mkdir()
    with pytest.raises(KeyStoreError, match=r"not a file$"):
        encrypted_file.check_file(str(store))


def test_what_was_sealed_and_is_no_table_is_damage(store: Path) -> None:
    opened = encrypted_file.open_file(str(store), str(store.parent), PASSPHRASE)
    store.write_bytes(encrypted_file._seal([1], opened._derived, opened._salt, opened._scrypt))  # type: ignore[arg-type]
    with pytest.raises(KeyStoreError):
        encrypted_file.open_file(str(store), str(store.parent), PASSPHRASE)


def test_a_name_that_is_known_is_not_written_again(paths: Paths) -> None:
    index.note(paths, "work", stored=True)
    before = os.stat(paths.key_index).st_mtime_ns
    index.note(paths, "work", stored=True)
    assert (os.stat(paths.key_index).st_mtime_ns, index.names(paths)) == (before, frozenset({"work"}))


# ---------------------------------------------------------------- moved out of files


def record(file: Path, before: bytes, after: bytes) -> Moved:
    part = Part(1, after.index(b"*") + 1, "work", "", "")
    return Moved("", 1.0, str(file), sha256_of(before), sha256_of(after), (part,))


BEFORE, AFTER = b"=" + KEY.reveal().encode(), b"=*"


def test_records_of_another_version_and_of_files_that_were_put_back_do_not_count(paths: Paths, home: Path) -> None:
    file = home / "file"
    file.write_bytes(AFTER)
    kept = moved.keep(paths, record(file, BEFORE, AFTER))
    strange = moved.keep(paths, record(file, BEFORE, AFTER))
    place = Path(moved.folder(paths)) / f"{strange.id}.json"
    place.write_text(place.read_text().replace('"version": 1', '"version": 99'))
    assert moved.records(paths) == [kept]
    file.unlink()
    assert moved.records(paths) == [kept]
    file.write_bytes(BEFORE)
    assert moved.records(paths) == []


def test_a_file_that_changed_meanwhile_keeps_its_keys_and_leaves_no_record(paths: Paths, home: Path) -> None:
    file = home / "file"
    file.write_bytes(b"somebody else's")
    with pytest.raises(ConflictError):
        moved.write_file(paths, record(file, BEFORE, AFTER), BEFORE, AFTER)
    assert file.read_bytes() == b"somebody else's"
    assert os.listdir(moved.folder(paths)) == []


def test_another_key_under_the_name_is_not_put_into_the_file(paths: Paths, home: Path) -> None:
    file = home / "file"
    file.write_bytes(BEFORE)
    done = moved.write_file(paths, record(file, BEFORE, AFTER), BEFORE, AFTER)
    with pytest.raises(UsageError, match="not those that were in"):
        moved.take_back(paths, done, lambda name: Secret("sk-example-another-0123456789"))
    assert file.read_bytes() == AFTER
    moved.take_back(paths, done, lambda name: KEY)
    assert file.read_bytes() == BEFORE


def test_what_one_types_is_covered_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret.covered(f"a {KEY.reveal()} b") == f"a {'•' * len(KEY.reveal())} b"
    assert secret.covered("password=密钥abc123456789") == "password=＊＊••••••••••••"
    assert secret.covered("harmless") == "harmless"
    rounds: list[str] = []
    monkeypatch.setattr(secret, "_redact_once", lambda text, *more: rounds.append(text) or text + "•")
    assert secret.covered("x") == "x••••", "it ends even if every round found more"
