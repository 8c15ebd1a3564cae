r"""npm's `claude.cmd`: what it would start, so that no argument passes through cmd.exe.

A batch file is read by cmd, which gives `&`, `|`, `<`, `>`, `^`, `%`, `!`, a
quote and a line break a meaning of their own in every argument, quoted or
not; no quoting keeps all of them (Microsoft, "cmd"; Python, "subprocess",
security considerations). The batch files that npm, pnpm and yarn make end in
one line: quoted words, then `%*`. Those words are started directly; with any
other batch file, arguments that cmd would change are refused. Pure. Source:
npm's cmd-shim 6 and 7, @pnpm/cmd-shim 5.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Sequence

ENDINGS = (".cmd", ".bat")
STARTED = re.compile(r'(?:"[^"\r\n]*"[ \t]+|node[ \t]+)+%\*')
"""The words before `%*`: what the batch file starts."""
WORD = re.compile(r'"([^"]*)"|(node)(?=[ \t])')
FOLDER = re.compile(r"%~?dp0%?\\?", re.IGNORECASE)
CHANGED_BY_CMD = re.compile(r'["%&|<>^!\r\n]')


def is_batch_file(program: str) -> bool:
    """The program is one that cmd reads."""
    return program.lower().endswith(ENDINGS)


def words_of(text: str, folder: str, find: Callable[[str], str | None]) -> list[str] | None:
    """The program and the first arguments that a batch file of `text` in `folder` starts.

    `find` looks for a program by path or on PATH. None where the text has not
    the form of a package manager's, or what it names is not there.
    """
    ends = STARTED.findall(text)
    if not ends:
        return None
    words = [quoted or bare for quoted, bare in WORD.findall(ends[-1])]
    if words[0].lower() in ("%_prog%", "node", "node.exe"):
        words[0] = find(ntpath.join(folder, "node.exe")) or find("node") or ""
    words = [ntpath.normpath(FOLDER.sub(lambda _: folder + "\\", word)) if word else "" for word in words]
    if not words[0] or any("%" in word for word in words) or find(words[0]) is None:
        return None
    return words


def unsafe(arguments: Sequence[str]) -> str | None:
    """The first argument that cmd would cut, expand or run."""
    return next((argument for argument in arguments if CHANGED_BY_CMD.search(argument)), None)
