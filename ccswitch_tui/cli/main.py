"""The first word names one lazily imported module; errors become two lines and an exit code.

A command module has `configure(parser)` and `run(args, ctx, out) -> int`.
Nothing here may import what a quick switch does not need (tests/test_floors.py).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ccswitch_tui.errors import CcswitchError, ExitCode

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

COMMANDS: dict[str, tuple[str, str]] = {
    # word: (module in this folder, what it does)
    "add": ("add", "a new profile from a curl command, a link, a preset or a URL"),
    "list": ("list_profiles", "the profiles, and which is in use"),
    "show": ("show", "one profile"),
    "current": ("current", "what Claude Code uses now, and since when"),
    "status": ("status", "is all well? settings, key, proxy, last verdict, today; 1 if anything is bad"),
    "edit": ("edit", "change a profile, in $EDITOR or with --set"),
    "rename": ("rename", "give a profile another name"),
    "copy": ("copy", "duplicate a profile"),
    "remove": ("remove", "remove a profile and its key"),
    "use": ("use", "write the settings that make Claude Code use a profile"),
    "run": ("run", "start one command under a profile, writing nothing"),
    "env": ("env", "print the same as shell lines for eval"),
    "key": ("key", "print a profile's credential into a pipe"),
    "unlock": ("unlock", "unlock the encrypted key file until it is locked again"),
    "lock": ("lock", "forget the unlocked keys"),
    "probe": ("probe", "find out what an endpoint can do, and what is wrong with it"),
    "balance": ("balance", "what is left on a key: money, plan windows, limits"),
    "doctor": ("doctor", "find out what is wrong on this machine"),
    "explain": ("explain", "what an error message means and what to do"),
    "why": ("why", "which setting wins, and who sets it"),
    "undo": ("undo", "take the last write back, to the byte"),
    "history": ("history", "the writes, newest first"),
    "restore": ("restore", "back to the state before the first write"),
    "search": ("search", "where Claude Code's web searches go"),
    "statusline": ("statusline", "one line for Claude Code's prompt: profile, model, speed, cost of this session"),
    "proxy": ("proxy", "the translating proxy: serve, start, stop, status, logs"),
    "import": ("import_profiles", "import profiles from other tools"),
    "export": ("export", "write a profile for another tool"),
    "adopt": ("adopt", "move keys stored in plain text into the keyring"),
    "presets": ("presets", "the catalogue of providers"),
    "demo": ("demo", "everything, offline, on a built-in provider"),
    "completions": ("completions", "shell completion"),
}

CALLED_BY_CLAUDE = (["key"], ["statusline"])
"""By no person, and often."""


OTHER_WORDS = {
    # what people type who come from other programs: the word here
    "switch": "use", "select": "use", "activate": "use", "set": "use", "enable": "use",
    "off": "use official", "deactivate": "use official", "disable": "use official", "logout": "use official",
    "rm": "remove", "delete": "remove", "del": "remove",
    "ls": "list", "profiles": "list", "providers": "list",
    "new": "add", "create": "add", "login": "add",
    "mv": "rename", "cp": "copy", "duplicate": "copy", "clone": "copy",
    "info": "show", "get": "show", "cat": "show", "config": "edit", "update": "edit", "modify": "edit",
    "test": "probe", "check": "probe", "ping": "probe", "speedtest": "probe", "models": "probe",
    "which": "current", "active": "current", "whoami": "current", "health": "status",
    "exec": "run", "start": "proxy start", "stop": "proxy stop", "serve": "proxy serve", "restart": "proxy stop",
    "logs": "proxy logs", "log": "proxy logs", "traffic": "proxy logs", "tail": "proxy logs",
    "usage": "proxy usage", "cost": "proxy usage", "stats": "proxy usage",
    "diagnose": "doctor", "fix": "doctor", "revert": "undo", "rollback": "undo", "reset": "restore",
    "init": "demo", "tutorial": "demo", "completion": "completions", "keys": "adopt", "migrate": "import",
    "version": "--version", "tui": "", "ui": "", "app": "",
}  # fmt: skip
"""Answered with the right word and not run: a script keeps to one name, and `rm` should not remove by surprise."""


def entry() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str], ctx: Context | None = None) -> int:
    """Runs one command and returns its exit code. `ctx` is given by the demo and by tests."""
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context

    ctx = ctx or Context()
    out = Output(ctx.env)
    try:
        code = int(_dispatch(list(argv), ctx, out))
        for word in ctx.words if argv[:1] not in CALLED_BY_CLAUDE else ():
            out.talk(f"ccswitch-tui: note: {word}")
        return code
    except CcswitchError as error:
        out.error(error, as_json=_asked_for_json(argv))
        return int(error.exit_code)
    except KeyboardInterrupt:
        out.talk("interrupted")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader left (`| head`): no traceback at exit either.
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.FAILED)
    except OSError as error:  # a folder without permission, a disk that is full: the world's fault, not ours
        out.error(_of_the_system(error), as_json=_asked_for_json(argv))
        return int(ExitCode.FAILED)
    except Exception as error:  # a mistake of ours: say so without locals, which could hold a key
        _report_mistake(error, out)
        return int(ExitCode.FAILED)


def _dispatch(argv: list[str], ctx: Context, out: Any) -> int:
    if not argv:
        from ccswitch_tui.cli import app

        return app.run(ctx, out)
    word, rest = argv[0], argv[1:]
    if word in ("-h", "--help", "help"):
        out.block(overview())
        return 0
    if word in ("-V", "--version"):
        from ccswitch_tui.cli import about

        for line in about.lines(ctx.env):
            out.line(line)
        return 0
    if word not in COMMANDS:
        raise _unknown_word(word)
    return _run(word, rest, ctx, out)


def _run(word: str, rest: list[str], ctx: Context, out: Any) -> int:
    parser, module = build_parser(word)
    try:
        args = parser.parse_args(rest)
    except SystemExit as stop:
        return int(stop.code or 0)
    return module.run(args, ctx, out) or 0


def build_parser(word: str) -> tuple[Any, Any]:
    """The parser of one command, and its module."""
    import argparse
    from importlib import import_module

    module_name, summary = COMMANDS[word]
    module = import_module(f"ccswitch_tui.cli.{module_name}")

    class Help(argparse.HelpFormatter):
        """Prose filled to the terminal's width; what begins with spaces (examples) stays line by line."""

        def _format_usage(self, *given: Any) -> str:
            from ccswitch_tui.cli.columns import fold

            room = _columns()
            return "\n".join(part for row in super()._format_usage(*given).split("\n") for part in fold(row, room))

        def _fill_text(self, text: str, width: int, indent: str) -> str:
            import textwrap

            from ccswitch_tui.cli.columns import fold

            return "\n\n".join(
                "\n".join(line for row in part.split("\n") for line in fold(row, width))
                if "\n  " in part
                else textwrap.fill(part, width, break_on_hyphens=False)
                for part in text.strip("\n").split("\n\n")
            )

    def formatter(prog: str) -> argparse.HelpFormatter:
        return Help(prog, width=min(100, _columns()))

    class Parser(argparse.ArgumentParser):
        """Mistakes in our own form: two lines, or the documented JSON. Its sub-commands are of this kind too."""

        def __init__(self, **given: Any) -> None:
            super().__init__(**{"formatter_class": formatter, **given})

        def error(self, message: str) -> NoReturn:
            raise _misused(self, message)

    parser = Parser(
        prog=f"ccswitch-tui {word}",
        description=getattr(module, "DESCRIPTION", summary[0].upper() + summary[1:] + "."),
        epilog=getattr(module, "EXAMPLES", None),
        allow_abbrev=False,
    )
    module.configure(parser)
    return parser, module


