"""The last report of every probed profile, kept in the state folder: what it found, and of which endpoint."""

from __future__ import annotations

import contextlib
import json
import os
import re

from ccswitch_tui.errors import ConflictError
from ccswitch_tui.paths import file_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ccswitch_tui.probe.model import ProbeReport
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context


def _report_path(ctx: Context, name: str) -> str:
    return os.path.join(ctx.paths.reports, file_name(name) + ".json")


def keep_report(ctx: Context, report: ProbeReport) -> None:
    """Keeps the last report of a profile; a disk that refuses costs only that."""
    from ccswitch_tui.probe.report import sentences_of
    from ccswitch_tui.textfile import make_private_dir, read_bytes, replace_text, sha256_of

    path = _report_path(ctx, report.profile)
    with contextlib.suppress(OSError, ConflictError):
        make_private_dir(ctx.paths.reports)
        kept = {**report.to_json(), "key_note": report.key_note, "sentences": sentences_of(report)}
        data = json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")
        replace_text(path, data, expected_sha256=sha256_of(read_bytes(path)), private=True)


_HEAD = re.compile(rb'"at": ?"([^"]{10,32})".{0,80}?"verdict": ?"([a-z]+)"')
HEAD_BYTES = 4096


def last_verdict(ctx: Context, name: str) -> tuple[str, str] | None:
    """The last report's verdict and time (UTC), from its first bytes: for the quick path."""
    from ccswitch_tui.textfile import read_file

    with contextlib.suppress(OSError):
        found = _HEAD.search(read_file(_report_path(ctx, name), HEAD_BYTES, head=True))
        if found:
            return found[2].decode(), found[1].decode()
    return None


def forget_report(ctx: Context, name: str) -> None:
    """Removes the last report of a profile and what was left on its key: there is none of that name any more, or it is
    another one."""
    for path in (_report_path(ctx, name), os.path.join(ctx.paths.balances, file_name(name) + ".json")):
        with contextlib.suppress(OSError):
            os.unlink(path)


def last_report(ctx: Context, name: str) -> ProbeReport | None:
    """The last report of a profile, None when there is none that can be read."""
    from ccswitch_tui.probe.report import report_from_json
    from ccswitch_tui.textfile import read_bytes

    with contextlib.suppress(OSError, ConflictError, ValueError, KeyError, TypeError):
        raw = read_bytes(_report_path(ctx, name))
        return report_from_json(json.loads(raw)) if raw else None
    return None


def move_report(ctx: Context, old: str, new: str) -> None:
    """The profile has another name now, and is the same otherwise."""
    report = last_report(ctx, old)
    forget_report(ctx, new)
    if report is not None:
        keep_report(ctx, report._replace(profile=new))
        forget_report(ctx, old)


def forget_what_changed(ctx: Context, before: Profile, after: Profile) -> None:
    """A report on another endpoint, or on other models, says nothing about this one."""
    if (before.endpoint, before.models) != (after.endpoint, after.models):
        forget_report(ctx, after.name)
