"""`use`, `undo`, `history`, `restore`, `current`, `why`: words, JSON and exit codes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from settings_kit import THEIRS, chat_profile, context, native_profile

from ccswitch_tui.claude.files import LARGEST_READ, SettingsFiles
from ccswitch_tui.claude.layers import Layer, effective
from ccswitch_tui.claude.surroundings import exports_in, find_exports
from ccswitch_tui.cli.choose import choose_profile
from ccswitch_tui.cli.main import main
from ccswitch_tui.cli.output import Output
from ccswitch_tui.errors import ExitCode
from ccswitch_tui.profiles.model import Endpoint, ModelTiers
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.current import current
from ccswitch_tui.workflows.why import why

PLANTED = "sk-example-planted-0123456789abcdef"


@pytest.fixture
def ctx(home: Path) -> Context:
    return context(home, chat_profile("work"), native_profile("native"))


@pytest.fixture
def file(home: Path) -> Path:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_bytes(THEIRS.encode())
    return path


def answer(capsys: pytest.CaptureFixture[str], ctx: Context, *words: str, code: int = 0) -> Any:
    assert main([*words, "--json"], ctx) == code
    parsed = json.loads(capsys.readouterr().out)
    assert parsed["version"] == 1
    return parsed


def told(capsys: pytest.CaptureFixture[str], ctx: Context, *words: str, code: int = 0) -> str:
    assert main(list(words), ctx) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_use_tells_what_it_wrote(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    said = answer(capsys, ctx, "use", "work")
    assert (said["profile"], said["scope"], said["file"], said["undo_id"]) == ("work", "user", str(file), "0001")
    changes = {change["key"]: change for change in said["changes"]}
    assert changes["env.ANTHROPIC_BASE_URL"]["after"].endswith("/p/work")
    assert changes["env.ANTHROPIC_BASE_URL"]["before"] is None
    assert all(change["reason"] for change in changes.values())


def test_a_dry_run_writes_nothing(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    said = told(capsys, ctx, "use", "work", "--dry-run")
    assert "+ ANTHROPIC_BASE_URL: http://127.0.0.1:" in said
    cleared = said.partition('set to "", or they would interfere:\n')[2].splitlines()[0]
    assert "ANTHROPIC_API_KEY" in cleared and "CLAUDE_CODE_USE_BEDROCK" in cleared
    assert answer(capsys, ctx, "use", "work", "--dry-run")["dry_run"]
    assert file.read_bytes() == THEIRS.encode()
    assert not Path(ctx.paths.history).exists()


def test_use_reads_no_key_and_opens_no_connection(ctx: Context, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("no connection is needed to write settings")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.delattr("ccswitch_tui.credentials.keys.Keys.resolve")
    assert main(["use", "work"], ctx) == 0
    assert main(["use", "native"], ctx) == 0


def test_no_command_shows_a_key_that_lies_in_the_settings(
    capsys: pytest.CaptureFixture[str], home: Path, file: Path
) -> None:
    file.write_text(json.dumps({"env": {"ANTHROPIC_AUTH_TOKEN": PLANTED, "ANTHROPIC_BASE_URL": "https://r.example"}}))
    (home / ".bashrc").write_text(f"export ANTHROPIC_API_KEY={PLANTED}\n")
    ctx = context(home, chat_profile("work"), ANTHROPIC_API_KEY=PLANTED)
    for words in (["why"], ["why", "--json"], ["current"], ["use", "work", "--dry-run"], ["use", "work", "--json"],
                  ["why", "ANTHROPIC_API_KEY"], ["history", "--json"], ["undo", "--json"]):  # fmt: skip
        main(words, ctx)
        captured = capsys.readouterr()
        assert PLANTED not in captured.out + captured.err, words


def test_use_and_undo_in_words(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    assert "work is in use" in told(capsys, ctx, "use", "work")
    assert "already in use" in told(capsys, ctx, "use", "work")
    assert "byte for byte" in told(capsys, ctx, "undo")
    assert "nothing to undo" in told(capsys, ctx, "undo", code=ExitCode.USAGE)


def test_undo_restore_and_history_as_json(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    main(["use", "work"], ctx)
    main(["use", "native"], ctx)
    capsys.readouterr()
    undone = answer(capsys, ctx, "undo")
    assert (undone["undo_id"], undone["exact"]) == ("0002", True)
    writes = answer(capsys, ctx, "history")["writes"]
    assert [(w["undo_id"], w["profile"], w["undone_at"] is None) for w in writes] == [
        ("0002", "native", False),
        ("0001", "work", True),
    ]
    assert [one["file"] for one in answer(capsys, ctx, "restore")["restored"]] == [str(file)]


def test_one_write_is_looked_at_by_its_number(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    wrote = answer(capsys, ctx, "use", "work")
    seen = answer(capsys, ctx, "history", "1")
    assert (seen["undo_id"], seen["file"], seen["changes"]) == ("0001", str(file), wrote["changes"])
    words = told(capsys, ctx, "history", "0001")
    assert "use work" in words
    assert "+ ANTHROPIC_BASE_URL: http://127.0.0.1:" in words
    assert "'ccswitch-tui undo 0001' takes it back" in words
    main(["undo"], ctx)
    assert "taken back: " in told(capsys, ctx, "history", "1")
    assert "no write '7'" in told(capsys, ctx, "history", "7", code=ExitCode.USAGE)


def test_a_named_write_is_undone_whatever_was_written_to_other_files(
    capsys: pytest.CaptureFixture[str], ctx: Context, file: Path
) -> None:
    main(["use", "work"], ctx)
    main(["use", "native", "--scope", "local"], ctx)
    capsys.readouterr()
    undone = answer(capsys, ctx, "undo", "1")
    assert (undone["undo_id"], undone["exact"], file.read_bytes()) == ("0001", True, THEIRS.encode())
    assert "taken back already" in told(capsys, ctx, "undo", "0001", code=ExitCode.USAGE)
    for word in ("9", "work", "٣", "-1", "9" * 5000):
        assert main(["undo", word], ctx) == ExitCode.USAGE
    assert answer(capsys, ctx, "history")["writes"][0]["undone_at"] is None


def test_a_named_write_is_not_undone_when_its_file_was_written_again(
    capsys: pytest.CaptureFixture[str], ctx: Context, file: Path
) -> None:
    main(["use", "work"], ctx)
    main(["use", "native"], ctx)
    capsys.readouterr()
    before = file.read_bytes()
    error = answer(capsys, ctx, "undo", "1", code=ExitCode.CONFLICT)["error"]
    assert "written again after write 0001" in error["message"]
    assert "ccswitch-tui undo 0002" in error["hint"]
    assert file.read_bytes() == before
    tree = json.loads(before)
    tree["env"]["ANTHROPIC_BASE_URL"] = "https://api.mine.example"
    file.write_text(json.dumps(tree))
    assert "changed since" in answer(capsys, ctx, "undo", "2", code=ExitCode.CONFLICT)["error"]["message"]
    file.write_bytes(THEIRS.encode())
    assert "not in effect" in told(capsys, ctx, "undo", "1", code=ExitCode.USAGE)
    assert file.read_bytes() == THEIRS.encode()


def test_a_broken_file_is_exit_code_6(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    file.write_text('{"a": 1,}')
    error = answer(capsys, ctx, "use", "work", code=ExitCode.CONFLICT)["error"]
    assert f"{file}, line 1, column 8" in error["message"]
    assert "--repair" in error["hint"]
    assert file.read_text() == '{"a": 1,}'


def test_mending_shows_the_lines_it_changes(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    file.write_text('{\n  // mine\n  "theme": "dark"\n}\n')
    said = told(capsys, ctx, "use", "work", "--mend", "--dry-run")
    assert "-  // mine" in said


def test_an_unknown_profile_gets_the_nearest(capsys: pytest.CaptureFixture[str], ctx: Context) -> None:
    assert "did you mean 'work'" in told(capsys, ctx, "use", "wrok", code=ExitCode.USAGE)


def test_use_without_a_name_and_a_terminal_says_how(capsys: pytest.CaptureFixture[str], ctx: Context) -> None:
    assert "which profile?" in told(capsys, ctx, "use", code=ExitCode.USAGE)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (native_profile("odd", endpoint=Endpoint("https://a.example/v1", "openai-chat")), "chat completions"),
        (native_profile("odd", endpoint=Endpoint("https://a.example", "anthropic", auth="header:api-key")), "api-key"),
        (
            native_profile("odd", endpoint=Endpoint("https://a.example", "anthropic", http_proxy="socks5h://h:1")),
            "SOCKS",
        ),
        (native_profile("odd", models=ModelTiers(default="x"), tier_profiles={"haiku": "work"}), "to another profile"),
    ],
)
def test_direct_is_refused_where_it_cannot_work(
    capsys: pytest.CaptureFixture[str], home: Path, profile: Any, words: str
) -> None:
    ctx = context(home, profile, chat_profile("work"))
    said = told(capsys, ctx, "use", "odd", code=ExitCode.USAGE)
    assert words in said
    assert "--set route=proxy" in said


def test_a_shared_file_comes_with_a_warning(capsys: pytest.CaptureFixture[str], ctx: Context) -> None:
    assert "is shared" in told(capsys, ctx, "use", "work", "--scope", "project")


def test_what_beats_the_file_written_is_said(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    main(["use", "native", "--scope", "local"], ctx)
    capsys.readouterr()
    assert "settings.local.json takes precedence" in told(capsys, ctx, "use", "work")


def test_current_tells_scopes_and_effect(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    main(["use", "work"], ctx)
    main(["use", "native", "--scope", "local"], ctx)
    capsys.readouterr()
    now = answer(capsys, ctx, "current")
    assert now["scopes"]["user"]["profile"] == "work"
    assert now["scopes"]["user"]["route"] == "proxy"
    assert now["scopes"]["local"]["profile"] == "native"
    assert now["effective"] == {"profile": "native", "base_url": "https://native.example/anthropic", "drift": []}


def test_drift_is_told(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    main(["use", "work"], ctx)
    file.write_text(
        file.read_text()
        .replace("/p/work", "/p/native")
        .replace('"ANTHROPIC_AUTH_TOKEN": ""', '"ANTHROPIC_AUTH_TOKEN": "x"')
    )
    capsys.readouterr()
    drift = answer(capsys, ctx, "current")["effective"]["drift"]
    assert any("profile 'native'" in sentence for sentence in drift)
    assert any("ANTHROPIC_AUTH_TOKEN" in sentence for sentence in drift)


def test_nothing_in_use_is_said(capsys: pytest.CaptureFixture[str], ctx: Context) -> None:
    assert "no profile is in use" in told(capsys, ctx, "current")


def test_somebody_elses_endpoint_is_said(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    file.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://relay.example"}}')
    assert "none of our profiles" in told(capsys, ctx, "current")


# ---------------------------------------------------------------- why


def test_every_place_is_named_in_the_order_of_precedence(home: Path, tmp_path: Path) -> None:
    managed = tmp_path / "managed-settings.json"
    managed.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://managed.example"}}')
    ctx = context(home, chat_profile("work"), ANTHROPIC_BASE_URL="https://shell.example")
    ctx.settings = SettingsFiles(ctx.paths, ctx.env, ctx.cwd, managed=str(managed))  # type: ignore[misc]
    main(["use", "work"], ctx)
    for scope in ("project", "local"):
        path = Path(ctx.settings.path(scope))
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": f"https://{scope}.example"}}))
    (home / ".claude.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://state.example"}}')
    (home / ".zshrc").write_text("# mine\nexport ANTHROPIC_BASE_URL=https://shell.example\n")
    editor = home / ".config" / "Code" / "User" / "settings.json"
    editor.parent.mkdir(parents=True)
    editor.write_text(
        '{\n  // mine\n  "claudeCode.environmentVariables": [\n'
        '    {"name": "ANTHROPIC_BASE_URL", "value": "https://editor.example"},\n  ]\n}'
    )
    [one] = why(ctx, "anthropic_base_url")
    assert [place.layer for place in one.places()] == [
        "managed", "local", "project", "user", "state", "environment", "shell", "editor",
    ]  # fmt: skip
    assert one.effective.winner == "managed"
    assert "administrator" in one.remedy
    assert one.places()[-2].file == f"{home / '.zshrc'}:2"
    assert one.places()[-1].file == f"{editor}:4"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("managed-settings.json", b"// x\n{}", True),
        ("managed-settings.json", b"[]", True),
        ("managed-settings.json", b"{}".ljust(LARGEST_READ + 1), True),
        ("managed-settings.d/10-a.json", b"{", True),
        ("managed-settings.d/.10-a.json", b"{", False),
        ("managed-settings.json", b'\xef\xbb\xbf{"permissions": null}', False),
        ("managed-settings.json", "{}".encode("utf-16"), False),
    ],
)
def test_an_administrators_file_with_which_the_client_does_not_start_is_told(
    home: Path, tmp_path: Path, name: str, content: bytes, told: bool
) -> None:
    """As measured with the client, each in a mount namespace of its own."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    ctx = context(home, chat_profile("work"))
    ctx.settings = SettingsFiles(  # type: ignore[misc]
        ctx.paths, ctx.env, ctx.cwd, managed=str(tmp_path / "managed-settings.json")
    )
    assert any("does not start" in sentence for sentence in current(ctx).drift) is told


