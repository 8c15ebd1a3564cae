"""The parser of one command: help that fits the terminal and speaks the user's language, mistakes in our own form.

The texts stand in the commands' modules in English, which is the id of their
translation (language.py). argparse is loaded when a command is, and not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ccswitch_tui.language import named
from ccswitch_tui.sentence import Sentence, quoting, say
from ccswitch_tui.wire.later import later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ccswitch_tui.errors import CcswitchError

WIDEST = 100

EXAMPLE = later(r"( {2}\S.*?\S {2,})(\S.*)")
"""A line of EXAMPLES: a command, and after a gap what it is for."""

USAGE, POSITIONALS, OPTIONS, HELP = "usage: ", "positional arguments", "options", "show this help message and exit"
"""argparse's own texts."""

MISTAKES = (
    # what argparse says, as a pattern: what we say
    (r"the following arguments are required: (?P<names>.+)", "missing: {names}"),
    (r"one of the arguments (?P<names>.+) is required", "one of these is required: {names}"),
    (r"argument (?P<name>\S+): not allowed with argument (?P<other>\S+)", "{name} and {other} exclude each other"),
    (r"argument (?P<name>\S+): expected one argument", "{name} requires a value"),
    (r"argument (?P<name>\S+): expected at least one argument", "{name} requires a value"),
    (
        r"argument \S*\|\S*: invalid choice: .+ \(choose from (?P<choices>.+)\)",
        "expected one of {choices}",
    ),
    (r"argument (?P<name>\S+): invalid choice: .+ \(choose from (?P<choices>.+)\)", "{name} must be one of {choices}"),
    (r"argument (?P<name>\S+): invalid (?P<kind>int|float) value: .*", "{name} requires a number"),
    (r"argument (?P<name>\S+): ignored explicit argument .*", "{name} takes no value"),
    (r"argument (?P<name>\S+): (?P<wrong>.+)", "{name}: {wrong}"),
)
"""No value is repeated: one of them could be a key."""


def make_parser(word: str, module_name: str, summary: str) -> tuple[Any, Any]:
    """The parser of one command, and its module."""
    import argparse
    from importlib import import_module

    module = import_module(f"ccswitch_tui.cli.{module_name}")

    class Help(argparse.HelpFormatter):
        """Prose filled to the terminal's width; what begins with spaces (examples) stays line by line."""

        def __init__(self, prog: str) -> None:
            super().__init__(prog, width=min(WIDEST, _columns()))

        def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
            super().add_usage(usage, actions, groups, named(USAGE) if prefix is None else prefix)

        def start_section(self, heading: str | None) -> None:
            super().start_section(named(heading or ""))

        def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None) -> str:
            from ccswitch_tui.cells import fold, width

            prefix = named(USAGE) if prefix is None else prefix
            stand_in = "\0" * width(prefix)  # argparse counts characters, and wide ones take two cells
            text = super()._format_usage(usage, actions, groups, stand_in).replace(stand_in, prefix, 1)
            rows = text.split("\n")
            return "\n".join(line for row in rows for line in fold(row, _columns()))

        def _expand_help(self, action: argparse.Action) -> str:
            shown = argparse.Action([], action.dest, default=action.default, help=named(action.help or ""))
            return super()._expand_help(shown)

        def _split_lines(self, text: str, width: int) -> list[str]:
            return [line.strip() for line in _folded([" ".join(text.split())], width)]

        def _fill_text(self, text: str, width: int, indent: str) -> str:
            parts = (_folded(_paragraph(part, width), width) for part in text.strip("\n").split("\n\n"))
            return "\n\n".join("\n".join(part) for part in parts)

    class Parser(argparse.ArgumentParser):
        """Mistakes in our own form: two lines, or the documented JSON. Its sub-commands are of this kind too."""

        def __init__(self, **given: Any) -> None:
            super().__init__(**{"formatter_class": Help, **given})

        def error(self, message: str) -> NoReturn:
            raise _misused(self, message)

    parser = Parser(
        prog=f"ccswitch-tui {word}",
        description=getattr(module, "DESCRIPTION", summary),
        epilog=getattr(module, "EXAMPLES", None),
        allow_abbrev=False,
    )
    module.configure(parser)
    return parser, module


