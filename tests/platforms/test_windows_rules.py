"""Rules of Windows that can be tried without it: words for cmd, editors, the clipboard, files that are held."""

from __future__ import annotations

import os
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ccswitch_tui import here, textfile
from ccswitch_tui.claude import launch
from ccswitch_tui.claude.launch import helper_command, quoted
from ccswitch_tui.claude.layers import Layer
from ccswitch_tui.claude.reading import profile_in
from ccswitch_tui.cli.env import _own_shell
from ccswitch_tui.credentials import credential_manager
from ccswitch_tui.credentials.windows_keyring import WindowsKeyring
from ccswitch_tui.doctor.snapshot import _executables
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import resolve_paths
from ccswitch_tui.proxy.background import service
from ccswitch_tui.secret import Secret
from ccswitch_tui.tui import clipboard
from ccswitch_tui.workflows.context import Context
from ccswitch_tui.workflows.editor import editor_command, split_windows
from kit import needs


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Users\First Last (GmbH)\ccst.exe", r"C:\Users\a,b\ccst.exe", r"C:\a;b=c\ccst.exe", r"C:\R&D\ccst.exe",
        r"C:\100%\ccst.exe", r"C:\a^b!\ccst.exe",
    ],
)  # fmt: skip
def test_a_helper_s_path_that_cmd_would_cut_is_quoted(path: str) -> None:
    assert quoted(path, "win32") == f'"{path}"'


@pytest.mark.parametrize("path", [r"C:\Users\Jürgen\ccst.exe", r"C:\Users\王\a-b_c.d\ccst.exe", "work"])
def test_a_plain_one_stays_plain(path: str) -> None:
    assert quoted(path, "win32") == path


def test_the_helper_of_windows_names_our_folder_and_is_still_known_as_ours() -> None:
    text = helper_command("work", env={"CCSWITCH_HOME": r"D:\my files"}, platform="win32", argv0="nothing")
    assert text.startswith(r'set "CCSWITCH_HOME=D:\my files"&& ')
    assert profile_in({"apiKeyHelper": text}) == "work"


@pytest.mark.parametrize("home", [None, r"D:\my files"])
@pytest.mark.parametrize("program", [r"C:\Users\First Last (GmbH)\ccst.exe", r"C:\Users\王\ccst.exe"])
def test_the_program_of_a_helper_is_found_as_cmd_finds_it(
    monkeypatch: pytest.MonkeyPatch, home: str | None, program: str
) -> None:
    monkeypatch.setattr(launch, "own_command", lambda _: [program])
    env = {"CCSWITCH_HOME": home} if home else {}
    assert launch.helper_program(helper_command("work", env=env, platform="win32"), "win32") == program


@needs.not_on_windows("a script's first line says nothing there")
def test_a_script_whose_python_was_upgraded_away_cannot_be_started(tmp_path: Path) -> None:
    script = tmp_path / "ccst"
    script.write_text(f"#!{tmp_path}/venv/bin/python\n")
    script.chmod(0o755)
    layers = (Layer("user", "settings.json", {"apiKeyHelper": f"{script} key work"}),)
    assert _executables(layers, {}) == []
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").touch()
    assert _executables(layers, {}) == [str(script)]


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        ("code --wait", ["code", "--wait"]),
        (r'"C:\Program Files\Notepad++\notepad++.exe" -x', [r"C:\Program Files\Notepad++\notepad++.exe", "-x"]),
        (r"C:\Tools\nvim.exe", [r"C:\Tools\nvim.exe"]),
        (r'code --user-data-dir="C:\a b"', ["code", r"--user-data-dir=C:\a b"]),
    ],
)  # fmt: skip
def test_an_editor_is_named_as_people_name_it_there(editor: str, words: list[str]) -> None:
    assert split_windows(editor) == words
    assert editor_command({"EDITOR": editor, "PATH": "/nowhere"}, platform="win32") == words