@pytest.mark.parametrize("scope", ["local", "project"])
def test_the_remedy_for_a_stronger_file_is_exact(ctx: Context, file: Path, scope: str) -> None:
    main(["use", "work"], ctx)
    path = Path(ctx.settings.path(scope))
    path.parent.mkdir()
    path.write_text('{"env": {"ANTHROPIC_MODEL": "their-model"}}')
    [one] = why(ctx, "ANTHROPIC_MODEL")
    assert one.effective.value == "their-model"
    assert "use work --scope local" in one.remedy
    assert str(path) in one.remedy


def test_an_exported_provider_switch_is_named_where_no_profile_clears_it(home: Path, file: Path) -> None:
    (home / ".profile").write_text("CLAUDE_CODE_USE_BEDROCK=1\nexport CLAUDE_CODE_USE_BEDROCK\n")
    ctx = context(home, chat_profile("work"), CLAUDE_CODE_USE_BEDROCK="1")
    [one] = why(ctx, "CLAUDE_CODE_USE_BEDROCK")
    assert one.effective.winner == "environment"
    assert one.remedy
    main(["use", "work"], ctx)
    [one] = why(ctx, "CLAUDE_CODE_USE_BEDROCK")
    assert (one.effective.winner, one.effective.value, one.remedy) == ("user", "", "")


