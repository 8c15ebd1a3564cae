"""The installed Claude Code against the tables the product stands on: who wins, what clears, what leaks.

When one of these fails, the vendor changed something: mend owned.py, wanted.py
or layers.py before believing anything else.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from gateway_kit import INVENTED_LOGIN, Gateway, gateways, sign_in, write_settings

from ccswitch_tui.claude.layers import ORDER
from ccswitch_tui.net.hosts import port_in
from ccswitch_tui.net.no_proxy import BY_RANK, is_exempt
from ccswitch_tui.paths import managed_settings
from kit.claude import claude_env

pytestmark = pytest.mark.real
__all__ = ["gateways"]


class Machine:
    """A scratch home and project with the real client."""

    def __init__(self, claude: Path, home: Path, one: Gateway, two: Gateway) -> None:
        self.claude, self.home, self.one, self.two = claude, home, one, two
        self.project = home / "project"
        self.project.mkdir()
        self.flag = home / "flag.json"

    def put(self, layer: str, env: Mapping[str, str], **top: Any) -> None:
        paths = {
            "user": self.home / ".claude" / "settings.json",
            "project": self.project / ".claude" / "settings.json",
            "local": self.project / ".claude" / "settings.local.json",
            "state": self.home / ".claude.json",
            "flag": self.flag,
        }
        write_settings(paths[layer], {"env": dict(env), **top})

    def run(self, *options: str, cwd: Path | None = None, **env: str) -> str:
        flag = ["--settings", str(self.flag)] if self.flag.exists() else []
        done = subprocess.run(
            [self.claude, "-p", "hello", "--output-format", "json", *flag, *options],
            cwd=cwd or self.project, env=claude_env(self.home, **env), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return str(json.loads(done.stdout)["result"])


@pytest.fixture
def machine(claude_code: Path, home: Path, gateways: tuple[Gateway, Gateway]) -> Machine:
    return Machine(claude_code, home, *gateways)


def test_the_places_rank_as_the_product_says(machine: Machine) -> None:
    """Every pair of neighbours in layers.ORDER, strongest first: the stronger names `one`, the weaker `two`."""
    names = [name for name in ORDER if name != "managed"]
    credential = {"ANTHROPIC_AUTH_TOKEN": "t-example"}
    for stronger, weaker in pairwise(names):
        for path in (machine.home / ".claude", machine.project / ".claude"):
            subprocess.run(["rm", "-rf", path], check=True)
        (machine.home / ".claude.json").unlink(missing_ok=True)
        machine.flag.unlink(missing_ok=True)
        env = {}
        for name, gateway in ((stronger, machine.one), (weaker, machine.two)):
            if name == "environment":
                env = {"ANTHROPIC_BASE_URL": gateway.url}
            else:
                machine.put(name, {"ANTHROPIC_BASE_URL": gateway.url, **credential})
        assert machine.run(**env) == "one", f"{stronger} should beat {weaker}"


@pytest.mark.skipif(not os.access("/etc", os.W_OK), reason="the administrator's folder needs root")
def test_an_administrator_beats_even_the_flag(machine: Machine) -> None:
    path = Path(managed_settings())
    if path.parent.exists():
        pytest.skip("this machine has an administrator's settings")
    machine.put("flag", {"ANTHROPIC_BASE_URL": machine.two.url, "ANTHROPIC_AUTH_TOKEN": "t-example"})
    path.parent.mkdir()
    try:
        path.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": machine.one.url}}))
        assert machine.run() == "one"
    finally:
        path.unlink()
        path.parent.rmdir()


def test_where_the_project_files_are_looked_for(machine: Machine) -> None:
    """The personal file at the repository's root, the shared one only in the folder itself."""
    subprocess.run(["git", "init", "-q", machine.project], check=True)
    below = machine.project / "below"
    below.mkdir()
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.two.url, "ANTHROPIC_AUTH_TOKEN": "t-example"})
    machine.put("project", {"ANTHROPIC_BASE_URL": machine.one.url})
    assert machine.run(cwd=below) == "two"
    machine.put("local", {"ANTHROPIC_BASE_URL": machine.one.url})
    assert machine.run(cwd=below) == "one"


def test_an_empty_value_in_the_settings_clears_an_exported_one(machine: Machine) -> None:
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "",
                         "CLAUDE_CODE_USE_BEDROCK": "", "ANTHROPIC_MODEL": "", "HTTP_PROXY": ""},
                apiKeyHelper="printf helper-token")  # fmt: skip
    said = machine.run(
        ANTHROPIC_API_KEY="k-exported", ANTHROPIC_AUTH_TOKEN="t-exported", CLAUDE_CODE_USE_BEDROCK="1",
        ANTHROPIC_MODEL="exported", HTTP_PROXY=machine.two.url, HTTPS_PROXY="", NO_PROXY="",
    )  # fmt: skip
    assert said == "one"
    seen = machine.one.last
    assert (seen.authorization, seen.x_api_key) == ("Bearer helper-token", "helper-token")
    assert seen.model.startswith("claude-")


