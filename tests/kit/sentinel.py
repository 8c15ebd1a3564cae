"""A planted key, and the search for it in every form a leak takes: plain, base64, URL-encoded, JSON-escaped, hex."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest


class Sentinel:
    """One key that may be found in no file, stream, command line or environment but those allowed."""

    def __init__(self) -> None:
        self.key = f"sk-example-SENTINEL/{secrets.token_hex(8)}+{secrets.token_hex(8)}"
        """Fit for a header and a shell; its slash and plus make the encodings differ from the plain form."""
        self._forms = forms_of(self.key)

    def found_in(self, data: bytes | str) -> str | None:
        """The form in which the key is in `data`, or None."""
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        return next((name for name, form in self._forms.items() if form in raw), None)

    def search_files(self, *roots: Path, allowed: Iterable[Path] = ()) -> list[str]:
        """Every file below `roots` that holds it: `PATH: FORM`. File names are searched too."""
        may = {path.resolve() for path in allowed}
        leaks = []
        for root in roots:
            for path in [root, *root.rglob("*")]:
                if form := self.found_in(str(path)):
                    leaks.append(f"{path}: {form} in its name")
                if path.is_file() and not path.is_symlink() and path.resolve() not in may:
                    form = self.found_in(path.read_bytes())
                    leaks += [f"{path}: {form}"] if form else []
        return leaks

    def search_processes(self, pids: Iterable[int]) -> list[str]:
        """Every one of these processes whose command line or environment holds it."""
        leaks = []
        for pid in pids:
            for place in ("cmdline", "environ"):
                try:
                    form = self.found_in(Path(f"/proc/{pid}/{place}").read_bytes())
                except OSError:
                    continue
                leaks += [f"process {pid}, {place}: {form}"] if form else []
        return leaks


def forms_of(key: str) -> dict[str, bytes]:
    """The encodings a key turns up in, by name. base64 at each of its three alignments, without the torn ends."""
    raw = key.encode()
    core = key[: key.rfind("+")].encode()
    forms = {
        "plain": raw,
        "its plain beginning": core,
        "JSON-escaped": json.dumps(key)[1:-1].encode(),
        "JSON-escaped, slashes too": json.dumps(key)[1:-1].replace("/", "\\/").encode(),
        "URL-encoded": quote(key, safe="").encode(),
        "URL-encoded, slashes kept": quote(key).encode(),
        "hex": raw.hex().encode(),
    }
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        whole = encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]
        forms[f"base64 at {shift}"] = whole
        forms[f"base64url at {shift}"] = whole.replace(b"+", b"-").replace(b"/", b"_")
    return forms


@pytest.fixture
def sentinel() -> Sentinel:
    """A fresh planted key and its search."""
    return Sentinel()