def test_all_is_well_means_no_remedy(ctx: Context, file: Path) -> None:
    main(["use", "work"], ctx)
    assert [one.name for one in why(ctx) if one.remedy] == []


def test_why_as_json(capsys: pytest.CaptureFixture[str], ctx: Context, file: Path) -> None:
    main(["use", "work"], ctx)
    capsys.readouterr()
    rows = {row["name"]: row for row in answer(capsys, ctx, "why")["variables"]}
    assert rows["apiKeyHelper"]["winner"] == "user"
    assert rows["ANTHROPIC_BASE_URL"]["places"] == [
        {"layer": "user", "file": str(file), "value": rows["ANTHROPIC_BASE_URL"]["value"]}
    ]


def test_an_empty_value_in_a_stronger_place_wins() -> None:
    layers = [
        Layer("environment", None, {"env": {"ANTHROPIC_API_KEY": "k"}}),
        Layer("user", "u", {"env": {"ANTHROPIC_API_KEY": ""}}),
    ]
    assert effective(layers, "env.ANTHROPIC_API_KEY")[1:3] == ("", "user")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("export A_B=c", ("A_B", "c")),
        ("  export A_B='c d' # why", ("A_B", "c d")),
        ('A_B="c"; export A_B', ("A_B", "c")),
        ("set -gx A_B c", ("A_B", "c")),
        ("set -x A_B 'c'", ("A_B", "c")),
        ("setenv A_B c", ("A_B", "c")),
        ('$env:A_B = "c"', ("A_B", "c")),
        ("test -f x && export A_B=c", ("A_B", "c")),
        ("# export A_B=c", None),
        ("echo A_B=c", None),
    ],
)
def test_a_line_that_sets_a_variable_is_known(line: str, expected: tuple[str, str] | None) -> None:
    found = [(name, value) for _, name, value in exports_in(line, frozenset({"A_B"}))]
    assert found[:1] == ([expected] if expected else [])


