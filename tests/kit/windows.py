"""Windows on this machine: its own Python and the vendor's Windows client under Wine, and a user's folder there.

What passes here proves our use of Windows' interfaces, not the desktop: Wine's
credential store takes more than Windows' does, and its loopback refuses at once.
The profile folder has blanks, brackets and letters of two scripts in its name,
because users' folders have. Prepared by `.ci/windows.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kit.parts import PARTS, SYSTEM_PATH, absent

PLACE = PARTS / "windows"
CHECKOUT = Path(__file__).resolve().parents[2]
BROUGHT_BY = "the system's packages 'wine64' and 'wine', then: python .ci/windows.py"
USER = "Jürgen 王 (GmbH)"


class Done(NamedTuple):
    """How a program of Windows ended."""

    code: int
    out: str
    err: str
    took_s: float = 0.0


def windows_path(path: Path | str) -> str:
    """A path of this machine as Windows programs there see it."""
    return "Z:" + str(path).replace("/", "\\")


class Windows:
    """One user of Windows."""

    def __init__(self, root: Path) -> None:
        self.home = root / USER
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        (self.home / "Temp").mkdir()
        self.python_folder = self.home / "py"
        self.python_folder.symlink_to(PLACE / "python")
        self.claude = PLACE / "claude/node_modules/@anthropic-ai/claude-code-win32-x64/claude.exe"
        self.unix_env = {
            "PATH": SYSTEM_PATH, "HOME": str(root), "LANG": "C.UTF-8", "WINEPREFIX": str(PLACE / "prefix"),
            "WINEDEBUG": "-all", "DISPLAY": "",
        }  # fmt: skip
        home = windows_path(self.home)
        self.env = {
            "USERPROFILE": home,
            "APPDATA": home + r"\AppData\Roaming",
            "LOCALAPPDATA": home + r"\AppData\Local",
            "TEMP": home + r"\Temp",
            "TMP": home + r"\Temp",
            "PYTHONPATH": windows_path(CHECKOUT),
            "PYTHONPYCACHEPREFIX": windows_path(PLACE / "compiled"),
        }
        """What programs there are started with, beside what Wine gives them."""
        self.keys: set[str] = set()
        """Names of keys in the credential store, which is one for all users here: taken out at the end."""

    @property
    def program(self) -> Path:
        """ccswitch-tui.exe, as pip makes it."""
        return self.python_folder / "ccswitch-tui.exe"

    def variables(self, more: Mapping[str, str] = {}) -> Path:
        """A file for as-user.exe."""
        file = self.home.parent / f"env-{time.monotonic_ns()}"
        lines = [f"{name}={value}" for name, value in {**self.env, **more}.items()]
        file.write_bytes("\n".join(lines).encode("utf-16-le"))
        return file

    def start(
        self,
        *command: str | Path,
        stdin: bytes = b"",
        cwd: Path | None = None,
        limit_s: float = 90.0,
        env: Mapping[str, str] = {},
    ) -> Done:
        """Runs a program to its end. A child that lives on may keep Unix' standard error: that is not waited for."""
        variables, began = self.variables(env), time.monotonic()
        words = [
            "wine",
            "as-user.exe",
            windows_path(variables),
            *(windows_path(word) if isinstance(word, Path) else word for word in command),
        ]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.unix_env, cwd=cwd or self.project,
        ) as process:  # fmt: skip
            assert process.stdin is not None and process.stdout is not None and process.stderr is not None
            said: list[bytes] = []
            reader = threading.Thread(target=_read_all, args=(process.stderr.fileno(), said), daemon=True)
            reader.start()
            watch = threading.Timer(limit_s, process.kill)
            watch.start()
            try:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(stdin)
                process.stdin.close()
                out = process.stdout.read()
                code = process.wait()
            finally:
                watch.cancel()
            reader.join(5.0 if code and not said else 0.3)
            err = b"".join(said)
        return Done(code, _text(out), _text(err), round(time.monotonic() - began, 1))

    def ccswitch(self, *words: str, stdin: str = "", code: int | None = 0, cwd: Path | None = None, **env: str) -> str:
        """Runs our program; returns what it printed. Fails on another exit code than `code`."""
        done = self.start(self.program, *words, stdin=stdin.encode(), cwd=cwd, env={"PYTHONIOENCODING": "utf-8", **env})
        assert code is None or done.code == code, f"{words}: {done}"
        return done.out

    def json(self, *words: str, code: int | None = 0) -> Any:
        """The JSON a command prints."""
        return json.loads(self.ccswitch(*words, "--json", code=code))

    def add_profile(self, name: str, url: str = "http://127.0.0.1:9/v1", key: str = "none") -> None:
        """A profile, written and not asked for: a process there takes a second to start."""
        file = self.home / "AppData/Roaming/ccswitch-tui/profiles.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        endpoint = f'endpoint = {{ base_url = "{url}", wire = "openai-chat" }}'
        with file.open("a") as opened:
            opened.write("" if opened.tell() else "version = 2\n")
            opened.write(f'[profiles.{name}]\n{endpoint}\nmodels = {{ default = "demo-large" }}\nkey = "{key}"\n')

    def in_one_process(self, *commands: tuple[str, ...], stdin: str = "") -> list[Done]:
        """Runs our commands one after the other, each with the same standard input, for the price of one start."""
        told = self.python(COMMANDS, json.dumps([stdin, commands]))
        return [Done(*one) for one in json.loads(told.splitlines()[-1])]

    def python(self, script: str, *words: str, limit_s: float = 90.0, **env: str) -> str:
        """What a script prints there."""
        file = self.home / "script.py"
        file.write_text(script, encoding="utf-8")
        program, env = self.python_folder / "python.exe", {"PYTHONIOENCODING": "utf-8", **env}
        done = self.start(program, file, *words, limit_s=limit_s, env=env)
        assert done.code == 0, done.out + done.err
        return done.out

    @property
    def settings(self) -> Path:
        return self.home / ".claude" / "settings.json"

    def close(self) -> None:
        """Ends the background proxy and takes our keys out of the credential store."""
        if self.keys or any(self.home.glob("AppData/Local/ccswitch-tui/proxy.lock")):
            with contextlib.suppress(AssertionError):
                self.python(CLOSE, *self.keys)


