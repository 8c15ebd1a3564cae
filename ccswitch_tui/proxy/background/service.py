"""A login service for the background proxy: written, shown before it is written, removable.

Optional: without it the helper that Claude Code calls starts the proxy on
demand. Three forms, one plan: a systemd user unit, a launchd agent, a Task
Scheduler task. Sources: systemd.service(5) and systemd.exec(5); launchd.plist(5);
"Task Scheduler Schema" of the Windows documentation.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.paths import Paths
from ccswitch_tui.sentence import quoting, say
from ccswitch_tui.textfile import read_bytes, remove_file, replace_text, sha256_of

UNIT = "ccswitch-tui-proxy"
LABEL = "io.github.ccswitch-tui.proxy"

PASSED_ON = (
    "CCSWITCH_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "PYTHON_KEYRING_BACKEND",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
)
"""Variables that decide where our files are and how upstreams are reached; a
login service does not read shell start-up files, so they are written into it.
A proxy address with a password in it is left out: the file is not a key store."""


ON_MACOS = ("PATH",)
"""A launch agent's own has neither Homebrew's folders nor the user's, where programs that give keys are."""

AS_SERVICE = "CCSWITCH_AS_SERVICE"
"""Set in a service's own environment: a proxy that finds another one running is then no failure, after which the
system would start it again and again."""

LETTING_GO_S = 5.0
"""`launchctl bootout` returns before the agent is gone, and a bootstrap before that fails with error 5."""


class ServicePlan(NamedTuple):
    """One file, and the commands that make the system take notice of it."""

    file: str
    text: str
    after_write: tuple[tuple[str, ...], ...]
    before_removal: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...] = ()
    """Names of variables that were set but hold a password."""


def plan_service(
    paths: Paths, env: Mapping[str, str], command: Sequence[str], *, platform: str = sys.platform
) -> ServicePlan:
    """The service that runs `command` (the proxy in the foreground) from login on. Touches nothing."""
    names = (*PASSED_ON, *(ON_MACOS if platform == "darwin" else ()))
    kept = {name: env[name] for name in names if env.get(name) and "@" not in env[name]}
    left_out = tuple(name for name in PASSED_ON if "@" in env.get(name, ""))
    maker = {"darwin": _launchd, "win32": _task_scheduler}.get(platform, _systemd)
    return maker(paths, env, command, kept)._replace(left_out=left_out)


def install_service(plan: ServicePlan) -> None:
    """Writes the file and tells the system. Raises CcswitchError with what the system answered."""
    data = plan.text.encode("utf-16" if plan.file.endswith(".xml") else "utf-8")
    old = read_bytes(plan.file)
    was_there = old is not None
    replace_text(plan.file, data, expected_sha256=sha256_of(old), new_mode=0o600)
    if was_there:
        for words in plan.before_removal:  # a second start of the same service is refused
            _tell(words, must_succeed=False)
    for words in plan.after_write:
        _tell(words, patience_s=LETTING_GO_S if words[0] == "launchctl" else 0.0)


def remove_service(plan: ServicePlan) -> bool:
    """Stops and removes the service; False when there was none."""
    found = read_bytes(plan.file)
    if found is None:
        return False
    for words in plan.before_removal:
        _tell(words, must_succeed=False)
    remove_file(plan.file, expected_sha256=sha256_of(found))
    return True


def is_installed(plan: ServicePlan) -> bool:
    """Whether the service's file is there; says nothing about whether it runs."""
    return os.path.exists(plan.file)


