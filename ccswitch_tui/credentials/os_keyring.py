"""The keyring of the operating system, through `keyring`: known-safe backends only, by the name of their class.

That a backend exists proves nothing: it may be locked, have nobody to ask, or
swallow what it is given. So: no discovery through plugins, every write is read
back by another process, and nothing takes longer than LIMIT_S or asks on our
terminal. Source: keyring 25.7 and its backends, each situation tried for real.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from typing import Any

from ccswitch_tui.credentials.base import read_back
from ccswitch_tui.credentials.bounded import LIMIT_S, TookTooLong, call_within, run_within
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.sentence import say

SECRET_SERVICE = "keyring.backends.SecretService.Keyring"  # noqa: S105 - a class
MACOS, WINDOWS = "keyring.backends.macOS.Keyring", "keyring.backends.Windows.WinVaultKeyring"

SAFE_BACKENDS: dict[str, tuple[str, tuple[str, ...]]] = {
    # class: (what people call it, sys.platform values where it is looked for by itself)
    SECRET_SERVICE: ("Secret Service", ("linux", "freebsd")),
    "keyring.backends.kwallet.DBusKeyring": ("KWallet", ("linux", "freebsd")),
    "keyring.backends.kwallet.DBusKeyringKWallet4": ("KWallet", ()),
    "keyring.backends.libsecret.Keyring": ("libsecret", ("linux", "freebsd")),
    "keyring_pass.PasswordStoreBackend": ("password store (pass)", ()),
    MACOS: ("macOS Keychain", ("darwin",)),
    WINDOWS: ("Windows Credential Manager", ("win32",)),
}
"""All of these encrypt what they keep, or let the system do it. Everything else that offers itself
(plain text files, the null and fail backends, the chainer, files that ask on the terminal) is refused."""

NO_NAME = "no key has this name"
"""Asked for when only the store's own state matters."""

FILE_HINT = say(
    "'ccswitch-tui unlock --create' makes an encrypted key file for machines without a keyring; then run this again"
)


def configured(env: Mapping[str, str]) -> str | None:
    """The backend the user's own configuration names, if any. Raises KeyStoreError when it is not a safe one."""
    named = env.get("PYTHON_KEYRING_BACKEND", "").strip()
    if named:
        return _safe(named, "PYTHON_KEYRING_BACKEND")
    path = _config_file(env)
    named = _default_keyring(path)
    return _safe(named, path) if named else None


def _safe(backend: str, source: str) -> str:
    if backend in SAFE_BACKENDS:
        return backend
    raise KeyStoreError(
        say(
            "{source} names the keyring backend '{backend}', which is not known to keep keys encrypted",
            source=source,
            backend=backend,
        ),
        hint=say("name one of {names}, or remove the setting", names=", ".join(SAFE_BACKENDS)),
        kind="key-store-unsafe",
    )


def _config_file(env: Mapping[str, str]) -> str:
    """keyring's own configuration file, where keyring.util.platform_ looks for it."""
    home = env.get("HOME") or env.get("USERPROFILE") or ""
    if sys.platform == "win32":
        folder = os.path.join(env.get("LOCALAPPDATA") or env.get("PROGRAMDATA", ""), "Python Keyring")
    else:
        folder = os.path.join(env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "python_keyring")
    return os.path.join(folder, "keyringrc.cfg")


def _default_keyring(path: str) -> str:
    if not os.path.isfile(path):
        return ""
    import configparser

    from ccswitch_tui.textfile import read_file

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(read_file(path).decode("utf-8-sig"))
        return parser.get("backend", "default-keyring", fallback="").strip()
    except (configparser.Error, UnicodeDecodeError, OSError):
        return ""


def discover(env: Mapping[str, str], *, platform: str = sys.platform) -> str:
    """The first safe backend that this system offers. Raises KeyStoreError saying why none does."""
    if platform == sys.platform == "win32":
        return WINDOWS  # asked without the library; whether this session may use it shows when a key is stored
    asked = [name for name, (_, systems) in SAFE_BACKENDS.items() if platform.startswith(systems or "-")]
    answer = _ask(env, "the keyring", {"op": "choose", "backends": asked})
    if answer["backend"]:
        return str(answer["backend"])
    reasons = answer["refused"]
    because = say(": {reason}", reason=_on_the_bus(reasons[SECRET_SERVICE], env)) if SECRET_SERVICE in reasons else ""
    raise KeyStoreError(
        say("there is no OS keyring here that keeps keys safe{because}", because=because),
        hint=FILE_HINT,
        kind="key-store-absent",
    )


