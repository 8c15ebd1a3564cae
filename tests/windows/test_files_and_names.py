"""Files as Windows has them: held open by others, read-only, behind long and foreign names; keys beside one another."""

from __future__ import annotations

import json
import stat

import pytest

from kit.windows import PLACE, Windows, windows_path

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(240)]

ADD = ("--url", "http://127.0.0.1:9/v1", "--no-probe", "--model", "m")

HOLD = """
import subprocess, sys, threading, time
path, *command = sys.argv[1:]
held = open(path, "rb")  # a reader such as a virus scanner: without FILE_SHARE_DELETE nobody may rename over the file
timer = threading.Timer(float(command.pop(0)), held.close)
timer.daemon = True
timer.start()
began = time.monotonic()
done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
print(done.returncode, done.stderr)
"""


def test_a_settings_file_that_another_program_reads_is_written_when_it_lets_go(windows: Windows) -> None:
    windows.settings.parent.mkdir()
    windows.settings.write_bytes(b'{"theme": "dark"}')
    windows.add_profile("work")
    program = windows_path(windows.program)
    said = windows.python(HOLD, windows_path(windows.settings), "2.0", program, "use", "work")
    assert said.startswith("0 "), said
    assert json.loads(windows.settings.read_bytes())["env"]["ANTHROPIC_BASE_URL"]


def test_one_that_is_never_let_go_is_left_as_it_was(windows: Windows) -> None:
    windows.settings.parent.mkdir()
    windows.settings.write_bytes(b'{"theme": "dark"}')
    windows.add_profile("work")
    program = windows_path(windows.program)
    said = windows.python(HOLD, windows_path(windows.settings), "60", program, "use", "work")
    assert "nothing was written" in said
    assert windows.settings.read_bytes() == b'{"theme": "dark"}'
    assert [path.name for path in windows.settings.parent.iterdir()] == ["settings.json"]


def test_a_read_only_file_is_left_as_it_was_and_the_hint_can_be_pasted(windows: Windows) -> None:
    windows.settings.parent.mkdir()
    windows.settings.write_bytes(b"{}")
    windows.settings.chmod(stat.S_IRUSR)
    windows.add_profile("work")
    done = windows.start(windows.program, "use", "work")
    assert (done.code, windows.settings.read_bytes()) == (6, b"{}")
    assert "attrib -r" in done.err


def test_a_path_that_is_longer_than_windows_takes_is_refused_in_words(windows: Windows) -> None:
    """260 characters, unless long paths are switched on in Windows; they are not here."""
    ours = windows.home / ("a" * 100) / ("b" * 100) / ("c" * 60)
    done = windows.start(
        windows.program, "add", "work", *ADD, "--key", "none", env={"CCSWITCH_HOME": windows_path(ours)}
    )
    assert done.code == 1
    assert done.err.startswith("ccswitch-tui: error: cannot use Z:")
    assert "Traceback" not in done.err


def test_three_keys_stay_three_keys(windows: Windows) -> None:
    """As `keyring` lays them out, the third write gives the first name the second's key."""
    names = ("first", "Second", "third")
    windows.keys.update(names)
    told = json.loads(windows.python(THREE_KEYS, *names).splitlines()[-1])
    windows.keys.clear()
    keys = [f"sk-example-{name}-0123456789" for name in names[:2]] + ["sk-example-dddddddddddd"]
    assert told["keys"] == keys
    assert "one name for Windows" in told["FIRST"]
    assert "no files of that name" in told["con"]
    assert told["left"] == [None, None, None]


THREE_KEYS = """
import contextlib, io, json, sys
from ccswitch_tui.cli.main import main
from ccswitch_tui.credentials import credential_manager
names, told = sys.argv[1:], {}
add = ("--url", "http://127.0.0.1:9/v1", "--no-probe", "--model", "m")

def said(*words, given=""):
    sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()), "utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        main(list(words))
    return (out.getvalue() or err.getvalue()).strip()

for name in names:
    said("add", name, *add, "--key-stdin", given=f"sk-example-{name}-0123456789")
said("edit", "third", "--key-stdin", given="sk-example-dddddddddddd")
told["keys"] = [said("key", name, "--upstream") for name in names]
for name in ("FIRST", "con"):
    told[name] = said("add", name, *add, "--key", "none")
for name in names:
    said("remove", name)
told["left"] = [credential_manager.get("ccswitch-tui", name) for name in names]
print(json.dumps(told))
"""


def test_a_key_that_is_too_long_is_refused_and_the_profile_is_not_made(windows: Windows) -> None:
    done, listed = windows.in_one_process(("add", "work", *ADD, "--key-stdin"), ("list", "--json"), stdin="k" * 1281)
    assert done.code == 5
    assert "accepts 1280: it was not stored" in done.err
    assert json.loads(listed.out)["profiles"] == []


