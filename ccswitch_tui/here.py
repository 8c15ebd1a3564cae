"""What is its own on the system on which this runs: commands and keys for hints that can be pasted, and terminals."""

from __future__ import annotations

import shlex
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

END_OF_TEXT = "Ctrl-Z, then Enter," if sys.platform == "win32" else "Ctrl-D"
"""What ends a text typed or pasted into a terminal."""

NAME_AN_EDITOR = "set EDITOR=notepad" if sys.platform == "win32" else "export EDITOR=nano"


def print_variable(name: str, platform: str = sys.platform) -> str:
    """The helper that prints a variable, for the shell Claude Code hands it to; a line end is not part of a key."""
    return f"echo %{name}%" if platform == "win32" else f'printf %s "${name}"'


def pipe_variable(name: str, platform: str = sys.platform) -> str:
    """The command line that hands a variable's text to us, without it standing there."""
    return f"{print_variable(name, platform)}{'' if platform == 'win32' else ' '}| ccswitch-tui …"


def set_variable(name: str, value: str, platform: str = sys.platform) -> str:
    """The command that sets a variable in this terminal; on Windows cmd's, as everywhere here."""
    return f'set "{name}={value}"' if platform == "win32" else f"export {name}={shlex.quote(value)}"


def unset_variable(name: str, platform: str = sys.platform) -> str:
    """The command that takes a variable out of this terminal."""
    return f"set {name}=" if platform == "win32" else f"unset {name}"


def room_left(path: str, platform: str = sys.platform) -> str:
    """The command that shows how much room is left where a folder is."""
    return f'dir "{path}"' if platform == "win32" else f"df -h {shlex.quote(path)}"


def open_in_editor(path: str, platform: str = sys.platform) -> str:
    """The command that opens a text file."""
    return f'notepad "{path}"' if platform == "win32" else f"${{EDITOR:-vi}} {shlex.quote(path)}"


def look_at(path: str, platform: str = sys.platform) -> str:
    """The command that shows who may do what with a file or folder."""
    return f'icacls "{path}"' if platform == "win32" else f"ls -ld '{path}'"


def make_writable(path: str, platform: str = sys.platform) -> str:
    """The command that lets the user change a file."""
    return f'attrib -r "{path}"' if platform == "win32" else f"chmod u+w '{path}'"


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether somebody sits at a stream. False for one that is closed or was never there.

    Windows calls its null device a terminal, too: a script there that throws our
    output away, or gives us no input, would be asked for keys and answered as a
    person is. Source: Microsoft, "_isatty" (a character device) and
    "GetConsoleMode" (a console, and nothing else).
    """
    try:
        if stream is None or not stream.isatty():
            return False
    except ValueError:  # closed
        return False
    return sys.platform != "win32" or _is_console(stream)


def _is_console(stream: IO[Any]) -> bool:
    if sys.platform != "win32":
        return False
    import ctypes
    import msvcrt
    from ctypes import wintypes

    try:
        handle = msvcrt.get_osfhandle(stream.fileno())
    except (OSError, ValueError, AttributeError):  # no file behind it: what says so is taken at its word
        return True
    ask = ctypes.WinDLL("kernel32").GetConsoleMode
    ask.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
    return bool(ask(handle, ctypes.byref(wintypes.DWORD())))