def _tell(words: Sequence[str], *, must_succeed: bool = True, patience_s: float = 0.0) -> None:
    import subprocess

    deadline = time.monotonic() + patience_s
    try:
        while True:
            done = subprocess.run(
                words,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=30,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if not done.returncode or time.monotonic() >= deadline:
                break
            time.sleep(0.5)
    except (OSError, subprocess.TimeoutExpired) as error:
        if must_succeed:
            raise CcswitchError(
                say("'{program}' did not answer: {error}", program=words[0], error=error),
                hint=say("the file is written; the service starts at the next login"),
            ) from None
        return
    if must_succeed and done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        wrong = quoting(said[-1]) if said else say("exit code {code}", code=done.returncode)
        raise CcswitchError(
            say("'{command}' failed: {wrong}", command=" ".join(words), wrong=wrong),
            hint=say("the file is written; 'ccswitch-tui proxy service remove' removes it again"),
        )


# ------------------------------------------------------------------ systemd


def _systemd(paths: Paths, env: Mapping[str, str], command: Sequence[str], kept: Mapping[str, str]) -> ServicePlan:
    folder = os.path.join(env.get("XDG_CONFIG_HOME") or os.path.join(paths.home, ".config"), "systemd", "user")
    lines = [
        "[Unit]",
        "Description=Translating proxy of ccswitch-tui for Claude Code",
        "After=network.target",
        "",
        "[Service]",
        f"ExecStart={' '.join(_systemd_word(word) for word in command)}",
        *(f"Environment={_systemd_word(f'{name}={value}')}" for name, value in {**kept, AS_SERVICE: "1"}.items()),
        "Restart=on-failure",
        "RestartSec=2",
        # Streams in flight are finished first; after that systemd may insist.
        "TimeoutStopSec=60",
        # No core file: it would hold the keys that are in memory.
        "LimitCORE=0",
        "NoNewPrivileges=yes",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
    ]
    systemctl = ("systemctl", "--user")
    return ServicePlan(
        file=os.path.join(folder, f"{UNIT}.service"),
        text="\n".join(lines),
        after_write=((*systemctl, "daemon-reload"), (*systemctl, "enable", "--now", f"{UNIT}.service")),
        before_removal=((*systemctl, "disable", "--now", f"{UNIT}.service"),),
    )


def _systemd_word(word: str) -> str:
    """One word for ExecStart= or Environment=: quoted, with `%` and `$` meaning themselves."""
    if "\n" in word or "\r" in word:
        raise UsageError(
            say("a path or variable with a line break cannot go into a systemd unit"),
            hint=say("move the installation"),
        )
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


# ------------------------------------------------------------------ launchd


def _launchd(paths: Paths, env: Mapping[str, str], command: Sequence[str], kept: Mapping[str, str]) -> ServicePlan:
    import plistlib

    file = os.path.join(paths.home, "Library", "LaunchAgents", f"{LABEL}.plist")
    agent = {
        "Label": LABEL,
        "ProgramArguments": list(command),
        "EnvironmentVariables": {**kept, AS_SERVICE: "1"},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ExitTimeOut": 60,
        "HardResourceLimits": {"Core": 0},
        "ProcessType": "Interactive",
    }
    domain = f"gui/{os.getuid()}" if hasattr(os, "getuid") else "gui/501"
    return ServicePlan(
        file=file,
        text=plistlib.dumps(agent, sort_keys=False).decode(),
        after_write=(("launchctl", "bootstrap", domain, file),),
        before_removal=(("launchctl", "bootout", f"{domain}/{LABEL}"),),
    )


# ------------------------------------------------------------------ Task Scheduler


def _task_scheduler(
    paths: Paths, env: Mapping[str, str], command: Sequence[str], kept: Mapping[str, str]
) -> ServicePlan:
    from xml.sax.saxutils import escape

    program, arguments = _windowless(command, {**kept, AS_SERVICE: "1"})
    user = env.get("USERNAME", "")
    text = f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Translating proxy of ccswitch-tui for Claude Code</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled><UserId>{escape(user)}</UserId></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>{escape(user)}</UserId><LogonType>InteractiveToken</LogonType>
    <RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>3</Count></RestartOnFailure>
    <Hidden>true</Hidden>
    <Priority>5</Priority>
  </Settings>
  <Actions Context="Author"><Exec>
    <Command>{escape(program)}</Command><Arguments>{escape(arguments)}</Arguments>
  </Exec></Actions>
</Task>
"""
    file = os.path.join(paths.state_dir, f"{UNIT}.xml")
    schtasks = ("schtasks", "/TN", UNIT)
    return ServicePlan(
        file=file,
        text=text,
        after_write=(("schtasks", "/Create", "/TN", UNIT, "/XML", file, "/F"), ("schtasks", "/Run", *schtasks[1:])),
        before_removal=(("schtasks", "/End", *schtasks[1:]), ("schtasks", "/Delete", *schtasks[1:], "/F")),
    )


def _windowless(command: Sequence[str], kept: Mapping[str, str]) -> tuple[str, str]:
    """Program and arguments, without the console window that a task would show for as long as it runs.

    A task has no environment of its own either: Python sets it and then is the proxy. (cmd could set it too, and would
    show its own window, and be what is ended in the proxy's place.)
    """
    import subprocess

    program, *rest = command
    python, ending = os.path.splitext(program)
    if os.path.basename(python).casefold() == "python" and os.path.exists(python + "w" + ending):
        program = python + "w" + ending
    if kept and rest[:3] == ["-P", "-m", "ccswitch_tui"]:
        sets = f"os.environ.update({dict(kept)!r})"
        runs = f"sys.argv[:] = {['ccswitch-tui', *rest[3:]]!r}; runpy.run_module('ccswitch_tui', run_name='__main__')"
        rest = ["-P", "-c", f"import os, runpy, sys; {sets}; {runs}"]
    elif kept:
        sets = " && ".join(f'set "{name}={value}"' for name, value in kept.items())
        return "cmd.exe", f'/d /s /c "{sets} && {subprocess.list2cmdline(command)}"'
    return program, subprocess.list2cmdline(rest)
