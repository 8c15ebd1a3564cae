"""An error message, pasted: what it means, which layer said it, what to do. Pure, over explanations.toml.

The words are other people's and change; a row holds the stable part of them.
What no row knows is tried against the table of refusals that the probe reads.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from ccswitch_tui.sentence import say

LONGEST_TEXT = 20_000
"""Characters that are looked at, from the end: of a pasted log the end matters, and patterns must not run for ever."""

MOST_SHOWN = 3

ONE_MESSAGE = 2_000
"""Characters up to which a text is one message and no log: words of ours in it then say who spoke."""


class Explanation(NamedTuple):
    """What one message means."""

    layer: str
    """Who said it."""
    means: str
    do: str
    commands: tuple[str, ...] = ()
    rung: str = ""
    """The rung of the probe that would prove it."""
    matched: str = ""
    """The part of the text that was recognised."""
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {**self._asdict(), "commands": list(self.commands)}


class Pattern(NamedTuple):
    """One row of explanations.toml."""

    says: re.Pattern[str]
    layer: str
    means: str
    do: str
    run: tuple[str, ...]
    rung: str
    source: str
    wraps: bool
    alone: bool
    """Our own words: a number that stands beside them is not the endpoint's."""


@lru_cache(maxsize=1)
def patterns() -> tuple[Pattern, ...]:
    """The rows, in order."""
    import tomllib
    from importlib.resources import files

    table = tomllib.loads((files("ccswitch_tui.probe") / "explanations.toml").read_text("utf-8"))
    return tuple(
        Pattern(
            re.compile(row["says"], re.IGNORECASE),
            row["layer"],
            row["means"],
            row["do"],
            tuple(row.get("run", ())),
            row.get("rung", ""),
            row["source"],
            row.get("wraps", False),
            row.get("alone", False),
        )
        for row in table["pattern"]
    )


def explanations(text: str, *, profile: str = "") -> list[Explanation]:
    """What the text means, the most specific first; empty when nothing in it is known.

    Commands name `profile`, or NAME where none was given.
    """
    flat = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", text[-LONGEST_TEXT:])).replace("’", "'")
    found: list[Explanation] = []
    for row in sorted(patterns(), key=lambda row: row.wraps):
        match = row.says.search(flat)
        if match and not any(_covers(known.matched, match[0]) for known in found):
            commands = tuple(command.replace("{name}", profile or "NAME") for command in row.run)
            shown = _quoted_whole(match)
            told = Explanation(say(row.layer), say(row.means), say(row.do), commands, row.rung, shown, row.source)
            if row.alone and len(flat) < ONE_MESSAGE:
                return [told]
            found.append(told)
    return found[:MOST_SHOWN] or _by_refusals(flat, profile)


def _covers(known: str, fresh: str) -> bool:
    """A more specific row has explained these words already."""
    return fresh.lower() in known.lower()


QUOTE_MARK = re.compile(r"""(?<!\w)["'`]|["'`](?!\w)""")
"""Not the apostrophe inside a word."""
LONGEST_QUOTED = 40


def _quoted_whole(match: re.Match[str]) -> str:
    """The words that were recognised, with the other half of a quotation that they begin or end in."""
    text, start, end = match.string, match.start(), match.end()
    opened = None
    for mark in QUOTE_MARK.finditer(text, start, end):
        if opened is not None:
            opened = None if mark[0] == opened else opened
        elif re.match(r"\w", text[mark.start() - 1 : mark.start()]):  # it closes what began before
            before = text.rfind(mark[0], max(0, start - LONGEST_QUOTED), start)
            start = before if before >= 0 else start
        else:
            opened = mark[0]
    if opened is not None:
        after = text.find(opened, end, end + LONGEST_QUOTED)
        end = after + 1 if after >= 0 else end
    return text[start:end][:120]


def _by_refusals(flat: str, profile: str) -> list[Explanation]:
    """The same text as a refusal of an endpoint."""
    from ccswitch_tui.findings import catalogue
    from ccswitch_tui.probe.classify import rules

    for rule in rules():
        match = rule.words.search(flat) if rule.words else None
        if match and not rule.body:
            known = rule.because if rule.because and "{" not in rule.because else catalogue()[rule.kind].title
            command = f"ccswitch-tui probe {profile or 'NAME'}"
            return [
                Explanation(
                    say("the endpoint"),
                    say(known),
                    say(rule.fix or "probe it"),
                    (command,),
                    "message",
                    _quoted_whole(match),
                    rule.source,
                )
            ]
    return []
