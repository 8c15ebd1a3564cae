"""profiles.toml: tomllib in, tomlkit out, so that comments, order and spacing survive.

Reading is on the quick-switch path: tomllib alone costs more than half of what
`python -c pass` does, so what a file said is kept as JSON under its hash.
Writing goes through textfile.replace_text with the hash of what was read, so
that an edit made meanwhile is refused and not lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping

from ccswitch_tui.errors import UsageError
from ccswitch_tui.paths import Paths
from ccswitch_tui.profiles.model import Profile, check_name
from ccswitch_tui.profiles.table import ProfileFileError, profile_from_table, profile_to_table
from ccswitch_tui.profiles.tiers import Migration, migrated
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import Sentence, either, say
from ccswitch_tui.textfile import read_file, sha256_of, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.profiles.search_source import SearchSource

VERSION = 2
"""Version 1 said in a model's name that another profile answers: profiles/tiers.py reads that."""

HEADER = """\
# Profiles of ccswitch-tui. Made to be read, edited by hand and kept in a dotfiles
# repository: it never holds a key, only where a key is.
version = 2
"""


class ProfileBook(NamedTuple):
    """What profiles.toml held when it was read."""

    profiles: dict[str, Profile]
    sha256: str
    """Of the file's bytes; "" when there was no file."""
    broken: Mapping[str, ProfileFileError] = {}
    """Profiles that cannot be meant, each with file and line: a slip in one leaves the others working."""
    search: SearchSource | None = None
    """Where the web searches of all profiles go, unless a profile says otherwise; None: nowhere."""
    words: tuple[str, ...] = ()
    """What an older form of the file is now taken to mean; written down with the next change of the file."""

    def get(self, name: str) -> Profile:
        """The profile of that name; raises its own error when it is broken, UsageError with near names when absent."""
        if name in self.broken:
            raise self.broken[name]
        try:
            return self.profiles[name]
        except KeyError:
            raise UsageError(
                say("no profile '{name}'", name=name), hint=_nearest_hint(name, self.profiles), kind="no-profile"
            ) from None


def _nearest_hint(name: str, known: dict[str, Profile]) -> Sentence:
    if not known:
        return say("there are none yet: 'ccswitch-tui add NAME --paste -' makes one from a curl command that works")
    import difflib

    near = difflib.get_close_matches(name, known, n=3)
    if near:
        return say("did you mean {names}?", names=either(map(repr, near)))
    return say("there are: {names}", names=", ".join(sorted(known)[:12]))


def load_profiles(paths: Paths) -> ProfileBook:
    """All profiles; an absent file is an empty book.

    Raises ProfileFileError naming file and line when the file as a whole
    cannot be read; a profile that makes no sense goes to `broken` instead.
    """
    raw = _read(paths.profiles)
    if raw is None:
        return ProfileBook({}, "")
    sha256 = sha256_of(raw)
    document = _remembered(paths, sha256)
    if document is None:
        document = _document(raw, paths.profiles)
        _remember(paths, sha256, document)
    profiles, broken = {}, {}
    for name, table in document["profiles"].items():
        try:
            profiles[check_name(name)] = profile_from_table(name, table)
        except UsageError as error:
            line = _line_of(raw.decode("utf-8-sig"), name, getattr(error, "key", ()))
            broken[name] = ProfileFileError(
                say("{path}, line {line}: {message}", path=paths.profiles, line=line, message=error.message),
                hint=error.hint or say("fix the line in an editor: nothing was changed"),
            )
    search = search_of(document["search"], paths.profiles) if document.get("search") else None
    return ProfileBook(profiles, sha256, broken, search, tuple(document["words"]))


def _read(path: str) -> bytes | None:
    try:
        return read_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProfileFileError(say("cannot read {path}: {reason}", path=path, reason=error.strerror)) from None


def search_of(value: Any, path: str) -> SearchSource:
    """The `[search]` table. Raises ProfileFileError naming the file."""
    from ccswitch_tui.profiles.search_source import parse_search

    try:
        return parse_search(value)
    except UsageError as error:
        raise ProfileFileError(
            say("{path}, [search]: {message}", path=path, message=error.message), hint=error.hint
        ) from None


