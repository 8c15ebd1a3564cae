"""A photograph of this machine as far as it matters, taken without changing or unlocking anything.

Every look is bounded and forgiving: what cannot be read becomes a word in the
picture, not an error. Credentials of Claude Code's are looked at for being
there only; their values do not enter the picture.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import ssl
import stat
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ccswitch_tui.doctor.picture import (
    CertificateFile,
    ClaudeInstall,
    ClaudeState,
    ClosedFolder,
    ProxyLook,
    SettingsLook,
    Snapshot,
)
from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.model import Profile, SecretRef
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import UnreadableFile, read_file

if TYPE_CHECKING:
    from ccswitch_tui.claude.files import SettingsFiles
    from ccswitch_tui.claude.layers import Layer
    from ccswitch_tui.paths import Paths
    from ccswitch_tui.profiles.store import ProfileBook

VERSION_PATIENCE_S = 5.0
"""`claude --version` takes 11 ms; a broken installation may hang."""


class KeyPlaces(Protocol):
    """What may be asked about keys without unlocking anything."""

    def present(self, ref: SecretRef) -> bool | None: ...

    def where(self) -> str: ...


def take_snapshot(
    paths: Paths,
    env: Mapping[str, str],
    *,
    files: SettingsFiles,
    keys: KeyPlaces,
    proxy: ProxyLook | None,
    book: ProfileBook | CcswitchError,
    focus: str | None = None,
) -> Snapshot:
    """Looks at everything once. `focus` limits the profiles to one."""
    from ccswitch_tui._version import __version__

    profiles, broken, book_problem = _profiles(book, focus)
    looks = tuple(_settings_looks(files))
    layers = tuple(files.layers())
    return Snapshot(
        env=dict(env),
        claude=_claude(env),
        state=_claude_state(paths),
        settings=looks,
        policy_faults=files.policy_faults(),
        layers=layers,
        profiles=profiles,
        broken=broken,
        book_path=paths.profiles,
        book_problem=book_problem,
        present={name: _present(keys, profile) for name, profile in profiles.items()},
        headers_present={
            (name, header): _present(keys, alone)
            for name, profile in profiles.items()
            for header, alone in profile.by_header().items()
        },
        key_store=_words(keys.where),
        proxy=proxy,
        version=__version__,
        in_use=_in_use(layers),
        executables=frozenset(_executables(layers, env)),
        certificates=tuple(_certificates(env, profiles, paths.home)),
        open_paths=tuple(_open_paths(paths)),
        closed_folders=tuple(_closed_folders(paths)),
        state_dir=paths.state_dir,
        state_problem=room_problem(paths.state_dir),
        system_proxy=system_proxy(),
        python_folder=sys.base_prefix,
        focus=focus,
    )


def _profiles(
    book: ProfileBook | CcswitchError, focus: str | None
) -> tuple[dict[str, Profile], Mapping[str, str], str]:
    if isinstance(book, CcswitchError):
        return {}, {}, book.message
    wanted = {name: p for name, p in book.profiles.items() if focus in (None, name)}
    broken = {name: error.message for name, error in book.broken.items() if focus in (None, name)}
    return wanted, broken, ""


def _words(ask: Any) -> str:
    try:
        return str(ask())
    except CcswitchError as error:
        return error.message


def _present(keys: KeyPlaces, profile: Profile) -> bool | None:
    try:
        return keys.present(profile.key)
    except CcswitchError:
        return None


# ---------------------------------------------------------------- Claude Code


VERSION_NEEDS = (
    "PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
    "TEMP", "TMP",
)  # fmt: skip
"""What `claude --version` is started with: nothing that would tell it where to connect."""


def _claude(env: Mapping[str, str]) -> ClaudeInstall:
    import subprocess
    from shutil import which

    path = which("claude", path=env.get("PATH", ""))
    if path is None:
        return ClaudeInstall()
    clean = {name: env[name] for name in VERSION_NEEDS if name in env}
    try:
        done = subprocess.run(
            [path, "--version"], env=clean, stdin=subprocess.DEVNULL, capture_output=True, timeout=VERSION_PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return ClaudeInstall(
            path, problem=str(getattr(error, "strerror", "") or "") or say("it did not answer in time")
        )
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return ClaudeInstall(path, problem=words[-1][:200] if words else say("exit code {code}", code=done.returncode))
    return ClaudeInstall(path, said.split(" ")[0])


def _claude_state(paths: Paths) -> ClaudeState:
    tree = _json_of(paths.claude_json)
    answers = tree.get("customApiKeyResponses")
    answers = answers if isinstance(answers, dict) else {}
    credentials = _json_of(os.path.join(paths.claude_dir, ".credentials.json"))
    return ClaudeState(
        logged_in=bool(credentials.get("claudeAiOauth")),
        onboarded=tree.get("hasCompletedOnboarding") is True,
        approved=_endings(answers.get("approved")),
        rejected=_endings(answers.get("rejected")),
    )


def _endings(listed: Any) -> tuple[str, ...]:
    return tuple(str(end)[-8:] for end in listed) if isinstance(listed, list) else ()


def _json_of(path: str) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        tree = json.loads(read_file(path))
        return tree if isinstance(tree, dict) else {}
    return {}


def _settings_looks(files: SettingsFiles) -> list[SettingsLook]:
    from ccswitch_tui.claude.files import leniently

    looks = []
    for scope, path in files.here().items():
        try:
            read = files.read(scope)
        except CcswitchError as error:
            fault = error.fault if isinstance(error, UnreadableFile) else error.message
            tree = leniently(path)
            looks.append(SettingsLook(scope, path, tree or {}, fault, error.hint, tree is not None))
        else:
            if read.data is not None:
                looks.append(SettingsLook(scope, path, read.tree))
    return looks


def _in_use(layers: tuple[Layer, ...]) -> str | None:
    from ccswitch_tui.claude.layers import effective
    from ccswitch_tui.claude.reading import profile_in

    return profile_in({"apiKeyHelper": effective(layers, "apiKeyHelper").value})


def _executables(layers: tuple[Layer, ...], env: Mapping[str, str]) -> list[str]:
    """The helper's program, where it can be started here."""
    from shutil import which

    from ccswitch_tui.claude.launch import helper_program
    from ccswitch_tui.claude.layers import effective

    program = helper_program(str(effective(layers, "apiKeyHelper").value or ""))
    path = which(program, path=env.get("PATH", "")) if program else None
    return [program] if path and _has_its_interpreter(path) else []


