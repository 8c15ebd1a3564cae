"""Programs that bring a Claude Code of their own: the profile that was named is the one that is asked.

Profile `a` is in use, `b` is named. The table in the README is this file's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from gateway_kit import Gateway, both_gateways, gateways

from kit.claude import claude_env
from kit.here import run_here
from kit.parts import SYSTEM_PATH, console_script, need_part

__all__ = ["gateways"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

PROGRAMS = Path(__file__).parent / "programs"
KEYS = {"KEY_A": "sk-example-a-0123456789", "KEY_B": "sk-example-b-0123456789"}
OTHERS = {
    "apiKeyHelper": "echo company-helper",
    "env": {"ANTHROPIC_API_KEY": "sk-example-vendor", "ANTHROPIC_CUSTOM_HEADERS": "X-Company-Auth: company"},
}
"""Ordinary settings of a person who also works for a company: none of it is for `b`."""


class Machine(NamedTuple):
    """One home with two profiles, on two endpoints that answer with their own name."""

    home: Path
    a: Gateway
    b: Gateway

    def env(self) -> dict[str, str]:
        own = {"PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}", **KEYS, "CLAUDE_CODE_MAX_RETRIES": "1"}
        return claude_env(self.home, **own)

    def ccswitch(self, *words: str) -> str:
        done = self.run([console_script(), *words])
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def run(self, command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        folder = self.home / "project"
        folder.mkdir(exist_ok=True)
        return subprocess.run(
            command, cwd=folder, env={**self.env(), **more}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip

    def asked(self) -> str:
        """Which endpoints were asked."""
        return "".join(name for name, gateway in (("a", self.a), ("b", self.b)) if gateway.seen)


def machine_in(root: Path, gateways: tuple[Gateway, Gateway]) -> Machine:
    """One with both profiles."""
    home = root / "home"
    (home / "bin").mkdir(parents=True)
    found = Machine(home, *gateways)
    for name, gateway, key in (("a", found.a, "KEY_A"), ("b", found.b, "KEY_B")):
        done = run_here(
            ["add", name, "--url", gateway.url, "--wire", "anthropic", "--model", f"model-{name}",
             "--key", f"env:{key}", "--no-probe"],
            found.env(), root,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return found


def close(machine: Machine) -> None:
    machine.run([console_script(), "proxy", "stop", "--for-good"])


@pytest.fixture
def machine(tmp_path: Path, gateways: tuple[Gateway, Gateway]) -> Iterator[Machine]:
    found = machine_in(tmp_path, gateways)
    yield found
    close(found)


@pytest.fixture(scope="module")
def lasting_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """For all the ways: what `use` wrote, and the proxy once it was started, stay."""
    with both_gateways() as pair:
        found = machine_in(tmp_path_factory.mktemp("lasting"), pair)
        yield found
        close(found)


@pytest.fixture
def same_machine(lasting_machine: Machine) -> Machine:
    """Nothing was asked on it yet."""
    lasting_machine.a.seen.clear()
    lasting_machine.b.seen.clear()
    return lasting_machine


def python_sdk(machine: Machine, **options: object) -> list[str]:
    return [str(need_part("agent-sdk-python")), str(PROGRAMS / "agent.py"), json.dumps(options)]


def typescript_sdk(machine: Machine, **options: object) -> list[str]:
    program, sdk = str(PROGRAMS / "agent.mjs"), str(need_part("agent-sdk-node"))
    return [str(need_part("node")), program, sdk, json.dumps(options)]


def acp_bridge(machine: Machine) -> list[str]:
    return [sys.executable, str(PROGRAMS / "editor.py"), str(need_part("node")), str(need_part("acp-bridge"))]


def absolute_path(machine: Machine) -> list[str]:
    return ["sh", "-c", f"{need_part('claude')} -p hi"]


def newest_by_absolute_path(machine: Machine) -> list[str]:
    return ["sh", "-c", f"{need_part('claude-newest')} -p hi"]


def _named(machine: Machine) -> None:
    """A `claude` on the PATH of the test's machine."""
    link = machine.home / "bin" / "claude"
    if not link.exists():
        link.symlink_to(need_part("claude"))


def by_name(machine: Machine) -> list[str]:
    _named(machine)
    return ["sh", "-c", f"PATH=$PATH:{machine.home / 'bin'}; claude -p hi"]


def by_name_with_own_settings(machine: Machine) -> list[str]:
    _named(machine)
    settings = '{"permissions": {"allow": ["Bash(ls:*)"]}}'
    return ["sh", "-c", f"PATH=$PATH:{machine.home / 'bin'}; claude --settings '{settings}' -p hi"]


def python_sdk_with_own_settings(machine: Machine) -> list[str]:
    return python_sdk(machine, settings='{"permissions": {"allow": ["Bash(ls:*)"]}}')


def python_sdk_without_settings(machine: Machine) -> list[str]:
    return python_sdk(machine, setting_sources=[])


def typescript_sdk_without_settings(machine: Machine) -> list[str]:
    return typescript_sdk(machine, settingSources=[])


WAYS = [
    python_sdk, python_sdk_with_own_settings, python_sdk_without_settings, typescript_sdk,
    typescript_sdk_without_settings, acp_bridge, absolute_path, newest_by_absolute_path, by_name,
    by_name_with_own_settings,
]  # fmt: skip
DEAF = [python_sdk_without_settings, typescript_sdk_without_settings]
"""They ask their Claude Code to read no settings file."""
Way = Callable[[Machine], list[str]]


