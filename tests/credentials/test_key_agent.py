"""The key agent: the encrypted file, held open by the real background proxy, until `lock`, a time-out or its end."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.credentials.agent import KeyAgent
from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.paths import Paths, resolve_paths
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows import keys
from ccswitch_tui.workflows.context import Context
from kit.parts import SYSTEM_PATH, console_script

PASSPHRASE = Secret("correct horse battery")
KEY = Secret("sk-example-agent-0123456789abcdef")


@pytest.fixture
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted_file, "SCRYPT", {"n": 2**14, "r": 8, "p": 1})


# ---------------------------------------------------------------- in one process, with a clock of the test's


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def paths(home: Path) -> Paths:
    return resolve_paths({"HOME": str(home)})


@pytest.fixture
def file(paths: Paths, cheap_scrypt: None) -> None:
    encrypted_file.create(paths.encrypted_keys, paths.state_dir, PASSPHRASE).set("work", KEY)


def test_a_locked_agent_says_how_to_unlock_it(paths: Paths, file: None) -> None:
    with pytest.raises(KeyStoreError) as refused:
        KeyAgent(paths).get("work")
    assert refused.value.kind == "key-store-locked"
    assert "ccswitch-tui unlock" in refused.value.hint


def test_an_agent_without_a_file_says_that_there_is_none(paths: Paths) -> None:
    with pytest.raises(KeyStoreError, match="there is no encrypted key file"):
        KeyAgent(paths).get("work")


@pytest.mark.parametrize("stopped", ["wall", "steady"])
def test_the_time_out_counts_on_either_clock(paths: Paths, file: None, stopped: str) -> None:
    wall, steady = Clock(), Clock()
    agent = KeyAgent(paths, clock=wall, steady_clock=steady)
    agent.unlock(PASSPHRASE, 3600)
    assert agent.get("work") == KEY
    assert agent.status().seconds_left == 3601
    (steady if stopped == "wall" else wall).now += 3600
    assert agent.status().unlocked is False
    with pytest.raises(KeyStoreError, match="locked"):
        agent.get("work")


def test_copies_elsewhere_are_dropped_when_the_keys_are_forgotten(paths: Paths, file: None) -> None:
    agent = KeyAgent(paths)
    dropped = threading.Event()
    agent.on_change = dropped.set
    agent.unlock(PASSPHRASE, None)
    agent.lock()
    assert dropped.is_set()


def test_the_time_out_comes_though_nobody_asks(paths: Paths, file: None) -> None:
    agent = KeyAgent(paths)
    dropped = threading.Event()
    agent.on_change = dropped.set
    agent.unlock(PASSPHRASE, 0.05)
    assert dropped.wait(10)


def test_a_wrong_passphrase_leaves_an_open_agent_open(paths: Paths, file: None) -> None:
    agent = KeyAgent(paths)
    agent.unlock(PASSPHRASE, None)
    with pytest.raises(KeyStoreError, match="wrong passphrase"):
        agent.unlock(Secret("wrong horse battery"), None)
    assert agent.get("work") == KEY


def test_an_agent_shows_no_key_and_no_passphrase(paths: Paths, file: None) -> None:
    agent = KeyAgent(paths)
    agent.unlock(PASSPHRASE, None)
    shown = repr(vars(agent)) + repr(agent.status())
    assert KEY.reveal() not in shown
    assert PASSPHRASE.reveal() not in shown


# ---------------------------------------------------------------- with the real background proxy


@pytest.fixture
def ctx(home: Path, cheap_scrypt: None) -> Iterator[Context]:
    context = Context({"HOME": str(home), "PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}, cwd=str(home))
    yield context
    context.proxy.stop(at_once=True)


def test_unlocked_once_every_process_has_the_key(ctx: Context) -> None:
    assert keys.create_key_file(ctx, PASSPHRASE).unlocked is True
    ctx.keys.put("work", KEY)
    for _ in range(2):
        other = Context(ctx.env, cwd=ctx.cwd)
        assert other.keys.resolve(SecretRef("keyring", "work")) == KEY
    assert ctx.keys.present(SecretRef("keyring", "work")) is True
    assert ctx.keys.remove("work") is True
    assert ctx.keys.store.get("work") is None


def test_locking_locks_for_everybody_and_unlocking_again_brings_the_keys_back(ctx: Context) -> None:
    keys.create_key_file(ctx, PASSPHRASE)
    ctx.keys.put("work", KEY)
    assert keys.lock(ctx) is True
    assert keys.lock(ctx) is False
    with pytest.raises(KeyStoreError) as refused:
        Context(ctx.env, cwd=ctx.cwd).keys.resolve(SecretRef("keyring", "work"))
    assert refused.value.kind == "key-store-locked"
    assert keys.unlock(ctx, PASSPHRASE, timeout_s=60).seconds_left is not None
    assert ctx.keys.resolve(SecretRef("keyring", "work")) == KEY


def test_a_lost_agent_loses_no_key(ctx: Context) -> None:
    keys.create_key_file(ctx, PASSPHRASE)
    ctx.keys.put("work", KEY)
    pid = ctx.proxy.status().pid
    assert pid
    os.kill(pid, 9)
    with pytest.raises(KeyStoreError, match="locked"):
        ctx.keys.resolve(SecretRef("keyring", "work"))
    keys.unlock(ctx, PASSPHRASE)
    assert ctx.keys.resolve(SecretRef("keyring", "work")) == KEY


def test_a_wrong_passphrase_is_said_over_the_wire_too(ctx: Context) -> None:
    keys.create_key_file(ctx, PASSPHRASE)
    keys.lock(ctx)
    with pytest.raises(KeyStoreError) as refused:
        keys.unlock(ctx, Secret("wrong horse battery"))
    assert refused.value.kind == "key-store-passphrase"


def test_a_damaged_file_is_told_and_its_copy_opens(ctx: Context) -> None:
    keys.create_key_file(ctx, PASSPHRASE)
    ctx.keys.put("work", KEY)
    keys.lock(ctx)
    path = Path(ctx.paths.encrypted_keys)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(KeyStoreError, match="damaged"):
        keys.unlock(ctx, PASSPHRASE)
    keys.restore_key_file(ctx)
    keys.unlock(ctx, PASSPHRASE)
    assert ctx.keys.resolve(SecretRef("keyring", "work")) == KEY


def test_the_passphrase_can_be_changed(ctx: Context) -> None:
    keys.create_key_file(ctx, PASSPHRASE)
    ctx.keys.put("work", KEY)
    new = Secret("quite another passphrase")
    keys.change_passphrase(ctx, PASSPHRASE, new)
    keys.lock(ctx)
    with pytest.raises(KeyStoreError):
        keys.unlock(ctx, PASSPHRASE)
    keys.unlock(ctx, new)
    assert ctx.keys.resolve(SecretRef("keyring", "work")) == KEY


def test_the_routes_want_the_control_token_and_no_web_page(ctx: Context) -> None:
    import http.client

    keys.create_key_file(ctx, PASSPHRASE)
    ctx.keys.put("work", KEY)
    address, token = ctx.proxy.address(), ctx.proxy.token().reveal()
    control = json.loads(Path(ctx.paths.proxy_state).read_text())["control"]
    for headers, expected in (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Bearer {token}"}, 403),
        ({"Authorization": f"Bearer {ctx.proxy.lasting_token().reveal()}"}, 403),
        ({"Authorization": f"Bearer {control}", "Origin": "https://evil.example"}, 403),
        ({"Authorization": f"Bearer {control}", "Host": "evil.example"}, 403),
        ({"Authorization": f"Bearer {control}"}, 200),
    ):
        connection = http.client.HTTPConnection(address.host, address.port, timeout=10)
        connection.request("POST", "/_ccswitch/keys/get", json.dumps({"name": "work"}), headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        assert answer.status == expected, (headers, body)
        assert (KEY.reveal() in body) == (expected == 200)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"name": 5}', b'"x"', b'{"name": null}'])
def test_nonsense_to_the_routes_is_refused(ctx: Context, body: bytes) -> None:
    import http.client

    ctx.proxy.ensure_running()
    address, token = ctx.proxy.address(), json.loads(Path(ctx.paths.proxy_state).read_text())["control"]
    connection = http.client.HTTPConnection(address.host, address.port, timeout=10)
    connection.request("POST", "/_ccswitch/keys/get", body, {"Authorization": f"Bearer {token}"})
    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_that_holds_keys_writes_no_core_file(ctx: Context) -> None:
    keys.create_key_file(ctx, PASSPHRASE)
    limits = Path(f"/proc/{ctx.proxy.status().pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4] in ("0", "1")


def test_a_process_that_read_a_key_writes_no_core_file(home: Path) -> None:
    import resource

    code = (
        "import resource\n"
        "from ccswitch_tui.workflows.context import Context\n"
        "from ccswitch_tui.profiles.model import SecretRef\n"
        "Context().keys.resolve(SecretRef('env', 'ACME_KEY'))\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
    )
    env = {**os.environ, "ACME_KEY": KEY.reveal()}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert int(ran.stdout) <= 1, ran.stderr
    assert resource.getrlimit(resource.RLIMIT_CORE)


# ---------------------------------------------------------------- the commands


def ccswitch(home: Path, *words: str, stdin: str | None = None, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [console_script(), *words],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        env={"HOME": str(home), "PATH": SYSTEM_PATH, "LANG": "C.UTF-8"},
        umask=umask,
        timeout=60,
    )


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_machine_without_a_keyring_from_the_first_error_to_the_key_in_a_pipe(home: Path, umask: int) -> None:
    try:
        refused = ccswitch(
            home, "add", "work", "--url", "https://api.acme.example/v1", "--model", "m", "--key-stdin", "--no-probe",
            stdin=KEY.reveal(), umask=umask,
        )  # fmt: skip
        assert refused.returncode == 5
        assert "unlock --create" in refused.stderr
        assert not (home / ".config/ccswitch-tui/profiles.toml").exists()
        made = ccswitch(home, "unlock", "--create", "--passphrase-stdin", stdin=PASSPHRASE.reveal(), umask=umask)
        assert made.returncode == 0, made.stderr
        added = ccswitch(
            home, "add", "work", "--url", "https://api.acme.example/v1", "--model", "m", "--key-stdin", "--no-probe",
            stdin=KEY.reveal(), umask=umask,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        assert ccswitch(home, "key", "work", "--upstream", umask=umask).stdout == KEY.reveal() + "\n"
        assert ccswitch(home, "lock", umask=umask).returncode == 0
        locked = ccswitch(home, "key", "work", "--upstream", umask=umask)
        assert (locked.returncode, locked.stdout) == (5, "")
        assert "ccswitch-tui unlock" in locked.stderr
        for path in (home / ".local/state/ccswitch-tui").rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode & 0o077 == 0, f"{path}: {mode:o}"
            assert KEY.reveal().encode() not in (path.read_bytes() if path.is_file() else b"")
    finally:
        ccswitch(home, "proxy", "stop", "--now")


def test_unlock_never_asks_where_there_is_no_terminal(home: Path) -> None:
    began = time.monotonic()
    ran = ccswitch(home, "unlock", "--create")
    assert ran.returncode == 2
    assert "no terminal" in ran.stderr
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("8h", 28800), ("7d", 604800), ("90", 90), ("never", None), ("0", None)]
)
def test_times_are_written_as_people_write_them(text: str, seconds: float | None) -> None:
    from ccswitch_tui.cli.unlock import parse_time

    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "8x", "1h30", "0m", "٣h"])
def test_other_times_are_refused(text: str) -> None:
    from ccswitch_tui.cli.unlock import parse_time

    with pytest.raises(UsageError):
        parse_time(text)


def test_key_refuses_a_terminal(home: Path) -> None:
    import pty

    shown, terminal = pty.openpty()
    ran = subprocess.run(
        [console_script(), "key", "work"],
        stdout=terminal,
        stderr=subprocess.PIPE,
        env={"HOME": str(home), "PATH": SYSTEM_PATH},
        text=True,
    )
    os.close(terminal)
    os.close(shown)
    assert ran.returncode == 2
    assert "--reveal" in ran.stderr


def test_a_locked_file_stops_the_proxy_too_and_says_what_to_do(ctx: Context) -> None:
    import http.client

    from ccswitch_tui.demo.provider import DemoProvider
    from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile
    from ccswitch_tui.profiles.store import update_profiles

    def ask() -> tuple[int, str]:
        address = ctx.proxy.address()
        connection = http.client.HTTPConnection(address.host, address.port, timeout=30)
        message = {"model": "demo-large", "max_tokens": 20, "messages": [{"role": "user", "content": "hello"}]}
        headers = {"Authorization": f"Bearer {ctx.proxy.token().reveal()}"}
        connection.request("POST", "/p/work/v1/messages", json.dumps(message), headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    with DemoProvider() as provider:
        keys.create_key_file(ctx, PASSPHRASE)
        ref = ctx.keys.put("work", provider.key)
        endpoint = Endpoint(provider.base_url, "openai-chat")
        update_profiles(ctx.paths, {"work": Profile("work", endpoint, ref, models=ModelTiers(default="demo-large"))})
        assert ask()[0] == 200
        keys.lock(ctx)
        status, body = ask()
        assert status >= 400
        assert "ccswitch-tui unlock" in body
        time.sleep(2.5)  # a failure is remembered for two seconds
        keys.unlock(ctx, PASSPHRASE)
        assert ask()[0] == 200


def test_a_new_key_file_never_takes_the_place_of_the_second_copy(ctx: Context) -> None:
    keys.create_key_file(ctx, PASSPHRASE)
    ctx.keys.put("work", KEY)
    os.unlink(ctx.paths.encrypted_keys)
    with pytest.raises(UsageError) as refused:
        keys.create_key_file(ctx, Secret("another long one"))
    assert "unlock --from-copy" in refused.value.hint
    keys.restore_key_file(ctx)
    keys.unlock(ctx, PASSPHRASE)
    assert ctx.keys.resolve(SecretRef("keyring", "work")) == KEY
