"""What a photograph of this machine holds: plain data, so that every check is a pure function over it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from ccswitch_tui.claude.layers import Layer
from ccswitch_tui.profiles.model import Profile


class ClaudeInstall(NamedTuple):
    """The Claude Code on the PATH."""

    path: str | None = None
    version: str = ""
    problem: str = ""


class SettingsLook(NamedTuple):
    """One settings file."""

    scope: str
    path: str
    tree: Mapping[str, Any]
    problem: str = ""
    """Why we cannot read it."""
    hint: str = ""
    is_read: bool = False
    """Claude Code reads it all the same; without that, it ignores all of it."""


class ClaudeState(NamedTuple):
    """What Claude Code's own files say, without their secrets."""

    logged_in: bool = False
    """A login of the vendor's is stored in a file here."""
    onboarded: bool = False
    approved: tuple[str, ...] = ()
    """Last characters of approved keys, as Claude Code keeps them; at most eight are looked at."""
    rejected: tuple[str, ...] = ()


class CertificateFile(NamedTuple):
    """A file of certificates somebody named."""

    name: str
    """Who names it: a variable, or `profile NAME`."""
    path: str
    problem: str = ""


class ProxyLook(NamedTuple):
    """Our background proxy."""

    running: bool
    port: int
    pid: int | None = None
    version: str | None = None
    problem: str | None = None
    """`taken` (another program has the port) or `stuck` (our process does not answer)."""
    why: str = ""
    """Who has the port, where it is taken."""
    lacks: tuple[str, ...] = ()
    """Variables with keys that it was started without, and that nobody has lent it since."""
    asleep: bool = False
    """Its port is kept, and the next connection starts it."""
    sessions: int = 0
    """Of Claude Code, running now."""


class ClosedFolder(NamedTuple):
    """A folder that we, or Claude Code, could not write into."""

    path: str
    why: str
    """`file` (one lies in its place), `owner` (it is somebody else's), `mount` (a read-only file system) or `mode`."""


class Snapshot(NamedTuple):
    """Everything the checks look at."""

    env: Mapping[str, str]
    platform: str = sys.platform
    claude: ClaudeInstall = ClaudeInstall()
    state: ClaudeState = ClaudeState()
    settings: tuple[SettingsLook, ...] = ()
    policy_faults: Mapping[str, str] = {}
    """Files of the administrator's with which Claude Code does not start, and why."""
    layers: tuple[Layer, ...] = ()
    profiles: Mapping[str, Profile] = {}
    broken: Mapping[str, str] = {}
    """Profiles that cannot be read: name to why."""
    book_path: str = ""
    book_problem: str = ""
    present: Mapping[str, bool | None] = {}
    headers_present: Mapping[tuple[str, str], bool | None] = {}
    """The same for secret headers, by profile and header."""
    """Profile to whether its key is there; None where only using it would tell."""
    key_store: str = ""
    key_store_problem: str = ""
    """Why the encrypted key file cannot be used at all."""
    key_store_hint: str = ""
    key_file_locked: bool = False
    """Keys lie in the encrypted key file, and nobody has given its passphrase."""
    proxy: ProxyLook | None = None
    """None when it never ran."""
    version: str = ""
    in_use: str | None = None
    """The profile in effect in this folder."""
    drift: tuple[str, ...] = ()
    certificates: tuple[CertificateFile, ...] = ()
    open_paths: tuple[str, ...] = ()
    """Files and folders of ours that others may read."""
    closed_folders: tuple[ClosedFolder, ...] = ()
    state_dir: str = ""
    state_problem: str = ""
    """Why nothing can be written there, where that is plain: the disk is full, or mounted read-only."""
    system_proxy: str = ""
    """For https, by Windows' or macOS's own settings; "" where there is none, or the system keeps none."""
    python_folder: str = ""
    """Where the Python that runs us was installed."""
    executables: frozenset[str] = frozenset()
    """Programs that settings name and that can be started."""
    vendor_problem: str | None = None
    """Why the host that WebFetch asks first cannot be reached; "" when it can, None when nobody looked."""
    focus: str | None = None
    """The one profile that was asked about."""