class OSKeyring:
    """One backend class, loaded by its name."""

    def __init__(self, backend: str, *, service: str, env: Mapping[str, str], limit_s: float = LIMIT_S) -> None:
        self.backend = _safe(backend, "the remembered choice")
        self.label = SAFE_BACKENDS[backend][0]
        self.service = service
        self.env = env
        self.limit_s = limit_s

    def get(self, name: str) -> Secret | None:
        value = self._quick_get(name) if self._is_plain_secret_service() else self._request("get", name)["value"]
        return None if value is None else Secret(value)

    def set(self, name: str, secret: Secret) -> None:
        self._request("put", name, secret)
        read_back(self, name, secret)

    def delete(self, name: str) -> bool:
        answer = self._request("delete", name)
        if answer["left"] or (answer["removed"] and self.get(name) is not None):
            raise KeyStoreError(
                say("the {label} did not remove the key '{name}'", label=self.label, name=name),
                hint=say("remove it in its own program"),
            )
        return bool(answer["removed"])

    def is_unlocked(self) -> bool | None:
        """Whether keys can be had now, found out without any dialog; None for a store that cannot be asked so."""
        if not self._is_plain_secret_service():
            return None
        from ccswitch_tui.credentials import secret_service

        try:
            call_within(self.limit_s / 2, lambda: secret_service.read(self.service, NO_NAME, self.env))
        except secret_service.Locked:
            return False
        except secret_service.Unreachable as error:
            raise _absent(self.label, str(error)) from None
        except TookTooLong:
            raise slow(self.label, self.limit_s / 2) from None
        except Exception as error:
            raise _explain(self.label, type(error).__name__, str(error)) from None
        return True

    def unlock(self, wait_s: float, names: Collection[str] = ()) -> None:
        """Waits for the desktop's own dialog, where a person may need longer than LIMIT_S.

        macOS asks for each key, and again when another program reads it; every upgrade of Python is another one. So
        the keys themselves are read there, by their `names`, while a person is waiting for the question.
        """
        patient = OSKeyring(self.backend, service=self.service, env=self.env, limit_s=wait_s)
        try:
            for name in (names or (NO_NAME,)) if self.backend == MACOS else (NO_NAME,):
                patient._request("get", name)
        except KeyStoreError as error:
            if error.kind in ("key-store-locked", "key-store-slow"):
                error.hint = say("unlock it in the desktop's own program for passwords, or: {hint}", hint=FILE_HINT)
            raise

    def _is_plain_secret_service(self) -> bool:
        # keyring lets these variables change the collection and the names of attributes.
        return self.backend == SECRET_SERVICE and not any(n.startswith("KEYRING_PROPERTY_") for n in self.env)

    def _quick_get(self, name: str) -> str | None:
        from ccswitch_tui.credentials import secret_service

        try:
            return call_within(self.limit_s / 2, lambda: secret_service.read(self.service, name, self.env))
        except secret_service.Locked:
            # Through keyring it may be unlocked: that asks on the desktop, if somebody is there to ask.
            value: str | None = _ask(self.env, self.label, self._message("get", name), self.limit_s / 2)["value"]
            return value
        except secret_service.Unreachable as error:
            raise _absent(self.label, str(error)) from None
        except TookTooLong:
            raise slow(self.label, self.limit_s / 2) from None
        except Exception as error:
            raise _explain(self.label, type(error).__name__, str(error)) from None

    def _request(self, op: str, name: str, secret: Secret | None = None) -> dict[str, Any]:
        return _ask(self.env, self.label, self._message(op, name, secret), self.limit_s)

    def _message(self, op: str, name: str, secret: Secret | None = None) -> dict[str, Any]:
        if self.backend.startswith("keyring_pass."):
            # pass would make `work/spare` a file in a folder `work`, and remove both with the key `work`
            name = name.replace("%", "%25").replace("/", "%2F")
        message = {"op": op, "backend": self.backend, "service": self.service, "name": name}
        return message if secret is None else {**message, "value": secret.reveal()}


def _ask(env: Mapping[str, str], label: str, message: dict[str, Any], limit_s: float = LIMIT_S) -> dict[str, Any]:
    """One request to keyring_child. Raises KeyStoreError for everything that can go wrong."""
    import json

    from ccswitch_tui.credentials.bounded import run_within
    from ccswitch_tui.credentials.secret_service import bus_address

    child = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keyring_child.py")
    address = bus_address(env)
    env = {**env, "DBUS_SESSION_BUS_ADDRESS": address} if address else env
    try:
        ran = run_within(limit_s, [sys.executable, "-P", child], env, given=json.dumps(message).encode())
    except TookTooLong:
        raise slow(label, limit_s) from None
    except OSError as error:
        raise KeyStoreError(
            say(
                "cannot start {program} to reach the {label}: {reason}",
                program=sys.executable,
                label=label,
                reason=error.strerror,
            )
        ) from None
    try:
        answer: dict[str, Any] = json.loads(ran.stdout.rstrip().rpartition(b"\n")[2])
    except ValueError:
        last = ran.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise _explain(label, "", last or say("exit code {code}", code=ran.code)) from None
    if "error" in answer:
        detail = answer["detail"]
        if answer["error"] in UNREACHABLE and message.get("backend") == SECRET_SERVICE:
            detail = _on_the_bus(detail, env)
        raise _explain(label, answer["error"], detail, ran.stderr)
    return answer


