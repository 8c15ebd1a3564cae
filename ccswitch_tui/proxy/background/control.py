"""The background proxy started and ended from outside, one per user.

A start is the guardian's: it holds the port, and one starter at a time waits for
what comes of it. An end is asked for; force is for a process that does not
answer while it holds the lock. Imports little: `use` and `key` come here.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from ccswitch_tui.errors import CcswitchError, ConflictError
from ccswitch_tui.proxy.background.claim import Claim
from ccswitch_tui.proxy.background.detached import guardian_command, start_detached
from ccswitch_tui.proxy.background.log_file import bound_log, last_words, log_lines, open_log
from ccswitch_tui.proxy.background.loopback import (
    ENDED_MARK,
    GUARDIAN_LOCK,
    HOST,
    end_process,
    held_by,
    hold,
    is_kept,
    note_holder,
)
from ccswitch_tui.proxy.background.seen import WAIT_S, ProxyStatus, SeenProxy
from ccswitch_tui.proxy.background.state_record import (
    State,
    new_control,
    new_token,
    object_of,
    this_program,
)
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say
from ccswitch_tui.textfile import make_private_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOOK_AGAIN_S = 0.1 if sys.platform == "win32" else 0.02
"""While a start is awaited. On Windows nobody can replace the state file in the moment in which it is read: with less
than this, under load, a new proxy found it held at every attempt."""

LOOK_SOON_S = 0.004
"""While all that is awaited is a process's first step, and looking is reading a file."""

BEGUN_S = 3.0
"""For that first step; after it the answer is awaited instead (on a full disk no step is noted)."""

AGAIN = ("listening", "served")
"""What a new process says when it has got so far."""

CLAIM_S = 1.0
"""Whoever looks holds the run lock for a moment, every few milliseconds while a start is awaited."""


class StopResult(NamedTuple):
    """How the end went."""

    was_running: bool
    finishing: int = 0
    """Requests still running; the process ends after them."""
    killed: bool = False


