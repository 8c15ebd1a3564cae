"""Our part of Claude Code's status line: what is known of this session, in one short line.

The profile is that of the session's own ANTHROPIC_BASE_URL, which Claude Code
passes on, and not that of a settings file: `run`, `--settings` and exported
variables differ from it. Costs are the proxy's own; the client's are its
vendor's list price, whatever answers. Everything is read from our own files.
"""

from __future__ import annotations

import os

from ccswitch_tui.language import spoken
from ccswitch_tui.proxy.books.answers import Answer, SessionAnswers, session_answers
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

LOOKED_AT_BYTES = 64 * 1024

SIGNS = {"works": "✓", "limited": "!", "broken": "✗"}
LONGEST_NAME = 40
SEPARATOR = " · "


def segment(ctx: Context, given: bytes) -> str:
    """The line; `given` is the JSON that Claude Code passes on stdin, or nothing."""
    asked = _found(given, b'"model"', b'"id"')
    session = _found(given, b'"session_id"') or ctx.env.get("CLAUDE_CODE_SESSION_ID", "")
    name, words = _profile(ctx)
    known = session_answers(ctx.paths.answers, session) if session else None
    answer = known.of(asked) if known else None
    parts = [words]
    if answer is not None and name and answer.route != name:
        parts[0] += f" → {answer.route}"
    if model := (answer.model if answer else asked):
        parts.append(_short(model))
    if name:
        budget = [answer.budget] if answer and answer.budget else []
        parts += [*_verdict(ctx, name), *_speed(answer), *_spent(known), *budget, *_left(ctx, name)]
    return SEPARATOR.join(parts)


def _found(given: bytes, *names: bytes) -> str:
    """The text at that path of names, "" where there is none. By hand: nothing is compiled or loaded for it."""
    rest = given[:LOOKED_AT_BYTES]
    for name in names[:-1]:
        rest = _after(rest, name, b"{").partition(b"}")[0]
    text = _after(rest, names[-1], b'"')
    value, quote, _ = text.partition(b'"')
    return value.decode("utf-8", "replace") if quote and b"\\" not in value else ""


def _after(given: bytes, name: bytes, opens: bytes) -> bytes:
    """What follows `"name": {` or `"name": "`, wherever such a key stands first."""
    while True:
        _, found, given = given.partition(name)
        if not found:
            return b""
        value = given.lstrip()
        if value[:1] == b":" and value[1:].lstrip()[:1] == opens:
            return value[1:].lstrip()[1:]


def _profile(ctx: Context) -> tuple[str, str]:
    """The profile of this session, "" for none of ours; and how to say it."""
    from ccswitch_tui.claude.routed import routed_profile

    address = ctx.env.get("ANTHROPIC_BASE_URL", "").rstrip("/")
    if not address:
        return "", say("official login")
    routed = routed_profile(address)
    profiles = ctx.book().profiles
    if routed is not None and "://127.0.0.1:" in address:
        return (
            (routed, f"● {routed}") if routed in profiles else ("", say("{name}, which no longer exists", name=routed))
        )
    direct = [p.name for p in profiles.values() if p.endpoint.base_url.rstrip("/") == address and p.route == "direct"]
    if not direct:
        from ccswitch_tui.net.hosts import host_in

        return "", say("{host}, none of our profiles", host=host_in(address))
    if len(direct) > 1:
        from ccswitch_tui.claude.places import profile_used_by

        direct = [n for n in direct if n == profile_used_by(ctx.paths.user_settings)] or direct
    return (direct[0] if len(direct) == 1 else "", "● " + " / ".join(direct))


def _short(model: str) -> str:
    return model if len(model) <= LONGEST_NAME else model[: LONGEST_NAME - 1] + "…"


def _verdict(ctx: Context, name: str) -> list[str]:
    from ccswitch_tui.workflows.reports import last_verdict

    found = last_verdict(ctx, name)
    if found is None:
        return []
    verdict, at = found
    return [f"{SIGNS.get(verdict, '')} {age_text(ctx.clock() - _seconds(at))}".strip()]


def _seconds(at: str) -> float:
    """A time as reports write it, `2026-11-20T08:15:00Z`, in seconds since the epoch; 0 for what is none.

    By hand: a calendar costs a fifth of all the rest. Days are counted from March, so that a leap day is a year's last.
    """
    parts = at[:19].replace("T", "-").replace(":", "-").split("-")
    if len(parts) != 6 or not all(part.isdecimal() for part in parts):
        return 0.0
    year, month, day, hours, minutes, seconds = map(int, parts)
    if not (1970 <= year < 10_000 and 1 <= month <= 12 and 1 <= day <= 31):
        return 0.0
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    days = year * 365 + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719_469
    return float(days * 86_400 + hours * 3600 + minutes * 60 + seconds)


def age_text(seconds: float) -> str:
    """How long ago, in one figure and a letter: `8m`, `3h`, `5d`."""
    if seconds < 60:
        return say("now")
    for length, letter in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{int(seconds // length)}{letter}"
    return ""


def _speed(answer: Answer | None) -> list[str]:
    if answer is None:
        return []
    if answer.status >= 400:
        return [say("last answer {status}", status=answer.status)]
    return (
        [] if answer.first_byte_ms is None else [say("first {seconds} s", seconds=f"{answer.first_byte_ms / 1000:.1f}")]
    )


def _spent(known: SessionAnswers | None) -> list[str]:
    if known is None or not known.requests:
        return []
    if not known.cost:
        return [say("{tokens} tokens", tokens=_thousands(known.tokens))] if known.tokens else []
    sums = " + ".join(f"{amount:.4g} {currency}" for currency, amount in sorted(known.cost.items()))
    sums = f"~{sums}" if known.estimated else sums
    if known.priced < known.requests:
        sums += say(" ({n} of {all} requests)", n=known.priced, all=known.requests)
    return [sums]


def _left(ctx: Context, name: str) -> list[str]:
    """What was left when the user last asked."""
    if not os.path.isdir(ctx.paths.balances):
        return []
    from ccswitch_tui.balance.kept import short_text
    from ccswitch_tui.workflows.balance import last_balance

    found = last_balance(ctx, ctx.book().profiles[name])
    text = spoken(short_text(found)) if found else ""
    return [f"{text} ({age_text(ctx.clock() - found.at)})"] if found and text else []


def _thousands(count: int) -> str:
    return str(count) if count < 1000 else f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"
