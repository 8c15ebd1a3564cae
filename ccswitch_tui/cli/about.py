"""`--version`: the version first, then what a bug report has to say about the machine, and nothing else of it.

On the quick path, so the libraries are found by the names of their folders;
`importlib.metadata` and `platform` cost more than all of this. Sources: Python
Packaging User Guide, "Recording installed projects" (NAME-VERSION.dist-info);
os-release(5).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping

from ccswitch_tui._version import __version__

LIBRARIES = ("textual", "keyring", "cryptography", "httptools", "h11", "orjson", "uvloop")
"""What differs from machine to machine and matters: the app, the keys, and the fast parts that may be absent."""

OS_RELEASE = "/etc/os-release"


def lines(env: Mapping[str, str]) -> Iterator[str]:
    """What is printed. The first line is a contract: `ccswitch-tui X.Y.Z`."""
    yield f"ccswitch-tui {__version__}"
    python = ".".join(map(str, sys.version_info[:3]))
    yield f"python   {sys.implementation.name} {python}, {_short(sys.prefix, env)}"
    yield f"system   {system()}"
    found = libraries(sys.path)
    yield "parts    " + ", ".join(f"{name} {found.get(name, '-')}" for name in LIBRARIES)


def system() -> str:
    """The system, its release and its processor."""
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        return (
            f"Windows {version.major}.{version.minor}.{version.build}, {os.environ.get('PROCESSOR_ARCHITECTURE', '')}"
        )
    kernel = os.uname()
    name = _distribution()
    return f"{kernel.sysname} {kernel.release}, {kernel.machine}" + (f", {name}" if name else "")


def _distribution() -> str:
    """What a Linux calls itself; "" where nothing says so."""
    from ccswitch_tui.textfile import read_file

    with contextlib.suppress(OSError):
        for line in read_file(OS_RELEASE, 65536).decode("utf-8", "replace").split("\n"):
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip().strip("\"'")
    return ""


def libraries(folders: list[str]) -> dict[str, str]:
    """The versions of installed libraries; of two on the path the first counts, as for an import."""
    found: dict[str, str] = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            for entry in os.listdir(folder or "."):
                name, dash, version = entry.removesuffix(".dist-info").partition("-")
                if dash and entry.endswith(".dist-info"):
                    found.setdefault(name.lower(), version)
    return found


def _short(path: str, env: Mapping[str, str]) -> str:
    """A path without the name of whoever is at home there."""
    home = env.get("HOME") or env.get("USERPROFILE") or ""
    inside = len(home) > 1 and (path + os.sep).startswith(home.rstrip(os.sep) + os.sep)
    return "~" + path[len(home.rstrip(os.sep)) :] if inside else path