def _remembered(paths: Paths, sha256: str) -> dict[str, Any] | None:
    """What the file of this hash said, if it was read before. Whatever is wrong with the memory: None."""
    try:
        kept = json.loads(read_file(_memory(paths)))
        document = kept["document"]
        whole = kept["sha256"] == sha256 and isinstance(document["profiles"], dict) and "words" in document
        return document if whole else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _remember(paths: Paths, sha256: str, document: dict[str, Any]) -> None:
    """Keeps what the file said for the next reading. Not for the sake of it: only where our folder is there already."""
    if os.path.isdir(paths.state_dir):
        with contextlib.suppress(OSError, TypeError, ValueError):  # a date, for one, is no JSON
            kept = json.dumps({"sha256": sha256, "document": document}, allow_nan=False)
            write_private(_memory(paths), kept.encode("utf-8", "surrogatepass"))


def _memory(paths: Paths) -> str:
    return os.path.join(paths.state_dir, "profiles.json")


def _document(raw: bytes, path: str) -> dict[str, Any]:
    """What the file says, in today's form: `profiles`, a table of tables, and `search`; with `words` about an older
    form, and the names of the profiles that it `changed`. Raises ProfileFileError."""
    import tomllib

    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ProfileFileError(say("{path} is not UTF-8 text: byte {start}", path=path, start=error.start)) from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileFileError(
            say("{path} cannot be read as TOML: {error}", path=path, error=error),
            hint=say("fix the line, nothing was changed"),
        ) from None
    version = document.get("version", 1)
    if not isinstance(version, int) or version > VERSION:
        raise ProfileFileError(
            say("{path} has version {version}, newer than this program knows", path=path, version=version),
            hint=say("upgrade ccswitch-tui"),
        )
    unknown = set(document) - {"version", "profiles", "search"}
    if unknown:
        raise ProfileFileError(
            say("{path}: unknown key '{key}'", path=path, key=sorted(unknown)[0]),
            hint=say("profiles are tables named [profiles.NAME]"),
        )
    tables = document.get("profiles", {})
    if not isinstance(tables, dict):
        raise ProfileFileError(
            say("{path}: 'profiles' should be a table of tables", path=path), hint=say("write [profiles.NAME]")
        )
    found = migrated(tables) if version < VERSION else Migration(tables)
    return {
        "profiles": found.tables,
        "search": document.get("search"),
        "words": found.words,
        "changed": found.changed,
    }


def _line_of(text: str, name: str, key: tuple[str, ...]) -> int:
    """The line of a key of a profile, or of the nearest table above it that is there; 1 when nothing is."""
    best = 1
    here: tuple[str, ...] = ()
    wanted = ("profiles", name, *key)
    deepest = 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+([^\[\]]+)\]", line)
        assigned = (
            None
            if header
            else re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line)
        )
        if header:
            here = found = _dotted(header[1])
        elif assigned:
            found = (*here, *_dotted(assigned[1]))
        else:
            continue
        # `endpoint = { auth = … }` holds what is looked for, and is the line to show
        depth = len(found) if wanted[: len(found)] == found else 0
        if depth > deepest and depth > 1:
            best, deepest = number, depth
    return best


def _dotted(text: str) -> tuple[str, ...]:
    """`profiles."a.b".endpoint` as its parts."""
    return tuple(m[1] or m[2] or m[3] for m in re.finditer(r"""([\w-]+)|"([^"]*)"|'([^']*)'""", text))


def save_profile(paths: Paths, profile: Profile, *, expected_sha256: str | None = None) -> None:
    """Adds or replaces one profile; the rest of the file keeps its comments and order.

    Raises ConflictError when the file is no longer the one of `expected_sha256`.
    """
    update_profiles(paths, {profile.name: profile}, expected_sha256=expected_sha256)


def update_profiles(paths: Paths, changes: Mapping[str, Profile | None], *, expected_sha256: str | None = None) -> None:
    """Several changes in one write: a name with the profile to save there, or None to take it out.

    A profile saved under another name than its key is renamed in its place.
    Raises ConflictError when the file is no longer the one of `expected_sha256`.
    """
    for profile in changes.values():
        if profile is not None:
            check_name(profile.name)
            profile_from_table(profile.name, profile_to_table(profile))
            _refuse_keys(profile)
    _rewrite(paths, expected_sha256, changes)


