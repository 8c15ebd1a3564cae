"""`statusline`: what stands beside the prompt is this session's, comes from our own files, and leaves theirs alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.claude.status_line import STATUS_LINE
from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.proxy.books.answers import AnswerBook, is_session, session_answers
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.statusline import segment

SESSION = "0b5a1c9e-0000-4000-8000-000000000001"
GIVEN = json.dumps({"session_id": SESSION, "model": {"id": "large", "display_name": "Large"}}).encode()
THEIRS = b"""{
\t"statusLine" : {"command":  "echo 'x  y'", "type":"command", "padding": 0 },
\t"n": 1.0e2
}"""


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    env = {"HOME": str(tmp_path), "CCSWITCH_HOME": str(tmp_path / "ours"), "PATH": os.environ["PATH"], "KEY": "sk-x"}
    ctx = Context(env, cwd=str(tmp_path))
    for words in (["work", "--url", "https://work.example/v1", "--wire", "openai-chat"],
                  ["straight", "--url", "https://straight.example/a", "--wire", "anthropic"]):  # fmt: skip
        assert main(["add", *words, "--model", "large", "--key", "env:KEY", "--no-probe"], ctx) == 0
    assert main(["edit", "straight", "--set", "route=direct"], ctx) == 0
    return ctx


def at(ctx: Context, address: str) -> Context:
    return Context({**ctx.env, "ANTHROPIC_BASE_URL": address}, cwd=ctx.cwd)


def settings(ctx: Context) -> Path:
    return Path(ctx.paths.user_settings)


def flow(**fields: object) -> Flow:
    made = Flow(1, at=fields.pop("at", 5.0), started=0, profile="work")  # type: ignore[arg-type]
    made.session, made.asked, made.model, made.attempts, made.status = SESSION, "large", "large", 1, 200
    for name, value in fields.items():
        setattr(made, name, value)
    return made


# ---------------------------------------------------------------- whose session it is


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:4141/p/work", "● work · large"),
        ("https://straight.example/a", "● straight · large"),
        ("", "official login · large"),
        ("https://other.example", "other.example, none of our profiles · large"),
        ("http://127.0.0.1:4141/p/gone", "gone, which no longer exists · large"),
        ("https://evil.example/p/work", "evil.example, none of our profiles · large"),
    ],
)
def test_the_profile_is_that_of_the_sessions_own_address(ctx: Context, address: str, said: str) -> None:
    main(["use", "work"], ctx)
    assert segment(at(ctx, address), GIVEN) == said


def test_what_answered_how_fast_and_for_how_much_is_told_from_the_proxys_book(ctx: Context) -> None:
    book = AnswerBook(ctx.paths.answers)
    book.add([flow(answered="large-2026", first_byte_ms=812.0, cost=0.25, currency="USD")])
    book.add([flow(at=9.0, asked="small", model="small", first_byte_ms=90.0)])
    assert segment(at(ctx, "http://127.0.0.1:1/p/work"), GIVEN) == (
        "● work · large-2026 · first 0.8 s · 0.25 USD (1 of 2 requests)"
    )


def test_a_fall_back_and_a_refusal_show(ctx: Context) -> None:
    AnswerBook(ctx.paths.answers).add([flow(route="backup", status=429, input_tokens=1500)])
    assert segment(at(ctx, "http://127.0.0.1:1/p/work"), GIVEN) == (
        "● work → backup · large · last answer 429 · 1.5k tokens"
    )


def test_anothers_session_shows_nothing_of_this_one(ctx: Context) -> None:
    AnswerBook(ctx.paths.answers).add([flow(answered="large-2026")])
    other = GIVEN.replace(b"000001", b"000002")
    assert segment(at(ctx, "http://127.0.0.1:1/p/work"), other) == "● work · large"


def test_workers_add_up_and_the_newest_answer_counts(tmp_path: Path) -> None:
    for slot in (0, 1):
        AnswerBook(str(tmp_path / "a"), slot).add(
            [flow(at=float(slot), answered=f"m{slot}", cost=1.0, currency="EUR")] * 2
        )
    found = session_answers(str(tmp_path / "a"), SESSION)
    assert found is not None and found.requests == 4 and found.cost == {"EUR": 4.0}
    assert found.of("large") == (1.0, "work", "m1", None, 200, "")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"version": 1, "requests": "many"}', b"\x00" * 100_000])
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"{SESSION}.0.json").write_bytes(text)
    AnswerBook(str(tmp_path / "a")).add([flow()])
    found = session_answers(str(tmp_path / "a"), SESSION)
    assert found is not None and found.requests == 1


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a/b", "x" * 65, "..", "a.b-c.d-e", "séssion-0001"])
def test_a_session_that_could_leave_the_folder_is_not_kept(tmp_path: Path, name: str) -> None:
    assert not is_session(name)
    AnswerBook(str(tmp_path / "a")).add([flow(session=name)])
    assert not (tmp_path / "a").exists()


def test_old_sessions_go(tmp_path: Path) -> None:
    old = tmp_path / "a" / "aaaaaaaa-old.0.json"
    old.parent.mkdir()
    old.write_text("{}")
    os.utime(old, (1, 1))
    AnswerBook(str(tmp_path / "a")).add([flow()])
    assert [path.name for path in (tmp_path / "a").iterdir()] == [f"{SESSION}.0.json"]


def test_the_running_proxy_writes_it_down_as_the_answer_ends(tmp_path: Path) -> None:
    import httpx

    from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef

    with DemoProvider() as provider:
        work = Profile(
            "work", Endpoint(provider.base_url, "openai-chat"), SecretRef("env", "KEY"), models=ModelTiers("demo-large")
        )
        folder = str(tmp_path / "answers")
        with EmbeddedProxy({"work": work}, lambda _: provider.key, answers=folder) as proxy:
            body = {"model": "demo-large", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
            headers = {"Authorization": f"Bearer {proxy.token.reveal()}", "X-Claude-Code-Session-Id": SESSION}
            assert httpx.post(f"{proxy.base_url('work')}/v1/messages", json=body, headers=headers).status_code == 200
            until = time.monotonic() + 20
            while (found := session_answers(folder, SESSION)) is None and time.monotonic() < until:
                time.sleep(0.05)
    assert found is not None and found.requests == 1 and found.of("demo-large").first_byte_ms  # type: ignore[union-attr]
    assert os.stat(os.path.join(folder, f"{SESSION}.0.json")).st_mode & 0o077 == 0


# ---------------------------------------------------------------- in the settings


def test_it_is_written_only_when_asked_for_and_stays_until_told_otherwise(ctx: Context) -> None:
    main(["use", "work"], ctx)
    assert STATUS_LINE not in json.loads(settings(ctx).read_bytes())
    main(["use", "work", "--statusline"], ctx)
    main(["use", "straight"], ctx)
    assert "statusline" in json.loads(settings(ctx).read_bytes())[STATUS_LINE]["command"]
    main(["use", "work", "--no-statusline"], ctx)
    assert STATUS_LINE not in json.loads(settings(ctx).read_bytes())


def test_theirs_is_wrapped_with_all_its_members_and_comes_back_to_the_byte(ctx: Context) -> None:
    settings(ctx).parent.mkdir()
    settings(ctx).write_bytes(THEIRS)
    main(["use", "work", "--statusline"], ctx)
    wrapped = json.loads(settings(ctx).read_bytes())[STATUS_LINE]
    assert wrapped["padding"] == 0 and wrapped["command"].endswith(""" statusline --with 'echo '"'"'x  y'"'"''""")
    main(["use", "straight"], ctx)
    assert json.loads(settings(ctx).read_bytes())[STATUS_LINE] == wrapped
    main(["use", "official"], ctx)
    assert settings(ctx).read_bytes() == THEIRS
    for _ in range(3):
        main(["undo"], ctx)
    assert settings(ctx).read_bytes() == THEIRS


def test_a_line_edited_since_is_the_users_again(ctx: Context) -> None:
    main(["use", "work", "--statusline"], ctx)
    tree = json.loads(settings(ctx).read_bytes())
    tree[STATUS_LINE] = {"type": "command", "command": "mine"}
    settings(ctx).write_text(json.dumps(tree))
    main(["use", "straight"], ctx)
    main(["use", "official"], ctx)
    assert json.loads(settings(ctx).read_bytes())[STATUS_LINE] == {"type": "command", "command": "mine"}


def test_without_our_history_theirs_is_found_inside_ours_and_a_line_of_theirs_alone_stays(ctx: Context) -> None:
    import shutil

    settings(ctx).parent.mkdir()
    for asked in (["--statusline"], []):
        settings(ctx).write_bytes(THEIRS)
        main(["use", "work", *asked], ctx)
        shutil.rmtree(ctx.paths.history)
        main(["use", "official"], ctx)
        assert json.loads(settings(ctx).read_bytes())[STATUS_LINE] == json.loads(THEIRS)[STATUS_LINE]


def test_a_shared_file_gets_none(ctx: Context) -> None:
    assert main(["use", "work", "--scope", "project", "--statusline"], ctx) == 2


# ---------------------------------------------------------------- theirs beside ours


def call(ctx: Context, *words: str, given: bytes = GIVEN) -> subprocess.CompletedProcess[bytes]:
    env = {**at(ctx, "http://127.0.0.1:1/p/work").env, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-P", "-m", "ccswitch_tui", "statusline", *words]
    return subprocess.run(command, input=given, env=env, cwd=ctx.cwd, capture_output=True, timeout=60)


def test_theirs_gets_the_same_bytes_and_its_lines_pass_unchanged(ctx: Context) -> None:
    odd = GIVEN + b"  \n\xff"
    done = call(ctx, "--with", r"printf '\033[31mred\033[0m\n'; cat", given=odd)
    assert done.stdout == b"\x1b[31mred\x1b[0m\n" + odd + b"\n" + "● work · large\n".encode()


@pytest.mark.parametrize("theirs", ["exit 3", "echo said; exit 1", "true", "no-such-program-at-all"])
def test_where_theirs_fails_ours_stands_alone(ctx: Context, theirs: str) -> None:
    done = call(ctx, "--with", theirs)
    assert (done.returncode, done.stdout.decode()) == (0, "● work · large\n")


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
def test_theirs_ends_with_ours(ctx: Context, tmp_path: Path) -> None:
    words = ["statusline", "--with", f"echo $$ > {tmp_path}/pid; sleep 600"]
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "ccswitch_tui", *words], env=ctx.env, stdin=subprocess.DEVNULL
    )
    pid = tmp_path / "pid"
    until = time.monotonic() + 30
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    child.wait(30)
    while time.monotonic() < until:
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("their program outlived ours")


SIGNALLED = """
import os, signal, subprocess
from ccswitch_tui.workflows.statusline_with import Other
class Popen(subprocess.Popen):
    def __init__(self, *args, **given):
        super().__init__(*args, **given)
        print(self.pid, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
subprocess.Popen = Popen
Other("sleep 600", b"", dict(os.environ), ".").lines()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
def test_theirs_ends_with_ours_though_the_signal_comes_while_it_starts(ctx: Context) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", SIGNALLED], env=ctx.env, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


@pytest.mark.parametrize(
    ("given", "model", "session"),
    [
        (b'{"model":{"id":"large"},"session_id":"s-1"}', "large", "s-1"),
        (b'{ "session_id" : "s-1" , "model" : { "display_name": "L", "id" : "large" } }', "large", "s-1"),
        (b'{"cwd":"/a \\"model\\" b","model":{"id":"large"}}', "large", ""),
        (b'{"model":{"display_name":"L"},"other":{"id":"x"}}', "", ""),
        (b'{"model":"large","session_id":5}', "", ""),
        (b'{"model":{"id":"la', "", ""),
        (b"\xff\xfe{", "", ""),
        (b"", "", ""),
    ],
)
def test_what_claude_code_passes_is_read_by_hand(given: bytes, model: str, session: str) -> None:
    from ccswitch_tui.workflows.statusline import _found

    assert _found(given, b'"model"', b'"id"') == model
    assert _found(given, b'"session_id"') == session


def test_a_files_name_is_what_urllib_makes_of_it() -> None:
    from urllib.parse import quote

    from ccswitch_tui.paths import file_name

    for name in ("work", "a b/c", "工作", "50%", "~x_.-", "\x00"):
        assert file_name(name) == quote(name, safe="")


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31)))
def test_a_reports_time_is_what_a_calendar_says(at: datetime) -> None:
    from ccswitch_tui.workflows.statusline import _seconds

    written = at.replace(microsecond=0)
    assert _seconds(written.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")) == written.replace(tzinfo=UTC).timestamp()


NO_TIMES = ["", "soon", "2026-13-01T00:00:00Z", "1890-01-01T00:00:00Z", "2026-11-20", "²026-11-20T08:15:00Z"]


@pytest.mark.parametrize("at", NO_TIMES)
def test_what_is_no_time_is_long_ago(at: str) -> None:
    from ccswitch_tui.workflows.statusline import _seconds

    assert _seconds(at) == 0.0
