"""`claude.cmd`: started past cmd where its form is known; arguments that cmd would change are refused elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.claude.batch_file import unsafe, words_of
from ccswitch_tui.claude.child import past_cmd
from ccswitch_tui.errors import UsageError
from kit.parts import absent, need_part

FOLDER = r"C:\Users\First Last (GmbH)\AppData\Roaming\npm"
NODE = r"C:\Program Files\nodejs\node.exe"
SCRIPT = FOLDER + r"\node_modules\@anthropic-ai\claude-code\cli.js"
PNPM = (
    '@IF EXIST "%~dp0\\node.exe" (\n  "%~dp0\\node.exe"  "%~dp0\\global\\5\\cli.js" %*\n) ELSE (\n  @SET PATHEXT=x\n'
    '  node  "%~dp0\\global\\5\\cli.js" %*\n)\n'
)


def find(name: str) -> str | None:
    """A machine with Node on PATH and none beside the batch file."""
    return NODE if name == "node" else None if name.endswith(r"npm\node.exe") else name


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r'endLocal & title %COMSPEC% & "%_prog%"  "%dp0%\node_modules\@anthropic-ai\claude-code\cli.js" %*',
         [NODE, SCRIPT]),
        (r'"%dp0%\node_modules\@anthropic-ai\claude-code\claude.exe"   %*',
         [FOLDER + r"\node_modules\@anthropic-ai\claude-code\claude.exe"]),
        (r'@"%~dp0\..\claude\cli.exe" %*', [r"C:\Users\First Last (GmbH)\AppData\Roaming\claude\cli.exe"]),
        (PNPM, [NODE, FOLDER + r"\global\5\cli.js"]),
        (r'"%_prog%" "--no-warnings" "%dp0%\cli.js" %*', [NODE, "--no-warnings", FOLDER + r"\cli.js"]),
        ("@echo off\r\ncall real.bat %1 %2\r\n", None),
        (r'"%TOOLS%\claude.exe" %*', None),
        ("", None),
    ],
)  # fmt: skip
def test_what_a_package_managers_batch_file_starts(line: str, words: list[str] | None) -> None:
    assert words_of(line, FOLDER, find) == words


def test_a_program_that_is_not_there_is_not_started() -> None:
    assert words_of(r'"%dp0%\gone.exe" %*', FOLDER, lambda name: None) is None
    assert words_of(r'"%_prog%" "%dp0%\cli.js" %*', FOLDER, lambda name: None) is None


@pytest.mark.parametrize("argument", ["a&b", "100%", "%PATH%", 'say "hi"', "one\ntwo", "a|b", "x>y", "^", "wow!"])
def test_what_cmd_would_change_is_seen(argument: str) -> None:
    assert unsafe(["-p", argument, "end"]) == argument


@given(st.text(alphabet=st.characters(exclude_characters='"%&|<>^!\r\n', exclude_categories=["Cs"])))
def test_other_arguments_pass(argument: str) -> None:
    assert unsafe([argument]) is None


def test_an_unknown_batch_file_gets_harmless_arguments_and_no_others(tmp_path: Path) -> None:
    program = tmp_path / "claude.cmd"
    program.write_text("@call somewhere %*\n")
    assert past_cmd([str(program), "-p", "hello"], {}) == [str(program), "-p", "hello"]
    with pytest.raises(UsageError, match="batch file"):
        past_cmd([str(program), "-p", "a & b"], {})


@pytest.mark.real
def test_the_batch_file_that_npm_makes_is_known(tmp_path: Path) -> None:
    """npm's own cmd-shim writes one for a script and one for a program."""
    npm = Path(shutil.which("npm", path="/usr/local/bin:/usr/bin:/bin") or absent("npm", "the system's package 'npm'"))
    maker = next((folder for folder in (npm.resolve().parents[1] / "node_modules/cmd-shim",
                                        Path("/usr/share/nodejs/cmd-shim")) if folder.is_dir()), None)  # fmt: skip
    if maker is None:
        absent("cmd-shim", "npm itself, which brings it")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/cli.js").write_text("#!/usr/bin/env node\n")
    (tmp_path / "lib/claude.exe").write_bytes(b"MZ")
    for name in ("cli.js", "claude.exe"):
        words = (str(maker), str(tmp_path / "lib" / name), str(tmp_path / name.split(".")[0]))
        call = "require({}) ({}, {})".format(*map(json.dumps, words))
        subprocess.run([need_part("node"), "-e", call], check=True, timeout=60)
    script, program = (words_of((tmp_path / f"{name}.cmd").read_text(), "C:\\npm", find) for name in ("cli", "claude"))
    assert script == [NODE, r"C:\npm\lib\cli.js"]
    assert program == [r"C:\npm\lib\claude.exe"]
