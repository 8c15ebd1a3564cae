"""Whichever of the two dies, proxy or guardian, the port stays open and the other brings it back."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from proxy_client import BODY
from scripted_endpoint import ScriptedEndpoint, chat_text

from ccswitch_tui.proxy.background import guarded, loopback
from ccswitch_tui.proxy.background.control import ProxyControl
from ccswitch_tui.proxy.background.loopback import ASLEEP_MARK, GUARDIAN_LOCK, held_by
from ccswitch_tui.workflows.context import Context
from kit.background import background_proxy
from kit.net import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="tests/windows/test_guardian_there.py is theirs")

PROFILE = """
version = 2
[profiles.work]
endpoint = {{ base_url = "{url}/v1", wire = "openai-chat" }}
models = {{ default = "m" }}
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ProxyControl]:
    with background_proxy(tmp_path) as control:
        yield control
    wait_until(lambda: not heirs_of(control), 5, "the heir to end")


def heirs_of(control: ProxyControl) -> list[int]:
    """The shells that wait for the death of guardian and proxy."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and b"ccswitch-tui-heir" in (words := (entry / "cmdline").read_bytes()):
                found += [int(entry.name)] if control.paths.state_dir.encode() in words else []
    return found


def in_state(control: ProxyControl, name: str) -> str:
    return os.path.join(control.paths.state_dir, name)


def running(control: ProxyControl) -> int:
    """The pid of the proxy, once there is one that answers."""
    wait_until(lambda: control.status().running, 15, "a proxy that answers")
    return control.status().pid or 0


def guardian_of(control: ProxyControl) -> int:
    wait_until(lambda: held_by(in_state(control, GUARDIAN_LOCK)), 5, "a guardian")
    return held_by(in_state(control, GUARDIAN_LOCK)) or 0


def asked(control: ProxyControl) -> str:
    """What a session gets that asked the helper just now: each proxy has a token of its own."""
    connection = http.client.HTTPConnection(*control.address(), timeout=15)
    with contextlib.closing(connection):
        headers = {"x-api-key": Context(control.env).proxy.token().reveal()}
        connection.request("POST", "/p/work/v1/messages", json.dumps(BODY), headers)
        return connection.getresponse().read().decode()


def test_the_words_of_both_sides_are_the_same() -> None:
    from ccswitch_tui.proxy.background import guardian

    for word in ("LISTENING", "ENDED", "ASLEEP", "AGAIN"):
        assert getattr(guardian, word) == getattr(guarded, word)
    assert (guardian.LOCK, guardian.MARK) == (loopback.GUARDIAN_LOCK, loopback.ASLEEP_MARK)
    assert guardian.ENDED_MARK == loopback.ENDED_MARK
    assert guardian.ENDED_MARK in guardian.HEIR
    assert guardian.HEIR_VARIABLE == guarded.HEIR_VARIABLE


def test_a_connection_made_while_the_proxy_is_dead_is_answered_and_not_refused(control: ProxyControl) -> None:
    with ScriptedEndpoint(chat_text("hello")) as endpoint:
        Path(control.paths.config_dir).mkdir(parents=True)
        Path(control.paths.profiles).write_text(PROFILE.format(url=endpoint.origin))
        first = control.ensure_running()
        for _ in range(3):
            pid = running(control)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: held_by(in_state(control, "proxy.lock")) != pid, 5, "its death")  # type: ignore[misc]
            with socket.create_connection(control.address(), timeout=15) as waiting:
                waiting.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{first.port}\r\n\r\n".encode())
                assert waiting.recv(4096).startswith(b"HTTP/1.1 200")
        assert "hello" in asked(control)


def kill_both(control: ProxyControl) -> set[int]:
    both = {guardian_of(control), running(control)}
    for pid in both:
        os.kill(pid, signal.SIGKILL)
    return both


def is_back(control: ProxyControl, killed: set[int]) -> bool:
    now = {held_by(in_state(control, GUARDIAN_LOCK)) or 0, held_by(in_state(control, "proxy.lock")) or 0}
    return 0 not in now and not now & killed


def test_both_killed_at_once_come_back_without_anybody_asking(control: ProxyControl) -> None:
    with ScriptedEndpoint(*[chat_text("hello")] * 3) as endpoint:
        Path(control.paths.config_dir).mkdir(parents=True)
        Path(control.paths.profiles).write_text(PROFILE.format(url=endpoint.origin))
        first = control.ensure_running()
        for _ in range(2):
            killed = kill_both(control)
            wait_until(lambda killed=killed: is_back(control, killed), 15, "both")  # type: ignore[misc]
            assert running(control) not in killed
            assert control.address().port == first.port
            assert "hello" in asked(control)
            assert len(heirs_of(control)) == 1


def test_a_new_guardian_takes_the_heir_over(control: ProxyControl) -> None:
    control.ensure_running()
    (heir,) = heirs_of(control)
    old = guardian_of(control)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: held_by(in_state(control, GUARDIAN_LOCK)) not in (None, old), 10, "another guardian")
    assert heirs_of(control) == [heir]
    killed = kill_both(control)
    wait_until(lambda: is_back(control, killed), 15, "both")


@pytest.mark.parametrize("asleep", [False, True])
def test_an_end_in_order_leaves_no_heir(control: ProxyControl, asleep: bool) -> None:
    control.ensure_running()
    if asleep:
        control.stop(asleep=True)
        assert len(heirs_of(control)) == 1
    control.stop()
    wait_until(lambda: not heirs_of(control), 5, "the heir to end")
    assert not control.status().running


def test_a_proxy_that_was_stopped_because_it_hung_stays_stopped(
    control: ProxyControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccswitch_tui.proxy.background.seen.ANSWER_S", 0.5)
    os.kill(control.ensure_running().pid or 0, signal.SIGSTOP)
    assert control.stop().killed
    wait_until(lambda: not heirs_of(control), 5, "the heir to end")
    assert held_by(in_state(control, GUARDIAN_LOCK)) is None
    assert control.ensure_running().running  # and the mark of it does not outlive it
    killed = kill_both(control)
    wait_until(lambda: is_back(control, killed), 15, "both")


def test_an_heir_that_was_killed_itself_is_not_missed(control: ProxyControl) -> None:
    pid = control.ensure_running().pid
    for heir in heirs_of(control):
        os.kill(heir, signal.SIGKILL)
    assert control.status().pid == pid
    os.kill(pid or 0, signal.SIGKILL)
    wait_until(lambda: control.status().pid not in (None, pid), 15, "another proxy")
    control.stop()


def test_nothing_that_the_heir_holds_keeps_the_port(control: ProxyControl) -> None:
    """A listening socket in a process that never accepts would be the worst of both."""
    control.ensure_running()
    guardian = guardian_of(control)
    os.kill(guardian, signal.SIGKILL)
    wait_until(lambda: held_by(in_state(control, GUARDIAN_LOCK)) not in (None, guardian), 10, "another guardian")
    (heir,) = heirs_of(control)
    assert [os.readlink(link)[:6] for link in Path(f"/proc/{heir}/fd").iterdir() if "socket" in os.readlink(link)] == []


def test_a_killed_guardian_is_replaced_and_then_guards_again(control: ProxyControl) -> None:
    control.ensure_running()
    old, pid = guardian_of(control), running(control)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: held_by(in_state(control, GUARDIAN_LOCK)) not in (None, old), 10, "another guardian")
    assert running(control) == pid  # nobody noticed
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: held_by(in_state(control, "proxy.lock")) not in (None, 0, pid), 10, "another proxy")
    assert running(control) != pid


def test_stop_ends_both_and_frees_the_port(control: ProxyControl) -> None:
    address = control.address()
    control.ensure_running()
    guardian = guardian_of(control)
    assert control.stop().was_running
    assert held_by(in_state(control, GUARDIAN_LOCK)) is None
    with socket.create_server(address):
        pass
    wait_until(
        lambda: not Path(f"/proc/{guardian}/fd").exists() or not os.listdir(f"/proc/{guardian}/fd"), 5, "the end"
    )


def test_asleep_it_does_not_run_until_somebody_connects(control: ProxyControl) -> None:
    control.ensure_running()
    first = running(control)
    control.stop(asleep=True)
    assert control.asleep() and os.path.exists(in_state(control, ASLEEP_MARK))
    assert not control.status().running  # and looking did not wake it
    assert not control.status().running
    with socket.create_connection(control.address(), timeout=15):
        assert running(control) != first
    assert not control.asleep()


def test_who_is_asleep_can_be_ended_for_good(control: ProxyControl) -> None:
    control.ensure_running()
    control.stop(asleep=True)
    assert not control.stop().was_running
    with pytest.raises(ConnectionRefusedError), socket.create_connection(control.address(), timeout=5):
        pass
    assert not control.asleep()


def broken(path: str) -> None:
    Path(path).write_text('{"version": 1, "ho')


def foreign(path: str) -> None:
    state = {"version": 1, "host": "127.0.0.1", "port": 20001, "token": "of another machine's backup"}
    Path(path).write_text(json.dumps(state))


@pytest.mark.parametrize("lose", [os.unlink, broken, foreign])
def test_a_living_proxy_is_found_when_its_record_is_lost(control: ProxyControl, lose: Callable[[str], None]) -> None:
    pid = control.ensure_running().pid
    lose(control.paths.proxy_state)
    fresh = Context(control.env).proxy
    assert fresh.status().pid == pid
    assert fresh.ensure_running().pid == pid
    assert fresh.stop().was_running


def test_a_record_on_a_full_disk_costs_nothing_but_the_record(
    control: ProxyControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.address()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with control.claim() as claim:
        monkeypatch.setattr("ccswitch_tui.proxy.background.state_record.replace_text", full)
        os.unlink(control.paths.proxy_state)
        assert claim.look_after() is None
        monkeypatch.undo()
        assert claim.look_after() is None
        assert json.loads(Path(control.paths.proxy_state).read_text())["pid"] == os.getpid()


def test_deleting_the_folder_ends_the_proxy_and_brings_nothing_back(control: ProxyControl) -> None:
    pid, guardian = control.ensure_running().pid, guardian_of(control)
    shutil.rmtree(control.paths.state_dir)
    wait_until(lambda: gone(pid or 0) and gone(guardian), 15, "both to end")
    assert not os.path.exists(control.paths.state_dir)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_proxy_that_cannot_start_is_said_with_its_own_error(control: ProxyControl) -> None:
    from ccswitch_tui.errors import CcswitchError

    address = control.address()
    taken = pytest.raises(CcswitchError, match=f"another program is using port {address.port}")
    with socket.create_server(address), taken:  # it listens, and never answers
        control.ensure_running()


def test_a_proxy_that_dies_at_every_start_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that fails again and again must neither spin nor hold clients for ever."""
    from ccswitch_tui.proxy.background import guardian

    monkeypatch.setattr(guardian, "PAUSES_S", (0.0, 0.0, 0.0))
    listener = socket.create_server(("127.0.0.1", 0))
    keeper = guardian.PosixGuardian(str(tmp_path), listener, [sys.executable, "-c", "raise SystemExit(3)"])
    began = time.monotonic()
    assert keeper.run() == 3  # the very first start: its own exit code
    ours, theirs = socket.socketpair()
    keeper.life, keeper.pid = ours, os.getpid()  # adopted: no child of the guardian
    theirs.close()
    assert keeper.run() == 1
    assert time.monotonic() - began < 30
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    listener.close()


def test_an_upgrade_under_a_running_proxy_starts_it_anew(tmp_path: Path) -> None:
    """With a copy of the package of its own, whose version file an installer then replaces."""
    copy = tmp_path / "site"
    shutil.copytree(
        Path(guarded.__file__).parents[2], copy / "ccswitch_tui", ignore=shutil.ignore_patterns("__pycache__")
    )
    env = {"HOME": str(tmp_path), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"],
           "PYTHONPATH": str(copy)}  # fmt: skip
    mine = Context(env).proxy
    try:
        pid = mine.ensure_running().pid
        version = copy / "ccswitch_tui" / "_version.py"
        version.write_text(version.read_text().replace('"0.', '"9.'))
        wait_until(lambda: (mine.status().version or "").startswith("9."), 30, "the new version")
        assert mine.status().pid != pid
    finally:
        mine.stop(at_once=True)
