"""A stream that is closed, or is a file: the app is painted all the same, and nothing goes where it should not."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals here")

PATIENCE_S = 60.0
PROGRAM = f"{sys.executable} -c 'from ccswitch_tui.cli.main import entry; entry()'"


def env_of(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "CCSWITCH_HOME": str(home / "ours"),
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "TEXTUAL_ANIMATIONS": "none"}  # fmt: skip


@pytest.mark.parametrize("redirected", ["", "2>&-", "2>/dev/null", "2>errors.txt"])
def test_the_app_is_painted_wherever_stderr_goes(redirected: str, tmp_path: Path) -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execve("/bin/sh", ["sh", "-c", f"stty rows 24 cols 80; exec {PROGRAM} {redirected}"], env_of(tmp_path))
    seen, deadline, asked = b"", time.monotonic() + PATIENCE_S, False
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 1 << 16)
            except OSError:
                break
        if b"No profiles yet" in seen and not asked:
            os.write(terminal, b"q")
            asked = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert b"No profiles yet" in seen
    assert os.waitstatus_to_exitcode(status) == 0
    if "errors" in redirected:
        assert (tmp_path / "errors.txt").read_bytes() == b""


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
def test_a_command_whose_stream_is_closed_writes_into_no_file_of_ours(closed: str, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    profiles = 'version = 1\n[profiles.a.endpoint]\nbase_url = "http://127.0.0.1:9/v1"\n'
    (ours / "profiles.toml").write_text(profiles)
    command = f"{PROGRAM} list {closed}"
    done = subprocess.run(["/bin/sh", "-c", command], env=env_of(tmp_path), timeout=PATIENCE_S, check=False)
    assert done.returncode in (0, 1)
    assert (ours / "profiles.toml").read_text() == profiles
    subprocess.run(["/bin/sh", "-c", f"{PROGRAM} use nobody {closed}"], env=env_of(tmp_path), timeout=60, check=False)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and b"nobody" in path.read_bytes()]
    assert not written


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [("list --json >/dev/full", 1, b"no space left"), ("list --help >/dev/full", 1, b"no space left"),
     ("use nobody 2>/dev/full", 2, b""), ("list | true", 0, b"")],
)  # fmt: skip
def test_a_stream_that_takes_nothing_is_no_crash(words: str, code: int, told: bytes, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    endpoint = '.endpoint]\nbase_url = "http://127.0.0.1:9/v1"\n'
    (ours / "profiles.toml").write_text("version = 1\n" + "".join(f"[profiles.p{n}{endpoint}" for n in range(200)))
    done = subprocess.run(
        ["/bin/sh", "-c", f"{PROGRAM} {words}"],
        env=env_of(tmp_path),
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == code
    assert told in done.stderr and b"Traceback" not in done.stderr and b"Exception ignored" not in done.stderr
