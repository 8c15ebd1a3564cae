"""`completions SHELL`: a completion script, made from the command table and the commands' own parsers.

Words, options and their values are written into the script; names of profiles and models and the
numbers of writes are asked for when tab is pressed (`completions --profiles`, which reads
profiles.toml and no more).
`completions install` puts the script where the shell finds it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.claude.launch import in_powershell
from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import say, to_paste

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

DESCRIPTION = """\
Prints a completion script, or installs it: the script goes into a file of its own, and
one marked block in the shell's start-up file loads it. The old start-up file is kept;
--undo puts it back."""

EXAMPLES = """\
examples:
  ccswitch-tui completions install               for your shell
  ccswitch-tui completions install --dry-run     what would be written
  ccswitch-tui completions install --undo        remove it again
  ccswitch-tui completions zsh                   only print the script"""

PROGRAMS = ("ccswitch-tui", "ccst")

TAKE_A_PROFILE = ("show", "edit", "rename", "copy", "remove", "use", "run", "env", "key", "probe", "doctor", "export")
"""Commands whose first argument names a profile there is."""


class Word(NamedTuple):
    """One command as a shell needs to know it."""

    name: str
    summary: str
    words: tuple[str, ...]
    """Its options and fixed arguments."""
    asks: str
    """Command that prints what its first argument may be; "" where the script knows."""
    values: dict[str, tuple[str, ...]]
    """What an option may be followed by: words, or one of ASKED, which is asked for."""


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("shell", nargs="?", metavar="SHELL", help="bash, zsh, fish, powershell; or 'install'")
    parser.add_argument(
        "--shell", dest="chosen", choices=tuple(SCRIPTS), help="with install: the shell (default: yours)"
    )
    parser.add_argument("--dry-run", action="store_true", help="with install: only show what would be written")
    parser.add_argument(
        "--undo", action="store_true", help="with install: restore the start-up file, remove the script"
    )
    parser.add_argument("--profiles", action="store_true", help="print the names of the profiles, one per line")
    parser.add_argument("--models", action="store_true", help="print the models that profiles name, one per line")
    parser.add_argument("--writes", action="store_true", help="print the numbers of the writes, newest first")


def run(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    """Prints the script, or the names a script asks for; installs it, or takes it out."""
    if args.writes:
        for number in reversed(ctx.settings.history.ids()):
            out.line(number)
        return 0
    if args.profiles or args.models:
        profiles = ctx.book().profiles
        models = (model for profile in profiles.values() for model in profile.models.named().values())
        for name in profiles if args.profiles else dict.fromkeys(models):
            out.line(name)
        return 0
    if args.shell == "install":
        return _install(args, ctx, out)
    if args.shell not in SCRIPTS:
        raise UsageError(
            say("no completion for '{shell}'", shell=args.shell) if args.shell else say("which shell?"),
            hint=to_paste(f"ccswitch-tui completions install|{'|'.join(SCRIPTS)}"),
        )
    out.block(script(args.shell))
    return 0


def script(shell: str) -> str:
    """The script for a shell."""
    return SCRIPTS[shell](list(words())).rstrip()


def _install(args: argparse.Namespace, ctx: Context, out: Output) -> int:
    from ccswitch_tui.workflows import completions

    shell = args.chosen or completions.shell_of(ctx.env)
    if args.undo:
        for path in completions.take_out(ctx, shell):
            out.point("ok", say("{file} is as it was", file=path))
        return 0
    plan = completions.plan(ctx, shell, script(shell) + "\n")
    for change in plan:
        if args.dry_run:
            out.line(say("would write {file}:", file=change.path))
            for line in change.added:
                out.line(out.paint("ok", f"+ {line}"), whole=True)
        elif completions.write(ctx, shell, change):
            out.point("ok", say("wrote {file}", file=change.path))
        else:
            out.point("skip", say("{name} is unchanged", name=change.path))
    if not args.dry_run:
        out.talk(say("open a new shell to use it; 'ccswitch-tui completions install --undo' takes it out again"))
    return 0


def words() -> Iterator[Word]:
    """Every command with what may follow it."""
    from ccswitch_tui.cli.main import COMMANDS, build_parser

    for name, (_, summary) in COMMANDS.items():
        parser, _ = build_parser(name)
        extra = _arguments_of(name)
        found = dict.fromkeys((*extra, *_words_of(parser)))
        yield Word(name, summary, tuple(found), _asks(name), dict(_values_of(parser)))


def _asks(name: str) -> str:
    if name in TAKE_A_PROFILE:
        return ASKED[PROFILES]
    return "ccswitch-tui completions --writes" if name in ("undo", "history") else ""


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
    from ccswitch_tui.wire.quirks import QUIRKS
    from ccswitch_tui.workflows.import_export import EXPORTS

    known = {
        "--preset": tuple(load_presets().presets),
        "--wire": tuple(WIRES),
        "--auth": ("bearer", "x-api-key", "both", "none"),
        "--tier": tuple(f"{tier}=" for tier in TIERS),
        "--set": (
            *(f"models.{tier}=" for tier in TIERS),
            "endpoint.base_url=",
            *(f"quirks.{name}=" for name in QUIRKS),
        ),
        "--unset": tuple(f"quirks.{name}" for name in QUIRKS),
        "--to": tuple(EXPORTS),
        "--profile": (PROFILES,),
        "--model": (MODELS,),
    }
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _values_of(below)
            continue
        for option in action.option_strings:
            if option.startswith("--") and action.nargs != 0 and (action.choices or option in known):
                yield option, tuple(map(str, action.choices or known[option]))


def _arguments_of(name: str) -> tuple[str, ...]:
    """What may stand as a command's own argument, where that is known beforehand."""
    from ccswitch_tui.claude.owned import OWNED
    from ccswitch_tui.findings import catalogue
    from ccswitch_tui.profiles.presets import load_presets
    from ccswitch_tui.workflows.sources import SOURCES

    known: dict[str, Callable[[], tuple[str, ...]]] = {
        "use": lambda: ("official", "-"),
        "completions": lambda: ("install", *SCRIPTS),
        "explain": lambda: tuple(catalogue()),
        "why": lambda: tuple(key.removeprefix("env.") for key in OWNED),
        "presets": lambda: tuple(load_presets().presets),
        "import": lambda: tuple(SOURCES),
    }
    return known[name]() if name in known else ()


