"""Names for new profiles: ones that every system can keep apart, because profiles.toml is made to travel.

A name becomes that of files and of keys. Windows and macOS take `Work` and
`work` for one file, Windows keeps some names for its devices, whatever follows
them after a dot, and drops a dot at the end. Names that are in a file already
are read as they are. Source: "Naming Files, Paths, and Namespaces", Microsoft.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import check_name
from ccswitch_tui.sentence import say

DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{n}" for n in "0123456789¹²³"), *(f"lpt{n}" for n in "0123456789¹²³"))
)


def check_new_name(name: str, taken: Collection[str]) -> str:
    """`name` if it can be given to a new profile beside those; raises UsageError otherwise."""
    check_name(name)
    if name.endswith(".") or name.partition(".")[0].casefold() in DEVICES:
        raise UsageError(
            say("'{name}' cannot be a profile's name: Windows has no files of that name", name=name),
            hint=say("choose another name"),
        )
    same = same_for_files(name, taken)
    if same is not None and same != name:
        raise UsageError(
            say("'{name}' and '{other}' are one name for Windows and macOS", name=name, other=same),
            hint=say("choose another name"),
            kind="name-taken",
        )
    return name


def same_for_files(name: str, taken: Collection[str]) -> str | None:
    """The name among those that a file system without regard to case takes for `name`; itself first."""
    if name in taken:
        return name
    return next((other for other in taken if other.casefold() == name.casefold()), None)


def free_name(base: str, taken: Collection[str]) -> str:
    """`base`, or `base-2`, `base-3` …: the first that can be given."""
    folded = {name.casefold() for name in taken} | DEVICES
    numbered = (base, *(f"{base}-{number}" for number in range(2, 10_000)))
    return next(name for name in numbered if name.casefold() not in folded)


def header_variable(header: str) -> str:
    """The environment variable that stands for a secret header where its value must not: `HELICONE_AUTH`."""
    stem = re.sub(r"[^A-Z0-9]+", "_", header.upper()).strip("_")
    return stem if stem and not stem[0].isdigit() else f"HEADER_{stem}"