def _misused(parser: Any, message: str) -> CcswitchError:
    """An argument that makes no sense, without repeating values: one of them could be a key."""
    from ccswitch_tui.errors import UsageError

    hint = f"'{parser.prog} --help' shows the options"
    given = message.removeprefix("unrecognized arguments: ").split()
    if given != message.split():
        import difflib

        options = [word.partition("=")[0] for word in given if word.startswith("-")]
        if options and options[0] in parser._option_string_actions:
            return UsageError(
                f"{options[0]} stands after '--', where nothing is an option any more",
                hint=f"write the options first: {parser.prog} {options[0]} … -- …",
            )
        message = f"there is no option {options[0]}" if options else "too many arguments"
        near = difflib.get_close_matches(options[0], parser._option_string_actions, n=1) if options else []
        hint = f"did you mean {near[0]}?" if near else hint
    return UsageError(message, hint=hint)


def _columns() -> int:
    """The terminal's width. argparse would ask shutil, which costs a quick switch a tenth of its time."""
    import os

    try:
        return os.get_terminal_size().columns - 2
    except OSError:
        return 98


def _unknown_word(word: str) -> CcswitchError:
    import difflib

    from ccswitch_tui.errors import UsageError

    if word in OTHER_WORDS:
        ours = f"ccswitch-tui {OTHER_WORDS[word]}".rstrip()
        return UsageError(f"there is no command '{word}'", hint=f"here it is '{ours}'")
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean 'ccswitch-tui {near[0]}'?" if near else "'ccswitch-tui --help' lists the commands"
    return UsageError(f"there is no command '{word}'", hint=hint)


def overview() -> str:
    """The help of the program itself."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {word:<{width}}{summary}" for word, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: ccswitch-tui [COMMAND …]    without a command: the app",
            "",
            "Run Claude Code on other models.",
            "",
            *lines,
            "",
            "'ccswitch-tui COMMAND --help' tells more. First time: 'ccswitch-tui demo'.",
        ]
    )


def _asked_for_json(argv: Sequence[str]) -> bool:
    own = list(argv)[: list(argv).index("--")] if "--" in argv else argv
    return "--json" in own


def _of_the_system(error: OSError) -> CcswitchError:
    words = (error.strerror or type(error).__name__).lower()
    where = f"cannot use {error.filename}: " if error.filename else ""
    return CcswitchError(f"{where}{words}", hint="see who may use it, and whether the disk has room", kind="system")


def _report_mistake(error: Exception, out: Any) -> None:
    import traceback

    out.talk(*"".join(traceback.format_exception(error)).rstrip().split("\n"))
    out.talk(
        f"ccswitch-tui: error: internal error ({type(error).__name__}): a bug in ccswitch-tui; nothing else was done"
    )
    out.talk("ccswitch-tui: hint: the lines above hold no key and can be reported as they are")
