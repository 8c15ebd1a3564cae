"""Findings in plain words: for each kind why it is so and what mends it, as templates (findings.toml)
over what was seen.

A fix ends in something to run or press. Its patch (dotted profile keys) is
what one key applies; the commands say the same for a shell. "Turn off
verification" is never among them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ccswitch_tui.actions import Action
from ccswitch_tui.findings import Finding, Fix, Kind, Severity, catalogue
from ccswitch_tui.printable import printable
from ccswitch_tui.probe.classify import Answer
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Facts
from ccswitch_tui.sentence import filled, quoting, through, tidied

OURS_FOR_A_PROFILE = "ccswitch-tui edit {name}"


def finding(
    kind: str,
    facts: Facts,
    exchange: Exchange | None = None,
    answer: Answer | None = None,
    *,
    patch: Mapping[str, Any] | None = None,
    severity: Severity | None = None,
    evidence: tuple[int, ...] = (),
    **seen: Any,
) -> Finding:
    """One finding, worded. `seen` fills the templates; the answer's own words beat the catalogue's."""
    row = catalogue()[kind]
    known = _Known(_what_was_seen(facts, exchange, answer) | seen)
    # Words of an endpoint may hold braces: they are filled in, never taken for a template.
    own = seen.get("because") or (answer and answer.because)
    because = quoting(known["because"]) if own else filled(row.because, known)
    own_fix = seen.get("fix") or (answer.fix if answer else "")
    fix = quoting(own_fix) if own_fix else filled(row.fix, known)
    patch = patch or (answer.patch if answer else None) or _quirk_patch(facts, answer)
    return Finding(
        kind=kind,
        title=row.title,
        because=through(printable, tidied(_sentence, because)),
        severity=severity or row.severity,
        fix=Fix.of(
            through(printable, fix), *([] if severity == "info" else _steps(facts, patch, row, known)), patch=patch
        ),
        code=row.code,
        evidence=evidence or ((exchange.id,) if exchange else ()),
    )


class _Known(dict[str, Any]):
    """What was not seen is left out instead of failing."""

    def __missing__(self, key: str) -> str:
        return ""


def _sentence(text: str) -> str:
    return text.replace(" ()", "").replace(": .", ".").rstrip(" :;")


def _what_was_seen(facts: Facts, exchange: Exchange | None, answer: Answer | None) -> dict[str, Any]:
    from urllib.parse import urlsplit

    parts = urlsplit(facts.target.base_url)
    seen: dict[str, Any] = {
        "name": facts.target.name,
        "base_url": facts.target.base_url,
        "host": parts.hostname or "",
        "port": parts.port or (443 if parts.scheme == "https" else 80),
        "origin": f"{parts.scheme}://{parts.netloc}",
        "model": facts.target.default_model,
    }
    if exchange:
        seen |= {"status": exchange.status or "", "path": exchange.path, "words": exchange.detail}
        seen |= {"model": exchange.model or seen["model"], "kilobytes": len(exchange.request_body) // 1000}
        if exchange.tls:
            seen |= exchange.tls._asdict() | {"names": ", ".join(exchange.tls.names) or exchange.tls.subject}
    if answer:
        seen |= {
            "words": tidied(lambda words: words.rstrip(" ."), answer.words),
            "because": answer.because or answer.words,
        }
    return seen


def _quirk_patch(facts: Facts, answer: Answer | None) -> Mapping[str, Any] | None:
    if answer is None or not answer.quirk:
        return None
    learned = facts.learned.get(answer.quirk)
    value = learned.value if learned else answer.value
    known = facts.target.quirks.get(answer.quirk) == value  # what the profile says already is not offered again
    return None if known else {f"quirks.{answer.quirk}": value}


def _steps(facts: Facts, patch: Mapping[str, Any] | None, row: Kind, known: _Known) -> Iterator[Action | str]:
    """What to do: the patch first, then the row's own action, then other programs' commands."""
    name = facts.target.name
    if patch and facts.target.saved:
        settings = tuple(f"{key}={toml_value(value)}" for key, value in patch.items())
        yield Action("apply-patch", name, settings, _key_along(facts, patch))
    elif patch and "endpoint.base_url" in patch:
        yield f"ccswitch-tui probe --url {shlex.quote(str(patch['endpoint.base_url']))}"
    if row.action and facts.target.saved:
        yield row.action._replace(name=name)
    for command in row.commands:
        if command.startswith(OURS_FOR_A_PROFILE) and (patch or not facts.target.saved):
            continue  # the patch says it better, and what is not saved cannot be edited
        yield command.format_map({**known, "name": shlex.quote(name)})


def _key_along(facts: Facts, patch: Mapping[str, Any]) -> tuple[str, ...]:
    """A key that was given for https:// goes over http:// only where that is said."""
    base_url = str(patch.get("endpoint.base_url", ""))
    downgraded = base_url.startswith("http:") and facts.target.base_url.startswith("https:")
    return ("--key-follows",) if downgraded and facts.target.has_key else ()


def now_saved(finding: Finding, name: str) -> Finding:
    """A finding about an endpoint that had no name yet, once its profile is saved: what fixes it names the profile."""
    row, fix = catalogue()[finding.kind], finding.fix
    if fix is None or not (fix.patch or row.action):
        return finding
    changes = tuple(f"{key}={toml_value(value)}" for key, value in (fix.patch or {}).items())
    ours = Action("apply-patch", name, changes) if changes or row.action is None else row.action._replace(name=name)
    others = (command for command in fix.commands if not command.startswith("ccswitch-tui "))
    return finding._replace(fix=Fix.of(fix.text, ours, *others, patch=fix.patch))


def toml_value(value: Any) -> str:
    """A value as `edit --set` reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(f'"{v}"' for v in value) + "]"
    return str(value)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings with the gravest and most specific first, each told once."""
    weight = {"fail": 0, "warn": 1, "info": 2}
    kinds = catalogue()
    told: dict[tuple[str, str], Finding] = {}
    for one in findings:
        told.setdefault((one.kind, str(one.fix.patch if one.fix else "")), one)
    return tuple(sorted(told.values(), key=lambda f: (weight[f.severity], kinds[f.kind].first)))
