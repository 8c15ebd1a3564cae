"""Where a key could slip out: at a cut, in a redirect's address, as a name, in a core file, in our own history."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.errors import UsageError
from ccswitch_tui.profiles.model import check_name
from ccswitch_tui.proxy.attempt import _redirect
from ccswitch_tui.proxy.books.flow import BODY_BYTES, Body
from ccswitch_tui.secret import Secret, redact_cut
from ccswitch_tui.translate.failure import clean_message
from ccswitch_tui.workflows.adopt import adopt
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.plain_text_keys import find_plain_text_keys
from kit.parts import console_script

KEY = "sk-example-0123456789abcdef0123456789"


def longest_shown(text: str) -> int:
    """How many characters of the key stand in a text in a row."""
    return max(
        (n for n in range(len(KEY) + 1) for at in range(len(KEY) - n + 1) if KEY[at : at + n] in text), default=0
    )


@pytest.mark.parametrize("at", range(1, len(KEY) + 1, 3))
def test_a_key_that_a_cut_goes_through_is_not_shown(at: int) -> None:
    Secret(KEY)
    for filler in ("x ", "word, ", '{"a":"b"} '):
        before = (filler * 9000)[: 8000 - at - 1] + " "
        assert longest_shown(clean_message(before + KEY + " more" * 2000)) <= 8
        before = (filler * 9000)[: 1000 - at - 1] + " "
        assert longest_shown(redact_cut(before + KEY + " more", 1000)) <= 8


@pytest.mark.parametrize("at", range(1, len(KEY), 3))
def test_a_key_at_the_end_of_a_kept_body_is_not_shown(at: int) -> None:
    Secret(KEY)
    body = Body()
    body.add(b"x" * (BODY_BYTES - at - 1) + b'"' + KEY.encode() + b'", more')
    assert longest_shown(body.shown()) <= 4


def test_a_body_that_fits_is_shown_to_its_end() -> None:
    body = Body()
    body.add(b"all of it")
    assert body.shown() == "all of it"


@pytest.mark.parametrize(
    "location",
    [
        f"http://127.0.0.1:9/?key={KEY}",
        f"https://h.example/{KEY}",
        f"https://u:{KEY}@h.example/",
        f"/x#{KEY}",
        "\x1b]52;c;eA==\x07/x",
    ],
)
def test_a_redirect_is_named_without_what_it_carries(location: str) -> None:
    Secret(KEY)
    message = _redirect("work", "h.example", location).message
    assert longest_shown(message) <= 8
    assert "\x1b" not in message
    assert "?" not in message


@pytest.mark.parametrize(
    "name",
    [KEY, "sk-ant-api03-abcdefgh0123456789", "AIzaSyA0123456789012345678901234567890", "gsk_0123456789abcdefghij0123"],
)
def test_a_key_is_no_name_for_a_profile(name: str) -> None:
    with pytest.raises(UsageError, match="looks like a key") as caught:
        check_name(name)
    assert name not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "name",
    [
        "work",
        "openrouter-claude-sonnet-4.5",
        "sk-relay",
        "key-of-the-team",
        "glm-4.7-coding-plan-2026",
        "moonshot-global-2",
    ],
)
def test_ordinary_names_stay_possible(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows writes no core files by itself")
def test_a_program_that_waits_for_a_key_leaves_no_core_file(home: Path) -> None:
    import resource

    child = subprocess.Popen(
        [console_script(), "add", "w", "--url", "http://127.0.0.1:9/v1", "--key-stdin", "--no-probe"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2),
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.write(KEY.encode())
    child.stdin.flush()
    while not _limited(child.pid):
        assert child.poll() is None
    child.send_signal(signal.SIGABRT)
    child.wait(20)
    assert not list(home.glob("core*"))


def _limited(pid: int) -> bool:
    """Whether the process has forbidden core files; a platform without /proc is believed."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
    except OSError:
        return not Path("/proc/self/limits").exists()
    return next(line for line in limits.splitlines() if "core file" in line).split()[4] == "1"


def test_our_own_history_is_a_place_where_a_key_lies(home: Path) -> None:
    ctx = Context({"HOME": str(home)}, cwd=str(home), store=MemoryStore())
    before = Path(ctx.paths.history) / "0001" / "before"
    before.parent.mkdir(parents=True)
    text = json.dumps({"env": {"ANTHROPIC_BASE_URL": "https://relay.example", "ANTHROPIC_AUTH_TOKEN": KEY}})
    before.write_text(text)
    (place,) = find_plain_text_keys(ctx)
    assert (place.file, place.kind) == (str(before), "history")
    (told,) = adopt(ctx, [place])
    assert told.stored == ()
    assert "undo history" in told.remains[0]
    assert before.read_text() == text
