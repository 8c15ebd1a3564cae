"""Commands and keys as the system has them on which this runs: for hints that can be pasted."""

import shlex
import sys

END_OF_TEXT = "Ctrl-Z, then Enter," if sys.platform == "win32" else "Ctrl-D"
"""What ends a text typed or pasted into a terminal."""

NAME_AN_EDITOR = "set EDITOR=notepad" if sys.platform == "win32" else "export EDITOR=nano"


def print_variable(name: str, platform: str = sys.platform) -> str:
    """The helper that prints a variable, for the shell Claude Code hands it to; a line end is not part of a key."""
    return f"echo %{name}%" if platform == "win32" else f'printf %s "${name}"'


def pipe_variable(name: str, platform: str = sys.platform) -> str:
    """The command line that hands a variable's text to us, without it standing there."""
    return f"{print_variable(name, platform)}{'' if platform == 'win32' else ' '}| ccswitch-tui …"


def open_in_editor(path: str, platform: str = sys.platform) -> str:
    """The command that opens a text file."""
    return f'notepad "{path}"' if platform == "win32" else f"${{EDITOR:-vi}} {shlex.quote(path)}"


def look_at(path: str, platform: str = sys.platform) -> str:
    """The command that shows who may do what with a file or folder."""
    return f'icacls "{path}"' if platform == "win32" else f"ls -ld '{path}'"


def make_writable(path: str, platform: str = sys.platform) -> str:
    """The command that lets the user change a file."""
    return f'attrib -r "{path}"' if platform == "win32" else f"chmod u+w '{path}'"
