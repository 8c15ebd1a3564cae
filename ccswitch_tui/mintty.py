r"""Git Bash's and MSYS2's own window, mintty: a terminal that a native program of Windows takes for a pipe.

Its pipes are known by their names (`\msys-0123456789abcdef-pty0-to-master`).
Source: mintty's wiki, "Input/Output interaction with alien programs"; Microsoft,
"GetFileInformationByHandleEx", FileNameInfo.
"""

from __future__ import annotations

import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

PIPE = re.compile(r"\\(?:msys|cygwin)-[0-9a-f]{16}-pty\d+-(?:to|from)-master(?:-nat)?")
FILE_NAME_INFO = 2
LONGEST_NAME = 260


def is_pty_name(name: str) -> bool:
    """The name of a pipe is one that mintty gives a terminal's two ends."""
    return PIPE.fullmatch(name) is not None


def is_mintty(stream: TextIO) -> bool:
    """What is written to `stream` appears in a mintty window. False everywhere but on Windows."""
    if sys.platform != "win32":
        return False
    try:
        return is_pty_name(_pipe_name(stream.fileno()))
    except (OSError, ValueError, AttributeError):  # closed, or no file behind it
        return False


def _pipe_name(handle: int) -> str:
    if sys.platform != "win32":
        return ""
    import ctypes
    import msvcrt
    from ctypes import wintypes

    class FileNameInfo(ctypes.Structure):
        _fields_ = (("length", wintypes.DWORD), ("name", wintypes.WCHAR * LONGEST_NAME))

    found = FileNameInfo()
    ask = ctypes.WinDLL("kernel32", use_last_error=True).GetFileInformationByHandleEx
    ask.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)
    if not ask(msvcrt.get_osfhandle(handle), FILE_NAME_INFO, ctypes.byref(found), ctypes.sizeof(found)):
        return ""
    return str(found.name[: found.length // 2])
