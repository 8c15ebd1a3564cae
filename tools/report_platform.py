"""What this machine does where ours cannot look: run on a real Windows or macOS, it prints lines to report.

Everything happens in a scratch folder, with an invented key and the built-in
provider; the scratch folder and the key are gone afterwards, also when it is
interrupted. Nothing is sent anywhere: copy the lines into a report if you like.
They name no user, no host and no path, and quote of your settings nothing.

    python tools/report_platform.py
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

KEY = "sk-example-report-" + os.urandom(6).hex()
NAME = "Report-" + os.urandom(3).hex()
ENDPOINT = ("--url", "http://127.0.0.1:9/v1", "--model", "m", "--no-probe")
ME = [sys.executable, "-P", "-m", "ccswitch_tui"]


def main() -> None:
    """One line a question."""
    folder = tempfile.mkdtemp(prefix="ccswitch-report-")
    env = {
        **os.environ,
        "CCSWITCH_HOME": os.path.join(folder, "ours"),
        "CLAUDE_CONFIG_DIR": os.path.join(folder, "claude"),
    }

    def ours(*words: str, stdin: str = "", shown: slice = slice(-1, None)) -> str:
        began = time.monotonic()
        done = subprocess.run(
            [*ME, *words], input=stdin, capture_output=True, encoding="utf-8", errors="replace", env=env
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            lines = [line for line in said if " error: " in line][:1] or said[:1]
        else:
            lines = done.stdout.strip().splitlines()[shown]
        return f"exit {done.returncode}, {time.monotonic() - began:.1f} s, {hidden(' '.join(lines), folder)}"

    def add() -> str:
        answer = ours("add", NAME, *ENDPOINT, "--key-stdin", stdin=KEY)
        if not answer.startswith("exit 0"):  # over SSH, say: the rest can be asked without a key
            answer += "; without one: " + ours("add", NAME, *ENDPOINT, "--key", "none")
        return answer

    questions: list[tuple[str, Callable[[], str]]] = [
        ("system", lambda: f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("python", lambda: f"{platform.python_version()} {platform.python_implementation()}, {python_kind()}"),
        ("streams", lambda: f"{sys.stdout.encoding}, terminal {sys.stdout.isatty()}"),
        ("program", lambda: ours("--version", shown=slice(1))),
        ("claude", claude_version),
        ("refused connection", refused_connection),
        ("folder's access", lambda: access_of(folder)),
        ("demo", lambda: ours("demo")),
        ("add", add),
        ("key read back", lambda: "the same" if KEY in read(env, ME, "key", NAME, "--upstream") else "another"),
        ("long key", lambda: ours("edit", NAME, "--key-stdin", stdin="k" * 1500)),
        ("key after that", lambda: "the same" if KEY in read(env, ME, "key", NAME, "--upstream") else "another"),
        ("use", lambda: ours("use", NAME)),
        ("key, cold proxy", lambda: ours("key", NAME, shown=slice(0))),
        ("key, warm proxy", lambda: ours("key", NAME, shown=slice(0))),
        ("windows seen", lambda: input("did a window flash or stay open? ") if sys.stdin.isatty() else "not asked"),
        ("proxy status", lambda: ours("proxy", "status")),
        ("proxy killed", lambda: killed(env)),
        ("proxy stop", lambda: ours("proxy", "stop")),
        ("write to a held file", lambda: held(env, os.path.join(folder, "claude", "settings.json"))),
        ("undo", lambda: ours("undo")),
        ("service", lambda: ours("proxy", "service", "install", "--dry-run")),
        ("doctor", lambda: ", ".join(one["kind"] for one in json.loads(read(env, ME, "doctor", "--json"))["findings"])),
        ("remove", lambda: ours("remove", NAME, "--force")),
    ]  # fmt: skip
    try:
        for name, ask in questions:
            try:
                answer = ask()
            except Exception as error:
                answer = f"{type(error).__name__}: {hidden(str(error), folder)}"
            print(f"{name:22} {answer}", flush=True)
    finally:
        for words in (("proxy", "stop", "--now"), ("remove", NAME, "--force")):
            subprocess.run([*ME, *words], env=env, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def hidden(text: str, folder: str) -> str:
    """Without what names the user or the machine."""
    places = [(folder, "SCRATCH"), (tempfile.gettempdir(), "TEMP"), (os.path.expanduser("~"), "HOME")]
    places += [(os.path.realpath(path), sign) for path, sign in places]  # Windows shortens names: C:\\Users\\ADA~1
    for word, sign in (*places, (KEY, "KEY"), (platform.node(), "HOST"), (user(), "USER")):
        spelled = r"[\\/]+".join(map(re.escape, re.split(r"[\\/]+", word)))
        text = re.sub(rf"(?<![^\W_]){spelled}(?![^\W_])", sign, text, flags=re.IGNORECASE) if word else text
    return text[:160]


def user() -> str:
    """Who runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name at all
        return ""


def killed(env: dict[str, str]) -> str:
    """How long a killed proxy is away."""
    found = json.loads(read(env, ME, "proxy", "status", "--json"))
    os.kill(found["pid"], getattr(signal, "SIGKILL", signal.SIGTERM))
    began = time.monotonic()
    while time.monotonic() - began < 60:
        now = json.loads(read(env, ME, "proxy", "status", "--json"))
        if now["running"] and now["pid"] != found["pid"]:
            return f"back after {time.monotonic() - began:.1f} s"
    return "not back after a minute"


def read(env: dict[str, str], *command: object) -> str:
    """What a command prints."""
    words = [word for part in command for word in (part if isinstance(part, list) else [str(part)])]
    return subprocess.run(words, env=env, capture_output=True, encoding="utf-8", errors="replace").stdout


def python_kind() -> str:
    """Where this Python is from, as far as it shows."""
    place = os.path.realpath(sys.executable).lower().replace("\\", "/")
    signs = (
        "windowsapps",
        "homebrew",
        "cellar",
        "/uv/",
        "pipx",
        "pyenv",
        "conda",
        "frameworks/python",
        "program files",
    )
    kinds = [sign.strip("/") for sign in signs if sign in place]
    return f"{', '.join(kinds) or 'other'}, virtual environment {sys.prefix != sys.base_prefix}"


def claude_version() -> str:
    """The installed Claude Code."""
    path = shutil.which("claude")
    if path is None:
        return "not on the PATH"
    done = subprocess.run([path, "--version"], capture_output=True, encoding="utf-8", errors="replace", timeout=60)
    return f"{done.stdout.strip()[:60]}, {os.path.splitext(path)[1] or 'no ending'}"


def refused_connection() -> str:
    """How long loopback takes to say no."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    began = time.monotonic()
    with socket.socket() as sock:
        code = sock.connect_ex(("127.0.0.1", port))
    return f"{time.monotonic() - began:.2f} s, error {code}"


def access_of(folder: str) -> str:
    """Who may read what we write."""
    if sys.platform != "win32":
        return oct(os.stat(folder).st_mode & 0o777)
    said = subprocess.run(["icacls", folder], capture_output=True, encoding="utf-8", errors="replace").stdout
    return f"{said.count('(F)')} full, {said.count('(R') + said.count('(RX')} read"


def held(env: dict[str, str], path: str) -> str:
    """A write while another program reads the file for a second and a half."""
    import threading

    with open(path, "rb") as file:
        threading.Timer(1.5, file.close).start()
        began = time.monotonic()
        done = subprocess.run(
            [*ME, "use", "official"], env=env, capture_output=True, encoding="utf-8", errors="replace"
        )
        return f"exit {done.returncode}, {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    main()