@needs.not_on_windows("there a program's name needs one of PATHEXT's endings")
def test_an_editor_that_is_a_script_is_found_by_its_short_name(tmp_path: Path) -> None:
    (tmp_path / "code").write_text("")
    (tmp_path / "code").chmod(0o755)
    found = editor_command({"EDITOR": "code --wait", "PATH": str(tmp_path)}, platform="win32")
    assert found == [str(tmp_path / "code"), "--wait"]


def test_what_is_copied_is_marked_as_utf_16_for_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bytes] = []

    def run(command: object, *, input: bytes, **_: object) -> subprocess.CompletedProcess[bytes]:
        given.append(input)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert clipboard._fed(("clip",), "王 …", {})
    assert clipboard._fed(("wl-copy",), "王 …", {})
    assert given[0][:2] in (b"\xff\xfe", b"\xfe\xff")
    assert given[0].decode("utf-16") == given[1].decode("utf-8") == "王 …"


def test_git_bash_gets_lines_for_bash(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert _own_shell(Context({"HOME": str(home), "MSYSTEM": "MINGW64"})) == "bash"
    assert _own_shell(Context({"HOME": str(home)})) == "powershell"


def test_hints_name_commands_that_are_there() -> None:
    assert here.look_at(r"C:\a b", "win32") == r'icacls "C:\a b"'
    assert here.make_writable("/a b", "linux") == "chmod u+w '/a b'"
    assert here.print_variable("WORK_KEY", "win32") == "echo %WORK_KEY%"
    assert here.pipe_variable("KEY", "win32") == "echo %KEY%| ccswitch-tui …"
    assert here.open_in_editor(r"C:\a b", "win32") == r'notepad "C:\a b"'
    assert here.open_in_editor("/a b", "linux") == "${EDITOR:-vi} '/a b'"


def test_a_file_that_another_program_holds_is_asked_for_until_it_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(textfile, "HELD_PAUSES_S", (0.0,) * 9)
    monkeypatch.setattr("sys.platform", "win32")
    refused = iter([PermissionError(13, "Access is denied")] * 7)

    def replace(old: str, new: str) -> None:
        for error in refused:
            raise error
        os.rename(old, new)

    monkeypatch.setattr(os, "replace", replace)
    (tmp_path / "new").write_text("new")
    textfile._rename(str(tmp_path / "new"), str(tmp_path / "old"))
    assert (tmp_path / "old").read_text() == "new"


def test_no_folder_is_made_with_an_access_list_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    modes: list[int] = []
    mkdir = os.mkdir
    monkeypatch.setattr(os, "mkdir", lambda path, mode=0o777: (modes.append(mode), mkdir(path))[1])
    textfile.make_private_dir(str(tmp_path / "a" / "b"))
    assert modes == [0o777, 0o777]


def test_a_key_that_is_too_long_is_said_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[str] = []
    monkeypatch.setattr(credential_manager, "write", lambda target, entry: touched.append(target))
    with pytest.raises(
        KeyStoreError, match=r"has 1281 characters, and the .* accepts 1280: it was not stored"
    ) as caught:
        WindowsKeyring(service="ccswitch-tui", env={}).set("work", Secret("k" * 1281))
    assert "unlock --create" in caught.value.hint
    assert touched == []


def test_what_keyring_moved_away_is_still_found_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    made = credential_manager.Entry
    entries = {"work@ccswitch-tui": made("work", "old"), "ccswitch-tui": made("x", "")}
    monkeypatch.setattr(credential_manager, "read", entries.get)
    monkeypatch.setattr(credential_manager, "write", entries.__setitem__)
    monkeypatch.setattr(credential_manager, "remove", entries.pop)
    store = WindowsKeyring(service="ccswitch-tui", env={})
    assert store.get("work") == Secret("old")
    store.set("work", Secret("new"))
    assert [target for target, entry in entries.items() if entry.user == "work"] == ["ccswitch-tui/work"]
    assert store.delete("work")
    assert not store.delete("work")


def test_a_session_without_a_store_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(target: str) -> None:
        raise credential_manager.Refused("CredRead", credential_manager.NO_LOGON_SESSION, "no such logon session")

    monkeypatch.setattr(credential_manager, "read", refuse)
    with pytest.raises(KeyStoreError, match="closed to this session") as caught:
        WindowsKeyring(service="ccswitch-tui", env={}).get("work")
    assert caught.value.kind == "key-store-absent"


def test_the_task_runs_without_a_window_and_with_its_variables(tmp_path: Path) -> None:
    for name in ("python.exe", "pythonw.exe"):
        (tmp_path / name).write_text("")
    env = {"USERPROFILE": str(tmp_path), "USERNAME": "ada", "HTTPS_PROXY": "http://proxy.example:3128"}
    command = [str(tmp_path / "python.exe"), "-P", "-m", "ccswitch_tui", "proxy", "serve"]
    plan = service.plan_service(resolve_paths(env, platform="win32"), env, command, platform="win32")
    root = ET.fromstring(plan.text)
    assert root.findtext(".//{*}Command") == str(tmp_path / "pythonw.exe")
    arguments = root.findtext(".//{*}Arguments") or ""
    code = arguments.partition('-c "')[2][:-1]
    passed = {"HTTPS_PROXY": "http://proxy.example:3128", "CCSWITCH_AS_SERVICE": "1"}
    assert f"os.environ.update({passed!r})" in code
    compile(code, "task", "exec")


TASK = {
    # element: the elements it may hold, in Microsoft's "Task Scheduler Schema", each at most once
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"},
    "RegistrationInfo": {"Description", "Author", "Date", "URI", "Version"},
    "Triggers": {"LogonTrigger"},
    "LogonTrigger": {"Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "Delay", "UserId"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"},
    "Settings": {
        "AllowStartOnDemand", "RestartOnFailure", "MultipleInstancesPolicy", "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries", "AllowHardTerminate", "StartWhenAvailable", "NetworkProfileName",
        "RunOnlyIfNetworkAvailable", "WakeToRun", "Enabled", "Hidden", "DeleteExpiredTaskAfter", "IdleSettings",
        "NetworkSettings", "ExecutionTimeLimit", "Priority", "RunOnlyIfIdle",
    },
    "RestartOnFailure": {"Interval", "Count"},
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}  # fmt: skip
VALUES = {
    "Enabled": r"true|false", "Hidden": r"true|false", "DisallowStartIfOnBatteries": r"true|false",
    "StopIfGoingOnBatteries": r"true|false", "Priority": r"[0-9]|10", "Count": r"[1-9]\d*", "Interval": r"PT\d+M",
    "ExecutionTimeLimit": r"PT0S|PT\d+[HMS]", "LogonType": r"InteractiveToken|S4U|Password",
    "RunLevel": r"LeastPrivilege|HighestAvailable", "MultipleInstancesPolicy": r"IgnoreNew|Parallel|Queue|StopExisting",
}  # fmt: skip


@pytest.mark.parametrize("user", ["ada", "First Last & Söhne <GmbH>", "王"])
def test_the_task_is_one_by_the_schema_of_the_task_scheduler(tmp_path: Path, user: str) -> None:
    env = {"USERPROFILE": str(tmp_path), "USERNAME": user, "NO_PROXY": "a&b"}
    command = [r"C:\Users\First Last (GmbH)\python.exe", "-P", "-m", "ccswitch_tui", "proxy", "serve"]
    plan = service.plan_service(resolve_paths(env, platform="win32"), env, command, platform="win32")
    root = ET.fromstring(plan.text)
    namespace = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    assert (root.tag, root.get("version")) == (f"{namespace}Task", "1.2")
    for element in root.iter():
        name = element.tag.removeprefix(namespace)
        held = [child.tag.removeprefix(namespace) for child in element]
        assert set(held) <= TASK.get(name, set()), name
        assert len(set(held)) == len(held), name
        if name in VALUES:
            assert re.fullmatch(VALUES[name], element.text or ""), name
    places = [list(root).index(root.find(f"{namespace}{name}")) for name in ("Triggers", "Principals", "Actions")]  # type: ignore[arg-type]
    assert places == sorted(places)
    assert {e.text for e in root.iter(f"{namespace}UserId")} == {user}
    assert root.find(f"{namespace}Actions").get("Context") == root.find(f".//{namespace}Principal").get("id")  # type: ignore[union-attr]
