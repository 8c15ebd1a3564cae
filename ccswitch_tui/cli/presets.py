"""`presets [WORD]`: the catalogue of providers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccswitch_tui.language import named, said
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import WIRES

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.profiles.presets import Preset
    from ccswitch_tui.workflows.context import Context

EXAMPLES = """\
examples:
  ccswitch-tui presets              all of them
  ccswitch-tui presets kimi         the matching ones, in detail
  ccswitch-tui add kimi --preset moonshot-global
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("word", metavar="WORD", nargs="?", help="only those whose id, name or address contains it")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.profiles.presets import KINDS, load_presets

    catalogue = load_presets()
    found = [p for p in catalogue.presets.values() if _matches(p, args.word)]
    if args.json:
        out.json({"version": 1, "presets": [_json(p) for p in found], "sources": dict(catalogue.sources)})
        return 0
    if not found:
        catalogue.get(args.word)
    if args.word and len(found) <= DETAILED:
        for preset in found:
            _tell(preset, catalogue.sources, out)
        return 0
    for kind, meaning in KINDS.items():
        of_kind = [p for p in found if p.kind == kind]
        if of_kind:
            out.line(out.paint("bold", named(meaning)))
            _table(of_kind, out)
    out.talk(say("add one with 'ccswitch-tui add NAME --preset ID'; for one that is not listed: --paste - or --url"))
    return 0


DETAILED = 4
"""Up to so many matches are told in full."""


def _matches(preset: Preset, word: str | None) -> bool:
    if not word:
        return True
    text = " ".join((preset.id, preset.title, preset.anthropic or "", preset.openai or "", *preset.env))
    return word.casefold() in text.casefold()


def _table(presets: list[Preset], out: Output) -> None:
    from ccswitch_tui.cli.columns import aligned

    rows = [
        [
            "  " + p.id,
            named(p.title),
            said("native") if p.anthropic else said("translated"),
            p.models.get("default", ""),
        ]
        for p in presets
    ]
    for line in aligned(rows, room=out.columns):
        out.line(line)


def _tell(preset: Preset, sources: Any, out: Output) -> None:
    from ccswitch_tui.cli.columns import aligned

    out.line(out.paint("bold", preset.id) + f"  {named(preset.title)}")
    facts = [
        *((wire, preset.address(wire)) for wire in WIRES),
        (said("needs"), f"{named(preset.value)}: --preset {preset.id}:VALUE" if preset.value else None),
        (said("models"), ", ".join(f"{tier}={model}" for tier, model in preset.models.items())),
        (said("also has"), ", ".join(preset.listed_models)),
        (said("window"), said("{n} tokens", n=preset.context_window) if preset.context_window else None),
        (said("key"), said("none needed") if preset.no_key else preset.key_page),
        (said("twin"), preset.pair),
        *((said("note"), named(note)) for note in preset.notes),
        (said("source"), sources[preset.source]),
    ]
    for line in aligned([["  " + label, str(text)] for label, text in facts if text]):
        out.line(line)


def _json(preset: Preset) -> dict[str, Any]:
    return {
        k: dict(v) if isinstance(v, dict) else v for k, v in preset._asdict().items() if v not in (None, (), {}, False)
    }
