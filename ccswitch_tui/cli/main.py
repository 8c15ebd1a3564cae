"""The first word names one lazily imported module; errors become two lines and an exit code.

A command module has `configure(parser)` and `run(args, ctx, out) -> int`.
Nothing here may import what a quick switch does not need (tests/test_floors.py).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ccswitch_tui.errors import CcswitchError, ExitCode, UsageError
from ccswitch_tui.language import LANGUAGES, chosen_in, language_of, named, said, speak
from ccswitch_tui.sentence import quoting, say, to_paste

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ccswitch_tui.workflows.context import Context

COMMANDS: dict[str, tuple[str, str]] = {
    # word: (module in this folder, what it does)
    "add": ("add", "add a profile from a curl command, a link, a preset or a URL"),
    "list": ("list_profiles", "list the profiles, and which one is in use"),
    "show": ("show", "show one profile"),
    "current": ("current", "show what Claude Code uses now, and since when"),
    "status": ("status", "check settings, key, proxy, last verdict and today's usage at a glance"),
    "edit": ("edit", "edit a profile, in $EDITOR or with --set"),
    "rename": ("rename", "rename a profile"),
    "copy": ("copy", "duplicate a profile"),
    "remove": ("remove", "remove a profile and its key"),
    "use": ("use", "write the settings that make Claude Code use a profile"),
    "run": ("run", "run one command under a profile, writing nothing"),
    "env": ("env", "print a profile's variables as shell lines for eval"),
    "key": ("key", "print a profile's credential into a pipe"),
    "unlock": ("unlock", "unlock the encrypted key file"),
    "lock": ("lock", "forget the unlocked keys"),
    "probe": ("probe", "find out what an endpoint can do, and what is wrong with it"),
    "balance": ("balance", "show what is left on a key: money, plan windows, limits"),
    "prices": ("prices", "show what models cost, and who says so"),
    "doctor": ("doctor", "find out what is wrong on this machine"),
    "explain": ("explain", "explain an error message: what it means, and what to do"),
    "why": ("why", "show which setting wins, and what sets it"),
    "undo": ("undo", "take back the last write, byte for byte"),
    "history": ("history", "list the writes, newest first"),
    "restore": ("restore", "go back to the state before the first write"),
    "search": ("search", "choose where Claude Code's web searches go"),
    "statusline": ("statusline", "print a line for Claude Code's prompt: profile, model, speed, session cost"),
    "proxy": ("proxy", "run and watch the translating proxy"),
    "import": ("import_profiles", "import profiles from other tools"),
    "export": ("export", "write a profile for another tool"),
    "adopt": ("adopt", "move keys stored in plain text into the keyring"),
    "presets": ("presets", "list the providers we know"),
    "demo": ("demo", "try everything, offline, on a built-in provider"),
    "completions": ("completions", "set up shell completion"),
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
    "quota": "balance", "credit": "balance", "credits": "balance", "limits": "balance", "tokens": "proxy usage",
    "back": "use -", "previous": "use -", "official": "use official", "default": "use official",
    "shell": "env", "eval": "env", "scan": "adopt", "secrets": "adopt", "websearch": "search", "paste": "add",
    "uninstall": "restore", "version": "--version", "tui": "", "ui": "", "app": "",
}  # fmt: skip
"""Answered with the right word and not run: a script keeps to one name, and `rm` should not remove by surprise."""


def entry() -> None:
    """The console script."""
    import gc

    gc.set_threshold(FEWER_COLLECTIONS)
    _open_closed_streams()
    _leave(main(sys.argv[1:]))


FEWER_COLLECTIONS = 50_000
"""New objects until garbage is looked for. Python's 700 has it searched eight times while a quick command is imported,
where there is none."""


def _leave(code: int) -> NoReturn:
    """Ends the process at once, unless somebody waits to be told of the end.

    Python would take every module apart first, which costs a quick command a
    tenth of its time. Who must be told registers at `atexit` (logging, a
    coverage run), is a thread, or watches (a profiler, `python -i`).
    """
    import atexit

    count = getattr(atexit, "_ncallbacks", None)
    watched = sys.getprofile() or sys.gettrace() or sys.flags.inspect
    if watched or count is None or count() or "threading" in sys.modules:
        sys.exit(code)
    import os

    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):  # full, gone or closed: Python says so in its own way
        sys.exit(code)
    os._exit(code)


def _open_closed_streams() -> None:
    """A stream that the caller closed leads nowhere: or the next file that is opened would get its number, and what
    is written to stderr."""
    import os

    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


def main(argv: Sequence[str], ctx: Context | None = None) -> int:
    """Runs one command and returns its exit code. `ctx` is given by the demo and by tests."""
    from ccswitch_tui.cli.output import Output, ReaderLeft
    from ccswitch_tui.workflows.context import Context

    ctx = ctx or Context()
    out = Output(ctx.env)
    try:
        argv = _in_a_language(list(argv), ctx)
        code = int(_dispatch(argv, ctx, out))
        for word in ctx.words if argv[:1] not in CALLED_BY_CLAUDE else ():
            out.talk(said("ccswitch-tui: note: {word}", word=word))
        return code
    except CcswitchError as error:
        out.error(error, as_json=_asked_for_json(argv))
        return int(error.exit_code)
    except KeyboardInterrupt:
        out.talk(say("interrupted"))
        return int(ExitCode.INTERRUPTED)
    except ReaderLeft:  # no traceback at exit either; a pipe of ours that broke elsewhere is an error like others
        out.let_go()
        return int(ExitCode.FAILED)
    except OSError as error:  # a folder without permission, a disk that is full: the world's fault, not ours
        out.error(_of_the_system(error), as_json=out.let_go() and _asked_for_json(argv))
        return int(ExitCode.FAILED)
    except Exception as error:  # a mistake of ours: say so without locals, which could hold a key
        _report_mistake(error, out)
        return int(ExitCode.FAILED)


def _in_a_language(argv: list[str], ctx: Context) -> list[str]:
    """Speaks the language that `--lang` before the command, config.toml or the locale asks for; the rest of `argv`."""
    if argv and argv[0].partition("=")[0] == "--lang":
        chosen, argv = (argv[0].partition("=")[2], argv[1:]) if "=" in argv[0] else ("".join(argv[1:2]), argv[2:])
        ctx.language = next((code for code in LANGUAGES if code.lower().startswith(chosen.lower() or "?")), "")
        if not ctx.language:
            raise UsageError(
                say("there is no language '{chosen}' here", chosen=chosen),
                hint=to_paste(f"--lang {', --lang '.join(LANGUAGES)}"),
            )
    speak(language_of(ctx.env, ctx.language or chosen_in(ctx.paths.app_config)))
    return argv


def _dispatch(argv: list[str], ctx: Context, out: Any) -> int:
    if not argv:
        from ccswitch_tui.cli import app

        return app.run(ctx, out)
    word, rest = argv[0], argv[1:]
    if word == "help" and rest:
        word, rest = rest[0], ["--help"]
    if word in ("-h", "--help", "help"):
        for line in overview():
            out.line(line)
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
    if word == "proxy" and rest[:1] == ["serve"]:
        from ccswitch_tui.cli import serve

        options = serve.asked_plainly(rest[1:])
        if options is not None:
            return serve.run_with(options, ctx, out)
    module = __import__(f"ccswitch_tui.cli.{COMMANDS[word][0]}", fromlist=["run"])
    plain = getattr(module, "PLAIN", None)
    if plain is not None:
        from ccswitch_tui.cli.plainly import read_plainly

        asked = read_plainly(plain, rest)
        if asked is not None:
            return module.run(asked, ctx, out) or 0
    parser, module = build_parser(word)
    try:
        args = parser.parse_args(rest)
    except SystemExit as stop:  # after --help, which argparse prints
        out.flush()
        return int(stop.code or 0)
    return module.run(args, ctx, out) or 0


def build_parser(word: str) -> tuple[Any, Any]:
    """The parser of one command, and its module."""
    from ccswitch_tui.cli.parsing import make_parser

    return make_parser(word, *COMMANDS[word])


def _unknown_word(word: str) -> CcswitchError:
    import difflib

    if word.startswith("-"):
        return UsageError(
            say("there is no option {option}", option=word.partition("=")[0]),
            hint=say("'ccswitch-tui --help' lists the commands"),
        )
    wrong = say("there is no command '{word}'", word=word)
    if word in OTHER_WORDS:
        ours = f"ccswitch-tui {OTHER_WORDS[word]}".rstrip()
        return UsageError(wrong, hint=say("the command for that is '{ours}'", ours=ours))
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    if near:
        return UsageError(wrong, hint=say("did you mean '{near}'?", near=f"ccswitch-tui {near[0]}"))
    return UsageError(wrong, hint=say("'ccswitch-tui --help' lists the commands"))


OVERVIEW = (
    "usage: ccswitch-tui [COMMAND …]    without a command: the app",
    "Run Claude Code on other models.",
    "'ccswitch-tui COMMAND --help' tells more. First time: 'ccswitch-tui demo'.",
    "'ccswitch-tui --lang zh-CN …' speaks Chinese; so do a locale that begins with zh and the app's settings.",
)
"""The lines around the commands in the help of the program itself."""


def overview() -> list[str]:
    """The help of the program itself."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {word:<{width}}{named(summary)}" for word, (_, summary) in COMMANDS.items()]
    usage, purpose, *more = map(named, OVERVIEW)
    return [usage, "", purpose, "", *lines, "", *more]


def _asked_for_json(argv: Sequence[str]) -> bool:
    own = list(argv)[: list(argv).index("--")] if "--" in argv else argv
    return "--json" in own


def _of_the_system(error: OSError) -> CcswitchError:
    words = quoting((error.strerror or type(error).__name__).lower())
    hint = say("check the permissions, and that the disk is not full")
    if not error.filename:
        return CcswitchError(words, hint=hint, kind="system")
    return CcswitchError(say("cannot use {file}: {words}", file=error.filename, words=words), hint=hint, kind="system")


def _report_mistake(error: Exception, out: Any) -> None:
    import traceback

    out.talk(*"".join(traceback.format_exception(error)).rstrip().split("\n"))
    wrong = said("internal error ({name}): a bug in ccswitch-tui; nothing else was done", name=type(error).__name__)
    out.talk(said("ccswitch-tui: error: {message}", message=wrong))
    out.talk(
        said("ccswitch-tui: hint: {hint}", hint=said("the lines above hold no key and can be reported as they are"))
    )