class ProxyControl(SeenProxy):
    """The per-user background proxy, to be started and ended."""

    def ensure_running(self, wait_s: float = WAIT_S, *, or_begun: bool = False) -> ProxyStatus:
        """The running proxy, started (or replaced by this version) if need be. Raises CcswitchError if that fails.

        `or_begun`: a start is not waited for where the last one of this installation went well, but returned as
        `starting` once the guardian holds the port and the new process has its place and its secrets. Whoever
        connects then waits for it; and should it fail after all, the next start is waited for.
        """
        before = self._read()
        found = self.status()
        if found.running and not _older(found.version):
            return found
        deadline = time.monotonic() + wait_s
        with self._one_starter(deadline):
            found = self.status()  # somebody else may have started it while we waited
            if found.problem == "starting":  # a login service, perhaps
                found = self._settled(deadline)
            if found.running and not _older(found.version):
                return found
            if found.running:
                self.stop()
            elif found.problem == "stuck":
                self._end_stuck(found.pid)
            elif found.problem == "taken":
                raise self._taken()
            expected = before if or_begun and before.get("served") == this_program() else None
            return self._start(max(deadline, time.monotonic() + wait_s / 2), expected)

    def _settled(self, deadline: float) -> ProxyStatus:
        """The status, once a process that is starting answers or has failed to."""
        while (found := self.status()).problem == "starting" and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    @contextlib.contextmanager
    def _one_starter(self, deadline: float) -> Iterator[None]:
        make_private_dir(self.paths.state_dir)
        path = os.path.join(self.paths.state_dir, "proxy-start.lock")
        handle = hold(path)
        while handle is None and time.monotonic() < deadline:
            time.sleep(0.02)
            handle = hold(path)
        try:
            yield
        finally:
            if handle is not None:
                os.close(handle)

    def _start(self, deadline: float, expected: State | None) -> ProxyStatus:
        """`expected`: the record of before, where a start that has begun will do."""
        process, begun_by = None, time.monotonic() + BEGUN_S
        if self.asleep():
            self._end_guardian(hard=False)  # one from here has this environment, with its keys and its key store
        while time.monotonic() < deadline:
            if self._is_guarded():
                process = process if process is not None and process.poll() is None else None
            elif process is None:
                process = self._spawn()
            ended = process is not None and process.poll() is not None
            if expected is not None and process is not None and not ended and time.monotonic() < begun_by:
                if (found := self._begun(expected)) is not None:
                    return found
                time.sleep(LOOK_SOON_S)
                continue
            found = self._hello()  # whoever is asleep wakes up by that
            if found is not None and found.running:
                return found
            if process is not None and ended:
                if self.status().problem == "taken":
                    raise self._taken()
                raise CcswitchError(
                    say(
                        "the proxy exited at once with code {code}: {words}",
                        code=process.returncode,
                        words=last_words(self.paths.proxy_log),
                    ),
                    hint=say("'ccswitch-tui proxy serve' shows more"),
                )
            time.sleep(LOOK_AGAIN_S)
        raise CcswitchError(
            say(
                "the proxy did not respond on {host}:{port} in time: {words}",
                host=HOST,
                port=self.address().port,
                words=last_words(self.paths.proxy_log),
            ),
            hint=say("'ccswitch-tui proxy logs' shows more"),
        )

    def _begun(self, before: State) -> ProxyStatus | None:
        """The process that has taken the proxy's place since `before`, while a guardian holds its port."""
        state = self._file.found()
        if state is None or state["token"] == before["token"] or not self._is_guarded():
            return None
        if held_by(self._lock_path) != state.get("pid"):
            return None
        self._state = state
        return ProxyStatus(False, state["host"], state["port"], state["pid"], problem="starting")

    def _spawn(self) -> Any:
        log = open_log(self.paths.proxy_log)
        process = start_detached(self._command(), env=dict(self.env), cwd=self.paths.state_dir, log=log)
        os.close(log)
        _children.append(process)
        return process

    def _command(self) -> list[str]:
        host, port = self.address()
        return guardian_command(self.paths.state_dir, host, str(port), serve=serve_command())

    def _taken(self) -> CcswitchError:
        port = self.address().port
        if is_kept(port):
            return CcswitchError(
                say("Windows keeps port {port} for Hyper-V, WSL or Docker, so the proxy cannot start", port=port),
                hint=say("run 'ccswitch-tui proxy start --port 0', then 'ccswitch-tui use NAME' again"),
                kind="port-kept",
            )
        return CcswitchError(
            say("another program is using port {port}, so the proxy cannot start", port=port),
            hint=say("end that program, or: 'ccswitch-tui proxy start --port 0', then 'ccswitch-tui use NAME' again"),
            kind="port-taken",
        )

    def stop(self, *, at_once: bool = False, wait_s: float = 5.0, asleep: bool = False) -> StopResult:
        """Ends the proxy. It stops listening at once; running requests finish unless `at_once`.

        `asleep`: its guardian stays, where there is one, and starts it with the next connection.
        """
        found = self._settled(time.monotonic() + wait_s)
        if found.problem == "stuck":
            return StopResult(True, killed=self._end_stuck(found.pid))
        if not found.running:
            if not asleep:
                self._end_guardian(hard=False)
            return StopResult(False)
        _, body = self.ask("POST", "/_ccswitch/sleep" if asleep else "/_ccswitch/stop")
        finishing = object_of(body).get("finishing", 0)
        cut = found.pid if at_once else None
        if cut and sys.platform != "win32":
            end_process(cut, hard=False)  # after `stop`, a signal means: do not wait for streams
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if self.asleep() if asleep and self._is_guarded() else not self._is_guarded() and not self.status().running:
                if cut and finishing and sys.platform == "win32":
                    end_process(cut, hard=True)  # no signal but death, which its guardian must not take for a crash
                return StopResult(True, finishing)
            time.sleep(0.02)
        return StopResult(True, finishing, killed=self._end_stuck(found.pid))

    def _end_guardian(self, *, hard: bool) -> None:
        """Ends what would start the proxy again."""
        pid = held_by(self._in_state(GUARDIAN_LOCK))
        if not pid:
            return
        end_process(pid, hard=hard)
        deadline = time.monotonic() + 2.0
        while self._is_guarded() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _end_stuck(self, pid: int | None) -> bool:
        """Ends a process of ours that does not answer, while it holds the lock: a pid alone may be a stranger's."""
        with contextlib.suppress(OSError):  # else the heir of both would bring them back
            os.close(os.open(self._in_state(ENDED_MARK), os.O_WRONLY | os.O_CREAT, 0o600))
        self._end_guardian(hard=True)
        for hard in (False, True):
            if pid is None or self._holder() != pid:
                return True
            end_process(pid, hard=hard)
            deadline = time.monotonic() + 2.0
            while time.monotonic() < deadline and self._holder() == pid:
                time.sleep(0.02)
        return True

    @contextlib.contextmanager
    def claim(self) -> Iterator[Claim]:
        """For the serving process: being the one background proxy. Raises CcswitchError if there is one already."""
        make_private_dir(self.paths.state_dir)
        handle, deadline = hold(self._lock_path), time.monotonic() + CLAIM_S
        while handle is None and time.monotonic() < deadline:
            time.sleep(0.01)
            handle = hold(self._lock_path)
        if handle is None:
            raise CcswitchError(
                say("the background proxy is already running (pid {pid})", pid=self._holder()),
                hint=say("'ccswitch-tui proxy status' shows more, 'ccswitch-tui proxy stop' stops it"),
                kind="already-running",
            )
        note_holder(handle)
        claim = Claim(handle, self._lock_path, self._file)
        try:
            claim.token, claim.control, claim.record = self.renew_secrets()
            yield claim
        finally:
            claim.release()

    def renew_secrets(self) -> tuple[Secret, Secret, State]:
        """A proxy begins here: a token for clients and a control token that no earlier listener has heard; and what
        the state file now says. Where it cannot be written (a full disk), the last start's are better than no proxy:
        the record is written as soon as there is room."""
        token, control = new_token(), new_control()
        own = {"pid": os.getpid(), "since": time.time()}
        fresh = {"token": token.reveal(), "control": control.reveal(), **own}
        try:
            self._state = self._file.change(
                lambda state: {**{k: v for k, v in state.items() if k not in AGAIN}, **fresh}
            )
        except ConflictError:
            before = self._file.found()
            if before is None or not before["control"]:
                raise
            token, control = Secret(before["token"]), Secret(before["control"])
            self._state = {**{k: v for k, v in before.items() if k not in AGAIN}, **own}
        return token, control, self._state

    # ------------------------------------------------------------------ its log

    def logs(self, lines: int = 200) -> list[str]:
        """The last lines of the log, oldest first."""
        return log_lines(self.paths.proxy_log, lines)

    def bound_log(self) -> None:
        """For the serving process: keeps its log from growing without end."""
        bound_log(self.paths.proxy_log)


def serve_command() -> list[str]:
    """The background proxy as an argument list; `-P` keeps the current folder out of the import path."""
    return [sys.executable, "-P", "-m", "ccswitch_tui", "proxy", "serve"]


_children: list[Any] = []
"""Started proxies outlive us; forgetting one would make Python complain that it still runs."""


def _older(version: str | None) -> bool:
    """True if a running proxy of that version should make way for ours."""
    from ccswitch_tui._version import __version__

    return _numbers(version or "0") < _numbers(__version__)


def _numbers(version: str) -> list[int]:
    parts = version.split("+")[0].replace("-", ".").split(".")
    return [int(part) if part.isdecimal() else -1 for part in parts]
