"""Every text through one catalogue, complete in both languages, and none written into a screen."""

from __future__ import annotations

import ast
import os
import re
import string
import warnings
from pathlib import Path

import pytest

from ccswitch_tui import language
from ccswitch_tui.doctor.checks import CHECKS
from ccswitch_tui.probe.model import RUNGS
from ccswitch_tui.sentence import say
from ccswitch_tui.tui import i18n, keys
from ccswitch_tui.tui.verbs import VERBS

TUI = Path(i18n.__file__).parent.parent
SOURCES = sorted(p for p in TUI.rglob("*.py"))
SHOWING = sorted(
    [*(TUI / "screens").rglob("*.py"), *(TUI / "widgets").rglob("*.py"), TUI / "commands.py", TUI / "app.py"]
)
ENGLISH = i18n.catalogue("en")

FAMILIES = {
    "age.": ("s", "min", "h", "d"),
    "key.": tuple(k.action for k in keys.KEYS),
    "tip.": tuple(k.action for k in keys.KEYS),
    "verb.": tuple(v.word for v in VERBS),
    "check.": tuple(name.replace(" ", "-") for name in CHECKS),
}


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", [c for c in i18n.LANGUAGES if c != "en"])
def test_every_language_has_the_texts_of_english_with_the_same_places(code: str) -> None:
    other = i18n.catalogue(code)
    missing = sorted(set(ENGLISH) - set(other))
    if missing and os.environ.get("TRANSLATIONS") == "complete":
        pytest.fail(f"without a text in {code}: {missing}")
    if missing:
        warnings.warn(f"{len(missing)} texts are still English in {code}: {missing}", stacklevel=1)
    assert not set(other) - set(ENGLISH)
    assert {i: places(text) for i, text in other.items()} == {i: places(ENGLISH[i]) for i in other}
    assert all(text.strip() for text in other.values())


def test_what_has_no_translation_yet_is_shown_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = i18n.catalogue
    lost = {"app.timeout", say("nothing useful was proved")}
    for module in (i18n, language):
        monkeypatch.setattr(module, "catalogue", lambda code: {
            text_id: text for text_id, text in whole(code).items() if code == "en" or text_id not in lost
        })  # fmt: skip
    i18n.use_language("zh-CN")
    try:
        assert i18n.t("app.timeout") == ENGLISH["app.timeout"]
        assert i18n.spoken(say("nothing useful was proved")) == "nothing useful was proved"
        assert i18n.named("no such name") == "no such name"
    finally:
        i18n.use_language("en")


def test_one_of_a_thing_is_said_in_the_singular() -> None:
    assert [i18n.t("pulse.sessions", n=n) for n in (0, 1, 2)] == ["0 sessions", "1 session", "2 sessions"]
    assert i18n.t("usage.n_requests", n="1") == "1 request"


def test_every_text_asked_for_is_in_the_catalogue() -> None:
    asked = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t" and node.args:
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value.strip("."):
                        asked.add(part.value)
    missing = {i for i in asked if not i.endswith(".") and not any(have.startswith(i) for have in ENGLISH)}
    assert not missing


@pytest.mark.parametrize("prefix", sorted(FAMILIES))
def test_every_family_of_texts_is_complete(prefix: str) -> None:
    assert not {prefix + name for name in FAMILIES[prefix]} - set(ENGLISH)


def test_every_rung_has_a_short_name() -> None:
    assert not {f"step.{r.code}" for r in RUNGS} - set(ENGLISH)


def test_no_text_is_in_the_catalogue_that_nobody_shows() -> None:
    code = "\n".join(p.read_text(encoding="utf-8") for p in SOURCES)
    starts = set(re.findall(r'f"([a-z_]+\.(?:[a-z_]+\.)*)\{', code))
    starts |= {"key.", "tip.", "verb.", "check."}
    quoted = set(re.findall(r"""["']([a-z_]+\.[A-Za-z_.-]+)["']""", code))
    idle = [i for i in ENGLISH if i.removesuffix(".one") not in quoted and not any(i.startswith(s) for s in starts)]
    assert not idle


WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]*\s[^A-Za-z]*[A-Za-z]{2,}")
NOT_SHOWN = ("CSS", "DEFAULT_CSS", "BINDINGS")


@pytest.mark.parametrize("path", SHOWING, ids=lambda p: str(p.relative_to(TUI)))
def test_no_screen_holds_a_text_of_its_own(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    excused: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            excused.add(id(node.value))  # docstrings
        if isinstance(node, ast.ClassDef):
            excused |= {id(part) for base in node.bases for part in ast.walk(base)}  # a type as a text
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and (target.id in NOT_SHOWN or target.id.isupper()):
                excused |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.Call) and any(k.arg in ("classes", "name", "group") for k in node.keywords):
            excused |= {id(k.value) for k in node.keywords}
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Binding", "cast", "TypeError"):
            excused |= {id(part) for part in ast.walk(node)}
    own = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in excused
        and WORDS.search(node.value)
        and "$" not in node.value
    ]
    assert not own


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_TW"}, "zh-CN"),
        ({}, "en"),
    ],
)
def test_the_locale_chooses_the_language(env: dict[str, str], expected: str) -> None:
    assert i18n.language_of(env) == expected


def test_the_setting_beats_the_locale() -> None:
    assert i18n.language_of({"LANG": "zh_CN.UTF-8"}, "en") == "en"


def test_every_help_page_exists_in_every_language() -> None:
    pages = {code: {p.name for p in (TUI / "help" / code).glob("*.md")} for code in i18n.LANGUAGES}
    topics = set(re.findall(r'HELP_TOPIC = "([a-z-]+)"', "\n".join(p.read_text(encoding="utf-8") for p in SOURCES)))
    assert pages["en"] == pages["zh-CN"] == {f"{topic}.md" for topic in topics}