def _on_the_bus(detail: str, env: Mapping[str, str]) -> str:
    """Why the Secret Service cannot be reached: what the environment shows, else the library's words."""
    from ccswitch_tui.credentials.secret_service import bus_problem

    return bus_problem(env) or detail.removeprefix("Unable to initialize SecretService: ")


def slow(label: str, limit_s: float) -> KeyStoreError:
    """A store that did not answer."""
    return KeyStoreError(
        say("the {label} did not answer within {seconds:.0f} s", label=label, seconds=limit_s),
        hint=say(
            "if a dialog is waiting for you: 'ccswitch-tui unlock' waits for it; otherwise "
            "restart the keyring's program"
        ),
        kind="key-store-slow",
    )


def _absent(label: str, detail: str) -> KeyStoreError:
    return KeyStoreError(
        say("the {label} cannot be reached: {detail}", label=label, detail=detail),
        hint=say("start it (a desktop session does), or: {hint}", hint=FILE_HINT),
        kind="key-store-absent",
    )


UNREACHABLE = (
    "RuntimeError", "NoKeyringError", "SecretServiceNotAvailableException", "ModuleNotFoundError", "FileNotFoundError",
    "ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError",
)  # fmt: skip
"""Exceptions seen when a backend is not there: the class's `priority` raises the first."""


KEYCHAIN = {
    # OSStatus of the Security framework: (what it means here, the way out, kind). Source: SecBase.h
    -25308: (
        say("the macOS Keychain is locked, and there is nobody to ask here (over SSH, in tmux, in a service)"),
        say("run 'security unlock-keychain' in this session, or: {hint}", hint=FILE_HINT),
        "key-store-locked",
    ),
    -25293: (
        say("the macOS Keychain did not accept the password"),
        say("run 'security unlock-keychain', or open Keychain Access"),
        "key-store-locked",
    ),
    -128: (
        say("macOS asked whether this Python may read the key, and the answer was no"),
        say("run 'ccswitch-tui unlock' and choose 'Always Allow'; after an upgrade of Python it asks again"),
        "key-store-locked",
    ),
    -67030: (
        say("macOS does not let a program without a valid signature read the key"),
        say("use a signed Python (python.org's, Homebrew's, uv's), or: {hint}", hint=FILE_HINT),
        "key-store",
    ),
}


KEYCHAIN_STATE = ("/usr/bin/security", "show-keychain-info")
NOBODY_TO_ASK = 36
"""Its exit code for errSecInteractionNotAllowed, -25308 (the number's last byte). Source: security(1), SecBase.h."""


def keychain_closed_to(env: Mapping[str, str]) -> KeyStoreError | None:
    """Why the login Keychain cannot be read in this session over SSH. Elsewhere asking could open a dialog."""
    if not (env.get("SSH_CONNECTION") or env.get("SSH_TTY")):
        return None
    try:
        ran = run_within(LIMIT_S, KEYCHAIN_STATE, env)
    except (OSError, TookTooLong):
        return None
    return _explain(SAFE_BACKENDS[MACOS][0], "", "(-25308,") if ran.code == NOBODY_TO_ASK else None


def _explain(label: str, error: str, detail: str, stderr: bytes = b"") -> KeyStoreError:
    """keyring's exceptions, as seen, in words with a way out."""
    detail = detail.strip().rstrip(".")
    code = next((code for code in KEYCHAIN if f"({code}," in detail), None)
    if code is not None and label == SAFE_BACKENDS[MACOS][0]:
        message, hint, kind = KEYCHAIN[code]
        return KeyStoreError(message, hint=hint, kind=kind)
    if error in ("KeyringLocked", "LockedException", "KeychainDenied"):
        return KeyStoreError(
            say("the {label} is locked", label=label),
            hint=say("unlock it: 'ccswitch-tui unlock' asks and waits"),
            kind="key-store-locked",
        )
    if "Prompt dismissed" in detail or error == "InitError":
        return KeyStoreError(
            say("the {label} was never set up, and there is nobody to ask ({detail})", label=label, detail=detail),
            hint=say("log in to the desktop once, or: {hint}", hint=FILE_HINT),
            kind="key-store-promptless",
        )
    if error in UNREACHABLE:
        return _absent(label, detail)
    shown = f"{error}: {detail}" if error else detail
    said = redact(stderr.decode(errors="replace").strip().rpartition("\n")[2])
    shown += f" ({said})" if said else ""
    return KeyStoreError(
        say("the {label} failed: {words}", label=label, words=shown),
        hint=say("'ccswitch-tui doctor' takes a closer look"),
        kind="key-store",
    )