def name_of(way: Way) -> str:
    return way.__name__


@pytest.mark.promise
@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_run_reaches_the_named_profile_while_another_is_in_use(same_machine: Machine, way: Way) -> None:
    machine = same_machine
    machine.ccswitch("use", "a")
    done = machine.run([console_script(), "run", "b", "--", *way(machine)])
    assert machine.asked() == "b", (done.stdout, done.stderr)
    assert {s.model for s in machine.b.seen} == {"model-b"}
    assert "two" in done.stdout


@pytest.mark.promise
@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_the_lines_of_env_reach_it_too(same_machine: Machine, way: Way) -> None:
    machine = same_machine
    machine.ccswitch("use", "a")
    script = f'eval "$({console_script()} env b --shell bash)" && exec "$@"'
    done = machine.run(["bash", "-c", script, "bash", *way(machine)])
    assert machine.asked() == "b", (done.stdout, done.stderr)


@pytest.mark.promise
@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_use_reaches_them_by_itself_unless_they_read_no_settings(same_machine: Machine, way: Way) -> None:
    machine = same_machine
    machine.ccswitch("use", "b")
    machine.run(way(machine))
    assert machine.asked() == ("" if way in DEAF else "b")


def test_the_readme_tells_of_every_way_and_of_what_does_not_hear_use() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## Programs that bring their own Claude Code")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(WAYS) - 1  # an absolute path is tried with two versions
    assert [row[1] for row in rows].count("not heard") == len(DEAF)
    assert {cell for row in rows for cell in row[2:]} == {"b"}


@pytest.mark.promise
@pytest.mark.parametrize("route", ["proxy", "direct"])
@pytest.mark.parametrize("start", ["run", "env"])
def test_nothing_of_the_users_other_credentials_goes_to_the_profiles_host(
    machine: Machine, route: str, start: str
) -> None:
    """Settings that name no endpoint still add their key, helper and headers to whatever the variables name."""
    (machine.home / ".claude").mkdir(exist_ok=True)
    (machine.home / ".claude" / "settings.json").write_text(json.dumps(OTHERS))
    machine.ccswitch("edit", "b", "--set", f"route={route}")
    command = absolute_path(machine)
    if start == "run":
        machine.run([console_script(), "run", "b", "--", *command])
    else:
        script = f'eval "$({console_script()} env b --shell bash)" && exec "$@"'
        machine.run(["bash", "-c", script, "bash", *command])
    (seen,) = machine.b.seen
    assert seen.authorization == f"Bearer {KEYS['KEY_B']}"
    assert seen.x_api_key is None
    assert "x-company-auth" not in seen.headers


def test_an_inherited_variable_of_a_host_is_taken_from_run_and_said_by_the_rest(machine: Machine) -> None:
    """Claude Desktop and editors set it for what they start: profiles in settings files then have no effect."""
    inherited = {"CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST": "1"}
    machine.ccswitch("use", "a")
    machine.run(absolute_path(machine), **inherited)
    assert machine.asked() == ""  # the client's own word: "Not logged in"
    doctor = machine.run([console_script(), "doctor", "--json"], **inherited)
    assert "host-managed" in {finding["kind"] for finding in json.loads(doctor.stdout)["findings"]}
    why = json.loads(machine.run([console_script(), "why", "ANTHROPIC_BASE_URL", "--json"], **inherited).stdout)
    assert why["variables"][0]["winner"] is None
    assert "is set in this terminal" in machine.run([console_script(), "use", "b"], **inherited).stderr
    _named(machine)
    path = f"{machine.env()['PATH']}:{machine.home / 'bin'}"
    done = machine.run([console_script(), "run", "b", "--", "claude", "-p", "hi"], **inherited, PATH=path)
    assert machine.asked() == "b", done.stderr


def test_a_full_id_has_the_profiles_window_and_compacts_in_time(machine: Machine) -> None:
    machine.ccswitch("edit", "b", "--set", "context_window=128000")
    machine.ccswitch("use", "b")
    settings = json.loads((machine.home / ".claude" / "settings.json").read_text())
    assert settings["env"]["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] == "128000"


def test_another_window_in_the_settings_is_said_before_the_program_starts(machine: Machine) -> None:
    machine.ccswitch("edit", "a", "--set", "context_window=200000")
    machine.ccswitch("edit", "b", "--set", "context_window=64000")
    machine.ccswitch("use", "a")
    done = machine.run([console_script(), "run", "b", "--", "true"])
    assert "uses the context window" in done.stderr
    assert "context window" not in machine.run([console_script(), "run", "a", "--", "true"]).stderr


def test_the_window_said_is_the_one_that_counts(machine: Machine) -> None:
    """The fact behind the sentence: with the host's variable the files' window still beats the environment's."""
    machine.ccswitch("edit", "a", "--set", "context_window=200000")
    machine.ccswitch("edit", "b", "--set", "context_window=64000")
    machine.ccswitch("use", "a")
    done = machine.run(
        [console_script(), "run", "b", "--", "sh", "-c", f"{need_part('claude')} -p hi --output-format json"]
    )
    assert json.loads(done.stdout)["modelUsage"]["model-b"]["contextWindow"] == 200_000, os.environ.get("CI")
