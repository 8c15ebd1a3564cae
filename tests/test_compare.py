"""`probe --all`: profiles side by side; one that is broken stops no other, and a key goes to its own host alone."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.cli.main import main
from ccswitch_tui.demo.world import DemoContext, demo_context
from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.prices.model import Price
from ccswitch_tui.prices.model import Step as PriceStep
from ccswitch_tui.probe.model import ProbeReport, Step
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Prices, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows import compare as comparing
from ccswitch_tui.workflows import examine as examining
from ccswitch_tui.workflows.compare import ORDERS, Compared, compare, known, ordered
from ccswitch_tui.workflows.context import Context


@pytest.fixture
def world() -> Iterator[DemoContext]:
    with demo_context({"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "en_US.UTF-8"}) as ctx:
        yield ctx


def profile(name: str, url: str, key: str = "none", **more: Any) -> Profile:
    ref = SecretRef(*key.split(":", 1)) if key != "none" else SecretRef("none")
    return Profile(name, Endpoint(url, "openai-chat"), ref, models=ModelTiers("m1"), **more)


def with_profiles(world: DemoContext, *extra: Profile) -> None:
    update_profiles(world.paths, {**world.book().profiles, **{p.name: p for p in extra}})


BROKEN = (
    profile("no-such-key", "http://127.0.0.1:9/v1", "env:NOT_SET_ANYWHERE"),
    profile("nobody-there", "http://127.0.0.1:9/v1"),
    profile("other-host", "http://127.0.0.1:9/v1", "env:PATH", key_host="https://elsewhere.example"),
    profile("bad-proxy", "http://127.0.0.1:10/v1")._replace(
        endpoint=Endpoint("https://127.0.0.1:10/v1", "openai-chat", ca_file="/no/such/file.pem")
    ),
)


def test_a_broken_profile_stops_no_other(world: DemoContext, capsys: pytest.CaptureFixture[str]) -> None:
    with_profiles(world, *BROKEN)
    code = main(["probe", "--all", "--quick", "--json", "--patience", "5"], world)
    rows = {row["profile"]: row for row in json.loads(capsys.readouterr().out)["profiles"]}
    assert next(iter(rows)) == "demo", "the best comes first"
    assert rows["demo"]["verdict"] == "translate"
    assert rows["no-such-key"]["error"]["kind"] == "key-absent"
    assert rows["other-host"]["error"]["kind"] == "key-host"
    assert rows["nobody-there"]["verdict"] == rows["bad-proxy"]["verdict"] == "broken"
    assert set(rows) == set(world.book().profiles)
    assert code == 5, "the worst one's"


def test_a_mistake_of_ours_about_one_endpoint_is_its_own_row(
    world: DemoContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = examining.examine

    async def broken_for_one(ctx: Context, target: Profile, *given: Any, **more: Any) -> ProbeReport:
        if target.name == "misspelt":
            raise TypeError("sk-example-0123456789abcdef is no such thing")
        return await whole(ctx, target, *given, **more)

    monkeypatch.setattr(examining, "examine", broken_for_one)
    rows = {r.name: r for r in asyncio.run(compare(world, list(world.book().profiles.values()), ladder="quick"))}
    assert rows["demo"].verdict == "translate"
    error = rows["misspelt"].error
    assert error is not None and error.kind == "internal" and "sk-" not in error.message


class Listening(BaseHTTPRequestHandler):
    """Remembers what came, and answers nothing useful."""

    def do_GET(self) -> None:
        self.server.heard.append(str(self.headers))  # type: ignore[attr-defined]
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_each_key_goes_to_its_own_host_alone(world: DemoContext) -> None:
    servers, keys = [], []
    for number in range(3):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
        server.heard = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        keys.append(f"sk-example-of-host-{number}-0123456789")
        world.env[f"KEY_{number}"] = keys[-1]
    profiles = [
        profile(f"p{n}", f"http://127.0.0.1:{s.server_address[1]}/v1", f"env:KEY_{n}") for n, s in enumerate(servers)
    ]
    with_profiles(world, *profiles)
    asyncio.run(compare(world, profiles, ladder="quick"))
    for server, own in zip(servers, keys, strict=True):
        heard = "\n".join(server.heard)  # type: ignore[attr-defined]
        assert own in heard
        assert not [key for key in keys if key != own and key in heard]
        server.shutdown()
        server.server_close()


# ---------------------------------------------------------------- how many at a time


class Gate:
    """Stands in for the probe: counts who is in, and lets them out one after the other."""

    def __init__(self) -> None:
        self.inside: dict[str, str] = {}
        self.most, self.most_of_one_host, self.done = 0, 0, 0

    async def examine(self, ctx: Context, target: Profile, key: Any, **more: Any) -> ProbeReport:
        host = target.endpoint.base_url
        self.inside[target.name] = host
        self.most = max(self.most, len(self.inside))
        self.most_of_one_host = max(self.most_of_one_host, list(self.inside.values()).count(host))
        try:
            await asyncio.sleep(0.001)
        finally:
            del self.inside[target.name]
        self.done += 1
        return ProbeReport(target.name, host, "2026-01-01T00:00:00Z", "quick", "native", "works")


@given(hosts=st.lists(st.integers(0, 5), min_size=1, max_size=24), at_once=st.integers(1, 6))
def test_no_more_than_so_many_at_once_and_one_of_a_host(hosts: list[int], at_once: int) -> None:
    gate = Gate()
    profiles = [profile(f"p{n}", f"http://127.0.0.1:{20_000 + host}/v1") for n, host in enumerate(hosts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examining, "examine", gate.examine)
        rows = asyncio.run(compare(Context({"HOME": "/nowhere"}, cwd="/"), profiles, most_at_once=at_once))
    assert [row.name for row in rows] == [p.name for p in profiles], "in the order they were given"
    assert gate.done == len(profiles)
    assert gate.most <= at_once
    assert gate.most_of_one_host == 1


def test_cancelled_it_lets_all_go_and_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    gone: list[str] = []

    async def slow_but_for_one(ctx: Context, target: Profile, key: Any, **more: Any) -> ProbeReport:
        try:
            await asyncio.sleep(0 if target.name == "p0" else 3600)
        finally:
            gone.append(target.name)
        return ProbeReport(target.name, "", "2026-01-01T00:00:00Z", "quick", "native", "works")

    monkeypatch.setattr(examining, "examine", slow_but_for_one)
    profiles = [profile(f"p{n}", f"http://127.0.0.1:{20_000 + n}/v1") for n in range(6)]

    async def stopped() -> None:
        ctx = Context({"HOME": "/nowhere"}, cwd="/")
        task = asyncio.ensure_future(compare(ctx, profiles, on_done=lambda row: done.append(row.name)))
        while not done:
            await asyncio.sleep(0.001)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())
    assert done == ["p0"]
    assert set(gone) <= {p.name for p in profiles} and "p0" in gone


def test_one_question_of_the_key_store_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, most = [0], [0]

    async def off(work: Any, *args: Any) -> Any:
        asking[0] += 1
        most[0] = max(most[0], asking[0])
        await asyncio.sleep(0.001)
        asking[0] -= 1
        raise KeyStoreError(say("locked"))

    profiles = [profile(f"p{n}", f"http://127.0.0.1:{20_000 + n}/v1", "keyring:x") for n in range(6)]
    rows = asyncio.run(compare(Context({"HOME": "/nowhere"}, cwd="/"), profiles, off=off))
    assert most == [1]
    assert {row.error.kind for row in rows if row.error} == {"key-store"}


# ---------------------------------------------------------------- what a row says


def test_what_a_web_page_sends_is_no_answer(world: DemoContext) -> None:
    asyncio.run(compare(world, [world.book().get("behind-login")]))
    row = known(world, world.book().get("behind-login"))
    assert (row.verdict, row.answer_ms, row.first_token_ms) == ("broken", None, None)


def test_a_report_on_another_address_says_nothing(world: DemoContext) -> None:
    asyncio.run(compare(world, [world.book().get("demo")]))
    demo = world.book().get("demo")
    assert known(world, demo).first_token_ms is not None
    moved = demo._replace(endpoint=demo.endpoint._replace(base_url="https://other.example/v1"))
    assert known(world, moved).verdict is None


def test_a_price_nobody_gave_is_unknown_and_not_zero(world: DemoContext, capsys: pytest.CaptureFixture[str]) -> None:
    priced = world.book().get("demo")._replace(name="priced", prices={"demo-large": Prices(0.6, 2.5)})
    with_profiles(world, priced)
    main(["probe", "demo", "priced", "--quick"], world)
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines()}
    assert "unknown" in lines["demo"]
    assert "0.6/2.5 USD" in lines["priced"]


def priced(taken: float | None, given: float | None) -> Price:
    return Price((PriceStep(0, taken, given),))


rows_of_any_kind = st.lists(
    st.builds(
        Compared,
        st.builds(profile, st.text("abc", min_size=1, max_size=3), st.just("http://127.0.0.1/v1")),
        verdict=st.sampled_from([None, "native", "translate", "limited", "broken", "odd"]),
        first_token_ms=st.none() | st.floats(0.1, 1e5),
        answer_ms=st.none() | st.floats(0.1, 1e5),
        price=st.none() | st.builds(priced, st.none() | st.floats(0, 99), st.none() | st.floats(0, 99)),
    ),
    max_size=8,
)


@given(rows=rows_of_any_kind, by=st.sampled_from([*ORDERS, "file"]))
def test_sorting_loses_nobody_and_puts_the_unknown_last(rows: list[Compared], by: str) -> None:
    found = ordered(rows, by)
    assert sorted(map(id, found)) == sorted(map(id, rows))
    if by == "first":
        times = [row.first_token_ms for row in found]
        assert times == sorted(times, key=lambda ms: (ms is None, ms or 0.0))
    if by == "file":
        assert found == rows


# ---------------------------------------------------------------- the command line


def test_tags_choose_who_is_compared(world: DemoContext, capsys: pytest.CaptureFixture[str]) -> None:
    with_profiles(world, world.book().get("demo")._replace(name="mine", tags=("Work", "fast")))
    assert main(["probe", "--tag", "#work", "--quick", "--json"], world) == 0
    assert [row["profile"] for row in json.loads(capsys.readouterr().out)["profiles"]] == ["mine"]
    assert main(["probe", "--tag", "nobody"], world) == 2
    assert "tags there are: Work, fast" in capsys.readouterr().err
    assert main(["list", "--tag", "FAST"], world) == 0
    assert capsys.readouterr().out.split()[0] == "mine"


def test_add_takes_tags(world: DemoContext) -> None:
    given = ["add", "new", "--url", "http://127.0.0.1:9/v1", "--no-probe", "--key", "none", "--model", "m"]
    assert main([*given, "--tag", "#work", "--tag", "work", "--tag", " "], world) == 0
    assert world.book().get("new").tags == ("work",)


def test_edit_adds_and_removes_tags_and_list_shows_them(world: DemoContext, capsys: pytest.CaptureFixture[str]) -> None:
    with_profiles(world, world.book().get("demo")._replace(name="mine", tags=("Work", "fast")))
    assert main(["edit", "mine", "--tag", "#cheap", "--tag", "WORK", "--untag", "FAST"], world) == 0
    assert world.book().get("mine").tags == ("Work", "cheap")
    capsys.readouterr()
    assert main(["list", "--tag", "cheap"], world) == 0
    assert "#Work #cheap" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [["--all", "demo"], ["--all", "--tag", "x"], ["demo", "--tag", "x"], ["demo", "misspelt", "--learn"],
     ["--all", "--markdown"], ["--all", "--verbose"], ["--all", "--url", "http://127.0.0.1:9/v1"], ["demo", "nobody"]],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    words: list[str], world: DemoContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*given: Any, **more: Any) -> Any:
        raise AssertionError("asked")

    monkeypatch.setattr(comparing, "compare", never)
    assert main(["probe", *words], world) == int(UsageError.exit_code)


def test_a_profile_that_cannot_be_read_is_said_beside_the_others(
    world: DemoContext, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(world.paths.profiles)
    path.write_text(path.read_text() + "\n[profiles.odd.endpoint]\nbase_url = 7\n")
    assert main(["probe", "--all", "--quick"], world) == 3
    said = capsys.readouterr()
    assert "demo" in said.out and "'odd'" in said.err


def test_the_step_of_one_is_told_with_its_name(world: DemoContext) -> None:
    told: list[tuple[str, Step]] = []
    asyncio.run(compare(world, [world.book().get("demo")], ladder="quick", on_step=lambda n, s: told.append((n, s))))
    assert {name for name, _ in told} == {"demo"}
    assert "message" in {step.code for _, step in told}
    assert os.path.exists(os.path.join(world.paths.reports, "demo.json")), "kept as its last report"