def test_an_odd_start_up_file_is_survived(home: Path) -> None:
    (home / ".bashrc").write_bytes(b"\xff\xfe export A=1")
    (home / ".zshrc").mkdir()
    ctx = context(home)
    assert find_exports(ctx.paths, ctx.env, ctx.cwd, frozenset({"A"})) == []


@pytest.mark.parametrize(
    ("typed", "expected"), [("2", "native"), ("nat", "native"), ("official", "official"), ("", None)]
)
def test_a_list_takes_a_number_a_name_or_its_beginning(
    home: Path, monkeypatch: pytest.MonkeyPatch, typed: str, expected: str | None
) -> None:
    ctx = context(home, chat_profile("work"), native_profile("native"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))
    assert choose_profile(ctx, Output({}, stdout=io.StringIO()), "user") == expected


def test_looking_goes_on_past_a_file_that_claude_code_ignores(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    main(["use", "work", "--scope", "local"], ctx)
    broken = ctx.paths.user_settings
    Path(broken).parent.mkdir(parents=True, exist_ok=True)
    Path(broken).write_text("{\n  // mine\n}")
    capsys.readouterr()
    now = answer(capsys, ctx, "current")["effective"]
    assert now["profile"] == "work"
    assert any(broken in said and "line 2" in said and "ignores the whole file" in said for said in now["drift"])
    assert main(["why", "ANTHROPIC_BASE_URL"], ctx) == 0
    told_to = capsys.readouterr()
    assert "local settings" in told_to.out
    assert "ignores the whole file" in told_to.err


def test_use_says_what_is_plainly_missing(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    main(
        [
            "add",
            "bare",
            "--url",
            "http://127.0.0.1:9/v1",
            "--wire",
            "openai-chat",
            "--key",
            "env:NOT_SET",
            "--no-probe",
        ],
        ctx,
    )
    capsys.readouterr()
    assert main(["use", "bare"], ctx) == 0
    told_to = capsys.readouterr().err
    assert "NOT_SET, which is not set here" in told_to
    assert "edit bare --set models.default=MODEL" in told_to
