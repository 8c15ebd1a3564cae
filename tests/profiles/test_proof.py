"""`current --verify`: proof through exactly what was written, in the shell as in the app."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.world import DemoContext, demo_context
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.secret import Secret
from ccswitch_tui.workflows.verify import holds, verify


@pytest.fixture
def world() -> Iterator[DemoContext]:
    with demo_context({"PATH": "/usr/bin:/bin", "LANG": "en_US.UTF-8"}) as ctx:
        yield ctx


def test_a_profile_that_works_is_proved_by_an_answer(world: DemoContext, capsys: pytest.CaptureFixture[str]) -> None:
    main(["use", "demo"], world)
    capsys.readouterr()
    assert main(["current", "--verify"], world) == 0
    told = capsys.readouterr().out
    assert "✓ Claude Code reads the settings and finds 'demo'" in told
    assert "✓ the key is where it should be" in told
    assert "✓ demo-large answered through what was written" in told


def test_a_key_that_is_refused_fails_the_proof(world: DemoContext, capsys: pytest.CaptureFixture[str]) -> None:
    main(["use", "demo"], world)
    world.keys.store.set("demo", Secret("sk-example-ffffffffffffffff"))
    capsys.readouterr()
    assert main(["current", "--verify", "--json"], world) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["verified"], told["effective"]["profile"]) == (1, False, "demo")
    assert told["checks"][-1]["verdict"] == "fail"


def test_a_server_that_is_gone_is_told_as_such_and_not_as_a_failure_of_it(
    world: DemoContext, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["edit", "demo", "--set", "endpoint.base_url=http://127.0.0.1:9/v1", "--key-follows"], world) == 0
    main(["use", "demo"], world)
    capsys.readouterr()
    assert main(["current", "--verify"], world) == 1
    told = capsys.readouterr().out
    assert "✗ does not work: HTTP 502: cannot reach 127.0.0.1:9" in told and "failed internally" not in told


def test_a_key_that_is_gone_fails_the_proof_and_says_what_to_do(
    world: DemoContext, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["use", "demo"], world)
    world.keys.store.delete("demo")
    capsys.readouterr()
    assert main(["current", "--verify"], world) == 1
    told = capsys.readouterr()
    assert "✗" in told.out
    assert "hint:" in told.err


def test_without_a_profile_in_use_there_is_nothing_to_verify(
    world: DemoContext, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["current", "--verify"], world) == 2
    assert "nothing to verify" in capsys.readouterr().err


def test_another_profile_than_the_one_in_use_is_not_proved(world: DemoContext) -> None:
    demo = world.book().get("demo")
    update_profiles(world.paths, {"second": demo._replace(name="second")})
    main(["use", "demo"], world)
    checks = list(verify(world, "second"))
    assert checks[0].verdict == "fail"
    assert not holds(checks)


def test_the_report_of_the_profile_itself_is_left_alone(world: DemoContext) -> None:
    from ccswitch_tui.workflows.reports import last_report

    main(["use", "demo"], world)
    assert holds(list(verify(world, "demo")))
    assert last_report(world, "demo") is None
