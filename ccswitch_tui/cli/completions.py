"""`completions SHELL`: a completion script, made from the command table and the commands' own parsers.

Words, options and their values are written into the script; profile names are asked for when
tab is pressed (`completions --profiles`, which reads profiles.toml and no more).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

EXAMPLES = """\
examples:
  eval "$(ccswitch-tui completions bash)"                in ~/.bashrc
  eval "$(ccswitch-tui completions zsh)"                 in ~/.zshrc, after compinit
  ccswitch-tui completions fish | source                 in ~/.config/fish/config.fish
  ccswitch-tui completions powershell | Out-String | Invoke-Expression"""

PROGRAMS = ("ccswitch-tui", "ccst")

TAKE_A_PROFILE = ("show", "edit", "rename", "copy", "remove", "use", "run", "env", "key", "probe", "doctor", "export")
"""Commands whose first argument names a profile there is."""


class Word(NamedTuple):
    """One command as a shell needs to know it."""

    name: str
    summary: str
    words: tuple[str, ...]
    """Its options and fixed arguments."""
    takes_profile: bool
    values: dict[str, tuple[str, ...]]
    """What an option may be followed by, where that is a choice of few."""


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("shell", nargs="?", metavar="SHELL", help=", ".join(SCRIPTS))
    parser.add_argument("--profiles", action="store_true", help="print the names of the profiles, one per line")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    """Prints the script, or the names a script asks for."""
    if args.profiles:
        for name in ctx.book().profiles:
            out.line(name)
        return 0
    if args.shell not in SCRIPTS:
        raise UsageError(
            say("no completion for '{shell}'", shell=args.shell) if args.shell else say("which shell?"),
            hint=f"ccswitch-tui completions {'|'.join(SCRIPTS)}",
        )
    out.block(SCRIPTS[args.shell](list(words())).rstrip())
    return 0


def words() -> Iterator[Word]:
    """Every command with what may follow it."""
    from ccswitch_tui.cli.main import COMMANDS, build_parser

    for name, (_, summary) in COMMANDS.items():
        parser, _ = build_parser(name)
        extra = ("official", "-") if name == "use" else tuple(SCRIPTS) if name == "completions" else ()
        found = dict.fromkeys((*extra, *_words_of(parser)))
        yield Word(name, summary, tuple(found), name in TAKE_A_PROFILE, dict(_values_of(parser)))


def _words_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield name
                yield from _words_of(below)
        elif action.choices and not action.option_strings:
            yield from map(str, action.choices)


def _values_of(parser: argparse.ArgumentParser) -> Iterator[tuple[str, tuple[str, ...]]]:
    from ccswitch_tui.profiles.model import TIERS
    from ccswitch_tui.profiles.presets import load_presets
    from ccswitch_tui.wire.formats import WIRES

    known = {
        "--preset": tuple(load_presets().presets),
        "--wire": tuple(WIRES),
        "--auth": ("bearer", "x-api-key", "both", "none"),
        "--tier": tuple(f"{tier}=" for tier in TIERS),
    }
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _values_of(below)
            continue
        for option in action.option_strings:
            if option.startswith("--") and action.nargs != 0 and (action.choices or option in known):
                yield option, tuple(map(str, action.choices or known[option]))


ASK = "ccswitch-tui completions --profiles"


def _bash(commands: list[Word]) -> str:
    rows = []
    for word in commands:
        names = f" $({ASK} 2>/dev/null)" if word.takes_profile else ""
        rows.append(f'        {word.name}) words="{" ".join(word.words)}{names}" ;;')
    values = [
        f'        {_quoted(f"{word.name} {option}")}) words="{" ".join(choices)}" ;;'
        for word in commands
        for option, choices in word.values.items()
    ]
    return f"""\
_ccswitch_tui() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{" ".join(word.name for word in commands)} --help --version"
    else
        case "${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD-1]}}" in
{chr(10).join(values)}
        *) case ${{COMP_WORDS[1]}} in
{chr(10).join(rows)}
        esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _ccswitch_tui {" ".join(PROGRAMS)}
"""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _zsh(commands: list[Word]) -> str:
    described = "\n".join(f"        {_quoted(f'{word.name}:{word.summary}')}" for word in commands)
    rows = []
    for word in commands:
        names = f' ${{(f)"$({ASK} 2>/dev/null)"}}' if word.takes_profile else ""
        rows.append(f"        {word.name}) compadd -- {' '.join(word.words)}{names} ;;")
    values = [
        f"        {_quoted(f'{word.name} {option}')}) compadd -- {' '.join(choices)}; return 0 ;;"
        for word in commands
        for option, choices in word.values.items()
    ]
    return f"""\
#compdef {" ".join(PROGRAMS)}
_ccswitch_tui() {{
    local -a commands
    commands=(
{described}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case "$words[2] $words[CURRENT-1]" in
{chr(10).join(values)}
    esac
    case $words[2] in
{chr(10).join(rows)}
    esac
    [[ $words[2] == run ]] && _files
    return 0
}}
compdef _ccswitch_tui {" ".join(PROGRAMS)}
"""


def _fish(commands: list[Word]) -> str:
    program, short = PROGRAMS
    lines = [f"complete -c {program} -f", f"complete -c {short} -w {program}"]
    for word in commands:
        lines.append(f"complete -c {program} -n __fish_use_subcommand -a {word.name} -d {_quoted(word.summary)}")
        inside = _quoted(f"__fish_seen_subcommand_from {word.name}")
        for choice in word.words:
            option = f"-l {choice[2:]}" if choice.startswith("--") else f"-a {_quoted(choice)}"
            if choice in word.values:
                option += f" -x -a {_quoted(' '.join(word.values[choice]))}"
            lines.append(f"complete -c {program} -n {inside} {option}")
        if word.takes_profile:
            lines.append(f"complete -c {program} -n {inside} -a '({ASK} 2>/dev/null)' -d profile")
    return "\n".join(lines) + "\n"


def _powershell(commands: list[Word]) -> str:
    rows = "\n".join(f"        '{word.name}' = @({', '.join(map(_quoted, word.words))})" for word in commands)
    values = "\n".join(
        f"        {_quoted(f'{word.name} {option}')} = @({', '.join(map(_quoted, choices))})"
        for word in commands
        for option, choices in word.values.items()
    )
    takers = ", ".join(f"'{word.name}'" for word in commands if word.takes_profile)
    return f"""\
Register-ArgumentCompleter -Native -CommandName {", ".join(PROGRAMS)} -ScriptBlock {{
    param($current, $ast, $position)
    $commands = [ordered]@{{
{rows}
    }}
    $values = @{{
{values}
    }}
    $typed = @($ast.CommandElements | ForEach-Object {{ "$_" }})
    $isFirst = $typed.Count -lt 2 -or ($typed.Count -eq 2 -and $current)
    $before = if ($current) {{ $typed[-2] }} else {{ $typed[-1] }}
    if ($isFirst) {{ $found = $commands.Keys }}
    elseif ($values.ContainsKey("$($typed[1]) $before")) {{ $found = $values["$($typed[1]) $before"] }}
    else {{
        $found = @($commands[$typed[1]])
        if (@({takers}) -contains $typed[1]) {{ $found += @({ASK}) }}
    }}
    $found | Where-Object {{ $_ -like "$current*" }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }}
}}
"""


SCRIPTS: dict[str, Callable[[list[Word]], str]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    "powershell": _powershell,
}
