"""A real Secret Service: gnome-keyring on a session bus of its own, with its files in a scratch home.

Real enough to lock, to lose and to look into with `secret-tool`. `run` starts
one command inside; `env` lets a test do so itself.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from kit.net import wait_until
from kit.parts import SYSTEM_PATH, need_part

PASSWORD = "example-login-password"

TOOLS = ("dbus-daemon", "dbus-send", "gnome-keyring-daemon", "secret-tool")


class SecretService:
    """A session bus with an unlocked keyring on it. Start, use, stop; a second start finds the same keys again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runtime = Path(tempfile.mkdtemp(prefix="ccsw-bus-"))
        """Short, because the path of a socket may have 107 bytes at most."""
        self._processes: list[subprocess.Popen[bytes]] = []
        self.env: dict[str, str] = {}
        """What a program needs to use it, and nothing of this machine's."""

    def start(self, *, unlocked: bool = True, password: str = PASSWORD) -> SecretService:
        """Starts bus and keyring. With `unlocked=False` only the bus: the keyring then comes up locked on demand."""
        base = {
            "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_STATE_HOME": str(self.home / ".local/state"),
            "LANG": "C.UTF-8",
        }
        bus = subprocess.Popen(
            [need_part("dbus-daemon"), "--session", "--nofork", "--nopidfile", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=base,
        )
        self._processes.append(bus)
        assert bus.stdout
        self.env = {**base, "DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().decode().strip()}
        if unlocked:
            self._start_keyring(password)
        return self

    def _start_keyring(self, password: str) -> None:
        keyring = subprocess.Popen(
            [need_part("gnome-keyring-daemon"), "--foreground", "--unlock", "--components=secrets"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.env,
        )
        self._processes.append(keyring)
        assert keyring.stdin
        keyring.stdin.write(password.encode())
        keyring.stdin.close()
        wait_until(self._is_on_the_bus, 10, "gnome-keyring to appear on its bus")

    def _is_on_the_bus(self) -> bool:
        bus = "org.freedesktop.DBus"
        asked = self._send(bus, "/", f"{bus}.NameHasOwner", "string:org.freedesktop.secrets")
        return "boolean true" in asked

    def _send(self, to: str, path: str, member: str, *arguments: str) -> str:
        command = ["dbus-send", "--session", f"--dest={to}", "--print-reply", path, member, *arguments]
        return self.run(command).stdout

    def lock(self) -> None:
        """Locks the login collection, as a screen lock would."""
        collection = "/org/freedesktop/secrets/collection/login"
        to, path = "org.freedesktop.secrets", "/org/freedesktop/secrets"
        self._send(to, path, "org.freedesktop.Secret.Service.Lock", f"array:objpath:{collection}")

    def run(
        self,
        command: Sequence[str],
        *,
        stdin: str | None = None,
        env: Mapping[str, str] = {},
        cwd: Path | None = None,
        timeout_s: float = 30,
    ) -> subprocess.CompletedProcess[str]:
        """One command inside the session."""
        return subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            env={**self.env, **env},
            cwd=cwd,
            timeout=timeout_s,
        )

    def lookup(self, service: str, username: str) -> str | None:
        """What another program, `secret-tool`, reads there."""
        found = self.run(["secret-tool", "lookup", "service", service, "username", username])
        return found.stdout if found.returncode == 0 else None

    def files(self) -> list[Path]:
        """The keyring's own files."""
        return [path for path in (self.home / ".local/share/keyrings").rglob("*") if path.is_file()]

    def stop(self) -> None:
        """Ends keyring and bus; the keyring's files stay."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)
            if process.stdout:
                process.stdout.close()
        self._processes.clear()

    def remove(self) -> None:
        """Stops it for good."""
        self.stop()
        shutil.rmtree(self.runtime, ignore_errors=True)


@pytest.fixture
def new_secret_service(home: Path) -> Iterator[Callable[[], SecretService]]:
    """Makes Secret Services that are not started yet: for the locked, the lost and the restarted one."""
    for tool in TOOLS:
        need_part(tool)
    made: list[SecretService] = []

    def make() -> SecretService:
        made.append(SecretService(home))
        return made[-1]

    yield make
    for service in made:
        service.remove()


@pytest.fixture
def secret_service(new_secret_service: Callable[[], SecretService]) -> SecretService:
    """A running, unlocked Secret Service with its files in this test's home."""
    return new_secret_service().start()