def test_rivals_that_are_left_would_win_over_the_helper(machine: Machine) -> None:
    """Why every one of them is cleared."""
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url}, apiKeyHelper="printf helper-token")
    machine.run(ANTHROPIC_AUTH_TOKEN="t-exported", ANTHROPIC_API_KEY="k-exported")
    assert (machine.one.last.authorization, machine.one.last.x_api_key) == ("Bearer t-exported", "k-exported")


def test_a_base_url_without_a_credential_sends_the_vendors_login_there(machine: Machine) -> None:
    """Why base URL and credential are written together."""
    sign_in(machine.home)
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url})
    machine.run()
    assert machine.one.last.authorization == f"Bearer {INVENTED_LOGIN}"


@pytest.mark.parametrize("helper", ["printf helper-token", "exit 3"])
def test_a_helper_keeps_the_vendors_login_back_even_when_it_fails(machine: Machine, helper: str) -> None:
    sign_in(machine.home)
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url}, apiKeyHelper=helper)
    machine.run()
    assert INVENTED_LOGIN not in str(machine.one.last.headers)


def test_strict_json_or_nothing(machine: Machine) -> None:
    machine.put("user", {})
    path = machine.home / ".claude" / "settings.json"
    text = json.dumps({"env": {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t"}})
    path.write_text("// mine\n" + text)
    assert "Not logged in" in machine.run()
    path.write_text(
        "\ufeff" + json.dumps({"env": {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t"}})
    )
    assert machine.run() == "one"


def test_an_empty_file_is_no_settings_and_no_error(machine: Machine) -> None:
    machine.put("user", {})
    (machine.home / ".claude" / "settings.json").write_text("")
    assert machine.run(ANTHROPIC_BASE_URL=machine.one.url, ANTHROPIC_AUTH_TOKEN="t") == "one"


@pytest.mark.parametrize(
    ("env", "through"),
    [
        ({"NO_PROXY": ""}, "two"),
        ({"NO_PROXY": "a.example,127.0.0.1,localhost"}, "one"),
        ({"NO_PROXY": "127.0.0.1", "no_proxy": "a.example"}, "two"),
        ({"NO_PROXY": "", "no_proxy": "127.0.0.1"}, "one"),
    ],
)
def test_loopback_goes_through_an_http_proxy_unless_no_proxy_says_so(
    machine: Machine, env: dict[str, Any], through: str
) -> None:
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t"})
    assert machine.run(HTTP_PROXY=machine.two.url, HTTPS_PROXY="", **env) == through


EXEMPTIONS = (
    "127.0.0.1", "localhost", "localhost 127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "127.0.0.0/33", "127.0.0.1:PORT",
    "127.0.0.1:1", "127.*", ".0.0.1", ".127.0.0.1", "[127.0.0.1]", "127.0.0.1.", "*:PORT", "<local>", "x *",
)  # fmt: skip


@pytest.mark.parametrize("form", EXEMPTIONS)
def test_what_no_proxy_exempts_is_what_we_say(machine: Machine, form: str) -> None:
    port = port_in(machine.one.url)
    listed = form.replace("PORT", str(port))
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t"})
    went_past = machine.run(HTTP_PROXY=machine.two.url, HTTPS_PROXY="", NO_PROXY=listed) == "one"
    assert is_exempt(listed, "127.0.0.1", port) == went_past


@pytest.mark.parametrize("name", BY_RANK)
def test_each_of_these_variables_is_heeded_for_loopback(machine: Machine, name: str) -> None:
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t"})
    assert machine.run(**{"NO_PROXY": "", "HTTP_PROXY": "", "HTTPS_PROXY": "", name: machine.two.url}) == "two"


@pytest.mark.parametrize(("name", "starts"), [("HTTP_PROXY", False), ("HTTPS_PROXY", True), ("ALL_PROXY", True)])
def test_with_which_proxy_of_a_host_and_a_port_it_starts(machine: Machine, name: str, starts: bool) -> None:
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t"})
    off = {"HTTP_PROXY": "", "HTTPS_PROXY": "", "NO_PROXY": "127.0.0.1"}
    env = {**off, name: machine.two.url.removeprefix("http://")}
    with contextlib.nullcontext() if starts else pytest.raises(json.JSONDecodeError):  # it prints no answer
        assert machine.run(**env) == "one"


def test_the_flag_can_silence_a_helper_for_one_process(machine: Machine) -> None:
    """What `run` relies on."""
    machine.put("user", {"ANTHROPIC_BASE_URL": machine.two.url}, apiKeyHelper="printf helper-token")
    machine.put(
        "flag", {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t-of-the-run"}, apiKeyHelper=""
    )
    assert machine.run() == "one"
    assert (machine.one.last.authorization, machine.one.last.x_api_key) == ("Bearer t-of-the-run", None)


def test_a_unix_socket_in_the_environment_cannot_be_cleared_by_settings(machine: Machine) -> None:
    """Why `why` says to unset it, and `run` does."""
    machine.put(
        "user", {"ANTHROPIC_BASE_URL": machine.one.url, "ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_UNIX_SOCKET": ""}
    )
    assert machine.run(ANTHROPIC_UNIX_SOCKET="/nowhere.sock") != "one"
