"""What the app makes of each command of the command line, for the palette; every command is here. Imports no Textual.

What belongs to a shell (a pipe, a child process, a file to write) is not done
here: the palette copies the command, with the profile under the cursor in it.
"""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """One command of the command line."""

    word: str
    action: str = ""
    """`do_ACTION` of the first screen; "" for what is copied."""
    command: str = ""
    """What is copied; {name} is the profile under the cursor."""


VERBS: tuple[Verb, ...] = (
    Verb("add", "add"),
    Verb("list", "profiles"),
    Verb("show", "profiles"),
    Verb("current", "why"),
    Verb("status", command="ccswitch-tui status"),
    Verb("edit", "edit"),
    Verb("rename", "rename"),
    Verb("copy", "duplicate"),
    Verb("remove", "remove"),
    Verb("use", "use"),
    Verb("run", command="ccswitch-tui run {name}"),
    Verb("env", command='eval "$(ccswitch-tui env {name})"'),
    Verb("key", command="ccswitch-tui key {name} | "),
    Verb("unlock", "keys"),
    Verb("lock", "lock"),
    Verb("probe", "probe"),
    Verb("balance", command="ccswitch-tui balance {name}"),
    Verb("prices", command="ccswitch-tui prices"),
    Verb("doctor", "doctor"),
    Verb("explain", "explain"),
    Verb("why", "why"),
    Verb("undo", "undo"),
    Verb("history", "history"),
    Verb("restore", "restore"),
    Verb("search", command="ccswitch-tui search"),
    Verb("statusline", command="ccswitch-tui use {name} --statusline"),
    Verb("proxy", "proxy"),
    Verb("import", "mine"),
    Verb("export", command="ccswitch-tui export {name} --to "),
    Verb("adopt", "adopt"),
    Verb("presets", "catalogue"),
    Verb("demo", command="ccswitch-tui demo"),
    Verb("completions", command="ccswitch-tui completions bash"),
)
