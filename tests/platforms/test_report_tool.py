"""The script for machines that we do not have: it runs to its end, and what it prints names nobody."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit.secret_service import SecretService

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import report_platform  # noqa: E402


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_answers_each_question_and_leaves_nothing_of_the_user_s_in_the_answers(
    secret_service: SecretService, tmp_path: Path
) -> None:
    home, left = tmp_path / "Ada Lovelace", tmp_path / "temp"
    (home / ".claude").mkdir(parents=True)
    theirs = {"apiKeyHelper": "/opt/ada-helper", "env": {"ANTHROPIC_API_KEY": "sk-example-of-ada-0123456789"}}
    settings = home / ".claude" / "settings.json"
    settings.write_text(str(theirs).replace("'", '"'))
    before = settings.read_bytes()
    env = {**secret_service.env, "PATH": os.environ["PATH"], "HOME": str(home), "USER": "ada", "TMPDIR": str(left),
           "ANTHROPIC_AUTH_TOKEN": "sk-example-of-the-shell-0123456789"}  # fmt: skip
    left.mkdir()
    command = [sys.executable, str(ROOT / "tools" / "report_platform.py")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    answers = dict(re.findall(r"^(.{22}) (.*)$", done.stdout, re.MULTILINE))
    answers = {name.strip(): answer for name, answer in answers.items()}
    for name in ("demo", "use", "key, warm proxy", "proxy stop", "undo", "remove"):
        assert answers[name].startswith("exit 0, "), (name, answers[name])
    assert answers["key read back"] == "the same"
    assert answers["proxy killed"].startswith("back after")
    for word in (str(tmp_path), "Ada", "ada", "sk-example", platform.node()):
        assert word not in done.stdout, word
    assert settings.read_bytes() == before
    assert [path.name for path in left.iterdir()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot use C:\\Users\\Ada\\x.json", "cannot use HOME\\x.json"),
        ("in c:/users/ada/x", "in HOME/x"),
        ('{"file": "C:\\\\Users\\\\Ada\\\\x"}', '{"file": "HOME\\\\x"}'),
        ("PC-7\\ada may", "HOST\\USER may"),
        ("adaptive", "adaptive"),
    ],
)
def test_windows_paths_are_hidden_in_every_spelling(monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda _: r"C:\Users\Ada")
    monkeypatch.setattr(os.path, "realpath", lambda path: path)
    monkeypatch.setattr(platform, "node", lambda: "PC-7")
    monkeypatch.setattr(report_platform, "user", lambda: "ada")
    assert report_platform.hidden(text, "nowhere") == expected