def texts_of(parser: Any) -> Iterator[str]:
    """Every text of a parser's help that can be translated, and of its sub-commands'."""
    import argparse

    yield from (USAGE, POSITIONALS, OPTIONS)
    for text in (parser.description, parser.epilog):
        for part in (text or "").strip("\n").split("\n\n"):
            yield from _ids(part)
    for action in parser._actions:
        if action.help and action.help != argparse.SUPPRESS:
            yield action.help
        if isinstance(action, argparse._SubParsersAction):
            yield from (choice.help for choice in action._choices_actions if choice.help)
            for below in action.choices.values():
                yield from texts_of(below)


def _ids(part: str) -> Iterator[str]:
    """The translatable texts of one paragraph."""
    if "\n  " not in part:
        if part:
            yield " ".join(part.split())
        return
    for row in part.split("\n"):
        example = EXAMPLE.fullmatch(row)
        if example:
            yield example[2]
        elif not row.startswith("  "):
            yield row


def _paragraph(part: str, room: int) -> list[str]:
    """The lines of a paragraph in the user's language: one of prose, or the examples as they stand."""
    if "\n  " not in part:
        prose = named(" ".join(part.split()))
        return [prose[:1].upper() + prose[1:]]
    from ccswitch_tui.cells import padded, width

    rows = [EXAMPLE.fullmatch(row) or row for row in part.split("\n")]
    said = {row[1].rstrip(): named(row[2]) for row in rows if not isinstance(row, str)}
    column = max(map(width, said), default=0) + 3
    beside = column + max(map(width, said.values()), default=0) <= room
    lines = []
    for row in rows:
        command = row if isinstance(row, str) else row[1].rstrip()
        if command not in said:
            lines.append(named(command))
        elif beside:
            lines.append(padded(command, column) + said[command])
        else:  # all beneath, where one has no room: a column of some rows is none
            lines += [command, f"      {said[command]}"]
    return lines


def _folded(rows: list[str], width: int) -> list[str]:
    from ccswitch_tui.cells import fold

    return [line for row in rows for line in fold(row, width, hang=None if row.startswith(" ") else 0)]


def _misused(parser: Any, message: str) -> CcswitchError:
    """An argument that makes no sense, without repeating values: one of them could be a key."""
    from ccswitch_tui.errors import UsageError

    hint = say("'{program} --help' shows the options", program=parser.prog)
    given = message.removeprefix("unrecognized arguments: ").split()
    if given == message.split():
        return UsageError(_mistake(message), hint=hint)
    import difflib

    options = [word.partition("=")[0] for word in given if word.startswith("-")]
    if options and options[0] in parser._option_string_actions:
        return UsageError(
            say("{option} stands after '--', where nothing is an option any more", option=options[0]),
            hint=say("write the options first: {example}", example=f"{parser.prog} {options[0]} … -- …"),
        )
    if not options:
        return UsageError(say("too many arguments"), hint=hint)
    near = difflib.get_close_matches(options[0], parser._option_string_actions, n=1)
    return UsageError(
        say("there is no option {option}", option=options[0]),
        hint=say("did you mean {near}?", near=near[0]) if near else hint,
    )


def _mistake(message: str) -> Sentence:
    for pattern, template in MISTAKES:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            return say(template, **found.groupdict())
    return quoting(message)


def _columns() -> int:
    """The terminal's width. argparse would ask shutil, which costs a quick switch a tenth of its time."""
    import os

    try:
        return os.get_terminal_size().columns - 2
    except OSError:
        return 98
