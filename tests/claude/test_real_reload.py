"""What a running Claude Code picks up by itself, and the product's own switches seen from inside one session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gateway_kit import INVENTED_LOGIN, Gateway, Session, gateways, noticed, sign_in, start_session, write_settings
from settings_kit import THEIRS, context, native_profile

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.undo import undo
from ccswitch_tui.workflows.use import apply_use, plan_use

pytestmark = pytest.mark.real
__all__ = ["gateways", "start_session"]

SLOTS = ("FABLE", "OPUS", "SONNET", "HAIKU")
Start = Callable[..., Session]


@pytest.fixture
def settings(home: Path) -> Path:
    return home / ".claude" / "settings.json"


def tree(gateway: Gateway, model: str = "", **env: str) -> dict[str, Any]:
    slots = {f"ANTHROPIC_DEFAULT_{slot}_MODEL": model for slot in SLOTS}
    return {"env": {"ANTHROPIC_BASE_URL": gateway.url, "ANTHROPIC_AUTH_TOKEN": "t-example", **slots, **env}}


def test_a_session_follows_base_url_credential_and_tier_models(
    home: Path, settings: Path, gateways: tuple[Gateway, Gateway], start_session: Start
) -> None:
    one, two = gateways
    write_settings(settings, tree(one, "m-one", ANTHROPIC_MODEL="sonnet", CLAUDE_CODE_MAX_CONTEXT_TOKENS="64000"))
    session = start_session(home, home / "project")
    first = session.ask()
    assert (first.text, one.last.model, first.windows) == ("one", "m-one", {"m-one": 64_000})
    then = tree(
        two, "m-two", ANTHROPIC_MODEL="sonnet", CLAUDE_CODE_MAX_CONTEXT_TOKENS="96000", ANTHROPIC_AUTH_TOKEN="t-two"
    )
    write_settings(settings, then)
    noticed()
    second = session.ask()
    assert (second.text, two.last.model, two.last.authorization) == ("two", "m-two", "Bearer t-two")
    assert second.windows["m-two"] == 96_000


def test_a_model_by_name_stays_and_a_tier_follows(
    home: Path, settings: Path, gateways: tuple[Gateway, Gateway], start_session: Start
) -> None:
    """Why ANTHROPIC_MODEL is a tier."""
    one, _ = gateways
    write_settings(settings, tree(one, "m-one", ANTHROPIC_MODEL="m-by-name"))
    session = start_session(home, home / "project")
    session.ask()
    write_settings(settings, tree(one, "m-two", ANTHROPIC_MODEL="m-other"))
    noticed()
    session.ask()
    assert one.last.model == "m-by-name"


def test_without_a_main_model_a_million_tokens_are_assumed_unless_told_otherwise(
    home: Path, settings: Path, gateways: tuple[Gateway, Gateway], start_session: Start
) -> None:
    """Why ANTHROPIC_MODEL and CLAUDE_CODE_DISABLE_1M_CONTEXT are written, also for sessions that run."""
    one, _ = gateways
    write_settings(settings, tree(one, "m-one", CLAUDE_CODE_MAX_CONTEXT_TOKENS="64000"))
    session = start_session(home, home / "project")
    assert session.ask().windows == {"m-one[1m]": 1_000_000}
    assert one.last.wants_a_million
    more = {"CLAUDE_CODE_MAX_CONTEXT_TOKENS": "64000", "CLAUDE_CODE_DISABLE_1M_CONTEXT": "1"}
    write_settings(settings, tree(one, "m-one", **more))
    noticed()
    assert session.ask().windows["m-one"] == 64_000
    assert not one.last.wants_a_million


def test_a_removed_variable_stays_and_an_empty_one_goes(
    home: Path, settings: Path, gateways: tuple[Gateway, Gateway], start_session: Start
) -> None:
    one, _ = gateways
    write_settings(settings, tree(one, ANTHROPIC_CUSTOM_HEADERS="X-Mine: 1"))
    session = start_session(home, home / "project")
    session.ask()
    write_settings(settings, tree(one))
    noticed()
    session.ask()
    assert one.last.headers.get("x-mine") == "1", "removing does not clear"
    write_settings(settings, tree(one, ANTHROPIC_CUSTOM_HEADERS=""))
    noticed()
    write_settings(settings, tree(one))
    noticed()
    session.ask()
    assert "x-mine" not in one.last.headers, "empty clears, for good"


# ---------------------------------------------------------------- the product's own switches


def direct(name: str, gateway: Gateway, key: str) -> Profile:
    endpoint = Endpoint(gateway.url, "anthropic")
    return native_profile(name, endpoint=endpoint, models=ModelTiers(f"{name}-large"), key=SecretRef("env", key))


@pytest.fixture
def ctx(home: Path, gateways: tuple[Gateway, Gateway]) -> Context:
    one, two = gateways
    return context(home, direct("one", one, "KEY_ONE"), direct("two", two, "KEY_TWO"))


KEYS = {"KEY_ONE": "sk-example-key-one", "KEY_TWO": "sk-example-key-two"}


def test_one_session_through_every_switch_and_back_to_the_vendors_login(
    home: Path, settings: Path, gateways: tuple[Gateway, Gateway], start_session: Start, ctx: Context
) -> None:
    """A to B to official: every request at the right host with the right key, and the login at none."""
    one, two = gateways
    sign_in(home)
    settings.write_text(THEIRS)
    apply_use(ctx, plan_use(ctx, "one"))
    session = start_session(home, home / "project", env=KEYS)
    assert session.ask().text == "one"
    assert one.last.authorization == "Bearer sk-example-key-one"
    apply_use(ctx, plan_use(ctx, "two"))
    noticed()
    assert session.ask().text == "two"
    assert (two.last.model, two.last.authorization) == ("two-large", "Bearer sk-example-key-two")
    requests = len(one.seen) + len(two.seen)
    waited: list[int] = []
    apply_use(ctx, plan_use(ctx, "official"), on_wait=waited.append)
    assert waited == [1], "the running session was found and given its time"
    assert settings.read_text() == THEIRS
    noticed()
    session.ask()  # it goes to the vendor's host now, which this environment does not let it reach
    assert len(one.seen) + len(two.seen) == requests
    assert INVENTED_LOGIN not in str([seen.headers for seen in (*one.seen, *two.seen)])


def test_undo_does_not_send_the_vendors_login_to_the_old_host_either(
    home: Path, settings: Path, gateways: tuple[Gateway, Gateway], start_session: Start, ctx: Context
) -> None:
    one, _ = gateways
    sign_in(home)
    apply_use(ctx, plan_use(ctx, "one"))
    session = start_session(home, home / "project", env=KEYS)
    session.ask()
    undo(ctx)
    assert not settings.exists()
    noticed()
    session.ask()
    assert INVENTED_LOGIN not in str([seen.headers for seen in one.seen])


def test_run_wins_while_another_profile_is_in_use(
    home: Path, settings: Path, gateways: tuple[Gateway, Gateway], claude_code: Path, ctx: Context
) -> None:
    import subprocess
    import sys

    from kit.claude import claude_env

    _, two = gateways
    apply_use(ctx, plan_use(ctx, "one"))
    before = settings.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "ccswitch_tui", "run", "two", "--", claude_code, "-p", "hi", "--output-format", "json"],
        cwd=home / "project", env=claude_env(home, PYTHONPATH=str(Path(__file__).parents[2]), **KEYS),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout)["result"] == "two", done.stderr
    assert two.last.authorization == "Bearer sk-example-key-two"
    assert settings.read_bytes() == before