def test_the_helper_names_the_folder_of_ours_that_was_chosen(windows: Windows) -> None:
    ours = windows_path(windows.home / "our files & more")
    windows.env["CCSWITCH_HOME"] = ours
    windows.in_one_process(("add", "work", *ADD, "--key", "none"), ("use", "work"))
    del windows.env["CCSWITCH_HOME"]
    helper = json.loads(windows.settings.read_text("utf-8"))["apiKeyHelper"]
    script = """
import subprocess, sys
command = 'cmd.exe /d /s /c "' + sys.argv[1] + '"'
done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=80)
sys.stdout.write(done.stdout); sys.stderr.write(done.stderr); sys.exit(done.returncode)
"""
    try:
        assert windows.python(script, helper).startswith("ccst-")
    finally:
        windows.ccswitch("proxy", "stop", CCSWITCH_HOME=ours)


def test_a_login_tasks_proxy_has_no_console_and_the_helper_replaces_a_killed_one(windows: Windows) -> None:
    script = """
import os, subprocess, sys, time
from ccswitch_tui.workflows.context import Context
ctx = Context(dict(os.environ))
ctx.proxy.address()
from ccswitch_tui.proxy.background.service import _windowless
command = [sys.executable, "-P", "-m", "ccswitch_tui", "proxy", "serve"]
program, arguments = _windowless(command, {"NO_PROXY": "127.0.0.1", "CCSWITCH_AS_SERVICE": "1"})
assert program.endswith("pythonw.exe"), program
process = subprocess.Popen(f'"{program}" {arguments}', creationflags=subprocess.DETACHED_PROCESS)
deadline = time.monotonic() + 60
while not ctx.proxy.status().running and time.monotonic() < deadline and process.poll() is None:
    time.sleep(0.2)
print(ctx.proxy.status().running, process.poll())
killed = ctx.proxy.status().pid
os.kill(killed, 15)
process.wait(30)
print(ctx.proxy.ensure_running().pid != killed, ctx.proxy.stop().was_running)
"""
    assert (PLACE / "python" / "pythonw.exe").exists()
    assert windows.python(script).split() == ["True", "None", "True", "True"]


SHOW = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
HARD = ["a & b", "100% %PATH%", 'say "hi"', "x > y | z", "^caret^", "two\nlines", "wow!", r"back\slash\\"]


def test_a_package_managers_batch_file_gets_its_arguments_unchanged(windows: Windows) -> None:
    """What npm writes as claude.cmd, here for a program that shows what it was given."""
    (windows.home / "show.py").write_text(SHOW)
    (windows.home / "tool.cmd").write_bytes(
        b'@ECHO off\r\nSETLOCAL\r\nSET dp0=%~dp0\r\n"%dp0%\\py\\python.exe"  "%dp0%\\show.py" %*\r\n'
    )
    windows.add_profile("work")
    out = windows.ccswitch("run", "work", "--", windows_path(windows.home / "tool.cmd"), *HARD)
    assert json.loads(out.splitlines()[-1]) == HARD


def test_another_batch_file_gets_no_argument_that_cmd_would_change(windows: Windows) -> None:
    (windows.home / "tool.cmd").write_bytes(b"@echo off\r\necho ran %1\r\n")
    windows.add_profile("work")
    tool = windows_path(windows.home / "tool.cmd")
    assert "ran harmless" in windows.ccswitch("run", "work", "--", tool, "harmless")
    done = windows.start(windows.program, "run", "work", "--", tool, "a & echo more")
    assert (done.code, "ran" in done.out) == (2, False), done
    assert "batch file" in done.err


PIPED = r"""
import ctypes, msvcrt, os, subprocess, sys
k = ctypes.WinDLL("kernel32", use_last_error=True)
k.CreateNamedPipeW.restype = k.CreateFileW.restype = ctypes.c_void_p
name = r"\\.\pipe\msys-0123456789abcdef-pty0-to-master"
read = k.CreateNamedPipeW(name, 1, 0, 1, 65536, 65536, 0, None)
write = k.CreateFileW(name, 0x40000000, 0, None, 3, 0, None)
stream = os.fdopen(msvcrt.open_osfhandle(write, 0), "wb")
done = subprocess.run(sys.argv[1:], stdout=stream, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
print(done.returncode, done.stderr)
"""


def test_git_bashs_own_window_is_no_place_for_a_key(windows: Windows) -> None:
    windows.add_profile("work", key="env:WORK_KEY")
    said = windows.python(PIPED, windows_path(windows.program), "key", "work", "--upstream", WORK_KEY="sk-example-0001")
    assert said.startswith("2 ") and "--reveal" in said, said