def _has_its_interpreter(path: str) -> bool:
    """False for a script whose first line names a Python that was upgraded away, with its virtual environment."""
    with contextlib.suppress(OSError):
        first = read_file(path).partition(b"\n")[0]
        if first.startswith(b"#!/") and sys.platform != "win32":
            return os.path.exists(first[2:].split()[0])
    return True


# ---------------------------------------------------------------- ours


def _certificates(env: Mapping[str, str], profiles: Mapping[str, Profile], home: str) -> list[CertificateFile]:
    named = [(name, env[name]) for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE") if env.get(name)]
    named += [(f"profile {name}", p.endpoint.ca_file) for name, p in profiles.items() if p.endpoint.ca_file]
    return [CertificateFile(name, path, _certificate_problem(path, home)) for name, path in named]


def _certificate_problem(path: str, home: str) -> str:
    full = os.path.join(home, path[2:]) if path.startswith("~/") else path
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(full)
    except ssl.SSLError:
        return say("it holds no certificate in PEM form")
    except OSError as error:
        return str(error.strerror or error).lower()
    return ""


def _open_paths(paths: Paths) -> list[str]:
    if sys.platform == "win32":
        return []
    ours = [paths.state_dir, paths.proxy_state, paths.encrypted_keys, paths.history, paths.reports, paths.proxy_log]
    found = []
    for path in ours:
        with contextlib.suppress(OSError):
            if stat.S_IMODE(os.stat(path).st_mode) & 0o077:
                found.append(path)
    return found


def _closed_folders(paths: Paths) -> Iterator[ClosedFolder]:
    """The folders that writes go to, or the nearest one above that exists, where it lets nobody write."""
    wanted = (paths.config_dir, paths.state_dir, paths.history, paths.reports, paths.claude_dir)
    for path in dict.fromkeys(_nearest(path) for path in wanted):
        if not os.path.isdir(path):
            yield ClosedFolder(path, "file")
        elif not os.access(path, os.W_OK | os.X_OK):
            yield ClosedFolder(path, _why_closed(path))


def _why_closed(path: str) -> str:
    if sys.platform == "win32":
        return "mode"
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "mount"
    return "mode" if os.stat(path).st_uid == os.geteuid() else "owner"


def _nearest(path: str) -> str:
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def room_problem(folder: str) -> str:
    """Why nothing can be written into this folder, if the disk is the reason; "" when it can, or nobody knows."""
    import shutil

    while folder and not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    with contextlib.suppress(OSError):
        if sys.platform != "win32" and os.statvfs(folder).f_flag & os.ST_RDONLY:
            return os.strerror(errno.EROFS).lower()
        if shutil.disk_usage(folder).free == 0:
            return os.strerror(errno.ENOSPC).lower()
    return ""


def system_proxy() -> str:
    """The https proxy of Windows' registry or macOS's network settings; what they leave out is left out here."""
    import urllib.request

    ask = getattr(urllib.request, "getproxies_registry", None) or getattr(
        urllib.request, "getproxies_macosx_sysconf", None
    )
    if ask is None:
        return ""
    found = str(ask().get("https", ""))
    scheme, _, place = found.rpartition("://")
    return f"{scheme or 'http'}://{place.rpartition('@')[2]}" if place else ""  # never with a password
