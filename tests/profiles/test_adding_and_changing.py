"""add, edit, rename, copy, remove: the key and the file, both or neither; and what each says."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.credentials import index
from ccswitch_tui.credentials.base import MemoryStore
from ccswitch_tui.demo.provider import DemoProvider
from ccswitch_tui.errors import ConflictError, KeyStoreError
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.add import add_profile, draft_from_text
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.reports import last_report
from kit import needs

KEY = "sk-example-0123456789abcdef"
OTHER_KEY = "sk-example-fedcba9876543210"
CURL = f"curl https://api.example.com/v1/chat/completions -H 'Authorization: Bearer {KEY}' -d '{{\"model\":\"big\"}}'"


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def ctx(home: Path, store: MemoryStore) -> Context:
    return Context({"HOME": str(home), "PATH": os.environ["PATH"]}, cwd=str(home), store=store)


@pytest.fixture
def run(ctx: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*argv: str, stdin: str = "", env: dict[str, str] | None = None) -> Ran:
        monkeypatch.setattr("sys.stdin", StringIO(stdin))
        if env:
            ctx.env.update(env)
        capsys.readouterr()
        code = main(list(argv), ctx)
        told = capsys.readouterr()
        assert KEY not in told.out + told.err
        return Ran(code, told.out, told.err)

    return go


@pytest.fixture
def work(run: Run) -> None:
    """A profile `work`, its key stored."""
    assert run("add", "work", "--no-probe", "--paste", "-", stdin=CURL).code == 0


class FailingStore(MemoryStore):
    """A key store that is locked."""

    label = "locked store"

    def get(self, name: str) -> Secret | None:
        raise KeyStoreError(say("the key store is locked"), hint=say("unlock it"))

    def set(self, name: str, secret: Secret) -> None:
        raise KeyStoreError(say("the key store is locked"), hint=say("unlock it"))


# ---------------------------------------------------------------- add


def test_a_pasted_curl_becomes_a_profile_and_its_token_goes_to_the_key_store(
    run: Run, ctx: Context, store: MemoryStore
) -> None:
    done = run("add", "work", "--no-probe", "--paste", "-", stdin=CURL)
    assert done.code == 0
    assert "added work: https://api.example.com/v1 (openai-chat, big), key in the memory" in done.out
    profile = ctx.book().get("work")
    assert (profile.key, profile.key_host, profile.models.default) == (
        SecretRef("keyring", "work"),
        "api.example.com",
        "big",
    )
    assert store.get("work") == Secret(KEY)
    assert KEY not in Path(ctx.paths.profiles).read_text()


def test_add_json_says_what_was_saved(run: Run) -> None:
    answer = run("add", "work", "--no-probe", "--json", "--paste", "-", stdin=CURL).json
    assert answer["version"] == 1
    assert (answer["name"], answer["base_url"], answer["wire"]) == ("work", "https://api.example.com/v1", "openai-chat")
    assert answer["key"] == {"ref": "keyring:work", "stored_in": "memory"}
    assert answer["notes"] == ["removed '/chat/completions': the client appends it itself"]


@pytest.mark.parametrize(
    "argv, stdin, code, words",
    [
        (["add", "work"], "", 2, "where is the endpoint"),
        (["add", "work", "--url", "https://x.example"], "", 2, "no key for 'work'"),
        (["add", "work", "--url", "ftp://x.example"], "", 2, "not the address"),
        (["add", "work", "--url", "https://x.example", "--key", OTHER_KEY], "", 2, "--key takes a reference"),
        (["add", "work", "--url", "https://x.example", "--key", "env:A", "--key-stdin"], OTHER_KEY, 2, "one of them"),
        (["add", "work", "--url", "https://x.example", "--key-stdin"], "", 2, "the key is empty"),
        (["add", "work", "--url", "https://x.example", "--key-stdin"], "two\nlines", 2, "several lines"),
        (["add", "work", "--paste", "-"], "no endpoint here", 2, "no endpoint in this text"),
        (["add", "work", "--paste", "-"], KEY, 2, "a key in it but no address"),
        (["add", "work", "--paste", "-", "--key-stdin"], CURL, 2, "both read standard input"),
        (["add", "work", "--paste", CURL], "", 2, "standard input"),
        (["add", "work", "--preset", "nowhere"], "", 2, "no preset 'nowhere'"),
        (["add", "work", "--preset", "azure-openai"], "", 2, "your resource's name"),
        (
            ["add", "work", "--url", "https://x.example", "--wire", "grpc", "--key", "env:A"],
            "",
            2,
            "no wire format 'grpc'",
        ),
        (
            ["add", "work", "--url", "https://x.example", "--auth", "magic", "--key", "env:A"],
            "",
            2,
            "no auth style 'magic'",
        ),
        (["add", "work", "--url", "https://x.example", "--tier", "huge=x", "--key", "env:A"], "", 2, "no tier 'huge'"),
        (["add", "work", "--url", "https://x.example", "--tier", "haiku", "--key", "env:A"], "", 2, "TIER=MODEL"),
        (
            ["add", "work", "--url", "https://x.example", "--header", "X-Token: abc", "--key", "env:A"],
            "",
            2,
            "carry a secret",
        ),
        (["add", "work", "--url", "https://x.example", "--header", f"X-Id: {OTHER_KEY}"], "", 2, "carry a secret"),
        (["add", "work", "--url", "https://x.example", "--header", f"X-Id: Bearer {OTHER_KEY}"], "", 2, "a secret"),
        (["add", "work", "--url", "https://x.example", "--header", OTHER_KEY], "", 2, "takes 'Name: value'"),
        (["add", "work", "--url", "https://x.example", "--tier", OTHER_KEY, "--key", "env:A"], "", 2, "TIER=MODEL"),
        (["add", "official", "--url", "https://x.example", "--key", "env:A"], "", 2, "meaning of its own"),
        (["add", "a b", "--url", "https://x.example", "--key", "env:A"], "", 2, "cannot be a profile's name"),
    ],
)
def test_what_cannot_be_added_is_refused_with_a_hint_and_nothing_is_saved(
    run: Run, ctx: Context, store: MemoryStore, argv: list[str], stdin: str, code: int, words: str
) -> None:
    done = run(*argv, stdin=stdin)
    assert done.code == code
    assert words in done.err
    assert "hint:" in done.err
    assert OTHER_KEY not in done.err
    assert not Path(ctx.paths.profiles).exists()
    assert store.get("work") is None


def test_a_taken_name_is_refused_before_the_key_is_asked_for(run: Run, work: None, store: MemoryStore) -> None:
    done = run("add", "work", "--url", "https://other.example", "--key-stdin", stdin=OTHER_KEY)
    assert done.code == 2
    assert "edit work" in done.err
    assert store.get("work") == Secret(KEY)


def test_force_replaces_profile_and_key(run: Run, work: None, store: MemoryStore, ctx: Context) -> None:
    done = run(
        "add", "work", "--no-probe", "--force", "--url", "https://other.example/v1", "--key-stdin", stdin=OTHER_KEY
    )
    assert done.out.startswith("replaced work")
    assert store.get("work") == Secret(OTHER_KEY)
    assert ctx.book().get("work").models.named() == {}


@needs.not_on_windows("there is always a key store there")
def test_without_a_safe_key_store_nothing_is_saved(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(CURL))
    ctx = Context({"HOME": str(home), "DBUS_SESSION_BUS_ADDRESS": ""}, cwd=str(home))
    assert main(["add", "work", "--no-probe", "--paste", "-"], ctx) == 5
    assert "nothing was saved" in capsys.readouterr().err
    assert not Path(ctx.paths.profiles).exists()


def test_a_store_that_fails_saves_no_profile(home: Path) -> None:
    ctx = Context({"HOME": str(home)}, cwd=str(home), store=FailingStore())
    with pytest.raises(KeyStoreError):
        add_profile(ctx, "work", draft_from_text(CURL))
    assert not Path(ctx.paths.profiles).exists()


def test_a_profile_that_cannot_be_saved_leaves_no_key(
    ctx: Context, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise ConflictError(say("no space left"))

    monkeypatch.setattr("ccswitch_tui.workflows.add.update_profiles", full)
    with pytest.raises(ConflictError):
        add_profile(ctx, "work", draft_from_text(CURL))
    assert store.get("work") is None


def test_a_replacement_that_cannot_be_saved_leaves_the_old_key(
    run: Run, work: None, ctx: Context, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise ConflictError(say("no space left"))

    monkeypatch.setattr("ccswitch_tui.workflows.add.update_profiles", full)
    with pytest.raises(ConflictError):
        add_profile(ctx, "work", draft_from_text(CURL.replace(KEY, OTHER_KEY)), replace=True)
    assert store.get("work") == Secret(KEY)


def test_a_server_on_this_machine_needs_no_key(run: Run, ctx: Context) -> None:
    assert run("add", "local", "--no-probe", "--url", "127.0.0.1:8080/v1", "--model", "qwen3").code == 0
    profile = ctx.book().get("local")
    assert (profile.key, profile.endpoint.auth, profile.endpoint.base_url) == (
        SecretRef("none"),
        "none",
        "http://127.0.0.1:8080/v1",
    )


def test_options_win_over_what_was_pasted(run: Run, ctx: Context) -> None:
    run(
        "add", "work", "--no-probe", "--paste", "-", "--model", "mine", "--tier", "haiku=small", "--auth", "x-api-key",
        "--header", "X-Title: t", stdin=CURL,
    )  # fmt: skip
    profile = ctx.book().get("work")
    assert profile.models.named() == {"default": "mine", "haiku": "small"}
    assert (profile.endpoint.auth, dict(profile.endpoint.headers)) == ("x-api-key", {"X-Title": "t"})


def test_a_preset_brings_its_facts_and_where_they_came_from(run: Run, ctx: Context) -> None:
    run("add", "ds", "--no-probe", "--preset", "deepseek", "--wire", "openai-chat", "--key", "env:DEEPSEEK_API_KEY")
    profile = ctx.book().get("ds")
    assert (profile.endpoint.base_url, profile.context_window, profile.preset) == (
        "https://api.deepseek.com",
        1048576,
        "deepseek",
    )
    assert profile.quirks["reasoning_replay"] == {
        "value": "reasoning_content",
        "from": "preset",
        "because": "preset deepseek",
    }


def test_a_known_address_is_recognised_in_a_paste(run: Run, ctx: Context) -> None:
    run(
        "add",
        "ds",
        "--no-probe",
        "--paste",
        "-",
        stdin=f"OPENAI_BASE_URL=https://api.deepseek.com\nOPENAI_API_KEY={KEY}",
    )
    assert ctx.book().get("ds").preset == "deepseek"


def test_a_relative_certificate_path_is_made_absolute(run: Run, ctx: Context, home: Path) -> None:
    run("add", "work", "--no-probe", "--paste", "-", stdin=CURL + " --cacert certs/ca.pem")
    assert ctx.book().get("work").endpoint.ca_file == str(home / "certs" / "ca.pem")


def test_a_variable_that_is_not_set_is_said(run: Run) -> None:
    done = run("add", "work", "--no-probe", "--url", "https://x.example/v1", "--key", "env:NOT_SET_HERE")
    assert done.code == 0
    assert "NOT_SET_HERE is not set here" in done.err


def test_a_key_that_stands_in_the_shells_history_is_said_to_be_exposed(run: Run, home: Path) -> None:
    (home / ".bash_history").write_text(f"ls\n{CURL}\n")
    assert "rotate the key" in run("add", "work", "--no-probe", "--paste", "-", stdin=CURL).err


# ---------------------------------------------------------------- list, show


def test_list_json_has_the_documented_fields(run: Run, work: None) -> None:
    assert run("list", "--json").json == {
        "version": 1,
        "profiles": [
            {
                "name": "work",
                "base_url": "https://api.example.com/v1",
                "wire": "openai-chat",
                "route": "proxy",
                "models": {"default": "big"},
                "key": {"ref": "keyring:work", "present": True, "store": "keyring"},
                "in_use": [],
                "search": None,
                "balance": None,
            }
        ],
    }


def test_a_key_in_the_encrypted_file_is_not_said_to_be_in_a_keyring(
    home: Path, run: Run, work: None, ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    index.remember(ctx.paths, index.Remembered(index.ENCRYPTED_FILE))
    world = Context(ctx.env, cwd=str(home))
    assert main(["list"], world) == 0
    listed = capsys.readouterr().out
    assert "key file" in listed and "keyring" not in listed
    assert main(["show", "work"], world) == 0
    assert "keyring:work (in the encrypted key file" in capsys.readouterr().out
    assert main(["list", "--json"], world) == 0
    assert json.loads(capsys.readouterr().out)["profiles"][0]["key"]["store"] == "key file"


def test_list_without_profiles_hints_at_add(run: Run) -> None:
    done = run("list")
    assert (done.code, done.out) == (0, "")
    assert "add NAME --paste -" in done.err


def test_list_shows_the_good_and_names_the_broken(run: Run, work: None, ctx: Context) -> None:
    with open(ctx.paths.profiles, "a") as file:
        file.write("\n[profiles.bad.endpoint]\nbase_url = 3\n")
    done = run("list")
    assert done.code == 2
    assert "work" in done.out
    assert "profile 'bad'" in done.err
    answer = run("list", "--json").json
    assert [p["name"] for p in answer["profiles"]] == ["work"]
    assert answer["broken"][0]["name"] == "bad"


def test_show_says_everything_but_the_key(run: Run, work: None) -> None:
    assert "https://api.example.com/v1" in run("show", "work").out
    assert run("show", "work", "--json").json["profile"]["endpoint"]["wire"] == "openai-chat"


def test_an_unknown_profile_is_answered_with_near_names(run: Run, work: None) -> None:
    done = run("show", "wrok")
    assert done.code == 2
    assert "did you mean 'work'" in done.err


# ---------------------------------------------------------------- edit


def test_single_keys_are_set_and_unset(run: Run, work: None, ctx: Context) -> None:
    run(
        "edit", "work", "--set", "models.haiku=small", "--set", "context_window=128k", "--set", "tags=a, b",
        "--set", "endpoint.timeouts.idle_s=30", "--set", "endpoint.headers.X-Title=t", "--set", "quirks.top_k=true",
        "--set", "env.A.B=c",
    )  # fmt: skip
    profile = ctx.book().get("work")
    assert profile.models.haiku == "small"
    assert (profile.context_window, profile.tags, profile.endpoint.timeouts.idle_s) == (128000, ("a", "b"), 30)
    assert (dict(profile.endpoint.headers), dict(profile.quirks), dict(profile.extra_env)) == (
        {"X-Title": "t"},
        {"top_k": True},
        {"A.B": "c"},
    )
    run(
        "edit",
        "work",
        "--unset",
        "models.haiku",
        "--unset",
        "quirks.top_k",
        "--unset",
        "endpoint.headers",
        "--unset",
        "note",
    )
    profile = ctx.book().get("work")
    assert (profile.models.haiku, dict(profile.quirks), dict(profile.endpoint.headers)) == (None, {}, {})


@pytest.mark.parametrize(
    "assignment, words",
    [
        ("wire=anthropic", "did you mean endpoint.wire"),
        ("endpoint.wire=grpc", "'wire' should be"),
        ("endpoint.base_url=hello", "a word"),
        ("quirks.topk=true", "did you mean top_k"),
        ("quirks.images=maybe", "it may be: send, note"),
        ("context_window=many", "is a number"),
        ("context_window=-5", "a number of tokens"),
        ("route=sideways", "'proxy' or 'direct'"),
        ("key=sk-example-0123456789", "by reference"),
        ("endpoint.headers.X-Api-Key=abc", "carry a secret"),
        (f"endpoint.headers.X-Id={OTHER_KEY}", "carry a secret"),
        (f"endpoint.headers.X-Id=Bearer {OTHER_KEY}", "carry a secret"),
        ("models=x", "is a table"),
        ("name=x", "a profile has no 'name'"),
        ("justaword", "KEY=VALUE"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    run: Run, work: None, ctx: Context, assignment: str, words: str
) -> None:
    before = Path(ctx.paths.profiles).read_bytes()
    done = run("edit", "work", "--set", assignment)
    assert done.code == 2
    assert words in done.err
    assert Path(ctx.paths.profiles).read_bytes() == before


def test_the_key_does_not_follow_to_another_host_by_itself(run: Run, work: None, ctx: Context) -> None:
    done = run("edit", "work", "--set", "endpoint.base_url=https://evil.example/v1")
    assert done.code == 2
    assert "was given for api.example.com" in done.err
    assert ctx.book().get("work").endpoint.base_url == "https://api.example.com/v1"
    assert run("edit", "work", "--set", "endpoint.base_url=https://other.example/v1", "--key-follows").code == 0
    assert ctx.book().get("work").key_host == "other.example"


def test_another_path_of_the_same_host_needs_no_question(run: Run, work: None) -> None:
    assert run("edit", "work", "--set", "endpoint.base_url=https://api.example.com/v2").code == 0


def test_another_key_replaces_the_stored_one(run: Run, work: None, store: MemoryStore) -> None:
    done = run("edit", "work", "--key-stdin", "--no-verify", stdin=OTHER_KEY + "\n")
    assert "stored the new key of work" in done.out
    assert store.get("work") == Secret(OTHER_KEY)


def test_a_refused_key_does_not_replace_the_stored_one(run: Run, ctx: Context, store: MemoryStore) -> None:
    with DemoProvider() as provider:
        key = provider.key.reveal()
        run("add", "demo", "--url", provider.base_url, "--model", "demo-large", "--key-stdin", stdin=key)
        run("probe", "demo", "--quick")
        done = run("edit", "demo", "--key-stdin", stdin=OTHER_KEY)
        assert (done.code, "the old one was kept" in done.err) == (4, True)
        assert store.get("demo") == Secret(key)
        report = last_report(ctx, "demo")
        assert report is not None
        assert report.verdict == "translate", "the report of a key that was only tried is not the profile's"


def test_a_key_that_could_not_be_proved_is_stored_and_said_to_be_so(run: Run, store: MemoryStore) -> None:
    run("add", "down", "--no-probe", "--url", "http://127.0.0.1:9/v1", "--model", "m", "--key-stdin", stdin=KEY)
    done = run("edit", "down", "--key-stdin", stdin=OTHER_KEY)
    assert (done.code, "could not be proved" in done.err) == (0, True)
    assert store.get("down") == Secret(OTHER_KEY)


# ---------------------------------------------------------------- add, with a look at the endpoint


def test_the_endpoint_is_asked_and_what_it_proved_is_saved(run: Run, ctx: Context) -> None:
    with DemoProvider() as provider:
        done = run(
            "add",
            "demo",
            "--url",
            provider.base_url,
            "--model",
            "demo-large",
            "--key-stdin",
            stdin=provider.key.reveal(),
        )
    assert "'demo-large' answers in openai-chat" in done.err
    profile = ctx.book().get("demo")
    assert (profile.endpoint.wire, profile.context_window) == ("openai-chat", 131072)


def test_an_endpoint_that_is_down_is_saved_and_said_to_be_down(run: Run, ctx: Context) -> None:
    done = run("add", "down", "--url", "http://127.0.0.1:9/v1", "--model", "m")
    assert done.code == 0
    assert "nothing listens" in done.err
    assert "does not work yet" in done.err
    assert "down" in ctx.book().profiles


@pytest.mark.parametrize("url, key, code", [("http://127.0.0.1:9/v1", KEY, 3), (None, OTHER_KEY, 4)])
def test_strictly_nothing_is_saved_unless_the_endpoint_answers(
    run: Run, ctx: Context, store: MemoryStore, url: str | None, key: str, code: int
) -> None:
    with DemoProvider() as provider:
        done = run(
            "add", "x", "--strict", "--url", url or provider.base_url, "--model", "demo-large", "--key-stdin", stdin=key
        )
    assert (done.code, "nothing was saved" in done.err) == (code, True)
    assert (ctx.book().profiles, store.get("x")) == ({}, None)


def test_the_better_format_of_the_same_host_is_found(run: Run, ctx: Context) -> None:
    with DemoProvider() as provider:
        run(
            "add",
            "n",
            "--url",
            provider.native_url,
            "--model",
            "demo-large",
            "--key-stdin",
            stdin=provider.key.reveal(),
        )
        assert ctx.book().get("n").endpoint.wire == "anthropic"


def test_added_and_used_in_one_go(run: Run, ctx: Context) -> None:
    done = run("add", "work", "--no-probe", "--use", "--paste", "-", stdin=CURL)
    assert done.code == 0
    assert "work is in use" in done.out
    assert "/p/work" in Path(ctx.paths.user_settings).read_text()


def test_a_key_that_lives_elsewhere_takes_the_stored_one_out(
    run: Run, work: None, store: MemoryStore, ctx: Context
) -> None:
    run("edit", "work", "--key", "env:WORK_KEY")
    assert ctx.book().get("work").key == SecretRef("env", "WORK_KEY")
    assert store.get("work") is None


def editor(home: Path, script: str) -> str:
    path = home / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


def test_edit_starts_no_editor_where_there_is_no_terminal(run: Run, work: None) -> None:
    done = run("edit", "work")
    assert done.code == 2 and "there is no terminal" in done.err and "--set KEY=VALUE" in done.err


@needs.shell
def test_the_editor_changes_a_profile(run: Run, work: None, ctx: Context, home: Path) -> None:
    done = run("edit", "work", env={"EDITOR": editor(home, "sed -i 's/big/bigger/' \"$1\"")})
    assert done.out == "changed work\n"
    assert ctx.book().get("work").models.default == "bigger"


@needs.shell
def test_the_editors_file_is_for_its_owner_alone_and_gone_afterwards(run: Run, work: None, home: Path) -> None:
    note = home / "seen"
    run("edit", "work", env={"EDITOR": editor(home, f'stat -c %a "$1" > {note}; echo "$1" >> {note}')})
    mode, path = note.read_text().split()
    assert (mode, Path(path).exists()) == ("600", False)
    assert stat.S_ISREG(note.stat().st_mode)


@pytest.mark.parametrize("script", [":", ': > "$1"'])
@needs.shell
def test_leaving_the_editor_without_a_change_changes_nothing(
    run: Run, work: None, ctx: Context, home: Path, script: str
) -> None:
    before = Path(ctx.paths.profiles).read_bytes()
    done = run("edit", "work", env={"EDITOR": editor(home, script)})
    assert (done.code, "nothing was changed" in done.err) == (0, True)
    assert Path(ctx.paths.profiles).read_bytes() == before


@pytest.mark.parametrize(
    "script", ["sed -i 's/^base_url.*/base_url = 3/' \"$1\"", 'echo "[" >> "$1"', 'echo "wat = 1" > "$1"']
)
@needs.shell
def test_a_text_that_makes_no_sense_is_refused_and_nothing_is_saved(
    run: Run, work: None, ctx: Context, home: Path, script: str
) -> None:
    before = Path(ctx.paths.profiles).read_bytes()
    done = run("edit", "work", env={"EDITOR": editor(home, script)})
    assert done.code == 2
    assert "left as it was" in done.err
    assert Path(ctx.paths.profiles).read_bytes() == before


@needs.shell
def test_a_file_that_changed_while_the_editor_was_open_is_not_written(
    run: Run, work: None, ctx: Context, home: Path
) -> None:
    script = f"sed -i 's/big/bigger/' \"$1\"; echo '# meanwhile' >> {ctx.paths.profiles}"
    done = run("edit", "work", env={"EDITOR": editor(home, script)})
    assert done.code == 6
    assert Path(ctx.paths.profiles).read_text().endswith("# meanwhile\n")
    assert "bigger" not in Path(ctx.paths.profiles).read_text()


@needs.shell
def test_an_editor_that_fails_or_is_absent_is_said(run: Run, work: None, home: Path) -> None:
    assert "exited with code 3" in run("edit", "work", env={"EDITOR": editor(home, "exit 3")}).err
    assert "cannot start the editor" in run("edit", "work", env={"EDITOR": "/no/such/editor"}).err


# ---------------------------------------------------------------- rename, copy, remove


def test_a_rename_takes_keys_and_mentions_along(run: Run, work: None, ctx: Context, store: MemoryStore) -> None:
    run("add", "cheap", "--no-probe", "--url", "127.0.0.1:1/v1", "--model", "m", "--tier", "opus=work:big")
    run("edit", "cheap", "--set", "fallbacks=work", "--set", "tier_profiles.opus=work")
    assert run("rename", "work", "job").code == 0
    assert store.get("work") is None
    assert store.get("job") == Secret(KEY)
    cheap = ctx.book().get("cheap")
    assert (cheap.tier_profiles, cheap.fallbacks) == ({"opus": "job"}, ("job",))
    assert cheap.models.opus == "work:big"  # a model's name is a model's name
    assert list(ctx.book().profiles) == ["job", "cheap"]


def test_settings_in_use_name_the_renamed_profile(run: Run, work: None, ctx: Context) -> None:
    assert run("use", "work").code == 0
    done = run("rename", "work", "job")
    assert "also renamed in the settings" in done.err
    assert "/p/job" in Path(ctx.paths.user_settings).read_text()
    assert "/p/work" not in Path(ctx.paths.user_settings).read_text()


def test_undo_after_a_rename_takes_back_the_use_that_was_renamed(run: Run, work: None, ctx: Context) -> None:
    settings = Path(ctx.paths.user_settings)
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('{"theme": "dark"}')
    run("use", "work")
    run("rename", "work", "job")
    run("rename", "job", "task")
    done = run("undo")
    assert (done.code, settings.read_text()) == (0, '{"theme": "dark"}')
    assert "took back 'use task'" in done.out and "byte for byte" in done.out
    assert "nothing to undo" in run("undo").err
    listed = run("history").out
    assert "rename … job" in listed and listed.count("undone") == 3


def test_undo_after_a_rename_keeps_what_others_wrote_in_between(run: Run, work: None, ctx: Context) -> None:
    settings = Path(ctx.paths.user_settings)
    run("use", "work")
    settings.write_text(settings.read_text().replace("{", '{"theme": "dark", ', 1))
    run("rename", "work", "job")
    assert "our keys only" in run("undo").out
    assert json.loads(settings.read_text()) == {"theme": "dark"}


def test_the_profile_before_a_renamed_one_is_still_the_one_before(run: Run, work: None, ctx: Context) -> None:
    run("add", "other", "--no-probe", "--url", "127.0.0.1:1/v1", "--model", "m")
    run("use", "other")
    run("use", "work")
    run("rename", "work", "job")
    assert run("use", "-").code == 0
    assert "/p/other" in Path(ctx.paths.user_settings).read_text()


def test_undo_says_when_the_settings_name_a_profile_that_is_gone(run: Run, work: None, ctx: Context) -> None:
    run("add", "other", "--no-probe", "--url", "127.0.0.1:1/v1", "--model", "m")
    run("use", "work")
    run("use", "other")
    run("rename", "work", "job")
    done = run("undo")
    assert done.code == 0
    assert "the settings name 'work' again, and that profile no longer exists" in done.out


@pytest.mark.parametrize("word", ["rename", "copy", "remove"])
def test_a_file_that_cannot_be_written_leaves_every_key_where_it_was(
    run: Run, work: None, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise ConflictError(say("no space left"))

    monkeypatch.setattr("ccswitch_tui.workflows.manage.update_profiles", full)
    assert run(word, "work", *([] if word == "remove" else ["job"])).code == 6
    assert (store.get("work"), store.get("job")) == (Secret(KEY), None)


def test_a_rename_to_a_taken_name_is_refused(run: Run, work: None) -> None:
    run("copy", "work", "twin")
    assert run("rename", "work", "twin").code == 2


def test_a_copy_has_a_key_of_its_own(run: Run, work: None, store: MemoryStore) -> None:
    run("copy", "work", "twin")
    run("remove", "work")
    assert (store.get("work"), store.get("twin")) == (None, Secret(KEY))


def test_remove_takes_the_key_and_says_so(run: Run, work: None, store: MemoryStore) -> None:
    done = run("remove", "work")
    assert done.out == "removed work and its key from the key store\n"
    assert store.get("work") is None


def test_a_profile_in_use_is_removed_only_by_force(run: Run, work: None, store: MemoryStore) -> None:
    run("use", "work")
    done = run("remove", "work")
    assert (done.code, "in use (user)" in done.err) == (2, True)
    assert store.get("work") == Secret(KEY)
    assert "settings still name it" in run("remove", "work", "--force").err


def test_a_key_that_another_profile_names_stays(run: Run, work: None, store: MemoryStore, ctx: Context) -> None:
    with open(ctx.paths.profiles, "a") as file:
        file.write('\n[profiles.second]\nkey = "keyring:work"\nendpoint.base_url = "https://api.example.com/v1"\n')
    assert "still in the key store" in run("remove", "work").err
    assert store.get("work") == Secret(KEY)


def test_a_broken_profile_can_be_removed(run: Run, work: None, ctx: Context) -> None:
    with open(ctx.paths.profiles, "a") as file:
        file.write("\n[profiles.bad.endpoint]\nbase_url = 3\n")
    assert run("remove", "bad").code == 0
    assert run("list").code == 0


def test_a_profile_whose_key_cannot_be_removed_stays_without_force(
    home: Path, run: Run, work: None, ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = Context(dict(ctx.env), cwd=str(home), store=FailingStore())
    assert main(["remove", "work"], locked) == 5
    assert "work" in locked.book().profiles
    assert main(["remove", "work", "--force"], locked) == 0
    assert "work" not in locked.book().profiles


# ---------------------------------------------------------------- export


@pytest.mark.parametrize("tool", ["litellm", "curl", "env", "aider", "continue", "toml"])
def test_an_export_never_holds_the_key(run: Run, work: None, tool: str) -> None:
    done = run("export", "work", "--to", tool)
    assert done.code == 0
    assert "https://api.example.com/v1" in done.out
    assert "WORK_API_KEY" in done.out + done.err


@pytest.mark.parametrize("tool", ["litellm", "aider", "continue", "curl", "env", "toml"])
def test_an_export_can_be_imported_again(run: Run, work: None, tool: str, home: Path, ctx: Context) -> None:
    names = {
        "litellm": "l.yaml",
        "aider": ".aider.conf.yml",
        "continue": "c.yaml",
        "toml": "p.toml",
        "curl": "c.txt",
        "env": "e.txt",
    }
    file = home / names[tool]
    assert run("export", "work", "--to", tool, "--output", str(file)).code == 0
    assert needs.is_private(file)
    if tool == "toml":
        Path(ctx.paths.profiles).write_text(file.read_text())
        assert ctx.book().get("work").endpoint.wire == "openai-chat"
        return
    Path(ctx.paths.profiles).unlink()
    assert run("import", str(file)).code == 0
    (profile,) = ctx.book().profiles.values()
    assert (profile.endpoint.base_url, profile.endpoint.wire, profile.models.default) == (
        "https://api.example.com/v1",
        "openai-chat",
        "big",
    )


def test_an_export_does_not_write_over_a_file_unasked(run: Run, work: None, home: Path) -> None:
    (home / "x").write_text("mine")
    assert run("export", "work", "--to", "curl", "-o", "x").code == 1
    assert (home / "x").read_text() == "mine"
    assert run("export", "work", "--to", "curl", "-o", "x", "--force").code == 0


def test_what_an_export_cannot_express_is_said(run: Run, work: None) -> None:
    assert "through the proxy only" in run("export", "work", "--to", "claude-settings").err
    assert "one of litellm" in run("export", "work", "--to", "emacs").err


def test_a_report_is_of_the_profile_that_was_probed_and_of_no_other(run: Run, ctx: Context) -> None:
    with DemoProvider() as provider:
        draft = ["--url", provider.base_url, "--model", "demo-large", "--key-stdin"]

        def probed(name: str) -> bool:
            return last_report(ctx, name) is not None

        assert run("add", "demo", *draft, stdin=provider.key.reveal()).code == 0
        assert probed("demo")
        assert run("edit", "demo", "--set", "note=seen").code == 0
        assert probed("demo")
        assert run("rename", "demo", "other").code == 0
        assert probed("other") and not probed("demo")
        assert run("edit", "other", "--set", "models.haiku=demo-vision").code == 0
        assert not probed("other")
        assert run("probe", "other").code == 0
        assert probed("other")
        assert run("remove", "other").code == 0
        assert not probed("other")