def save_search(paths: Paths, source: SearchSource | None, *, expected_sha256: str | None = None) -> None:
    """Writes the `[search]` table, or takes it out; all else keeps its bytes."""
    from ccswitch_tui.profiles.search_source import search_to_table

    _rewrite(paths, expected_sha256, {}, search=None if source is None else search_to_table(source))


def _refuse_keys(profile: Profile) -> None:
    """Raises UsageError when a text of the profile is, or holds, a key: this file is made to be shared.

    The corporate proxy's address may hold that proxy's own password: there is no other place for it.
    """
    from ccswitch_tui.secret import redact

    table = profile_to_table(profile._replace(endpoint=profile.endpoint._replace(http_proxy=None)))
    for where, text in _texts(table, ""):
        label = "" if where.startswith("secret_headers.") else where.rpartition(".")[2]  # references, as was checked
        if redact(text) != text or redact(f"{label}: {text}") != f"{label}: {text}":
            raise UsageError(
                say(
                    "profile '{name}': {where} looks like a key, and profiles.toml never holds one",
                    name=profile.name,
                    where=where,
                ),
                hint=say("put it into the key store: 'ccswitch-tui edit {name} --key-stdin'", name=profile.name),
                kind="key-in-profile",
            )


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, where)


UNCHANGED: dict[str, Any] = {}


def _rewrite(
    paths: Paths,
    expected_sha256: str | None,
    changes: Mapping[str, Profile | None],
    *,
    search: dict[str, Any] | None = UNCHANGED,
) -> None:
    from ccswitch_tui.profiles.rewriting import Wanted, rewritten
    from ccswitch_tui.textfile import locked, read_bytes, replace_text

    with locked(paths.profiles, paths.state_dir):
        raw = read_bytes(paths.profiles)
        text = raw.decode("utf-8-sig") if raw is not None else HEADER
        before = _document(raw, paths.profiles) if raw is not None else {"profiles": {}, "words": (), "changed": ()}
        for old, profile in changes.items():
            if profile is not None and profile.name != old:
                text = _renamed(text, old, profile.name)
        text = _of_today(text, before, changes)
        wanted: dict[str, dict[str, Any] | None] = {
            name: before["profiles"][name] for name in before["changed"] if name not in changes
        }
        for old, profile in changes.items():
            if profile is None:
                wanted[old] = None
            else:
                wanted[profile.name] = profile_to_table(profile)
        others = {} if search is UNCHANGED else {"search": search}
        known = sha256_of(raw) if raw is not None else ""
        replace_text(
            paths.profiles,
            rewritten(text, Wanted(wanted, others), paths.profiles).encode(),
            expected_sha256=known if expected_sha256 is None else expected_sha256,
            new_mode=0o600,
        )


def _of_today(text: str, before: Mapping[str, Any], changes: Mapping[str, Profile | None]) -> str:
    """The text as of today's version where the old one could be misread: else a file stays as its owner wrote it."""
    after = {**before["profiles"], **{p.name: profile_to_table(p) for p in changes.values() if p is not None}}
    if _version_of(text) >= VERSION or not (before["words"] or migrated(after).words):
        return text
    said = f"version = {VERSION}"
    return _VERSION_LINE.sub(said, text, count=1) if _VERSION_LINE.search(text) else f"{said}\n{text}"


_VERSION_LINE = re.compile(r"^version[ \t]*=[ \t]*[0-9]+", re.MULTILINE)


def _version_of(text: str) -> int:
    import tomllib

    version = tomllib.loads(text).get("version", 1)
    return version if isinstance(version, int) else 1


def _renamed(text: str, old: str, new: str) -> str:
    """The text with the headers of one profile naming it anew, so that its place and its comments stay."""
    header = re.compile(
        rf"""^(\s*\[\s*profiles\s*\.\s*)(?:{re.escape(old)}|"{re.escape(old)}"|'{re.escape(old)}')(?=\s*[.\]])""",
        re.MULTILINE,
    )
    bare = new if re.fullmatch(r"[A-Za-z0-9_-]+", new) else f'"{new}"'
    return header.sub(lambda match: match[1] + bare, text)
