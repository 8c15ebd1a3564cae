"""Folders and files as companies and other programs leave them: a profile on a share, one that is read-only or held."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.windows import PLACE, Windows

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(240)]

THEIRS = b'{\r\n  "theme": "dark"\r\n}\r\n'


@pytest.fixture
def share(windows: Windows, tmp_path: Path) -> Iterator[str]:
    r"""The user's profile folder as `\\server\share\user`; Wine keeps a server's shares in a folder."""
    server = PLACE / "prefix" / "dosdevices" / "unc" / f"ccst-{os.getpid()}"
    server.mkdir(parents=True)
    (server / "profiles").symlink_to(tmp_path)
    yield rf"\\{server.name}\profiles\{windows.home.name}"
    shutil.rmtree(server)


STORY = r"""
import contextlib, io, json, os, subprocess, sys
from ccswitch_tui.cli.main import main
os.chdir(os.environ["USERPROFILE"] + r"\project")
settings, told = os.environ["USERPROFILE"] + r"\.claude\settings.json", []

def ours(*words):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        told.append([main(list(words)), err.getvalue()])

ours("use", "work")
with open(settings, encoding="utf-8") as file:
    helper = json.load(file)["apiKeyHelper"]
# cmd cannot work in such a folder: it says so, and goes elsewhere
done = subprocess.run('cmd.exe /d /s /c "' + helper + '"', stdin=subprocess.DEVNULL, capture_output=True, text=True)
told.append([done.returncode, done.stdout[:5]])
ours("proxy", "stop")
ours("use", "work", "--scope", "local")
ours("undo")
ours("undo")
print(json.dumps(told))
"""


def test_a_profile_folder_on_a_share_is_one_like_others(windows: Windows, share: str) -> None:
    windows.settings.parent.mkdir()
    windows.settings.write_bytes(THEIRS)
    windows.add_profile("work")
    windows.env |= {
        "USERPROFILE": share, "APPDATA": rf"{share}\AppData\Roaming", "LOCALAPPDATA": rf"{share}\AppData\Local",
    }  # fmt: skip
    told = json.loads(windows.python(STORY).splitlines()[-1])
    assert told == [[0, ""], [0, "ccst-"], [0, ""], [0, ""], [0, ""], [0, ""]]
    assert windows.settings.read_bytes() == THEIRS
    assert not (windows.project / ".claude").exists()


HELD = r"""
import contextlib, io, json, os, stat, sys, threading
from ccswitch_tui import textfile
from ccswitch_tui.cli.main import main
path = os.environ["APPDATA"] + r"\ccswitch-tui\profiles.toml"
told = {}

def noted(text):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(["edit", "work", "--set", "note=" + text])
    with open(path, encoding="utf-8") as file:
        return [code, text in file.read(), "nothing was written" in err.getvalue(), "attrib -r" in err.getvalue()]

held = open(path, "rb")  # as a virus scanner or OneDrive has it: nobody may rename over the file
threading.Timer(0.7, held.close).start()
told["held for a moment"] = noted("first")
os.chmod(path, stat.S_IREAD)
told["read-only"] = noted("second")
os.chmod(path, stat.S_IREAD | stat.S_IWRITE)
textfile.HELD_PAUSES_S = (0.05,) * 3
with open(path, "rb"):
    told["held for good"] = noted("third")
told["left"] = [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".tmp")]
print(json.dumps(told))
"""


def test_profiles_that_are_held_or_read_only_are_left_as_they_were(windows: Windows) -> None:
    windows.add_profile("work")
    assert json.loads(windows.python(HELD).splitlines()[-1]) == {
        "held for a moment": [0, True, False, False],
        "read-only": [6, False, True, True],
        "held for good": [6, False, True, False],
        "left": [],
    }
