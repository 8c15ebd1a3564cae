"""The last verdict of every profile, from the heads of the kept reports: a thousand of them cost milliseconds.

A report is tens of kilobytes of evidence; name and verdict stand among its
first fields (probe/model.py, ProbeReport.to_json), so only the head is read.
What was read is remembered by the file's time and size.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import unquote

from ccswitch_tui.textfile import read_file

HEAD_BYTES = 4096
_VERDICT = re.compile(rb'"verdict": ?"([a-z]+)"')


class LastVerdict(NamedTuple):
    """What the last probe of a profile came to, and when (seconds since the epoch)."""

    verdict: str | None
    at: float | None


class Verdicts:
    """Reads the folder of reports, each file once."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._known: dict[str, tuple[int, int, LastVerdict]] = {}

    def all(self) -> dict[str, LastVerdict]:
        """Profile name to its last verdict."""
        found = {}
        try:
            entries = list(os.scandir(self.folder))
        except OSError:
            return {}
        for entry in entries:
            if entry.name.endswith(".json"):
                found[unquote(entry.name.removesuffix(".json"))] = self._one(entry)
        return found

    def _one(self, entry: os.DirEntry[str]) -> LastVerdict:
        try:
            stat = entry.stat()
            known = self._known.get(entry.name)
            if known and known[:2] == (stat.st_mtime_ns, stat.st_size):
                return known[2]
            head = _VERDICT.search(read_file(entry.path, HEAD_BYTES, head=True))
        except OSError:
            return LastVerdict(None, None)
        last = LastVerdict(head[1].decode(), stat.st_mtime) if head else LastVerdict(None, None)
        self._known[entry.name] = (stat.st_mtime_ns, stat.st_size, last)
        return last
