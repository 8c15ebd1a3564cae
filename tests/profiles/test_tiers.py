"""A model's name never means another profile; files of version 1, which said it so, are read with a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile
from ccswitch_tui.profiles.tiers import as_asked, migrated, own_models
from ccswitch_tui.proxy.routing import Routes
from ccswitch_tui.workflows.context import Context

COLONED = ["qwen3:8b", "deepseek-r1:14b", "mistral:7b-instruct", "phi3:mini", "work:prod", "ft:gpt-x:org::id"]

OLD = """\
# mine
version = 1

[profiles.qwen3]
endpoint = { base_url = "https://cloud.example/v1", wire = "openai-chat" }
models = { default = "qwen3-max" }

[profiles.ollama]
endpoint = { base_url = "http://127.0.0.1:11434/v1", wire = "openai-chat" }
models = { default = "qwen3:8b" }

[profiles.work]
endpoint = { base_url = "https://work.example/v1", wire = "openai-chat" }
models = { default = "big", haiku = "ollama:qwen3:8b" } # the small one is local
"""


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return Context({"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, cwd=str(tmp_path))


def write(ctx: Context, text: str) -> Path:
    path = Path(ctx.paths.profiles)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("model", COLONED)
def test_a_model_with_a_colon_is_asked_of_its_own_endpoint(model: str) -> None:
    """Also where a profile has the name before the colon: the endpoint's prompts went to that one's host."""
    namesake = Profile(model.partition(":")[0], Endpoint("https://cloud.example/v1"), models=ModelTiers(default="m"))
    mine = Profile("mine", Endpoint("http://127.0.0.1:11434/v1"), models=ModelTiers(default=model))
    routes = Routes({p.name: p for p in (namesake, mine)})
    for asked in (model, "sonnet", "claude-opus-5-5", f"{model}[1m]"):
        target = routes.target(mine, asked)
        assert (target.profile.name, target.model) == ("mine", model)


def test_a_profile_named_like_its_model_is_asked_for_it() -> None:
    mine = Profile("qwen3", Endpoint("http://127.0.0.1:11434/v1"), models=ModelTiers(default="qwen3:8b", haiku="qwen3"))
    assert own_models(mine) == mine.models
    assert Routes({"qwen3": mine}).target(mine, "haiku").model == "qwen3"


def test_claude_code_asks_for_a_tier_elsewhere_by_a_name_that_no_model_has() -> None:
    profile = Profile(
        "work",
        Endpoint("https://work.example"),
        models=ModelTiers(default="m", haiku="m"),
        tier_profiles={"haiku": "local", "opus": "local", "sonnet": "work"},
    )
    assert as_asked(profile).named() == {"default": "m", "haiku": "m @local", "opus": "opus @local"}
    local = Profile("local", Endpoint("http://127.0.0.1:1"), models=ModelTiers(default="qwen3:8b"))
    routes = Routes({"work": profile, "local": local})
    found = {asked: routes.target(profile, asked) for asked in ("m", "m @local", "opus @local", "claude-opus-5-5")}
    assert {asked: (t.profile.name, t.model) for asked, t in found.items()} == {
        "m": ("work", "m"),
        "m @local": ("local", "m"),
        "opus @local": ("local", "qwen3:8b"),
        "claude-opus-5-5": ("local", "qwen3:8b"),
    }


def test_an_old_file_is_read_with_a_word_for_each_tier_that_could_mean_two_things(ctx: Context) -> None:
    write(ctx, OLD)
    for _ in range(2):  # the second time from memory
        book = ctx.book()
        assert (book.get("work").models.haiku, book.get("work").tier_profiles) == ("qwen3:8b", {"haiku": "ollama"})
        assert (book.get("ollama").models.default, book.get("ollama").tier_profiles) == ("qwen3:8b", {})
        assert len(book.words) == 2
        assert "before this version it went to profile 'qwen3'" in book.words[0]
        assert "is answered by profile 'ollama' with 'qwen3:8b'" in book.words[1]
        Path(ctx.paths.state_dir).mkdir(parents=True, exist_ok=True)


def test_looking_changes_nothing_and_says_it_each_time(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(ctx, OLD)
    assert main(["list"], ctx) == 0
    assert "tier_profiles.default=qwen3" in capsys.readouterr().err
    assert path.read_text() == OLD


def test_the_next_change_writes_the_meaning_down_and_keeps_the_rest(
    ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(ctx, OLD)
    assert main(["edit", "ollama", "--set", "models.default=qwen3:8b", "--set", "note=local"], ctx) == 0
    text = path.read_text()
    assert "version = 2" in text and "# mine" in text and "# the small one is local" in text
    capsys.readouterr()
    assert main(["show", "work"], ctx) == 0
    said = capsys.readouterr()
    assert "qwen3:8b, answered by profile 'ollama'" in said.out
    assert "note:" not in said.err


def test_a_new_model_with_a_colon_is_no_question_later(ctx: Context) -> None:
    """The namesake comes later than the model, into a file of the old version."""
    write(ctx, OLD[: OLD.index("[profiles.work]")].replace('"qwen3:8b"', '"m"'))
    main(["add", "other", "--url", "http://127.0.0.1:1/v1", "--model", "qwen3:14b", "--no-probe"], ctx)
    assert ctx.book().words == ()
    assert ctx.book().get("other").models.default == "qwen3:14b"


def test_a_file_without_a_version_gets_one_on_its_first_line(ctx: Context) -> None:
    path = write(ctx, OLD.replace("# mine\nversion = 1\n\n", ""))
    main(["edit", "qwen3", "--set", "note=x"], ctx)
    assert path.read_text().startswith("version = 2\n")
    assert ctx.book().words == () and ctx.book().get("work").tier_profiles == {"haiku": "ollama"}


def test_an_old_file_without_such_a_name_stays_as_its_owner_wrote_it(ctx: Context) -> None:
    path = write(ctx, OLD[: OLD.index("[profiles.ollama]")])
    main(["edit", "qwen3", "--set", "note=x"], ctx)
    assert "version = 1" in path.read_text()


def test_migration_is_said_only_where_a_profile_has_that_name() -> None:
    tables = {"a": {"models": {"default": "llama3:8b", "opus": 7}}, "b": {"models": "broken"}, "c": 3}
    assert migrated(tables).words == () and migrated(tables).tables == tables


def test_a_tier_of_a_profile_that_is_gone_is_refused_and_sent_nowhere() -> None:
    from ccswitch_tui.errors import UsageError

    work = Profile("work", Endpoint("https://w.example"), models=ModelTiers("big"), tier_profiles={"haiku": "gone"})
    with pytest.raises(UsageError, match="haiku tier of 'work' is answered by profile 'gone'") as said:
        Routes({"work": work}).target(work, "claude-haiku-4-5")
    assert "--unset tier_profiles.haiku" in said.value.hint