PROFILES, MODELS = "@profiles", "@models"
"""Stand for names that only the machine knows."""

ASKED = {PROFILES: "ccswitch-tui completions --profiles", MODELS: "ccswitch-tui completions --models"}


def _choices(words: tuple[str, ...], ask: str) -> str:
    """Words for a script, in its notation for what a command prints."""
    return " ".join(ask.format(command=ASKED[word]) if word in ASKED else word for word in words)


BASH_ASKS = "$({command} 2>/dev/null)"
ZSH_ASKS = '${{(f)"$({command} 2>/dev/null)"}}'
FISH_ASKS = "({command} 2>/dev/null)"


def _bash(commands: list[Word]) -> str:
    rows = []
    for word in commands:
        names = f" $({word.asks} 2>/dev/null)" if word.asks else ""
        rows.append(f'        {word.name}) words="{" ".join(word.words)}{names}" ;;')
    values = [
        f'        {_quoted(f"{word.name} {option}")}) words="{_choices(choices, BASH_ASKS)}" ;;'
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
    [[ ${{COMPREPLY[0]-}} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}}
complete -o default -F _ccswitch_tui {" ".join(PROGRAMS)}
"""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _zsh(commands: list[Word]) -> str:
    described = "\n".join(f"        {_quoted(f'{word.name}:{word.summary}')}" for word in commands)
    rows = []
    for word in commands:
        names = f' ${{(f)"$({word.asks} 2>/dev/null)"}}' if word.asks else ""
        rows.append(f"        {word.name}) compadd -- {' '.join(word.words)}{names} ;;")
    values = [
        f"        {_quoted(f'{word.name} {option}')}) compadd -- {_choices(choices, ZSH_ASKS)}; return 0 ;;"
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
                option += f" -x -a {_quoted(_choices(word.values[choice], FISH_ASKS))}"
            lines.append(f"complete -c {program} -n {inside} {option}")
        if word.asks:
            noun = "profile" if word.name in TAKE_A_PROFILE else "write"
            lines.append(f"complete -c {program} -n {inside} -a '({word.asks} 2>/dev/null)' -d {noun}")
    return "\n".join(lines) + "\n"


def _listed(choices: tuple[str, ...]) -> str:
    return ", ".join(f"({ASKED[choice]})" if choice in ASKED else in_powershell(choice) for choice in choices)


def _powershell(commands: list[Word]) -> str:
    rows = "\n".join(f"        '{word.name}' = @({', '.join(map(in_powershell, word.words))})" for word in commands)
    values = "\n".join(
        f"        {in_powershell(f'{word.name} {option}')} = @({_listed(choices)})"
        for word in commands
        for option, choices in word.values.items()
    )
    asked = "\n".join(f"        '{word.name}' = {{ {word.asks} }}" for word in commands if word.asks)
    return f"""\
Register-ArgumentCompleter -Native -CommandName {", ".join(map(in_powershell, PROGRAMS))} -ScriptBlock {{
    param($current, $ast, $position)
    $commands = [ordered]@{{
{rows}
    }}
    $values = @{{
{values}
    }}
    $asked = @{{
{asked}
    }}
    $typed = @($ast.CommandElements | ForEach-Object {{ "$_" }})
    $isFirst = $typed.Count -lt 2 -or ($typed.Count -eq 2 -and $current)
    $before = if ($current) {{ $typed[-2] }} else {{ $typed[-1] }}
    if ($isFirst) {{ $found = $commands.Keys }}
    elseif ($values.ContainsKey("$($typed[1]) $before")) {{ $found = $values["$($typed[1]) $before"] }}
    else {{
        $found = @($commands[$typed[1]])
        if ($asked.ContainsKey($typed[1])) {{ $found += @(& $asked[$typed[1]]) }}
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