COMMANDS = """
import io, json, sys
from ccswitch_tui.cli.main import main
given, commands = json.loads(sys.argv[1])
streams, told = (sys.stdin, sys.stdout, sys.stderr), []
for words in commands:
    sys.stdin, sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(b), "utf-8") for b in (given.encode(), b"", b""))
    try:
        code = main(words)
    except SystemExit as end:
        code = end.code or 0
    said = []
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        said.append(stream.buffer.getvalue().decode())
    told.append([code, *said])
sys.stdin, sys.stdout, sys.stderr = streams
print(json.dumps(told))
"""

CLOSE = """
import os, sys
from keyring.backends.Windows import WinVaultKeyring
from ccswitch_tui.workflows.context import Context
try:
    Context(dict(os.environ)).proxy.stop(at_once=True)
except Exception as error:
    print(error)
for name in sys.argv[1:]:
    for service in ("ccswitch-tui", "ccswitch-tui/" + name):
        try:
            WinVaultKeyring().delete_password(service, name)
        except Exception:
            pass
"""


def _read_all(handle: int, said: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        while part := os.read(handle, 65536):
            said.append(part)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\r\n", "\n")


def need_windows() -> None:
    """Ends the test (skipped, or failed on CI) where Windows programs cannot be run."""
    if shutil.which("wine", path=SYSTEM_PATH) is None or not all((PLACE / n).is_dir() for n in ("python", "prefix")):
        absent("Python for Windows under Wine", BROUGHT_BY)


@pytest.fixture(scope="session")
def wine() -> Iterator[Mapping[str, str]]:
    """One server for all programs of this session: it would take over the first one's streams otherwise."""
    need_windows()
    env = {"PATH": SYSTEM_PATH, "HOME": str(PLACE / "prefix"), "WINEPREFIX": str(PLACE / "prefix"), "WINEDEBUG": "-all"}
    nowhere = subprocess.DEVNULL
    subprocess.run(["wineserver", "--persistent=60"], env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    yield env


@pytest.fixture
def windows(wine: object, tmp_path: Path) -> Iterator[Windows]:
    """A user of Windows with an empty profile folder."""
    user = Windows(tmp_path)
    try:
        yield user
    finally:
        user.close()
