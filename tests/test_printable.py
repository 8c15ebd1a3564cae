"""One rule for all that is shown: it can be read, and it does nothing else."""

from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ccswitch_tui
from ccswitch_tui.cli.output import COLOURS, Output
from ccswitch_tui.printable import one_line, printable, printable_json

PACKAGE = Path(ccswitch_tui.__file__).parent

STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)

HOSTILE = "\x1b]52;c;Y3VybCBldmls\x07\x1b]0;PWN\x07\x1b[2J\x9b31m\u202ex\u200b\r\nFAKE LINE\x1b[32m"
"""Clipboard, title, screen, colour, direction, a hidden character, a line nobody of us wrote, and a colour of ours."""

anything = st.text(st.characters(categories=("L", "N", "P", "S", "Z", "C")))


@settings(max_examples=60, deadline=None)
@given(anything)
def test_what_is_printable_steers_nothing_and_stays_printable(text: str) -> None:
    shown = printable(text)
    assert not STEERS.search(shown)
    assert printable(shown) == shown
    assert one_line(text) == shown.replace("\n", "\ufffd")


@settings(max_examples=60, deadline=None)
@given(anything)
def test_json_says_the_same_with_escapes(text: str) -> None:
    document = printable_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(document) == {text: [text]}
    assert not STEERS.search(document)


def test_words_of_any_language_stay_as_they_are() -> None:
    for words in ("glm-4.6 — 智谱", "naïve café", "👩‍👩‍👧 🏳️‍🌈", "می‌خواهم", "עברית", "a\tb"):
        assert printable(words) == words


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def out() -> Output:
    return Output({"TERM": "xterm"}, stdout=Terminal(), stderr=Terminal())


def written(out: Output) -> str:
    assert isinstance(out.stdout, Terminal) and isinstance(out.stderr, Terminal)
    return out.stdout.getvalue() + out.stderr.getvalue()


def without_our_styles(text: str) -> str:
    return re.sub(rf"\x1b\[(?:0|{'|'.join(COLOURS.values())})m", "", text)


def test_a_line_is_one_line_whatever_stands_in_it(out: Output) -> None:
    out.line(f"a {HOSTILE} b")
    out.talk(f"a {HOSTILE} b")
    assert written(out).count("\n") == 2
    assert not STEERS.search(written(out).replace("\n", ""))


def test_our_own_styles_pass_and_a_copy_of_them_does_not(out: Output) -> None:
    out.line(f"{out.paint('ok', 'fine')} \x1b[32mforged\x1b[0m {out.paint('bold', HOSTILE)}")
    assert written(out).startswith("\x1b[32mfine\x1b[0m \ufffd[32mforged\ufffd[0m \x1b[1m")
    assert not STEERS.search(without_our_styles(written(out)).replace("\n", ""))


def test_a_question_and_a_json_document_steer_nothing(out: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert out.ask(f"may it go to {HOSTILE}?") == "y"
    out.json({"name": HOSTILE})
    out.json_line({"name": HOSTILE})
    assert not STEERS.search(written(out).replace("\n", ""))
    _, _, documents = out.stdout.getvalue().partition("{")  # type: ignore[union-attr]
    first, second = ("{" + documents).rsplit("\n{", 1)
    assert json.loads(first) == json.loads("{" + second) == {"name": HOSTILE}


OTHER_WAYS = {
    ("getpass", "getpass"),
    ("logging", "StreamHandler"),
    ("logging", "basicConfig"),
    ("traceback", "print_exc"),
}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
WRITERS = {
    "cli/output.py": "the door",
    "cli/app.py": "which terminal Textual paints on; nothing is written",
    "cli/main.py": "a reader that left: stdout's descriptor is closed, nothing is written",
    "cli/demo_story.py": "stderr of the shown commands goes where their stdout goes, through the door",
    "tui/config.py": "asks which encoding it has",
    "proxy/background/guardian.py": "imports nothing of ours; two lines of its own words",
    "credentials/keyring_child.py": "answers its parent over a pipe, in JSON",
}
"""Who may touch the standard streams, and why. A new output goes through cli/output.py instead of into this table."""


def standard_streams_in(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "input"):
            found.append(f"line {node.lineno}: {node.func.id}()")
        if not isinstance(node, ast.Attribute):
            continue
        of = node.value.id if isinstance(node.value, ast.Name) else ""
        if (of == "sys" and node.attr in STREAMS) or (of, node.attr) in OTHER_WAYS:
            found.append(f"line {node.lineno}: {of}.{node.attr}")
    return found


def test_nothing_but_the_door_writes_to_the_standard_streams() -> None:
    skipped = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        found = standard_streams_in(path.read_text(encoding="utf-8"))
        if found and name not in WRITERS:
            skipped[name] = found
    assert not skipped


def test_every_app_paints_through_the_last_filter() -> None:
    apps = []
    for path in sorted((PACKAGE / "tui").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
            if isinstance(node, ast.ClassDef) and any(base.startswith("App") for base in bases):
                apps.append(node.name)
                assert "with_harmless(super().get_line_filters())" in ast.unparse(node), node.name
    assert apps == ["CcswitchApp", "PickerApp"]
