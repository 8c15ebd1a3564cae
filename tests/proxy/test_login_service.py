"""The login service: three systems' files, previewed, written privately, removable."""

from __future__ import annotations

import os
import plistlib
import stat
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.proxy.background import service

COMMAND = ["/opt/my tools/bin/ccswitch-tui", "proxy", "serve"]


def plan(home: Path, platform: str, **env: str) -> service.ServicePlan:
    env = {"HOME": str(home), "USERNAME": "ada", **env}
    return service.plan_service(resolve_paths(env, platform=platform), env, COMMAND, platform=platform)


def test_planning_writes_nothing(home: Path) -> None:
    for platform in ("linux", "darwin", "win32"):
        plan(home, platform)
    assert list(home.iterdir()) == []


def test_the_systemd_unit_quotes_what_systemd_would_expand(home: Path) -> None:
    text = plan(home, "linux", CCSWITCH_HOME='/a b/$x/100%/"q"').text
    assert 'ExecStart="/opt/my tools/bin/ccswitch-tui" "proxy" "serve"' in text
    assert 'Environment="CCSWITCH_HOME=/a b/$$x/100%%/\\"q\\""' in text


def test_the_launch_agent_is_a_property_list(home: Path) -> None:
    made = plan(home, "darwin", CCSWITCH_HOME="/x")
    agent = plistlib.loads(made.text.encode())
    assert agent["ProgramArguments"] == COMMAND
    assert agent["EnvironmentVariables"] == {"CCSWITCH_HOME": "/x", "CCSWITCH_AS_SERVICE": "1"}
    assert made.file.endswith("Library/LaunchAgents/io.github.ccswitch-tui.proxy.plist")


def test_the_task_is_xml_whatever_the_paths_hold(home: Path) -> None:
    made = plan(home, "win32", CCSWITCH_HOME="C:\\a & b")
    root = ET.fromstring(made.text.replace('encoding="UTF-16"', ""))
    arguments = root.find(".//{*}Arguments")
    assert arguments is not None and arguments.text is not None
    assert 'set "CCSWITCH_HOME=C:\\a & b"' in arguments.text


def test_a_password_in_a_proxy_address_stays_out_of_the_file(home: Path) -> None:
    made = plan(home, "linux", HTTPS_PROXY="http://corp:hunter2@proxy.example:3128")
    assert "hunter2" not in made.text
    assert made.left_out == ("HTTPS_PROXY",)


@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy", "no_proxy", "NODE_EXTRA_CA_CERTS"])
def test_the_ways_out_that_the_proxy_itself_reads_are_in_the_file(home: Path, name: str) -> None:
    assert f'Environment="{name}=/value"' in plan(home, "linux", **{name: "/value"}).text


def test_writing_and_removing_leave_the_folder_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(service, "_tell", lambda words, **_: told.append(tuple(words)))
    made = plan(home, "linux")
    service.install_service(made)
    assert stat.S_IMODE(os.stat(made.file).st_mode) == 0o600
    assert service.is_installed(made)
    assert service.remove_service(made)
    assert not service.remove_service(made)
    assert [words[2] for words in told] == ["daemon-reload", "enable", "disable"]


def test_a_silent_system_is_said_to_be_silent(home: Path) -> None:
    made = plan(home, "linux")._replace(after_write=(("/nonexistent/systemctl", "--user"),))
    with pytest.raises(CcswitchError, match="did not answer"):
        service.install_service(made)
